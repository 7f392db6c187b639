//! What the platform itself answers at the gateway, under `/-/`: a consumer's own usage, calls, executions and
//! document, by key.
//!
//! No envelope runs, nothing is admitted and nothing is billed. Everything is read beside the writer; how often a key
//! may ask, and how many may ask at once, is bounded.

mod calls;
pub(crate) mod executions;
mod openapi;
mod usage;

use std::sync::Arc;

use bytes::Bytes;
use catalog::{Key, Snapshot, Subscription};
use http::Method;
use http::header::{self, HeaderValue};
use types::Code;

use crate::asked::Asked;
use crate::premises::Premises;
use crate::refusal::Refusal;
use crate::reply::{Reply, ReplyBody};
use crate::steps::authenticate;

/// So many read usage.db at once: fewer than it has readers, so that calls which must read a counter find one.
pub(crate) const AT_ONCE: usize = 2;

/// Who asks, and when.
struct Inquiry<'a> {
    premises: &'a Premises,
    asked: &'a Asked,
    snapshot: Arc<Snapshot>,
    key: Arc<Key>,
}

impl Inquiry<'_> {
    /// The subscriptions of the key's app, with the slugs of their APIs, in the order of these.
    fn subscriptions(&self) -> impl Iterator<Item = (&Arc<catalog::Api>, &Arc<Subscription>)> {
        let app = self.key.app;
        self.snapshot.apis().filter_map(move |api| Some((api, self.snapshot.subscription(app, api.id)?)))
    }
}

/// Answers one request.
pub(crate) async fn answer(premises: &Premises, asked: &Asked) -> Result<Reply, Refusal> {
    let answer = match asked.uri.path() {
        "/-/healthz" => return Ok(document("text/plain", Bytes::from_static(b"ok\n"))),
        "/-/usage" | "/-/calls" | "/-/openapi.json" if asked.method == Method::GET => {
            let inquiry = let_in(premises, asked)?;
            let _turn = premises.inquiries.try_acquire().map_err(|_| Refusal::new(Code::Overloaded))?;
            match asked.uri.path() {
                "/-/usage" => json(&usage::of(&inquiry).await?),
                "/-/calls" => json(&calls::of(&inquiry).await?),
                _ => json(&openapi::of(&inquiry)),
            }
        }
        "/-/usage" | "/-/calls" | "/-/openapi.json" => {
            return Err(Refusal::other_methods(HeaderValue::from_static("GET")));
        }
        path => match path.strip_prefix("/-/executions/") {
            Some(id) if asked.method == Method::GET => {
                let inquiry = let_in(premises, asked)?;
                let _turn = premises.inquiries.try_acquire().map_err(|_| Refusal::new(Code::Overloaded))?;
                json(&executions::of(&inquiry, id).await?)
            }
            Some(_) => return Err(Refusal::other_methods(HeaderValue::from_static("GET"))),
            None => return Err(Refusal::new(Code::NotFound)),
        },
    };
    answer.map(|body| document("application/json", body))
}

/// Finds out whose key it is, and whether it has asked too often.
fn let_in<'a>(premises: &'a Premises, asked: &'a Asked) -> Result<Inquiry<'a>, Refusal> {
    let snapshot = premises.house.catalog.snapshot_now();
    let key = authenticate::key_of(&snapshot, asked).cloned();
    let key = key.map_err(|denied| authenticate::refusal(premises, asked.source, denied))?;
    let now = premises.house.clock.moment();
    premises.inquirers.note(key.id, now).map_err(|wait| {
        let text = "This key has asked for its own usage, calls or document too often.";
        Refusal::new(Code::RateLimited).detail(text).retry_after(wait)
    })?;
    Ok(Inquiry { premises, asked, snapshot, key })
}

fn json(answer: &impl serde::Serialize) -> Result<Bytes, Refusal> {
    serde_json::to_vec(answer).map(Bytes::from).map_err(|error| Refusal::caused_by(Code::Internal, error))
}

fn document(kind: &'static str, body: Bytes) -> Reply {
    let mut reply = Reply::new(ReplyBody::whole(body));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// usage.db could not be read.
fn unread(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refusal {
    Refusal::caused_by(Code::MeteringUnavailable, error)
}
