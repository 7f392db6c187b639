//! What a schedule says, and what it may say.

use stepfunctions::{Arn, Thing};
use types::Timestamp;

use crate::put::MOST;
use crate::recurrence::Recurrence;

/// Letters of a schedule's name: an execution's has the moment too.
const NAME_MAX: usize = 60;
/// Bytes of an input.
const INPUT_MAX: usize = 262_144;
/// What stands for the moment at which the turn was due, in an input.
const DUE: &str = "<aws.scheduler.scheduled-time>";

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

impl NewSchedule {
    /// The schedule that it is from `now` on, for the organisation with this number in ARNs.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`].
    pub fn check(self, account: &str, now: Timestamp) -> Result<Schedule, ScheduleError> {
        let rule = self.rule(account)?;
        let next = if self.is_enabled { rule.next(now, now) } else { None };
        if self.is_enabled && next.is_none() {
            let why = format!("{} is never due again", self.expression);
            return Err(ScheduleError::Invalid { member: "expression", why });
        }
        Ok(Schedule {
            name: self.name,
            machine: self.machine,
            input: self.input,
            expression: self.expression,
            zone: self.zone,
            is_enabled: self.is_enabled,
            next,
            last: None,
            last_execution: None,
            last_error: None,
            revision: 1,
            created: now,
            updated: now,
        })
    }

    fn rule(&self, account: &str) -> Result<Recurrence, ScheduleError> {
        let invalid = |member, why: String| ScheduleError::Invalid { member, why };
        let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(1..=NAME_MAX).contains(&self.name.len()) || self.name.starts_with('.') || !self.name.chars().all(in_name) {
            let why = format!("a name has 1 to {NAME_MAX} letters, digits, `-`, `_` and `.`, and no `.` first");
            return Err(invalid("name", why));
        }
        let machine = Arn::parse(&self.machine).filter(|arn| matches!(arn.thing, Thing::Machine { .. }));
        if machine.is_none_or(|arn| arn.account != account) {
            let why = format!("it is the ARN of a state machine of the account {account}");
            return Err(invalid("machine", why));
        }
        if self.input.len() > INPUT_MAX {
            return Err(invalid("input", format!("an input has at most {INPUT_MAX} bytes")));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&self.input) {
            return Err(invalid("input", format!("it is not JSON: {error}")));
        }
        Recurrence::read(&self.expression, &self.zone).map_err(|why| invalid("expression", why))
    }
}

impl Schedule {
    /// Its turn after `now`. `None`: it is over.
    pub fn after(&self, now: Timestamp) -> Option<Timestamp> {
        Recurrence::read(&self.expression, &self.zone).ok()?.next(self.updated, now)
    }

    /// The name of the execution that it starts for the turn at `due`: always the same one.
    pub fn execution_name(&self, due: Timestamp) -> String {
        let moment: String = due.to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        format!("{}-{moment}", self.name)
    }

    /// The input of that execution.
    pub fn input_at(&self, due: Timestamp) -> String {
        self.input.replace(DUE, &due.to_string())
    }

    /// Whether the other one says the same.
    pub(crate) fn says_the_same(&self, new: &Self) -> bool {
        self.machine == new.machine
            && self.input == new.input
            && self.expression == new.expression
            && self.zone == new.zone
            && self.is_enabled == new.is_enabled
    }
}
