//! Request and response types of the control plane, and problem documents. No logic.
//!
//! `control` reads the requests and writes the responses, the command line does the reverse, and `gateway` writes
//! problems. Requests refuse unknown members; responses may grow new ones, so readers of them must not refuse any.

mod account;
mod approval;
mod at;
mod aws_credential;
mod consumer;
mod execution;
mod invitation;
mod machine_role;
mod object;
pub mod openapi;
mod own;
mod problem;
mod provider;
mod report;
mod schedule;
mod secret;
mod sign_up;
mod suspension;
mod text;
mod trace;
mod webhook;

pub use account::{
    NewOrganisation, NewToken, Organisation, Renamed, RevokeQuery, Role, Rotate, Scope, Token, TokenEntry, TokenQuery,
    Who,
};
pub use approval::{Approval, ApprovalQuery, ApprovalStatus, Decided};
pub use at::At;
pub use aws_credential::{AwsCredential, AwsCredentialEntry, AwsCredentialQuery, NewAwsCredential};
pub use consumer::{
    App, Cancel, CancelAt, Key, KeyDisabled, KeyEnd, KeyEntry, NewApp, NewKey, NewSubscription, SpendCap, Subscription,
    SubscriptionStatus,
};
pub use execution::{
    Execution, ExecutionDetail, ExecutionQuery, ExecutionStatus, HistoryEvent, HistoryQuery, NotRedriven,
    RedriveExecutions, Redriven, StopExecution,
};
pub use invitation::{Accept, Accepted, Invitation, InvitationEntry, NewInvitation};
pub use machine_role::{MachineRole, MachineRoleQuery, NewMachineRole};
pub use object::{Bucket, ObjectQuery, ObjectUse, ObjectsQuery, StoredObject};
pub use own::{OwnCall, OwnCallQuery, OwnError, OwnExecution, OwnObject, OwnSpend, OwnSubscription, OwnUsage};
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use provider::{
    Api, ApiChange, Component, Limits, Live, NewApi, NewPlan, NewRelease, Object, Plan, PlanQuota, PlanRate, Release,
    ReleaseQuery, Route, Serving, World,
};
pub use report::{
    Act, AuditQuery, Call, CallLogs, CallQuery, CallUsage, Database, Health, Host, ListQuery, LogLine, Mismatch,
    ObjectUsage, Page, Readiness, Reconciliation, Usage, UsageQuery, Verification,
};
pub use schedule::{NewSchedule, Schedule, ScheduleQuery, SchedulesQuery};
pub use secret::{NewSecret, Secret, SecretQuery};
pub use sign_up::{SignUp, SignUpSent};
pub use suspension::{Authority, Suspend, Suspension};
pub use trace::{CallTrace, Run, StateVisit};
pub use webhook::{
    Delivery, DeliveryAttempt, DeliveryHistory, DeliveryQuery, DeliveryStatus, NewWebhook, Webhook, WebhookChange,
    WebhookQuery,
};
