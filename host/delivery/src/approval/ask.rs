//! Asking: what a task says, and the rows and letters that come of it.

use std::time::Duration;

use serde_json::{Value, json};
use types::{ApprovalId, ApprovalLinkId, KeyKind, OrganisationId, SecretKey, SecretValue};

use super::{Link, letters, link_place, seconds, token_place};
use crate::delivery::{Delivery, House};
use crate::error::DeliveryError;
use crate::message::{Written, check_address};
use crate::sql::approvals::{self, New};
use crate::sql::outbox::{self, By};

/// How long an approval is open, when nobody says: a week.
const OPEN: Duration = Duration::from_hours(7 * 24);
/// Characters of a title and of who asks; of a question; bytes of details as JSON.
const LINE_MAX: usize = 200;
const TEXT_MAX: usize = 4_000;
const DETAILS_MAX: usize = 64 * 1_024;
/// Addresses that are asked, and as many that it is escalated to.
const ADDRESSES_MAX: usize = 20;

/// A task that asks.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose execution it is.
    pub organisation: OrganisationId,
    /// That organisation's number in ARNs.
    pub account: String,
    /// The region of the execution's ARN.
    pub region: String,
    /// The execution's ARN.
    pub execution: String,
    /// The state.
    pub state: String,
    /// The same for all attempts at one visit of the state. One that is asked anew closes the one before.
    pub invocation: String,
    /// From 1. The same attempt once more asks nobody again.
    pub attempt: u32,
    /// What the task says.
    pub input: Value,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A member of the task's input is missing or wrong.
    #[error("{member} {why}")]
    Member {
        /// Which.
        member: &'static str,
        /// What it must be.
        why: String,
    },
    /// The room could not.
    #[error("the approval could not be written")]
    Delivery(#[from] DeliveryError),
}

/// What is asked, as the task says it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Question {
    /// One line.
    pub title: String,
    /// More words. May be empty.
    pub question: String,
    /// What it is about, to be looked at.
    #[serde(default)]
    pub details: Option<Value>,
    /// Who asks.
    pub asked_by: String,
    /// Who is asked by mail.
    pub approvers: Vec<String>,
    /// Who is asked too, when those have not decided in time.
    pub escalate_to: Vec<String>,
    /// How long before they are, in seconds.
    pub escalate_after: Option<u64>,
    /// How often they are reminded, in seconds.
    pub remind_after: Option<u64>,
    /// How long somebody may decide, in seconds.
    pub expires_in: u64,
}

/// The members of a task's input.
const MEMBERS: [&str; 10] = [
    "TaskToken",
    "Title",
    "Question",
    "Details",
    "AskedBy",
    "Approvers",
    "ExpiresInSeconds",
    "RemindAfterSeconds",
    "EscalateTo",
    "EscalateAfterSeconds",
];

impl Question {
    /// Reads the input of a task, with the token of the task.
    ///
    /// # Errors
    ///
    /// [`AskError::Member`].
    pub fn read(input: &Value, execution: &str) -> Result<(Self, SecretValue), AskError> {
        let Some(members) = input.as_object() else { return Err(wrong("Parameters", "must be an object")) };
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let why = format!("has no member {unknown}: an approval knows {}", MEMBERS.join(", "));
            return Err(AskError::Member { member: "Parameters", why });
        }
        let token = text(input, "TaskToken", 2_048)?;
        let token = token.ok_or_else(|| wrong("TaskToken", "is missing: set it to $$.Task.Token"))?;
        let title =
            text(input, "Title", LINE_MAX)?.ok_or_else(|| wrong("Title", "is missing: one line of what is asked"))?;
        let asked_by = text(input, "AskedBy", LINE_MAX)?.unwrap_or_else(|| execution.to_owned());
        if title.chars().chain(asked_by.chars()).any(char::is_control) {
            return Err(wrong("Title", "and AskedBy are of one line each"));
        }
        let details = input.get("Details").cloned();
        if details.as_ref().is_some_and(|details| details.to_string().len() > DETAILS_MAX) {
            return Err(wrong("Details", "has at most 64 KiB"));
        }
        let expires_in = time(input, "ExpiresInSeconds")?.unwrap_or(OPEN.as_secs());
        let escalate_after = time(input, "EscalateAfterSeconds")?;
        let escalate_to = addresses(input, "EscalateTo")?;
        if escalate_to.is_empty() != escalate_after.is_none() {
            return Err(wrong("EscalateTo", "and EscalateAfterSeconds belong together"));
        }
        let question = Self {
            title,
            question: text(input, "Question", TEXT_MAX)?.unwrap_or_default(),
            details,
            asked_by,
            approvers: addresses(input, "Approvers")?,
            escalate_to,
            escalate_after,
            remind_after: time(input, "RemindAfterSeconds")?,
            expires_in,
        };
        Ok((question, SecretValue::new(token)))
    }
}

impl Delivery {
    /// Asks for an approval. The same attempt once more asks nobody again.
    ///
    /// # Errors
    ///
    /// See [`AskError`].
    pub async fn ask(&self, ask: Ask) -> Result<(), AskError> {
        let house = &self.0;
        let (question, token) = Question::read(&ask.input, &ask.execution)?;
        let at = house.clock.now();
        let id = ApprovalId::generate(at);
        let token = house.seal.seal(&token_place(id), &token).map_err(DeliveryError::from)?;
        let mut links = vec![house.new_link(None)?];
        let mut written = Vec::new();
        for address in &question.approvers {
            let link = house.new_link(Some(address.clone()))?;
            written.extend(
                house.letter(letters::asking(&question, (&format!("approval {id}"), ask.organisation)), &link.0)?,
            );
            links.push(link);
        }
        let new = New { id, ask, question, token, at };
        let by = By { actor: "host".to_owned(), at };
        house
            .store
            .write(move |db| {
                if !approvals::insert(db, &new)? {
                    return Ok(());
                }
                for (link, sha256) in &links {
                    approvals::insert_link(db, id, link, sha256)?;
                }
                for letter in &written {
                    letter.insert(db)?;
                }
                let after = json!({ "organisation": new.ask.organisation, "execution": new.ask.execution });
                outbox::act(db, &by, ("approval.ask", &id), (None, Some(after)))?;
                Ok::<_, DeliveryError>(())
            })
            .await
            .map_err(DeliveryError::from)?;
        house.due.notify_one();
        house.approvals_due.notify_one();
        house.news.notify_one();
        Ok(())
    }
}

impl House {
    /// Draws a link, with the digest by which it is found.
    pub(crate) fn new_link(&self, address: Option<String>) -> Result<(Link, [u8; 32]), DeliveryError> {
        let (id, secret) = (ApprovalLinkId::generate(self.clock.now()), SecretKey::generate(KeyKind::Approval));
        let sealed = self.seal.seal(&link_place(id), &SecretValue::new(secret.reveal().to_owned()))?;
        Ok((Link { id, address, secret: sealed }, *secret.digest().as_bytes()))
    }

    /// Writes a letter with a link to whose it is. `None`: nobody's, or the host sends no mail; the list shows the link.
    pub(crate) fn letter(&self, sheet: letters::Draft, link: &Link) -> Result<Option<Written>, DeliveryError> {
        let Some(address) = link.address.clone().filter(|_| self.mailer.is_some()) else { return Ok(None) };
        let url = self.url(link)?;
        self.write_letter(sheet.to(address, &url)).map(Some)
    }
}

fn wrong(member: &'static str, why: &str) -> AskError {
    AskError::Member { member, why: why.to_owned() }
}

fn text(input: &Value, member: &'static str, most: usize) -> Result<Option<String>, AskError> {
    match input.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.chars().count() <= most => Ok(Some(text.clone())),
        Some(_) => Err(AskError::Member { member, why: format!("is a text of 1 to {most} characters") }),
    }
}

fn time(input: &Value, member: &'static str) -> Result<Option<u64>, AskError> {
    let Some(value) = input.get(member).filter(|value| !value.is_null()) else { return Ok(None) };
    seconds(value)
        .map(|time| Some(time.as_secs()))
        .ok_or_else(|| wrong(member, "is whole seconds, from 60 to 31622400"))
}

fn addresses(input: &Value, member: &'static str) -> Result<Vec<String>, AskError> {
    let refuse = || AskError::Member { member, why: format!("is a list of mail addresses, {ADDRESSES_MAX} at most") };
    let list = match input.get(member) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= ADDRESSES_MAX => list,
        Some(_) => return Err(refuse()),
    };
    let address = |value: &Value| value.as_str().filter(|text| check_address(text).is_ok()).map(str::to_owned);
    let mut all: Vec<String> = list.iter().map(address).collect::<Option<_>>().ok_or_else(refuse)?;
    all.sort();
    all.dedup();
    Ok(all)
}
