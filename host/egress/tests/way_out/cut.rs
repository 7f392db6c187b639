//! Requests whose call does not wait for their end.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use egress::{Limits, Line, OutBody, SendError};
use futures_util::StreamExt as _;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use crate::house::{House, get, send, text};
use crate::server::Server;

/// More than the sockets of two sides keep.
const LARGE: usize = 32 << 20;

/// Reads the head of a request, answers and reads no more. Gives its connection.
async fn early(socket: TcpSocket, answer: &'static [u8]) -> TcpStream {
    let listener = socket.listen(8).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(answer).await.unwrap();
    stream
}

fn socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

fn large(url: &str) -> Request<OutBody> {
    let body = Full::new(Bytes::from(vec![b'x'; LARGE])).map_err(|never: Infallible| match never {}).boxed_unsync();
    Request::builder().method("POST").uri(url).body(body).unwrap()
}

/// Waits until the API's only place is free again.
async fn place_is_free(line: &Line, url: &str) {
    let wait = async {
        while let Err(SendError::TooMany(_)) = send(line, get(url)).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap();
}

/// Sends a large request to a server that answers early, lets `receive` have what comes, and holds that the connection
/// has ended by the time that its place is free.
async fn ends_before_its_place<F: Future<Output = ()>>(
    answer: &'static [u8],
    receive: impl FnOnce(Result<http::Response<egress::InBody>, SendError>) -> F,
) {
    let other = Server::ok("").await;
    let socket = socket();
    let address = socket.local_addr().unwrap();
    let rule = |port| serde_json::json!({ "host": "127.0.0.1", "scheme": "http", "port": port });
    let rules = serde_json::json!([rule(address.port()), rule(other.address.port())]);
    let house = House::with(rules, |settings| settings.requests_of_an_api = 1);
    let line = house.line_of("shop", |limits: &mut Limits| {
        limits.request_body = types::ByteCount::mib(64);
        if answer.is_empty() {
            limits.first_byte = Duration::from_millis(200);
        }
    });
    let (mut stream, response) = tokio::join!(early(socket, answer), send(&line, large(&format!("http://{address}/"))));
    receive(response).await;
    let waiting = house.line_of("shop", |limits| limits.requests = 10_000);
    place_is_free(&waiting, &other.url()).await;
    let mut came = 0;
    let mut part = vec![0; 1 << 20];
    loop {
        match tokio::time::timeout(Duration::from_secs(5), stream.read(&mut part)).await.unwrap() {
            Ok(0) | Err(_) => break,
            Ok(count) => came += count,
        }
    }
    assert!(came < LARGE, "all of it was still sent");
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_that_still_sends_ends_with_its_answer() {
    ends_before_its_place(ANSWER, async |response| assert_eq!(text(response.unwrap()).await, "ok")).await;
}

#[tokio::test]
async fn a_connection_whose_answer_nobody_reads_ends() {
    ends_before_its_place(ANSWER, async |response| drop(response.unwrap())).await;
}

#[tokio::test]
async fn a_connection_without_an_answer_in_time_ends() {
    let late = async |response: Result<_, SendError>| {
        let error = response.err().unwrap();
        assert!(matches!(error, SendError::ResponseTimeout), "{error}");
    };
    ends_before_its_place(b"", late).await;
}

#[tokio::test]
async fn a_body_whose_call_is_over_does_not_pass_for_whole() {
    let socket = socket();
    let address = socket.local_addr().unwrap();
    let house = House::to(address);
    let line = house.line();
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let parts =
        futures_util::stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let body = StreamBody::new(parts.map(|part| Ok(Frame::data(part)))).boxed_unsync();
    let request = Request::builder().method("POST").uri(format!("http://{address}/")).body(body).unwrap();
    sender.send(Bytes::from_static(b"half")).await.unwrap();
    let (mut stream, response) = tokio::join!(early(socket, b"HTTP/1.1 200 OK\r\n\r\n"), send(&line, request));
    let _under_way = response.unwrap();
    line.end();
    drop(sender);
    let mut came = Vec::new();
    // A reset says as clearly that there is no more.
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut came)).await.unwrap().ok();
    assert_eq!(String::from_utf8_lossy(&came), "4\r\nhalf\r\n");
}
