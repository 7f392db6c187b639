//! Requests under an idempotency key: each runs once, whatever happens.

use std::sync::Arc;
use std::time::Duration;

use ledger::{AdmitError, AdmitRequest, Admitted, CLAIM_KEPT, Claim, Once, RepeatError, Subscriber};
use types::{CallId, Digest, Outcome, RouteId};

use crate::book::{Book, a_second, hard, used};

impl Book {
    fn claim(&self, key: &str, request: &[u8]) -> Claim {
        let call = CallId::generate(self.clock.now());
        Claim { route: self.route, key: Arc::from(key), request: Digest::of(request), call }
    }

    async fn once(&self, subscriber: &Arc<Subscriber>, claim: Claim) -> Result<Once, AdmitError> {
        let (now, moment) = (self.clock.now(), self.clock.moment());
        self.ledger.admit_once(AdmitRequest { subscriber, needs: &[], now, moment }, claim).await
    }

    async fn first(&self, subscriber: &Arc<Subscriber>, claim: &Claim) -> Admitted {
        match self.once(subscriber, claim.clone()).await.unwrap() {
            Once::First(admitted) => admitted,
            Once::Repeat(_, first) => panic!("{first} has run before"),
        }
    }

    /// Settles the call of `claim` as one that ended so.
    async fn end(&self, admitted: Admitted, claim: &Claim, outcome: Outcome) {
        let mut ended = self.ended(vec![used("requests", 1)]);
        (ended.call, ended.outcome) = (claim.call, outcome);
        self.ledger.settle(admitted, ended).await.unwrap();
    }
}

fn refused(answer: Result<Once, AdmitError>) -> RepeatError {
    match answer {
        Err(AdmitError::Repeat(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_repeat_is_told_of_the_first_call_and_settles_without_units() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    let claim = book.claim("a", b"x");
    let admitted = book.first(&acme, &claim).await;
    book.end(admitted, &claim, Outcome::Ok).await;
    // The quota is spent: a repeat takes nothing of it.
    let again = book.claim("a", b"x");
    let Once::Repeat(admitted, first) = book.once(&acme, again.clone()).await.unwrap() else { panic!("it ran twice") };
    assert_eq!(first, claim.call);
    let mut ended = book.ended(Vec::new());
    (ended.call, ended.outcome) = (again.call, Outcome::Replayed);
    book.ledger.settle(admitted, ended).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM call"), 2);
    assert_eq!(book.number("SELECT used FROM counter"), 1);
    assert_eq!(book.number("SELECT units + billed_units FROM call WHERE outcome = 'replayed'"), 0);
    book.expect_sound().await;
}

#[tokio::test]
async fn a_key_counts_within_its_subscription_and_route() {
    let book = Book::new();
    let (acme, other) = (book.subscriber(hard(5)), book.subscriber(hard(5)));
    let claim = book.claim("a", b"x");
    let held = book.first(&acme, &claim).await;
    drop(book.first(&other, &claim).await);
    let elsewhere = Claim { route: RouteId::from_u128(9 << 80), ..claim.clone() };
    drop(book.first(&acme, &elsewhere).await);
    let testing = Arc::new(Subscriber { test: true, ..Subscriber::clone(&acme) });
    let tried = book.first(&testing, &claim).await;
    book.end(tried, &claim, Outcome::Ok).await;
    drop(held);
    assert_eq!(book.number("SELECT sum(test) FROM idempotency WHERE state = 'settled'"), 1);
}

#[tokio::test]
async fn a_key_that_is_in_use_or_belongs_to_another_request_is_refused() {
    let book = Book::new();
    let acme = book.subscriber(hard(2));
    let claim = book.claim("a", b"x");
    let admitted = book.first(&acme, &claim).await;
    assert_eq!(refused(book.once(&acme, book.claim("a", b"x")).await), RepeatError::Running(claim.call));
    assert_eq!(refused(book.once(&acme, book.claim("a", b"y")).await), RepeatError::OtherRequest(claim.call));
    book.end(admitted, &claim, Outcome::Trap).await;
    assert_eq!(refused(book.once(&acme, book.claim("a", b"y")).await), RepeatError::OtherRequest(claim.call));
    book.call(&acme).await.unwrap();
    assert_eq!(book.number("SELECT used FROM counter"), 2, "those that were refused hold nothing");
}

#[tokio::test]
async fn a_claim_whose_end_a_crash_lost_never_runs_again() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    let claim = book.claim("a", b"x");
    // A killed process does not run this call's end.
    std::mem::forget(book.first(&acme, &claim).await);
    let book = book.crash();
    assert_eq!(refused(book.once(&acme, book.claim("a", b"x")).await), RepeatError::Lost(claim.call));
    assert_eq!(book.number("SELECT count(*) FROM call"), 0);
    book.call(&acme).await.unwrap();
}

#[tokio::test]
async fn a_claim_that_was_settled_is_known_after_a_crash() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    let claim = book.claim("a", b"x");
    let admitted = book.first(&acme, &claim).await;
    book.end(admitted, &claim, Outcome::Ok).await;
    let book = book.crash();
    let again = book.once(&acme, book.claim("a", b"x")).await.unwrap();
    assert!(matches!(again, Once::Repeat(_, first) if first == claim.call));
}

#[tokio::test]
async fn a_stream_settles_its_claim_when_it_begins() {
    let book = Book::new();
    let acme = book.subscriber(hard(1));
    let claim = book.claim("a", b"x");
    let admitted = book.first(&acme, &claim).await;
    std::mem::forget(book.ledger.open_stream(admitted, book.begun()).await.unwrap());
    let book = book.crash();
    let again = book.once(&acme, book.claim("a", b"x")).await.unwrap();
    assert!(matches!(again, Once::Repeat(_, first) if first == claim.call));
}

#[tokio::test]
async fn a_call_that_never_ran_leaves_its_key_free() {
    let book = Book::new();
    let acme = book.subscriber(hard(5));
    for outcome in [Outcome::Overloaded, Outcome::Refused] {
        let claim = book.claim("a", b"x");
        let admitted = book.first(&acme, &claim).await;
        book.end(admitted, &claim, outcome).await;
    }
    assert_eq!(book.number("SELECT count(*) FROM idempotency"), 0);
    drop(book.first(&acme, &book.claim("a", b"y")).await);
}

#[tokio::test]
async fn a_key_is_free_again_a_day_later_and_the_sweep_takes_its_claim() {
    let book = Book::new();
    let acme = book.subscriber(hard(5));
    for key in ["a", "b"] {
        let claim = book.claim(key, b"x");
        let admitted = book.first(&acme, &claim).await;
        book.end(admitted, &claim, Outcome::Ok).await;
    }
    book.hand.advance(CLAIM_KEPT.saturating_sub(Duration::from_secs(1)));
    assert_eq!(book.ledger.sweep(book.clock.now()).await.unwrap().claims, 0);
    book.hand.advance(Duration::from_secs(1));
    let claim = book.claim("a", b"another request");
    let admitted = book.first(&acme, &claim).await;
    book.end(admitted, &claim, Outcome::Ok).await;
    assert_eq!(book.ledger.sweep(book.clock.now()).await.unwrap().claims, 1);
    let again = book.once(&acme, book.claim("a", b"another request")).await.unwrap();
    assert!(matches!(again, Once::Repeat(_, first) if first == claim.call));
}

#[tokio::test]
async fn a_repeat_takes_a_rate_token() {
    let book = Book::new();
    let mut terms = hard(5);
    terms.rate = Some(a_second(2));
    let acme = book.subscriber(terms);
    let claim = book.claim("a", b"x");
    let admitted = book.first(&acme, &claim).await;
    book.end(admitted, &claim, Outcome::Ok).await;
    assert!(matches!(book.once(&acme, book.claim("a", b"x")).await, Ok(Once::Repeat(..))));
    assert!(matches!(book.once(&acme, book.claim("a", b"x")).await, Err(AdmitError::Rate { .. })));
}

#[tokio::test]
async fn of_many_requests_with_one_key_at_once_one_runs() {
    let book = Book::new();
    let acme = book.subscriber(hard(64));
    let claims: Vec<Claim> = (0..64).map(|_| book.claim("a", b"x")).collect();
    let mut answers = Vec::new();
    // Held until all have answered: none has ended when another asks.
    for claim in claims {
        answers.push(book.once(&acme, claim).await);
    }
    let ran = answers.iter().filter(|answer| matches!(answer, Ok(Once::First(_)))).count();
    assert_eq!(ran, 1);
    assert_eq!(answers.into_iter().filter_map(Result::err).count(), 63);
}
