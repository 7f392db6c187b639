//! The variables of the environment that mean something. All are defaults of flags.

use std::path::PathBuf;

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
    home: Option<PathBuf>,
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
            home: path("HOME"),
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
}

fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
