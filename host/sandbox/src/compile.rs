//! The parent's side of compiling: one child at a time, watched and killed when it is late.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use crate::child;
use crate::structure::Structure;
use crate::upload::UploadError;

/// Wall time of a child.
const TIME_MAX: Duration = Duration::from_mins(1);
/// The largest artefact.
const ARTEFACT_MAX: u64 = 256 << 20;
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
    /// It is compiled, and instantiates.
    Compiled {
        /// What the structural check found.
        structure: Structure,
        /// The probe's best time.
        instantiate_us: u64,
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
        let mut child = spawn(&self.program).map_err(UploadError::io("start the compiler's process"))?;
        let ended = tokio::time::timeout(TIME_MAX, converse(&mut child, upload)).await;
        // Whatever it still does, or has started, ends here.
        kill_group(&child);
        match ended {
            Err(_) => Err(UploadError::Refused(format!(
                "The component was not compiled within {} seconds, which is the limit here. Make it smaller.",
                TIME_MAX.as_secs()
            ))),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the compiler's process ended without a report");
                Err(UploadError::Refused(
                    "The component cannot be compiled within the limits of memory and time here. Make it smaller."
                        .into(),
                ))
            }
            Ok(Ok((Report::Refused { why }, _))) => Err(UploadError::Refused(why)),
            Ok(Ok((Report::Compiled { structure, instantiate_us }, artefact))) => {
                tracing::info!(instantiate_us, artefact_bytes = artefact.len(), "compiled an upload");
                Ok((structure, artefact))
            }
        }
    }
}

fn spawn(program: &Path) -> std::io::Result<Child> {
    Command::new(program)
        .arg(child::ARGUMENT)
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

fn kill_group(child: &Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group
        && let Err(error) = rustix::process::kill_process_group(group, rustix::process::Signal::KILL)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(%error, "the compiler's process could not be killed");
    }
}
