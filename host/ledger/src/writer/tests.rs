use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use rusqlite::types::Value;
use types::{
    ApiId, AppId, ByteCount, CallId, Digest, Fuel, KeyId, LimitKind, Outcome, Per, Period, PlanId, Quota, ReleaseId,
    RouteId, SubscriptionId, Terms, Units,
};

use super::*;
use crate::counter::Counter;
use crate::ended::ObjectUnits;
use crate::sql::{MIGRATIONS, reconcile};

const PERIOD: Period = Period { start: Timestamp::from_micros(0), end: Timestamp::from_micros(1 << 60) };

/// What the tables hold that do not tell how calls were grouped.
const TABLES: [&str; 9] = [
    "SELECT seq, call_id, subscription, plan, route, outcome, status, units, billed_units, total_us, fuel FROM call",
    "SELECT * FROM usage",
    "SELECT * FROM counter",
    "SELECT * FROM rollup_minute",
    "SELECT * FROM rollup_hour",
    "SELECT * FROM rollup_day",
    "SELECT * FROM rollup_units",
    "SELECT * FROM latency_bucket",
    "SELECT * FROM latency_bucket_app",
];

/// One call of the property: consumer, route, moment, requests billed, pages billed, failed.
type Shape = (u8, u8, u32, u8, u8, bool);

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    vec((0_u8..3, 0_u8..2, 0_u32..200, 0_u8..3, 0_u8..4, any::<bool>()), 1..40)
}

fn soft(object: &str, amount: u64) -> Quota {
    let object = object.parse().unwrap();
    Quota { object, amount: Units::saturating(amount), per: Per::Month, limit: LimitKind::Soft, overage: None }
}

fn op((consumer, route, minute, requests, pages, failed): Shape, n: u128) -> Op {
    let id = u128::from(consumer) + 1;
    let terms = Terms { quotas: vec![soft("requests", 5), soft("pages", 3)], ..Terms::default() };
    let subscriber = Subscriber {
        subscription: SubscriptionId::from_u128(id),
        plan: PlanId::from_u128(id % 2),
        plan_name: Arc::from("PRO"),
        app: AppId::from_u128(id),
        key: KeyId::from_u128(id),
        test: false,
        api: ApiId::from_u128(1),
        anchor: Timestamp::from_micros(0),
        terms: Arc::new(terms),
        spend_cap: None,
    };
    let units: Vec<ObjectUnits> = [("requests", requests), ("pages", pages)]
        .map(|(object, units)| {
            let units = Units::saturating(u64::from(units));
            ObjectUnits { object: object.parse().unwrap(), units, billed: units }
        })
        .into();
    let hold = |quota: &Quota| {
        let counter = Arc::new(Counter::at(Units::ZERO));
        Hold::take(counter, quota, PERIOD, Units::saturating(10)).unwrap()
    };
    let holds = subscriber.terms.quotas.iter().map(hold).collect();
    let ended_at = Timestamp::from_micros(0).after(Duration::from_mins(u64::from(minute)));
    let ended = Ended {
        call: CallId::from_u128(n + 1),
        client_request_id: None,
        route: RouteId::from_u128(u128::from(route)),
        release: ReleaseId::from_u128(1),
        component: Digest::from_bytes([1; 32]),
        ended_at,
        status: if failed { 502 } else { 200 },
        outcome: if failed { Outcome::Trap } else { Outcome::Ok },
        error_code: None,
        client_gone: false,
        units,
        total: Duration::from_micros(u64::from(minute) * 31),
        component_time: Duration::from_micros(7),
        fuel: Fuel::saturating(u64::from(minute)),
        fuel_schedule: 1,
        memory_peak: ByteCount::saturating(u64::from(minute)),
        request_bytes: ByteCount::ZERO,
        response_bytes: ByteCount::ZERO,
        egress_bytes: ByteCount::ZERO,
        egress_calls: 0,
    };
    Op::Settle(Arc::new(Settlement::new(Arc::new(subscriber), ended_at, holds, ended)))
}

/// Settles `shapes` in groups of `size`, each in a transaction of its own, and writes the sums.
fn settled(shapes: &[Shape], size: usize) -> Connection {
    let file = Connection::open_in_memory().unwrap();
    file.execute_batch(&MIGRATIONS.concat()).unwrap();
    let rollups = Rollups::new();
    rollups.gathered().restart(0);
    let mut writer = Writer::new(rollups.clone(), Totals::default(), Clock::system());
    let ops: Vec<Op> = shapes.iter().zip(0..).map(|(shape, n)| op(*shape, n)).collect();
    for group in ops.chunks(size) {
        let transaction = file.unchecked_transaction().unwrap();
        assert_eq!(writer.settle(&transaction, group).unwrap().len(), group.len());
        transaction.commit().unwrap();
        writer.committed();
    }
    assert!(rollup::flush(&file, &mut rollups.gathered()).unwrap());
    file
}

fn rows(file: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = file.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

proptest! {
    #[test]
    fn a_group_of_n_leaves_what_n_groups_of_one_leave(shapes in shapes(), size in 2_usize..40) {
        let (one_by_one, grouped) = (settled(&shapes, 1), settled(&shapes, size));
        for table in TABLES {
            prop_assert_eq!(rows(&one_by_one, table), rows(&grouped, table), "{}", table);
        }
        for file in [&one_by_one, &grouped] {
            let books = reconcile::reconcile(file).unwrap();
            prop_assert!(books.holds(), "{:?}", books);
        }
    }

    #[test]
    fn sums_made_from_the_rows_are_those_that_were_gathered(shapes in shapes()) {
        let file = settled(&shapes, 7);
        let gathered: Vec<_> = TABLES.iter().map(|table| rows(&file, table)).collect();
        for table in ["rollup_minute", "rollup_hour", "rollup_day", "rollup_units", "latency_bucket", "latency_bucket_app"] {
            file.execute(&format!("DELETE FROM {table}"), []).unwrap();
        }
        file.execute("UPDATE rolled SET link = 0", []).unwrap();
        let rollups = Rollups::new();
        assert!(rollup::flush(&file, &mut rollups.gathered()).unwrap());
        let made: Vec<_> = TABLES.iter().map(|table| rows(&file, table)).collect();
        prop_assert_eq!(gathered, made);
    }
}

#[test]
fn an_undone_group_leaves_no_dimension_behind() {
    let file = Connection::open_in_memory().unwrap();
    file.execute_batch(&MIGRATIONS.concat()).unwrap();
    let mut writer = Writer::new(Rollups::new(), Totals::default(), Clock::system());
    let transaction = file.unchecked_transaction().unwrap();
    writer.settle(&transaction, &[op((0, 0, 1, 1, 1, false), 0)]).unwrap();
    transaction.rollback().unwrap();
    writer.undone();
    let transaction = file.unchecked_transaction().unwrap();
    writer.settle(&transaction, &[op((0, 0, 1, 1, 1, false), 1)]).unwrap();
    transaction.commit().unwrap();
    writer.committed();
    assert!(rollup::flush(&file, &mut writer.rollups.gathered()).unwrap());
    assert_eq!(rows(&file, "SELECT count(*) FROM traffic_day WHERE calls = 1"), [[Value::Integer(1)]]);
    assert!(reconcile::reconcile(&file).unwrap().holds());
}
