//! Prometheus' text format, version 0.0.4.

use types::{BOUNDARIES_US, Distribution};

use super::page::{Labels, Page};

/// A text that grows.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Page for Text {
    fn counter<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (Labels<'a>, u64)>,
    ) {
        self.simple("counter", name, help, rows);
    }

    fn gauge<'a>(&mut self, name: &'static str, help: &'static str, rows: impl IntoIterator<Item = (Labels<'a>, u64)>) {
        self.simple("gauge", name, help, rows);
    }

    fn histogram<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (Labels<'a>, Distribution)>,
    ) {
        self.head("histogram", name, help);
        for (labels, times) in rows {
            let labels = shown(&labels);
            let comma = if labels.is_empty() { "" } else { "," };
            let mut below = 0_u64;
            for (count, boundary) in times.buckets.iter().zip(BOUNDARIES_US) {
                below = below.saturating_add(*count);
                self.put(format_args!("{name}_bucket{{{labels}{comma}le=\"{}\"}} {below}\n", seconds(boundary)));
            }
            let (count, braced) = (times.count(), braced(&labels));
            self.put(format_args!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}\n"));
            self.put(format_args!("{name}_sum{braced} {}\n{name}_count{braced} {count}\n", seconds(times.sum_us)));
        }
    }
}

impl Text {
    /// The whole.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn simple<'a>(&mut self, kind: &str, name: &str, help: &str, rows: impl IntoIterator<Item = (Labels<'a>, u64)>) {
        self.head(kind, name, help);
        for (labels, value) in rows {
            self.put(format_args!("{name}{} {value}\n", braced(&shown(&labels))));
        }
    }

    fn head(&mut self, kind: &str, name: &str, help: &str) {
        self.put(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        self.0.push_str(&line.to_string());
    }
}

fn shown(labels: &Labels<'_>) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect::<Vec<_>>().join(",")
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative_and_labels_are_escaped() {
        let mut times = Distribution::default();
        times.buckets[0] = 2;
        times.buckets[14] = 1;
        times.sum_us = 12_000_500;
        let mut text = Text::default();
        text.histogram("x_seconds", "X.", [(vec![("a", "b\"\\c\n")], times)]);
        let text = text.finish();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..3],
            ["# HELP x_seconds X.", "# TYPE x_seconds histogram", r#"x_seconds_bucket{a="b\"\\c\n",le="0.005"} 2"#]
        );
        assert_eq!(
            lines[lines.len() - 3..],
            [
                r#"x_seconds_bucket{a="b\"\\c\n",le="+Inf"} 3"#,
                r#"x_seconds_sum{a="b\"\\c\n"} 12.0005"#,
                r#"x_seconds_count{a="b\"\\c\n"} 3"#,
            ]
        );
    }
}
