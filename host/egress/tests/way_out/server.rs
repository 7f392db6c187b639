//! A server that answers with the bytes it is told to, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

/// What the server does with each request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes and waits for the next request.
    Answer(Vec<u8>),
    /// Sends these bytes and closes.
    Last(Vec<u8>),
    /// Sends these bytes, and then nothing.
    Rest(Vec<u8>),
    /// Sends the first bytes, then the second again and again.
    Flood(Vec<u8>, Vec<u8>),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Heads and bodies, as they came.
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(act: Act) -> Self {
        Self::start_with(act, None).await
    }

    pub(crate) async fn ok(body: &str) -> Self {
        Self::start(Act::Answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into()))
            .await
    }

    pub(crate) async fn start_with(act: Act, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, connections) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let server = Self { address, asked: Arc::clone(&asked), connections: Arc::clone(&connections) };
        let tasks = TaskTracker::new();
        let inner = tasks.clone();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::Relaxed);
                let (act, asked, tls) = (act.clone(), Arc::clone(&asked), tls.clone());
                inner.spawn(async move {
                    match tls {
                        None => serve(stream, act, asked).await,
                        // A client that does not trust us breaks off.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, act, asked).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, act: Act, asked: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read(&mut stream).await {
        asked.lock().unwrap().push(request);
        let bytes = match &act {
            Act::Answer(bytes) | Act::Last(bytes) | Act::Rest(bytes) | Act::Flood(bytes, _) => bytes,
        };
        if stream.write_all(bytes).await.is_err() || matches!(act, Act::Last(_)) {
            return;
        }
        match &act {
            Act::Rest(_) => tokio::time::sleep(Duration::from_mins(1)).await,
            Act::Flood(_, more) => while stream.write_all(more).await.is_ok() {},
            Act::Answer(_) | Act::Last(_) => {}
        }
    }
}

/// Head and body of one request; `None` when the client has gone.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map(|n| n.parse::<usize>().unwrap());
            let chunked = head.contains("transfer-encoding: chunked");
            if (chunked && body.ends_with("0\r\n\r\n")) || (!chunked && body.len() >= length.unwrap_or(0)) {
                return Some(text);
            }
        }
        let mut part = vec![0; 16 * 1024];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}
