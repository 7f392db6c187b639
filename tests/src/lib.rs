//! End to end tests: a whole host, from outside.
//!
//! This library is what they share: a host in a process of its own, components made on the spot, and a disk that loses
//! what was not synced. It talks to the host as its users do, by the command line and over HTTP.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let host = tests::Host::start()?;
//! host.publish("echo", &tests::Component::echo()?)?;
//! host.plan("echo", "BASIC", &[tests::hard("requests", 1_000)])?;
//! let acme = host.app("acme", "echo", "BASIC")?;
//! assert_eq!(acme.post("/echo/hello", b"hello")?.status, 200);
//! # Ok(()) }
//! ```

mod app;
mod books;
mod component;
pub mod disk;
mod host;
mod publish;
mod states;

pub use app::{App, Reply};
pub use books::Books;
pub use component::Component;
pub use host::{Disk, Host, Setup};
pub use publish::hard;
pub use states::{Said, States};
