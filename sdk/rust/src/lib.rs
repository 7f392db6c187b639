//! Write a Weir component in Rust.
//!
//! A component is plain functions on plain types, an attribute on each, and one line that exports them. The same functions
//! are called by native tests, where [`meter`], [`log`] and [`config`] are stand-ins for the host's.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use weir_sdk::http::{Failure, Json, Path, Query};
//!
//! #[derive(Deserialize)]
//! struct Who {
//!     name: String,
//! }
//!
//! #[derive(Deserialize)]
//! struct Manner {
//!     #[serde(default)]
//!     loudly: bool,
//! }
//!
//! #[derive(Serialize)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! #[weir_sdk::http("GET /v1/greetings/{name}")]
//! fn greet(Path(who): Path<Who>, Query(manner): Query<Manner>) -> Result<Json<Greeting>, Failure> {
//!     if who.name == "nobody" {
//!         return Err(Failure::with_status(404, "unknown-name", "nobody is not here", None));
//!     }
//!     let mark = if manner.loudly { "!" } else { "." };
//!     Ok(Json(Greeting { text: format!("Hello, {}{mark}", who.name) }))
//! }
//!
//! weir_sdk::routes!(greet);
//!
//! # fn main() {
//! use weir_sdk::{Context, http::Request};
//! let answer = |path| handle(&Context::default(), &Request::get(path));
//! assert_eq!(answer("/v1/greetings/Ada?loudly=true").unwrap().body, br#"{"text":"Hello, Ada!"}"#);
//! assert_eq!(answer("/v1/greetings/nobody").unwrap_err().status(), 404);
//! assert_eq!(answer("/v1/greetings/Ada?loudly=very").unwrap_err().errors()[0].pointer, "/query/loudly");
//! # }
//! ```
//!
//! The guide is `docs/sdk-rust.md`.
//!
//! It talks to the host through `weir:plugin` (the folder `wit/`) and, where its release grants it, `wasi:config` and
//! `wasi:logging`. It never reads a clock, an environment or a
//! file: a component has none.

// What the attributes write names the crate; its own tests do so too.
extern crate self as weir_sdk;

pub mod config;
mod context;
mod export;
pub mod http;
pub mod log;
pub mod meter;
pub mod task;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
#[cfg(all(target_arch = "wasm32", feature = "heap"))]
mod heap;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wire;

pub use context::{Caller, Context, Step};
pub use weir_sdk_macros::{http, task};

#[cfg(test)]
mod tests;

/// The guide, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sdk-rust.md")]
struct Guide;
