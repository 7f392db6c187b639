//! Connections that wait for the next request of the same API to the same name at the same address.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use types::{Clock, Moment, Scheme};

use crate::target::Host;
use crate::wire::Wire;

/// How long one waits.
const IDLE: Duration = Duration::from_secs(30);
/// How many wait in all.
const IDLE_MAX: usize = 256;
/// How many wait for the same key.
const IDLE_OF_A_KEY: usize = 8;

/// What a connection is good for. No API uses another's, and no name that of another name at the same address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) api: Arc<str>,
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) address: SocketAddr,
}

/// The idle connections of the host. The lock is held for a look into the map and never over an await.
#[derive(Debug)]
pub(crate) struct Pool {
    clock: Clock,
    idle: Mutex<HashMap<Key, Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle {
    since: Moment,
    wire: Wire,
}

impl Pool {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, idle: Mutex::default() }
    }

    /// The connection that was used last; those that have ended or waited too long are dropped on the way.
    pub(crate) fn take(&self, key: &Key) -> Option<Wire> {
        let now = self.clock.moment();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.get_mut(key)?;
        let mut found = None;
        while let Some(last) = waiting.pop() {
            if last.wire.sender.is_ready() && now.since(last.since) < IDLE {
                found = Some(last.wire);
                break;
            }
        }
        if waiting.is_empty() {
            idle.remove(key);
        }
        found
    }

    /// Keeps a connection on which nothing is under way, without its place; drops it when there are enough.
    pub(crate) fn put(&self, key: Key, wire: Wire) {
        if wire.sender.is_closed() {
            return;
        }
        drop(wire.let_go());
        let since = self.clock.moment();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.values().map(Vec::len).sum::<usize>() >= IDLE_MAX {
            return;
        }
        let waiting = idle.entry(key).or_default();
        if waiting.len() < IDLE_OF_A_KEY {
            waiting.push(Idle { since, wire });
        }
    }

    /// Drops those that have ended or waited too long.
    pub(crate) fn sweep(&self) {
        let now = self.clock.moment();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|_, waiting| {
            waiting.retain(|one| !one.wire.sender.is_closed() && now.since(one.since) < IDLE);
            !waiting.is_empty()
        });
    }

    /// Drops all.
    pub(crate) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
