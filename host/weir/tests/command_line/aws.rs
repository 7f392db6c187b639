//! An organisation with a credential for clients of AWS, and operations that it signs.

use std::time::Duration;

use serde_json::{Value, json};
use sigv4::Signer;
use types::{Clock, SecretValue};

use crate::host::{Host, Place};

pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    id: String,
    secret: SecretValue,
}

impl Client {
    /// Makes the organisation and its credential.
    pub(crate) fn of(organisation: &str, place: &Place, host: &Host) -> Self {
        let url = host.up["control"].as_str().unwrap().to_owned();
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let bearer = format!("Bearer {}", host.up["operator_token"].as_str().unwrap());
        let made = agent.post(format!("{url}/v1/organisations")).header("authorization", bearer);
        assert_eq!(made.send_json(json!({ "name": organisation })).unwrap().status(), 201);
        let said = place.run(&["--json", "aws-credentials", "create", "ci", "--organisation", organisation]);
        let made: Value = serde_json::from_str(&said.expect_success()).unwrap();
        let id = made["access_key_id"].as_str().unwrap().to_owned();
        let secret = SecretValue::new(made["secret_access_key"].as_str().unwrap().to_owned());
        Self { agent, url, id, secret }
    }

    /// The same credential, at the host as it was started anew.
    pub(crate) fn again(self, host: &Host) -> Self {
        Self { url: host.up["control"].as_str().unwrap().to_owned(), ..self }
    }

    /// Carries an operation out.
    pub(crate) fn call(&self, operation: &str, body: &Value) -> Value {
        let text = body.to_string();
        let mut answer = self.signed(operation, &text).send(text).unwrap();
        let status = answer.status();
        let answer: Value = answer.body_mut().read_json().unwrap();
        assert!(status.is_success(), "{operation}: {answer}");
        answer
    }

    /// Asks for an operation, and hangs up after a while without an answer.
    pub(crate) fn hang_up(&self, operation: &str, body: &Value, after: Duration) {
        let text = body.to_string();
        let asked = self.signed(operation, &text).config().timeout_global(Some(after)).build();
        let answer = asked.send(text);
        assert!(matches!(answer, Err(ureq::Error::Timeout(_))), "{answer:?}");
    }

    fn signed(&self, operation: &str, text: &str) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let request = http::Request::post("/")
            .header("host", self.url.trim_start_matches("http://"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Self { id, secret, .. } = self;
        let signer = Signer { access_key_id: id, secret, session_token: None, region: "eu-west-1", service: "states" };
        signer.sign(&mut parts, text.as_bytes(), Clock::system().now()).unwrap();
        let mut sent = self.agent.post(format!("{}/", self.url));
        for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "host") {
            sent = sent.header(name, value);
        }
        sent
    }

    /// Makes a machine, and answers with its ARN.
    pub(crate) fn machine(&self, name: &str, kind: &str, definition: &Value) -> String {
        let role = "arn:aws:iam::123456789012:role/workflows";
        let machine = json!({ "name": name, "definition": definition.to_string(), "roleArn": role, "type": kind });
        self.call("CreateStateMachine", &machine)["stateMachineArn"].as_str().unwrap().to_owned()
    }

    /// Starts an execution of a new machine, and answers with its ARN.
    pub(crate) fn start(&self, name: &str, definition: &Value) -> String {
        let machine = self.machine(name, "STANDARD", definition);
        let started = self.call("StartExecution", &json!({ "stateMachineArn": machine }));
        started["executionArn"].as_str().unwrap().to_owned()
    }

    /// Waits for the end of an execution, and answers with what it is then.
    pub(crate) fn ended(&self, execution: &str) -> Value {
        for _ in 0..1_000 {
            let now = self.call("DescribeExecution", &json!({ "executionArn": execution }));
            if now["status"] != "RUNNING" {
                return now;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{execution} does not end");
    }
}
