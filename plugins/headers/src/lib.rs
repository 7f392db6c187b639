//! wasi:http.
