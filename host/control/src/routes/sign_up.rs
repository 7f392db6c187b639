//! Signing up with proof of a mail address, where the operator lets people: an invitation comes by mail, and whoever has it is
//! in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path as Token, Request, State};
use axum::response::Response;
use catalog::{Accept, Accepted, Actor, CatalogError};
use delivery::Letter;
use http::StatusCode;
use types::{Code, Digest, KeyKind, Moment, SecretKey};

use super::{Answer, Reply};
use crate::house::Desk;
use crate::page::{Form, escape, failed, nothing, page};
use crate::read::Body;
use crate::refusal::{Refusal, chain};

/// How long an invitation by mail counts.
const OPEN: Duration = Duration::from_hours(24);
/// How long an address gets no second mail.
const AGAIN_AFTER: Duration = Duration::from_mins(10);
/// Mails in [`WINDOW`], to all addresses.
const MAILS_MAX: usize = 60;
/// How far back mails are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// Who was sent a mail lately, by digest of the address. Held for one look, never over an await.
#[derive(Clone, Default)]
pub(crate) struct Lately(Arc<Mutex<VecDeque<(Moment, Digest)>>>);

/// What is to be done about somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Send,
    /// He has a mail already.
    Has,
    /// Too many have asked.
    Full,
}

impl Lately {
    fn ask(&self, address: &str, now: Moment) -> Turn {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while lately.front().is_some_and(|(at, _)| now.since(*at) >= WINDOW) {
            lately.pop_front();
        }
        let digest = Digest::of(address.to_ascii_lowercase().as_bytes());
        if lately.iter().any(|(at, known)| *known == digest && now.since(*at) < AGAIN_AFTER) {
            return Turn::Has;
        }
        if lately.len() >= MAILS_MAX {
            return Turn::Full;
        }
        lately.push_back((now, digest));
        Turn::Send
    }
}

/// `POST /v1/sign-up`: sends an invitation. The answer is the same, whether the address was known or not.
pub(crate) async fn ask(State(desk): State<Desk>, Body(new): Body<api::SignUp>) -> Answer<api::SignUpSent> {
    let house = &desk.house;
    if !desk.settings.sign_up_by_mail || !house.delivery.sends_mail() {
        return Err(Refusal::because(Code::Forbidden, "nobody signs up here without an operator's invitation"));
    }
    delivery::check_address(&new.address)?;
    match desk.sign_ups.ask(&new.address, house.clock.moment()) {
        Turn::Has => {}
        Turn::Full => {
            return Err(Refusal::because(
                Code::RateLimited,
                "too many people sign up at the moment: try again in an hour",
            ));
        }
        Turn::Send => {
            let end = house.clock.now().after(OPEN);
            let (id, secret) = house.catalog.invite(Actor::Host, end).await?;
            house.delivery.mail(letter(&desk, &id.to_string(), &new.address, &secret)).await?;
        }
    }
    Ok(Reply::Found(api::SignUpSent { valid_for_s: OPEN.as_secs() }))
}

fn letter(desk: &Desk, id: &str, address: &str, secret: &SecretKey) -> Letter {
    let url = desk.settings.public_url.trim_end_matches('/');
    let text = format!(
        "Somebody, most likely you, asked to sign up at {url} with this address.\n\n\
         Go on here, within a day:\n\n    {url}/sign-up/{}\n\n\
         If it was not you, do nothing: nothing was made.\n",
        secret.reveal()
    );
    Letter {
        source: format!("sign-up {id}"),
        organisation: None,
        address: address.to_owned(),
        subject: "Go on with signing up".to_owned(),
        text,
    }
}

/// `GET /sign-up/{token}`: asks for names. It uses nothing up.
pub(crate) async fn look(State(desk): State<Desk>, Token(token): Token<String>) -> Response {
    if !desk.settings.sign_up_by_mail || SecretKey::parse(&token, KeyKind::Invitation).is_none() {
        return nothing();
    }
    page(StatusCode::OK, "Sign up", &form("", "", ""))
}

/// `POST /sign-up/{token}`: makes an organisation, an app, a key and a token, and shows them this once.
pub(crate) async fn accept(State(desk): State<Desk>, Token(token): Token<String>, request: Request) -> Response {
    let Some(invitation) = SecretKey::parse(&token, KeyKind::Invitation).filter(|_| desk.settings.sign_up_by_mail)
    else {
        return nothing();
    };
    let Some(fields) = Form::read(request).await else {
        return page(StatusCode::BAD_REQUEST, "This could not be read", "<p>Open the link again.</p>");
    };
    let (organisation, app) = (fields.field("organisation").trim(), fields.field("app").trim());
    let accept = Accept { invitation, organisation: organisation.to_owned(), app: app.to_owned() };
    let why = match desk.house.catalog.accept_invitation(accept).await {
        Ok(made) => return welcome(&made),
        Err(CatalogError::NotInvited) => return nothing(),
        Err(CatalogError::Exists { .. }) => "An organisation of that name is there already: choose another.".to_owned(),
        Err(CatalogError::Invalid { field, why } | CatalogError::Unfit { field, why }) => format!("{field}: {why}"),
        Err(error) => {
            tracing::error!(cause = chain(&error), "somebody could not sign up");
            return failed();
        }
    };
    page(StatusCode::BAD_REQUEST, "Sign up", &form(&why, organisation, app))
}

fn form(wrong: &str, organisation: &str, app: &str) -> String {
    let wrong = if wrong.is_empty() {
        String::new()
    } else {
        format!("<p class=\"wrong\" role=\"alert\">{}</p>", escape(wrong))
    };
    format!(
        "{wrong}<form method=\"post\"><label for=\"organisation\">Your organisation's name</label>\
         <input id=\"organisation\" name=\"organisation\" required maxlength=\"100\" value=\"{}\">\
         <label for=\"app\">Your first app's name</label>\
         <input id=\"app\" name=\"app\" required maxlength=\"100\" value=\"{}\">\
         <button class=\"yes\">Sign up</button></form>",
        escape(organisation),
        escape(app)
    )
}

fn welcome(made: &Accepted) -> Response {
    let body = format!(
        "<p>These are shown this once. Keep them where nobody else reads them.</p>\
         <dl><dt>The key of your app, for calls</dt><dd><pre>{}</pre></dd>\
         <dt>Your token, for the control plane</dt><dd><pre>{}</pre></dd>\
         <dt>Your organisation</dt><dd>{}</dd><dt>Your app</dt><dd>{}</dd></dl>",
        escape(made.key.1.reveal()),
        escape(made.token.1.reveal()),
        escape(&made.organisation.to_string()),
        escape(&made.app.to_string())
    );
    page(StatusCode::CREATED, "Welcome", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_no_second_mail_at_once_and_there_is_an_end_to_mails() {
        let (lately, start) = (Lately::default(), Moment::default());
        assert_eq!(lately.ask("anna@example.com", start), Turn::Send);
        assert_eq!(lately.ask("Anna@Example.com", start), Turn::Has);
        assert_eq!(lately.ask("anna@example.com", start.after(AGAIN_AFTER)), Turn::Send);
        for n in 2..MAILS_MAX {
            assert_eq!(lately.ask(&format!("{n}@example.com"), start), Turn::Send);
        }
        assert_eq!(lately.ask("one-more@example.com", start), Turn::Full);
        assert_eq!(lately.ask("one-more@example.com", start.after(WINDOW)), Turn::Send);
    }
}
