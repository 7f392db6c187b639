//! The way out of a guest: `wasi:http`'s outgoing requests, handed to the room that decides on them.

use std::sync::Arc;

use egress::{BodyFault, BoundSecret, Denied, Grant, InBody, Limits, Line, SendError, Timeouts};
use http_body_util::BodyExt as _;
use types::{OrganisationId, SecretName};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::upload::Sandbox;

/// One write to a body.
const BODY_CHUNK: usize = 64 * 1024;

/// What a release may reach outside, ready for its calls.
#[derive(Debug, Clone)]
pub struct Outbound {
    grant: Arc<Grant>,
}

impl Outbound {
    /// What the component reads as settings: the placeholder of each secret, as `secret.NAME`.
    pub fn settings(&self) -> impl Iterator<Item = (String, String)> {
        let setting = |name: &SecretName| format!("{}{name}", SecretName::SETTING);
        self.grant.secrets.iter().map(move |secret| (setting(&secret.name), secret.placeholder.clone()))
    }
}

impl Sandbox {
    /// Makes ready what a release, or a role of state machines, is granted. `holder`: its id as a number. `None`: it is
    /// granted nothing, or this host has no way out.
    pub fn outbound(
        &self,
        (organisation, api): (OrganisationId, &Arc<str>),
        holder: u128,
        granted: &types::Egress,
    ) -> Option<Outbound> {
        let egress = self.egress().filter(|_| !granted.is_empty())?;
        let bound = |secret: &types::SecretGrant| BoundSecret {
            placeholder: egress.placeholder(holder, &secret.name),
            name: secret.name.clone(),
            hosts: secret.hosts.clone(),
            headers: secret.headers.clone(),
        };
        let grant = Grant {
            api: Arc::clone(api),
            organisation,
            rules: granted.allow.clone(),
            secrets: granted.secrets.iter().map(bound).collect(),
        };
        Some(Outbound { grant: Arc::new(grant) })
    }

    /// One call's way out, within `limits`. `depth`: how often what led to it has come through this host.
    pub fn line(&self, outbound: &Outbound, limits: Limits, depth: u8) -> Option<Line> {
        Some(self.egress()?.line(Arc::clone(&outbound.grant), limits, depth))
    }
}

/// What wasmtime asks for each outgoing request. Without a line, all are denied before a name is resolved.
pub(crate) struct WayOut(pub(crate) Option<Line>);

impl Drop for WayOut {
    /// Before the guest's bodies go: one that it has not finished ends as if it had.
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.end();
        }
    }
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for WayOut {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let Some(line) = &self.0 else {
            return Box::new(std::future::ready(Err(Error::HttpRequestDenied)));
        };
        let wanted = options.unwrap_or_default();
        let timeouts = Timeouts {
            connect: wanted.connect_timeout,
            first_byte: wanted.first_byte_timeout,
            between_bytes: wanted.between_bytes_timeout,
        };
        let sending = line.send(request.map(|body| body.map_err(Into::into).boxed_unsync()), timeouts);
        Box::new(async move {
            let response = sending.await.map_err(|error| told(&error))?;
            let response = response.map(|body: InBody| body.map_err(|fault| broken(&fault)).boxed_unsync());
            let nothing_more: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(std::future::ready(Ok(())));
            Ok((response, nothing_more))
        })
    }

    /// The host sets it from where the request goes.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }
}

/// What the guest is told: of a denial nothing but that it is one.
fn told(error: &SendError) -> Error {
    match error {
        SendError::Denied(Denied::Loop) => Error::LoopDetected,
        SendError::Denied(_) => Error::HttpRequestDenied,
        SendError::TooMany(_) => Error::ConnectionLimitReached,
        SendError::NoAddress => Error::DnsError { rcode: None, info_code: None },
        SendError::ResolveTimeout => Error::DnsTimeout,
        SendError::ConnectTimeout => Error::ConnectionTimeout,
        SendError::Connect(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        SendError::Connect(_) => Error::DestinationUnavailable,
        SendError::Tls(_) => Error::TlsProtocolError,
        SendError::ResponseTimeout => Error::HttpResponseTimeout,
        SendError::RequestTooLarge(cap) => Error::HttpRequestBodySize(Some(*cap)),
        SendError::HeadTooLarge => Error::HttpResponseHeaderSectionSize(None),
        SendError::Http(_) => Error::HttpProtocolError,
        SendError::Switched => Error::HttpUpgradeFailed,
    }
}

fn broken(fault: &BodyFault) -> Error {
    match fault {
        BodyFault::TooLarge(cap) => Error::HttpResponseBodySize(Some(*cap)),
        BodyFault::TooSlow => Error::ConnectionReadTimeout,
        BodyFault::Denied(_) | BodyFault::CallOver | BodyFault::Http(_) | BodyFault::Given(_) => {
            Error::HttpResponseIncomplete
        }
    }
}
