//! The room itself.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use egress::Egress;
use store::{NoGroup, Options, ReadError, Store, Synchronous, WriteError};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{Clock, DispatchId};

use crate::approval;
use crate::mailer::{MailServerError, Mailer};
use crate::seal::Seal;
use crate::settings::Settings;
use crate::sql;
use crate::sql::outbox::{self, News};
use crate::tally::Tally;
use crate::worker;

/// Read connections: lists, and the worker.
const READERS: usize = 2;

/// `delivery.db` and what is sent from it. Cheap to clone.
#[derive(Clone)]
pub struct Delivery(pub(crate) Arc<House>);

pub(crate) struct House {
    pub(crate) store: Store<NoGroup>,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) egress: Egress,
    pub(crate) seal: Arc<dyn Seal>,
    pub(crate) mailer: Option<Mailer>,
    /// Something may be due earlier than the worker knows.
    pub(crate) due: Notify,
    /// An act is in the outbox.
    pub(crate) news: Notify,
    /// An answer to an execution is in the outbox.
    pub(crate) decided: Notify,
    /// An approval may be due earlier than its clockwork knows.
    pub(crate) approvals_due: Notify,
    /// Attempts that may be under way.
    pub(crate) places: Arc<Semaphore>,
    /// What is being sent, with its lane.
    pub(crate) under_way: Mutex<HashSet<(String, DispatchId)>>,
    pub(crate) tally: Tally,
    pub(crate) tasks: TaskTracker,
    pub(crate) closing: CancellationToken,
}

/// Why the room was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file.
    #[error("delivery.db could not be opened")]
    Store(#[from] store::OpenError),
    /// The server for mail.
    #[error("the server for mail cannot be used")]
    Mail(#[from] MailServerError),
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Delivery")
    }
}

impl Delivery {
    /// The newest schema of `delivery.db` that it knows, to which it brings every older one.
    pub const SCHEMA_VERSION: usize = sql::MIGRATIONS.len();

    /// Opens `path`, makes it if need be, and goes on sending what waits. `egress` has [`Settings::allow`] for its list. Needs
    /// a tokio runtime around it. Blocks: for the start.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(
        path: &Path,
        settings: Settings,
        clock: Clock,
        egress: Egress,
        seal: Arc<dyn Seal>,
    ) -> Result<Self, OpenError> {
        let options = Options { synchronous: Synchronous::Full, migrations: sql::MIGRATIONS, readers: READERS };
        let mailer = settings.mail.as_ref().map(Mailer::new).transpose()?;
        let house = Arc::new(House {
            store: Store::open(path, &options, NoGroup)?,
            clock,
            settings,
            egress,
            seal,
            mailer,
            due: Notify::new(),
            news: Notify::new(),
            decided: Notify::new(),
            approvals_due: Notify::new(),
            places: Arc::new(Semaphore::new(worker::AT_ONCE)),
            under_way: Mutex::default(),
            tally: Tally::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        });
        house.tasks.spawn(worker::run(Arc::clone(&house)));
        house.tasks.spawn(approval::run(Arc::clone(&house)));
        Ok(Self(house))
    }

    /// The management acts that nobody has been told of, the oldest first: each a [`types::Fact`] as JSON.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn acts(&self, most: u32) -> Result<Vec<News>, ReadError> {
        self.0.store.read(move |db| outbox::read(db, outbox::ACTS, most)).await
    }

    /// Forgets the acts up to this place.
    ///
    /// # Errors
    ///
    /// The file could not be written: they will be told again.
    pub async fn told(&self, up_to: i64) -> Result<(), WriteError<rusqlite::Error>> {
        self.0.store.write(move |db| outbox::told(db, outbox::ACTS, up_to)).await
    }

    /// Waits until there may be a new act to be told.
    pub async fn news(&self) {
        self.0.news.notified().await;
    }

    /// Waits until there may be a new answer to an execution.
    pub async fn decided(&self) {
        self.0.decided.notified().await;
    }

    /// What the writer of the file has done and has still to do.
    pub fn stats(&self) -> store::Stats {
        self.0.store.stats()
    }

    /// Cuts off what is being sent, which is sent again when the file is opened again, and closes the file.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.store.close().await;
    }
}
