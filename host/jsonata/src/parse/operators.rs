//! Operators that have a grammar of their own.

use super::lexer::Token;
use super::pratt::Pratt;
use super::raw::{Raw, RawKind, RawTerm};
use crate::error::{Fault, Result};
use crate::signature::Signature;
use crate::value::Value;

impl Pratt<'_> {
    /// `(a; b; c)`, after the parenthesis.
    pub(super) fn block(&mut self) -> Result<RawKind> {
        let mut parts = Vec::new();
        while !self.sees(")") {
            parts.push(self.expression(0)?);
            if !self.accept(";")? {
                break;
            }
        }
        self.expect(")", true)?;
        Ok(RawKind::Block(parts))
    }

    /// `[a, b..c]`, after the bracket.
    pub(super) fn array(&mut self) -> Result<RawKind> {
        let mut items = Vec::new();
        if !self.sees("]") {
            loop {
                let mut item = self.expression(0)?;
                if self.sees("..") {
                    let (_, position) = self.take(false)?;
                    let last = self.expression(0)?;
                    item = Raw::new(RawKind::Binary("..", Box::new(item), Box::new(last)), position);
                }
                items.push(item);
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect("]", true)?;
        Ok(RawKind::Array(items))
    }

    /// `{k: v, k: v}`, after the brace.
    pub(super) fn pairs(&mut self) -> Result<Vec<(Raw, Raw)>> {
        let mut pairs = Vec::new();
        if !self.sees("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((key, self.expression(0)?));
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    /// `left[..]`: a filter, or with nothing inside the wish that an array stays one.
    pub(super) fn filter(&mut self, position: u32, mut left: Raw) -> Result<Raw> {
        if self.sees("]") {
            keep_array(&mut left);
            self.expect("]", false)?;
            return Ok(left);
        }
        let predicate = self.expression(0)?;
        self.expect("]", true)?;
        Ok(Raw::new(RawKind::Binary("[", Box::new(left), Box::new(predicate)), position))
    }

    /// `left^(<a, >b)`.
    pub(super) fn sort(&mut self, left: Raw) -> Result<RawKind> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = !self.accept("<")? && self.accept(">")?;
            terms.push(RawTerm { descending, expression: self.expression(0)? });
            if !self.accept(",")? {
                break;
            }
        }
        self.expect(")", false)?;
        Ok(RawKind::Sort(Box::new(left), terms))
    }

    /// `left ? a : b`.
    pub(super) fn condition(&mut self, left: Raw) -> Result<RawKind> {
        let then = Box::new(self.expression(0)?);
        let otherwise = if self.accept(":")? { Some(Box::new(self.expression(0)?)) } else { None };
        Ok(RawKind::Condition(Box::new(left), then, otherwise))
    }

    /// `|pattern|update, delete|`, after the first bar.
    pub(super) fn transform(&mut self) -> Result<RawKind> {
        let pattern = Box::new(self.expression(0)?);
        self.expect("|", false)?;
        let update = Box::new(self.expression(0)?);
        let delete = if self.accept(",")? { Some(Box::new(self.expression(0)?)) } else { None };
        self.expect("|", false)?;
        Ok(RawKind::Transform(pattern, update, delete))
    }

    /// `left(a, b, ?)`, or the definition of a function.
    pub(super) fn call(&mut self, position: u32, left: Raw) -> Result<Raw> {
        let mut arguments = Vec::new();
        let mut partial = false;
        if !self.sees(")") {
            loop {
                if self.sees("?") {
                    partial = true;
                    let (_, position) = self.take(false)?;
                    arguments.push(Raw::new(RawKind::Operator("?"), position));
                } else {
                    arguments.push(self.expression(0)?);
                }
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect(")", true)?;
        if matches!(&left.kind, RawKind::Name(name) if name == "function" || name == "\u{3bb}") {
            return self.lambda(position, arguments);
        }
        let procedure = Box::new(left);
        Ok(Raw::new(RawKind::Function { procedure, arguments, partial }, position))
    }

    fn lambda(&mut self, position: u32, arguments: Vec<Raw>) -> Result<Raw> {
        let mut parameters = Vec::new();
        for (index, argument) in arguments.into_iter().enumerate() {
            let token = argument.token();
            let RawKind::Variable(name) = argument.kind else {
                let number = Value::Number(index as f64 + 1.0);
                return Err(Fault::new("S0208").at(argument.position).token(token).value(number));
            };
            parameters.push(name);
        }
        let signature = if self.sees("<") { Some(self.signature()?) } else { None };
        self.expect("{", false)?;
        let body = Box::new(self.expression(0)?);
        self.expect("}", false)?;
        Ok(Raw::new(RawKind::Lambda { parameters, signature, body }, position))
    }

    fn signature(&mut self) -> Result<Signature> {
        let start = self.position;
        let mut text = String::from("<");
        let mut depth = 1_u32;
        while depth > 0 && !self.sees("{") && !matches!(self.token, Token::End) {
            self.take(false)?;
            match self.token {
                Token::Operator(">") => depth -= 1,
                Token::Operator("<") => depth += 1,
                _ => {}
            }
            match self.shown_token() {
                serde_json::Value::String(token) => text.push_str(&token),
                other => text.push_str(&other.to_string()),
            }
        }
        self.expect(">", false)?;
        Signature::parse(&text).map_err(|(fault, offset)| fault.at(start + offset))
    }
}

/// Marks the expression that a row of filters stands after.
fn keep_array(raw: &mut Raw) {
    if let RawKind::Binary("[", left, _) = &mut raw.kind { keep_array(left) } else { raw.keep_array = true }
}
