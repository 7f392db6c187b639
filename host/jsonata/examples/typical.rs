//! Times typical expressions over a document of fifty orders, in microseconds for each evaluation:
//! `cargo run --release -p jsonata --example typical`. `typical.mjs` does the same with the official implementation.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures and shows")]

use std::time::{Duration, Instant};

use jsonata::{Bindings, Environment, Expression, Limits};
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let document: Value = serde_json::from_str(include_str!("document.json"))?;
    let expressions: Vec<(String, String)> = serde_json::from_str(include_str!("typical.json"))?;
    for (name, text) in expressions {
        let expression = Expression::parse(&text)?;
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < Duration::from_millis(500) {
            expression.evaluate(&document, &Bindings::new(), Limits::default(), Environment::default())?;
            count += 1;
        }
        println!("{name}\t{:.2}", start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
    Ok(())
}
