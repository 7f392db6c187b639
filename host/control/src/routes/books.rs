//! Whether the books agree, and the chain is what was written. For operators.

use axum::extract::State;
use ledger::{Mismatch, Reconciliation, Verification};
use types::Timestamp;

use super::{Answer, Reply};
use crate::caller::Caller;
use crate::house::Desk;
use crate::refusal::Refusal;

/// `GET /v1/audit/verify`.
pub(crate) async fn verify(State(desk): State<Desk>, caller: Caller) -> Answer<api::Verification> {
    caller.require_operator()?;
    let chain = desk.house.ledger.verify().await.map_err(|error| Refusal::unread(&error))?;
    Ok(Reply::Found(chain_shown(&chain)))
}

/// `GET /v1/reconcile`.
pub(crate) async fn reconcile(State(desk): State<Desk>, caller: Caller) -> Answer<api::Reconciliation> {
    caller.require_operator()?;
    let books = desk.house.ledger.reconcile().await.map_err(|error| Refusal::unread(&error))?;
    Ok(Reply::Found(shown(&books)))
}

/// `GET /v1/host`.
pub(crate) async fn host(State(desk): State<Desk>, caller: Caller) -> Answer<api::Host> {
    caller.require_operator()?;
    let stats = desk.house.ledger.stats();
    let usage = api::Database {
        commits: stats.store.commits,
        operations: stats.store.operations,
        queued: stats.store.queued,
        writer_cpu_us: u64::try_from(stats.store.writer_cpu.as_micros()).unwrap_or(u64::MAX),
        wal_bytes: stats.store.wal_bytes,
        synchronous: stats.store.synchronous,
    };
    Ok(Reply::Found(api::Host { usage, accounts: stats.accounts }))
}

fn shown(books: &Reconciliation) -> api::Reconciliation {
    api::Reconciliation {
        agrees: books.holds(),
        counters_checked: books.counters_checked,
        mismatches: books.mismatches.iter().map(mismatch_shown).collect(),
        open_streams: books.calls_without_link,
        chain: chain_shown(&books.chain),
    }
}

fn chain_shown(chain: &Verification) -> api::Verification {
    api::Verification { links: chain.links, first_bad: chain.first_bad, calls_outside: chain.calls_outside }
}

fn mismatch_shown(mismatch: &Mismatch) -> api::Mismatch {
    api::Mismatch {
        subscription: mismatch.subscription.clone(),
        object: mismatch.object.clone(),
        period_start: Timestamp::from_micros(mismatch.period_start_us).into(),
        counter: mismatch.counter,
        calls: mismatch.calls,
    }
}
