//! The host's log, on standard error.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSection};

/// Begins to log. `filter` comes from the environment and wins over the setting.
pub(super) fn start(section: &LogSection, filter: Option<&str>) -> anyhow::Result<()> {
    let filter = filter.unwrap_or(&section.filter);
    let filter = EnvFilter::try_new(filter).with_context(|| format!("log.filter {filter:?} is not valid"))?;
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let begun = match section.format {
        LogFormat::Human => builder.try_init(),
        LogFormat::Auto if terminal => builder.try_init(),
        LogFormat::Auto | LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!("could not begin to log: {error}"))
}
