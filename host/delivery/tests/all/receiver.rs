//! A receiver of webhooks: a socket that reads whole requests and answers them as it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use delivery::signature;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use types::SecretValue;

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Received {
    /// Whether one of the signatures is by this secret, as a receiver would find out.
    pub(crate) fn is_signed_by(&self, secret: &SecretValue) -> bool {
        let seconds = self.headers["webhook-timestamp"].parse().unwrap();
        let wanted = signature(secret, &self.headers["webhook-id"], seconds, self.body.as_bytes()).unwrap();
        self.headers["webhook-signature"].split(' ').any(|one| one == wanted)
    }
}

/// What a receiver does with each request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with this status and these further lines of a head.
    Status(u16, &'static str),
    /// Never answers.
    Silent,
    /// Answers 200, and then goes on with its body for ever.
    Endless,
}

pub(crate) struct Receiver {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    act: Arc<Mutex<Act>>,
}

impl Receiver {
    pub(crate) async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, act) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(Mutex::new(act)));
        let tasks = TaskTracker::new();
        let (inner, its, does) = (tasks.clone(), Arc::clone(&received), Arc::clone(&act));
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                inner.spawn(serve(stream, Arc::clone(&its), Arc::clone(&does)));
            }
        });
        Self { port, received, act }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    pub(crate) fn acts(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// All that came, once it is `count`.
    pub(crate) async fn until(&self, count: usize) -> Vec<Received> {
        for _ in 0..1_000 {
            if self.received().len() >= count {
                return self.received();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} of {count} came", self.received().len());
    }
}

async fn serve(mut stream: TcpStream, received: Arc<Mutex<Vec<Received>>>, act: Arc<Mutex<Act>>) {
    while let Some(request) = read(&mut stream).await {
        received.lock().unwrap().push(request);
        let act = act.lock().unwrap().clone();
        let wrote = match act {
            Act::Status(status, more) => {
                let head = format!("HTTP/1.1 {status} X\r\n{more}content-length: 6\r\n\r\nhello\n");
                stream.write_all(head.as_bytes()).await
            }
            Act::Silent => std::future::pending().await,
            Act::Endless => {
                let mut wrote = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n").await;
                while wrote.is_ok() {
                    wrote = stream.write_all(&[b'x'; 4_096]).await;
                }
                wrote
            }
        };
        if wrote.is_err() {
            return;
        }
    }
}

/// One request; `None`: the connection is over.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let line = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: HashMap<_, _> = head.lines().skip(1).filter_map(line).collect();
        let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return Some(Received { headers, body: body.to_owned() });
        }
    }
}
