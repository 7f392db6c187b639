//! Executions that the clock starts.
//!
//! A turn that was missed while the host was down is made up for once, at its start: the first one, under the moment at
//! which it was due. An execution's name has that moment in it, so that a crash between its start and the note of it
//! starts none twice, for a standard machine.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use types::{OrganisationId, Timestamp};

use crate::Workflows;
use crate::acts;
use crate::arn::{Arn, Thing};
use crate::operations::{Caller, OperationError};
use crate::recurrence::Recurrence;
use crate::sql::schedules::{self, Kept};
use crate::standard::House;
use crate::start::{self, Start};
use crate::work::Owner;

/// Schedules of one organisation.
const MOST: u64 = 1_000;
/// Letters of a schedule's name: an execution's has the moment too.
const NAME_MAX: usize = 60;
/// Bytes of an input.
const INPUT_MAX: usize = 262_144;
/// What stands for the moment at which the turn was due, in an input.
const DUE: &str = "<aws.scheduler.scheduled-time>";
/// Turns that are taken one after the other before the clock is looked at again.
const AT_A_TIME: u32 = 100;
/// The clock on the wall may jump: how long before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After a failure that may pass.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name in the organisation: 1 to 60 of the letters that an execution's name may have.
    pub name: String,
    /// The ARN of the machine, of a version or of an alias.
    pub machine: String,
    /// The input of each execution, JSON. `<aws.scheduler.scheduled-time>` in it stands for the moment of the turn.
    pub input: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The time zone of `cron` and `at`.
    pub zone: String,
    /// Whether it starts anything.
    pub is_enabled: bool,
    /// Its next turn. `None`: it is switched off, or over.
    pub next: Option<Timestamp>,
    /// When its last turn was due.
    pub last: Option<Timestamp>,
    /// The execution that its last turn started.
    pub last_execution: Option<String>,
    /// Why its last turn started none.
    pub last_error: Option<String>,
    /// One more with each change.
    pub revision: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// A schedule to be.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// See [`Schedule::name`].
    pub name: String,
    /// See [`Schedule::machine`].
    pub machine: String,
    /// See [`Schedule::input`].
    pub input: String,
    /// See [`Schedule::expression`].
    pub expression: String,
    /// See [`Schedule::zone`].
    pub zone: String,
    /// See [`Schedule::is_enabled`].
    pub is_enabled: bool,
}

/// Why a schedule was not written.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A member says something that it may not.
    #[error("{member}: {why}")]
    Invalid {
        /// Which.
        member: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The organisation has as many as it may.
    #[error("an organisation has {MOST} schedules at most: delete some first")]
    TooMany,
    /// It is not what the caller last saw.
    #[error("the schedule was changed meanwhile")]
    Changed,
    /// The file could not be written.
    #[error("workflows.db could not be written")]
    Unwritten(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("too many")]
    TooMany,
    #[error("changed")]
    Changed,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl From<store::WriteError<Refused>> for ScheduleError {
    fn from(error: store::WriteError<Refused>) -> Self {
        match error {
            store::WriteError::Refused(Refused::TooMany) => Self::TooMany,
            store::WriteError::Refused(Refused::Changed) => Self::Changed,
            error => Self::Unwritten(Box::new(error)),
        }
    }
}

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
        let rule = check(owner, &new)?;
        let next = if new.is_enabled { rule.next(now, now) } else { None };
        if new.is_enabled && next.is_none() {
            let why = format!("{} is never due again", new.expression);
            return Err(ScheduleError::Invalid { member: "expression", why });
        }
        let schedule = Schedule {
            name: new.name,
            machine: new.machine,
            input: new.input,
            expression: new.expression,
            zone: new.zone,
            is_enabled: new.is_enabled,
            next,
            last: None,
            last_execution: None,
            last_error: None,
            revision: 1,
            created: now,
            updated: now,
        };
        let (organisation, account) = (owner.organisation.to_string(), owner.account.clone());
        let written = self.0.store.write(move |db| {
            let known = schedules::find(db, &organisation, &schedule.name)?;
            let is_seen = |seen: &Vec<u64>| known.as_ref().is_some_and(|known| seen.contains(&known.schedule.revision));
            if seen.as_ref().is_some_and(|seen| !is_seen(seen)) {
                return Err(Refused::Changed);
            }
            if let Some(known) = known.as_ref().filter(|known| says_the_same(&known.schedule, &schedule)) {
                return Ok((known.schedule.clone(), false));
            }
            if known.is_none() && schedules::count(db, &organisation)? >= MOST {
                return Err(Refused::TooMany);
            }
            schedules::put(db, (&organisation, &account), &schedule)?;
            let written = schedules::find(db, &organisation, &schedule.name)?;
            let written = written.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let action = if known.is_some() { "schedule.change" } else { "schedule.create" };
            let turn = (known.as_ref().map(|known| in_acts(&known.schedule)), Some(in_acts(&written.schedule)));
            acts::note_of(db, (&actor, now), (action, subject(&organisation, &schedule.name)), turn)?;
            Ok((written.schedule, known.is_none()))
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
        let found = self.0.store.read(move |db| schedules::find(db, &organisation.to_string(), &name)).await?;
        Ok(found.map(|kept| kept.schedule))
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
        let found = self.0.store.read(move |db| schedules::list(db, &organisation.to_string(), &after, most)).await?;
        Ok(found.into_iter().map(|kept| kept.schedule).collect())
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
            let Some(known) = schedules::find(db, &organisation, &name)? else { return Ok(false) };
            schedules::delete(db, &organisation, &name)?;
            let turn = (Some(in_acts(&known.schedule)), None);
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

fn check(owner: &Owner, new: &NewSchedule) -> Result<Recurrence, ScheduleError> {
    let invalid = |member, why: String| ScheduleError::Invalid { member, why };
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=NAME_MAX).contains(&new.name.len()) || new.name.starts_with('.') || !new.name.chars().all(in_name) {
        let why = format!("a name has 1 to {NAME_MAX} letters, digits, `-`, `_` and `.`, and no `.` first");
        return Err(invalid("name", why));
    }
    let machine = Arn::parse(&new.machine).filter(|arn| matches!(arn.thing, Thing::Machine { .. }));
    if machine.is_none_or(|arn| arn.account != owner.account) {
        let why = format!("it is the ARN of a state machine of the account {}", owner.account);
        return Err(invalid("machine", why));
    }
    if new.input.len() > INPUT_MAX {
        return Err(invalid("input", format!("an input has at most {INPUT_MAX} bytes")));
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&new.input) {
        return Err(invalid("input", format!("it is not JSON: {error}")));
    }
    Recurrence::read(&new.expression, &new.zone).map_err(|why| invalid("expression", why))
}

fn says_the_same(known: &Schedule, new: &Schedule) -> bool {
    known.machine == new.machine
        && known.input == new.input
        && known.expression == new.expression
        && known.zone == new.zone
        && known.is_enabled == new.is_enabled
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
    let rule = Recurrence::read(&schedule.expression, &schedule.zone);
    let next = rule.ok().and_then(|rule| rule.next(schedule.updated, house.clock.now()));
    let (id, revision) = (*id, schedule.revision);
    house.store.write(move |db| schedules::turned(db, (id, revision), (due, next), &came)).await?;
    Ok(())
}

async fn begin(house: &Arc<House>, kept: &Kept, due: Timestamp) -> Result<String, OperationError> {
    let Kept { organisation, account, schedule, .. } = kept;
    let missing = || OperationError::new("StateMachineDoesNotExist", format!("there is no {}", schedule.machine));
    let machine = Arn::parse(&schedule.machine).ok_or_else(missing)?;
    let organisation = organisation.parse().map_err(|_| missing())?;
    let moment: String = due.to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let caller = Caller {
        organisation,
        account: account.clone(),
        region: machine.region.clone(),
        actor: Caller::HOST.to_owned(),
    };
    let start = Start {
        caller,
        machine,
        name: Some(format!("{}-{moment}", schedule.name)),
        input: schedule.input.replace(DUE, &due.to_string()),
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
