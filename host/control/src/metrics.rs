//! `GET /metrics`: what the host counts, as Prometheus reads it. No token, as for `/healthz`: it names APIs and no
//! consumer, and the control plane is not for the public.

use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `router`, with `/metrics` answered by `text`, which is called for each request.
pub fn exposing<F>(router: Router, text: impl Fn() -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = String> + Send + 'static,
{
    router.route("/metrics", get(async move || ([(CONTENT_TYPE, TEXT)], text().await)))
}
