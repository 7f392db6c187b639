//! The way of one operation: a place, the claim, the body, the proof, the work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use catalog::AwsCredential;
use http::request::Parts;
use serde_json::{Map, Value};
use sigv4::{Presented, SignatureError};
use types::AccessKeyId;
use workflows::Caller;

use super::fault::Fault;
use super::places::Place;
use super::request;
use crate::house::Desk;

/// The service that credentials have to be scoped to.
const SERVICE: &str = "states";
/// Waits for work: at most 60 s, and ends at once when the host does.
const POLL: &str = "GetActivityTask";
/// Operations that wait for something, or run a whole machine, and so take no place from others.
const PATIENT: [&str; 3] = [POLL, "StartSyncExecution", "TestState"];
/// How long those may take: more than the five minutes that they give themselves.
const PATIENT_WITHIN: Duration = Duration::from_mins(6);

/// Carries out one request.
pub(super) async fn perform(desk: &Desk, request: Request) -> Result<Value, Fault> {
    let place = desk.states.to_work()?;
    let (parts, body) = request.into_parts();
    let operation = request::operation(&parts.headers)?;
    // All that needs no body comes first: a stranger's is not even waited for.
    let claim = Presented::read(&parts, SERVICE, desk.house.clock.now())?;
    let credential = known(desk, &claim)?;
    request::require_json(&parts.headers)?;
    let body = request::receive(body).await?;
    let caller = prove(desk, (&claim, &credential), &parts, &body)?;
    let members = request::members(&body)?;
    drop(body);
    work(desk, place, &caller, (&operation, members)).await
}

/// The credential that a request claims to be signed with.
fn known(desk: &Desk, claim: &Presented) -> Result<Arc<AwsCredential>, Fault> {
    let id = claim.access_key_id().parse::<AccessKeyId>().ok();
    let found = id.and_then(|id| desk.house.catalog.snapshot().aws_credential(id).cloned());
    Ok(found.ok_or(SignatureError::UnknownCredential)?)
}

/// Proves that the claim holds, and says for whom the request speaks.
fn prove(
    desk: &Desk,
    (claim, credential): (&Presented, &AwsCredential),
    parts: &Parts,
    body: &[u8],
) -> Result<Caller, Fault> {
    let AwsCredential { id, organisation, .. } = *credential;
    let secret = desk.house.vault.open_access_key(organisation, id, &credential.sealed).map_err(|error| {
        tracing::error!(access_key.id = %id, error = &error as &dyn std::error::Error, "a credential cannot be used");
        SignatureError::UnknownCredential
    })?;
    claim.verify(parts, body, &secret)?;
    // Deleted while the body came.
    let snapshot = desk.house.catalog.snapshot();
    snapshot.aws_credential(id).ok_or(SignatureError::UnknownCredential)?;
    let account = snapshot.organisation(organisation).ok_or(SignatureError::UnknownCredential)?.account.clone();
    Ok(Caller { organisation, account, region: claim.scope().region.clone(), actor: id.to_string() })
}

async fn work(desk: &Desk, place: Place, caller: &Caller, (operation, members): (&str, Value)) -> Result<Value, Fault> {
    let patient = PATIENT.contains(&operation);
    let (_place, within) =
        if patient { (desk.states.to_wait()?, PATIENT_WITHIN) } else { (place, desk.settings.request_timeout) };
    let work = tokio::time::timeout(within, desk.house.workflows.call(caller, operation, members));
    let ended = if operation == POLL {
        match desk.house.draining.run_until_cancelled(work).await {
            Some(ended) => ended,
            // As if there had been no work in time: the worker asks again, when the host is back.
            None => return Ok(Value::Object(Map::new())),
        }
    } else {
        work.await
    };
    Ok(ended.map_err(|_| Fault::unfinished())??)
}
