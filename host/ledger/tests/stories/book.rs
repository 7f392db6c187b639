//! A ledger on a folder of its own, a clock that stands still, and a consumer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ledger::{
    AdmitError, AdmitRequest, Admitted, Begun, Ended, Ledger, Need, ObjectUnits, Recorded, Settings, Subscriber,
};
use types::{
    ApiId, AppId, ByteCount, CallId, Clock, Digest, Fuel, KeyId, LimitKind, ManualClock, ObjectName, Outcome, Per,
    PlanId, Quota, Rate, ReleaseId, RouteId, SubscriptionId, Terms, Timestamp, Units,
};

pub(crate) struct Book {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pub(crate) hand: Arc<ManualClock>,
    pub(crate) folder: Arc<tempfile::TempDir>,
    settings: Settings,
    pub(crate) route: RouteId,
    pub(crate) release: ReleaseId,
}

pub(crate) fn quota(object: &str, amount: u64, per: Per, limit: LimitKind) -> Quota {
    Quota { object: object.parse().unwrap(), amount: Units::saturating(amount), per, limit, overage: None }
}

pub(crate) fn hard(amount: u64) -> Terms {
    Terms { quotas: vec![quota("requests", amount, Per::Day, LimitKind::Hard)], ..Terms::default() }
}

pub(crate) fn need(object: &str, units: u64) -> Need {
    Need { object: object.parse().unwrap(), units: Units::saturating(units) }
}

pub(crate) fn used(object: &str, units: u64) -> ObjectUnits {
    let units = Units::saturating(units);
    ObjectUnits { object: object.parse().unwrap(), units, billed: units }
}

impl Book {
    pub(crate) fn new() -> Self {
        let (clock, hand) = ManualClock::at(Timestamp::parse("2026-11-22T10:00:00Z").unwrap());
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::on(folder, (clock, hand), Settings::default())
    }

    /// On a file that was dumped as SQL.
    #[expect(clippy::disallowed_methods, reason = "the dump holds the pragmas and the schema of its time")]
    pub(crate) fn of_dump(dump: &str) -> Self {
        let (clock, hand) = ManualClock::at(Timestamp::parse("2026-11-22T10:00:00Z").unwrap());
        let folder = Arc::new(tempfile::tempdir().unwrap());
        rusqlite::Connection::open(folder.path().join("usage.db")).unwrap().execute_batch(dump).unwrap();
        Self::on(folder, (clock, hand), Settings::default())
    }

    fn on(folder: Arc<tempfile::TempDir>, (clock, hand): (Clock, Arc<ManualClock>), settings: Settings) -> Self {
        let ledger = Ledger::open(&folder.path().join("usage.db"), clock.clone(), settings.clone()).unwrap();
        let (route, release) = (RouteId::from_u128(1 << 80), ReleaseId::from_u128(1 << 80));
        Self { ledger, clock, hand, folder, settings, route, release }
    }

    /// Ends as a killed process does, writing nothing more, and starts again on the same folder.
    pub(crate) fn crash(self) -> Self {
        let settings = self.settings.clone();
        self.crash_into(settings)
    }

    /// [`Book::crash`], and starts again with other settings.
    pub(crate) fn crash_into(self, settings: Settings) -> Self {
        let Self { ledger, clock, hand, folder, .. } = self;
        drop(ledger);
        Self::on(folder, (clock, hand), settings)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("usage.db")
    }

    /// For reading, and for doing what nobody should.
    #[expect(clippy::disallowed_methods, reason = "a tool of somebody else opens the file as it likes")]
    pub(crate) fn tool(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.tool().query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap().unwrap_or(-1)
    }

    pub(crate) fn subscriber(&self, terms: Terms) -> Arc<Subscriber> {
        let now = self.clock.now();
        Arc::new(Subscriber {
            subscription: SubscriptionId::generate(now),
            plan: PlanId::generate(now),
            plan_name: Arc::from("BASIC"),
            app: AppId::generate(now),
            key: KeyId::generate(now),
            test: false,
            api: ApiId::from_u128(7 << 80),
            anchor: Timestamp::parse("2026-11-02T15:00:00Z").unwrap(),
            terms: Arc::new(terms),
            spend_cap: None,
        })
    }

    pub(crate) async fn admit(&self, subscriber: &Arc<Subscriber>, needs: &[Need]) -> Result<Admitted, AdmitError> {
        let (now, moment) = (self.clock.now(), self.clock.moment());
        self.ledger.admit(AdmitRequest { subscriber, needs, now, moment }).await
    }

    /// The facts of a call that answered 200 and used `units`.
    pub(crate) fn ended(&self, units: Vec<ObjectUnits>) -> Ended {
        Ended {
            call: CallId::generate(self.clock.now()),
            client_request_id: Some("client-1".to_owned()),
            route: self.route,
            release: self.release,
            component: Digest::of(b"component"),
            ended_at: self.clock.now(),
            status: 200,
            outcome: Outcome::Ok,
            error_code: None,
            client_gone: false,
            units,
            total: Duration::from_micros(1_500),
            component_time: Duration::from_micros(700),
            fuel: Fuel::saturating(2_500_000),
            fuel_schedule: 1,
            memory_peak: ByteCount::kib(64),
            request_bytes: ByteCount::saturating(10),
            response_bytes: ByteCount::saturating(20),
            egress_bytes: ByteCount::ZERO,
            egress_calls: 0,
        }
    }

    pub(crate) fn begun(&self) -> Begun {
        Begun {
            call: CallId::generate(self.clock.now()),
            client_request_id: None,
            route: self.route,
            release: self.release,
            component: Digest::of(b"component"),
            begun_at: self.clock.now(),
            status: 200,
            requests: used(ObjectName::REQUESTS, 1),
        }
    }

    /// One whole call of one request.
    pub(crate) async fn call(&self, subscriber: &Arc<Subscriber>) -> Result<Recorded, AdmitError> {
        let admitted = self.admit(subscriber, &[]).await?;
        Ok(self.ledger.settle(admitted, self.ended(vec![used("requests", 1)])).await.unwrap())
    }

    pub(crate) async fn expect_sound(&self) {
        let books = self.ledger.reconcile().await.unwrap();
        assert!(books.holds(), "{books:#?}");
    }
}

pub(crate) fn a_second(count: u32) -> Rate {
    Rate { count, window: types::RateWindow::Second, burst: count }
}
