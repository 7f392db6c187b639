//! The room of deliveries, as a host plugs it in: open to every name over https, and nobody answers for names.

use std::path::Path;
use std::sync::Arc;

use catalog::Vault;
use delivery::{Delivery, Seal, Unsealed};
use egress::{Egress, Secrets};
use types::{Clock, EgressRule, HostKey, OrganisationId, SecretName, SecretValue};

struct InVault(Vault);

impl Seal for InVault {
    fn seal(&self, place: &str, text: &SecretValue) -> Result<Vec<u8>, Unsealed> {
        self.0.seal_text(place, text).map_err(|_| Unsealed)
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretValue, Unsealed> {
        self.0.open_text(place, sealed).map_err(|_| Unsealed)
    }
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn value(&self, _: OrganisationId, _: &SecretName) -> Option<SecretValue> {
        None
    }
}

pub(crate) fn open(folder: &Path, vault: &Vault, clock: &Clock) -> Delivery {
    let allow = vec![EgressRule::any_name()];
    let mut way_out = egress::Settings::closed(HostKey::generate());
    way_out.allow.clone_from(&allow);
    way_out.nameservers = vec!["127.0.0.1:9".parse().unwrap()];
    let egress = Egress::open(&way_out, Arc::new(NoSecrets), clock.clone()).unwrap();
    let seal = Arc::new(InVault(vault.clone()));
    Delivery::open(&folder.join("delivery.db"), delivery::Settings::new(allow), clock.clone(), egress, seal).unwrap()
}
