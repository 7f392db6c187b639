//! One connection to an upstream. It does nothing that nobody waits for: its task ends when it is dropped, and the place
//! of the request under way is the task's until then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::body::OutBody;
use crate::connect::Stream;
use crate::fault::SendError;
use crate::places::Place;

/// The most fields of a response's head.
const RESPONSE_FIELDS: usize = 200;
/// The most bytes of a response's head.
const RESPONSE_HEAD: usize = 64 * 1024;
/// How long a request may go on being written after its response was read whole. A guess: a server that answers early
/// and reads the rest is quick about it.
const SETTLES: Duration = Duration::from_millis(100);

/// A connection. Dropping it ends it, whatever it was doing.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) sender: SendRequest<OutBody>,
    /// Shared with the task. The lock is held for a look and never over an await.
    place: Arc<Mutex<Option<Place>>>,
    _task: AbortOnDropHandle<()>,
}

impl Wire {
    /// Speaks HTTP on `stream`, in a task of its own on the runtime that this is called on.
    pub(crate) async fn open(
        stream: Stream,
        tasks: &TaskTracker,
        closing: CancellationToken,
    ) -> Result<Self, SendError> {
        let (sender, connection) = http1::Builder::new()
            .max_headers(RESPONSE_FIELDS)
            .max_header_size(RESPONSE_HEAD)
            .max_buf_size(RESPONSE_HEAD * 2)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(SendError::Http)?;
        let place = Arc::new(Mutex::new(None));
        let until_the_end = Arc::clone(&place);
        let task = tasks.spawn(async move {
            // Named, so that it is dropped after the connection.
            let _until_the_end = until_the_end;
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(error = &error as &dyn std::error::Error, "an outgoing connection broke");
                },
                () = closing.cancelled() => {}
            }
        });
        Ok(Self { sender, place, _task: AbortOnDropHandle::new(task) })
    }

    /// Holds the place of the request that it is used for.
    pub(crate) fn hold(&self, place: Option<Place>) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Gives the place back: nothing is under way.
    pub(crate) fn let_go(&self) -> Option<Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether it can take the next request, at once or shortly: the one before has left it.
    pub(crate) async fn settles(&mut self) -> bool {
        matches!(tokio::time::timeout(SETTLES, self.sender.ready()).await, Ok(Ok(())))
    }
}
