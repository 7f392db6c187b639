//! Definitions, inputs and events in folders, and how each run must end. Adding a case is adding a folder.
//!
//! `events.json` is a list. Each event has the second `at` which it happens, and is an answer of the task that a state
//! waits for (`state` with `output`, or with `error` and `cause`), a `heartbeat` of one, a `late` answer, or nothing but
//! the passing of time. `outcome.json` says how the run ends, and may list what was asked for on the way: the `inputs`
//! and `attempts` of each state's tasks and the seconds of the `waits`.

use crate::played::{Case, Played};

#[test]
fn every_case_ends_as_it_says() {
    let mut wrong = Vec::new();
    for case in Case::all() {
        if let Err(why) = Played::whole(case).check(&case.outcome) {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_run_that_is_stored_and_read_after_every_event_goes_the_same_way() {
    for case in Case::all() {
        let (whole, cut) = (Played::whole(case), Played::stored_after_every_event(case));
        assert_eq!(whole.blobs, cut.blobs, "{}", case.name);
        if let Err(why) = cut.check_end(&case.outcome) {
            panic!("{}: {why}", case.name);
        }
    }
}
