//! Webhooks of organisations, and what the host sends by itself: deliveries, their attempts, dead letters.

use types::{AppId, DispatchId, EndpointId, MessageId, OrganisationId};

use crate::{At, text};

/// `POST /v1/webhooks`. One with the same URL is brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where messages go: https, on port 443, if the operator allows nothing else.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// The kinds of events that it is told of, such as `execution.failed`; `*` is every kind.
    #[schemars(length(min = 1, max = 20), inner(regex(pattern = text::EVENT)))]
    pub events: Vec<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200), regex(pattern = text::LINE))]
    pub description: String,
    /// Whose it becomes, by id or name. The token's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// The app whose matters it is told of, as the app's own key sees them. The organisation's when absent; where it is
    /// there, the webhook belongs to the app's organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
}

/// `PATCH /v1/webhooks/{webhook}`. What is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    /// The kinds of events that it is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), inner(regex(pattern = text::EVENT)))]
    pub events: Option<Vec<String>>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), regex(pattern = text::LINE))]
    pub description: Option<String>,
    /// Whether messages are sent there. One that answered 410 is enabled again by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A webhook. Its secret stands in it when it was drawn just now, and never again.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Webhook {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The app of that organisation whose matters it is told of; absent where they are the organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Where messages go.
    pub url: String,
    /// The kinds of events that it is told of.
    pub events: Vec<String>,
    /// What people call it.
    pub description: String,
    /// Whether messages are sent there.
    pub enabled: bool,
    /// Why none are; absent while they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
    /// Until when the secret before signs too; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_secret_until: Option<At>,
    /// When it was made.
    pub created_at: At,
    /// What its messages are signed with, shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The query of `GET /v1/webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookQuery {
    /// Whose, by id or name. The token's own when absent; for an operator, everyone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Only those of this app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EndpointId>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// Where a message stands on its way to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It is sent when its time comes.
    Waiting,
    /// It was accepted.
    Delivered,
    /// It was not, and is not sent any more: a dead letter.
    Dead,
}

/// The query of `GET /v1/deliveries`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Only those that stand there. Dead letters are `dead`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DeliveryStatus>,
    /// Only those to this webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<EndpointId>,
    /// Whose, by id or name. The token's own when absent; for an operator, everyone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DispatchId>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// A message on its way to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Delivery {
    /// Its id.
    pub id: DispatchId,
    /// The message, which receivers read in `webhook-id`: the same for all whom it goes to.
    pub message: MessageId,
    /// The kind of the event; `ping` for a test, `mail` for a mail.
    pub kind: String,
    /// Whom it concerns; absent when it is the host's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// The webhook that it goes to; absent for a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<EndpointId>,
    /// The address that it goes to; absent for a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was sent.
    pub attempts: u32,
    /// When it is sent next; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<At>,
    /// Why it was not accepted, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was put on its way.
    pub created_at: At,
}

/// `GET /v1/deliveries/{delivery}`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct DeliveryHistory {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Every attempt at it, in order.
    pub history: Vec<DeliveryAttempt>,
}

/// One attempt at a delivery.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct DeliveryAttempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub at: At,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// The status that came back, of HTTP or SMTP; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it failed; absent when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of the answer, 1 KiB at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}
