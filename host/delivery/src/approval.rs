//! What people are asked before a task of an execution goes on.
//!
//! An approval is a row with a time at which it has to be looked at, and links that each let one person in. Whoever decides first
//! decides; what follows, for the execution and the audit chain, is in the outbox of the same transaction.

mod ask;
mod clockwork;
mod decide;
mod letters;

use std::time::Duration;

use serde_json::Value;
use types::{ApprovalId, ApprovalLinkId, OrganisationId, SecretKey, Timestamp};

pub use self::ask::{Ask, AskError, Question};
pub(crate) use self::clockwork::{next_look, run};
pub use self::decide::{Answer, Decision, Told};

use crate::delivery::Delivery;
use crate::error::DeliveryError;
use crate::sql::approvals;

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// Somebody is waited for.
    Open,
    /// Somebody has approved.
    Approved,
    /// Somebody has rejected.
    Rejected,
    /// Nobody has decided in time.
    Expired,
    /// The execution ended otherwise.
    Closed,
}

impl ApprovalStatus {
    /// The word in the file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Closed => "CLOSED",
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        match text {
            "OPEN" => Self::Open,
            "APPROVED" => Self::Approved,
            "REJECTED" => Self::Rejected,
            "EXPIRED" => Self::Expired,
            _ => Self::Closed,
        }
    }
}

/// An approval.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Whose execution asks.
    pub organisation: OrganisationId,
    /// Its ARN.
    pub execution: String,
    /// The state that asks.
    pub state: String,
    /// What is asked.
    pub question: Question,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when somebody may decide.
    pub expires_at: Timestamp,
    /// How often those who are asked were reminded.
    pub reminders: u32,
    /// Who decided and when, once somebody has.
    pub decided: Option<Decided>,
    /// The execution did not wait for it any more.
    pub was_late: bool,
}

/// Who decided an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// When.
    pub at: Timestamp,
    /// The name that was given.
    pub by: String,
    /// Whose link it was, if it was somebody's own.
    pub address: Option<String>,
    /// What was said to it. May be empty.
    pub comment: String,
}

/// A way in.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: ApprovalLinkId,
    pub(crate) address: Option<String>,
    pub(crate) secret: Vec<u8>,
}

/// Which approvals are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApprovalQuery {
    /// Of one organisation.
    pub organisation: Option<OrganisationId>,
    /// Where they stand.
    pub status: Option<ApprovalStatus>,
    /// Older than this one.
    pub before: Option<ApprovalId>,
    /// How many at most.
    pub limit: u32,
}

/// Where the token of an approval's task is sealed.
pub(crate) fn token_place(id: ApprovalId) -> String {
    format!("delivery approval {id}")
}

/// Where the secret of a link is sealed.
pub(crate) fn link_place(id: ApprovalLinkId) -> String {
    format!("delivery approval link {id}")
}

impl Delivery {
    /// Approvals, the newest first.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn approvals(&self, query: ApprovalQuery) -> Result<Vec<Approval>, DeliveryError> {
        Ok(self.0.store.read(move |db| approvals::list(db, query)).await?)
    }

    /// The approval that a link leads to, and whose link it is.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn approval_behind(
        &self,
        secret: &SecretKey,
    ) -> Result<Option<(Approval, Option<String>)>, DeliveryError> {
        let sha256 = *secret.digest().as_bytes();
        Ok(self
            .0
            .store
            .read(move |db| approvals::behind(db, &sha256))
            .await?
            .map(|(approval, link)| (approval, link.address)))
    }

    /// The URL at which an open approval is decided, for somebody who is shown the list. `None`: it is not open.
    ///
    /// # Errors
    ///
    /// The file could not be read, or the link not with this host's key.
    pub async fn approval_url(&self, id: ApprovalId) -> Result<Option<String>, DeliveryError> {
        let link = self.0.store.read(move |db| approvals::open_link(db, id)).await?;
        link.map(|link| self.0.url(&link)).transpose()
    }

    /// Ends the open approvals of an execution that has ended; how many.
    ///
    /// # Errors
    ///
    /// The file took nothing.
    pub async fn close_approvals(&self, execution: String) -> Result<usize, DeliveryError> {
        let now = self.0.clock.now();
        // Nearly every execution has none: that is no reason to commit.
        let looked = execution.clone();
        if !self.0.store.read(move |db| approvals::has_open(db, &looked)).await? {
            return Ok(0);
        }
        let closed = self.0.store.write(move |db| approvals::close(db, &execution, now).map_err(DeliveryError::from));
        Ok(closed.await?)
    }
}

impl crate::delivery::House {
    /// The URL of a link.
    pub(crate) fn url(&self, link: &Link) -> Result<String, DeliveryError> {
        let secret = self.seal.open(&link_place(link.id), &link.secret)?;
        Ok(format!("{}/approvals/{}", self.settings.public_url.trim_end_matches('/'), secret.reveal()))
    }
}

/// What JSON says in a time of whole seconds, from a minute to a year.
pub(crate) fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_u64()?;
    (60..=366 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}
