//! The public error codes. Each is public for ever and has a page in `docs/errors/`.

use std::borrow::Cow;

/// The `code` of a problem document as its reader sees it: one of the host's own, or the name that a component gave to
/// its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicCode(Cow<'static, str>);

impl PublicCode {
    /// Bytes of a component's name for a failure.
    pub const LENGTH_MAX: usize = 80;

    /// A component's own name; `None` for what is none: empty, longer than [`Self::LENGTH_MAX`], or not printable.
    pub fn of_component(name: &str) -> Option<Self> {
        let is_name = (1..=Self::LENGTH_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        is_name.then(|| Self(Cow::Owned(name.to_owned())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Code> for PublicCode {
    fn from(code: Code) -> Self {
        Self(Cow::Borrowed(code.as_str()))
    }
}

/// A public error code of the host: the `code` of a problem document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// No key came with the request.
    MissingKey,
    /// The key is unknown, or disabled: the two are told apart inside only.
    InvalidKey,
    /// The key's time is over.
    KeyExpired,
    /// The key is disabled. Its public text is that of [`Code::InvalidKey`].
    KeyDisabled,
    /// The app has no subscription to this API.
    NotSubscribed,
    /// The plan does not list this route.
    EndpointNotInPlan,
    /// The subscription or its plan is suspended, or it has ended.
    SubscriptionSuspended,
    /// The API, or the release of it that serves, is suspended.
    ApiSuspended,
    /// The app is suspended.
    AppSuspended,
    /// The key is suspended.
    KeySuspended,
    /// Requests come faster than the plan's rate.
    RateLimited,
    /// A hard quota is used up.
    QuotaExceeded,
    /// The overage of the call would cost more than the subscription's cap leaves.
    SpendCapReached,
    /// Too many calls of this subscription at once.
    ConcurrencyExceeded,
    /// The request is malformed.
    RequestInvalid,
    /// The request body is too large.
    PayloadTooLarge,
    /// The request's head is too large.
    HeadersTooLarge,
    /// The request target is too long.
    UriTooLong,
    /// The request came too slowly.
    RequestTimeout,
    /// The media type is not accepted.
    UnsupportedMediaType,
    /// There is no such thing.
    NotFound,
    /// The route exists, but not for this method.
    MethodNotAllowed,
    /// A component calls itself too deeply.
    LoopDetected,
    /// The first request with this idempotency key still runs, or its answer is not kept.
    IdempotencyConflict,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// The component failed.
    ComponentFailed,
    /// The component met a limit.
    ComponentLimit,
    /// The component, or the workflow around it, took too long.
    ExecutionTimeout,
    /// The host was stopping, or a crash lost the result.
    Aborted,
    /// No capacity in time.
    Overloaded,
    /// The host is stopping and takes no more calls.
    Draining,
    /// The call could not be recorded, so it is not served.
    MeteringUnavailable,
    /// A control request without a valid token.
    Unauthorised,
    /// A control request that this token may not make.
    Forbidden,
    /// The thing exists already, or has changed meanwhile.
    Conflict,
    /// The thing is not as the request expects it.
    PreconditionFailed,
    /// The request must say which state of the thing it changes.
    PreconditionRequired,
    /// What was uploaded is not a component that can be run here.
    ComponentRefused,
    /// The request is what the document says, but cannot be carried out as things stand.
    Unprocessable,
    /// The host's fault.
    Internal,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 40] = [
        Self::MissingKey,
        Self::InvalidKey,
        Self::KeyExpired,
        Self::KeyDisabled,
        Self::NotSubscribed,
        Self::EndpointNotInPlan,
        Self::SubscriptionSuspended,
        Self::ApiSuspended,
        Self::AppSuspended,
        Self::KeySuspended,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::SpendCapReached,
        Self::ConcurrencyExceeded,
        Self::RequestInvalid,
        Self::PayloadTooLarge,
        Self::HeadersTooLarge,
        Self::UriTooLong,
        Self::RequestTimeout,
        Self::UnsupportedMediaType,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::LoopDetected,
        Self::IdempotencyConflict,
        Self::IdempotencyMismatch,
        Self::ComponentFailed,
        Self::ComponentLimit,
        Self::ExecutionTimeout,
        Self::Aborted,
        Self::Overloaded,
        Self::Draining,
        Self::MeteringUnavailable,
        Self::Unauthorised,
        Self::Forbidden,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::ComponentRefused,
        Self::Unprocessable,
        Self::Internal,
    ];

    /// The code as it stands in documents and rows.
    pub const fn as_str(self) -> &'static str {
        self.facts().0
    }

    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        self.facts().1
    }

    /// The problem document's title: the same for every occurrence.
    pub const fn title(self) -> &'static str {
        self.facts().2
    }

    const fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MissingKey => ("missing-key", 401, "A key is required"),
            Self::InvalidKey => ("invalid-key", 401, "The key is not valid"),
            Self::KeyExpired => ("key-expired", 401, "The key has expired"),
            Self::KeyDisabled => ("key-disabled", 401, "The key is not valid"),
            Self::NotSubscribed => ("not-subscribed", 403, "No subscription to this API"),
            Self::EndpointNotInPlan => ("endpoint-not-in-plan", 403, "The plan does not include this endpoint"),
            Self::SubscriptionSuspended => ("subscription-suspended", 403, "The subscription is not active"),
            Self::ApiSuspended => ("api-suspended", 403, "The API is suspended"),
            Self::AppSuspended => ("app-suspended", 403, "The app is suspended"),
            Self::KeySuspended => ("key-suspended", 403, "The key is suspended"),
            Self::RateLimited => ("rate-limited", 429, "Too many requests"),
            Self::QuotaExceeded => {
                ("quota-exceeded", 429, "Request cannot be satisfied as assigned quota has been exceeded")
            }
            Self::SpendCapReached => ("spend-cap-reached", 429, "The spend cap is reached"),
            Self::ConcurrencyExceeded => ("concurrency-exceeded", 429, "Too many calls at once"),
            Self::RequestInvalid => ("request-invalid", 400, "The request is not valid"),
            Self::PayloadTooLarge => ("payload-too-large", 413, "The request body is too large"),
            Self::HeadersTooLarge => ("headers-too-large", 431, "The request's headers are too large"),
            Self::UriTooLong => ("uri-too-long", 414, "The request target is too long"),
            Self::RequestTimeout => ("request-timeout", 408, "The request came too slowly"),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415, "The media type is not supported"),
            Self::NotFound => ("not-found", 404, "Not found"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "The method is not allowed here"),
            Self::LoopDetected => ("loop-detected", 508, "The call goes through this host too many times"),
            Self::IdempotencyConflict => ("idempotency-conflict", 409, "The idempotency key is in use"),
            Self::IdempotencyMismatch => {
                ("idempotency-mismatch", 422, "The idempotency key belongs to another request")
            }
            Self::ComponentFailed => ("component-failed", 502, "The API's component failed"),
            Self::ComponentLimit => ("component-limit", 502, "The API's component met a limit"),
            Self::ExecutionTimeout => ("execution-timeout", 504, "The API took too long"),
            Self::Aborted => ("aborted", 503, "The call was cut off"),
            Self::Overloaded => ("overloaded", 503, "No capacity at the moment"),
            Self::Draining => ("draining", 503, "The host is stopping"),
            Self::MeteringUnavailable => ("metering-unavailable", 503, "The call could not be recorded"),
            Self::Unauthorised => ("unauthorised", 401, "A valid token is required"),
            Self::Forbidden => ("forbidden", 403, "The token does not allow this"),
            Self::Conflict => ("conflict", 409, "The request conflicts with what is there"),
            Self::PreconditionFailed => ("precondition-failed", 412, "The thing was changed meanwhile"),
            Self::PreconditionRequired => ("precondition-required", 428, "The request must say what it changes"),
            Self::ComponentRefused => ("component-refused", 422, "The component cannot be accepted"),
            Self::Unprocessable => ("unprocessable", 422, "The request cannot be carried out"),
            Self::Internal => ("internal", 500, "The host failed"),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disabled_key_reads_to_the_public_as_an_unknown_one() {
        assert_eq!(Code::KeyDisabled.title(), Code::InvalidKey.title());
        assert_eq!(Code::KeyDisabled.status(), Code::InvalidKey.status());
    }

    #[test]
    fn codes_are_distinct() {
        let distinct: std::collections::HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(distinct.len(), Code::ALL.len());
    }
}
