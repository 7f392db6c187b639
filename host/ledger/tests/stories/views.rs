//! The views of docs/usage-views.md: each documented query runs, and the numbers are right.

use std::process::Command;
use std::time::Duration;

use types::{Fact, OrganisationId, OutboxId, Outcome, PlanId, Terms};

use crate::book::{Book, hard, need, used};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/usage-views.md");

/// A hundred calls of 1 to 100 ms, one in ten of them failed.
async fn busy() -> Book {
    let book = Book::new();
    let acme = book.subscriber(hard(1_000));
    let (organisation, plan) = (OrganisationId::generate(book.clock.now()), acme.plan);
    let facts = [
        Fact::Organisation { id: organisation, name: "Acme".to_owned() },
        Fact::Api { id: acme.api, organisation, slug: "vat".to_owned() },
        Fact::Route { id: book.route, api: acme.api, name: "GET /v1/rates/{country}".to_owned() },
        Fact::App { id: acme.app, organisation, name: "shop".to_owned() },
        plan_fact(plan, acme.api, &acme.terms),
    ];
    let facts: Vec<_> = facts.into_iter().enumerate().map(|(n, fact)| (outbox(n), fact)).collect();
    book.ledger.relay("catalog", &facts).await.unwrap();
    let attempts = [crate::chain::task(&book, 1), crate::chain::request(&book, 2)];
    let attempts: Vec<_> = attempts.into_iter().enumerate().map(|(n, fact)| (outbox(n), fact)).collect();
    book.ledger.relay("workflows", &attempts).await.unwrap();
    for n in 1..=100 {
        let admitted = book.admit(&acme, &[need("pages", 2)]).await.unwrap();
        let mut ended = book.ended(vec![used("requests", 1), used("pages", 2)]);
        ended.total = Duration::from_millis(n);
        if n % 10 == 0 {
            (ended.status, ended.outcome) = (502, Outcome::Trap);
        }
        book.ledger.settle(admitted, ended).await.unwrap();
    }
    book.ledger.flush().await.unwrap();
    book
}

fn plan_fact(id: PlanId, api: types::ApiId, terms: &Terms) -> Fact {
    Fact::Plan { id, api, name: "BASIC".to_owned(), terms: terms.clone() }
}

fn outbox(n: usize) -> OutboxId {
    OutboxId::from_u128(u128::try_from(n).unwrap() + 1)
}

fn documented() -> Vec<String> {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let blocks = document.split("```sql\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().trim().to_owned()).collect()
}

#[tokio::test]
async fn every_documented_query_runs_and_finds_something() {
    let book = busy().await;
    let reader = store::open_read_only(&book.path()).unwrap();
    let queries = documented();
    assert!(queries.len() >= 10, "{} queries are documented", queries.len());
    for query in queries {
        let mut statement = reader.prepare(&query).unwrap_or_else(|error| panic!("{query}\n{error}"));
        let rows = statement.query_map([], |_| Ok(())).unwrap().count();
        assert!(rows > 0 || query.contains("denials"), "nothing from:\n{query}");
    }
}

#[tokio::test]
async fn the_sqlite3_of_the_distribution_answers_while_the_ledger_is_open() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        return;
    }
    let book = busy().await;
    for query in documented() {
        let answer = Command::new("sqlite3").arg("-readonly").arg(book.path()).arg(&query).output().unwrap();
        assert!(answer.status.success(), "{query}\n{}", String::from_utf8_lossy(&answer.stderr));
    }
}

#[tokio::test]
async fn sums_and_percentiles_are_those_of_the_calls() {
    let book = busy().await;
    let one = |sql: &str| book.number(sql);
    for grain in ["minute", "hour", "day"] {
        assert_eq!(one(&format!("SELECT sum(calls) FROM traffic_{grain} WHERE api = 'vat'")), 100);
        assert_eq!(one(&format!("SELECT sum(calls) FROM traffic_{grain} WHERE outcome = 'trap'")), 10);
        assert_eq!(one(&format!("SELECT sum(status_5xx) FROM traffic_{grain}")), 10);
        assert_eq!(one(&format!("SELECT sum(fuel) FROM traffic_{grain}")), 250_000_000);
        assert_eq!(one(&format!("SELECT sum(billed_units) FROM units_{grain} WHERE object = 'pages'")), 200);
        assert_eq!(one(&format!("SELECT sum(units) FROM units_{grain} WHERE object = 'requests'")), 100);
    }
    for view in ["api", "release", "route", "plan", "app"] {
        for (column, exact) in [("p50_us", 50_000), ("p95_us", 95_000), ("p99_us", 99_000)] {
            let found = one(&format!("SELECT {column} FROM latency_{view}_day WHERE what = 'total'"));
            let error = (found - exact).abs() * 100 / exact;
            assert!(error <= i64::from(ledger::BUCKET_ERROR_PERCENT), "{view} {column}: {found} for {exact}");
        }
    }
    let component = one("SELECT p50_us FROM latency_app_hour WHERE what = 'component'");
    assert!((component - 700).abs() * 100 <= 700 * i64::from(ledger::BUCKET_ERROR_PERCENT), "{component} for 700");
}
