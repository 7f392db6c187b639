//! Runs as stored bytes: one byte that is the format's number, then what that format says.
//!
//! A decoder is never removed: each format has a fixture in `tests/blobs/`.

mod check;
mod stored;

use std::sync::Arc;

pub(crate) use check::fits;

use crate::execution::Execution;
use crate::machine::StateMachine;

/// Why stored bytes are not a run of this machine.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// There are no bytes.
    #[error("the blob is empty")]
    Empty,
    /// The format is none that this version can read.
    #[error("the blob has format {0}, which is unknown here")]
    UnknownFormat(u8),
    /// The bytes after the number are not what the format says.
    #[error("the blob is malformed")]
    Malformed(#[source] serde_json::Error),
    /// The frames name a state, or a shape, that the machine does not have.
    #[error("the frames do not fit the machine: {0}")]
    Foreign(&'static str),
}

/// What is written.
const FORMAT: u8 = 4;

impl Execution {
    /// The frames and all else that the run needs to go on, in the newest format (4): of a run that has failed,
    /// those where it stood then. Effects that were asked for and not
    /// answered are asked for again by the run that is read from it, under the same task ids.
    ///
    /// # Errors
    ///
    /// A document of the run could not be written as JSON, which does not happen to what was read from JSON.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut blob = vec![FORMAT];
        serde_json::to_writer(&mut blob, &stored::Run::of(self)?)?;
        Ok(blob)
    }

    /// Reads what [`Self::encode`] of this or an earlier version wrote, for the same machine.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; nothing can be read from such a blob, then or later.
    pub fn decode(machine: Arc<StateMachine>, blob: &[u8]) -> Result<Self, DecodeError> {
        let (format, body) = blob.split_first().ok_or(DecodeError::Empty)?;
        match *format {
            1..=FORMAT => {
                let run: stored::Run = serde_json::from_slice(body).map_err(DecodeError::Malformed)?;
                run.restore(machine)
            }
            other => Err(DecodeError::UnknownFormat(other)),
        }
    }
}
