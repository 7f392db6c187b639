//! Streams: an open row, completed once.

use types::{Outcome, Terms};

use crate::book::{Book, hard, need, used};

#[tokio::test]
async fn a_stream_is_counted_when_it_opens_and_recorded_when_it_closes() {
    let book = Book::new();
    let acme = book.subscriber(hard(2));
    let admitted = book.admit(&acme, &[need("pages", 9)]).await.unwrap();
    let open = book.ledger.open_stream(admitted, book.begun()).await.unwrap();
    assert_eq!(book.number("SELECT used FROM counter"), 1);
    assert_eq!(book.number("SELECT count(*) FROM call WHERE link IS NULL"), 1);
    book.call(&acme).await.unwrap();
    assert!(book.call(&acme).await.is_err(), "the stream's unit is used");
    let ended = book.ended(vec![used("requests", 1), used("pages", 4)]);
    book.ledger.close_stream(open, ended).await.unwrap();
    assert_eq!(book.number("SELECT sum(used) FROM counter"), 6);
    assert_eq!(book.number("SELECT count(*) FROM audit WHERE kind = 'stream'"), 1);
    book.ledger.flush().await.unwrap();
    assert_eq!(book.number("SELECT sum(requests_billed) FROM traffic_day"), 2);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_stream_that_a_crash_cut_is_completed_once_as_interrupted() {
    let book = Book::new();
    let acme = book.subscriber(hard(5));
    let admitted = book.admit(&acme, &[]).await.unwrap();
    let open = book.ledger.open_stream(admitted, book.begun()).await.unwrap();
    // A killed process does not run this stream's end.
    std::mem::forget(open);
    let book = book.crash().crash();
    let calls = book.ledger.calls(ledger::CallFilter::default()).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].outcome.as_deref(), Some(Outcome::Interrupted.as_str()));
    assert_eq!((calls[0].status, calls[0].requests_billed), (200, 1));
    assert_eq!(book.number("SELECT count(*) FROM audit"), 1);
    assert_eq!(book.number("SELECT sum(calls) FROM rollup_minute"), 1);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_as_interrupted() {
    let book = Book::new();
    let acme = book.subscriber(Terms::default());
    let admitted = book.admit(&acme, &[]).await.unwrap();
    drop(book.ledger.open_stream(admitted, book.begun()).await.unwrap());
    book.call(&acme).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM call WHERE link IS NULL"), 0);
    assert_eq!(book.number("SELECT count(*) FROM call WHERE outcome = 'interrupted'"), 1);
    book.expect_sound().await;
}
