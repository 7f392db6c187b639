//! What one instantiation costs, which every call would pay.

use std::sync::Arc;
use std::time::Duration;

use types::{ByteCount, Clock, Fuel};

use crate::compile::Report;
use crate::engine::{self, Role, SLOT_MEMORY};
use crate::settings::Limits;
use crate::state::{self, HostState};
use crate::threads::Signals;

/// The most work of start functions and of segments at computed offsets.
const FUEL_MAX: Fuel = Fuel::saturating(100_000_000);
/// The longest instantiation.
const TIME_MAX: Duration = Duration::from_millis(20);
/// The best of a few tries counts: the machine may be busy.
const TRIES: usize = 3;

/// Instantiates the component, and answers what that took: the one defence against components that are costly to
/// instantiate.
pub(super) fn probe(artefact: &[u8]) -> Result<Report, String> {
    let engine = engine::engine(Role::Compile).map_err(|error| format!("The engine did not start: {error:#}."))?;
    let code = crate::artefact::load_bytes(&engine, artefact).map_err(|error| format!("{error:#}"))?;
    fits_a_slot(&code)?;
    let pre = crate::wasi::linker(&engine)
        .and_then(|linker| linker.instantiate_pre(&code))
        .map_err(|error| format!("The component asks for something that this host does not have: {error:#}."))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
    let clock = Clock::system();
    let mut best = Duration::MAX;
    let mut spent = Fuel::ZERO;
    for _ in 0..TRIES {
        // Of memory, all that any release may have.
        let limits = Arc::new(Limits { fuel: FUEL_MAX, memory: ByteCount::of(SLOT_MEMORY), ..Limits::default() });
        let state = HostState::new(crate::meter::Meter::default(), limits, clock.clone(), Signals::new());
        let mut store = state::store(&engine, state).map_err(|error| format!("{error:#}"))?;
        let began = clock.moment();
        runtime.block_on(pre.instantiate_async(&mut store)).map_err(|error| {
            let outcome = crate::outcome::of_error(&error, store.data());
            format!("The component cannot be instantiated ({outcome}): {error:#}.")
        })?;
        best = best.min(clock.moment().since(began));
        let left = store.get_fuel().map_err(|error| format!("{error:#}"))?;
        spent = Fuel::saturating(FUEL_MAX.get().saturating_sub(left));
    }
    if best > TIME_MAX {
        return Err(format!(
            "Instantiating the component takes {} ms, which every call would pay; the limit is {} ms.",
            best.as_millis(),
            TIME_MAX.as_millis()
        ));
    }
    let instantiate_us = u64::try_from(best.as_micros()).unwrap_or(u64::MAX);
    Ok(Report::Probed { instantiate_us, start_fuel: spent.get() })
}

fn fits_a_slot(code: &wasmtime::component::Component) -> Result<(), String> {
    let Some(needed) = code.resources_required() else {
        return Err("The component imports modules or components, which is not offered here.".into());
    };
    // In pages of 64 KiB.
    let memory = needed.max_initial_memory_size.unwrap_or(0).saturating_mul(64 * 1_024);
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
