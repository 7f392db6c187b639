//! `cargo xtask fuzz TARGET`: coverage-guided fuzzing of definitions, formulas and the interpreter, on the stable toolchain.
//!
//! The instrumentation that libFuzzer reads is a pass of LLVM that the stable compiler takes by its own flags; only the
//! sanitizers, which safe code has no use for, would need another toolchain. What was found lies in
//! `target/fuzz/found/TARGET`; whoever mends it moves the bytes to `host/asl/tests/kept/TARGET`, where a test runs them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// What makes the compiler count edges and note what is compared.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// What is fuzzed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// The reading of definitions, in JSON and in YAML
    Definition,
    /// Paths and intrinsic functions
    Jsonpath,
    /// Expressions
    Jsonata,
    /// Runs that are told events, cut and stored
    Interpreter,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Jsonpath => "jsonpath",
            Self::Jsonata => "jsonata",
            Self::Interpreter => "interpreter",
        }
    }
}

/// Builds the target, gathers what it begins with, and runs it for so many seconds.
pub(crate) fn run(workspace: &Workspace, target: Target, seconds: u32) -> anyhow::Result<()> {
    let name = target.name();
    let folder = workspace.target.join("fuzz");
    let [corpus, found] = ["corpus", "found"].map(|part| folder.join(part).join(name));
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    sow(&workspace.root.join("host"), target, &corpus)?;
    // Without `--locked`: what the workspace's crates depend on changes, and this package's lock file follows.
    let built = Command::new("cargo")
        .args(["build", "--bin", name, "--target", &host()?])
        .current_dir(workspace.root.join("fuzz"))
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", &folder)
        .status()
        .context("could not run cargo")?;
    ensure!(built.success(), "could not build the target {name}");
    let program = folder.join(host()?).join("debug").join(name);
    let kept = workspace.root.join("host/asl/tests/kept").join(name);
    let status = Command::new(&program)
        .args([&corpus, &kept])
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args([format!("-max_total_time={seconds}"), "-timeout=10".to_owned(), "-rss_limit_mb=2048".to_owned()])
        .args(["-max_len=16384", "-print_final_stats=1"])
        .status()
        .with_context(|| format!("could not run {}", program.display()))?;
    ensure!(status.success(), "the target {name} has found something: look into {}", found.display());
    Ok(())
}

/// The triple of this machine. Naming it keeps the flags away from build scripts.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").args(["--print", "host-tuple"]).output().context("could not run rustc")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The definitions of the cases that have a folder each, in one line as the interpreter's target wants them.
fn folders(cases: &Path) -> anyhow::Result<Vec<String>> {
    let mut definitions = Vec::new();
    for entry in std::fs::read_dir(cases).with_context(|| format!("could not read {}", cases.display()))? {
        let path = entry?.path().join("definition.json");
        if let Ok(text) = std::fs::read_to_string(&path) {
            let value: Value =
                serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
            definitions.push(value.to_string());
        }
    }
    Ok(definitions)
}

/// Writes what the tests know into the corpus.
fn sow(host: &Path, target: Target, corpus: &Path) -> anyhow::Result<()> {
    let read = |path: &str| -> anyhow::Result<Value> {
        let text = std::fs::read_to_string(host.join(path)).with_context(|| format!("could not read {path}"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is not JSON"))
    };
    let mut seeds: Vec<String> = Vec::new();
    match target {
        Target::Definition | Target::Interpreter => {
            for file in ["data", "jsonata", "map", "variables"] {
                let cases = read(&format!("asl/tests/cases/{file}.json"))?;
                let definitions =
                    cases.as_object().into_iter().flatten().map(|(_, case)| case["definition"].to_string());
                seeds.extend(definitions);
            }
            seeds.extend(folders(&host.join("asl/tests/cases"))?);
            if target == Target::Interpreter {
                seeds = seeds.into_iter().map(|seed| format!("0z2z8z0z6000\n{seed}")).collect();
            }
        }
        Target::Jsonpath => {
            let functions = read("asl/tests/tables/intrinsics.json")?;
            let paths = read("asl/tests/tables/paths.json")?;
            for table in paths.as_array().into_iter().flatten().chain([&functions]) {
                for entry in table["gives"].as_array().into_iter().flatten() {
                    seeds.extend(entry[0].as_str().map(|formula| format!("{formula}\n{}", table["input"])));
                }
            }
        }
        Target::Jsonata => {
            for entry in read("jsonata/examples/typical.json")?.as_array().into_iter().flatten() {
                seeds.extend(entry[1].as_str().map(|text| format!("{text}\n{{\"a\": [1, {{\"b\": \"x\"}}]}}")));
            }
            let cases = read("asl/tests/cases/jsonata.json")?.to_string();
            let texts = cases.split("{%").skip(1).filter_map(|rest| rest.split("%}").next());
            seeds.extend(texts.map(|text| format!("{}\n{{\"l\": [1, 2]}}", text.replace("\\\"", "\""))));
        }
    }
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}
