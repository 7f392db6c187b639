//! Bars: what a figure has to be, and which of them are missed.

use serde_json::Value;

/// What a figure has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure, by its JSON pointer in what was measured, and its bar.
pub(super) type Barred = (&'static str, Bar);

/// Those of `bars` that `figures` miss, or do not have.
pub(super) fn missed(figures: &Value, bars: &[Barred]) -> Value {
    let misses = |(pointer, bar): &&Barred| {
        figures.pointer(pointer).and_then(Value::as_f64).is_none_or(|figure| match bar {
            Bar::AtLeast(least) => figure < *least,
            Bar::AtMost(most) => figure > *most,
        })
    };
    bars.iter().filter(misses).map(|(pointer, _)| Value::from(pointer.trim_start_matches('/'))).collect()
}

/// The bars of a call.
pub(super) const CALL: &[Barred] = &[
    ("/ratios/full_over_bare_rps_64", Bar::AtLeast(0.70)),
    ("/ratios/full_over_bare_rps_256", Bar::AtLeast(0.70)),
    ("/ratios/full_over_bare_rps_wasi_64", Bar::AtLeast(0.70)),
    ("/ratios/full_over_bare_rps_wasi_256", Bar::AtLeast(0.70)),
    ("/ratios/full_p99_over_bar_64", Bar::AtMost(1.0)),
    ("/ratios/full_p99_over_bar_256", Bar::AtMost(1.0)),
    ("/ratios/full_p99_over_bar_wasi_64", Bar::AtMost(1.0)),
    ("/ratios/full_p99_over_bar_wasi_256", Bar::AtMost(1.0)),
    ("/envelope_cpu_us_64", Bar::AtMost(15.0)),
    ("/writer_cpu_us_64", Bar::AtMost(25.0)),
    // Twice what a component of this size took in the same engine before the host was built around it.
    ("/instantiate_and_call_cpu_us", Bar::AtMost(23.0)),
    ("/neighbours/p99_beside_8_looping_calls_over_alone", Bar::AtMost(3.0)),
    ("/neighbours/p99_beside_8_hungry_calls_over_alone", Bar::AtMost(3.0)),
    ("/neighbours/rps_beside_a_saturating_api_over_alone", Bar::AtLeast(0.40)),
    ("/scale/private_mib_per_called_api", Bar::AtMost(1.0)),
    ("/scale/first_call_ms/p99", Bar::AtMost(20.0)),
    ("/scale/change_until_seen_ms/max", Bar::AtMost(100.0)),
    ("/scale/rps_over_small", Bar::AtLeast(0.95)),
];
