//! Neighbours: what a hostile or a busy API does to another one.

use serde_json::{Value, json};

use super::servers::{Load, Shot};
use super::subject::Subject;
use super::{ROUNDS, median, round2};

/// Calls of the hostile API that are in flight while the other one is measured.
const LOOPING: usize = 8;
const SECONDS: f64 = 3.0;

/// Drives `echo` alone and beside each neighbour, in turn, and answers the ratios.
pub(crate) fn measure(load: &Load, subject: &Subject) -> anyhow::Result<Value> {
    let echo = Shot { seconds: SECONDS, ..subject.shot("/echo/") };
    let capacity = load.run(&Shot { connections: 64, ..echo.clone() })?.rps;
    let third = Shot { connections: 64, rate: Some(capacity * 0.3), ..echo.clone() };
    let busy = Shot { connections: 16, ..echo };
    let beside = |path: &str, connections| Shot { connections, seconds: SECONDS + 1.0, ..subject.shot(path) };

    let (mut hostile, mut alone_us, mut disturbed_us) = (Vec::new(), Vec::new(), Vec::new());
    let mut shares = Vec::new();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: neighbours");
        let alone = load.run(&third)?;
        let loops = load.start(&beside("/loop/", LOOPING))?;
        let disturbed = load.run(&third)?;
        loops.finish()?;
        hostile.push(disturbed.p99_us / alone.p99_us);
        alone_us.push(alone.p99_us);
        disturbed_us.push(disturbed.p99_us);

        let solo = load.run(&busy)?;
        let crowd = load.start(&beside("/wasi-echo/", 64))?;
        let crowded = load.run(&busy)?;
        crowd.finish()?;
        shares.push(crowded.rps / solo.rps);
    }
    Ok(json!({
        "p99_us_alone": median(alone_us),
        "p99_us_beside_8_looping_calls": median(disturbed_us),
        "p99_beside_8_looping_calls_over_alone": round2(median(hostile)),
        "rps_beside_a_saturating_api_over_alone": round2(median(shares)),
    }))
}
