//! Kinds of machines: how a run of one is kept.

/// The kind of a whole machine (the `type` of a state machine in Step Functions' API).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MachineKind {
    /// Runs are kept, and may last a year.
    #[default]
    Standard,
    /// Runs are in memory, and short: nothing can be waited for that answers later.
    Express,
}

impl MachineKind {
    /// How definitions and the API call them.
    pub(crate) const WORDS: [(&str, Self); 2] = [("STANDARD", Self::Standard), ("EXPRESS", Self::Express)];
}
