//! Certificates as files: what is wrong with them is said in words that say what to do, and what changes is taken up.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use tls::{Files, Pair, Refreshed};

/// Writes a certificate for `name` and its key.
fn make(folder: &Path, file: &str, name: &str) -> Pair {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pair = pair(folder, file);
    fs::write(&pair.certificate, made.cert.pem()).unwrap();
    fs::write(&pair.key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&pair.key, fs::Permissions::from_mode(0o600)).unwrap();
    pair
}

fn pair(folder: &Path, file: &str) -> Pair {
    Pair { certificate: folder.join(format!("{file}.pem")), key: folder.join(format!("{file}.key")) }
}

fn refusal(pair: Pair) -> String {
    let error = Files::load(vec![pair]).unwrap_err();
    format!("{error}: {:?}", error.source().map(ToString::to_string))
}

#[test]
fn what_is_wrong_is_named_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (make(folder.path(), "one", "one.example"), make(folder.path(), "other", "other.example"));
    let absent = Pair { key: folder.path().join("absent.key"), ..one.clone() };
    let said = refusal(absent);
    assert!(said.contains("could not read the key") && said.contains("absent.key"), "{said}");
    assert!(said.contains("No such file"), "{said}");
    let said = refusal(Pair { key: other.key, ..one.clone() });
    assert!(said.contains("does not belong to the certificate") && said.contains("one.pem"), "{said}");
    let said = refusal(Pair { certificate: one.key.clone(), ..one.clone() });
    assert!(said.contains("holds no certificate") && said.contains("BEGIN CERTIFICATE"), "{said}");
    let said = refusal(Pair { key: one.certificate.clone(), ..one.clone() });
    assert!(said.contains("holds no key"), "{said}");
    fs::write(&one.certificate, vec![b'-'; (1 << 20) + 1]).unwrap();
    assert!(refusal(one).contains("larger than 1 MiB"));
    assert!(Files::load(Vec::new()).is_err());
}

#[test]
fn a_key_that_everybody_may_read_is_told_from_one_that_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let pair = make(folder.path(), "one", "one.example");
    assert!(!pair.key_is_open());
    fs::set_permissions(&pair.key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(pair.key_is_open());
}

/// This thread may read what its user may read, and no more, as if it were not root's.
fn give_up_reading_everything() {
    let mut held = capabilities(None).unwrap();
    held.effective.remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
    set_capabilities(None, held).unwrap();
}

#[test]
fn a_key_that_could_not_be_read_is_taken_up_once_it_can_be() {
    give_up_reading_everything();
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _tls) = Files::load(vec![make(folder.path(), "one", "one.example")]).unwrap();
    make(folder.path(), "one", "one.example");
    let may = |mode| fs::set_permissions(folder.path().join("one.key"), fs::Permissions::from_mode(mode)).unwrap();
    may(0o000);
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged);
    assert!(files.refresh().unwrap_err().to_string().contains("could not read the key"));
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged, "said once");
    may(0o600);
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged);
    assert_eq!(files.refresh().unwrap(), Refreshed::Taken);
}

#[test]
fn a_change_is_taken_up_once_it_has_settled_and_a_bad_one_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, _tls) = Files::load(vec![make(folder.path(), "one", "one.example")]).unwrap();
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged);
    make(folder.path(), "one", "one.example");
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged, "it may still be written");
    assert_eq!(files.refresh().unwrap(), Refreshed::Taken);
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged);

    fs::write(&files.pairs()[0].key, "no key").unwrap();
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged);
    assert!(files.refresh().unwrap_err().to_string().contains("holds no key"));
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged, "said once");
    make(folder.path(), "one", "one.example");
    files.refresh().unwrap();
    assert_eq!(files.refresh().unwrap(), Refreshed::Taken);
}
