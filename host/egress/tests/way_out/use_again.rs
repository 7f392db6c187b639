//! Connections that serve more than one request, and those that do not.

use std::time::Duration;

use crate::house::{House, get, send, text};
use crate::server::{Act, Server};

#[tokio::test]
async fn a_connection_serves_the_next_request_of_its_api_and_no_other_apis() {
    let server = Server::ok("hello").await;
    let house = House::to(server.address);
    for _ in 0..3 {
        assert_eq!(text(send(&house.line(), get(&server.url())).await.unwrap()).await, "hello");
    }
    assert_eq!(server.connections(), 1);
    let other = house.line_of("other", |_| {});
    assert_eq!(text(send(&other, get(&server.url())).await.unwrap()).await, "hello");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_answer_that_was_not_read_takes_its_connection_along() {
    let server = Server::ok("hello").await;
    let house = House::to(server.address);
    drop(send(&house.line(), get(&server.url())).await.unwrap());
    send(&house.line(), get(&server.url())).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_its_server_closed_is_replaced_without_a_trace() {
    let server = Server::start(Act::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec())).await;
    let house = House::to(server.address);
    for _ in 0..5 {
        let line = house.line();
        assert_eq!(text(send(&line, get(&server.url())).await.unwrap()).await, "ok");
        assert_eq!(line.used().faults, Vec::<String>::new());
    }
}

#[tokio::test]
async fn closing_ends_what_is_open() {
    let server = Server::start(Act::Rest(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec())).await;
    let house = House::to(server.address);
    let _under_way = send(&house.line(), get(&server.url())).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), house.egress.close()).await.unwrap();
}
