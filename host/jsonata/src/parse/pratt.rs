//! Tokens to a tree, by top-down operator precedence.

use serde_json::Value as Json;

use super::lexer::{Lexer, Token};
use super::raw::{Raw, RawKind, number_token};
use super::{NESTING_MAX, shown, too_nested};
use crate::error::{Fault, Result};

pub(super) struct Pratt<'t> {
    lexer: Lexer<'t>,
    /// The token that is looked at, and where it is.
    pub(super) token: Token,
    pub(super) position: u32,
    depth: u32,
}

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Raw> {
    let mut parser = Pratt { lexer: Lexer::new(text), token: Token::End, position: 0, depth: 0 };
    parser.take(false)?;
    let tree = parser.expression(0)?;
    match parser.token {
        Token::End => Ok(tree),
        _ => Err(Fault::new("S0201").at(parser.position).token(parser.shown_token())),
    }
}

impl Pratt<'_> {
    /// Takes the token, and looks at the next.
    pub(super) fn take(&mut self, after_operand: bool) -> Result<(Token, u32)> {
        let (token, position) = self.lexer.next(after_operand)?;
        let taken = std::mem::replace(&mut self.token, token);
        Ok((taken, std::mem::replace(&mut self.position, position)))
    }

    pub(super) fn sees(&self, operator: &str) -> bool {
        matches!(self.token, Token::Operator(seen) if seen == operator)
    }

    /// Takes an operator that must be there.
    pub(super) fn expect(&mut self, operator: &'static str, after_operand: bool) -> Result<()> {
        if self.sees(operator) {
            return self.take(after_operand).map(|_| ());
        }
        let code = if matches!(self.token, Token::End) { "S0203" } else { "S0202" };
        Err(Fault::new(code).at(self.position).token(self.shown_token()).value(shown(operator)))
    }

    /// Takes an operator if it is there.
    pub(super) fn accept(&mut self, operator: &str) -> Result<bool> {
        let seen = self.sees(operator);
        if seen {
            self.take(false)?;
        }
        Ok(seen)
    }

    /// How strong the token binds what is before it.
    fn power(&self) -> u32 {
        if let Token::Operator(operator) = self.token { power_of(operator) } else { 0 }
    }

    pub(super) fn shown_token(&self) -> Json {
        match &self.token {
            Token::Operator(operator) => Json::from(*operator),
            Token::Name(text) | Token::Variable(text) | Token::Text(text) => Json::from(text.as_str()),
            Token::Number(number) => number_token(*number),
            Token::Bool(value) => Json::from(*value),
            Token::Null => Json::Null,
            Token::Regex(_) => Json::from("/"),
            Token::End => Json::from("(end)"),
        }
    }

    /// An expression whose operators all bind stronger than `power`.
    pub(super) fn expression(&mut self, power: u32) -> Result<Raw> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(too_nested(self.position));
        }
        let (token, position) = self.take(true)?;
        let mut left = self.operand(token, position)?;
        if left.height > NESTING_MAX {
            return Err(too_nested(position));
        }
        while power < self.power() {
            let (token, position) = self.take(false)?;
            let Token::Operator(operator) = token else { break };
            left = self.operation(operator, position, left)?;
            if left.height > NESTING_MAX {
                return Err(too_nested(position));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    /// What a token means at the beginning of an expression.
    fn operand(&mut self, token: Token, position: u32) -> Result<Raw> {
        let kind = match token {
            Token::Name(name) => RawKind::Name(name),
            Token::Variable(name) => RawKind::Variable(name),
            Token::Text(text) => RawKind::Text(text),
            Token::Number(number) => RawKind::Number(number),
            Token::Bool(value) => RawKind::Bool(value),
            Token::Null => RawKind::Null,
            Token::Regex(pattern) => RawKind::Regex(pattern),
            Token::End => RawKind::End,
            Token::Operator(operator) => match operator {
                "and" | "or" | "in" => RawKind::Operator(operator),
                "-" => RawKind::Negate(Box::new(self.expression(70)?)),
                "*" => RawKind::Wildcard,
                "**" => RawKind::Descendants,
                "%" => RawKind::Parent,
                "(" => self.block()?,
                "[" => self.array()?,
                "{" => RawKind::Object(self.pairs()?),
                "|" => self.transform()?,
                _ => return Err(Fault::new("S0211").at(position).token(operator)),
            },
        };
        Ok(Raw::new(kind, position))
    }

    /// What an operator means after an expression.
    fn operation(&mut self, operator: &'static str, position: u32, left: Raw) -> Result<Raw> {
        let kind = match operator {
            "(" => return self.call(position, left),
            "[" => return self.filter(position, left),
            "{" => RawKind::Group(Box::new(left), self.pairs()?),
            "^" => self.sort(left)?,
            "?" => self.condition(left)?,
            "?:" | "??" => RawKind::Default {
                by_truth: operator == "?:",
                value: Box::new(left),
                otherwise: Box::new(self.expression(0)?),
            },
            ":=" => {
                if !matches!(left.kind, RawKind::Variable(_)) {
                    return Err(Fault::new("S0212").at(left.position).token(left.token()));
                }
                // One less than its own power: it is right associative.
                RawKind::Binary(operator, Box::new(left), Box::new(self.expression(9)?))
            }
            "@" | "#" => {
                let right = self.expression(80)?;
                if !matches!(right.kind, RawKind::Variable(_)) {
                    return Err(Fault::new("S0214").at(right.position).token(operator));
                }
                RawKind::Binary(operator, Box::new(left), Box::new(right))
            }
            _ => {
                let power = power_of(operator);
                RawKind::Binary(operator, Box::new(left), Box::new(self.expression(power)?))
            }
        };
        Ok(Raw::new(kind, position))
    }
}

fn power_of(operator: &str) -> u32 {
    match operator {
        "(" | "[" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "^" | "~>" | "?:" | "??" | "in" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}
