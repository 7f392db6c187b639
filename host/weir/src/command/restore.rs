//! `weir restore`: a data folder from a backup, checked before it gets its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger::{Ledger, Reconciliation};
use types::Clock;

use super::backup::{beside, refuse_if_used};
use super::doctor;
use crate::backup::{self, COMPONENTS, DATABASES, HOST_KEY, List};
use crate::cli::Session;
use crate::folder::{Folder, make_private, sync_folder, write_private};
use crate::output::complain;
use crate::progress::Progress;

/// The arguments of `weir restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup: a folder that `weir backup` made
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    /// Your copy of the host.key; without one the new host makes its own, and what the old one encrypted is lost
    #[arg(long, value_name = "FILE")]
    host_key: Option<PathBuf>,
}

/// What was done, for `--json`.
#[derive(serde::Serialize)]
struct Restored<'a> {
    data: String,
    #[serde(flatten)]
    list: &'a List,
    books: &'a Reconciliation,
}

impl Restore {
    /// Makes the data folder, which must not be there or be empty.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let data = session.folder.path();
        let list = List::read(&self.from)?;
        refuse_if_used(data)?;
        let host_key = self.host_key.as_deref().map(read_key).transpose()?;
        let unfinished = beside(data, "unfinished")?;
        let made = self.fill(&Folder::at(&unfinished), &list, host_key).and_then(|books| {
            if !books.holds() {
                doctor::show(session.output, &books)?;
                bail!("the backup is whole, but its books do not agree: nothing was restored");
            }
            Ok(books)
        });
        let books = made.inspect_err(|_| drop(fs::remove_dir_all(&unfinished)))?;
        fs::rename(&unfinished, data).with_context(|| format!("could not name it {}", data.display()))?;
        sync_folder(data.parent().unwrap_or(data))?;
        session.output.document(&Restored { data: data.display().to_string(), list: &list, books: &books })?;
        doctor::show(session.output, &books)?;
        session.output.line(format_args!(
            "{} is as it was at {}. Start it with: weir serve --data {0}",
            data.display(),
            list.began
        ))?;
        if self.host_key.is_none() {
            complain(format_args!(
                "no --host-key was given: the host makes a new one, and cannot read what the old one encrypted"
            ));
        }
        let missing = list.left_out.iter().filter(|name| *name != HOST_KEY).map(|name| data.join(name));
        let missing: Vec<String> =
            missing.filter(|path| !path.exists()).map(|path| path.display().to_string()).collect();
        if !missing.is_empty() {
            complain(format_args!(
                "host.toml names them and no backup has them; put them there first: {}",
                missing.join(", ")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Copies and checks everything.
    fn fill(&self, folder: &Folder, list: &List, host_key: Option<Vec<u8>>) -> anyhow::Result<Reconciliation> {
        // What is restored is as private as what was backed up.
        make_private(&folder.components()).with_context(|| format!("could not make {}", folder.path().display()))?;
        let progress = Progress::of_bytes("copying", list.bytes());
        for entry in &list.files {
            let from = self.from.join(&entry.name);
            let into = folder.join(&entry.name);
            make_private(into.parent().unwrap_or(&into))
                .with_context(|| format!("could not make room for {}", entry.name))?;
            let (bytes, sha256) = backup::copy_file(&from, &into, |bytes| progress.add(bytes))?;
            if bytes != entry.bytes || sha256 != entry.sha256 {
                bail!("{} is not what was backed up: its digest is {sha256}, and was {}", from.display(), entry.sha256);
            }
            check_component(&entry.name, &sha256.to_string(), &from)?;
        }
        drop(progress);
        let _progress = Progress::of_unknown("checking");
        for name in DATABASES.into_iter().filter(|name| folder.join(name).exists()) {
            check_database(&folder.join(name))?;
        }
        if let Some(key) = host_key {
            write_private(&folder.join("host.key"), &key).context("could not write host.key")?;
        }
        let books = reconcile(folder)?;
        list.sync_folders(folder.path())?;
        Ok(books)
    }
}

/// A component's name is its digest: the list could be wrong too.
fn check_component(name: &str, digest: &str, from: &Path) -> anyhow::Result<()> {
    let wanted = name.strip_prefix(COMPONENTS).map(|name| name.trim_start_matches('/').trim_end_matches(".wasm"));
    match wanted {
        Some(wanted) if wanted != digest => bail!("{} is another component than its name says", from.display()),
        _ => Ok(()),
    }
}

fn check_database(path: &Path) -> anyhow::Result<()> {
    let faults = store::faults(path)?;
    if !faults.is_empty() {
        bail!("{} is damaged: {}", path.display(), faults.join("; "));
    }
    Ok(())
}

/// Opens the ledger as a start does: an older schema is brought up to date, streams that were open are completed.
fn reconcile(folder: &Folder) -> anyhow::Result<Reconciliation> {
    let path = folder.usage_db();
    if !path.exists() {
        bail!("the backup has no usage.db");
    }
    let ledger = Ledger::open(&path, Clock::system(), ledger::Settings::default())
        .with_context(|| format!("could not open {}", path.display()))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start the runtime")?;
    let books = runtime.block_on(async {
        let books = ledger.reconcile().await;
        ledger.close().await;
        books
    });
    books.with_context(|| format!("could not read {}", path.display()))
}

fn read_key(path: &Path) -> anyhow::Result<Vec<u8>> {
    let key = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    match key.len() {
        32 => Ok(key),
        bytes => bail!("{} has {bytes} bytes instead of 32: it is no host.key", path.display()),
    }
}
