//! A component that is ready to be called: loaded code, linked once.

use std::sync::Arc;

use types::Digest;
use wasmtime::component::{InstancePre, Linker};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::state::HostState;
use crate::threads::{Habit, Pace};
use crate::upload::World;
use crate::world;

/// A loaded component. Instantiated afresh for each call.
pub struct Component {
    digest: Digest,
    pub(crate) ready: Ready,
    /// It imports at most the meter: it never waits, so the ticker alone bounds its time.
    pub(crate) is_pure: bool,
    /// Whether its calls run long.
    habit: Arc<Habit>,
}

/// The component, linked as its world.
pub(crate) enum Ready {
    Http(world::http::HttpPre<HostState>),
    Task(world::task::TaskPre<HostState>),
    WasiHttp(ProxyPre<HostState>),
}

/// Why a component could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No upload of that digest is kept.
    #[error("there is no component {0}")]
    Unknown(Digest),
    /// It could not be compiled again.
    #[error("component {digest} could not be compiled")]
    Compile {
        /// Which.
        digest: Digest,
        /// Why.
        source: Box<crate::upload::UploadError>,
    },
    /// The engine refused it: most often a limit of the pool.
    #[error("component {digest} could not be loaded")]
    Engine {
        /// Which.
        digest: Digest,
        /// What wasmtime said.
        source: wasmtime::Error,
    },
    /// A file could not be read or written.
    #[error("could not {step}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Component {
    pub(crate) fn link(
        digest: Digest,
        world: World,
        linker: &Linker<HostState>,
        code: &wasmtime::component::Component,
    ) -> wasmtime::Result<Self> {
        let is_pure = crate::structure::imports_of(code).iter().all(|name| name.starts_with("weir:plugin/"));
        let pre: InstancePre<HostState> = linker.instantiate_pre(code)?;
        let ready = match world {
            World::Http => Ready::Http(world::http::HttpPre::new(pre)?),
            World::Task => Ready::Task(world::task::TaskPre::new(pre)?),
            World::WasiHttp => Ready::WasiHttp(ProxyPre::new(pre)?),
        };
        Ok(Self { digest, ready, is_pure, habit: Arc::default() })
    }

    /// Its name: the digest of the upload.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether one of its last calls ran long. Then the next is expected to, and runs beside the short ones at the
    /// lowest priority.
    pub fn runs_long(&self) -> bool {
        self.habit.is_long()
    }

    /// On which threads a call of it runs.
    pub(crate) fn pace(&self, state: &HostState) -> Pace {
        Pace { priority: state.priority, runs_long: Arc::clone(&state.slow), component: Arc::clone(&self.habit) }
    }

    /// The world that it is called through.
    pub const fn world(&self) -> World {
        match self.ready {
            Ready::Http(_) => World::Http,
            Ready::Task(_) => World::Task,
            Ready::WasiHttp(_) => World::WasiHttp,
        }
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Component({})", self.digest)
    }
}
