//! Who is let in, and what a refusal takes.

use std::sync::Arc;
use std::time::Duration;

use ledger::AdmitError;
use types::{LimitKind, Per, Terms};

use crate::book::{Book, a_second, hard, need, quota, used};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clients_get_exactly_what_a_quota_of_a_thousand_holds() {
    let book = Arc::new(Book::new());
    let acme = book.subscriber(hard(1_000));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (book, acme) = (Arc::clone(&book), Arc::clone(&acme));
        clients.spawn(async move {
            let mut served = 0;
            for _ in 0..20 {
                served += i32::from(book.call(&acme).await.is_ok());
            }
            served
        });
    }
    assert_eq!(clients.join_all().await.iter().sum::<i32>(), 1_000);
    assert_eq!(book.number("SELECT sum(used) FROM counter"), 1_000);
    book.expect_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_period_that_ends_under_sixty_four_clients_gives_each_side_its_thousand() {
    let book = Arc::new(Book::new());
    let acme = book.subscriber(hard(1_000));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..64 {
        let (book, acme) = (Arc::clone(&book), Arc::clone(&acme));
        clients.spawn(async move {
            let mut served = 0;
            for call in 0..60 {
                // One of them turns the day, while the others call.
                if (client, call) == (0, 20) {
                    book.hand.advance(Duration::from_hours(14));
                }
                served += i64::from(book.call(&acme).await.is_ok());
            }
            served
        });
    }
    let mut served = clients.join_all().await.iter().sum::<i64>();
    while book.call(&acme).await.is_ok() {
        served += 1;
    }
    assert_eq!(book.number("SELECT sum(used) FROM counter"), served);
    assert!(book.number("SELECT max(used) FROM counter") <= 1_000);
    assert_eq!(book.number("SELECT count(*) FROM counter"), 2);
    let later = "SELECT used FROM counter ORDER BY period_start_us DESC LIMIT 1";
    assert_eq!(book.number(later), 1_000, "the new period is used up, and not passed");
    book.expect_sound().await;
}

#[tokio::test]
async fn a_new_period_has_a_counter_of_its_own() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    book.call(&acme).await.unwrap();
    let refused = book.call(&acme).await.unwrap_err();
    let AdmitError::Quota { used, period, policies, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(used.get(), 1);
    assert_eq!(policies.quotas[0].reset, Duration::from_hours(14));
    book.hand.set_wall(period.end);
    book.call(&acme).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM counter"), 2);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_call_of_the_old_period_counts_there_though_it_ends_in_the_new_one() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    let early = book.admit(&acme, &[]).await.unwrap();
    book.hand.advance(Duration::from_hours(14));
    book.call(&acme).await.unwrap();
    book.ledger.settle(early, book.ended(vec![used("requests", 1)])).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM counter WHERE used = 1"), 2);
}

#[tokio::test]
async fn a_refused_rate_takes_no_quota_and_a_refused_quota_keeps_the_token() {
    let book = Book::new();
    let acme = book.subscriber(Terms { rate: Some(a_second(2)), ..hard(1) });
    book.call(&acme).await.unwrap();
    assert!(matches!(book.call(&acme).await, Err(AdmitError::Quota { .. })));
    let refused = book.call(&acme).await.unwrap_err();
    let AdmitError::Rate { retry_after, policies, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(retry_after, Duration::from_millis(500));
    assert!(policies.quotas.is_empty());
}

#[tokio::test]
async fn all_objects_are_reserved_or_none() {
    let book = Book::new();
    let mut terms = hard(10);
    terms.quotas.push(quota("pages", 5, Per::Month, LimitKind::Hard));
    let acme = book.subscriber(terms);
    assert!(matches!(book.admit(&acme, &[need("pages", 6)]).await, Err(AdmitError::Quota { .. })));
    let admitted = book.admit(&acme, &[need("pages", 5)]).await.unwrap();
    let left: Vec<u64> = admitted.policies().quotas.iter().map(|policy| policy.remaining).collect();
    assert_eq!(left, [9, 0]);
    assert_eq!(admitted.allowance(&"pages".parse().unwrap()).map(types::Units::get), Some(5));
}

#[tokio::test]
async fn what_a_call_did_not_use_is_free_after_its_commit() {
    let book = Book::new();
    let terms = Terms { quotas: vec![quota("pages", 10, Per::Month, LimitKind::Hard)], ..Terms::default() };
    let acme = book.subscriber(terms);
    let admitted = book.admit(&acme, &[need("pages", 10)]).await.unwrap();
    assert!(book.admit(&acme, &[need("pages", 1)]).await.is_err());
    let before = admitted.policies().clone();
    let ended = book.ended(vec![used("requests", 1), used("pages", 3)]);
    let recorded = book.ledger.settle(admitted, ended).await.unwrap();
    assert_eq!(recorded.policies(&before).quotas[0].remaining, 7);
    assert!(book.admit(&acme, &[need("pages", 8)]).await.is_err());
    assert!(book.admit(&acme, &[need("pages", 7)]).await.is_ok());
}

#[tokio::test]
async fn a_soft_quota_admits_and_what_lies_above_is_overage() {
    let book = Book::new();
    let terms = Terms { quotas: vec![quota("requests", 2, Per::Day, LimitKind::Soft)], ..Terms::default() };
    let acme = book.subscriber(terms);
    for _ in 0..5 {
        book.call(&acme).await.unwrap();
    }
    assert_eq!(book.number("SELECT used * 100 + overage FROM counter"), 503);
}

#[tokio::test]
async fn a_dropped_admission_gives_everything_back() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    for _ in 0..3_000 {
        drop(book.admit(&acme, &[]).await.unwrap());
    }
    book.call(&acme).await.unwrap();
}
