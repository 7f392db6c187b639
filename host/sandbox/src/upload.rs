//! The sandbox itself, and an upload's way to being callable.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use types::{ByteCount, Clock, Digest};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::cache::Cache;
use crate::compile::Compiler;
use crate::component::{Component, LoadError};
use crate::engine::{self, Role};
use crate::places::Places;
use crate::settings::{Settings, StartError};
use crate::state::HostState;
use crate::threads::Threads;
use crate::{artefact, structure, wasi};

/// The largest upload: components made from JavaScript and Python are this large, Rust's are a hundredth.
pub const UPLOAD_MAX: ByteCount = ByteCount::mib(32);

/// The way in which a component is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// `weir:plugin` http: a typed request and response.
    Http,
    /// `weir:plugin` task: JSON in, JSON or a named error out.
    Task,
    /// `wasi:http` 0.2 proxy.
    WasiHttp,
}

/// What is known of an accepted upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Its name.
    pub digest: Digest,
    /// Its size.
    pub size: ByteCount,
    /// How it is called.
    pub world: World,
    /// What it imports.
    pub imports: Vec<String>,
}

/// Why an upload was not accepted. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is not a component that can be run here. The text is for the provider.
    #[error("{0}")]
    Refused(String),
    /// The compiler could not be asked.
    #[error("the compiler could not be asked: {0}")]
    Compiler(String),
    /// A file or a process failed.
    #[error("could not {step}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl UploadError {
    pub(crate) fn io(step: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { step, source }
    }
}

/// The sandbox of one host. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    engine: Engine,
    linker: Linker<HostState>,
    threads: Threads,
    clock: Clock,
    components: PathBuf,
    cache: Cache,
    compiler: Compiler,
    loaded: RwLock<HashMap<Digest, Loaded>>,
    loaded_max: usize,
    uses: AtomicU64,
    loading: tokio::sync::Mutex<()>,
    places: Places,
    egress: Option<egress::Egress>,
}

struct Loaded {
    component: Arc<Component>,
    last_use: AtomicU64,
}

impl Sandbox {
    /// Makes the engine, its threads and the cache. Blocking.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the pool's addresses, a thread or a folder are not to be had.
    pub fn start(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        let slots = settings.pool_slots;
        let refused = |source| StartError::Engine { slots, reserved_gib: u64::from(slots) * 8, source };
        let io = |step| move |source| StartError::Io { step, source };
        let engine = engine::engine(Role::Run { slots }).map_err(refused)?;
        let linker = wasi::linker(&engine).map_err(refused)?;
        std::fs::create_dir_all(&settings.components).map_err(io("make the folder of components"))?;
        Ok(Self(Arc::new(Inner {
            threads: Threads::start(engine.weak(), settings.worker_threads)?,
            cache: Cache::open(settings.cache, &settings.host_key).map_err(io("open the cache"))?,
            compiler: Compiler::new(settings.child).map_err(io("find this program"))?,
            components: settings.components,
            loaded: RwLock::new(HashMap::new()),
            loaded_max: settings.loaded_max.max(1),
            uses: AtomicU64::new(0),
            loading: tokio::sync::Mutex::new(()),
            places: Places::new(slots),
            egress: settings.egress,
            engine,
            linker,
            clock,
        })))
    }

    /// Takes an upload all the way: structure, imports, compile and probe in a child, cache, and loaded once. Only
    /// then is it written to the folder of components. The same upload again is answered without compiling.
    ///
    /// # Errors
    ///
    /// [`UploadError`]; nothing is kept of it.
    pub async fn admit_upload(&self, upload: bytes::Bytes) -> Result<Inspected, UploadError> {
        if upload.len() > UPLOAD_MAX.to_usize() {
            return Err(UploadError::Refused(format!("The component is larger than {UPLOAD_MAX} bytes.")));
        }
        let digest = Digest::of(&upload);
        let (structure, artefact) = self.0.compiler.compile(&upload).await?;
        self.0.cache.store(&digest, &artefact).map_err(UploadError::io("write the artefact"))?;
        let sandbox = self.clone();
        let loaded = tokio::task::spawn_blocking(move || sandbox.load_cached(&digest)).await;
        match loaded.map_err(|error| UploadError::Compiler(error.to_string()))? {
            Ok(Some(_)) => {}
            Ok(None) => return Err(UploadError::Compiler("the artefact is gone".into())),
            Err(error) => return Err(UploadError::Refused(chain(&error))),
        }
        self.keep(&digest, &upload).map_err(UploadError::io("write the component"))?;
        Ok(Inspected { digest, size: ByteCount::of(upload.len()), world: structure.world, imports: structure.imports })
    }

    /// The component of that digest, ready to be called: from memory, else from the cache, else compiled anew.
    ///
    /// # Errors
    ///
    /// [`LoadError`]; a later try may work.
    pub async fn load(&self, digest: &Digest) -> Result<Arc<Component>, LoadError> {
        if let Some(component) = self.find(digest) {
            return Ok(component);
        }
        // One cold load at a time: it takes a few milliseconds, and a crowd that wants the same one waits once.
        let _turn = self.0.loading.lock().await;
        if let Some(component) = self.find(digest) {
            return Ok(component);
        }
        let (sandbox, wanted) = (self.clone(), *digest);
        let cached = tokio::task::spawn_blocking(move || sandbox.load_cached(&wanted)).await;
        if let Some(component) = cached.map_err(|error| lost(digest, &error))?? {
            return Ok(component);
        }
        // Boxed: it is rare, and every call would carry its size.
        Box::pin(self.compile_again(digest)).await
    }

    /// How many instances could begin now without waiting for a slot of the pool.
    pub fn free_slots(&self) -> usize {
        self.places().free()
    }

    /// Resolves when [`Self::abort_all`] was called.
    pub async fn aborted(&self) {
        self.0.threads.signals.aborted().await;
    }

    /// Ends every call that still runs, as [`types::Outcome::Aborted`].
    pub fn abort_all(&self) {
        self.0.threads.signals.abort_all();
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn egress(&self) -> Option<&egress::Egress> {
        self.0.egress.as_ref()
    }

    pub(crate) fn places(&self) -> &Places {
        &self.0.places
    }

    pub(crate) fn threads(&self) -> &Threads {
        &self.0.threads
    }

    fn find(&self, digest: &Digest) -> Option<Arc<Component>> {
        let loaded = self.0.loaded.read().unwrap_or_else(PoisonError::into_inner);
        let found = loaded.get(digest)?;
        found.last_use.store(self.0.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(&found.component))
    }

    fn load_cached(&self, digest: &Digest) -> Result<Option<Arc<Component>>, LoadError> {
        let refused = |source| LoadError::Engine { digest: *digest, source };
        let sealed = self.0.cache.sealed(digest);
        let Some(sealed) = sealed.map_err(|source| LoadError::Io { step: "read the artefact", source })? else {
            return Ok(None);
        };
        let code = artefact::load_sealed(&self.0.engine, &sealed).map_err(refused)?;
        let world = structure::world_of_code(&code).map_err(|why| refused(wasmtime::Error::msg(why)))?;
        let component = Component::link(*digest, world, &self.0.linker, &code).map_err(refused)?;
        let component = Arc::new(component);
        self.remember(Arc::clone(&component));
        Ok(Some(component))
    }

    fn remember(&self, component: Arc<Component>) {
        let mut loaded = self.0.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let last_use = AtomicU64::new(self.0.uses.fetch_add(1, Ordering::Relaxed));
        loaded.insert(*component.digest(), Loaded { component, last_use });
        if loaded.len() > self.0.loaded_max {
            let oldest = loaded.iter().min_by_key(|(_, kept)| kept.last_use.load(Ordering::Relaxed));
            if let Some(digest) = oldest.map(|(digest, _)| *digest) {
                loaded.remove(&digest);
            }
        }
    }

    async fn compile_again(&self, digest: &Digest) -> Result<Arc<Component>, LoadError> {
        let path = self.path(digest);
        let upload = match tokio::fs::read(&path).await {
            Ok(upload) => upload,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(LoadError::Unknown(*digest)),
            Err(source) => return Err(LoadError::Io { step: "read the component", source }),
        };
        let failed = |source| LoadError::Compile { digest: *digest, source: Box::new(source) };
        if Digest::of(&upload) != *digest {
            return Err(failed(UploadError::Refused(
                "The kept file is not what was uploaded. Upload it again.".into(),
            )));
        }
        let (_, artefact) = self.0.compiler.compile(&upload).await.map_err(failed)?;
        self.0.cache.store(digest, &artefact).map_err(|source| LoadError::Io { step: "write the artefact", source })?;
        let (sandbox, wanted) = (self.clone(), *digest);
        let loaded = tokio::task::spawn_blocking(move || sandbox.load_cached(&wanted)).await;
        loaded.map_err(|error| lost(digest, &error))??.ok_or(LoadError::Unknown(*digest))
    }

    fn keep(&self, digest: &Digest, upload: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let mut file = std::fs::File::create(&partial)?;
        std::io::Write::write_all(&mut file, upload)?;
        file.sync_all()?;
        std::fs::rename(partial, path)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.0.components.join(format!("{digest}.wasm"))
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sandbox")
    }
}

fn lost(digest: &Digest, error: &tokio::task::JoinError) -> LoadError {
    LoadError::Engine { digest: *digest, source: wasmtime::Error::msg(error.to_string()) }
}

/// An error with what lies beneath it, in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
