//! `GET /-/openapi.json`: the routes that the app may call, as their live releases and its plans have them.

use catalog::{Api, Route, Subscription};
use serde_json::{Map, Value, json};

use super::Inquiry;

/// Routes that are shown.
const ROUTES_MAX: usize = 2_000;
/// What stands for any method.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(super) fn of(inquiry: &Inquiry<'_>) -> Value {
    let now = inquiry.asked.received_at;
    let mut paths: Map<String, Value> = Map::new();
    let mut tags = Vec::new();
    let mut left = ROUTES_MAX;
    for (api, subscription) in inquiry.subscriptions().filter(|(_, subscription)| !subscription.has_ended(now)) {
        tags.push(json!({ "name": &*api.slug, "description": api.title }));
        for route in routes(api, subscription) {
            let Some(rest) = left.checked_sub(1) else { break };
            left = rest;
            let path = format!("/{}{}", api.slug, route.template.replace("{*", "{"));
            let entry = paths.entry(path).or_insert_with(|| json!({}));
            for method in methods(route) {
                // A route of one method goes before one of any.
                if route.method != "*" || entry[&method].is_null() {
                    entry[&method] = operation(api, route, &method);
                }
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "What this key opens", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }, { "bearer": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
            "responses": { "Refused": {
                "description": "The platform refused the call, or it failed: `code` says which.",
                "content": { api::PROBLEM_JSON: { "schema": { "type": "object" } } },
            } },
        },
    })
}

/// The routes of the release that serves most calls, as far as the plan includes them.
fn routes<'a>(api: &'a Api, subscription: &'a Subscription) -> impl Iterator<Item = &'a Route> {
    let releases = api.live.iter().flat_map(|live| &live.releases);
    let serving = releases.filter(|(release, _)| release.suspended.is_none()).max_by_key(|(_, weight)| *weight);
    let all = serving.into_iter().flat_map(|(release, _)| &release.routes);
    all.map(AsRef::as_ref).filter(move |route: &&Route| subscription.plan_version.includes(route.id))
}

fn methods(route: &Route) -> Vec<String> {
    let method = route.method.to_ascii_lowercase();
    match method.as_str() {
        "*" => METHODS.map(str::to_owned).to_vec(),
        "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "trace" => vec![method],
        // The document has no place for others.
        _ => Vec::new(),
    }
}

fn operation(api: &Api, route: &Route, method: &str) -> Value {
    let names = route.template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let name = name.trim_start_matches('*');
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    };
    json!({
        "operationId": format!("{}_{method}_{}", api.slug, route.id),
        "tags": [&*api.slug],
        "parameters": names.map(parameter).collect::<Vec<_>>(),
        "responses": {
            "default": { "$ref": "#/components/responses/Refused" },
            "2XX": { "description": "The API's answer." },
        },
    })
}
