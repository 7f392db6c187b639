//! `wasi:config/store`: the settings that a release gives to its component.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::state::HostState;

/// The names under which toolchains ask for it. A pre-release matches only itself.
pub(crate) const NAMES: [&str; 2] = ["wasi:config/store@0.2.0-rc.1", "wasi:config/store@0.2.0-draft-2024-09-27"];

/// The interface's own error. Never given: the settings are at hand.
#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(variant)]
enum StoreError {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

type Call<'a> = StoreContextMut<'a, HostState>;

pub(crate) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    for name in NAMES {
        let mut interface = linker.instance(name)?;
        interface.func_wrap("get", |mut call: Call<'_>, (key,): (String,)| {
            let state = call.data_mut();
            let value = state.config.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
            state.owe(key.len().saturating_add(value.as_ref().map_or(0, String::len)));
            Ok((Ok::<_, StoreError>(value),))
        })?;
        interface.func_wrap("get-all", |mut call: Call<'_>, (): ()| {
            let state = call.data_mut();
            let all = state.config.to_vec();
            state.owe(all.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum());
            Ok((Ok::<_, StoreError>(all),))
        })?;
    }
    Ok(())
}
