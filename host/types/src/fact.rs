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

/// The component that has made an attempt at a task.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TaskComponent {
    /// The API whose component it was.
    pub api: ApiId,
    /// The release that served.
    pub release: ReleaseId,
    /// Its component.
    pub component: Digest,
}

/// What one attempt at a task of an execution has used. It is no call of a consumer's: nothing of it is billed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TaskUse {
    /// The id under which it was made.
    pub call: CallId,
    /// Whose execution it is. A former version did not say so.
    #[serde(default)]
    pub organisation: Option<OrganisationId>,
    /// What the task asks for: its `Resource`, without the suffix that says when it is done. A former version did not say
    /// so.
    #[serde(default)]
    pub resource: Option<String>,
    /// `None`: it was a request or a service of AWS; or nothing ran, or nothing is known of what ran.
    #[serde(flatten)]
    pub by: Option<TaskComponent>,
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
    /// The component's input.
    pub request_bytes: ByteCount,
    /// The component's answer.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_former_version_wrote_of_an_attempt_is_read_and_one_without_a_component_too() {
        let now = Timestamp::from_micros(1_763_800_000_000_000);
        let component = TaskComponent {
            api: ApiId::generate(now),
            release: ReleaseId::generate(now),
            component: Digest::of(b"component"),
        };
        let used = TaskUse {
            call: CallId::generate(now),
            organisation: None,
            resource: None,
            by: Some(component),
            execution: "arn:aws:states:local:123456789012:execution:order:1".to_owned(),
            invocation: "arn:aws:states:local:123456789012:execution:order:1:2".to_owned(),
            attempt: 1,
            began: now,
            ended: now,
            outcome: Outcome::Ok,
            component_us: 7,
            fuel: Fuel::saturating(1_000),
            fuel_schedule: 1,
            memory_peak: ByteCount::kib(64),
            request_bytes: ByteCount::ZERO,
            response_bytes: ByteCount::ZERO,
            egress_bytes: ByteCount::ZERO,
            egress_calls: 0,
        };
        let fact = Fact::Task(Box::new(used.clone()));
        let mut text = serde_json::to_value(&fact).unwrap();
        assert!(text["api"].is_string() && text["release"].is_string() && text["component"].is_string(), "{text}");
        let members = text.as_object_mut().unwrap();
        assert!(members.shift_remove("organisation").is_some() && members.shift_remove("resource").is_some());
        assert_eq!(serde_json::from_value::<Fact>(text).unwrap(), fact);
        let bare = Fact::Task(Box::new(TaskUse { by: None, resource: Some("component:a".to_owned()), ..used }));
        let text = serde_json::to_string(&bare).unwrap();
        assert_eq!(serde_json::from_str::<Fact>(&text).unwrap(), bare);
    }
}
