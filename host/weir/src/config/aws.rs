//! Services of AWS, or what stands in for them: `[aws]`, and the variables that every SDK of AWS reads.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use aws::{Endpoints, Settings};
use types::SecretValue;

/// What the variables of endpoints begin with.
pub(super) const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// The other variables that are read.
pub(super) const NAMES: [&str; 5] =
    ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// The section `[aws]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AwsSection {
    /// The organisations whose state machines may ask services with this host's credential, by name or id.
    pub(crate) organisations: Vec<String>,
}

impl AwsSection {
    /// The settings of the room. `None`: no service is set up.
    pub(crate) fn settings(&self, given: &BTreeMap<String, String>) -> anyhow::Result<Option<Settings>> {
        let text = |name: &str| given.get(name).map(|value| value.trim().to_owned());
        let of_service = |(name, url): (&String, &String)| {
            let service = name.strip_prefix(ENDPOINT)?.strip_prefix('_')?;
            Some((service.to_owned(), url.trim().to_owned()))
        };
        let endpoints = Endpoints { all: text(ENDPOINT), by_service: given.iter().filter_map(of_service).collect() };
        for url in endpoints.all.iter().chain(endpoints.by_service.values()) {
            let target = url.parse::<http::Uri>().ok().filter(|uri| uri.host().is_some() && uri.scheme().is_some());
            if target.is_none() {
                bail!("{ENDPOINT}…: {url:?} is no URL such as https://sqs.eu-central-1.amazonaws.com");
            }
        }
        if self.organisations.is_empty() {
            return Ok(None);
        }
        if endpoints.is_empty() {
            bail!(
                "[aws] names organisations, and no endpoint is set: set {ENDPOINT}, or {ENDPOINT}_SQS and so on, in the \
                 host's environment"
            );
        }
        let wanted =
            |name: &str| text(name).with_context(|| format!("[aws] names organisations, and {name} is not set"));
        Ok(Some(Settings {
            endpoints,
            region: text("AWS_REGION").map_or_else(|| wanted("AWS_DEFAULT_REGION"), Ok)?,
            access_key_id: wanted("AWS_ACCESS_KEY_ID")?,
            secret: SecretValue::new(wanted("AWS_SECRET_ACCESS_KEY")?),
            session_token: text("AWS_SESSION_TOKEN").map(SecretValue::new),
            organisations: self.organisations.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let credential = [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let all = credential.iter().chain(pairs);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn nothing_is_set_up_until_the_operator_names_an_organisation_and_an_endpoint() {
        let nobody = AwsSection::default();
        assert!(nobody.settings(&given(&[(ENDPOINT, "https://aws.example")])).unwrap().is_none());
        let acme = AwsSection { organisations: vec!["acme".to_owned()] };
        assert!(acme.settings(&given(&[])).unwrap_err().to_string().contains("no endpoint is set"));
        let wrong = acme.settings(&given(&[("AWS_ENDPOINT_URL_SQS", "localhost")]));
        assert!(wrong.unwrap_err().to_string().contains("is no URL"));
        let mut missing = given(&[(ENDPOINT, "https://aws.example")]);
        missing.remove("AWS_SECRET_ACCESS_KEY");
        assert!(acme.settings(&missing).unwrap_err().to_string().contains("AWS_SECRET_ACCESS_KEY is not set"));
        let all = given(&[(ENDPOINT, "https://aws.example"), ("AWS_ENDPOINT_URL_SQS", "https://sqs.example")]);
        let settings = acme.settings(&all).unwrap().expect("it is set up");
        assert_eq!(settings.endpoints.by_service["SQS"], "https://sqs.example");
    }
}
