//! All SQL of usage.db, behind operations of the domain. Nothing outside this folder names a table.

pub(crate) mod acts;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod claim;
pub(crate) mod counter;
pub(crate) mod denial;
pub(crate) mod dimension;
pub(crate) mod reconcile;
pub(crate) mod relay;
pub(crate) mod retention;
pub(crate) mod rollup;
pub(crate) mod usage;

/// Brings the schema from version `i` to `i + 1`.
pub(crate) const MIGRATIONS: &[&str] = &[
    concat!(include_str!("sql/schema.sql"), include_str!("sql/views.sql")),
    include_str!("sql/claims.sql"),
    include_str!("sql/test-keys.sql"),
    include_str!("sql/key-use.sql"),
    include_str!("sql/attempts.sql"),
];
