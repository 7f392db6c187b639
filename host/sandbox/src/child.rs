//! The child process in which an upload is checked, compiled and probed.
//!
//! It reads the upload on its standard input and writes a report and the artefact on its standard output. Compiling is
//! where a hostile upload can cost most, so the process limits itself first, and the parent kills it when it is late.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use types::{ByteCount, Clock, Fuel};

use crate::compile::Report;
use crate::engine::{self, Role, SLOT_MEMORY};
use crate::settings::Limits;
use crate::state::{self, HostState};
use crate::structure;
use crate::threads::Signals;

/// The first argument by which a program enters [`main`].
pub const ARGUMENT: &str = "compile-child";

/// Addresses while compiling, and while probing: there each memory reserves 4 GiB and guards.
const COMPILE_ADDRESSES: u64 = 2 << 30;
const PROBE_ADDRESSES: u64 = 64 << 30;
const DATA_MAX: u64 = 2 << 30;
const CPU_SECONDS: u64 = 30;
/// What one instantiation may cost, since every call pays it.
const PROBE_FUEL: Fuel = Fuel::saturating(100_000_000);
const PROBE_TIME: Duration = Duration::from_millis(20);
/// The best of a few tries counts: the machine may be busy.
const PROBES: usize = 3;

/// Runs the child. Whoever hosts the sandbox calls this when its first argument is [`ARGUMENT`].
pub fn main() -> ExitCode {
    let done = limit_self().and_then(|()| work());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn work() -> std::io::Result<()> {
    let mut upload = Vec::new();
    std::io::stdin().lock().read_to_end(&mut upload)?;
    let (report, artefact) = match compile(&upload) {
        Ok((report, artefact)) => (report, artefact),
        Err(why) => (Report::Refused { why }, Vec::new()),
    };
    let report = serde_json::to_vec(&report)?;
    let length = u32::try_from(report.len()).map_err(std::io::Error::other)?;
    let mut output = std::io::stdout().lock();
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&report)?;
    output.write_all(&artefact)?;
    output.flush()
}

fn compile(upload: &[u8]) -> Result<(Report, Vec<u8>), String> {
    let structure = structure::check(upload)?;
    let engine = engine::engine(Role::Compile).map_err(|error| format!("The compiler did not start: {error:#}."))?;
    let artefact =
        engine.precompile_component(upload).map_err(|error| format!("The component does not compile: {error:#}."))?;
    let instantiate_us = probe(&engine, &artefact)?;
    Ok((Report::Compiled { structure, instantiate_us }, artefact))
}

/// Instantiates the component, and answers how long that took: the one defence against components that are costly to
/// instantiate, which every call would pay for.
fn probe(engine: &wasmtime::Engine, artefact: &[u8]) -> Result<u64, String> {
    set_limit(rustix::process::Resource::As, PROBE_ADDRESSES, PROBE_ADDRESSES).map_err(|error| error.to_string())?;
    let code = crate::artefact::load_bytes(engine, artefact).map_err(|error| format!("{error:#}"))?;
    fits_a_slot(&code)?;
    let pre = crate::wasi::linker(engine)
        .and_then(|linker| linker.instantiate_pre(&code))
        .map_err(|error| format!("The component asks for something that this host does not have: {error:#}."))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
    let clock = Clock::system();
    let mut best = Duration::MAX;
    for _ in 0..PROBES {
        let limits = Arc::new(Limits { fuel: PROBE_FUEL, ..Limits::default() });
        let state = HostState::new(crate::meter::Meter::default(), limits, clock.clone(), Signals::new());
        let mut store = state::store(engine, state).map_err(|error| format!("{error:#}"))?;
        let began = clock.moment();
        runtime.block_on(pre.instantiate_async(&mut store)).map_err(|error| {
            let outcome = crate::outcome::of_error(&error, store.data());
            format!("The component cannot be instantiated ({outcome}): {error:#}.")
        })?;
        best = best.min(clock.moment().since(began));
    }
    if best > PROBE_TIME {
        return Err(format!(
            "Instantiating the component takes {} ms, which every call would pay; the limit is {} ms.",
            best.as_millis(),
            PROBE_TIME.as_millis()
        ));
    }
    Ok(u64::try_from(best.as_micros()).unwrap_or(u64::MAX))
}

fn fits_a_slot(code: &wasmtime::component::Component) -> Result<(), String> {
    let Some(needed) = code.resources_required() else {
        return Err("The component imports modules or components, which is not offered here.".into());
    };
    let memory = needed.max_initial_memory_size.unwrap_or(0);
    let within = needed.num_memories <= engine::MEMORIES_MAX
        && needed.num_tables <= engine::TABLES_MAX
        && memory <= ByteCount::of(SLOT_MEMORY).get()
        && needed.max_initial_table_size.unwrap_or(0) <= engine::TABLE_ELEMENTS_MAX as u64;
    if within {
        return Ok(());
    }
    Err(format!(
        "The component asks for {} memories (the largest of {memory} bytes) and {} tables at its start. \
         The limits are {} memories of {SLOT_MEMORY} bytes and {} tables of {} elements.",
        needed.num_memories,
        needed.num_tables,
        engine::MEMORIES_MAX,
        engine::TABLES_MAX,
        engine::TABLE_ELEMENTS_MAX
    ))
}

fn limit_self() -> std::io::Result<()> {
    use rustix::process::Resource;
    set_limit(Resource::As, COMPILE_ADDRESSES, PROBE_ADDRESSES)?;
    set_limit(Resource::Data, DATA_MAX, DATA_MAX)?;
    set_limit(Resource::Cpu, CPU_SECONDS, CPU_SECONDS)?;
    set_limit(Resource::Nofile, 16, 16)?;
    set_limit(Resource::Core, 0, 0)?;
    rustix::process::setpriority_process(None, 19)?;
    close_the_file_system();
    Ok(())
}

fn set_limit(resource: rustix::process::Resource, current: u64, maximum: u64) -> std::io::Result<()> {
    let limit = rustix::process::Rlimit { current: Some(current), maximum: Some(maximum) };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

/// Nothing more is opened and nothing is connected to from here on, where the kernel has Landlock. Where it has not,
/// the empty environment, the limits and the parent's clock remain.
fn close_the_file_system() {
    use landlock::{ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
    let closed = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    drop(closed);
}
