//! An object of a definition while it is written: its fields in their order, in the language of its state.

use serde_json::Value;
use syntax::{Member, Node};

use crate::formula::Formula;
use crate::language::QueryLanguage;
use crate::state::{Flow, Placement, Selection};
use crate::template::Template;
use crate::variables::Assign;

pub(super) struct Object {
    pub(super) language: QueryLanguage,
    members: Vec<Member>,
}

impl Object {
    pub(super) const fn new(language: QueryLanguage) -> Self {
        Self { language, members: Vec::new() }
    }

    pub(super) fn is_jsonata(&self) -> bool {
        self.language == QueryLanguage::Jsonata
    }

    pub(super) fn put(&mut self, key: &str, value: impl Into<Node>) {
        self.members.push(Member::made(key.to_owned(), value.into()));
    }

    pub(super) fn comment(&mut self, comment: Option<&str>) {
        if let Some(comment) = comment {
            self.put("Comment", comment);
        }
    }

    /// A formula under one name or the other: paths have fields of their own.
    pub(super) fn formula(&mut self, (name, path_name): (&str, &str), formula: &Formula) {
        let name = if self.is_jsonata() { name } else { path_name };
        self.put(name, written(formula));
    }

    pub(super) fn template(&mut self, name: &str, template: Option<&Template>) {
        if let Some(template) = template {
            self.put(name, Node::from(template));
        }
    }

    /// What is selected, under its name in JSONPath or in JSONata.
    pub(super) fn selection(&mut self, (path_name, name): (&str, &str), selection: &Selection) {
        match selection {
            Selection::Whole => {}
            Selection::Nothing => self.put(path_name, Value::Null),
            Selection::Part(path) => self.put(path_name, path.to_string()),
            Selection::Made(template) => self.put(name, Node::from(template)),
        }
    }

    pub(super) fn input(&mut self, flow: &Flow) {
        self.selection(("InputPath", ""), &flow.input);
    }

    pub(super) fn output(&mut self, flow: &Flow) {
        self.selection(("OutputPath", "Output"), &flow.output);
    }

    pub(super) fn placement(&mut self, placement: &Placement) {
        match placement {
            Placement::Replace => {}
            Placement::Discard => self.put("ResultPath", Value::Null),
            Placement::Into(path) => self.put("ResultPath", path.path().to_string()),
        }
    }

    pub(super) fn assign(&mut self, Assign(assigned): &Assign) {
        if !assigned.is_empty() {
            self.put("Assign", assigned.iter().map(|(name, value)| member(name, value)).collect::<Node>());
        }
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Self {
        object.members.into()
    }
}

impl From<&Template> for Node {
    fn from(template: &Template) -> Self {
        match template {
            Template::Fixed(value) => value.clone().into(),
            Template::Filled(formula) => written(formula).into(),
            Template::Array(items) => items.iter().map(Self::from).collect(),
            Template::Object(members) => members.iter().map(|(name, inner)| member(name, inner)).collect(),
        }
    }
}

/// A member of a template. In JSONPath the key says that it is filled in.
fn member(name: &str, template: &Template) -> (String, Node) {
    let key = match template {
        Template::Filled(Formula::Jsonpath(_)) => format!("{name}.$"),
        _ => name.to_owned(),
    };
    (key, template.into())
}

/// A formula as it is written in its language.
pub(super) fn written(formula: &Formula) -> String {
    match formula {
        Formula::Jsonpath(formula) => formula.to_string(),
        Formula::Jsonata(query) => format!("{{%{query}%}}"),
    }
}
