//! `Retry` and `Catch`.

use syntax::Node;

use super::Printer;
use super::object::Object;
use crate::failure::TASK_FAILED;
use crate::recovery::{Catcher, Jitter, Matcher, Retrier};
use crate::state::Errand;

impl Printer<'_> {
    pub(super) fn recovery(&self, errand: &Errand, object: &mut Object) {
        if !errand.retry.is_empty() {
            object.put("Retry", errand.retry.iter().map(|retrier| print_retrier(retrier, object)).collect::<Node>());
        }
        if !errand.catch.is_empty() {
            object.put("Catch", errand.catch.iter().map(|catcher| self.catcher(catcher, object)).collect::<Node>());
        }
    }

    fn catcher(&self, catcher: &Catcher, state: &Object) -> Node {
        let mut object = Object::new(state.language);
        object.comment(catcher.comment.as_deref());
        object.put("ErrorEquals", errors(&catcher.errors));
        object.placement(&catcher.placement);
        object.template("Output", catcher.output.as_ref());
        object.assign(&catcher.assign);
        object.put("Next", self.name(catcher.next));
        object.into()
    }
}

fn print_retrier(retrier: &Retrier, state: &Object) -> Node {
    let mut object = Object::new(state.language);
    object.comment(retrier.comment.as_deref());
    object.put("ErrorEquals", errors(&retrier.errors));
    if retrier.interval.as_secs() != 1 {
        object.put("IntervalSeconds", retrier.interval.as_secs());
    }
    if retrier.attempts_max != 3 {
        object.put("MaxAttempts", u64::from(retrier.attempts_max));
    }
    if retrier.backoff_rate.to_bits() != 2.0_f64.to_bits() {
        object.put("BackoffRate", serde_json::Value::from(retrier.backoff_rate));
    }
    if let Some(most) = retrier.delay_max {
        object.put("MaxDelaySeconds", most.as_secs());
    }
    if retrier.jitter == Jitter::Full {
        object.put("JitterStrategy", "FULL");
    }
    object.into()
}

fn errors(matchers: &[Matcher]) -> Node {
    let name = |matcher: &Matcher| match matcher {
        Matcher::All => Node::from("States.ALL"),
        Matcher::TaskFailed => Node::from(TASK_FAILED),
        Matcher::Named(name) => Node::from(&**name),
    };
    matchers.iter().map(name).collect()
}
