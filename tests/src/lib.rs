//! End to end tests: a whole host, from outside.
//!
//! This library is what they share: a host in a process of its own, components made on the spot, and a disk that loses
//! what was not synced. It talks to the host as its users do, by the command line and over HTTP.

pub mod disk;
