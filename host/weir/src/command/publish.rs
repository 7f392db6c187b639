//! `weir publish`: sends a project to a host, step by step. Each step is idempotent, so that a publish that was cut
//! short is finished by repeating it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use types::Digest;

use crate::cli::Session;
use crate::client::{Client, Made};
use crate::output::Output;
use crate::project::{ComponentTable, FILE, Project};

/// The arguments of `weir publish`.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    /// The project's folder
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Whose it is, by name; made when missing and the token is an operator's [default: the token's own]
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
}

/// What was published, for `--json`.
#[derive(Debug, serde::Serialize)]
struct Published {
    organisation: api::Organisation,
    api: api::Api,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<api::Component>,
    release: api::Release,
    plans: Vec<api::Plan>,
}

impl Publish {
    /// Publishes.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let project = Project::read(&self.folder)?;
        let runs = Runs::read(&self.folder, &project)?;
        let client = session.client()?;
        let output = session.output;

        let organisation = organisation(&client, output, self.organisation.as_deref(), &project.api.slug)?;
        let component = match &runs {
            Runs::Component { wasm, .. } => Some(upload(&client, output, wasm)?),
            Runs::Workflow(_) => None,
        };
        let api = ensure_api(&client, output, &project, &organisation)?;
        let release = ensure_release(&client, output, &project, runs)?;
        // Plans come before `live`: no call is served that no plan describes.
        let plans = project
            .plans
            .iter()
            .map(|plan| ensure_plan(&client, output, &api.slug, plan))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let (made, api): (Made, api::Api) =
            client.put(&format!("/v1/apis/{}/live", api.slug), &api::Live { release: release.number, weight: None })?;
        let verb = if made == Made::Now { "serves from now on" } else { "serves" };
        output.line(format_args!("live          release {} {verb}", release.number))?;
        if let Some(gateway) = client.gateway() {
            output.line(format_args!("              {}/{}", gateway.trim_end_matches('/'), api.slug))?;
        }
        output.document(&Published { organisation, api, component, release, plans })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What the project's release runs, as it is on this machine.
enum Runs {
    Component { wasm: Vec<u8>, table: ComponentTable },
    Workflow(String),
}

impl Runs {
    fn read(folder: &Path, project: &Project) -> anyhow::Result<Self> {
        match (&project.component, &project.workflow) {
            (Some(table), None) => {
                let path = folder.join(&table.wasm);
                let wasm = std::fs::read(&path).with_context(|| {
                    let (path, folder) = (path.display(), folder.display());
                    format!("could not read the component {path}; `weir build {folder}` makes it")
                })?;
                Ok(Self::Component { wasm, table: table.clone() })
            }
            (None, Some(table)) => {
                let path = folder.join(&table.definition);
                let text = std::fs::read_to_string(&path);
                Ok(Self::Workflow(text.with_context(|| format!("could not read the workflow {}", path.display()))?))
            }
            _ => bail!("a project has either a [component] or a [workflow]: {FILE} has both or neither"),
        }
    }
}

/// Whose the API is: what was named, else the token's own, else, for an operator, one called as the API.
pub(super) fn organisation(
    client: &Client,
    output: Output,
    named: Option<&str>,
    otherwise: &str,
) -> anyhow::Result<api::Organisation> {
    let who: api::Who = client.get("/v1/whoami")?;
    match (who.organisation, named) {
        (Some(own), None) => Ok(own),
        (Some(own), Some(name)) if own.name == name || own.id.to_string() == name => Ok(own),
        (Some(own), Some(name)) => bail!("the token acts for the organisation {}, not for {name}", own.name),
        (None, named) => {
            let new = api::NewOrganisation { name: named.unwrap_or(otherwise).to_owned() };
            let (made, organisation): (Made, api::Organisation) = client.post("/v1/organisations", &new)?;
            output.line(format_args!("organisation  {}: {}", organisation.name, made.word()))?;
            Ok(organisation)
        }
    }
}

fn upload(client: &Client, output: Output, wasm: &[u8]) -> anyhow::Result<api::Component> {
    let digest = Digest::of(wasm);
    let (made, component): (Made, api::Component) = client.upload(&format!("/v1/components/{digest}"), wasm)?;
    let text = digest.to_string();
    output.line(format_args!(
        "component     {}… ({} KiB, {}): {}",
        text.get(..12).unwrap_or(&text),
        component.size.div_ceil(1024),
        component.world.as_str(),
        if made == Made::Now { "checked, compiled and kept" } else { "unchanged" }
    ))?;
    Ok(component)
}

fn ensure_api(
    client: &Client,
    output: Output,
    project: &Project,
    organisation: &api::Organisation,
) -> anyhow::Result<api::Api> {
    let new = api::NewApi {
        slug: project.api.slug.clone(),
        title: project.api.title.clone(),
        organisation: Some(organisation.id.to_string()),
        hosts: project.api.hosts.clone(),
    };
    let (made, api): (Made, api::Api) = client.post("/v1/apis", &new)?;
    output.line(format_args!("api           {}: {}", api.slug, made.word()))?;
    Ok(api)
}

fn ensure_release(client: &Client, output: Output, project: &Project, runs: Runs) -> anyhow::Result<api::Release> {
    let (component, workflow) = match runs {
        Runs::Component { wasm, table } => (Some((Digest::of(&wasm), table)), None),
        Runs::Workflow(definition) => (None, Some(definition)),
    };
    let new = api::NewRelease {
        component: component.as_ref().map(|(digest, _)| *digest),
        world: component.as_ref().map(|(_, table)| table.world),
        workflow,
        starts: project.workflow.as_ref().and_then(|table| table.starts),
        limits: project.limits.clone(),
        routes: project.routes.clone(),
        objects: project.objects.clone(),
        grants: component.map(|(_, table)| table.grants).unwrap_or_default(),
        egress: types::Egress { allow: project.egress.clone(), secrets: project.secrets.clone() },
        config: project.config.clone(),
        errors: project.errors.clone(),
        traces: project.traces,
    };
    let (made, release): (Made, api::Release) =
        client.post(&format!("/v1/apis/{}/releases", project.api.slug), &new)?;
    output.line(format_args!(
        "release       {} with {} routes: {}",
        release.number,
        release.routes.len(),
        made.word()
    ))?;
    for place in &release.egress {
        output.line(format_args!("                may call {place}"))?;
    }
    Ok(release)
}

fn ensure_plan(client: &Client, output: Output, slug: &str, new: &api::NewPlan) -> anyhow::Result<api::Plan> {
    let (made, plan): (Made, api::Plan) = client.post(&format!("/v1/apis/{slug}/plans"), new)?;
    let price = plan.price.as_deref().unwrap_or("free");
    output.line(format_args!("plan          {} version {} ({price}): {}", plan.name, plan.version, made.word()))?;
    for term in &plan.terms {
        output.line(format_args!("                {term}"))?;
    }
    Ok(plan)
}
