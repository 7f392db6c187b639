//! Authenticate: key, app, subscription, plan. All from the snapshot; nothing waits.

use std::net::IpAddr;
use std::sync::Arc;

use catalog::{Snapshot, Suspension};
use ledger::Subscriber;
use serde_json::json;
use types::{Code, KeyKind};

use crate::asked::{Asked, Target};
use crate::call::Call;
use crate::credential::Credential;
use crate::premises::Premises;
use crate::refusal::Refusal;
use crate::steps::{StepResult, nothing, refuse};

/// Finds out who calls, and whether that one may call this route at all.
pub(crate) fn perform(call: &Call) -> StepResult {
    let found = look_up(&call.premises.house.catalog.snapshot(), &call.asked, &call.target);
    let caller = found.map_err(|denied| refuse(call, refusal(&call.premises, call.asked.source, denied)))?;
    let document = if call.premises.envelope.reads_document() { describe(&caller) } else { nothing() };
    // A second Authenticate cannot be: the envelope has one, in no loop.
    call.progress.caller.get_or_init(|| caller);
    Ok(document)
}

/// Whether the request's key opens its route, as things stand.
pub(crate) fn may_call(snapshot: &Snapshot, asked: &Asked, target: &Target) -> bool {
    find(snapshot, asked, target).is_ok()
}

fn look_up(snapshot: &Snapshot, asked: &Asked, target: &Target) -> Result<Arc<Subscriber>, Denied> {
    let (key, subscription) = find(snapshot, asked, target)?;
    let plan = &subscription.plan_version;
    Ok(Arc::new(Subscriber {
        subscription: subscription.id,
        plan: plan.id,
        plan_name: Arc::clone(&plan.name),
        app: key.app,
        key: key.id,
        test: key.kind == KeyKind::Test,
        api: target.api.id,
        anchor: subscription.anchor,
        terms: Arc::clone(&plan.terms),
        spend_cap: subscription.spend_cap,
    }))
}

/// Why a key does not open a route.
pub(crate) enum Denied {
    /// As the code says.
    For(Code),
    /// Something that the call needs stands still.
    Suspended(Code, Suspension),
}

impl From<Code> for Denied {
    fn from(code: Code) -> Self {
        Self::For(code)
    }
}

/// The key of a request, if it opens anything at all.
pub(crate) fn key_of<'a>(snapshot: &'a Snapshot, asked: &Asked) -> Result<&'a Arc<catalog::Key>, Denied> {
    let digest = match asked.credential {
        Credential::Key(digest) => digest,
        Credential::None => return Err(Code::MissingKey.into()),
        Credential::Impossible => return Err(Code::InvalidKey.into()),
    };
    let key = snapshot.key(&digest).ok_or(Code::InvalidKey)?;
    if key.disabled.is_some() {
        return Err(Code::KeyDisabled.into());
    }
    if !key.is_live(asked.received_at) {
        return Err(Code::KeyExpired.into());
    }
    standing(Code::KeySuspended, key.suspended.as_ref())?;
    standing(Code::AppSuspended, snapshot.app_suspension(key.app).map(AsRef::as_ref))?;
    Ok(key)
}

/// Key and subscription of the caller, or what is wrong with them.
fn find<'a>(
    snapshot: &'a Snapshot,
    asked: &Asked,
    target: &Target,
) -> Result<(&'a Arc<catalog::Key>, &'a Arc<catalog::Subscription>), Denied> {
    let key = key_of(snapshot, asked)?;
    let subscription = snapshot.subscription(key.app, target.api.id).ok_or(Code::NotSubscribed)?;
    if subscription.has_ended(asked.received_at) {
        return Err(Code::SubscriptionSuspended.into());
    }
    standing(Code::SubscriptionSuspended, subscription.suspended.as_ref())?;
    standing(Code::SubscriptionSuspended, snapshot.plan_suspension(subscription.plan).map(AsRef::as_ref))?;
    if !subscription.plan_version.includes(target.served.routes[target.route].route.id) {
        return Err(Code::EndpointNotInPlan.into());
    }
    Ok((key, subscription))
}

fn standing(code: Code, suspension: Option<&Suspension>) -> Result<(), Denied> {
    suspension.map_or(Ok(()), |suspension| Err(Denied::Suspended(code, suspension.clone())))
}

/// What the one at `source` is told, who is not let in.
pub(crate) fn refusal(premises: &Premises, source: IpAddr, denied: Denied) -> Refusal {
    let moment = premises.house.clock.moment();
    if let Err(wait) = premises.strangers.failed(source, moment) {
        let text = "Too many requests from this address failed to authenticate.";
        return Refusal::new(Code::RateLimited).detail(text).retry_after(wait);
    }
    let code = match denied {
        Denied::For(code) => code,
        Denied::Suspended(code, suspension) => return Refusal::suspended(code, &suspension),
    };
    let refusal = Refusal::new(code);
    match code {
        Code::MissingKey => refusal.detail("Send a key in X-API-Key, Authorization: Bearer or X-RapidAPI-Key."),
        Code::InvalidKey | Code::KeyDisabled => refusal.detail("Invalid API key."),
        Code::NotSubscribed => refusal.detail("You are not subscribed to this API."),
        Code::SubscriptionSuspended => refusal.detail("Your subscription was cancelled and has ended."),
        _ => refusal,
    }
}

fn describe(subscriber: &Subscriber) -> Arc<serde_json::Value> {
    Arc::new(json!({
        "appId": subscriber.app.to_string(),
        "keyId": subscriber.key.to_string(),
        "subscriptionId": subscriber.subscription.to_string(),
        "plan": &*subscriber.plan_name,
    }))
}
