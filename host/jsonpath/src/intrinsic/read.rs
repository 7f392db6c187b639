//! Reads the text of a call.

use serde_json::Value;

use super::text::Pieces;
use super::{Argument, Call, Function};
use crate::formula::Formula;
use crate::path::Path;

/// How deep calls may stand in one another.
const DEPTH_MAX: usize = 10;

/// Each function with the least and the most of its arguments.
const FUNCTIONS: [(&str, Function, usize, usize); 18] = [
    ("Format", Function::Format, 1, usize::MAX),
    ("StringToJson", Function::StringToJson, 1, 1),
    ("JsonToString", Function::JsonToString, 1, 1),
    ("Array", Function::Array, 0, usize::MAX),
    ("ArrayPartition", Function::ArrayPartition, 2, 2),
    ("ArrayContains", Function::ArrayContains, 2, 2),
    ("ArrayRange", Function::ArrayRange, 3, 3),
    ("ArrayGetItem", Function::ArrayGetItem, 2, 2),
    ("ArrayLength", Function::ArrayLength, 1, 1),
    ("ArrayUnique", Function::ArrayUnique, 1, 1),
    ("Base64Encode", Function::Base64Encode, 1, 1),
    ("Base64Decode", Function::Base64Decode, 1, 1),
    ("Hash", Function::Hash, 2, 2),
    ("JsonMerge", Function::JsonMerge, 3, 3),
    ("MathRandom", Function::MathRandom, 2, 3),
    ("MathAdd", Function::MathAdd, 2, 2),
    ("StringSplit", Function::StringSplit, 2, 2),
    ("UUID", Function::Uuid, 0, 0),
];

/// Reads a whole call.
pub(super) fn call(text: &str) -> Result<Call, String> {
    let mut reader = Reader { rest: text };
    let call = reader.call(1)?;
    match reader.rest.trim_ascii() {
        "" => Ok(call),
        _ => Err("nothing may follow the closing bracket of the function".to_owned()),
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, token: char) -> bool {
        let rest = self.rest.trim_ascii_start();
        self.rest = rest;
        let after = rest.strip_prefix(token);
        self.rest = after.unwrap_or(rest);
        after.is_some()
    }

    fn call(&mut self, depth: usize) -> Result<Call, String> {
        if depth > DEPTH_MAX {
            return Err(format!("functions may stand in one another at most {DEPTH_MAX} deep"));
        }
        let whole = self.rest.trim_ascii_start();
        let (name, rest) = whole.split_once('(').ok_or("a function needs its arguments in brackets")?;
        self.rest = rest;
        let short = name.trim_ascii_end().strip_prefix("States.").unwrap_or_default();
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == short);
        let (_, function, least, most) = known.ok_or("there is no intrinsic function of this name")?;
        let arguments = self.arguments(*function, depth)?;
        let text = whole.get(..whole.len() - self.rest.len()).unwrap_or(whole);
        if arguments.len() < *least || arguments.len() > *most {
            let most = if *most == usize::MAX { "any number of".to_owned() } else { most.to_string() };
            return Err(format!("States.{short} takes {least} to {most} arguments, not {}", arguments.len()));
        }
        if let Some(Argument::Pieces(pieces)) = arguments.first()
            && pieces.gaps() + 1 != arguments.len()
        {
            return Err(format!("its template has {} '{{}}' for {} values", pieces.gaps(), arguments.len() - 1));
        }
        Ok(Call { function: *function, arguments: arguments.into(), text: text.into() })
    }

    fn arguments(&mut self, function: Function, depth: usize) -> Result<Vec<Argument>, String> {
        let mut arguments = Vec::new();
        if self.eat(')') {
            return Ok(arguments);
        }
        loop {
            self.rest = self.rest.trim_ascii_start();
            let is_template = function == Function::Format && arguments.is_empty() && self.rest.starts_with('\'');
            arguments.push(if is_template {
                Argument::Pieces(Pieces::read(self.string()?)?)
            } else {
                self.argument(depth)?
            });
            if self.eat(')') {
                return Ok(arguments);
            }
            if !self.eat(',') {
                return Err("a ',' or ')' is missing after an argument".to_owned());
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        match self.rest.chars().next() {
            Some('\'') => Ok(Argument::Literal(Value::String(super::text::unescape(self.string()?)?))),
            Some('$') => {
                let text = self.span()?;
                let path = Path::parse(text.trim_ascii()).map_err(|error| error.0)?;
                Ok(Argument::Formula(Formula::Path(path)))
            }
            Some('S') => Ok(Argument::Formula(Formula::Call(Box::new(self.call(depth + 1)?)))),
            _ => {
                let text = self.span()?.trim_ascii();
                match serde_json::from_str(text) {
                    Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => Ok(Argument::Literal(value)),
                    _ => {
                        Err("an argument must be a 'text', a number, true, false, null, a path or a function"
                            .to_owned())
                    }
                }
            }
        }
    }

    /// A text in single quotes, with its escapes.
    fn string(&mut self) -> Result<&'t str, String> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let mut escaped = false;
        let end = inner.find(|character| {
            let ends = character == '\'' && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        });
        let end = end.ok_or("a text is not closed with a single quote")?;
        self.rest = inner.get(end + 1..).unwrap_or_default();
        Ok(inner.get(..end).unwrap_or_default())
    }

    /// As far as the `,` or `)` that ends the argument: one outside of brackets and quotes.
    fn span(&mut self) -> Result<&'t str, String> {
        let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
        for (at, character) in self.rest.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if quote == Some(character) => quote = None,
                _ if quote.is_some() => {}
                '\'' | '"' if depth > 0 => quote = Some(character),
                ',' | ')' if depth == 0 => {
                    let (text, rest) = self.rest.split_at_checked(at).unwrap_or_default();
                    self.rest = rest;
                    return Ok(text);
                }
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Err("the closing bracket of the function is missing".to_owned())
    }
}
