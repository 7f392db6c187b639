//! Between `wasi:http` and the plain code: streams in, streams out.

use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::{Head, Inspection};

/// How much is read at once.
const CHUNK_BYTES: u64 = 64 * 1_024;

struct Component;

impl wasip2::exports::http::incoming_handler::Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let head = head(&request);
        let path = head.target.split('?').next().unwrap_or_default();
        match path.trim_end_matches('/').rsplit('/').next() {
            Some("inspect") => inspect(&request, head, out),
            Some("echo") => echo(&request, &head, out),
            _ => whole(out, 404, b"{\"code\":\"not-found\",\"detail\":\"use /inspect or /echo\"}"),
        }
    }
}

wasip2::http::proxy::export!(Component);

fn head(request: &IncomingRequest) -> Head {
    let headers = request.headers().entries();
    let method = match request.method() {
        Method::Get => "GET".to_owned(),
        Method::Head => "HEAD".to_owned(),
        Method::Post => "POST".to_owned(),
        Method::Put => "PUT".to_owned(),
        Method::Delete => "DELETE".to_owned(),
        Method::Connect => "CONNECT".to_owned(),
        Method::Options => "OPTIONS".to_owned(),
        Method::Trace => "TRACE".to_owned(),
        Method::Patch => "PATCH".to_owned(),
        Method::Other(method) => method,
    };
    let headers = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    Head { method, target: request.path_with_query().unwrap_or_default(), headers }
}

/// Reads the body to its end, and answers with the report.
fn inspect(request: &IncomingRequest, head: Head, out: ResponseOutparam) {
    let mut inspection = Inspection::begin(head);
    let read = each_chunk(request, |chunk| {
        inspection.update(chunk);
        Ok(())
    });
    match (read, serde_json::to_vec_pretty(&inspection.finish())) {
        (Ok(()), Ok(report)) => whole(out, 200, &report),
        _ => whole(out, 400, b"{\"code\":\"body-cut\",\"detail\":\"the body broke off\"}"),
    }
}

/// Answers with the body while it is still coming. A body that breaks off breaks the answer off.
fn echo(request: &IncomingRequest, head: &Head, out: ResponseOutparam) {
    let media_type = head.text("content-type").unwrap_or("application/octet-stream");
    let Some((body, stream)) = begin(out, 200, media_type) else { return };
    let echoed = each_chunk(request, |chunk| write(&stream, chunk));
    drop(stream);
    if echoed.is_ok() {
        // Nothing is left to be done for an answer that nobody reads to its end.
        drop(OutgoingBody::finish(body, None));
    }
}

fn each_chunk(
    request: &IncomingRequest,
    mut take: impl FnMut(&[u8]) -> Result<(), StreamError>,
) -> Result<(), StreamError> {
    let Ok(body) = request.consume() else { return Ok(()) };
    let Ok(stream) = body.stream() else { return Ok(()) };
    let read = read_to_end(&stream, &mut take);
    drop(stream);
    drop(IncomingBody::finish(body));
    read
}

fn read_to_end(
    stream: &InputStream,
    take: &mut impl FnMut(&[u8]) -> Result<(), StreamError>,
) -> Result<(), StreamError> {
    loop {
        match stream.blocking_read(CHUNK_BYTES) {
            Ok(chunk) => take(&chunk)?,
            Err(StreamError::Closed) => return Ok(()),
            Err(failed) => return Err(failed),
        }
    }
}

/// Answers with a JSON document.
fn whole(out: ResponseOutparam, status: u16, document: &[u8]) {
    let Some((body, stream)) = begin(out, status, "application/json") else { return };
    let written = write(&stream, document);
    drop(stream);
    if written.is_ok() {
        drop(OutgoingBody::finish(body, None));
    }
}

/// Sends the head, and opens the body.
fn begin(out: ResponseOutparam, status: u16, media_type: &str) -> Option<(OutgoingBody, OutputStream)> {
    let headers = Fields::new();
    headers.append("content-type", media_type.as_bytes()).ok()?;
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).ok()?;
    let body = response.body().ok()?;
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().ok()?;
    Some((body, stream))
}

/// Writes all of it, as fast as the other side takes it.
fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.flush()
}
