//! A control plane on a fresh folder, and short ways to ask it things.

use std::pin::Pin;
use std::sync::Arc;
use workflows::Workflows;

use axum::body::Body;
use catalog::{Actor, Catalog, Component, NewToken, Relay, RelayFailed, Role, Scope, Scopes, World};
use control::{House, Router, Settings};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use ledger::Ledger;
use sandbox::Sandbox;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use traces::Traces;
use types::{ByteCount, Clock, Digest, Fact, HostKey, OrganisationId, OutboxId};

struct ToLedger(Ledger);

impl Relay for ToLedger {
    fn relay(
        &self,
        facts: Vec<(OutboxId, Fact)>,
    ) -> Pin<Box<dyn Future<Output = Result<(), RelayFailed>> + Send + '_>> {
        Box::pin(async move { self.0.relay("catalog", &facts).await.map_err(|error| RelayFailed(Box::new(error))) })
    }
}

/// No execution of these tests asks for work.
struct NoWork;

impl workflows::Work for NoWork {
    fn perform(&self, job: workflows::Job) -> workflows::Performing {
        let failed = express::TaskFailed { error: "NoWork".into(), cause: job.task.resource.to_string() };
        Box::pin(async move { workflows::Performed { answer: Err(failed), job: None, usage: None } })
    }

    fn ask(&self, _job: workflows::Submitted) -> workflows::Asking {
        Box::pin(async { workflows::Standing::Runs })
    }

    fn stop(&self, _job: workflows::Submitted) -> workflows::Stopping {
        Box::pin(async { Ok(()) })
    }

    fn cut_off(&self, _attempt: &workflows::CutOff) -> Option<String> {
        None
    }
}

/// A control plane, and an operator's token for it.
pub(crate) struct Desk {
    router: Router,
    pub(crate) catalog: Catalog,
    pub(crate) workflows: Workflows,
    pub(crate) delivery: delivery::Delivery,
    pub(crate) operator: String,
    pub(crate) draining: CancellationToken,
    pub(crate) folder: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Checks that this is a whole problem document with this status and code.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.json);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["status"], status);
        assert_eq!(self.json["message"], self.json["detail"]);
        let id = self.headers["x-request-id"].to_str().unwrap();
        assert_eq!(self.json["instance"], format!("urn:weir:{id}"));
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self.json
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (path, clock) = (folder.path(), Clock::system());
        std::fs::create_dir(path.join("uploads")).unwrap();
        std::fs::create_dir(path.join("components")).unwrap();
        let ledger = Ledger::open(&path.join("usage.db"), clock.clone(), ledger::Settings::default()).unwrap();
        let traces = Traces::open(&path.join("traces.db"), clock.clone(), ByteCount::mib(1)).unwrap();
        let relay = Arc::new(ToLedger(ledger.clone()));
        let settings = catalog::Settings::default();
        let catalog = Catalog::open(&path.join("catalog.db"), settings, clock.clone(), relay).await.unwrap();
        let settings = sandbox::Settings {
            cache: path.join("cache"),
            components: path.join("components"),
            host_key: HostKey::generate(),
            worker_threads: 1,
            pool_slots: 2,
            loaded_max: 4,
            egress: None,
            // No upload of these tests gets as far as the compiler.
            child: Some("/bin/false".into()),
        };
        let sandbox = Sandbox::start(settings, clock.clone()).unwrap();
        let (_, operator) = catalog.create_token(Actor::Host, NewToken::full(Role::Operator)).await.unwrap();
        let draining = CancellationToken::new();
        let work = Arc::new(NoWork);
        let settings = workflows::Settings::default();
        let workflows = Workflows::open(&path.join("workflows.db"), settings, clock.clone(), work).unwrap();
        let vault = catalog::Vault::new(&HostKey::generate());
        let delivery = crate::post::open(path, &vault, &clock);
        let house = House {
            catalog: catalog.clone(),
            ledger,
            sandbox,
            traces,
            workflows: workflows.clone(),
            delivery: delivery.clone(),
            vault,
            clock,
            draining: draining.clone(),
        };
        let router = control::router(house, Settings::new(path.join("uploads")));
        Self { router, catalog, workflows, delivery, operator: operator.reveal().to_owned(), draining, folder }
    }

    /// The acts of the audit chain: action, before, after.
    pub(crate) fn acts(&self) -> Vec<(String, Value, Value)> {
        let reader = store::open_read_only(&self.folder.path().join("usage.db")).unwrap();
        let mut rows = reader.prepare("SELECT action, before_json, after_json FROM act ORDER BY seq").unwrap();
        let json = |text: Option<String>| text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        let read = rows.query_map([], |row| Ok((row.get(0)?, json(row.get(1)?), json(row.get(2)?))));
        read.unwrap().map(Result::unwrap).collect()
    }

    pub(crate) async fn raw(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.raw(request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: head.status, headers: head.headers, json }
    }

    /// Asks with a token; an empty one is left out. `Null` sends no body.
    pub(crate) async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if method != "GET" {
            request = request.header("if-match", "*");
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Makes an organisation and a provider's token for it.
    pub(crate) async fn provider(&self, name: &str) -> (OrganisationId, String) {
        let organisation = self.catalog.create_organisation(Actor::Host, name).await.unwrap();
        let (_, token) =
            self.catalog.create_token(Actor::Host, NewToken::full(Role::Provider(organisation))).await.unwrap();
        (organisation, token.reveal().to_owned())
    }

    /// A token that may do one thing.
    pub(crate) async fn scoped(&self, role: Role, scope: Scope) -> String {
        let new = NewToken { role, scopes: Scopes::from_iter([scope]), expires_at: None };
        self.catalog.create_token(Actor::Host, new).await.unwrap().1.reveal().to_owned()
    }

    /// Asks with further headers.
    pub(crate) async fn ask_with(
        &self,
        (token, method, path): (&str, &str, &str),
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A component that the catalog knows, as if it had been uploaded.
    pub(crate) async fn component(&self) -> Digest {
        let digest = Digest::of(b"a component");
        let component =
            Component { digest, size: ByteCount::kib(1), world: World::Http, imports: Vec::new(), withdrawn: None };
        self.catalog.register_component(Actor::Host, component).await.unwrap();
        digest
    }
}
