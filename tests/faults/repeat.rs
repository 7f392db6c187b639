//! Requests with an `Idempotency-Key`, and hosts that are killed while they run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tests::{App, Component, Disk, Host, Reply, Setup, hard};

const CLIENTS: usize = 16;

/// Posts under `key`, which the call's row shows as the client's own id.
fn once(app: &App, key: &str) -> anyhow::Result<Reply> {
    app.post_with("/echo/a", b"twelve bytes", &[("Idempotency-Key", key), ("X-Request-Id", key)])
}

/// Asks under one key after the other until the host is killed; the last key of each client may have run or not.
fn load(host: &mut Host, app: &App, round: usize) -> anyhow::Result<Vec<(String, Option<Reply>)>> {
    let stop = AtomicBool::new(false);
    let app = app.at(host);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (app, stop) = (app.clone(), &stop);
                scope.spawn(move || {
                    let mut asked = Vec::new();
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let key = format!("{round}-{client}-{number}");
                        let reply = once(&app, &key).ok();
                        asked.push((key, reply));
                    }
                    asked
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300 + 37 * u64::try_from(round)?));
        let killed = host.kill();
        stop.store(true, Ordering::Relaxed);
        killed?;
        let mut asked = Vec::new();
        for client in clients {
            asked.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?);
        }
        Ok(asked)
    })
}

/// Every key that was asked for is asked for again: it has run once, or not at all and then once, or never will. The
/// rows are counted while no host writes: what a disk that forgets has not yet kept is nobody's to read beside it.
fn check(mut host: Host, app: &App, asked: &[(String, Option<Reply>)], disk: Disk) -> anyhow::Result<Host> {
    let app = app.at(&host);
    let mut expected = Vec::with_capacity(asked.len());
    for (key, before) in asked {
        let again = once(&app, key)?;
        match (before.as_ref().map(|reply| reply.status), again.status, again.code.as_str()) {
            (_, 200, _) => ensure!(again.body == b"twelve bytes", "{key}: a wrong body"),
            // What is kept to be sent again may be lost with the power.
            (_, 409, "idempotency-conflict") if disk == Disk::Lossy => {}
            (None, 503, "aborted") => {}
            (before, status, code) => anyhow::bail!("{key}: {before:?} before, then {status} {code}"),
        }
        expected.push((key, i64::from(again.code != "aborted")));
    }
    host.stop()?;
    let books = host.books()?;
    for (key, expected) in expected {
        let runs = "SELECT count(*) FROM call WHERE client_request_id = ?1 AND outcome <> 'replayed'";
        let runs = books.number(runs, [key])?;
        ensure!(runs == expected, "{key}: {runs} runs, not {expected}");
    }
    host.again()
}

fn killed_again_and_again(disk: Disk, rounds: usize) -> anyhow::Result<()> {
    let mut host = Setup::fresh()?.on(disk).start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "ENDLESS", &[])?;
    let app = host.app("endless", "echo", "ENDLESS")?;
    for round in 0..rounds {
        let asked = load(&mut host, &app, round)?;
        ensure!(asked.iter().any(|(_, reply)| reply.as_ref().is_some_and(|reply| reply.status == 200)), "idle");
        host = host.again()?;
        host = check(host, &app, &asked, disk)?;
        let (agrees, said) = host.reconcile()?;
        ensure!(agrees, "round {round}: {said}");
    }
    Ok(())
}

#[test]
fn what_has_a_key_runs_once_however_often_the_host_is_killed() -> anyhow::Result<()> {
    killed_again_and_again(Disk::Real, 5)
}

#[test]
fn what_has_a_key_runs_once_on_a_disk_that_loses_what_was_not_synced() -> anyhow::Result<()> {
    killed_again_and_again(Disk::Lossy, 3)
}

#[test]
fn a_call_that_was_killed_between_its_claim_and_its_result_never_runs_again() -> anyhow::Result<()> {
    for disk in [Disk::Real, Disk::Lossy] {
        let mut host = Setup::fresh()?.on(disk).start()?;
        let limits = json!({ "fuel": 50_000_000_000_u64, "wall_ms": 20_000 });
        host.publish_within("slow", &Component::spinning()?, &limits)?;
        host.plan("slow", "ONE", &[hard("requests", 1)])?;
        let app = host.app("acme", "slow", "ONE")?;
        let ask = |app: &App| app.post_with("/slow/x", b"", &[("Idempotency-Key", "k")]);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let first = app.at(&host);
            let cut = scope.spawn(move || ask(&first));
            let claimed = "SELECT count(*) FROM idempotency WHERE state = 'claimed'";
            // What a disk that forgets has not yet kept may be unreadable from outside for a moment.
            while host.books()?.number(claimed, []).unwrap_or(0) == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
            let running = ask(&app.at(&host))?;
            ensure!((running.status, running.code.as_str()) == (409, "idempotency-conflict"), "{running:?}");
            host.kill()?;
            ensure!(cut.join().is_ok_and(|reply| reply.is_err()), "an answer came from a host that was killed");
            Ok(())
        })?;
        host = host.again()?;
        for _ in 0..2 {
            let lost = ask(&app.at(&host))?;
            ensure!((lost.status, lost.code.as_str()) == (503, "aborted"), "{lost:?}");
        }
        host.stop()?;
        ensure!(host.books()?.number("SELECT count(*) FROM call", [])? == 0, "it has a row");
        let (agrees, said) = host.reconcile()?;
        ensure!(agrees, "{said}");
    }
    Ok(())
}
