//! What the control plane works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalog::{Catalog, Vault};
use delivery::Delivery;
use ledger::Ledger;
use sandbox::Sandbox;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use traces::Traces;
use types::{ByteCount, Clock};
use workflows::Workflows;

use crate::routes::sign_up::Lately;
use crate::states::Places;

/// The rooms behind the control plane. Each is a cheap handle.
#[derive(Clone)]
pub struct House {
    /// Who and what.
    pub catalog: Catalog,
    /// What was used.
    pub ledger: Ledger,
    /// Where uploads are checked.
    pub sandbox: Sandbox,
    /// What components wrote.
    pub traces: Traces,
    /// State machines and their executions.
    pub workflows: Workflows,
    /// What the host sends by itself.
    pub delivery: Delivery,
    /// Seals the secrets of organisations and of credentials.
    pub vault: Vault,
    /// Time.
    pub clock: Clock,
    /// Cancelled when the host begins to stop.
    pub draining: CancellationToken,
}

/// What the operator decides about the control plane.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder for uploads that are not finished. It must be there.
    pub uploads: PathBuf,
    /// The largest component that is taken.
    pub component_max: ByteCount,
    /// What links begin with: the URL by which people reach the control plane.
    pub public_url: String,
    /// Whether anybody may have an invitation sent to his mail address.
    pub sign_up_by_mail: bool,
    /// How long a request may take, uploads excepted.
    pub request_timeout: Duration,
    /// How long an upload may take, the check and the compilation included.
    pub upload_timeout: Duration,
}

impl Settings {
    /// The settings for unfinished uploads in `uploads`, with the defaults of everything else: nobody signs up, 8 MiB for a
    /// component, 30 s for a request, and 25 minutes for an upload: compilations wait for each other, and on a busy machine
    /// for the processor.
    pub fn new(uploads: PathBuf) -> Self {
        Self {
            uploads,
            component_max: ByteCount::mib(8),
            public_url: String::new(),
            sign_up_by_mail: false,
            request_timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_mins(25),
        }
    }
}

/// Uploads that may be under way at once; each is a temporary file of at most the cap.
const UPLOADS_AT_ONCE: usize = 8;

/// Objects that may be written at once: each has a thread of the disk's.
const OBJECTS_AT_ONCE: usize = 16;

/// What every route is given.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) settings: Arc<Settings>,
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) objects: Arc<Semaphore>,
    pub(crate) states: Places,
    pub(crate) sign_ups: Lately,
}

impl Desk {
    pub(crate) fn new(house: House, settings: Settings) -> Self {
        let uploads = Arc::new(Semaphore::new(UPLOADS_AT_ONCE));
        let objects = Arc::new(Semaphore::new(OBJECTS_AT_ONCE));
        Self {
            house,
            settings: Arc::new(settings),
            uploads,
            objects,
            states: Places::new(),
            sign_ups: Lately::default(),
        }
    }
}
