//! Messages on their way, and what became of them.

use serde_json::json;
use types::{DispatchId, EndpointId, MessageId, OrganisationId, Timestamp};

use crate::delivery::Delivery;
use crate::error::DeliveryError;
use crate::sql::dispatches;
use crate::sql::outbox::{self, By};

/// Where a message stands on its way to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is sent when its time comes.
    Waiting,
    /// It was accepted.
    Delivered,
    /// It was not, and is not sent any more: a dead letter.
    Dead,
}

impl Status {
    /// The word in the file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Delivered => "DELIVERED",
            Self::Dead => "DEAD",
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        match text {
            "WAITING" => Self::Waiting,
            "DELIVERED" => Self::Delivered,
            _ => Self::Dead,
        }
    }
}

/// Whom a message goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// An endpoint, which may be deleted by now.
    Endpoint(EndpointId),
    /// A mail address.
    Address(String),
}

/// A message on its way to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Its id.
    pub id: DispatchId,
    /// The message: the receiver's `webhook-id`.
    pub message: MessageId,
    /// The kind of the event, or `mail`.
    pub kind: String,
    /// Whom it concerns.
    pub organisation: Option<OrganisationId>,
    /// Whom it goes to.
    pub recipient: Recipient,
    /// Where it stands.
    pub status: Status,
    /// How often it was sent.
    pub attempts: u32,
    /// When it is sent next. `None`: it is not.
    pub due_at: Option<Timestamp>,
    /// Why it was not accepted, the last time.
    pub why: Option<String>,
    /// When it was put on its way.
    pub created_at: Timestamp,
}

/// One attempt at sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// The status that came back, if one did: of HTTP or SMTP.
    pub status: Option<u16>,
    /// Why it failed. `None`: it was accepted.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

/// Which dispatches are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DispatchQuery {
    /// Of one organisation.
    pub organisation: Option<OrganisationId>,
    /// To one endpoint.
    pub endpoint: Option<EndpointId>,
    /// Where they stand.
    pub status: Option<Status>,
    /// Older than this one.
    pub before: Option<DispatchId>,
    /// How many at most.
    pub limit: u32,
}

impl Delivery {
    /// Dispatches, the newest first.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn dispatches(&self, query: DispatchQuery) -> Result<Vec<Dispatch>, DeliveryError> {
        Ok(self.0.store.read(move |db| dispatches::list(db, &query)).await?)
    }

    /// One dispatch, with its attempts.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn dispatch(&self, id: DispatchId) -> Result<Option<(Dispatch, Vec<Attempt>)>, DeliveryError> {
        Ok(self.0.store.read(move |db| dispatches::find(db, id)).await?)
    }

    /// Puts a message that was delivered or is a dead letter on its way again, at once and with all its tries.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::NotFound`], and [`DeliveryError::Conflict`] when it is on its way or nothing is left to be sent;
    /// else the file took nothing.
    pub async fn redeliver(&self, actor: String, id: DispatchId) -> Result<Dispatch, DeliveryError> {
        let by = By { actor, at: self.0.clock.now() };
        let again = self.0.store.write(move |db| {
            let (known, _) = dispatches::find(db, id)?.ok_or_else(|| DeliveryError::missing("delivery", &id))?;
            if known.status == Status::Waiting {
                return Err(DeliveryError::Conflict("it is on its way"));
            }
            if !dispatches::again(db, id, by.at)? {
                return Err(DeliveryError::Conflict(
                    "a mail is not kept once it was accepted: nothing is left to be sent",
                ));
            }
            outbox::act(db, &by, ("delivery.redeliver", &id), (Some(json!({})), Some(json!({}))))?;
            let found = dispatches::find(db, id)?.ok_or_else(|| DeliveryError::missing("delivery", &id))?;
            Ok(found.0)
        });
        let again = again.await?;
        self.0.due.notify_one();
        self.0.news.notify_one();
        Ok(again)
    }
}
