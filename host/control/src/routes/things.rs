//! What every single thing has in common: it is found, shown, suspended and resumed.

use std::sync::Arc;

use axum::extract::State;
use catalog::{Snapshot, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::{AppId, KeyId, PlanId, SubscriptionId};

use super::{Answer, Reply, apis, consumers, plans, releases};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Path};
use crate::refusal::Refusal;

/// The parts of a path that name one thing.
pub(crate) trait Thing: DeserializeOwned + Send + Sync + 'static {
    /// How it is shown.
    type Shown: Serialize + Send;

    /// The thing, for a caller who may see it: 404 for every other.
    fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> impl Future<Output = Result<(Subject, Self::Shown), Refusal>> + Send;

    /// Goes on for who may suspend a thing that he sees.
    fn require_suspender(&self, _snapshot: &Snapshot, _caller: &Caller) -> Result<(), Refusal> {
        Ok(())
    }
}

/// `GET` of one thing.
pub(crate) async fn show<T: Thing>(State(desk): State<Desk>, caller: Caller, Path(thing): Path<T>) -> Answer<T::Shown> {
    let snapshot = desk.house.catalog.snapshot_now();
    let (_, shown) = thing.find(&desk, &snapshot, &caller).await?;
    Ok(Reply::Found(shown))
}

/// `PUT …/suspension`: refused from the next call on.
pub(crate) async fn suspend<T: Thing>(
    State(desk): State<Desk>,
    caller: Caller,
    Path(thing): Path<T>,
    Body(wanted): Body<api::Suspend>,
) -> Answer<T::Shown> {
    let subject = suspendable(&desk, &caller, &thing).await?;
    let wanted = catalog::Suspension { reason: wanted.reason, by: caller.authority() };
    desk.house.catalog.suspend(caller.actor(), subject, wanted).await?;
    shown(&desk, &caller, &thing).await
}

/// `DELETE …/suspension`: it goes on.
pub(crate) async fn resume<T: Thing>(
    State(desk): State<Desk>,
    caller: Caller,
    Path(thing): Path<T>,
) -> Answer<T::Shown> {
    let subject = suspendable(&desk, &caller, &thing).await?;
    desk.house.catalog.resume(caller.actor(), subject, caller.authority()).await?;
    shown(&desk, &caller, &thing).await
}

async fn suspendable<T: Thing>(desk: &Desk, caller: &Caller, thing: &T) -> Result<Subject, Refusal> {
    let snapshot = desk.house.catalog.snapshot_now();
    let (subject, _) = thing.find(desk, &snapshot, caller).await?;
    thing.require_suspender(&snapshot, caller)?;
    Ok(subject)
}

async fn shown<T: Thing>(desk: &Desk, caller: &Caller, thing: &T) -> Answer<T::Shown> {
    let snapshot = desk.house.catalog.snapshot_now();
    let (_, shown) = thing.find(desk, &snapshot, caller).await?;
    Ok(Reply::Found(shown))
}

/// Why something stands still, as documents show it.
pub(super) fn suspension(suspension: Option<&catalog::Suspension>) -> Option<api::Suspension> {
    suspension.map(|one| api::Suspension {
        reason: one.reason.clone(),
        by: match one.by {
            catalog::Authority::Operator => api::Authority::Operator,
            catalog::Authority::Owner => api::Authority::Owner,
        },
    })
}

/// `/v1/apis/{slug}`.
#[derive(serde::Deserialize)]
pub(crate) struct ApiAt(String);

impl Thing for ApiAt {
    type Shown = api::Api;

    async fn find(&self, _: &Desk, snapshot: &Arc<Snapshot>, caller: &Caller) -> Result<(Subject, api::Api), Refusal> {
        let api = caller.api(snapshot, &self.0)?;
        Ok((Subject::Api(api.id), apis::shown(&api)))
    }
}

/// `/v1/apis/{slug}/releases/{number}`.
#[derive(serde::Deserialize)]
pub(crate) struct ReleaseAt(String, u32);

impl Thing for ReleaseAt {
    type Shown = api::Release;

    async fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(Subject, api::Release), Refusal> {
        let api = caller.api(snapshot, &self.0)?;
        let found = desk.house.catalog.release(api.id, self.1).await?;
        let release = found.ok_or_else(|| Refusal::missing("release", self.1))?;
        Ok((Subject::Release(release.id), releases::shown(&release)))
    }
}

/// `/v1/plans/{plan}`.
#[derive(serde::Deserialize)]
pub(crate) struct PlanAt(PlanId);

impl Thing for PlanAt {
    type Shown = api::Plan;

    async fn find(&self, _: &Desk, snapshot: &Arc<Snapshot>, caller: &Caller) -> Result<(Subject, api::Plan), Refusal> {
        let plan = snapshot.plan(self.0).filter(|plan| caller.sells(snapshot, plan.api));
        let plan = plan.ok_or_else(|| Refusal::missing("plan", self.0))?;
        Ok((Subject::Plan(plan.id), plans::shown(snapshot, plan)))
    }
}

/// `/v1/apps/{app}`.
#[derive(serde::Deserialize)]
pub(crate) struct AppAt(AppId);

impl Thing for AppAt {
    type Shown = api::App;

    async fn find(&self, _: &Desk, snapshot: &Arc<Snapshot>, caller: &Caller) -> Result<(Subject, api::App), Refusal> {
        let app = caller.app(snapshot, self.0)?;
        Ok((Subject::App(app.id), consumers::app_shown(snapshot, &app)))
    }
}

/// `/v1/keys/{key}`.
#[derive(serde::Deserialize)]
pub(crate) struct KeyAt(KeyId);

impl Thing for KeyAt {
    type Shown = api::KeyEntry;

    async fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(Subject, api::KeyEntry), Refusal> {
        let key = caller.key(snapshot, self.0)?;
        Ok((Subject::Key(key.id), consumers::key_shown(&key, desk.house.clock.now())))
    }
}

/// `/v1/subscriptions/{subscription}`.
#[derive(serde::Deserialize)]
pub(crate) struct SubscriptionAt(SubscriptionId);

impl Thing for SubscriptionAt {
    type Shown = api::Subscription;

    async fn find(
        &self,
        _: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(Subject, api::Subscription), Refusal> {
        let subscription = caller.subscription(snapshot, self.0)?;
        Ok((Subject::Subscription(subscription.id), consumers::described(snapshot, &subscription)))
    }

    fn require_suspender(&self, snapshot: &Snapshot, caller: &Caller) -> Result<(), Refusal> {
        let subscription = caller.subscription(snapshot, self.0)?;
        if caller.sells(snapshot, subscription.api) {
            return Ok(());
        }
        let why = "the one who sells the API suspends its subscriptions; suspend your app or its keys instead";
        Err(Refusal::because(types::Code::Forbidden, why))
    }
}
