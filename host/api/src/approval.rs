//! What executions ask people.

use serde_json::Value;
use types::{ApprovalId, OrganisationId};

use crate::At;

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
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

/// The query of `GET /v1/approvals`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalQuery {
    /// Only those that stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ApprovalStatus>,
    /// Whose, by id or name. The token's own when absent; for an operator, everyone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ApprovalId>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// An approval.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Whose execution asks.
    pub organisation: OrganisationId,
    /// Its ARN.
    pub execution: String,
    /// The state that asks.
    pub state: String,
    /// What is asked, in a line.
    pub title: String,
    /// What is asked, in more words. May be empty.
    pub question: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Who asks.
    pub asked_by: String,
    /// Who was asked by mail.
    pub approvers: Vec<String>,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// When it was asked.
    pub created_at: At,
    /// Until when somebody may decide.
    pub expires_at: At,
    /// How often those who are asked were reminded.
    pub reminders: u32,
    /// Who decided; absent while nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// Whether the execution did not wait for it any more.
    pub late: bool,
    /// The page on which it is decided, while it is open, for tokens with the scope `manage`. Whoever has it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Who decided an approval.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Decided {
    /// When.
    pub at: At,
    /// The name that was given.
    pub by: String,
    /// Whose link it was, if it was somebody's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What was said to it. May be empty.
    pub comment: String,
}
