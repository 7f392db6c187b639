//! All accounts in memory: sharded, bounded, the idle ones evicted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use types::{Moment, SubscriptionId};

use crate::account::Account;

/// Enough that the threads of one machine rarely meet.
const SHARDS: usize = 64;

type Shard = Mutex<HashMap<AccountKey, Arc<Account>>>;

/// A subscription, and whether it is that of its test keys: they have limits of their own.
pub(crate) type AccountKey = (SubscriptionId, bool);

#[derive(Debug)]
pub(crate) struct Accounts {
    shards: Vec<Shard>,
    /// Per shard: from here on idle accounts make room.
    wanted: usize,
    /// Per shard: from here on, when none is idle, a new one is refused.
    most: usize,
}

impl Accounts {
    pub(crate) fn at_most(accounts: usize) -> Self {
        let wanted = accounts.div_ceil(SHARDS).max(1);
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Self { shards, wanted, most: wanted.saturating_mul(2) }
    }

    /// The account of `key`, a new one if need be. `None` when there is no room and none is idle.
    pub(crate) fn of(&self, key: AccountKey, now: Moment) -> Option<Arc<Account>> {
        let shard = self.shards.get(shard_of(key.0))?;
        let mut accounts = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(&key) {
            return Some(Arc::clone(account));
        }
        if accounts.len() >= self.wanted {
            evict(&mut accounts, now);
        }
        if accounts.len() >= self.most {
            return None;
        }
        let account = Arc::new(Account::new(now));
        accounts.insert(key, Arc::clone(&account));
        Some(account)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let lengths = self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len());
        lengths.fold(0, usize::saturating_add)
    }
}

/// Forgets the longer unused half of the idle accounts, so that the look through all of them is paid for by the many
/// that then find room.
fn evict(accounts: &mut HashMap<AccountKey, Arc<Account>>, now: Moment) {
    // Whoever else holds an account may be about to take from it. The shard is locked: nobody new gets hold of it.
    let idle = |account: &Arc<Account>| {
        if Arc::strong_count(account) > 1 { None } else { account.idle_since(now) }
    };
    let mut since: Vec<(Moment, AccountKey)> =
        accounts.iter().filter_map(|(id, account)| idle(account).map(|since| (since, *id))).collect();
    since.sort_unstable();
    for (_, id) in since.iter().take(since.len().div_ceil(2)) {
        accounts.remove(id);
    }
}

/// By the random bits of the id, not by its moment.
fn shard_of(subscription: SubscriptionId) -> usize {
    usize::try_from(subscription.as_u128() & 63).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use types::{Clock, Rate, RateWindow};

    use super::*;

    fn id(n: u128) -> AccountKey {
        (SubscriptionId::from_u128(n << 6), false)
    }

    #[test]
    fn idle_accounts_make_room_and_those_in_use_do_not() {
        let now = Clock::system().moment();
        let accounts = Accounts::at_most(SHARDS * 4);
        let held: Vec<_> = (0..4).map(|n| accounts.of(id(n), now)).collect();
        assert!(held.iter().all(Option::is_some));
        for n in 100..200 {
            assert!(accounts.of(id(n), now).is_some(), "an idle one makes room");
        }
        assert!(accounts.len() <= 8);
        let again = accounts.of(id(0), now).unwrap();
        assert!(Arc::ptr_eq(&again, held[0].as_ref().unwrap()), "the one in use is still there");
    }

    #[test]
    fn a_spent_bucket_is_not_forgotten() {
        let now = Clock::system().moment();
        let rate = Rate { count: 1, window: RateWindow::Minute, burst: 1 };
        let accounts = Accounts::at_most(SHARDS);
        assert!(accounts.of(id(1), now).unwrap().pass(Some(rate), now).1.is_ok());
        assert!(accounts.of(id(2), now).is_some());
        assert!(accounts.of(id(1), now).unwrap().pass(Some(rate), now).1.is_err(), "still empty");
        let later = now.after(Duration::from_mins(1));
        assert!(accounts.of(id(3), later).is_some(), "full again, so it makes room");
    }
}
