//! Where a request goes: parsed once, refused rather than mended. Policy and connection use this value, and never the
//! guest's text again.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use types::{HOST_NAME_MAX, Scheme, is_host_name};

/// The longest path and query together.
const PATH_MAX: usize = 8 * 1024;
/// How often a path is unescaped in search of dots: a server behind a proxy may see it twice.
const UNESCAPED: usize = 2;

/// Scheme, host, port and path of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
}

/// A name in lower case without a dot at the end, or an address in its one canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

/// Why a text is not a place that requests go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URI, or one with characters that have no place in it.
    #[error("it is not a URL in plain ASCII")]
    Malformed,
    /// No scheme that is known here.
    #[error("its scheme is neither https nor http")]
    Scheme,
    /// A name or password before the host.
    #[error("it has a user or password before the host")]
    UserInfo,
    /// No host, too long a one, or one that could be read as another.
    #[error("its host is no name in ASCII and no address in canonical form")]
    Host,
    /// A port that is none.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// A path that does not begin with `/`, is too long, or leads upwards.
    #[error("its path is not absolute, longer than 8 KiB, or has `.` or `..` in it")]
    Path,
    /// A fragment, which is never sent.
    #[error("it has a fragment")]
    Fragment,
}

impl Target {
    /// Reads a whole URL.
    ///
    /// # Errors
    ///
    /// [`TargetError`] says which part could be read in two ways, or not at all.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.contains('#') {
            return Err(TargetError::Fragment);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TargetError::Malformed);
        }
        Self::of(&text.parse::<Uri>().map_err(|_| TargetError::Malformed)?)
    }

    /// Reads the parts of a URI that was put together by the HTTP library.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn of(uri: &Uri) -> Result<Self, TargetError> {
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            _ => return Err(TargetError::Scheme),
        };
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        if authority.contains('@') {
            return Err(TargetError::UserInfo);
        }
        let (host, port) = split(authority)?;
        let port = match port {
            None => scheme.default_port(),
            Some(text) => read_port(text)?,
        };
        let host = Host::read(host)?;
        let path = uri.path();
        let query = uri.query();
        check_path(path, query)?;
        Ok(Self { scheme, host, port, path: path.to_owned(), query: query.map(str::to_owned) })
    }

    /// The value of `Host`: the port is named when it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Path and query, as the request line has them.
    pub(crate) fn path_and_query(&self) -> String {
        self.query.as_ref().map_or_else(|| self.path.clone(), |query| format!("{}?{query}", self.path))
    }
}

impl Host {
    fn read(text: &str) -> Result<Self, TargetError> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            // Neither zones nor other spellings of the same address.
            let address = inner.parse::<std::net::Ipv6Addr>().map_err(|_| TargetError::Host)?;
            let canonical = address.to_string() == inner.to_ascii_lowercase();
            return if canonical { Ok(Self::Address(address.into())) } else { Err(TargetError::Host) };
        }
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.len() > HOST_NAME_MAX || !is_host_name(&name) {
            return Err(TargetError::Host);
        }
        Ok(Self::Name(name))
    }
}

/// Host and port of an authority without user.
fn split(authority: &str) -> Result<(&str, Option<&str>), TargetError> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(TargetError::Host)? + 1;
        let (host, rest) = authority.split_at(end);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(TargetError::Host),
        };
    }
    Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

fn read_port(text: &str) -> Result<u16, TargetError> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain).ok_or(TargetError::Port)
}

/// A server that unescapes or normalises a path must not see another one than the policy has seen.
fn check_path(path: &str, query: Option<&str>) -> Result<(), TargetError> {
    let length = path.len().saturating_add(query.map_or(0, str::len));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !path.starts_with('/') || path.contains('\\') || length > PATH_MAX || !plain(path) || !query.is_none_or(plain) {
        return Err(TargetError::Path);
    }
    let mut seen = path.as_bytes().to_vec();
    for _ in 0..=UNESCAPED {
        let leads_upwards = |segment: &[u8]| {
            // `..;x` is `..` to servers that take parameters out of segments.
            let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
            name == b"." || name == b".."
        };
        if seen.split(|byte| matches!(byte, b'/' | b'\\')).any(leads_upwards) || seen.contains(&0) {
            return Err(TargetError::Path);
        }
        seen = unescaped(&seen);
    }
    Ok(())
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        match (byte, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                rest = &after[2..];
            }
            _ => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    out
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Target {
    /// Without the query, which may hold what a log should not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests;
