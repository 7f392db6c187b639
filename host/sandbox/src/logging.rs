//! `wasi:logging/logging`: lines for the provider's log.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::logs::LogStream;
use crate::state::HostState;

/// The one version that there is. A pre-release matches only itself.
pub(crate) const NAME: &str = "wasi:logging/logging@0.1.0-draft";

#[derive(Debug, Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[expect(dead_code, reason = "a guest's level is made from its number")]
#[repr(u8)]
enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
    #[component(name = "critical")]
    Critical,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

pub(crate) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let log = |mut call: StoreContextMut<'_, HostState>, (level, context, message): (Level, String, String)| {
        let state = call.data_mut();
        state.owe(context.len().saturating_add(message.len()));
        let between = if context.is_empty() { "" } else { " " };
        let line = format!("{}{between}{context}: {message}\n", level.as_str());
        state.logs.write(LogStream::Log, line.as_bytes());
        Ok(())
    };
    linker.instance(NAME)?.func_wrap("log", log)
}
