//! A folder with a delivery.db, and what a host plugs into the room.

use std::sync::Arc;
use std::time::Duration;

use catalog::Vault;
use delivery::{
    Attempt, Delivery, Dispatch, DispatchQuery, Endpoint, Event, MailServer, NewEndpoint, Seal, Settings, Unsealed,
};
use egress::{Egress, Secrets};
use serde_json::json;
use tempfile::TempDir;
use types::{Clock, EgressRule, HostKey, ManualClock, OrganisationId, SecretName, SecretValue, Timestamp};

/// When the clock of a test stands still.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
/// Whoever changes something.
pub(crate) const ACTOR: &str = "tok_of_the_test";

struct NoSecrets;

impl Secrets for NoSecrets {
    fn value(&self, _: OrganisationId, _: &SecretName) -> Option<SecretValue> {
        None
    }
}

/// The catalog's vault, as the host plugs it in.
struct InVault(Vault);

impl Seal for InVault {
    fn seal(&self, place: &str, text: &SecretValue) -> Result<Vec<u8>, Unsealed> {
        self.0.seal_text(place, text).map_err(|_| Unsealed)
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretValue, Unsealed> {
        self.0.open_text(place, sealed).map_err(|_| Unsealed)
    }
}

pub(crate) struct House {
    pub(crate) delivery: Delivery,
    pub(crate) clock: Arc<ManualClock>,
    reads: Clock,
    pub(crate) organisation: OrganisationId,
    pub(crate) folder: Arc<TempDir>,
}

impl House {
    /// Open to plain HTTP at these ports of this machine.
    pub(crate) fn open_to(ports: &[u16]) -> Self {
        Self::with(ports, None)
    }

    pub(crate) fn with(ports: &[u16], mail: Option<MailServer>) -> Self {
        let (clock, manual) = ManualClock::at(START);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let organisation = OrganisationId::generate(START);
        let reads = clock.clone();
        Self { delivery: room(&folder, ports, mail, clock), clock: manual, reads, organisation, folder }
    }

    /// Closes the file and opens it again, as a host that is started anew.
    pub(crate) async fn again(self, ports: &[u16]) -> Self {
        self.delivery.close().await;
        let (clock, manual) = ManualClock::at(START);
        let reads = clock.clone();
        Self { delivery: room(&self.folder, ports, None, clock), clock: manual, reads, ..self }
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.reads.now()
    }

    pub(crate) async fn endpoint(&self, url: &str, events: &[&str]) -> (Endpoint, SecretValue) {
        let new = NewEndpoint {
            organisation: self.organisation,
            app: None,
            url: url.to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            description: String::new(),
        };
        let (endpoint, secret) = self.delivery.set_endpoint(ACTOR.to_owned(), new).await.unwrap();
        (endpoint, secret.unwrap())
    }

    /// Something has happened; how many endpoints are told.
    pub(crate) async fn publish(&self, source: &str) -> usize {
        let event = Event {
            source: source.to_owned(),
            organisation: self.organisation,
            app: None,
            kind: "execution.succeeded".to_owned(),
            at: START,
            data: json!({ "execution": source }),
        };
        self.delivery.publish(event).await.unwrap()
    }

    /// The only dispatch, once `wanted` holds for it.
    pub(crate) async fn until(&self, wanted: impl Fn(&Dispatch) -> bool) -> (Dispatch, Vec<Attempt>) {
        let mut last = None;
        for _ in 0..1_000 {
            let all = self.dispatches().await;
            if let Some(found) = all.into_iter().next() {
                if wanted(&found) {
                    return self.delivery.dispatch(found.id).await.unwrap().unwrap();
                }
                last = Some(found);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it stays as it is: {last:?}");
    }

    /// All dispatches, the newest first.
    pub(crate) async fn dispatches(&self) -> Vec<Dispatch> {
        self.delivery.dispatches(DispatchQuery { limit: 100, ..DispatchQuery::default() }).await.unwrap()
    }

    /// The actions of the acts that are to be told.
    pub(crate) async fn acts(&self) -> Vec<String> {
        let acts = self.delivery.acts(100).await.unwrap();
        let action = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["action"].clone();
        acts.iter().map(|news| action(&news.body).as_str().unwrap().to_owned()).collect()
    }
}

fn room(folder: &TempDir, ports: &[u16], mail: Option<MailServer>, clock: Clock) -> Delivery {
    let rule = |port: &u16| json!({ "host": "127.0.0.1", "scheme": "http", "port": port });
    let rules: Vec<_> = ports.iter().map(rule).collect();
    let allow: Vec<EgressRule> = serde_json::from_value(rules.into()).unwrap();
    let key = HostKey::from_bytes([3; 32]);
    let mut way_out = egress::Settings::closed(key.clone());
    way_out.allow.clone_from(&allow);
    way_out.loopback_for_development = true;
    let egress = Egress::open(&way_out, Arc::new(NoSecrets), Clock::system()).unwrap();
    let settings = Settings {
        mail,
        public_url: "https://control.example/".to_owned(),
        look_again: Duration::from_millis(5),
        ..Settings::new(allow)
    };
    let seal = Arc::new(InVault(Vault::new(&key)));
    Delivery::open(&folder.path().join("delivery.db"), settings, clock, egress, seal).unwrap()
}
