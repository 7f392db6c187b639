//! Where a release may send requests to: one line of a list, as providers and operators write it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name of a host, by DNS.
pub const HOST_NAME_MAX: usize = 253;
/// The longest path of a rule.
const PATH_MAX: usize = 1_024;
/// Methods in one rule.
const METHODS_MAX: usize = 16;
/// The hosts of rules, as the document says them: `*`; names of two labels at least, the last of which does not begin
/// with a digit; all below such a name; addresses. That an IPv6 address is in its short form no pattern can say.
const HOST: &str = r"^(\*|(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z_]([a-z0-9_-]{0,61}[a-z0-9_])?|((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])|\[[0-9a-f:.]{2,45}\])$";
/// A path of printable ASCII without `?`, `#`, `%` and `\`, none of whose segments is `.` or `..`.
const PATH: &str = r#"^(/(\.{0,2}[!"$&-\-0-9:->@-\[\]-~][!"$&-.0-9:->@-\[\]-~]*|\.{3}[!"$&-.0-9:->@-\[\]-~]*)?)+$"#;
/// A header in lower case.
const HEADER: &str = "^[a-z0-9-]{1,64}$";

/// One line of a list of places that requests may go to. A request is allowed if all of it fits one line of the
/// provider's list, and one of the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
pub struct EgressRule {
    methods: Vec<String>,
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    path: String,
}

/// How a request travels.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Over TLS, with the host's certificate checked.
    #[default]
    Https,
    /// In the clear.
    Http,
}

/// Which hosts a rule is for. Names are in lower case, without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Any name. For operators.
    Any,
    /// This name.
    Name(String),
    /// Every name below this one, and not the name itself.
    Below(String),
    /// This address, as a request writes it.
    V4(Ipv4Addr),
    /// This address, as a request writes it in brackets.
    V6(Ipv6Addr),
}

/// What a rule must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EgressRuleError(String);

/// One line of a list of places that requests may go to.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EgressRule")]
struct Written {
    /// A name of two labels at least, `*.` and a name for all below it, or an address; IPv6 in brackets.
    #[schemars(length(min = 1, max = HOST_NAME_MAX), regex(pattern = HOST), extend("format" = "host-pattern"))]
    host: String,
    /// The methods, in upper case. Every one when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = METHODS_MAX), inner(regex(pattern = r"^[A-Z-]{1,32}$")))]
    methods: Vec<String>,
    /// How requests travel. `https` when absent.
    #[serde(default, skip_serializing_if = "is_https")]
    scheme: Scheme,
    /// The one port. The scheme's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    port: Option<u16>,
    /// The path, with everything below it: no query, no `%`, no `..`. All when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = PATH_MAX), regex(pattern = PATH))]
    path: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_https(scheme: &Scheme) -> bool {
    *scheme == Scheme::Https
}

impl Scheme {
    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port that a URL without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl EgressRule {
    /// Any name, over https, on port 443: `{ host = "*" }`.
    pub fn any_name() -> Self {
        let (scheme, path) = (Scheme::Https, "/".to_owned());
        Self { methods: Vec::new(), scheme, host: HostPattern::Any, port: scheme.default_port(), path }
    }

    /// The methods that it is for, in upper case. Empty: every one.
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// How requests travel.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The hosts that it is for.
    pub const fn host(&self) -> &HostPattern {
        &self.host
    }

    /// The one port that it is for.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path that it is for, with everything below it. Begins with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, EgressRuleError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address = inner.parse::<Ipv6Addr>().ok().filter(|address| address.to_string() == inner);
            return address
                .map(Self::V6)
                .ok_or_else(|| refuse(format!("`{text}` is not an address in its short form")));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::V4(address));
        }
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        if !is_host_name(name) || !name.contains('.') {
            let why = "is no host: write a name of two labels at least, such as `api.example.com`, in lower case and \
                       without scheme, port or path; `*.example.com` is every name below; an IPv6 address stands in \
                       brackets";
            return Err(refuse(format!("`{text}` {why}")));
        }
        Ok(if below { Self::Below(name.to_owned()) } else { Self::Name(name.to_owned()) })
    }
}

/// Whether `name` is a host name in lower case, and could not be taken for a number by anyone who reads it.
pub fn is_host_name(name: &str) -> bool {
    let of_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(of_label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label that begins with a digit is a number to some: `127.1`, `0x7f.1`. No top-level domain does.
    let last_is_no_number =
        name.rsplit('.').next().is_some_and(|last| !last.as_bytes().first().is_some_and(u8::is_ascii_digit));
    name.len() <= HOST_NAME_MAX && name.split('.').all(is_label) && last_is_no_number
}

fn refuse(why: String) -> EgressRuleError {
    EgressRuleError(why)
}

impl TryFrom<Written> for EgressRule {
    type Error = EgressRuleError;

    fn try_from(written: Written) -> Result<Self, EgressRuleError> {
        let host = HostPattern::parse(&written.host)?;
        let is_method = |method: &String| {
            (1..=32).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
        };
        if written.methods.len() > METHODS_MAX || !written.methods.iter().all(is_method) {
            return Err(refuse("`methods` are words such as \"GET\", in upper case, 16 at most".to_owned()));
        }
        let port = written.port.unwrap_or(written.scheme.default_port());
        if port == 0 {
            return Err(refuse("`port` is 1 to 65535".to_owned()));
        }
        let path = written.path.unwrap_or_else(|| "/".to_owned());
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'%' | b'\\');
        let dots = path.split('/').any(|segment| segment == "." || segment == "..");
        if !path.starts_with('/') || path.len() > PATH_MAX || !path.bytes().all(plain) || dots {
            let why = "`path` begins with `/`, has no query, no `%` and no `..`, and at most 1,024 characters";
            return Err(refuse(why.to_owned()));
        }
        Ok(Self { methods: written.methods, scheme: written.scheme, host, port, path })
    }
}

impl From<EgressRule> for Written {
    fn from(rule: EgressRule) -> Self {
        Self {
            host: rule.host.to_string(),
            methods: rule.methods,
            scheme: rule.scheme,
            port: (rule.port != rule.scheme.default_port()).then_some(rule.port),
            path: (rule.path != "/").then_some(rule.path),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Name(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for EgressRule {
    /// As a listing shows it: `GET,POST https://api.example.com/v1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = if self.methods.is_empty() { "*".to_owned() } else { self.methods.join(",") };
        write!(f, "{methods} {}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

/// The name of an organisation's secret: a lower-case letter, then at most 62 lower-case letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    /// What the name of a setting begins with that holds a secret's placeholder: `secret.NAME`.
    pub const SETTING: &str = "secret.";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretName {
    type Error = EgressRuleError;

    fn try_from(text: String) -> Result<Self, EgressRuleError> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if begins && text.len() <= 63 && text.bytes().all(inner) {
            return Ok(Self(text));
        }
        let why =
            "the name of a secret is a lower-case letter, then at most 62 lower-case letters, digits, `-` and `_`";
        Err(refuse(why.to_owned()))
    }
}

impl std::str::FromStr for SecretName {
    type Err = EgressRuleError;

    fn from_str(text: &str) -> Result<Self, EgressRuleError> {
        Self::try_from(text.to_owned())
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a release may do with one secret of its organisation: send it, unseen, to these hosts in these headers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretGrant {
    /// Which.
    pub name: SecretName,
    /// The hosts that may receive it, as names: no patterns. Always over https.
    #[schemars(length(min = 1, max = 8), inner(length(min = 1, max = HOST_NAME_MAX)))]
    pub hosts: Vec<String>,
    /// The headers that may carry it, in lower case. `authorization` when absent.
    #[serde(default = "authorization")]
    #[schemars(length(min = 1, max = 4), inner(regex(pattern = HEADER)))]
    pub headers: Vec<String>,
}

fn authorization() -> Vec<String> {
    vec!["authorization".to_owned()]
}

/// What a release may reach outside. Empty: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// Where its requests may go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub allow: Vec<EgressRule>,
    /// The secrets that they may carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub secrets: Vec<SecretGrant>,
}

impl Egress {
    /// Whether nothing is granted.
    pub const fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.secrets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Result<EgressRule, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_reads_back_as_it_was_written_and_shows_what_it_is() {
        for (json, shown) in [
            (r#"{"host":"api.example.com"}"#, "* https://api.example.com/"),
            (r#"{"host":"*.example.com","methods":["GET","POST"],"path":"/v1"}"#, "GET,POST https://*.example.com/v1"),
            (r#"{"host":"10.0.0.1","scheme":"http","port":8080}"#, "* http://10.0.0.1:8080/"),
            (r#"{"host":"[2600::1]"}"#, "* https://[2600::1]/"),
            (r#"{"host":"*"}"#, "* https://*/"),
        ] {
            let rule = rule(json).unwrap();
            assert_eq!(rule.to_string(), shown);
            assert_eq!(serde_json::to_string(&rule).unwrap(), json);
        }
    }

    #[test]
    fn a_rule_that_two_could_read_differently_is_refused() {
        for host in [
            "localhost",
            "API.example.com",
            "api.example.com.",
            "http://a.example",
            "a.example:80",
            "a.example/x",
            "",
            "*.*.example.com",
            "*.com.",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "1.2.3.4.5",
            "[::0001]",
            "::1",
            "exa mple.com",
            "-a.example",
            "a..example",
            "bücher.example",
            "user@a.example",
        ] {
            let found = rule(&serde_json::json!({ "host": host }).to_string());
            assert!(found.is_err(), "{host}: {found:?}");
        }
        for wrong in [
            r#"{"host":"a.example","port":0}"#,
            r#"{"host":"a.example","methods":["get"]}"#,
            r#"{"host":"a.example","path":"v1"}"#,
            r#"{"host":"a.example","path":"/v1/../x"}"#,
            r#"{"host":"a.example","path":"/%2e%2e"}"#,
            r#"{"host":"a.example","scheme":"ftp"}"#,
            r#"{"host":"a.example","prot":1}"#,
        ] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_of_a_secret_is_short_and_plain() {
        assert!("stripe_key-2".parse::<SecretName>().is_ok());
        for wrong in ["", "Stripe", "2fa", "a b", "a.b", &"a".repeat(64)] {
            assert!(wrong.parse::<SecretName>().is_err(), "{wrong}");
        }
    }
}
