//! One request to an endpoint, as Standard Webhooks says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress::{Grant, Limits, OutBody, Timeouts};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use types::{ByteCount, SecretValue};

use super::{Refused, Reply, WITHIN, refused};
use crate::delivery::House;
use crate::endpoint::place;
use crate::seal::Unsealed;
use crate::sign::signature;
use crate::sql::due::Due;
use crate::sql::endpoints::Row;

/// Bytes of an answer that are read.
const ANSWER_MAX: u64 = 64 * 1_024;
/// Bytes of it that are kept.
const KEPT_MAX: usize = 1_024;
/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// The name under which the way out counts these requests, and under which an operator opens private addresses to them. No
/// API has such a slug.
pub const WAY_OUT: &str = "weir:webhooks";

/// Sends a message to an endpoint.
pub(super) async fn send(house: &House, due: &Due, row: &Row, body: &[u8]) -> Reply {
    let Ok(secrets) = open(house, row) else {
        return refused("its secret cannot be read with this host's key: rotate it");
    };
    let Some(request) = request(house, due, row, (&secrets, body)) else { return refused("it could not be signed") };
    let grant = Grant {
        api: Arc::from(WAY_OUT),
        organisation: row.endpoint.organisation,
        rules: house.settings.allow.clone(),
        secrets: Vec::new(),
    };
    let limits = Limits {
        requests: 1,
        at_once: 1,
        connect: CONNECT,
        first_byte: WITHIN,
        between_bytes: WITHIN,
        request_body: ByteCount::mib(1),
        response_body: ByteCount::of(usize::try_from(ANSWER_MAX).unwrap_or(usize::MAX)),
    };
    let line = house.egress.line(Arc::new(grant), limits, 0);
    let response = match line.send(request, Timeouts::default()).await {
        Ok(response) => response,
        Err(error) => return refused(&error.to_string()),
    };
    let (head, mut body) = response.into_parts();
    // What says that it was accepted is the status: an answer that is too long or breaks off changes nothing.
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let data = frame.into_data().unwrap_or_default();
        kept.extend_from_slice(data.get(..KEPT_MAX.saturating_sub(kept.len()).min(data.len())).unwrap_or_default());
        if kept.len() >= KEPT_MAX {
            break;
        }
    }
    let answer = Some(shown(&kept)).filter(|text| !text.is_empty());
    Reply { status: Some(head.status.as_u16()), answer, refused: judge(head.status, &head.headers) }
}

/// The secrets that sign now: the present one, and the one before while its time is not over.
fn open(house: &House, row: &Row) -> Result<Vec<SecretValue>, Unsealed> {
    let place = place(row.endpoint.id);
    let mut secrets = vec![house.seal.open(&place, &row.secret)?];
    let overlaps = row.endpoint.former_until.is_some_and(|until| house.clock.now() < until);
    if let Some(former) = row.former.as_ref().filter(|_| overlaps) {
        secrets.push(house.seal.open(&place, former)?);
    }
    Ok(secrets)
}

fn request(house: &House, due: &Due, row: &Row, (secrets, body): (&[SecretValue], &[u8])) -> Option<Request<OutBody>> {
    let (id, seconds) = (due.message.to_string(), house.clock.now().as_micros().div_euclid(1_000_000));
    let signed: Option<Vec<String>> = secrets.iter().map(|secret| signature(secret, &id, seconds, body)).collect();
    let whole = Full::new(Bytes::copy_from_slice(body)).map_err(|never| match never {}).boxed_unsync();
    Request::post(&row.endpoint.url)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(header::USER_AGENT, HeaderValue::from_static(concat!("Weir/", env!("CARGO_PKG_VERSION"))))
        .header(header::CONTENT_LENGTH, body.len())
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signed?.join(" "))
        .body(whole)
        .ok()
}

/// What a status means.
fn judge(status: StatusCode, headers: &HeaderMap) -> Option<Refused> {
    if status.is_success() {
        return None;
    }
    let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let redirect = if status.is_redirection() { ", which is not followed" } else { "" };
    Some(Refused {
        error: format!("the receiver answered {}{redirect}", status.as_u16()),
        for_good: status == StatusCode::GONE,
        retry_after: seconds.map(Duration::from_secs),
    })
}

/// Bytes of a stranger's, as a list may show them.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
