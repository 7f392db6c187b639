//! The files that `host.toml` names: which of them a backup has, and which it leaves out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{CONFIGURATION, HOST_KEY, is_known};
use crate::config::HostToml;
use crate::folder::Folder;

/// What a configuration names.
#[derive(Debug)]
pub(crate) struct Named {
    /// What is copied, relative to the data folder, in order.
    pub(crate) copied: Vec<String>,
    /// What is not, in order: keys and passwords, and what lies outside the data folder or is not there.
    pub(crate) left_out: Vec<String>,
}

impl Named {
    /// Of a host without a configuration.
    pub(crate) fn none() -> Self {
        Self { copied: Vec::new(), left_out: vec![HOST_KEY.to_owned()] }
    }

    /// Of `host.toml` in `folder`, if there is one.
    pub(crate) fn of(folder: &Folder) -> anyhow::Result<Self> {
        if !folder.host_toml().exists() {
            return Ok(Self::none());
        }
        let config = HostToml::read(&folder.host_toml())?;
        let tables = [&config.gateway.tls, &config.control.tls];
        // The names as they are written: no folder is put before them.
        let pairs: Vec<tls::Pair> = tables.into_iter().flatten().flat_map(|table| table.pairs(Path::new(""))).collect();
        let keys: BTreeSet<PathBuf> =
            pairs.iter().map(|pair| pair.key.clone()).chain(config.mail.password_file).collect();
        let files = pairs.into_iter().map(|pair| pair.certificate);
        // A file that is a key too is a key.
        let files: BTreeSet<PathBuf> = files
            .chain(config.gateway.envelope)
            .chain(config.egress.ca_file)
            .chain(config.mail.ca_file)
            .filter(|file| !keys.contains(file))
            .collect();
        let name = |path: PathBuf| path.to_string_lossy().into_owned();
        let (copied, outside): (Vec<String>, Vec<String>) = files
            .into_iter()
            .map(name)
            .partition(|name| name != CONFIGURATION && is_known(name) && folder.join(name).is_file());
        let left_out = std::iter::once(HOST_KEY.to_owned()).chain(keys.into_iter().map(name)).chain(outside);
        Ok(Self { copied, left_out: left_out.collect() })
    }
}
