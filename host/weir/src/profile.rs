//! Hosts that this user has logged in to: where each is, and the token for it.
//!
//! They lie in `profiles.toml` in the user's folder for configuration, which its owner alone may read. A token goes to
//! the host that it was stored for and to no other.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::folder::write_private;

/// The name of the profile that `weir login` makes when it is given none.
pub(crate) const USUAL: &str = "default";

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Its control plane's URL.
    pub(crate) control: String,
    /// Its data plane's URL, for `weir call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gateway: Option<String>,
    /// The token.
    pub(crate) token: String,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// Which is used when neither a flag nor the environment names a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct ProfileFile(pub(crate) PathBuf);

impl ProfileFile {
    /// Reads it; nothing where there is none.
    pub(crate) fn read(&self) -> anyhow::Result<Profiles> {
        let path = &self.0;
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("{} is not valid", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Profiles::default()),
            Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
        }
    }

    /// Writes it, for its owner alone. Readers see the whole file or the one before.
    pub(crate) fn write(&self, profiles: &Profiles) -> anyhow::Result<()> {
        let path = &self.0;
        let failed = || format!("could not write {}", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(failed)?;
        let unfinished = path.with_extension("toml.new");
        // Made anew, so that no wider mode of an older file stays.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(failed),
            _ => {}
        }
        write_private(&unfinished, toml::to_string(profiles)?.as_bytes()).with_context(failed)?;
        fs::rename(&unfinished, path).with_context(failed)
    }
}

impl Profiles {
    /// The profile `name`.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<&Profile> {
        self.profiles.get(name).with_context(|| {
            let known = self.profiles.keys().cloned().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none yet".to_owned() } else { known };
            format!("there is no profile {name:?} (there are: {known}); make it with `weir login URL --profile {name}`")
        })
    }

    /// Those that there are, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Profile)> {
        self.profiles.iter()
    }

    /// Stores `profile` as `name`, and makes it the one that is used.
    pub(crate) fn put(&mut self, name: &str, profile: Profile) {
        self.profiles.insert(name.to_owned(), profile);
        self.current = Some(name.to_owned());
    }

    /// Puts `new` where `old` was; answers the names of the profiles that had it.
    pub(crate) fn replace_token(&mut self, old: &str, new: &str) -> Vec<String> {
        let had = self.profiles.iter_mut().filter(|(_, profile)| profile.token == old);
        had.map(|(name, profile)| {
            new.clone_into(&mut profile.token);
            name.clone()
        })
        .collect()
    }

    /// Forgets the profile `name`; says whether it was there.
    pub(crate) fn forget(&mut self, name: &str) -> bool {
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        self.profiles.remove(name).is_some()
    }
}
