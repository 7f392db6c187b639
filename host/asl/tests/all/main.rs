//! What the language says, held against this library.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod blobs;
mod bounds;
mod cases;
mod cdk;
mod definitions;
mod diagnostics;
mod dispatch;
mod formulas;
mod fuzzed;
mod jitter;
mod jsonata;
mod kept;
mod kinds;
mod machine;
mod played;
mod prefixes;
mod printed;
mod redrive;
mod yaml;
