//! Many clients at the end of a hard quota.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;
use tests::{Component, Host, hard};

#[test]
fn sixty_four_clients_get_exactly_the_thousand_calls_that_they_paid_for() -> anyhow::Result<()> {
    let host = Host::start()?;
    host.publish("echo", &Component::echo()?)?;
    host.plan("echo", "THOUSAND", &[hard("requests", 1_000)])?;
    let app = host.app("acme", "echo", "THOUSAND")?;
    let (served, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|_| {
                let (app, served, refused) = (app.clone(), &served, &refused);
                scope.spawn(move || -> anyhow::Result<()> {
                    for _ in 0..20 {
                        let reply = app.post("/echo/x", b"x")?;
                        match (reply.status, reply.code.as_str()) {
                            (200, _) => served.fetch_add(1, Ordering::Relaxed),
                            (429, "quota-exceeded") => refused.fetch_add(1, Ordering::Relaxed),
                            (status, code) => anyhow::bail!("{status} {code}"),
                        };
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
    })?;
    ensure!((served.into_inner(), refused.into_inner()) == (1_000, 280));
    ensure!(host.books()?.used(app.subscription())? == 1_000);
    let (agrees, said) = host.reconcile()?;
    ensure!(agrees, "{said}");
    Ok(())
}
