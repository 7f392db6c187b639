//! JSON and YAML as they are written: members in their order, duplicates kept, and of each value where it stands.
//!
//! `asl` reads definitions with it, and writes them. It knows no state and no field, and does no I/O. No text makes it
//! panic, and none is read deeper than whoever walks the tree can recurse.

mod json;
mod made;
mod node;
mod quoted;
mod yaml;

pub use json::read as read_json;
pub use node::{At, Fault, Member, Node, Shape};
pub use quoted::{quoted, shortened};
pub use yaml::read as read_yaml;
