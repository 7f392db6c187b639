//! The rules of a Choice state.

use syntax::Node;

use super::Printer;
use super::object::{Object, written};
use crate::choice::{Comparison, Operand, Order, Quality, Rule, Test};
use crate::language::QueryLanguage;
use crate::timestamp;

impl Printer<'_> {
    pub(super) fn rule(&self, rule: &Rule, language: QueryLanguage) -> Node {
        let mut object = Object::new(language);
        object.comment(rule.comment.as_deref());
        test(&rule.test, &mut object);
        if let Some(output) = &rule.output {
            object.selection(("", "Output"), output);
        }
        object.assign(&rule.assign);
        object.put("Next", self.name(rule.next));
        object.into()
    }
}

fn test(what: &Test, object: &mut Object) {
    let language = object.language;
    let inner = |what: &Test| {
        let mut object = Object::new(language);
        test(what, &mut object);
        Node::from(object)
    };
    match what {
        Test::All(tests) => object.put("And", tests.iter().map(inner).collect::<Node>()),
        Test::Any(tests) => object.put("Or", tests.iter().map(inner).collect::<Node>()),
        Test::Not(test) => object.put("Not", inner(test)),
        Test::Constant(truth) => object.put("Condition", *truth),
        Test::Condition(formula) => object.put("Condition", written(formula)),
        Test::Variable(path, comparison) => {
            object.put("Variable", path.to_string());
            let (operator, operand) = comparison.parts();
            object.put(&operator, operand);
        }
    }
}

impl Comparison {
    /// The operator, and what stands beside it.
    fn parts(&self) -> (String, Node) {
        match self {
            Self::Text(order, operand) => ordered("String", *order, operand, |text| Node::from(text.as_str())),
            Self::Number(order, operand) => {
                ordered("Numeric", *order, operand, |number| serde_json::Value::from(number.clone()).into())
            }
            Self::Moment(order, operand) => ordered("Timestamp", *order, operand, |at| timestamp::print(*at).into()),
            Self::Truth(operand) => ordered("Boolean", Order::Equal, operand, |truth| Node::from(*truth)),
            Self::Matches(pattern) => ("StringMatches".to_owned(), pattern.to_string().into()),
            Self::Is(quality, wanted) => (quality.operator().to_owned(), Node::from(*wanted)),
        }
    }
}

fn ordered<T>(subject: &str, order: Order, operand: &Operand<T>, print: impl Fn(&T) -> Node) -> (String, Node) {
    let order = match order {
        Order::Equal => "Equals",
        Order::Less => "LessThan",
        Order::Greater => "GreaterThan",
        Order::LessOrEqual => "LessThanEquals",
        Order::GreaterOrEqual => "GreaterThanEquals",
    };
    match operand {
        Operand::Fixed(value) => (format!("{subject}{order}"), print(value)),
        Operand::At(path) => (format!("{subject}{order}Path"), path.to_string().into()),
    }
}

impl Quality {
    const fn operator(self) -> &'static str {
        match self {
            Self::Null => "IsNull",
            Self::Present => "IsPresent",
            Self::Numeric => "IsNumeric",
            Self::Text => "IsString",
            Self::Truth => "IsBoolean",
            Self::Moment => "IsTimestamp",
        }
    }
}
