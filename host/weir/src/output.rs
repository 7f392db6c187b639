//! What a command prints: lines for people, or one JSON document.

use std::io::{self, Write as _};

use crate::terminal;

/// Where a command's answer goes, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Lines, for people.
    Lines,
    /// One JSON document, for programs.
    Json,
}

impl Output {
    /// Prints a line for people; nothing in JSON.
    pub(crate) fn line(self, text: impl std::fmt::Display) -> anyhow::Result<()> {
        match self {
            Self::Lines => write_out(format_args!("{text}\n")),
            Self::Json => Ok(()),
        }
    }

    /// Prints the document for programs; nothing for people.
    pub(crate) fn document(self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        match self {
            Self::Lines => Ok(()),
            Self::Json => write_out(format_args!("{}\n", serde_json::to_string_pretty(value)?)),
        }
    }

    /// Prints rows under headings, each column as wide as it must be and the line as wide as the terminal; nothing in
    /// JSON.
    pub(crate) fn table(self, headings: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
        let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows.iter().cloned()).collect();
        let widths = terminal::widths(&lines, terminal::width());
        lines.iter().try_for_each(|cells| {
            let line: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| terminal::padded(cell, *width)).collect();
            self.line(line.join("  ").trim_end())
        })
    }
}

/// Writes to standard output. A reader that has gone away, as `head` does, is no error.
pub(crate) fn write_out(text: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    write_bytes(text.to_string().as_bytes())
}

/// Writes bytes as they are to standard output.
pub(crate) fn write_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes a line to standard error. There is nobody to tell when that fails.
pub(crate) fn complain(text: std::fmt::Arguments<'_>) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
