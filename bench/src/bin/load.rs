//! Drives one HTTP/1.1 server from a process of its own and prints what it saw as one line of JSON.
//!
//! Closed loop by default: each connection sends its next request when it has its answer. With `--rate`, open loop:
//! requests start at their appointed times, and a late start counts in the latency.
#![expect(clippy::print_stdout, reason = "the line of JSON is this program's answer")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index from a share of a length")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use types::{Clock, Moment};

/// How long a run goes on before its answers are counted.
const WARM_UP: Duration = Duration::from_millis(500);
/// The most that an answer's head may take.
const HEAD_MAX: usize = 64 * 1024;

struct Plan {
    address: String,
    request: Vec<u8>,
    connections: usize,
    seconds: f64,
    /// Requests per second over all connections; `None`: as fast as answers come.
    rate: Option<f64>,
}

#[derive(Default, serde::Serialize)]
struct Seen {
    rps: f64,
    p50_us: u64,
    p99_us: u64,
    answers: usize,
    refused: usize,
    broken: usize,
    /// Answers before the counting began: they cost the server as much as the others.
    warm_up: usize,
}

fn main() -> anyhow::Result<()> {
    let plan = Arc::new(read_arguments()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(drive(plan))?;
    println!("{}", serde_json::to_string(&seen)?);
    Ok(())
}

/// `load ADDRESS PATH CONNECTIONS SECONDS BODY_BYTES [--rate N] [--header 'Name: value']…`
fn read_arguments() -> anyhow::Result<Plan> {
    let mut plain = Vec::new();
    let (mut rate, mut headers) = (None, String::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("a value is missing");
        match argument.as_str() {
            "--rate" => rate = Some(value()?.parse()?),
            "--header" => headers = headers + &value()? + "\r\n",
            _ => plain.push(argument),
        }
    }
    let [address, path, connections, seconds, body_bytes] = plain.as_slice() else {
        bail!("usage: load ADDRESS PATH CONNECTIONS SECONDS BODY_BYTES [--rate N] [--header 'Name: value']");
    };
    let body = vec![b'x'; body_bytes.parse()?];
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    Ok(Plan { address: address.clone(), request, connections: connections.parse()?, seconds: seconds.parse()?, rate })
}

async fn drive(plan: Arc<Plan>) -> anyhow::Result<Seen> {
    let clock = Clock::system();
    let start = clock.moment().after(WARM_UP);
    let end = start.after(Duration::from_secs_f64(plan.seconds));
    let turn = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..plan.connections)
        .map(|_| Connection {
            plan: Arc::clone(&plan),
            clock: clock.clone(),
            turn: Arc::clone(&turn),
            start,
            end,
            latencies_us: Vec::new(),
            seen: Seen::default(),
        })
        .map(Connection::run)
        .collect();
    let mut all = Vec::new();
    let mut seen = Seen::default();
    for ended in futures_util::future::join_all(workers).await {
        let (latencies, part) = ended?;
        all.extend(latencies);
        seen.refused += part.refused;
        seen.broken += part.broken;
        seen.warm_up += part.warm_up;
    }
    all.sort_unstable();
    let at = |share: f64| all.get(((all.len() as f64 * share) as usize).min(all.len().saturating_sub(1))).copied();
    seen.answers = all.len();
    seen.rps = all.len() as f64 / plan.seconds;
    seen.p50_us = at(0.50).unwrap_or(0);
    seen.p99_us = at(0.99).unwrap_or(0);
    Ok(seen)
}

struct Connection {
    plan: Arc<Plan>,
    clock: Clock,
    /// The number of the next request in an open loop, shared by all connections.
    turn: Arc<AtomicUsize>,
    start: Moment,
    end: Moment,
    latencies_us: Vec<u64>,
    seen: Seen,
}

impl Connection {
    async fn run(mut self) -> anyhow::Result<(Vec<u64>, Seen)> {
        let mut buffer = Vec::with_capacity(HEAD_MAX);
        let mut stream = self.connect().await?;
        loop {
            let Some(began) = self.next_start().await else { break };
            match exchange(&mut stream, &self.plan.request, &mut buffer).await {
                Ok(status) => self.count(status, began),
                Err(_) => {
                    self.seen.broken += 1;
                    stream = self.connect().await?;
                }
            }
        }
        Ok((self.latencies_us, self.seen))
    }

    async fn connect(&self) -> anyhow::Result<TcpStream> {
        let stream = TcpStream::connect(&self.plan.address).await.context("could not connect")?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// When the next request begins; `None` when the run is over.
    async fn next_start(&self) -> Option<Moment> {
        let now = self.clock.moment();
        let Some(rate) = self.plan.rate else { return (now < self.end).then_some(now) };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let zero = self.start.since(Moment::default()).saturating_sub(WARM_UP);
        let appointed = Moment::default().after(zero + Duration::from_secs_f64(turn as f64 / rate));
        tokio::time::sleep(appointed.since(now)).await;
        (appointed < self.end).then_some(appointed)
    }

    fn count(&mut self, status: u16, began: Moment) {
        let now = self.clock.moment();
        if now < self.start || now > self.end {
            self.seen.warm_up += 1;
        } else if (200..300).contains(&status) {
            self.latencies_us.push(u64::try_from(now.since(began).as_micros()).unwrap_or(u64::MAX));
        } else {
            self.seen.refused += 1;
        }
    }
}

/// Sends one request and reads one answer, which must have a `content-length`. Answers the status.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    stream.write_all(request).await?;
    buffer.clear();
    let mut wanted = None;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if wanted.is_none() {
            wanted = answer_length(buffer)?;
        }
        if wanted.is_some_and(|length| buffer.len() >= length) {
            return Ok(std::str::from_utf8(&buffer[9..12])?.parse()?);
        }
    }
}

/// How long the whole answer is, once its head has arrived.
fn answer_length(buffer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(head_end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if buffer.len() > HEAD_MAX { bail!("the head does not end") } else { Ok(None) };
    };
    let head = std::str::from_utf8(&buffer[..head_end])?;
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = fields
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.trim().parse::<usize>())
        .context("the answer has no content-length")??;
    Ok(Some(head_end + 4 + length))
}
