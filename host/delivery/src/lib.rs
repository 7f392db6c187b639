//! What the host sends by itself: webhooks and mail, from an outbox, with retries.
//!
//! It keeps `delivery.db`. A message is written together with one row for each whom it goes to, and a worker sends what is
//! due: webhooks through `egress`, signed as Standard Webhooks says, and mail to the one server that the operator names. What
//! was never accepted stays as a dead letter until its time is over. It knows no execution, no quota and no person: what is
//! worth telling is decided elsewhere.
//!
//! What executions ask people waits here too, beside the letters that ask: see [`Approval`].
//!
//! ```text
//! publish, mail -> message + a dispatch for each recipient -> worker: what is due, a few of each lane at a time
//!   accepted -> DELIVERED      refused -> due again, ten times -> DEAD -> redeliver
//! ```

mod approval;
mod delivery;
mod dispatch;
mod endpoint;
mod error;
mod mailer;
mod message;
mod schedule;
mod seal;
mod settings;
mod sign;
mod sql;
mod tally;
mod worker;

pub use approval::{Answer, Approval, ApprovalQuery, ApprovalStatus, Ask, AskError, Decided, Decision, Question, Told};
pub use delivery::{Delivery, OpenError};
pub use dispatch::{Attempt, Dispatch, DispatchQuery, Recipient, Status};
pub use endpoint::{EVENTS, Endpoint, EndpointChange, EndpointQuery, NewEndpoint, PING};
pub use error::DeliveryError;
pub use mailer::{MailServer, MailServerError, Security};
pub use message::{Event, Letter, check_address};
pub use seal::{Seal, Unsealed};
pub use settings::Settings;
pub use sign::signature;
pub use sql::outbox::News;
pub use tally::{Counts, Outcomes};
pub use worker::WAY_OUT;
