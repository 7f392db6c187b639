//! The document says what is served, and what is committed is what it says.

use std::collections::BTreeSet;

use api::openapi::Access;
use control::Needs;
use serde_json::Value;

use crate::house::Desk;

#[test]
fn the_document_and_the_routes_say_the_same() {
    let served = control::ROUTES.iter().map(|(method, path, needs)| {
        let access = match needs {
            Needs::Nothing => Access::Open,
            Needs::Read => Access::Read,
            Needs::Publish => Access::Publish,
            Needs::Manage => Access::Manage,
        };
        (path.to_string(), *method, format!("{access:?}"))
    });
    let described = api::openapi::operations();
    let described = described.iter().map(|one| (one.path.clone(), one.method, format!("{:?}", one.access)));
    let (served, described): (BTreeSet<_>, BTreeSet<_>) = (served.collect(), described.collect());
    assert_eq!(served, described);
}

#[test]
fn the_committed_document_is_the_one_that_the_types_make() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/openapi.json");
    let made = api::openapi::text();
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    if committed == made {
        return;
    }
    // Written beside it, so that a change is one copy away.
    let fresh = std::env::temp_dir().join("openapi.json");
    std::fs::write(&fresh, made).unwrap();
    panic!("docs/reference/openapi.json is not what the types say now: look at {} and copy it", fresh.display());
}

#[tokio::test]
async fn anybody_may_read_the_document_and_every_reference_in_it_leads_somewhere() {
    let desk = Desk::open().await;
    let document = desk.ask("", "GET", "/v1/openapi.json", Value::Null).await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let mut pending = vec![&document];
    let mut references = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    references += 1;
                }
                pending.extend(members.values());
            }
            Value::Array(items) => pending.extend(items),
            _ => {}
        }
    }
    assert!(references > 100, "{references}");
}
