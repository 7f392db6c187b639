//! What was written to one file and not synced.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, CString, c_int};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::ffi;

/// The unit in which unsynced bytes are kept.
const BLOCK: usize = 4096;

/// A real file, as the overlay needs it. The codes are SQLite's.
pub(super) trait Below {
    fn read(&self, into: &mut [u8], offset: u64) -> c_int;
    fn write(&self, bytes: &[u8], offset: u64) -> c_int;
    fn truncate(&self, size: u64) -> c_int;
    fn sync(&self, flags: c_int) -> c_int;
    fn size(&self) -> Result<u64, c_int>;
}

/// One file as this process sees it: the synced bytes below, and those of the blocks above them.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    size: u64,
    /// So much of what is below still counts: less than there is after a truncation that was not synced.
    below: u64,
    below_size: u64,
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

/// The overlay of one path, shared by all its connections.
pub(super) type Shared = Arc<Mutex<Overlay>>;

static OVERLAYS: OnceLock<Mutex<HashMap<CString, Shared>>> = OnceLock::new();

fn overlays() -> MutexGuard<'static, HashMap<CString, Shared>> {
    OVERLAYS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// The overlay of `path`; a new one, over all that `file` holds, when the process has not seen it yet.
pub(super) fn of(path: CString, file: &impl Below) -> Result<Shared, c_int> {
    let mut known = overlays();
    if let Some(shared) = known.get(&path) {
        return Ok(Arc::clone(shared));
    }
    let size = file.size()?;
    let shared = Arc::new(Mutex::new(Overlay { size, below: size, below_size: size, blocks: BTreeMap::new() }));
    known.insert(path, Arc::clone(&shared));
    Ok(shared)
}

/// The file was deleted.
pub(super) fn forget(path: &CStr) {
    overlays().remove(path);
}

impl Overlay {
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Fills `into`; with zeros where the file ends, which SQLite wants to be told of.
    pub(super) fn read(&self, file: &impl Below, into: &mut [u8], offset: u64) -> c_int {
        let there = self.size.saturating_sub(offset).min(length(into.len()));
        let (inside, beyond) = into.split_at_mut(index(there));
        beyond.fill(0);
        let mut at = offset;
        for part in pieces(inside, offset) {
            let (block, start) = place(at);
            match self.blocks.get(&block) {
                Some(bytes) => part.copy_from_slice(&bytes[start..start + part.len()]),
                None => match self.read_below(file, part, at) {
                    ffi::SQLITE_OK => {}
                    code => return code,
                },
            }
            at += length(part.len());
        }
        if beyond.is_empty() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
    }

    pub(super) fn write(&mut self, file: &impl Below, bytes: &[u8], offset: u64) -> c_int {
        let mut at = offset;
        let mut left = bytes;
        while !left.is_empty() {
            let (block, start) = place(at);
            let (part, rest) = left.split_at(left.len().min(BLOCK - start));
            if !self.blocks.contains_key(&block) {
                let mut loaded = Box::new([0; BLOCK]);
                match self.read_below(file, loaded.as_mut_slice(), block * length(BLOCK)) {
                    ffi::SQLITE_OK => {}
                    code => return code,
                }
                self.blocks.insert(block, loaded);
            }
            if let Some(kept) = self.blocks.get_mut(&block) {
                kept[start..start + part.len()].copy_from_slice(part);
            }
            at += length(part.len());
            left = rest;
        }
        self.size = self.size.max(at);
        ffi::SQLITE_OK
    }

    pub(super) fn truncate(&mut self, size: u64) {
        self.size = size;
        self.below = self.below.min(size);
        let (block, start) = place(size);
        drop(self.blocks.split_off(&(if start == 0 { block } else { block + 1 })));
        if let Some(last) = self.blocks.get_mut(&block) {
            last[start..].fill(0);
        }
    }

    /// Lets everything reach the real file.
    pub(super) fn sync(&mut self, file: &impl Below, flags: c_int) -> c_int {
        match self.lower(file) {
            ffi::SQLITE_OK => file.sync(flags),
            code => code,
        }
    }

    fn lower(&mut self, file: &impl Below) -> c_int {
        if self.below < self.below_size {
            match file.truncate(self.below) {
                ffi::SQLITE_OK => self.below_size = self.below,
                code => return code,
            }
        }
        while let Some(entry) = self.blocks.first_entry() {
            let offset = entry.key() * length(BLOCK);
            let bytes = length(BLOCK).min(self.size.saturating_sub(offset));
            match file.write(&entry.get()[..index(bytes)], offset) {
                ffi::SQLITE_OK => {}
                code => return code,
            }
            self.below_size = self.below_size.max(offset + bytes);
            self.below = self.below.max(offset + bytes);
            entry.remove();
        }
        if self.below_size != self.size {
            match file.truncate(self.size) {
                ffi::SQLITE_OK => self.below_size = self.size,
                code => return code,
            }
        }
        self.below = self.size;
        ffi::SQLITE_OK
    }

    /// The synced bytes; zeros where there are none.
    fn read_below(&self, file: &impl Below, into: &mut [u8], offset: u64) -> c_int {
        let there = self.below.saturating_sub(offset).min(length(into.len()));
        let (inside, beyond) = into.split_at_mut(index(there));
        beyond.fill(0);
        if inside.is_empty() { ffi::SQLITE_OK } else { file.read(inside, offset) }
    }
}

/// `bytes`, which begin at `offset`, cut where blocks end.
fn pieces(mut bytes: &mut [u8], offset: u64) -> impl Iterator<Item = &mut [u8]> {
    let mut at = offset;
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let (_, start) = place(at);
        let whole = std::mem::take(&mut bytes);
        let cut = whole.len().min(BLOCK - start);
        let (part, rest) = whole.split_at_mut(cut);
        bytes = rest;
        at += length(cut);
        Some(part)
    })
}

/// The block that `offset` lies in, and how far.
fn place(offset: u64) -> (u64, usize) {
    (offset / length(BLOCK), index(offset % length(BLOCK)))
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
