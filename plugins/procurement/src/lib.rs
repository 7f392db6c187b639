//! Procurement: the second step of the order example. It sets goods aside, and puts them back when a later step fails.
//!
//! It stands for a warehouse whose stock does not change: a component keeps nothing between calls. The reservation's
//! number follows from the invocation, so that a repeated step sets nothing aside twice.

use serde::{Deserialize, Serialize};
use weir_sdk::Context;
use weir_sdk::task::TaskError;

/// Different items of one reservation.
const ITEMS_MAX: usize = 50;
/// Pieces of one item.
const QUANTITY_MAX: u64 = 1000;

/// An item of the warehouse: its name, how many there are, and what one weighs, in grams.
type Stock = (&'static str, u64, u64);

/// What there is.
const STOCK: [Stock; 4] = [("lamp", 1000, 850), ("chair", 40, 6_200), ("piano", 1, 220_000), ("candle", 0, 120)];

/// Why nothing was set aside.
#[derive(Debug, thiserror::Error, TaskError)]
pub enum ProcurementError {
    /// There is less than was asked for.
    #[error("there are {left} of {sku}, not {wanted}")]
    #[task_error("Procurement.OutOfStock")]
    OutOfStock {
        /// The item.
        sku: String,
        /// How many were asked for.
        wanted: u64,
        /// How many there are.
        left: u64,
    },
    /// There is no such item.
    #[error("there is no item {sku}")]
    #[task_error("Procurement.UnknownItem")]
    UnknownItem {
        /// What was asked for.
        sku: String,
    },
    /// Nothing, or too much, was asked for.
    #[error("{0}")]
    #[task_error("Procurement.InvalidQuantity")]
    InvalidQuantity(String),
}

/// Which way the goods go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Aside.
    #[default]
    Reserve,
    /// Back.
    Release,
    /// Ordered from the supplier, whatever is left here.
    Order,
}

/// So many pieces of an item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The item's name.
    pub sku: String,
    /// Pieces.
    pub quantity: u64,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Which way.
    #[serde(default)]
    pub action: Action,
    /// The order that it is for.
    pub order: String,
    /// The goods.
    pub items: Vec<Item>,
    /// With what the supplier answers when the goods are there: the token of a task that waits for it. A real warehouse
    /// hands it on.
    pub callback: Option<String>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Reservation {
    /// Its number.
    pub reservation: String,
    /// `reserved`, `released` or `ordered`.
    pub status: &'static str,
    /// The order.
    pub order: String,
    /// The goods.
    pub items: Vec<Item>,
    /// What they weigh in all, in grams.
    pub weight_g: u64,
}

/// Sets goods aside: all that were asked for, or none; or puts them back.
///
/// # Errors
///
/// [`ProcurementError`], by the names that workflows match.
#[weir_sdk::task]
pub fn procure(context: &Context, request: Request) -> Result<Reservation, ProcurementError> {
    let Request { action, order, items, .. } = request;
    if !(1..=ITEMS_MAX).contains(&items.len()) {
        return Err(ProcurementError::InvalidQuantity(format!("an order has 1 to {ITEMS_MAX} items")));
    }
    let mut weight_g = 0;
    for (at, item) in items.iter().enumerate() {
        let sku = || item.sku.clone();
        let (_, left, grams) = STOCK
            .into_iter()
            .find(|(known, ..)| *known == item.sku)
            .ok_or_else(|| ProcurementError::UnknownItem { sku: sku() })?;
        if !(1..=QUANTITY_MAX).contains(&item.quantity) {
            let why = format!("1 to {QUANTITY_MAX} of {} can be set aside, not {}", item.sku, item.quantity);
            return Err(ProcurementError::InvalidQuantity(why));
        }
        // An item may be listed more than once.
        let wanted: u64 =
            items.iter().take(at + 1).filter(|other| other.sku == item.sku).map(|other| other.quantity).sum();
        if action == Action::Reserve && wanted > left {
            return Err(ProcurementError::OutOfStock { sku: sku(), wanted, left });
        }
        weight_g += item.quantity * grams;
    }
    let status = match action {
        Action::Reserve => "reserved",
        Action::Release => "released",
        Action::Order => "ordered",
    };
    Ok(Reservation { reservation: format!("res_{}", context.invocation_id), status, order, items, weight_g })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use weir_sdk::task::Task as _;

    use super::*;

    fn run(input: &Value) -> Result<Value, TaskError> {
        let context = Context { invocation_id: "i1".into(), ..Context::default() };
        let output = procure::run(&context, input.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&output).unwrap())
    }

    fn order(items: &[(&str, u64)]) -> Value {
        let items: Vec<_> = items.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        json!({ "order": "o-1", "items": items })
    }

    #[test]
    fn goods_are_set_aside_and_weighed() {
        let reserved = run(&order(&[("lamp", 2), ("chair", 1)])).unwrap();
        assert_eq!(reserved["reservation"], "res_i1");
        assert_eq!((reserved["status"].as_str(), reserved["weight_g"].as_u64()), (Some("reserved"), Some(7_900)));
        assert_eq!(run(&order(&[("lamp", 2), ("chair", 1)])).unwrap(), reserved, "again");
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        let name = |items: &[(&str, u64)]| run(&order(items)).unwrap_err().name;
        assert_eq!(name(&[("candle", 1)]), "Procurement.OutOfStock");
        assert_eq!(name(&[("piano", 2)]), "Procurement.OutOfStock");
        assert_eq!(name(&[("piano", 1), ("piano", 1)]), "Procurement.OutOfStock");
        assert_eq!(name(&[("harp", 1)]), "Procurement.UnknownItem");
        assert_eq!(name(&[("lamp", 0)]), "Procurement.InvalidQuantity");
        assert_eq!(name(&[("lamp", u64::MAX)]), "Procurement.InvalidQuantity");
        assert_eq!(name(&[]), "Procurement.InvalidQuantity");
        assert_eq!(run(&json!({ "order": "o" })).unwrap_err().name, "InvalidInput");
    }

    #[test]
    fn what_is_not_there_can_be_ordered_from_the_supplier() {
        let mut ordered = order(&[("candle", 500)]);
        ordered["action"] = "order".into();
        ordered["callback"] = "token".into();
        assert_eq!(run(&ordered).unwrap()["status"], "ordered");
    }

    #[test]
    fn goods_go_back_whatever_is_left() {
        let mut back = order(&[("candle", 3)]);
        back["action"] = "release".into();
        assert_eq!(run(&back).unwrap()["status"], "released");
    }
}
