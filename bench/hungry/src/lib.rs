//! A component that takes all the memory it can, again and again: what its neighbours must not feel.

use weir_sdk::http::{Failure, Request, Response};

/// What it asks for at a time, in bytes.
const PIECE: usize = 1 << 20;

/// Takes memory until it gets no more, writes all of it, and begins again, until its fuel is spent.
///
/// # Errors
///
/// None.
pub fn handle(_context: &weir_sdk::Context, _request: &Request) -> Result<Response, Failure> {
    loop {
        let mut taken: Vec<Vec<u8>> = Vec::new();
        loop {
            let mut piece = Vec::new();
            if piece.try_reserve_exact(PIECE).is_err() {
                break;
            }
            piece.resize(PIECE, 1);
            taken.push(piece);
        }
        std::hint::black_box(&taken);
    }
}

weir_sdk::export_http!(handle);
