//! TLS for the name that was asked for, and secrets, which go nowhere without it.

use std::net::IpAddr;
use std::sync::Arc;

use egress::{Denied, SendError};
use http::HeaderValue;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::house::{House, get, send, text};
use crate::server::{Act, Server};

async fn server(names: &[&str]) -> (Server, Vec<u8>) {
    server_with(names, Act::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec())).await
}

/// A server with a certificate of its own for these names, and that certificate in PEM.
pub(crate) async fn server_with(names: &[&str], answer: Act) -> (Server, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let server = Server::start_with(answer, Some(TlsAcceptor::from(Arc::new(config)))).await;
    let pem = pem(certificate.der());
    (server, pem)
}

fn pem(der: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes()
}

fn house(server: &Server, roots: Option<Vec<u8>>) -> House {
    let rules = serde_json::json!([
        { "host": "127.0.0.1", "port": server.address.port() },
        { "host": "127.0.0.1", "scheme": "http", "port": server.address.port() },
    ]);
    House::with(rules, |settings| settings.extra_roots = roots)
}

#[tokio::test]
async fn a_certificate_of_the_operators_own_is_trusted_and_others_are_not() {
    let (server, pem) = server(&["127.0.0.1"]).await;
    let url = format!("https://{}/", server.address);
    assert_eq!(text(send(&house(&server, Some(pem)).line(), get(&url)).await.unwrap()).await, "ok");
    let error = send(&house(&server, None).line(), get(&url)).await.err().unwrap();
    assert!(matches!(error, SendError::Tls(_)), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (server, pem) = server(&["other.example", "127.0.0.2"]).await;
    assert!("127.0.0.2".parse::<IpAddr>().is_ok());
    let line = house(&server, Some(pem)).line();
    let error = send(&line, get(&format!("https://{}/", server.address))).await.err().unwrap();
    assert!(matches!(error, SendError::Tls(_)), "{error}");
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_does_not_travel_in_the_clear_or_to_another_host() {
    let (server, pem) = server(&["127.0.0.1"]).await;
    let line = house(&server, Some(pem)).line();
    for scheme in ["http", "https"] {
        let mut request = get(&format!("{scheme}://{}/", server.address));
        request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer weir-secret-0"));
        let error = send(&line, request).await.err().unwrap();
        assert!(matches!(error, SendError::Denied(Denied::SecretNotBound(_))), "{error}");
    }
    assert_eq!(server.connections(), 0);
    assert!(line.used().faults.iter().all(|fault| !fault.contains("s3cr3t")));
}

#[tokio::test]
async fn a_head_is_measured_again_with_its_secrets_in_it() {
    let house = House::with(serde_json::json!([{ "host": "api.shop.example" }]), |_| {});
    let mut request = get("https://api.shop.example/");
    for header in ["x-0", "x-1", "x-2", "x-3"] {
        request.headers_mut().insert(header, HeaderValue::from_static("weir-secret-1"));
    }
    let error = send(&house.line(), request).await.err().unwrap();
    assert!(matches!(error, SendError::Denied(Denied::HeadTooLarge)), "{error}");
}

#[tokio::test]
async fn a_placeholder_outside_of_a_header_goes_nowhere() {
    let (server, pem) = server(&["127.0.0.1"]).await;
    let line = house(&server, Some(pem)).line();
    for path in ["weir-secret-0", "?key=weir-secret-0"] {
        let error = send(&line, get(&format!("https://{}/{path}", server.address))).await.err().unwrap();
        assert!(matches!(error, SendError::Denied(Denied::SecretMisplaced(_))), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_secret_reaches_its_host_in_its_header() {
    let (server, pem) = server(&["api.shop.example"]).await;
    let names = crate::names::names_of("127.0.0.1").await;
    let rules = serde_json::json!([{ "host": "api.shop.example", "port": server.address.port() }]);
    let house = House::with(rules, |settings| {
        settings.extra_roots = Some(pem);
        settings.nameservers = vec![names];
    });
    let mut request = get(&format!("https://api.shop.example:{}/", server.address.port()));
    request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer weir-secret-0"));
    assert_eq!(text(send(&house.line(), request).await.unwrap()).await, "ok");
    assert!(server.asked()[0].contains("authorization: Bearer s3cr3t\r\n"), "{}", server.asked()[0]);
}
