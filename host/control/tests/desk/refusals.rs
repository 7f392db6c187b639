//! Bad input: each kind gets a problem document that says what is wrong.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use types::Digest;

use crate::access::things_of;
use crate::house::Desk;

fn post(desk: &Desk, kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method("POST")
        .uri("/v1/organisations")
        .header("authorization", format!("Bearer {}", desk.operator))
        .header("content-type", kind)
        .body(body.into())
        .unwrap()
}

#[tokio::test]
async fn a_body_that_is_not_what_the_route_takes_is_explained() {
    let desk = Desk::open().await;
    let broken = desk.send(post(&desk, "application/json", "{\"name\":")).await;
    broken.expect_problem(400, "request-invalid");
    let unknown = desk.send(post(&desk, "application/json; charset=utf-8", "{\"name\":\"a\",\"nmae\":1}")).await;
    unknown.expect_problem(400, "request-invalid");
    assert!(unknown.json["detail"].as_str().unwrap().contains("nmae"), "{}", unknown.json);
    desk.send(post(&desk, "application/json", "[\"acme\"]")).await.expect_problem(400, "request-invalid");
    let control = desk.send(post(&desk, "application/json", "{\"name\":\"a\\u0007b\"}")).await;
    control.expect_problem(400, "request-invalid");
    desk.send(post(&desk, "application/json", "")).await.expect_problem(400, "request-invalid");
    desk.send(post(&desk, "text/plain", "name")).await.expect_problem(415, "unsupported-media-type");
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(1_100_000));
    desk.send(post(&desk, "application/json", large)).await.expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_a_problem_too() {
    let desk = Desk::open().await;
    desk.ask("", "GET", "/v2/apis", Value::Null).await.expect_problem(404, "not-found");
    desk.ask("", "GET", "/v1", Value::Null).await.expect_problem(404, "not-found");
    let answer = desk.ask("", "DELETE", "/v1/apis", Value::Null).await;
    answer.expect_problem(405, "method-not-allowed");
    let allow = answer.headers["allow"].to_str().unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}

#[tokio::test]
async fn a_query_that_is_mistyped_is_refused_and_not_ignored() {
    let desk = Desk::open().await;
    for path in [
        "/v1/calls?aip=vat",
        "/v1/calls?limit=0",
        "/v1/calls?outcome=fine",
        "/v1/usage",
        "/v1/apis?limit=x",
        "/v1/apis?after=",
        "/v1/apis?after=app_01JD3W0000000000000000000A",
    ] {
        desk.ask(&desk.operator, "GET", path, Value::Null).await.expect_problem(400, "request-invalid");
    }
}

#[tokio::test]
async fn what_a_provider_got_wrong_is_named_by_its_field() {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let component = desk.component().await;
    let slug = desk.ask(&token, "POST", "/v1/apis", json!({"slug": "Vat!", "title": "VAT"})).await;
    slug.expect_problem(400, "request-invalid");
    assert_eq!(slug.json["errors"][0]["pointer"], "/slug");
    desk.ask(&token, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);

    let absent = json!({"component": Digest::of(b"absent"), "world": "http", "routes": []});
    let absent = desk.ask(&token, "POST", "/v1/apis/vat/releases", absent).await;
    assert_eq!(absent.json["errors"][0]["pointer"], "/component");
    let world = json!({"component": component, "world": "task"});
    let world = desk.ask(&token, "POST", "/v1/apis/vat/releases", world).await;
    assert_eq!(world.json["errors"][0]["pointer"], "/world");
    let price = json!({"name": "PRO", "price": "19,90"});
    let price = desk.ask(&token, "POST", "/v1/apis/vat/plans", price).await;
    assert_eq!(price.json["errors"][0]["pointer"], "/price");
    let live = desk.ask(&token, "PUT", "/v1/apis/vat/live", json!({"release": 7})).await;
    live.expect_problem(404, "not-found");
}

#[tokio::test]
async fn what_the_document_allows_and_cannot_be_done_is_told_from_what_it_does_not_allow() {
    let desk = Desk::open().await;
    for (method, path, body, field) in [
        ("POST", "/v1/apps", json!({"name": "web"}), "/organisation"),
        ("GET", "/v1/schedules", Value::Null, "/organisation"),
        ("POST", "/v1/tokens", json!({"role": "operator", "organisation": "acme"}), "/organisation"),
    ] {
        let answer = desk.ask(&desk.operator, method, path, body).await;
        answer.expect_problem(422, "unprocessable");
        assert_eq!(answer.json["errors"][0]["pointer"], field, "{path}");
    }
}

#[tokio::test]
async fn a_whole_number_is_an_integer_however_it_is_written() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    things_of(&desk, &acme).await;
    let live = |release: &str| {
        let body = Body::from(format!("{{\"release\":{release}}}"));
        let head = Request::builder().method("PUT").uri("/v1/apis/vat/live").header("if-match", "*");
        head.header("authorization", format!("Bearer {acme}")).body(body).unwrap()
    };
    desk.send(live("1.0")).await.expect(200);
    desk.send(live("10e-1")).await.expect(200);
    for wrong in ["1.5", "-1.0", "1e30"] {
        desk.send(live(wrong)).await.expect_problem(400, "request-invalid");
    }
}

fn put(desk: &Desk, digest: &Digest, body: Body) -> Request<Body> {
    Request::builder()
        .method("PUT")
        .uri(format!("/v1/components/{digest}"))
        .header("authorization", format!("Bearer {}", desk.operator))
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn an_upload_under_another_digest_is_refused() {
    let desk = Desk::open().await;
    let text = b"this is no component".as_slice();
    let other = desk.send(put(&desk, &Digest::of(b"other"), Body::from(text))).await;
    other.expect_problem(422, "unprocessable");
    assert!(other.json["detail"].as_str().unwrap().contains(&Digest::of(text).to_string()));
}

#[tokio::test]
async fn an_upload_is_cut_off_at_the_cap_whether_its_length_is_declared_or_not() {
    let desk = Desk::open().await;
    let bytes = vec![0_u8; 9 * 1024 * 1024];
    let digest = Digest::of(&bytes);
    let mut declared = put(&desk, &digest, Body::empty());
    declared.headers_mut().insert("content-length", http::HeaderValue::from(209_715_200_u32));
    desk.send(declared).await.expect_problem(413, "payload-too-large");
    let chunks = bytes.chunks(64 * 1024).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
    let streamed = put(&desk, &digest, Body::from_stream(futures_util::stream::iter(chunks)));
    desk.send(streamed).await.expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_host_that_stops_says_so_to_who_asks_whether_it_is_ready() {
    let desk = Desk::open().await;
    desk.ask("", "GET", "/healthz", Value::Null).await.expect(200);
    desk.ask("", "GET", "/readyz", Value::Null).await.expect(200);
    desk.draining.cancel();
    let stopping = desk.ask("", "GET", "/readyz", Value::Null).await.expect(503);
    assert_eq!(stopping["reasons"], json!(["the host is stopping"]));
    desk.ask("", "GET", "/healthz", Value::Null).await.expect(200);
}

#[tokio::test]
async fn the_list_of_routes_names_every_method_that_is_served() {
    let desk = Desk::open().await;
    let paths: std::collections::BTreeSet<&str> = control::ROUTES.iter().map(|(_, path, _)| *path).collect();
    for path in paths {
        let answer = desk.ask("", "TRACE", path, Value::Null).await;
        answer.expect_problem(405, "method-not-allowed");
        let mut allowed: Vec<&str> = answer.headers["allow"].to_str().unwrap().split(',').map(str::trim).collect();
        // HEAD comes with GET.
        allowed.retain(|method| *method != "HEAD");
        allowed.sort_unstable();
        let mut listed: Vec<&str> =
            control::ROUTES.iter().filter(|(_, listed, _)| *listed == path).map(|(method, ..)| *method).collect();
        listed.sort_unstable();
        assert_eq!(allowed, listed, "{path}");
    }
}
