//! A request inspector, as a plain `wasi:http` component: what arrived, byte by byte, and whether its signature holds.
//!
//! Bodies are read and answered as they come, so that their size is a matter of limits and not of memory. Everything
//! but `component` is plain code that native tests call. It keeps nothing and sends nothing anywhere.

#[cfg(target_family = "wasm")]
mod component;
mod inspection;
mod signature;

pub use inspection::{Head, Inspection, Report};
pub use signature::Verdict;
