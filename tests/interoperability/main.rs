//! Clients of others against a host: unmodified, as their users install them.

mod python;

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests::Host;

/// The operator makes an organisation, and a credential for it.
fn credential(host: &Host) -> anyhow::Result<Value> {
    let (status, _) = host.ask("POST", "/v1/organisations", Some(&json!({ "name": "tests" })))?;
    ensure!(status == 201, "no organisation: {status}");
    let new = json!({ "name": "boto3", "organisation": "tests" });
    let (status, made) = host.ask("POST", "/v1/aws-credentials", Some(&new))?;
    ensure!(status == 201, "no credential: {status} {made}");
    Ok(made)
}

#[test]
fn an_unmodified_boto3_is_taken_and_what_it_signs_wrongly_is_refused() -> anyhow::Result<()> {
    let host = Host::start()?;
    let made = credential(&host)?;
    let text = |name: &str| made[name].as_str().with_context(|| format!("a credential has its {name}"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interoperability/step_functions.py");
    let said = Command::new(python::with_boto3()?)
        .arg(script)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", text("access_key_id")?)
        .env("AWS_SECRET_ACCESS_KEY", text("secret_access_key")?)
        .env("AWS_ENDPOINT_URL_SFN", host.control_url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .output()?;
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    ensure!(said.status.success() && out.contains("11 of 11"), "{out}{err}");
    Ok(())
}
