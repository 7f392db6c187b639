use types::{ByteCount, OrganisationId};

use super::*;
use crate::Objects;

const WHOSE: OrganisationId = OrganisationId::from_u128(1);

fn objects(folder: &tempfile::TempDir, limits: Limits) -> Owned {
    Objects::open(folder.path().to_owned(), limits).of(WHOSE)
}

fn name(key: &str) -> Name {
    Name::new("bucket", key).unwrap()
}

fn try_put(objects: &Owned, key: &str, text: &str) -> Result<crate::Written, ObjectError> {
    let mut writing = objects.write(&name(key))?;
    writing.put(text.as_bytes())?;
    writing.finish()
}

fn put(objects: &Owned, key: &str, text: &str) {
    assert_eq!(try_put(objects, key, text).unwrap().bytes, text.len() as u64);
}

fn keys(objects: &Owned, within: (&str, &str), most: usize) -> Vec<String> {
    objects.list("bucket", within, most).unwrap().into_iter().map(|one| one.key).collect()
}

fn small(bytes: u64, objects: u64) -> Limits {
    Limits { object_max: ByteCount::saturating(10), bytes_max: ByteCount::saturating(bytes), objects_max: objects }
}

#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let objects = objects(&folder, Limits::default());
    put(&objects, "real", "x");
    let bucket = objects.folder().join("bucket");
    std::os::unix::fs::symlink("/etc/passwd", bucket.join("file")).unwrap();
    std::os::unix::fs::symlink("/etc", bucket.join("folder")).unwrap();
    for key in ["file", "folder/passwd"] {
        assert!(matches!(objects.open(&name(key)), Err(ObjectError::NoFile(_))), "{key}");
        assert!(objects.write(&name(key)).is_err() && objects.delete(&name(key)).is_err(), "{key}");
    }
    assert_eq!(keys(&objects, ("", ""), 10), ["real"]);
}

#[test]
fn a_listing_goes_on_after_a_key_in_the_order_of_keys() {
    let folder = tempfile::tempdir().unwrap();
    let objects = objects(&folder, Limits::default());
    for key in ["a/2", "a/1", "a-b", "a/x/1", "b", "c/1"] {
        put(&objects, key, key);
    }
    assert_eq!(keys(&objects, ("", ""), 10), ["a-b", "a/1", "a/2", "a/x/1", "b", "c/1"]);
    assert_eq!(keys(&objects, ("a/", ""), 2), ["a/1", "a/2"]);
    assert_eq!(keys(&objects, ("a/", "a/2"), 10), ["a/x/1"]);
    assert_eq!(keys(&objects, ("", "a/x/1"), 1), ["b"]);
    assert_eq!(objects.list("other", ("", ""), 9).unwrap(), []);
}

#[test]
fn an_object_that_is_not_finished_is_not_there_and_one_that_a_crash_has_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let owned = objects(&folder, Limits::default());
    let mut writing = owned.write(&name("a/b")).unwrap();
    writing.put(b"x").unwrap();
    drop(writing);
    assert!(matches!(owned.open(&name("a/b")), Err(ObjectError::Missing(_))));
    let writing = owned.folder().join(".writing");
    assert_eq!(std::fs::read_dir(&writing).unwrap().count(), 0);
    std::fs::write(writing.join("left"), "half").unwrap();
    let owned = objects(&folder, Limits::default());
    assert!(!writing.exists());
    assert_eq!(owned.used().unwrap(), Used::default());
}

#[test]
fn what_an_organisation_keeps_is_bounded_and_a_refused_object_leaves_the_one_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let objects = objects(&folder, small(20, 3));
    put(&objects, "a", "12345");
    put(&objects, "b", "12345");
    assert!(matches!(try_put(&objects, "b", "12345678901"), Err(ObjectError::TooLarge(_))));
    assert_eq!(objects.open(&name("b")).unwrap().listed.bytes, 5);
    put(&objects, "c", "1234567890");
    assert!(matches!(try_put(&objects, "d", ""), Err(ObjectError::NoPlace(3))));
    assert!(matches!(try_put(&objects, "a", "1"), Err(ObjectError::NoRoom(_))));
    objects.delete(&name("c")).unwrap();
    // In its place, and counted once.
    assert!(!try_put(&objects, "a", "1234567").unwrap().is_new);
    assert_eq!(objects.used().unwrap(), Used { bytes: 12, objects: 2 });
}

#[test]
fn the_count_is_the_same_after_a_start_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let owned = objects(&folder, Limits::default());
    for key in ["a/1", "a/b/2", "c"] {
        put(&owned, key, "12345");
    }
    put(&owned, "c", "1");
    let before = owned.used().unwrap();
    let again = objects(&folder, Limits::default());
    assert_eq!((before, again.used().unwrap()), (Used { bytes: 11, objects: 3 }, before));
    assert_eq!(again.buckets().unwrap(), [Bucket { name: "bucket".to_owned(), used: before }]);
}

#[test]
fn a_deleted_object_takes_the_folders_with_it_that_it_leaves_empty() {
    let folder = tempfile::tempdir().unwrap();
    let objects = objects(&folder, Limits::default());
    put(&objects, "a/b/1", "x");
    put(&objects, "a/2", "x");
    assert!(matches!(try_put(&objects, "a/2/3", "x"), Err(ObjectError::NoFile(_))));
    objects.delete(&name("a/b/1")).unwrap();
    assert!(matches!(objects.delete(&name("a/b/1")), Err(ObjectError::Missing(_))));
    put(&objects, "a/b", "x");
    objects.delete(&name("a/b")).unwrap();
    objects.delete(&name("a/2")).unwrap();
    assert_eq!(objects.buckets().unwrap(), []);
    assert_eq!(objects.used().unwrap(), Used::default());
}

#[test]
fn an_object_that_is_being_read_stays_what_it_is() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let objects = objects(&folder, Limits::default());
    put(&objects, "a", "before");
    let mut reading = objects.open(&name("a")).unwrap();
    put(&objects, "a", "after");
    let mut text = String::new();
    reading.file.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), reading.listed.bytes), ("before", 6));
}
