//! A large host: what a thousand APIs and a hundred thousand subscriptions cost in memory and in time.

mod fill;
mod memory;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use types::Clock;

use self::fill::{APIS, SUBSCRIPTIONS};
use super::servers::{Load, Shot};
use super::subject::Subject;
use super::{ROUNDS, SECONDS, median, round2};

/// Changes that are timed.
const CHANGES: usize = 21;
const CONNECTIONS: usize = 64;

/// Fills a second host, and measures it beside `small`, which has a handful of everything.
pub(crate) fn measure(
    load: &Load,
    small: &Subject,
    (weir, folder): (&Path, &Path),
    guests: &[std::path::PathBuf],
) -> anyhow::Result<Value> {
    let data = folder.join("large");
    let mut large = Subject::start(weir, &data, guests)?;
    fill::apis(&large, &folder.join("apis"), &guests[0])?;
    fill::subscriptions(&large)?;

    // From here on nothing is in memory but what a start loads.
    large.restart()?;
    let before = memory::private(large.pid())?;
    let cold = cold_calls(&large)?;
    let after = memory::private(large.pid())?;
    let changes = changes(&large)?;
    let (full, over) = speed(load, small, &large)?;
    let per_api = (after - before) / f64::from(u32::try_from(APIS)?);
    Ok(json!({
        "apis": APIS,
        "subscriptions": SUBSCRIPTIONS,
        "private_mib_before_the_first_calls": round2(before / 1_048_576.0),
        "private_mib_per_called_api": round2(per_api / 1_048_576.0),
        "first_call_ms": { "p50": round2(at(&cold, 0.50)), "p99": round2(at(&cold, 0.99)) },
        "change_until_seen_ms": { "p50": round2(at(&changes, 0.50)), "max": round2(at(&changes, 1.0)) },
        "rps": full.round(),
        "rps_over_small": round2(over),
    }))
}

/// Calls each API once, and answers how long each took, in milliseconds.
fn cold_calls(large: &Subject) -> anyhow::Result<Vec<f64>> {
    let (agent, clock) = (fill::agent(), Clock::system());
    let mut taken = Vec::with_capacity(APIS);
    for number in 0..APIS {
        let began = clock.moment();
        let answer = call(&agent, large, &format!("/{}/", fill::slug(number)), large.key())?;
        taken.push(millis(clock.moment().since(began)));
        ensure!(answer == 200, "the first call of {} was answered with {answer}", fill::slug(number));
    }
    Ok(taken)
}

/// Makes a key, and calls with it until it opens the API; then takes it away, and calls until it does not. Answers how
/// long each took from the beginning of the request that asked for it, in milliseconds.
fn changes(large: &Subject) -> anyhow::Result<Vec<f64>> {
    let (agent, clock) = (fill::agent(), Clock::system());
    let app = fill::app(large, &agent, "bench")?;
    let path = format!("/{}/", fill::slug(0));
    let mut taken = Vec::new();
    for _ in 0..CHANGES {
        let began = clock.moment();
        let key = large.post(&agent, &format!("/v1/apps/{app}/keys"), &json!({}))?;
        let (id, secret) = (key["id"].as_str().context("a key's id")?, key["secret"].as_str().context("a secret")?);
        while call(&agent, large, &path, secret)? != 200 {
            ensure!(clock.moment().since(began) < Duration::from_secs(5), "a new key does not open its API");
        }
        taken.push(millis(clock.moment().since(began)));
        let began = clock.moment();
        large.post(&agent, &format!("/v1/keys/{id}/disable"), &json!({ "reason": "measured" }))?;
        while call(&agent, large, &path, secret)? == 200 {
            ensure!(clock.moment().since(began) < Duration::from_secs(5), "a disabled key still opens its API");
        }
        taken.push(millis(clock.moment().since(began)));
    }
    Ok(taken)
}

fn call(agent: &ureq::Agent, host: &Subject, path: &str, key: &str) -> anyhow::Result<u16> {
    let url = format!("{}{path}", host.gateway());
    let answer = agent.post(url).header("x-api-key", key).send("x").context("could not call")?;
    Ok(answer.status().as_u16())
}

/// The same API on both hosts, in turn: the large one's requests per second, and their share of the small one's.
fn speed(load: &Load, small: &Subject, large: &Subject) -> anyhow::Result<(f64, f64)> {
    let mut shares = Vec::new();
    let mut rps = Vec::new();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: a small and a large host");
        let of = |host: &Subject| load.run(&Shot { connections: CONNECTIONS, seconds: SECONDS, ..host.shot("/echo/") });
        let (few, many) = (of(small)?, of(large)?);
        shares.push(many.rps / few.rps);
        rps.push(many.rps);
    }
    Ok((median(rps), median(shares)))
}

fn millis(passed: Duration) -> f64 {
    passed.as_secs_f64() * 1_000.0
}

/// The value at a share of the sorted values.
fn at(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index from a share of a length")]
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(0.0)
}
