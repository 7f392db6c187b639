//! `weir serve`: opens the rooms, plugs one into the other, and watches over the loops until the host stops.

mod announce;
mod approvals;
mod certificates;
mod listen;
mod log;
mod machine;
mod metrics;
mod otlp;
mod post;
mod relay;
mod report;
mod rooms;
mod secrets;
mod settle;
mod sweep;
mod tell;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use gateway::Gateway;
use store::DataLock;
use tokio_util::sync::CancellationToken;
use types::Clock;
use workflows::Workflows;

use self::listen::Listeners;
use self::report::Report;
use self::rooms::Rooms;
use self::watch::Watch;
use crate::cli::Session;
use crate::config::{HostToml, Otel};
use crate::folder::Folder;

/// Runs the host until SIGTERM or SIGINT, or until a loop of it dies.
pub(crate) fn run(session: &Session) -> anyhow::Result<ExitCode> {
    let folder = &session.folder;
    folder.make()?;
    // First of all: nothing in the folder is touched beside a host that works on it.
    let lock = DataLock::acquire(folder.path()).context("stop that host, or name another folder with --data")?;
    HostToml::write_template(&folder.host_toml())?;
    let config = HostToml::read(&folder.host_toml())?;
    let otel = Otel::of(&session.environment.otel)?;
    let services = config.aws.settings(&session.environment.aws)?;
    log::start(&config.log, session.environment.log.as_deref())?;
    folder.remove_addresses()?;
    folder.make_rooms()?;
    machine::raise_file_limit();

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.runtime.threads())
        .thread_name("weir")
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let end = runtime.block_on(host(session, (&config, services), otel));
    // What still runs now has outlasted every drain.
    runtime.shutdown_background();
    drop(lock);
    end
}

async fn host(
    session: &Session,
    (config, services): (&HostToml, Option<aws::Settings>),
    otel: Option<Otel>,
) -> anyhow::Result<ExitCode> {
    let (folder, clock) = (&session.folder, Clock::system());
    let listeners = Listeners::bind(folder, config).await?;
    let password = session.environment.mail_password.as_deref();
    let addresses = listeners.addresses()?;
    let public_url = config.control.public_url.clone().unwrap_or_else(|| addresses.control.clone());
    let rooms = Rooms::open((folder, config), &clock, (services, password, public_url)).await?;
    let token = announce::ensure_operator_token(folder, &rooms.catalog).await?;
    let addresses = listeners.addresses()?;
    let own = [listeners.gateway.0.local_addr()?, listeners.control.0.local_addr()?];
    rooms.egress.listens(&own);
    rooms.reports.listens(&own);

    let (draining, closing) = (CancellationToken::new(), CancellationToken::new());
    let mut watch = Watch::new(draining.clone(), closing.clone())?;
    let gateway = rooms.gateway(folder, config, &clock)?;
    let workflows = rooms::workflows((folder, config), (&gateway, &rooms.delivery), &clock)?;
    gateway.keep_executions(workflows.clone());
    // Before anything is admitted: what an earlier run has used is in the books.
    settle::drain(&workflows, &rooms.ledger).await?;
    tell::drain(&rooms.delivery, &rooms.ledger).await?;
    start(&mut watch, (folder, config, otel), (&rooms, &clock), (gateway, workflows.clone()), listeners);
    folder.write_addresses(&addresses)?;
    announce::announce(session, &addresses, token.as_ref())?;

    let end = watch.until_the_end().await;
    workflows.close().await;
    rooms.close().await;
    folder.remove_addresses()?;
    tracing::info!("the host has stopped");
    Ok(end)
}

/// Starts every loop of the host.
fn start(
    watch: &mut Watch,
    (folder, config, otel): (&Folder, &HostToml, Option<Otel>),
    (rooms, clock): (&Rooms, &Clock),
    (gateway, workflows): (Gateway, Workflows),
    listeners: Listeners,
) {
    let metrics = rooms.metrics(&gateway, &workflows, config);
    if let Some(otel) = otel {
        tracing::info!(traces = otel.traces, metrics = otel.metrics, "exporting by OTLP");
        let (exporter, export) = otlp::open(otel, clock.clone());
        gateway.export_spans(Arc::new(exporter));
        watch.keep("otlp", export.run(metrics.clone(), watch.closing()));
    }
    let report = Report {
        workflows: workflows.clone(),
        delivery: rooms.delivery.clone(),
        gateway: gateway.clone(),
        catalog: rooms.catalog.clone(),
    };
    let ((data, tls), draining) = (listeners.gateway, watch.draining());
    watch.serve_until_drained("gateway", async move { gateway.serve(data, tls, draining).await });

    watch.keep("settle", settle::run(workflows.clone(), rooms.ledger.clone(), watch.closing()));
    watch.keep("report", report::run(report, watch.closing()));
    let answering = approvals::run(rooms.delivery.clone(), workflows.clone(), watch.closing());
    watch.keep("approvals", answering);
    watch.keep("tell", tell::run(rooms.delivery.clone(), rooms.ledger.clone(), watch.closing()));
    let router = rooms.control(folder, config, (clock, &workflows), watch.draining());
    let stopping = watch.draining();
    watch.keep("workflows", async move {
        // Executions go on where they are when the host starts again: no call waits for them.
        stopping.cancelled().await;
        workflows.stop();
        Ok(())
    });
    let router = control::exposing(router, move || {
        let metrics = metrics.clone();
        async move { metrics.text().await }
    });
    let ((desk, tls), closing) = (listeners.control, watch.closing());
    watch.keep("control", async move {
        control::serve(desk, tls, router, closing).await;
        Ok(())
    });
    watch.keep("certificates", certificates::run(listeners.certificates, watch.closing()));
    watch.keep("sweep", sweep::run(rooms.ledger.clone(), clock.clone(), watch.closing()));
}
