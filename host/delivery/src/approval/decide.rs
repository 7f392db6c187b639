//! Deciding: once, and what the execution is answered.

use serde_json::json;
use types::{Digest, OrganisationId, SecretKey, Timestamp, random_bytes};

use super::{Approval, ApprovalStatus, token_place};
use crate::delivery::Delivery;
use crate::error::DeliveryError;
use crate::sql::approvals::{self, Verdict};
use crate::sql::outbox::{self, By};

/// Characters of a name, and of a comment.
const NAME_MAX: usize = 100;
const COMMENT_MAX: usize = 2_000;
/// The topic of answers to executions.
pub(super) const ANSWERS: &str = "answer";

/// What somebody decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Approved, or else rejected.
    pub is_approved: bool,
    /// The name of who decides.
    pub by: String,
    /// What is said to it. May be empty.
    pub comment: String,
}

/// What an execution is to be told.
#[derive(Debug)]
pub struct Answer {
    /// Its place in the outbox.
    pub seq: i64,
    /// Whose execution it is.
    pub organisation: OrganisationId,
    /// That organisation's number in ARNs.
    pub account: String,
    /// The region of the execution's ARN.
    pub region: String,
    /// The operation of Step Functions.
    pub operation: &'static str,
    /// What it takes.
    pub input: serde_json::Value,
}

/// Whether an execution still waited for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It did.
    InTime,
    /// It did not.
    Late,
}

impl Delivery {
    /// Decides the approval that a link leads to. The first one decides: whoever comes later is shown what was decided.
    /// `true`: it was this one.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::NotFound`] for a link that leads nowhere, and [`DeliveryError::Invalid`]; else the file took nothing.
    pub async fn decide(&self, secret: &SecretKey, decision: Decision) -> Result<(Approval, bool), DeliveryError> {
        let (name, comment) = (decision.by.trim(), decision.comment.trim());
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(DeliveryError::invalid("name", format!("say who you are, in 1 to {NAME_MAX} characters")));
        }
        if comment.chars().count() > COMMENT_MAX {
            return Err(DeliveryError::invalid("comment", format!("has at most {COMMENT_MAX} characters")));
        }
        let at = self.0.clock.now();
        let status = if decision.is_approved { ApprovalStatus::Approved } else { ApprovalStatus::Rejected };
        let salt = random_bytes::<16>();
        let verdict = Verdict { status, at, by: name.to_owned(), comment: comment.to_owned(), salt };
        let sha256 = *secret.digest().as_bytes();
        let decided = self.0.store.write(move |db| {
            let (approval, link) =
                approvals::behind(db, &sha256)?.ok_or_else(|| DeliveryError::missing("approval", &"of this link"))?;
            if approval.status != ApprovalStatus::Open || at >= approval.expires_at {
                return Ok((approval, false));
            }
            approvals::decide(db, approval.id, &verdict, link.address.as_deref())?;
            let record = record(&verdict, link.address.as_deref());
            let action = if decision.is_approved { "approval.approve" } else { "approval.reject" };
            let after = json!({ "execution": approval.execution, "decision_sha256": record });
            let by = By { actor: link.id.to_string(), at };
            outbox::act(db, &by, (action, &approval.id), (Some(json!({ "status": "OPEN" })), Some(after)))?;
            outbox::insert(db, ANSWERS, at, &approval.id.to_string())?;
            let (approval, _) =
                approvals::behind(db, &sha256)?.ok_or_else(|| DeliveryError::missing("approval", &"of this link"))?;
            Ok::<_, DeliveryError>((approval, true))
        });
        let decided = decided.await?;
        self.0.news.notify_one();
        self.0.decided.notify_one();
        Ok(decided)
    }

    /// What executions are to be told, the oldest first. What cannot be read with this host's key is left out.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn answers(&self, most: u32) -> Result<Vec<(i64, Option<Answer>)>, DeliveryError> {
        let rows = self.0.store.read(move |db| approvals::answers(db, most)).await?;
        let answer = |row: approvals::ToTell| {
            let token = self.0.seal.open(&token_place(row.approval.id), &row.token).ok()?;
            let token = token.reveal();
            let approval = &row.approval;
            let input = match (approval.status, &approval.decided) {
                (ApprovalStatus::Approved, Some(decided)) => {
                    let output = json!({
                        "decision": "approved", "comment": decided.comment, "decidedBy": decided.by,
                        "decidedAt": decided.at.to_string(),
                    });
                    json!({ "taskToken": token, "output": output.to_string() })
                }
                (ApprovalStatus::Rejected, Some(decided)) => {
                    let cause = json!({
                        "decision": "rejected", "comment": decided.comment, "decidedBy": decided.by,
                        "decidedAt": decided.at.to_string(),
                    });
                    json!({ "taskToken": token, "error": "Approval.Rejected", "cause": cause.to_string() })
                }
                _ => {
                    let cause = format!("nobody decided until {}", approval.expires_at);
                    json!({ "taskToken": token, "error": "States.Timeout", "cause": cause })
                }
            };
            let operation =
                if approval.status == ApprovalStatus::Approved { "SendTaskSuccess" } else { "SendTaskFailure" };
            let (account, region) = (row.account, row.region);
            Some(Answer { seq: row.seq, organisation: approval.organisation, account, region, operation, input })
        };
        Ok(rows.into_iter().map(|row| (row.seq, answer(row))).collect())
    }

    /// Forgets an answer that was given.
    ///
    /// # Errors
    ///
    /// The file took nothing: it will be given again.
    pub async fn answered(&self, seq: i64, told: Told) -> Result<(), DeliveryError> {
        self.0.store.write(move |db| approvals::answered(db, seq, told).map_err(DeliveryError::from)).await?;
        Ok(())
    }
}

/// The digest of who decided what, in hexadecimal: SHA-256 over the salt and these lines, each ended by a line feed.
fn record(verdict: &Verdict, address: Option<&str>) -> String {
    let lines = format!(
        "{}\n{}\n{}\n{}\n{}\n",
        verdict.status.as_str(),
        Timestamp::as_micros(verdict.at),
        verdict.by,
        address.unwrap_or_default(),
        verdict.comment
    );
    Digest::of(&[&verdict.salt[..], lines.as_bytes()].concat()).to_string()
}
