//! Reads the settings of the release: `[config]` in `weir.toml`. The release must grant `config`.
//!
//! In a component this is `wasi:config`. In native code there are the settings that [`with`] was given.

#[cfg(not(target_family = "wasm"))]
use std::cell::RefCell;

/// The host could not answer. Settings are at hand on every call, so this is a fault of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What the host says.
    pub cause: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the settings could not be read: {}", self.cause)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for crate::http::Failure {
    fn from(error: ConfigError) -> Self {
        Self::retryable("config", error.to_string())
    }
}

/// The setting called `name`; `None` when the release has none.
///
/// # Errors
///
/// [`ConfigError`].
pub fn get(name: &str) -> Result<Option<String>, ConfigError> {
    #[cfg(target_family = "wasm")]
    return crate::wire::config_get(name);
    #[cfg(not(target_family = "wasm"))]
    return all().map(|all| all.into_iter().find(|(known, _)| known == name).map(|(_, value)| value));
}

/// All settings, by name.
///
/// # Errors
///
/// [`ConfigError`].
pub fn all() -> Result<Vec<(String, String)>, ConfigError> {
    #[cfg(target_family = "wasm")]
    return crate::wire::config_all();
    #[cfg(not(target_family = "wasm"))]
    return Ok(SETTINGS.with_borrow(Clone::clone));
}

#[cfg(not(target_family = "wasm"))]
thread_local! {
    static SETTINGS: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Runs `handler` with these settings on this thread. For native tests.
#[cfg(not(target_family = "wasm"))]
pub fn with<T>(settings: &[(&str, &str)], handler: impl FnOnce() -> T) -> T {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let before = SETTINGS.replace(settings);
    let answer = handler();
    SETTINGS.set(before);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_by_its_name_and_only_where_it_was_given() {
        let read = || get("limit").unwrap();
        assert_eq!(with(&[("limit", "7")], read).as_deref(), Some("7"));
        assert_eq!(with(&[("other", "7")], read), None);
        assert_eq!(read(), None);
    }
}
