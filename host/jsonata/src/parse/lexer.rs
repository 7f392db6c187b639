//! Text to tokens, one at a time.

use super::refuse;
use crate::error::{Fault, Result};
use crate::regex::Pattern;

/// Characters that end a name, and that are operators by themselves.
const SINGLES: [&str; 24] = [
    ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^",
    "&",
];

/// Operators of two characters; they come first.
const DOUBLES: [&str; 9] = ["..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"];

#[derive(Debug)]
pub(super) enum Token {
    Operator(&'static str),
    Name(String),
    Variable(String),
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
    Regex(Box<Pattern>),
    End,
}

/// An expression may hold so many regular expressions, each with an automaton of its own.
const PATTERNS_MAX: usize = 100;

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    patterns: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, patterns: 0 }
    }

    /// The next token and where it ends, which is where errors about it are said to be. After an operand a slash divides; elsewhere it begins a regular expression.
    pub(super) fn next(&mut self, after_operand: bool) -> Result<(Token, u32)> {
        self.skip_blanks()?;
        let Some(first) = self.rest().chars().next() else { return Ok((Token::End, self.position())) };
        if first == '/' && !after_operand {
            self.at += 1;
            let pattern = Box::new(self.regex()?);
            return Ok((Token::Regex(pattern), self.position()));
        }
        if let Some(operator) = DOUBLES.iter().chain(&SINGLES).find(|operator| self.rest().starts_with(**operator)) {
            self.at += operator.len();
            return Ok((Token::Operator(operator), self.position()));
        }
        let token = match first {
            '!' | '~' => return Err(Fault::new("S0204").at(self.position() + 1).token(first.to_string())),
            '"' | '\'' => Token::Text(self.quoted(first)?),
            '`' => Token::Name(self.backquoted()?),
            '0'..='9' => self.number()?,
            _ => self.name(),
        };
        Ok((token, self.position()))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn position(&self) -> u32 {
        u32::try_from(self.at.min(self.text.len())).unwrap_or(u32::MAX)
    }

    fn skip_blanks(&mut self) -> Result<()> {
        loop {
            let trimmed = self.rest().trim_start_matches(is_blank);
            self.at = self.text.len() - trimmed.len();
            let Some(comment) = trimmed.strip_prefix("/*") else { return Ok(()) };
            let Some(length) = comment.find("*/") else { return refuse("S0106", self.position()) };
            self.at += length + 4;
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(next) = self.rest().chars().next() else { return refuse("S0101", self.position()) };
            self.at += next.len_utf8();
            match next {
                _ if next == quote => return Ok(out),
                '\\' => out.push(self.escape()?),
                _ => out.push(next),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char> {
        let position = self.position();
        let next = self.rest().chars().next();
        self.at += next.map_or(0, char::len_utf8);
        Ok(match next {
            Some(plain @ ('"' | '\\' | '/')) => plain,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let first = self.hex(position)?;
                self.pair(first)
            }
            other => {
                let shown = other.map(String::from).unwrap_or_default();
                return Err(Fault::new("S0103").at(position).token(shown));
            }
        })
    }

    fn hex(&mut self, position: u32) -> Result<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return refuse("S0104", position);
        };
        self.at += 4;
        Ok(unit)
    }

    /// Joins two escaped halves of one character. A half that is alone becomes U+FFFD: text is UTF-8 here.
    fn pair(&mut self, first: u32) -> char {
        if (0xd800..0xdc00).contains(&first) {
            let second = self.rest().strip_prefix("\\u").and_then(|rest| rest.get(..4));
            let second = second.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            if let Some(second) = second.filter(|second| (0xdc00..0xe000).contains(second)) {
                self.at += 6;
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).unwrap_or('\u{fffd}');
            }
        }
        char::from_u32(first).unwrap_or('\u{fffd}')
    }

    fn backquoted(&mut self) -> Result<String> {
        self.at += 1;
        let Some((name, _)) = self.rest().split_once('`') else {
            return refuse("S0105", u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        };
        self.at += name.len() + 1;
        Ok(name.to_owned())
    }

    fn number(&mut self) -> Result<Token> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = if bytes.first() == Some(&b'0') { 1 } else { digits(0) };
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let length = digits(end + 1 + signed);
            end += if length > 0 { 1 + signed + length } else { 0 };
        }
        let shown = rest.get(..end).unwrap_or_default();
        let value: f64 = shown.parse().unwrap_or(f64::NAN);
        if !value.is_finite() {
            return Err(Fault::new("S0102").at(self.position()).token(shown));
        }
        self.at += end;
        Ok(Token::Number(value))
    }

    fn name(&mut self) -> Token {
        let ends = |next: char| is_blank(next) || ".[]{}(),@#;:?+-*/%|=<>^&!~".contains(next);
        let rest = self.rest();
        let name = rest.get(..rest.find(ends).unwrap_or(rest.len())).unwrap_or_default();
        self.at += name.len();
        match (name.strip_prefix('$'), name) {
            (Some(variable), _) => Token::Variable(variable.to_owned()),
            (_, "and") => Token::Operator("and"),
            (_, "or") => Token::Operator("or"),
            (_, "in") => Token::Operator("in"),
            (_, "true") => Token::Bool(true),
            (_, "false") => Token::Bool(false),
            (_, "null") => Token::Null,
            _ => Token::Name(name.to_owned()),
        }
    }

    /// The rest of a regular expression, after its first slash. Slashes inside of brackets do not end it.
    fn regex(&mut self) -> Result<Pattern> {
        let start = self.at;
        let mut depth = 0_i64;
        let mut escaped = false;
        while let Some(next) = self.rest().chars().next() {
            if next == '/' && depth == 0 && !escaped {
                let source = self.text.get(start..self.at).unwrap_or_default();
                if source.is_empty() {
                    return refuse("S0301", self.position());
                }
                self.at += 1;
                let flags = self.rest();
                let flags = flags.get(..flags.find(|flag| flag != 'i' && flag != 'm').unwrap_or(flags.len()));
                let flags = flags.unwrap_or_default();
                self.at += flags.len();
                let position = u32::try_from(start.saturating_sub(1)).unwrap_or(u32::MAX);
                self.patterns += 1;
                if self.patterns > PATTERNS_MAX {
                    return refuse("L1005", position);
                }
                return Pattern::parse(source, flags).map_err(|fault| fault.at(position));
            }
            let after_backslash = self.text.get(..self.at).is_some_and(|before| before.ends_with('\\'));
            match next {
                '(' | '[' | '{' if !after_backslash => depth += 1,
                ')' | ']' | '}' if !after_backslash => depth -= 1,
                _ => {}
            }
            escaped = next == '\\' && !escaped;
            self.at += next.len_utf8();
        }
        refuse("S0302", self.position())
    }
}

fn is_blank(next: char) -> bool {
    matches!(next, ' ' | '\t' | '\n' | '\r' | '\u{b}')
}
