//! Filling a host through its public faces: `weir publish` for APIs, `/v1` for the rest.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use crate::bench::subject::Subject;

/// APIs, each with a component of its own.
pub(crate) const APIS: usize = 1_000;
/// Apps; each subscribes to every API.
const APPS: usize = 100;
/// Subscriptions in all.
pub(crate) const SUBSCRIPTIONS: usize = APIS * APPS;
/// Clients that subscribe at once.
const CLIENTS: usize = 32;
/// Clients that publish at once: the host compiles one upload at a time, and turns away who would wait for long.
const PUBLISHERS: usize = 2;

/// The slug of API `number`.
pub(crate) fn slug(number: usize) -> String {
    format!("echo-{number}")
}

/// A client that answers with a status, whatever it is.
pub(crate) fn agent() -> ureq::Agent {
    let settings =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_mins(1))).build();
    settings.into()
}

/// Publishes [`APIS`] APIs whose components differ in one custom section, and subscribes the bench's own app to each.
pub(crate) fn apis(host: &Subject, folder: &Path, guest: &Path) -> anyhow::Result<()> {
    let settings = fs::read_to_string(guest.join("weir.toml")).context("could not read the guest's weir.toml")?;
    let table: toml::Table = toml::from_str(&settings)?;
    let wasm = table["component"]["wasm"].as_str().context("component.wasm in weir.toml")?;
    let component = fs::read(guest.join(wasm)).context("could not read the guest's component")?;
    eprintln!("publishing {APIS} APIs");
    at_once(PUBLISHERS, APIS, |number| {
        let place = folder.join(slug(number));
        fs::create_dir_all(&place)?;
        let mut table = table.clone();
        table["api"]["slug"] = slug(number).into();
        fs::write(place.join("weir.toml"), toml::to_string(&table)?)?;
        fs::write(place.join(wasm), marked(&component, number))?;
        host.publish(&place)
    })?;
    let app = app(host, &agent(), "bench")?;
    at_once(CLIENTS, APIS, |number| subscribe(host, &agent(), &app, number))
}

/// `component` with a custom section that says its number: another digest, the same code.
fn marked(component: &[u8], number: usize) -> Vec<u8> {
    let (name, text) = ("bench", format!("{number:08}"));
    let mut marked = component.to_vec();
    let length = 1 + name.len() + text.len();
    marked.extend([0, u8::try_from(length).unwrap_or(0), u8::try_from(name.len()).unwrap_or(0)]);
    marked.extend(name.bytes().chain(text.bytes()));
    marked
}

/// Subscribes [`APPS`] apps to every API.
pub(crate) fn subscriptions(host: &Subject) -> anyhow::Result<()> {
    eprintln!("making {SUBSCRIPTIONS} subscriptions");
    let agent = agent();
    let apps: Vec<String> =
        (0..APPS).map(|number| app(host, &agent, &format!("app-{number}"))).collect::<anyhow::Result<_>>()?;
    at_once(CLIENTS, SUBSCRIPTIONS, |number| subscribe(host, &agent, &apps[number / APIS], number % APIS))
}

/// The id of the app with this name, made if it is not there.
pub(crate) fn app(host: &Subject, agent: &ureq::Agent, name: &str) -> anyhow::Result<String> {
    let app = host.post(agent, "/v1/apps", &json!({ "name": name, "organisation": "bench" }))?;
    Ok(app["id"].as_str().context("an app has an id")?.to_owned())
}

fn subscribe(host: &Subject, agent: &ureq::Agent, app: &str, api: usize) -> anyhow::Result<()> {
    let wanted = json!({ "app": app, "api": slug(api), "plan": "BENCH" });
    host.post(agent, "/v1/subscriptions", &wanted).map(drop)
}

/// Does `count` things, so many at once.
fn at_once(clients: usize, count: usize, work: impl Fn(usize) -> anyhow::Result<()> + Sync) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let one = || -> anyhow::Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            work(number)?;
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(one)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
    })
}
