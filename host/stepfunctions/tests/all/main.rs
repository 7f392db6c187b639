//! What AWS says of its operations, held against those that are here.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod test_state;
