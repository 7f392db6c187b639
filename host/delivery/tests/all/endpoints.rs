//! Endpoints: made, changed, rotated, deleted.

use std::time::Duration;

use delivery::{DeliveryError, EndpointChange, EndpointQuery, Event, NewEndpoint, Recipient, Status};
use types::AppId;

use crate::house::{ACTOR, House};
use crate::receiver::{Act, Receiver};

fn to(house: &House, url: &str) -> NewEndpoint {
    let events = vec!["*".to_owned()];
    NewEndpoint { organisation: house.organisation, app: None, url: url.to_owned(), events, description: String::new() }
}

#[tokio::test]
async fn a_url_is_made_once_and_shows_its_secret_once() {
    let house = House::open_to(&[9]);
    let (made, secret) = house.endpoint("http://127.0.0.1:9/a", &["execution.failed"]).await;
    let (found, none) = house.delivery.set_endpoint(ACTOR.to_owned(), to(&house, &made.url)).await.unwrap();
    assert!(none.is_none());
    assert_eq!((found.id, found.events, found.revision), (made.id, vec!["*".to_owned()], 1));
    assert!(secret.reveal().starts_with("whsec_"));
    house.delivery.close().await;
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(32).any(|part| part == &secret.reveal().as_bytes()[6..]));
    }
}

#[tokio::test]
async fn what_the_operator_lets_nobody_reach_is_refused_with_the_reason() {
    let house = House::open_to(&[9]);
    for (url, why) in [
        ("http://127.0.0.1:10/a", "the operator lets no webhook go there"),
        ("https://hooks.example.com/a", "the operator lets no webhook go there"),
        ("http://localhost:9/a", "never resolved"),
        ("ftp://127.0.0.1:9/a", "scheme"),
        ("http://user@127.0.0.1:9/a", "user or password"),
    ] {
        let error = house.delivery.set_endpoint(ACTOR.to_owned(), to(&house, url)).await.unwrap_err();
        assert!(error.to_string().contains(why), "{url}: {error}");
    }
    let mut wrong = to(&house, "http://127.0.0.1:9/a");
    wrong.events = vec!["execution.exploded".to_owned()];
    let error = house.delivery.set_endpoint(ACTOR.to_owned(), wrong).await.unwrap_err();
    assert!(error.to_string().contains("execution.succeeded"), "{error}");
}

#[tokio::test]
async fn both_secrets_sign_until_the_former_ones_time_is_over() {
    let receiver = Receiver::start(Act::Status(200, "")).await;
    let house = House::open_to(&[receiver.port]);
    let (endpoint, former) = house.endpoint(&receiver.url(), &["*"]).await;
    let day = Duration::from_hours(24);
    let (_, present) = house.delivery.rotate_endpoint(ACTOR.to_owned(), endpoint.id, day).await.unwrap();
    house.publish("workflows/1").await;
    let received = receiver.until(1).await;
    assert!(received[0].is_signed_by(&former) && received[0].is_signed_by(&present));
    house.clock.advance(day);
    house.publish("workflows/2").await;
    let received = receiver.until(2).await;
    assert!(!received[1].is_signed_by(&former) && received[1].is_signed_by(&present));
    let week = Duration::from_hours(24 * 8);
    let refused = house.delivery.rotate_endpoint(ACTOR.to_owned(), endpoint.id, week).await;
    assert!(matches!(refused, Err(DeliveryError::Unfit { field: "retire_at", .. })), "{refused:?}");
}

#[tokio::test]
async fn nobody_overwrites_an_endpoint_that_he_has_not_seen() {
    let house = House::open_to(&[9]);
    let (made, _) = house.endpoint("http://127.0.0.1:9/a", &["*"]).await;
    let disable = || EndpointChange { is_enabled: Some(false), ..EndpointChange::default() };
    let change = |revisions| house.delivery.change_endpoint(ACTOR.to_owned(), made.id, disable(), revisions);
    assert!(matches!(change(Some(vec![7])).await, Err(DeliveryError::Changed)));
    let changed = change(Some(vec![made.revision])).await.unwrap();
    assert_eq!((changed.revision, changed.disabled.unwrap().1.as_str()), (1, "by its owner"));
    // What changes nothing is no change.
    assert_eq!(change(None).await.unwrap().revision, 1);
    assert_eq!(house.acts().await, ["webhook.create", "webhook.change"]);
}

#[tokio::test]
async fn what_is_on_its_way_to_a_deleted_endpoint_becomes_a_dead_letter() {
    let receiver = Receiver::start(Act::Status(500, "")).await;
    let house = House::open_to(&[receiver.port]);
    let (endpoint, _) = house.endpoint(&receiver.url(), &["*"]).await;
    house.publish("workflows/1").await;
    house.until(|dispatch| dispatch.attempts == 1).await;
    house.delivery.delete_endpoint(ACTOR.to_owned(), endpoint.id, None).await.unwrap();
    house.clock.advance(Duration::from_secs(10));
    let (dispatch, attempts) = house.until(|dispatch| dispatch.status == Status::Dead).await;
    assert_eq!((dispatch.why.as_deref(), attempts.len()), (Some("the webhook was deleted"), 1));
    let missing = house.delivery.delete_endpoint(ACTOR.to_owned(), endpoint.id, None).await;
    assert!(matches!(missing, Err(DeliveryError::NotFound { .. })));
}

#[tokio::test]
async fn an_organisation_has_twenty_endpoints_at_most() {
    let house = House::open_to(&[9]);
    for n in 0..20 {
        house.endpoint(&format!("http://127.0.0.1:9/{n}"), &["*"]).await;
    }
    let refused = house.delivery.set_endpoint(ACTOR.to_owned(), to(&house, "http://127.0.0.1:9/more")).await;
    assert!(refused.unwrap_err().to_string().contains("at most 20 webhooks"));
    let page = |organisation, after| EndpointQuery { organisation, after, limit: 15, ..EndpointQuery::default() };
    let (first, second) = (house.delivery.endpoints(page(None, None)).await.unwrap(), house.organisation);
    assert_eq!(first.len(), 15);
    let rest = house.delivery.endpoints(page(Some(second), Some(first[14].id))).await.unwrap();
    assert_eq!(rest.len(), 5);
}

#[tokio::test]
async fn an_app_is_told_of_its_own_matters_alone_and_its_organisation_of_none_of_them() {
    let receiver = Receiver::start(Act::Status(200, "")).await;
    let house = House::open_to(&[receiver.port]);
    let (mine, other) = (AppId::from_u128(1), AppId::from_u128(2));
    let mut ids = Vec::new();
    for app in [None, Some(mine), Some(other)] {
        // One URL, once for each owner.
        let new = NewEndpoint { app, ..to(&house, &receiver.url()) };
        let (endpoint, secret) = house.delivery.set_endpoint(ACTOR.to_owned(), new.clone()).await.unwrap();
        let (again, _) = house.delivery.set_endpoint(ACTOR.to_owned(), new).await.unwrap();
        assert!(secret.is_some() && again.id == endpoint.id && endpoint.app == app);
        ids.push(endpoint.id);
    }
    let event = |source: &str, app| Event {
        source: source.to_owned(),
        organisation: house.organisation,
        app,
        kind: "execution.succeeded".to_owned(),
        at: house.now(),
        data: serde_json::json!({}),
    };
    for (source, app, to) in [("1", None, ids[0]), ("2", Some(mine), ids[1]), ("3", Some(other), ids[2])] {
        assert_eq!(house.delivery.publish(event(source, app)).await.unwrap(), 1);
        let sent = house.dispatches().await;
        assert_eq!(sent.iter().filter(|one| one.recipient == Recipient::Endpoint(to)).count(), 1, "{source}");
    }
    let of_app = EndpointQuery { app: Some(mine), limit: 10, ..EndpointQuery::default() };
    let listed = house.delivery.endpoints(of_app).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[1]]);
}
