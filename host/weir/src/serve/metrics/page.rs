//! What metrics are written down on.

use types::Distribution;

/// Names and values of a row's labels.
pub(in crate::serve) type Labels<'a> = Vec<(&'static str, &'a str)>;

/// Takes one kind of metric after the other.
pub(in crate::serve) trait Page {
    /// A count that only grows.
    fn counter<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (Labels<'a>, u64)>,
    );

    /// A number that goes up and down.
    fn gauge<'a>(&mut self, name: &'static str, help: &'static str, rows: impl IntoIterator<Item = (Labels<'a>, u64)>);

    /// Durations, in seconds.
    fn histogram<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (Labels<'a>, Distribution)>,
    );
}
