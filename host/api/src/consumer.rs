//! Apps, their keys and their subscriptions.

use types::{AppId, KeyId, OrganisationId, SubscriptionId};

use crate::{At, Suspension, text};

/// `POST /v1/apps`. An app of that name in the same organisation that is there already is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApp {
    /// Its name, unique in its organisation.
    #[schemars(length(min = 1, max = 100), regex(pattern = text::NAME))]
    pub name: String,
    /// Whose it is, by id or name. The token's own organisation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// An app: a consumer's holder of keys and subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
    /// When it was last used, a second or so behind; absent when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<At>,
    /// Whether it has not ended: neither disabled nor past its time.
    pub live: bool,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// `POST /v1/keys/{id}/disable`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyDisabled {
    /// Why, for the record. Not shown to the key's user.
    #[schemars(length(min = 1, max = 500), regex(pattern = text::REASON))]
    pub reason: String,
}

/// `PATCH /v1/keys/{key}`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyEnd {
    /// When it ends by itself. Until then its answers carry `Weir-Key-Retires`.
    pub expires_at: At,
}

/// When a subscription that is cancelled ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CancelAt {
    /// With its billing period.
    #[default]
    PeriodEnd,
    /// At once.
    Now,
}

/// `POST /v1/subscriptions/{subscription}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// When it ends: with its billing period when absent.
    #[serde(default)]
    pub at: CancelAt,
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionStatus {
    /// Its calls are taken.
    Active,
    /// Its calls are refused until it is resumed.
    Suspended,
    /// Its calls are taken until it ends.
    Canceled,
    /// Its calls are refused. Subscribing again lets it go on.
    Ended,
}

/// `POST /v1/subscriptions`. One that is there already moves to this plan and is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendCap {
    /// What the overage of a billing period may cost, a decimal amount in the plan's currency. No cap when null.
    #[schemars(regex(pattern = text::AMOUNT))]
    pub amount: Option<String>,
}

/// A subscription: one app on one plan of one API.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
    /// How it stands.
    pub status: SubscriptionStatus,
    /// When it ends, because it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<At>,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
    /// What the overage of a billing period may cost, for people; absent while there is no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_cap: Option<String>,
}
