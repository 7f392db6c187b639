//! Payment: the first step of the order example. It takes an amount from a card, and gives it back when a later step
//! fails.
//!
//! It stands for a payment provider, and answers as one would that is asked with an idempotency key: the payment's number
//! follows from the invocation, which stays the same over attempts, so that a repeated step pays nothing twice. Tokens of
//! cards decide what happens, so that a workflow's `Retry` and `Catch` can be tried.

use serde::{Deserialize, Serialize};
use weir_sdk::Context;
use weir_sdk::task::TaskError;

/// The most that one payment takes, in the smallest unit.
const MINOR_MAX: u64 = 100_000_000;
/// What the card `tok_poor` has.
const POOR_MINOR: u64 = 10_000;
/// The attempt at which the network of `tok_flaky` answers.
const FLAKY_UNTIL: u32 = 3;

/// Why nothing was paid.
#[derive(Debug, thiserror::Error, TaskError)]
pub enum PaymentError {
    /// The card's bank says no; another attempt would hear the same.
    #[error("the card {card} was declined")]
    #[task_error("Payment.Declined")]
    Declined {
        /// Its token.
        card: String,
    },
    /// The card has less than the amount.
    #[error("the card {card} does not have {minor}")]
    #[task_error("Payment.InsufficientFunds")]
    InsufficientFunds {
        /// Its token.
        card: String,
        /// The amount, in the smallest unit.
        minor: u64,
    },
    /// The amount is nothing, too much, or of no currency.
    #[error("{0}")]
    #[task_error("Payment.InvalidAmount")]
    InvalidAmount(&'static str),
    /// The card's network does not answer; a later attempt may be heard.
    #[error("the network of the card did not answer attempt {attempt}")]
    #[task_error("Payment.Unavailable")]
    Unavailable {
        /// Which attempt it was.
        attempt: u32,
    },
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// From the card.
    #[default]
    Charge,
    /// Back to it.
    Refund,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// In the currency's smallest unit, such as cents.
    pub minor: u64,
    /// ISO 4217.
    pub currency: String,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Which way.
    #[serde(default)]
    pub action: Action,
    /// The order that is paid for.
    pub order: String,
    /// How much.
    pub amount: Amount,
    /// The card's token.
    pub card: String,
}

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// Its number.
    pub payment: String,
    /// `captured` or `refunded`.
    pub status: &'static str,
    /// The order.
    pub order: String,
    /// How much.
    pub amount: Amount,
}

/// Pays, or gives back.
///
/// # Errors
///
/// [`PaymentError`], by the names that workflows match. Giving back is never declined.
#[weir_sdk::task]
pub fn pay(context: &Context, request: Request) -> Result<Payment, PaymentError> {
    let Request { action, order, amount, card } = request;
    check(&amount)?;
    if action == Action::Charge {
        ask_network(&card, amount.minor, context.attempt)?;
    }
    let (prefix, status) = match action {
        Action::Charge => ("pay", "captured"),
        Action::Refund => ("ref", "refunded"),
    };
    Ok(Payment { payment: format!("{prefix}_{}", context.invocation_id), status, order, amount })
}

fn check(amount: &Amount) -> Result<(), PaymentError> {
    let currency = amount.currency.as_bytes();
    match amount.minor {
        0 => Err(PaymentError::InvalidAmount("nothing is to be paid")),
        1..=MINOR_MAX if currency.len() == 3 && currency.iter().all(u8::is_ascii_uppercase) => Ok(()),
        1..=MINOR_MAX => Err(PaymentError::InvalidAmount("a currency has three capital letters")),
        _ => Err(PaymentError::InvalidAmount("more than one payment takes")),
    }
}

fn ask_network(card: &str, minor: u64, attempt: u32) -> Result<(), PaymentError> {
    match card {
        "tok_declined" => Err(PaymentError::Declined { card: card.to_owned() }),
        "tok_poor" if minor > POOR_MINOR => Err(PaymentError::InsufficientFunds { card: card.to_owned(), minor }),
        "tok_flaky" if attempt < FLAKY_UNTIL => Err(PaymentError::Unavailable { attempt }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use weir_sdk::task::Task as _;

    use super::*;

    fn run(attempt: u32, input: &Value) -> Result<Value, TaskError> {
        let context = Context { invocation_id: "i1".into(), attempt, ..Context::default() };
        let output = pay::run(&context, input.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&output).unwrap())
    }

    fn charge(card: &str, minor: u64) -> Value {
        json!({ "order": "o-1", "amount": { "minor": minor, "currency": "EUR" }, "card": card })
    }

    #[test]
    fn every_attempt_of_one_step_is_the_same_payment() {
        let paid = run(1, &charge("tok_visa", 1250)).unwrap();
        let expected = json!({
            "payment": "pay_i1", "status": "captured", "order": "o-1", "amount": { "minor": 1250, "currency": "EUR" },
        });
        assert_eq!(paid, expected);
        assert_eq!(run(2, &charge("tok_visa", 1250)).unwrap(), paid);
    }

    #[test]
    fn cards_fail_by_name() {
        let name = |attempt, input: &Value| run(attempt, input).map_err(|error| error.name);
        assert_eq!(name(1, &charge("tok_declined", 1)).unwrap_err(), "Payment.Declined");
        assert_eq!(name(1, &charge("tok_poor", 10_001)).unwrap_err(), "Payment.InsufficientFunds");
        assert!(name(1, &charge("tok_poor", 10_000)).is_ok());
        assert_eq!(name(1, &charge("tok_flaky", 1)).unwrap_err(), "Payment.Unavailable");
        assert_eq!(name(2, &charge("tok_flaky", 1)).unwrap_err(), "Payment.Unavailable");
        assert!(name(3, &charge("tok_flaky", 1)).is_ok());
    }

    #[test]
    fn money_goes_back_to_a_card_that_is_declined_by_now() {
        let mut refund = charge("tok_declined", 1250);
        refund["action"] = "refund".into();
        let given = run(1, &refund).unwrap();
        assert_eq!((given["payment"].as_str(), given["status"].as_str()), (Some("ref_i1"), Some("refunded")));
    }

    #[test]
    fn an_amount_that_cannot_be_paid_is_refused() {
        for (minor, currency) in [(0, "EUR"), (100_000_001, "EUR"), (1, "eur"), (1, "EURO"), (1, "")] {
            let input = json!({ "order": "o", "amount": { "minor": minor, "currency": currency }, "card": "tok_visa" });
            assert_eq!(run(1, &input).unwrap_err().name, "Payment.InvalidAmount", "{minor} {currency}");
        }
        let unread = run(1, &json!({ "order": "o", "amount": { "minor": -1, "currency": "EUR" }, "card": "x" }));
        let unread = unread.unwrap_err();
        assert_eq!(unread.name, "InvalidInput");
        assert!(unread.cause.starts_with("/amount/minor: "), "{}", unread.cause);
    }
}
