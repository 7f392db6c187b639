//! What the host is measured against, and the load that measures it.
//!
//! `floor` serves a constant answer or a bare component, without any of the host; `load` drives one server with
//! keep-alive connections from a process of its own. `cargo xtask bench` starts both and writes the figures down.
