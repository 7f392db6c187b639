//! What providers sell: APIs, components, releases, plans.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use types::{
    ApiId, ByteCount, Capability, Currency, Digest, Egress, Money, ObjectName, OrganisationId, PlanId, ReleaseId,
    RouteId, Starts, Terms, Timestamp, Traced, Units,
};

use crate::{Limits, Suspension};

/// One API: a product with a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its id.
    pub id: ApiId,
    /// Who sells it.
    pub organisation: OrganisationId,
    /// Its name in paths, unique in the house and kept for ever.
    pub slug: Arc<str>,
    /// Its name for people.
    pub title: String,
    /// Host names that lead to it, in lower case and without a port.
    pub hosts: Vec<String>,
    /// What serves its calls. `None`: nothing was set live yet.
    pub live: Option<Arc<Live>>,
    /// Why it serves nobody at the moment.
    pub suspended: Option<Suspension>,
}

/// The releases that serve an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Each with its weight, at least 1. One, as long as weighted releases are not set.
    pub releases: Vec<(Arc<Release>, u32)>,
}

/// How a component is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// `weir:plugin`, typed request and response.
    Http,
    /// `weir:plugin`, JSON in and out, for workflow steps.
    Task,
    /// Standard `wasi:http`.
    WasiHttp,
}

/// A text is not the name of a world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a world is http, task or wasi-http")]
pub struct WorldError;

impl World {
    /// The word as it stands in rows and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Task => "task",
            Self::WasiHttp => "wasi-http",
        }
    }
}

impl FromStr for World {
    type Err = WorldError;

    fn from_str(text: &str) -> Result<Self, WorldError> {
        match text {
            "http" => Ok(Self::Http),
            "task" => Ok(Self::Task),
            "wasi-http" => Ok(Self::WasiHttp),
            _ => Err(WorldError),
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One uploaded binary, named by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// SHA-256 of the binary.
    pub digest: Digest,
    /// Its length.
    pub size: ByteCount,
    /// How it is called.
    pub world: World,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// Why no new release may use it and none that does may be set live. `None`: it may be used.
    pub withdrawn: Option<String>,
}

/// What a release runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// A component, called in its world.
    Component {
        /// Which.
        digest: Digest,
        /// How it is called.
        world: World,
    },
    /// A state machine of the provider's own.
    Workflow {
        /// SHA-256 of the definition.
        digest: Digest,
        /// In the Amazon States Language, as JSON or YAML. At most 1 MiB.
        definition: Arc<str>,
        /// The execution that a call starts. `None`: the call waits for the run.
        starts: Option<Starts>,
    },
}

impl Runs {
    /// Runs this definition.
    pub fn workflow(definition: impl Into<Arc<str>>, starts: Option<Starts>) -> Self {
        let definition = definition.into();
        Self::Workflow { digest: Digest::of(definition.as_bytes()), definition, starts }
    }

    /// The execution that a call starts. `None`: the call waits for what runs.
    pub const fn starts(&self) -> Option<Starts> {
        match self {
            Self::Component { .. } => None,
            Self::Workflow { starts, .. } => *starts,
        }
    }

    /// SHA-256 of what runs: its name in records.
    pub const fn digest(&self) -> Digest {
        match self {
            Self::Component { digest, .. } | Self::Workflow { digest, .. } => *digest,
        }
    }
}

/// One immutable release of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// Whose it is.
    pub api: ApiId,
    /// Its number within the API, from 1.
    pub number: u32,
    /// What it runs.
    pub runs: Runs,
    /// What a call may use: what the provider asked for, or the operator's ceiling where that is lower.
    pub limits: Limits,
    /// What it answers to, in the order of its project file.
    pub routes: Vec<Arc<Route>>,
    /// The provider's own billed things.
    pub objects: Vec<ObjectDeclaration>,
    /// What the component is allowed beyond computing its answer.
    pub grants: BTreeSet<Capability>,
    /// What it may reach outside.
    pub egress: Egress,
    /// What the component reads as configuration. No secrets.
    pub config: BTreeMap<String, String>,
    /// The HTTP status of each named error of the component.
    pub errors: BTreeMap<String, u16>,
    /// Which runs of its workflow are kept.
    pub traced: Traced,
    /// When it was made.
    pub created_at: Timestamp,
    /// Why it serves nobody at the moment, live or not.
    pub suspended: Option<Suspension>,
}

/// One route of a release. Its id stays the same over releases for the same method and template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// The method, in capitals; `*` for any.
    pub method: String,
    /// The path, such as `/v1/rates/{country}`; `/{*rest}` takes any rest.
    pub template: String,
    /// What a call sets aside beside one of `requests`, sorted by object.
    pub needs: Vec<(ObjectName, Units)>,
}

/// A billed thing that a release reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDeclaration {
    /// Its name.
    pub name: ObjectName,
    /// What one of it is called, such as `megapixel`.
    pub unit: String,
    /// The most that one call may report.
    pub max_per_call: Units,
}

/// One immutable version of a plan. A change makes a new version; subscriptions stay on theirs until they are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Whose it is.
    pub api: ApiId,
    /// Its name, such as `BASIC`.
    pub name: Arc<str>,
    /// Its version within (API, name), from 1. The highest takes new subscriptions.
    pub version: u32,
    /// What a billing period costs. `None`: nothing.
    pub price: Option<Money>,
    /// Quotas, rate and overage prices.
    pub terms: Arc<Terms>,
    /// The routes that it includes. `None`: all.
    pub routes: Option<Vec<RouteId>>,
}

impl Plan {
    /// The one currency of its prices. `None`: it has none.
    pub fn currency(&self) -> Option<Currency> {
        let overages = self.terms.quotas.iter().filter_map(|quota| quota.overage);
        self.price.into_iter().chain(overages).map(|price| price.currency).next()
    }

    /// Whether a call of `route` is included.
    pub fn includes(&self, route: RouteId) -> bool {
        self.routes.as_ref().is_none_or(|routes| routes.contains(&route))
    }
}
