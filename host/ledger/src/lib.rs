//! Admission, settlement and audit: the room that owns usage.db.
//!
//! A call is admitted against a rate and its quotas in memory, runs elsewhere, and is settled here: its call row, its
//! usage rows, the counters that it moved and one link of the audit chain, in one transaction with every call that
//! ended meanwhile. It talks to `store` alone. It never runs a component, never reads catalog.db, and never lets a
//! response leave: the proof of settlement, [`Recorded`], is what the gateway waits for.
//!
//! All SQL is in `sql`; the views for operators are described in `docs/usage-views.md`.
#![cfg_attr(not(test), deny(clippy::as_conversions, clippy::float_arithmetic, clippy::arithmetic_side_effects))]

mod ledger;
mod settings;

mod account;
mod accounts;
mod admit;
mod bucket;
mod counter;
mod once;
mod policy;
mod spend;

mod ended;
mod settle;
mod stream;
mod writer;

mod canonical;
mod denial;
mod latency;
mod rollup;
mod totals;

mod inspect;
mod relay;
mod sql;
mod sweep;

pub use account::Subscriber;
pub use admit::{AdmitError, AdmitRequest, Admitted, Need};
pub use ended::{Begun, Ended, ObjectUnits};
pub use inspect::{
    ActFilter, CallFilter, CallRow, Inspection, InspectionError, Mismatch, ObjectUsage, Reconciliation, Verification,
};
pub use latency::{BUCKET_ERROR_PERCENT, bucket_of, bucket_value};
pub use ledger::{Ledger, OpenError, Stats};
pub use once::{CLAIM_KEPT, Claim, Once, RepeatError};
pub use policy::{Policies, PolicyName, PolicyState};
pub use relay::RelayError;
pub use settings::Settings;
pub use settle::{Recorded, SettleError};
pub use stream::OpenStream;
pub use sweep::Swept;
pub use totals::{OutcomeTotal, Settled, UnitsTotal};
