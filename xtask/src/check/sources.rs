//! Sources: how long they are, how they are called, how they begin, and what their comments tell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

use super::{Problems, has_extension, read};
use crate::workspace::Workspace;

/// A file past this needs a reason in `xtask/waivers.toml`.
const LINES_MAX: usize = 500;

/// Names that say nothing of what is inside.
const NAMES: [&str; 7] = ["common", "helper", "helpers", "misc", "mod", "shared", "utils"];

/// Words of comments that tell what was, instead of what is and why.
const HISTORY: [&str; 7] =
    ["refactored", "now uses", "no longer uses", "used to be", "new approach", "previously", "renamed from"];

/// `xtask/waivers.toml`: files that may be long, each with the reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waivers {
    #[serde(default)]
    long: BTreeMap<String, String>,
}

/// Looks at every Rust file.
pub(super) fn check(workspace: &Workspace, files: &[PathBuf], problems: &mut Problems) -> anyhow::Result<()> {
    let path = workspace.root.join("xtask/waivers.toml");
    let mut waivers: Waivers = toml::from_str(&read(&path)?).context("xtask/waivers.toml is not right")?;
    for path in files.iter().filter(|path| has_extension(path, "rs")) {
        let shown = workspace.shown(path).to_string();
        let text = read(path)?;
        let lines = text.lines().count();
        let waived = waivers.long.remove(&shown).is_some_and(|reason| !reason.is_empty());
        match (lines > LINES_MAX, waived) {
            (true, false) => {
                problems.add(format!("{shown} has {lines} lines; {LINES_MAX} are the most without a waiver"));
            }
            (false, true) => problems.add(format!("{shown} has {lines} lines and needs no waiver")),
            _ => {}
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if NAMES.contains(&stem) {
            problems.add(format!("{shown} is called after nothing: name what is inside"));
        }
        if is_root(&shown) && !text.starts_with("//!") {
            problems.add(format!("{shown} does not begin with what the crate is for (`//!`)"));
        }
        for (number, word) in history(&text) {
            problems.add(format!("{shown}:{number} tells history ({word:?}): say what is, and why"));
        }
    }
    for path in waivers.long.keys() {
        problems.add(format!("xtask/waivers.toml names {path}, which is not there"));
    }
    Ok(())
}

fn is_root(shown: &str) -> bool {
    shown.ends_with("src/lib.rs") || shown.ends_with("src/main.rs")
}

/// Lines whose comment tells history, and by which words.
fn history(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let (_, comment) = line.split_once("//")?;
        let comment = comment.to_lowercase();
        let word = HISTORY.into_iter().find(|word| comment.contains(word))?;
        Some((index + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_are_searched_for_history() {
        let [.., word] = HISTORY;
        let text = format!("let a = \"{word}\";\n/{0} A list, {word} a map.\n/{0} What is, and why.", '/');
        assert_eq!(history(&text).collect::<Vec<_>>(), [(2, word)]);
    }
}
