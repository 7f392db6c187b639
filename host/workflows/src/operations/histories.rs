//! Histories of executions, page by page.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::Page;

use super::executions::find_one;
use super::{Answered, Caller};
use crate::sql;
use crate::sql::executions::Order;
use crate::standard::House;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events {
    execution_arn: String,
    max_results: Option<u32>,
    next_token: Option<String>,
    #[serde(default)]
    reverse_order: bool,
    include_execution_data: Option<bool>,
}

pub(super) async fn events(house: &Arc<House>, caller: &Caller, asked: Events) -> Answered {
    let (_, record) = find_one(house, caller, &asked.execution_arn).await?;
    let order = if asked.reverse_order { Order::NewestFirst } else { Order::OldestFirst };
    let reverse = order == Order::NewestFirst;
    let list = format!("history {} {} {reverse}", caller.organisation, record.seq);
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let first = if reverse { u64::MAX >> 1 } else { 1 };
    let from = page.after.parse().unwrap_or(first);
    let seq = record.seq;
    let steps = house.read(move |db| sql::executions::events(db, seq, from, order)).await?;
    let mut events = Vec::new();
    for step in steps {
        let mut step: Vec<Value> = serde_json::from_str(&step).unwrap_or_default();
        if reverse {
            step.reverse();
        }
        events.extend(step.into_iter().filter(|event| {
            let id = event.get("id").and_then(Value::as_u64).unwrap_or_default();
            if reverse { id <= from } else { id >= from }
        }));
        if events.len() > page.size as usize {
            break;
        }
    }
    let more = events.get(page.size as usize).and_then(|event| event.get("id")).and_then(Value::as_u64);
    events.truncate(page.size as usize);
    let with_data = asked.include_execution_data.unwrap_or(true);
    for event in events.iter_mut().filter_map(Value::as_object_mut) {
        history::show(event);
        if !with_data {
            history::strip(event);
        }
    }
    let mut answer = json!({ "events": events });
    if let Some(more) = more {
        answer["nextToken"] = json!(page.token(&more.to_string()));
    }
    Ok(answer)
}
