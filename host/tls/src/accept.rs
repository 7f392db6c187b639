//! Handshakes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The first byte of every TLS connection: a handshake record.
const HANDSHAKE: u8 = 22;
/// What a client is told that speaks plain HTTP here.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 50\r\n\
    connection: close\r\n\r\nThis port speaks TLS: begin the URL with https://\n";

/// TLS of one listener. Cheap to clone; all clones have the same certificates at every moment.
#[derive(Debug, Clone)]
pub struct Tls {
    current: Arc<ArcSwap<ServerConfig>>,
}

/// Why a connection did not come to be.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The client did not finish it in time.
    #[error("the handshake was not finished in time")]
    TooSlow,
    /// The client speaks something else. It has been told so.
    #[error("the client does not speak TLS")]
    NotTls,
    /// It failed, or the client went away.
    #[error("the handshake failed")]
    Failed(#[from] io::Error),
}

impl Tls {
    pub(crate) fn new(current: Arc<ArcSwap<ServerConfig>>) -> Self {
        Self { current }
    }

    /// Does the handshake on a fresh connection, with the certificates of this moment.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`]: the connection is over, and that is the client's affair.
    pub async fn accept(&self, socket: TcpStream, within: Duration) -> Result<TlsStream<TcpStream>, HandshakeError> {
        let acceptor = TlsAcceptor::from(self.current.load_full());
        let handshake = async move {
            let mut first = [0];
            let seen = socket.peek(&mut first).await?;
            if seen == 1 && first != [HANDSHAKE] {
                return Err(refuse(socket).await);
            }
            Ok(acceptor.accept(socket).await?)
        };
        tokio::time::timeout(within, handshake).await.unwrap_or(Err(HandshakeError::TooSlow))
    }
}

/// Best effort: who sends anything else than TLS may not read HTTP either.
async fn refuse(mut socket: TcpStream) -> HandshakeError {
    let told = socket.write_all(PLAIN).await;
    // What has come and is not read would turn the answer into a reset.
    let mut rest = [0; 4_096];
    match told.and_then(|()| socket.try_read(&mut rest)) {
        Ok(_) => drop(socket.shutdown().await),
        Err(error) => drop(error),
    }
    HandshakeError::NotTls
}
