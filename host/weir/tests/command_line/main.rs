//! The real binary, on folders of its own: first start, later starts, what stops a start, and the commands beside it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is not as it must be")]

mod approvals;
mod attempts;
mod aws;
mod backup;
mod desk;
mod doctor;
mod host;
mod http_tasks;
mod metrics;
mod new;
mod order;
mod otlp;
mod pages;
mod publish;
mod purchase;
mod roles;
mod service_jobs;
mod shell;
mod sign_up;
mod standing;
mod start;
mod stops;
mod tls;
mod tour;
mod traces;
mod upstream;
mod webhooks;
mod words;
mod workflow;
