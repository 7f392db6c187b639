//! The control plane: REST under `/v1`, the wire protocol of Step Functions, health and readiness.
//!
//! It turns requests of operators and providers into commands of `catalog` and `sandbox`, and reads what `ledger` and
//! `traces` can account for. Who may do what is decided in `caller` alone; what a refusal says, in `refusal`
//! alone. It serves no consumer's call, and holds no state of its own.

mod caller;
mod house;
mod metrics;
mod page;
mod provisos;
mod read;
mod refusal;
mod router;
mod routes;
mod serve;
mod states;
mod table;

pub use axum::Router;
pub use house::{House, Settings};
pub use metrics::exposing;
pub use router::router;
pub use serve::serve;
pub use table::{Needs, ROUTES};
