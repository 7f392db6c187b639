//! What the catalog tells the ledger, through an outbox: the facts that usage.db needs to be complete in itself.

use crate::{
    ApiId, AppId, ByteCount, CallId, Digest, Fuel, KeyId, OrganisationId, Outcome, PlanId, ReleaseId, RouteId,
    SubscriptionId, Terms, Timestamp,
};

/// One management act: who did what to what, with the thing before and after. Ids only, never names of people.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// The id of the token, the credential or the invitation by which it was done, or `host`.
    pub actor: String,
    /// What was done, `noun.verb`, such as `release.publish`.
    pub action: String,
    /// The id of the thing.
    pub subject: String,
    /// The thing as it was, as JSON. `None`: it is new.
    pub before: Option<String>,
    /// The thing as it is, as JSON. `None`: it is gone.
    pub after: Option<String>,
}

/// What one attempt at a task of an execution has used. It is no call of a consumer's: nothing of it is billed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TaskUse {
    /// The id under which the component ran.
    pub call: CallId,
    /// The API whose component it was.
    pub api: ApiId,
    /// The release that served.
    pub release: ReleaseId,
    /// Its component.
    pub component: Digest,
    /// The execution's ARN.
    pub execution: String,
    /// The same for all attempts at one visit of one state. With the attempt it is found once.
    pub invocation: String,
    /// From 1.
    pub attempt: u32,
    /// When it was asked for.
    pub began: Timestamp,
    /// When it had ended.
    pub ended: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The component's own share of the time, in microseconds.
    pub component_us: u64,
    /// What it spent.
    pub fuel: Fuel,
    /// Which table of costs the fuel was counted by.
    pub fuel_schedule: u16,
    /// The most memory that it held.
    pub memory_peak: ByteCount,
    /// Its input.
    pub request_bytes: ByteCount,
    /// Its answer.
    pub response_bytes: ByteCount,
    /// What it sent and received on its own account.
    pub egress_bytes: ByteCount,
    /// How many requests it made on its own account.
    pub egress_calls: u32,
}

/// One fact on its way from catalog.db or workflows.db to usage.db. Serialised as the outbox row's body.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A management act, which becomes a link of the audit chain.
    Act(Act),
    /// What one attempt at a task of an execution has used.
    Task(Box<TaskUse>),
    /// An organisation, new or renamed.
    Organisation {
        /// Its id.
        id: OrganisationId,
        /// Its name, deletable.
        name: String,
    },
    /// An API, new or changed.
    Api {
        /// Its id.
        id: ApiId,
        /// Who sells it.
        organisation: OrganisationId,
        /// Its slug.
        slug: String,
    },
    /// A route of an API.
    Route {
        /// Its id.
        id: RouteId,
        /// Whose it is.
        api: ApiId,
        /// The method and the template, such as `GET /v1/rates/{country}`.
        name: String,
    },
    /// A release of an API.
    Release {
        /// Its id.
        id: ReleaseId,
        /// Whose it is.
        api: ApiId,
        /// Its number within the API, from 1.
        number: u32,
        /// The component that it runs.
        component: Digest,
    },
    /// A version of a plan, with its terms.
    Plan {
        /// Its id.
        id: PlanId,
        /// Whose it is.
        api: ApiId,
        /// Its name, such as `BASIC`.
        name: String,
        /// Quotas, rate and prices, copied.
        terms: Terms,
    },
    /// An app.
    App {
        /// Its id.
        id: AppId,
        /// Who owns it.
        organisation: OrganisationId,
        /// Its name.
        name: String,
    },
    /// A key of an app.
    Key {
        /// Its id.
        id: KeyId,
        /// Whose it is.
        app: AppId,
        /// Its first 14 characters.
        prefix: String,
        /// Whether its calls are not billed.
        #[serde(default)]
        test: bool,
    },
    /// A subscription, new or moved to another plan.
    Subscription {
        /// Its id.
        id: SubscriptionId,
        /// Which app.
        app: AppId,
        /// To which API.
        api: ApiId,
        /// On which plan.
        plan: PlanId,
        /// What its periods are counted from.
        anchor: Timestamp,
    },
}
