//! Hosts that are killed under load, and what their books say afterwards.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;
use tests::{App, Component, Disk, Host, Reply, Setup, hard};

const CLIENTS: usize = 32;
/// The hard quota of the second app: it runs out within the first rounds.
const LIMIT: u64 = 3_000;

/// Calls from 32 connections until the host is killed, and gives every response that was received whole.
fn load(host: &mut Host, apps: &[App], run_for: Duration) -> anyhow::Result<Vec<Reply>> {
    let stop = AtomicBool::new(false);
    let apps: Vec<App> = apps.iter().map(|app| app.at(host)).collect();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (app, stop) = (apps[client % apps.len()].clone(), &stop);
                scope.spawn(move || {
                    let mut received = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        // Without a response the call may or may not have happened: nothing is promised of it.
                        received.extend(app.post("/echo/a/b", b"twelve bytes"));
                    }
                    received
                })
            })
            .collect();
        std::thread::sleep(run_for);
        let killed = host.kill();
        stop.store(true, Ordering::Relaxed);
        killed?;
        let mut received = Vec::new();
        for client in clients {
            received.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?);
        }
        Ok(received)
    })
}

/// Between 0.2 and 1 s, never twice the same.
fn random_moment() -> Duration {
    Duration::from_millis(200 + RandomState::new().build_hasher().finish() % 800)
}

/// Every response to an admitted call has one row, under a link; the others have none.
fn check(host: &Host, received: &[Reply], context: &str) -> anyhow::Result<()> {
    let books = host.books()?;
    for reply in received {
        let rows = books.linked(&reply.call)?;
        match (reply.status, reply.code.as_str()) {
            (200, _) => {
                ensure!(reply.body == b"twelve bytes", "{context}: a wrong body of {}", reply.call);
                ensure!(rows == 1, "{context}: {rows} rows of {}, which was answered", reply.call);
            }
            (429, "quota-exceeded") => ensure!(rows == 0, "{context}: a row of {}, which was refused", reply.call),
            // Not served for want of a place or of the writer; a failed commit may have left its row.
            (503, "overloaded" | "draining" | "metering-unavailable") => ensure!(rows <= 1, "{context}: {rows} rows"),
            (status, code) => anyhow::bail!("{context}: {status} {code} of {}", reply.call),
        }
    }
    Ok(())
}

fn killed_again_and_again(disk: Disk, rounds: usize) -> anyhow::Result<()> {
    let mut host = Setup::fresh()?.on(disk).start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "ENDLESS", &[])?;
    host.plan("echo", "CAPPED", &[hard("requests", LIMIT)])?;
    let endless = host.app("endless", "echo", "ENDLESS")?;
    let capped = host.app("capped", "echo", "CAPPED")?;
    let apps = [endless.clone(), capped.clone()];
    let mut all = Vec::new();
    for round in 0..rounds {
        let moment = random_moment();
        let context = format!("{disk:?}, round {round}, killed after {moment:?}");
        let received = load(&mut host, &apps, moment)?;
        host = host.again()?;
        check(&host, &received, &context)?;
        all.extend(received);
        let (agrees, said) = host.reconcile()?;
        ensure!(agrees, "{context}: {said}");
    }
    check(&host, &all, "at the end")?;
    let books = host.books()?;
    let served = |app: &App| {
        let sql = "SELECT count(*) FROM call JOIN subscription ON subscription.id = call.subscription
                   WHERE subscription.public_id = ?1 AND status = 200";
        books.number(sql, [app.subscription()])
    };
    let limit = i64::try_from(LIMIT)?;
    ensure!(served(&capped)? <= limit && books.used(capped.subscription())? <= limit, "the hard limit was passed");
    let answered = all.iter().filter(|reply| reply.status == 200).count();
    ensure!(served(&endless)? + served(&capped)? >= i64::try_from(answered)?, "more was answered than recorded");
    // A round may be too short for a busy machine; all of them are not.
    ensure!(answered > rounds, "next to nothing was served\n{}", host.setup().log());
    eprintln!("{rounds} kills, {} responses, {answered} served", all.len());
    Ok(())
}

#[test]
fn whatever_was_answered_before_a_kill_is_in_the_books_once() -> anyhow::Result<()> {
    killed_again_and_again(Disk::Real, 20)
}

#[test]
fn whatever_was_answered_survives_a_disk_that_loses_what_was_not_synced() -> anyhow::Result<()> {
    killed_again_and_again(Disk::Lossy, 8)
}

#[test]
fn a_host_that_is_asked_to_stop_answers_what_it_has_begun() -> anyhow::Result<()> {
    let mut host = Host::start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "ENDLESS", &[])?;
    let app = host.app("endless", "echo", "ENDLESS")?;
    ensure!(app.post("/echo/x", b"")?.status == 200);
    ensure!(host.stop()?.success(), "{}", host.setup().log());
    let host = host.again()?;
    let (agrees, said) = host.reconcile()?;
    ensure!(agrees, "{said}");
    Ok(())
}
