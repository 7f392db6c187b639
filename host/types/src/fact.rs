//! What the catalog tells the ledger, through an outbox: the facts that usage.db needs to be complete in itself.

use crate::{
    ApiId, AppId, Digest, KeyId, OrganisationId, PlanId, ReleaseId, RouteId, SubscriptionId, Terms, Timestamp,
};

/// One management act: who did what to what, with the thing before and after. Ids only, never names of people.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// The id of the token that did it, or `host`.
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

/// One fact on its way from catalog.db to usage.db. Serialised as the outbox row's body.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A management act, which becomes a link of the audit chain.
    Act(Act),
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
