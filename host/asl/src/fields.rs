//! A reader of an object's fields that knows which of them nobody asked for.

use jsonpath::whole_number;
use syntax::{At, Member, Node, Shape, quoted};

use crate::diagnostic::Report;
use crate::language::QueryLanguage;

/// Reads the fields of one object, and remembers which were asked for.
pub(crate) struct Fields<'d, 'r> {
    members: &'d [Member],
    asked: Vec<&'static str>,
    /// Where the object stands: at its key, if it has one.
    pub(crate) place: At,
    pub(crate) report: &'r Report,
    /// Of the state that the object belongs to.
    pub(crate) language: QueryLanguage,
}

impl<'d, 'r> Fields<'d, 'r> {
    /// Opens the object `node`, which stands at `place`; reports anything else.
    pub(crate) fn open(node: &'d Node, place: At, report: &'r Report) -> Option<Self> {
        if let Shape::Object(members) = &node.shape {
            return Some(Self { members, asked: Vec::new(), place, report, language: QueryLanguage::default() });
        }
        report.schema(place, "This must be an object.");
        None
    }

    /// Opens an object inside of this one.
    pub(crate) fn open_inner(&self, node: &'d Node, place: At) -> Option<Self> {
        Some(Self { language: self.language, ..Self::open(node, place, self.report)? })
    }

    pub(crate) fn is_jsonata(&self) -> bool {
        self.language == QueryLanguage::Jsonata
    }

    /// Where the field `name` stands; the object itself when it has none.
    pub(crate) fn at(&self, name: &str) -> At {
        self.member(name).map_or(self.place, |member| member.at)
    }

    fn member(&self, name: &str) -> Option<&'d Member> {
        self.members.iter().rev().find(|member| member.key == name)
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'d Node> {
        self.asked.push(name);
        self.member(name).map(|member| &member.node)
    }

    /// The value of the field as it is written. Does not count as asking for it.
    pub(crate) fn value(&self, name: &str) -> Option<serde_json::Value> {
        self.member(name).map(|member| member.node.value())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// Reports the field as wrong.
    pub(crate) fn wrong(&self, name: &str, message: impl Into<String>) {
        self.report.schema(self.at(name), message);
    }

    /// The field, reported when it is missing.
    pub(crate) fn require(&mut self, name: &'static str) -> Option<&'d Node> {
        let found = self.take(name);
        if found.is_none() {
            self.report.schema(self.place, format!("The field '{name}' is missing; add it."));
        }
        found
    }

    /// A text field; reported when it is something else.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<&'d str> {
        let node = self.take(name)?;
        if node.text().is_none() {
            self.wrong(name, format!("'{name}' must be a string."));
        }
        node.text()
    }

    /// One of some words; reported when it is something else.
    pub(crate) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let node = self.take(name)?;
        let found = node.text().and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(name, format!("'{name}' must be {}.", known.join(" or ")));
        }
        found.map(|(_, meant)| *meant)
    }

    /// A whole number from `low` to `high`; reported when it is something else.
    pub(crate) fn whole(&mut self, name: &'static str, low: u32, high: u32) -> Option<u32> {
        let node = self.take(name)?;
        let number = node.number().and_then(whole_number).filter(|number| (low..=high).contains(number));
        if number.is_none() {
            self.wrong(name, format!("'{name}' must be a whole number from {low} to {high}."));
        }
        number
    }

    /// The items of an array that must not be empty, if it must be there or is.
    pub(crate) fn list(&mut self, name: &'static str) -> Option<&'d [Node]> {
        let items = self.take(name)?.items().filter(|items| !items.is_empty());
        if items.is_none() {
            self.wrong(name, format!("'{name}' must be an array, and not empty."));
        }
        items
    }

    /// Reports that at most one of two fields may be there.
    pub(crate) fn exclusive(&self, one: &str, other: &str) {
        if self.has(one) && self.has(other) {
            self.wrong(other, format!("'{one}' and '{other}' exclude each other; keep one."));
        }
    }

    /// Reports each field that nobody asked for. `owner` ends the sentence, for example `a Pass state`.
    pub(crate) fn finish(self, owner: &str) {
        for Member { at, key, .. } in self.members {
            if !self.asked.contains(&key.as_str()) {
                let near = self.asked.iter().find(|asked| asked.eq_ignore_ascii_case(key));
                let advice = near.map_or_else(|| "remove it".to_owned(), |near| format!("write '{near}'"));
                self.report.schema(*at, format!("The field {} is not a field of {owner}; {advice}.", quoted(key)));
            }
        }
    }
}
