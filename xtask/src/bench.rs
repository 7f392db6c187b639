//! `cargo xtask bench`: what the host costs, as ratios against the floor in one run.
//!
//! Starts release builds of everything, drives each from a process of its own, interleaves the rounds so that a noisy
//! machine disturbs all alike, and quotes medians. Writes `target/bench/latest.json`.

mod alone;
mod bars;
mod cpu;
mod machine;
mod neighbour;
mod official;
mod scale;
mod servers;
mod subject;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use self::servers::{Floor, Load, Run, Shot};
use self::subject::Subject;
use crate::workspace::Workspace;

/// Rounds of every measurement; medians are quoted.
const ROUNDS: usize = 5;
/// How long one measurement runs, in seconds, beside its warm-up.
const SECONDS: f64 = 3.0;
const CONNECTIONS: [usize; 2] = [64, 256];
/// The threads of the host that serve calls, those of the floor, and the one that writes usage.db.
const SERVING: &str = "weir";
const SERVING_BARE: &str = "tokio-rt-worker";
const WRITING: &str = "store-usage";

/// One thing that is measured: where it listens and what it is asked.
struct Target {
    /// `full/http`, `bare/wasi-http`, `hyper`.
    name: &'static str,
    shot: Shot,
    /// The process that serves it.
    pid: u32,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Everything. The figures are written down.
    All,
    /// A large host alone. The figures are printed.
    Scale,
    /// What hostile and busy APIs do to another, alone. The figures are printed.
    Neighbours,
    /// The states language by itself. The figures are printed.
    Asl,
    /// Durable executions by themselves. The figures are printed.
    Executions,
}

/// Builds, measures, prints and writes the figures.
pub(crate) fn run(workspace: &Workspace, part: Part) -> anyhow::Result<()> {
    let folder = workspace.target.join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let machine = machine::describe(&folder)?;
    machine::print(&machine);

    // Always both: what is measured alone is then built as it is in the whole.
    workspace.cargo(&["build", "--release", "--package", "weir", "--package", "bench"])?;
    let release = workspace.target.join("release");
    let one = match part {
        Part::Asl => Some(alone::ASL),
        Part::Executions => Some(alone::EXECUTIONS),
        Part::All | Part::Scale | Part::Neighbours => None,
    };
    if let Some(one) = one {
        let mut figures = one.measure(&release, &folder)?;
        if part == Part::Asl {
            official::compare(&workspace.root, &folder, &mut figures)?;
        }
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    let guests = ["echo", "wasi-echo", "loop", "hungry"].map(|name| workspace.root.join("bench").join(name));
    let mut files = Vec::new();
    for guest in &guests {
        files.push(subject::build_guest(&release.join("weir"), guest)?);
    }
    let subject = Subject::start(&release.join("weir"), &folder.join("data"), &guests)?;
    let load = Load::new(&release);
    let alone = match part {
        Part::Scale => Some(scale::measure(&load, &subject, (&release.join("weir"), &folder), &guests)?),
        Part::Neighbours => Some(neighbour::measure(&load, &subject)?),
        Part::All | Part::Asl | Part::Executions => None,
    };
    if let Some(figures) = alone {
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    let floors = [
        Floor::start(&release, &["hyper"])?,
        Floor::start(&release, &["http", path_text(&files[0])?])?,
        Floor::start(&release, &["wasi-http", path_text(&files[1])?])?,
    ];
    let floor = |name, number: usize| {
        let shot = Shot { address: floors[number].address.clone(), path: "/".into(), ..Shot::default() };
        Target { name, shot, pid: floors[number].pid() }
    };
    let full = |name, path| Target { name, shot: subject.shot(path), pid: subject.pid() };
    let targets = [
        floor("hyper", 0),
        floor("bare/http", 1),
        full("full/http", "/echo/"),
        floor("bare/wasi-http", 2),
        full("full/wasi-http", "/wasi-echo/"),
    ];
    let instantiate = servers::instantiate(&release, &files[0])?;
    let measured = rounds(&load, &targets, &subject)?;
    let neighbours = neighbour::measure(&load, &subject)?;
    let scale = scale::measure(&load, &subject, (&release.join("weir"), &folder), &guests)?;
    let mut report = report(&machine, &measured, &subject)?;
    report["neighbours"] = neighbours;
    report["scale"] = scale;
    report["asl"] = alone::ASL.measure(&release, &folder)?;
    official::compare(&workspace.root, &folder, &mut report["asl"])?;
    report["executions"] = alone::EXECUTIONS.measure(&release, &folder)?;
    report["instantiate_and_call_cpu_us"] = json!(instantiate);
    report["bars_missed"] = bars::missed(&report, bars::CALL);
    let file = folder.join("latest.json");
    std::fs::write(&file, serde_json::to_string_pretty(&report)?)?;
    print_report(&report);
    println!("\nwritten to {}", file.display());
    Ok(())
}

/// What one target showed with so many connections, a value per round.
#[derive(Default)]
struct Measured {
    runs: Vec<Run>,
    /// CPU µs per answer by kind of thread.
    cpu: Vec<BTreeMap<String, f64>>,
    /// Commits of usage.db per 1,000 answers; none of a server of the floor.
    commits: Vec<f64>,
}

fn rounds(load: &Load, targets: &[Target], subject: &Subject) -> anyhow::Result<BTreeMap<(String, usize), Measured>> {
    let mut measured: BTreeMap<(String, usize), Measured> = BTreeMap::new();
    for round in 1..=ROUNDS {
        for connections in CONNECTIONS {
            for target in targets {
                eprintln!("round {round} of {ROUNDS}: {} with {connections} connections", target.name);
                let is_host = target.pid == subject.pid();
                let (threads, commits) = (cpu::by_thread(target.pid)?, subject.commits()?);
                let run = load.run(&Shot { connections, seconds: SECONDS, ..target.shot.clone() })?;
                let entry = measured.entry((target.name.to_owned(), connections)).or_default();
                let answers = run.all_answers();
                entry.cpu.push(cpu::per_answer(&threads, &cpu::by_thread(target.pid)?, answers));
                if is_host {
                    entry.commits.push((subject.commits()? - commits) * 1_000.0 / answers);
                }
                entry.runs.push(run);
            }
        }
    }
    Ok(measured)
}

fn report(machine: &Value, measured: &BTreeMap<(String, usize), Measured>, subject: &Subject) -> anyhow::Result<Value> {
    let mut results = Vec::new();
    let mut cpu = serde_json::Map::new();
    for ((name, connections), seen) in measured {
        let of = |pick: fn(&Run) -> f64| median(seen.runs.iter().map(pick).collect());
        results.push(json!({
            "name": format!("{name}/{connections}"),
            "rps": of(|run| run.rps).round(),
            "p50_us": of(|run| run.p50_us),
            "p99_us": of(|run| run.p99_us),
        }));
        if let Some(first) = seen.cpu.first() {
            let per_thread: serde_json::Map<_, _> = first
                .keys()
                .map(|thread| {
                    let values = seen.cpu.iter().filter_map(|round| round.get(thread).copied()).collect();
                    (thread.clone(), json!((median(values) * 10.0).round() / 10.0))
                })
                .collect();
            let mut cost = json!({ "cpu_us_per_call": per_thread });
            if !seen.commits.is_empty() {
                cost["fsyncs_per_1000_calls"] = json!(median(seen.commits.clone()).round());
            }
            cpu.insert(format!("{name}/{connections}"), cost);
        }
    }
    let fsync_p99 = machine["fsync_p99_us"].as_f64().context("the machine has an fsync figure")?;
    Ok(json!({
        "machine": machine,
        "pragma_synchronous": subject.synchronous()?,
        "results": results,
        "ratios": ratios(measured, fsync_p99),
        "envelope_cpu_us_64": round2(cpu_of(measured, "full/http", SERVING) - cpu_of(measured, "bare/http", SERVING_BARE)),
        "writer_cpu_us_64": round2(cpu_of(measured, "full/http", WRITING)),
        "cost": cpu,
    }))
}

/// The median CPU time, in µs an answer, of a target's threads of that name, with 64 connections.
fn cpu_of(measured: &BTreeMap<(String, usize), Measured>, target: &str, thread: &str) -> f64 {
    let rounds = measured.get(&(target.to_owned(), CONNECTIONS[0])).map_or(&[][..], |seen| &seen.cpu);
    median(rounds.iter().filter_map(|round| round.get(thread).copied()).collect())
}

/// Full over bare, round by round, and then the median: what drifts with the machine cancels.
fn ratios(measured: &BTreeMap<(String, usize), Measured>, fsync_p99_us: f64) -> Value {
    let mut ratios = serde_json::Map::new();
    for (world, suffix) in [("http", ""), ("wasi-http", "_wasi")] {
        for connections in CONNECTIONS {
            let runs = |kind: &str| measured.get(&(format!("{kind}/{world}"), connections)).map(|seen| &seen.runs);
            let (Some(full), Some(bare)) = (runs("full"), runs("bare")) else { continue };
            let pairs = || full.iter().zip(bare);
            let rps = median(pairs().map(|(full, bare)| full.rps / bare.rps).collect());
            let p99 = median(pairs().map(|(full, bare)| full.p99_us / bare.p99_us).collect());
            let bar =
                median(pairs().map(|(full, bare)| full.p99_us / (3.0 * bare.p99_us + 2.0 * fsync_p99_us)).collect());
            ratios.insert(format!("full_over_bare_rps{suffix}_{connections}"), round2(rps));
            ratios.insert(format!("full_over_bare_p99{suffix}_{connections}"), round2(p99));
            ratios.insert(format!("full_p99_over_bar{suffix}_{connections}"), round2(bar));
        }
    }
    Value::Object(ratios)
}

/// The parts of a report that are printed as they are.
const PRINTED: [&str; 10] = [
    "ratios",
    "envelope_cpu_us_64",
    "writer_cpu_us_64",
    "instantiate_and_call_cpu_us",
    "cost",
    "neighbours",
    "scale",
    "asl",
    "executions",
    "bars_missed",
];

fn print_report(report: &Value) {
    println!("\n{:<24}{:>10}{:>10}{:>10}", "", "rps", "p50 µs", "p99 µs");
    for row in report["results"].as_array().into_iter().flatten() {
        println!(
            "{:<24}{:>10}{:>10}{:>10}",
            row["name"].as_str().unwrap_or(""),
            row["rps"],
            row["p50_us"],
            row["p99_us"]
        );
    }
    for part in PRINTED {
        println!("\n{part}: {}", serde_json::to_string_pretty(&report[part]).unwrap_or_default());
    }
    println!("\nusage.db: PRAGMA synchronous = {}", report["pragma_synchronous"]);
}

/// The middle value; of an even number, the upper middle one. 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn round2(value: f64) -> Value {
    json!((value * 100.0).round() / 100.0)
}

fn path_text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the path is not UTF-8")
}
