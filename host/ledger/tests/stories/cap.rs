//! Spend caps: what overage may cost.

use std::sync::Arc;
use std::time::Duration;

use ledger::{AdmitError, Subscriber};
use types::{Currency, LimitKind, Money, Per, Quota, Terms};

use crate::book::{Book, need, quota, used};

const DAY: Duration = Duration::from_hours(24);

/// `amount` units, then more at 3,000 millionths each.
fn priced(object: &str, amount: u64, per: Per) -> Quota {
    let price = Money { micros: 3_000, currency: Currency::USD };
    Quota { overage: Some(price), ..quota(object, amount, per, LimitKind::Soft) }
}

impl Book {
    fn capped(&self, quotas: Vec<Quota>, cap: u64) -> Arc<Subscriber> {
        let subscriber = self.subscriber(Terms { quotas, ..Terms::default() });
        recapped(&subscriber, Some(cap))
    }

    /// Calls until the cap refuses, and says how many were served.
    async fn spend_all(&self, subscriber: &Arc<Subscriber>) -> u64 {
        let mut served = 0;
        loop {
            match self.call(subscriber).await {
                Ok(_) => served += 1,
                Err(AdmitError::SpendCap { .. }) => return served,
                Err(other) => panic!("{other}"),
            }
        }
    }
}

fn recapped(subscriber: &Arc<Subscriber>, cap: Option<u64>) -> Arc<Subscriber> {
    Arc::new(Subscriber { spend_cap: cap, ..Subscriber::clone(subscriber) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clients_spend_what_the_cap_allows_and_not_a_unit_more() {
    let book = Arc::new(Book::new());
    let acme = book.capped(vec![priced("requests", 100, Per::Month)], 90_999);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (book, acme) = (Arc::clone(&book), Arc::clone(&acme));
        clients.spawn(async move {
            let mut served = 0;
            for _ in 0..10 {
                served += i32::from(book.call(&acme).await.is_ok());
            }
            served
        });
    }
    assert_eq!(clients.join_all().await.iter().sum::<i32>(), 130);
    assert_eq!(book.number("SELECT overage FROM counter"), 30);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_cap_that_is_reached_stays_so_after_a_crash_and_ends_with_the_billing_period() {
    let book = Book::new();
    let acme = book.capped(vec![priced("requests", 2, Per::Month)], 6_000);
    assert_eq!(book.spend_all(&acme).await, 4);
    let book = book.crash();
    let refused = book.call(&acme).await.unwrap_err();
    let AdmitError::SpendCap { cap, period, policies, .. } = refused else { panic!("{refused}") };
    assert_eq!((cap, period.end.to_string().as_str()), (6_000, "2026-12-02T15:00:00Z"));
    assert_eq!(policies.quotas.len(), 1);
    book.hand.advance(DAY * 11);
    assert_eq!(book.spend_all(&acme).await, 4);
}

#[tokio::test]
async fn what_is_reserved_counts_until_it_goes_back() {
    let book = Book::new();
    let quotas = vec![quota("requests", 100, Per::Month, LimitKind::Hard), priced("pages", 0, Per::Month)];
    let acme = book.capped(quotas, 30_000);
    let first = book.admit(&acme, &[need("pages", 6)]).await.unwrap();
    assert!(matches!(book.admit(&acme, &[need("pages", 5)]).await, Err(AdmitError::SpendCap { .. })));
    let second = book.admit(&acme, &[need("pages", 4)]).await.unwrap();
    book.ledger.settle(first, book.ended(vec![used("requests", 1), used("pages", 2)])).await.unwrap();
    drop(second);
    let third = book.admit(&acme, &[need("pages", 8)]).await.unwrap();
    book.ledger.settle(third, book.ended(vec![used("requests", 1), used("pages", 8)])).await.unwrap();
    assert!(matches!(book.admit(&acme, &[need("pages", 1)]).await, Err(AdmitError::SpendCap { .. })));
    assert_eq!(
        book.number("SELECT overage FROM counter c JOIN object o ON o.id = c.object WHERE o.name = 'pages'"),
        10
    );
    // A refusal holds nothing of the other objects either.
    assert_eq!(book.number("SELECT used FROM counter WHERE object = 1"), 2);
    assert!(book.call(&acme).await.is_ok(), "what costs nothing is served");
    book.expect_sound().await;
}

#[tokio::test]
async fn overage_of_earlier_days_counts_in_memory_and_from_the_file() {
    let book = Book::new();
    let acme = book.capped(vec![priced("requests", 1, Per::Day)], 9_000);
    for _ in 0..2 {
        book.call(&acme).await.unwrap();
    }
    book.hand.advance(DAY);
    for _ in 0..2 {
        book.call(&acme).await.unwrap();
    }
    book.hand.advance(DAY);
    let book = book.crash();
    // One of the day is included, one more costs the last of the cap.
    assert_eq!(book.spend_all(&acme).await, 2);
    book.hand.advance(DAY);
    assert_eq!(book.spend_all(&acme).await, 1);
    let book = book.crash();
    assert_eq!(book.spend_all(&acme).await, 0);
    book.hand.advance(DAY * 10);
    assert_eq!(book.spend_all(&acme).await, 4, "a new billing period");
}

#[tokio::test]
async fn a_cap_that_is_changed_counts_from_the_next_call_on() {
    let book = Book::new();
    let acme = book.capped(vec![priced("requests", 1, Per::Month)], 0);
    assert_eq!(book.spend_all(&acme).await, 1);
    assert_eq!(book.spend_all(&recapped(&acme, Some(3_000))).await, 1);
    for _ in 0..5 {
        book.call(&recapped(&acme, None)).await.unwrap();
    }
    assert_eq!(book.spend_all(&recapped(&acme, Some(17_999))).await, 0);
    assert_eq!(book.spend_all(&recapped(&acme, Some(21_000))).await, 1);
}
