//! Objects, as their owners put them there and read them.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::house::{Answer, Desk};

async fn put(desk: &Desk, token: &str, path: &str, body: Body) -> Answer {
    let request = Request::put(path).header("authorization", format!("Bearer {token}"));
    desk.send(request.body(body).unwrap()).await
}

fn keys(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_object_is_put_listed_page_by_page_read_back_and_deleted() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let large = vec![7_u8; 300_000];
    let made = put(&desk, &acme, "/v1/objects/orders/2026/may.csv", Body::from("sku,n\na,1\n")).await.expect(201);
    assert_eq!((&made["key"], &made["bytes"]), (&json!("2026/may.csv"), &json!(10)));
    put(&desk, &acme, "/v1/objects/orders/2026/june%20%3F.csv", Body::from(large.clone())).await.expect(201);
    put(&desk, &acme, "/v1/objects/orders/2026%2Fmay.csv", Body::from("sku,n\n")).await.expect(200);

    let first = desk.ask(&acme, "GET", "/v1/objects/orders?prefix=2026/&limit=1", Value::Null).await.expect(200);
    assert_eq!(keys(&first), ["2026/june ?.csv"]);
    assert_eq!(first["next"], "2026/june ?.csv");
    let rest = "/v1/objects/orders?prefix=2026/&limit=1&after=2026/june%20%3F.csv";
    let rest = desk.ask(&acme, "GET", rest, Value::Null).await.expect(200);
    assert_eq!((keys(&rest), rest.get("next")), (vec!["2026/may.csv"], None));

    let request =
        Request::get("/v1/objects/orders/2026/june%20%3F.csv").header("authorization", format!("Bearer {acme}"));
    let response = desk.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!((response.status().as_u16(), response.headers()["content-length"].to_str().unwrap()), (200, "300000"));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), large);

    let used = desk.ask(&acme, "GET", "/v1/objects", Value::Null).await.expect(200);
    assert_eq!((&used["objects"], &used["bytes"]), (&json!(2), &json!(300_006)));
    assert_eq!(used["buckets"], json!([{ "name": "orders", "bytes": 300_006, "objects": 2 }]));
    for key in ["2026/may.csv", "2026/june%20%3F.csv"] {
        desk.ask(&acme, "DELETE", &format!("/v1/objects/orders/{key}"), Value::Null).await.expect(200);
    }
    let gone = desk.ask(&acme, "GET", "/v1/objects/orders/2026/may.csv", Value::Null).await;
    gone.expect_problem(404, "not-found");
    assert_eq!(desk.ask(&acme, "GET", "/v1/objects", Value::Null).await.expect(200)["buckets"], json!([]));
}

#[tokio::test]
async fn an_object_is_its_owners_alone_and_an_operator_says_whose() {
    let desk = Desk::open().await;
    let ((_, acme), (_, foreign)) = (desk.provider("acme").await, desk.provider("foreign").await);
    put(&desk, &acme, "/v1/objects/orders/a", Body::from("x")).await.expect(201);
    desk.ask(&foreign, "GET", "/v1/objects/orders/a", Value::Null).await.expect_problem(404, "not-found");
    let named = "/v1/objects/orders/a?organisation=acme";
    desk.ask(&foreign, "GET", named, Value::Null).await.expect_problem(404, "not-found");
    let any = desk.ask(&desk.operator, "GET", "/v1/objects/orders/a", Value::Null).await;
    any.expect_problem(422, "unprocessable");
    desk.ask(&desk.operator, "DELETE", named, Value::Null).await.expect(200);
}

#[tokio::test]
async fn what_is_no_name_or_too_large_or_in_the_way_is_refused_and_nothing_is_left() {
    let desk = Desk::open().await;
    let (owner, acme) = desk.provider("acme").await;
    for path in
        ["/v1/objects/Orders/a", "/v1/objects/orders/a/%2E%2E/b", "/v1/objects/orders/a//b", "/v1/objects/orders/a%00"]
    {
        put(&desk, &acme, path, Body::from("x")).await.expect_problem(422, "unprocessable");
    }
    put(&desk, &acme, "/v1/objects/orders/a", Body::from("x")).await.expect(201);
    put(&desk, &acme, "/v1/objects/orders/a/b", Body::from("x")).await.expect_problem(409, "conflict");
    let request = Request::put("/v1/objects/orders/b")
        .header("authorization", format!("Bearer {acme}"))
        .header("content-length", (256_u64 << 20) + 1);
    desk.send(request.body(Body::empty()).unwrap()).await.expect_problem(413, "payload-too-large");
    // One whose end does not come is not there, and takes nothing away.
    let broken = futures_util::stream::iter([Ok(bytes::Bytes::from("half")), Err(std::io::Error::other("gone"))]);
    put(&desk, &acme, "/v1/objects/orders/a", Body::from_stream(broken)).await.expect_problem(400, "request-invalid");
    let used = desk.workflows.objects(owner).used().unwrap();
    assert_eq!((used.bytes, used.objects), (1, 1));
    assert_eq!(desk.workflows.objects(owner).list("orders", ("", ""), 10).unwrap().len(), 1);
}
