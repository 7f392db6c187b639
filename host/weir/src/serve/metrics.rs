//! What the host counts, in Prometheus' text format or for whoever else writes it down.
//!
//! The rooms count; here it is only written down, when somebody asks. No label carries a consumer, and each has a
//! bounded set of values. Our own text instead of a library's registry: the libraries' histograms take a lock for each
//! observation, and what is here is names and numbers (docs/adr/0021).

mod machines;
mod page;
mod text;

use catalog::Catalog;
use delivery::Delivery;
use gateway::Gateway;
use ledger::Ledger;
use sandbox::Sandbox;
use store::Stats;
use workflows::Workflows;

pub(super) use self::page::{Labels, Page};
use self::text::Text;

/// The rooms that count.
#[derive(Clone)]
pub(super) struct Metrics {
    pub(super) catalog: Catalog,
    pub(super) gateway: Gateway,
    pub(super) ledger: Ledger,
    pub(super) sandbox: Sandbox,
    pub(super) workflows: Workflows,
    pub(super) delivery: Delivery,
    /// Slots of the pool of instances.
    pub(super) slots: u32,
}

impl Metrics {
    /// Everything, as of now.
    pub(super) async fn text(&self) -> String {
        let mut text = Text::default();
        self.tell(&mut text).await;
        text.finish()
    }

    /// Writes everything down, as of now.
    pub(super) async fn tell(&self, text: &mut impl Page) {
        text.gauge("weir_build_info", "The program that runs.", [(vec![("version", env!("CARGO_PKG_VERSION"))], 1)]);
        self.requests(text);
        self.calls(text);
        self.machinery(text);
        self.executions(text).await;
        self.deliveries(text).await;
    }

    fn requests(&self, text: &mut impl Page) {
        let requests = self.gateway.requests();
        let rows: Vec<_> = requests.iter().map(|kind| (kind.method, kind.status.to_string(), kind.durations)).collect();
        text.histogram(
            "http_server_request_duration_seconds",
            "Requests at the gateway, from their first byte until their response could begin.",
            rows.iter().map(|(method, status, durations)| {
                (vec![("http_request_method", *method), ("http_response_status_code", status)], *durations)
            }),
        );
        let load = self.gateway.load();
        text.gauge(
            "http_server_active_requests",
            "Requests of APIs that are being answered.",
            [(vec![], wide(load.in_flight))],
        );
        text.gauge("weir_connections", "Connections at the gateway.", [(vec![], wide(load.connections))]);
        text.counter(
            "weir_admission_denied_total",
            "Requests that were not admitted, by the code that their clients were given.",
            self.gateway.denials().iter().map(|(code, count)| (vec![("reason", code.as_str())], *count)),
        );
    }

    fn calls(&self, text: &mut impl Page) {
        let settled = self.ledger.settled();
        let catalog = self.catalog.snapshot();
        let slug = |api: Option<types::ApiId>| {
            api.and_then(|api| catalog.api_by_id(api)).map_or_else(|| "_other".to_owned(), |api| api.slug.to_string())
        };
        let units: Vec<_> = settled.units.iter().map(|total| (slug(total.api), total)).collect();
        text.counter(
            "weir_usage_units_total",
            "Units that were recorded, those that count towards the bill and those that do not.",
            units.iter().flat_map(|(api, total)| {
                [("true", total.billed), ("false", total.unbilled)].map(|(billable, units)| {
                    (vec![("api", api.as_str()), ("object", total.object.as_str()), ("billable", billable)], units)
                })
            }),
        );
        text.histogram(
            "faas_invoke_duration_seconds",
            "The components' own time in recorded calls, by how these ended.",
            settled.outcomes.iter().map(|total| (vec![("outcome", total.outcome.as_str())], total.component)),
        );
        text.gauge(
            "weir_meter_unsettled",
            "Calls under way, from when their request begins to arrive, whose record is not written yet.",
            [(vec![], wide(self.gateway.load().calls))],
        );
        text.counter(
            "weir_metering_lost_total",
            "Calls that ran and could not be recorded: their clients were told so and nothing was billed. Must stay 0.",
            [(vec![], self.gateway.unrecorded())],
        );
    }

    fn machinery(&self, text: &mut impl Page) {
        let load = self.gateway.load();
        let free = self.sandbox.free_slots();
        let slots = usize::try_from(self.slots).unwrap_or(usize::MAX);
        text.gauge(
            "weir_wasm_pool_slots",
            "Slots of the pool of instances.",
            [("free", free), ("used", slots.saturating_sub(free))]
                .map(|(state, count)| (vec![("state", state)], wide(count))),
        );
        text.gauge("weir_guests", "Components that run.", [(vec![], u64::from(load.guests))]);
        text.gauge(
            "weir_guests_waiting",
            "Calls that wait for their component's turn.",
            [(vec![], wide(load.waiting))],
        );
        text.counter(
            "weir_guests_gave_way_total",
            "Calls whose component ran at the lowest priority, because its API had more than its part.",
            [(vec![], load.gave_way)],
        );
        let ledger = self.ledger.stats();
        text.histogram(
            "weir_meter_commit_seconds",
            "Transactions of usage.db, each with all calls that ended meanwhile.",
            [(vec![], ledger.store.commit_times)],
        );
        text.gauge(
            "weir_ledger_over_budget_bytes",
            "Bytes of usage.db above its size budget that may not go yet, or have not gone yet.",
            [(vec![], ledger.over_budget_bytes)],
        );
        let stats = [
            ("usage.db", ledger.store),
            ("workflows.db", self.workflows.stats()),
            ("delivery.db", self.delivery.stats()),
        ];
        stores(text, &stats);
    }
}

fn stores(text: &mut impl Page, stores: &[(&str, Stats)]) {
    let rows = |of: fn(&Stats) -> u64| stores.iter().map(move |(file, stats)| (vec![("file", *file)], of(stats)));
    text.counter("weir_store_operations_total", "Operations that were committed.", rows(|stats| stats.operations));
    text.counter("weir_store_failures_total", "Transactions that failed.", rows(|stats| stats.failures));
    text.gauge("weir_store_queued", "Operations that wait for the writer.", rows(|stats| wide(stats.queued)));
    text.gauge("weir_store_wal_bytes", "The write-ahead log.", rows(|stats| stats.wal_bytes));
    let unwritable = rows(|stats| u64::from(stats.poisoned));
    text.gauge("weir_store_unwritable", "1 while the file cannot be written.", unwritable);
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
