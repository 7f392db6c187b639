//! What the commands promise.

use super::*;

#[tokio::test]
async fn releases_are_numbered_and_keep_the_ids_of_their_routes() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let again = catalog.create_release(HOST, release(vat.api, "one", &["/v1/rates/{country}"])).await.unwrap();
    assert_eq!(again, 1, "the same content is the same release");
    catalog.register_component(HOST, component("two")).await.unwrap();
    let second =
        catalog.create_release(HOST, release(vat.api, "two", &["/v1/rates/{country}", "/v1/more"])).await.unwrap();
    let back = catalog.create_release(HOST, release(vat.api, "one", &["/v1/rates/{country}"])).await.unwrap();
    assert_eq!((second, back), (2, 3));

    let releases = catalog.releases(vat.api, 10).await.unwrap();
    let numbers: Vec<u32> = releases.iter().map(|release| release.number).collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(releases[1].routes[0].id, releases[2].routes[0].id);
    assert_ne!(releases[1].routes[1].id, releases[1].routes[0].id);
    let live = catalog.snapshot().api("vat").unwrap().live.clone().unwrap();
    assert_eq!(live.releases[0].0.number, 1, "making a release sets none live");
}

#[tokio::test]
async fn the_operators_ceiling_counts_where_it_is_lower() {
    let place = Place::new();
    let catalog = place.open().await;
    vat(&catalog).await;
    catalog.close().await;
    let ceiling = Limits { wall: Duration::from_secs(3), concurrency: 2, ..Limits::CEILING };
    let catalog = place.open_under(ceiling).await;
    let api = Arc::clone(catalog.snapshot().api("vat").unwrap());
    let limits = api.live.as_ref().unwrap().releases[0].0.limits;
    assert_eq!(limits, Limits { wall: Duration::from_secs(3), concurrency: 2, ..Limits::default() });
    // The provider's own limits are stored: asking for them again is no new release.
    let again = catalog.create_release(HOST, release(api.id, "one", &["/v1/rates/{country}"])).await.unwrap();
    assert_eq!(again, 1);
}

#[tokio::test]
async fn a_changed_plan_is_a_new_version_and_subscribers_stay_on_theirs() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let same = catalog.create_plan(HOST, plan(vat.api, "BASIC", 1_000)).await.unwrap();
    assert_eq!(same, vat.plan);
    let next = catalog.create_plan(HOST, plan(vat.api, "BASIC", 2_000)).await.unwrap();
    assert_eq!(catalog.snapshot().plan(next).unwrap().version, 2);
    assert_eq!(catalog.snapshot().plan_named(vat.api, "BASIC").unwrap().id, next);
    let old = Arc::clone(catalog.snapshot().subscription(vat.app, vat.api).unwrap());
    assert_eq!(old.plan, vat.plan);

    let other = catalog.create_app(HOST, vat.organisation, "other").await.unwrap();
    let refused = catalog.subscribe(HOST, other, vat.api, vat.plan).await;
    assert!(matches!(refused, Err(CatalogError::Unfit { field: "plan", .. })), "{refused:?}");
    let moved = catalog.subscribe(HOST, vat.app, vat.api, next).await.unwrap();
    assert_eq!(moved, old.id);
    let new = Arc::clone(catalog.snapshot().subscription(vat.app, vat.api).unwrap());
    assert_eq!((new.plan_version.terms.quotas[0].amount.get(), new.anchor), (2_000, old.anchor));
}

#[tokio::test]
async fn an_app_has_two_live_keys_at_most() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let (first, _) = catalog.create_key(HOST, live_key(vat.app)).await.unwrap();
    catalog.create_key(HOST, live_key(vat.app)).await.unwrap();
    let third = catalog.create_key(HOST, live_key(vat.app)).await;
    assert!(matches!(third, Err(CatalogError::TooManyKeys { app }) if app == vat.app), "{third:?}");

    catalog.disable_key(HOST, first.id, "leaked").await.unwrap();
    assert_eq!(catalog.snapshot().key(&first.digest).unwrap().disabled.as_deref(), Some("leaked"));
    catalog.create_key(HOST, live_key(vat.app)).await.unwrap();
    assert_eq!(catalog.snapshot().keys_of(vat.app).count(), 3);
}

#[tokio::test]
async fn control_tokens_open_what_their_role_says_until_they_are_disabled() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let (operator, secret) = catalog.create_token(HOST, NewToken::full(Role::Operator)).await.unwrap();
    let (_, provider) = catalog.create_token(HOST, NewToken::full(Role::Provider(vat.organisation))).await.unwrap();
    let principal = catalog.authenticate_token(secret.reveal()).unwrap();
    assert_eq!((principal.token, principal.role), (operator, Role::Operator));
    assert_eq!(catalog.authenticate_token(provider.reveal()).unwrap().role, Role::Provider(vat.organisation));
    assert_eq!(catalog.authenticate_token("weir_ctrl_made_up"), None);

    catalog.disable_token(principal.actor(), operator, "left the company").await.unwrap();
    assert_eq!(catalog.authenticate_token(secret.reveal()), None);
}

#[tokio::test]
async fn no_secret_and_no_name_of_a_person_is_in_the_acts() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let (_, secret) = catalog.create_key(HOST, live_key(vat.app)).await.unwrap();
    let told = place.book.told.lock().unwrap();
    for (_, fact) in told.iter() {
        let text = serde_json::to_string(fact).unwrap();
        assert!(!text.contains(secret.reveal()));
        if matches!(fact, Fact::Act(_)) {
            assert!(!text.contains("acme") && !text.contains("shop"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_host_name_leads_to_one_api_alone() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let api = |slug: &str, hosts: &[&str]| NewApi {
        organisation: vat.organisation,
        slug: slug.to_owned(),
        title: "An API".to_owned(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
    };
    catalog.create_api(HOST, api("vat", &["VAT.example.com"])).await.unwrap();
    let taken = catalog.create_api(HOST, api("other", &["vat.example.com"])).await;
    assert!(matches!(taken, Err(CatalogError::Exists { what: "host name", .. })), "{taken:?}");
    assert_eq!(catalog.snapshot().api_by_host("vat.example.com").unwrap().id, vat.api);
    assert!(catalog.snapshot().api("other").is_none(), "the refused change has left nothing");
    catalog.create_api(HOST, api("vat", &[])).await.unwrap();
    assert!(catalog.snapshot().api_by_host("vat.example.com").is_none());
}

#[tokio::test]
async fn a_plan_counts_only_what_the_latest_release_declares() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let pages: ObjectName = "pages".parse().unwrap();
    let mut by_page = plan(vat.api, "PAGES", 10);
    by_page.terms.quotas[0].object = pages.clone();
    let refused = catalog.create_plan(HOST, by_page.clone()).await;
    assert!(matches!(refused, Err(CatalogError::Unfit { field: "quotas", .. })), "{refused:?}");

    let mut new = release(vat.api, "one", &["/v1/rates/{country}"]);
    let max_per_call = Units::saturating(5);
    new.objects = vec![crate::ObjectDeclaration { name: pages.clone(), unit: "page".to_owned(), max_per_call }];
    new.routes[0].needs = vec![(pages.clone(), max_per_call)];
    catalog.create_release(HOST, new.clone()).await.unwrap();
    let first = catalog.create_plan(HOST, by_page.clone()).await.unwrap();
    catalog.subscribe(HOST, vat.app, vat.api, first).await.unwrap();

    // Renaming an object goes by a release and then a plan, while subscribers stay on the plan that they have.
    let sheets: ObjectName = "sheets".parse().unwrap();
    new.objects[0].name = sheets.clone();
    new.routes[0].needs[0].0 = sheets.clone();
    assert_eq!(catalog.create_release(HOST, new).await.unwrap(), 3);
    by_page.terms.quotas[0].object = sheets;
    let second = catalog.create_plan(HOST, by_page).await.unwrap();
    assert_eq!(catalog.snapshot().plan(second).unwrap().version, 2);
}

#[tokio::test]
async fn an_import_that_its_release_does_not_grant_is_refused_by_name() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let imports = [
        ("wasi:config/store@0.2.0-rc.1", Capability::Config),
        ("wasi:config/store@0.2.0-draft-2024-09-27", Capability::Config),
        ("wasi:logging/logging@0.1.0-draft", Capability::Logging),
    ];
    for (import, capability) in imports {
        let asking = Component { imports: vec![import.to_owned()], ..component(import) };
        catalog.register_component(HOST, asking).await.unwrap();
        let granting = |grants: &[Capability]| NewRelease {
            grants: grants.iter().copied().collect(),
            ..release(vat.api, import, &["/v1/rates/{country}"])
        };
        let others: Vec<Capability> = Capability::ALL.into_iter().filter(|other| *other != capability).collect();
        for grants in [&[][..], &others] {
            let refused = catalog.create_release(HOST, granting(grants)).await.unwrap_err().to_string();
            assert!(refused.contains(import) && refused.contains(&format!("grant {capability}")), "{refused}");
        }
        let number = catalog.create_release(HOST, granting(&[capability])).await.unwrap();
        let releases = catalog.releases(vat.api, 1).await.unwrap();
        assert_eq!((releases[0].number, &releases[0].grants), (number, &[capability].into()));
    }
    let other = catalog.create_release(HOST, release(vat.api, "one", &["/v1/rates/{country}"])).await.unwrap();
    let more = NewRelease { grants: Capability::ALL.into(), ..release(vat.api, "one", &["/v1/rates/{country}"]) };
    assert_eq!(catalog.create_release(HOST, more).await.unwrap(), other + 1, "other grants are another release");
}

#[tokio::test]
async fn a_file_of_version_1_keeps_its_releases_and_they_reach_nothing() {
    let place = Place::new();
    place.write_version_1();
    let catalog = place.open().await;
    let live = catalog.snapshot().api("vat").unwrap().live.clone().unwrap();
    let (release, weight) = &live.releases[0];
    assert_eq!((live.releases.len(), release.number, *weight), (1, 1, 1));
    assert_eq!((&release.egress, &release.grants), (&types::Egress::default(), &[].into()));
    assert_eq!(release.traced, types::Traced::Failed);
    let pages: ObjectName = "pages".parse().unwrap();
    assert_eq!(release.objects.iter().map(|object| &object.name).collect::<Vec<_>>(), [&pages]);
    let routes: Vec<_> = release.routes.iter().map(|route| (&*route.template, &*route.needs)).collect();
    assert_eq!(routes, [("/v1/{what}", &[(pages.clone(), Units::saturating(2))][..])]);
    catalog.close().await;
    assert_eq!(store::faults(&place.folder.path().join("catalog.db")).unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_of_version_1_opens_with_what_it_holds() {
    let place = Place::new();
    let (organisation, subscription) = place.write_version_1();
    let catalog = place.open().await;
    let account = catalog.snapshot().organisation(organisation).unwrap().account.clone();
    assert!(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()), "{account}");
    let cap = || catalog.snapshot().subscription_by_id(subscription).unwrap().spend_cap;
    assert_eq!(cap(), None);
    catalog.set_spend_cap(HOST, subscription, Some(5)).await.unwrap();
    assert_eq!(cap(), Some(5));
    let later = catalog.create_organisation(HOST, "later").await.unwrap();
    assert_ne!(catalog.snapshot().organisation(later).unwrap().account, account);
    catalog.close().await;
    let again = place.open().await;
    assert_eq!(again.snapshot().organisation(organisation).unwrap().account, account, "it never changes");
}
