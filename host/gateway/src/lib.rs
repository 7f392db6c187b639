//! The data plane: from a socket to a response.
//!
//! It reads requests, routes them in the catalog's snapshot, and takes each call through the envelope, an express
//! workflow whose native steps authenticate, admit, invoke, meter and audit it. It talks to `catalog`, `egress`,
//! `ledger`, `sandbox` and `traces`. It runs no SQL, knows no price, and lets no response to an admitted call leave before the
//! call is recorded.
//!
//! The way of a call, in the order of the files: `connection`, `wire` and `framing` (the socket), `dispatch` and `asked` (limits
//! and routing), `call` and `escort` (a call outlives its connection), `envelope` and `steps`, `finish` (the record,
//! then the reply).

mod gateway;
mod settings;

mod connection;
mod framing;
mod wire;

mod arrival;
mod asked;
mod credential;
mod dispatch;
mod idempotency;
mod served;
mod services;
mod source;
mod template;
mod trace;

mod call;
mod envelope;
mod escort;
mod functions;
mod jobs;
mod origin;
mod permit;
mod premises;
mod resource;
mod steps;
mod strangers;
mod traffic;

mod finish;
mod log;
mod platform;
mod policy_headers;
mod refusal;
mod reply;
mod spans;

pub use arrival::Pace;
pub use envelope::{ENVELOPE, EnvelopeError};
pub use gateway::{Gateway, Load};
pub use premises::House;
pub use settings::{Settings, SettingsError};
pub use source::{Network, NetworkError};
pub use spans::{CallSpan, Spans, StateSpan};
pub use traffic::Requests;
