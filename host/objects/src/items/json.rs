//! The items of a JSON array or object, without the rest of it in memory.

use std::io::BufRead;

use serde_json::Value;

use super::{Collected, ITEM_MAX, Inside, Item, ItemError, Piece, Position, Source, pair};

/// Bytes of a key.
const KEY_MAX: usize = 65_536;

/// `file` stands at `from`.
pub(super) fn read(source: &Source<'_>, file: impl BufRead, from: &Position, most: usize) -> Result<Piece, ItemError> {
    let mut scanner = Scanner { file, at: from.at };
    let mut inside = from.inside;
    if inside == Inside::Nothing {
        let pointer = source.config("ItemsPointer").unwrap_or_default();
        scanner.skip_mark()?;
        for token in pointer.split('/').skip(1) {
            scanner.descend(&token.replace("~1", "/").replace("~0", "~"))?;
        }
        inside = match scanner.next()? {
            Some(b'[') => Inside::NewArray,
            Some(b'{') => Inside::NewObject,
            _ => return Err(malformed("the items must be an array or an object")),
        };
        scanner.bump();
    }
    let mut collected = Collected::new(most);
    while !collected.is_full() {
        let Some((key, bytes)) = scanner.item(inside, Keep::Yes)? else { return Ok(collected.end()) };
        inside = if key.is_some() { Inside::Object } else { Inside::Array };
        let value: Value = serde_json::from_slice(&bytes)?;
        let value = match &key {
            Some(key) => pair(key, value),
            None => value,
        };
        let next = Position { at: scanner.at, inside, ..Position::default() };
        collected.add(Item { value, key, next }, bytes.len());
    }
    Ok(collected.piece)
}

fn malformed(why: &str) -> ItemError {
    ItemError::Malformed(why.to_owned())
}

/// Whether the bytes of a value are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    No,
}

/// Finds where values begin and end. That they are JSON is found out by whoever reads them.
struct Scanner<R> {
    file: R,
    at: u64,
}

impl<R: BufRead> Scanner<R> {
    fn peek(&mut self) -> Result<Option<u8>, ItemError> {
        Ok(self.file.fill_buf()?.first().copied())
    }

    /// Goes past the byte that was looked at.
    fn bump(&mut self) {
        self.file.consume(1);
        self.at = self.at.saturating_add(1);
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Result<Option<u8>, ItemError> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.bump(),
                other => return Ok(other),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), ItemError> {
        if self.next()? != Some(byte) {
            return Err(malformed(&format!("'{}' is missing at byte {}", char::from(byte), self.at)));
        }
        self.bump();
        Ok(())
    }

    /// The mark with which some programs begin a text.
    fn skip_mark(&mut self) -> Result<(), ItemError> {
        if self.file.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            for _ in 0..3 {
                self.bump();
            }
        }
        Ok(())
    }

    /// The next item of the list that it is inside of, with its key; none at its end.
    fn item(&mut self, inside: Inside, keep: Keep) -> Result<Option<(Option<String>, Vec<u8>)>, ItemError> {
        let (end, is_new) = match inside {
            Inside::NewArray => (b']', true),
            Inside::NewObject => (b'}', true),
            Inside::Object => (b'}', false),
            Inside::Array | Inside::Nothing => (b']', false),
        };
        match self.next()? {
            Some(byte) if byte == end => return Ok(None),
            None => return Err(malformed("it ends within its items")),
            _ if !is_new => self.expect(b',')?,
            _ => {}
        }
        let mut key = None;
        if end == b'}' {
            if self.next()? != Some(b'"') {
                return Err(malformed("a key is missing"));
            }
            let mut text = Vec::new();
            self.value(&mut text, (Keep::Yes, KEY_MAX))?;
            key = Some(serde_json::from_slice(&text)?);
            self.expect(b':')?;
        }
        let mut bytes = Vec::new();
        self.value(&mut bytes, (keep, ITEM_MAX))?;
        Ok(Some((key, bytes)))
    }

    /// Stands before the member or the item that a token of a JSON Pointer names.
    fn descend(&mut self, token: &str) -> Result<(), ItemError> {
        let mut inside = match self.next()? {
            Some(b'[') => Inside::NewArray,
            Some(b'{') => Inside::NewObject,
            _ => return Err(malformed("the ItemsPointer leads nowhere")),
        };
        self.bump();
        for index in 0_u64.. {
            // What comes before it is looked for: the separator, and a key.
            let found = match inside {
                Inside::NewObject | Inside::Object => {
                    match self.next()? {
                        Some(b'}') | None => break,
                        _ if inside == Inside::Object => self.expect(b',')?,
                        _ => {}
                    }
                    if self.next()? != Some(b'"') {
                        break;
                    }
                    let mut text = Vec::new();
                    self.value(&mut text, (Keep::Yes, KEY_MAX))?;
                    self.expect(b':')?;
                    inside = Inside::Object;
                    serde_json::from_slice::<String>(&text)? == token
                }
                _ => {
                    match self.next()? {
                        Some(b']') | None => break,
                        _ if inside == Inside::Array => self.expect(b',')?,
                        _ => {}
                    }
                    inside = Inside::Array;
                    token.parse() == Ok(index)
                }
            };
            if found {
                return Ok(());
            }
            self.value(&mut Vec::new(), (Keep::No, usize::MAX))?;
        }
        Err(malformed("the ItemsPointer leads nowhere"))
    }

    /// One value: a text to its end, a list to its closing bracket, anything else up to what cannot be of it.
    fn value(&mut self, into: &mut Vec<u8>, (keep, most): (Keep, usize)) -> Result<(), ItemError> {
        self.next()?;
        let (mut depth, mut in_text, mut is_escaped, mut length) = (0_usize, false, false, 0_usize);
        loop {
            let Some(byte) = self.peek()? else {
                return if depth > 0 || in_text || length == 0 {
                    Err(malformed("it ends within a value"))
                } else {
                    Ok(())
                };
            };
            let ends_plain = matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\n' | b'\r');
            if depth == 0 && !in_text && ends_plain {
                return if length == 0 { Err(malformed("a value is missing")) } else { Ok(()) };
            }
            self.bump();
            length = length.saturating_add(1);
            if keep == Keep::Yes {
                if length > most {
                    return Err(ItemError::TooLarge);
                }
                into.push(byte);
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_text => is_escaped = true,
                b'"' => in_text = !in_text,
                b'[' | b'{' if !in_text => depth = depth.saturating_add(1),
                b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 && !in_text {
                return Ok(());
            }
        }
    }
}
