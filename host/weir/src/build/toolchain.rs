//! Finds a compiler for guests: the installed one with its target, the target from rustup, or Debian's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{Preference, Settings, ask, debian, run};

/// No WASI in it at all: a guest imports only what its world says.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The profile of a workspace that has one for guests; `release` elsewhere.
const PROFILE: &str = "guest";

/// A compiler that can build for [`TARGET`].
#[derive(Debug)]
pub(super) struct Toolchain {
    /// In the name of the guests' target folder: what one compiler made, another cannot read.
    pub(super) name: String,
    pub(super) cargo: PathBuf,
    /// Set when it is not the one that cargo would take.
    pub(super) rustc: Option<PathBuf>,
    /// Set when its standard library lies elsewhere.
    pub(super) sysroot: Option<PathBuf>,
}

/// Finds the first compiler that can, in the order of the module's first line.
pub(super) fn find(settings: &Settings) -> anyhow::Result<Toolchain> {
    if settings.preference == Preference::Any {
        let installed = || -> Option<Toolchain> {
            let sysroot = PathBuf::from(ask(Command::new("rustc").args(["--print", "sysroot"]))?.trim());
            let release = ask(Command::new("rustc").arg("--version"))?;
            let version = release.split_whitespace().nth(1)?.to_owned();
            let found = sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir();
            found.then(|| Toolchain { name: version, cargo: "cargo".into(), rustc: None, sysroot: None })
        };
        if let Some(toolchain) = installed() {
            return Ok(toolchain);
        }
        if ask(Command::new("rustup").args(["target", "add", TARGET])).is_some()
            && let Some(toolchain) = installed()
        {
            return Ok(toolchain);
        }
    }
    let debian = debian::find(settings)?;
    debian.with_context(|| {
        format!(
            "no Rust compiler here can build for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
             `apt-get install --no-install-recommends {}`",
            debian::PACKAGES
        )
    })
}

impl Toolchain {
    /// Compiles one package of the workspace around `folder`, and returns the core module.
    pub(super) fn compile(&self, folder: &Path, package: &str) -> anyhow::Result<PathBuf> {
        let workspace = Workspace::around(folder)?;
        let target_folder = workspace.target_folder.join("guests").join(&self.name);
        let profile = if workspace.has_profile { PROFILE } else { "release" };
        eprintln!("building {package} for {TARGET} with Rust {}", self.name);
        let mut command = self.command();
        command.args(["build", "--profile", profile, "--target", TARGET, "--package", package, "--lib"]);
        command.current_dir(folder).env("CARGO_TARGET_DIR", &target_folder);
        run(&mut command)?;
        let module = target_folder.join(TARGET).join(profile).join(format!("{}.wasm", package.replace('-', "_")));
        if !module.is_file() {
            bail!("cargo made no {}: the package needs `[lib] crate-type = [\"cdylib\"]`", module.display());
        }
        Ok(module)
    }

    /// This toolchain's cargo, free of what the cargo that may have started us has set.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        for inherited in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO"] {
            command.env_remove(inherited);
        }
        if let Some(rustc) = &self.rustc {
            command.env("RUSTC", rustc).env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC_WRAPPER");
        }
        if let Some(sysroot) = &self.sysroot {
            let flags = format!("--sysroot={}", sysroot.display());
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
        }
        command
    }
}

/// What cargo knows of the workspace that a project belongs to.
struct Workspace {
    target_folder: PathBuf,
    has_profile: bool,
}

#[derive(serde::Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

impl Workspace {
    fn around(folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("cargo");
        command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(folder);
        let metadata = ask(&mut command).with_context(|| format!("{} is no cargo project", folder.display()))?;
        let metadata: Metadata = serde_json::from_str(&metadata).context("could not read cargo's metadata")?;
        let manifest = metadata.workspace_root.join("Cargo.toml");
        let manifest =
            std::fs::read_to_string(&manifest).with_context(|| format!("could not read {}", manifest.display()))?;
        let manifest: toml::Table = manifest.parse().context("could not read the workspace's manifest")?;
        let has_profile = manifest.get("profile").and_then(|profiles| profiles.get(PROFILE)).is_some();
        Ok(Self { target_folder: metadata.target_directory, has_profile })
    }
}
