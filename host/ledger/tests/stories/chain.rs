//! The audit chain: what was changed is found.

use ledger::Inspection;
use types::{Act, ByteCount, CallId, Digest, Fact, Fuel, OrganisationId, OutboxId, Outcome, TaskComponent, TaskUse};

use crate::book::{Book, hard, need, used};

async fn written() -> Book {
    let book = Book::new();
    let acme = book.subscriber(hard(100));
    for _ in 0..5 {
        let admitted = book.admit(&acme, &[need("pages", 2)]).await.unwrap();
        let ended = book.ended(vec![used("requests", 1), used("pages", 2)]);
        book.ledger.settle(admitted, ended).await.unwrap();
    }
    book.ledger.relay("catalog", &[act(&book, 1)]).await.unwrap();
    book
}

fn act(book: &Book, n: u128) -> (OutboxId, Fact) {
    let act = Act {
        at: book.clock.now(),
        actor: "host".to_owned(),
        action: "plan.create".to_owned(),
        subject: "plan_1".to_owned(),
        before: None,
        after: Some("{}".to_owned()),
    };
    (OutboxId::from_u128(u128::from(book.clock.now().as_millis()) << 80 | n), Fact::Act(act))
}

#[tokio::test]
async fn an_untouched_chain_holds() {
    let book = written().await;
    let chain = book.ledger.verify().await.unwrap();
    assert!(chain.holds(), "{chain:?}");
    assert_eq!(chain.links, 6);
    let beside = Inspection::open_read_only(&book.path()).unwrap();
    assert_eq!(beside.verify().unwrap(), chain);
    assert!(beside.reconcile().unwrap().holds());
}

#[tokio::test]
async fn every_kind_of_tampering_is_found() {
    let tampering = [
        ("UPDATE call SET billed_units = 0 WHERE seq = 3", Some(3)),
        ("UPDATE call SET outcome = 'trap' WHERE seq = 1", Some(1)),
        ("UPDATE usage SET units = 1 WHERE call_seq = 2", Some(2)),
        ("DELETE FROM usage WHERE call_seq = 4", Some(4)),
        ("DELETE FROM call WHERE seq = 5", Some(5)),
        ("DELETE FROM audit WHERE seq = 2", Some(2)),
        ("UPDATE audit SET sha256 = zeroblob(32) WHERE seq = 4", Some(4)),
        ("UPDATE act SET actor = 'somebody'", Some(6)),
        ("UPDATE app SET public_id = replace(public_id, 'app_0', 'app_1')", Some(1)),
        ("UPDATE object SET name = 'leaves' WHERE name = 'pages'", Some(1)),
        ("INSERT INTO call SELECT 99, 'call_x', NULL, subscription, app, api_key, api, route, release, plan, component,
            NULL, NULL, NULL, admitted_us, ended_us, status, outcome, error_code, client_gone, period_start_us, units,
            billed_units, total_us, component_us, fuel, fuel_schedule_id, memory_peak_bytes, request_bytes,
            response_bytes, egress_bytes, egress_calls, link, NULL, NULL FROM call WHERE seq = 1", None),
    ];
    for (sql, first_bad) in tampering {
        let book = written().await;
        assert_eq!(book.tool().execute(sql, []).unwrap_or(0).min(1), 1, "{sql}");
        let chain = book.ledger.verify().await.unwrap();
        assert!(!chain.holds(), "{sql}");
        assert_eq!(chain.first_bad, first_bad, "{sql}");
    }
}

#[tokio::test]
async fn a_changed_counter_is_found() {
    let book = written().await;
    book.tool().execute("UPDATE counter SET used = used + 1 WHERE object = 1", []).unwrap();
    let books = book.ledger.reconcile().await.unwrap();
    assert_eq!(books.mismatches.len(), 1, "{books:#?}");
    assert_eq!((books.mismatches[0].counter, books.mismatches[0].calls), (6, 5));
}

#[tokio::test]
async fn a_fact_that_comes_twice_is_taken_over_once() {
    let book = Book::new();
    let id = OrganisationId::generate(book.clock.now());
    let named = |name: &str| Fact::Organisation { id, name: name.to_owned() };
    let facts = [act(&book, 1), (OutboxId::from_u128(2), named("Acme"))];
    book.ledger.relay("catalog", &facts).await.unwrap();
    book.ledger.relay("catalog", &facts).await.unwrap();
    book.ledger.relay("catalog", &[(OutboxId::from_u128(3), named("Acme and sons"))]).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM act"), 1);
    assert_eq!(book.number("SELECT count(*) FROM organisation WHERE name = 'Acme and sons'"), 1);
    assert!(book.ledger.verify().await.unwrap().holds());
}

pub(crate) fn task(book: &Book, attempt: u32) -> Fact {
    let now = book.clock.now();
    Fact::Task(Box::new(TaskUse {
        call: CallId::generate(now),
        organisation: Some(OrganisationId::from_u128(3 << 80)),
        resource: Some("component:pay".to_owned()),
        by: Some(TaskComponent {
            api: types::ApiId::generate(now),
            release: types::ReleaseId::generate(now),
            component: Digest::of(b"component"),
        }),
        execution: "arn:aws:states:local:123456789012:execution:order:1".to_owned(),
        invocation: "arn:aws:states:local:123456789012:execution:order:1:2".to_owned(),
        attempt,
        began: now,
        ended: now,
        outcome: Outcome::Ok,
        component_us: 7,
        fuel: Fuel::saturating(1_000),
        fuel_schedule: 1,
        memory_peak: ByteCount::kib(64),
        request_bytes: ByteCount::ZERO,
        response_bytes: ByteCount::ZERO,
        egress_bytes: ByteCount::ZERO,
        egress_calls: 0,
    }))
}

#[tokio::test]
async fn an_attempt_at_a_task_has_one_row_that_bills_nothing() {
    let book = written().await;
    let facts = [(OutboxId::from_u128(1), task(&book, 1)), (OutboxId::from_u128(2), task(&book, 2))];
    book.ledger.relay("workflows", &facts).await.unwrap();
    book.ledger.relay("workflows", &facts).await.unwrap();
    // Told under another id after all, it is still the same attempt.
    book.ledger.relay("workflows", &[(OutboxId::from_u128(3), task(&book, 2))]).await.unwrap();
    assert_eq!(book.number("SELECT count(*) FROM call WHERE exec_id IS NOT NULL"), 2);
    assert_eq!(book.number("SELECT sum(units) + sum(billed_units) FROM call WHERE exec_id IS NOT NULL"), 0);
    assert!(book.ledger.reconcile().await.unwrap().holds());
    let chain = book.ledger.verify().await.unwrap();
    assert!(chain.holds(), "{chain:?}");
    book.tool().execute("UPDATE call SET fuel = 0 WHERE attempt = 1", []).unwrap();
    assert!(!book.ledger.verify().await.unwrap().holds(), "it is under a link");
}

/// An attempt that no component made: a request.
pub(crate) fn request(book: &Book, attempt: u32) -> Fact {
    let Fact::Task(used) = task(book, attempt) else { panic!("a task is a task") };
    let resource = Some("arn:aws:states:::http:invoke".to_owned());
    Fact::Task(Box::new(TaskUse { resource, by: None, fuel: Fuel::ZERO, egress_calls: 1, ..*used }))
}

#[tokio::test]
async fn an_attempt_that_no_component_made_has_its_row_under_a_link_and_no_change_of_it_is_missed() {
    for sql in [
        "UPDATE call SET resource = 'component:pay' WHERE attempt = 2",
        "UPDATE call SET resource = NULL WHERE attempt = 1",
        "UPDATE call SET client_request_id = resource, resource = NULL WHERE attempt = 2",
        "UPDATE call SET client_request_id = 'x' WHERE attempt = 2",
        "UPDATE call SET organisation = NULL WHERE attempt = 2",
        "UPDATE call SET subscription = 1 WHERE attempt = 2",
        "UPDATE call SET component = 1 WHERE attempt = 2",
        "UPDATE call SET api = 1 WHERE attempt = 2",
        "UPDATE call SET egress_calls = 0 WHERE attempt = 2",
        "DELETE FROM call WHERE attempt = 2",
        "UPDATE call SET component = 0 WHERE attempt = 1",
    ] {
        let book = written().await;
        let facts = [(OutboxId::from_u128(1), task(&book, 1)), (OutboxId::from_u128(2), request(&book, 2))];
        book.ledger.relay("workflows", &facts).await.unwrap();
        book.ledger.relay("workflows", &facts).await.unwrap();
        book.expect_sound().await;
        let found =
            "SELECT count(*) FROM attempts WHERE resource LIKE '%:http:invoke' AND api IS NULL AND egress_calls = 1
            AND link IS NOT NULL";
        assert_eq!(book.number(found), 1);
        assert_eq!(book.number("SELECT count(*) FROM attempts"), 2);
        assert_eq!(book.tool().execute(sql, []).unwrap(), 1, "{sql}");
        assert!(!book.ledger.verify().await.unwrap().holds(), "{sql}");
    }
}

#[tokio::test]
async fn calls_settle_after_the_rows_of_tasks_as_before() {
    let book = written().await;
    book.ledger.relay("workflows", &[(OutboxId::from_u128(1), task(&book, 1))]).await.unwrap();
    let acme = book.subscriber(hard(100));
    let admitted = book.admit(&acme, &[]).await.unwrap();
    book.ledger.settle(admitted, book.ended(vec![used("requests", 1)])).await.unwrap();
    assert!(book.ledger.verify().await.unwrap().holds());
    assert!(book.ledger.reconcile().await.unwrap().holds());
}
