//! Reading and checking usage.db: for the control plane, the command line, and a process beside a running host.

use std::path::Path;

use rusqlite::Connection;
use store::ReadError;
use types::{Act, ApiId, AppId, CallId, KeyId, Outcome, SubscriptionId, Timestamp};

use crate::ledger::Ledger;
use crate::sql;

/// What one subscription used of one object in one period.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ObjectUsage {
    /// The object's name.
    pub object: String,
    /// Where the period starts.
    pub period_start_us: i64,
    /// Units that counted.
    pub used: i64,
    /// Of these, what lay above a soft quota.
    pub overage: i64,
    /// What the plan includes. `None`: it says nothing of this object.
    pub included: Option<i64>,
    /// `hard` or `soft`.
    pub limit_kind: Option<String>,
    /// `day`, `week`, `month` or `none`.
    pub period: Option<String>,
}

/// Which calls to list. Every field that is set narrows the list.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// This call alone.
    pub call: Option<CallId>,
    /// Of this subscription.
    pub subscription: Option<SubscriptionId>,
    /// Of this API.
    pub api: Option<ApiId>,
    /// Of this app.
    pub app: Option<AppId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Admitted at or after this moment.
    pub since: Option<Timestamp>,
    /// Admitted before this moment.
    pub until: Option<Timestamp>,
    /// Answered with this status.
    pub status: Option<u16>,
    /// With this error code.
    pub error_code: Option<String>,
    /// Older than this row: the last `seq` of the page before.
    pub before_seq: Option<i64>,
    /// This row or newer: how far back to look.
    pub from_seq: Option<i64>,
    /// How many at most. 0 means 100; never more than 1,000.
    pub limit: u32,
}

/// Which management acts to list. Every field that is set narrows the list.
#[derive(Debug, Clone, Default)]
pub struct ActFilter {
    /// By this token, or `host`.
    pub actor: Option<String>,
    /// Of this kind, such as `key.create`.
    pub action: Option<String>,
    /// On this thing, by its id.
    pub subject: Option<String>,
    /// At or after this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Older than this one: the last number of the page before.
    pub before_seq: Option<i64>,
    /// How many at most: 1 to 1,000.
    pub limit: u32,
}

/// One call, with names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "the fields are the columns of the view `calls`, described in docs/usage-views.md")]
pub struct CallRow {
    pub seq: i64,
    pub call_id: String,
    pub client_request_id: Option<String>,
    pub admitted_us: i64,
    pub ended_us: Option<i64>,
    pub api: Option<String>,
    pub release: Option<i64>,
    pub route: Option<String>,
    pub app: Option<String>,
    pub key: Option<String>,
    pub plan: Option<String>,
    pub subscription: Option<String>,
    pub status: i64,
    pub outcome: Option<String>,
    pub error_code: Option<String>,
    pub client_gone: bool,
    pub requests: i64,
    pub requests_billed: i64,
    pub total_us: Option<i64>,
    pub component_us: Option<i64>,
    pub fuel: Option<i64>,
    pub memory_peak_bytes: Option<i64>,
    pub request_bytes: Option<i64>,
    pub response_bytes: Option<i64>,
    pub egress_bytes: Option<i64>,
    pub egress_calls: Option<i64>,
    pub link: Option<i64>,
    /// The further objects: name, units, billed units.
    pub usage: Vec<(String, i64, i64)>,
}

/// A walk along the audit chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    /// How many links hold.
    pub links: u64,
    /// The first that does not: its rows were changed, or it is missing.
    pub first_bad: Option<i64>,
    /// Completed calls that no link covers.
    pub calls_outside: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.first_bad.is_none() && self.calls_outside == 0
    }
}

/// A counter that is not what its calls add up to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mismatch {
    /// Whose it is.
    pub subscription: String,
    /// Of what.
    pub object: String,
    /// Where its period starts.
    pub period_start_us: i64,
    /// What it says.
    pub counter: i64,
    /// What its calls say.
    pub calls: i64,
}

/// Whether the books agree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reconciliation {
    /// How many counters there are.
    pub counters_checked: u64,
    /// Those that are wrong; at most 100.
    pub mismatches: Vec<Mismatch>,
    /// Rows of streams that are open: 0 unless a host is running.
    pub calls_without_link: u64,
    /// The audit chain.
    pub chain: Verification,
}

impl Reconciliation {
    /// Whether nothing is wrong. Open streams are not.
    pub fn holds(&self) -> bool {
        self.mismatches.is_empty() && self.chain.holds()
    }
}

impl Ledger {
    /// What a subscription used, the newest periods first; at most 1,000 rows.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn usage(&self, subscription: SubscriptionId) -> Result<Vec<ObjectUsage>, ReadError> {
        self.store().read(move |reader| sql::usage::of(reader, subscription)).await
    }

    /// Calls, the newest first.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn calls(&self, filter: CallFilter) -> Result<Vec<CallRow>, ReadError> {
        self.store().read(move |reader| sql::usage::calls(reader, &filter)).await
    }

    /// What a subscription's test keys used, the newest periods first; at most 1,000 rows.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn test_usage(&self, subscription: SubscriptionId) -> Result<Vec<ObjectUsage>, ReadError> {
        self.store().read(move |reader| sql::usage::of_test_keys(reader, subscription)).await
    }

    /// An app's calls older than row `before`, the newest first, and the row before which the next page goes on. Looks
    /// back over 100,000 calls of the host at most, so that a page may be short, or empty, and not be the last.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn calls_of_app(
        &self,
        app: AppId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<CallRow>, Option<i64>), ReadError> {
        self.store().read(move |reader| sql::usage::calls_of_app(reader, (app, before, limit))).await
    }

    /// Management acts with their numbers, the newest first.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn acts(&self, filter: ActFilter) -> Result<Vec<(i64, Act)>, ReadError> {
        self.store().read(move |reader| sql::acts::list(reader, &filter)).await
    }

    /// When keys were last used, of those that were: about a second behind the calls.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn keys_used(&self, keys: Vec<KeyId>) -> Result<Vec<(KeyId, Timestamp)>, ReadError> {
        self.store().read(move |reader| sql::usage::keys_used(reader, &keys)).await
    }

    /// Checks that counters are what their calls add up to, and the chain. Reads the whole file.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn reconcile(&self) -> Result<Reconciliation, ReadError> {
        self.store().read(at_one_moment(sql::reconcile::reconcile)).await
    }

    /// Walks the audit chain. Reads the whole file.
    ///
    /// # Errors
    ///
    /// When usage.db cannot be read.
    pub async fn verify(&self) -> Result<Verification, ReadError> {
        self.store().read(at_one_moment(sql::audit::verify)).await
    }
}

/// Why usage.db could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum InspectionError {
    /// It could not be opened.
    #[error("could not open usage.db for reading")]
    Open(#[source] store::OpenError),
    /// It could not be read.
    #[error("could not read usage.db")]
    Read(#[source] rusqlite::Error),
}

/// usage.db, opened for reading only: with no host, or beside one that is running.
#[derive(Debug)]
pub struct Inspection(Connection);

impl Inspection {
    /// Opens the file. Changes nothing in it.
    ///
    /// # Errors
    ///
    /// [`InspectionError::Open`].
    pub fn open_read_only(path: &Path) -> Result<Self, InspectionError> {
        store::open_read_only(path).map(Self).map_err(InspectionError::Open)
    }

    /// See [`Ledger::reconcile`].
    ///
    /// # Errors
    ///
    /// [`InspectionError::Read`].
    pub fn reconcile(&self) -> Result<Reconciliation, InspectionError> {
        at_one_moment(sql::reconcile::reconcile)(&self.0).map_err(InspectionError::Read)
    }

    /// See [`Ledger::verify`].
    ///
    /// # Errors
    ///
    /// [`InspectionError::Read`].
    pub fn verify(&self) -> Result<Verification, InspectionError> {
        at_one_moment(sql::audit::verify)(&self.0).map_err(InspectionError::Read)
    }
}

/// Reads within one transaction, so that what is being written meanwhile is seen whole or not at all.
fn at_one_moment<T>(
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> impl FnOnce(&Connection) -> rusqlite::Result<T> {
    move |connection| {
        let transaction = connection.unchecked_transaction()?;
        let answer = read(&transaction)?;
        transaction.finish()?;
        Ok(answer)
    }
}
