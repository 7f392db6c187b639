//! Events on their way to endpoints.

use std::time::Duration;

use delivery::{Recipient, Status};
use serde_json::Value;

use crate::house::{ACTOR, House, START};
use crate::receiver::{Act, Receiver};

const OK: Act = Act::Status(204, "");

#[tokio::test]
async fn an_event_arrives_once_signed_as_standard_webhooks_says() {
    let receiver = Receiver::start(OK).await;
    let house = House::open_to(&[receiver.port]);
    let (_, secret) = house.endpoint(&receiver.url(), &["execution.succeeded"]).await;
    let (_, foreign) = House::open_to(&[receiver.port]).endpoint(&receiver.url(), &["*"]).await;
    assert_eq!(house.publish("workflows/1").await, 1);
    // The same row of the outbox once more.
    assert_eq!(house.publish("workflows/1").await, 0);
    let (dispatch, attempts) = house.until(|dispatch| dispatch.status == Status::Delivered).await;
    let received = &receiver.until(1).await[0];
    assert!(received.is_signed_by(&secret) && !received.is_signed_by(&foreign));
    assert_eq!(received.headers["webhook-id"], dispatch.message.to_string());
    assert_eq!(received.headers["webhook-timestamp"], "1790000000");
    assert_eq!(received.headers["content-type"], "application/json");
    let body: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(
        (body["type"].as_str(), body["data"]["execution"].as_str()),
        (Some("execution.succeeded"), Some("workflows/1"))
    );
    assert_eq!(body["timestamp"], START.to_string());
    assert_eq!((attempts.len(), attempts[0].status, attempts[0].error.as_deref()), (1, Some(204), None));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn an_endpoint_is_told_of_what_it_asks_for_alone() {
    let receiver = Receiver::start(OK).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["execution.failed"]).await;
    assert_eq!(house.publish("workflows/1").await, 0);
    house.endpoint(&format!("{}/all", receiver.url()), &["*"]).await;
    assert_eq!(house.publish("workflows/2").await, 1);
}

#[tokio::test]
async fn what_is_refused_comes_again_by_the_schedule_under_one_id_and_ends_as_a_dead_letter() {
    let receiver = Receiver::start(Act::Status(500, "")).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    let mut waits = Vec::new();
    for tries in 1..10 {
        let (dispatch, _) = house.until(|dispatch| dispatch.attempts == tries).await;
        let wait = dispatch.due_at.unwrap().since(house.now());
        waits.push(wait.as_secs());
        house.clock.advance(wait.saturating_sub(Duration::from_millis(1)));
        tokio::time::sleep(Duration::from_millis(15)).await;
        assert_eq!(receiver.received().len(), usize::try_from(tries).unwrap(), "before its time");
        house.clock.advance(Duration::from_millis(1));
    }
    let (dispatch, attempts) = house.until(|dispatch| dispatch.status == Status::Dead).await;
    assert_eq!((dispatch.attempts, attempts.len(), dispatch.due_at), (10, 10, None));
    assert_eq!(dispatch.why.as_deref(), Some("the receiver answered 500"));
    assert_eq!(attempts[3].answer.as_deref(), Some("hello\n"));
    for (wait, planned) in waits.iter().zip([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]) {
        assert!((planned * 9 / 10 - 1..=planned * 11 / 10).contains(wait), "{waits:?}");
    }
    let ids: std::collections::BTreeSet<_> =
        receiver.received().into_iter().map(|received| received.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 1);
    // Dead letters are there to be sent again.
    receiver.acts(OK);
    house.delivery.redeliver(ACTOR.to_owned(), dispatch.id).await.unwrap();
    let (dispatch, attempts) = house.until(|dispatch| dispatch.status == Status::Delivered).await;
    assert_eq!((dispatch.attempts, attempts[10].status), (11, Some(204)));
    assert_eq!(house.acts().await, ["webhook.create", "delivery.redeliver"]);
}

#[tokio::test]
async fn a_receiver_may_say_when_it_wants_to_be_asked_again() {
    let receiver = Receiver::start(Act::Status(503, "retry-after: 120\r\n")).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    let (dispatch, _) = house.until(|dispatch| dispatch.attempts == 1).await;
    assert_eq!(dispatch.due_at.unwrap().since(START), Duration::from_mins(2));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = Receiver::start(Act::Status(307, "location: /elsewhere\r\n")).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    let (dispatch, _) = house.until(|dispatch| dispatch.attempts == 1).await;
    assert_eq!(dispatch.why.as_deref(), Some("the receiver answered 307, which is not followed"));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn gone_disables_the_endpoint_and_what_waits_for_it_becomes_dead_letters() {
    let receiver = Receiver::start(Act::Status(410, "")).await;
    let house = House::open_to(&[receiver.port]);
    let (endpoint, _) = house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    house.until(|dispatch| dispatch.status == Status::Dead).await;
    let known = house.delivery.endpoint(endpoint.id).await.unwrap().unwrap();
    assert_eq!(known.disabled.unwrap().1, "its receiver answered 410 Gone");
    assert_eq!(house.publish("workflows/2").await, 0, "a disabled endpoint is told of nothing");
    assert_eq!(house.acts().await, ["webhook.create", "webhook.change"]);
    let error = house.delivery.test_endpoint(ACTOR.to_owned(), endpoint.id).await.unwrap_err();
    assert!(error.to_string().contains("enable it first"), "{error}");
}

#[tokio::test]
async fn a_silent_endpoint_delays_no_other() {
    let (silent, quick) = (Receiver::start(Act::Silent).await, Receiver::start(OK).await);
    let house = House::open_to(&[silent.port, quick.port]);
    house.endpoint(&silent.url(), &["*"]).await;
    for n in 0..10 {
        house.publish(&format!("workflows/{n}")).await;
    }
    silent.until(2).await;
    house.endpoint(&quick.url(), &["*"]).await;
    for n in 10..20 {
        house.publish(&format!("workflows/{n}")).await;
    }
    quick.until(10).await;
    assert_eq!(silent.received().len(), 2, "a lane has two places");
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off_and_counts() {
    let receiver = Receiver::start(Act::Endless).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    let (_, attempts) = house.until(|dispatch| dispatch.status == Status::Delivered).await;
    assert_eq!(attempts[0].answer.as_ref().unwrap().len(), 1_024);
}

#[tokio::test]
async fn what_was_cut_off_is_sent_again_when_the_host_starts_anew() {
    let receiver = Receiver::start(Act::Silent).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    receiver.until(1).await;
    receiver.acts(OK);
    let house = house.again(&[receiver.port]).await;
    house.until(|dispatch| dispatch.status == Status::Delivered).await;
    let ids: Vec<_> = receiver.received().iter().map(|one| one.headers["webhook-id"].clone()).collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
}

#[tokio::test]
async fn nothing_goes_where_the_operator_does_not_allow_it_any_more() {
    let receiver = Receiver::start(OK).await;
    let house = House::open_to(&[receiver.port]);
    let (endpoint, _) = house.endpoint(&receiver.url(), &["*"]).await;
    let house = house.again(&[1]).await;
    house.publish("workflows/1").await;
    let (dispatch, _) = house.until(|dispatch| dispatch.attempts == 1).await;
    assert!(dispatch.why.as_ref().unwrap().starts_with("denied: "), "{dispatch:?}");
    assert_eq!(dispatch.recipient, Recipient::Endpoint(endpoint.id));
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_test_message_goes_to_its_endpoint_whatever_that_asks_for() {
    let receiver = Receiver::start(OK).await;
    let house = House::open_to(&[receiver.port]);
    let (endpoint, secret) = house.endpoint(&receiver.url(), &["execution.failed"]).await;
    house.delivery.test_endpoint(ACTOR.to_owned(), endpoint.id).await.unwrap();
    let received = &receiver.until(1).await[0];
    assert!(received.is_signed_by(&secret) && received.body.contains("\"type\":\"ping\""), "{received:?}");
}

#[tokio::test]
async fn messages_are_deleted_when_their_time_is_over() {
    let receiver = Receiver::start(OK).await;
    let house = House::open_to(&[receiver.port]);
    house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    house.until(|dispatch| dispatch.status == Status::Delivered).await;
    house.clock.advance(delivery::Settings::KEEP + Duration::from_secs(1));
    for _ in 0..1_000 {
        if house.dispatches().await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is kept: {:?}", house.dispatches().await);
}
