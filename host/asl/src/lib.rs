//! Amazon States Language as a pure library.
