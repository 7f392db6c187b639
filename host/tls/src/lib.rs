//! TLS for the listeners.
//!
//! It reads certificates and keys, checks that they belong together, takes up files that change while the host runs,
//! and does handshakes within a time. Which certificate a client is shown follows from the name that it asks for (SNI).
//! It speaks no HTTP, and knows no API: names are routed by the gateway, after the handshake.

mod accept;
mod files;
mod pair;

pub use accept::{HandshakeError, Tls};
pub use files::{Files, Refreshed};
pub use pair::{Pair, TlsError, is_open};
pub use tokio_rustls::server::TlsStream;
