//! Why a request did not go out, or came to no answer.

use http::{HeaderName, Method};

use crate::address::AddressDenied;
use crate::target::TargetError;

/// Why a request was refused before a byte of it left. The text is for the provider's log: it names the rule, never an
/// address or a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It could be read in two ways, or not at all.
    #[error("its URL is refused: {0}")]
    Target(#[from] TargetError),
    /// A method that goes nowhere.
    #[error("the method {0} is never sent")]
    Method(Method),
    /// A method that no list could name.
    #[error("its method is longer than 32 bytes")]
    MethodTooLong,
    /// A name of this machine, this network or a metadata service.
    #[error("its host is a name that is never resolved")]
    Name,
    /// No line of the release's list fits.
    #[error("no [[egress]] of its release allows it")]
    NotInRelease,
    /// No line of the operator's list fits.
    #[error("the operator of this host does not allow it")]
    NotOnHost,
    /// One of the addresses behind its name.
    #[error("{0}")]
    Address(#[from] AddressDenied),
    /// A field that belongs to the connection or to the host.
    #[error("its header {0} is set by the host alone")]
    Header(HeaderName),
    /// Head or path larger than is sent.
    #[error("its headers or trailers are more than 100, or longer than 32 KiB")]
    HeadTooLarge,
    /// It has come through this host too often.
    #[error("it goes round: it has come through this host too often")]
    Loop,
    /// A secret where it is not bound to.
    #[error("the secret {0} is not bound to this host and header, or not sent over https")]
    SecretNotBound(types::SecretName),
    /// A secret where none is put in.
    #[error("the placeholder of the secret {0} is in its URL or a trailer; it goes into a header")]
    SecretMisplaced(types::SecretName),
    /// More than one secret in a header.
    #[error("one of its headers carries the secret {0} and another, or the same one twice")]
    SecretsTogether(types::SecretName),
    /// A secret that is not there any more.
    #[error("the secret {0} is not set, or cannot be read")]
    SecretMissing(types::SecretName),
}

/// Why a request came to no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It was refused.
    #[error("denied: {0}")]
    Denied(#[from] Denied),
    /// The call has sent as many as it may, or as many at once.
    #[error("the limit on requests is reached: {0}")]
    TooMany(&'static str),
    /// The name has no address.
    #[error("the name could not be resolved")]
    NoAddress,
    /// The resolver did not answer in time.
    #[error("the name was not resolved in time")]
    ResolveTimeout,
    /// No connection stood in time.
    #[error("no connection stood in time")]
    ConnectTimeout,
    /// The connection was refused or failed.
    #[error("the connection failed")]
    Connect(#[source] std::io::Error),
    /// TLS failed: most often a certificate.
    #[error("TLS failed")]
    Tls(#[source] std::io::Error),
    /// No head came in time.
    #[error("no response came in time")]
    ResponseTimeout,
    /// The request's own body failed or is too large.
    #[error("the request's body is larger than {0} bytes")]
    RequestTooLarge(u64),
    /// The response's head is too large.
    #[error("the response's head is too large")]
    HeadTooLarge,
    /// The other side broke off, or does not speak HTTP.
    #[error("the response is broken")]
    Http(#[source] hyper::Error),
    /// The other side wants to speak something else.
    #[error("the response switches to another protocol")]
    Switched,
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    /// It is larger than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// No part of it came in time.
    #[error("the body came too slowly")]
    TooSlow,
    /// Its trailers hold what may not be sent.
    #[error("its trailers are denied: {0}")]
    Denied(Denied),
    /// The call ended before it had finished the body.
    #[error("its call ended before the body did")]
    CallOver,
    /// The other side broke off.
    #[error("the body is broken")]
    Http(#[source] hyper::Error),
    /// Whoever gives the body broke off.
    #[error("the body was not finished")]
    Given(#[source] Box<dyn std::error::Error + Send + Sync>),
}
