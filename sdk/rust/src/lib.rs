//! Write a Weir component in Rust.
//!
//! A component is a plain function on plain types, and one line that exports it. The same function is called by
//! native tests, where the [`meter`] is a recorder instead of the host's.
//!
//! ```
//! use weir_sdk::http::{Failure, Request, Response};
//! use weir_sdk::{Context, meter};
//!
//! fn handle(_context: &Context, request: &Request) -> Result<Response, Failure> {
//!     let name = request.param("name").ok_or_else(|| Failure::rejected("missing-name", "give a name"))?;
//!     meter::add("greetings", 1)?;
//!     Ok(Response::text(200, format!("Hello, {name}!")))
//! }
//!
//! weir_sdk::export_http!(handle);
//!
//! let request = Request::get("/v1/hello/Ada").with_param("name", "Ada");
//! let (answer, recorded) = meter::record(&[("greetings", 10)], || handle(&Context::default(), &request));
//! assert_eq!(answer.unwrap().body, b"Hello, Ada!");
//! assert_eq!(recorded, [("greetings".to_owned(), 1)]);
//! ```
//!
//! It talks to the host through `weir:plugin` alone (the folder `wit/`). It never reads a clock, an environment or a
//! file: a component has none.

mod context;
mod export;
pub mod http;
pub mod meter;
mod query;
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
