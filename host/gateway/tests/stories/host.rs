//! A house on a fresh folder, with its gateway on a port of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use catalog::{
    Actor, Catalog, Limits, NewApi, NewKey, NewPlan, NewRelease, NewRoute, NewRuns, Relay, RelayFailed, Runs,
};
use gateway::{Gateway, House, Settings};
use ledger::Ledger;
use sandbox::Sandbox;
use tests::Component;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use types::{
    ApiId, AppId, ByteCount, Clock, Currency, Fact, Fuel, HostKey, KeyKind, LimitKind, Money, ObjectName,
    OrganisationId, OutboxId, Per, Quota, Rate, SubscriptionId, Terms, Units,
};
use workflows::Workflows;

struct ToLedger(Ledger);

impl Relay for ToLedger {
    fn relay(
        &self,
        facts: Vec<(OutboxId, Fact)>,
    ) -> Pin<Box<dyn Future<Output = Result<(), RelayFailed>> + Send + '_>> {
        Box::pin(async move { self.0.relay("catalog", &facts).await.map_err(|error| RelayFailed(Box::new(error))) })
    }
}

/// The house.
pub(crate) struct Host {
    pub(crate) house: House,
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Gateway,
    pub(crate) workflows: Workflows,
    pub(crate) stop: CancellationToken,
    pub(crate) organisation: OrganisationId,
    folder: tempfile::TempDir,
}

/// What an API asks for, in tests.
pub(crate) struct Offer {
    pub(crate) limits: Limits,
    pub(crate) terms: Terms,
    /// Method and path of each route of the release.
    pub(crate) routes: Vec<(&'static str, &'static str)>,
    /// The path whose routes alone the plan includes. `None`: it includes all.
    pub(crate) included: Option<&'static str>,
}

impl Default for Offer {
    /// A short wall time, so that a test of a loop is short; and no limits of the plan.
    fn default() -> Self {
        let limits = Limits { wall: Duration::from_secs(5), ..Limits::default() };
        let routes = vec![("*", "/{*rest}"), ("GET", "/fixed/{id}")];
        Self { limits, terms: Terms::default(), routes, included: None }
    }
}

impl Offer {
    pub(crate) fn hard(amount: u64) -> Self {
        let quota = Quota {
            object: ObjectName::requests(),
            amount: Units::saturating(amount),
            per: Per::Day,
            limit: LimitKind::Hard,
            overage: None,
        };
        Self { terms: Terms { quotas: vec![quota], ..Terms::default() }, ..Self::default() }
    }

    /// `amount` requests a month, then more at 3,000 millionths of a dollar each.
    pub(crate) fn priced(amount: u64) -> Self {
        let quota = Quota {
            object: ObjectName::requests(),
            amount: Units::saturating(amount),
            per: Per::Month,
            limit: LimitKind::Soft,
            overage: Some(Money { micros: 3_000, currency: Currency::USD }),
        };
        Self { terms: Terms { quotas: vec![quota], ..Terms::default() }, ..Self::default() }
    }

    pub(crate) fn rate(rate: Rate) -> Self {
        Self { terms: Terms { rate: Some(rate), ..Terms::default() }, ..Self::default() }
    }

    pub(crate) fn fuel(mut self, fuel: u64) -> Self {
        self.limits.fuel = Fuel::saturating(fuel);
        self
    }
}

/// An API with one plan, and an app that is subscribed to it.
pub(crate) struct Shop {
    pub(crate) api: ApiId,
    pub(crate) app: AppId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) key: String,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::for_cores(2)).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::with_sandbox_clock(settings, Clock::system()).await
    }

    /// A house whose sandbox has a clock of its own.
    pub(crate) async fn with_sandbox_clock(settings: Settings, sandbox_clock: Clock) -> Self {
        Self::open_all((settings, workflows::Settings::default()), sandbox_clock).await
    }

    /// A house whose executions are bounded so.
    pub(crate) async fn with_executions(executions: workflows::Settings) -> Self {
        Self::open_all((Settings::for_cores(2), executions), Clock::system()).await
    }

    async fn open_all((settings, executions): (Settings, workflows::Settings), sandbox_clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, clock) = (folder.path(), Clock::system());
        let ledger = Ledger::open(&data.join("usage.db"), clock.clone(), ledger::Settings::default()).unwrap();
        let relay = Arc::new(ToLedger(ledger.clone()));
        let path = data.join("catalog.db");
        let catalog = Catalog::open(&path, catalog::Settings::default(), clock.clone(), relay).await.unwrap();
        let sandbox = Sandbox::start(
            sandbox::Settings {
                cache: data.join("cache"),
                components: data.join("components"),
                host_key: HostKey::generate(),
                worker_threads: 2,
                pool_slots: 32,
                loaded_max: 8,
                egress: None,
                child: Some(env!("CARGO_BIN_EXE_gateway-child").into()),
            },
            sandbox_clock,
        )
        .unwrap();
        let traces = traces::Traces::open(&data.join("traces.db"), clock.clone(), ByteCount::mib(8)).unwrap();
        let organisation = catalog.create_organisation(Actor::Host, "tests").await.unwrap();
        let house = House { catalog, ledger, sandbox, traces, aws: None, clock };
        let gateway = Gateway::new(house.clone(), settings).unwrap();
        let file = data.join("workflows.db");
        let workflows = Workflows::open(&file, executions, house.clock.clone(), gateway.jobs()).unwrap();
        gateway.keep_executions(workflows.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let (served, stopped) = (gateway.clone(), stop.clone());
        let tracker = tokio_util::task::TaskTracker::new();
        tracker.spawn(async move { served.serve(listener, None, stopped).await });
        Self { house, address, gateway, workflows, stop, organisation, folder }
    }

    /// Publishes `component` as `slug`, with a plan, an app and its subscription.
    pub(crate) async fn open(&self, slug: &str, component: &Component, offer: Offer) -> Shop {
        let catalog = &self.house.catalog;
        let inspected = self.house.sandbox.admit_upload(component.bytes().to_vec().into()).await.unwrap();
        let grants = inspected.imports.iter().filter_map(|import| types::Capability::of_import(import)).collect();
        let registered = catalog::Component {
            digest: inspected.digest,
            size: inspected.size,
            world: match inspected.world {
                sandbox::World::Http => catalog::World::Http,
                sandbox::World::Task => catalog::World::Task,
                sandbox::World::WasiHttp => catalog::World::WasiHttp,
            },
            imports: inspected.imports,
            withdrawn: None,
        };
        catalog.register_component(Actor::Host, registered).await.unwrap();
        let errors = BTreeMap::from([("unsupported-media".to_owned(), 415)]);
        self.sell(slug, (NewRuns::Component(inspected.digest), grants), errors, offer).await
    }

    /// Publishes a workflow as `slug`, likewise. `CardDeclined` of it is a 402.
    pub(crate) async fn open_workflow(&self, slug: &str, definition: &serde_json::Value, offer: Offer) -> Shop {
        self.open_machine(slug, definition, (None, offer)).await
    }

    /// The same with what its calls start.
    pub(crate) async fn open_machine(
        &self,
        slug: &str,
        definition: &serde_json::Value,
        (starts, offer): (Option<types::Starts>, Offer),
    ) -> Shop {
        let errors = BTreeMap::from([("CardDeclined".to_owned(), 402)]);
        let runs = NewRuns::Workflow { definition: definition.to_string().into(), starts };
        self.sell(slug, (runs, BTreeSet::new()), errors, offer).await
    }

    async fn sell(
        &self,
        slug: &str,
        (runs, grants): (NewRuns, BTreeSet<types::Capability>),
        errors: BTreeMap<String, u16>,
        offer: Offer,
    ) -> Shop {
        let (catalog, host) = (&self.house.catalog, Actor::Host);
        let api = NewApi {
            organisation: self.organisation,
            slug: slug.to_owned(),
            title: slug.to_owned(),
            hosts: vec![format!("{slug}.example")],
        };
        let api = catalog.create_api(host, api).await.unwrap();
        let route = |(method, template): (&str, &str)| NewRoute {
            method: method.to_owned(),
            template: template.to_owned(),
            needs: Vec::new(),
        };
        let release = NewRelease {
            api,
            runs,
            limits: offer.limits,
            routes: offer.routes.into_iter().map(route).collect(),
            objects: Vec::new(),
            grants,
            egress: types::Egress::default(),
            traced: types::Traced::default(),
            config: BTreeMap::new(),
            errors,
        };
        let number = catalog.create_release(host, release).await.unwrap();
        let routes = catalog.release(api, number).await.unwrap().unwrap().routes;
        let included =
            |path: &str| routes.iter().filter(|route| route.template == path).map(|route| route.id).collect();
        let routes = offer.included.map(included);
        let plan = NewPlan { api, name: "BASIC".to_owned(), price: None, terms: offer.terms, routes };
        let plan = catalog.create_plan(host, plan).await.unwrap();
        catalog.set_live(host, api, number).await.unwrap();
        let app = catalog.create_app(host, self.organisation, &format!("{slug} consumer")).await.unwrap();
        let key = NewKey { app, kind: KeyKind::Live, expires_at: None };
        let (_, secret) = catalog.create_key(host, key).await.unwrap();
        let subscription = catalog.subscribe(host, app, api, plan).await.unwrap();
        Shop { api, app, subscription, key: secret.reveal().to_owned() }
    }

    /// Makes a second release of the same component. It is not live.
    pub(crate) async fn next_release(&self, shop: &Shop) {
        let catalog = &self.house.catalog;
        let runs = match &catalog.releases(shop.api, 1).await.unwrap()[0].runs {
            Runs::Component { digest, .. } => NewRuns::Component(*digest),
            Runs::Workflow { .. } => panic!("the shop runs a workflow"),
        };
        let release = NewRelease {
            api: shop.api,
            runs,
            limits: Limits::default(),
            routes: vec![NewRoute { method: "*".to_owned(), template: "/{*rest}".to_owned(), needs: Vec::new() }],
            objects: Vec::new(),
            config: BTreeMap::new(),
            errors: BTreeMap::new(),
            grants: std::collections::BTreeSet::new(),
            egress: types::Egress::default(),
            traced: types::Traced::default(),
        };
        assert_eq!(catalog.create_release(Actor::Host, release).await.unwrap(), 2);
    }

    /// Sends a request with a key and reads its answer.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &str) -> Answer {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-length: {}\r\n", body.len());
        self.raw(&format!("{head}connection: close\r\n\r\n{body}")).await
    }

    /// The same with a body that says it is JSON.
    pub(crate) async fn post_json(&self, path: &str, key: &str, body: &str) -> Answer {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n");
        let length = body.len();
        self.raw(&format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}")).await
    }

    /// Sends bytes and reads whatever comes until the connection ends.
    pub(crate) async fn raw(&self, bytes: &str) -> Answer {
        let mut socket = self.connect().await;
        socket.write_all(bytes.as_bytes()).await.unwrap();
        Answer::read(socket).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The rows of calls that have ended: id, status, outcome, billed requests, error code, client gone.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let reader = store::open_read_only(&self.folder.path().join("usage.db")).unwrap();
        let text = "SELECT call_id, status, outcome, billed_units, error_code, client_gone, client_request_id, fuel, component_us FROM call WHERE outcome IS NOT NULL ORDER BY seq";
        let mut rows = reader.prepare(text).unwrap();
        let read = rows.query_map([], |row| {
            Ok(Row {
                call: row.get(0)?,
                status: row.get(1)?,
                outcome: row.get(2)?,
                billed: row.get(3)?,
                error_code: row.get(4)?,
                client_gone: row.get(5)?,
                client_request_id: row.get(6)?,
                fuel: row.get(7)?,
                component_us: row.get(8)?,
            })
        });
        read.unwrap().map(Result::unwrap).collect()
    }

    /// How many calls each release served, by its number.
    pub(crate) fn served_by(&self) -> Vec<(u32, u32)> {
        let reader = store::open_read_only(&self.folder.path().join("usage.db")).unwrap();
        let text = "SELECT r.number, count(*) FROM call c JOIN release r ON r.id = c.release GROUP BY 1 ORDER BY 1";
        let mut rows = reader.prepare(text).unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    /// How many requests each API refused for which reason, once what is gathered of them is on disk.
    pub(crate) async fn denials(&self) -> Vec<(Option<String>, String, u32)> {
        self.house.ledger.flush().await.unwrap();
        let reader = store::open_read_only(&self.folder.path().join("usage.db")).unwrap();
        let text = "SELECT api, reason, sum(calls) FROM denials GROUP BY api, reason ORDER BY api, reason";
        let mut rows = reader.prepare(text).unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect()
    }

    /// The only call row.
    pub(crate) fn row(&self) -> Row {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }
}

/// A call row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) call: String,
    pub(crate) status: u16,
    pub(crate) outcome: String,
    pub(crate) billed: i64,
    pub(crate) error_code: Option<String>,
    pub(crate) client_gone: bool,
    pub(crate) client_request_id: Option<String>,
    pub(crate) fuel: i64,
    pub(crate) component_us: i64,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(mut socket: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A reset after the answer, with a body left unread, is still an answer.
        drop(socket.read_to_end(&mut bytes).await);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.into(), value.into()));
        Self { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Status and code of a problem; the whole answer is checked for what every problem has.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["message"], problem["detail"]);
        assert_eq!(problem["instance"], format!("urn:weir:{}", self.header("x-request-id")), "{self:?}");
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }
}
