//! A provider's project: the file `weir.toml` in its folder.

mod openapi;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The name of the file.
pub(crate) const FILE: &str = "weir.toml";

/// All that `weir.toml` says. The tables `limits`, `objects`, `routes` and `plans` are those of the control plane's
/// requests. An unknown key is refused.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Project {
    /// What is sold.
    pub(crate) api: ApiTable,
    /// What runs: a component, or a workflow.
    pub(crate) component: Option<ComponentTable>,
    /// What runs, when it is the provider's own state machine.
    pub(crate) workflow: Option<WorkflowTable>,
    /// What a call may use.
    #[serde(default)]
    pub(crate) limits: api::Limits,
    /// The provider's own billed things.
    #[serde(default)]
    pub(crate) objects: Vec<api::Object>,
    /// What is served.
    #[serde(default)]
    pub(crate) routes: Vec<api::Route>,
    /// What it costs.
    #[serde(default)]
    pub(crate) plans: Vec<api::NewPlan>,
    /// Settings that the component reads.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, String>,
    /// Where requests may go: the component's, or the workflow's HTTP tasks.
    #[serde(default)]
    pub(crate) egress: Vec<types::EgressRule>,
    /// The secrets that they may carry; those of a workflow are connections.
    #[serde(default)]
    pub(crate) secrets: Vec<types::SecretGrant>,
    /// HTTP statuses for named errors of the component or the workflow.
    #[serde(default)]
    pub(crate) errors: BTreeMap<String, u16>,
    /// Which runs of the workflow are kept to be looked at.
    #[serde(default)]
    pub(crate) traces: types::Traced,
}

/// The table `[api]`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiTable {
    /// Its name in paths.
    pub(crate) slug: String,
    /// Its name for people.
    pub(crate) title: String,
    /// Host names under which it is served too.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    /// An OpenAPI document, relative to the folder: each of its operations is a route, before those of `[[routes]]`.
    openapi: Option<PathBuf>,
}

/// The table `[component]`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentTable {
    /// How it is called.
    pub(crate) world: api::World,
    /// The cargo package that it is built from, for Rust. `weir build` reads it by itself.
    #[expect(dead_code, reason = "known here so that an unknown key can be told from it")]
    package: Option<String>,
    /// The command that builds it, when it is not a cargo package. `weir build` reads it by itself.
    #[expect(dead_code, reason = "known here so that an unknown key can be told from it")]
    build: Option<Vec<String>>,
    /// The finished component, relative to the folder.
    pub(crate) wasm: PathBuf,
    /// What it is allowed beyond computing its answer.
    #[serde(default)]
    pub(crate) grants: BTreeSet<types::Capability>,
}

/// The table `[workflow]`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkflowTable {
    /// The definition in the Amazon States Language, JSON or YAML, relative to the folder.
    pub(crate) definition: PathBuf,
    /// The execution that a call starts. Absent: the call waits for the run.
    #[serde(default)]
    pub(crate) starts: Option<types::Starts>,
}

impl Project {
    /// Reads the `weir.toml` of `folder`.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("could not read {}: a provider's project is a folder with a {FILE}", path.display())
        })?;
        let mut project = Self::parse(&text).with_context(|| format!("{} is not valid", path.display()))?;
        if let Some(document) = &project.api.openapi {
            let own = std::mem::take(&mut project.routes);
            project.routes = openapi::routes(&folder.join(document))?;
            project.routes.extend(own);
        }
        Ok(project)
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        [api]
        slug = "thumbs"
        title = "Thumbnails"
        [component]
        world = "wasi-http"
        package = "thumbs"
        wasm = "thumbs.component.wasm"
        grants = ["config", "logging"]
        [limits]
        fuel = 1_000_000_000
        wall_ms = 30_000
        memory_mib = 64
        concurrency = 64
        [[objects]]
        name = "megapixels"
        unit = "megapixel"
        max_per_call = 100
        [[egress]]
        host = "api.example.com"
        methods = ["GET"]
        [[secrets]]
        name = "upstream"
        hosts = ["api.example.com"]
        [[routes]]
        method = "GET"
        path = "/v1/rates/{country}"
        [[plans]]
        name = "BASIC"
        price = "0"
        currency = "USD"
        rate = { count = 5, window = "second", burst = 10 }
        quotas = [
          { object = "requests", amount = 1000, per = "month", limit = "hard" },
          { object = "megapixels", amount = 50, per = "month", limit = "soft", overage = "0.002" },
        ]
    "#;

    #[test]
    fn a_whole_project_is_read() {
        let project = Project::parse(WHOLE).unwrap();
        let component = project.component.unwrap();
        assert_eq!(component.world, api::World::WasiHttp);
        assert_eq!(project.plans[0].quotas[1].overage.as_deref(), Some("0.002"));
        assert_eq!(project.limits.concurrency, Some(64));
        assert_eq!(component.grants, types::Capability::ALL.into());
        assert_eq!(project.egress[0].to_string(), "GET https://api.example.com/");
        assert_eq!(project.secrets[0].headers, ["authorization"]);
    }

    #[test]
    fn an_unknown_capability_is_named_beside_those_that_there_are() {
        let error = Project::parse(&WHOLE.replace("\"logging\"", "\"sockets\"")).unwrap_err().to_string();
        assert!(error.contains("sockets") && error.contains("`config`") && error.contains("`logging`"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = Project::parse(&WHOLE.replace("wall_ms", "wall_sec")).unwrap_err().to_string();
        assert!(error.contains("wall_sec") && error.contains("line 12"), "{error}");
    }
}
