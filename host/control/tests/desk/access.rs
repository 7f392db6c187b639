//! Who may do what: every route without a token, and with that of a provider whom the things do not belong to.

use catalog::{Role, Scope};
use control::Needs;
use serde_json::{Value, json};

use crate::house::Desk;
use crate::publish::{plan, release};

/// Ids of things that belong to `acme`.
pub(crate) struct Things {
    pub(crate) webhook: String,
    pub(crate) delivery: String,
    pub(crate) credential: String,
    pub(crate) organisation: String,
    pub(crate) token: String,
    pub(crate) digest: String,
    pub(crate) plan: String,
    pub(crate) app: String,
    pub(crate) key: String,
    pub(crate) subscription: String,
    pub(crate) execution: String,
}

pub(crate) async fn things_of(desk: &Desk, token: &str) -> Things {
    let component = desk.component().await;
    let who = desk.ask(token, "GET", "/v1/whoami", Value::Null).await.expect(200);
    let spare = desk.ask(token, "POST", "/v1/tokens", json!({"role": "provider"})).await.expect(201);
    desk.ask(token, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);
    desk.ask(token, "POST", "/v1/apis/vat/releases", release(&component)).await.expect(201);
    let plan = desk.ask(token, "POST", "/v1/apis/vat/plans", plan()).await.expect(201);
    desk.ask(token, "PUT", "/v1/apis/vat/live", json!({"release": 1})).await.expect(201);
    let app = desk.ask(token, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let app = app["id"].as_str().unwrap().to_owned();
    let key = desk.ask(token, "POST", &format!("/v1/apps/{app}/keys"), Value::Null).await.expect(201);
    let wish = json!({"app": app, "api": "vat", "plan": "PRO"});
    let subscription = desk.ask(token, "POST", "/v1/subscriptions", wish).await.expect(201);
    let credential = desk.ask(token, "POST", "/v1/aws-credentials", json!({"name": "ci"})).await.expect(201);
    let execution = execution_of(desk, who["organisation"]["id"].as_str().unwrap()).await;
    desk.ask(token, "PUT", "/v1/schedules/report", schedule(&execution)).await.expect(201);
    let wish = json!({"url": "https://hooks.example.com/", "events": ["*"]});
    let webhook = desk.ask(token, "POST", "/v1/webhooks", wish).await.expect(201);
    let webhook = webhook["id"].as_str().unwrap().to_owned();
    let delivery = desk.ask(token, "POST", &format!("/v1/webhooks/{webhook}/test"), Value::Null).await.expect(201);
    Things {
        execution,
        webhook,
        delivery: delivery["id"].as_str().unwrap().to_owned(),
        credential: credential["access_key_id"].as_str().unwrap().to_owned(),
        organisation: who["organisation"]["id"].as_str().unwrap().to_owned(),
        token: spare["id"].as_str().unwrap().to_owned(),
        digest: component.to_string(),
        plan: plan["id"].as_str().unwrap().to_owned(),
        key: key["id"].as_str().unwrap().to_owned(),
        subscription: subscription["id"].as_str().unwrap().to_owned(),
        app,
    }
}

/// A schedule of the machine that this is an execution of.
fn schedule(execution: &str) -> Value {
    let machine = execution.replace(":execution:", ":stateMachine:");
    let machine = machine.rsplit_once(':').map_or("", |(machine, _)| machine);
    json!({"machine": machine, "expression": "rate(1 day)"})
}

/// The ARN of an execution of this organisation that has ended.
async fn execution_of(desk: &Desk, organisation: &str) -> String {
    let organisation = organisation.parse().unwrap();
    let account = desk.catalog.snapshot().organisation(organisation).unwrap().account.clone();
    let caller = workflows::Caller { organisation, account, region: "eu-west-1".to_owned(), actor: "host".to_owned() };
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
    let machine = json!({"name": "orders", "definition": definition, "roleArn": "r"});
    let machine = desk.workflows.call(&caller, "CreateStateMachine", machine).await.unwrap();
    let start = json!({"stateMachineArn": machine["stateMachineArn"]});
    let started = desk.workflows.call(&caller, "StartExecution", start).await.unwrap();
    started["executionArn"].as_str().unwrap().to_owned()
}

/// The path with the ids of these things, and a body that the route would take from their owner.
pub(crate) fn request(things: &Things, method: &str, path: &str) -> (String, Value) {
    let filled = path
        .replace("{slug}", "vat")
        .replace("{digest}", &things.digest)
        .replace("{organisation}", &things.organisation)
        .replace("{token}", &things.token)
        .replace("{invitation}", "inv_01JD3W0000000000000000000A")
        .replace("{number}", "1")
        .replace("{plan}", &things.plan)
        .replace("{app}", &things.app)
        .replace("{key}", &things.key)
        .replace("{subscription}", &things.subscription)
        .replace("{access_key}", &things.credential)
        .replace("{arn}", &things.execution)
        .replace("{schedule}", "report")
        .replace("{bucket}", "orders")
        .replace("{*key}", "2026/may.csv")
        .replace("{webhook}", &things.webhook)
        .replace("{delivery}", &things.delivery)
        .replace("{name}", "mail")
        .replace("{role}", "orders")
        .replace("{call}", "call_01JD3W0000000000000000000A");
    let body = match (method, path) {
        ("POST", "/v1/organisations") => json!({"name": "other"}),
        ("POST", "/v1/tokens") => json!({"role": "operator"}),
        ("POST", "/v1/apis") => json!({"slug": "vat", "title": "Mine", "organisation": "acme"}),
        ("PUT", "/v1/apis/{slug}/live") => json!({"release": 1}),
        ("POST", "/v1/apis/{slug}/releases") => release(&things.digest.parse().unwrap()),
        ("POST", "/v1/apis/{slug}/plans") => plan(),
        ("PUT", "/v1/secrets/{name}") => json!({"value": "hidden", "organisation": "acme"}),
        ("PUT", "/v1/machine-roles/{role}") => json!({"allow": [{"host": "a.example.com"}], "organisation": "acme"}),
        ("POST", "/v1/aws-credentials") => json!({"name": "ci", "organisation": "acme"}),
        ("POST", "/v1/webhooks") => {
            json!({"url": "https://hooks.example.com/", "events": ["*"], "organisation": "acme"})
        }
        ("PATCH", "/v1/webhooks/{webhook}") => json!({"description": "a test"}),
        ("POST", "/v1/sign-up") => json!({"address": "anna@example.com"}),
        ("POST", "/v1/apps") => json!({"name": "shop", "organisation": "acme"}),
        ("POST", "/v1/apps/{app}/keys") => json!({}),
        ("PATCH", "/v1/organisations/{organisation}") => json!({"name": "acme"}),
        ("PATCH", "/v1/apps/{app}") => json!({"name": "shop"}),
        ("PATCH", "/v1/apis/{slug}") => json!({"title": "VAT"}),
        ("PATCH", "/v1/keys/{key}") => json!({"expires_at": "2099-01-01T00:00:00Z"}),
        ("POST", "/v1/invitations/accept") => json!({"invitation": "", "organisation": "other", "app": "web"}),
        ("POST", path) if path.ends_with("/rotate") || path == "/v1/invitations" => json!({}),
        ("PUT", path) if path.ends_with("/suspension") => json!({"reason": "a test"}),
        ("PUT", "/v1/schedules/{schedule}") => {
            let mut schedule = schedule(&things.execution);
            schedule["organisation"] = json!("acme");
            schedule
        }
        ("POST", "/v1/executions/redrive") => json!({"organisation": "acme"}),
        ("POST", "/v1/executions/{arn}/stop") => json!({"cause": "a test"}),
        ("POST", "/v1/keys/{key}/disable") => json!({"reason": "mine"}),
        ("POST", "/v1/subscriptions") => json!({"app": things.app, "api": "vat", "plan": "PRO"}),
        ("PUT", "/v1/subscriptions/{subscription}/spend-cap") => json!({"amount": "0"}),
        _ => Value::Null,
    };
    match path {
        "/v1/usage" => (format!("{filled}?subscription={}", things.subscription), body),
        path if path.starts_with("/v1/objects") => (format!("{filled}?organisation=acme"), body),
        "/v1/secrets/{name}" | "/v1/machine-roles/{role}" if method == "DELETE" => {
            (format!("{filled}?organisation=acme"), body)
        }
        "/v1/schedules" | "/v1/schedules/{schedule}" if method != "PUT" => {
            (format!("{filled}?organisation=acme"), body)
        }
        "/v1/executions" => (format!("{filled}?organisation=acme"), body),
        "/v1/calls" => (format!("{filled}?api=vat"), body),
        _ => (filled, body),
    }
}

/// Those under `/v1`, which all take a token.
fn guarded() -> impl Iterator<Item = &'static (&'static str, &'static str, Needs)> {
    let open = [api::openapi::PATH, "/v1/invitations/accept", "/v1/sign-up"];
    control::ROUTES.iter().filter(move |(_, path, _)| path.starts_with("/v1/") && !open.contains(path))
}

/// What only operators may ask.
fn is_for_operators(method: &str, path: &str) -> bool {
    matches!(
        (method, path),
        ("GET" | "POST", "/v1/invitations")
            | ("DELETE", "/v1/invitations/{invitation}")
            | ("POST", "/v1/organisations")
            | ("GET", "/v1/audit" | "/v1/audit/verify" | "/v1/reconcile" | "/v1/host")
    )
}

#[tokio::test]
async fn no_route_under_v1_answers_without_a_token() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    for (method, path, needs) in guarded() {
        assert_ne!(*needs, Needs::Nothing, "{method} {path}");
        let (filled, body) = request(&things, method, path);
        for token in ["", "weir_ctrl_0000000000000000000000000000000000000", things.key.as_str()] {
            let answer = desk.ask(token, method, &filled, body.clone()).await;
            answer.expect_problem(401, "unauthorised");
            assert!(answer.headers.contains_key("www-authenticate"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_nothing_else_whatever_its_role() {
    let desk = Desk::open().await;
    let (owner, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    for role in [Role::Operator, Role::Provider(owner)] {
        for scope in Scope::ALL {
            let token = desk.scoped(role, scope).await;
            for (method, path, needs) in guarded() {
                let wanted = match needs {
                    Needs::Nothing => continue,
                    Needs::Read => Scope::Read,
                    Needs::Publish => Scope::Publish,
                    Needs::Manage => Scope::Manage,
                };
                let (filled, body) = request(&things, method, path);
                let answer = desk.ask(&token, method, &filled, body).await;
                let told = answer.json["detail"].as_str().unwrap_or_default();
                let refused = answer.status == 403 && told.contains("with the scope");
                assert_eq!(refused, wanted != scope, "{method} {path} with {scope:?}: {}", answer.json);
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_provider_sees_and_changes_nothing_of_another() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, foreign) = desk.provider("foreign").await;
    let things = things_of(&desk, &acme).await;
    for (method, path, _) in guarded() {
        let (filled, body) = request(&things, method, path);
        let answer = desk.ask(&foreign, method, &filled, body).await;
        let name = format!("{method} {path}");
        match (*method, *path) {
            (method, path) if is_for_operators(method, path) => answer.expect_problem(403, "forbidden"),
            ("GET", "/v1/whoami") => {
                assert_eq!(answer.expect(200)["organisation"]["name"], "foreign");
            }
            ("GET", "/v1/organisations" | "/v1/tokens") => {
                let shown = answer.expect(200).to_string();
                assert!(!shown.contains("acme") && !shown.contains(&things.organisation), "{name}");
            }
            (
                "GET",
                "/v1/apis"
                | "/v1/approvals"
                | "/v1/apps"
                | "/v1/aws-credentials"
                | "/v1/deliveries"
                | "/v1/machine-roles"
                | "/v1/secrets"
                | "/v1/subscriptions"
                | "/v1/webhooks",
            ) => {
                assert_eq!(answer.expect(200)["items"], json!([]), "{name}");
            }
            ("GET", "/v1/calls/{call}/logs") => assert_eq!(answer.expect(200)["lines"], json!([]), "{name}"),
            ("GET", "/v1/calls/{call}/trace") => assert_eq!(answer.expect(200)["states"], json!([]), "{name}"),
            ("POST", "/v1/tokens") | ("GET", "/v1/calls") => answer.expect_problem(403, "forbidden"),
            // A component is nobody's own: anybody may look at one whose digest he knows, or upload it.
            ("GET", "/v1/components/{digest}") => drop(answer.expect(200)),
            // The bytes of the path's digest were not sent.
            ("PUT", "/v1/components/{digest}") => answer.expect_problem(422, "unprocessable"),
            _ => answer.expect_problem(404, "not-found"),
        }
    }
}

#[tokio::test]
async fn an_owner_reaches_what_is_his_and_an_operator_everything() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    for (whose, token) in [("owner", acme.as_str()), ("operator", desk.operator.as_str())] {
        for (method, path, _) in control::ROUTES {
            let (filled, mut body) = request(&things, method, path);
            let operators = is_for_operators(method, path);
            if (*method, *path, whose) == ("POST", "/v1/tokens", "owner") {
                body = json!({"role": "provider"});
            }
            let answer = desk.ask(token, method, &filled, body).await;
            match answer.status.as_u16() {
                403 => assert!(
                    ["/v1/invitations/accept", "/v1/sign-up"].contains(path) || whose == "owner" && operators,
                    "{whose}: {method} {path}: {}",
                    answer.json
                ),
                // No call was made, nobody invited, and the owner's walk has deleted the credential, the webhook and the token.
                404 => assert!(
                    // Objects are asked for before they are put, and put away at the end of each walk.
                    (*method, *path) == ("GET", "/v1/objects/{bucket}/{*key}")
                        || ["{call}", "{invitation}", "{token}/rotate"].iter().any(|never| path.contains(never))
                        || whose == "operator"
                            && ["{access_key}", "{schedule}", "{webhook}", "{token}"]
                                .iter()
                                .any(|deleted| path.contains(deleted)),
                    "{whose}: {method} {path}"
                ),
                // What the walk has ended already, or a component that was not sent.
                422 => assert!(path.contains("rotate") || path.contains("key") || path.contains("digest"), "{path}"),
                // It is on its way already; or an execution that has succeeded.
                409 => assert!(
                    path.ends_with("/redeliver") || path.ends_with("{arn}/redrive"),
                    "{whose}: {method} {path}: {}",
                    answer.json
                ),
                status => assert!((200..300).contains(&status), "{whose}: {method} {path}: {}", answer.json),
            }
        }
    }
}

#[tokio::test]
async fn a_slug_of_another_organisation_is_taken() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, foreign) = desk.provider("foreign").await;
    desk.ask(&acme, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);
    let answer = desk.ask(&foreign, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await;
    answer.expect_problem(409, "conflict");
}
