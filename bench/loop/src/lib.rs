//! A component that never answers: what its neighbours must not feel.

use weir_sdk::http::{Failure, Request, Response};

/// Counts until its fuel is spent.
///
/// # Errors
///
/// None.
pub fn handle(_context: &weir_sdk::Context, _request: &Request) -> Result<Response, Failure> {
    let mut count = 0_u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

weir_sdk::export_http!(handle);
