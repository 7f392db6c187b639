//! What the data folder says: its clock, its secrets, its certificates, its backups.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tls::Files;
use types::{Clock, Timestamp};

use super::Check;
use crate::config::HostToml;
use crate::folder::Folder;

/// How old a backup may become.
const BACKUP_AGE: Duration = Duration::from_hours(48);
/// When this was written: no clock is right that shows less. 2026-11-01T00:00:00Z.
const WRITTEN: Timestamp = Timestamp::from_micros(1_793_491_200_000_000);

/// All checks. What is not there yet is not wrong.
pub(super) fn checks(folder: &Folder) -> Vec<Check> {
    let mut checks = vec![clock(folder), private(folder), backup(folder)];
    checks.extend(configuration(folder));
    checks
}

/// The clock cannot be checked against a better one, but against what was written before.
fn clock(folder: &Folder) -> Check {
    let now = Clock::system().now();
    let modified = fs::metadata(folder.usage_db()).and_then(|file| file.modified()).ok();
    let last = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let last = last.map_or(WRITTEN, |since| Timestamp::default().after(since)).max(WRITTEN);
    if now >= last {
        return Check::good("clock", format!("{now}"));
    }
    Check::bad(
        "clock",
        format!("it shows {now}, but usage.db or this program is from {last}"),
        "Calls are counted in the wrong periods, and bills are wrong. Let a time server keep the clock.",
    )
    .mend("timedatectl set-ntp true")
}

/// The host's key, the operator's token and the keys of certificates are not for everybody.
fn private(folder: &Folder) -> Check {
    let mut secrets: Vec<PathBuf> = ["host.key", "operator.token"].iter().map(|name| folder.join(name)).collect();
    if let Ok(config) = HostToml::read(&folder.host_toml()) {
        secrets.extend(config.mail.password_file.iter().map(|file| folder.path().join(file)));
        let tables = [config.gateway.tls, config.control.tls];
        secrets.extend(tables.iter().flatten().flat_map(|table| table.pairs(folder.path())).map(|pair| pair.key));
    }
    let open: Vec<String> =
        secrets.iter().filter(|path| tls::is_open(path)).map(|path| path.display().to_string()).collect();
    if open.is_empty() {
        return Check::good("secrets", "not everybody may read them");
    }
    let means = "Whoever reads them can act as the operator, forge compiled components, or pose as this host.";
    Check::bad("secrets", format!("everybody on this machine may read {}", open.join(" and ")), means)
        .mend(format!("chmod o-rwx {}", open.join(" ")))
}

/// How old the last backup is, if there is anything to back up.
fn backup(folder: &Folder) -> Check {
    let command = format!("weir backup FOLDER --data {}", folder.path().display());
    if !folder.usage_db().exists() {
        return Check::good("backup", "there is nothing to back up yet");
    }
    match folder.read_last_backup() {
        Some(last) if Clock::system().now() <= last.0.after(BACKUP_AGE) => {
            Check::good("backup", format!("the last one is of {last}"))
        }
        Some(last) => Check::warning(
            "backup",
            format!("the last one is of {last}"),
            "What was recorded since has no copy: a lost disk takes it along.",
        )
        .mend(command),
        None => Check::warning(
            "backup",
            "none was ever made of this folder",
            "Nothing of it has a copy: a lost disk takes everything along.",
        )
        .mend(command),
    }
}

/// `host.toml`, and the certificates that it names.
fn configuration(folder: &Folder) -> Vec<Check> {
    let path = folder.host_toml();
    if !path.exists() {
        return Vec::new();
    }
    let config = match HostToml::read(&path) {
        Ok(config) => config,
        Err(error) => return vec![Check::bad("configuration", format!("{error:#}"), "The host does not start.")],
    };
    let mut checks = vec![Check::good("configuration", format!("{} is valid", path.display()))];
    checks.push(if config.egress.allow_loopback_for_development {
        let means = "Strangers' code may call whatever listens on this machine.";
        Check::warning("egress", "components may reach services on this machine", means)
            .mend("remove egress.allow_loopback_for_development from host.toml")
    } else {
        Check::good("egress", format!("{} places are allowed", config.egress.allow.len()))
    });
    for (name, table) in [("gateway TLS", &config.gateway.tls), ("control TLS", &config.control.tls)] {
        let Some(table) = table else { continue };
        let pairs = table.pairs(folder.path());
        let count = pairs.len();
        checks.push(match Files::load(pairs) {
            Ok(_) => Check::good(name, format!("{count} certificates with their keys")),
            Err(error) => Check::bad(
                name,
                format!("{:#}", anyhow::Error::new(error)),
                "A start fails. A host that runs goes on with the certificates that it has read.",
            ),
        });
    }
    checks
}
