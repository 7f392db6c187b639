//! The variables of the environment that mean something. All are defaults of flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::profile::ProfileFile;

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// `WEIR_DATA`: the data folder.
    pub(crate) data: Option<PathBuf>,
    /// `WEIR_CONTROL`: the control plane's URL.
    pub(crate) control: Option<String>,
    /// `WEIR_GATEWAY`: the data plane's URL.
    pub(crate) gateway: Option<String>,
    /// `WEIR_TOKEN`: a bearer token of the control plane.
    pub(crate) token: Option<String>,
    /// `WEIR_KEY`: a consumer's key.
    pub(crate) key: Option<String>,
    /// `WEIR_LOG`: what is logged, over the setting `log.filter`.
    pub(crate) log: Option<String>,
    /// `WEIR_MAIL_PASSWORD`: what the host signs in with at its mail server.
    pub(crate) mail_password: Option<String>,
    /// `WEIR_PROFILE`: a host that this user has logged in to.
    pub(crate) profile: Option<String>,
    /// Whether the locale has characters beyond ASCII, by `LC_ALL`, `LC_CTYPE` or `LANG`, and the terminal shows them.
    pub(crate) shows_unicode: bool,
    /// `OTEL_*`, as they stand.
    pub(crate) otel: BTreeMap<&'static str, String>,
    /// `AWS_*`, as far as they say where services are and with which credential they are asked.
    pub(crate) aws: BTreeMap<String, String>,
    home: Option<PathBuf>,
    config_home: Option<PathBuf>,
    data_home: Option<PathBuf>,
}

impl Environment {
    /// Reads it. A variable that is empty counts as absent.
    pub(crate) fn read() -> Self {
        Self {
            data: path("WEIR_DATA"),
            control: text("WEIR_CONTROL"),
            gateway: text("WEIR_GATEWAY"),
            token: text("WEIR_TOKEN"),
            key: text("WEIR_KEY"),
            log: text("WEIR_LOG"),
            mail_password: text("WEIR_MAIL_PASSWORD"),
            profile: text("WEIR_PROFILE"),
            shows_unicode: shows_unicode(),
            otel: super::otel::NAMES.into_iter().filter_map(|name| Some((name, text(name)?))).collect(),
            aws: aws(),
            home: path("HOME"),
            config_home: path("XDG_CONFIG_HOME"),
            data_home: path("XDG_DATA_HOME"),
        }
    }

    /// Where the data folder is when no flag says so: `WEIR_DATA`, or `weir` in the user's folder for data, or
    /// `weir-data` here.
    pub(crate) fn data_folder(&self) -> PathBuf {
        let shared = || self.home.as_ref().map(|home| home.join(".local/share"));
        let own = || self.data_home.clone().or_else(shared).map(|folder| folder.join("weir"));
        self.data.clone().or_else(own).unwrap_or_else(|| PathBuf::from("weir-data"))
    }

    /// Where hosts that this user has logged in to are kept: in `weir`, in the user's folder for configuration.
    pub(crate) fn profiles(&self) -> ProfileFile {
        let shared = || self.home.as_ref().map(|home| home.join(".config"));
        let folder = self.config_home.clone().or_else(shared).unwrap_or_default();
        ProfileFile(folder.join("weir/profiles.toml"))
    }
}

fn aws() -> BTreeMap<String, String> {
    let wanted = |name: &str| super::aws::NAMES.contains(&name) || name.starts_with(super::aws::ENDPOINT);
    let all =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    all.filter(|(name, value)| wanted(name) && !value.is_empty()).collect()
}

/// The first of the three that is set decides, as for every program.
fn shows_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text).unwrap_or_default().to_ascii_lowercase();
    let is_plain = text("TERM").is_some_and(|terminal| terminal == "dumb" || terminal == "linux");
    (locale.contains("utf-8") || locale.contains("utf8")) && !is_plain
}

fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
