//! Names: resolved once, every address checked, the checked one connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egress::{AddressDenied, Denied, SendError};
use tokio::net::UdpSocket;
use tokio_util::task::TaskTracker;

use crate::house::{House, get, send, text};
use crate::server::Server;

/// A name server: the nth question of a family gets the nth list of addresses, the last one from then on. Records live
/// for no time at all.
struct Names {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

const A: u16 = 1;
const AAAA: u16 = 28;

impl Names {
    async fn start(lists: &[&[&str]]) -> Self {
        let lists: Vec<Vec<IpAddr>> =
            lists.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let turns = Mutex::new([0_usize; 2]);
        TaskTracker::new().spawn(async move {
            let mut question = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut question).await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let kind = u16::from_be_bytes([question[end_of_name(&question)], question[end_of_name(&question) + 1]]);
                let turn = {
                    let mut turns = turns.lock().unwrap();
                    let turn = &mut turns[usize::from(kind == AAAA)];
                    *turn += 1;
                    (*turn - 1).min(lists.len() - 1)
                };
                let of_kind = |ip: &&IpAddr| ip.is_ipv4() == (kind == A);
                let found: Vec<IpAddr> = lists[turn].iter().filter(of_kind).copied().collect();
                socket.send_to(&answer(&question[..length], kind, &found), from).await.unwrap();
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn end_of_name(message: &[u8]) -> usize {
    let mut at = 12;
    while message[at] != 0 {
        at += usize::from(message[at]) + 1;
    }
    at + 1
}

fn answer(question: &[u8], kind: u16, found: &[IpAddr]) -> Vec<u8> {
    let end = end_of_name(question) + 4;
    let mut message = question[..2].to_vec();
    message.extend([0x81, 0x80, 0, 1, 0, u8::try_from(found.len()).unwrap(), 0, 0, 0, 0]);
    message.extend(&question[12..end]);
    for ip in found {
        let bytes = match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        // The name of the question, one day of no time, one address.
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 0, 0, u8::try_from(bytes.len()).unwrap()]);
        message.extend(bytes);
    }
    message
}

fn house(server: &Server, names: &Names) -> House {
    let rules = serde_json::json!([{ "host": "*.shop.example", "scheme": "http", "port": server.address.port() }]);
    House::with(rules, |settings| settings.nameservers = vec![names.address])
}

fn url(server: &Server) -> String {
    format!("http://api.shop.example:{}/", server.address.port())
}

fn denial(error: &SendError) -> AddressDenied {
    match error {
        SendError::Denied(Denied::Address(denied)) => *denied,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_sent_as_the_host() {
    let (server, names) = (Server::ok("hello").await, Names::start(&[&["127.0.0.1"]]).await);
    let house = house(&server, &names);
    assert_eq!(text(send(&house.line(), get(&url(&server))).await.unwrap()).await, "hello");
    assert_eq!(names.asked(), 2, "one question for each family");
    assert!(server.asked()[0].contains(&format!("host: api.shop.example:{}\r\n", server.address.port())));
}

#[tokio::test]
async fn a_name_that_turns_to_another_address_is_checked_again_though_a_connection_waits() {
    let server = Server::ok("hello").await;
    let names = Names::start(&[&["127.0.0.1"], &["10.0.0.1"]]).await;
    let house = house(&server, &names);
    assert_eq!(text(send(&house.line(), get(&url(&server))).await.unwrap()).await, "hello");
    let error = send(&house.line(), get(&url(&server))).await.err().unwrap();
    assert_eq!(denial(&error), AddressDenied::NotPublic);
    assert_eq!((server.asked().len(), server.connections()), (1, 1));
}

#[tokio::test]
async fn a_request_is_connected_to_the_address_that_was_checked() {
    // A second look would lead to the metadata service: there is none.
    let server = Server::ok("hello").await;
    let names = Names::start(&[&["127.0.0.1"], &["169.254.169.254"]]).await;
    let house = house(&server, &names);
    assert_eq!(text(send(&house.line(), get(&url(&server))).await.unwrap()).await, "hello");
    assert_eq!(names.asked(), 2);
}

#[tokio::test]
async fn one_bad_address_among_good_ones_denies_all() {
    let server = Server::ok("").await;
    for list in [&["127.0.0.1", "10.0.0.1"][..], &["127.0.0.1", "fd00:ec2::254"], &["127.0.0.1", "::ffff:10.0.0.1"]] {
        let names = Names::start(&[list]).await;
        let error = send(&house(&server, &names).line(), get(&url(&server))).await.err().unwrap();
        assert_eq!(denial(&error), AddressDenied::NotPublic, "{list:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_for_an_address_in_disguise_is_denied() {
    let server = Server::ok("").await;
    for ip in [
        "169.254.169.254",
        "0.0.0.0",
        "168.63.129.16",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001::7f00:1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
    ] {
        let names = Names::start(&[&[ip]]).await;
        let error = send(&house(&server, &names).line(), get(&url(&server))).await.err().unwrap();
        denial(&error);
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_told_as_such() {
    let (server, names) = (Server::ok("").await, Names::start(&[&[]]).await);
    let error = send(&house(&server, &names).line(), get(&url(&server))).await.err().unwrap();
    assert!(matches!(error, SendError::NoAddress), "{error}");
}

#[tokio::test]
async fn a_name_server_that_is_silent_takes_no_longer_than_connecting_may() {
    let (server, silent) = (Server::ok("").await, UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let rules = serde_json::json!([{ "host": "*.shop.example", "scheme": "http", "port": server.address.port() }]);
    let house = House::with(rules, |settings| settings.nameservers = vec![silent.local_addr().unwrap()]);
    let line = house.line_of("shop", |limits| limits.connect = Duration::from_millis(100));
    let error = send(&line, get(&url(&server))).await.err().unwrap();
    assert!(matches!(error, SendError::ResolveTimeout), "{error}");
}

/// A name server for which every name is this address.
pub(crate) async fn names_of(ip: &str) -> SocketAddr {
    Names::start(&[&[ip]]).await.address
}
