//! `cargo xtask demo`: the whole way once, through public faces only: the command line, the gateway, and the operators'
//! database.

mod books;
mod picture;
mod tour;

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use self::tour::{Keys, Tour};
use crate::guests;
use crate::host::Host;
use crate::workspace::Workspace;

/// Does the tour on a folder of its own, stops the host, and fails unless every answer was right.
pub(crate) fn once(workspace: &Workspace) -> anyhow::Result<()> {
    let (host, _) = go(workspace)?;
    let folder = host.folder().to_owned();
    host.stop()?;
    std::fs::remove_dir_all(&folder).with_context(|| format!("could not remove {}", folder.display()))?;
    println!("\nEvery answer was right.");
    Ok(())
}

/// Does the tour, then leaves the host serving until Ctrl-C.
pub(crate) fn serve(workspace: &Workspace) -> anyhow::Result<()> {
    let (mut host, keys) = go(workspace)?;
    print_invitation(&host, &keys);
    host.wait()
}

fn go(workspace: &Workspace) -> anyhow::Result<(Host, Keys)> {
    title("Building the host and the example providers");
    let weir = workspace.build_weir()?;
    guests::build(workspace, &weir)?;

    title("Starting a host on an empty folder");
    let folder = workspace.target.join("demo").join(std::process::id().to_string());
    let host = Host::start(&weir, &folder)?;
    println!("data     {}\ngateway  {}\ncontrol  {}", folder.display(), host.gateway(), host.control());

    title("Publishing, as any provider does: `weir publish`");
    for plugin in guests::folders(workspace)? {
        host.weir(&["publish", &plugin.display().to_string(), "--organisation", "examples"])?;
    }

    title("Subscribing a consumer: `weir subscribe`");
    let keys = subscribe(&host)?;

    title("Calling");
    let tour = Tour::walk(host.gateway(), &keys)?;
    report(&tour)?;

    title("What the calls left: usage.db, asked by SQL while the host runs");
    books::show(&folder, &tour.admitted)?;

    title("Proving the books: `weir doctor --reconcile`, `weir audit verify`");
    host.weir(&["doctor", "--reconcile"])?;
    host.weir(&["audit", "verify"])?;
    Ok((host, keys))
}

fn subscribe(host: &Host) -> anyhow::Result<Keys> {
    let key = |api, plan, app| -> anyhow::Result<Option<String>> {
        let made: Value = host.weir_json(&["subscribe", "--api", api, "--plan", plan, "--app", app])?;
        println!("{app} is on {plan} of {api}");
        Ok(made["key"]["secret"].as_str().map(str::to_owned))
    };
    let shop = key("vat", "BASIC", "shop")?.context("the first subscription of an app makes a key")?;
    for api in ["thumbnail", "headers", "qr", "markdown", "geo", "order", "purchase"] {
        key(api, "BASIC", "shop")?;
    }
    let visitor = key("vat", "TRIAL", "visitor")?.context("the first subscription of an app makes a key")?;
    Ok(Keys { shop, visitor })
}

fn report(tour: &Tour) -> anyhow::Result<()> {
    for line in &tour.lines {
        println!("{line}");
    }
    if !tour.wrong.is_empty() {
        bail!("{} answers were wrong:\n{}", tour.wrong.len(), tour.wrong.join("\n"));
    }
    Ok(())
}

fn print_invitation(host: &Host, keys: &Keys) {
    let (gateway, data) = (host.gateway(), host.folder().display());
    let key = &keys.shop;
    title("Yours to try, until Ctrl-C");
    println!("key      {key}\n");
    println!("curl -H 'X-API-Key: {key}' {gateway}/vat/v1/numbers/DE136695976");
    println!("curl -H 'X-API-Key: {key}' '{gateway}/vat/v1/calculations?country=FR&net=99.90'");
    println!(
        "curl -H 'X-API-Key: {key}' --data-binary @PICTURE.jpg '{gateway}/thumbnail/v1/thumbnails?width=200' -o small.jpg"
    );
    println!("curl -H 'X-API-Key: {key}' '{gateway}/qr/v1/codes?text=hello&format=png' -o hello.png");
    println!("curl -H 'X-API-Key: {key}' -d '# Hello' {gateway}/markdown/v1/html");
    println!("curl -H 'X-API-Key: {key}' '{gateway}/geo/v1/distance?from=52.5,13.4&to=48.9,2.4&unit=km'");
    println!("curl -H 'X-API-Key: {key}' -d hello {gateway}/headers/inspect");
    println!(
        "curl -H 'X-API-Key: {key}' -H 'Content-Type: application/json' -d '{}' {gateway}/order/v1/orders\n",
        tour::order("lamp", "tok_visa")
    );
    println!("sqlite3 -readonly {} \"{}\"", Path::new(&data.to_string()).join("usage.db").display(), books::CALLS);
}

fn title(text: &str) {
    println!("\n== {text}");
}
