//! Who and what: organisations, APIs, components, releases, plans, apps, keys, subscriptions, control tokens.
//!
//! It keeps `catalog.db` and shows it to calls as a [`Snapshot`]: a persistent structure that is read without a lock,
//! an await or a query. It talks to `store`, and to the ledger through [`Relay`] alone. It never runs a component, never
//! counts a call, and never keeps a secret in the clear: of keys and tokens it stores digests, of organisations' secrets
//! and of credentials for AWS's clients what a [`Vault`] has sealed.
//!
//! ```text
//! command -> catalog.db: the change and its outbox rows, one commit
//!         -> publisher, at most 20 ms later, for all changes that wait:
//!            relay to usage.db -> swap the snapshot -> delete the outbox rows -> the commands resolve
//! ```
//! So the ledger knows the terms before any call can use them, and a crash anywhere in between only repeats facts,
//! which the ledger ignores by their ids.

mod aws_credential;
mod catalog;
mod command;
mod consumer;
mod error;
mod limits;
mod machine_role;
mod product;
mod provisos;
mod publisher;
mod relay;
mod scopes;
mod secret;
mod snapshot;
mod suspension;
mod tables;
mod vault;

pub use aws_credential::{AwsCredential, NewAwsCredential};
pub use catalog::{Catalog, Settings, Stats};
pub use consumer::{Actor, App, Key, Organisation, Principal, Role, Subscription, Token};
pub use error::{CatalogError, OpenError};
pub use limits::Limits;
pub use machine_role::MachineRole;
pub use product::{Api, Component, Live, ObjectDeclaration, Plan, Release, Route, Runs, World, WorldError};
pub use provisos::{Condition, Provisos, Repeat};
pub use relay::{Relay, RelayFailed};
pub use scopes::{Scope, Scopes};
pub use secret::{Secret, check_secret};
pub use snapshot::Snapshot;
pub use suspension::{Authority, Subject, Suspension};
pub use tables::access::{NewKey, NewToken};
pub use tables::api::NewApi;
pub use tables::invitation::{Accept, Accepted, Invitation};
pub use tables::plan::NewPlan;
pub use tables::release::{NewRelease, NewRoute, NewRuns};
pub use vault::{Sealed, Unreadable, Vault};
