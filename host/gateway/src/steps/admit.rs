//! Admit: a rate token, then units of everything that the call may use, set aside in the ledger's memory.

use std::borrow::Cow;

use ledger::{AdmitRequest, Need};
use types::{ObjectName, Terms};

use crate::call::Call;
use crate::envelope::Step;
use crate::refusal::Refusal;
use crate::steps::{StepResult, nothing, out_of_order, refuse};

/// Sets aside what the call may use, or refuses it.
pub(crate) async fn perform(call: &Call) -> StepResult {
    let Some(caller) = call.progress.caller.get() else { return Err(out_of_order(Step::Admit)) };
    let clock = &call.premises.house.clock;
    let needs = needs(call, &caller.terms);
    let request = AdmitRequest { subscriber: caller, needs: &needs, now: clock.now(), moment: clock.moment() };
    match call.premises.house.ledger.admit(request).await {
        Ok(admitted) => {
            call.progress.policies.get_or_init(|| admitted.policies().clone());
            call.progress.admitted.put(admitted);
            Ok(nothing())
        }
        Err(error) => Err(refuse(call, Refusal::from(error).on_plan(&caller.plan_name))),
    }
}

/// What the route needs; of `fuel`, where the plan counts it, all that the release allows.
fn needs<'a>(call: &'a Call, terms: &Terms) -> Cow<'a, [Need]> {
    let route = &call.route().needs;
    if !terms.quotas.iter().any(|quota| quota.object.as_str() == ObjectName::FUEL) {
        return Cow::Borrowed(route);
    }
    let mut all = route.clone();
    all.push(Need { object: ObjectName::fuel(), units: call.target.served.release.limits.fuel.in_units() });
    Cow::Owned(all)
}
