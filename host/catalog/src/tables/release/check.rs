//! What a release may say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use types::{ApiId, ByteCount, Capability, Digest, Egress, Fuel, ObjectName, SecretName, Starts, Traced, Units};

use crate::{CatalogError, Component, Limits, ObjectDeclaration};

/// What a release is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewRuns {
    /// A component that was registered. Its world follows from it.
    Component(Digest),
    /// A state machine in the Amazon States Language; whoever asks has checked it.
    Workflow {
        /// JSON or YAML, at most 1 MiB.
        definition: Arc<str>,
        /// The execution that a call starts. `None`: the call waits for the run.
        starts: Option<Starts>,
    },
}

/// A release as its provider describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRelease {
    /// Whose it becomes.
    pub api: ApiId,
    /// What it is to run.
    pub runs: NewRuns,
    /// What a call may use. Above the operator's ceiling, the ceiling counts.
    pub limits: Limits,
    /// What it answers to, at most 500.
    pub routes: Vec<NewRoute>,
    /// The provider's own billed things, at most 16.
    pub objects: Vec<ObjectDeclaration>,
    /// What the component is allowed: at least all that its imports ask for.
    pub grants: BTreeSet<Capability>,
    /// What it may reach outside: at most 32 places, and 16 secrets for them.
    pub egress: Egress,
    /// What the component reads as configuration: at most 64 entries of at most 8 KiB.
    pub config: BTreeMap<String, String>,
    /// The HTTP status, 400 to 599, of each named error of the component; at most 100.
    pub errors: BTreeMap<String, u16>,
    /// Which runs of its workflow are kept.
    pub traced: Traced,
}

impl NewRelease {
    /// SHA-256 of what it is to run.
    pub fn digest(&self) -> Digest {
        match &self.runs {
            NewRuns::Component(digest) => *digest,
            NewRuns::Workflow { definition, .. } => Digest::of(definition.as_bytes()),
        }
    }

    /// The execution that a call starts.
    pub(super) const fn starts(&self) -> Option<Starts> {
        match &self.runs {
            NewRuns::Component(_) => None,
            NewRuns::Workflow { starts, .. } => *starts,
        }
    }
}

/// A route as its provider describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoute {
    /// The method, in capitals; `*` for any.
    pub method: String,
    /// The path: segments of plain text or `{name}`; `{*rest}` as the last one takes any rest.
    pub template: String,
    /// What a call sets aside beside one of `requests`: declared objects, up to their maximum per call.
    pub needs: Vec<(ObjectName, Units)>,
}

const DEFINITION_BYTES: usize = 1 << 20;
const ROUTES: usize = 500;
const OBJECTS: usize = 16;
const CONFIG_ENTRIES: usize = 64;
const CONFIG_NAME_BYTES: usize = 128;
const CONFIG_VALUE_BYTES: usize = 8_192;
const ERRORS: usize = 100;
const NAME_BYTES: usize = 80;
const TEMPLATE_BYTES: usize = 512;
const METHOD_BYTES: usize = 20;

pub(super) fn check(new: &NewRelease, component: Option<&Component>) -> Result<(), CatalogError> {
    match (&new.runs, component) {
        (_, Some(component)) => grants(&new.grants, &component.imports)?,
        (NewRuns::Workflow { definition, .. }, None) => workflow(new, definition)?,
        (NewRuns::Component(_), None) => {}
    }
    if new.traced != Traced::default() && matches!(new.runs, NewRuns::Component(_)) {
        return Err(CatalogError::unfit("traces", "a component has no states: its lines are kept"));
    }
    if new.traced != Traced::default() && new.starts().is_some() {
        let why = "an execution has a history of its own: leave [traces] out";
        return Err(CatalogError::unfit("traces", why));
    }
    limits(&new.limits)?;
    objects(&new.objects)?;
    routes(new)?;
    config(&new.config)?;
    placeholders(new)?;
    errors(&new.errors)
}

/// Whether a component can read the placeholders of its secrets. Those of a workflow are connections of its HTTP tasks.
fn placeholders(new: &NewRelease) -> Result<(), CatalogError> {
    if new.egress.secrets.is_empty() || matches!(new.runs, NewRuns::Workflow { .. }) {
        return Ok(());
    }
    if !new.grants.contains(&Capability::Config) {
        let why = "a component reads the placeholders of its secrets as settings: grant config";
        return Err(CatalogError::unfit("egress", why));
    }
    match new.config.keys().find(|name| name.starts_with(SecretName::SETTING)) {
        Some(name) => Err(CatalogError::unfit("config", format!("{name} is the place of a secret: call it otherwise"))),
        None => Ok(()),
    }
}

fn workflow(new: &NewRelease, definition: &str) -> Result<(), CatalogError> {
    if definition.len() > DEFINITION_BYTES {
        return Err(CatalogError::unfit("workflow", format!("a definition has at most {DEFINITION_BYTES} bytes")));
    }
    if !new.grants.is_empty() || !new.config.is_empty() {
        let why = "a workflow has no grants and no settings: its components have, by releases of their own";
        return Err(CatalogError::unfit("grants", why));
    }
    Ok(())
}

fn grants(grants: &BTreeSet<Capability>, imports: &[String]) -> Result<(), CatalogError> {
    let needed = imports.iter().filter_map(|import| Some((import, Capability::of_import(import)?)));
    match needed.into_iter().find(|(_, capability)| !grants.contains(capability)) {
        None => Ok(()),
        Some((import, capability)) => Err(CatalogError::unfit(
            "grants",
            format!("the component imports {import}: grant {capability}, or build it without"),
        )),
    }
}

fn limits(limits: &Limits) -> Result<(), CatalogError> {
    let nothing = limits.fuel == Fuel::ZERO
        || limits.wall < Duration::from_micros(1)
        || limits.memory == ByteCount::ZERO
        || limits.concurrency == 0;
    if nothing {
        return Err(CatalogError::invalid("limits", "fuel, wall time, memory and concurrency are above zero"));
    }
    if !limits.wall.as_micros().is_multiple_of(1_000) || limits.wall > Duration::from_hours(24) {
        return Err(CatalogError::invalid("limits", "wall time is in whole milliseconds, at most a day"));
    }
    Ok(())
}

fn objects(objects: &[ObjectDeclaration]) -> Result<(), CatalogError> {
    if objects.len() > OBJECTS {
        return Err(CatalogError::invalid("objects", format!("at most {OBJECTS}")));
    }
    let refuse = |why: String| Err(CatalogError::unfit("objects", why));
    let mut names = BTreeSet::new();
    for object in objects {
        if object.name.is_built_in() {
            return refuse(format!("{} is counted by the host itself", object.name));
        }
        if !names.insert(&object.name) {
            return refuse(format!("{} is declared twice", object.name));
        }
        if object.unit.is_empty() || object.unit.len() > NAME_BYTES {
            return refuse(format!("the unit of {} has 1 to {NAME_BYTES} bytes", object.name));
        }
        if object.max_per_call == Units::ZERO {
            return refuse(format!("max_per_call of {} is above zero", object.name));
        }
    }
    Ok(())
}

fn routes(new: &NewRelease) -> Result<(), CatalogError> {
    let refuse = |why: String| Err(CatalogError::invalid("routes", why));
    if new.routes.is_empty() {
        return Err(CatalogError::unfit("routes", "name at least one"));
    }
    if new.routes.len() > ROUTES {
        return refuse(format!("at most {ROUTES}"));
    }
    let mut shapes = BTreeSet::new();
    for route in &new.routes {
        let method = route.method.as_bytes();
        let capitals = !method.is_empty() && method.len() <= METHOD_BYTES && method.iter().all(u8::is_ascii_uppercase);
        if route.method != "*" && !capitals {
            return refuse(format!("{:?} is not a method in capitals, and not *", route.method));
        }
        let shape = shape(&route.template).map_err(|why| CatalogError::unfit("routes", why))?;
        if !shapes.insert((&route.method, shape)) {
            let why = format!("{} {} is there twice", route.method, route.template);
            return Err(CatalogError::unfit("routes", why));
        }
        needs(route, &new.objects)?;
    }
    Ok(())
}

/// The template with its parameters' names left out: two routes of one shape cannot be told apart.
fn shape(template: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("{template:?}: {why}"));
    let Some(path) = template.strip_prefix('/').filter(|_| template.len() <= TEMPLATE_BYTES) else {
        return refuse("a template begins with / and has at most 512 bytes");
    };
    let mut shape = String::new();
    let mut names = BTreeSet::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        shape.push('/');
        let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(parameter) = parameter else {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
            if !segment.bytes().all(plain) {
                return refuse("a segment is plain text or {name}");
            }
            shape.push_str(segment);
            continue;
        };
        let (name, mark) = parameter.strip_prefix('*').map_or((parameter, "{}"), |name| (name, "{*}"));
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return refuse("a parameter's name has letters, digits and _");
        }
        if !names.insert(name) {
            return refuse("a parameter's name is there twice");
        }
        if mark == "{*}" && segments.peek().is_some() {
            return refuse("{*name} is the last segment");
        }
        shape.push_str(mark);
    }
    Ok(shape)
}

fn needs(route: &NewRoute, objects: &[ObjectDeclaration]) -> Result<(), CatalogError> {
    let refuse = |why: String| Err(CatalogError::unfit("routes", why));
    let mut names = BTreeSet::new();
    for (object, units) in &route.needs {
        let Some(declared) = objects.iter().find(|declared| declared.name == *object) else {
            return refuse(format!("{} needs {object}, which is not declared", route.template));
        };
        if *units > declared.max_per_call {
            return refuse(format!("{} needs more of {object} than a call may report", route.template));
        }
        if !names.insert(object) {
            return refuse(format!("{} needs {object} twice", route.template));
        }
    }
    Ok(())
}

fn config(config: &BTreeMap<String, String>) -> Result<(), CatalogError> {
    let fits = |(name, value): (&String, &String)| {
        !name.is_empty() && name.len() <= CONFIG_NAME_BYTES && value.len() <= CONFIG_VALUE_BYTES
    };
    if config.len() <= CONFIG_ENTRIES && config.iter().all(fits) {
        return Ok(());
    }
    let why = format!(
        "at most {CONFIG_ENTRIES} entries, names of 1 to {CONFIG_NAME_BYTES} bytes, values of at most {CONFIG_VALUE_BYTES}"
    );
    Err(CatalogError::unfit("config", why))
}

fn errors(errors: &BTreeMap<String, u16>) -> Result<(), CatalogError> {
    let fits =
        |(name, status): (&String, &u16)| !name.is_empty() && name.len() <= NAME_BYTES && (400..=599).contains(status);
    if errors.len() <= ERRORS && errors.iter().all(fits) {
        return Ok(());
    }
    let why = format!("at most {ERRORS} names of 1 to {NAME_BYTES} bytes, each with a status from 400 to 599");
    Err(CatalogError::unfit("errors", why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_differ_in_a_parameters_name_alone_have_one_shape() {
        assert_eq!(shape("/v1/rates/{country}"), shape("/v1/rates/{code}"));
        assert_ne!(shape("/v1/rates/{country}"), shape("/v1/rates/{*rest}"));
        assert_eq!(shape("/"), Ok("/".to_owned()));
    }

    #[test]
    fn a_template_that_no_path_can_match_is_refused() {
        for template in ["", "v1", "/{}", "/{*rest}/more", "/{a}/{a}", "/a b", "/{a}b", "/ü"] {
            assert!(shape(template).is_err(), "{template:?}");
        }
    }
}
