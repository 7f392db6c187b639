//! Making components, and a sandbox to run them in.

use std::sync::Arc;

use bytes::Bytes;
use sandbox::{CallContext, Component, HttpRequest, Inspected, Limits, Ran, Sandbox, Settings, UploadError};
use types::{CallId, Clock, HostKey, ObjectName, Units};
use wit_component::{ComponentEncoder, StringEncoding};

/// Memory, an allocator that never frees, and the meter. Constants of a test's own lie at 64, results at 512.
const HEAD: &str = r#"
  (import "weir:plugin/meter@0.1.0" "add" (func $add (param i32 i32 i64 i32)))
  (import "weir:plugin/meter@0.1.0" "remaining" (func $remaining (param i32 i32 i32)))
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (func $grow (param $end i32)
    (local $missing i32)
    (local.set $missing (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then (drop (memory.grow (i32.add (i32.shr_u (local.get $missing) (i32.const 16)) (i32.const 1)))))))
"#;
/// The allocator itself: a test may have one of its own instead.
pub(crate) const ALLOCATOR: &str = r#"
  (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (call $grow (global.get $top))
    (local.get $at))
"#;
/// 200, without headers and body, at 512.
pub(crate) const OK: &str = "(i32.store16 (i32.const 520) (i32.const 200)) (i32.const 512)";

/// A component of the world `http` whose handler is `handle`, with `more` definitions beside it.
pub(crate) fn http(more: &str, handle: &str) -> Vec<u8> {
    bare(&format!("{ALLOCATOR}{more}"), handle)
}

/// The same without an allocator.
pub(crate) fn bare(more: &str, handle: &str) -> Vec<u8> {
    let handler = "weir:plugin/http-handler@0.1.0#handle";
    typed("http", &format!(r#"{HEAD}{more}(func (export "{handler}") (param $args i32) (result i32) {handle})"#))
}

/// A component of the world `task`.
pub(crate) fn task(more: &str, run: &str) -> Vec<u8> {
    let handler = "weir:plugin/task-handler@0.1.0#run";
    typed(
        "task",
        &format!(r#"{HEAD}{ALLOCATOR}{more}(func (export "{handler}") (param $args i32) (result i32) {run})"#),
    )
}

fn typed(world: &str, module: &str) -> Vec<u8> {
    let (resolve, package) = contract();
    encode(&resolve, package, world, module)
}

fn contract() -> (wit_parser::Resolve, wit_parser::PackageId) {
    let mut resolve = wit_parser::Resolve::default();
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (package, _) = resolve.push_dir(&wit).unwrap();
    (resolve, package)
}

/// A component of the world `http` that has the imports and exports `beside` too. `packages` say what these are.
pub(crate) fn beside(packages: &str, beside: &str, more: &str, handle: &str) -> Vec<u8> {
    let (mut resolve, _) = contract();
    let wit = format!("package corpus:guest; {packages} world guest {{ include weir:plugin/http@0.1.0; {beside} }}");
    let package = resolve.push_str("guest.wit", &wit).unwrap();
    let handler = "weir:plugin/http-handler@0.1.0#handle";
    let imports: String = more.lines().filter(|line| line.trim_start().starts_with("(import")).collect();
    let rest: String = more.lines().filter(|line| !line.trim_start().starts_with("(import")).collect();
    let module = format!(
        r#"{imports}{HEAD}{ALLOCATOR}{rest}(func (export "{handler}") (param $args i32) (result i32) {handle})"#
    );
    encode(&resolve, package, "guest", &module)
}

/// A component of the world `world` of the package `package`.
pub(crate) fn encode(
    resolve: &wit_parser::Resolve,
    package: wit_parser::PackageId,
    world: &str,
    module: &str,
) -> Vec<u8> {
    embed(resolve, package, world, wat::parse_str(format!("(module {module})")).unwrap())
}

/// A component of the world `http` from a core module that somebody else has put together. Its handler is the usual one.
pub(crate) fn http_of(module: Vec<u8>) -> Vec<u8> {
    let (resolve, package) = contract();
    embed(&resolve, package, "http", module)
}

/// The text of a core module for [`http_of`].
pub(crate) fn http_module(more: &str, handle: &str) -> String {
    let handler = "weir:plugin/http-handler@0.1.0#handle";
    format!(r#"(module {HEAD}{ALLOCATOR}{more}(func (export "{handler}") (param $args i32) (result i32) {handle}))"#)
}

fn embed(resolve: &wit_parser::Resolve, package: wit_parser::PackageId, world: &str, mut core: Vec<u8>) -> Vec<u8> {
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    wit_component::embed_component_metadata(&mut core, resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&core).unwrap().validate(true).encode().unwrap()
}

/// A sandbox on folders of its own.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { sandbox: Sandbox::start(Self::settings(&folder), Clock::system()).unwrap(), folder }
    }

    pub(crate) fn settings(folder: &tempfile::TempDir) -> Settings {
        Settings {
            cache: folder.path().join("cache"),
            components: folder.path().join("components"),
            host_key: HostKey::from_bytes([7; 32]),
            worker_threads: 2,
            pool_slots: 8,
            loaded_max: 8,
            egress: None,
            child: Some(env!("CARGO_BIN_EXE_sandbox-child").into()),
        }
    }

    pub(crate) async fn upload(&self, component: Vec<u8>) -> Result<Inspected, UploadError> {
        self.sandbox.admit_upload(Bytes::from(component)).await
    }

    pub(crate) async fn refusal(&self, component: Vec<u8>) -> String {
        match self.upload(component).await {
            Err(UploadError::Refused(why)) => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) async fn ready(&self, component: Vec<u8>) -> Arc<Component> {
        let inspected = self.upload(component).await.unwrap();
        self.sandbox.load(&inspected.digest).await.unwrap()
    }

    /// Uploads and calls once.
    pub(crate) async fn run(&self, component: Vec<u8>, limits: Limits) -> Ran<http::Response<Bytes>> {
        let component = self.ready(component).await;
        self.sandbox.call_http(&component, &context(), request(), &Arc::new(limits)).await
    }
}

pub(crate) fn context() -> CallContext {
    CallContext {
        call: CallId::generate(Clock::system().now()),
        invocation: None,
        attempt: 1,
        traceparent: None,
        api: "corpus".into(),
        release: 1,
        caller: None,
        allowances: vec![("pages".parse().unwrap(), Units::saturating(10)), (ObjectName::requests(), Units::MAX)],
        outbound: None,
        depth: 0,
        config: Arc::from([("mode".to_owned(), "fast".to_owned()), ("large".to_owned(), "x".repeat(8_000))]),
        priority: sandbox::Priority::Usual,
        step: None,
        halt: None,
    }
}

pub(crate) fn request() -> HttpRequest {
    HttpRequest {
        method: http::Method::POST,
        path: "/v1/pages".to_owned(),
        query: None,
        route: "/v1/pages".into(),
        path_params: Vec::new(),
        headers: http::HeaderMap::new(),
        body: Bytes::from_static(b"body"),
    }
}
