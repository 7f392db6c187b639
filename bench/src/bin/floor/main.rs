//! The floor: minimal servers that answer without any of the host.
//!
//! `floor hyper` answers a constant. `floor http FILE` and `floor wasi-http FILE` instantiate the component afresh for
//! each request, from a pooling allocator and a pre-instantiated component, without fuel, epoch, key, quota or record.
//! Prints its address, then serves until it is killed.
#![expect(clippy::print_stdout, reason = "the address is this program's answer")]

mod bare;

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As much as the load sends.
const CONSTANT: &[u8] = &[b'.'; 64];

type Body = UnsyncBoxBody<Bytes, anyhow::Error>;

enum Floor {
    Constant,
    Http(bare::Http),
    WasiHttp(bare::WasiHttp),
}

impl Floor {
    fn read_arguments() -> anyhow::Result<Self> {
        let arguments: Vec<_> = std::env::args().skip(1).collect();
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["hyper"] => Ok(Self::Constant),
            ["http", file] => Ok(Self::Http(bare::Http::load(file)?)),
            ["wasi-http", file] => Ok(Self::WasiHttp(bare::WasiHttp::load(file)?)),
            _ => bail!("usage: floor hyper | http FILE | wasi-http FILE"),
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> anyhow::Result<Response<Body>> {
        match self {
            Self::Constant => {
                // Read, so that the connection goes on.
                drop(request.into_body().collect().await?);
                Ok(Response::new(whole(Bytes::from_static(CONSTANT))))
            }
            Self::Http(component) => Ok(component.call(request).await?.map(whole)),
            Self::WasiHttp(component) => component.call(request).await,
        }
    }
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never: Infallible| match never {}).boxed_unsync()
}

fn main() -> anyhow::Result<()> {
    let floor = Arc::new(Floor::read_arguments()?);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(floor))
}

async fn serve(floor: Arc<Floor>) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("could not listen")?;
    println!("{}", listener.local_addr()?);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let floor = Arc::clone(&floor);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let floor = Arc::clone(&floor);
                async move { floor.answer(request).await }
            });
            // A connection that breaks is the load's to count.
            drop(
                hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
        while connections.try_join_next().is_some() {}
    }
}
