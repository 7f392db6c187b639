//! The listener: takes connections until the host closes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tls::Tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once. More wait in the kernel's queue.
const CONNECTIONS: usize = 512;
/// How long a head may take to arrive, and a handshake.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long requests may go on when the host closes.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long to wait when the machine has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener`, behind TLS if there is `tls`, until `closing`. Then it lets requests end.
pub async fn serve(listener: TcpListener, tls: Option<Tls>, router: Router, closing: CancellationToken) {
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Some(Ok(place)) = closing.run_until_cancelled(Arc::clone(&places).acquire_owned()).await {
        match closing.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Ok((socket, _))) => {
                let (tls, router, closing) = (tls.clone(), router.clone(), closing.clone());
                connections.spawn(async move {
                    attend(socket, tls, router, closing).await;
                    drop(place);
                });
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(LAST_REQUESTS, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "control requests were cut off");
    }
}

async fn attend(socket: TcpStream, tls: Option<Tls>, router: Router, closing: CancellationToken) {
    let Some(tls) = tls else { return speak(socket, router, closing).await };
    match closing.run_until_cancelled(tls.accept(socket, HEAD_WITHIN)).await {
        Some(Ok(socket)) => speak(socket, router, closing).await,
        Some(Err(error)) => tracing::debug!(%error, "a control connection ended before its first request"),
        None => {}
    }
}

/// Speaks HTTP until the connection ends.
async fn speak(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    closing: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_WITHIN).keep_alive_timeout(HEAD_WITHIN);
    let connection = builder.serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a control connection ended with an error");
    }
}
