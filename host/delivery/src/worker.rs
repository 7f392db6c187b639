//! Sends what is due: a few of each lane at a time, so that a slow receiver delays its own messages alone.

mod webhook;

pub use webhook::WAY_OUT;

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use store::ReadError;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;
use types::{DispatchId, SecretValue, Timestamp};

use crate::delivery::House;
use crate::message::{self, Sheet};
use crate::schedule;
use crate::sql::due::{self, Due, To};
use crate::sql::{approvals, dispatches};

/// Attempts under way in the whole house.
pub(crate) const AT_ONCE: usize = 256;
/// Attempts under way in one lane.
const LANE_MAX: usize = 2;
/// How long an attempt may take, from its first byte to the end of the answer.
pub(crate) const WITHIN: Duration = Duration::from_secs(15);
/// After a failure of the file.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How often what has ended long ago is swept, and how many dispatches in one commit.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
const SWEEP_MAX: u32 = 200;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    Accepted,
    /// It may be accepted later: after `wait`, if any try is left.
    Again {
        error: String,
        wait: Option<Duration>,
    },
    /// It never will be.
    Never {
        error: String,
        disables: bool,
    },
}

impl Ended {
    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Accepted => None,
            Self::Again { error, .. } | Self::Never { error, .. } => Some(error),
        }
    }

    fn never(error: &str) -> Self {
        Self::Never { error: error.to_owned(), disables: false }
    }
}

/// What is known after an attempt.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) due: Due,
    pub(crate) at: Timestamp,
    pub(crate) took: Duration,
    /// Whether anything was tried: nothing is for an endpoint that is gone.
    pub(crate) was_sent: bool,
    pub(crate) status: Option<u16>,
    pub(crate) answer: Option<String>,
    pub(crate) ended: Ended,
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    pub(crate) answer: Option<String>,
    /// Why it was not accepted. `None`: it was.
    pub(crate) refused: Option<Refused>,
}

/// Why a message was not accepted.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: String,
    /// There is no use in trying again.
    pub(crate) for_good: bool,
    /// When the receiver wants to be asked again.
    pub(crate) retry_after: Option<Duration>,
}

pub(crate) async fn run(house: Arc<House>) {
    let mut swept = house.clock.moment();
    loop {
        let rest = match round(&house).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::error!(%error, "could not read what is to be sent");
                AFTER_FAILURE
            }
        };
        if house.clock.moment().since(swept) >= SWEEP_EVERY {
            swept = house.clock.moment();
            sweep(&house).await;
        }
        tokio::select! {
            () = house.closing.cancelled() => return,
            () = house.due.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Begins what is due, as far as there are places; how long nothing more is.
async fn round(house: &Arc<House>) -> Result<Duration, ReadError> {
    let now = house.clock.now();
    let mut busy: HashMap<String, usize> = HashMap::new();
    for (lane, _) in house.lock_under_way().iter() {
        *busy.entry(lane.clone()).or_default() += 1;
    }
    let free = house.places.available_permits();
    let found = house.store.read(move |db| {
        let (mut found, mut next) = (Vec::new(), None);
        for (lane, first) in due::lanes(db)? {
            if first > now {
                // They come in the order of time.
                next = Some(first);
                break;
            }
            let under_way = busy.get(&lane).copied().unwrap_or_default();
            if under_way < LANE_MAX && found.len() < free {
                // Those that are under way are due as well.
                let rows = due::of_lane(db, &lane, now, LANE_MAX + under_way)?;
                found.push((LANE_MAX - under_way, rows));
            }
        }
        Ok((found, next))
    });
    let (found, next) = found.await?;
    for (most, rows) in found {
        let rows = rows.into_iter().filter(|due| !house.is_under_way(due)).take(most);
        for due in rows {
            let Ok(place) = Arc::clone(&house.places).try_acquire_owned() else { break };
            begin(house, due, place);
        }
    }
    let look_again = house.settings.look_again;
    Ok(next.map_or(look_again, |next: Timestamp| next.since(now).min(look_again)))
}

/// Sends one message in a task of its own.
fn begin(house: &Arc<House>, due: Due, place: OwnedSemaphorePermit) {
    let key = (due.lane.clone(), due.dispatch);
    house.lock_under_way().insert(key.clone());
    let house_of = Arc::clone(house);
    house.tasks.spawn(async move {
        let house = house_of;
        let (at, began) = (house.clock.now(), house.clock.moment());
        let sending = Arc::clone(&house);
        let what = due.clone();
        // In a task of its own: a panic is one attempt's failure.
        let sent = AbortOnDropHandle::new(house.tasks.spawn(async move { send(&sending, &what).await }));
        let sent = tokio::select! {
            () = house.closing.cancelled() => return,
            sent = sent => sent,
        };
        let sent = sent.unwrap_or_else(|lost| {
            tracing::error!(%lost, dispatch.id = %due.dispatch, "an attempt at sending was lost");
            Some(refused("the host failed"))
        });
        let done = conclude(due, at, house.clock.moment().since(began), sent);
        record(&house, done).await;
        house.lock_under_way().remove(&key);
        drop(place);
        house.due.notify_one();
    });
}

/// One attempt. `None`: there is nobody to send it to.
async fn send(house: &House, due: &Due) -> Option<Reply> {
    let Some(body) = &due.body else { return Some(refused("nothing of it is left to be sent")) };
    let sending = async {
        match &due.to {
            To::Nobody => None,
            To::Endpoint(row) if row.endpoint.disabled.is_some() => None,
            To::Endpoint(row) => Some(webhook::send(house, due, row, body).await),
            To::Address(address) => Some(mail(house, due, address, body).await),
        }
    };
    tokio::time::timeout(WITHIN, sending).await.unwrap_or_else(|_| Some(refused("no answer within 15 seconds")))
}

async fn mail(house: &House, due: &Due, address: &str, body: &[u8]) -> Reply {
    let Some(mailer) = &house.mailer else { return refused("this host sends no mail: [mail] of host.toml is empty") };
    let opened = house.seal.open(&message::place(due.message), body);
    let sheet = opened.ok().and_then(|text: SecretValue| serde_json::from_str::<Sheet>(text.reveal()).ok());
    let Some(sheet) = sheet else { return refused("it cannot be read with this host's key") };
    mailer.send(due.dispatch, address, due.created, sheet).await
}

pub(crate) fn refused(error: &str) -> Reply {
    let refused = Refused { error: error.to_owned(), for_good: false, retry_after: None };
    Reply { refused: Some(refused), ..Reply::default() }
}

fn conclude(due: Due, at: Timestamp, took: Duration, sent: Option<Reply>) -> Done {
    let was_sent = sent.is_some();
    let Some(Reply { status, answer, refused }) = sent else {
        let gone = matches!(due.to, To::Nobody);
        let ended = Ended::never(if gone { "the webhook was deleted" } else { "the webhook is disabled" });
        return Done { due, at, took, was_sent, status: None, answer: None, ended };
    };
    let ended = match refused {
        None => Ended::Accepted,
        Some(Refused { error, for_good: true, .. }) => {
            let disables = matches!(due.to, To::Endpoint(_)) && status == Some(410);
            Ended::Never { error, disables }
        }
        Some(Refused { error, retry_after, .. }) => {
            let wait = schedule::wait(due.dispatch, due.tries.saturating_add(1), retry_after);
            Ended::Again { error, wait }
        }
    };
    Done { due, at, took, was_sent, status, answer, ended }
}

/// Writes what became of an attempt. What cannot be written is sent once more.
async fn record(house: &House, done: Done) {
    let dispatch = done.due.dispatch;
    match &done.ended {
        Ended::Again { wait: None, error } | Ended::Never { error, .. } => {
            tracing::warn!(dispatch.id = %dispatch, error, "a message is a dead letter");
        }
        Ended::Accepted | Ended::Again { .. } => {}
    }
    let disables = matches!(done.ended, Ended::Never { disables: true, .. });
    house.tally.count(&done);
    if let Err(error) = house.store.write(move |db| due::record(db, &done)).await {
        tracing::error!(%error, dispatch.id = %dispatch, "what became of a message could not be written");
        tokio::select! {
            () = house.closing.cancelled() => {}
            () = tokio::time::sleep(AFTER_FAILURE) => {}
        }
    }
    if disables {
        house.news.notify_one();
    }
}

async fn sweep(house: &House) {
    let keep = i64::try_from(house.settings.keep.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(house.clock.now().as_micros().saturating_sub(keep));
    loop {
        match house.store.write(move |db| dispatches::sweep(db, before, SWEEP_MAX)).await {
            Ok(swept) if swept == SWEEP_MAX as usize => {}
            Ok(_) => break,
            Err(error) => {
                tracing::warn!(%error, "could not delete messages whose time is over");
                return;
            }
        }
    }
    // Far fewer than messages: what is left is swept the next time.
    if let Err(error) = house.store.write(move |db| approvals::sweep(db, before, SWEEP_MAX)).await {
        tracing::warn!(%error, "could not delete approvals whose time is over");
    }
}

impl House {
    fn lock_under_way(&self) -> MutexGuard<'_, std::collections::HashSet<(String, DispatchId)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_under_way(&self, due: &Due) -> bool {
        self.lock_under_way().contains(&(due.lane.clone(), due.dispatch))
    }
}

/// An error and all its sources, one line of 1 KiB at most.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text.truncate(text.floor_char_boundary(1_024));
    text
}
