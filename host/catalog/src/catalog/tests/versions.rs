//! Files that the version before left: what stood still, what was let in and what was sealed there is so still.

use types::{Digest, SecretId, TokenId};

use super::*;
use crate::{Authority, Scopes, Suspension};

/// How many migrations the file of version 6 has seen.
const SIX: usize = 6;
const REASON: &str = "unpaid";

struct Left {
    organisation: OrganisationId,
    plan: PlanId,
    app: AppId,
    subscription: SubscriptionId,
    token: TokenId,
    secret: SecretKey,
}

/// Writes a file as version 6 left it: a suspended API that runs a workflow, a suspended subscription to it, a provider's
/// token and a sealed secret.
#[expect(clippy::disallowed_methods, reason = "the file of a former version has a schema of its own")]
fn write_version_6(place: &Place) -> Left {
    let n = 9 << 80;
    let (api, release, route) = (ApiId::from_u128(n), ReleaseId::from_u128(n), RouteId::from_u128(n));
    let sealed = SecretId::from_u128(n);
    let left = Left {
        organisation: OrganisationId::from_u128(n),
        plan: PlanId::from_u128(n),
        app: AppId::from_u128(n),
        subscription: SubscriptionId::from_u128(n),
        token: TokenId::from_u128(n),
        secret: SecretKey::generate(KeyKind::Control),
    };
    let Left { organisation, plan, app, subscription, token, secret } = &left;
    let digest = secret.digest();
    let workflow = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
    let (nonce, text) = ("07".repeat(24), "08".repeat(20));
    let rows = format!(
        "INSERT INTO organisation VALUES ('{organisation}', 'acme', 1, '000000000042');
         INSERT INTO api VALUES ('{api}', '{organisation}', 'vat', 'VAT', '{REASON}', 1);
         INSERT INTO plan VALUES ('{plan}', '{api}', 'BASIC', 1, NULL, NULL, NULL, NULL, NULL, 0, 1, 1);
         INSERT INTO app VALUES ('{app}', '{organisation}', 'shop', 1);
         INSERT INTO subscription VALUES ('{subscription}', '{app}', '{api}', '{plan}', 1, '{REASON}', 1, 5);
         INSERT INTO token VALUES ('{token}', 'provider', '{organisation}', x'{digest}', 'weir_ctrl_ab', NULL, 1);
         INSERT INTO secret VALUES ('{sealed}', '{organisation}', 'stripe', 3, 1, x'{nonce}', x'{text}', 1, 2);
         INSERT INTO route VALUES ('{route}', '{api}', 'POST', '/v1/orders', 1);
         INSERT INTO release VALUES ('{release}', '{api}', 1, NULL, 1000, 1000000, 1048576, 1024, 1024, 4, '{{}}',
             '{{}}', 1, '[\"config\"]', '{workflow}', '{{\"allow\":[{{\"host\":\"api.example.com\"}}]}}');
         INSERT INTO release_route VALUES ('{release}', 0, '{route}');
         INSERT INTO live VALUES ('{api}', '{release}', 1);
         PRAGMA user_version = {SIX};"
    );
    let file = rusqlite::Connection::open(place.folder.path().join("catalog.db")).unwrap();
    for migration in MIGRATIONS.iter().take(SIX) {
        file.execute_batch(&format!("BEGIN; {migration} COMMIT;")).unwrap();
    }
    file.execute_batch(&rows).unwrap();
    left
}

#[tokio::test]
async fn a_file_of_version_6_opens_with_what_it_holds() {
    let place = Place::new();
    let left = write_version_6(&place);
    let catalog = place.open().await;
    let snapshot = catalog.snapshot();
    assert_eq!(snapshot.organisation(left.organisation).unwrap().account, "000000000042");
    let (release, _) = &snapshot.api("vat").unwrap().live.as_ref().unwrap().releases[0];
    assert!(matches!(release.runs, Runs::Workflow { .. }), "{:?}", release.runs);
    assert_eq!((release.egress.allow.len(), &release.grants), (1, &[Capability::Config].into()));
    assert_eq!(release.suspended, None);
    let secret = snapshot.secret(left.organisation, &"stripe".parse().unwrap()).unwrap();
    assert_eq!((secret.version, secret.sealed.as_ref().unwrap().nonce), (3, [7; 24]));
    assert_eq!(snapshot.subscription_by_id(left.subscription).unwrap().spend_cap, Some(5));
    catalog.close().await;
    assert_eq!(store::faults(&place.folder.path().join("catalog.db")).unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_stood_still_in_a_file_of_version_6_does_so_by_the_operators_word() {
    let place = Place::new();
    let left = write_version_6(&place);
    let catalog = place.open().await;
    let snapshot = catalog.snapshot();
    let by_operator = Some(Suspension { reason: REASON.to_owned(), by: Authority::Operator });
    assert_eq!(snapshot.api("vat").unwrap().suspended, by_operator);
    let subscription = snapshot.subscription_by_id(left.subscription).unwrap();
    assert_eq!((&subscription.suspended, subscription.cancel_at), (&by_operator, None));
    assert_eq!((snapshot.plan_suspension(left.plan), snapshot.app_suspension(left.app)), (None, None));
    let resumed = catalog.resume(HOST, crate::Subject::Subscription(left.subscription), Authority::Owner).await;
    assert!(matches!(resumed, Err(CatalogError::HeldByOperator { .. })), "{resumed:?}");
}

#[tokio::test]
async fn a_token_in_a_file_of_version_6_may_do_what_it_always_did() {
    let place = Place::new();
    let left = write_version_6(&place);
    let catalog = place.open().await;
    let principal = catalog.authenticate_token(left.secret.reveal()).unwrap();
    assert_eq!((principal.token, principal.scopes), (left.token, Scopes::ALL));
    let token = catalog.snapshot().token_by_digest(&Digest::of(left.secret.reveal().as_bytes())).cloned().unwrap();
    assert_eq!(token.expires_at, None);
    assert_eq!(catalog.snapshot().revision(&left.token.to_string()), 0);
}
