//! What is set of a subscription or an API while calls go on: caps, test keys, shares of releases.

use std::collections::BTreeMap;

use catalog::{Actor, Limits, NewKey, NewRelease, NewRoute, NewRuns};
use types::KeyKind;

use crate::host::{Host, Offer};
use tests::Component;

#[tokio::test(flavor = "multi_thread")]
async fn a_spend_cap_refuses_the_call_that_would_pass_it_and_counts_at_once() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::priced(1)).await;
    let cap = async |micros| host.house.catalog.set_spend_cap(Actor::Host, shop.subscription, micros).await.unwrap();
    cap(Some(3_000)).await;
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    let refused = host.post("/echo/a", &shop.key, "").await;
    assert_eq!(refused.problem(), (429, "spend-cap-reached".to_owned()));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 86_400, "{refused:?}");
    cap(Some(6_000)).await;
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 429);
    cap(None).await;
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    assert_eq!(host.rows().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_key_calls_within_its_own_quota_and_is_not_billed() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    let new = NewKey { app: shop.app, kind: KeyKind::Test, expires_at: None };
    let (_, testing) = host.house.catalog.create_key(Actor::Host, new).await.unwrap();
    assert!(testing.reveal().starts_with("weir_test_"));
    let tried = host.post("/echo/a", testing.reveal(), "hi").await;
    assert_eq!((tried.status, tried.body.as_str(), tried.header("x-ratelimit-requests-remaining")), (200, "hi", "0"));
    assert_eq!(host.post("/echo/a", testing.reveal(), "").await.problem().1, "quota-exceeded");
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200, "the live quota is untouched");
    let billed: Vec<i64> = host.rows().iter().map(|row| row.billed).collect();
    assert_eq!(billed, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_releases_share_the_calls_and_each_row_says_which_served() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let catalog = &host.house.catalog;
    let component = catalog.releases(shop.api, 1).await.unwrap()[0].runs.digest();
    let release = NewRelease {
        api: shop.api,
        runs: NewRuns::Component(component),
        limits: Limits::default(),
        routes: vec![NewRoute { method: "*".to_owned(), template: "/{*rest}".to_owned(), needs: Vec::new() }],
        objects: Vec::new(),
        egress: types::Egress::default(),
        traced: types::Traced::default(),
        config: BTreeMap::new(),
        errors: BTreeMap::new(),
        grants: std::collections::BTreeSet::new(),
    };
    assert_eq!(catalog.create_release(Actor::Host, release).await.unwrap(), 2);
    catalog.set_live_weighted(Actor::Host, shop.api, vec![(1, 90), (2, 10)]).await.unwrap();
    for _ in 0..200 {
        assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    }
    let [(1, old), (2, new)] = host.served_by()[..] else { panic!("{:?}", host.served_by()) };
    assert_eq!(old + new, 200);
    assert!(new < old, "{new} of 200 by the release that has a tenth");
    catalog.set_live(Actor::Host, shop.api, 1).await.unwrap();
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    assert_eq!(host.served_by()[0], (1, old + 1));
}
