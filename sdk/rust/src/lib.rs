//! Write a Weir component in Rust.
