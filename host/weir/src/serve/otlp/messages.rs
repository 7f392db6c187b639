//! OTLP's messages of what has ended and what was counted.

use std::collections::BTreeMap;

use gateway::{CallSpan, StateSpan};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use types::{Outcome, Timestamp};

/// A number that spreads the numbers of states over all span ids: the golden ratio's bits, which are odd.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// An export of these calls.
pub(super) fn spans(named: &BTreeMap<String, String>, calls: &[CallSpan]) -> ExportTraceServiceRequest {
    let spans = calls.iter().flat_map(of_call).collect();
    let scope_spans = vec![ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() }];
    let resource = Some(resource(named));
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}

/// An export of these metrics.
pub(super) fn metrics(named: &BTreeMap<String, String>, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
    let resource = Some(resource(named));
    let all = ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![all] }
}

/// A text attribute.
pub(super) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn number(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn scope() -> InstrumentationScope {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    InstrumentationScope { name: "weir".to_owned(), version, ..InstrumentationScope::default() }
}

fn resource(named: &BTreeMap<String, String>) -> Resource {
    let own = [text("service.version", env!("CARGO_PKG_VERSION"))];
    let attributes = named.iter().map(|(name, value)| text(name, value)).chain(own).collect();
    Resource { attributes, ..Resource::default() }
}

/// The call's span, and those of its states below it.
fn of_call(call: &CallSpan) -> impl Iterator<Item = Span> {
    let mut attributes = vec![
        text("http.request.method", &call.method),
        text("http.route", format!("/{}{}", call.api, call.route)),
        number("http.response.status_code", u64::from(call.status)),
        text("weir.api", &*call.api),
        number("weir.release", u64::from(call.release)),
        text("weir.call", call.call.to_string()),
        text("weir.outcome", call.outcome.as_str()),
        number("weir.fuel", call.fuel.get()),
    ];
    attributes.extend(call.error.iter().map(|error| text("error.type", error)));
    let own = Span {
        trace_id: call.trace.to_be_bytes().to_vec(),
        span_id: call.span.to_be_bytes().to_vec(),
        parent_span_id: call.parent.map(|parent| parent.to_be_bytes().to_vec()).unwrap_or_default(),
        name: format!("{} /{}{}", call.method, call.api, call.route),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: nanos(call.started),
        end_time_unix_nano: nanos(call.started.after(call.took)),
        attributes,
        // What a client did wrong is no error of the server's.
        status: (call.outcome != Outcome::Ok && call.status >= 500).then(failed),
        ..Span::default()
    };
    let states = call.states.iter().zip(1_u64..).map(|(state, number)| of_state(call, state, number));
    std::iter::once(own).chain(states)
}

fn of_state(call: &CallSpan, state: &StateSpan, nth: u64) -> Span {
    let outcome = match (state.left, &state.error, state.took) {
        (true, Some(_), _) => "recovered",
        (true, None, _) => "ok",
        (false, Some(_), _) => "failed",
        (false, None, _) => "unfinished",
    };
    let mut attributes = vec![
        text("weir.state", &state.state),
        number("weir.branch", state.branch),
        text("weir.outcome", outcome),
        number("weir.failures", u64::from(state.failures)),
        number("weir.fuel", state.fuel.get()),
    ];
    attributes.extend(state.error.iter().map(|error| text("error.type", error)));
    let ended = state.took.map_or_else(|| call.started.after(call.took), |took| state.started.after(took));
    Span {
        trace_id: call.trace.to_be_bytes().to_vec(),
        // Distinct for each state of a call, and never nothing: an odd factor loses no bits.
        span_id: (call.span ^ nth.wrapping_mul(SPREAD)).max(1).to_be_bytes().to_vec(),
        parent_span_id: call.span.to_be_bytes().to_vec(),
        name: state.state.clone(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanos(state.started),
        end_time_unix_nano: nanos(ended),
        attributes,
        status: (outcome == "failed").then(failed),
        ..Span::default()
    }
}

fn failed() -> Status {
    Status { code: StatusCode::Error.into(), ..Status::default() }
}

/// A moment as OTLP has it.
pub(super) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(0).saturating_mul(1_000)
}
