//! What every single thing has in common: it is found, shown, suspended and resumed.

use std::sync::Arc;

use axum::extract::State;
use catalog::{Provisos, Snapshot, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::{AppId, KeyId, OrganisationId, PlanId, SubscriptionId};

use super::{Answer, Reply, accounts, apis, consumers, plans, releases};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::{self, IfMatch};
use crate::read::{Body, Path};
use crate::refusal::Refusal;

/// The parts of a path that name one thing.
pub(crate) trait Thing: DeserializeOwned + Send + Sync + 'static {
    /// How it is shown.
    type Shown: Serialize + Send;

    /// The thing and its id, for a caller who may see it: 404 for every other.
    fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> impl Future<Output = Result<(String, Self::Shown), Refusal>> + Send;
}

/// A thing that can be suspended.
pub(crate) trait Suspendable: Thing {
    /// What the catalog calls it.
    fn subject(shown: &Self::Shown) -> Subject;

    /// Goes on for who may suspend a thing that he sees.
    fn require_suspender(&self, _snapshot: &Snapshot, _caller: &Caller) -> Result<(), Refusal> {
        Ok(())
    }
}

/// `GET` of one thing.
pub(crate) async fn show<T: Thing>(State(desk): State<Desk>, caller: Caller, Path(thing): Path<T>) -> Answer<T::Shown> {
    shown(&desk, &caller, &thing).await
}

/// `PUT …/suspension`: refused from the next call on.
pub(crate) async fn suspend<T: Suspendable>(
    State(desk): State<Desk>,
    caller: Caller,
    Path(thing): Path<T>,
    if_match: IfMatch,
    Body(wanted): Body<api::Suspend>,
) -> Answer<T::Shown> {
    let (subject, provisos) = suspendable(&desk, &caller, (&thing, &if_match)).await?;
    let wanted = catalog::Suspension { reason: wanted.reason, by: caller.authority() };
    desk.house.catalog.insisting_on(provisos).suspend(caller.actor(), subject, wanted).await?;
    shown(&desk, &caller, &thing).await
}

/// `DELETE …/suspension`: it goes on.
pub(crate) async fn resume<T: Suspendable>(
    State(desk): State<Desk>,
    caller: Caller,
    Path(thing): Path<T>,
    if_match: IfMatch,
) -> Answer<T::Shown> {
    let (subject, provisos) = suspendable(&desk, &caller, (&thing, &if_match)).await?;
    desk.house.catalog.insisting_on(provisos).resume(caller.actor(), subject, caller.authority()).await?;
    shown(&desk, &caller, &thing).await
}

async fn suspendable<T: Suspendable>(
    desk: &Desk,
    caller: &Caller,
    (thing, if_match): (&T, &IfMatch),
) -> Result<(Subject, Provisos), Refusal> {
    let snapshot = desk.house.catalog.snapshot_now();
    let (id, shown) = thing.find(desk, &snapshot, caller).await?;
    thing.require_suspender(&snapshot, caller)?;
    Ok((T::subject(&shown), Provisos { condition: if_match.required_on(&id)?, repeat: None }))
}

/// The thing as it is, with its tag.
pub(super) async fn shown<T: Thing>(desk: &Desk, caller: &Caller, thing: &T) -> Answer<T::Shown> {
    // The tag is not newer than what is shown, so nobody can overwrite what he was not shown.
    let snapshot = desk.house.catalog.snapshot_now();
    let (id, shown) = thing.find(desk, &snapshot, caller).await?;
    Ok(Reply::Tagged(shown, provisos::tag(&snapshot, &id)))
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

/// `/v1/organisations/{organisation}`.
#[derive(serde::Deserialize)]
pub(crate) struct OrganisationAt(pub(super) OrganisationId);

impl Thing for OrganisationAt {
    type Shown = api::Organisation;

    async fn find(
        &self,
        _: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(String, api::Organisation), Refusal> {
        let found = snapshot.organisation(self.0).filter(|organisation| caller.owns(organisation.id));
        let organisation = found.ok_or_else(|| Refusal::missing("organisation", self.0))?;
        Ok((organisation.id.to_string(), accounts::shown(organisation)))
    }
}

/// `/v1/apis/{slug}`.
#[derive(serde::Deserialize)]
pub(crate) struct ApiAt(pub(super) String);

impl Thing for ApiAt {
    type Shown = api::Api;

    async fn find(&self, _: &Desk, snapshot: &Arc<Snapshot>, caller: &Caller) -> Result<(String, api::Api), Refusal> {
        let api = caller.api(snapshot, &self.0)?;
        Ok((api.id.to_string(), apis::shown(&api)))
    }
}

impl Suspendable for ApiAt {
    fn subject(shown: &api::Api) -> Subject {
        Subject::Api(shown.id)
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
    ) -> Result<(String, api::Release), Refusal> {
        let api = caller.api(snapshot, &self.0)?;
        let found = desk.house.catalog.release(api.id, self.1).await?;
        let release = found.ok_or_else(|| Refusal::missing("release", self.1))?;
        Ok((release.id.to_string(), releases::shown(&release)))
    }
}

impl Suspendable for ReleaseAt {
    fn subject(shown: &api::Release) -> Subject {
        Subject::Release(shown.id)
    }
}

/// `/v1/plans/{plan}`.
#[derive(serde::Deserialize)]
pub(crate) struct PlanAt(PlanId);

impl Thing for PlanAt {
    type Shown = api::Plan;

    async fn find(&self, _: &Desk, snapshot: &Arc<Snapshot>, caller: &Caller) -> Result<(String, api::Plan), Refusal> {
        let plan = snapshot.plan(self.0).filter(|plan| caller.sells(snapshot, plan.api));
        let plan = plan.ok_or_else(|| Refusal::missing("plan", self.0))?;
        Ok((plan.id.to_string(), plans::shown(snapshot, plan)))
    }
}

impl Suspendable for PlanAt {
    fn subject(shown: &api::Plan) -> Subject {
        Subject::Plan(shown.id)
    }
}

/// `/v1/apps/{app}`.
#[derive(serde::Deserialize)]
pub(crate) struct AppAt(pub(super) AppId);

impl Thing for AppAt {
    type Shown = api::App;

    async fn find(&self, _: &Desk, snapshot: &Arc<Snapshot>, caller: &Caller) -> Result<(String, api::App), Refusal> {
        let app = caller.app(snapshot, self.0)?;
        Ok((app.id.to_string(), consumers::app_shown(snapshot, &app)))
    }
}

impl Suspendable for AppAt {
    fn subject(shown: &api::App) -> Subject {
        Subject::App(shown.id)
    }
}

/// `/v1/keys/{key}`.
#[derive(serde::Deserialize)]
pub(crate) struct KeyAt(pub(super) KeyId);

impl Thing for KeyAt {
    type Shown = api::KeyEntry;

    async fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(String, api::KeyEntry), Refusal> {
        let key = caller.key(snapshot, self.0)?;
        let shown = consumers::keys_shown(desk, &[&key]).await?.pop();
        shown.map(|shown| (key.id.to_string(), shown)).ok_or_else(|| Refusal::missing("key", self.0))
    }
}

impl Suspendable for KeyAt {
    fn subject(shown: &api::KeyEntry) -> Subject {
        Subject::Key(shown.id)
    }
}

/// `/v1/subscriptions/{subscription}`.
#[derive(serde::Deserialize)]
pub(crate) struct SubscriptionAt(pub(super) SubscriptionId);

impl Thing for SubscriptionAt {
    type Shown = api::Subscription;

    async fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(String, api::Subscription), Refusal> {
        let subscription = caller.subscription(snapshot, self.0)?;
        Ok((subscription.id.to_string(), consumers::described(snapshot, &subscription, desk.house.clock.now())))
    }
}

impl Suspendable for SubscriptionAt {
    fn subject(shown: &api::Subscription) -> Subject {
        Subject::Subscription(shown.id)
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
