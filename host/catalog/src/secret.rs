//! Secrets of organisations, as the catalog has them: sealed.

use types::{OrganisationId, SecretId, SecretName, SecretValue, Timestamp};

use crate::tables::secret;
use crate::{Actor, Catalog, CatalogError, Sealed};

/// A secret of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its id.
    pub id: SecretId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its name, unique within the organisation.
    pub name: SecretName,
    /// How often it was set, from 1.
    pub version: u32,
    /// Its value. `None`: it was removed.
    pub sealed: Option<Sealed>,
    /// When it was last set or removed.
    pub updated_at: Timestamp,
}

/// Whether `value` can be a secret: what a header can carry, 1 byte to 8 KiB.
///
/// # Errors
///
/// [`CatalogError::Invalid`] says what it must be.
pub fn check_secret(value: &SecretValue) -> Result<(), CatalogError> {
    let text = value.reveal();
    let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain && (1..=SecretValue::BYTES_MAX).contains(&text.len()) && text.trim() == text {
        return Ok(());
    }
    let why = "1 to 8,192 printable ASCII characters, without blanks at the ends: what a header can carry";
    Err(CatalogError::invalid("value", why))
}

impl Catalog {
    /// Sets a secret of an organisation, in place of the value that it had. Calls use it from the next request on.
    ///
    /// # Errors
    ///
    /// As the module of commands says; `Unfit` also when the organisation has 100 that have a value, or has named 1,000.
    pub async fn set_secret(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        name: SecretName,
        sealed: Sealed,
    ) -> Result<SecretId, CatalogError> {
        self.change(actor, move |change| secret::set(change, organisation, &name, &sealed)).await
    }

    /// Removes a secret: its row no longer holds what was sealed, and requests that would carry it are denied. The file
    /// is not scrubbed: free pages, the log beside it and backups may hold what was sealed, which only `host.key` opens.
    ///
    /// # Errors
    ///
    /// As the module of commands says.
    pub async fn remove_secret(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        name: SecretName,
    ) -> Result<(), CatalogError> {
        self.change(actor, move |change| secret::remove(change, organisation, &name)).await
    }
}
