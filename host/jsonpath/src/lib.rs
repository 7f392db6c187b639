//! JSONPath as the Amazon States Language has it: paths in the dialect of Step Functions, and intrinsic functions.
//!
//! A [`Formula`] is compiled once, while a definition is read, and evaluated on a [`Sight`]: a document in its [`World`]
//! of context, variables and limits. It does no I/O, reads no clock, and draws from the seed that it is given. Every look
//! and every copy is paid for from the world's allowance; no formula and no document makes it panic.

mod fault;
mod formula;
mod intrinsic;
mod number;
mod path;
mod reference;
mod sight;
mod size;

pub use fault::Fault;
pub use formula::{Formula, gather};
pub use intrinsic::{Call, task_token};
pub use number::{compare, whole_number};
pub use path::{Found, Path, PathError, Root, is_variable_name};
pub use reference::{Mismatch, ReferencePath};
pub use sight::{Sight, World};
pub use size::{Size, measure};
