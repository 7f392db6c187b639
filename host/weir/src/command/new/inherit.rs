//! The SDK's manifests, made to stand alone: what they inherit from Weir's workspace is written out.

use anyhow::Context as _;
use toml::{Table, Value};

/// The workspace that the SDK is built in here.
const WORKSPACE: &str = include_str!("../../../../../Cargo.toml");

/// From `sdk/NAME` to the folder that paths of the workspace begin at. A project has the same folders.
const UP: &str = "../../";

/// Writes out what `manifest` inherits.
pub(super) fn resolve(manifest: &str) -> anyhow::Result<String> {
    let mut manifest: Table = manifest.parse().context("the SDK's manifest in this binary is not right")?;
    let workspace: Table = WORKSPACE.parse().context("the workspace's manifest in this binary is not right")?;
    let workspace = table(&workspace, "workspace").context("the workspace's manifest has no workspace")?;
    let (package, dependencies) = (table(workspace, "package"), table(workspace, "dependencies"));

    manifest.remove("lints");
    if let Some(Value::Table(own)) = manifest.get_mut("package") {
        for (key, value) in own.iter_mut().filter(|(_, value)| inherits(value)) {
            let given = package.and_then(|package| package.get(key));
            *value = given.with_context(|| format!("the workspace gives no {key}"))?.clone();
        }
    }
    depend(&mut manifest, dependencies)?;
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets {
            if let Value::Table(target) = target {
                depend(target, dependencies)?;
            }
        }
    }
    toml::to_string(&manifest).context("could not write the SDK's manifest")
}

fn table<'a>(parent: &'a Table, key: &str) -> Option<&'a Table> {
    parent.get(key).and_then(Value::as_table)
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Writes out the dependencies of a manifest, or of one of its targets.
fn depend(manifest: &mut Table, given: Option<&Table>) -> anyhow::Result<()> {
    for kind in ["dependencies", "dev-dependencies"] {
        let Some(Value::Table(own)) = manifest.get_mut(kind) else { continue };
        for (name, dependency) in own.iter_mut().filter(|(_, dependency)| inherits(dependency)) {
            let given = given.and_then(|given| given.get(name));
            let mut whole = match given.with_context(|| format!("the workspace gives no {name}"))? {
                Value::Table(whole) => whole.clone(),
                version => Table::from_iter([("version".to_owned(), version.clone())]),
            };
            if let Some(path) = whole.get("path").and_then(Value::as_str) {
                whole.insert("path".to_owned(), format!("{UP}{path}").into());
            }
            let added = dependency.as_table().into_iter().flatten().filter(|(key, _)| *key != "workspace");
            whole.extend(added.map(|(key, value)| (key.clone(), value.clone())));
            *dependency = Value::Table(whole);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inherited_is_written_out() {
        let manifest = r#"
            [package]
            name = "x"
            edition.workspace = true
            [lints]
            workspace = true
            [dependencies]
            toml.workspace = true
            weir-sdk-macros.workspace = true
            [target.'cfg(unix)'.dependencies]
            talc = { workspace = true, optional = true }
        "#;
        let resolved: Table = resolve(manifest).unwrap().parse().unwrap();
        assert_eq!(resolved["package"]["edition"].as_str(), Some("2024"));
        assert!(resolved.get("lints").is_none());
        assert!(resolved["dependencies"]["toml"]["version"].is_str());
        assert_eq!(resolved["dependencies"]["weir-sdk-macros"]["path"].as_str(), Some("../../sdk/rust-macros"));
        let talc = &resolved["target"]["cfg(unix)"]["dependencies"]["talc"];
        assert_eq!((talc["optional"].as_bool(), talc["default-features"].as_bool()), (Some(true), Some(false)));
        assert!(resolve("[dependencies]\nno-such-crate.workspace = true").is_err());
    }
}
