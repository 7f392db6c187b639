//! Apps, keys and subscriptions.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use catalog::{App, Key, NewKey, Provisos, Snapshot};
use types::{AppId, Currency, KeyId, KeyKind, Money, Per, Period, SecretKey, SubscriptionId, Timestamp};

use super::things::{self, AppAt, KeyAt, SubscriptionAt};
use super::{Answer, Reply, page, tokens};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::IfMatch;
use crate::read::{Body, Fresh, Optional, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/apps`.
pub(crate) async fn apps(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery<AppId>>,
) -> Answer<api::Page<api::App>> {
    let snapshot = desk.house.catalog.snapshot();
    let seen = snapshot.apps().filter(|app| caller.owns(app.organisation));
    page(&query, seen.map(|app| (app.id, app)), |app| app_shown(&snapshot, app)).map(Reply::Found)
}

/// `POST /v1/apps`.
pub(crate) async fn create_app(
    State(desk): State<Desk>,
    caller: Caller,
    Body(new): Body<api::NewApp>,
) -> Answer<api::App> {
    let (organisation, before) = {
        let snapshot = desk.house.catalog.snapshot();
        let organisation = caller.organisation(&snapshot, new.organisation.as_deref())?.id;
        let same = snapshot.apps().find(|app| app.organisation == organisation && app.name == new.name);
        (organisation, same.map(|_| ()))
    };
    let id = desk.house.catalog.create_app(caller.actor(), organisation, &new.name).await?;
    let snapshot = desk.house.catalog.snapshot();
    let app = caller.app(&snapshot, id)?;
    Ok(Reply::known(before, app_shown(&snapshot, &app)))
}

/// `GET /v1/apps/{app}/keys`.
pub(crate) async fn keys(
    State(desk): State<Desk>,
    caller: Caller,
    Path(app): Path<AppId>,
    Query(query): Query<api::ListQuery<KeyId>>,
) -> Answer<api::Page<api::KeyEntry>> {
    let snapshot = desk.house.catalog.snapshot_now();
    let app = caller.app(&snapshot, app)?;
    let keys = page(&query, snapshot.keys_of(app.id).map(|key| (key.id, key)), Arc::clone)?;
    let items = keys_shown(&desk, &keys.items.iter().collect::<Vec<_>>()).await?;
    Ok(Reply::Found(api::Page { items, next: keys.next }))
}

/// `POST /v1/apps/{app}/keys`.
pub(crate) async fn create_key(
    State(desk): State<Desk>,
    caller: Caller,
    Path(app): Path<AppId>,
    Fresh(new, repeat): Fresh<api::NewKey>,
) -> Answer<api::Key> {
    let app = caller.app(&desk.house.catalog.snapshot(), app)?;
    let kind = if new.test { KeyKind::Test } else { KeyKind::Live };
    let new = NewKey { app: app.id, kind, expires_at: new.expires_at.map(|at| at.0) };
    let (key, secret) = desk.house.catalog.insisting_on(repeat).create_key(caller.actor(), new).await?;
    Ok(Reply::Made(key_made(key, &secret)))
}

/// `POST /v1/keys/{key}/rotate`: a successor, and an end for the key itself.
pub(crate) async fn rotate_key(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<KeyId>,
    Fresh(rotate, repeat): Fresh<api::Rotate>,
) -> Answer<api::Key> {
    let old = caller.key(&desk.house.catalog.snapshot(), id)?;
    let end = tokens::retirement(&rotate, desk.house.clock.now());
    let (key, secret) = desk.house.catalog.insisting_on(repeat).rotate_key(caller.actor(), &old, end).await?;
    Ok(Reply::Made(key_made(key, &secret)))
}

/// `PATCH /v1/keys/{key}`: when it ends.
pub(crate) async fn end_key(
    State(desk): State<Desk>,
    caller: Caller,
    Path(at): Path<KeyAt>,
    if_match: IfMatch,
    Body(end): Body<api::KeyEnd>,
) -> Answer<api::KeyEntry> {
    let key = caller.key(&desk.house.catalog.snapshot(), at.0)?;
    let catalog = desk.house.catalog.insisting_on(Provisos { condition: if_match.on(&key.id), repeat: None });
    catalog.retire_key(caller.actor(), key.id, end.expires_at.0).await?;
    things::shown(&desk, &caller, &at).await
}

/// `PATCH /v1/apps/{app}`.
pub(crate) async fn rename_app(
    State(desk): State<Desk>,
    caller: Caller,
    Path(at): Path<AppAt>,
    if_match: IfMatch,
    Body(new): Body<api::Renamed>,
) -> Answer<api::App> {
    let app = caller.app(&desk.house.catalog.snapshot(), at.0)?;
    let catalog = desk.house.catalog.insisting_on(Provisos { condition: if_match.on(&app.id), repeat: None });
    catalog.rename_app(caller.actor(), app.id, &new.name).await?;
    things::shown(&desk, &caller, &at).await
}

pub(super) fn key_made(key: Key, secret: &SecretKey) -> api::Key {
    api::Key {
        id: key.id,
        app: key.app,
        prefix: key.prefix,
        secret: secret.reveal().to_owned(),
        expires_at: key.expires_at.map(Into::into),
    }
}

/// `POST /v1/keys/{key}/disable`.
pub(crate) async fn disable_key(
    State(desk): State<Desk>,
    caller: Caller,
    Path(key): Path<KeyId>,
    Body(disabled): Body<api::KeyDisabled>,
) -> Answer<api::KeyEntry> {
    let catalog = &desk.house.catalog;
    caller.key(&catalog.snapshot(), key)?;
    catalog.disable_key(caller.actor(), key, &disabled.reason).await?;
    things::shown(&desk, &caller, &KeyAt(key)).await
}

/// `GET /v1/subscriptions`: those that the caller has, and those to APIs that he sells.
pub(crate) async fn subscriptions(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery<SubscriptionId>>,
) -> Answer<api::Page<api::Subscription>> {
    let snapshot = desk.house.catalog.snapshot();
    let now = desk.house.clock.now();
    let seen = snapshot.subscriptions().filter(|subscription| caller.sees(&snapshot, subscription));
    page(&query, seen.map(|one| (one.id, one)), |one| described(&snapshot, one, now)).map(Reply::Found)
}

/// `POST /v1/subscriptions`. The app is the caller's; the API may be anybody's.
pub(crate) async fn subscribe(
    State(desk): State<Desk>,
    caller: Caller,
    Body(new): Body<api::NewSubscription>,
) -> Answer<api::Subscription> {
    let catalog = &desk.house.catalog;
    let (api, plan, before) = {
        let snapshot = catalog.snapshot();
        let app = caller.app(&snapshot, new.app)?;
        let api = snapshot.api(&new.api).ok_or_else(|| Refusal::missing("API", &new.api))?;
        let plan = snapshot.plan_named(api.id, &new.plan).ok_or_else(|| {
            Refusal::because(types::Code::NotFound, format!("the API {} has no plan {}", new.api, new.plan))
        })?;
        let before = snapshot.subscription(app.id, api.id).map(|_| ());
        (api.id, plan.id, before)
    };
    let id = catalog.subscribe(caller.actor(), new.app, api, plan).await?;
    let snapshot = catalog.snapshot();
    let subscription = caller.subscription(&snapshot, id)?;
    Ok(Reply::known(before, described(&snapshot, &subscription, desk.house.clock.now())))
}

/// `PUT /v1/subscriptions/{subscription}/spend-cap`: for the one who pays.
pub(crate) async fn set_spend_cap(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<SubscriptionId>,
    Body(cap): Body<api::SpendCap>,
) -> Answer<api::Subscription> {
    let catalog = &desk.house.catalog;
    let cap = {
        let snapshot = catalog.snapshot();
        let subscription = caller.subscription(&snapshot, id)?;
        caller.app(&snapshot, subscription.app).map_err(|_| Refusal::missing("subscription", id))?;
        cap.amount.as_deref().map(|amount| micros(amount, &subscription)).transpose()?
    };
    catalog.set_spend_cap(caller.actor(), id, cap).await?;
    let snapshot = catalog.snapshot();
    let subscription = caller.subscription(&snapshot, id)?;
    Ok(Reply::Found(described(&snapshot, &subscription, desk.house.clock.now())))
}

/// `POST /v1/subscriptions/{subscription}/cancel`: it ends with its billing period, or at once. For the one who has it.
pub(crate) async fn cancel(
    State(desk): State<Desk>,
    caller: Caller,
    Path(at): Path<SubscriptionAt>,
    if_match: IfMatch,
    Optional(cancel): Optional<api::Cancel>,
) -> Answer<api::Subscription> {
    let now = desk.house.clock.now();
    let (id, end) = {
        let snapshot = desk.house.catalog.snapshot();
        let subscription = caller.subscription(&snapshot, at.0)?;
        caller.app(&snapshot, subscription.app).map_err(|_| Refusal::missing("subscription", at.0))?;
        let end = match cancel.at {
            api::CancelAt::Now => now,
            api::CancelAt::PeriodEnd => Period::at(Per::Month, subscription.anchor, now).end,
        };
        (subscription.id, end)
    };
    let catalog = desk.house.catalog.insisting_on(Provisos { condition: if_match.on(&id), repeat: None });
    catalog.cancel_subscription(caller.actor(), id, end).await?;
    things::shown(&desk, &caller, &at).await
}

/// An amount in the currency of the subscription's plan, in millionths.
fn micros(amount: &str, subscription: &catalog::Subscription) -> Result<u64, Refusal> {
    let money = Money::parse(amount, currency_of(subscription));
    let money = money.map_err(|error| Refusal::field("/amount", error.to_string()))?;
    u64::try_from(money.micros).map_err(|_| Refusal::field("/amount", "is not below zero"))
}

fn currency_of(subscription: &catalog::Subscription) -> Currency {
    subscription.plan_version.currency().unwrap_or(Currency::USD)
}

pub(super) fn app_shown(snapshot: &Snapshot, app: &App) -> api::App {
    let suspended = things::suspension(snapshot.app_suspension(app.id).map(AsRef::as_ref));
    api::App { id: app.id, organisation: app.organisation, name: app.name.clone(), suspended }
}

/// Keys as lists show them, with what the ledger knows of their use.
pub(super) async fn keys_shown(desk: &Desk, keys: &[&Arc<Key>]) -> Result<Vec<api::KeyEntry>, Refusal> {
    let ids = keys.iter().map(|key| key.id).collect();
    let used = desk.house.ledger.keys_used(ids).await.map_err(|error| Refusal::unread(&error))?;
    let used: HashMap<KeyId, Timestamp> = used.into_iter().collect();
    let now = desk.house.clock.now();
    Ok(keys.iter().map(|key| key_shown(key, now, used.get(&key.id).copied())).collect())
}

fn key_shown(key: &Key, now: Timestamp, used: Option<Timestamp>) -> api::KeyEntry {
    api::KeyEntry {
        id: key.id,
        prefix: key.prefix.clone(),
        created_at: key.created_at.into(),
        expires_at: key.expires_at.map(Into::into),
        last_used_at: used.map(Into::into),
        live: key.is_live(now),
        suspended: things::suspension(key.suspended.as_ref()),
    }
}

pub(super) fn described(
    snapshot: &Snapshot,
    subscription: &catalog::Subscription,
    now: Timestamp,
) -> api::Subscription {
    let cap = subscription.spend_cap.and_then(|micros| i64::try_from(micros).ok());
    let cap = cap.map(|micros| Money { micros, currency: currency_of(subscription) });
    api::Subscription {
        id: subscription.id,
        app: subscription.app,
        api: slug_of(snapshot, subscription.api),
        plan: subscription.plan_version.name.to_string(),
        anchor: subscription.anchor.into(),
        status: status(subscription, now),
        cancel_at: subscription.cancel_at.map(Into::into),
        suspended: things::suspension(subscription.suspended.as_ref()),
        spend_cap: cap.map(|money| money.to_string()),
    }
}

fn status(subscription: &catalog::Subscription, now: Timestamp) -> api::SubscriptionStatus {
    if subscription.has_ended(now) {
        api::SubscriptionStatus::Ended
    } else if subscription.suspended.is_some() {
        api::SubscriptionStatus::Suspended
    } else if subscription.cancel_at.is_some() {
        api::SubscriptionStatus::Canceled
    } else {
        api::SubscriptionStatus::Active
    }
}

/// The slug of an API; its id when it is gone.
pub(super) fn slug_of(snapshot: &Snapshot, api: types::ApiId) -> String {
    snapshot.api_by_id(api).map_or_else(|| api.to_string(), |api| api.slug.to_string())
}
