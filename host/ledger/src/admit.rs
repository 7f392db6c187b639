//! Admission: a place at the writer, a rate token, then units of every object that the call touches, or none.

use std::sync::Arc;
use std::time::Duration;

use store::{ReadError, Slot};
use types::{Moment, ObjectName, Per, Period, Quota, Rate, Timestamp, Units};

use crate::account::{Account, CounterCell, Subscriber};
use crate::counter::{Counter, Hold};
use crate::ledger::Ledger;
use crate::once::{Held, RepeatError};
use crate::policy::{Policies, PolicyState};
use crate::writer::Writer;
use crate::{spend, sql};

/// How much of one object must be set aside before a call may run: the declared maximum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Of what.
    pub object: ObjectName,
    /// How much.
    pub units: Units,
}

/// Who wants to call, and what the call may use at most.
#[derive(Debug, Clone, Copy)]
pub struct AdmitRequest<'a> {
    /// Who, and on what terms.
    pub subscriber: &'a Arc<Subscriber>,
    /// Each object that the route touches, none twice. One of `requests` is implied unless it is named here.
    pub needs: &'a [Need],
    /// Now, on the wall: it picks the period.
    pub now: Timestamp,
    /// Now, on the clock that only goes forward: it fills the bucket.
    pub moment: Moment,
}

/// Why a call was not admitted. In every case no units are taken and nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// Calls come faster than the plan allows. No token was taken.
    #[error("the rate of {} per {} is exceeded", rate.count, rate.window.as_str())]
    Rate {
        /// The rate.
        rate: Rate,
        /// Every limit that was looked at.
        policies: Box<Policies>,
        /// Until the next token.
        retry_after: Duration,
    },
    /// A hard quota has less left than the call may need. The rate token stays taken.
    #[error("{used} of {} {} are taken until {}", quota.amount, quota.object, period.end)]
    Quota {
        /// The quota.
        quota: Quota,
        /// What is used and reserved of it.
        used: Units,
        /// The period that is used up.
        period: Period,
        /// Every limit that was looked at.
        policies: Box<Policies>,
    },
    /// The overage of the call would cost more than the cap leaves. The rate token stays taken.
    #[error("the spend cap of {cap} millionths is reached until {}", period.end)]
    SpendCap {
        /// The cap, in millionths of the plan's currency.
        cap: u64,
        /// The billing period.
        period: Period,
        /// Until its end.
        retry_after: Duration,
        /// Every limit that was looked at.
        policies: Box<Policies>,
    },
    /// An earlier request has the idempotency key. The rate token stays taken.
    #[error("the idempotency key is in use")]
    Repeat(#[source] RepeatError),
    /// The call could not be recorded, so it must not run. Safe to retry.
    #[error("could not {step}")]
    Unavailable {
        /// What failed.
        step: &'static str,
        /// Why, when a counter could not be read.
        source: Option<ReadError>,
    },
}

/// A call that may run: units set aside, and a place at the writer that makes sure that it can be recorded.
///
/// Dropping it gives both back.
#[must_use = "dropping it gives the reserved units back"]
#[derive(Debug)]
pub struct Admitted {
    pub(crate) slot: Slot<Writer>,
    pub(crate) subscriber: Arc<Subscriber>,
    pub(crate) at: Timestamp,
    /// `requests` first.
    pub(crate) holds: Vec<Hold>,
    /// The idempotency key under which it runs.
    pub(crate) held: Option<Box<Held>>,
    policies: Policies,
}

/// A request with a place at the writer and a rate token, which holds no units yet.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) slot: Slot<Writer>,
    pub(crate) account: Arc<Account>,
    pub(crate) policies: Policies,
}

impl Entered {
    /// The call of `request` as one that needs none.
    pub(crate) fn without_units(self, request: &AdmitRequest<'_>) -> Admitted {
        Taken { holds: Vec::new(), policies: self.policies }.admitted(self.slot, request)
    }
}

impl Admitted {
    /// Every limit that the call met, as it stood after its own reservation.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// How much of `object` the call may use. `None`: it declared no need of it.
    pub fn allowance(&self, object: &ObjectName) -> Option<Units> {
        self.holds.iter().find(|hold| hold.object == *object).map(|hold| hold.need)
    }

    /// When it was admitted: the moment that decides its period.
    pub fn admitted_at(&self) -> Timestamp {
        self.at
    }

    /// Who calls.
    pub fn subscriber(&self) -> &Arc<Subscriber> {
        &self.subscriber
    }
}

impl Ledger {
    /// Sets aside what a call may need, or refuses it.
    ///
    /// Reads usage.db on a subscription's first call after a start and in a new period, once however many wait for it;
    /// otherwise it never leaves memory. Dropping the future gives back what it had taken, but for the rate token.
    ///
    /// # Errors
    ///
    /// [`AdmitError`]; nothing is reserved and nothing is written. Only [`AdmitError::Unavailable`] is worth retrying
    /// at once.
    pub async fn admit(&self, request: AdmitRequest<'_>) -> Result<Admitted, AdmitError> {
        let entered = self.enter(&request)?;
        self.reserve(request, entered).await
    }

    /// A place at the writer and a rate token.
    pub(crate) fn enter(&self, request: &AdmitRequest<'_>) -> Result<Entered, AdmitError> {
        let AdmitRequest { subscriber, moment, .. } = *request;
        let unavailable = |step| AdmitError::Unavailable { step, source: None };
        if !self.ready() {
            return Err(unavailable("write to usage.db"));
        }
        let slot = self.store().try_slot().map_err(|_| unavailable("find a place at the writer"))?;
        let account = self.accounts().of((subscriber.subscription, subscriber.test), moment);
        let account = account.ok_or_else(|| unavailable("keep one more account"))?;

        let (state, passed) = account.pass(subscriber.terms.rate, moment);
        let policies = Policies { rate: state, quotas: Vec::new() };
        if let (Err(retry_after), Some(rate)) = (passed, subscriber.terms.rate) {
            return Err(AdmitError::Rate { rate, policies: Box::new(policies), retry_after });
        }
        Ok(Entered { slot, account, policies })
    }

    /// Units of every object that the call touches, or none.
    pub(crate) async fn reserve(&self, request: AdmitRequest<'_>, entered: Entered) -> Result<Admitted, AdmitError> {
        let AdmitRequest { subscriber, needs, .. } = request;
        if let Some(cap) = subscriber.spend_cap
            && !subscriber.test
            && subscriber.terms.quotas.iter().any(spend::is_priced)
        {
            // Boxed: calls without a cap do not carry its states.
            return Box::pin(self.reserve_within(cap, request, entered)).await;
        }
        let mut taken = Taken::with_room_for(needs, entered.policies);
        for need in with_requests(needs) {
            let part = self.part(&request, &entered.account, need).await?;
            taken.take(part, &request)?;
        }
        Ok(taken.admitted(entered.slot, &request))
    }

    /// One need, with the counter that it counts in.
    pub(crate) async fn part<'a>(
        &self,
        request: &AdmitRequest<'a>,
        account: &Account,
        (object, need): (&'a str, Units),
    ) -> Result<Part<'a>, AdmitError> {
        let AdmitRequest { subscriber, now, .. } = *request;
        let quota = subscriber.terms.quotas.iter().find(|quota| quota.object.as_str() == object);
        let counted = match quota {
            Some(quota) => {
                let (period, cell) = account.counter(quota, subscriber.anchor, now);
                Some((quota, period, self.load(&cell, subscriber, &quota.object, period).await?))
            }
            None => None,
        };
        Ok(Part { object, need, counted })
    }

    /// The counter in `cell`, read first if nobody has.
    pub(crate) async fn load(
        &self,
        cell: &CounterCell,
        subscriber: &Subscriber,
        object: &ObjectName,
        period: Period,
    ) -> Result<Arc<Counter>, AdmitError> {
        if let Some(counter) = cell.get() {
            return Ok(Arc::clone(counter));
        }
        let key = (subscriber.subscription, object.clone(), period.start);
        let book = sql::counter::Book::of(subscriber);
        let read = || async move {
            let used = self.store().read(move |reader| sql::counter::used(reader, book, &key)).await?;
            Ok(Arc::new(Counter::at(used)))
        };
        let counter = cell.get_or_try_init(read).await;
        counter
            .map(Arc::clone)
            .map_err(|source| AdmitError::Unavailable { step: "read a counter", source: Some(source) })
    }
}

/// One object that a call touches.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    object: &'a str,
    need: Units,
    /// `None`: the plan has no quota of it.
    counted: Option<(&'a Quota, Period, Arc<Counter>)>,
}

/// What a call has taken so far. Dropping it gives all of it back.
#[derive(Debug)]
pub(crate) struct Taken {
    holds: Vec<Hold>,
    policies: Policies,
}

impl Taken {
    pub(crate) fn with_room_for(needs: &[Need], policies: Policies) -> Self {
        Self { holds: Vec::with_capacity(needs.len().saturating_add(1)), policies }
    }

    /// Takes what `part` needs, if its quota has it. Nothing is awaited.
    pub(crate) fn take(&mut self, part: Part<'_>, request: &AdmitRequest<'_>) -> Result<(), AdmitError> {
        let AdmitRequest { subscriber, needs, now, .. } = *request;
        let Part { object, need, counted } = part;
        let hold = match counted {
            Some((quota, period, counter)) => Hold::take(counter, quota, period, need).map_err(|used| {
                let policies = exhausted(quota, used, period, (now, &self.policies));
                AdmitError::Quota { quota: quota.clone(), used, period, policies: Box::new(policies) }
            })?,
            None => Hold::unlimited(named(object, needs), Period::at(Per::Month, subscriber.anchor, now), need),
        };
        self.policies.quotas.extend(PolicyState::of_hold(&hold, now));
        self.holds.push(hold);
        Ok(())
    }

    pub(crate) fn into_policies(self) -> Policies {
        self.policies
    }

    pub(crate) fn admitted(self, slot: Slot<Writer>, request: &AdmitRequest<'_>) -> Admitted {
        let Self { holds, policies } = self;
        Admitted { slot, subscriber: Arc::clone(request.subscriber), at: request.now, holds, held: None, policies }
    }
}

/// The needs, `requests` first and implied.
pub(crate) fn with_requests(needs: &[Need]) -> impl Iterator<Item = (&str, Units)> {
    let requests = needs.iter().find(|need| need.object.as_str() == ObjectName::REQUESTS);
    let first = (ObjectName::REQUESTS, requests.map_or(Units::saturating(1), |need| need.units));
    let others = needs.iter().filter(|need| need.object.as_str() != ObjectName::REQUESTS);
    std::iter::once(first).chain(others.map(|need| (need.object.as_str(), need.units)))
}

fn named(object: &str, needs: &[Need]) -> ObjectName {
    let need = needs.iter().find(|need| need.object.as_str() == object);
    need.map_or_else(ObjectName::requests, |need| need.object.clone())
}

/// The policies of a refusal: those met so far, and last the one that refused.
fn exhausted(quota: &Quota, used: Units, period: Period, (now, met): (Timestamp, &Policies)) -> Policies {
    let mut policies = met.clone();
    policies.quotas.push(PolicyState {
        name: crate::policy::PolicyName::Object(quota.object.clone()),
        limit: quota.amount.get(),
        remaining: quota.amount.saturating_sub(used).get(),
        window: period.length(),
        reset: period.end.since(now),
    });
    policies
}
