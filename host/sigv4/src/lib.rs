//! AWS signature version 4, in both directions.
//!
//! [`Presented`] reads what a request claims and then holds it against the secret of the credential that it names;
//! [`Signer`] signs a request that goes out. It talks to nobody, reads no clock, looks no credential up and keeps
//! nothing: time and secrets are given to it.
//!
//! Not offered: signatures in the query (presigned URLs), bodies that are signed in chunks (`aws-chunked`), payloads
//! that are not signed, and the asymmetric version 4a.
//!
//! Source: "AWS Signature Version 4 for API requests", AWS Identity and Access Management User Guide.

mod authorization;
mod canonical;
mod date;
mod error;
mod scope;
mod sign;
mod verify;

pub use error::SignatureError;
pub use scope::Scope;
pub use sign::{SignError, Signer};
pub use verify::{CLOCK_SKEW_MAX, Presented};
