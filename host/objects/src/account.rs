//! What one organisation keeps, and how much it may.

use std::sync::{Mutex, MutexGuard, PoisonError};

use types::ByteCount;

use crate::error::ObjectError;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one object.
    pub object_max: ByteCount,
    /// Bytes of all objects of one organisation.
    pub bytes_max: ByteCount,
    /// Objects of one organisation.
    pub objects_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_max: ByteCount::mib(256), bytes_max: ByteCount::mib(10 * 1_024), objects_max: 100_000 }
    }
}

/// How much is kept. What is being written counts already, and beside what it is to replace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Bytes of all objects.
    pub bytes: u64,
    /// How many there are.
    pub objects: u64,
}

/// The count of one organisation, and the lock under which names are changed.
#[derive(Debug, Default)]
pub(crate) struct Account(Mutex<Option<Used>>);

impl Account {
    /// The count, which `count` makes where nobody has counted yet. While it is held no object gets a name or loses it.
    pub(crate) fn open(&self, count: impl FnOnce() -> Result<Used, ObjectError>) -> Result<Opened<'_>, ObjectError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Some(count()?);
        }
        Ok(Opened(held))
    }
}

/// An account that nobody else changes.
pub(crate) struct Opened<'a>(MutexGuard<'a, Option<Used>>);

impl Opened<'_> {
    pub(crate) fn used(&self) -> Used {
        self.0.unwrap_or_default()
    }

    pub(crate) fn add(&mut self, bytes: u64, objects: u64) {
        let used = self.used();
        *self.0 = Some(Used { bytes: used.bytes.saturating_add(bytes), objects: used.objects.saturating_add(objects) });
    }

    pub(crate) fn subtract(&mut self, bytes: u64, objects: u64) {
        let used = self.used();
        *self.0 = Some(Used { bytes: used.bytes.saturating_sub(bytes), objects: used.objects.saturating_sub(objects) });
    }
}
