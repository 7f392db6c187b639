//! What has ended long ago, and what nothing refers to any more, is removed, a few hundred rows with a commit.

use std::sync::Arc;

use rusqlite::Connection;
use types::Timestamp;

use super::House;
use crate::sql::{redrives, sweeps};

/// Rows of one kind that are removed with one commit.
const MOST: u32 = 200;

/// Removes some rows, at most so many; how many there were.
type Broom = Box<dyn Fn(&Connection, u32) -> rusqlite::Result<usize> + Send + Sync>;

pub(super) async fn sweep(house: &Arc<House>) {
    let now = house.clock.now();
    let retention = i64::try_from(house.settings.retention.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(now.as_micros().saturating_sub(retention));
    super::archive::remove(house, before).await;
    let brooms: [Broom; 3] = [
        Box::new(move |db, most| redrives::sweep(db, now, most)),
        Box::new(sweeps::machines),
        Box::new(sweeps::definitions),
    ];
    for broom in brooms {
        let broom = Arc::new(broom);
        loop {
            let one = Arc::clone(&broom);
            match house.store.write(move |db| one(db, MOST)).await {
                Ok(swept) if swept == MOST as usize => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not remove what is not needed any more");
                    return;
                }
            }
        }
    }
}

/// Goes on with deletions of machines that a crash has cut off.
pub(super) async fn go_on_deleting(house: &Arc<House>) {
    let mut after = 0;
    loop {
        let machines = match house.store.read(move |db| sweeps::deleting(db, after, MOST)).await {
            Ok(machines) => machines,
            Err(error) => return tracing::error!(%error, "could not look for machines that are being deleted"),
        };
        let Some(last) = machines.last() else { return };
        after = *last;
        for machine in machines {
            if let Err(error) = crate::operations::stop_all(house, machine).await {
                return tracing::error!(%error, "could not stop what runs of a deleted machine");
            }
        }
    }
}
