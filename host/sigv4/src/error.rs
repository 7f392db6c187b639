//! Why a signature does not hold, by AWS's names and close to AWS's words: SDKs and people look for both.

/// Why a request is not taken as signed. No variant holds a secret or a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no header `Authorization`.
    #[error("Missing Authentication Token")]
    Missing,
    /// The header, or one that it needs, is not complete or not readable.
    #[error("{0}")]
    Incomplete(String),
    /// The credential is for another day, service or terminator than the request.
    #[error("{0}")]
    Scope(String),
    /// It was signed too long ago.
    #[error("Signature expired: {signed} is now earlier than {earliest} ({now} - 5 min.)")]
    Expired {
        /// When the client says that it signed.
        signed: String,
        /// The earliest such moment that is taken.
        earliest: String,
        /// When it arrived.
        now: String,
    },
    /// It was signed in the future.
    #[error("Signature not yet current: {signed} is still later than {latest} ({now} + 5 min.)")]
    NotYetCurrent {
        /// When the client says that it signed.
        signed: String,
        /// The latest such moment that is taken.
        latest: String,
        /// When it arrived.
        now: String,
    },
    /// A header that has a meaning here is not covered by the signature.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    NotSigned(String),
    /// The credential is unknown or no longer valid: said by those who look it up.
    #[error("The security token included in the request is invalid.")]
    UnknownCredential,
    /// The request carries a session token, and none was ever issued.
    #[error("The security token included in the request is invalid: credentials of this host have no session token.")]
    SessionToken,
    /// The header `x-amz-content-sha256` does not say what the body is.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    Payload,
    /// The signature is another one.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// AWS's name of the error, as SDKs know it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownCredential | Self::SessionToken => "UnrecognizedClientException",
            Self::Scope(_)
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::NotSigned(_)
            | Self::Payload
            | Self::Mismatch => "InvalidSignatureException",
        }
    }

    pub(crate) fn incomplete(why: impl Into<String>) -> Self {
        Self::Incomplete(why.into())
    }
}
