//! Fuzzes `fuzzed::jsonata`.
#![no_main]
#![expect(dead_code, clippy::expect_used, clippy::panic, reason = "each target takes one function of the file")]

#[path = "../../../host/asl/tests/all/fuzzed.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::jsonata(bytes));
