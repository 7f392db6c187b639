//! Reads JSON text, and notes where each value begins.

use serde_json::Value;

use crate::node::{At, DEPTH_MAX, Fault, Member, Node, Shape};
use crate::quoted::quoted;

/// Reads one value of JSON, and nothing after it.
///
/// # Errors
///
/// The first thing that is not JSON, or is nested too deep.
pub fn read(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.skip_spaces();
    if reader.at < text.len() { Err(reader.fault("nothing may follow the definition")) } else { Ok(node) }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn fault(&self, why: &str) -> Fault {
        Fault { at: At { offset: self.at, level: 0 }, message: format!("The definition is not JSON: {why}.") }
    }

    fn place(&self, depth: usize) -> At {
        At { offset: self.at, level: u8::try_from(depth).unwrap_or(u8::MAX) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over `byte`, if it is next.
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        self.skip_spaces();
        if depth > DEPTH_MAX {
            return Err(self.fault("it is nested too deep; 127 levels are the most"));
        }
        let at = self.place(depth);
        let shape = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Shape::Leaf(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => {
                self.leaf(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))?
            }
            Some(b'a'..=b'z') => self.leaf(|byte| byte.is_ascii_lowercase())?,
            Some(_) => return Err(self.fault("a value must begin here")),
            None => return Err(self.fault("it ends too early")),
        };
        Ok(Node { at, shape })
    }

    fn object(&mut self, depth: usize) -> Result<Shape, Fault> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_spaces();
        if self.eat(b'}') {
            return Ok(Shape::Object(members));
        }
        loop {
            self.skip_spaces();
            let at = self.place(depth + 1);
            if self.peek() != Some(b'"') {
                return Err(self.fault("a key in double quotes is missing here"));
            }
            let key = self.string()?;
            self.skip_spaces();
            if !self.eat(b':') {
                return Err(self.fault("a ':' is missing after the key"));
            }
            let node = self.value(depth + 1)?;
            members.push(Member { at, key, node });
            self.skip_spaces();
            if self.eat(b'}') {
                return Ok(Shape::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.fault("a ',' or '}' is missing here"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Shape, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_spaces();
        if self.eat(b']') {
            return Ok(Shape::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_spaces();
            if self.eat(b']') {
                return Ok(Shape::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.fault("a ',' or ']' is missing here"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let mut escaped = false;
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let length = rest.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let Some(length) = length else { return Err(self.fault("a string is not closed")) };
        let end = self.at + length + 2;
        let text = self.text.get(self.at..end).unwrap_or_default();
        let string = serde_json::from_str(text)
            .map_err(|_| self.fault("a string has an escape or a control character that JSON does not know"))?;
        self.at = end;
        Ok(string)
    }

    /// A number or a word, as long as its bytes are such.
    fn leaf(&mut self, is_part: impl Fn(u8) -> bool) -> Result<Shape, Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
        let end = self.at + length;
        let text = self.text.get(self.at..end).unwrap_or_default();
        let value =
            serde_json::from_str(text).map_err(|_| self.fault(&format!("{} is no value of JSON", quoted(text))))?;
        self.at = end;
        Ok(Shape::Leaf(value))
    }
}
