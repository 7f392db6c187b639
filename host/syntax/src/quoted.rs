//! Text of a definition inside a sentence.

use std::borrow::Cow;

/// In quotes, and cut where it is very long.
pub fn quoted(text: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    format!("'{}'", shortened(text, CHARACTERS_MAX))
}

/// At most so many characters of it, with an ellipsis where it is cut.
pub fn shortened(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}
