//! Secrets: sealed, set anew, removed, and never told to anyone.

use types::{HostKey, SecretName, SecretValue};

use super::*;
use crate::Vault;

fn stripe() -> SecretName {
    "stripe".parse().unwrap()
}

#[tokio::test]
async fn a_secret_is_set_anew_and_removed_and_opens_in_between_and_after_a_start() {
    let place = Place::new();
    let vault = Vault::new(&HostKey::from_bytes([5; 32]));
    let catalog = place.open().await;
    let owner = catalog.create_organisation(HOST, "acme").await.unwrap();
    let seal = |text: &str| vault.seal(owner, &stripe(), &SecretValue::new(text.to_owned())).unwrap();
    let value = |catalog: &Catalog| {
        let sealed = catalog.snapshot().secret(owner, &stripe()).unwrap().sealed.clone();
        sealed.map(|sealed| vault.open(owner, &stripe(), &sealed).unwrap().reveal().to_owned())
    };
    let id = catalog.set_secret(HOST, owner, stripe(), seal("first")).await.unwrap();
    assert_eq!(value(&catalog).as_deref(), Some("first"));
    assert_eq!(catalog.set_secret(HOST, owner, stripe(), seal("second")).await.unwrap(), id);
    assert_eq!(value(&catalog).as_deref(), Some("second"));
    catalog.close().await;
    let catalog = place.open().await;
    assert_eq!(value(&catalog).as_deref(), Some("second"));
    catalog.remove_secret(HOST, owner, stripe()).await.unwrap();
    assert_eq!(value(&catalog), None);
    catalog.set_secret(HOST, owner, stripe(), seal("third")).await.unwrap();
    assert_eq!(catalog.snapshot().secret(owner, &stripe()).unwrap().version, 3);
    let told = format!("{:?}", place.book.distinct());
    assert!(["first", "second", "third"].iter().all(|text| !told.contains(text)), "{told}");
    let acts = place.book.acts();
    assert_eq!(acts[acts.len() - 4..], ["secret.set", "secret.set", "secret.remove", "secret.set"]);
}

#[tokio::test]
async fn a_file_of_version_1_takes_secrets_and_its_releases_reach_nothing() {
    let place = Place::new();
    let (owner, _) = place.write_version_1();
    let catalog = place.open().await;
    let vault = Vault::new(&HostKey::from_bytes([5; 32]));
    let sealed = vault.seal(owner, &stripe(), &SecretValue::new("value".to_owned())).unwrap();
    catalog.set_secret(HOST, owner, stripe(), sealed).await.unwrap();
    assert_eq!(catalog.snapshot().secrets().count(), 1);
}
