//! What a settled call leaves.

use ledger::CallFilter;
use types::{Code, Outcome, Units};

use crate::book::{Book, hard, need, used};

#[tokio::test]
async fn a_call_leaves_one_row_under_a_link_and_can_be_found_by_its_id() {
    let book = Book::new();
    let acme = book.subscriber(hard(10));
    let admitted = book.admit(&acme, &[need("pages", 4)]).await.unwrap();
    let ended = book.ended(vec![used("requests", 1), used("pages", 3)]);
    let recorded = book.ledger.settle(admitted, ended.clone()).await.unwrap();
    assert_eq!(recorded.call(), ended.call);
    let calls = book.ledger.calls(CallFilter { call: Some(ended.call), ..CallFilter::default() }).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].outcome.as_deref(), calls[0].link), (Some("ok"), Some(1)));
    assert_eq!(calls[0].usage, [("pages".to_owned(), 3, 3)]);
    assert_eq!(calls[0].subscription, Some(acme.subscription.to_string()));
    book.expect_sound().await;
}

#[tokio::test]
async fn a_call_that_is_refused_by_the_database_leaves_its_neighbours() {
    for bad in 0..9 {
        let book = Book::new();
        let acme = book.subscriber(hard(100));
        let first = book.admit(&acme, &[]).await.unwrap();
        let taken = book.ended(vec![used("requests", 1)]);
        book.ledger.settle(first, taken.clone()).await.unwrap();
        let mut settlements = Vec::new();
        for at in 0..9 {
            let mut ended = book.ended(vec![used("requests", 1)]);
            if at == bad {
                ended.call = taken.call;
            }
            settlements.push(book.ledger.settle(book.admit(&acme, &[]).await.unwrap(), ended));
        }
        let answers = futures_of(settlements).await;
        let failed: Vec<usize> = (0..9).filter(|at| !answers[*at]).collect();
        assert_eq!(failed, [bad]);
        assert_eq!(book.number("SELECT count(*) FROM call"), 9);
        assert_eq!(book.number("SELECT used FROM counter"), 9);
        book.ledger.flush().await.unwrap();
        assert_eq!(book.number("SELECT sum(calls) FROM rollup_day"), 9);
        let left = book.admit(&acme, &[]).await.unwrap().policies().quotas[0].remaining;
        assert_eq!(left, 90, "the refused call's unit is free");
        book.expect_sound().await;
    }
}

/// Polls all of them together, so that they are written together.
async fn futures_of<F, T, E>(settlements: Vec<F>) -> Vec<bool>
where
    F: Future<Output = Result<T, E>>,
{
    let mut pinned: Vec<_> = settlements.into_iter().map(Box::pin).collect();
    let mut answers: Vec<Option<bool>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, answer) in pinned.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let std::task::Poll::Ready(result) = future.as_mut().poll(context)
            {
                *answer = Some(result.is_ok());
            }
        }
        if answers.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}

#[tokio::test]
async fn nothing_settled_is_lost_by_a_crash_and_nothing_reserved_stays() {
    let book = Book::new();
    let acme = book.subscriber(hard(10));
    for _ in 0..4 {
        book.call(&acme).await.unwrap();
    }
    let held = book.admit(&acme, &[]).await.unwrap();
    drop(held);
    let book = book.crash();
    assert_eq!(book.number("SELECT sum(calls) FROM rollup_hour"), 4, "the sums are made from the rows");
    let left = book.admit(&acme, &[]).await.unwrap().policies().quotas[0].remaining;
    assert_eq!(left, 5);
    book.call(&acme).await.unwrap();
    book.ledger.flush().await.unwrap();
    let book = book.crash();
    assert_eq!(book.number("SELECT sum(calls) FROM rollup_hour"), 5);
    book.expect_sound().await;
}

#[tokio::test]
async fn more_than_was_reserved_is_never_billed() {
    let book = Book::new();
    let acme = book.subscriber(hard(10));
    let admitted = book.admit(&acme, &[]).await.unwrap();
    book.ledger.settle(admitted, book.ended(vec![used("requests", 7)])).await.unwrap();
    assert_eq!(book.number("SELECT units * 100 + billed_units FROM call"), 701);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_call_that_is_not_billed_has_a_row_and_takes_nothing() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    let admitted = book.admit(&acme, &[]).await.unwrap();
    let mut ended = book.ended(vec![used("requests", 1)]);
    ended.units[0].billed = Units::ZERO;
    (ended.status, ended.outcome, ended.error_code) = (502, Outcome::OutOfFuel, Some(Code::ComponentLimit.into()));
    book.ledger.settle(admitted, ended).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM counter"), 0);
    book.call(&acme).await.unwrap();
    book.expect_sound().await;
}

#[tokio::test]
async fn a_dropped_wait_does_not_undo_the_settlement() {
    let book = Book::new();
    let acme = book.subscriber(hard(10));
    let admitted = book.admit(&acme, &[]).await.unwrap();
    let mut settling = Box::pin(book.ledger.settle(admitted, book.ended(vec![used("requests", 1)])));
    std::future::poll_fn(|context| std::task::Poll::Ready(settling.as_mut().poll(context).is_pending())).await;
    drop(settling);
    book.call(&acme).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM call"), 2);
    assert_eq!(book.admit(&acme, &[]).await.unwrap().policies().quotas[0].remaining, 7);
}

#[tokio::test]
async fn denials_are_counted_by_minute_and_reason() {
    let book = Book::new();
    for _ in 0..1_000 {
        book.ledger.deny(None, Code::InvalidKey, book.clock.now());
    }
    book.ledger.deny(Some(types::ApiId::from_u128(7 << 80)), Code::RateLimited, book.clock.now());
    book.ledger.flush().await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM denial"), 2);
    assert_eq!(book.number("SELECT calls FROM denials WHERE reason = 'invalid-key'"), 1_000);
}
