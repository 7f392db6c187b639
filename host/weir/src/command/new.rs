//! `weir new`: a provider's project in an empty folder, with everything in it that it needs of Weir.

mod inherit;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use include_dir::{Dir, DirEntry, File, include_dir};

use crate::cli::Session;

/// Letters of a project's name, and so of its API's slug.
const NAME_MAX: usize = 40;

/// Packages that the project itself needs: cargo would not tell them apart.
const TAKEN: [&str; 4] = ["serde", "thiserror", "weir-sdk", "weir-sdk-macros"];

/// The folder of a project that holds the SDK and the contract, laid out as in Weir's own repository.
const HOUSE: &str = "weir";

/// The sources of the SDK.
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk");
/// The contract between host and components.
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");
/// The guide to the SDK, whose examples are the SDK's tests.
const GUIDE: &str = include_str!("../../../../docs/sdk-rust.md");
/// What a project begins with, a folder for each template.
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// What there is to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Template {
    /// An API over HTTP, in Rust
    Rust,
    /// A step of a workflow, in Rust
    RustTask,
}

impl Template {
    const fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::RustTask => "rust-task",
        }
    }
}

/// The arguments of `weir new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The folder to make; its last part is the project's name, and its API's
    folder: PathBuf,
    /// What the project begins with
    #[arg(long, value_enum, default_value = "rust")]
    template: Template,
}

/// What was made, for `--json`.
#[derive(Debug, serde::Serialize)]
struct Made {
    name: String,
    template: Template,
    folder: PathBuf,
}

impl New {
    /// Makes the project.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let name = name_of(&self.folder)?;
        let files = project(self.template, &name)?;
        claim(&self.folder)?;
        for (path, content) in files {
            let path = self.folder.join(path);
            let folder = path.parent().unwrap_or(&self.folder);
            std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
            std::fs::write(&path, content).with_context(|| format!("could not write {}", path.display()))?;
        }
        let output = session.output;
        output.line(format_args!("project       {} in {}", name, self.folder.display()))?;
        output.line(format_args!("              cd {}, and go on with its README.md:", self.folder.display()))?;
        output.line("              cargo test, weir build, weir publish, weir subscribe, weir call")?;
        output.document(&Made { name, template: self.template, folder: self.folder.clone() })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The project's name: the last part of its folder.
fn name_of(folder: &Path) -> anyhow::Result<String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || name.len() > NAME_MAX || !name.chars().all(plain) || name.ends_with('-') {
        bail!(
            "{name:?} cannot be the name of a project, which is its API's name in paths too: use 1 to {NAME_MAX} \
             lower-case letters, digits and hyphens, a letter first"
        );
    }
    if TAKEN.contains(&name) {
        bail!("{name} is the name of a package that the project needs; choose another");
    }
    Ok(name.to_owned())
}

/// Every file of the project, by its path.
fn project(template: Template, name: &str) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let begins = TEMPLATES.get_dir(template.folder()).context("this binary has no such template")?;
    for file in all(begins) {
        let below = file.path().strip_prefix(template.folder())?;
        // Called otherwise here, where cargo and git would take them for their own.
        let path = match below.to_str() {
            Some("manifest.toml") => Path::new("Cargo.toml"),
            Some("gitignore") => Path::new(".gitignore"),
            _ => below,
        };
        files.insert(path.to_owned(), text(file)?.replace("{{name}}", name));
    }
    for file in all(&SDK) {
        let is_manifest = file.path().ends_with("Cargo.toml");
        let text = if is_manifest { inherit::resolve(text(file)?)? } else { text(file)?.to_owned() };
        files.insert(Path::new(HOUSE).join("sdk").join(file.path()), text);
    }
    for file in all(&WIT) {
        files.insert(Path::new(HOUSE).join("wit").join(file.path()), text(file)?.to_owned());
    }
    files.insert(Path::new(HOUSE).join("docs/sdk-rust.md"), GUIDE.to_owned());
    Ok(files)
}

/// The files of a folder and of those in it.
fn all<'a>(folder: &'a Dir<'a>) -> Vec<&'a File<'a>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(inner) => folders.push(inner),
                DirEntry::File(file) => files.push(file),
            }
        }
    }
    files
}

fn text<'a>(file: &'a File<'a>) -> anyhow::Result<&'a str> {
    file.contents_utf8().with_context(|| format!("{} in this binary is not text", file.path().display()))
}

/// Makes the folder, or takes an empty one.
fn claim(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let mut entries = std::fs::read_dir(folder).with_context(|| format!("could not look into {}", folder.display()))?;
    if entries.next().is_some() {
        bail!("{} is not empty; nothing was written", folder.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_slug_and_no_package_that_is_needed() {
        assert_eq!(name_of(Path::new("/tmp/word-count")).unwrap(), "word-count");
        for wrong in ["", "..", "Words", "1st", "a_b", "words-", "weir-sdk", &"a".repeat(41)] {
            assert!(name_of(Path::new(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_project_brings_the_sdk_and_the_contract_and_names_nothing_outside_of_it() {
        for template in [Template::Rust, Template::RustTask] {
            let files = project(template, "words").unwrap();
            for path in ["Cargo.toml", "weir.toml", "openapi.yaml", "README.md", ".gitignore", "src/lib.rs"] {
                assert!(files.contains_key(Path::new(path)), "{template:?} has no {path}");
            }
            for (path, text) in &files {
                let ours = path.starts_with(HOUSE);
                assert!(ours || !text.contains("{{name"), "{} has a hole", path.display());
                assert!(!path.ends_with("Cargo.toml") || !text.contains("workspace = true"), "{text}");
            }
            let count = |under: &str| files.keys().filter(|path| path.starts_with(under)).count();
            assert!(
                count("weir/sdk/rust/src/") > 10 && count("weir/sdk/rust-macros/src/") > 2 && count("weir/wit/") > 3
            );
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        claim(&folder.path().join("new")).unwrap();
        assert!(claim(folder.path()).unwrap_err().to_string().contains("not empty"));
    }
}
