//! What the host keeps for one call while the guest runs: the data of its store.

mod limiter;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use egress::{Line, Used};
use types::{Clock, Moment};
use wasmtime::{CallHook, Store, StoreContextMut, Trap, UpdateDeadline};

use crate::logs::Logs;
use crate::meter::Meter;
use crate::settings::Limits;
use crate::threads::{Priority, Signals};
use crate::wasi::Wasi;

pub(crate) use limiter::Limiter;

/// Fuel for entering any host function, whatever it does: nothing a guest can do is free.
const HOST_CALL_FUEL: u64 = 500;
/// Ahead of the response's cap, what one host call may carry.
const HOST_CALL_MARGIN: usize = 1 << 20;
/// CPU time between ticks from which a guest counts as running long, and goes on at the lowest priority. CPU time,
/// because wall time would blame a guest for a busy machine; not fuel, which compiled code keeps in a register until
/// it leaves a function, so that a loop seems to have spent none.
pub(crate) const LONG_WORK: Duration = Duration::from_millis(1);

/// Why the host itself stopped a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the wall deadline passed")]
    Deadline,
    #[error("the response came too slowly")]
    TooSlow,
    #[error("the host is stopping")]
    Aborted,
}

/// The store's data.
pub(crate) struct HostState {
    pub(crate) limiter: Limiter,
    pub(crate) meter: Meter,
    pub(crate) logs: Logs,
    pub(crate) limits: Arc<Limits>,
    /// What `wasi:config` answers with.
    pub(crate) config: Arc<[(String, String)]>,
    /// The call's way out, when its release is granted one.
    pub(crate) line: Option<Line>,
    pub(crate) phase: Phase,
    /// Fuel that the host call under way costs for what it carries. Taken when it returns.
    owed: u64,
    /// What was left when the guest last came back from a host call.
    fuel_after_host: Option<u64>,
    clock: Clock,
    began: Moment,
    signals: Signals,
    last_tick: Option<ThreadTime>,
    /// CPU time between ticks that found it running.
    worked: Duration,
    /// Set when the first slice is used up: the call is moved to the slow threads at its next yield.
    pub(crate) slow: Arc<AtomicBool>,
    /// With what it begins.
    pub(crate) priority: Priority,
    /// Made when a WASI function is first called; most typed components never do.
    wasi: Option<Box<Wasi>>,
}

/// How far a call has come; tells an oversized answer from an oversized host call, and a trap from one at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Until [`HostState::instantiated`], whatever start functions call meanwhile.
    Instantiating,
    InGuest,
    InHost,
    Returned,
}

impl HostState {
    pub(crate) fn new(meter: Meter, limits: Arc<Limits>, clock: Clock, signals: Signals) -> Self {
        Self {
            limiter: Limiter::new(limits.memory.to_usize()),
            meter,
            logs: Logs::new(clock.clone()),
            config: Arc::default(),
            line: None,
            phase: Phase::Instantiating,
            owed: 0,
            fuel_after_host: None,
            began: clock.moment(),
            limits,
            clock,
            signals,
            last_tick: None,
            worked: Duration::ZERO,
            slow: Arc::new(AtomicBool::new(false)),
            priority: Priority::Usual,
            wasi: None,
        }
    }

    /// Charges the guest for so many bytes that one of our own host functions reads or gives: one unit each, as a bulk
    /// operation of its own would cost.
    pub(crate) fn owe(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The WASI part, made on first use.
    pub(crate) fn wasi(&mut self) -> &mut Wasi {
        let (limits, clock, line) = (&self.limits, &self.clock, &self.line);
        self.wasi.get_or_insert_with(|| Box::new(Wasi::new(limits, clock, line.clone())))
    }

    /// Says that the instance is whole: from here on its handler runs.
    pub(crate) fn instantiated(&mut self) {
        self.phase = Phase::InHost;
    }

    fn pass_to(&mut self, phase: Phase) {
        if self.phase != Phase::Instantiating {
            self.phase = phase;
        }
    }

    /// What standard output and standard error wrote; drained before the call is told of.
    pub(crate) fn collect_output(&mut self) {
        if let Some(wasi) = &mut self.wasi {
            wasi.drain_into(&mut self.logs);
        }
    }

    /// What went out, with what did not in the provider's log.
    pub(crate) fn went_out(&mut self) -> Used {
        let used = self.line.as_ref().map(Line::used).unwrap_or_default();
        for fault in &used.faults {
            self.logs.host_line(&format!("egress: {fault}"));
        }
        used
    }

    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.clock.moment().since(self.began)
    }

    /// At each tick that finds the guest running: stop it, move it to the slow threads, or let it go on.
    fn on_tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if self.elapsed() >= self.limits.wall {
            return Err(Stop::Deadline.into());
        }
        if self.signals.aborting() {
            return Err(Stop::Aborted.into());
        }
        let now = ThreadTime::now();
        if let Some(before) = self.last_tick.replace(now) {
            self.worked = self.worked.saturating_add(now.since(before));
        }
        if self.worked >= LONG_WORK {
            self.slow.store(true, Ordering::Relaxed);
        }
        if !self.slow.load(Ordering::Relaxed) {
            return Ok(UpdateDeadline::Continue(1));
        }
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    }
}

/// What one thread has worked so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThreadTime {
    thread: std::thread::ThreadId,
    worked: Duration,
}

impl ThreadTime {
    pub(crate) fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let worked = Duration::try_from(time).unwrap_or_default();
        Self { thread: std::thread::current().id(), worked }
    }

    /// What the guest worked since `before`; nothing if that was seen on another thread.
    pub(crate) fn since(self, before: Self) -> Duration {
        if self.thread == before.thread { self.worked.saturating_sub(before.worked) } else { Duration::ZERO }
    }
}

/// Makes the store of one call, with every limit armed.
pub(crate) fn store(engine: &wasmtime::Engine, state: HostState) -> wasmtime::Result<Store<HostState>> {
    let limits = Arc::clone(&state.limits);
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_fuel(limits.fuel.get())?;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| context.data_mut().on_tick());
    store.call_hook(charge);
    store.set_hostcall_fuel(limits.response_body.to_usize().saturating_add(HOST_CALL_MARGIN));
    store.set_max_component_handles(limits.handles);
    Ok(store)
}

fn charge(mut context: StoreContextMut<'_, HostState>, hook: CallHook) -> wasmtime::Result<()> {
    match hook {
        CallHook::ReturningFromWasm => {
            // Told of a failed host call as well. A guest that goes on after one spends fuel before it returns.
            let left = context.get_fuel()?;
            let state = context.data_mut();
            state.pass_to(if state.fuel_after_host == Some(left) { Phase::InHost } else { Phase::Returned });
        }
        CallHook::CallingWasm => context.data_mut().pass_to(Phase::InGuest),
        CallHook::ReturningFromHost => {
            let mut left = context.get_fuel()?;
            let owed = std::mem::take(&mut context.data_mut().owed);
            if owed > 0 {
                let paid = left.checked_sub(owed);
                left = paid.unwrap_or(0);
                context.set_fuel(left)?;
                paid.ok_or(Trap::OutOfFuel)?;
            }
            let state = context.data_mut();
            state.pass_to(Phase::InGuest);
            state.fuel_after_host = Some(left);
        }
        CallHook::CallingHost => {
            context.data_mut().pass_to(Phase::InHost);
            let left = context.get_fuel()?.checked_sub(HOST_CALL_FUEL).ok_or(Trap::OutOfFuel)?;
            context.set_fuel(left)?;
        }
    }
    Ok(())
}
