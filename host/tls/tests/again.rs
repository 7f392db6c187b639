//! Certificates that could not be read for a while. A process of its own: for a while it can open no file at all.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tls::{Files, Pair, Refreshed};

fn make(pair: &Pair) {
    let made = rcgen::generate_simple_self_signed(["one.example".to_owned()]).unwrap();
    fs::write(&pair.certificate, made.cert.pem()).unwrap();
    fs::write(&pair.key, made.signing_key.serialize_pem()).unwrap();
}

#[test]
fn files_that_could_not_be_read_are_read_again_though_they_have_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair { certificate: folder.path().join("one.pem"), key: folder.path().join("one.key") };
    make(&pair);
    let (mut files, _tls) = Files::load(vec![pair.clone()]).unwrap();
    make(&pair);
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).unwrap();
    let looks: Vec<_> = (0..3).map(|_| files.refresh().map_err(|error| error.to_string())).collect();
    setrlimit(Resource::Nofile, before).unwrap();
    assert_eq!(looks[0], Ok(Refreshed::Unchanged));
    assert!(looks[1].as_ref().is_err_and(|error| error.contains("could not read")), "{looks:?}");
    assert_eq!(looks[2], Ok(Refreshed::Unchanged), "said once");
    assert_eq!(files.refresh().unwrap(), Refreshed::Taken);
    assert_eq!(files.refresh().unwrap(), Refreshed::Unchanged);
}
