//! Pages that must exist: one for each public error code, one for each example provider.

use super::{Problems, read};
use crate::guests;
use crate::workspace::Workspace;

/// Compares `docs/` with the list of codes and the folders of `plugins/`.
pub(super) fn check(workspace: &Workspace, problems: &mut Problems) -> anyhow::Result<()> {
    let docs = workspace.root.join("docs");
    let source = read(&workspace.root.join("host/types/src/code.rs"))?;
    let codes: Vec<&str> = codes(&source).collect();
    if codes.is_empty() {
        problems.add("no error codes were found in host/types/src/code.rs".to_owned());
    }
    for code in codes {
        if !docs.join("errors").join(format!("{code}.md")).is_file() {
            problems.add(format!("the code {code} has no page docs/errors/{code}.md"));
        }
    }
    for folder in guests::folders(workspace)? {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !docs.join("plugins").join(format!("{name}.md")).is_file() {
            problems.add(format!("the plugin {name} has no page docs/plugins/{name}.md"));
        }
    }
    Ok(())
}

/// The codes in the table of `Code::facts`: texts that are followed by a status.
fn codes(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let (_, rest) = line.split_once("(\"")?;
        let (code, rest) = rest.split_once("\", ")?;
        rest.starts_with(|c: char| c.is_ascii_digit()).then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_from_their_table() {
        let source = "Self::A => (\"a-b\", 401, \"T\"),\nfoo(\"x\", y)\n    (\"c\", 429, \"T\")";
        assert_eq!(codes(source).collect::<Vec<_>>(), ["a-b", "c"]);
    }
}
