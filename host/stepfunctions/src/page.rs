//! Pages: how many, and where the next one begins.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use types::Timestamp;

use crate::error::OperationError;

const DEFAULT: u32 = 100;
const MOST: u32 = 1_000;
/// How long a token is good for.
const GOOD_FOR: std::time::Duration = std::time::Duration::from_hours(24);

/// What part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many it has at most.
    pub size: u32,
    /// Where the page before ended; empty for the first.
    pub after: String,
    /// What the list is of: a token is good for this alone.
    of: String,
    now: Timestamp,
}

impl Page {
    /// The page that is asked for, of the list that `list` tells from all others: by its size and the token of the page
    /// before.
    ///
    /// # Errors
    ///
    /// `ValidationException`: the size is too large. `InvalidToken`: it is not one of this list, or too old.
    pub fn of(
        list: String,
        (size, token): (Option<u32>, Option<&str>),
        now: Timestamp,
    ) -> Result<Self, OperationError> {
        let size = match size.unwrap_or_default() {
            0 => DEFAULT,
            size if size <= MOST => size,
            size => {
                let why = format!("Member must have value less than or equal to {MOST}");
                return Err(crate::check::constraint(&size.to_string(), "maxResults", &why));
            }
        };
        let mut page = Self { size, after: String::new(), of: list, now };
        if let Some(token) = token {
            page.after = page.read(token).ok_or_else(|| {
                OperationError::new(
                    "InvalidToken",
                    format!("Invalid Token: '{}'", token.chars().take(60).collect::<String>()),
                )
            })?;
        }
        Ok(page)
    }

    /// The token of the page that begins after `last`.
    pub fn token(&self, last: &str) -> String {
        let until = self.now.after(GOOD_FOR).as_micros();
        format!("{}.{until:x}.{}", hex(last.as_bytes()), self.check(last, until))
    }

    /// The answer: at most a page of `found`, which holds one more if there is a next page. `key` says where an item
    /// stands in the list, `shown` how it is told.
    pub fn answer<T>(
        &self,
        member: &str,
        found: &[T],
        key: impl Fn(&T) -> String,
        shown: impl Fn(&T) -> Value,
    ) -> Value {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let page = found.get(..size).unwrap_or(found);
        let mut answer = json!({ member: page.iter().map(shown).collect::<Vec<_>>() });
        if let (true, Some(last)) = (found.len() > size, page.last()) {
            answer["nextToken"] = json!(self.token(&key(last)));
        }
        answer
    }

    fn read(&self, token: &str) -> Option<String> {
        let mut parts = token.split('.');
        let (last, until, check) = (parts.next()?, parts.next()?, parts.next()?);
        let until = i64::from_str_radix(until, 16).ok()?;
        let last = String::from_utf8(unhex(last)?).ok()?;
        let good = parts.next().is_none() && check == self.check(&last, until) && until > self.now.as_micros();
        good.then_some(last)
    }

    fn check(&self, last: &str, until: i64) -> String {
        let digest = Sha256::digest(format!("{}\n{}\n{last}\n{until}", self.of, self.size).as_bytes());
        hex(digest.get(..8).unwrap_or_default())
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
