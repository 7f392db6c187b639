//! What the host needs of the machine.

use std::fs;
use std::path::Path;

use rustix::fs::{statfs, statvfs};
use rustix::process::{Resource, getrlimit};
use types::{Clock, Timestamp};

use super::{Check, Verdict};
use crate::config::HostToml;
use crate::folder::Folder;

/// Files and sockets: 16,384 connections and what the files of the host need.
const FILES: u64 = 20_000;
/// Memory areas: each instance of a component's pool has several, each loaded component some.
const MAPS: u64 = 65_530;
/// Below this the databases may come to a stop within a day.
const SPACE_BAD_MIB: u64 = 256;
/// Below this it is time to look.
const SPACE_LOW_MIB: u64 = 2_048;
/// The file system that lives in memory (`TMPFS_MAGIC` of the kernel).
const TMPFS: i64 = 0x0102_1994;
/// From which kernel on a component's memory can be reset by its dirty pages alone.
const PAGEMAP_SCAN: (u32, u32) = (6, 7);
/// When this was written: no clock is right that shows less. 2026-11-01T00:00:00Z.
const WRITTEN: Timestamp = Timestamp::from_micros(1_793_491_200_000_000);

/// All checks.
pub(super) fn checks(folder: &Folder) -> Vec<Check> {
    let data = existing(folder.path());
    vec![
        open_files(),
        memory_maps(),
        disk_space(data),
        file_system(data),
        kernel(),
        confinement(),
        clock(folder),
        private(folder),
        loopback(folder),
    ]
}

fn check(name: &'static str, verdict: Verdict, says: impl Into<String>) -> Check {
    Check { name, verdict, says: says.into() }
}

/// The folder itself, or the nearest one above it that is there.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."))
}

fn open_files() -> Check {
    match getrlimit(Resource::Nofile).maximum {
        None => check("open files", Verdict::Good, "no limit"),
        Some(limit) if limit >= FILES => check("open files", Verdict::Good, format!("{limit} may be open")),
        Some(limit) => check(
            "open files",
            Verdict::Warning,
            format!("only {limit} may be open; raise the hard limit (ulimit -Hn, LimitNOFILE=) to {FILES} or more"),
        ),
    }
}

fn memory_maps() -> Check {
    let read = fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    match read.and_then(|text| text.trim().parse::<u64>().ok()) {
        None => check("memory maps", Verdict::Warning, "vm.max_map_count cannot be read"),
        Some(count) if count >= MAPS => check("memory maps", Verdict::Good, format!("vm.max_map_count is {count}")),
        Some(count) => check(
            "memory maps",
            Verdict::Bad,
            format!("vm.max_map_count is {count}: components may fail to load; set it to {MAPS} or more with sysctl"),
        ),
    }
}

fn disk_space(data: &Path) -> Check {
    let Ok(volume) = statvfs(data) else {
        return check("disk space", Verdict::Warning, format!("cannot be read for {}", data.display()));
    };
    let free_mib = volume.f_bavail.saturating_mul(volume.f_frsize) / (1024 * 1024);
    if free_mib < SPACE_BAD_MIB {
        let says = format!("{free_mib} MiB are free: a call that cannot be recorded is not served; make room");
        return check("disk space", Verdict::Bad, says);
    }
    let verdict = if free_mib < SPACE_LOW_MIB { Verdict::Warning } else { Verdict::Good };
    check("disk space", verdict, format!("{free_mib} MiB are free"))
}

fn file_system(data: &Path) -> Check {
    match statfs(data) {
        Err(_) => check("file system", Verdict::Warning, format!("cannot be read for {}", data.display())),
        Ok(found) if found.f_type == TMPFS => check(
            "file system",
            Verdict::Bad,
            format!("{} is in memory (tmpfs): the books would not outlive the machine; use a disk", data.display()),
        ),
        Ok(_) => check("file system", Verdict::Good, "on a disk"),
    }
}

fn kernel() -> Check {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    match version(release) {
        Some(version) if version >= PAGEMAP_SCAN => {
            check("kernel", Verdict::Good, format!("{release} resets components by their dirty pages"))
        }
        _ => check(
            "kernel",
            Verdict::Warning,
            format!("{release} has no PAGEMAP_SCAN: calls cost several times the CPU; use Linux 6.7 or later"),
        ),
    }
}

/// Asked of a child that shuts itself in as those do that compile uploads.
fn confinement() -> Check {
    let name = "confinement";
    let missing = std::env::current_exe().and_then(|program| sandbox::child::missing_confinement(&program));
    match missing {
        Ok(missing) if missing.is_empty() => {
            check(name, Verdict::Good, "uploads are compiled behind Landlock and seccomp")
        }
        Ok(missing) => check(
            name,
            Verdict::Warning,
            format!(
                "this kernel, or what the host runs in, offers no {}: uploads are compiled behind fewer walls",
                missing.join(" and no ")
            ),
        ),
        Err(error) => {
            check(name, Verdict::Bad, format!("the process that compiles uploads could not be tried: {error}"))
        }
    }
}

/// The first two numbers of a kernel's release, such as `6.12.3-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The clock cannot be checked against a better one, but against what was written before.
fn clock(folder: &Folder) -> Check {
    let now = Clock::system().now();
    let modified = fs::metadata(folder.usage_db()).and_then(|file| file.modified()).ok();
    let last = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let last = last.map_or(WRITTEN, |since| Timestamp::default().after(since)).max(WRITTEN);
    if now >= last {
        return check("clock", Verdict::Good, format!("{now}"));
    }
    check(
        "clock",
        Verdict::Bad,
        format!("it shows {now}, but usage.db or this program is from {last}: set it, and let a time server keep it"),
    )
}

/// The host's key and the operator's token are for their owner alone.
fn private(folder: &Folder) -> Check {
    use std::os::unix::fs::PermissionsExt as _;
    let open: Vec<String> = ["host.key", "operator.token"]
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        return check("secrets", Verdict::Good, "for their owner alone");
    }
    check("secrets", Verdict::Bad, format!("others may read {}: chmod 600", open.join(" and ")))
}

/// What development needs and strangers' code must not have.
fn loopback(folder: &Folder) -> Check {
    let path = folder.host_toml();
    if !path.exists() {
        return check("egress", Verdict::Good, "nothing goes out: there is no configuration yet");
    }
    match HostToml::read(&path) {
        Err(error) => check("egress", Verdict::Bad, format!("{error:#}")),
        Ok(config) if config.egress.allow_loopback_for_development => check(
            "egress",
            Verdict::Warning,
            "components may reach services on this machine: remove egress.allow_loopback_for_development from host.toml",
        ),
        Ok(config) => check("egress", Verdict::Good, format!("{} places are allowed", config.egress.allow.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_release_is_read_by_its_first_two_numbers() {
        assert_eq!(version("6.12.3-amd64"), Some((6, 12)));
        assert_eq!(version("6.7.0"), Some((6, 7)));
        assert_eq!(version("what"), None);
        assert!(version("6.6.99") < Some(PAGEMAP_SCAN));
    }
}
