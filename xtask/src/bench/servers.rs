//! The processes of a measurement: the floor's servers and the load.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

/// One server of the floor; killed when dropped.
pub(crate) struct Floor {
    child: Child,
    pub(crate) address: String,
}

impl Floor {
    pub(crate) fn start(release: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(release.join("floor"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start the floor")?;
        let mut address = String::new();
        let output = child.stdout.take().context("the floor has an output")?;
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What one run of the load saw.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Run {
    pub(crate) rps: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) answers: f64,
    pub(crate) refused: usize,
    pub(crate) broken: usize,
    /// Answers of the warm-up, which cost the server as much as the counted ones.
    pub(crate) warm_up: f64,
}

impl Run {
    pub(crate) fn all_answers(&self) -> f64 {
        (self.answers + self.warm_up).max(1.0)
    }
}

/// The load program.
pub(crate) struct Load {
    program: PathBuf,
}

impl Load {
    pub(crate) fn new(release: &Path) -> Self {
        Self { program: release.join("load") }
    }

    /// Drives one server and answers what was seen. A refused or broken answer is an error: the others would be measured
    /// in the place of all.
    pub(crate) fn run(&self, shot: &Shot) -> anyhow::Result<Run> {
        let run = self.start(shot)?.finish()?;
        ensure!(run.refused == 0 && run.broken == 0, "{}: {run:?}: every answer must be right", shot.path);
        Ok(run)
    }

    /// Starts a run in the background.
    pub(crate) fn start(&self, shot: &Shot) -> anyhow::Result<Running> {
        let mut command = Command::new(&self.program);
        command.args([&shot.address, &shot.path, &shot.connections.to_string(), &shot.seconds.to_string(), "64"]);
        if let Some(rate) = shot.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        if let Some(key) = &shot.key {
            command.args(["--header", &format!("X-API-Key: {key}")]);
        }
        Ok(Running(command.stdout(Stdio::piped()).spawn().context("could not start the load")?))
    }
}

/// What a component costs by itself in the sandbox, in CPU µs: a fresh instance and one call.
pub(crate) fn instantiate(release: &Path, component: &Path) -> anyhow::Result<f64> {
    let program = release.join("instantiate");
    let output = Command::new(&program)
        .args([release.join("weir").as_path(), component])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start {}", program.display()))?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).context("instantiate printed no figure")?;
    said["cpu_us_per_call"].as_f64().context("instantiate printed no figure")
}

/// One run of the load: at what, and how hard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shot {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
    /// Requests per second over all connections; `None`: each connection sends when it has its answer.
    pub(crate) rate: Option<f64>,
    pub(crate) key: Option<String>,
}

/// A run of the load that goes on in the background.
pub(crate) struct Running(Child);

impl Running {
    /// Waits for its end.
    pub(crate) fn finish(self) -> anyhow::Result<Run> {
        let output = self.0.wait_with_output()?;
        serde_json::from_slice(&output.stdout).context("the load printed no figures")
    }
}
