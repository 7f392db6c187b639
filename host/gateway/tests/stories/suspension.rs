//! What stands still is refused from the next call on, with the reason; then it goes on as if nothing had been.

use std::time::Duration;

use catalog::{Actor, Authority, Subject, Suspension};
use tests::Component;

use crate::host::{Host, Offer, Shop};

fn because(reason: &str) -> Suspension {
    Suspension { reason: reason.to_owned(), by: Authority::Operator }
}

/// Everything that a call of the shop needs, and the code when it stands still.
fn subjects(host: &Host, shop: &Shop) -> [(Subject, &'static str); 6] {
    let snapshot = host.house.catalog.snapshot();
    let live = snapshot.api_by_id(shop.api).unwrap().live.as_ref().unwrap();
    [
        (Subject::Api(shop.api), "api-suspended"),
        (Subject::Release(live.releases[0].0.id), "api-suspended"),
        (Subject::Plan(snapshot.subscription_by_id(shop.subscription).unwrap().plan), "subscription-suspended"),
        (Subject::App(shop.app), "app-suspended"),
        (Subject::Key(snapshot.keys_of(shop.app).next().unwrap().id), "key-suspended"),
        (Subject::Subscription(shop.subscription), "subscription-suspended"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_still_refuses_the_next_call_with_its_reason_and_then_goes_on() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let other = host.open("other", &Component::echo().unwrap(), Offer::default()).await;
    let catalog = &host.house.catalog;
    for (subject, code) in subjects(&host, &shop) {
        assert_eq!(host.post("/echo/x", &shop.key, "").await.status, 200, "{subject}");
        let since = host.house.clock.moment();
        catalog.suspend(Actor::Host, subject, because("unpaid since May")).await.unwrap();
        let refused = host.post("/echo/x", &shop.key, "").await;
        assert_eq!(refused.problem(), (403, code.to_owned()), "{subject}");
        assert!(refused.body.contains("unpaid since May"), "{}", refused.body);
        let took = host.house.clock.moment().since(since);
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_eq!(host.post("/other/x", &other.key, "").await.status, 200, "{subject} is another's");
        catalog.resume(Actor::Host, subject, Authority::Operator).await.unwrap();
    }
    assert_eq!(host.post("/echo/x", &shop.key, "").await.status, 200);
    let refused = host.rows().iter().filter(|row| row.status == 403).count();
    assert_eq!(refused, 0, "what is refused leaves no row");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_others_take_over_the_share_of_a_release_that_stands_still() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let catalog = &host.house.catalog;
    host.next_release(&shop).await;
    catalog.set_live_weighted(Actor::Host, shop.api, vec![(1, 99), (2, 1)]).await.unwrap();
    let first = catalog.release(shop.api, 1).await.unwrap().unwrap().id;
    catalog.suspend(Actor::Host, Subject::Release(first), because("a fault")).await.unwrap();
    for _ in 0..10 {
        assert_eq!(host.post("/echo/x", &shop.key, "").await.status, 200);
    }
    assert_eq!(host.served_by(), [(2, 10)]);
}
