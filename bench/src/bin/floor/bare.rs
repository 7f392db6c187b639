//! A component without the host: instantiate, call, drop.

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::Body;

mod world {
    wasmtime::component::bindgen!({ path: "../wit", world: "http", exports: { default: async } });
}

use world::exports::weir::plugin::http_handler as wit;
use world::weir::plugin::{meter, types};

/// The memory settings of the host's own pool, without its limits.
fn engine() -> anyhow::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(512)
        .total_core_instances(4096)
        .total_memories(1024)
        .total_tables(1024)
        .total_stacks(512)
        .max_memory_size(128 << 20)
        .decommit_batch_size(1);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10);
    }
    let mut config = Config::new();
    config
        .wasm_component_model_async(false)
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(Engine::new(&config)?)
}

/// A component of the `http` world.
pub(crate) struct Http {
    engine: Engine,
    component: world::HttpPre<Nothing>,
}

struct Nothing;

impl types::Host for Nothing {}

impl meter::Host for Nothing {
    fn add(&mut self, _object: String, _quantity: u64) -> Result<(), meter::MeterError> {
        Ok(())
    }

    fn remaining(&mut self, _object: String) -> Result<u64, meter::MeterError> {
        Ok(u64::MAX)
    }
}

impl Http {
    pub(crate) fn load(file: &str) -> anyhow::Result<Self> {
        let engine = engine()?;
        let component = Component::from_file(&engine, file)?;
        let mut linker = Linker::new(&engine);
        meter::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |state: &mut Nothing| state)?;
        Ok(Self { component: world::HttpPre::new(linker.instantiate_pre(&component)?)?, engine })
    }

    pub(crate) async fn call(&self, request: Request<Incoming>) -> anyhow::Result<Response<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let field = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| types::Field {
            name: name.as_str().to_owned(),
            value: value.as_bytes().to_vec(),
        };
        let request = wit::Request {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            route: head.uri.path().to_owned(),
            path_params: Vec::new(),
            headers: head.headers.iter().map(field).collect(),
            body: body.to_vec(),
        };
        let context = types::Context {
            call_id: String::new(),
            invocation_id: String::new(),
            attempt: 1,
            deadline_ms: 30_000,
            traceparent: None,
            api: "echo".to_owned(),
            release: 1,
            caller: None,
            step: None,
        };
        let mut store = Store::new(&self.engine, Nothing);
        let instance = self.component.instantiate_async(&mut store).await?;
        let answer = instance.weir_plugin_http_handler().call_handle(&mut store, &context, &request).await?;
        let answer = answer.map_err(|failure| anyhow::anyhow!("the component failed: {failure:?}"))?;
        let mut response = Response::builder().status(answer.status);
        for field in answer.headers {
            response = response.header(field.name, field.value);
        }
        Ok(response.body(answer.body.into())?)
    }
}

/// A component of the standard `wasi:http/proxy` world.
pub(crate) struct WasiHttp {
    engine: Engine,
    component: ProxyPre<Proxied>,
}

struct Proxied {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    table: ResourceTable,
}

struct Hooks;

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl wasmtime_wasi_http::WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        _request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }
}

impl WasiView for Proxied {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Proxied {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

impl WasiHttp {
    pub(crate) fn load(file: &str) -> anyhow::Result<Self> {
        let engine = engine()?;
        let component = Component::from_file(&engine, file)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
        Ok(Self { component: ProxyPre::new(linker.instantiate_pre(&component)?)?, engine })
    }

    pub(crate) async fn call(&self, request: Request<Incoming>) -> anyhow::Result<Response<Body>> {
        let state = Proxied {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks,
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, state);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let outparam = store.data_mut().http().new_response_outparam(sender)?;
        let component = self.component.clone();
        let mut running = tokio::task::JoinSet::new();
        running.spawn(async move {
            let proxy = component.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await
        });
        let response = receiver.await.context("the component set no response")?.context("the component failed")?;
        running.detach_all();
        Ok(response.map(|body| body.map_err(anyhow::Error::from).boxed_unsync()))
    }
}
