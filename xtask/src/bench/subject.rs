//! The host under measurement: filled and asked through its public faces only.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::servers::Shot;
use crate::host::Host;
use crate::workspace::run;

/// A host, and a key that may call all that is published on it.
pub(crate) struct Subject {
    host: Host,
    key: String,
    token: String,
}

impl Subject {
    /// Starts a host on an empty folder and publishes the guests of `bench/`, which have been built.
    pub(crate) fn start(weir: &Path, data: &Path, guests: &[PathBuf]) -> anyhow::Result<Self> {
        let host = Host::start(weir, data)?;
        let mut key = None;
        for folder in guests {
            host.weir(&["publish", &folder.to_string_lossy(), "--organisation", "bench"])?;
            let name = folder.file_name().context("a guest's folder has a name")?.to_string_lossy();
            let answer = host.weir_json(&["subscribe", "--api", &name, "--plan", "BENCH", "--app", "bench"])?;
            key = key.or_else(|| answer["key"]["secret"].as_str().map(str::to_owned));
        }
        let token =
            std::fs::read_to_string(data.join("operator.token")).context("could not read the operator's token")?;
        Ok(Self { host, key: key.context("weir subscribe showed no key")?, token: token.trim().to_owned() })
    }

    /// A run against one of the published APIs.
    pub(crate) fn shot(&self, path: &str) -> Shot {
        let address = self.host.gateway().trim_start_matches("http://").to_owned();
        Shot { address, path: path.to_owned(), key: Some(self.key.clone()), ..Shot::default() }
    }

    /// The key that opens all that was published at the start.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The gateway's URL.
    pub(crate) fn gateway(&self) -> &str {
        self.host.gateway()
    }

    /// Publishes a project's folder.
    pub(crate) fn publish(&self, folder: &Path) -> anyhow::Result<()> {
        self.host.weir(&["publish", &folder.to_string_lossy(), "--organisation", "bench"])
    }

    /// Asks the control plane for a change, and answers its document.
    pub(crate) fn post(&self, agent: &ureq::Agent, path: &str, document: &Value) -> anyhow::Result<Value> {
        let mut answer = agent
            .post(format!("{}{path}", self.host.control()))
            .header("authorization", format!("Bearer {}", self.token))
            .send_json(document)
            .with_context(|| format!("could not ask for {path}"))?;
        let said: Value = answer.body_mut().read_json()?;
        ensure!(answer.status().is_success(), "{path} was answered with {}: {said}", answer.status());
        Ok(said)
    }

    /// Stops the host and starts it again on its folder.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.host.restart()
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.host.pid()
    }

    /// Commits of usage.db since the start. One commit is one fsync of its log.
    pub(crate) fn commits(&self) -> anyhow::Result<f64> {
        self.state()?["usage"]["commits"].as_f64().context("the host states its commits")
    }

    /// `PRAGMA synchronous` of usage.db's writer, as read back.
    pub(crate) fn synchronous(&self) -> anyhow::Result<Value> {
        Ok(self.state()?["usage"]["synchronous"].clone())
    }

    fn state(&self) -> anyhow::Result<Value> {
        let mut answer = ureq::get(format!("{}/v1/host", self.host.control()))
            .header("authorization", format!("Bearer {}", self.token))
            .call()
            .context("could not ask the host for its state")?;
        Ok(answer.body_mut().read_json()?)
    }
}

/// Builds a guest of `bench/` as any provider does, and answers its component's file.
pub(crate) fn build_guest(weir: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    run(Command::new(weir).arg("build").arg(folder))?;
    let settings: toml::Table = toml::from_str(&std::fs::read_to_string(folder.join("weir.toml"))?)?;
    let file = settings["component"]["wasm"].as_str().context("component.wasm in weir.toml")?;
    Ok(folder.join(file))
}
