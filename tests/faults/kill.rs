//! Hosts that are killed under load, and what their books say afterwards.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
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
    killed_again_and_again(Disk::Lossy, 20)
}

/// Begins a call at `address` whose body the host reads when this returns, with its first half.
fn begin(address: &str, app: &App) -> anyhow::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_mins(1)))?;
    let head = format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: 12\r\n", app.key());
    socket.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes())?;
    let mut answer = *b"HTTP/1.1 100 Continue\r\n\r\n";
    let wanted = answer;
    socket.read_exact(&mut answer)?;
    ensure!(answer == wanted, "{}", String::from_utf8_lossy(&answer));
    socket.write_all(b"twelve")?;
    Ok(socket)
}

/// Asks the host to stop, sends the rest of the call's body once it listens no more, and gives the answer.
fn end_while_it_stops(host: &mut Host, address: &str, mut call: TcpStream) -> anyhow::Result<String> {
    let mut answer = String::new();
    let status = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| host.stop());
        while !stopping.is_finished() && TcpStream::connect(address).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        ensure!(!stopping.is_finished(), "it did not wait for the call");
        call.write_all(b" bytes")?;
        call.read_to_string(&mut answer)?;
        stopping.join().map_err(|_| anyhow::anyhow!("the one who stops it panicked"))?
    })?;
    ensure!(status.success(), "{status}\n{}", host.setup().log());
    Ok(answer)
}

#[test]
fn a_host_that_is_asked_to_stop_answers_what_it_has_begun() -> anyhow::Result<()> {
    let mut host = Host::start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "ENDLESS", &[])?;
    let app = host.app("endless", "echo", "ENDLESS")?;
    let address = host.gateway().trim_start_matches("http://").to_owned();
    let call = begin(&address, &app)?;
    let answer = end_while_it_stops(&mut host, &address, call)?;
    ensure!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\ntwelve bytes"), "{answer}");
    let call = answer.lines().find_map(|line| line.strip_prefix("x-request-id: "));
    let host = host.again()?;
    ensure!(host.books()?.linked(call.context("it has no name")?)? == 1, "{answer}");
    let (agrees, said) = host.reconcile()?;
    ensure!(agrees, "{said}");
    Ok(())
}
