//! Counters: what is used per subscription, object and period.

use rusqlite::{Connection, OptionalExtension as _, params};
use types::{ObjectName, SubscriptionId, Timestamp, Units};

use crate::account::Subscriber;

/// One upsert per counter and group, however many calls of the group touch it.
///
/// Overage is what the new sum has above the included amount and the old one had not: the same however the units are
/// grouped.
const ADD: &str = "
    INSERT INTO counter (subscription, object, period_start_us, used, overage)
    VALUES (?1, ?2, ?3, ?4, max(0, ?4 - ?5))
    ON CONFLICT (subscription, object, period_start_us) DO UPDATE SET
      overage = overage + max(0, used + ?4 - ?5) - max(0, used - ?5), used = used + ?4";

/// [`ADD`] for test keys, whose overage costs nothing.
const ADD_TEST: &str = "
    INSERT INTO test_counter (subscription, object, period_start_us, used) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (subscription, object, period_start_us) DO UPDATE SET used = used + ?4";

const USED: &str = "
    SELECT c.used FROM counter c
    JOIN subscription s ON s.id = c.subscription JOIN object o ON o.id = c.object
    WHERE s.public_id = ?1 AND o.name = ?2 AND c.period_start_us = ?3";

const USED_TEST: &str = "
    SELECT c.used FROM test_counter c
    JOIN subscription s ON s.id = c.subscription JOIN object o ON o.id = c.object
    WHERE s.public_id = ?1 AND o.name = ?2 AND c.period_start_us = ?3";

/// In which book units are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Book {
    /// What is billed.
    Live,
    /// What test keys used.
    Test,
}

impl Book {
    pub(crate) const fn of(subscriber: &Subscriber) -> Self {
        if subscriber.test { Self::Test } else { Self::Live }
    }
}

/// Which counter, by its rows' own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CounterKey {
    pub(crate) book: Book,
    pub(crate) subscription: i64,
    pub(crate) object: i64,
    pub(crate) period_start_us: i64,
    /// Two calls of one group may have been admitted on different terms.
    pub(crate) overage_from: i64,
}

/// Adds to one counter.
pub(crate) fn add(tx: &Connection, key: CounterKey, units: i64) -> rusqlite::Result<()> {
    let CounterKey { book, subscription, object, period_start_us, overage_from } = key;
    let added = match book {
        Book::Live => {
            tx.prepare_cached(ADD)?.execute(params![subscription, object, period_start_us, units, overage_from])
        }
        Book::Test => tx.prepare_cached(ADD_TEST)?.execute(params![subscription, object, period_start_us, units]),
    };
    added.map(drop)
}

/// What is used of one counter.
pub(crate) fn used(
    reader: &Connection,
    book: Book,
    (subscription, object, period_start): &(SubscriptionId, ObjectName, Timestamp),
) -> rusqlite::Result<Units> {
    let sql = if book == Book::Live { USED } else { USED_TEST };
    let key = params![subscription.to_string(), object.as_str(), period_start.as_micros()];
    let used: Option<i64> = reader.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    Units::from_sql(used.unwrap_or(0)).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, used.unwrap_or(0)))
}

const OVERAGES: &str = "
    SELECT c.period_start_us, c.overage FROM counter c
    JOIN subscription s ON s.id = c.subscription JOIN object o ON o.id = c.object
    WHERE s.public_id = ?1 AND o.name = ?2 AND c.period_start_us >= ?3 AND c.period_start_us < ?4 AND c.overage > 0";

/// The overage of an object by period, of those that start in this span.
pub(crate) fn overages(
    reader: &Connection,
    (subscription, object): &(SubscriptionId, ObjectName),
    (from, until): (Timestamp, Timestamp),
) -> rusqlite::Result<Vec<(Timestamp, Units)>> {
    let key = params![subscription.to_string(), object.as_str(), from.as_micros(), until.as_micros()];
    let read = |row: &rusqlite::Row<'_>| {
        let overage: i64 = row.get(1)?;
        let overage = Units::from_sql(overage).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(1, overage))?;
        Ok((Timestamp::from_micros(row.get(0)?), overage))
    };
    reader.prepare_cached(OVERAGES)?.query_map(key, read)?.collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_text_of_the_money_query_is_pinned() {
        insta::assert_snapshot!(super::ADD);
    }
}
