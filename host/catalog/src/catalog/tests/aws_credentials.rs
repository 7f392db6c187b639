//! Credentials for clients of AWS: made, found by their id, deleted, and their secrets told to nobody.

use types::{AccessKeyId, HostKey, SecretValue};

use super::*;
use crate::{NewAwsCredential, Vault};

fn vault() -> Vault {
    Vault::new(&HostKey::from_bytes([5; 32]))
}

fn new(organisation: OrganisationId, secret: &SecretValue) -> NewAwsCredential {
    let id = AccessKeyId::generate();
    let sealed = vault().seal_access_key(organisation, id, secret).unwrap();
    NewAwsCredential { id, organisation, name: "ci".to_owned(), sealed }
}

#[tokio::test]
async fn a_credential_is_found_by_its_id_until_it_is_deleted_and_after_a_start() {
    let place = Place::new();
    let catalog = place.open().await;
    let owner = catalog.create_organisation(HOST, "acme").await.unwrap();
    let secret = SecretValue::generate_access_key();
    let credential = new(owner, &secret);
    let id = credential.id;
    catalog.create_aws_credential(HOST, credential).await.unwrap();
    let opened = |catalog: &Catalog| {
        let found = catalog.snapshot().aws_credential(id).cloned()?;
        assert_eq!((found.organisation, found.name.as_str()), (owner, "ci"));
        Some(vault().open_access_key(owner, id, &found.sealed).unwrap().reveal().to_owned())
    };
    assert_eq!(opened(&catalog).as_deref(), Some(secret.reveal()));
    catalog.close().await;
    let catalog = place.open().await;
    assert_eq!(opened(&catalog).as_deref(), Some(secret.reveal()));
    catalog.delete_aws_credential(HOST, id).await.unwrap();
    assert_eq!(opened(&catalog), None);
    let again = catalog.delete_aws_credential(HOST, id).await;
    assert!(matches!(again, Err(CatalogError::NotFound { .. })), "{again:?}");
    catalog.close().await;
    assert_eq!(opened(&place.open().await), None);
    let acts = place.book.acts();
    assert_eq!(acts[acts.len() - 2..], ["aws-credential.create", "aws-credential.delete"]);
    let told = format!("{:?}", place.book.distinct());
    assert!(!told.contains(secret.reveal()), "{told}");
    let file = std::fs::read(place.folder.path().join("catalog.db")).unwrap();
    assert!(!file.windows(40).any(|part| part == secret.reveal().as_bytes()));
}

#[tokio::test]
async fn an_organisation_has_at_most_twenty_credentials_and_another_has_its_own() {
    let place = Place::new();
    let catalog = place.open().await;
    let owner = catalog.create_organisation(HOST, "acme").await.unwrap();
    let other = catalog.create_organisation(HOST, "shop").await.unwrap();
    let secret = SecretValue::generate_access_key();
    let mut first = None;
    for _ in 0..20 {
        let credential = new(owner, &secret);
        first.get_or_insert(credential.id);
        catalog.create_aws_credential(HOST, credential).await.unwrap();
    }
    let refused = catalog.create_aws_credential(HOST, new(owner, &secret)).await.unwrap_err().to_string();
    assert!(refused.contains("at most 20 credentials"), "{refused}");
    catalog.create_aws_credential(HOST, new(other, &secret)).await.unwrap();
    catalog.delete_aws_credential(HOST, first.unwrap()).await.unwrap();
    catalog.create_aws_credential(HOST, new(owner, &secret)).await.unwrap();
    assert_eq!(catalog.snapshot().aws_credentials().count(), 21);
}

#[tokio::test]
async fn a_credential_without_a_name_or_an_owner_is_refused() {
    let place = Place::new();
    let catalog = place.open().await;
    let owner = catalog.create_organisation(HOST, "acme").await.unwrap();
    let secret = SecretValue::generate_access_key();
    let nameless = NewAwsCredential { name: String::new(), ..new(owner, &secret) };
    let refused = catalog.create_aws_credential(HOST, nameless).await;
    assert!(matches!(refused, Err(CatalogError::Invalid { field: "name", .. })), "{refused:?}");
    let nobody = OrganisationId::from_u128(1);
    let refused = catalog.create_aws_credential(HOST, new(nobody, &secret)).await;
    assert!(matches!(refused, Err(CatalogError::NotFound { what: "organisation", .. })), "{refused:?}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the file of a former version has a schema of its own")]
async fn a_file_of_the_version_before_keeps_its_organisation_which_takes_credentials() {
    let place = Place::new();
    let owner = OrganisationId::from_u128(9 << 80);
    let before = MIGRATIONS.iter().position(|sql| sql.contains("CREATE TABLE aws_credential")).unwrap();
    let file = rusqlite::Connection::open(place.folder.path().join("catalog.db")).unwrap();
    for migration in &MIGRATIONS[..before] {
        file.execute_batch(&format!("BEGIN; {migration} COMMIT;")).unwrap();
    }
    let row = "INSERT INTO organisation (id, name, account, created_us) VALUES (?1, 'acme', '000000000042', 1)";
    file.execute(row, [owner.to_string()]).unwrap();
    file.pragma_update(None, "user_version", i64::try_from(before).unwrap()).unwrap();
    drop(file);
    let catalog = place.open().await;
    assert_eq!(catalog.snapshot().organisation(owner).unwrap().account, "000000000042");
    assert_eq!(catalog.snapshot().aws_credentials().count(), 0);
    catalog.create_aws_credential(HOST, new(owner, &SecretValue::generate_access_key())).await.unwrap();
    assert_eq!(catalog.snapshot().aws_credentials().count(), 1);
}
