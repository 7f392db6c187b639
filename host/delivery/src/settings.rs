//! What the operator decides about what the host sends.

use std::time::Duration;

use types::EgressRule;

use crate::mailer::MailServer;

/// How the room is opened.
#[derive(Debug)]
pub struct Settings {
    /// Where webhooks may go. The way out that the room is given has the same list.
    pub allow: Vec<EgressRule>,
    /// Who takes mail. `None`: the host sends none.
    pub mail: Option<MailServer>,
    /// What links in mails begin with: the URL by which people reach the control plane.
    pub public_url: String,
    /// How long a message is kept once nobody waits for it any more.
    pub keep: Duration,
    /// The clock on the wall may jump: how long before it is looked at again.
    pub look_again: Duration,
}

impl Settings {
    /// How long messages are kept where the operator sets nothing: as long as the longest period of a bill.
    pub const KEEP: Duration = Duration::from_hours(31 * 24);
    /// See [`Settings::look_again`].
    pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

    /// Webhooks to these places, and no mail.
    pub const fn new(allow: Vec<EgressRule>) -> Self {
        Self { allow, mail: None, public_url: String::new(), keep: Self::KEEP, look_again: Self::LOOK_AGAIN }
    }
}
