//! What must not depend on when the host was killed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests::{Books, States};

/// Members of events that are drawn, or are times, or follow from them; `of` is whose they are, `by` who answered.
const DIFFER: [&str; 17] = [
    "id",
    "previousEventId",
    "timestamp",
    "StartDate",
    "StopDate",
    "startDate",
    "stopDate",
    "SdkResponseMetadata",
    "ExecutionArn",
    "Name",
    "mapRunArn",
    "executionId",
    "time",
    "traceparent",
    "token",
    "of",
    "by",
];

/// An execution that has ended, with those that it has started.
pub(super) struct Facts {
    pub(super) arn: String,
    pub(super) status: String,
    /// What it came to, and how often each event with its details happened; of those that it started, too. Branches run
    /// side by side, so the order of events may differ.
    pub(super) lines: Vec<String>,
    /// The ARNs of all of them, by the part that they play.
    family: BTreeMap<String, &'static str>,
    /// Who answered it from outside.
    pub(super) answers: BTreeSet<u64>,
}

impl Facts {
    /// Asks the host.
    pub(super) fn of(states: &States, arn: &str) -> anyhow::Result<Self> {
        let mut facts = Self {
            arn: arn.to_owned(),
            status: String::new(),
            lines: Vec::new(),
            family: BTreeMap::new(),
            answers: BTreeSet::new(),
        };
        facts.status = facts.add(states, arn, "itself")?;
        facts.lines.sort();
        Ok(facts)
    }

    fn add(&mut self, states: &States, arn: &str, part: &'static str) -> anyhow::Result<String> {
        self.family.insert(arn.to_owned(), part);
        let now = states.must("DescribeExecution", &json!({ "executionArn": arn }))?;
        let status = now["status"].as_str().context("an execution has a status")?.to_owned();
        let came_to = ["status", "output", "error", "cause"].map(|name| now[name].to_string());
        self.lines.push(format!("{part} came to {}", came_to.join(" ")));
        let mut events = states.all("GetExecutionHistory", &json!({ "executionArn": arn }), "events")?;
        check_order(arn, &events)?;
        self.look_for_others(states, &events)?;
        forget_unanswered(&mut events);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for mut event in events {
            self.strip(&mut event);
            *counts.entry(event.to_string()).or_default() += 1;
        }
        self.lines.extend(counts.into_iter().map(|(event, count)| format!("{part}: {count} times {event}")));
        Ok(status)
    }

    /// Adds the executions that these events tell of.
    fn look_for_others(&mut self, states: &States, events: &[Value]) -> anyhow::Result<()> {
        for event in events {
            if let Some(output) = event["taskSubmittedEventDetails"]["output"].as_str()
                && let Some(child) = serde_json::from_str::<Value>(output)?["ExecutionArn"].as_str()
            {
                self.add(states, child, "child")?;
            }
            let Some(run) = event["mapRunStartedEventDetails"]["mapRunArn"].as_str() else { continue };
            for child in states.all("ListExecutions", &json!({ "mapRunArn": run }), "executions")? {
                let arn = child["executionArn"].as_str().context("a child has an ARN")?;
                if run.contains("/quick:") {
                    // Of an express execution nothing is kept but how it ended.
                    self.family.insert(arn.to_owned(), "quick");
                    self.lines.push(format!("quick came to {}", child["status"]));
                } else {
                    self.add(states, arn, "spread")?;
                }
            }
        }
        Ok(())
    }

    /// Takes away what may differ, in documents within texts too.
    fn strip(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                self.answers.extend(members.get("by").and_then(Value::as_u64));
                members.retain(|name, _| !DIFFER.contains(&name.as_str()));
                members.values_mut().for_each(|member| self.strip(member));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.strip(item)),
            Value::String(text) if text.starts_with(['{', '[']) => {
                if let Ok(mut document) = serde_json::from_str(text) {
                    self.strip(&mut document);
                    *value = document;
                }
            }
            _ => {}
        }
    }
}

/// Numbered from 1 without a gap, each after the one that it follows from, and none earlier than the one before.
fn check_order(arn: &str, events: &[Value]) -> anyhow::Result<()> {
    let mut before = 0.0;
    for (event, expected) in events.iter().zip(1_u64..) {
        let (id, previous) = (event["id"].as_u64(), event["previousEventId"].as_u64());
        ensure!(id == Some(expected), "{arn}: {event} is number {expected}");
        ensure!(previous < id, "{arn}: {event} follows from a later one");
        let at = event["timestamp"].as_f64().context("an event has a time")?;
        ensure!(at >= before, "{arn}: {event} is earlier than the one before");
        before = at;
    }
    Ok(())
}

/// An activity that a worker was handed by a host that died before the worker heard of it is handed out again when its
/// heartbeat has not come: that attempt is added to the history, and all else stays as it would have been.
fn forget_unanswered(events: &mut Vec<Value>) {
    let is = |event: &Value, kind: &str| event["type"] == kind;
    while let Some(end) = events.iter().position(|event| is(event, "ActivityTimedOut")) {
        let begin = events[..end].iter().rposition(|event| is(event, "ActivityScheduled")).unwrap_or(end);
        events.drain(begin..=end);
    }
}

/// The lines that only one of both has.
pub(super) fn difference(expected: &[String], told: &[String]) -> String {
    let lacking = expected.iter().filter(|line| !told.contains(line)).map(|line| format!("- {line}"));
    let added = told.iter().filter(|line| !expected.contains(line)).map(|line| format!("+ {line}"));
    lacking.chain(added).collect::<Vec<_>>().join("\n")
}

/// The rows of attempts at tasks, by the execution whose they are: component, attempt, outcome, and whether it did
/// anything.
pub(super) struct Used(BTreeMap<String, Vec<String>>);

impl Used {
    pub(super) fn read(books: &Books) -> anyhow::Result<Self> {
        let sql = "SELECT exec_id, coalesce(api.slug, resource) || ', attempt ' || attempt || ': ' || outcome
                     || iif(fuel > 0, '', ', has not run') || iif(units + billed_units > 0, ', billed', '')
                   FROM call LEFT JOIN api ON api.id = call.api WHERE invocation_id IS NOT NULL";
        let mut used: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (execution, row) in books.pairs(sql)? {
            used.entry(execution).or_default().push(row);
        }
        Ok(Self(used))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// How many are of this execution and of those that it started, and what they say.
    pub(super) fn of(&self, facts: &Facts) -> (usize, Vec<String>) {
        let mut lines = Vec::new();
        for (arn, part) in &facts.family {
            lines.extend(self.0.get(arn).into_iter().flatten().map(|row| format!("{part} used {row}")));
        }
        lines.sort();
        (lines.len(), lines)
    }
}
