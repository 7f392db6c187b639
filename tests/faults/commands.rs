//! Settings that are changed by command while clients call, and after a restart.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;
use serde_json::json;
use tests::{App, Component, Host};

fn run(host: &Host, arguments: &[&str]) -> anyhow::Result<String> {
    let said = host.weir(arguments)?;
    let text = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    ensure!(said.status.success(), "weir {}: {text}", arguments.join(" "));
    Ok(text)
}

/// How many of 128 calls by 32 clients are served; the others must be refused for the cap.
fn served_of_many(app: &App) -> anyhow::Result<usize> {
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|_| {
                let (app, served) = (app.clone(), &served);
                scope.spawn(move || -> anyhow::Result<()> {
                    for _ in 0..4 {
                        let reply = app.post("/echo/x", b"x")?;
                        match (reply.status, reply.code.as_str()) {
                            (200, _) => served.fetch_add(1, Ordering::Relaxed),
                            (429, "spend-cap-reached") => 0,
                            (status, code) => anyhow::bail!("{status} {code}"),
                        };
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
    })?;
    Ok(served.into_inner())
}

#[test]
fn many_clients_do_not_pass_a_spend_cap_and_a_restart_does_not_lift_it() -> anyhow::Result<()> {
    let host = Host::start()?;
    host.publish("echo", &Component::echo()?)?;
    let soft = json!({ "object": "requests", "amount": 10, "per": "month", "limit": "soft", "overage": "0.003" });
    host.plan("echo", "SOFT", &[soft])?;
    let app = host.app("acme", "echo", "SOFT")?;
    let cap = |host: &Host, amount| {
        let subscribe = ["subscribe", "--api", "echo", "--plan", "SOFT", "--app", "acme", "--organisation", "tests"];
        run(host, &[&subscribe[..], &["--spend-cap", amount]].concat())
    };
    ensure!(cap(&host, "0.0629")?.contains("0.0629 USD"));
    ensure!(served_of_many(&app)? == 30, "10 are included, and 20 cost 0.06");
    let host = host.again()?;
    let app = app.at(&host);
    ensure!(served_of_many(&app)? == 0);
    cap(&host, "0.066")?;
    ensure!(served_of_many(&app)? == 2);
    cap(&host, "none")?;
    ensure!(served_of_many(&app)? == 128);
    let (agrees, said) = host.reconcile()?;
    ensure!(agrees, "{said}");
    Ok(())
}

#[test]
fn a_release_is_promoted_by_share_and_rolled_back_by_command() -> anyhow::Result<()> {
    let host = Host::start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "ENDLESS", &[])?;
    let app = host.app("acme", "echo", "ENDLESS")?;
    let release = json!({
        "component": Component::echo()?.digest().to_string(), "world": "http", "limits": { "wall_ms": 4000 },
        "routes": [{ "method": "*", "path": "/{*rest}" }],
    });
    let (status, made) = host.ask("POST", "/v1/apis/echo/releases", Some(&release))?;
    ensure!((status, &made["number"]) == (201, &json!(2)), "{status} {made}");
    let served_by = |number: i64| {
        let sql = "SELECT count(*) FROM call JOIN release ON release.id = call.release WHERE number = ?1";
        host.books()?.number(sql, [number])
    };
    let said = run(&host, &["promote", "echo", "2", "--weight", "50"])?;
    ensure!(said.contains("release 2 serves 50 of 100 calls"), "{said}");
    for _ in 0..60 {
        ensure!(app.post("/echo/x", b"x")?.status == 200);
    }
    let (old, new) = (served_by(1)?, served_by(2)?);
    ensure!(old + new == 60 && old > 0 && new > 0, "{old} and {new}");
    run(&host, &["rollback", "echo"])?;
    ensure!(app.post("/echo/x", b"x")?.status == 200 && served_by(1)? == old + 1);
    run(&host, &["promote", "echo", "2"])?;
    ensure!(app.post("/echo/x", b"x")?.status == 200 && served_by(2)? == new + 1);
    ensure!(run(&host, &["rollback", "echo"])?.contains("release 1 serves"));
    Ok(())
}
