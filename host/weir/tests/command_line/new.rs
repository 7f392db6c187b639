//! Projects that `weir new` makes: everything that their README says, from an empty folder outside of this repository.

use crate::host::Place;
use crate::shell::{Shell, lines};

/// Does what the README of a new project says, and answers what the last line printed.
fn follow(template: &str) -> String {
    let place = Place::new();
    let mut shell = Shell::new(&place);
    shell.run("weir serve");
    // A name of its own: builds may share a folder.
    let name = format!("new-{template}");
    shell.run(&format!("weir new {name} --template {template}"));
    shell.run(&format!("cd {name}"));
    let readme = std::fs::read_to_string(place.path().join(&name).join("README.md")).unwrap();
    let lines = lines(&readme);
    assert!(lines.len() >= 5, "{readme}");
    lines.iter().map(|line| shell.run(line)).last().unwrap()
}

#[test]
fn a_new_project_is_tested_built_published_and_called_as_its_readme_says() {
    assert_eq!(follow("rust").trim(), r#"{"words":3,"characters":10}"#);
}

#[test]
fn a_new_task_is_tested_built_published_and_called_as_its_readme_says() {
    let answer = follow("rust-task");
    assert!(answer.contains(r#""seats":2}"#), "{answer}");
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let place = Place::bare();
    place.run(&["new", "fresh"]).expect_success();
    place.run(&["new", "fresh"]).expect_failure(&["fresh is not empty"]);
    place.run(&["new", "Fresh"]).expect_failure(&["\"Fresh\" cannot be the name", "lower-case"]);
}
