//! Asks services of AWS, or what stands in for them, by signed requests: what a task of the states language with the
//! ARN `arn:aws:states:::SERVICE:ACTION` or `arn:aws:states:::aws-sdk:SERVICE:ACTION` wants.
//!
//! With `.sync` at its end the first of these starts a job, which is asked after until it ends ([`ServiceJob`]).
//!
//! One generic request for each protocol that the services speak, through the host's one way out. Endpoints and the
//! credential are the operator's; so is the list of organisations that may use them.
//!
//! Sources: the AWS JSON, AWS Query and REST protocols as Smithy documents them; the service integrations of AWS Step
//! Functions.

mod answer;
mod call;
mod casing;
mod job;
mod json;
mod query;
mod rest;
mod service;
mod settings;
mod table;

pub use call::{Aws, ServiceFault, ServiceTask};
pub use job::{ServiceJob, Standing, Started};
pub use settings::{Endpoints, Settings};
pub use table::{is_waited_for, jobs};
