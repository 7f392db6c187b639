//! Who starts executions, stops them, and answers what they ask; and what the host has acknowledged to them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tests::{App, Host, Said, States};

use super::machines::{IDLE, Machines, VARIANTS, WORKER, kind_of, name};

/// Orders that are started in each round.
const ORDERS: usize = 2;
/// Workers of the activity.
const WORKERS: usize = 2;
/// How long clients rest between two requests.
const PAUSE: Duration = Duration::from_millis(15);
/// How often somebody looks whether all have ended.
const LOOK: Duration = Duration::from_millis(100);
/// Before the first kill.
const UNCUT: usize = usize::MAX;

/// What clients remember, whatever becomes of the host.
#[derive(Default)]
pub(super) struct Office {
    memory: Mutex<Memory>,
    /// The number of the next answer.
    next: AtomicU64,
}

#[derive(Default)]
struct Memory {
    /// Acknowledged starts, in their order, by name and round.
    started: Vec<(String, usize)>,
    /// Starts that nobody answered. They are asked for again, as an SDK does.
    unsure: Vec<String>,
    /// Acknowledged stops.
    stopped: BTreeSet<String>,
    /// Calls that were answered 202.
    called: Vec<String>,
    /// Acknowledged answers, by the execution's name.
    answers: Vec<(String, u64)>,
    /// Answers that nobody acknowledged. They are sent again.
    unsent: Vec<Answer>,
    /// Executions that the clerk has an answer for.
    handled: BTreeSet<String>,
}

/// What somebody outside says to a task that waits for him.
#[derive(Clone)]
struct Answer {
    execution: String,
    token: String,
    by: u64,
}

impl Office {
    pub(super) fn started(&self) -> Vec<String> {
        self.memory().started.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn started_in(&self, round: usize) -> Vec<String> {
        self.memory().started.iter().filter(|(_, of)| *of == round).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn is_stopped(&self, name: &str) -> bool {
        self.memory().stopped.contains(name)
    }

    pub(super) fn called(&self) -> Vec<String> {
        self.memory().called.clone()
    }

    pub(super) fn answers(&self) -> Vec<(String, u64)> {
        self.memory().answers.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer of its own to the task of `execution` that waits for `token`.
    fn answer(&self, execution: &str, token: &Value) -> anyhow::Result<Answer> {
        let token = token.as_str().with_context(|| format!("{execution} has handed out a token"))?.to_owned();
        Ok(Answer { execution: execution.to_owned(), token, by: self.next.fetch_add(1, Ordering::Relaxed) })
    }
}

/// All of them.
pub(super) struct Clients<'a> {
    pub(super) machines: &'a Machines,
    pub(super) office: &'a Office,
    pub(super) states: &'a States,
    pub(super) app: &'a App,
}

impl Clients<'_> {
    /// Runs one execution of each kind to its end, with nothing in its way.
    pub(super) fn uncut(&self, host: &mut Host, within: Duration) -> anyhow::Result<()> {
        let app = self.app.at(host);
        self.during(host, None, |states| {
            for variant in 0..VARIANTS {
                self.start(states, name(&format!("order-{variant}"), "uncut"), UNCUT)?;
            }
            self.call(&app)?;
            self.wait(states, within)
        })
    }

    /// Puts the host under load, and kills it after `moment`.
    pub(super) fn load(&self, host: &mut Host, round: usize, moment: Duration) -> anyhow::Result<()> {
        self.during(host, Some(round), |_| {
            sleep(moment);
            Ok(())
        })
    }

    /// Asks again for what nobody answered, and waits until everything has ended.
    pub(super) fn until_all_have_ended(&self, host: &mut Host, within: Duration) -> anyhow::Result<()> {
        self.during(host, None, |states| {
            self.ask_again(states, UNCUT)?;
            for name in self.office.started().iter().filter(|name| kind_of(name) == IDLE) {
                states.must("StopExecution", &json!({ "executionArn": self.machines.execution(name) }))?;
            }
            self.wait(states, within)
        })
    }

    /// Lets a clerk and workers answer, and somebody start what belongs to `round`, while `act` is done. The host is
    /// killed after it.
    fn during(
        &self,
        host: &mut Host,
        round: Option<usize>,
        act: impl FnOnce(&States) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let stop = AtomicBool::new(false);
        let stop = &stop;
        std::thread::scope(|scope| {
            let mut others = Vec::new();
            for _ in 0..WORKERS {
                let states = self.states.at(host);
                others.push(scope.spawn(move || self.work(&states, stop)));
            }
            let states = self.states.at(host);
            others.push(scope.spawn(move || self.serve(&states, stop)));
            if let Some(round) = round {
                let (states, app) = (self.states.at(host), self.app.at(host));
                others.push(scope.spawn(move || self.start_all(&states, &app, (round, stop))));
            }
            let acted = act(&self.states.at(host));
            let killed = host.kill();
            stop.store(true, Ordering::Relaxed);
            for other in others {
                other.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
            }
            acted.and(killed)
        })
    }

    /// Starts what belongs to a round, and stops some of it.
    fn start_all(&self, states: &States, app: &App, (round, stop): (usize, &AtomicBool)) -> anyhow::Result<()> {
        let is_over = || {
            sleep(PAUSE);
            stop.load(Ordering::Relaxed)
        };
        self.ask_again(states, round)?;
        for order in 0..ORDERS {
            let kind = format!("order-{}", (round * ORDERS + order) % VARIANTS);
            self.start(states, name(&kind, &format!("{round}-{order}")), round)?;
            if is_over() {
                return Ok(());
            }
        }
        self.call(app)?;
        if is_over() {
            return Ok(());
        }
        let idle = name(IDLE, &round.to_string());
        self.start(states, idle.clone(), round)?;
        if is_over() {
            return Ok(());
        }
        let stopped = states.ask("StopExecution", &json!({ "executionArn": self.machines.execution(&idle) }));
        if matches!(stopped, Ok(Said::Done(_))) {
            self.office.memory().stopped.insert(idle);
        }
        Ok(())
    }

    fn ask_again(&self, states: &States, round: usize) -> anyhow::Result<()> {
        let unsure = std::mem::take(&mut self.office.memory().unsure);
        unsure.into_iter().try_for_each(|name| self.start(states, name, round))
    }

    fn start(&self, states: &States, name: String, round: usize) -> anyhow::Result<()> {
        let (machine, input) = self.machines.asked(&name);
        let members = json!({ "stateMachineArn": machine, "name": name, "input": input.to_string() });
        match states.ask("StartExecution", &members) {
            Ok(Said::Done(_)) => self.office.memory().started.push((name, round)),
            // Nobody heard of it when it was asked for before, and it has ended since.
            Ok(Said::Refused(error)) if error == "ExecutionAlreadyExists" => {
                self.office.memory().started.push((name, round));
            }
            Ok(Said::Refused(error)) => bail!("{name} was not started: {error}"),
            Err(_) => self.office.memory().unsure.push(name),
        }
        Ok(())
    }

    /// Calls the API whose calls start executions.
    fn call(&self, app: &App) -> anyhow::Result<()> {
        // Without a response the call may or may not have happened: nothing is promised of it.
        let Ok(reply) = app.post("/kept/a", b"{}") else { return Ok(()) };
        anyhow::ensure!(reply.status == 202, "a call was answered {} {}", reply.status, reply.code);
        self.office.memory().called.push(reply.call);
        Ok(())
    }

    /// A clerk: answers by token the executions that have handed one out, and sends again what was not acknowledged.
    fn serve(&self, states: &States, stop: &AtomicBool) -> anyhow::Result<()> {
        let unsent = std::mem::take(&mut self.office.memory().unsent);
        for answer in unsent {
            self.send(states, answer);
        }
        let running = json!({ "stateMachineArn": self.machines.order, "statusFilter": "RUNNING" });
        while !stop.load(Ordering::Relaxed) {
            // Whatever fails here is found again.
            for execution in states.all("ListExecutions", &running, "executions").unwrap_or_default() {
                let name = execution["name"].as_str().unwrap_or_default();
                if self.office.memory().handled.contains(name) {
                    continue;
                }
                let last = json!({ "executionArn": execution["executionArn"], "reverseOrder": true, "maxResults": 1 });
                let Ok(Said::Done(mut last)) = states.ask("GetExecutionHistory", &last) else { break };
                let submitted = last["events"][0]["taskSubmittedEventDetails"].take();
                if submitted["resourceType"] == "lambda" {
                    let output: Value = serde_json::from_str(submitted["output"].as_str().unwrap_or_default())?;
                    let answer = self.office.answer(name, &output["Payload"]["token"])?;
                    self.office.memory().handled.insert(name.to_owned());
                    self.send(states, answer);
                }
            }
            sleep(PAUSE);
        }
        Ok(())
    }

    /// A worker: takes up activities one after the other.
    fn work(&self, states: &States, stop: &AtomicBool) -> anyhow::Result<()> {
        let poll = json!({ "activityArn": self.machines.activity, "workerName": WORKER });
        while !stop.load(Ordering::Relaxed) {
            let Ok(Said::Done(taken)) = states.ask("GetActivityTask", &poll) else {
                sleep(PAUSE);
                continue;
            };
            let Some(input) = taken["input"].as_str() else { continue };
            let input: Value = serde_json::from_str(input)?;
            let execution = input["of"].as_str().context("an activity says whose it is")?;
            let answer = self.office.answer(execution, &taken["taskToken"])?;
            self.send(states, answer);
        }
        Ok(())
    }

    fn send(&self, states: &States, answer: Answer) {
        let (_, input) = self.machines.asked(&answer.execution);
        let output = json!({ "n": input["n"], "by": answer.by }).to_string();
        match states.ask("SendTaskSuccess", &json!({ "taskToken": answer.token, "output": output })) {
            Ok(Said::Done(_)) => self.office.memory().answers.push((answer.execution, answer.by)),
            // It was taken before, or the heartbeat has stayed away for too long.
            Ok(Said::Refused(_)) => {}
            Err(_) => self.office.memory().unsent.push(answer),
        }
    }

    /// Waits until nothing runs any more.
    fn wait(&self, states: &States, within: Duration) -> anyhow::Result<()> {
        let calls = states.of_calls();
        let mut left = Vec::new();
        for _ in 0..within.as_millis() / LOOK.as_millis() {
            let running = |machine: &str| json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
            left = states.all("ListExecutions", &running(&self.machines.order), "executions")?;
            left.extend(calls.all("ListExecutions", &running(&self.machines.of_calls()), "executions")?);
            if left.is_empty() {
                return Ok(());
            }
            sleep(LOOK);
        }
        let events = left.first().map(|one| json!({ "executionArn": one["executionArn"], "reverseOrder": true }));
        let last = events.map(|members| states.ask("GetExecutionHistory", &members));
        bail!("{} executions do not end, such as {last:?}", left.len())
    }
}
