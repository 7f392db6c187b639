//! Apps, their keys and their subscriptions.

use types::{AppId, KeyId, OrganisationId, SubscriptionId};

use crate::{At, Suspension};

/// `POST /v1/apps`. An app of that name in the same organisation that is there already is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApp {
    /// Its name, unique in its organisation.
    pub name: String,
    /// Whose it is, by id or name. The token's own organisation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// An app: a consumer's holder of keys and subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its name.
    pub name: String,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// `POST /v1/apps/{id}/keys`. Each makes a new key.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Whether its calls are for trying out: bounded as others are, by counters of their own, and never billed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// When it ends by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
}

/// A new key. The only document that shows its secret.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub app: AppId,
    /// Its first characters, to be recognised by.
    pub prefix: String,
    /// The key itself, shown this once.
    pub secret: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
}

/// A key as lists show it: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyEntry {
    /// Its id.
    pub id: KeyId,
    /// Its first characters, to be recognised by: `weir_test_` begins one whose calls are not billed.
    pub prefix: String,
    /// When it was made.
    pub created_at: At,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
    /// Whether it has not ended: neither disabled nor past its time.
    pub live: bool,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// `POST /v1/keys/{id}/disable`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDisabled {
    /// Why, for the record. Not shown to the key's user.
    pub reason: String,
}

/// `POST /v1/subscriptions`. One that is there already moves to this plan and is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// Which app.
    pub app: AppId,
    /// To which API, by its slug.
    pub api: String,
    /// On which plan, by its name.
    pub plan: String,
}

/// `PUT /v1/subscriptions/{id}/spend-cap`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendCap {
    /// What the overage of a billing period may cost, a decimal amount in the plan's currency. No cap when null.
    pub amount: Option<String>,
}

/// A subscription: one app on one plan of one API.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Which app.
    pub app: AppId,
    /// The API's slug.
    pub api: String,
    /// The plan's name.
    pub plan: String,
    /// What its periods are counted from.
    pub anchor: At,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
    /// What the overage of a billing period may cost, for people; absent while there is no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_cap: Option<String>,
}
