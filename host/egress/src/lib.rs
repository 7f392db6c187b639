//! The one way out: policy, pinned resolver, HTTP client, secret substitution.
//!
//! A request is parsed once and held against two lists: what its release says and what the operator allows. Its host is
//! resolved once, every address behind it is checked, and one of those is connected to. Nothing is followed, unpacked or
//! taken from the environment. A guest holds placeholders of secrets; the values are put in here, on the way to the
//! hosts that they are bound to.
//!
//! ```text
//! line.send(request) -> target -> policy -> headers, secrets -> places -> resolve, check all -> connect or reuse -> head
//! ```

mod address;
mod body;
mod client;
mod connect;
mod fault;
mod headers;
mod http_task;
mod line;
mod machine;
mod places;
mod policy;
mod pool;
mod resolve;
mod secret;
mod settings;
mod target;
mod wire;

pub use address::AddressDenied;
pub use body::{InBody, OutBody};
pub use client::Egress;
pub use fault::{BodyFault, Denied, SendError};
pub use http_task::TaskFault;
pub use line::{Grant, Line, Timeouts, Used};
pub use secret::{BoundSecret, Secrets};
pub use settings::{Limits, PolicyError, PrivateRange, Settings};
pub use target::{Target, TargetError};
