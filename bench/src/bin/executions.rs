//! Times durable executions by themselves, on a real file and with every commit on disk: transitions, a large Map,
//! executions that sleep, timers, and how long a start takes. Prints one line of JSON.
//!
//! `executions FOLDER`: makes workflows.db there, which must not be a file system in memory.
#![expect(clippy::print_stdout, reason = "the line of JSON is this program's answer")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use types::{Clock, OrganisationId};
use workflows::{
    Asking, Caller, CutOff, Job, Performed, Performing, Settings, Standing, Stopping, Submitted, Work, Workflows,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Task states of a machine whose transitions are counted.
const TASKS: usize = 20;
/// Executions that sleep at once.
const SLEEPING: usize = 100_000;
/// Starts under way at a time while they are made.
const STARTING: usize = 500;
/// How long after the last start what sleepers hold is read.
const AT_REST: Duration = Duration::from_secs(2);
/// Timers that are due in one second.
const TIMERS: usize = 1_000;
/// Items of the large Map.
const ITEMS: usize = 10_000;
/// Starts one after the other, whose times are quoted.
const STARTS: usize = 500;

/// Answers every task at once with its input.
struct Echo;

impl Work for Echo {
    fn perform(&self, job: Job) -> Performing {
        Box::pin(async move { Performed { answer: Ok(job.task.input), job: None, usage: None } })
    }

    fn ask(&self, _job: Submitted) -> Asking {
        Box::pin(async { Standing::Runs })
    }

    fn stop(&self, _job: Submitted) -> Stopping {
        Box::pin(async { Ok(()) })
    }

    fn cut_off(&self, _attempt: &CutOff) -> Option<String> {
        None
    }
}

struct House {
    workflows: Workflows,
    caller: Caller,
    clock: Clock,
    path: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("usage: executions FOLDER")?.into();
    std::fs::create_dir_all(&folder)?;
    let mut report = json!({});
    // First, and in a file of their own: what the process holds then is theirs.
    let (resident, ready) = sleepers(folder.join("sleepers.db")).await?;
    report["sleeping_100000_resident_mib"] = json!(resident);
    report["sleeping_100000_ready_ms"] = json!(ready);
    let house = House::open(folder.join("workflows.db"))?;
    for count in [1, 64, 1_000] {
        report[format!("task_transitions_per_s_{count}")] = json!(house.transitions(count).await?);
    }
    let (starts, forced) = house.starts(&folder.join("forced")).await?;
    let (fsync, slowest) = (percentile(&forced, 50), percentile(&forced, 99));
    report["fsync_p50_us"] = json!(fsync);
    report["fsync_p99_us"] = json!(slowest);
    report["start_p50_us"] = json!(percentile(&starts, 50));
    report["start_p99_us"] = json!(percentile(&starts, 99));
    report["start_p99_over_fsync_p50"] = json!(ratio(percentile(&starts, 99), fsync));
    report["start_p99_over_fsync_p99"] = json!(ratio(percentile(&starts, 99), slowest));
    let (seconds, wal) = house.map().await?;
    report["map_of_10000_tasks_s"] = json!(seconds);
    report["map_wal_mib"] = json!(wal >> 20);
    report["timers_of_1000_last_late_ms"] = json!(house.timers().await?);
    house.workflows.close().await;
    println!("{report}");
    Ok(())
}

impl House {
    fn open(path: PathBuf) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let workflows = Workflows::open(&path, Settings::default(), clock.clone(), Arc::new(Echo))?;
        let caller = Caller {
            organisation: OrganisationId::from_u128(1),
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            actor: Caller::HOST.to_owned(),
        };
        Ok(Self { workflows, caller, clock, path })
    }

    async fn call(&self, operation: &str, body: Value) -> anyhow::Result<Value> {
        Ok(self.workflows.call(&self.caller, operation, body).await?)
    }

    async fn machine(&self, name: &str, definition: &Value) -> anyhow::Result<String> {
        let body = json!({ "name": name, "definition": definition.to_string(), "roleArn": "" });
        text(&self.call("CreateStateMachine", body).await?, "stateMachineArn")
    }

    async fn start(&self, machine: &str, input: &Value) -> anyhow::Result<String> {
        let body = json!({ "stateMachineArn": machine, "input": input.to_string() });
        text(&self.call("StartExecution", body).await?, "executionArn")
    }

    /// Waits until none of them runs.
    async fn all_ended(&self, machine: &str) -> anyhow::Result<()> {
        let running = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1 });
        while self.call("ListExecutions", running.clone()).await?["executions"].get(0).is_some() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let failed = json!({ "stateMachineArn": machine, "statusFilter": "FAILED", "maxResults": 1 });
        match self.call("ListExecutions", failed).await?["executions"].get(0) {
            None => Ok(()),
            Some(one) => bail!("an execution failed: {one}"),
        }
    }

    /// Task transitions a second of so many executions side by side.
    async fn transitions(&self, count: usize) -> anyhow::Result<f64> {
        let machine = self.machine(&format!("row{count}"), &row()).await?;
        let rounds = (4_000 / (count * TASKS)).max(1);
        let began = self.clock.moment();
        for _ in 0..rounds {
            let mut starts = tokio::task::JoinSet::new();
            for _ in 0..count {
                let (workflows, caller) = (self.workflows.clone(), self.caller.clone());
                let body = json!({ "stateMachineArn": machine, "input": "{\"order\": 1}" });
                starts.spawn(async move { workflows.call(&caller, "StartExecution", body).await });
            }
            while let Some(started) = starts.join_next().await {
                started??;
            }
            self.all_ended(&machine).await?;
        }
        let seconds = self.clock.moment().since(began).as_secs_f64();
        Ok(per(rounds * count * TASKS, seconds))
    }

    /// How long each of so many starts takes, and as many writes of a page to another file that are forced to disk, in turn:
    /// a disk that is asked now and then takes longer than one that is asked without a pause. In microseconds, sorted.
    async fn starts(&self, beside: &Path) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
        let machine = self.machine("sleep", &sleep(86_400)).await?;
        let mut file = std::fs::File::create(beside)?;
        let (mut times, mut forced) = (Vec::with_capacity(STARTS), Vec::with_capacity(STARTS));
        for _ in 0..STARTS {
            let began = self.clock.moment();
            let execution = self.start(&machine, &json!({})).await?;
            times.push(micros(self.clock.moment().since(began)));
            self.call("StopExecution", json!({ "executionArn": execution })).await?;
            let began = self.clock.moment();
            file.write_all(&[0; 4_096])?;
            file.sync_data()?;
            forced.push(micros(self.clock.moment().since(began)));
        }
        times.sort_unstable();
        forced.sort_unstable();
        Ok((times, forced))
    }

    /// How long a Map over many Task items takes, and how large the log of the file became.
    async fn map(&self) -> anyhow::Result<(f64, u64)> {
        let inner = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" }, "StartAt": "Work", "States": { "Work": { "Type": "Task", "Resource": "component:echo", "End": true } } });
        let definition = json!({ "StartAt": "Each", "States": {
            "Each": { "Type": "Map", "MaxConcurrency": 40, "ItemProcessor": inner, "ResultPath": null, "End": true } } });
        let machine = self.machine("map", &definition).await?;
        let (done, largest) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let wal = PathBuf::from(format!("{}-wal", self.path.display()));
        let watch = tokio::task::spawn_blocking({
            let (done, largest) = (Arc::clone(&done), Arc::clone(&largest));
            move || {
                while !done.load(Ordering::Relaxed) {
                    let bytes = std::fs::metadata(&wal).map_or(0, |file| file.len());
                    largest.fetch_max(bytes, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        });
        let began = self.clock.moment();
        let items: Vec<usize> = (0..ITEMS).collect();
        self.start(&machine, &json!(items)).await?;
        self.all_ended(&machine).await?;
        let seconds = self.clock.moment().since(began).as_secs_f64();
        done.store(true, Ordering::Relaxed);
        watch.await?;
        Ok((seconds, largest.load(Ordering::Relaxed)))
    }

    /// How late the last of many timers is that are due in one second.
    async fn timers(&self) -> anyhow::Result<u128> {
        let machine = self.machine("timer", &sleep_until()).await?;
        let due = self.clock.now().after(Duration::from_secs(12));
        let mut starts = tokio::task::JoinSet::new();
        for at in 0..TIMERS {
            let at = due.after(Duration::from_millis(u64::try_from(at * 1_000 / TIMERS)?));
            let (workflows, caller) = (self.workflows.clone(), self.caller.clone());
            let input = json!({ "at": at.to_string() }).to_string();
            let body = json!({ "stateMachineArn": machine, "input": input });
            starts.spawn(async move { workflows.call(&caller, "StartExecution", body).await });
        }
        while let Some(started) = starts.join_next().await {
            started??;
        }
        let last = due.after(Duration::from_secs(1));
        self.all_ended(&machine).await?;
        Ok(self.clock.now().since(last).as_millis())
    }
}

/// Many executions that wait: what the process that has started them holds then, and how long a start takes until new ones
/// are served beside them.
async fn sleepers(path: PathBuf) -> anyhow::Result<(u64, u128)> {
    let house = House::open(path.clone())?;
    let machine = house.machine("sleepers", &sleep(31_536_000)).await?;
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..SLEEPING {
        if starts.len() >= STARTING
            && let Some(started) = starts.join_next().await
        {
            let _: Value = started??;
        }
        let (workflows, caller) = (house.workflows.clone(), house.caller.clone());
        let body = json!({ "stateMachineArn": machine });
        starts.spawn(async move { workflows.call(&caller, "StartExecution", body).await });
    }
    while let Some(started) = starts.join_next().await {
        started??;
    }
    while house.workflows.live() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What the rush to start them took, the allocator gives back within a moment. It is no sleeper's.
    tokio::time::sleep(AT_REST).await;
    let resident = resident_mib()?;
    house.workflows.close().await;
    // The other house's clock counts from its own beginning.
    let clock = house.clock.clone();
    let began = clock.moment();
    let house = House::open(path)?;
    let other = house.machine("after", &json!({ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } })).await?;
    house.start(&other, &json!({})).await?;
    house.all_ended(&other).await?;
    let ready = clock.moment().since(began).as_millis();
    house.workflows.close().await;
    Ok((resident, ready))
}

/// Tasks in a row.
fn row() -> Value {
    let state = |place: usize| {
        let mut state = json!({ "Type": "Task", "Resource": "component:echo" });
        if place + 1 == TASKS {
            state["End"] = json!(true);
        } else {
            state["Next"] = json!(format!("S{}", place + 1));
        }
        (format!("S{place}"), state)
    };
    json!({ "StartAt": "S0", "States": (0..TASKS).map(state).collect::<Value>() })
}

fn sleep(seconds: u32) -> Value {
    json!({ "StartAt": "Sleep", "States": { "Sleep": { "Type": "Wait", "Seconds": seconds, "End": true } } })
}

fn sleep_until() -> Value {
    json!({ "StartAt": "Sleep", "States": { "Sleep": { "Type": "Wait", "TimestampPath": "$.at", "End": true } } })
}

fn text(answer: &Value, member: &str) -> anyhow::Result<String> {
    answer[member].as_str().map(str::to_owned).with_context(|| format!("no {member} in {answer}"))
}

fn micros(passed: Duration) -> u64 {
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}

fn per(count: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}

fn ratio(part: u64, whole: u64) -> f64 {
    let number = |value: u64| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

fn percentile(sorted: &[u64], percent: usize) -> u64 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// What this process holds in memory.
fn resident_mib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib / 1_024)
}
