//! Executions that are removed, for their age or for the size of the file, and what is kept of them elsewhere.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::Timestamp;

use super::House;
use crate::sql::archive::{self, ArchiveError};

/// Executions that are removed with one commit.
const MOST: u32 = 50;
/// Pages that are given back to the file system with one commit: 8 MiB.
const PAGES: u32 = 1_024;

/// Why an execution stays.
#[derive(Debug, thiserror::Error)]
enum RemoveError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("could not read workflows.db")]
    Read(#[from] store::ReadError),
    #[error("could not write workflows.db")]
    Write(#[from] store::WriteError<rusqlite::Error>),
    #[error("the work was lost")]
    Lost(#[from] tokio::task::JoinError),
}

/// Removes executions that ended before `before`, and then the oldest while the file is larger than it may be.
pub(super) async fn remove(house: &Arc<House>, before: Timestamp) {
    if let Err(error) = all(house, before).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "executions that have ended were not removed");
    }
}

async fn all(house: &Arc<House>, before: Timestamp) -> Result<(), RemoveError> {
    while some(house, before).await? {}
    let Some(most) = house.settings.bytes_max else { return Ok(()) };
    let now = house.clock.now();
    while house.store.read(archive::used_bytes).await? > u64::from(most) && some(house, now).await? {
        house.store.write(|db| archive::give_back_pages(db, PAGES)).await?;
    }
    Ok(())
}

/// Removes some; whether there were any.
async fn some(house: &Arc<House>, before: Timestamp) -> Result<bool, RemoveError> {
    let ended = house.store.read(move |db| archive::ended(db, before, MOST)).await?;
    if ended.is_empty() {
        return Ok(false);
    }
    let (task_house, seqs) = (Arc::clone(house), ended.clone());
    if house.settings.archive.is_some() {
        tokio::task::spawn_blocking(move || seqs.iter().try_for_each(|seq| keep(&task_house, *seq))).await??;
    }
    house.store.write(move |db| archive::remove(db, &ended)).await?;
    Ok(true)
}

/// Writes an execution to the archive, on disk. After a crash it may be there twice. Blocks.
fn keep(house: &House, seq: i64) -> Result<(), RemoveError> {
    let Some(folder) = &house.settings.archive else { return Ok(()) };
    let Some(stopped) = house.store.read_blocking(|db| archive::stopped(db, seq))? else { return Ok(()) };
    let file = open(&folder.join(name(stopped))).map_err(ArchiveError::from)?;
    let mut into = BufWriter::new(file);
    let mut written = Ok(());
    house.store.read_blocking(|db| {
        written = archive::line(db, seq, &mut into);
        Ok(())
    })?;
    written?;
    into.flush().and_then(|()| into.get_ref().sync_data()).map_err(ArchiveError::from)?;
    Ok(())
}

/// A file for each month in which executions ended.
fn name(stopped: Timestamp) -> PathBuf {
    let month: String = stopped.to_string().chars().take(7).collect();
    PathBuf::from(format!("executions-{month}.jsonl"))
}

fn open(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}
