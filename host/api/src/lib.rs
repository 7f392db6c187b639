//! Request and response types of the control plane, and problem documents. No logic.
//!
//! `control` reads the requests and writes the responses, the command line does the reverse, and `gateway` writes
//! problems. Requests refuse unknown members; responses may grow new ones, so readers of them must not refuse any.

mod account;
mod at;
mod consumer;
mod problem;
mod provider;
mod report;
mod secret;
mod trace;

pub use account::{NewOrganisation, NewToken, Organisation, Role, Token, Who};
pub use at::At;
pub use consumer::{App, Key, KeyDisabled, KeyEntry, NewApp, NewKey, NewSubscription, SpendCap, Subscription};
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use provider::{
    Api, Component, Limits, Live, NewApi, NewPlan, NewRelease, Object, Plan, PlanQuota, PlanRate, Release, Route,
    Serving, World,
};
pub use report::{
    Call, CallLogs, CallQuery, CallUsage, Database, Health, Host, ListQuery, LogLine, Mismatch, ObjectUsage, Page,
    Readiness, Reconciliation, Usage, UsageQuery, Verification,
};
pub use secret::{NewSecret, Secret, SecretQuery};
pub use trace::{CallTrace, Run, StateVisit};
