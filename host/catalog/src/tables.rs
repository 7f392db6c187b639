//! All SQL of the catalog, as operations of the domain over one connection. No state, no clock, no async.
//!
//! A change is checked and written in one savepoint together with the outbox rows that tell the ledger of it. Ids that
//! the operations draw are the only thing in them that is not given.

pub(crate) mod access;
pub(crate) mod api;
pub(crate) mod aws_credential;
mod change;
mod column;
mod egress;
pub(crate) mod invitation;
pub(crate) mod load;
pub(crate) mod machine_role;
pub(crate) mod organisation;
pub(crate) mod outbox;
pub(crate) mod plan;
pub(crate) mod release;
pub(crate) mod revision;
pub(crate) mod secret;
pub(crate) mod subscription;
pub(crate) mod suspension;

pub(crate) use change::Change;

/// `MIGRATIONS[i]` leads from version i to version i + 1 of catalog.db.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("tables/schema.sql"),
    include_str!("tables/grants.sql"),
    include_str!("tables/spend-cap.sql"),
    include_str!("tables/account.sql"),
    include_str!("tables/workflow.sql"),
    include_str!("tables/secrets.sql"),
    include_str!("tables/suspension.sql"),
    include_str!("tables/scopes.sql"),
    include_str!("tables/revision.sql"),
    include_str!("tables/invitation.sql"),
    include_str!("tables/aws-credential.sql"),
    include_str!("tables/traced.sql"),
    include_str!("tables/starts.sql"),
    include_str!("tables/machine-role.sql"),
];
