//! Sealing what must not be read from the file.

use types::SecretValue;

/// Who seals. The room owns the trait, the host plugs the catalog's vault in.
pub trait Seal: Send + Sync + 'static {
    /// Seals a text for one place, which is a name that nothing else has.
    ///
    /// # Errors
    ///
    /// [`Unsealed`].
    fn seal(&self, place: &str, text: &SecretValue) -> Result<Vec<u8>, Unsealed>;

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    ///
    /// [`Unsealed`].
    fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretValue, Unsealed>;
}

/// It was not sealed or not opened: another key, another place, or bytes that were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed cannot be read with this host's key")]
pub struct Unsealed;
