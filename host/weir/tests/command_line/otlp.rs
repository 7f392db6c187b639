//! What a host exports to a collector, over a socket.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;

use crate::host::Place;
use crate::traces::{call_with, lines, open, open_pay};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector: it answers 200 to every export, and keeps them by their path.
struct Collector {
    url: String,
    kept: Arc<(Mutex<Vec<(String, Vec<u8>)>>, Condvar)>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let keeps = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let keeps = Arc::clone(&keeps);
                std::thread::spawn(move || serve(stream.unwrap(), &keeps));
            }
        });
        Self { url, kept }
    }

    /// Waits until what came has what is looked for.
    fn wait_for<T>(&self, find: impl Fn(&[(String, Vec<u8>)]) -> Option<T>) -> T {
        let (kept, more) = &*self.kept;
        let guard = kept.lock().unwrap();
        let wait = Duration::from_secs(30);
        let (guard, _) = more.wait_timeout_while(guard, wait, |kept| find(kept).is_none()).unwrap();
        find(&guard).unwrap_or_else(|| panic!("{:?}", guard.iter().map(|(head, _)| head).collect::<Vec<_>>()))
    }
}

fn serve(mut stream: std::net::TcpStream, kept: &(Mutex<Vec<(String, Vec<u8>)>>, Condvar)) {
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap_or_else(|| panic!("{head}")).parse().unwrap();
        if bytes.len() < end + 4 + length {
            continue;
        }
        let body = bytes.split_off(end + 4);
        bytes.clear();
        kept.0.lock().unwrap().push((head, body));
        kept.1.notify_all();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

fn spans(kept: &[(String, Vec<u8>)]) -> Vec<Span> {
    let exports = kept.iter().filter(|(head, _)| head.starts_with("post /v1/traces "));
    let exports = exports.map(|(_, body)| ExportTraceServiceRequest::decode(&body[..]).unwrap());
    exports.flat_map(|export| export.resource_spans).flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn attributes(of: &[KeyValue]) -> BTreeMap<String, String> {
    let shown = |value: Value| match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let value = |of: &KeyValue| shown(of.value.clone().unwrap().value.unwrap());
    of.iter().map(|of| (of.key.clone(), value(of))).collect()
}

#[test]
fn a_call_is_a_span_below_its_clients_with_one_for_each_state() {
    let collector = Collector::start();
    let place = Place::new();
    let host = place.start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b"),
        ("OTEL_SERVICE_NAME", "weir-of-a-test"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ]);
    open_pay(&place);
    let key = open(&place, "orders", "", &lines());
    let call = call_with(&place, ("orders", &key), &json!([7]), &format!("traceparent: 00-{TRACE}-{PARENT}-01"));
    call_with(
        &place,
        ("orders", &key),
        &json!([7]),
        "traceparent: 00-00000000000000000000000000000001-00f067aa0ba902b7-00",
    );
    let failed = call_with(&place, ("orders", &key), &json!([]), "x-none: 1");

    let named = |spans: &[Span], id: &str| {
        let is = |span: &&Span| attributes(&span.attributes).get("weir.call").is_some_and(|call| call == id);
        spans.iter().find(is).cloned()
    };
    let (own, all) = collector.wait_for(|kept| {
        let spans = spans(kept);
        named(&spans, &failed)?;
        Some((named(&spans, &call)?, spans))
    });
    assert_eq!((hex(&own.trace_id), hex(&own.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    let of = attributes(&own.attributes);
    assert_eq!((&own.name[..], &of["http.route"][..]), ("POST /orders/", "/orders/"));
    assert_eq!((&of["http.response.status_code"][..], &of["weir.outcome"][..]), ("200", "ok"));
    assert!(of["weir.fuel"].parse::<u64>().unwrap() > 0 && own.status.is_none(), "{own:?}");
    assert!(own.end_time_unix_nano > own.start_time_unix_nano);
    let states: Vec<_> = all.iter().filter(|span| span.parent_span_id == own.span_id).collect();
    assert_eq!(states.iter().map(|span| &span.name[..]).collect::<Vec<_>>(), ["Any?", "Lines", "Pay"]);
    assert!(states.iter().all(|span| hex(&span.trace_id) == TRACE && span.span_id != own.span_id));
    let pay = attributes(&states[2].attributes);
    assert!(pay["weir.fuel"].parse::<u64>().unwrap() > 0 && pay["weir.branch"] != "0", "{pay:?}");

    let own = named(&all, &failed).unwrap();
    let of = attributes(&own.attributes);
    assert_eq!((own.status.clone().unwrap().code, &of["weir.outcome"][..]), (2, "guest_error"));
    assert!(own.parent_span_id.is_empty());
    let state = all.iter().find(|span| span.parent_span_id == own.span_id && span.name == "None").unwrap();
    assert_eq!(attributes(&state.attributes)["error.type"], "Order.Empty");
    let calls = all.iter().filter(|span| attributes(&span.attributes).contains_key("weir.call")).count();
    assert_eq!(calls, 2, "the client of the second call samples nothing");
    let heads: Vec<String> = collector.kept.0.lock().unwrap().iter().map(|(head, _)| head.clone()).collect();
    assert!(heads.iter().all(|head| head.contains("x-tenant: a b") && head.contains("application/x-protobuf")));
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn what_metrics_has_is_exported_by_the_same_names_and_a_last_time_at_the_end() {
    let collector = Collector::start();
    let place = Place::new();
    let host = place.start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]);
    open_pay(&place);
    let key = open(&place, "orders", "", &lines());
    call_with(&place, ("orders", &key), &json!([7]), "x-none: 1");
    assert_eq!(host.stop().0, Some(0), "the usual intervals are longer than this test: all comes at the end");
    let kept = collector.kept.0.lock().unwrap();
    assert_eq!(spans(&kept).iter().filter(|span| span.kind == 2).count(), 1);
    let (_, body) = kept.iter().find(|(head, _)| head.starts_with("post /v1/metrics ")).unwrap();
    let export = ExportMetricsServiceRequest::decode(&body[..]).unwrap();
    let of = &export.resource_metrics[0];
    assert_eq!(attributes(&of.resource.as_ref().unwrap().attributes)["service.name"], "weir");
    let metrics = &of.scope_metrics[0].metrics;
    let data = |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap().data.clone().unwrap();
    let Data::Sum(units) = data("weir_usage_units_total") else { panic!("a counter is a sum") };
    let billed = units.data_points.iter().find(|point| {
        let of = attributes(&point.attributes);
        of["api"] == "orders" && of["object"] == "requests" && of["billable"] == "true"
    });
    assert_eq!(billed.unwrap().value, Some(number_data_point::Value::AsInt(1)));
    assert!(units.is_monotonic && billed.unwrap().start_time_unix_nano > 0);
    let Data::Histogram(requests) = data("http_server_request_duration_seconds") else { panic!("a histogram") };
    let point = &requests.data_points[0];
    assert_eq!((point.count, point.bucket_counts.len(), point.explicit_bounds.len()), (1, 15, 14));
    assert!((point.explicit_bounds[0] - 0.005).abs() < 1e-9 && point.sum.unwrap() > 0.0);
    assert!(matches!(data("weir_connections"), Data::Gauge(_)));
}

#[test]
fn a_collector_that_is_not_there_holds_up_no_call_and_is_told_once() {
    let place = Place::new();
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}");
    let host = place.start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ]);
    open_pay(&place);
    let key = open(&place, "orders", "", &lines());
    for _ in 0..5 {
        call_with(&place, ("orders", &key), &json!([]), "x-none: 1");
    }
    let calls = place.run(&["--json", "calls", "--api", "orders"]).expect_success();
    let calls: serde_json::Value = serde_json::from_str(&calls).unwrap();
    assert_eq!(calls["items"].as_array().unwrap().len(), 5);
    host.wait_for_log("OTLP: an export failed");
    let (code, log) = host.stop();
    assert_eq!((code, log.matches("OTLP: an export failed").count()), (Some(0), 1), "{log}");
}

#[test]
fn what_is_not_understood_of_the_environment_stops_the_start_by_name() {
    let place = Place::new();
    let data = place.data();
    let environment = [
        ("WEIR_DATA", data.to_str().unwrap()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    place.run_as(&environment, &["serve"]).expect_failure(&["OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"]);
}
