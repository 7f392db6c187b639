//! What a terminal can show: its width, characters beyond ASCII, colour; and screens that are drawn again and again.

use std::time::Duration;

use console::{Style, Term};

use crate::config::Environment;
use crate::output::write_out;

/// How wide a chart is at most, in characters.
const CHART_MAX: usize = 40;

/// Where charts and tables are shown.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Characters in a line; `None` where nobody looks at it, and nothing needs to fit.
    width: Option<usize>,
    /// Whether it shows blocks and dots, or ASCII alone.
    blocks: bool,
}

impl Terminal {
    /// Standard output, with what the environment says of its characters.
    pub(crate) fn of(environment: &Environment) -> Self {
        Self { width: width(), blocks: environment.shows_unicode }
    }

    /// A bar for `part` of `whole`. Its end is the whole, or `part` where that is more; then a mark shows where the
    /// whole ends. So two bars of one length always mean the same part of what is included.
    pub(crate) fn bar(&self, part: u64, whole: u64) -> String {
        let length =
            u64::try_from(self.width.map_or(CHART_MAX, |width| (width / 3).clamp(10, CHART_MAX))).unwrap_or(10);
        let end = part.max(whole).max(1);
        let cells = |count: u64| count.saturating_mul(length).div_ceil(end);
        // What is not whole shows at least that there is something, and what is not full does not look full.
        let full = if part < whole { cells(part).min(length.saturating_sub(1)) } else { cells(part) };
        let limit = (part > whole).then(|| whole.saturating_mul(length) / end);
        let (on, off, mark) = if self.blocks { ('█', '░', '┃') } else { ('#', '.', '|') };
        let cell = |index: u64| match limit {
            Some(limit) if limit == index => mark,
            _ if index < full => on,
            _ => off,
        };
        (0..length).map(cell).collect()
    }
}

/// A text in the colour of how much of a limit is used: nothing special, soon, at it.
pub(crate) fn by_share(text: &str, part: u64, whole: u64) -> String {
    let hundredths = part.saturating_mul(100).checked_div(whole).unwrap_or(0);
    let style = match hundredths {
        0..80 => Style::new().green(),
        80..100 => Style::new().yellow(),
        _ => Style::new().red(),
    };
    // Without a terminal, or with NO_COLOR, it stays as it is.
    style.apply_to(text).to_string()
}

/// How narrow a column is cut at most.
const NARROWEST: usize = 8;

/// Characters in a line of the terminal that standard output is; `None` where it is none, and nothing needs to fit.
pub(crate) fn width() -> Option<usize> {
    let terminal = Term::stdout();
    let columns = terminal.size_checked().map(|(_, columns)| usize::from(columns));
    columns.filter(|_| terminal.is_term())
}

/// How wide each column of `rows` is, with two spaces between them, in a line of `line` characters: the widest are cut
/// first, the first never.
pub(crate) fn widths(rows: &[Vec<String>], line: Option<usize>) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| console::measure_text_width(cell)).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns).map(widest).collect();
    let gaps = columns.saturating_sub(1).saturating_mul(2);
    while widths.iter().sum::<usize>().saturating_add(gaps) > line.unwrap_or(usize::MAX) {
        match widths.iter_mut().skip(1).filter(|width| **width > NARROWEST).max_by_key(|width| **width) {
            Some(widest) => *widest = widest.saturating_sub(1),
            None => break,
        }
    }
    widths
}

/// A text of exactly `width` characters: filled up, or cut with a sign that it was.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let cut = console::truncate_str(text, width, "…");
    console::pad_str(&cut, width, console::Alignment::Left, None).into_owned()
}

/// Shows something now, and again each `every` until the command is interrupted. On a terminal each time in place of the
/// last.
pub(crate) fn watch(every: Option<Duration>, mut show: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let Some(every) = every else { return show() };
    let terminal = Term::stdout();
    loop {
        if terminal.is_term() {
            terminal.clear_screen()?;
        }
        show()?;
        if !terminal.is_term() {
            write_out(format_args!("\n"))?;
        }
        std::thread::sleep(every);
    }
}

/// `--watch`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Watch {
    /// Show it again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    watch: Option<u64>,
}

impl Watch {
    /// How often.
    pub(crate) fn every(self) -> Option<Duration> {
        self.watch.map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(width: usize) -> Terminal {
        Terminal { width: Some(width), blocks: false }
    }

    #[test]
    fn a_bar_is_empty_at_nothing_full_at_the_whole_and_marks_what_lies_beyond() {
        let terminal = terminal(30);
        assert_eq!(terminal.bar(0, 100), "..........");
        assert_eq!(terminal.bar(1, 100), "#.........");
        assert_eq!(terminal.bar(50, 100), "#####.....");
        assert_eq!(terminal.bar(99, 100), "#########.", "not full before it is");
        assert_eq!(terminal.bar(100, 100), "##########");
        assert_eq!(terminal.bar(200, 100), "#####|####", "twice what is included");
        assert_eq!(terminal.bar(0, 0), "..........");
        assert_eq!(terminal.bar(u64::MAX, 1).len(), 10);
    }

    #[test]
    fn a_table_is_cut_to_the_line_the_widest_column_first_and_never_the_first() {
        let rows = [vec!["call_0123456789".to_owned(), "x".repeat(60), "µ".repeat(10)]];
        assert_eq!(widths(&rows, Some(50)), [15, 21, 10]);
        assert_eq!(widths(&rows, None), [15, 60, 10]);
        assert_eq!(widths(&rows, Some(1)), [15, 8, 8]);
        assert_eq!(padded("abcdef", 4), "abc…");
        assert_eq!(padded("µ", 4), "µ   ");
    }
}
