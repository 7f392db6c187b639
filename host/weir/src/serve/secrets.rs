//! The catalog's secrets, as the way out asks for them.

use catalog::{Catalog, Vault};
use types::{OrganisationId, SecretName, SecretValue};

/// Opens what the catalog keeps sealed, at the moment when it is sent.
pub(super) struct OfCatalog {
    pub(super) catalog: Catalog,
    pub(super) vault: Vault,
}

impl egress::Secrets for OfCatalog {
    fn value(&self, organisation: OrganisationId, name: &SecretName) -> Option<SecretValue> {
        let snapshot = self.catalog.snapshot();
        let sealed = snapshot.secret(organisation, name)?.sealed.as_ref()?;
        match self.vault.open(organisation, name, sealed) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(organisation.id = %organisation, secret.name = %name, "{error}");
                None
            }
        }
    }
}
