//! A ledger that cannot be written: held by another process, or on a disk that is full.

use anyhow::ensure;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tests::{App, Component, Host};

fn host_with_echo() -> anyhow::Result<(Host, App)> {
    let host = Host::start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "ENDLESS", &[])?;
    let app = host.app("acme", "echo", "ENDLESS")?;
    ensure!(app.post("/echo/x", b"x")?.status == 200);
    Ok((host, app))
}

/// Calls until one is refused as it must be; nothing else may happen meanwhile.
fn refused(app: &App) -> anyhow::Result<()> {
    for _ in 0..1_000 {
        let reply = app.post("/echo/x", &[b'x'; 4096])?;
        match (reply.status, reply.code.as_str()) {
            (200, _) => {}
            (503, "metering-unavailable") => return Ok(()),
            (status, code) => anyhow::bail!("{status} {code}"),
        }
    }
    anyhow::bail!("a thousand calls were served")
}

/// After the trouble: ready, serving, and the books agree.
fn well(host: &Host, app: &App) -> anyhow::Result<()> {
    host.wait_until_ready()?;
    let reply = app.post("/echo/x", b"x")?;
    ensure!(reply.status == 200, "{} {}", reply.status, reply.code);
    ensure!(host.books()?.linked(&reply.call)? == 1);
    let (agrees, said) = host.reconcile()?;
    ensure!(agrees, "{said}");
    Ok(())
}

#[test]
fn a_ledger_that_another_process_holds_refuses_calls_and_goes_on_when_it_lets_go() -> anyhow::Result<()> {
    let (host, app) = host_with_echo()?;
    let other = Connection::open_with_flags(host.file("usage.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    other.execute_batch("BEGIN EXCLUSIVE")?;
    refused(&app)?;
    host.wait_until_not_ready()?;
    refused(&app)?;
    other.execute_batch("ROLLBACK")?;
    well(&host, &app)
}

#[test]
fn a_full_disk_refuses_calls_and_they_go_on_when_there_is_room() -> anyhow::Result<()> {
    let (host, app) = host_with_echo()?;
    let pid = i32::try_from(host.pid()).ok().and_then(Pid::from_raw);
    // No file of the process may grow beyond what the ledger's log holds now: its next pages find no room.
    let held = std::fs::metadata(host.file("usage.db-wal"))?.len();
    let before = prlimit(pid, Resource::Fsize, Rlimit { current: Some(held), maximum: None })?;
    refused(&app)?;
    host.wait_until_not_ready()?;
    refused(&app)?;
    prlimit(pid, Resource::Fsize, before)?;
    well(&host, &app)
}
