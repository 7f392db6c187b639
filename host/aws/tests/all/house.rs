//! A service that proves every signature, and tasks that ask it.

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
pub(crate) type Answer = (u16, Vec<(&'static str, &'static str)>, &'static str);
/// What it was asked: `METHOD PATH`, the headers, the body.
pub(crate) type Asked = (String, BTreeMap<String, String>, String);

pub(crate) struct House {
    pub(crate) aws: Aws,
    pub(crate) organisation: OrganisationId,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

/// One that always answers the same.
pub(crate) async fn house(signed_for: &'static str, answer: Answer) -> House {
    house_that(signed_for, move |_| answer.clone()).await
}

/// One that answers as `answer` decides by what it is asked.
pub(crate) async fn house_that(
    signed_for: &'static str,
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> House {
    let answer = Arc::new(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let tasks = TaskTracker::new();
    let connections = tasks.clone();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
            let service = service_fn(move |request: Request<Incoming>| {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    prove(&parts, &body, signed_for);
                    let headers = parts.headers.iter();
                    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                    let line = format!("{} {}", parts.method, parts.uri);
                    let asked = (line, headers.collect(), String::from_utf8(body.to_vec()).unwrap());
                    let (status, headers, body) = answer(&asked);
                    noted.lock().unwrap().push(asked);
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
    pub(crate) async fn ask(&self, resource: &str, parameters: Value) -> Result<Value, ServiceFault> {
        let task = self.aws.task((self.organisation, "acme"), resource);
        let task = task.unwrap_or_else(|| panic!("{resource} is offered"));
        let before = self.asked.lock().unwrap().len();
        let answer = task.perform(&parameters, "one").await;
        let (asked, sent) = (self.asked.lock().unwrap().len() - before, task.end());
        assert_eq!((usize::try_from(sent.requests).unwrap(), u64::from(sent.bytes) > 0), (asked, asked > 0));
        answer
    }

    pub(crate) fn one(&self) -> Asked {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}
