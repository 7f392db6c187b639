use super::*;
use ledger::{PolicyName, PolicyState};
use types::{LimitKind, ObjectName, Per, Period, Quota, Rate, Timestamp, Units};

fn shown(refusal: &Refusal) -> String {
    let call = CallId::from_u128(1);
    let reply = refusal.to_reply(call);
    let mut lines = vec![reply.status().to_string()];
    lines.extend(reply.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    lines.push(String::new());
    lines.push(String::from_utf8(reply.body().bytes().to_vec()).unwrap());
    lines.join("\n")
}

#[test]
fn a_spent_quota_says_which_and_until_when() {
    let at = |text| Timestamp::parse(text).unwrap();
    let requests = ObjectName::requests();
    let error = AdmitError::Quota {
        quota: Quota {
            object: requests.clone(),
            amount: Units::saturating(200),
            per: Per::Month,
            limit: LimitKind::Hard,
            overage: None,
        },
        used: Units::saturating(200),
        period: Period { start: at("2026-11-01T00:00:00Z"), end: at("2026-12-01T00:00:00Z") },
        policies: Box::new(Policies {
            rate: None,
            quotas: vec![PolicyState {
                name: PolicyName::Object(requests),
                limit: 200,
                remaining: 0,
                window: Duration::from_hours(720),
                reset: Duration::from_secs(864_213),
            }],
        }),
    };
    insta::assert_snapshot!(shown(&Refusal::from(error).on_plan("BASIC")));
}

#[test]
fn a_rate_says_when_the_next_token_comes() {
    let error = AdmitError::Rate {
        rate: Rate { count: 5, window: RateWindow::Minute, burst: 5 },
        policies: Box::default(),
        retry_after: Duration::from_millis(11_200),
    };
    insta::assert_snapshot!(shown(&Refusal::from(error).on_plan("BASIC")));
}

#[test]
fn an_operators_detail_stays_off_the_wire() {
    let cause = std::io::Error::other("disk 7 is full");
    let refusal = Refusal::caused_by(Code::MeteringUnavailable, cause);
    assert!(!shown(&refusal).contains("disk"));
    assert!(shown(&refusal).contains("retry-after: 1"));
    assert_eq!(refusal.cause().as_deref(), Some("disk 7 is full"));
}

#[test]
fn a_missing_key_is_challenged_and_another_method_is_named() {
    assert!(shown(&Refusal::new(Code::MissingKey)).contains("www-authenticate: Bearer realm=\"weir\""));
    let refusal = Refusal::other_methods(HeaderValue::from_static("GET, HEAD"));
    assert!(shown(&refusal).starts_with("405 Method Not Allowed\n") && shown(&refusal).contains("allow: GET, HEAD"));
}

#[test]
fn every_outcome_but_an_answer_has_a_code() {
    let statuses: Vec<String> = Outcome::ALL
        .into_iter()
        .map(|outcome| format!("{outcome}: {}", code_of(outcome).map_or("its own".to_owned(), |code| code.to_string())))
        .collect();
    insta::assert_snapshot!(statuses.join("\n"));
}
