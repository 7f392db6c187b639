//! Calls by test keys.

use std::sync::Arc;

use ledger::Subscriber;
use types::{Currency, LimitKind, Money, Per, Quota, Terms};

use crate::book::{Book, hard, quota};

/// The same subscription, by a test key.
fn by_test_key(subscriber: &Arc<Subscriber>) -> Arc<Subscriber> {
    Arc::new(Subscriber { test: true, ..Subscriber::clone(subscriber) })
}

#[tokio::test]
async fn a_test_key_has_limits_of_its_own_and_bills_nothing() {
    let book = Book::new();
    let acme = book.subscriber(hard(2));
    let testing = by_test_key(&acme);
    for _ in 0..2 {
        book.call(&testing).await.unwrap();
    }
    assert!(book.call(&testing).await.is_err(), "the same limit");
    let book = book.crash();
    assert!(book.call(&testing).await.is_err(), "which a crash does not lift");
    for _ in 0..2 {
        book.call(&acme).await.unwrap();
    }
    assert!(book.call(&acme).await.is_err());
    assert_eq!(book.number("SELECT sum(used) FROM counter"), 2);
    assert_eq!(book.number("SELECT sum(used) FROM test_counter"), 2);
    assert_eq!(book.number("SELECT sum(billed_units) FROM call"), 2);
    assert_eq!(book.number("SELECT sum(units) FROM call"), 4);
    book.ledger.flush().await.unwrap();
    assert_eq!(book.number("SELECT sum(requests_billed) FROM traffic_day"), 2);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_spend_cap_is_no_limit_of_a_test_key() {
    let book = Book::new();
    let price = Money { micros: 3_000, currency: Currency::USD };
    let soft = Quota { overage: Some(price), ..quota("requests", 1, Per::Month, LimitKind::Soft) };
    let subscriber = book.subscriber(Terms { quotas: vec![soft], ..Terms::default() });
    let testing = by_test_key(&Arc::new(Subscriber { spend_cap: Some(0), ..Subscriber::clone(&subscriber) }));
    for _ in 0..3 {
        book.call(&testing).await.unwrap();
    }
    assert_eq!(book.number("SELECT count(*) FROM counter"), 0);
    book.expect_sound().await;
}
