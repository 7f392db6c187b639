//! Settles calls in groups of 64 and prints what one costs the writer: `cargo run --release -p ledger --example settle`.
//!
//! Arguments: how many calls (default 200,000) and over how many subscriptions (default 10).
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::time::Duration;

use ledger::{AdmitRequest, Ended, Ledger, ObjectUnits, Settings, Subscriber};
use types::{
    ApiId, AppId, ByteCount, CallId, Clock, Digest, Fuel, KeyId, ObjectName, Outcome, PlanId, ReleaseId, RouteId,
    SubscriptionId, Terms, Units,
};

const GROUP: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u128>());
    let calls = arguments.next().transpose()?.unwrap_or(200_000);
    let subscriptions = arguments.next().transpose()?.unwrap_or(10);
    // On the disk that holds the build, not in memory.
    let folder = tempfile::tempdir_in(".")?;
    let clock = Clock::system();
    let ledger = Ledger::open(&folder.path().join("usage.db"), clock.clone(), Settings::default())?;
    let subscribers: Vec<Arc<Subscriber>> = (0..subscriptions).map(subscriber).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let start = clock.moment();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..GROUP {
            let (ledger, clock, subscribers) = (ledger.clone(), clock.clone(), subscribers.clone());
            let share = usize::try_from(calls).unwrap_or(usize::MAX) / GROUP;
            tasks.spawn(async move {
                for n in 0..share {
                    let subscriber = &subscribers[(n * 7919 + worker * 104_729) % subscribers.len()];
                    settle(&ledger, &clock, subscriber, n).await;
                }
            });
        }
        tasks.join_all().await;
        ledger.flush().await
    })?;
    let passed = clock.moment().since(start);
    let stats = ledger.stats().store;
    let settled = calls - calls % 64;
    let per_call = |time: Duration| time.as_nanos() / settled.max(1);
    println!("{settled} calls over {subscriptions} subscriptions in {passed:?}, {} commits", stats.commits);
    println!("calls a commit: {}", settled / u128::from(stats.commits.max(1)));
    println!("writer CPU a call: {} ns, wall a call: {} ns", per_call(stats.writer_cpu), per_call(passed));
    let start = clock.moment();
    let chain = runtime.block_on(ledger.reconcile())?;
    println!("reconciled in {:?}: {}", clock.moment().since(start), chain.holds());
    Ok(())
}

async fn settle(ledger: &Ledger, clock: &Clock, subscriber: &Arc<Subscriber>, n: usize) {
    let request = AdmitRequest { subscriber, needs: &[], now: clock.now(), moment: clock.moment() };
    let Ok(admitted) = ledger.admit(request).await else { return };
    if let Err(error) = ledger.settle(admitted, ended(clock, n)).await {
        println!("{error}");
    }
}

fn subscriber(n: u128) -> Arc<Subscriber> {
    let id = (1_800_000_000_000_u128 << 80) | n;
    Arc::new(Subscriber {
        subscription: SubscriptionId::from_u128(id),
        plan: PlanId::from_u128(1),
        plan_name: Arc::from("PRO"),
        app: AppId::from_u128(id),
        key: KeyId::from_u128(id),
        test: false,
        api: ApiId::from_u128(1),
        anchor: types::Timestamp::from_micros(1_760_000_000_000_000),
        terms: Arc::new(Terms::default()),
        spend_cap: None,
    })
}

fn ended(clock: &Clock, n: usize) -> Ended {
    let one = Units::saturating(1);
    let spread = u64::try_from(n % 97).unwrap_or(0);
    Ended {
        call: CallId::generate(clock.now()),
        client_request_id: None,
        route: RouteId::from_u128(1),
        release: ReleaseId::from_u128(1),
        component: Digest::from_bytes([1; 32]),
        ended_at: clock.now(),
        status: 200,
        outcome: Outcome::Ok,
        error_code: None,
        client_gone: false,
        units: vec![ObjectUnits { object: ObjectName::requests(), units: one, billed: one }],
        total: Duration::from_micros(300 + spread * 11),
        component_time: Duration::from_micros(90 + spread * 3),
        fuel: Fuel::saturating(120_000 + spread),
        fuel_schedule: 1,
        memory_peak: ByteCount::mib(2),
        request_bytes: ByteCount::saturating(120),
        response_bytes: ByteCount::saturating(480),
        egress_bytes: ByteCount::ZERO,
        egress_calls: 0,
    }
}
