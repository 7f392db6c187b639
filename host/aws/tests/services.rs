//! Tasks of services, against a listener that proves every signature and answers as the services do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws::{Aws, Endpoints, ServiceFault, Settings};
use bytes::Bytes;
use egress::{Egress, Secrets};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sigv4::Presented;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use types::{Clock, HostKey, OrganisationId, SecretName, SecretValue};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct NoSecrets;

impl Secrets for NoSecrets {
    fn value(&self, _: OrganisationId, _: &SecretName) -> Option<SecretValue> {
        None
    }
}

/// What a service answers: the status, the headers, the body.
type Answer = (u16, Vec<(&'static str, &'static str)>, &'static str);

struct House {
    aws: Aws,
    organisation: OrganisationId,
    /// What the service was asked, as `METHOD PATH`, the headers that matter, and the body.
    asked: Arc<Mutex<Vec<(String, BTreeMap<String, String>, String)>>>,
}

async fn house(signed_for: &'static str, answer: Answer) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let tasks = TaskTracker::new();
    let connections = tasks.clone();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (noted, answer) = (Arc::clone(&noted), answer.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let (noted, answer) = (Arc::clone(&noted), answer.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    prove(&parts, &body, signed_for);
                    let headers = parts.headers.iter();
                    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                    let line = format!("{} {}", parts.method, parts.uri);
                    noted.lock().unwrap().push((line, headers.collect(), String::from_utf8(body.to_vec()).unwrap()));
                    let (status, headers, body) = answer;
                    let mut response = Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    Ok::<_, Infallible>(response.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap())
                }
            });
            connections
                .spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let place = json!([{ "host": "127.0.0.1", "scheme": "http", "port": address.port() }]);
    let policy = egress::Settings {
        allow: serde_json::from_value(place).unwrap(),
        loopback_for_development: true,
        ..egress::Settings::closed(HostKey::generate())
    };
    let clock = Clock::system();
    let egress = Egress::open(&policy, Arc::new(NoSecrets), clock.clone()).unwrap();
    let settings = Settings {
        endpoints: Endpoints { all: Some(format!("http://{address}/")), by_service: BTreeMap::new() },
        region: "eu-central-1".to_owned(),
        access_key_id: "AKIDEXAMPLE00001".to_owned(),
        secret: SecretValue::new(SECRET.to_owned()),
        session_token: None,
        organisations: vec!["acme".to_owned()],
    };
    House { aws: Aws::new(settings, egress, clock), organisation: OrganisationId::from_u128(1), asked }
}

/// The request is signed as the service wants it.
fn prove(parts: &Parts, body: &[u8], service: &str) {
    let claim = Presented::read(parts, service, Clock::system().now()).unwrap();
    assert_eq!((claim.access_key_id(), &*claim.scope().region), ("AKIDEXAMPLE00001", "eu-central-1"));
    claim.verify(parts, body, &SecretValue::new(SECRET.to_owned())).unwrap();
}

impl House {
    async fn ask(&self, resource: &str, parameters: Value) -> Result<Value, ServiceFault> {
        let task = self.aws.task((self.organisation, "acme"), resource);
        let task = task.unwrap_or_else(|| panic!("{resource} is offered"));
        let before = self.asked.lock().unwrap().len();
        let answer = task.perform(&parameters, "one").await;
        let (asked, sent) = (self.asked.lock().unwrap().len() - before, task.end());
        assert_eq!((usize::try_from(sent.requests).unwrap(), u64::from(sent.bytes) > 0), (asked, asked > 0));
        answer
    }

    fn one(&self) -> (String, BTreeMap<String, String>, String) {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_out_as_text_and_its_id_comes_back() {
    let house = house("sqs", (200, vec![], r#"{"MessageId": "m1", "MD5OfMessageBody": "x"}"#)).await;
    let parameters = json!({ "QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/q", "MessageBody": { "n": 1 } });
    let sent = house.ask("arn:aws:states:::sqs:sendMessage", parameters).await.unwrap();
    assert_eq!(sent["MessageId"], "m1");
    let (line, headers, body) = house.one();
    assert_eq!((&*line, &*headers["x-amz-target"]), ("POST /", "AmazonSQS.SendMessage"));
    assert_eq!((&*headers["content-type"], &*headers["amz-sdk-invocation-id"]), ("application/x-amz-json-1.0", "one"));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["MessageBody"], r#"{"n":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_the_services_own_error() {
    let body = r#"{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}"#;
    let house = house("dynamodb", (400, vec![], body)).await;
    let failed = house.ask("arn:aws:states:::dynamodb:putItem", json!({ "TableName": "t" })).await.unwrap_err();
    assert_eq!(failed.error, "DynamoDB.ConditionalCheckFailedException");
    assert!(failed.cause.starts_with("no (Service: DynamoDB, Status Code: 400)"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_takes_forms_and_answers_in_xml_is_asked_likewise() {
    let answer = "<PublishResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'><PublishResult><MessageId>94f</MessageId>\
                  </PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>";
    let house = house("sns", (200, vec![("content-type", "text/xml")], answer)).await;
    let attributes = json!({ "kind": { "DataType": "String", "StringValue": "a b" } });
    let parameters = json!({ "TopicArn": "arn:t", "Message": { "n": 1 }, "MessageAttributes": attributes });
    assert_eq!(house.ask("arn:aws:states:::sns:publish", parameters).await.unwrap(), json!({ "MessageId": "94f" }));
    let (_, _, body) = house.one();
    let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!((&*form["Action"], &*form["Version"], &*form["Message"]), ("Publish", "2010-03-31", r#"{"n":1}"#));
    assert_eq!(form["MessageAttributes.entry.1.Name"], "kind");
    assert_eq!(form["MessageAttributes.entry.1.Value.StringValue"], "a b");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_methods_on_paths() {
    let house = house("s3", (200, vec![("etag", "\"e\""), ("content-type", "text/plain")], "hello")).await;
    let object = json!({ "Bucket": "orders", "Key": "2026/a b+c.txt" });
    let read = house.ask("arn:aws:states:::aws-sdk:s3:getObject", object).await.unwrap();
    assert_eq!((&read["Body"], &read["ContentLength"], &read["ETag"]), (&json!("hello"), &json!(5), &json!("\"e\"")));
    assert_eq!(house.one().0, "GET /orders/2026/a%20b%2Bc.txt");
    let missing = house.ask("arn:aws:states:::aws-sdk:s3:getObject", json!({ "Bucket": "orders" })).await.unwrap_err();
    assert_eq!(missing.error, "States.Runtime");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_and_its_failure_is_its_own_error() {
    let house_of = async |headers: Vec<(&'static str, &'static str)>, body| house("lambda", (200, headers, body)).await;
    let invoke = json!({ "FunctionName": "pay", "Payload": { "n": 1 } });
    let well = house_of(vec![("x-amz-executed-version", "$LATEST")], r#"{"paid": true}"#).await;
    let answer = well.ask("arn:aws:states:::lambda:invoke", invoke.clone()).await.unwrap();
    let expected = json!({ "ExecutedVersion": "$LATEST", "Payload": { "paid": true }, "StatusCode": 200 });
    assert_eq!(answer, expected);
    let (line, _, body) = well.one();
    assert_eq!((&*line, &*body), ("POST /2015-03-31/functions/pay/invocations", r#"{"n":1}"#));
    let told = r#"{"errorType": "CardDeclined", "errorMessage": "no"}"#;
    let ill = house_of(vec![("x-amz-function-error", "Unhandled")], told).await;
    assert_eq!(ill.ask("arn:aws:states:::lambda:invoke", invoke).await.unwrap_err().error, "CardDeclined");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_the_operator_does_not_name_is_offered_nothing_and_nothing_leaves() {
    let house = house("sqs", (200, vec![], "{}")).await;
    let task = house.aws.task((house.organisation, "other"), "arn:aws:states:::sqs:sendMessage");
    assert!(task.is_none(), "{task:?}");
    let unknown = house.aws.task((house.organisation, "acme"), "arn:aws:states:::braket:createQuantumTask");
    assert!(unknown.is_none(), "{unknown:?}");
    assert!(house.asked.lock().unwrap().is_empty());
}
