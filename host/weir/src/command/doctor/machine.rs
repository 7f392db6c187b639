//! What the host needs of the machine.

use std::fs;
use std::path::Path;

use rustix::fs::{statfs, statvfs};
use rustix::process::{Resource, getrlimit};

use super::Check;
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

/// All checks.
pub(super) fn checks(folder: &Folder) -> Vec<Check> {
    let data = existing(folder.path());
    vec![open_files(), memory_maps(), disk_space(data), file_system(data), kernel(), confinement()]
}

/// The folder itself, or the nearest one above it that is there.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."))
}

fn open_files() -> Check {
    of_open_files(getrlimit(Resource::Nofile).maximum)
}

fn of_open_files(limit: Option<u64>) -> Check {
    let name = "open files";
    match limit {
        None => Check::good(name, "no limit"),
        Some(limit) if limit >= FILES => Check::good(name, format!("{limit} may be open")),
        Some(limit) => Check::warning(
            name,
            format!("only {limit} may be open"),
            "Each connection is one. When none is left, clients wait unanswered, and databases cannot be opened.",
        )
        .mend(format!("ulimit -Hn {FILES}   (systemd: LimitNOFILE={FILES}; containers: --ulimit nofile={FILES})")),
    }
}

fn memory_maps() -> Check {
    let read = fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    of_memory_maps(read.and_then(|text| text.trim().parse().ok()))
}

fn of_memory_maps(count: Option<u64>) -> Check {
    let name = "memory maps";
    match count {
        None => Check::warning(
            name,
            "vm.max_map_count cannot be read",
            "Whether components can be loaded is seen only when they are.",
        ),
        Some(count) if count >= MAPS => Check::good(name, format!("vm.max_map_count is {count}")),
        Some(count) => Check::bad(
            name,
            format!("vm.max_map_count is {count}"),
            "Each instance of a component takes several areas of memory. When they are used up, calls fail.",
        )
        .mend(format!("sysctl -w vm.max_map_count={MAPS}   (for good: packaging/weir.sysctl)")),
    }
}

fn disk_space(data: &Path) -> Check {
    let free = statvfs(data).ok().map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize) / (1024 * 1024));
    of_disk_space(free, data)
}

fn of_disk_space(free_mib: Option<u64>, data: &Path) -> Check {
    let name = "disk space";
    let look = format!("du -sh {}/* | sort -h", data.display());
    let Some(free) = free_mib else {
        let found = format!("cannot be read for {}", data.display());
        return Check::warning(name, found, "When the disk is full, calls are refused.");
    };
    let found = format!("{free} MiB are free");
    if free < SPACE_BAD_MIB {
        let means = "A call that cannot be recorded is not served. Make room, or keep calls for fewer days.";
        return Check::bad(name, found, means).mend(look);
    }
    if free < SPACE_LOW_MIB {
        let means = "A busy host writes this much within days. With ledger.size_max_mib old calls go early.";
        return Check::warning(name, found, means).mend(look);
    }
    Check::good(name, found)
}

fn file_system(data: &Path) -> Check {
    let name = "file system";
    match statfs(data) {
        Err(_) => Check::warning(
            name,
            format!("cannot be read for {}", data.display()),
            "Whether the books outlive the machine is not known.",
        ),
        Ok(found) if found.f_type == TMPFS => Check::bad(
            name,
            format!("{} is in memory (tmpfs)", data.display()),
            "The books would not outlive the machine. Name a folder on a disk with --data.",
        ),
        Ok(_) => Check::good(name, "on a disk"),
    }
}

fn kernel() -> Check {
    of_kernel(fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim())
}

fn of_kernel(release: &str) -> Check {
    match version(release) {
        Some(version) if version >= PAGEMAP_SCAN => {
            Check::good("kernel", format!("{release} resets components by their dirty pages"))
        }
        _ => Check::warning(
            "kernel",
            format!("{release} has no PAGEMAP_SCAN"),
            "Each call resets its component's whole memory, which costs several times the CPU. Linux 6.7 has it.",
        ),
    }
}

/// Asked of a child that shuts itself in as those do that compile uploads.
fn confinement() -> Check {
    let missing = std::env::current_exe().and_then(|program| sandbox::child::missing_confinement(&program));
    of_confinement(missing)
}

fn of_confinement(missing: std::io::Result<Vec<String>>) -> Check {
    let name = "confinement";
    match missing {
        Ok(missing) if missing.is_empty() => Check::good(name, "uploads are compiled behind Landlock and seccomp"),
        Ok(missing) => Check::warning(
            name,
            format!("this kernel, or what the host runs in, offers no {}", missing.join(" and no ")),
            "Uploads are compiled behind fewer walls: an error in the compiler would reach further.",
        ),
        Err(error) => Check::bad(
            name,
            format!("the process that compiles uploads could not be tried: {error}"),
            "No component can be uploaded.",
        ),
    }
}

/// The first two numbers of a kernel's release, such as `6.12.3-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_kernel_release_is_read_by_its_first_two_numbers() {
        assert_eq!(version("6.12.3-amd64"), Some((6, 12)));
        assert_eq!(version("6.7.0"), Some((6, 7)));
        assert_eq!(version("what"), None);
        assert!(version("6.6.99") < Some(PAGEMAP_SCAN));
    }

    #[test]
    fn what_is_not_good_says_what_it_means_and_what_can_be_mended_how() {
        let data = Path::new("/data");
        let refused = || Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let found = [
            (of_open_files(Some(1_024)), Verdict::Warning, "LimitNOFILE=20000"),
            (of_memory_maps(Some(10)), Verdict::Bad, "sysctl -w vm.max_map_count=65530"),
            (of_memory_maps(None), Verdict::Warning, ""),
            (of_disk_space(Some(255), data), Verdict::Bad, "du -sh /data"),
            (of_disk_space(Some(256), data), Verdict::Warning, "du -sh /data"),
            (of_disk_space(None, data), Verdict::Warning, ""),
            (of_kernel("6.6.1"), Verdict::Warning, ""),
            (of_confinement(Ok(vec!["Landlock".to_owned()])), Verdict::Warning, ""),
            (of_confinement(refused()), Verdict::Bad, ""),
        ];
        for (check, verdict, mend) in found {
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(!check.found.is_empty() && check.means.ends_with('.'), "{check:?}");
            assert!(check.mend.as_deref().unwrap_or_default().contains(mend), "{check:?}");
        }
        let good = [
            of_open_files(None),
            of_open_files(Some(FILES)),
            of_memory_maps(Some(MAPS)),
            of_disk_space(Some(SPACE_LOW_MIB), data),
            of_kernel("6.7.0"),
            of_confinement(Ok(Vec::new())),
        ];
        assert!(good.iter().all(|check| check.verdict == Verdict::Good && check.mend.is_none()), "{good:?}");
    }
}
