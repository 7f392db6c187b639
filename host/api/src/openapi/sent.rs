//! The routes about what the host sends by itself, and whom it asks.

use types::Code;

use super::operation::Access::{Manage, Open, Read};
use super::operation::Operation;
use crate::{
    Approval, ApprovalQuery, Delivery, DeliveryHistory, DeliveryQuery, NewWebhook, Page, Rotate, SignUp, SignUpSent,
    Webhook, WebhookChange, WebhookQuery,
};

/// Webhooks, deliveries, approvals, and signing up by mail.
pub(super) fn operations() -> Vec<Operation> {
    let (webhook, delivery) = ("/v1/webhooks/{webhook}", "/v1/deliveries/{delivery}");
    vec![
        Operation::new("GET", "/v1/webhooks", Read, "Lists webhooks, without their secrets")
            .query::<WebhookQuery>()
            .answers::<Page<Webhook>>()
            .refuses(&[Code::NotFound]),
        Operation::new("POST", "/v1/webhooks", Manage, "Makes a webhook, or brings the one with the URL up to date")
            .takes::<NewWebhook>()
            .makes_or_finds::<Webhook>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", webhook, Read, "Shows a webhook").answers::<Webhook>().tagged(),
        Operation::new(
            "PATCH",
            webhook,
            Manage,
            "Changes a webhook: its events, its description, whether it is enabled",
        )
        .may_take::<WebhookChange>()
        .answers::<Webhook>()
        .tagged()
        .may_match()
        .refuses(&[Code::Unprocessable]),
        Operation::new("DELETE", webhook, Manage, "Deletes a webhook: what is on its way there becomes dead letters")
            .answers::<Webhook>()
            .may_match(),
        Operation::new("POST", "/v1/webhooks/{webhook}/rotate", Manage, "Draws a new secret for a webhook")
            .may_take::<Rotate>()
            .answers::<Webhook>()
            .tagged()
            .refuses(&[Code::Unprocessable]),
        Operation::new("POST", "/v1/webhooks/{webhook}/test", Manage, "Sends a webhook a message that only tries it")
            .makes::<Delivery>()
            .refuses(&[Code::Conflict]),
        Operation::new("GET", "/v1/deliveries", Read, "Lists what was sent and what is to be sent, the newest first")
            .query::<DeliveryQuery>()
            .answers::<Page<Delivery>>()
            .refuses(&[Code::NotFound]),
        Operation::new("GET", delivery, Read, "Shows a delivery and every attempt at it").answers::<DeliveryHistory>(),
        Operation::new("POST", "/v1/deliveries/{delivery}/redeliver", Manage, "Sends a message again, at once")
            .answers::<Delivery>()
            .refuses(&[Code::Conflict]),
        Operation::new("GET", "/v1/approvals", Read, "Lists what executions ask people, the newest first")
            .query::<ApprovalQuery>()
            .answers::<Page<Approval>>()
            .refuses(&[Code::NotFound]),
        Operation::new(
            "POST",
            "/v1/sign-up",
            Open,
            "Sends an invitation by mail, where the operator lets people sign up",
        )
        .takes::<SignUp>()
        .answers::<SignUpSent>()
        .refuses(&[Code::Forbidden, Code::RateLimited, Code::MeteringUnavailable, Code::Unprocessable]),
    ]
}
