//! Admit: a rate token, then units of everything that the call may use, set aside in the ledger's memory.

use std::borrow::Cow;

use ledger::{AdmitError, AdmitRequest, Admitted, Need, Once};
use types::{ObjectName, Terms};

use crate::call::Call;
use crate::envelope::Step;
use crate::idempotency;
use crate::refusal::Refusal;
use crate::steps::{StepResult, nothing, out_of_order, refuse};

/// Sets aside what the call may use, or refuses it.
pub(crate) async fn perform(call: &Call) -> StepResult {
    let Some(caller) = call.progress.caller.get() else { return Err(out_of_order(Step::Admit)) };
    let clock = &call.premises.house.clock;
    let needs = needs(call, &caller.terms);
    let request = AdmitRequest { subscriber: caller, needs: &needs, now: clock.now(), moment: clock.moment() };
    if call.asked.idempotency.is_given() {
        // Boxed: calls without a key do not carry its states.
        return Box::pin(once(call, request)).await;
    }
    conclude(call, call.premises.house.ledger.admit(request).await)
}

/// Admits a request that must not run twice: the first under its key is admitted, others get the answer of the first.
async fn once(call: &Call, request: AdmitRequest<'_>) -> StepResult {
    let ledger = &call.premises.house.ledger;
    let Some(claim) = idempotency::claim(call).await else { return conclude(call, ledger.admit(request).await) };
    match ledger.admit_once(request, claim).await {
        Ok(Once::First(admitted)) => conclude(call, Ok(admitted)),
        Ok(Once::Repeat(admitted, first)) => idempotency::replay(call, admitted, first).await,
        Err(error) => conclude(call, Err(error)),
    }
}

fn conclude(call: &Call, admitted: Result<Admitted, AdmitError>) -> StepResult {
    match admitted {
        Ok(admitted) => {
            call.progress.policies.get_or_init(|| admitted.policies().clone());
            call.progress.admitted.put(admitted);
            Ok(nothing())
        }
        Err(error) => {
            let plan = call.progress.caller.get().map_or("", |caller| &caller.plan_name);
            Err(refuse(call, Refusal::from(error).on_plan(plan)))
        }
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
