//! Whatever the size of the pieces, all items come once and in their order.

use serde_json::{Value, json};

use super::{ItemError, Position, Source};
use crate::{Limits, Name, Objects, Owned};

struct Place {
    objects: Owned,
    _folder: tempfile::TempDir,
}

fn place(text: &[u8]) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let whose = types::OrganisationId::from_u128(1);
    let objects = Objects::open(folder.path().to_owned(), Limits::default()).of(whose);
    let mut writing = objects.write(&Name::new("bucket", "key").unwrap()).unwrap();
    writing.put(text).unwrap();
    writing.finish().unwrap();
    Place { objects, _folder: folder }
}

fn request(config: &Value) -> Value {
    json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:getObject",
        "Arguments": { "Bucket": "bucket", "Key": "key" }, "ReaderConfig": config } })
}

/// All items, read in pieces of `most`.
fn all(place: &Place, request: &Value, most: usize) -> Result<Vec<Value>, ItemError> {
    let (source, mut from, mut items) = (Source::of(request), Position::default(), Vec::new());
    loop {
        let piece = source.read(&place.objects, &from, most)?;
        assert!(piece.items.len() <= most);
        // As it is kept between two pieces.
        from = piece
            .items
            .last()
            .map_or(from, |item| serde_json::from_str(&serde_json::to_string(&item.next).unwrap()).unwrap());
        items.extend(piece.items.into_iter().map(|item| item.value));
        if piece.is_end {
            return Ok(items);
        }
    }
}

fn same(text: &str, config: &Value, expected: &Value) {
    let place = place(text.as_bytes());
    for most in [1, 2, 3, 100] {
        let items = all(&place, &request(config), most).unwrap();
        assert_eq!(Value::from(items), *expected, "pieces of {most} of {text}");
    }
}

#[test]
fn a_json_array_is_read_item_by_item() {
    let text = "\u{feff} [ 1 , \"a]\\\"\\\\\" ,{\"b\": [1,2, \"}\"]},[ ] ,null,-1.5e3]  ";
    same(text, &json!({}), &json!([1, "a]\"\\", { "b": [1, 2, "}"] }, [], null, -1500.0]));
    same("[]", &json!({ "InputType": "JSON" }), &json!([]));
}

#[test]
fn the_members_of_a_json_object_are_items_too() {
    let expected = json!([{ "Key": "a\"b", "Value": 1 }, { "Key": "c", "Value": { "d": [] } }]);
    same(r#"{ "a\"b" : 1, "c":{"d":[]}}"#, &json!({ "InputType": "JSON" }), &expected);
    same("{}", &json!({}), &json!([]));
}

#[test]
fn a_pointer_leads_to_the_items() {
    let text = r#"{"x": [1, {"]": 2}], "a/b": [{"skip": [0]}, {"~": [7, 8, 9]}], "z": 1}"#;
    same(text, &json!({ "ItemsPointer": "/a~1b/1/~0" }), &json!([7, 8, 9]));
    let place = place(text.as_bytes());
    for pointer in ["/q", "/x/9", "/z/1", "/z"] {
        let failed = all(&place, &request(&json!({ "ItemsPointer": pointer })), 10).unwrap_err();
        assert!(matches!(failed, ItemError::Malformed(_)), "{pointer}: {failed}");
    }
}

#[test]
fn lines_and_rows_are_items() {
    same("{\"a\":1}\n\n 2 \r\n\"x\"", &json!({ "InputType": "JSONL" }), &json!([{ "a": 1 }, 2, "x"]));
    let expected = json!([{ "id": "1", "name": "a,\"b\"\nc" }, { "id": "2", "name": "" }, { "id": "3", "name": "x" }]);
    let text = "id,name\r\n1,\"a,\"\"b\"\"\nc\"\r\n2\r\n3,x,dropped\r\n";
    same(text, &json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" }), &expected);
    let given =
        json!({ "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["k"], "CSVDelimiter": "PIPE" });
    same("a|b\nc|d\n", &given, &json!([{ "k": "a" }, { "k": "c" }]));
}

#[test]
fn what_is_no_list_of_items_says_so() {
    for (text, config) in [
        ("7", json!({})),
        ("[1, 2", json!({})),
        ("[1 2]", json!({})),
        ("[1,]", json!({})),
        ("[tru]", json!({})),
        ("{\"a\" 1}", json!({})),
        ("{1: 2}", json!({})),
        ("{\"a\"}\n", json!({ "InputType": "JSONL" })),
        ("x", json!({ "InputType": "PARQUET" })),
        ("x", json!({ "InputType": "MANIFEST" })),
    ] {
        assert!(all(&place(text.as_bytes()), &request(&config), 10).is_err(), "{text}");
    }
    let long = format!("[\"{}\"]", "x".repeat(300_000));
    assert!(matches!(all(&place(long.as_bytes()), &request(&json!({})), 10), Err(ItemError::TooLarge)));
    let open = format!("a\n\"{}", "x".repeat(2_000_000));
    let csv = request(&json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" }));
    assert!(matches!(all(&place(open.as_bytes()), &csv, 10), Err(ItemError::Malformed(_))));
    let missing = json!({ "ItemReader": { "Arguments": { "Bucket": "bucket", "Key": "other" } } });
    assert!(matches!(all(&place(b""), &missing, 10), Err(ItemError::Object(_))));
}

#[test]
fn the_data_of_the_state_is_read_in_pieces_too() {
    let place = place(b"");
    for most in [1, 2, 5] {
        assert_eq!(all(&place, &json!({ "Items": [1, 2, 3] }), most).unwrap(), [json!(1), json!(2), json!(3)]);
        let pairs = all(&place, &json!({ "Items": { "a": 1, "b": 2 } }), most).unwrap();
        assert_eq!(pairs, [json!({ "Key": "a", "Value": 1 }), json!({ "Key": "b", "Value": 2 })]);
    }
}

#[test]
fn a_listing_is_items_with_key_and_size() {
    let place = place(b"12345");
    let request = json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Arguments": { "Bucket": "bucket", "Prefix": "k" } } });
    let items = all(&place, &request, 1).unwrap();
    assert_eq!((items.len(), &items[0]["Key"], &items[0]["Size"]), (1, &json!("key"), &json!(5)));
}
