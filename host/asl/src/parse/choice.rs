//! The rules of a Choice state.

use serde_json::Value;
use syntax::{Node, Shape};

use super::assign::assign;
use super::fields::Written;
use super::query::Sees;
use super::scope::Targets;
use super::{fields as common, state};
use crate::choice::{Comparison, Operand, Order, Pattern, Quality, Rule, Test};
use crate::fields::Fields;
use crate::timestamp;
use jsonpath::Path;

/// What an operator compares.
#[derive(Clone, Copy)]
enum Subject {
    Text(Order),
    Number(Order),
    Moment(Order),
    Truth,
    Matches,
    Is(Quality),
}

/// Every operator, and the operators' `Path` forms; `None` where there is none.
const OPERATORS: [(&str, Option<&str>, Subject); 23] = {
    use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    use Subject::{Is, Matches, Moment, Number, Text, Truth};
    [
        ("StringEquals", Some("StringEqualsPath"), Text(Equal)),
        ("StringLessThan", Some("StringLessThanPath"), Text(Less)),
        ("StringGreaterThan", Some("StringGreaterThanPath"), Text(Greater)),
        ("StringLessThanEquals", Some("StringLessThanEqualsPath"), Text(LessOrEqual)),
        ("StringGreaterThanEquals", Some("StringGreaterThanEqualsPath"), Text(GreaterOrEqual)),
        ("NumericEquals", Some("NumericEqualsPath"), Number(Equal)),
        ("NumericLessThan", Some("NumericLessThanPath"), Number(Less)),
        ("NumericGreaterThan", Some("NumericGreaterThanPath"), Number(Greater)),
        ("NumericLessThanEquals", Some("NumericLessThanEqualsPath"), Number(LessOrEqual)),
        ("NumericGreaterThanEquals", Some("NumericGreaterThanEqualsPath"), Number(GreaterOrEqual)),
        ("TimestampEquals", Some("TimestampEqualsPath"), Moment(Equal)),
        ("TimestampLessThan", Some("TimestampLessThanPath"), Moment(Less)),
        ("TimestampGreaterThan", Some("TimestampGreaterThanPath"), Moment(Greater)),
        ("TimestampLessThanEquals", Some("TimestampLessThanEqualsPath"), Moment(LessOrEqual)),
        ("TimestampGreaterThanEquals", Some("TimestampGreaterThanEqualsPath"), Moment(GreaterOrEqual)),
        ("BooleanEquals", Some("BooleanEqualsPath"), Truth),
        ("StringMatches", None, Matches),
        ("IsNull", None, Is(Quality::Null)),
        ("IsPresent", None, Is(Quality::Present)),
        ("IsNumeric", None, Is(Quality::Numeric)),
        ("IsString", None, Is(Quality::Text)),
        ("IsBoolean", None, Is(Quality::Truth)),
        ("IsTimestamp", None, Is(Quality::Moment)),
    ]
};

/// `Choices`.
pub(super) fn rules(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Box<[Rule]>> {
    fields.require("Choices")?;
    let nodes = fields.list("Choices")?;
    let mut rules = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(mut rule) = fields.open_inner(node, node.at) else { continue };
        let comment = rule.text("Comment").map(Box::from);
        common::foreign_rule(&mut rule);
        let assign = assign(&mut rule, Sees::Input);
        let output = rule.is_jsonata().then(|| common::flow(&mut rule).output);
        let next = rule.require("Next").and_then(|_| state::target(&mut rule, targets));
        let test = test(rule);
        rules.extend(next.zip(test).map(|(next, test)| Rule { test, assign, output, next, comment }));
    }
    (rules.len() == nodes.len()).then(|| rules.into())
}

/// One rule without its transition.
fn test(mut fields: Fields<'_, '_>) -> Option<Test> {
    let test = if fields.is_jsonata() {
        condition(&mut fields)
    } else if fields.has("And") {
        tests(&mut fields, "And").map(Test::All)
    } else if fields.has("Or") {
        tests(&mut fields, "Or").map(Test::Any)
    } else if fields.has("Not") {
        let place = fields.at("Not");
        let inner = fields.take("Not").and_then(|node| fields.open_inner(node, place));
        inner.and_then(test).map(|inner| Test::Not(Box::new(inner)))
    } else {
        comparison(&mut fields)
    };
    fields.finish("this rule");
    test
}

/// `Condition`: an expression, or true or false.
fn condition(fields: &mut Fields<'_, '_>) -> Option<Test> {
    for (name, path_name, _) in OPERATORS {
        for name in [Some(name), path_name].into_iter().flatten() {
            if fields.take(name).is_some() {
                let message = format!("'{name}' belongs to JSONPath states; a JSONata state has a 'Condition'.");
                fields.wrong(name, message);
            }
        }
    }
    let node = fields.require("Condition")?;
    if let Shape::Leaf(Value::Bool(truth)) = node.shape {
        return Some(Test::Constant(truth));
    }
    if let Some(text) = node.text()
        && let Written::Expression(formula) = common::written(fields, "Condition", text)
    {
        return formula.map(Test::Condition);
    }
    fields.wrong("Condition", "'Condition' must be an expression in '{% … %}', or true or false.");
    None
}

fn tests(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Box<[Test]>> {
    let nodes = fields.list(name)?;
    let open = |node| fields.open_inner(node, node.at).and_then(test);
    let tests: Vec<Test> = nodes.iter().filter_map(open).collect();
    (tests.len() == nodes.len()).then(|| tests.into())
}

fn comparison(fields: &mut Fields<'_, '_>) -> Option<Test> {
    let variable = fields.require("Variable").and_then(|_| common::path(fields, "Variable"));
    let mut found = Vec::new();
    for (name, path_name, subject) in OPERATORS {
        if let Some(node) = fields.take(name) {
            found.push(constant(node, subject, name, fields));
        }
        if let Some(path_name) = path_name
            && fields.take(path_name).is_some()
        {
            let path = common::path(fields, path_name);
            found.push(path.and_then(|path| subject.against(path)));
        }
    }
    if found.len() != 1 {
        fields.report.schema(fields.place, "A rule has exactly one operator, or 'And', 'Or' or 'Not'.");
        return None;
    }
    let (variable, comparison) = (variable?, found.pop()??);
    if variable.is_list() && !matches!(comparison, Comparison::Is(..)) {
        let message = format!("{variable} always finds a list, with which this comparison is never true.");
        fields.report.doubt(fields.at("Variable"), message);
    }
    Some(Test::Variable(variable, comparison))
}

fn constant(node: &Node, subject: Subject, name: &str, fields: &Fields<'_, '_>) -> Option<Comparison> {
    let value = node.value();
    let (read, wanted) = match (subject, &value) {
        (Subject::Text(order), value) => {
            (value.as_str().map(|text| Comparison::Text(order, Operand::Fixed(text.to_owned()))), "a string")
        }
        (Subject::Number(order), value) => {
            let number = value.as_number().cloned();
            (number.map(|number| Comparison::Number(order, Operand::Fixed(number))), "a number")
        }
        (Subject::Moment(order), value) => {
            let moment = value.as_str().and_then(timestamp::parse);
            (moment.map(|moment| Comparison::Moment(order, Operand::Fixed(moment))), "an RFC 3339 timestamp")
        }
        (Subject::Truth, value) => {
            (value.as_bool().map(|truth| Comparison::Truth(Operand::Fixed(truth))), "true or false")
        }
        (Subject::Matches, value) => (value.as_str().map(|text| Comparison::Matches(Pattern::read(text))), "a string"),
        (Subject::Is(quality), Value::Bool(wanted)) => (Some(Comparison::Is(quality, *wanted)), "true or false"),
        (Subject::Is(_), _) => (None, "true or false"),
    };
    if read.is_none() {
        fields.wrong(name, format!("'{name}' must be {wanted}."));
    }
    read
}

impl Subject {
    /// The comparison with what `path` finds.
    fn against(self, path: Path) -> Option<Comparison> {
        match self {
            Self::Text(order) => Some(Comparison::Text(order, Operand::At(path))),
            Self::Number(order) => Some(Comparison::Number(order, Operand::At(path))),
            Self::Moment(order) => Some(Comparison::Moment(order, Operand::At(path))),
            Self::Truth => Some(Comparison::Truth(Operand::At(path))),
            Self::Matches | Self::Is(_) => None,
        }
    }
}
