//! Bytes that fuzzing has found something with, and every case, go through what fuzzing does.

use std::path::Path;

use crate::fuzzed;
use crate::played::Case;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("definition", fuzzed::definition),
    ("jsonpath", fuzzed::jsonpath),
    ("jsonata", fuzzed::jsonata),
    ("interpreter", fuzzed::interpreter),
];

#[test]
fn what_fuzzing_has_found_stays_mended() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept").join(name);
        let kept: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!kept.is_empty(), "{} is empty", folder.display());
        for path in kept {
            target(&std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn every_case_goes_through_the_targets_of_fuzzing() {
    for case in Case::all() {
        let definition = case.definition.to_string();
        fuzzed::definition(definition.as_bytes());
        for told in ["0z1z", "2z8z8z", "6060", "5a0z2z0z"] {
            fuzzed::interpreter(format!("{told}\n{definition}").as_bytes());
        }
    }
}
