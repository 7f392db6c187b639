//! A request whose head has been read: its facts, checked against the limits that need no key.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use catalog::Snapshot;
use http::header::{self, HeaderName};
use http::{HeaderMap, Method, Uri, Version};
use types::{ApiId, ByteCount, CallId, Code, Moment, Timestamp};

use crate::credential::Credential;
use crate::idempotency::IdempotencyKey;
use crate::premises::Premises;
use crate::refusal::Refusal;
use crate::served::Served;
use crate::settings::Settings;
use crate::template::{Match, Parameters};
use crate::trace::Trace;
use crate::{reply, source, trace};

/// How often a call may have gone through this host already.
const DEPTH_MAX: u8 = 4;
/// Counts it. Set on what components send out through the host.
pub(crate) const DEPTH: HeaderName = HeaderName::from_static("weir-depth");
/// How much of a client's own request id is kept.
const CLIENT_ID_MAX: usize = 128;

/// The facts of a request, before it is known whose it is.
pub(crate) struct Asked {
    pub(crate) call: CallId,
    pub(crate) received_at: Timestamp,
    pub(crate) began: Moment,
    pub(crate) client_request_id: Option<String>,
    pub(crate) source: IpAddr,
    pub(crate) trace: Trace,
    pub(crate) credential: Credential,
    pub(crate) idempotency: IdempotencyKey,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    /// How often it has come through this host. `None`: it says something else.
    pub(crate) depth: Option<u8>,
    /// Those that may go on to a component.
    pub(crate) headers: HeaderMap,
}

impl Asked {
    /// Reads the facts of a head. Refuses nothing: even a refusal has an id.
    pub(crate) fn read(premises: &Premises, parts: http::request::Parts, peer: SocketAddr) -> Self {
        let clock = &premises.house.clock;
        let (received_at, began) = (clock.now(), clock.moment());
        let http::request::Parts { method, uri, version, mut headers, .. } = parts;
        let call = premises.draw_id(received_at);
        let source = source::of(peer, &headers, &premises.settings.trusted_proxies);
        let trace = Trace::of(&headers, call);
        let client_request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(|id| {
            // Visible ASCII alone passes `to_str`, so bytes are characters.
            id.get(..CLIENT_ID_MAX).unwrap_or(id).to_owned()
        });
        let credential = Credential::take(&mut headers);
        let idempotency = IdempotencyKey::of(&method, &headers);
        let depth = |value: &header::HeaderValue| value.to_str().ok().and_then(|depth| depth.parse().ok());
        let depth = headers.get(DEPTH).map_or(Some(0), depth);
        Self {
            call,
            received_at,
            began,
            client_request_id,
            source,
            trace,
            credential,
            idempotency,
            method,
            uri,
            version,
            depth,
            headers,
        }
    }

    /// Checks what can be checked of a head alone.
    ///
    /// # Errors
    ///
    /// 400, 414, 431, 508.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Refusal> {
        let target = self.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if ByteCount::of(target) > settings.target {
            return Err(Refusal::new(Code::UriTooLong));
        }
        let length: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if self.headers.len() > settings.headers || ByteCount::of(length.saturating_add(target)) > settings.head {
            return Err(Refusal::new(Code::HeadersTooLarge));
        }
        let mut hosts = self.headers.get_all(header::HOST).iter();
        match (hosts.next(), hosts.next()) {
            (None, _) if self.version == Version::HTTP_11 => {
                return Err(Refusal::new(Code::RequestInvalid).detail("The request has no Host header."));
            }
            (Some(_), Some(_)) => {
                return Err(Refusal::new(Code::RequestInvalid).detail("The request has more than one Host header."));
            }
            _ => {}
        }
        if self.method == Method::CONNECT {
            return Err(Refusal::new(Code::RequestInvalid).detail("This host is no proxy."));
        }
        self.idempotency.check()?;
        match self.depth {
            Some(0..=DEPTH_MAX) => Ok(()),
            _ => Err(Refusal::new(Code::LoopDetected)),
        }
    }

    /// Takes out of the headers what is no component's business, and puts in the call's own trace.
    pub(crate) fn prepare_headers(&mut self) {
        let headers = &mut self.headers;
        reply::strip_named_by_connection(headers);
        reply::strip(headers, |name| {
            let hosts = matches!(
                name.as_str(),
                "x-forwarded-for" | "x-real-ip" | "forwarded" | "weir-depth" | "expect" | "http2-settings"
            );
            hosts || reply::is_hop_by_hop(name)
        });
        if let Ok(trace) = self.trace.to_header().parse() {
            headers.insert("traceparent", trace);
        }
    }

    /// The host name that the client asked for, in lower case and without a port.
    fn host(&self) -> Option<String> {
        let named = self.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = self.uri.authority().map(http::uri::Authority::as_str).or(named)?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        Some(name.trim_end_matches('.').to_ascii_lowercase())
    }
}

/// Where a request leads.
pub(crate) struct Target {
    pub(crate) api: Arc<catalog::Api>,
    pub(crate) served: Arc<Served>,
    pub(crate) route: usize,
    pub(crate) parameters: Parameters,
    /// Where the API's own path begins in the request's.
    pub(crate) path_from: usize,
}

impl Target {
    /// Finds the API by host name or by the path's first segment, then the route of its live release.
    ///
    /// # Errors
    ///
    /// 404, 405; 500 for a release that cannot be served.
    pub(crate) fn find(premises: &Premises, asked: &Asked) -> Result<Self, Refusal> {
        let snapshot = premises.house.catalog.snapshot();
        let path = asked.uri.path();
        let (api, path_from) = find_api(&snapshot, asked, path).ok_or_else(|| Refusal::new(Code::NotFound))?;
        if let Some(suspension) = &api.suspended {
            return Err(Refusal::suspended(Code::ApiSuspended, suspension));
        }
        let live =
            api.live.as_ref().ok_or_else(|| Refusal::new(Code::NotFound).detail("This API has no release yet."))?;
        let draw = trace::low_bits(asked.call);
        let served = premises.served.of(api, live, draw, &premises.house.sandbox);
        let served = served.map_err(|error| Refusal::caused_by(Code::Internal, error))?;
        let served = served.ok_or_else(|| {
            // All that are live stand still.
            let standing = live.releases.iter().find_map(|(release, _)| release.suspended.as_ref());
            standing.map_or_else(|| Refusal::new(Code::NotFound), |one| Refusal::suspended(Code::ApiSuspended, one))
        })?;
        let own = path.get(path_from..).filter(|own| !own.is_empty()).unwrap_or("/");
        match served.find(&asked.method, own) {
            Match::Route(route, parameters) => Ok(Self { api: Arc::clone(api), served, route, parameters, path_from }),
            Match::OtherMethods(allow) => Err(Refusal::other_methods(allow)),
            Match::Nothing => Err(Refusal::new(Code::NotFound)),
        }
    }

    /// The API that a request is for which came to no route of it: its refusal is counted there.
    pub(crate) fn api_of(premises: &Premises, asked: &Asked) -> Option<ApiId> {
        find_api(&premises.house.catalog.snapshot(), asked, asked.uri.path()).map(|(api, _)| api.id)
    }
}

/// The API, and where its own path begins.
fn find_api<'a>(snapshot: &'a Snapshot, asked: &Asked, path: &str) -> Option<(&'a Arc<catalog::Api>, usize)> {
    let rest = path.strip_prefix('/')?;
    let slug = rest.split_once('/').map_or(rest, |(slug, _)| slug);
    // Most calls come by slug; names of hosts are looked up for the others, and win where an operator gave an API one.
    let by_host = asked.host().and_then(|host| snapshot.api_by_host(&host)).map(|api| (api, 0));
    by_host.or_else(|| snapshot.api(slug).map(|api| (api, slug.len() + 1)))
}
