//! A client of Step Functions, as SDKs of AWS are: signed requests to the control plane.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use sigv4::Signer;
use types::{Clock, SecretValue};

use crate::app::agent;
use crate::host::Host;
use crate::publish::ORGANISATION;

/// The region of what its users make.
const REGION: &str = "eu-central-1";
/// The region of what calls start.
const REGION_OF_CALLS: &str = "local";

/// A client with a credential of the organisation that owns everything here.
#[derive(Debug)]
pub struct States {
    control: String,
    id: String,
    secret: SecretValue,
    region: &'static str,
    agent: ureq::Agent,
}

/// What an operation was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It was done, and this came of it.
    Done(Value),
    /// It was refused, with the error of this name.
    Refused(String),
}

impl States {
    /// A client of `host`, with a credential of its own.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub fn of(host: &Host) -> anyhow::Result<Self> {
        host.organisation()?;
        let new = json!({ "name": "tests", "organisation": ORGANISATION });
        let made = host.must("POST", "/v1/aws-credentials", &new)?;
        let text = |name: &str| made[name].as_str().map(str::to_owned).context("a credential has two parts");
        let (id, secret) = (text("access_key_id")?, SecretValue::new(text("secret_access_key")?));
        Ok(Self { control: host.control_url().to_owned(), id, secret, region: REGION, agent: agent() })
    }

    /// The same client, of a host that listens elsewhere, for example after it was started again.
    #[must_use]
    pub fn at(&self, host: &Host) -> Self {
        Self { control: host.control_url().to_owned(), ..self.of_region(self.region) }
    }

    /// The same client, for what calls have started.
    #[must_use]
    pub fn of_calls(&self) -> Self {
        self.of_region(REGION_OF_CALLS)
    }

    fn of_region(&self, region: &'static str) -> Self {
        let secret = SecretValue::new(self.secret.reveal().to_owned());
        Self { control: self.control.clone(), id: self.id.clone(), secret, region, agent: agent() }
    }

    /// Asks for an operation.
    ///
    /// # Errors
    ///
    /// When no whole response came: it may have been done or not.
    pub fn ask(&self, operation: &str, members: &Value) -> anyhow::Result<Said> {
        let body = members.to_string();
        let request = ureq::http::Request::post(format!("{}/", self.control))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"));
        let (mut parts, ()) = request.body(())?.into_parts();
        let signer = Signer {
            access_key_id: &self.id,
            secret: &self.secret,
            session_token: None,
            region: self.region,
            service: "states",
        };
        signer.sign(&mut parts, body.as_bytes(), Clock::system().now())?;
        let mut response = self.agent.run(ureq::http::Request::from_parts(parts, body)).context("no response")?;
        let text = response.body_mut().read_to_string().context("the response broke off")?;
        let answer: Value = serde_json::from_str(&text).with_context(|| format!("{operation} answered {text:?}"))?;
        Ok(match answer["__type"].as_str() {
            Some(name) if !response.status().is_success() => Said::Refused(name.to_owned()),
            _ => Said::Done(answer),
        })
    }

    /// Asks for an operation that must be done.
    ///
    /// # Errors
    ///
    /// When it is refused, or no whole response came.
    pub fn must(&self, operation: &str, members: &Value) -> anyhow::Result<Value> {
        match self.ask(operation, members)? {
            Said::Done(answer) => Ok(answer),
            Said::Refused(name) => bail!("{operation} of {members} was refused: {name}"),
        }
    }

    /// Makes a standard machine, and answers with its ARN.
    ///
    /// # Errors
    ///
    /// As [`States::must`].
    pub fn machine(&self, name: &str, definition: &Value) -> anyhow::Result<String> {
        let new = json!({ "name": name, "definition": definition.to_string(), "roleArn": "arn:aws:iam::1:role/none" });
        let made = self.must("CreateStateMachine", &new)?;
        made["stateMachineArn"].as_str().map(str::to_owned).context("a machine has an ARN")
    }

    /// All of a list that comes in pages, as `operation` answers it under the name `list`.
    ///
    /// # Errors
    ///
    /// As [`States::must`].
    pub fn all(&self, operation: &str, members: &Value, list: &str) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut members) = (Vec::new(), members.clone());
        members["maxResults"] = json!(1000);
        loop {
            let mut page = self.must(operation, &members)?;
            if let Value::Array(more) = page[list].take() {
                all.extend(more);
            }
            match page["nextToken"].take() {
                Value::String(next) => members["nextToken"] = json!(next),
                _ => return Ok(all),
            }
        }
    }
}
