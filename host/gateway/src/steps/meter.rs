//! Meter: what the call used, and what of it is billed. Pure.

use ledger::ObjectUnits;
use types::{Fuel, ObjectName, Outcome, Terms, Units};

use crate::call::Call;
use crate::envelope::Step;
use crate::steps::invoke::Invoked;
use crate::steps::{StepResult, nothing, out_of_order};

/// Computes the units of a call that was invoked.
pub(crate) fn perform(call: &Call) -> StepResult {
    let (Some(caller), Some(invoked)) = (call.progress.caller.get(), call.progress.invoked.get()) else {
        return Err(out_of_order(Step::Meter));
    };
    call.progress.metered.get_or_init(|| units(invoked, &caller.terms));
    Ok(nothing())
}

/// What of a call is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Billed {
    /// Everything that it used.
    All,
    /// The one request alone.
    Request,
    /// Nothing.
    Nothing,
}

impl Billed {
    /// What an invocation's outcome and status come to.
    pub(crate) fn of(outcome: Outcome, status: u16, terms: &Terms) -> Self {
        match outcome {
            // What the guest says of the caller's fault counts as its own 4xx; of a spent quota, as the host's.
            Outcome::Ok | Outcome::GuestError => match status {
                429 if outcome == Outcome::GuestError => Self::Nothing,
                200..=399 => Self::All,
                400..=499 if !terms.only_2xx_billed => Self::All,
                _ => Self::Nothing,
            },
            Outcome::Interrupted => Self::Request,
            Outcome::OutOfFuel
            | Outcome::Deadline
            | Outcome::MemoryLimit
            | Outcome::StackOverflow
            | Outcome::HandleLimit
            | Outcome::HostCallLimit
            | Outcome::OutputTooLarge
            | Outcome::InvalidResponse
            | Outcome::GuestExit
            | Outcome::Trap
            | Outcome::InstantiateFailed
            | Outcome::HostError
            | Outcome::Overloaded
            | Outcome::Aborted
            | Outcome::Refused
            | Outcome::Replayed => Self::Nothing,
        }
    }
}

/// The one request of a call.
pub(crate) fn request(billed: Billed) -> ObjectUnits {
    let one = Units::saturating(1);
    ObjectUnits {
        object: ObjectName::requests(),
        units: one,
        billed: if billed == Billed::Nothing { Units::ZERO } else { one },
    }
}

/// Everything that a call used, `requests` first, with what of it is billed.
pub(crate) fn units(invoked: &Invoked, terms: &Terms) -> Vec<ObjectUnits> {
    if invoked.outcome == Outcome::Replayed {
        return Vec::new();
    }
    let billed = Billed::of(invoked.outcome, invoked.status, terms);
    let mut all = Vec::with_capacity(invoked.reported.len().saturating_add(2));
    all.push(request(billed));
    let of = |object: &ObjectName, units| ObjectUnits {
        object: object.clone(),
        units,
        billed: if billed == Billed::All { units } else { Units::ZERO },
    };
    all.extend(invoked.reported.iter().map(|(object, units)| of(object, *units)));
    if terms.quotas.iter().any(|quota| quota.object.as_str() == ObjectName::FUEL) && invoked.spent.fuel > Fuel::ZERO {
        all.push(of(&ObjectName::fuel(), invoked.spent.fuel.in_units()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{LimitKind, Per, Quota};

    fn billed(outcome: Outcome, status: u16) -> Billed {
        Billed::of(outcome, status, &Terms::default())
    }

    #[test]
    fn a_call_is_billed_by_its_components_answer() {
        for status in [200, 204, 302, 400, 404, 422] {
            assert_eq!(billed(Outcome::Ok, status), Billed::All, "{status}");
        }
        for status in [500, 503, 599] {
            assert_eq!(billed(Outcome::Ok, status), Billed::Nothing, "{status}");
        }
        assert_eq!(billed(Outcome::GuestError, 422), Billed::All);
        assert_eq!(billed(Outcome::GuestError, 502), Billed::Nothing);
        assert_eq!(billed(Outcome::GuestError, 429), Billed::Nothing);
    }

    #[test]
    fn a_plan_may_leave_4xx_answers_free() {
        let terms = Terms { only_2xx_billed: true, ..Terms::default() };
        assert_eq!(Billed::of(Outcome::Ok, 404, &terms), Billed::Nothing);
        assert_eq!(Billed::of(Outcome::Ok, 200, &terms), Billed::All);
    }

    #[test]
    fn no_failure_is_billed_but_a_stream_that_had_begun() {
        for outcome in Outcome::ALL {
            let expected = match outcome {
                Outcome::Ok | Outcome::GuestError => continue,
                Outcome::Interrupted => Billed::Request,
                _ => Billed::Nothing,
            };
            assert_eq!(billed(outcome, 200), expected, "{outcome}");
        }
    }

    #[test]
    fn units_are_kept_when_nothing_is_billed_and_fuel_counts_where_a_plan_lists_it() {
        let pages: ObjectName = "pages".parse().unwrap();
        let mut invoked = Invoked::failed(Outcome::Trap, None);
        invoked.reported = vec![(pages.clone(), Units::saturating(3))];
        invoked.spent.fuel = Fuel::saturating(1_500_000);
        let fuel = Quota {
            object: ObjectName::fuel(),
            amount: Units::saturating(10),
            per: Per::Month,
            limit: LimitKind::Hard,
            overage: None,
        };
        let terms = Terms { quotas: vec![fuel], ..Terms::default() };
        let list = |invoked: &Invoked| {
            let all = units(invoked, &terms);
            all.into_iter()
                .map(|used| (used.object.to_string(), used.units.get(), used.billed.get()))
                .collect::<Vec<_>>()
        };
        let names = ["requests", "pages", "fuel"].map(str::to_owned);
        let [requests, pages, fuel] = names;
        let expected = |billed: [u64; 3]| {
            vec![(requests.clone(), 1, billed[0]), (pages.clone(), 3, billed[1]), (fuel.clone(), 2, billed[2])]
        };
        assert_eq!(list(&invoked), expected([0, 0, 0]));
        (invoked.outcome, invoked.status) = (Outcome::Ok, 200);
        assert_eq!(list(&invoked), expected([1, 3, 2]));
        invoked.outcome = Outcome::Interrupted;
        assert_eq!(list(&invoked), expected([1, 0, 0]));
    }
}
