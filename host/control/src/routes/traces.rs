//! What the states of workflows went through, for who sells their APIs.

use axum::extract::State;
use traces::{RunSummary, StateTrace};
use types::{CallId, Timestamp};

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Path, Query};

/// `GET /v1/apis/{slug}/traces`: the runs that were kept, the newest first.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    Query(query): Query<api::ListQuery<i64>>,
) -> Answer<api::Page<api::Run>> {
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    let limit = page_limit(query.limit)?;
    let runs = desk.house.traces.runs(api.id, query.after, limit).await?;
    let full = u32::try_from(runs.len()).is_ok_and(|count| count == limit);
    let next = runs.last().filter(|_| full).map(|run| run.seq.to_string());
    Ok(Reply::Found(api::Page { items: runs.into_iter().map(shown).collect(), next }))
}

/// `GET /v1/calls/{call}/trace`. It is the seller's: anybody else finds none.
pub(crate) async fn of_call(
    State(desk): State<Desk>,
    caller: Caller,
    Path(call): Path<CallId>,
) -> Answer<api::CallTrace> {
    let kept = desk.house.traces.run(call).await?;
    let snapshot = desk.house.catalog.snapshot();
    let (run, states) = match kept.filter(|kept| caller.sells(&snapshot, kept.summary.api)) {
        Some(kept) => (Some(shown(kept.summary)), kept.states.into_iter().map(visit).collect()),
        None => (None, Vec::new()),
    };
    Ok(Reply::Found(api::CallTrace { call, run, states }))
}

fn shown(run: RunSummary) -> api::Run {
    let RunSummary { call, started, took_us, outcome, error, .. } = run;
    api::Run { call, at: started.into(), total_us: took_us, outcome, error }
}

fn visit(state: StateTrace) -> api::StateVisit {
    api::StateVisit {
        state: state.state,
        branch: state.frame,
        at: Timestamp::from_micros(state.entered_us).into(),
        total_us: state.took_us,
        failures: state.failures,
        fuel: state.fuel,
        input: state.input,
        output: state.output,
        error: state.error,
        cause: state.cause,
    }
}
