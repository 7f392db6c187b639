//! Jitter comes from the seed, and stays within the delay.

use std::collections::BTreeSet;
use std::sync::Arc;

use asl::{Context, Effect, Event, StateMachine};
use serde_json::json;
use types::Timestamp;

/// The microseconds before each of three retries.
fn delays(seed: u64) -> Vec<i64> {
    let retry = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 10, "JitterStrategy": "FULL"}]);
    let state = json!({"Type": "Task", "Resource": "r", "Retry": retry, "End": true});
    let text = json!({"StartAt": "A", "States": {"A": state}}).to_string();
    let machine = Arc::new(StateMachine::parse(&text).unwrap());
    let mut now = Timestamp::from_micros(0);
    let mut run = machine.start(Arc::new(json!({})), Context { seed, ..Context::default() }, now);
    let mut delays = Vec::new();
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, .. } => {
                run.apply(Event::Failed { task, error: "E".into(), cause: String::new() }, now).unwrap();
            }
            Effect::MapRun { .. } => {}
            Effect::WaitUntil(moment) => {
                delays.push(moment.as_micros() - now.as_micros());
                now = moment;
                run.apply(Event::Woke, now).unwrap();
            }
            Effect::Finished(_) => break,
        }
    }
    delays
}

#[test]
fn one_seed_gives_one_series_of_delays_and_another_seed_another() {
    assert_eq!(delays(7), delays(7));
    let series: BTreeSet<_> = (0..50).map(delays).collect();
    assert_eq!(series.len(), 50);
}

#[test]
fn a_delay_with_jitter_is_anywhere_up_to_the_delay_without() {
    let series: Vec<_> = (0..200).map(delays).collect();
    for (retry, longest) in [10_000_000, 20_000_000, 40_000_000].into_iter().enumerate() {
        let column: Vec<i64> = series.iter().map(|delays| delays[retry]).collect();
        assert!(column.iter().all(|delay| (0..=longest).contains(delay)), "{column:?}");
        assert!(column.iter().any(|delay| *delay < longest / 10), "{column:?}");
        assert!(column.iter().any(|delay| *delay > longest / 10 * 9), "{column:?}");
    }
}
