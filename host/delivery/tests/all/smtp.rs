//! A mail server: a socket that speaks SMTP, with TLS or in the clear, and keeps what it is given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_util::task::TaskTracker;

pub(crate) struct Smtp {
    pub(crate) port: u16,
    /// What clients said, line by line, one text for each connection that ended.
    conversations: Arc<Mutex<Vec<String>>>,
    /// What the server answers to RCPT.
    rcpt: Arc<Mutex<&'static str>>,
}

/// A certificate for localhost, in PEM, and what serves with it.
pub(crate) fn certificate() -> (Vec<u8>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    (made.cert.pem().into_bytes(), TlsAcceptor::from(Arc::new(config)))
}

impl Smtp {
    pub(crate) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (conversations, rcpt) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Mutex::new("250 ok")));
        let tasks = TaskTracker::new();
        let (inner, kept, answers) = (tasks.clone(), Arc::clone(&conversations), Arc::clone(&rcpt));
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, answers, tls) = (Arc::clone(&kept), Arc::clone(&answers), tls.clone());
                inner.spawn(async move {
                    let said = match tls {
                        None => speak(stream, &answers).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => speak(stream, &answers).await,
                            Err(error) => format!("no TLS: {error}"),
                        },
                    };
                    kept.lock().unwrap().push(said);
                });
            }
        });
        Self { port, conversations, rcpt }
    }

    pub(crate) fn answers_rcpt(&self, answer: &'static str) {
        *self.rcpt.lock().unwrap() = answer;
    }

    /// What was said, once there were `count` conversations.
    pub(crate) async fn until(&self, count: usize) -> Vec<String> {
        for _ in 0..1_000 {
            // Without the breaks that the encoding puts into long lines.
            let said: Vec<_> =
                self.conversations.lock().unwrap().iter().map(|said| said.replace("=\r\n", "")).collect();
            if said.len() >= count {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{:?}", self.conversations.lock().unwrap());
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, rcpt: &Mutex<&'static str>) -> String {
    let mut stream = BufReader::new(stream);
    let (mut said, mut in_data) = (String::new(), false);
    if stream.write_all(b"220 test\r\n").await.is_err() {
        return said;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
            return said;
        }
        said.push_str(&line);
        let word = line.trim_end().to_ascii_uppercase();
        let answer = match word.split(' ').next().unwrap_or_default() {
            "." if in_data => {
                in_data = false;
                "250 taken as 42"
            }
            _ if in_data => continue,
            "EHLO" => "250-test\r\n250 AUTH PLAIN",
            "AUTH" => "235 ok",
            "RCPT" => *rcpt.lock().unwrap(),
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return said;
        }
    }
}
