//! The standard interfaces as a guest gets them: no files, no sockets, no environment, no way out but one.

mod output;

use std::time::Duration;

use egress::Line;
use types::{Clock, Moment};
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::logs::{LogStream, Logs};
use crate::outbound::WayOut;
use crate::settings::Limits;
use crate::state::HostState;
use crate::world::http::weir::plugin::meter;
use crate::{config, logging};

use output::Output;

/// Random bytes for one request of the guest.
const RANDOM_MAX: u64 = 64 * 1024;

/// The WASI part of a store.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    http: WasiHttpCtx,
    /// Above the table, so that it is dropped before the bodies in there.
    hooks: WayOut,
    table: ResourceTable,
    stdout: Output,
    stderr: Output,
}

impl Wasi {
    pub(crate) fn new(limits: &Limits, clock: &Clock, line: Option<Line>) -> Self {
        let (stdout, stderr) = (Output::default(), Output::default());
        let mut builder = WasiCtx::builder();
        builder
            .max_random_size(RANDOM_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .wall_clock(Coarse(clock.clone()))
            .monotonic_clock(Coarse(clock.clone()))
            .stdout(stdout.clone())
            .stderr(stderr.clone());
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.response_headers.to_usize());
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self { ctx: builder.build(), http, hooks: WayOut(line), table, stdout, stderr }
    }

    pub(crate) fn drain_into(&mut self, logs: &mut Logs) {
        for (stream, output) in [(LogStream::Stdout, &self.stdout), (LogStream::Stderr, &self.stderr)] {
            let (bytes, cut) = output.take();
            logs.write(stream, &bytes);
            if cut > 0 {
                logs.host_line(&format!("{}: {cut} bytes more were not kept", stream.as_str()));
            }
        }
    }
}

/// Makes the linker that every component is linked by. What a component may import was settled at its upload, and what
/// it is granted of that, when its release was made.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    meter::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |state: &mut HostState| state)?;
    config::add_to_linker(&mut linker)?;
    logging::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// How finely a guest can tell time: too coarsely to measure its neighbours by.
const CLOCK_STEP: Duration = Duration::from_millis(1);

/// The host's clocks, in steps.
struct Coarse(Clock);

impl HostWallClock for Coarse {
    fn resolution(&self) -> Duration {
        CLOCK_STEP
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().as_millis())
    }
}

impl HostMonotonicClock for Coarse {
    fn resolution(&self) -> u64 {
        nanoseconds(CLOCK_STEP)
    }

    fn now(&self) -> u64 {
        let step = nanoseconds(CLOCK_STEP);
        nanoseconds(self.0.moment().since(Moment::default())) / step * step
    }
}

fn nanoseconds(passed: Duration) -> u64 {
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

impl WasiHttpView for HostState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView { ctx: &mut wasi.http, table: &mut wasi.table, hooks: &mut wasi.hooks }
    }
}
