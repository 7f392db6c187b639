//! A disk that keeps nothing but what was synced: SQLite's file layer, over the real one.
//!
//! What SQLite writes stays in this process's memory until it asks for a sync, and only then reaches the real file.
//! So a process that is killed loses what a machine loses with its power: everything that was not synced. All
//! connections of the process see one state of each file. Locks and the shared memory of the log are the real ones;
//! so are temporary files, and what directories hold.

mod fault;
mod file;
mod overlay;

pub use fault::{Fault, alone, fail_at, went_by};

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use rusqlite::ffi;

/// The name to open a file by, where it is not the default.
pub const LOSSY: &CStr = c"lossy";

/// Whether every file of the process is opened on the lossy disk, or those that ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every file: for a whole host. Called before anything is opened.
    EveryFile,
    /// Only files that are opened by the name [`LOSSY`].
    ByName,
}

/// SQLite's own file layer.
struct Real(*mut ffi::sqlite3_vfs);

#[expect(unsafe_code, reason = "SQLite's registered file layers are never freed and may be used from any thread")]
// SAFETY: the layer found at registration is a static of SQLite; its methods lock for themselves.
unsafe impl Send for Real {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

/// The real layer, which the lossy one found when it was registered.
fn real() -> *mut ffi::sqlite3_vfs {
    REAL.get().map_or(std::ptr::null_mut(), |real| real.0)
}

/// Puts the lossy disk under SQLite. Once per process.
///
/// # Errors
///
/// SQLite's own, if it does not take it.
#[expect(unsafe_code, reason = "SQLite's file layer is a C interface")]
pub fn register(scope: Scope) -> rusqlite::Result<()> {
    // SAFETY: asking for the default layer, which lives as long as the process.
    let real = REAL.get_or_init(|| Real(unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) })).0;
    // SAFETY: `real` is SQLite's own layer; nobody changes its fields.
    let (file_bytes, name_bytes) = unsafe { ((*real).szOsFile, (*real).mxPathname) };
    let layer = Box::leak(Box::new(ffi::sqlite3_vfs {
        // Version 2: everything but replaceable system calls.
        iVersion: 2,
        szOsFile: file_bytes + file::HEAD_BYTES,
        mxPathname: name_bytes,
        pNext: std::ptr::null_mut(),
        zName: LOSSY.as_ptr(),
        pAppData: std::ptr::null_mut(),
        xOpen: Some(file::open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: Some(current_time_i64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: the layer is leaked, so it lives as long as the process, as SQLite demands.
    match unsafe { ffi::sqlite3_vfs_register(layer, c_int::from(scope == Scope::EveryFile)) } {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

/// The path as SQLite gave it.
///
/// # Safety
///
/// `path` is a C string or null.
#[expect(unsafe_code, reason = "paths come as C strings")]
unsafe fn owned(path: *const c_char) -> Option<std::ffi::CString> {
    // SAFETY: as the caller promises.
    (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) }.to_owned())
}

// Each of the following hands its arguments to the real layer, which is the one they are meant for.
macro_rules! handed_on {
    ($($name:ident => $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty, else $missing:expr;)*) => {$(
        #[expect(unsafe_code, reason = "called by SQLite")]
        unsafe extern "C" fn $name(_: *mut ffi::sqlite3_vfs, $($argument: $kind),*) -> $answer {
            // SAFETY: SQLite's own arguments, to the layer that SQLite brings along.
            unsafe { (*real()).$method.map_or($missing, |method| method(real(), $($argument),*)) }
        }
    )*};
}

handed_on! {
    access => xAccess(path: *const c_char, flags: c_int, answer: *mut c_int) -> c_int, else ffi::SQLITE_IOERR;
    full_pathname => xFullPathname(path: *const c_char, bytes: c_int, out: *mut c_char) -> c_int, else ffi::SQLITE_CANTOPEN;
    randomness => xRandomness(bytes: c_int, out: *mut c_char) -> c_int, else 0;
    sleep => xSleep(microseconds: c_int) -> c_int, else 0;
    current_time => xCurrentTime(out: *mut f64) -> c_int, else ffi::SQLITE_ERROR;
    last_error => xGetLastError(bytes: c_int, out: *mut c_char) -> c_int, else 0;
    current_time_i64 => xCurrentTimeInt64(out: *mut ffi::sqlite3_int64) -> c_int, else ffi::SQLITE_ERROR;
    delete_real => xDelete(path: *const c_char, sync_directory: c_int) -> c_int, else ffi::SQLITE_IOERR_DELETE;
}

#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn delete(layer: *mut ffi::sqlite3_vfs, path: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: SQLite gives a C string.
    let name = unsafe { owned(path) };
    // SAFETY: SQLite's own arguments.
    let code = unsafe { delete_real(layer, path, sync_directory) };
    if let (ffi::SQLITE_OK, Some(name)) = (code, name) {
        overlay::forget(&name);
    }
    code
}

/// A file of the real layer, as its methods take it.
type RealFile = *mut ffi::sqlite3_file;
/// Bytes, as SQLite hands them over.
type Bytes = *mut c_void;

#[cfg(test)]
mod tests;
