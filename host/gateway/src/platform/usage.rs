//! `GET /-/usage`: what is used and what is left.

use std::time::Duration;

use catalog::Subscription;
use ledger::ObjectUsage;
use types::{Currency, KeyKind, LimitKind, Money, Per, Period, Quota, Timestamp, Units};

use super::{Inquiry, unread};
use crate::policy_headers;
use crate::refusal::Refusal;

/// Subscriptions that are shown.
const SHOWN_MAX: usize = 100;

pub(super) async fn of(inquiry: &Inquiry<'_>) -> Result<api::OwnUsage, Refusal> {
    let (now, test) = (inquiry.asked.received_at, inquiry.key.kind == KeyKind::Test);
    let ledger = &inquiry.premises.house.ledger;
    let mut subscriptions = Vec::new();
    for (api, subscription) in inquiry.subscriptions().take(SHOWN_MAX) {
        let used = if test { ledger.test_usage(subscription.id).await } else { ledger.usage(subscription.id).await };
        let used = used.map_err(unread)?;
        let terms = &subscription.plan_version.terms;
        subscriptions.push(api::OwnSubscription {
            id: subscription.id,
            api: api.slug.to_string(),
            plan: subscription.plan_version.name.to_string(),
            status: status(inquiry, subscription),
            objects: terms.quotas.iter().map(|quota| object(quota, subscription.anchor, now, &used)).collect(),
            spend: if test { None } else { spend(subscription, now, &used) },
        });
    }
    Ok(api::OwnUsage { test, subscriptions })
}

fn status(inquiry: &Inquiry<'_>, subscription: &Subscription) -> api::SubscriptionStatus {
    let standing = subscription.suspended.is_some() || inquiry.snapshot.plan_suspension(subscription.plan).is_some();
    if subscription.has_ended(inquiry.asked.received_at) {
        api::SubscriptionStatus::Ended
    } else if standing {
        api::SubscriptionStatus::Suspended
    } else if subscription.cancel_at.is_some() {
        api::SubscriptionStatus::Canceled
    } else {
        api::SubscriptionStatus::Active
    }
}

fn object(quota: &Quota, anchor: Timestamp, now: Timestamp, used: &[ObjectUsage]) -> api::OwnObject {
    let period = Period::at(quota.per, anchor, now);
    let start = period.start.as_micros();
    let row = used.iter().find(|row| row.object == quota.object.as_str() && row.period_start_us == start);
    let used = row.map_or(Units::ZERO, |row| Units::saturating(row.used.unsigned_abs()));
    let resets = quota.per != Per::None;
    api::OwnObject {
        object: quota.object.clone(),
        per: quota.per,
        limit: quota.limit,
        included: quota.amount,
        used,
        remaining: quota.amount.saturating_sub(used),
        overage: used.saturating_sub(quota.amount),
        resets_at: resets.then(|| period.end.into()),
        resets_in_s: resets.then(|| seconds(period.end.since(now))),
    }
}

/// What overage costs in the running billing period: of every period that touches it, as the cap counts it.
fn spend(subscription: &Subscription, now: Timestamp, used: &[ObjectUsage]) -> Option<api::OwnSpend> {
    let billing = Period::at(Per::Month, subscription.anchor, now);
    let priced = |quota: &&Quota| quota.limit == LimitKind::Soft && quota.overage.is_some();
    let terms = &subscription.plan_version.terms;
    let mut priced = terms.quotas.iter().filter(priced).peekable();
    priced.peek()?;
    let currency = subscription.plan_version.currency().unwrap_or(Currency::USD);
    let mut micros: i64 = 0;
    for quota in priced {
        let price = quota.overage.map_or(0, |price| price.micros);
        for row in used.iter().filter(|row| row.object == quota.object.as_str()) {
            let start = Timestamp::from_micros(row.period_start_us);
            let end = Period::at(quota.per, subscription.anchor, start).end;
            if start < billing.end && billing.start < end {
                micros = micros.saturating_add(row.overage.saturating_mul(price));
            }
        }
    }
    let cap = subscription.spend_cap.and_then(|cap| i64::try_from(cap).ok());
    Some(api::OwnSpend {
        overage: Money { micros, currency }.to_string(),
        cap: cap.map(|micros| Money { micros, currency }.to_string()),
        resets_at: billing.end.into(),
        resets_in_s: seconds(billing.end.since(now)),
    })
}

fn seconds(wait: Duration) -> u64 {
    policy_headers::whole_seconds(wait)
}
