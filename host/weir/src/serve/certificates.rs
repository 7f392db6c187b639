//! Takes up certificates that change while the host runs.

use std::time::Duration;

use anyhow::Context as _;
use tls::{Files, Refreshed};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at. A change is taken up at the second look that finds it.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until the host closes.
pub(super) async fn run(mut certificates: Vec<Files>, closing: CancellationToken) -> anyhow::Result<()> {
    while closing.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let looked = tokio::task::spawn_blocking(move || {
            certificates.iter_mut().for_each(refresh);
            certificates
        });
        certificates = looked.await.context("could not look at the certificates")?;
    }
    Ok(())
}

fn refresh(files: &mut Files) {
    match files.refresh() {
        Ok(Refreshed::Unchanged) => {}
        Ok(Refreshed::Taken) => {
            let names: Vec<String> = files.pairs().iter().map(|pair| pair.certificate.display().to_string()).collect();
            tracing::info!(certificates = names.join(", "), "new certificates are in use");
            warn_of_open_keys(files);
        }
        Err(error) => {
            let why = anyhow::Error::new(error);
            tracing::warn!(
                why = format!("{why:#}"),
                "changed certificates cannot be used; the former ones stay in use"
            );
        }
    }
}

/// Tells of keys that everybody on this machine may read.
pub(super) fn warn_of_open_keys(files: &Files) {
    for pair in files.pairs().iter().filter(|pair| pair.key_is_open()) {
        tracing::warn!(key = %pair.key.display(), "everybody on this machine may read the key: chmod o-rwx");
    }
}
