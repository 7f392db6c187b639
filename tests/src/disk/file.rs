//! The methods of an open file, as SQLite calls them.

use std::ffi::{c_char, c_int, c_void};
use std::sync::PoisonError;

use rusqlite::ffi;

use super::fault;
use super::overlay::{self, Below, Overlay, Shared};
use super::{Bytes, RealFile, owned, real};

/// What SQLite keeps of an open file: ours, and behind it the real layer's.
#[repr(C, align(8))]
struct File {
    base: ffi::sqlite3_file,
    overlay: *const Shared,
}

/// How much SQLite has to make room for, beside what the real layer needs.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "two pointers")]
pub(super) const HEAD_BYTES: c_int = size_of::<File>() as c_int;

/// The files whose unsynced bytes count; others, such as temporary ones, are the real layer's alone.
const KEPT: c_int = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Version 2: with shared memory, and without memory maps, which would see the real file alone.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

#[expect(unsafe_code, reason = "called by SQLite")]
pub(super) unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: RealFile,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: the real layer is SQLite's own.
    let Some(open) = (unsafe { (*real()).xOpen }) else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: SQLite gives a C string or null.
    let name = unsafe { owned(path) };
    let Some(name) = name.filter(|_| flags & KEPT != 0) else {
        // SAFETY: SQLite's own arguments; there is more room than the real layer needs.
        return unsafe { open(real(), path, file, flags, out_flags) };
    };
    // SAFETY: SQLite made room for our part and the real layer's behind it.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let below = below_of(file);
        let code = open(real(), path, below, flags, out_flags);
        if code != ffi::SQLITE_OK {
            return code;
        }
        match overlay::of(name, &RealBelow(below)) {
            Ok(shared) => {
                (*file.cast::<File>()).overlay = Box::into_raw(Box::new(shared));
                (*file).pMethods = &raw const METHODS;
                ffi::SQLITE_OK
            }
            Err(code) => {
                if let Some(close) = (*(*below).pMethods).xClose {
                    close(below);
                }
                code
            }
        }
    }
}

/// The real layer's part of an open file.
#[expect(unsafe_code, reason = "it lies behind ours")]
unsafe fn below_of(file: RealFile) -> RealFile {
    // SAFETY: SQLite made room for `HEAD_BYTES` and the real layer's part behind them, both aligned to 8.
    unsafe { file.byte_add(size_of::<File>()) }
}

/// Runs `act` on the overlay and the real file of `file`.
#[expect(unsafe_code, reason = "a file opened by `open`")]
unsafe fn with<T>(file: RealFile, act: impl FnOnce(&mut Overlay, &RealBelow) -> T) -> T {
    // SAFETY: `open` put the overlay there, and `close` has not taken it away.
    let shared = unsafe { &*(*file.cast::<File>()).overlay };
    // SAFETY: as above.
    let below = RealBelow(unsafe { below_of(file) });
    act(&mut shared.lock().unwrap_or_else(PoisonError::into_inner), &below)
}

/// A method of the real file, which every file that was opened has.
macro_rules! below {
    ($file:expr, $method:ident($($argument:expr),*), else $missing:expr) => {{
        let file: RealFile = $file;
        // SAFETY: an open file of the real layer, and SQLite's own arguments.
        #[expect(unsafe_code, reason = "calls the real layer")]
        unsafe { (*(*file).pMethods).$method.map_or($missing, |method| method(file, $($argument),*)) }
    }};
}

struct RealBelow(RealFile);

impl Below for RealBelow {
    fn read(&self, into: &mut [u8], offset: u64) -> c_int {
        below!(self.0, xRead(into.as_mut_ptr().cast(), length(into), signed(offset)), else ffi::SQLITE_IOERR_READ)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> c_int {
        below!(self.0, xWrite(bytes.as_ptr().cast(), length(bytes), signed(offset)), else ffi::SQLITE_IOERR_WRITE)
    }

    fn truncate(&self, size: u64) -> c_int {
        below!(self.0, xTruncate(signed(size)), else ffi::SQLITE_IOERR_TRUNCATE)
    }

    fn sync(&self, flags: c_int) -> c_int {
        below!(self.0, xSync(flags), else ffi::SQLITE_IOERR_FSYNC)
    }

    fn size(&self) -> Result<u64, c_int> {
        let mut size = 0;
        match below!(self.0, xFileSize(&raw mut size), else ffi::SQLITE_IOERR_FSTAT) {
            ffi::SQLITE_OK => u64::try_from(size).map_err(|_| ffi::SQLITE_IOERR_FSTAT),
            code => Err(code),
        }
    }
}

fn length(bytes: &[u8]) -> c_int {
    c_int::try_from(bytes.len()).unwrap_or(c_int::MAX)
}

fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn close(file: RealFile) -> c_int {
    // SAFETY: `open` put the box there; SQLite closes a file once.
    unsafe { drop(Box::from_raw((*file.cast::<File>()).overlay.cast_mut())) };
    // SAFETY: an open file.
    below!(unsafe { below_of(file) }, xClose(), else ffi::SQLITE_IOERR_CLOSE)
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn read(file: RealFile, into: Bytes, bytes: c_int, offset: ffi::sqlite3_int64) -> c_int {
    let (Ok(count), Ok(offset)) = (usize::try_from(bytes), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite's buffer holds `bytes`.
    let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), count) };
    // SAFETY: an open file.
    unsafe { with(file, |overlay, below| overlay.read(below, into, offset)) }
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn write(file: RealFile, from: *const c_void, bytes: c_int, offset: ffi::sqlite3_int64) -> c_int {
    let (Ok(count), Ok(offset)) = (usize::try_from(bytes), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite's buffer holds `bytes`.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) };
    let (kept, code) = fault::at_write(from);
    // SAFETY: an open file.
    let written = unsafe { with(file, |overlay, below| overlay.write(below, kept, offset)) };
    code.unwrap_or(written)
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn truncate(file: RealFile, size: ffi::sqlite3_int64) -> c_int {
    let Ok(size) = u64::try_from(size) else { return ffi::SQLITE_IOERR_TRUNCATE };
    // SAFETY: an open file.
    unsafe { with(file, |overlay, _| overlay.truncate(size)) };
    ffi::SQLITE_OK
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn sync(file: RealFile, flags: c_int) -> c_int {
    if let Some(code) = fault::at_sync() {
        return code;
    }
    // SAFETY: an open file.
    unsafe { with(file, |overlay, below| overlay.sync(below, flags)) }
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn file_size(file: RealFile, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe { *out = signed(with(file, |overlay, _| overlay.size())) };
    ffi::SQLITE_OK
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn file_control(file: RealFile, what: c_int, argument: *mut c_void) -> c_int {
    match what {
        ffi::SQLITE_FCNTL_MMAP_SIZE => {
            // SAFETY: for this request SQLite gives a place for a 64-bit size.
            unsafe { *argument.cast::<ffi::sqlite3_int64>() = 0 };
            ffi::SQLITE_OK
        }
        // Both would change the real file's size.
        ffi::SQLITE_FCNTL_SIZE_HINT | ffi::SQLITE_FCNTL_CHUNK_SIZE => ffi::SQLITE_OK,
        // SAFETY: an open file.
        _ => below!(unsafe { below_of(file) }, xFileControl(what, argument), else ffi::SQLITE_NOTFOUND),
    }
}

// Each of the following is the real file's.
macro_rules! handed_down {
    ($($name:ident => $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty, else $missing:expr;)*) => {$(
        #[expect(unsafe_code, reason = "called by SQLite")]
        unsafe extern "C" fn $name(file: RealFile, $($argument: $kind),*) -> $answer {
            // SAFETY: an open file.
            below!(unsafe { below_of(file) }, $method($($argument),*), else $missing)
        }
    )*};
}

handed_down! {
    lock => xLock(level: c_int) -> c_int, else ffi::SQLITE_IOERR_LOCK;
    unlock => xUnlock(level: c_int) -> c_int, else ffi::SQLITE_IOERR_UNLOCK;
    check_reserved_lock => xCheckReservedLock(out: *mut c_int) -> c_int, else ffi::SQLITE_IOERR_CHECKRESERVEDLOCK;
    sector_size => xSectorSize() -> c_int, else 4096;
    device_characteristics => xDeviceCharacteristics() -> c_int, else 0;
    shm_map => xShmMap(region: c_int, bytes: c_int, extend: c_int, out: *mut *mut c_void) -> c_int, else ffi::SQLITE_IOERR_SHMMAP;
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int, else ffi::SQLITE_IOERR_SHMLOCK;
    shm_barrier => xShmBarrier() -> (), else ();
    shm_unmap => xShmUnmap(delete: c_int) -> c_int, else ffi::SQLITE_IOERR_SHMMAP;
}
