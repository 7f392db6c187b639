//! A host in a process of its own, on a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::workspace::run;

/// How often a starting or stopping host is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often at most: a minute in all.
const LOOKS_MAX: u32 = 1_200;

/// Both faces take any free port, so that a demo stands in nobody's way.
const CONFIGURATION: &str = "[gateway]\nlisten = \"127.0.0.1:0\"\n\n[control]\nlisten = \"127.0.0.1:0\"\n";

/// A running host. Dropping it kills it.
pub(crate) struct Host {
    child: Child,
    weir: PathBuf,
    folder: PathBuf,
    gateway: String,
    control: String,
}

impl Host {
    /// Starts `weir serve` on an empty folder, and waits until it is ready.
    pub(crate) fn start(weir: &Path, folder: &Path) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        fs::write(folder.join("host.toml"), CONFIGURATION).context("could not write host.toml")?;
        let child = launch(weir, folder)?;
        let [gateway, control] = [String::new(), String::new()];
        let mut host = Self { child, weir: weir.to_owned(), folder: folder.to_owned(), gateway, control };
        host.await_readiness()?;
        Ok(host)
    }

    /// Stops it and starts it again on its folder, most likely on other ports.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.end()?;
        self.child = launch(&self.weir, &self.folder)?;
        self.await_readiness()
    }

    fn await_readiness(&mut self) -> anyhow::Result<()> {
        for _ in 0..LOOKS_MAX {
            if let Some(status) = self.child.try_wait()? {
                bail!("the host ended with {status}; it said:\n{}", self.log());
            }
            if let Some((gateway, control)) = self.addresses()
                && ureq::get(format!("{control}/readyz")).call().is_ok()
            {
                (self.gateway, self.control) = (gateway, control);
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        bail!("the host was not ready within a minute; it said:\n{}", self.log())
    }

    /// Where it listens, once it has said so.
    fn addresses(&self) -> Option<(String, String)> {
        let text = fs::read_to_string(self.folder.join("addresses.json")).ok()?;
        let addresses: Value = serde_json::from_str(&text).ok()?;
        let address = |name: &str| addresses[name].as_str().map(str::to_owned);
        address("gateway").zip(address("control"))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("host.log")).unwrap_or_default()
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The gateway's URL.
    pub(crate) fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The control plane's URL.
    pub(crate) fn control(&self) -> &str {
        &self.control
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs the command line against this host.
    pub(crate) fn weir(&self, arguments: &[&str]) -> anyhow::Result<()> {
        run(&mut self.command(arguments))
    }

    /// Runs the command line against this host, and reads the document that it prints.
    pub(crate) fn weir_json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut command = self.command(arguments);
        let output = command.arg("--json").output().with_context(|| format!("could not start {command:?}"))?;
        if !output.status.success() {
            bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?} printed no document"))
    }

    /// A command that the environment cannot point at another host.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.weir);
        for inherited in ["WEIR_DATA", "WEIR_CONTROL", "WEIR_GATEWAY", "WEIR_TOKEN", "WEIR_KEY"] {
            command.env_remove(inherited);
        }
        command.arg("--data").arg(&self.folder).args(arguments);
        command
    }

    /// Waits until it ends by itself or by a signal.
    pub(crate) fn wait(&mut self) -> anyhow::Result<()> {
        let status = self.child.wait().context("could not wait for the host")?;
        if status.success() { Ok(()) } else { bail!("the host ended with {status}") }
    }

    /// Asks it to stop, and waits until it has drained.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.end()
    }

    fn end(&mut self) -> anyhow::Result<()> {
        run(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()))?;
        for _ in 0..LOOKS_MAX {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the host ended with {status}; it said:\n{}", self.log()),
                None => thread::sleep(LOOK),
            }
        }
        bail!("the host did not stop within a minute")
    }
}

fn launch(weir: &Path, folder: &Path) -> anyhow::Result<Child> {
    let log = File::create(folder.join("host.log")).context("could not make the host's log")?;
    let mut command = Command::new(weir);
    command.arg("--data").arg(folder).arg("serve").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("could not start {}", weir.display()))
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait()
            && let Err(error) = self.child.kill()
        {
            eprintln!("a host stays behind: {error}");
        }
    }
}
