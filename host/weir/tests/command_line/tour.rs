//! The README's five minutes for each of the three users, line by line.

use crate::host::Place;
use crate::shell::{Shell, lines};

const README: &str = include_str!("../../../../README.md");

#[test]
fn the_tour_of_the_readme_works_line_by_line() {
    let place = Place::new();
    let mut shell = Shell::new(&place);
    let lines = lines(README);
    for begins in ["weir serve", "weir new", "weir publish", "weir subscribe", "curl", "weir call", "weir usage"] {
        assert!(lines.iter().any(|line| line.starts_with(begins)), "the tour has no {begins}");
    }
    for line in &lines {
        let said = shell.run(line);
        let must = match line.split(' ').take(2).collect::<Vec<_>>()[..] {
            ["curl", _] => "Hello, Ada.",
            ["weir", "call"] => r#"{"words":3,"characters":10}"#,
            ["weir", "usage"] => "requests",
            ["weir", "calls"] => "/v1/greetings/{name}",
            ["weir", "audit"] => "intact",
            _ => "",
        };
        assert!(said.contains(must), "{line} did not say {must}:\n{said}");
    }
}
