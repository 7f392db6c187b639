//! Objects of organisations: streamed in and out, listed, deleted. Each is there whole or not at all.

use std::io::{self, Read as _};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use http_body_util::BodyExt as _;
use objects::{Listed, Name, ObjectError, Owned, Reading, Written};
use tokio::sync::mpsc;
use types::Code;

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Path, Query};
use crate::refusal::Refusal;

/// How long an upload may stand still.
const IDLE: Duration = Duration::from_secs(10);
/// Chunks between the socket and the file.
const CHUNKS: usize = 8;
/// Bytes that are read of a file at a time.
const PART_MAX: u64 = 128 * 1_024;

/// `GET /v1/objects`.
pub(crate) async fn used(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ObjectQuery>,
) -> Answer<api::ObjectUse> {
    let organisation = caller.organisation(&desk.house.catalog.snapshot(), query.organisation.as_deref())?.id;
    let owned = desk.house.workflows.objects(organisation);
    let limits = owned.limits();
    let (used, buckets) = blocking(move || Ok((owned.used()?, owned.buckets()?))).await?;
    let shown = |bucket: objects::Bucket| api::Bucket {
        name: bucket.name,
        bytes: bucket.used.bytes,
        objects: bucket.used.objects,
    };
    Ok(Reply::Found(api::ObjectUse {
        organisation,
        buckets: buckets.into_iter().map(shown).collect(),
        bytes: used.bytes,
        objects: used.objects,
        bytes_max: limits.bytes_max.get(),
        objects_max: limits.objects_max,
        object_bytes_max: limits.object_max.get(),
    }))
}

/// `GET /v1/objects/{bucket}`, in the order of keys.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Path(bucket): Path<String>,
    Query(query): Query<api::ObjectsQuery>,
) -> Answer<api::Page<api::StoredObject>> {
    let owned = owned(&desk, &caller, query.organisation.as_deref())?;
    let limit = usize::try_from(page_limit(query.limit)?).unwrap_or(usize::MAX);
    let (prefix, after) = (query.prefix.unwrap_or_default(), query.after.unwrap_or_default());
    let mut found = blocking(move || owned.list(&bucket, (&prefix, &after), limit.saturating_add(1))).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.key.clone());
    Ok(Reply::Found(api::Page { items: found.into_iter().map(shown).collect(), next }))
}

/// `GET /v1/objects/{bucket}/{key}`: its bytes, as it was when they began.
pub(crate) async fn read(
    State(desk): State<Desk>,
    caller: Caller,
    Path((bucket, key)): Path<(String, String)>,
    Query(query): Query<api::ObjectQuery>,
) -> Result<Response, Refusal> {
    let owned = owned(&desk, &caller, query.organisation.as_deref())?;
    let Reading { file, listed } = blocking(move || owned.open(&Name::new(&bucket, &key)?)).await?;
    let parts = stream::try_unfold((file, listed.bytes), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, io::Error>(None);
        }
        let reading = tokio::task::spawn_blocking(move || {
            let mut part = Vec::new();
            (&mut file).take(left.min(PART_MAX)).read_to_end(&mut part)?;
            Ok::<_, io::Error>((part, file))
        });
        let (part, file) = reading.await.map_err(io::Error::other)??;
        let left = left.saturating_sub(u64::try_from(part.len()).unwrap_or(u64::MAX));
        // Cut short by somebody who writes to the folder: the length that was said is not kept, and the client sees that.
        Ok((!part.is_empty()).then(|| (Bytes::from(part), (file, left))))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(listed.bytes));
    headers.insert(header::LAST_MODIFIED, header_of(&listed.changed.http_date()));
    headers.insert(header::ETAG, header_of(&listed.etag()));
    Ok(response)
}

/// `PUT /v1/objects/{bucket}/{key}`.
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    Path((bucket, key)): Path<(String, String)>,
    Query(query): Query<api::ObjectQuery>,
    request: Request,
) -> Answer<api::StoredObject> {
    let owned = owned(&desk, &caller, query.organisation.as_deref())?;
    let name = Name::new(&bucket, &key)?;
    let most = owned.limits().object_max;
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > most.get()) {
        return Err(ObjectError::TooLarge(most).into());
    }
    let place = desk.objects.clone().try_acquire_owned();
    let _place = place.map_err(|_| {
        Refusal::because(Code::Overloaded, "too many objects are written at once: repeat it in a moment")
    })?;
    let (written, listed) = receive(request, (owned, name)).await?;
    Ok(if written.is_new { Reply::Made(shown(listed)) } else { Reply::Found(shown(listed)) })
}

/// `DELETE /v1/objects/{bucket}/{key}`.
pub(crate) async fn delete(
    State(desk): State<Desk>,
    caller: Caller,
    Path((bucket, key)): Path<(String, String)>,
    Query(query): Query<api::ObjectQuery>,
) -> Answer<api::StoredObject> {
    let owned = owned(&desk, &caller, query.organisation.as_deref())?;
    let deleted = blocking(move || owned.delete(&Name::new(&bucket, &key)?)).await?;
    Ok(Reply::Found(shown(deleted)))
}

fn owned(desk: &Desk, caller: &Caller, named: Option<&str>) -> Result<Owned, Refusal> {
    let organisation = caller.organisation(&desk.house.catalog.snapshot(), named)?.id;
    Ok(desk.house.workflows.objects(organisation))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Refusal::failed(Code::Internal, "use an object", &error))??)
}

/// Streams the body into its place.
async fn receive(request: Request, (owned, name): (Owned, Name)) -> Result<(Written, Listed), Refusal> {
    // `None` ends it. A body that breaks off, or a request that is given up, ends without, and leaves nothing.
    let (parts, taken) = mpsc::channel::<Option<Bytes>>(CHUNKS);
    let writer = tokio::task::spawn_blocking(move || write((&owned, &name), taken));
    let mut body = request.into_body();
    let ended = loop {
        let frame = match tokio::time::timeout(IDLE, body.frame()).await {
            Err(_) => break Err(Refusal::because(Code::RequestTimeout, "the object stood still for 10 s")),
            Ok(None) => break Ok(()),
            Ok(Some(Err(_))) => break Err(Refusal::because(Code::RequestInvalid, "the object broke off")),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(part) = frame.into_data() else { continue };
        if parts.send(Some(part)).await.is_err() {
            // The writer has given up; its own error says why.
            break Ok(());
        }
    };
    if ended.is_ok() {
        drop(parts.send(None).await);
    }
    drop(parts);
    let written = writer.await.map_err(|error| Refusal::failed(Code::Internal, "write an object", &error))?;
    ended?;
    written?.ok_or_else(|| Refusal::because(Code::RequestInvalid, "the object broke off"))
}

/// What was written; `None`: it broke off.
fn write(
    (owned, name): (&Owned, &Name),
    mut parts: mpsc::Receiver<Option<Bytes>>,
) -> Result<Option<(Written, Listed)>, ObjectError> {
    let mut writing = owned.write(name)?;
    loop {
        match parts.blocking_recv() {
            Some(Some(part)) => writing.put(&part)?,
            Some(None) => break,
            None => return Ok(None),
        }
    }
    let written = writing.finish()?;
    Ok(Some((written, owned.open(name)?.listed)))
}

fn shown(listed: Listed) -> api::StoredObject {
    api::StoredObject { etag: listed.etag(), bytes: listed.bytes, changed_at: listed.changed.into(), key: listed.key }
}

/// Of dates and tags alone, which have no other letters.
fn header_of(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
