//! The echo by the standard interface, wasi:http 0.2: chunk by chunk, with the length that the request stated.
#![cfg(target_family = "wasm")]

use wasip2::http::types::{Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

/// What is passed on at a time.
const CHUNK: u64 = 64 * 1024;

struct Echo;

impl wasip2::exports::http::incoming_handler::Guest for Echo {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let length = request.headers().get("content-length");
        let response = OutgoingResponse::new(Fields::from_list(&stated(&length)).unwrap_or_else(|_| Fields::new()));
        let (Ok(body), Ok(incoming)) = (response.body(), request.consume()) else { return };
        ResponseOutparam::set(outparam, Ok(response));
        if let (Ok(input), Ok(output)) = (incoming.stream(), body.write()) {
            copy(&input, &output);
            drop((input, output));
        }
        drop(IncomingBody::finish(incoming));
        drop(OutgoingBody::finish(body, None));
    }
}

fn stated(length: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    length.iter().map(|value| ("content-length".to_owned(), value.clone())).collect()
}

fn copy(input: &InputStream, output: &OutputStream) {
    loop {
        match input.blocking_read(CHUNK) {
            Ok(chunk) => {
                for part in chunk.chunks(4096) {
                    if output.blocking_write_and_flush(part).is_err() {
                        return;
                    }
                }
            }
            Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => return,
        }
    }
}

wasip2::http::proxy::export!(Echo);
