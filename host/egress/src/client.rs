//! The room itself, and a request's way through it.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use types::{ByteCount, Clock, EgressRule, SecretName};

use crate::address::AddressRules;
use crate::body::{Held, InBody, OutBody, Outgoing};
use crate::connect;
use crate::fault::{BodyFault, Denied, SendError};
use crate::headers;
use crate::http_task::Tokens;
use crate::line::{self, Grant, Line, Timeouts};
use crate::machine::Machine;
use crate::places::Places;
use crate::policy;
use crate::pool::{Key, Pool};
use crate::resolve::Resolver;
use crate::secret::{self, Placeholders, Secrets};
use crate::settings::{Limits, PolicyError, Settings};
use crate::target::Target;
use crate::wire::Wire;

/// How often idle connections are looked through.
const SWEEP: Duration = Duration::from_secs(10);

/// The one way out of a host. Cheap to clone.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    allow: Vec<EgressRule>,
    addresses: AddressRules,
    resolver: Resolver,
    tls: TlsConnector,
    pool: Arc<Pool>,
    places: Arc<Places>,
    secrets: Arc<dyn Secrets>,
    placeholders: Placeholders,
    tokens: Tokens,
    /// Where connections live: guests come and go on runtimes of their own.
    runtime: Handle,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// A request that may go out, and where.
struct Cleared {
    target: Target,
    method: Method,
    headers: HeaderMap,
    body: OutBody,
}

impl Egress {
    /// Opens the room on the tokio runtime that it is called on.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] names what the operator has to mend.
    pub fn open(settings: &Settings, secrets: Arc<dyn Secrets>, clock: Clock) -> Result<Self, PolicyError> {
        let machine = Machine::new(clock.clone()).map_err(PolicyError::Interfaces)?;
        let inner = Inner {
            allow: settings.allow.clone(),
            addresses: AddressRules::new(settings, machine)?,
            resolver: Resolver::new(settings.nameservers.clone()),
            tls: connect::tls(settings.extra_roots.as_deref())?,
            pool: Arc::new(Pool::new(clock.clone())),
            tokens: Tokens::new(clock),
            places: Places::new(settings.requests, settings.requests_of_an_api),
            secrets,
            placeholders: Placeholders::new(&settings.host_key),
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        };
        inner.tasks.spawn(sweep(Arc::clone(&inner.pool), inner.closing.clone()));
        Ok(Self(Arc::new(inner)))
    }

    /// Notes where this host listens: no request goes there.
    pub fn listens(&self, sockets: &[SocketAddr]) {
        self.0.addresses.machine().listens(sockets);
    }

    /// What is held in place of a secret by what it is granted to. `holder`: the id of that, as a number.
    pub fn placeholder(&self, holder: u128, name: &SecretName) -> String {
        self.0.placeholders.of(holder, name)
    }

    /// Whether the operator's list lets a request go to `target`, as far as that can be said before its name is
    /// resolved.
    ///
    /// # Errors
    ///
    /// [`Denied`] says which rule it is that does not.
    pub fn allows(&self, method: &Method, target: &Target) -> Result<(), Denied> {
        policy::check(method, target, &self.0.allow, &self.0.allow)
    }

    /// A way out for one call. `depth`: how often what led to it has come through this host.
    pub fn line(&self, grant: Arc<Grant>, limits: Limits, depth: u8) -> Line {
        Line::new(self.clone(), grant, limits, depth)
    }

    /// Ends every connection.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.pool.clear();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    pub(crate) fn secrets(&self) -> &Arc<dyn Secrets> {
        &self.0.secrets
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) async fn send(
        &self,
        line: Arc<line::Inner>,
        request: Request<OutBody>,
        timeouts: Timeouts,
    ) -> Result<Response<InBody>, SendError> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let sent = self.try_send(&line, request, timeouts).await;
        if let Err(error) = &sent {
            line.tally.note(told(&method, &uri, error));
        }
        sent
    }

    async fn try_send(
        &self,
        line: &line::Inner,
        request: Request<OutBody>,
        timeouts: Timeouts,
    ) -> Result<Response<InBody>, SendError> {
        if !line.tally.begin(line.limits.requests) {
            return Err(SendError::TooMany("a call's requests"));
        }
        let cleared = self.clear(line, request)?;
        let of_the_call = Arc::clone(&line.at_once).try_acquire_owned();
        let of_the_call = of_the_call.map_err(|_| SendError::TooMany("a call's requests at once"))?;
        let place = self.0.places.take(&line.grant.api).map_err(SendError::TooMany)?;
        let limits = &line.limits;
        let within = shorter(limits.connect, timeouts.connect);
        let target = cleared.target.clone();
        let (mut key, reused, mut wire) = self.connection(&line.grant.api, &target, within, Reuse::Yes).await?;
        wire.hold(Some(place));
        line.tally.add_sent();
        let within_head = shorter(limits.first_byte, timeouts.first_byte);
        let request = outgoing(cleared, line)?;
        let mut answer = tokio::time::timeout(within_head, wire.sender.try_send_request(request)).await;
        if let Ok(Err(failed)) = &mut answer
            && reused
            && let Some(unsent) = failed.take_message()
        {
            // The other side closed a connection that waited: nothing of the request has left.
            let place = wire.let_go();
            (key, _, wire) = self.connection(&line.grant.api, &target, within, Reuse::No).await?;
            wire.hold(place);
            answer = tokio::time::timeout(within_head, wire.sender.try_send_request(unsent)).await;
        }
        let response = answer.map_err(|_| SendError::ResponseTimeout)?;
        let response = response.map_err(|failed| of_hyper(failed.into_error()))?;
        let held = Held { egress: self.clone(), key, wire, _of_the_call: of_the_call };
        incoming(response, held, line, shorter(limits.between_bytes, timeouts.between_bytes))
    }

    /// Keeps a connection whose response was read to its end for the next request, once the whole of this one has left
    /// it. One that is still writing shortly after is ended.
    pub(crate) fn keep(&self, key: Key, mut wire: Wire) {
        let pool = Arc::clone(&self.0.pool);
        if wire.sender.is_ready() {
            pool.put(key, wire);
            return;
        }
        let settle = async move {
            if wire.settles().await {
                pool.put(key, wire);
            }
        };
        self.0.tasks.spawn_on(settle, &self.0.runtime);
    }

    /// All that is decided before a name is resolved.
    fn clear(&self, line: &line::Inner, request: Request<OutBody>) -> Result<Cleared, Denied> {
        let (parts, body) = request.into_parts();
        let target = Target::of(&parts.uri)?;
        policy::check(&parts.method, &target, &line.grant.rules, &self.0.allow)?;
        let (mut headers, grant) = (parts.headers, &line.grant);
        headers::check(&headers)?;
        secret::check_url(&target, &grant.secrets)?;
        secret::substitute(&mut headers, &target, &grant.secrets, grant.organisation, &self.0.secrets)?;
        // What was put in may be longer than what stood there.
        headers::check_size(&headers)?;
        headers::set_own(&mut headers, &target.authority(), line.depth)?;
        Ok(Cleared { target, method: parts.method, headers, body })
    }

    /// A connection to an address that was resolved and checked just now; whether it was used before.
    async fn connection(
        &self,
        api: &Arc<str>,
        target: &Target,
        within: Duration,
        reuse: Reuse,
    ) -> Result<(Key, bool, Wire), SendError> {
        let (room, api, target) = (self.clone(), Arc::clone(api), target.clone());
        let until = Instant::now() + within;
        // On the room's own runtime: what it leaves behind outlives the guest's.
        let task = self.0.tasks.spawn_on(async move { room.connect(api, target, until, reuse).await }, &self.0.runtime);
        AbortOnDropHandle::new(task).await.map_err(|lost| SendError::Connect(std::io::Error::other(lost)))?
    }

    async fn connect(
        &self,
        api: Arc<str>,
        target: Target,
        until: Instant,
        reuse: Reuse,
    ) -> Result<(Key, bool, Wire), SendError> {
        let resolved = tokio::time::timeout_at(until, self.0.resolver.addresses(&target.host, target.port)).await;
        let addresses = resolved.map_err(|_| SendError::ResolveTimeout)??;
        // One bad address denies all: which of them is connected to must not be the name server's choice.
        for address in &addresses {
            self.0.addresses.check(&api, *address).map_err(Denied::from)?;
        }
        let key = |address| Key { api: Arc::clone(&api), scheme: target.scheme, host: target.host.clone(), address };
        if reuse == Reuse::Yes {
            for address in &addresses {
                if let Some(wire) = self.0.pool.take(&key(*address)) {
                    return Ok((key(*address), true, wire));
                }
            }
        }
        let (stream, address) = connect::connect(&self.0.tls, &target, &addresses, until).await?;
        let wire = Wire::open(stream, &self.0.tasks, self.0.closing.clone()).await?;
        Ok((key(address), false, wire))
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Egress")
    }
}

/// Whether a connection that waits may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reuse {
    Yes,
    No,
}

async fn sweep(pool: Arc<Pool>, closing: CancellationToken) {
    while closing.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
        pool.sweep();
    }
}

fn shorter(limit: Duration, wanted: Option<Duration>) -> Duration {
    wanted.map_or(limit, |wanted| wanted.min(limit))
}

fn outgoing(cleared: Cleared, line: &line::Inner) -> Result<Request<OutBody>, SendError> {
    let path = cleared.target.path_and_query();
    line.tally.add_bytes(ByteCount::of(headers::size(&cleared.headers).saturating_add(path.len())).get());
    let body = Outgoing {
        body: cleared.body,
        cap: line.limits.request_body,
        sent: 0,
        grant: Arc::clone(&line.grant),
        tally: Arc::clone(&line.tally),
    };
    let mut request = Request::new(body.boxed_unsync());
    *request.method_mut() = cleared.method;
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| Denied::Target(crate::target::TargetError::Path))?;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = cleared.headers;
    Ok(request)
}

fn incoming(
    response: Response<Incoming>,
    held: Held,
    line: &line::Inner,
    between: Duration,
) -> Result<Response<InBody>, SendError> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(SendError::Switched);
    }
    let (mut parts, body) = response.into_parts();
    line.tally.add_bytes(ByteCount::of(headers::size(&parts.headers)).get());
    headers::strip(&mut parts.headers);
    let body = InBody {
        body,
        cap: line.limits.response_body,
        received: 0,
        between,
        silence: None,
        tally: Arc::clone(&line.tally),
        held: Some(held),
    };
    Ok(Response::from_parts(parts, body))
}

fn of_hyper(error: hyper::Error) -> SendError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(BodyFault::TooLarge(cap)) = cause.downcast_ref() {
            return SendError::RequestTooLarge(*cap);
        }
        if let Some(BodyFault::Denied(denied)) = cause.downcast_ref() {
            return SendError::Denied(denied.clone());
        }
        source = cause.source();
    }
    if error.is_parse_too_large() { SendError::HeadTooLarge } else { SendError::Http(error) }
}

/// A fault in words for the provider. What the guest asked for is named without its query, an address never.
fn told(method: &Method, uri: &Uri, error: &SendError) -> String {
    let place = Target::of(uri).map_or_else(|_| "a URL that is refused".to_owned(), |target| target.to_string());
    let method = Some(method.as_str()).filter(|method| method.len() <= policy::METHOD_MAX).unwrap_or("a long method");
    match error {
        SendError::Tls(source) => format!("{method} {place}: {error}: {source}"),
        _ => format!("{method} {place}: {error}"),
    }
}
