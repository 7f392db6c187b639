//! What a provider sells, and who buys it: APIs, plans, apps.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::app::App;
use crate::component::Component;
use crate::host::Host;

/// The organisation that owns everything here.
pub(crate) const ORGANISATION: &str = "tests";

/// A hard quota of `amount` of `object` a month.
pub fn hard(object: &str, amount: u64) -> Value {
    json!({ "object": object, "amount": amount, "per": "month", "limit": "hard" })
}

impl Host {
    /// Publishes `component` as the API `slug`, for every method and path, with the default limits.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub fn publish(&self, slug: &str, component: &Component) -> anyhow::Result<()> {
        self.publish_within(slug, component, &json!({}))
    }

    /// Publishes it within `limits`, as a release has them.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub fn publish_within(&self, slug: &str, component: &Component, limits: &Value) -> anyhow::Result<()> {
        self.open_api(slug)?;
        let (status, answer) = self.upload(component)?;
        ensure!((200..300).contains(&status), "the component was refused: {status} {answer}");
        let release = json!({
            "component": component.digest().to_string(),
            "world": "http",
            "limits": limits,
            "routes": [{ "method": "*", "path": "/{*rest}" }],
        });
        self.release(slug, &release)
    }

    /// Publishes `component`, of the world `task`, for workflows to call as `slug`.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub fn publish_task(&self, slug: &str, component: &Component) -> anyhow::Result<()> {
        self.open_api(slug)?;
        let (status, answer) = self.upload(component)?;
        ensure!((200..300).contains(&status), "the component was refused: {status} {answer}");
        let routes = json!([{ "method": "POST", "path": "/" }]);
        self.release(slug, &json!({ "component": component.digest().to_string(), "world": "task", "routes": routes }))
    }

    /// Publishes the API `slug`, each call of which starts an execution of this state machine that is kept.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub fn publish_executions(&self, slug: &str, definition: &Value) -> anyhow::Result<()> {
        self.open_api(slug)?;
        let routes = json!([{ "method": "*", "path": "/{*rest}" }]);
        self.release(slug, &json!({ "workflow": definition.to_string(), "starts": "standard", "routes": routes }))
    }

    /// Makes the organisation, if it is not there.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn organisation(&self) -> anyhow::Result<()> {
        let (status, answer) = self.ask("POST", "/v1/organisations", Some(&json!({ "name": ORGANISATION })))?;
        ensure!((200..300).contains(&status) || status == 409, "the organisation was refused: {status} {answer}");
        Ok(())
    }

    fn open_api(&self, slug: &str) -> anyhow::Result<()> {
        self.organisation()?;
        self.must("POST", "/v1/apis", &json!({ "slug": slug, "title": slug, "organisation": ORGANISATION }))?;
        Ok(())
    }

    fn release(&self, slug: &str, release: &Value) -> anyhow::Result<()> {
        let release = self.must("POST", &format!("/v1/apis/{slug}/releases"), release)?;
        self.must("PUT", &format!("/v1/apis/{slug}/live"), &json!({ "release": release["number"] }))?;
        Ok(())
    }

    /// Makes a plan of `quotas`, such as [`hard`] makes, without a rate.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn plan(&self, api: &str, name: &str, quotas: &[Value]) -> anyhow::Result<()> {
        self.must("POST", &format!("/v1/apis/{api}/plans"), &json!({ "name": name, "quotas": quotas }))?;
        Ok(())
    }

    /// Makes an app with a key, and subscribes it.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub fn app(&self, name: &str, api: &str, plan: &str) -> anyhow::Result<App> {
        let app = self.must("POST", "/v1/apps", &json!({ "name": name, "organisation": ORGANISATION }))?;
        let id = app["id"].as_str().context("an app has an id")?;
        let subscription = self.must("POST", "/v1/subscriptions", &json!({ "app": id, "api": api, "plan": plan }))?;
        let key = self.must("POST", &format!("/v1/apps/{id}/keys"), &json!({}))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (key, subscription) =
            text(&key["secret"]).zip(text(&subscription["id"])).context("a key and a subscription have their names")?;
        Ok(App::new(self.gateway().to_owned(), key, subscription))
    }
}
