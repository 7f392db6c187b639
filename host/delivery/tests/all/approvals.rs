//! Approvals: asked, reminded of, escalated, decided once, expired.

use std::time::Duration;

use delivery::{
    Approval, ApprovalQuery, ApprovalStatus, Ask, AskError, Decision, DeliveryError, MailServer, Security, Told,
};
use serde_json::{Value, json};
use types::{KeyKind, SecretKey};

use crate::house::{House, START};
use crate::smtp::Smtp;

const HOUR: Duration = Duration::from_hours(1);

async fn house() -> (House, Smtp) {
    let smtp = Smtp::start(None).await;
    let server = MailServer {
        host: "localhost".to_owned(),
        port: smtp.port,
        security: Security::Plain,
        credentials: None,
        from: "weir@host.example".to_owned(),
        extra_roots: None,
    };
    (House::with(&[], Some(server)), smtp)
}

fn task(more: &Value) -> Value {
    let mut input = json!({
        "TaskToken": "the-tasks-token", "Title": "Refund of 900 €", "Question": "The customer waits.",
        "Details": { "order": "o-1", "amount": 900 }, "AskedBy": "Billing",
        "Approvers": ["bo@example.com", "anna@example.com", "bo@example.com"],
        "ExpiresInSeconds": 36_000,
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn ask(house: &House, input: Value) -> Result<(), AskError> {
    ask_again(house, 1, input).await
}

async fn ask_again(house: &House, attempt: u32, input: Value) -> Result<(), AskError> {
    let execution = "arn:aws:states:eu-west-1:123456789012:execution:m:e".to_owned();
    let ask = Ask {
        organisation: house.organisation,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        invocation: format!("{execution}:1"),
        attempt,
        execution,
        state: "Ask".to_owned(),
        input,
    };
    house.delivery.ask(ask).await
}

/// The only approval, as it is now.
async fn approval(house: &House) -> Approval {
    let query = ApprovalQuery { limit: 10, ..ApprovalQuery::default() };
    let mut all = house.delivery.approvals(query).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// The secrets of the links in the letters to somebody, the oldest first.
fn links(said: &[String], address: &str) -> Vec<SecretKey> {
    let to = said.iter().filter(|one| one.contains(&format!("RCPT TO:<{address}>")));
    let link = |one: &String| {
        let (_, rest) = one.split_once("https://control.example/approvals/").unwrap();
        SecretKey::parse(rest.split_whitespace().next().unwrap(), KeyKind::Approval).unwrap()
    };
    to.map(link).collect()
}

fn approves(by: &str) -> Decision {
    Decision { is_approved: true, by: by.to_owned(), comment: " fine by me ".to_owned() }
}

fn rejects(by: &str) -> Decision {
    Decision { is_approved: false, ..approves(by) }
}

#[tokio::test]
async fn each_who_is_asked_has_a_link_of_his_own_and_the_first_decides_for_all() {
    let (house, smtp) = house().await;
    ask(&house, task(&json!({}))).await.unwrap();
    ask(&house, task(&json!({}))).await.unwrap();
    let said = smtp.until(2).await;
    let (anna, bo) = (links(&said, "anna@example.com"), links(&said, "bo@example.com"));
    assert_eq!((anna.len(), bo.len(), said.len()), (1, 1, 2), "asked once each");
    assert_ne!(anna[0].reveal(), bo[0].reveal());
    assert!(said[0].contains("Asked by: Billing") && said[0].contains("The customer waits."), "{}", said[0]);
    let (shown, address) = house.delivery.approval_behind(&bo[0]).await.unwrap().unwrap();
    assert_eq!((shown.status, address.as_deref()), (ApprovalStatus::Open, Some("bo@example.com")));

    let (decided, was_first) = house.delivery.decide(&anna[0], approves("Anna")).await.unwrap();
    assert!(was_first);
    let record = decided.decided.unwrap();
    assert_eq!((record.by.as_str(), record.comment.as_str(), record.at), ("Anna", "fine by me", START));
    assert_eq!(record.address.as_deref(), Some("anna@example.com"));
    let (same, was_first) = house.delivery.decide(&bo[0], rejects("Bo")).await.unwrap();
    assert_eq!((same.status, was_first), (ApprovalStatus::Approved, false));

    let answers = house.delivery.answers(10).await.unwrap();
    let answer = answers[0].1.as_ref().unwrap();
    assert_eq!((answers.len(), answer.operation, answer.region.as_str()), (1, "SendTaskSuccess", "eu-west-1"));
    assert_eq!(answer.input["taskToken"], "the-tasks-token");
    let output: Value = serde_json::from_str(answer.input["output"].as_str().unwrap()).unwrap();
    let wanted =
        json!({ "decision": "approved", "comment": "fine by me", "decidedBy": "Anna", "decidedAt": START.to_string() });
    assert_eq!(output, wanted);
    house.delivery.answered(answer.seq, Told::InTime).await.unwrap();
    assert!(house.delivery.answers(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_decided_is_in_the_acts_without_a_name_and_no_secret_is_in_the_file() {
    let (house, smtp) = house().await;
    ask(&house, task(&json!({}))).await.unwrap();
    let anna = links(&smtp.until(2).await, "anna@example.com").remove(0);
    house.delivery.decide(&anna, rejects("Anna")).await.unwrap();
    let answers = house.delivery.answers(10).await.unwrap();
    let input = &answers[0].1.as_ref().unwrap().input;
    assert_eq!(input["error"], "Approval.Rejected");
    assert!(input["cause"].as_str().unwrap().contains("\"decidedBy\":\"Anna\""), "{input}");
    let acts = house.delivery.acts(10).await.unwrap();
    let last: Value = serde_json::from_str(&acts.last().unwrap().body).unwrap();
    assert_eq!((&last["action"], last["actor"].as_str().map(|id| &id[..4])), (&json!("approval.reject"), Some("apl_")));
    let after: Value = serde_json::from_str(last["after"].as_str().unwrap()).unwrap();
    assert_eq!(after["decision_sha256"].as_str().unwrap().len(), 64);
    assert!(!format!("{acts:?}").contains("nna"), "{acts:?}");
    house.delivery.close().await;
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in ["the-tasks-token", anna.reveal()] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
    }
}

#[tokio::test]
async fn those_who_have_not_decided_are_reminded_then_others_are_asked_then_it_expires() {
    let (house, smtp) = house().await;
    let more = json!({
        "RemindAfterSeconds": 7_200, "EscalateTo": ["chief@example.com"], "EscalateAfterSeconds": 14_400,
        "Approvers": ["anna@example.com"],
    });
    ask(&house, task(&more)).await.unwrap();
    smtp.until(1).await;
    house.clock.advance(HOUR * 2);
    let said = smtp.until(2).await;
    assert!(said[1].contains("Subject: =?utf-8?b?") || said[1].contains("Reminder"), "{}", said[1]);
    let anna = links(&said, "anna@example.com");
    assert_eq!(anna[0].reveal(), anna[1].reveal(), "the same link");
    assert_eq!(approval(&house).await.reminders, 1);
    house.clock.advance(HOUR * 2);
    let said = smtp.until(4).await;
    let chief = links(&said, "chief@example.com").remove(0);
    assert!(said.iter().any(|one| one.contains("Nobody has decided in time")));
    house.clock.advance(HOUR * 6);
    for _ in 0..1_000 {
        if approval(&house).await.status == ApprovalStatus::Expired {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (late, was_first) = house.delivery.decide(&chief, approves("The chief")).await.unwrap();
    assert_eq!((late.status, was_first), (ApprovalStatus::Expired, false));
    let answers = house.delivery.answers(10).await.unwrap();
    let answer = answers[0].1.as_ref().unwrap();
    assert_eq!((answer.operation, &answer.input["error"]), ("SendTaskFailure", &json!("States.Timeout")));
    assert_eq!(house.acts().await.last().map(String::as_str), Some("approval.expire"));
}

#[tokio::test]
async fn an_execution_that_ended_asks_nobody_any_more() {
    let (house, smtp) = house().await;
    ask(&house, task(&json!({}))).await.unwrap();
    let anna = links(&smtp.until(2).await, "anna@example.com").remove(0);
    let execution = approval(&house).await.execution;
    assert_eq!(house.delivery.close_approvals("arn:other".to_owned()).await.unwrap(), 0);
    assert_eq!(house.delivery.close_approvals(execution).await.unwrap(), 1);
    let (closed, was_first) = house.delivery.decide(&anna, approves("Anna")).await.unwrap();
    assert_eq!((closed.status, was_first), (ApprovalStatus::Closed, false));
    assert!(house.delivery.answers(10).await.unwrap().is_empty());
    assert_eq!(house.delivery.approval_url(closed.id).await.unwrap(), None);
}

#[tokio::test]
async fn another_attempt_asks_anew_and_closes_what_the_one_before_asked() {
    let house = House::open_to(&[]);
    ask(&house, task(&json!({}))).await.unwrap();
    ask_again(&house, 2, task(&json!({}))).await.unwrap();
    let query = ApprovalQuery { limit: 10, ..ApprovalQuery::default() };
    let mut states: Vec<_> =
        house.delivery.approvals(query).await.unwrap().iter().map(|approval| approval.status).collect();
    states.sort_by_key(|status| *status != ApprovalStatus::Open);
    assert_eq!(states, [ApprovalStatus::Open, ApprovalStatus::Closed]);
}

#[tokio::test]
async fn without_mail_the_list_has_the_link() {
    let house = House::open_to(&[]);
    ask(&house, task(&json!({}))).await.unwrap();
    let id = approval(&house).await.id;
    let url = house.delivery.approval_url(id).await.unwrap().unwrap();
    let secret = SecretKey::parse(url.rsplit('/').next().unwrap(), KeyKind::Approval).unwrap();
    house.delivery.decide(&secret, approves("Somebody")).await.unwrap();
    assert_eq!(approval(&house).await.decided.unwrap().address, None);
}

#[tokio::test]
async fn a_task_that_asks_wrongly_is_told_which_member_it_is() {
    let house = House::open_to(&[]);
    for (more, member) in [
        (json!({ "Title": "" }), "Title"),
        (json!({ "Title": "two\nlines" }), "Title"),
        (json!({ "TaskToken": null }), "TaskToken"),
        (json!({ "Approvers": ["nobody"] }), "Approvers"),
        (json!({ "Approvers": "anna@example.com" }), "Approvers"),
        (json!({ "ExpiresInSeconds": 5 }), "ExpiresInSeconds"),
        (json!({ "RemindAfterSeconds": "1h" }), "RemindAfterSeconds"),
        (json!({ "EscalateTo": ["chief@example.com"] }), "EscalateTo"),
        (json!({ "Details": "x".repeat(70_000) }), "Details"),
        (json!({ "Titel": "x" }), "Parameters"),
    ] {
        let refused = ask(&house, task(&more)).await.unwrap_err();
        assert!(matches!(&refused, AskError::Member { member: found, .. } if *found == member), "{more}: {refused}");
    }
    let unknown = SecretKey::generate(KeyKind::Approval);
    let missing = house.delivery.decide(&unknown, approves("Anna")).await;
    assert!(matches!(missing, Err(DeliveryError::NotFound { .. })));
    let nameless = house.delivery.decide(&unknown, approves("  ")).await;
    assert!(matches!(nameless, Err(DeliveryError::Invalid { field: "name", .. })));
}
