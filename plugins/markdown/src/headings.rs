//! Headings, and ids for them.

use std::collections::HashMap;

use serde::Serialize;

/// A heading of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Heading {
    pub(crate) level: u8,
    /// What links can point to, after `#`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) text: String,
}

/// Ids that are taken.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    taken: HashMap<String, u32>,
}

/// Letters of an id.
const ID_MAX: usize = 80;

impl Ids {
    /// An id for a heading: its letters and digits in lower case, joined by hyphens, with a number when it is taken.
    ///
    /// The prefix keeps it from being the name of something else in the page that the HTML is put into.
    pub(crate) fn of(&mut self, text: &str) -> String {
        let mut id = String::from("md-");
        for letter in text.chars().flat_map(char::to_lowercase).take(ID_MAX) {
            if letter.is_alphanumeric() {
                id.push(letter);
            } else if !id.ends_with('-') {
                id.push('-');
            }
        }
        let id = id.trim_end_matches('-').to_owned();
        let id = if id == "md" { "md-section".to_owned() } else { id };
        loop {
            let count = self.taken.entry(id.clone()).or_default();
            *count += 1;
            let numbered = if *count == 1 { id.clone() } else { format!("{id}-{count}") };
            if numbered == id || !self.taken.contains_key(&numbered) {
                self.taken.entry(numbered.clone()).or_insert(1);
                return numbered;
            }
        }
    }
}
