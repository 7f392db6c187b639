//! The commands, one file each. They speak HTTP, through `api`; only `doctor`, `backup` and `restore` look at
//! the machine and the files.

mod audit;
mod aws_credentials;
mod backup;
mod build;
mod call;
mod calls;
mod consumers;
mod deliveries;
mod doctor;
mod executions;
mod login;
mod logs;
mod new;
mod objects;
mod overlap;
mod promote;
mod publish;
mod releases;
mod restore;
mod schedules;
mod secrets;
mod shell;
mod subscribe;
mod suspend;
mod tokens;
mod traces;
mod usage;
mod webhooks;
mod whose;
mod workflow;

use std::process::ExitCode;

pub(crate) use self::audit::Audit;
pub(crate) use self::aws_credentials::AwsCredentials;
pub(crate) use self::backup::Backup;
pub(crate) use self::build::Build;
pub(crate) use self::call::Call;
pub(crate) use self::calls::Calls;
pub(crate) use self::consumers::{Apps, Keys, Subscriptions};
pub(crate) use self::deliveries::Deliveries;
pub(crate) use self::doctor::Doctor;
pub(crate) use self::executions::Executions;
pub(crate) use self::login::{Login, Logout};
pub(crate) use self::logs::Logs;
pub(crate) use self::new::New;
pub(crate) use self::objects::Objects;
pub(crate) use self::promote::{Promote, Rollback};
pub(crate) use self::publish::Publish;
pub(crate) use self::releases::Releases;
pub(crate) use self::restore::Restore;
pub(crate) use self::schedules::Schedules;
pub(crate) use self::secrets::Secrets;
pub(crate) use self::shell::{Completions, Man};
pub(crate) use self::subscribe::Subscribe;
pub(crate) use self::suspend::{Resume, Suspend};
pub(crate) use self::tokens::Tokens;
pub(crate) use self::traces::Traces;
pub(crate) use self::usage::Usage;
pub(crate) use self::webhooks::Webhooks;
pub(crate) use self::workflow::Workflow;

/// `weir compile-child`: what the host starts to compile an upload apart. Not for people.
pub(crate) fn compile_child() -> ExitCode {
    sandbox::child::main()
}
