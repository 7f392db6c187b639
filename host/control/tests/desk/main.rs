//! The control plane as operators and providers see it, over real rooms in a folder of its own.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

mod access;
mod approvals;
mod house;
mod invitations;
mod machine_roles;
mod objects;
mod openapi;
mod post;
mod provisos;
mod publish;
mod redrives;
mod refusals;
mod rotation;
mod secrets;
mod settings;
mod states;
mod suspension;
mod webhooks;
