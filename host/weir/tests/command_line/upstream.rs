//! A service on the internet, as a host sees it: a name, a certificate for it, and answers that a test decides on.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The name under which it is found, and one more that leads to it.
pub(crate) const NAMES: [&str; 2] = ["api.shop.example", "other.shop.example"];

/// A server over TLS under [`NAMES`], and a name server for which every name is this machine.
pub(crate) struct Upstream {
    pub(crate) port: u16,
    pub(crate) names: SocketAddr,
    /// Its certificate, in PEM.
    pub(crate) certificate: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// `answer` makes the whole response from the head of a request, with its body, and how many came before it.
    pub(crate) fn start(answer: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(NAMES.map(str::to_owned)).unwrap().self_signed(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let (config, asked, answer) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let keeps = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, asked, answer) = (Arc::clone(&config), Arc::clone(&keeps), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream.unwrap(), config, &asked, &*answer));
            }
        });
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let names = socket.local_addr().unwrap();
        std::thread::spawn(move || resolve(&socket));
        Self { port, names, certificate: certificate.pem(), asked }
    }

    /// Heads and bodies, as they came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The section of `host.toml` that lets requests go to its first name; the certificate is in `upstream.pem`.
    pub(crate) fn egress(&self) -> String {
        format!(
            "[egress]\nallow = [{{ host = \"{}\", port = {} }}]\nnameservers = [\"{}\"]\nca_file = \"upstream.pem\"\n\
             allow_loopback_for_development = true\n",
            NAMES[0], self.port, self.names
        )
    }
}

/// A response of JSON.
pub(crate) fn json(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    asked: &Mutex<Vec<String>>,
    answer: &(impl Fn(&str, usize) -> String + ?Sized),
) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    // A client that goes away ends its connection, and nothing else.
    while let Ok(count) = stream.read(&mut part) {
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() < length.map_or(0, |length| length.parse().unwrap()) {
            continue;
        }
        let before = {
            let mut asked = asked.lock().unwrap();
            asked.push(text.clone());
            asked.len() - 1
        };
        bytes.clear();
        if stream.write_all(answer(&text, before).as_bytes()).is_err() {
            return;
        }
    }
}

/// Says of every name that it is this machine, for a second.
fn resolve(socket: &UdpSocket) {
    const A: [u8; 2] = [0, 1];
    let mut question = [0; 512];
    loop {
        let (length, from) = socket.recv_from(&mut question).unwrap();
        let mut end = 12;
        while question[end] != 0 {
            end += usize::from(question[end]) + 1;
        }
        let is_v4 = question[end + 1..end + 3] == A;
        assert!(end + 5 <= length, "a question has a type and a class");
        let mut message = question[..2].to_vec();
        message.extend([0x81, 0x80, 0, 1, 0, u8::from(is_v4), 0, 0, 0, 0]);
        message.extend(&question[12..end + 5]);
        if is_v4 {
            message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
            message.extend(Ipv4Addr::LOCALHOST.octets());
        }
        socket.send_to(&message, from).unwrap();
    }
}
