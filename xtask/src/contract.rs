//! `cargo xtask contract`: holds the control plane against its own OpenAPI document.
//!
//! Schemathesis, pinned and installed from PyPI into the target folder, sends a fresh host what the document allows and what
//! it does not, and checks every answer against the document: once with an operator's token, and once with a provider's.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use types::Digest;

use crate::host::Host;
use crate::workspace::{Workspace, run};

const REQUIREMENTS: &str = include_str!("../../tests/contract/requirements.txt");
/// Whose the provider's token is.
const ORGANISATION: &str = "contract";

/// How much is sent.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Contract {
    /// Examples for each operation, for each of the two tokens
    #[arg(long, default_value_t = 100)]
    examples: u32,
    /// What to begin with, to send the same again
    #[arg(long)]
    seed: Option<u128>,
}

impl Contract {
    /// Does it; fails if anything was found.
    pub(crate) fn run(&self, workspace: &Workspace) -> anyhow::Result<()> {
        let schemathesis = install(workspace)?;
        let weir = workspace.build_weir()?;
        let folder = workspace.target.join("contract").join(std::process::id().to_string());
        let host = Host::start(&weir, &folder)?;
        let operator = fs::read_to_string(folder.join("operator.token")).context("the host made no token")?;
        let operator = operator.trim();
        let tokens = [
            ("an operator", token(&host, operator, None)?),
            ("a provider", token(&host, operator, Some(ORGANISATION))?),
        ];
        for (who, token) in &tokens {
            println!("\nAs {who}");
            self.send(workspace, &folder, (&schemathesis, host.control(), token))?;
            // With a token that the run itself has revoked, most answers would be 401, and most checks idle.
            ask(&host, token, "/v1/whoami", None).context("the run has revoked the token that it used")?;
        }
        host.stop()?;
        fs::remove_dir_all(&folder).with_context(|| format!("could not remove {}", folder.display()))
    }

    fn send(
        &self,
        workspace: &Workspace,
        place: &Path,
        (st, control, token): (&Path, &str, &str),
    ) -> anyhow::Result<()> {
        let files = workspace.root.join("tests/contract");
        let mut command = Command::new(st);
        command.arg("--config-file").arg(files.join("schemathesis.toml"));
        command.arg("run").arg(format!("{control}/v1/openapi.json")).args(["--url", control, "--checks", "all"]);
        command.arg("--header").arg(format!("Authorization: Bearer {token}"));
        command.arg("--max-examples").arg(self.examples.to_string());
        if let Some(seed) = self.seed {
            command.arg("--seed").arg(seed.to_string());
        }
        // What it leaves behind stays out of the repository.
        command.env("PYTHONPATH", files).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(place);
        run(&mut command)
    }
}

/// A token of its own for a run: an operator's, or that of a new organisation's provider.
fn token(host: &Host, operator: &str, provider: Option<&str>) -> anyhow::Result<String> {
    let new = match provider {
        Some(name) => {
            ask(host, operator, "/v1/organisations", Some(serde_json::json!({ "name": name })))?;
            serde_json::json!({ "role": "provider", "organisation": name })
        }
        None => serde_json::json!({ "role": "operator" }),
    };
    let made = ask(host, operator, "/v1/tokens", Some(new))?;
    made["secret"].as_str().map(str::to_owned).context("a new token has its secret")
}

fn ask(host: &Host, token: &str, path: &str, body: Option<serde_json::Value>) -> anyhow::Result<serde_json::Value> {
    let (url, bearer) = (format!("{}{path}", host.control()), format!("Bearer {token}"));
    let answer = match body {
        Some(body) => ureq::post(url).header("authorization", bearer).send_json(body),
        None => ureq::get(url).header("authorization", bearer).call(),
    };
    let text = answer.with_context(|| format!("{path} refuses"))?.body_mut().read_to_string()?;
    Ok(serde_json::from_str(&text)?)
}

/// The program `st` of an environment that has what is pinned and nothing else. It is made once.
fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let digest = Digest::of(REQUIREMENTS.as_bytes()).to_string();
    let folder = workspace.target.join("contract");
    let environment = folder.join(digest.get(..16).unwrap_or(&digest));
    let (interpreter, complete) = (environment.join("bin/python3"), environment.join("complete"));
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    if !complete.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
        let requirements = workspace.root.join("tests/contract/requirements.txt");
        run(Command::new(&interpreter).args(install).arg(requirements))?;
        File::create(complete)?;
    }
    let st = environment.join("bin/st");
    ensure!(st.is_file(), "{} is not there", st.display());
    Ok(st)
}
