//! Dispatch: the last step of the order example. It hands a reservation to a carrier.
//!
//! It stands for a carrier's API. The shipment's number follows from the invocation, so that a repeated step sends
//! nothing twice.

use serde::{Deserialize, Serialize};
use weir_sdk::Context;
use weir_sdk::task::TaskError;

/// The heaviest that a parcel service takes, in grams; above it a forwarder comes.
const PARCEL_MAX_G: u64 = 31_500;
/// The heaviest that anybody takes.
const FREIGHT_MAX_G: u64 = 500_000;
/// Letters of a line of an address.
const LINE_MAX: usize = 100;

/// A country: its code, and days on the way by parcel.
type Country = (&'static str, u32);

/// Where parcels go.
const COUNTRIES: [Country; 8] =
    [("DE", 2), ("AT", 3), ("NL", 3), ("FR", 4), ("IT", 5), ("ES", 5), ("PL", 4), ("SE", 6)];

/// Why nothing was sent.
#[derive(Debug, thiserror::Error, TaskError)]
pub enum DispatchError {
    /// Nobody brings it there.
    #[error("{0}")]
    #[task_error("Dispatch.Undeliverable")]
    Undeliverable(String),
    /// Nobody carries it.
    #[error("{weight_g} g cannot be sent {service}; at most {max_g}")]
    #[task_error("Dispatch.TooHeavy")]
    TooHeavy {
        /// What it weighs.
        weight_g: u64,
        /// How it was to be sent.
        service: &'static str,
        /// The most that goes that way.
        max_g: u64,
    },
    /// The carrier does not answer; a later attempt may be heard.
    #[error("the carrier did not answer attempt {attempt}")]
    #[task_error("Dispatch.CarrierUnavailable")]
    CarrierUnavailable {
        /// Which attempt it was.
        attempt: u32,
    },
}

/// How fast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// By parcel, or by a forwarder when it is heavy.
    #[default]
    Standard,
    /// The next day; parcels alone.
    Express,
}

/// Where to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// The city.
    pub city: String,
    /// Its postcode. `00000` stands for a place whose carrier answers at the second attempt.
    pub postcode: String,
    /// ISO 3166-1.
    pub country: String,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The order.
    pub order: String,
    /// The goods, as they were set aside.
    pub reservation: String,
    /// What they weigh, in grams.
    pub weight_g: u64,
    /// How fast.
    #[serde(default)]
    pub service: Service,
    /// Where to.
    pub address: Address,
}

/// What was sent.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Shipment {
    /// Its number, by which it can be followed.
    pub shipment: String,
    /// Who carries it.
    pub carrier: &'static str,
    /// The order.
    pub order: String,
    /// The reservation.
    pub reservation: String,
    /// Days on the way.
    pub days: u32,
}

/// Sends.
///
/// # Errors
///
/// [`DispatchError`], by the names that workflows match.
#[weir_sdk::task]
pub fn dispatch(context: &Context, request: Request) -> Result<Shipment, DispatchError> {
    let Request { order, reservation, weight_g, service, address } = request;
    let parcel_days = days_to(&address)?;
    let (carrier, days) = match service {
        Service::Express if weight_g <= PARCEL_MAX_G => ("courier", 1),
        Service::Express => {
            return Err(DispatchError::TooHeavy { weight_g, service: "express", max_g: PARCEL_MAX_G });
        }
        Service::Standard if weight_g <= PARCEL_MAX_G => ("parcel", parcel_days),
        Service::Standard if weight_g <= FREIGHT_MAX_G => ("freight", parcel_days + 3),
        Service::Standard => {
            return Err(DispatchError::TooHeavy { weight_g, service: "standard", max_g: FREIGHT_MAX_G });
        }
    };
    if address.postcode == "00000" && context.attempt < 2 {
        return Err(DispatchError::CarrierUnavailable { attempt: context.attempt });
    }
    Ok(Shipment { shipment: format!("shp_{}", context.invocation_id), carrier, order, reservation, days })
}

/// Days on the way to an address that can be reached.
fn days_to(address: &Address) -> Result<u32, DispatchError> {
    let Address { name, street, city, postcode, country } = address;
    for (what, line) in [("name", name), ("street", street), ("city", city), ("postcode", postcode)] {
        if line.trim().is_empty() || line.chars().count() > LINE_MAX {
            return Err(DispatchError::Undeliverable(format!("the {what} of an address has 1 to {LINE_MAX} letters")));
        }
    }
    let found = COUNTRIES.iter().find(|(code, _)| code == country);
    let (_, days) = found.ok_or_else(|| DispatchError::Undeliverable(format!("nothing is sent to {country}")))?;
    Ok(*days)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use weir_sdk::task::Task as _;

    use super::*;

    fn run(attempt: u32, input: &Value) -> Result<Value, TaskError> {
        let context = Context { invocation_id: "i1".into(), attempt, ..Context::default() };
        let output = dispatch::run(&context, input.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&output).unwrap())
    }

    fn parcel(weight_g: u64, service: &str, country: &str, postcode: &str) -> Value {
        let address =
            json!({ "name": "Ada", "street": "Main St 1", "city": "Town", "postcode": postcode, "country": country });
        json!({
            "order": "o-1", "reservation": "res_1", "weight_g": weight_g, "service": service, "address": address,
        })
    }

    #[test]
    fn weight_and_hurry_decide_who_carries() {
        let sent = |weight_g, service| {
            let shipment = run(1, &parcel(weight_g, service, "FR", "75001")).unwrap();
            (shipment["carrier"].as_str().unwrap().to_owned(), shipment["days"].as_u64().unwrap())
        };
        assert_eq!(sent(31_500, "standard"), ("parcel".into(), 4));
        assert_eq!(sent(31_501, "standard"), ("freight".into(), 7));
        assert_eq!(sent(900, "express"), ("courier".into(), 1));
        let shipment = run(1, &parcel(900, "standard", "DE", "10115")).unwrap();
        assert_eq!(shipment["shipment"], "shp_i1");
    }

    #[test]
    fn what_cannot_be_sent_fails_by_name() {
        let name = |weight_g, service, country, postcode| {
            run(1, &parcel(weight_g, service, country, postcode)).unwrap_err().name
        };
        assert_eq!(name(900, "standard", "US", "10001"), "Dispatch.Undeliverable");
        assert_eq!(name(900, "standard", "DE", " "), "Dispatch.Undeliverable");
        assert_eq!(name(31_501, "express", "DE", "10115"), "Dispatch.TooHeavy");
        assert_eq!(name(500_001, "standard", "DE", "10115"), "Dispatch.TooHeavy");
        assert_eq!(name(900, "drone", "DE", "10115"), "InvalidInput");
    }

    #[test]
    fn a_carrier_that_did_not_answer_does_at_the_next_attempt() {
        let input = parcel(900, "standard", "DE", "00000");
        assert_eq!(run(1, &input).unwrap_err().name, "Dispatch.CarrierUnavailable");
        assert_eq!(run(2, &input).unwrap()["shipment"], "shp_i1");
    }
}
