//! `--organisation`: whose a thing is, for the commands that may act for more than one.

/// An organisation.
#[derive(Debug, clap::Args)]
pub(crate) struct Whose {
    /// Whose, by name or id [default: the token's own]
    #[arg(long, value_name = "NAME")]
    pub(crate) organisation: Option<String>,
}

impl Whose {
    /// What a query says of it.
    pub(crate) fn query(&self) -> Vec<(&'static str, String)> {
        self.organisation.iter().map(|name| ("organisation", name.clone())).collect()
    }
}
