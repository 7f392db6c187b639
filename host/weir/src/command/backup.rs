//! `weir backup`: a copy of what a host keeps, while it runs or while it does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use types::Clock;

use crate::backup::{self, COMPONENTS, CONFIGURATION, DATABASES, Entry, List, Named, OBJECTS};
use crate::cli::Session;
use crate::folder::{Folder, make_private, sync_folder};
use crate::output::complain;
use crate::progress::Progress;

/// The arguments of `weir backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The folder to make; it must not be there, or be empty
    #[arg(value_name = "FOLDER")]
    into: PathBuf,
}

/// What was done, for `--json`.
#[derive(serde::Serialize)]
struct Made<'a> {
    folder: String,
    bytes: u64,
    #[serde(flatten)]
    list: &'a List,
}

impl Backup {
    /// Copies the data folder's files. A host that runs on it goes on.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (folder, clock) = (&session.folder, Clock::system());
        if !folder.catalog_db().exists() {
            bail!("no host has ever run on {}: name its data folder with --data", folder.path().display());
        }
        refuse_if_used(&self.into)?;
        let unfinished = beside(&self.into, "unfinished")?;
        make_private(&unfinished.join(COMPONENTS))
            .with_context(|| format!("could not make {}", unfinished.display()))?;
        let list = copy_all(folder, &unfinished, &clock).inspect_err(|_| {
            // A copy that is not whole is of no use, and may be as large as the disk.
            drop(fs::remove_dir_all(&unfinished));
        })?;
        fs::rename(&unfinished, &self.into).with_context(|| format!("could not name it {}", self.into.display()))?;
        sync_folder(self.into.parent().unwrap_or(&self.into))?;
        if let Err(error) = folder.note_backup(list.ended) {
            complain(format_args!("the backup is complete, but `weir doctor` does not know of it: {error:#}"));
        }
        let made = Made { folder: self.into.display().to_string(), bytes: list.bytes(), list: &list };
        session.output.document(&made)?;
        session.output.line(format_args!(
            "{}: {} files, {} MiB, of {}",
            made.folder,
            list.files.len(),
            list.bytes() >> 20,
            list.began
        ))?;
        complain(format_args!(
            "not in it, so that who reads the backup reads no secrets: keep copies apart, of {}",
            list.left_out.iter().map(|name| folder.join(name).display().to_string()).collect::<Vec<_>>().join(", ")
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// Refuses a folder that has anything in it.
pub(super) fn refuse_if_used(folder: &Path) -> anyhow::Result<()> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => bail!("{} is not empty: name a new folder, or empty it yourself", folder.display()),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("could not look into {}", folder.display())),
    }
}

/// The folder `NAME.ending` beside `folder`, on the same disk, as long as `folder` is not finished.
pub(super) fn beside(folder: &Path, ending: &str) -> anyhow::Result<PathBuf> {
    let name = folder.file_name().with_context(|| format!("{} is no name of a folder", folder.display()))?;
    let mut name = name.to_owned();
    name.push(format!(".{ending}"));
    let beside = folder.with_file_name(name);
    if beside.exists() {
        bail!("{} is left from an attempt that was cut off: remove it", beside.display());
    }
    Ok(beside)
}

/// Copies everything, in its order, and writes the list.
fn copy_all(folder: &Folder, into: &Path, clock: &Clock) -> anyhow::Result<List> {
    let began = clock.now();
    let present: Vec<&str> = DATABASES.into_iter().filter(|name| folder.join(name).exists()).collect();
    let size = |path: PathBuf| fs::metadata(path).map_or(0, |file| file.len());
    let total = present.iter().fold(0_u64, |sum, name| sum.saturating_add(size(folder.join(name))));
    // Twice: once to copy, once to take the digest of the copy.
    let progress = Progress::of_bytes("copying", total.saturating_mul(2));
    let mut files = Vec::new();
    for name in present {
        progress.doing(name);
        files.push(copy_database(folder, into, name, &progress)?);
    }
    progress.doing(COMPONENTS);
    // After the catalog: what its copy refers to was there before.
    for name in components(&folder.components())? {
        files.push(copy_plain(folder, into, format!("{COMPONENTS}/{name}"))?);
    }
    progress.doing(OBJECTS);
    // After the executions: what a map run that is in their copy has still to read was there before.
    for name in stored(&folder.join(OBJECTS))? {
        files.extend(copy_if_there(folder, into, name)?);
    }
    let named = Named::of(folder).unwrap_or_else(|error| {
        complain(format_args!("host.toml is copied, and none of the files that it may name: {error:#}"));
        Named::none()
    });
    let configuration = folder.host_toml().exists().then(|| CONFIGURATION.to_owned());
    for name in configuration.into_iter().chain(named.copied) {
        files.push(copy_plain(folder, into, name)?);
    }
    let list = List::of(files, named.left_out, began.into(), clock.now().into());
    list.write(into)?;
    Ok(list)
}

fn copy_plain(folder: &Folder, into: &Path, name: String) -> anyhow::Result<Entry> {
    let copy = into.join(&name);
    make_private(copy.parent().unwrap_or(into)).with_context(|| format!("could not make room for {name}"))?;
    let (bytes, sha256) = backup::copy_file(&folder.join(&name), &copy, |_| {})?;
    Ok(Entry { name, bytes, sha256, schema_version: None })
}

/// Copies a file that may be deleted at any moment.
fn copy_if_there(folder: &Folder, into: &Path, name: String) -> anyhow::Result<Option<Entry>> {
    let from = folder.join(&name);
    match copy_plain(folder, into, name) {
        Err(_) if !from.exists() => Ok(None),
        copied => copied.map(Some),
    }
}

/// The objects of all organisations, in order, as paths in the data folder.
fn stored(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    objects::each_of(folder, &mut |organisation, name| {
        names.push(format!("{OBJECTS}/{organisation}/{}/{}", name.bucket(), name.key()));
        Ok(())
    })
    .with_context(|| format!("could not look into {}", folder.display()))?;
    names.sort_unstable();
    Ok(names)
}

fn copy_database(folder: &Folder, into: &Path, name: &str, progress: &Progress) -> anyhow::Result<Entry> {
    let (from, into) = (folder.join(name), into.join(name));
    let page = fs::metadata(&from).map_or(0, |file| file.len());
    let mut told = 0;
    let copied = store::copy(&from, &into, |done, all| {
        let bytes = page.saturating_mul(done).checked_div(all).unwrap_or(0);
        progress.add(bytes.saturating_sub(told));
        told = bytes.max(told);
    })?;
    let (bytes, sha256) = backup::measure(&into, |bytes| progress.add(bytes))?;
    Ok(Entry { name: name.to_owned(), bytes, sha256, schema_version: Some(copied.schema_version) })
}

/// The finished uploads, in order.
fn components(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder).with_context(|| format!("could not look into {}", folder.display()))? {
        let name = file?.file_name();
        names.extend(name.to_str().filter(|name| backup::is_component(name)).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}
