//! Requests that must not run twice: claims of idempotency keys.
//!
//! A claim is committed before its call runs, and closed in the transaction that settles the call. Keys whose calls run
//! now are in memory, one entry each, so there are at most as many as calls; the others are in usage.db. So a claim in
//! the file that is neither closed nor in memory is one whose end a crash has lost, and no start has to look for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::WriteError;
use types::{CallId, Digest, RouteId, SubscriptionId};

use crate::account::Subscriber;
use crate::admit::{AdmitError, AdmitRequest, Admitted};
use crate::ledger::Ledger;
use crate::sql;

/// How long a claim is kept, from the moment at which its call was admitted.
pub const CLAIM_KEPT: Duration = Duration::from_hours(24);

/// One request under an idempotency key.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The operation: a key says nothing of other routes.
    pub route: RouteId,
    /// The key that the client chose. Bounded by the gateway.
    pub key: Arc<str>,
    /// What the request says, as a digest: another one under the same key is a mistake of the client's.
    pub request: Digest,
    /// The call that runs if no other has.
    pub call: CallId,
}

/// What becomes of a request under an idempotency key.
#[must_use = "dropping it gives back what was reserved"]
#[derive(Debug)]
pub enum Once {
    /// It is the first: it may run, and its claim is on disk.
    First(Admitted),
    /// The call named here has run and settled. The new one holds no units, and settles with none.
    Repeat(Admitted, CallId),
}

/// Why a request under an idempotency key may not run. The rate token stays taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RepeatError {
    /// The first call with this key still runs.
    #[error("the first call of this idempotency key, {0}, still runs")]
    Running(CallId),
    /// The key came with another request before.
    #[error("the idempotency key belongs to another request, that of {0}")]
    OtherRequest(CallId),
    /// The first call began, and its end was not recorded.
    #[error("the end of the first call of this idempotency key, {0}, was lost")]
    Lost(CallId),
}

/// Where a key counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Scope {
    subscription: SubscriptionId,
    test: bool,
    route: RouteId,
    key: Arc<str>,
}

/// The keys whose calls run now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<Scope, (Digest, CallId)>>>);

impl Running {
    /// Takes the key of `claim`, unless a call that runs holds it.
    fn take(&self, who: &Subscriber, claim: Claim) -> Result<Held, RepeatError> {
        let (subscription, test) = (who.subscription, who.test);
        let scope = Scope { subscription, test, route: claim.route, key: Arc::clone(&claim.key) };
        let mut running = self.lock();
        match running.get(&scope) {
            Some((request, call)) if *request == claim.request => return Err(RepeatError::Running(*call)),
            Some((_, call)) => return Err(RepeatError::OtherRequest(*call)),
            None => running.insert(scope.clone(), (claim.request, claim.call)),
        };
        Ok(Held { running: self.clone(), scope, claim })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, (Digest, CallId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key whose call runs. Dropping it lets the next request with the key look into the file.
#[derive(Debug)]
pub(crate) struct Held {
    running: Running,
    scope: Scope,
    pub(crate) claim: Claim,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.running.lock().remove(&self.scope);
    }
}

impl Ledger {
    /// [`Ledger::admit`] for a request that must not run twice: after the rate token, and before anything is reserved,
    /// it looks for an earlier request with the key. The first one is answered when its claim is on disk.
    ///
    /// # Errors
    ///
    /// [`AdmitError`], with [`AdmitError::Repeat`] for a key that is in use. Nothing is reserved; an
    /// [`AdmitError::Unavailable`] may have left a claim, under which nothing will ever run.
    pub async fn admit_once(&self, request: AdmitRequest<'_>, claim: Claim) -> Result<Once, AdmitError> {
        let entered = self.enter(&request)?;
        let subscriber = Arc::clone(request.subscriber);
        let held = self.running().take(&subscriber, claim).map_err(AdmitError::Repeat)?;
        if let Some(kept) = self.kept(&subscriber, &held.claim, request.now).await? {
            if kept.request != held.claim.request {
                return Err(AdmitError::Repeat(RepeatError::OtherRequest(kept.call)));
            }
            if !kept.settled {
                return Err(AdmitError::Repeat(RepeatError::Lost(kept.call)));
            }
            return Ok(Once::Repeat(entered.without_units(&request), kept.call));
        }
        let (now, claim) = (request.now, held.claim.clone());
        let mut admitted = self.reserve(request, entered).await?;
        let expires = now.after(CLAIM_KEPT);
        let write = move |tx: &rusqlite::Connection| sql::claim::insert(tx, &subscriber, &claim, expires);
        self.store().write(write).await.map_err(|error| unwritten(&error))?;
        admitted.held = Some(Box::new(held));
        Ok(Once::First(admitted))
    }

    async fn kept(
        &self,
        subscriber: &Arc<Subscriber>,
        claim: &Claim,
        now: types::Timestamp,
    ) -> Result<Option<sql::claim::Kept>, AdmitError> {
        let (subscriber, claim) = (Arc::clone(subscriber), claim.clone());
        let read = self.store().read(move |reader| sql::claim::find(reader, (&subscriber, &claim, now)));
        read.await.map_err(|source| AdmitError::Unavailable { step: "look for a claim", source: Some(source) })
    }
}

fn unwritten(error: &WriteError<rusqlite::Error>) -> AdmitError {
    tracing::warn!(%error, "a claim could not be written");
    AdmitError::Unavailable { step: "write a claim", source: None }
}
