//! Executions that the clock starts.
//!
//! A turn that was missed while the host was down is made up for once, at its start: the first one, under the moment at
//! which it was due. An execution's name has that moment in it, so that a crash between its start and the note of it
//! starts none twice, for a standard machine.

use std::sync::Arc;
use std::time::Duration;

use schedules::{Kept, NewSchedule, Refused, Schedule, ScheduleError};
use serde_json::{Value, json};
use stepfunctions::{Arn, OperationError};
use types::{OrganisationId, Timestamp};

use crate::Workflows;
use crate::acts;
use crate::operations::Caller;
use crate::standard::House;
use crate::start::{self, Start};
use crate::work::Owner;

/// Turns that are taken one after the other before the clock is looked at again.
const AT_A_TIME: u32 = 100;
/// The clock on the wall may jump: how long before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After a failure that may pass.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Workflows {
    /// Makes a schedule, or puts it in place of that of its name; in the latter case only if its revision is
    /// among `seen`, where that is given. Answers with what it is now, and whether it is new. The same again changes nothing.
    /// `actor`: the id of the token.
    ///
    /// # Errors
    ///
    /// See [`ScheduleError`].
    pub async fn put_schedule(
        &self,
        actor: String,
        owner: &Owner,
        new: NewSchedule,
        seen: Option<Vec<u64>>,
    ) -> Result<(Schedule, bool), ScheduleError> {
        let now = self.0.clock.now();
        let schedule = new.check(&owner.account, now)?;
        let (organisation, account) = (owner.organisation.to_string(), owner.account.clone());
        let written = self.0.store.write(move |db| {
            let written = schedules::put(db, (&organisation, &account), &schedule, seen.as_deref())?;
            let is_new = written.before.is_none();
            if written.is_change() {
                let action = if is_new { "schedule.create" } else { "schedule.change" };
                let turn = (written.before.as_ref().map(in_acts), Some(in_acts(&written.now)));
                acts::note_of(db, (&actor, now), (action, subject(&organisation, &written.now.name)), turn)?;
            }
            Ok::<_, Refused>((written.now, is_new))
        });
        let written = written.await?;
        self.0.scheduled.notify_one();
        self.0.used.notify_one();
        Ok(written)
    }

    /// The schedule of this name.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn schedule(
        &self,
        organisation: OrganisationId,
        name: String,
    ) -> Result<Option<Schedule>, store::ReadError> {
        self.0.store.read(move |db| schedules::find(db, &organisation.to_string(), &name)).await
    }

    /// Schedules by name, those after `after`, so many at most.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn schedules(
        &self,
        organisation: OrganisationId,
        after: String,
        most: u32,
    ) -> Result<Vec<Schedule>, store::ReadError> {
        self.0.store.read(move |db| schedules::list(db, &organisation.to_string(), &after, most)).await
    }

    /// Takes a schedule away. Whether there was one. `actor`: the id of the token.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub async fn delete_schedule(
        &self,
        actor: String,
        organisation: OrganisationId,
        name: String,
    ) -> Result<bool, ScheduleError> {
        let (now, organisation) = (self.0.clock.now(), organisation.to_string());
        let written = self.0.store.write(move |db| {
            let Some(known) = schedules::delete(db, &organisation, &name)? else { return Ok(false) };
            let turn = (Some(in_acts(&known)), None);
            acts::note_of(db, (&actor, now), ("schedule.delete", subject(&organisation, &name)), turn)?;
            Ok::<_, Refused>(true)
        });
        let is_deleted = written.await?;
        self.0.used.notify_one();
        Ok(is_deleted)
    }
}

/// What acts call a schedule: names are an organisation's own.
fn subject(organisation: &str, name: &str) -> String {
    format!("{organisation}/{name}")
}

/// A schedule as acts show it.
fn in_acts(schedule: &Schedule) -> Value {
    json!({
        "machine": schedule.machine, "expression": schedule.expression, "zone": schedule.zone,
        "enabled": schedule.is_enabled, "input_sha256": acts::sha256(&schedule.input),
    })
}

/// Starts what is due, until the room closes.
pub(crate) async fn run(house: Arc<House>) {
    loop {
        let rest = match round(&house).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::error!(%error, "could not start what is scheduled");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = house.closing.cancelled() => return,
            () = house.scheduled.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Takes the turns that are due; how long none is.
async fn round(house: &Arc<House>) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
    let now = house.clock.now();
    for kept in house.store.read(move |db| schedules::due(db, now, AT_A_TIME)).await? {
        turn(house, kept).await?;
    }
    let due = house.store.read(schedules::next_due).await?.map(Timestamp::from_micros);
    let now = house.clock.now();
    Ok(match due {
        Some(due) if due <= now => Duration::ZERO,
        Some(due) => due.since(now).min(LOOK_AGAIN),
        None => LOOK_AGAIN,
    })
}

/// One turn: the execution, and the note of it.
async fn turn(house: &Arc<House>, kept: Kept) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Kept { id, schedule, .. } = &kept;
    let Some(due) = schedule.next else { return Ok(()) };
    let came = match begin(house, &kept, due).await {
        Ok(arn) => Ok(arn),
        // It may be otherwise in a moment: the turn stays due.
        Err(error) if matches!(error.name, "ServiceUnavailable" | "InternalFailure") => return Err(Box::new(error)),
        Err(error) => {
            tracing::warn!(schedule.name = schedule.name, error.name, "a schedule could not start its execution");
            Err(error.to_string())
        }
    };
    let next = schedule.after(house.clock.now());
    let (id, revision) = (*id, schedule.revision);
    house.store.write(move |db| schedules::turned(db, (id, revision), (due, next), &came)).await?;
    Ok(())
}

async fn begin(house: &Arc<House>, kept: &Kept, due: Timestamp) -> Result<String, OperationError> {
    let Kept { organisation, account, schedule, .. } = kept;
    let missing = || OperationError::new("StateMachineDoesNotExist", format!("there is no {}", schedule.machine));
    let machine = Arn::parse(&schedule.machine).ok_or_else(missing)?;
    let organisation = organisation.parse().map_err(|_| missing())?;
    let caller = Caller {
        organisation,
        account: account.clone(),
        region: machine.region.clone(),
        actor: Caller::HOST.to_owned(),
    };
    let start = Start {
        caller,
        machine,
        name: Some(schedule.execution_name(due)),
        input: schedule.input_at(due),
        trace_header: None,
        parent: None,
    };
    let named = start.name.clone().unwrap_or_default();
    match start::execution(house, start).await {
        Ok(started) => Ok(started.arn),
        // An earlier try started it, and a crash came before the note.
        Err(error) if error.name == "ExecutionAlreadyExists" => Ok(named),
        Err(error) => Err(error),
    }
}
