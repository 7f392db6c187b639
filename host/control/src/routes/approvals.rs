//! Approvals: the list for owners, and the page on which somebody decides.

use axum::extract::{Path as Token, Request, State};
use axum::response::Response;
use catalog::Scope;
use delivery::{Approval, ApprovalQuery, ApprovalStatus, Decision, DeliveryError};
use http::StatusCode;
use types::{KeyKind, SecretKey, Timestamp};

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::page::{Form, escape, failed, nothing, page};
use crate::read::Query;
use crate::refusal::chain;

/// `GET /v1/approvals`, the newest first. Links of open ones are for who may do more than look: they decide.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ApprovalQuery>,
) -> Answer<api::Page<api::Approval>> {
    let limit = page_limit(query.limit)?;
    let delivery = &desk.house.delivery;
    let asked = ApprovalQuery {
        organisation: caller.only(&desk.house.catalog.snapshot(), query.organisation.as_deref())?,
        status: query.status.map(|status| match status {
            api::ApprovalStatus::Open => ApprovalStatus::Open,
            api::ApprovalStatus::Approved => ApprovalStatus::Approved,
            api::ApprovalStatus::Rejected => ApprovalStatus::Rejected,
            api::ApprovalStatus::Expired => ApprovalStatus::Expired,
            api::ApprovalStatus::Closed => ApprovalStatus::Closed,
        }),
        before: query.after,
        limit: limit.saturating_add(1),
    };
    let mut found = delivery.approvals(asked).await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { found.last().map(|one| one.id.to_string()) } else { None };
    let mut items = Vec::with_capacity(found.len());
    for approval in found {
        let is_open = approval.status == ApprovalStatus::Open;
        let may_decide = is_open && caller.principal().scopes.has(Scope::Manage);
        let link = if may_decide { delivery.approval_url(approval.id).await? } else { None };
        items.push(shown(approval, link));
    }
    Ok(Reply::Found(api::Page { items, next }))
}

/// `GET /approvals/{token}`: what is asked. Looking decides nothing.
pub(crate) async fn look(State(desk): State<Desk>, Token(token): Token<String>) -> Response {
    match find(&desk, &token).await {
        Ok(Some(approval)) => render(&approval, desk.house.clock.now(), StatusCode::OK, &Filled::default()),
        Ok(None) => nothing(),
        Err(error) => broken(&error),
    }
}

/// `POST /approvals/{token}`: decides. The token in the address is what nobody else has, so no other site can send this.
pub(crate) async fn decide(State(desk): State<Desk>, Token(token): Token<String>, request: Request) -> Response {
    let Some(secret) = SecretKey::parse(&token, KeyKind::Approval) else { return nothing() };
    let Some(form) = Form::read(request).await else {
        return page(StatusCode::BAD_REQUEST, "This could not be read", "<p>Open the link again, and write less.</p>");
    };
    let is_approved = match form.field("decision") {
        "approve" => true,
        "reject" => false,
        _ => return page(StatusCode::BAD_REQUEST, "This could not be read", "<p>Open the link again.</p>"),
    };
    let decision =
        Decision { is_approved, by: form.field("name").to_owned(), comment: form.field("comment").to_owned() };
    match desk.house.delivery.decide(&secret, decision).await {
        Ok((approval, _)) => render(&approval, desk.house.clock.now(), StatusCode::OK, &Filled::default()),
        Err(DeliveryError::NotFound { .. }) => nothing(),
        Err(DeliveryError::Invalid { why, .. }) => match find(&desk, &token).await {
            Ok(Some(approval)) => {
                let filled = Filled { wrong: &why, name: form.field("name"), comment: form.field("comment") };
                render(&approval, desk.house.clock.now(), StatusCode::BAD_REQUEST, &filled)
            }
            Ok(None) => nothing(),
            Err(error) => broken(&error),
        },
        Err(error) => broken(&error),
    }
}

/// What the form shows again when something in it was wrong.
#[derive(Default)]
struct Filled<'a> {
    wrong: &'a str,
    name: &'a str,
    comment: &'a str,
}

async fn find(desk: &Desk, token: &str) -> Result<Option<Approval>, DeliveryError> {
    let Some(secret) = SecretKey::parse(token, KeyKind::Approval) else { return Ok(None) };
    Ok(desk.house.delivery.approval_behind(&secret).await?.map(|(approval, _)| approval))
}

fn broken(error: &DeliveryError) -> Response {
    tracing::error!(cause = chain(error), "an approval could not be looked at or decided");
    failed()
}

fn render(approval: &Approval, now: Timestamp, status: StatusCode, filled: &Filled<'_>) -> Response {
    let question = &approval.question;
    let mut body = String::new();
    for line in question.question.lines().filter(|line| !line.is_empty()) {
        body.push_str(&format!("<p>{}</p>", escape(line)));
    }
    body.push_str(&format!("<dl><dt>Asked by</dt><dd>{}</dd>", escape(&question.asked_by)));
    body.push_str(&format!("<dt>Asked at</dt><dd>{}</dd>", shown_at(approval.created_at)));
    if let Some(details) = &question.details {
        let text = serde_json::to_string_pretty(details).unwrap_or_default();
        body.push_str(&format!("<dt>Details</dt><dd><pre>{}</pre></dd>", escape(&text)));
    }
    body.push_str("</dl>");
    if approval.status == ApprovalStatus::Open && now < approval.expires_at {
        body.push_str(&form(approval, filled));
    } else {
        body.push_str(&outcome(approval));
    }
    page(status, &question.title, &body)
}

fn form(approval: &Approval, filled: &Filled<'_>) -> String {
    let wrong = if filled.wrong.is_empty() {
        String::new()
    } else {
        format!("<p class=\"wrong\" role=\"alert\">{}</p>", escape(filled.wrong))
    };
    format!(
        "{wrong}<form method=\"post\"><label for=\"name\">Your name</label>\
         <input id=\"name\" name=\"name\" required maxlength=\"100\" autocomplete=\"name\" value=\"{}\">\
         <label for=\"comment\">Comment (may be empty)</label>\
         <textarea id=\"comment\" name=\"comment\" rows=\"4\" maxlength=\"2000\">{}</textarea>\
         <button class=\"yes\" name=\"decision\" value=\"approve\">Approve</button>\
         <button name=\"decision\" value=\"reject\">Reject</button></form>\
         <p>You can decide until {}. Your name, your comment and the time are recorded.</p>",
        escape(filled.name),
        escape(filled.comment),
        shown_at(approval.expires_at)
    )
}

fn outcome(approval: &Approval) -> String {
    let word = match approval.status {
        ApprovalStatus::Approved => "Approved",
        ApprovalStatus::Rejected => "Rejected",
        ApprovalStatus::Closed => "This is not asked any more: the execution has ended.",
        ApprovalStatus::Expired | ApprovalStatus::Open => "Nobody has decided in time.",
    };
    let Some(decided) = &approval.decided else { return format!("<p><strong>{word}</strong></p>") };
    let comment = if decided.comment.is_empty() {
        String::new()
    } else {
        format!("<dt>Comment</dt><dd>{}</dd>", escape(&decided.comment))
    };
    let late = if approval.was_late { "<p>The execution did not wait for it any more.</p>" } else { "" };
    format!(
        "<p role=\"status\"><strong>{word}</strong></p><dl><dt>By</dt><dd>{}</dd><dt>At</dt><dd>{}</dd>{comment}</dl>{late}",
        escape(&decided.by),
        shown_at(decided.at)
    )
}

/// A moment to the second, for people.
fn shown_at(at: Timestamp) -> String {
    let text = at.to_string();
    let whole = text.split(['.', 'Z']).next().unwrap_or_default().replace('T', " ");
    format!("{} UTC", escape(&whole))
}

fn shown(approval: Approval, link: Option<String>) -> api::Approval {
    let question = approval.question;
    api::Approval {
        id: approval.id,
        organisation: approval.organisation,
        execution: approval.execution,
        state: approval.state,
        title: question.title,
        question: question.question,
        details: question.details,
        asked_by: question.asked_by,
        approvers: question.approvers,
        status: match approval.status {
            ApprovalStatus::Open => api::ApprovalStatus::Open,
            ApprovalStatus::Approved => api::ApprovalStatus::Approved,
            ApprovalStatus::Rejected => api::ApprovalStatus::Rejected,
            ApprovalStatus::Expired => api::ApprovalStatus::Expired,
            ApprovalStatus::Closed => api::ApprovalStatus::Closed,
        },
        created_at: approval.created_at.into(),
        expires_at: approval.expires_at.into(),
        reminders: approval.reminders,
        decided: approval.decided.map(|decided| api::Decided {
            at: decided.at.into(),
            by: decided.by,
            address: decided.address,
            comment: decided.comment,
        }),
        late: approval.was_late,
        link,
    }
}
