//! What an execution knows of itself.

use asl::Context;
use sha2::{Digest as _, Sha256};
use stepfunctions::{Arn, Thing};

use crate::sql::steps::Loaded;

/// The execution's whole name.
pub(crate) fn arn(facts: &Loaded) -> String {
    let thing = if facts.is_express {
        let (machine, name) = (facts.machine_name.clone(), facts.name.clone());
        Thing::Express { machine, name, id: format!("{:016x}", facts.seed) }
    } else {
        Thing::Execution { machine: facts.machine_name.clone(), name: facts.name.clone() }
    };
    Arn { region: facts.region.clone(), account: facts.account.clone(), thing }.to_string()
}

/// What the run knows of itself.
pub(super) fn context(facts: &Loaded, arn: &str) -> Context {
    let thing = Thing::Machine { name: facts.machine_name.clone(), qualifier: None };
    let machine = Arn { region: facts.region.clone(), account: facts.account.clone(), thing };
    Context {
        execution_id: arn.to_owned(),
        execution_name: facts.name.clone(),
        started_at: facts.started,
        role_arn: Some(facts.role_arn.clone()).filter(|role| !role.is_empty()),
        machine_id: machine.to_string(),
        machine_name: facts.machine_name.clone(),
        seed: facts.seed,
        redrives: facts.redrives,
        redriven_at: facts.redriven,
        ..Context::default()
    }
}

pub(crate) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
