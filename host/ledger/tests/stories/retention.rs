//! What is too old goes, and the books still agree.

use std::sync::Arc;
use std::time::Duration;

use ledger::{Ended, Settings, Subscriber, Swept};
use types::ByteCount;

use crate::book::{Book, hard, need, used};

const DAY: Duration = Duration::from_hours(24);
/// From a call's end until nothing of its billing period can still come in: the longest one, and an hour.
const INVOICED: Duration = Duration::from_hours(31 * 24 + 1);

impl Book {
    /// So many calls, one each millisecond, whose rows are as large as they can be.
    async fn large_calls(&self, subscriber: &Arc<Subscriber>, count: u32) {
        for _ in 0..count {
            let admitted = self.admit(subscriber, &[need("pages", 2)]).await.unwrap();
            let ended = self.ended(vec![used("requests", 1), used("pages", 2)]);
            let ended = Ended { client_request_id: Some("\u{1F4D6}".repeat(128)), ..ended };
            self.ledger.settle(admitted, ended).await.unwrap();
            self.hand.advance(Duration::from_millis(1));
        }
        self.ledger.flush().await.unwrap();
    }

    /// The bytes of pages in use.
    fn bytes(&self) -> u64 {
        let pages = self.number("PRAGMA page_count") - self.number("PRAGMA freelist_count");
        u64::try_from(pages * self.number("PRAGMA page_size")).unwrap()
    }

    /// Starts again with this size budget.
    fn with_size_max(self, bytes: u64) -> Self {
        self.crash_into(Settings { size_max: Some(ByteCount::saturating(bytes)), ..Settings::default() })
    }

    /// Sweeps until there is nothing to remove: how many calls went, and what the last step said.
    async fn swept(&self) -> (u64, Swept) {
        let mut calls = 0;
        loop {
            let swept = self.ledger.sweep(self.clock.now()).await.unwrap();
            calls += swept.calls;
            if swept.removed_nothing() {
                return (calls, swept);
            }
        }
    }

    /// Whether the counters and the sums by day say that there were so many calls, whatever is left of their rows.
    async fn expect_counted(&self, calls: i64) {
        let used = |object: &str| {
            let sql =
                format!("SELECT sum(c.used) FROM counter c JOIN object o ON o.id = c.object WHERE o.name = '{object}'");
            self.number(&sql)
        };
        assert_eq!((used("requests"), used("pages")), (calls, 2 * calls));
        assert_eq!(self.number("SELECT sum(billed_units) FROM rollup_day"), calls);
        assert_eq!(self.number("SELECT sum(billed_units) FROM rollup_units WHERE grain = 'day'"), 2 * calls);
        self.expect_sound().await;
    }
}

#[tokio::test]
async fn the_chain_verifies_across_a_cut_and_counters_keep_what_was_removed() {
    let book = Book::new();
    let acme = book.subscriber(hard(1_000));
    for _ in 0..3 {
        let admitted = book.admit(&acme, &[need("pages", 2)]).await.unwrap();
        let ended = book.ended(vec![used("requests", 1), used("pages", 2)]);
        book.ledger.settle(admitted, ended).await.unwrap();
    }
    book.hand.advance(DAY * 800);
    book.call(&acme).await.unwrap();
    book.call(&acme).await.unwrap();
    book.ledger.flush().await.unwrap();
    let swept = book.ledger.sweep(book.clock.now()).await.unwrap();
    assert_eq!((swept.calls, swept.links), (3, 3));
    assert_eq!(book.number("SELECT count(*) FROM call"), 2);
    assert_eq!(book.number("SELECT count(*) FROM usage"), 0);
    assert_eq!(book.number("SELECT max(seq) FROM audit_anchor"), 3);
    book.expect_sound().await;
    let book = book.crash();
    book.call(&acme).await.unwrap();
    assert_eq!(book.number("SELECT max(seq) FROM call"), 6);
    book.expect_sound().await;
}

#[tokio::test]
async fn fine_sums_go_and_days_stay() {
    let book = Book::new();
    let acme = book.subscriber(hard(1_000));
    book.call(&acme).await.unwrap();
    book.ledger.flush().await.unwrap();
    book.hand.advance(DAY * 8);
    book.ledger.sweep(book.clock.now()).await.unwrap();
    let count = |table: &str| book.number(&format!("SELECT count(*) FROM {table}"));
    assert_eq!((count("rollup_minute"), count("rollup_hour"), count("rollup_day")), (0, 1, 1));
    book.hand.advance(DAY * 400);
    book.ledger.sweep(book.clock.now()).await.unwrap();
    assert_eq!((count("rollup_hour"), count("rollup_day"), count("latency_bucket")), (0, 1, 2));
    assert_eq!(count("call"), 1, "calls are kept longer");
}

#[tokio::test]
async fn a_file_above_its_budget_loses_its_oldest_calls_first_and_no_more_than_it_must() {
    let book = Book::new();
    let acme = book.subscriber(hard(1_000));
    book.large_calls(&acme, 200).await;
    book.hand.advance(INVOICED);
    book.large_calls(&acme, 20).await;
    let budget = book.bytes() - 65_536;
    let book = book.with_size_max(budget);
    let (gone, last) = book.swept().await;
    assert!((50..150).contains(&gone), "{gone} calls went for 64 KiB");
    assert_eq!(last.over_bytes, 0);
    assert!((budget - 16_384..=budget).contains(&book.bytes()), "{} bytes are left of {budget}", book.bytes());
    let gone = i64::try_from(gone).unwrap();
    assert_eq!(book.number("SELECT min(seq) FROM call"), gone + 1, "the oldest first");
    assert_eq!(book.number("SELECT count(*) FROM call"), 220 - gone);
    book.expect_counted(220).await;
    // The numbers of the calls, the chain and the counters go on.
    let book = book.crash();
    book.large_calls(&acme, 1).await;
    assert_eq!(book.number("SELECT max(seq) FROM call"), 221);
    book.expect_counted(221).await;
}

#[tokio::test]
async fn a_budget_takes_no_call_whose_invoice_is_not_final_and_says_that_it_is_not_kept() {
    // Too small for the sums alone.
    let book = Book::new().with_size_max(1);
    let acme = book.subscriber(hard(1_000));
    book.large_calls(&acme, 40).await;
    book.hand.advance(INVOICED);
    book.large_calls(&acme, 50).await;
    let (gone, last) = book.swept().await;
    assert_eq!((gone, book.number("SELECT count(*) FROM call")), (40, 50), "those of the running period stay");
    assert!(last.over_bytes > 0);
    assert_eq!(book.ledger.stats().over_budget_bytes, last.over_bytes);
    book.expect_counted(90).await;
    // The first of them ended 50 milliseconds ago.
    book.hand.advance(INVOICED.saturating_sub(Duration::from_millis(50)));
    assert_eq!(book.swept().await.0, 0, "records may come in for an hour after a period's end");
    book.hand.advance(Duration::from_micros(1));
    assert_eq!((book.swept().await.0, book.number("SELECT min(seq) FROM call")), (1, 42));
    book.hand.advance(Duration::from_secs(1));
    let (gone, later) = book.swept().await;
    assert_eq!(gone, 48, "the newest link stays, for the chain to go on from");
    assert!(later.over_bytes < last.over_bytes, "{later:?} after {last:?}");
    book.expect_counted(90).await;
}

#[tokio::test]
async fn calls_stay_until_their_invoice_is_final_however_short_they_are_to_be_kept() {
    let book = Book::new().crash_into(Settings { calls: DAY, ..Settings::default() });
    let acme = book.subscriber(hard(1_000));
    book.large_calls(&acme, 2).await;
    book.hand.advance(DAY * 31);
    assert_eq!(book.swept().await.0, 0);
    book.hand.advance(DAY);
    assert_eq!(book.swept().await.0, 1);
    book.expect_counted(2).await;
}
