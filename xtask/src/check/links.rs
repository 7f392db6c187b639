//! Links between documents: a relative one must lead to a file that is there, and to a heading that is in it.

use std::path::{Path, PathBuf};

use super::{Problems, has_extension, read};
use crate::workspace::Workspace;

/// Looks at every Markdown file.
pub(super) fn check(workspace: &Workspace, files: &[PathBuf], problems: &mut Problems) -> anyhow::Result<()> {
    for path in files.iter().filter(|path| has_extension(path, "md")) {
        let shown = workspace.shown(path);
        let text = read(path)?;
        for link in links(&text) {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let folder = path.parent().unwrap_or(Path::new(""));
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            if !target.exists() {
                problems.add(format!("{shown} links to {link}, which is not there"));
            } else if let Some(heading) = heading
                && has_extension(&target, "md")
                && !headings(&read(&target)?).any(|found| found == heading)
            {
                problems.add(format!("{shown} links to {link}, but there is no such heading"));
            }
        }
    }
    Ok(())
}

/// The targets of inline links that stay within the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = outside_fences(text);
    prose
        .flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link)))
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
}

/// The anchors of a document's headings.
fn headings(text: &str) -> impl Iterator<Item = String> {
    outside_fences(text).filter(|line| line.starts_with('#')).map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    })
}

fn outside_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_prose_are_found_and_those_in_code_are_not() {
        let text = "See [a](a.md) and [b](../b.md#two-words).\n```\n[c](c.md)\n```\n[d](https://example.org/d)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["a.md", "../b.md#two-words"]);
    }

    #[test]
    fn a_heading_has_the_anchor_that_readers_know() {
        assert_eq!(headings("# Two words\n## `code`, and more").collect::<Vec<_>>(), ["two-words", "code-and-more"]);
    }
}
