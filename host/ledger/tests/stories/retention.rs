//! What is too old goes, and the books still agree.

use std::time::Duration;

use crate::book::{Book, hard, need, used};

const DAY: Duration = Duration::from_hours(24);

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
