//! What can go wrong, with the codes and the words of the official implementation.

mod messages;

use serde_json::Value as Json;

use crate::value::Value;

/// A value in a message is cut after so many bytes.
const SHOWN_BYTES_MAX: usize = 1_000;

/// Why an expression was refused, or failed.
///
/// Codes that begin with `S` are errors of syntax, with `T` of type, with `D` of data: those of the official
/// implementation, and `S0303`, `S0304` and `D32xx`, which are ours. Codes that begin with `L` are limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// A letter and four digits.
    pub code: &'static str,
    /// Where in the text of the expression, in UTF-16 code units.
    pub position: Option<usize>,
    /// What happened, for a person.
    pub message: String,
    /// The operator, function or piece of text that it is about.
    pub token: Option<String>,
}

impl Error {
    /// Tells whether a limit was reached, which says nothing of whether the expression is right.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        self.code.starts_with('L')
    }
}

/// A fault on its way out: callers on the way add where it happened.
#[derive(Debug, Default)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    /// In bytes of the text.
    pub(crate) position: Option<u32>,
    pub(crate) token: Option<Json>,
    value: Option<String>,
    value2: Option<String>,
    index: usize,
    word: String,
}

pub(crate) type Result<T> = std::result::Result<T, Box<Fault>>;

/// Makes an `Err` out of a code.
pub(crate) fn fail<T>(code: &'static str) -> Result<T> {
    Err(Fault::new(code))
}

impl Fault {
    // Not inlined: it would take room on the stack of every level that may fail.
    #[inline(never)]
    pub(crate) fn new(code: &'static str) -> Box<Self> {
        Box::new(Self { code, ..Self::default() })
    }

    pub(crate) fn at(mut self: Box<Self>, position: u32) -> Box<Self> {
        self.position = Some(position);
        self
    }

    pub(crate) fn token(mut self: Box<Self>, token: impl Into<Json>) -> Box<Self> {
        self.token = Some(token.into());
        self
    }

    /// The value that the message shows, as JSON.
    pub(crate) fn value(mut self: Box<Self>, value: Value<'_>) -> Box<Self> {
        self.value = Some(value.shown(SHOWN_BYTES_MAX));
        self
    }

    pub(crate) fn value2(mut self: Box<Self>, value: Value<'_>) -> Box<Self> {
        self.value2 = Some(value.shown(SHOWN_BYTES_MAX));
        self
    }

    /// Which argument, from 1.
    pub(crate) fn index(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.index = index;
        self
    }

    /// Text that the message holds as it is.
    pub(crate) fn word(mut self: Box<Self>, word: impl Into<String>) -> Box<Self> {
        self.word = word.into();
        self
    }

    /// The public error, with the position counted as JavaScript counts.
    pub(crate) fn into_error(self, text: &str) -> Error {
        let position = self.position.map(|position| {
            let position = usize::try_from(position).unwrap_or(usize::MAX);
            text.get(..position).map_or(position, |before| before.encode_utf16().count())
        });
        let message = self.message();
        let token = self.token.map(|token| match token {
            Json::String(text) => text,
            other => other.to_string(),
        });
        Error { code: self.code, position, message, token }
    }

    /// Fills in the template: three braces hold text, two hold JSON.
    fn message(&self) -> String {
        let mut message = String::new();
        let mut rest = messages::template(self.code);
        while let Some((before, after)) = rest.split_once('{') {
            message.push_str(before);
            let plain = after.starts_with("{{");
            let after = after.trim_start_matches('{');
            let Some((name, after)) = after.split_once('}') else { break };
            message.push_str(&self.insert(name, plain));
            rest = after.trim_start_matches('}');
        }
        message.push_str(rest);
        message
    }

    fn insert(&self, name: &str, plain: bool) -> String {
        let missing = || "undefined".to_owned();
        match name {
            "token" => match &self.token {
                Some(Json::String(text)) if plain => text.clone(),
                Some(token) => token.to_string(),
                None => missing(),
            },
            "value" => self.value.clone().unwrap_or_else(missing),
            "value2" | "exp" => self.value2.clone().unwrap_or_else(missing),
            "index" => self.index.to_string(),
            _ if plain => self.word.clone(),
            _ => Json::from(self.word.as_str()).to_string(),
        }
    }
}
