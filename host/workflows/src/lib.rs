//! Runs state machines.
