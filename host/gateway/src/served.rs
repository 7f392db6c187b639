//! Releases as calls use them: routes compiled, limits ready to be handed on.
//!
//! Compiled on a release's first call and kept as long as it is live. Reading takes no lock; a change of what is live
//! makes a new entry for that API alone.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use asl::{MachineKind, StateMachine};
use catalog::{Api, Live, Release, Route, World};
use ledger::Need;
use sandbox::{Outbound, Sandbox};
use types::{ApiId, Capability, Digest, Starts};

use crate::permit::Share;
use crate::template::{Match, TemplateError, Templates};

/// Why a release cannot be served. The catalog should not have taken it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("the workflow is not a correct state machine: {0}")]
    Workflow(String),
}

/// What a release runs, ready to be called.
#[derive(Debug)]
pub(crate) enum Runs {
    Component {
        digest: Digest,
        world: World,
    },
    /// A run of it while the call waits.
    Workflow(Arc<StateMachine>),
    /// An execution of this definition: the call is answered once it has begun.
    Execution {
        kind: MachineKind,
        definition: Arc<str>,
    },
}

impl Runs {
    fn compile(runs: &catalog::Runs) -> Result<Self, ServeError> {
        match runs {
            catalog::Runs::Component { digest, world } => Ok(Self::Component { digest: *digest, world: *world }),
            catalog::Runs::Workflow { definition, starts: Some(starts), .. } => {
                let kind = match starts {
                    Starts::Standard => MachineKind::Standard,
                    Starts::Express => MachineKind::Express,
                };
                Ok(Self::Execution { kind, definition: Arc::clone(definition) })
            }
            catalog::Runs::Workflow { definition, starts: None, .. } => {
                let machine = express::parse_kept(definition).map_err(|diagnostics| {
                    ServeError::Workflow(diagnostics.first().map(ToString::to_string).unwrap_or_default())
                })?;
                Ok(Self::Workflow(machine))
            }
        }
    }

    /// Whether it takes its request, and gives its response, as they come.
    pub(crate) fn streams(&self) -> bool {
        matches!(self, Self::Component { world: World::WasiHttp, .. })
    }
}

/// One release, ready to serve.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) release: Arc<Release>,
    pub(crate) runs: Runs,
    pub(crate) routes: Vec<ServedRoute>,
    pub(crate) limits: Arc<sandbox::Limits>,
    /// The settings that its component may read: none without the grant.
    pub(crate) config: Arc<[(String, String)]>,
    /// What it may reach outside.
    pub(crate) outbound: Option<Outbound>,
    /// The API's part of the places for guests: shared by all its releases.
    pub(crate) share: Arc<Share>,
    templates: Templates,
}

/// One route, ready to be admitted.
#[derive(Debug)]
pub(crate) struct ServedRoute {
    pub(crate) route: Arc<Route>,
    pub(crate) template: Arc<str>,
    /// What a call sets aside: one of `requests`, which the ledger adds, and these.
    pub(crate) needs: Vec<Need>,
}

impl Served {
    fn compile(api: &Api, release: &Arc<Release>, share: &Arc<Share>, sandbox: &Sandbox) -> Result<Self, ServeError> {
        let outbound = sandbox.outbound((api.organisation, &api.slug), release.id.as_u128(), &release.egress);
        let names = release.routes.iter().map(|route| (route.method.as_str(), route.template.as_str()));
        let templates = Templates::compile(names)?;
        let serve = |route: &Arc<Route>| ServedRoute {
            route: Arc::clone(route),
            template: Arc::from(route.template.as_str()),
            needs: route.needs.iter().map(|(object, units)| Need { object: object.clone(), units: *units }).collect(),
        };
        Ok(Self {
            routes: release.routes.iter().map(serve).collect(),
            limits: Arc::new(sandbox_limits(&release.limits)),
            config: settings(release, outbound.as_ref()),
            outbound,
            runs: Runs::compile(&release.runs)?,
            release: Arc::clone(release),
            share: Arc::clone(share),
            templates,
        })
    }

    /// Finds the route for a path below the API's own place.
    pub(crate) fn find(&self, method: &http::Method, path: &str) -> Match {
        self.templates.find(method, path)
    }
}

/// What the component of `release` may read of its settings.
fn settings(release: &Release, outbound: Option<&Outbound>) -> Arc<[(String, String)]> {
    if !release.grants.contains(&Capability::Config) {
        return Arc::default();
    }
    let own = release.config.iter().map(|(name, value)| (name.clone(), value.clone()));
    own.chain(outbound.into_iter().flat_map(Outbound::settings)).collect()
}

fn sandbox_limits(limits: &catalog::Limits) -> sandbox::Limits {
    let usual = sandbox::Limits::default();
    sandbox::Limits {
        fuel: limits.fuel,
        wall: limits.wall,
        memory: limits.memory,
        response_body: limits.response_body,
        streamed_body: limits.response_body.max(usual.streamed_body),
        ..usual
    }
}

/// What is compiled of each API.
#[derive(Debug, Default)]
pub(crate) struct ServedReleases {
    by_api: ArcSwap<HashMap<ApiId, Arc<ServedApi>>>,
}

#[derive(Debug)]
struct ServedApi {
    /// What was live when this was compiled. Held, so that its address cannot be another's.
    live: Arc<Live>,
    share: Arc<Share>,
    releases: Vec<(Arc<Served>, u32)>,
}

impl ServedReleases {
    /// The release of `api` that serves the next call. `draw` picks among weighted ones; `sandbox` makes ready what is
    /// not yet.
    ///
    /// # Errors
    ///
    /// [`ServeError`] for a release that cannot be compiled.
    pub(crate) fn of(
        &self,
        api: &Api,
        live: &Arc<Live>,
        draw: u64,
        sandbox: &Sandbox,
    ) -> Result<Option<Arc<Served>>, ServeError> {
        self.with((api, live), sandbox, |served| served.pick(draw))
    }

    /// The live release of `api` with this number.
    ///
    /// # Errors
    ///
    /// [`ServeError`] for a release that cannot be compiled.
    pub(crate) fn numbered(
        &self,
        api: &Api,
        live: &Arc<Live>,
        number: u32,
        sandbox: &Sandbox,
    ) -> Result<Option<Arc<Served>>, ServeError> {
        self.with((api, live), sandbox, |served| {
            let found = served.releases.iter().find(|(served, _)| served.release.number == number);
            found.map(|(served, _)| Arc::clone(served))
        })
    }

    fn with<T>(
        &self,
        (api, live): (&Api, &Arc<Live>),
        sandbox: &Sandbox,
        pick: impl FnOnce(&ServedApi) -> T,
    ) -> Result<T, ServeError> {
        let known = self.by_api.load();
        if let Some(served) = known.get(&api.id)
            && Arc::ptr_eq(&served.live, live)
        {
            return Ok(pick(served));
        }
        drop(known);
        let compiled = self.compile(api, live, sandbox)?;
        Ok(pick(&compiled))
    }

    fn compile(&self, api: &Api, live: &Arc<Live>, sandbox: &Sandbox) -> Result<Arc<ServedApi>, ServeError> {
        let before = self.by_api.load().get(&api.id).cloned();
        let share = before.as_ref().map_or_else(Arc::default, |before| Arc::clone(&before.share));
        let mut releases = Vec::with_capacity(live.releases.len());
        // The others take over the share of one that stands still.
        let serving = live.releases.iter().filter(|(release, _)| release.suspended.is_none());
        for (release, weight) in serving {
            let known =
                before.iter().flat_map(|before| &before.releases).find(|(known, _)| known.release.id == release.id);
            let served = match known {
                Some((known, _)) => Arc::clone(known),
                None => Arc::new(Served::compile(api, release, &share, sandbox)?),
            };
            releases.push((served, *weight));
        }
        share.allow(live.releases.iter().map(|(release, _)| release.limits.concurrency).max().unwrap_or(1));
        let compiled = Arc::new(ServedApi { live: Arc::clone(live), share, releases });
        self.by_api.rcu(|known| {
            let mut next = HashMap::clone(known);
            next.insert(api.id, Arc::clone(&compiled));
            next
        });
        Ok(compiled)
    }
}

impl ServedApi {
    fn pick(&self, draw: u64) -> Option<Arc<Served>> {
        if let [(only, _)] = &self.releases[..] {
            return Some(Arc::clone(only));
        }
        drawn(&self.releases, draw).map(Arc::clone)
    }
}

/// The one that `draw` falls on: each of as many draws in a row as all weights come to falls on one as often as its
/// weight says.
fn drawn<T>(weighted: &[(T, u32)], draw: u64) -> Option<&T> {
    let total: u64 = weighted.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut point = draw.checked_rem(total)?;
    for (one, weight) in weighted {
        match point.checked_sub(u64::from(*weight)) {
            Some(rest) => point = rest,
            None => return Some(one),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_always_falls_on_the_same_and_each_has_its_share() {
        let weighted = [("old", 90), ("new", 10)];
        for from in [0, 7, u64::MAX - 1_000] {
            let news = (from..from + 1_000).filter(|draw| drawn(&weighted, *draw) == Some(&"new")).count();
            assert_eq!(news, 100, "from {from}");
        }
        assert_eq!((drawn(&weighted, 89), drawn(&weighted, 90)), (Some(&"old"), Some(&"new")));
        assert_eq!((drawn(&weighted, 189), drawn(&weighted, 190)), (Some(&"old"), Some(&"new")));
        assert_eq!(drawn::<&str>(&[], 1), None);
    }
}
