//! The letters about an approval.

use types::OrganisationId;

use super::Question;
use crate::message::Letter;

/// Characters of a title in a subject.
const SUBJECT_MAX: usize = 150;

/// A letter without its recipient and its link.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    source: String,
    organisation: OrganisationId,
    subject: String,
    before: String,
    after: String,
}

impl Draft {
    /// The letter to somebody, with his own link.
    pub(crate) fn to(self, address: String, url: &str) -> Letter {
        let text = format!("{}\n\n    {url}\n\n{}\n", self.before, self.after);
        Letter { source: self.source, organisation: Some(self.organisation), address, subject: self.subject, text }
    }
}

/// Asks.
pub(crate) fn asking(question: &Question, (source, organisation): (&str, OrganisationId)) -> Draft {
    draft(question, (source, organisation), "Please decide", "You are asked for a decision.")
}

/// Reminds.
pub(crate) fn reminding(question: &Question, (source, organisation): (&str, OrganisationId)) -> Draft {
    draft(question, (source, organisation), "Reminder", "Your decision is still waited for.")
}

/// Asks those who it is escalated to.
pub(crate) fn escalating(question: &Question, (source, organisation): (&str, OrganisationId)) -> Draft {
    draft(question, (source, organisation), "Please decide", "Nobody has decided in time, and so you are asked.")
}

fn draft(question: &Question, (source, organisation): (&str, OrganisationId), word: &str, why: &str) -> Draft {
    let title: String = question.title.chars().take(SUBJECT_MAX).collect();
    let more = if question.question.is_empty() { String::new() } else { format!("\n{}\n", question.question) };
    Draft {
        source: source.to_owned(),
        organisation,
        subject: format!("{word}: {title}"),
        before: format!(
            "{why}\n\n{}\n{more}\nAsked by: {}\n\nLook at it, and approve or reject it, here:",
            question.title, question.asked_by
        ),
        after: "The link is yours alone: whoever has it decides in your place. Opening it decides nothing.".to_owned(),
    }
}
