//! Expressions in `{% … %}`: where they stand, and what can be said of them while the definition is read.

use std::collections::HashSet;

use serde_json::Value;
use syntax::{At, Node, Shape, quoted};

use super::formula::{REGEXES_MAX, is_known};
use crate::diagnostic::{MentionKind, Report};
use crate::formula::Formula;
use crate::query::Query;
use crate::template::Template;
use jsonata::{Bindings, Environment, Expression, Limits, Mention};

/// How many findings one expression can have.
const FINDINGS_MAX: usize = 20;
/// How many expressions of a definition are tried because they look at nothing.
const TRIES_MAX: usize = 1_000;

/// What `$states` has where an expression stands, beside the input and the context object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    Input,
    /// The result of a Task, Parallel or Map.
    Result,
    /// The error that a Catcher takes.
    Error,
}

/// The field that an expression stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    /// Its name, and the keys and indexes that lead on from there: `Output/lines/0`.
    pub(super) field: &'p str,
    pub(super) at: At,
    pub(super) sees: Sees,
}

/// What a text of a JSONata state is.
pub(super) enum Text<'t> {
    Literal,
    /// What is between the marks.
    Expression(&'t str),
    /// A mark without the other; it has been reported.
    Broken,
}

/// Tells expressions from other texts.
pub(super) fn marked<'t>(text: &'t str, at: At, report: &Report) -> Text<'t> {
    let inner = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}"));
    match inner {
        Some(inner) => Text::Expression(inner),
        None if text.starts_with("{%") => {
            report.schema(at, "An expression that begins with '{%' must end with '%}'; close it.");
            Text::Broken
        }
        None if text.ends_with("%}") => {
            report.schema(at, "An expression that ends with '%}' must begin with '{%'; open it.");
            Text::Broken
        }
        None => {
            let trimmed = text.trim();
            if trimmed.starts_with("{%") && trimmed.ends_with("%}") {
                report.doubt(at, "With blanks around its marks this is a text, and no expression; remove them.");
            }
            Text::Literal
        }
    }
}

/// Reads JSON in which every text may be an expression.
pub(super) fn template(node: &Node, place: Place<'_>, report: &Report) -> Template {
    let inner = |node: &Node, key: &str, at| {
        let field = format!("{}/{key}", place.field);
        template(node, Place { field: &field, at, ..place }, report)
    };
    match &node.shape {
        Shape::Leaf(Value::String(text)) => match marked(text, place.at, report) {
            Text::Literal => Template::Fixed(Value::from(text.as_str())),
            Text::Broken => Template::Fixed(Value::Null),
            Text::Expression(text) => {
                expression(text, place, report).map_or(Template::Fixed(Value::Null), Template::Filled)
            }
        },
        Shape::Leaf(value) => Template::Fixed(value.clone()),
        Shape::Array(items) => {
            let read = items.iter().enumerate().map(|(index, item)| inner(item, &index.to_string(), item.at));
            let items: Box<[_]> = read.collect();
            if items.iter().all(Template::is_fixed) { Template::Fixed(node.value()) } else { Template::Array(items) }
        }
        Shape::Object(members) => {
            let read = members.iter().map(|member| {
                if member.key.ends_with(".$") {
                    let message = "In JSONata a key that ends in '.$' is a key like any other; write the expression as \
                                   the value, in '{% … %}'.";
                    report.doubt(member.at, message);
                }
                (member.key.clone(), inner(&member.node, &member.key, member.at))
            });
            let members: Box<[_]> = read.collect();
            if members.iter().all(|(_, inner)| inner.is_fixed()) {
                Template::Fixed(node.value())
            } else {
                Template::Object(members)
            }
        }
    }
}

/// Compiles an expression, given without its marks; reports one that cannot be, and what it asks for in vain.
pub(super) fn expression(text: &str, place: Place<'_>, report: &Report) -> Option<Formula> {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => {
            let whereabouts = error.position.map(|position| format!(" at its character {position}"));
            let message = format!(
                "The expression {} is not JSONata{}: {}.",
                quoted(text.trim()),
                whereabouts.unwrap_or_default(),
                error.to_string().trim_end_matches('.')
            );
            report.schema(place.at, message);
            return None;
        }
    };
    let mut check = Check { text, place, report, looks: false, told: HashSet::new() };
    expression.visit(&mut |mention| check.mention(mention));
    if !check.looks {
        try_out(&expression, place.at, report);
    }
    if report.regexes.get() > REGEXES_MAX {
        report.schema(place.at, format!("A definition may have at most {REGEXES_MAX} regular expressions."));
        return None;
    }
    Some(Formula::Jsonata(Query::new(expression, place.field).into()))
}

/// Evaluates what always gives the same.
fn try_out(expression: &Expression, at: At, report: &Report) {
    if report.tries.replace(report.tries.get() + 1) >= TRIES_MAX {
        return;
    }
    let limits = Limits { steps: 1_000, memory_bytes: 1 << 16, ..Limits::default() };
    match expression.evaluate(&Value::Null, &Bindings::new(), limits, Environment::default()) {
        Err(error) if !error.is_limit() => report.doubt(at, format!("This always fails: {error}.")),
        Ok(None) => report.doubt(at, "This always fails: it gives nothing (undefined)."),
        _ => {}
    }
}

/// Checks what one expression looks at.
struct Check<'c> {
    text: &'c str,
    place: Place<'c>,
    report: &'c Report,
    /// Whether it looks at anything that can be one thing or another.
    looks: bool,
    /// Each mistake is told once.
    told: HashSet<String>,
}

impl Check<'_> {
    fn mention(&mut self, mention: Mention<'_>) {
        match mention {
            Mention::Regex => self.report.regexes.set(self.report.regexes.get() + 1),
            Mention::Root { position } => self.no_context("$$", position),
            Mention::Context { position } => self.no_context("$", position),
            Mention::Name { name, position } => {
                self.looks = true;
                let message = "finds nothing, for there is no context here; write '$states.input'";
                if let Some(message) = self.once(format!("{} {message}", quoted(name)), (name, position)) {
                    self.report.doubt(self.place.at, message);
                }
            }
            Mention::Variable { name: "states", fields, position, .. } => {
                self.looks = true;
                self.states(&fields, position);
            }
            Mention::Variable { name: "now" | "millis" | "random" | "shuffle" | "uuid", .. } => self.looks = true,
            Mention::Variable { is_bound: true, .. } => {}
            Mention::Variable { name, .. } if jsonata::is_function(name) => {}
            Mention::Variable { name, is_called: true, position, .. } => {
                self.looks = true;
                let advice = match name {
                    "eval" => "'$parse' reads JSON",
                    _ => "write the name of one that there is",
                };
                let token = format!("${name}");
                self.wrong(format!("There is no function {}; {advice}", quoted(&token)), (&token, position));
            }
            Mention::Variable { name, .. } => {
                self.looks = true;
                if self.told.insert(format!("${name}")) {
                    self.report.mention(self.place.at, &name.into(), MentionKind::Read);
                }
            }
        }
    }

    fn no_context(&mut self, sign: &str, position: usize) {
        self.looks = true;
        let message = format!("'{sign}' stands for nothing here; write '$states.input'");
        self.wrong(message, (sign, position));
    }

    /// `$states`, and the names after it.
    fn states(&mut self, fields: &[&str], position: usize) {
        let message = match fields {
            [] | ["input", ..] => return,
            ["context", rest @ ..] => {
                if !is_known(rest) {
                    let message = format!("The context object never has {}", quoted(&rest.join(".")));
                    if let Some(message) = self.once(message, ("$states", position)) {
                        self.report.doubt(self.place.at, message);
                    }
                }
                return;
            }
            ["result", ..] if self.place.sees == Sees::Result => return,
            ["errorOutput", ..] if self.place.sees == Sees::Error => return,
            ["result", ..] => {
                "'$states.result' is there in the 'Output' and 'Assign' of Task, Parallel and Map states alone"
                    .to_owned()
            }
            ["errorOutput", ..] => {
                "'$states.errorOutput' is there in the 'Output' and 'Assign' of a Catcher alone".to_owned()
            }
            [name, ..] => {
                let name = quoted(&format!("$states.{name}"));
                format!("There is no {name}; '$states' has 'input', 'result', 'errorOutput' and 'context'")
            }
        };
        self.wrong(message, ("$states", position));
    }

    fn wrong(&mut self, message: String, token: (&str, usize)) {
        if let Some(message) = self.once(message, token) {
            self.report.schema(self.place.at, message);
        }
    }

    /// The message with the place of its token in the expression, if it was not told yet. The place is given by the
    /// token's end.
    fn once(&mut self, message: String, (token, end): (&str, usize)) -> Option<String> {
        if self.told.len() >= FINDINGS_MAX || self.told.contains(&message) {
            return None;
        }
        let before = self.text.get(..end.saturating_sub(token.len())).map_or(0, |before| before.chars().count());
        let told = format!("{message} (character {} of the expression).", before + 1);
        self.told.insert(message);
        Some(told)
    }
}
