//! What is to be said: events to webhooks, and letters to people.

use lettre::Address;
use serde_json::{Value, json};
use types::{AppId, DispatchId, EndpointId, MessageId, OrganisationId, SecretValue, Timestamp};

use crate::delivery::Delivery;
use crate::endpoint::PING;
use crate::error::DeliveryError;
use crate::sql::messages::{self, New};
use crate::sql::{endpoints, outbox::By};

/// Bytes of a message: the largest output of an execution, and what is around it.
const BODY_MAX: usize = 320 * 1_024;
/// Characters of a subject.
const SUBJECT_MAX: usize = 200;

/// Something that has happened to an organisation or to an app of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The outbox and the row that it comes from. The same once more changes nothing.
    pub source: String,
    /// Whom it concerns.
    pub organisation: OrganisationId,
    /// The app of that organisation that it concerns, whose endpoints alone are told; `None`: those that are no app's.
    pub app: Option<AppId>,
    /// Its kind, one of [`crate::EVENTS`].
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub data: Value,
}

/// A mail in plain text to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it comes from. The same once more, to the same address, changes nothing.
    pub source: String,
    /// Whom it concerns; operators alone see one that concerns nobody.
    pub organisation: Option<OrganisationId>,
    /// Where it goes.
    pub address: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Where a letter is sealed.
pub(crate) fn place(id: MessageId) -> String {
    format!("delivery message {id}")
}

/// A letter as it is sealed.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Sheet {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Delivery {
    /// Puts an event on its way to every endpoint that asks for it; how many those are. One that is too large is told
    /// without its data.
    ///
    /// # Errors
    ///
    /// The file took nothing.
    pub async fn publish(&self, event: Event) -> Result<usize, DeliveryError> {
        let now = self.0.clock.now();
        let count = self.0.store.write(move |db| {
            let wanting = endpoints::wanting(db, (event.organisation, event.app), &event.kind)?;
            if wanting.is_empty() {
                return Ok(0);
            }
            let new = New {
                id: MessageId::generate(now),
                source: Some(event.source.clone()),
                organisation: Some(event.organisation),
                kind: event.kind.clone(),
                body: body(&event.kind, event.at, &event.data),
                at: now,
            };
            messages::to_endpoints(db, &new, &wanting).map_err(DeliveryError::from)
        });
        let count = count.await?;
        self.0.due.notify_one();
        Ok(count)
    }

    /// Puts a message on its way that only tries an endpoint, whatever it asks for.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::NotFound`], and [`DeliveryError::Conflict`] when it is disabled; else the file took nothing.
    pub async fn test_endpoint(&self, actor: String, id: EndpointId) -> Result<DispatchId, DeliveryError> {
        let by = By { actor, at: self.0.clock.now() };
        let dispatch = self.0.store.write(move |db| {
            let endpoint = endpoints::find(db, id)?.ok_or_else(|| DeliveryError::missing("webhook", &id))?.endpoint;
            if endpoint.disabled.is_some() {
                return Err(DeliveryError::Conflict("the webhook is disabled: enable it first"));
            }
            let new = New {
                id: MessageId::generate(by.at),
                source: None,
                organisation: Some(endpoint.organisation),
                kind: PING.to_owned(),
                body: body(PING, by.at, &json!({ "webhook": id, "asked_by": by.actor })),
                at: by.at,
            };
            messages::insert(db, &new)?;
            Ok(messages::dispatch(db, &new, &id.to_string(), None)?)
        });
        let dispatch = dispatch.await?;
        self.0.due.notify_one();
        Ok(dispatch)
    }

    /// Whether the operator has named a server for mail.
    pub fn sends_mail(&self) -> bool {
        self.0.mailer.is_some()
    }

    /// Puts a letter on its way.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::NoMail`], and [`DeliveryError::Unfit`] for an address that is none; else the file took nothing.
    pub async fn mail(&self, letter: Letter) -> Result<(), DeliveryError> {
        let written = self.0.write_letter(letter)?;
        self.0.store.write(move |db| written.insert(db).map_err(DeliveryError::from)).await?;
        self.0.due.notify_one();
        Ok(())
    }
}

/// A letter that is sealed, and can be put on its way in any transaction.
pub(crate) struct Written {
    new: New,
    address: String,
}

impl Written {
    pub(crate) fn insert(&self, db: &rusqlite::Connection) -> rusqlite::Result<()> {
        if messages::insert(db, &self.new)? {
            messages::dispatch(db, &self.new, messages::MAIL, Some(&self.address))?;
        }
        Ok(())
    }
}

impl crate::delivery::House {
    /// Seals a letter.
    pub(crate) fn write_letter(&self, letter: Letter) -> Result<Written, DeliveryError> {
        if self.mailer.is_none() {
            return Err(DeliveryError::NoMail);
        }
        check_address(&letter.address)?;
        let one_line = letter.subject.chars().count() <= SUBJECT_MAX && !letter.subject.chars().any(char::is_control);
        if !one_line || letter.text.len() > BODY_MAX {
            return Err(DeliveryError::invalid("subject", "a letter has a subject of one line, and 320 KiB at most"));
        }
        let id = MessageId::generate(self.clock.now());
        let sheet = Sheet { subject: letter.subject, text: letter.text };
        let text = SecretValue::new(serde_json::to_string(&sheet).unwrap_or_default());
        let new = New {
            id,
            source: Some(format!("{} {}", letter.source, letter.address)),
            organisation: letter.organisation,
            kind: messages::MAIL.to_owned(),
            body: self.seal.seal(&place(id), &text)?,
            at: self.clock.now(),
        };
        Ok(Written { new, address: letter.address })
    }
}

/// Refuses what is no address of one person.
///
/// # Errors
///
/// [`DeliveryError::Unfit`].
pub fn check_address(address: &str) -> Result<(), DeliveryError> {
    if address.len() > 254 || address.parse::<Address>().is_err() {
        return Err(DeliveryError::unfit("address", "is no mail address such as anna@example.com"));
    }
    Ok(())
}

fn body(kind: &str, at: Timestamp, data: &Value) -> Vec<u8> {
    let whole = json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string().into_bytes();
    if whole.len() <= BODY_MAX {
        return whole;
    }
    json!({ "type": kind, "timestamp": at.to_string(), "data": null }).to_string().into_bytes()
}
