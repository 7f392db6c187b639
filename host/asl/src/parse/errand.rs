//! Task and Parallel states, and what they and Map have in common.

use syntax::Shape;

use super::assign::assign;
use super::query::Sees;
use super::scope::{Builder, Sight, Targets};
use super::{fields as common, formula, kind, recovery, state};
use crate::fields::Fields;
use crate::state::{Errand, Limit, Parallel, ScopeIndex, StateIndex, Task, Work};
use crate::template::Template;

/// The fields around the work itself. `template` is the field that shapes the input, as JSONPath and as JSONata call it.
pub(super) fn errand(
    fields: &mut Fields<'_, '_>,
    template: (&'static str, &'static str),
    targets: &Targets<'_>,
) -> Option<Errand> {
    let (flow, parameters, placement) = common::shaping(fields, template);
    let selector = if fields.is_jsonata() {
        common::template(fields, "Output", Sees::Result)
    } else {
        common::object_template(fields, "ResultSelector", Sees::Result)
    };
    let assign = assign(fields, Sees::Result);
    let retry = recovery::retry(fields);
    let catch = recovery::catch(fields, targets);
    let then = state::then(fields, targets);
    Some(Errand { flow, parameters, selector, placement, assign, retry: retry?, catch: catch?, then: then? })
}

/// What shapes the input of a Task or Parallel state.
const ARGUMENTS: (&str, &str) = ("Parameters", "Arguments");

pub(super) fn task(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let resource = fields.require("Resource").and_then(|_| fields.text("Resource"));
    if resource == Some("") {
        fields.wrong("Resource", "'Resource' must not be empty.");
    }
    if resource.is_some_and(|resource| resource.starts_with("{%") || resource.ends_with("%}")) {
        fields.wrong("Resource", "'Resource' is a constant; an expression cannot stand here.");
    }
    if let Some(resource) = resource {
        kind::check_resource(fields, resource);
    }
    let timeout = common::limit(fields, "TimeoutSeconds", "TimeoutSecondsPath");
    let heartbeat = common::limit(fields, "HeartbeatSeconds", "HeartbeatSecondsPath");
    if let (Limit::Fixed(timeout), Limit::Fixed(heartbeat)) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        fields.wrong("HeartbeatSeconds", "'HeartbeatSeconds' must be less than 'TimeoutSeconds'.");
    }
    credentials(fields);
    let errand = errand(fields, ARGUMENTS, targets)?;
    let mut has_token = false;
    if let Some(parameters) = &errand.parameters {
        parameters.visit(&mut |look| has_token |= formula::has_token(look));
    }
    let template = if fields.is_jsonata() { "Arguments" } else { "Parameters" };
    let resource = resource?;
    let waits = resource.ends_with(".waitForTaskToken");
    if waits && !has_token {
        let message = if fields.is_jsonata() {
            "A task that waits for its token must hand it on: add \"{% $states.context.Task.Token %}\" to its 'Arguments'."
        } else {
            "A task that waits for its token must hand it on: add \"….$\": \"$$.Task.Token\" to its 'Parameters'."
        };
        fields.report.schema(fields.at(template), message);
    }
    if !waits && has_token && !resource.contains(":activity:") {
        let message = "Only activities and tasks that end in '.waitForTaskToken' have a token.";
        fields.report.doubt(fields.at(template), message);
    }
    Some(Work::Task(Box::new(Task { resource: resource.into(), timeout, heartbeat, errand })))
}

/// `Credentials`: accepted, and of no use here.
fn credentials(fields: &mut Fields<'_, '_>) {
    let Some(node) = fields.take("Credentials") else { return };
    let place = fields.at("Credentials");
    if fields.is_jsonata() {
        let read = common::object_template(fields, "Credentials", Sees::Input);
        if !matches!(read, Some(Template::Filled(_))) && !node.has_member("RoleArn") {
            fields.wrong("Credentials", "'Credentials' must have 'RoleArn'.");
        }
        return;
    }
    let Some(mut credentials) = Fields::open(node, place, fields.report) else { return };
    credentials.text("RoleArn");
    if let Some(text) = credentials.text("RoleArn.$") {
        formula::formula(text, credentials.at("RoleArn.$"), fields.report);
    }
    credentials.exclusive("RoleArn", "RoleArn.$");
    if !credentials.has("RoleArn") && !credentials.has("RoleArn.$") {
        fields.wrong("Credentials", "'Credentials' must have 'RoleArn' or 'RoleArn.$'.");
    }
    credentials.finish("'Credentials'");
}

pub(super) fn parallel<'d>(
    builder: &mut Builder<'d, '_>,
    fields: &mut Fields<'d, '_>,
    targets: &Targets<'d>,
    index: StateIndex,
) -> Option<Work> {
    let errand = errand(fields, ARGUMENTS, targets);
    let node = fields.require("Branches")?;
    let nodes = match &node.shape {
        Shape::Array(nodes) if !nodes.is_empty() => nodes,
        _ => {
            fields.wrong("Branches", "'Branches' must be an array of state machines, and not empty.");
            return None;
        }
    };
    let mut branches: Vec<ScopeIndex> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(mut branch) = Fields::open(node, node.at, builder.report) else { continue };
        branches.push(builder.scope(&mut branch, Some(index), Sight::Inside));
        branch.finish("a branch");
    }
    Some(Work::Parallel(Box::new(Parallel { branches: branches.into(), errand: errand? })))
}
