//! The JSONata query language as the Amazon States Language uses it: pure, deterministic and bounded.
//!
//! An [`Expression`] is parsed once and evaluated over borrowed JSON. It reads no clock and draws no random number: both
//! come with the [`Environment`]. Whatever the expression and the input are, an evaluation ends within its [`Limits`] of
//! steps, depth and memory, and overflows no stack.
//!
//! The results and the codes of errors are those of the official implementation, the npm package `jsonata`; where they
//! are not, `tests/official/differences.json` says why. `$eval` is not there; `$partition`, `$range`, `$hash`, `$uuid`,
//! `$parse` and a `$random` with a seed are, as in AWS Step Functions.
//!
//! ```
//! use jsonata::{Binding, Bindings, Environment, Expression, Limits};
//! use serde_json::json;
//!
//! let expression = Expression::parse("$sum($states.input.lines.(price * count))").expect("the expression is right");
//! let input = json!({"lines": [{"price": 3, "count": 2}, {"price": 1.5, "count": 4}]});
//! let states = Binding::Record(vec![("input", Binding::Value(&input))]);
//! let bindings = Bindings::new().with("states", states);
//! let result = expression.evaluate(&json!(null), &bindings, Limits::default(), Environment::default());
//! assert_eq!(result, Ok(Some(json!(12))));
//! ```

#![expect(clippy::float_cmp, reason = "numbers are compared as the language compares them: to the last bit")]
#![expect(clippy::fn_params_excessive_bools, reason = "most are what the text of an expression says or does not say")]

mod ast;
mod datetime;
mod error;
mod eval;
mod expression;
mod functions;
mod limits;
mod mention;
mod parse;
mod random;
mod regex;
mod signature;
mod value;

pub use error::Error;
pub use expression::Expression;
pub use limits::{Binding, Bindings, Environment, Limits, Spent};
pub use mention::{Mention, is_function};
