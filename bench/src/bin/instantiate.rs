//! Times what a component costs by itself in the sandbox: a fresh instance and one call, on one thread, with every limit
//! armed. Prints the median of several rounds, in CPU µs a call, as one line of JSON.
//!
//! `instantiate WEIR COMPONENT`: the binary that compiles uploads, and a component of the `http` world.
#![expect(clippy::print_stdout, reason = "the line of JSON is this program's answer")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use sandbox::{CallContext, Component, HttpRequest, Limits, Sandbox, Settings};
use types::{CallId, Clock, HostKey, Outcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const CALLS: u32 = 20_000;
/// Before anything is timed.
const WARM_UP: u32 = 2_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [weir, component] = arguments.as_slice() else { bail!("usage: instantiate WEIR COMPONENT") };
    let upload = std::fs::read(component).with_context(|| format!("could not read {component}"))?;
    let folder = tempfile::tempdir()?;
    let settings = Settings {
        cache: folder.path().join("cache"),
        components: folder.path().join("components"),
        host_key: HostKey::from_bytes([0; 32]),
        worker_threads: 1,
        pool_slots: 16,
        loaded_max: 1,
        egress: None,
        child: Some(PathBuf::from(weir)),
    };
    let sandbox = Sandbox::start(settings, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rounds = runtime.block_on(measure(&sandbox, upload.into()))?;
    rounds.sort_by(f64::total_cmp);
    println!("{}", serde_json::json!({ "cpu_us_per_call": rounds[ROUNDS / 2] }));
    Ok(())
}

async fn measure(sandbox: &Sandbox, upload: Bytes) -> anyhow::Result<Vec<f64>> {
    let inspected = sandbox.admit_upload(upload).await?;
    let component = sandbox.load(&inspected.digest).await?;
    calls(sandbox, &component, WARM_UP).await?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = worked()?;
        calls(sandbox, &component, CALLS).await?;
        rounds.push(worked()?.saturating_sub(before).as_secs_f64() * 1_000_000.0 / f64::from(CALLS));
    }
    Ok(rounds)
}

async fn calls(sandbox: &Sandbox, component: &Arc<Component>, count: u32) -> anyhow::Result<()> {
    let limits = Arc::new(Limits::default());
    let body = Bytes::from(vec![b'x'; 64]);
    for _ in 0..count {
        let request = HttpRequest {
            method: http::Method::POST,
            path: "/".to_owned(),
            query: None,
            route: "/{*rest}".into(),
            path_params: Vec::new(),
            headers: http::HeaderMap::new(),
            body: body.clone(),
        };
        let context = CallContext {
            call: CallId::from_u128(1),
            invocation: None,
            attempt: 1,
            traceparent: None,
            api: "bench".into(),
            release: 1,
            caller: None,
            allowances: Vec::new(),
            outbound: None,
            depth: 0,
            config: Arc::new([]),
            priority: sandbox::Priority::Usual,
            step: None,
            halt: None,
        };
        let ran = sandbox.call_http(component, &context, request, &limits).await;
        ensure!(ran.outcome == Outcome::Ok, "{ran:?}");
    }
    Ok(())
}

/// What this thread has worked so far.
fn worked() -> anyhow::Result<Duration> {
    Ok(Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime))?)
}
