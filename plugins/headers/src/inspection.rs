//! What arrived: gathered from the head, then piece by piece from the body.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::signature::{Check, SECRET, Scheme, Verdict};

/// How much of the body's beginning is shown.
const SHOWN_BYTES: usize = 1_024;

/// Headers whose values are not repeated.
const HIDDEN: [&str; 4] = [SECRET, "authorization", "cookie", "proxy-authorization"];

/// A request's head.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The method, in capitals.
    pub method: String,
    /// The path and the query, as they came.
    pub target: String,
    /// The headers: names in lower case, in the order in which they came.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// The first value of a header, if it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }
}

/// An inspection under way.
pub struct Inspection {
    head: Head,
    digest: Sha256,
    bytes: u64,
    beginning: Vec<u8>,
    check: Option<Check>,
}

/// What an inspection found.
#[derive(Debug, Serialize)]
pub struct Report {
    method: String,
    path: String,
    query: Option<String>,
    headers: BTreeMap<String, Vec<String>>,
    body: Body,
    /// Absent when the request has no `Content-Digest`.
    content_digest: Option<Verdict>,
    /// Absent when the request has no signature of a known scheme.
    signature: Option<Signature>,
}

#[derive(Debug, Serialize)]
struct Body {
    bytes: u64,
    sha256: String,
    content_type: Option<String>,
    /// The first bytes, if they are text.
    beginning: Option<String>,
}

#[derive(Debug, Serialize)]
struct Signature {
    scheme: Scheme,
    verdict: Verdict,
}

impl Inspection {
    /// Begins with the head.
    pub fn begin(head: Head) -> Self {
        let check = Check::begin(&head);
        Self { head, digest: Sha256::new(), bytes: 0, beginning: Vec::new(), check }
    }

    /// Takes the next piece of the body.
    pub fn update(&mut self, chunk: &[u8]) {
        self.digest.update(chunk);
        self.bytes = self.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        let room = SHOWN_BYTES - self.beginning.len();
        self.beginning.extend_from_slice(&chunk[..room.min(chunk.len())]);
        if let Some(check) = &mut self.check {
            check.update(chunk);
        }
    }

    /// Ends with the body.
    pub fn finish(self) -> Report {
        let digest = self.digest.finalize();
        let (path, query) = match self.head.target.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (self.head.target.clone(), None),
        };
        let body = Body {
            bytes: self.bytes,
            sha256: hex(&digest),
            content_type: self.head.text("content-type").map(str::to_owned),
            beginning: shown(&self.beginning, self.bytes),
        };
        Report {
            method: self.head.method.clone(),
            path,
            query,
            content_digest: self.head.text("content-digest").map(|header| content_digest(header, &digest)),
            signature: self.check.map(|check| Signature { scheme: check.scheme, verdict: check.finish() }),
            headers: grouped(self.head.headers),
            body,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Compares with `Content-Digest` (RFC 9530): `sha-256=:…:` among others.
fn content_digest(header: &str, digest: &[u8]) -> Verdict {
    let member = header.split(',').find_map(|member| member.trim().strip_prefix("sha-256="));
    let value = member.and_then(|value| value.strip_prefix(':')?.strip_suffix(':'));
    match value.map(|value| STANDARD.decode(value)) {
        Some(Ok(expected)) if expected == digest => Verdict::Valid,
        Some(Ok(_)) => Verdict::Invalid,
        Some(Err(_)) | None => Verdict::Unreadable,
    }
}

/// The beginning as text: a character cut in two at its end does not count against it.
fn shown(beginning: &[u8], bytes: u64) -> Option<String> {
    let cut = bytes > u64::try_from(beginning.len()).unwrap_or(u64::MAX);
    match std::str::from_utf8(beginning) {
        Ok(text) => Some(text.to_owned()),
        Err(error) if cut && error.error_len().is_none() => {
            Some(String::from_utf8_lossy(&beginning[..error.valid_up_to()]).into_owned())
        }
        Err(_) => None,
    }
}

fn grouped(headers: Vec<(String, Vec<u8>)>) -> BTreeMap<String, Vec<String>> {
    let mut grouped: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        let hidden = HIDDEN.contains(&name.as_str());
        let value = if hidden { "(hidden)".to_owned() } else { String::from_utf8_lossy(&value).into_owned() };
        grouped.entry(name).or_default().push(value);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(headers: &[(&str, &str)], chunks: &[&[u8]]) -> serde_json::Value {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let head = Head { method: "POST".into(), target: "/inspect?a=1".into(), headers };
        let mut inspection = Inspection::begin(head);
        for chunk in chunks {
            inspection.update(chunk);
        }
        serde_json::to_value(inspection.finish()).unwrap()
    }

    #[test]
    fn a_body_in_pieces_has_the_digest_of_the_whole() {
        let report = report(&[("content-type", "text/plain")], &[b"a", b"", b"bc"]);
        assert_eq!(report["body"]["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(report["body"]["bytes"], 3);
        assert_eq!(report["body"]["beginning"], "abc");
        assert_eq!((&report["path"], &report["query"]), (&"/inspect".into(), &"a=1".into()));
        assert!(report["signature"].is_null() && report["content_digest"].is_null());
    }

    #[test]
    fn headers_are_grouped_and_secrets_are_hidden() {
        let report = report(&[("b", "1"), ("authorization", "Bearer x"), ("b", "2"), (SECRET, "whsec_")], &[]);
        assert_eq!(report["headers"]["b"], serde_json::json!(["1", "2"]));
        assert_eq!(report["headers"]["authorization"], serde_json::json!(["(hidden)"]));
        assert_eq!(report["headers"][SECRET], serde_json::json!(["(hidden)"]));
    }

    /// The example of the hub's own documentation.
    #[test]
    fn a_hub_signature_is_checked() {
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let headers = [("x-hub-signature-256", signature), (SECRET, "It's a Secret to Everybody")];
        assert_eq!(report(&headers, &[b"Hello, ", b"World!"])["signature"]["verdict"], "valid");
        assert_eq!(report(&headers, &[b"Hello, World?"])["signature"]["verdict"], "invalid");
        assert_eq!(report(&headers[..1], &[b"Hello, World!"])["signature"]["verdict"], "no-secret");
        let broken = [("x-hub-signature-256", "sha256=zz"), (SECRET, "s")];
        assert_eq!(report(&broken, &[])["signature"]["verdict"], "unreadable");
    }

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn a_standard_webhook_is_checked_by_any_of_its_signatures() {
        fn headers(signature: &str) -> [(&str, &str); 4] {
            [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", signature),
                (SECRET, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ]
        }
        let body: &[&[u8]] = &[b"{\"test\": ", b"2432232314}"];
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let several = format!("v1,AAAA v2,xyz {right}");
        let verdict = |signature: &str| report(&headers(signature), body)["signature"]["verdict"].clone();
        assert_eq!(verdict(right), "valid");
        assert_eq!(verdict(&several), "valid");
        assert_eq!(verdict("v1,AAAA"), "invalid");
        assert_eq!(verdict("v2,AAAA"), "unreadable");
    }

    #[test]
    fn a_content_digest_is_compared() {
        let verdict = |header| report(&[("content-digest", header)], &[b"abc"])["content_digest"].clone();
        assert_eq!(verdict("sha-512=:AA==:, sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"), "valid");
        assert_eq!(verdict("sha-256=:AAAA:"), "invalid");
        assert_eq!(verdict("sha-512=:AA==:"), "unreadable");
    }

    #[test]
    fn a_beginning_that_is_cut_inside_a_character_is_text_still() {
        let mut body = vec![b'a'; SHOWN_BYTES - 1];
        body.extend_from_slice("é and more".as_bytes());
        assert_eq!(report(&[], &[&body])["body"]["beginning"].as_str().unwrap().len(), SHOWN_BYTES - 1);
        assert!(report(&[], &[b"\xff\xfe"])["body"]["beginning"].is_null());
    }
}
