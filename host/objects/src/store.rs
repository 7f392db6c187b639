//! The folder of all objects.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use types::OrganisationId;

use crate::account::{Account, Limits};
use crate::owned::Owned;
use crate::writing::WRITING;

/// The objects of a host. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    limits: Limits,
    /// One for each organisation that has asked since the start: a few words each.
    accounts: Mutex<HashMap<OrganisationId, Arc<Account>>>,
}

impl Objects {
    /// The objects in `folder`, which need not be there. What a crash has left unfinished is removed. Blocks.
    pub fn open(folder: PathBuf, limits: Limits) -> Self {
        if let Ok(organisations) = std::fs::read_dir(&folder) {
            for organisation in organisations.flatten() {
                match std::fs::remove_dir_all(organisation.path().join(WRITING)) {
                    Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                        let path = organisation.path();
                        tracing::warn!(%error, path = %path.display(), "an unfinished object stays behind");
                    }
                    _ => {}
                }
            }
        }
        Self(Arc::new(Inner { folder, limits, accounts: Mutex::default() }))
    }

    /// Those of one organisation.
    pub fn of(&self, organisation: OrganisationId) -> Owned {
        let mut accounts = self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = Arc::clone(accounts.entry(organisation).or_default());
        Owned::new(self.0.folder.join(organisation.to_string()), self.0.limits, account)
    }

    /// How much may be kept.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }
}
