//! Whether the process runs, and whether it takes calls. No token: load balancers ask.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};

use crate::house::Desk;

/// `GET /healthz`.
pub(crate) async fn healthz() -> Json<api::Health> {
    Json(api::Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// `GET /v1/openapi.json`.
pub(crate) async fn openapi() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(api::openapi::text);
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// `GET /readyz`: 503, with the reasons, while calls would be refused.
pub(crate) async fn readyz(State(desk): State<Desk>) -> (StatusCode, Json<api::Readiness>) {
    let checks = [
        (desk.house.draining.is_cancelled(), "the host is stopping"),
        (!desk.house.ledger.ready(), "the ledger cannot record calls"),
        (!desk.house.catalog.ready(), "the catalog takes no changes"),
    ];
    let reasons: Vec<String> =
        checks.iter().filter(|(fails, _)| *fails).map(|(_, reason)| (*reason).to_owned()).collect();
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(api::Readiness { ready, reasons }))
}
