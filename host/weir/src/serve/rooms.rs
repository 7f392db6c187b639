//! The rooms of a host: opened in the order in which they need each other, closed in reverse.

use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::Context as _;
use catalog::{Catalog, Vault};
use delivery::Delivery;
use egress::Egress;
use gateway::{Gateway, Network};
use ledger::Ledger;
use sandbox::Sandbox;
use tokio_util::sync::CancellationToken;
use traces::Traces;
use types::{ByteCount, Clock};
use workflows::Workflows;

use super::approvals::WithApprovals;
use super::metrics::Metrics;
use super::post;
use super::relay::ToLedger;
use super::secrets::OfCatalog;
use crate::config::HostToml;
use crate::folder::Folder;

/// The rooms that hold state. Each is a cheap handle.
pub(super) struct Rooms {
    pub(super) catalog: Catalog,
    pub(super) ledger: Ledger,
    traces: Traces,
    sandbox: Sandbox,
    vault: Vault,
    pub(super) egress: Egress,
    aws: Option<aws::Aws>,
    pub(super) delivery: Delivery,
    /// The way out of webhooks.
    pub(super) reports: Egress,
    /// What links begin with.
    public_url: String,
}

/// The largest value of `control.component_mib`.
const COMPONENT_MIB_MAX: u64 = 32;

impl Rooms {
    /// Opens them all, and makes what is missing.
    pub(super) async fn open(
        (folder, config): (&Folder, &HostToml),
        clock: &Clock,
        (services, password, public_url): (Option<aws::Settings>, Option<&str>, String),
    ) -> anyhow::Result<Self> {
        let host_key = folder.read_or_make_host_key()?;
        let cannot = |path: std::path::PathBuf| format!("could not open {}", path.display());
        let ledger = Ledger::open(&folder.usage_db(), clock.clone(), config.ledger.settings())
            .with_context(|| cannot(folder.usage_db()))?;
        let budget = ByteCount::mib(config.traces.budget_mib);
        let traces =
            Traces::open(&folder.traces_db(), clock.clone(), budget).with_context(|| cannot(folder.traces_db()))?;
        let relay = Arc::new(ToLedger(ledger.clone()));
        let settings = catalog::Settings::default();
        let catalog = Catalog::open(&folder.catalog_db(), settings, clock.clone(), relay)
            .await
            .with_context(|| cannot(folder.catalog_db()))?;
        let vault = Vault::new(&host_key);
        let secrets = Arc::new(OfCatalog { catalog: catalog.clone(), vault: vault.clone() });
        let settings = config.egress.settings(folder.path(), host_key.clone())?;
        let egress = Egress::open(&settings, secrets, clock.clone()).context("could not open the way out")?;
        let keys = (host_key.clone(), vault.clone());
        let (delivery, reports) = post::open((folder, config), clock, keys, (password, public_url.clone()))?;
        let settings = sandbox::Settings {
            cache: folder.cache(),
            components: folder.components(),
            host_key,
            worker_threads: config.sandbox.threads(),
            pool_slots: slots(config),
            loaded_max: sandbox::Settings::LOADED_MAX,
            egress: Some(egress.clone()),
            child: None,
        };
        let sandbox = Sandbox::start(settings, clock.clone())
            .context("could not start the sandbox; fewer sandbox.pool_slots take fewer addresses")?;
        let aws = services.map(|settings| aws::Aws::new(settings, egress.clone(), clock.clone()));
        Ok(Self { catalog, ledger, traces, sandbox, vault, egress, aws, delivery, reports, public_url })
    }

    /// The data plane over them.
    pub(super) fn gateway(&self, folder: &Folder, config: &HostToml, clock: &Clock) -> anyhow::Result<Gateway> {
        let mut settings = gateway::Settings::for_cores(config.runtime.threads());
        settings.trusted_proxies = config
            .gateway
            .trusted_proxies
            .iter()
            .map(|text| text.parse::<Network>().with_context(|| format!("gateway.trusted_proxies: {text:?}")))
            .collect::<anyhow::Result<_>>()?;
        let mut source = "the built-in envelope".to_owned();
        if let Some(envelope) = &config.gateway.envelope {
            let path = folder.path().join(envelope);
            settings.envelope = std::fs::read_to_string(&path)
                .with_context(|| format!("could not read gateway.envelope, {}", path.display()))?;
            source = format!("the envelope {}", path.display());
        }
        let house = gateway::House {
            catalog: self.catalog.clone(),
            ledger: self.ledger.clone(),
            sandbox: self.sandbox.clone(),
            traces: self.traces.clone(),
            aws: self.aws.clone(),
            clock: clock.clone(),
        };
        Gateway::new(house, settings).with_context(|| format!("the gateway does not start with {source}"))
    }

    /// The control plane over them.
    pub(super) fn control(
        &self,
        folder: &Folder,
        config: &HostToml,
        (clock, workflows): (&Clock, &Workflows),
        draining: CancellationToken,
    ) -> control::Router {
        let house = control::House {
            catalog: self.catalog.clone(),
            ledger: self.ledger.clone(),
            sandbox: self.sandbox.clone(),
            traces: self.traces.clone(),
            workflows: workflows.clone(),
            delivery: self.delivery.clone(),
            vault: self.vault.clone(),
            clock: clock.clone(),
            draining,
        };
        let mut settings = control::Settings::new(folder.uploads());
        settings.public_url.clone_from(&self.public_url);
        settings.sign_up_by_mail = config.control.sign_up_by_mail;
        settings.component_max = ByteCount::mib(config.control.component_mib.clamp(1, COMPONENT_MIB_MAX));
        control::router(house, settings)
    }

    /// What they count.
    pub(super) fn metrics(&self, gateway: &Gateway, workflows: &Workflows, config: &HostToml) -> Metrics {
        Metrics {
            catalog: self.catalog.clone(),
            gateway: gateway.clone(),
            ledger: self.ledger.clone(),
            sandbox: self.sandbox.clone(),
            workflows: workflows.clone(),
            delivery: self.delivery.clone(),
            slots: slots(config),
        }
    }

    /// Writes what is left and closes the files.
    pub(super) async fn close(&self) {
        self.delivery.close().await;
        self.reports.close().await;
        self.egress.close().await;
        self.catalog.close().await;
        self.traces.close().await;
        self.ledger.close().await;
    }
}

/// The executions, which have their tasks done by the gateway, and ask people through the room of deliveries.
pub(super) fn workflows(
    (folder, config): (&Folder, &HostToml),
    (gateway, delivery): (&Gateway, &Delivery),
    clock: &Clock,
) -> anyhow::Result<Workflows> {
    let path = folder.workflows_db();
    let work = Arc::new(WithApprovals { others: gateway.jobs(), delivery: delivery.clone() });
    let settings =
        workflows::Settings { objects: config.objects.limits(), ..config.executions.settings(folder.path()) };
    Workflows::open(&path, settings, clock.clone(), work).with_context(|| format!("could not open {}", path.display()))
}

fn slots(config: &HostToml) -> u32 {
    config.sandbox.pool_slots.map_or(sandbox::Settings::POOL_SLOTS, NonZeroU32::get)
}
