//! Hosts that are killed while executions run, and what has become of these afterwards.

mod clients;
mod disk;
mod facts;
mod held;
mod machines;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;
use tests::{App, Books, Component, Disk, Host, Said, Setup, States};

use self::clients::{Clients, Office};
use self::facts::{Facts, Used};
use self::machines::{IDLE, Machines, VARIANTS};

/// The kind of executions that calls start.
const CALL: &str = "call";
/// How long everything may take to end when nobody kills the host any more.
const ENDS_WITHIN: Duration = Duration::from_mins(3);
/// After so many kills the books are proved, too.
const PROVED_EVERY: usize = 20;

/// Between 50 and 400 ms, never twice the same.
fn random_moment() -> Duration {
    Duration::from_millis(50 + RandomState::new().build_hasher().finish() % 350)
}

/// How many times the host is killed: so many, or as many as `WEIR_TEST_KILLS` says.
#[expect(clippy::disallowed_methods, reason = "a test that can be told to take longer")]
fn kills(usual: usize) -> anyhow::Result<usize> {
    std::env::var("WEIR_TEST_KILLS").map_or(Ok(usual), |text| text.parse().context("WEIR_TEST_KILLS is a number"))
}

/// A host with components and machines, and who uses them.
struct Scene {
    host: Host,
    machines: Machines,
    states: States,
    app: App,
}

fn scene(disk: Disk) -> anyhow::Result<Scene> {
    let host = Setup::fresh()?.on(disk).start()?;
    host.publish_task("echo", &Component::task_echo()?)?;
    host.publish_task("decline", &Component::task_declining()?)?;
    host.publish_executions("kept", &machines::of_calls())?;
    host.plan("kept", "ENDLESS", &[])?;
    let app = host.app("acme", "kept", "ENDLESS")?;
    let states = States::of(&host)?;
    let machines = Machines::made(&states)?;
    Ok(Scene { host, machines, states, app })
}

/// What every execution has come to, by its kind. Those of calls that nobody answered are among them.
fn gather(states: &States, office: &Office, machines: &Machines) -> anyhow::Result<Vec<(String, Facts)>> {
    let mut all = Vec::new();
    for name in office.started() {
        let arn = machines.execution(&name);
        all.push((machines::kind_of(&name), Facts::of(states, &arn).with_context(|| arn.clone())?));
    }
    let states = states.of_calls();
    let of_calls = states.all("ListExecutions", &json!({ "stateMachineArn": machines.of_calls() }), "executions")?;
    // The latest come first.
    for execution in of_calls.iter().rev() {
        let arn = execution["executionArn"].as_str().context("an execution has an ARN")?;
        all.push((CALL.to_owned(), Facts::of(&states, arn).with_context(|| arn.to_owned())?));
    }
    Ok(all)
}

/// What was acknowledged is there: executions of calls, ends, answers.
fn check_promises(office: &Office, machines: &Machines, all: &[(String, Facts)]) -> anyhow::Result<()> {
    for (kind, facts) in all {
        ensure!(facts.status != "RUNNING", "{} has not ended", facts.arn);
        ensure!((facts.status == "ABORTED") == (kind == IDLE), "{} is {}", facts.arn, facts.status);
    }
    let by_arn: BTreeMap<&str, &Facts> = all.iter().map(|(_, facts)| (&*facts.arn, facts)).collect();
    for call in office.called() {
        let is_its = |arn: &&str| arn.ends_with(&format!(":kept:{call}"));
        ensure!(by_arn.keys().any(is_its), "the execution of the call {call} is lost");
    }
    for (execution, answer) in office.answers() {
        let arn = machines.execution(&execution);
        let facts = by_arn.get(&*arn).with_context(|| format!("{arn} is lost"))?;
        ensure!(facts.answers.contains(&answer), "{arn}: the answer {answer} was taken and has not arrived");
    }
    Ok(())
}

/// After a restart everything is there that was acknowledged before it.
fn check_survivors(states: &States, machines: &Machines, (office, round): (&Office, usize)) -> anyhow::Result<()> {
    for name in office.started_in(round) {
        let found = states.ask("DescribeExecution", &json!({ "executionArn": machines.execution(&name) }))?;
        let Said::Done(found) = found else { anyhow::bail!("{name} is lost: {found:?}") };
        let is_stopped = found["status"] == "ABORTED";
        ensure!(is_stopped || !office.is_stopped(&name), "{name} was stopped and is {}", found["status"]);
    }
    Ok(())
}

/// Each is as the first of its kind is, which ran while nobody killed anything; and each attempt has its one row.
fn check_alike(all: &[(String, Facts)], books: &Books) -> anyhow::Result<usize> {
    let used = Used::read(books)?;
    let mut first: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut attempts = 0;
    // An execution may be stopped before its first step or after it.
    for (kind, facts) in all.iter().filter(|(kind, _)| kind != IDLE) {
        let (rows, lines) = used.of(facts);
        attempts += rows;
        let told: Vec<String> = facts.lines.iter().cloned().chain(lines).collect();
        match first.get(&**kind) {
            None => drop(first.insert(kind, told)),
            Some(expected) => ensure!(
                *expected == told,
                "{} is not as {kind} is that was not cut:\n{}",
                facts.arn,
                facts::difference(expected, &told)
            ),
        }
    }
    ensure!(used.count() == attempts, "{} rows of attempts, of which {attempts} are known", used.count());
    Ok(attempts)
}

fn killed_again_and_again(disk: Disk, kills: usize) -> anyhow::Result<()> {
    let Scene { mut host, machines, states, app } = scene(disk)?;
    let office = Office::default();
    let clients = Clients { machines: &machines, office: &office, states: &states, app: &app };
    // The yardsticks come first, and end before the first kill.
    clients.uncut(&mut host, ENDS_WITHIN)?;
    host = host.again()?;
    for round in 0..kills {
        let moment = random_moment();
        let context = || format!("{disk:?}, round {round}, killed after {moment:?}");
        clients.load(&mut host, round, moment).with_context(context)?;
        host = host.again().with_context(context)?;
        check_survivors(&states.at(&host), &machines, (&office, round)).with_context(context)?;
        // Executions run on meanwhile, and what a disk that forgets has not yet kept is nobody's to read beside them.
        if disk == Disk::Real && round % PROVED_EVERY == 0 {
            let (agrees, said) = host.reconcile()?;
            ensure!(agrees, "{}: {said}", context());
        }
    }
    clients.until_all_have_ended(&mut host, ENDS_WITHIN)?;
    host = host.again()?;
    let all = gather(&states.at(&host), &office, &machines)?;
    check_promises(&office, &machines, &all)?;
    host.stop()?;
    let books = host.books()?;
    for call in office.called() {
        ensure!(books.linked(&call)? == 1, "the call {call} was answered and is not in the books once");
    }
    let attempts = check_alike(&all, &books)?;
    let (agrees, said) = host.again()?.reconcile()?;
    ensure!(agrees, "at the end: {said}");
    ensure!(all.len() > VARIANTS + kills, "{} executions are no load", all.len());
    eprintln!("{disk:?}: {kills} kills, {} executions, {attempts} attempts at tasks", all.len());
    Ok(())
}

#[test]
fn executions_end_as_if_nothing_had_happened_however_often_the_host_is_killed() -> anyhow::Result<()> {
    killed_again_and_again(Disk::Real, kills(100)?)
}

#[test]
fn executions_end_as_if_nothing_had_happened_on_a_disk_that_loses_what_was_not_synced() -> anyhow::Result<()> {
    killed_again_and_again(Disk::Lossy, kills(25)?)
}
