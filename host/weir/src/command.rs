//! The commands, one file each. They speak HTTP, through `api`; only `doctor` looks at the machine and the files.

mod build;
mod call;
mod calls;
mod doctor;
mod promote;
mod publish;
mod secrets;
mod subscribe;
mod usage;

use std::process::ExitCode;

pub(crate) use self::build::Build;
pub(crate) use self::call::Call;
pub(crate) use self::calls::{Calls, Logs};
pub(crate) use self::doctor::Doctor;
pub(crate) use self::promote::{Promote, Rollback};
pub(crate) use self::publish::Publish;
pub(crate) use self::secrets::Secrets;
pub(crate) use self::subscribe::Subscribe;
pub(crate) use self::usage::Usage;

use crate::cli::Session;

/// `weir audit verify`.
pub(crate) fn verify_audit(session: &Session) -> anyhow::Result<ExitCode> {
    let chain: api::Verification = session.client()?.get("/v1/audit/verify")?;
    session.output.document(&chain)?;
    match chain.first_bad {
        None => {
            session.output.line(format_args!("the audit chain is intact: {} links checked", chain.links))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(link) => {
            session.output.line(format_args!(
                "the audit chain is broken at link {link}: a row that it covers, or the link, was changed afterwards"
            ))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// `weir compile-child`: what the host starts to compile an upload apart. Not for people.
pub(crate) fn compile_child() -> ExitCode {
    sandbox::child::main()
}
