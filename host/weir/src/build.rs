//! `weir build`: from a provider's project to a component.
//!
//! Rust projects are compiled for `wasm32-unknown-unknown` by whichever compiler here can (`build/toolchain.rs`); projects in
//! other languages bring their own command. What comes out as a core module is encoded as a component in this process
//! (`build/encode.rs`); what is one already passes through. Talks to cargo, rustup and the file system; never to a running host.

mod debian;
mod encode;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

/// How this machine's guests are compiled.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether Debian's compiler is taken without looking for another.
    pub preference: Preference,
    /// Where a standard library that had to be built is kept, by compiler version.
    pub cache: PathBuf,
}

/// Which compiler is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// The installed target, then rustup's, then Debian's.
    Any,
    /// Debian's at once.
    Debian,
}

impl Settings {
    /// What the environment says: `WEIR_GUEST_TOOLCHAIN=debian`, and `XDG_CACHE_HOME` or `HOME` for the cache.
    ///
    /// # Errors
    ///
    /// An unknown value, or no home to keep a cache in.
    pub fn from_environment() -> anyhow::Result<Self> {
        let preference = match std::env::var_os("WEIR_GUEST_TOOLCHAIN") {
            None => Preference::Any,
            Some(value) if value.is_empty() => Preference::Any,
            Some(value) if value == "debian" => Preference::Debian,
            Some(value) => bail!("WEIR_GUEST_TOOLCHAIN is {}; its one value is debian", value.display()),
        };
        let base = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let base = base.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        let base = base.context("there is no home folder to keep a cache in; set XDG_CACHE_HOME")?;
        Ok(Self { preference, cache: base.join("weir") })
    }
}

/// The parts of `weir.toml` that building needs.
#[derive(Debug, Deserialize)]
struct Project {
    /// None for a workflow, which is not built.
    component: Option<Recipe>,
}

/// `[component]`: how the component comes to be.
#[derive(Debug, Deserialize)]
struct Recipe {
    /// The cargo package to compile, for Rust.
    package: Option<String>,
    /// The command that makes `wasm`, for other languages; run in the project's folder.
    #[serde(default)]
    build: Vec<String>,
    /// The component, relative to the project's folder.
    wasm: PathBuf,
}

/// Builds the component of the project in `folder`, and returns where it stands.
///
/// Says on standard error what it does, as the compilers that it runs do.
///
/// # Errors
///
/// What is wrong with the project, or why no compiler here can build it, in words for the provider. The component of an
/// earlier build is left as it was.
pub fn build(folder: &Path, settings: &Settings) -> anyhow::Result<PathBuf> {
    let manifest = folder.join("weir.toml");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("could not read {}", manifest.display()))?;
    let project: Project = toml::from_str(&text).with_context(|| format!("{} is not right", manifest.display()))?;
    let recipe = project
        .component
        .with_context(|| format!("{} has no [component]: there is nothing to build", manifest.display()))?;
    let Recipe { package, build, wasm } = recipe;
    let output = folder.join(wasm);
    let made = match (package, build.split_first()) {
        (Some(_), Some(_)) => bail!("{} has both a package and a build command; keep one", manifest.display()),
        (Some(package), None) => toolchain::find(settings)?.compile(folder, &package)?,
        (None, Some((program, arguments))) => {
            run(Command::new(program).args(arguments).current_dir(folder))?;
            output.clone()
        }
        (None, None) => output.clone(),
    };
    encode::to_component(&made, &output)?;
    Ok(output)
}

/// Runs a command to its end; its output goes where ours goes.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("could not start {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// Runs a command and returns what it printed, or `None` when it is not there or fails.
fn ask(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(toml: &str) -> (tempfile::TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weir.toml"), toml).unwrap();
        let cache = folder.path().join("cache");
        (folder, Settings { preference: Preference::Any, cache })
    }

    #[test]
    fn a_command_of_the_projects_own_makes_the_component() {
        let (folder, settings) =
            project("[component]\nbuild = [\"cp\", \"made.wasm\", \"out.wasm\"]\nwasm = \"out.wasm\"");
        std::fs::write(folder.path().join("made.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
        let output = build(folder.path(), &settings).unwrap();
        assert_eq!(std::fs::read(output).unwrap(), b"\0asm\x0d\0\x01\0");
    }

    #[test]
    fn a_project_that_cannot_be_built_says_why() {
        let (folder, settings) = project("[component]\npackage = \"a\"\nbuild = [\"true\"]\nwasm = \"out.wasm\"");
        let error = build(folder.path(), &settings).unwrap_err();
        assert!(error.to_string().contains("both a package and a build command"), "{error}");

        let (folder, settings) = project("[component]\nbuild = [\"false\"]\nwasm = \"out.wasm\"");
        let error = build(folder.path(), &settings).unwrap_err();
        assert!(error.to_string().contains("ended with"), "{error}");
    }
}
