//! The room of deliveries: opened with a way out of its own, and the catalog's vault.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use catalog::Vault;
use delivery::{Delivery, Seal, Unsealed};
use egress::{Egress, Secrets};
use types::{Clock, HostKey, OrganisationId, SecretName, SecretValue};

use crate::config::HostToml;
use crate::folder::Folder;

/// The catalog's vault, as the room of deliveries sees it.
struct InVault(Vault);

impl Seal for InVault {
    fn seal(&self, place: &str, text: &SecretValue) -> Result<Vec<u8>, Unsealed> {
        self.0.seal_text(place, text).map_err(|_| Unsealed)
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretValue, Unsealed> {
        self.0.open_text(place, sealed).map_err(|_| Unsealed)
    }
}

/// Webhooks carry no secrets of organisations.
struct NoSecrets;

impl Secrets for NoSecrets {
    fn value(&self, _: OrganisationId, _: &SecretName) -> Option<SecretValue> {
        None
    }
}

/// Opens it, and its way out. `password`: of the mail server, as the environment has it.
pub(super) fn open(
    (folder, config): (&Folder, &HostToml),
    clock: &Clock,
    (host_key, vault): (HostKey, Vault),
    (password, public_url): (Option<&str>, String),
) -> anyhow::Result<(Delivery, Egress)> {
    if config.control.sign_up_by_mail && config.mail.smtp.is_none() {
        bail!("control.sign_up_by_mail needs a server in [mail]");
    }
    let way_out = config.webhooks.way_out(&config.egress, folder.path(), host_key)?;
    let egress = Egress::open(&way_out, Arc::new(NoSecrets), clock.clone()).context("[webhooks]")?;
    let settings = delivery::Settings {
        mail: config.mail.server(folder.path(), password)?,
        public_url,
        keep: config.webhooks.keep(),
        ..delivery::Settings::new(config.webhooks.allow.clone())
    };
    let path = folder.delivery_db();
    let seal = Arc::new(InVault(vault));
    let delivery = Delivery::open(&path, settings, clock.clone(), egress.clone(), seal)
        .with_context(|| format!("could not open {}", path.display()))?;
    Ok((delivery, egress))
}
