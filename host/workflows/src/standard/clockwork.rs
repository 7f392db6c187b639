//! Looks for executions that are due and that nobody runs, and has them run.

use std::sync::Arc;
use std::time::Duration;

use super::House;
use super::sweep::{go_on_deleting, sweep};
use crate::sql;

/// Executions that are claimed with one commit at most.
const CLAIM_MAX: usize = 256;
/// The clock on the wall may jump: how long before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After a failure of the file.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How often what has ended long ago is swept.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

pub(super) async fn run(house: Arc<House>) {
    let mut swept = house.clock.moment();
    let deleting = Arc::clone(&house);
    house.spawn(async move { go_on_deleting(&deleting).await });
    loop {
        let rest = match round(&house).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::error!(%error, "could not claim executions that are due");
                AFTER_FAILURE
            }
        };
        if house.clock.moment().since(swept) >= SWEEP_EVERY {
            swept = house.clock.moment();
            sweep(&house).await;
        }
        tokio::select! {
            () = house.closing.cancelled() => return,
            () = house.due.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Claims what is due, as far as there is room in memory; how long nothing more is.
async fn round(house: &Arc<House>) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
    let epoch = house.epoch;
    let due = house.store.read(move |db| sql::steps::next_due(db, epoch)).await?;
    let now = house.clock.now();
    let Some(due) = due.map(types::Timestamp::from_micros) else { return Ok(LOOK_AGAIN) };
    if due > now {
        return Ok(due.since(now).min(LOOK_AGAIN));
    }
    let mut slots: Vec<_> = (0..CLAIM_MAX).map_while(|_| house.try_slot()).collect();
    if slots.is_empty() {
        // The next runner that ends says so.
        return Ok(LOOK_AGAIN);
    }
    let most = slots.len();
    let claimed = house.store.write(move |db| sql::steps::claim_due(db, epoch, now, most)).await?;
    for seq in claimed {
        if let Some(slot) = slots.pop() {
            house.run(seq, slot);
        }
    }
    Ok(Duration::ZERO)
}
