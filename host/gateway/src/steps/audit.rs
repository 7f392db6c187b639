//! Audit: the record of the call, composed of plain facts. Pure; the finaliser has it written.

use std::time::Duration;

use ledger::{Ended, ObjectUnits};

use crate::call::Call;
use crate::envelope::Step;
use crate::steps::invoke::Invoked;
use crate::steps::{StepResult, nothing, out_of_order};

/// Composes the record of a call that was metered.
pub(crate) fn perform(call: &Call) -> StepResult {
    let progress = &call.progress;
    let (Some(invoked), Some(metered)) = (progress.invoked.get(), progress.metered.get()) else {
        return Err(out_of_order(Step::Audit));
    };
    progress.record.get_or_init(|| record(call, invoked, metered.clone()));
    Ok(nothing())
}

/// The record, but for what only the end knows: the finaliser says when that is.
pub(crate) fn record(call: &Call, invoked: &Invoked, units: Vec<ObjectUnits>) -> Ended {
    let release = &call.target.served.release;
    Ended {
        call: call.asked.call,
        client_request_id: call.asked.client_request_id.clone(),
        route: call.route().route.id,
        release: release.id,
        component: release.runs.digest(),
        ended_at: call.asked.received_at,
        status: invoked.status,
        outcome: invoked.outcome,
        error_code: invoked.error_code.clone(),
        client_gone: call.presence.is_gone(),
        units,
        total: Duration::ZERO,
        component_time: invoked.spent.component_time,
        fuel: invoked.spent.fuel,
        fuel_schedule: sandbox::FUEL_SCHEDULE,
        memory_peak: invoked.spent.memory_peak,
        request_bytes: invoked.request_bytes,
        response_bytes: invoked.response_bytes,
        egress_bytes: invoked.spent.egress_bytes,
        egress_calls: invoked.spent.egress_calls,
    }
}
