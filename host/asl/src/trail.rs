//! What a run has gone through, for whoever watches it: traces, histories, tests.

use std::io;
use std::sync::Arc;

use serde_json::Value;
use types::Timestamp;

use crate::data::Document;
use crate::frame::TaskId;
use crate::state::StateName;
use crate::variables::Assigned;

/// One thing that happened to one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The machine itself is 0; each branch and each iteration has a number of its own within the run.
    pub frame: u64,
    /// The frame of the Parallel or Map state that it is a branch or an iteration of, and its place there.
    pub parent: Option<(u64, usize)>,
    /// The state.
    pub state: StateName,
    /// What happened to it.
    pub change: Change,
}

/// What happened to a state.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It was entered, with this raw input.
    Entered(Arc<Value>),
    /// Its task was done, with this result.
    Done(TaskId, Arc<Value>),
    /// Its branches or iterations begin: so many there are of them.
    Spread(usize),
    /// All of them have ended.
    Joined,
    /// It was left, with this output. A failure that was caught leaves its state too.
    Left {
        /// What it hands on.
        output: Arc<Value>,
        /// The variables that it has set.
        assigned: Vec<(Arc<str>, Arc<Value>)>,
    },
    /// The branch, the iteration or the machine that it was the last state of has ended.
    Ended,
    /// It failed, whether or not that is retried or caught.
    Failed {
        /// The error's name.
        error: Option<String>,
        /// More about it, for people.
        cause: Option<String>,
    },
    /// The run was begun again after a failure, and so are those of its branches or iterations that had not ended.
    Resumed,
    /// It will be tried again at this moment.
    Retrying(Timestamp),
}

/// How much of a run is noted for whoever watches it. What goes beyond is left out, and costs the run nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Steps in all.
    pub steps: usize,
    /// Bytes of one document, as JSON. Of a larger one its beginning is noted, as a text that ends with `…`.
    pub document_bytes: usize,
    /// Bytes of all documents together. Beyond, all of them are such texts, of nothing.
    pub bytes: usize,
    /// Whether what lies between a state's entry and its end is noted too: what was asked of tasks and what they answered,
    /// branches, variables.
    pub inner: bool,
}

impl Watch {
    /// All of it: for short runs, and for those whose caller takes the steps after each event.
    pub const ALL: Self = Self { steps: usize::MAX, document_bytes: usize::MAX, bytes: usize::MAX, inner: true };
    const NOTHING: Self = Self { steps: 0, document_bytes: 0, bytes: 0, inner: false };
}

/// What has not been taken yet, and what may still be noted.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    steps: Vec<Step>,
    /// What the state that is left next has set.
    assigned: Assigned,
    room: Watch,
}

impl Default for Trail {
    /// Nobody watches.
    fn default() -> Self {
        Self::watched(Watch::NOTHING)
    }
}

impl Trail {
    pub(crate) const fn watched(room: Watch) -> Self {
        Self { steps: Vec::new(), assigned: Vec::new(), room }
    }

    pub(crate) const fn is_watched(&self) -> bool {
        self.room.steps > 0
    }

    /// Whether steps between a state's entry and its end are wanted.
    pub(crate) const fn wants_inner(&self) -> bool {
        self.room.inner
    }

    pub(crate) fn note(&mut self, step: Step) {
        self.room.steps = self.room.steps.saturating_sub(1);
        self.steps.push(step);
    }

    /// A copy of its own: a second hold on a document would make the run pay for what it does not pay for unwatched.
    pub(crate) fn copy(&mut self, document: &Document) -> Arc<Value> {
        self.copy_value(&document.value, document.bytes())
    }

    /// The same of a value of so many bytes as JSON.
    pub(crate) fn copy_value(&mut self, value: &Value, bytes: usize) -> Arc<Value> {
        let room = self.room.document_bytes.min(self.room.bytes);
        self.room.bytes -= bytes.min(room);
        if bytes <= room {
            return Arc::new(value.clone());
        }
        let mut beginning = Beginning { bytes: Vec::new(), room };
        // It stops with an error where the room ends: that is what is wanted.
        drop(serde_json::to_writer(&mut beginning, value));
        Arc::new(Value::String(cut(String::from_utf8_lossy(&beginning.bytes).into_owned(), room)))
    }

    /// A text, or its beginning.
    pub(crate) fn copy_text(&self, text: &str) -> String {
        if text.len() <= self.room.document_bytes {
            return text.to_owned();
        }
        cut(text.get(..text.floor_char_boundary(self.room.document_bytes)).unwrap_or_default().to_owned(), usize::MAX)
    }

    pub(crate) fn assigned(&mut self, assigned: &Assigned) {
        if self.is_watched() && self.room.inner {
            self.assigned.clone_from(assigned);
        }
    }

    pub(crate) fn take_assigned(&mut self) -> Vec<(Arc<str>, Arc<Value>)> {
        std::mem::take(&mut self.assigned).into_iter().map(|(name, document)| (name, document.value)).collect()
    }

    pub(crate) fn take(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }
}

/// `beginning` without a broken last character, and a mark that more followed.
fn cut(mut beginning: String, room: usize) -> String {
    while beginning.len() > room || beginning.ends_with(char::REPLACEMENT_CHARACTER) {
        if beginning.pop().is_none() {
            break;
        }
    }
    beginning.push('…');
    beginning
}

/// Takes so many bytes, and no more.
struct Beginning {
    bytes: Vec<u8>,
    room: usize,
}

impl io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room - self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if taken < bytes.len() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
