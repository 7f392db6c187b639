//! Where organisations and their apps want to be told, and of what.

use std::time::Duration;

use egress::Target;
use http::Method;
use serde_json::json;
use types::{AppId, EndpointId, OrganisationId, SecretValue, Timestamp};

use crate::delivery::Delivery;
use crate::error::DeliveryError;
use crate::sign::new_secret;
use crate::sql::endpoints::{self, Row};
use crate::sql::outbox::{self, By};

/// Every kind of event that an endpoint can ask for.
pub const EVENTS: &[&str] = &["execution.succeeded", "execution.failed", "execution.timed_out", "execution.aborted"];
/// The kind of a message that only tries an endpoint.
pub const PING: &str = "ping";
/// All kinds, those of later versions too.
const ALL: &str = "*";
/// Endpoints of an organisation, and of each of its apps.
const ENDPOINTS_MAX: usize = 20;
/// Characters of a URL: more than any service gives out.
const URL_MAX: usize = 2_048;
/// Characters of a description.
const DESCRIPTION_MAX: usize = 200;
/// How long a former secret may go on signing.
const OVERLAP_MAX: Duration = Duration::from_hours(7 * 24);

/// An endpoint, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The app of that organisation whose matters it is told of; `None`: those of the organisation.
    pub app: Option<AppId>,
    /// Where messages go.
    pub url: String,
    /// The kinds of events that it is told of, or `*`.
    pub events: Vec<String>,
    /// What people call it. May be empty.
    pub description: String,
    /// Since when nothing is sent there, and why. `None`: messages are sent.
    pub disabled: Option<(Timestamp, String)>,
    /// Until when a former secret signs too.
    pub former_until: Option<Timestamp>,
    /// One more with each change.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An endpoint to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Whose it becomes.
    pub organisation: OrganisationId,
    /// The app of that organisation whose matters it is told of; `None`: those of the organisation.
    pub app: Option<AppId>,
    /// Where messages go.
    pub url: String,
    /// The kinds of events that it is told of, or `*`.
    pub events: Vec<String>,
    /// What people call it.
    pub description: String,
}

/// Which endpoints, in the order of their ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointQuery {
    /// Those of one organisation and of its apps, or everyone's.
    pub organisation: Option<OrganisationId>,
    /// Those of one app alone.
    pub app: Option<AppId>,
    /// Those after this one.
    pub after: Option<EndpointId>,
    /// So many at most.
    pub limit: u32,
}

/// What is to be different. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// The kinds of events.
    pub events: Option<Vec<String>>,
    /// What people call it.
    pub description: Option<String>,
    /// Whether messages are sent there.
    pub is_enabled: Option<bool>,
}

/// Where the secret of an endpoint is sealed.
pub(crate) fn place(id: EndpointId) -> String {
    format!("delivery endpoint {id}")
}

impl Delivery {
    /// The endpoints that a query asks for.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn endpoints(&self, query: EndpointQuery) -> Result<Vec<Endpoint>, DeliveryError> {
        Ok(self.0.store.read(move |db| endpoints::list(db, &query)).await?)
    }

    /// One endpoint.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, DeliveryError> {
        let row = self.0.store.read(move |db| endpoints::find(db, id)).await?;
        Ok(row.map(|row| row.endpoint))
    }

    /// Makes an endpoint, and answers with its secret; or finds the one with the URL, brings it up to date and answers
    /// without. `actor`: the id of the token.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::Invalid`] and [`DeliveryError::Unfit`] name the field; else the file took nothing.
    pub async fn set_endpoint(
        &self,
        actor: String,
        new: NewEndpoint,
    ) -> Result<(Endpoint, Option<SecretValue>), DeliveryError> {
        check_events(&new.events)?;
        check_description(&new.description)?;
        self.check_url(&new.url)?;
        let by = By { actor, at: self.0.clock.now() };
        let (id, secret) = (EndpointId::generate(by.at), new_secret());
        let sealed = self.0.seal.seal(&place(id), &secret)?;
        let (endpoint, is_new) = self
            .0
            .store
            .write(move |db| {
                let change = EndpointChange {
                    events: Some(new.events.clone()),
                    description: Some(new.description.clone()),
                    is_enabled: None,
                };
                if let Some(known) = endpoints::find_url(db, &new)? {
                    return Ok((endpoints::apply(db, &by, &known, &change)?, false));
                }
                if endpoints::count(db, &new)? >= ENDPOINTS_MAX {
                    let why =
                        format!("an organisation, or an app, has at most {ENDPOINTS_MAX} webhooks: delete one first");
                    return Err(DeliveryError::unfit("url", why));
                }
                endpoints::insert(db, id, &new, &sealed, by.at)?;
                // Not its URL: that may let its bearer in.
                let after = json!({ "organisation": new.organisation, "app": new.app, "events": new.events });
                outbox::act(db, &by, ("webhook.create", &id), (None, Some(after)))?;
                let made = endpoints::find(db, id)?.ok_or_else(|| DeliveryError::missing("webhook", &id))?;
                Ok((made.endpoint, true))
            })
            .await?;
        self.0.news.notify_one();
        Ok((endpoint, is_new.then_some(secret)))
    }

    /// Changes an endpoint. `revisions`: those of which it must have one, if its author insists.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::NotFound`], [`DeliveryError::Changed`], [`DeliveryError::Invalid`] and [`DeliveryError::Unfit`]; else the file took nothing.
    pub async fn change_endpoint(
        &self,
        actor: String,
        id: EndpointId,
        change: EndpointChange,
        revisions: Option<Vec<u64>>,
    ) -> Result<Endpoint, DeliveryError> {
        change.events.as_deref().map_or(Ok(()), check_events)?;
        change.description.as_deref().map_or(Ok(()), check_description)?;
        let by = By { actor, at: self.0.clock.now() };
        let changed = self.0.store.write(move |db| {
            let known = current(db, id, revisions.as_deref())?;
            Ok::<_, DeliveryError>(endpoints::apply(db, &by, &known.endpoint, &change)?)
        });
        let changed = changed.await?;
        self.0.news.notify_one();
        Ok(changed)
    }

    /// Deletes an endpoint. What is on its way there becomes dead letters.
    ///
    /// # Errors
    ///
    /// As for [`Self::change_endpoint`].
    pub async fn delete_endpoint(
        &self,
        actor: String,
        id: EndpointId,
        revisions: Option<Vec<u64>>,
    ) -> Result<Endpoint, DeliveryError> {
        let by = By { actor, at: self.0.clock.now() };
        let deleted = self.0.store.write(move |db| {
            let known = current(db, id, revisions.as_deref())?.endpoint;
            endpoints::delete(db, id)?;
            let before = json!({ "organisation": known.organisation, "app": known.app, "events": known.events });
            outbox::act(db, &by, ("webhook.delete", &id), (Some(before), None))?;
            Ok::<_, DeliveryError>(known)
        });
        let deleted = deleted.await?;
        self.0.news.notify_one();
        Ok(deleted)
    }

    /// Draws a new secret for an endpoint, and answers with it. The one before signs beside it for `overlap`, a week at
    /// most; one that was still signing from an earlier time ends now.
    ///
    /// # Errors
    ///
    /// As for [`Self::change_endpoint`].
    pub async fn rotate_endpoint(
        &self,
        actor: String,
        id: EndpointId,
        overlap: Duration,
    ) -> Result<(Endpoint, SecretValue), DeliveryError> {
        if overlap > OVERLAP_MAX {
            return Err(DeliveryError::unfit("retire_at", "a former secret signs for a week at most"));
        }
        let by = By { actor, at: self.0.clock.now() };
        let secret = new_secret();
        let sealed = self.0.seal.seal(&place(id), &secret)?;
        let rotated = self.0.store.write(move |db| {
            current(db, id, None)?;
            let until = (!overlap.is_zero()).then(|| by.at.after(overlap));
            endpoints::rotate(db, id, &sealed, until)?;
            outbox::act(
                db,
                &by,
                ("webhook.rotate", &id),
                (Some(json!({})), Some(json!({ "former_until": until.map(|at| at.to_string()) }))),
            )?;
            Ok::<_, DeliveryError>(current(db, id, None)?.endpoint)
        });
        let rotated = rotated.await?;
        self.0.news.notify_one();
        Ok((rotated, secret))
    }

    fn check_url(&self, url: &str) -> Result<(), DeliveryError> {
        if url.len() > URL_MAX {
            return Err(DeliveryError::invalid("url", format!("has more than {URL_MAX} characters")));
        }
        let target = Target::parse(url).map_err(|error| DeliveryError::unfit("url", error.to_string()))?;
        self.0.egress.allows(&Method::POST, &target).map_err(|denied| {
            let why =
                format!("the operator lets no webhook go there ({denied}): use https and port 443, or ask for it");
            DeliveryError::unfit("url", why)
        })
    }
}

/// The endpoint as its author saw it.
fn current(db: &rusqlite::Connection, id: EndpointId, revisions: Option<&[u64]>) -> Result<Row, DeliveryError> {
    let known = endpoints::find(db, id)?.ok_or_else(|| DeliveryError::missing("webhook", &id))?;
    if revisions.is_some_and(|revisions| !revisions.contains(&known.endpoint.revision)) {
        return Err(DeliveryError::Changed);
    }
    Ok(known)
}

fn check_events(events: &[String]) -> Result<(), DeliveryError> {
    let known = |event: &String| event == ALL || EVENTS.contains(&&**event);
    if events.is_empty() {
        return Err(DeliveryError::invalid("events", "name at least one kind, or `*` for all"));
    }
    if events.len() > EVENTS.len() || !events.iter().all(known) {
        let why = format!("are `*` for all, or some of: {}", EVENTS.join(", "));
        return Err(DeliveryError::unfit("events", why));
    }
    Ok(())
}

fn check_description(text: &str) -> Result<(), DeliveryError> {
    if text.chars().count() > DESCRIPTION_MAX || text.chars().any(char::is_control) {
        return Err(DeliveryError::invalid(
            "description",
            format!("is one line of {DESCRIPTION_MAX} characters at most"),
        ));
    }
    Ok(())
}

impl Endpoint {
    /// Whether it is told of events of this kind.
    pub fn wants(&self, kind: &str) -> bool {
        self.disabled.is_none() && self.events.iter().any(|event| event == ALL || event == kind)
    }
}
