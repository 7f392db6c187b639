//! Roles of state machines: set anew, removed, and there after a start.

use types::{Egress, RoleName};

use super::*;

#[tokio::test]
async fn a_role_is_there_after_a_start_and_a_removed_one_grants_nothing() {
    let place = Place::new();
    let catalog = place.open().await;
    let owner = catalog.create_organisation(HOST, "acme").await.unwrap();
    let name: RoleName = "orders".parse().unwrap();
    let grant: Egress = serde_json::from_str(r#"{"allow":[{"host":"api.example.com"}]}"#).unwrap();
    let granted = |catalog: &Catalog| catalog.snapshot().machine_role(owner, &name).unwrap().egress.clone();
    let id = catalog.set_machine_role(HOST, owner, name.clone(), Egress::default()).await.unwrap();
    assert_eq!(catalog.set_machine_role(HOST, owner, name.clone(), grant.clone()).await.unwrap(), id);
    catalog.close().await;
    let catalog = place.open().await;
    assert_eq!(granted(&catalog), Some(grant));
    catalog.remove_machine_role(HOST, owner, name.clone()).await.unwrap();
    assert_eq!(granted(&catalog), None);
    catalog.set_machine_role(HOST, owner, name.clone(), Egress::default()).await.unwrap();
    assert_eq!(catalog.snapshot().machine_role(owner, &name).unwrap().version, 3);
    let acts = place.book.acts();
    assert_eq!(acts[acts.len() - 4..], ["role.set", "role.set", "role.remove", "role.set"]);
}
