//! Components: streamed to a file, checked and compiled by the sandbox, then known to the catalog.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use axum::extract::{Request, State};
use bytes::Bytes;
use catalog::{Component, World};
use http::header;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use types::{ByteCount, Code, Digest};

use super::{Answer, Reply};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::Path;
use crate::refusal::Refusal;

/// How long an upload may stand still.
const IDLE: Duration = Duration::from_secs(10);
/// Chunks between the socket and the file.
const CHUNKS: usize = 8;

/// `GET /v1/components/{sha256}`. Who knows the digest has the bytes: a component is nobody's own.
pub(crate) async fn show(State(desk): State<Desk>, _: Caller, Path(digest): Path<Digest>) -> Answer<api::Component> {
    let component = desk.house.catalog.component(digest).await?;
    component.map(|component| Reply::Found(shown(&component))).ok_or_else(|| Refusal::missing("component", digest))
}

/// `PUT /v1/components/{sha256}`.
pub(crate) async fn upload(
    State(desk): State<Desk>,
    caller: Caller,
    Path(digest): Path<Digest>,
    request: Request,
) -> Answer<api::Component> {
    let _place = desk
        .uploads
        .clone()
        .try_acquire_owned()
        .map_err(|_| Refusal::because(Code::Overloaded, "too many uploads at once: repeat it in a moment"))?;
    let file = Unfinished::new(&desk.settings.uploads, desk.house.clock.now());
    let received = receive(request, file.path(), desk.settings.component_max).await?;
    if received != digest {
        let why = format!("the bytes that came have the SHA-256 {received}, not the one in the path");
        return Err(Refusal::because(Code::Unprocessable, why));
    }
    if let Some(known) = known(&desk, digest).await? {
        return Ok(Reply::Found(shown(&known)));
    }
    let path = file.path().to_owned();
    let upload = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
    let upload = upload.map_err(|error| Refusal::failed(Code::Internal, "read an upload", &error))?;
    let upload = upload.map_err(|error| Refusal::failed(Code::Internal, "read an upload", &error))?;
    let inspected = desk.house.sandbox.admit_upload(upload.into()).await?;
    let component = Component {
        digest: inspected.digest,
        size: inspected.size,
        world: world_of(inspected.world),
        imports: inspected.imports,
        withdrawn: None,
    };
    desk.house.catalog.register_component(caller.actor(), component.clone()).await?;
    Ok(Reply::Made(shown(&component)))
}

/// The component, when it is registered and can still be loaded. If its files are gone, the upload brings them back.
async fn known(desk: &Desk, digest: Digest) -> Result<Option<Component>, Refusal> {
    let Some(component) = desk.house.catalog.component(digest).await? else { return Ok(None) };
    if let Some(reason) = &component.withdrawn {
        return Err(Refusal::because(Code::ComponentRefused, format!("the component is withdrawn: {reason}")));
    }
    Ok(desk.house.sandbox.load(&digest).await.is_ok().then_some(component))
}

/// A file that is removed when it is no longer needed, however the request ends.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(folder: &FilePath, now: types::Timestamp) -> Self {
        Self(folder.join(format!("{}.wasm", types::OutboxId::generate(now))))
    }

    fn path(&self) -> &FilePath {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %self.0.display(), %error, "an unfinished upload stays behind"),
        }
    }
}

/// Streams the body into a file, and answers its digest.
async fn receive(request: Request, path: &FilePath, cap: ByteCount) -> Result<Digest, Refusal> {
    let too_large = || {
        let mib = cap.get() / ByteCount::mib(1).get();
        Refusal::because(Code::PayloadTooLarge, format!("a component has at most {mib} MiB on this host"))
    };
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > cap.get()) {
        return Err(too_large());
    }
    let (chunks, file) = mpsc::channel(CHUNKS);
    let path = path.to_owned();
    let writer = tokio::task::spawn_blocking(move || write(&path, file));
    let mut body = request.into_body();
    let mut size = ByteCount::ZERO;
    loop {
        let frame = match tokio::time::timeout(IDLE, body.frame()).await {
            Err(_) => return Err(Refusal::because(Code::RequestTimeout, "the upload stood still for 10 s")),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(Refusal::because(Code::RequestInvalid, "the upload broke off")),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(chunk) = frame.into_data() else { continue };
        size = size.saturating_add(ByteCount::of(chunk.len()));
        if size > cap {
            return Err(too_large());
        }
        if chunks.send(chunk).await.is_err() {
            // The writer has given up; its own error says why.
            break;
        }
    }
    drop(chunks);
    let written = writer.await.map_err(|error| Refusal::failed(Code::Internal, "keep an upload", &error))?;
    written.map_err(|error| Refusal::failed(Code::Overloaded, "keep an upload", &error))
}

fn write(path: &FilePath, mut chunks: mpsc::Receiver<Bytes>) -> io::Result<Digest> {
    use sha2::Digest as _;
    let mut file = File::create_new(path)?;
    let mut hash = sha2::Sha256::new();
    while let Some(chunk) = chunks.blocking_recv() {
        hash.update(&chunk);
        file.write_all(&chunk)?;
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}

fn shown(component: &Component) -> api::Component {
    api::Component {
        digest: component.digest,
        size: component.size.get(),
        world: world_shown(component.world),
        imports: component.imports.clone(),
    }
}

/// The world as documents name it.
pub(super) fn world_shown(world: World) -> api::World {
    match world {
        World::Http => api::World::Http,
        World::Task => api::World::Task,
        World::WasiHttp => api::World::WasiHttp,
    }
}

fn world_of(world: sandbox::World) -> World {
    match world {
        sandbox::World::Http => World::Http,
        sandbox::World::Task => World::Task,
        sandbox::World::WasiHttp => World::WasiHttp,
    }
}
