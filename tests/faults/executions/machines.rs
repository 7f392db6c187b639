//! State machines that together have every type of state, each way of waiting for somebody, and each way of failing.

use anyhow::Context as _;
use serde_json::{Value, json};
use tests::States;

/// Inputs that the orders differ by.
pub(super) const VARIANTS: usize = 4;
/// The kind of executions that wait until they are stopped.
pub(super) const IDLE: &str = "idle";
/// The name under which workers take up activities.
pub(super) const WORKER: &str = "worker";

/// The machines, by their ARNs.
pub(super) struct Machines {
    pub(super) order: String,
    pub(super) idle: String,
    pub(super) activity: String,
}

impl Machines {
    /// Makes them all.
    pub(super) fn made(states: &States) -> anyhow::Result<Self> {
        let activity = states.must("CreateActivity", &json!({ "name": "check" }))?;
        let activity = activity["activityArn"].as_str().context("an activity has an ARN")?.to_owned();
        let child = states.machine("child", &child())?;
        let idle = states.machine(IDLE, &waits_for_ever())?;
        let order = states.machine("order", &order(&child, &activity))?;
        Ok(Self { order, idle, activity })
    }

    /// The machine of an execution of this name, and its input.
    pub(super) fn asked(&self, name: &str) -> (&str, Value) {
        match kind_of(name) {
            kind if kind == IDLE => (&self.idle, json!({})),
            kind => {
                (&self.order, json!({ "n": kind.trim_start_matches("order-").parse::<usize>().unwrap_or_default() }))
            }
        }
    }

    /// The ARN of the execution of this name.
    pub(super) fn execution(&self, name: &str) -> String {
        let (machine, _) = self.asked(name);
        format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"))
    }

    /// The ARN of the machine whose executions calls start.
    pub(super) fn of_calls(&self) -> String {
        let account = self.order.split(':').nth(4).unwrap_or_default();
        format!("arn:aws:states:local:{account}:stateMachine:kept")
    }
}

/// The name of an execution of this kind: `order-2.17-0` is the first that was started in round 17.
pub(super) fn name(kind: &str, of: &str) -> String {
    format!("{kind}.{of}")
}

/// The kind of the execution of this name. All of a kind come to the same.
pub(super) fn kind_of(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_owned()
}

/// One state of this name, which asks for `resource`. No two states of a machine have one name.
fn task(name: &str, resource: &str) -> Value {
    json!({ "StartAt": name, "States": { name: { "Type": "Task", "Resource": resource, "End": true } } })
}

fn child() -> Value {
    task("Work", "component:echo")
}

fn waits_for_ever() -> Value {
    json!({ "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 864_000, "End": true } } })
}

/// What a call starts.
pub(super) fn of_calls() -> Value {
    json!({ "StartAt": "Shape", "States": {
        "Shape": { "Type": "Pass", "Result": [1, 2], "Next": "Each" },
        "Each": { "Type": "Map", "ItemProcessor": task("Work", "component:echo"), "End": true } } })
}

/// The children of a distributed Map of this type, with one state of this name.
fn spread(name: &str, kind: &str) -> Value {
    let mut processor = task(name, "component:echo");
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": kind });
    processor
}

fn order(child: &str, activity: &str) -> Value {
    json!({ "StartAt": "Shape", "States": {
        "Shape": { "Type": "Pass", "Parameters": { "lines": [1, 2, 3], "n.$": "$.n" }, "Next": "Which" },
        "Which": { "Type": "Choice", "Default": "Unhappy",
            "Choices": [{ "Variable": "$.n", "NumericGreaterThanEquals": 0, "Next": "Nap" }] },
        "Nap": { "Type": "Wait", "Seconds": 1, "Next": "Decline" },
        "Decline": { "Type": "Task", "Resource": "component:decline", "ResultPath": null,
            "Retry": [{ "ErrorEquals": ["CardDeclined"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 1 }],
            "Catch": [{ "ErrorEquals": ["CardDeclined"], "ResultPath": "$.caught", "Next": "Each" }], "Next": "Unhappy" },
        "Each": { "Type": "Map", "ItemsPath": "$.lines", "MaxConcurrency": 2, "ResultPath": "$.each",
            "ItemProcessor": task("One", "component:echo"), "Next": "Both" },
        "Both": { "Type": "Parallel", "ResultPath": "$.both", "Branches": [
            task("Left", "arn:aws:lambda:eu-central-1:123456789012:function:echo"),
            { "StartAt": "Child", "States": { "Child": { "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": { "StateMachineArn": child, "Input": { "n.$": "$.n" } },
                "ResultSelector": { "output.$": "$.Output" }, "End": true } } }], "Next": "Spread" },
        "Spread": { "Type": "Map", "Label": "spread", "ItemsPath": "$.lines", "ResultPath": "$.spread",
            "ItemProcessor": spread("Kept", "STANDARD"), "Next": "Quick" },
        "Quick": { "Type": "Map", "Label": "quick", "ItemsPath": "$.lines", "ResultPath": "$.quick",
            "ItemProcessor": spread("Brief", "EXPRESS"), "Next": "Ask" },
        "Ask": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": { "FunctionName": "echo", "Payload": { "token.$": "$$.Task.Token", "n.$": "$.n" } },
            "ResultSelector": { "n.$": "$.n" }, "ResultPath": "$.ask", "Next": "Check" },
        // A worker that is handed a task by a host that dies in the same moment never hears of it.
        "Check": { "Type": "Task", "Resource": activity, "Parameters": { "n.$": "$.n", "of.$": "$$.Execution.Name" }, "HeartbeatSeconds": 3,
            "Retry": [{ "ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "BackoffRate": 1,
                "MaxAttempts": 1000 }],
            "ResultSelector": { "n.$": "$.n" }, "ResultPath": "$.check", "Next": "Last" },
        "Last": { "Type": "Choice", "Default": "Done", "Choices": [
            { "Or": [{ "Variable": "$.n", "NumericEquals": 1 }, { "Variable": "$.n", "NumericEquals": 3 }],
                "Next": "Unhappy" }] },
        "Done": { "Type": "Succeed" },
        "Unhappy": { "Type": "Fail", "Error": "Unhappy", "Cause": "as it was asked for" } } })
}
