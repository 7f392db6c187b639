//! A meter for native tests: it keeps to the declared maxima, as the host does.

use std::cell::RefCell;

use super::MeterError;

/// As many objects as the host lets one call report.
const OBJECTS_MAX: usize = 16;

struct Recorder {
    declared: Vec<(String, u64)>,
    reported: Vec<(String, u64)>,
}

thread_local! {
    static OPEN: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Runs `handler` under a meter with these objects and their maxima per call, and returns what it reported beside
/// its answer. Belongs to the thread; outside of it no object is declared.
pub fn record<T>(declared: &[(&str, u64)], handler: impl FnOnce() -> T) -> (T, Vec<(String, u64)>) {
    let declared = declared.iter().map(|(object, most)| ((*object).to_owned(), *most)).collect();
    OPEN.set(Some(Recorder { declared, reported: Vec::new() }));
    let answer = handler();
    let reported = OPEN.take().map(|recorder| recorder.reported).unwrap_or_default();
    (answer, reported)
}

pub(super) fn add(object: &str, quantity: u64) -> Result<(), MeterError> {
    let left = remaining(object)?;
    if quantity > left {
        return Err(MeterError::LimitReached { object: object.to_owned(), left });
    }
    OPEN.with_borrow_mut(|open| {
        let Some(recorder) = open else { return Ok(()) };
        if let Some((_, reported)) = recorder.reported.iter_mut().find(|(name, _)| name == object) {
            *reported += quantity;
        } else if recorder.reported.len() == OBJECTS_MAX {
            return Err(MeterError::TooManyObjects);
        } else {
            recorder.reported.push((object.to_owned(), quantity));
        }
        Ok(())
    })
}

pub(super) fn remaining(object: &str) -> Result<u64, MeterError> {
    OPEN.with_borrow(|open| {
        let recorder = open.as_ref();
        let most = recorder.and_then(|open| open.declared.iter().find(|(name, _)| name == object));
        let (_, most) = most.ok_or_else(|| MeterError::UnknownObject { object: object.to_owned() })?;
        let reported = recorder.and_then(|open| open.reported.iter().find(|(name, _)| name == object));
        Ok(most - reported.map_or(0, |(_, units)| *units))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reports_up_to_its_maximum_and_no_further() {
        let (refused, reported) = record(&[("pages", 5)], || {
            add("pages", 3).unwrap();
            assert_eq!(remaining("pages"), Ok(2));
            add("pages", 3).unwrap_err()
        });
        assert_eq!(refused, MeterError::LimitReached { object: "pages".into(), left: 2 });
        assert_eq!(reported, [("pages".to_owned(), 3)]);
    }

    #[test]
    fn an_object_that_is_not_declared_is_unknown() {
        let (refused, reported) = record(&[("pages", 5)], || add("requests", 1).unwrap_err());
        assert_eq!(refused, MeterError::UnknownObject { object: "requests".into() });
        assert!(reported.is_empty());
        assert!(remaining("pages").is_err(), "the recorder is closed");
    }
}
