//! What a provider publishes: an API, its component, its releases and its plans.
//!
//! The request types are also the tables of `weir.toml`, so that what a provider writes there is what is sent.

use std::collections::{BTreeMap, BTreeSet};

use types::{
    ApiId, Capability, Currency, Digest, Egress, Fuel, LimitKind, ObjectName, OrganisationId, Per, PlanId, RateWindow,
    ReleaseId, SecretName, Starts, Traced, Units,
};

use crate::{At, Suspension, text};

/// `POST /v1/apis`. An API of that slug and organisation that is there already is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApi {
    /// Its name in paths, unique on the host: a lower-case letter, then lower-case letters, digits and `-`.
    #[schemars(regex(pattern = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"))]
    pub slug: String,
    /// Its name for people.
    #[schemars(length(min = 1, max = 200), regex(pattern = text::LINE))]
    pub title: String,
    /// Whose it is, by id or name. The token's own organisation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Host names under which it is served too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 253), regex(pattern = text::HOST)))]
    pub hosts: Vec<String>,
}

/// `PATCH /v1/apis/{slug}`. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiChange {
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), regex(pattern = text::LINE))]
    pub title: Option<String>,
    /// All host names under which it is served too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), inner(length(max = 253), regex(pattern = text::HOST)))]
    pub hosts: Option<Vec<String>>,
}

/// The query of `GET /v1/apis/{slug}/releases`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseQuery {
    /// Go on after this release's number: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// An API.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Api {
    /// Its id.
    pub id: ApiId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its name in paths.
    pub slug: String,
    /// Its name for people.
    pub title: String,
    /// Host names under which it is served too.
    pub hosts: Vec<String>,
    /// The number of the release that serves, or serves most calls; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// The releases that share the calls; absent while one serves all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serving: Vec<Serving>,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// One of the releases that share an API's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Serving {
    /// The release's number.
    pub release: u32,
    /// How many calls it serves, in proportion to the others.
    pub weight: u32,
}

/// What a component offers, and so how it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// `weir:plugin/http`: typed requests and responses.
    Http,
    /// `weir:plugin/task`: JSON in, JSON or a named error out.
    Task,
    /// The standard `wasi:http` proxy.
    WasiHttp,
}

impl World {
    /// The word as it stands in files and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Task => "task",
            Self::WasiHttp => "wasi-http",
        }
    }
}

/// A component that was accepted: the answer to `PUT /v1/components/{sha256}`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Component {
    /// SHA-256 of its bytes: its name.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it offers.
    pub world: World,
    /// What it asks of the host.
    pub imports: Vec<String>,
}

/// What a call may use. What is absent is the host's default; nothing goes above the operator's ceiling.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Fuel units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub fuel: Option<Fuel>,
    /// Wall time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub wall_ms: Option<u64>,
    /// Memory in total, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory_mib: Option<u64>,
    /// The request's body, in KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body_kib: Option<u64>,
    /// The response's body, in KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body_kib: Option<u64>,
    /// Calls at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
}

/// A billed thing of the provider's own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Its name, such as `megapixels`.
    pub name: ObjectName,
    /// The name of one of it, such as `megapixel`.
    #[schemars(length(min = 1, max = 80))]
    pub unit: String,
    /// The most that one call may report. Quota for it is set aside before the component runs.
    #[schemars(range(min = 1))]
    pub max_per_call: Units,
}

/// A route: what is served, and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The method, or `*` for any.
    #[schemars(regex(pattern = text::METHOD))]
    pub method: String,
    /// The path's template, such as `/v1/rates/{country}`; `{*rest}` at the end stands for any rest.
    #[schemars(length(max = 512), regex(pattern = text::TEMPLATE))]
    pub path: String,
    /// The objects that calls of it may report. All that the release declares when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Vec<ObjectName>>,
}

/// `POST /v1/apis/{slug}/releases`. The same release twice in a row is one: the second is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    /// The component, which must have been uploaded. Either this or `workflow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Digest>,
    /// How the component is called. It must be what it offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<World>,
    /// A state machine in the Amazon States Language, as the text of a JSON or YAML document of at most 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_048_576))]
    pub workflow: Option<String>,
    /// The execution of the workflow that a call starts, and is answered 202 for; absent: the call waits for its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Starts>,
    /// What a call may use.
    #[serde(default)]
    pub limits: Limits,
    /// Its routes. At least one, unless the world is `task`.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub routes: Vec<Route>,
    /// Its billed objects.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub objects: Vec<Object>,
    /// What the component is allowed beyond computing its answer.
    #[serde(default)]
    pub grants: BTreeSet<Capability>,
    /// What the component, or the workflow, may reach outside. Nothing when absent.
    #[serde(default, skip_serializing_if = "Egress::is_empty")]
    pub egress: Egress,
    /// Settings that the component reads, each of at most 8 KiB.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 64))]
    pub config: BTreeMap<String, String>,
    /// HTTP statuses for named errors of the component or the workflow.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100))]
    pub errors: BTreeMap<String, u16>,
    /// Which runs of the workflow are kept to be looked at. Those that fail, when absent.
    #[serde(default)]
    pub traces: Traced,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// Its number within the API, from 1.
    pub number: u32,
    /// SHA-256 of the component, or of the workflow's definition, that it runs.
    pub digest: Digest,
    /// How its component is called; absent for a workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<World>,
    /// The execution that a call starts; absent: the call waits for what runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Starts>,
    /// Its routes, each as method and path.
    pub routes: Vec<String>,
    /// Where its requests may go, each as methods and URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<String>,
    /// The secrets that these may carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretName>,
    /// When it was made.
    pub created_at: At,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// `PUT /v1/apis/{slug}/live`: which release serves.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// The release's number.
    #[schemars(range(min = 1))]
    pub release: u32,
    /// How many of a hundred calls it serves, 1 to 100; the release that serves most of them now keeps the rest. All of
    /// them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub weight: Option<u32>,
}

/// How much of one object a plan includes in each period.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanQuota {
    /// What is counted.
    pub object: ObjectName,
    /// How much of it is included.
    pub amount: Units,
    /// How often it begins anew.
    pub per: Per,
    /// What happens at its end.
    pub limit: LimitKind,
    /// What each further unit costs, a decimal amount in the plan's currency. For a soft quota only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = text::AMOUNT))]
    pub overage: Option<String>,
}

/// How fast a subscription may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRate {
    /// Calls per window. At least 1.
    #[schemars(range(min = 1))]
    pub count: u32,
    /// The window.
    pub window: RateWindow,
    /// How many may come at once; `count` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
}

/// `POST /v1/apis/{slug}/plans`. The same terms under the same name are answered with 200, other terms make a new version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Its name, such as `BASIC`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9]([A-Za-z0-9 _-]{0,38}[A-Za-z0-9_-])?$"))]
    pub name: String,
    /// What it costs a month, a decimal amount. Free when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = text::AMOUNT))]
    pub price: Option<String>,
    /// The currency of its amounts; `USD` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How fast a subscription may call; as fast as the host allows when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<PlanRate>,
    /// What it includes, at most one quota per object.
    #[serde(default)]
    #[schemars(length(max = 18))]
    pub quotas: Vec<PlanQuota>,
    /// Whether an answer with a 4xx status is free.
    #[serde(default)]
    pub only_2xx_billed: bool,
    /// The routes that it opens, each as method and path. All when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<String>>,
}

/// One version of a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// What it costs a month, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Its quotas and rate, one sentence each, for people.
    pub terms: Vec<String>,
    /// Why it is suspended; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}
