//! Neighbours: what a hostile or a busy API does to another one.

use serde_json::{Map, Value, json};

use super::servers::{Load, Shot};
use super::subject::Subject;
use super::{ROUNDS, median, round2};

/// APIs that take what they can: what their calls are named in the figures, and where they are.
const HOSTILE: [(&str, &str); 2] = [("looping", "/loop/"), ("hungry", "/hungry/")];
/// Calls of one of them that are in flight while another API is measured.
const IN_FLIGHT: usize = 8;
const SECONDS: f64 = 3.0;

/// Drives `echo` alone and beside each neighbour, in turn, and answers the ratios.
pub(crate) fn measure(load: &Load, subject: &Subject) -> anyhow::Result<Value> {
    let echo = Shot { seconds: SECONDS, ..subject.shot("/echo/") };
    let capacity = load.run(&Shot { connections: 64, ..echo.clone() })?.rps;
    let third = Shot { connections: 64, rate: Some(capacity * 0.3), ..echo.clone() };
    let busy = Shot { connections: 16, ..echo };
    let beside = |path: &str, connections| Shot { connections, seconds: SECONDS + 1.0, ..subject.shot(path) };

    let (mut alone_us, mut shares) = (Vec::new(), Vec::new());
    let mut disturbed_us = HOSTILE.map(|_| Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: neighbours");
        alone_us.push(load.run(&third)?.p99_us);
        for ((_, path), disturbed_us) in HOSTILE.iter().zip(&mut disturbed_us) {
            let hostile = load.start(&beside(path, IN_FLIGHT))?;
            disturbed_us.push(load.run(&third)?.p99_us);
            hostile.finish()?;
        }

        let solo = load.run(&busy)?;
        let crowd = load.start(&beside("/wasi-echo/", 64))?;
        let crowded = load.run(&busy)?;
        crowd.finish()?;
        shares.push(crowded.rps / solo.rps);
    }
    let mut figures = Map::new();
    figures.insert("p99_us_alone".to_owned(), json!(median(alone_us.clone())));
    for ((name, _), disturbed_us) in HOSTILE.iter().zip(disturbed_us) {
        let ratios = disturbed_us.iter().zip(&alone_us).map(|(disturbed, alone)| disturbed / alone).collect();
        figures.insert(format!("p99_us_beside_{IN_FLIGHT}_{name}_calls"), json!(median(disturbed_us)));
        figures.insert(format!("p99_beside_{IN_FLIGHT}_{name}_calls_over_alone"), round2(median(ratios)));
    }
    figures.insert("rps_beside_a_saturating_api_over_alone".to_owned(), round2(median(shares)));
    Ok(Value::Object(figures))
}
