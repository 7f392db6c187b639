//! The parent's side of compiling: one child at a time, watched and killed when it is late. One compiles, the next tries
//! what came of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use crate::child::{self, Work};
use crate::structure::Structure;
use crate::upload::UploadError;

/// Wall time of a child. Its processor time is what is short; this only ends one that gets next to none.
const TIME_MAX: Duration = Duration::from_mins(10);
/// The largest artefact.
pub(crate) const ARTEFACT_MAX: u64 = 256 << 20;
/// The largest report.
const REPORT_MAX: u32 = 64 * 1024;

/// What a child says of an upload, before the artefact.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Report {
    /// It is not accepted.
    Refused {
        /// A sentence that says what to do.
        why: String,
    },
    /// It is compiled; the artefact follows.
    Compiled {
        /// What the structural check found.
        structure: Structure,
        /// Walls that the child's kernel does not offer, by name.
        missing: Vec<String>,
    },
    /// It instantiates.
    Probed {
        /// The best time.
        instantiate_us: u64,
        /// What its start functions spend.
        start_fuel: u64,
    },
    /// The child is shut in.
    Confined {
        /// Walls that its kernel does not offer, by name.
        missing: Vec<String>,
    },
}

/// Compiles uploads, one at a time.
#[derive(Debug)]
pub(crate) struct Compiler {
    program: PathBuf,
    turn: Semaphore,
}

impl Compiler {
    pub(crate) fn new(program: Option<PathBuf>) -> std::io::Result<Self> {
        let program = program.map_or_else(std::env::current_exe, Ok)?;
        Ok(Self { program, turn: Semaphore::new(1) })
    }

    /// Checks, compiles and probes `upload`.
    pub(crate) async fn compile(&self, upload: &[u8]) -> Result<(Structure, Vec<u8>), UploadError> {
        let _turn = self.turn.acquire().await.map_err(|_| UploadError::Compiler("the host is stopping".into()))?;
        let (report, artefact) = self.ask(Work::Compile, upload).await?;
        let Report::Compiled { structure, missing } = report else { return Err(unexpected(&report)) };
        if !missing.is_empty() {
            tracing::warn!(
                missing = missing.join(", "),
                "this kernel confines the compiler's process less than it should"
            );
        }
        let (report, _) = self.ask(Work::Probe, &artefact).await?;
        let Report::Probed { instantiate_us, start_fuel } = report else { return Err(unexpected(&report)) };
        tracing::info!(instantiate_us, start_fuel, artefact_bytes = artefact.len(), "compiled an upload");
        Ok((structure, artefact))
    }

    /// What a child of its own says of `input`.
    async fn ask(&self, work: Work, input: &[u8]) -> Result<(Report, Vec<u8>), UploadError> {
        let mut child = spawn(&self.program, work).map_err(UploadError::io("start the compiler's process"))?;
        // Asked now: a child that was waited for has no number any more, and what it started still has its group's.
        let group = group_of(&child);
        let ended = tokio::time::timeout(TIME_MAX, converse(&mut child, input)).await;
        // Whatever it still does, or has started, ends here.
        kill_group(group);
        let verb = if work == Work::Probe { "instantiated" } else { "compiled" };
        match ended {
            Err(_) => Err(UploadError::Refused(format!(
                "The component was not {verb} within {} minutes: this machine is busy. Send it again, and if it takes as \
                 long again, make it smaller.",
                TIME_MAX.as_secs() / 60
            ))),
            Ok(Err(error)) => {
                tracing::warn!(%error, work = work.as_str(), "the compiler's process ended without a report");
                Err(UploadError::Refused(format!(
                    "The component cannot be {verb} within the limits of memory and time here. Make it smaller."
                )))
            }
            Ok(Ok((Report::Refused { why }, _))) => Err(UploadError::Refused(why)),
            Ok(Ok(answer)) => Ok(answer),
        }
    }
}

/// A child answered another question: not of this build.
fn unexpected(report: &Report) -> UploadError {
    UploadError::Compiler(format!("its process answered {report:?}"))
}

fn spawn(program: &Path, work: Work) -> std::io::Result<Child> {
    Command::new(program)
        .args([child::ARGUMENT, work.as_str()])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Hands the upload over and takes what comes back. Both at once, so that neither pipe fills up.
async fn converse(child: &mut Child, upload: &[u8]) -> std::io::Result<(Report, Vec<u8>)> {
    let gone = || std::io::Error::other("the child has no pipes");
    let mut input = child.stdin.take().ok_or_else(gone)?;
    let mut output = child.stdout.take().ok_or_else(gone)?;
    let send = async move {
        // A child that refuses early closes its input: its report says why.
        drop(input.write_all(upload).await);
        drop(input.shutdown().await);
    };
    let receive = async {
        let length = output.read_u32_le().await?;
        if length > REPORT_MAX {
            return Err(std::io::Error::other("the report is too long"));
        }
        let mut report = vec![0; length as usize];
        output.read_exact(&mut report).await?;
        let mut artefact = Vec::new();
        (&mut output).take(ARTEFACT_MAX + 1).read_to_end(&mut artefact).await?;
        if artefact.len() as u64 > ARTEFACT_MAX {
            return Err(std::io::Error::other("the artefact is too large"));
        }
        Ok((serde_json::from_slice(&report)?, artefact))
    };
    let ((), received) = tokio::join!(send, receive);
    let received = received?;
    if child.wait().await?.success() { Ok(received) } else { Err(std::io::Error::other("the child failed")) }
}

fn group_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// No other process gets the number while one of the group is left.
fn kill_group(group: Option<Pid>) {
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, Signal::KILL)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(%error, "the compiler's process could not be killed");
    }
}
