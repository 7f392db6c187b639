//! The allowed edges between crates. A new line here needs a decision in `docs/adr/`.

use std::path::PathBuf;

use anyhow::Context;

use super::{Problems, read};
use crate::workspace::Workspace;

/// Which rooms a crate may use. All may use `types`; what is not listed here may use nothing of the house.
const EDGES: [(&str, &[&str]); 34] = [
    (
        "weir",
        &[
            "api",
            "asl",
            "aws",
            "catalog",
            "control",
            "delivery",
            "egress",
            "express",
            "gateway",
            "ledger",
            "objects",
            "sandbox",
            "stepfunctions",
            "store",
            "tls",
            "traces",
            "workflows",
        ],
    ),
    (
        "gateway",
        &["api", "asl", "aws", "catalog", "egress", "express", "ledger", "sandbox", "tls", "traces", "workflows"],
    ),
    (
        "control",
        &[
            "api",
            "catalog",
            "delivery",
            "express",
            "ledger",
            "objects",
            "sandbox",
            "schedules",
            "sigv4",
            "stepfunctions",
            "tls",
            "traces",
            "workflows",
        ],
    ),
    ("workflows", &["asl", "express", "history", "objects", "schedules", "stepfunctions", "store"]),
    ("express", &["asl"]),
    ("history", &["asl", "stepfunctions"]),
    ("schedules", &["stepfunctions", "store"]),
    ("stepfunctions", &["asl", "jsonpath"]),
    ("objects", &[]),
    ("catalog", &["store"]),
    ("ledger", &["store"]),
    ("traces", &["store"]),
    ("delivery", &["egress", "store"]),
    ("sandbox", &["egress"]),
    ("aws", &["egress", "sigv4"]),
    ("egress", &[]),
    ("asl", &["jsonata", "jsonpath", "syntax"]),
    ("jsonata", &[]),
    ("sigv4", &[]),
    ("jsonpath", &[]),
    ("syntax", &[]),
    ("api", &[]),
    ("store", &[]),
    ("tls", &[]),
    ("weir-sdk", &["weir-sdk-macros"]),
    ("dispatch", &["weir-sdk"]),
    ("geo", &["weir-sdk"]),
    ("markdown", &["weir-sdk"]),
    ("payment", &["weir-sdk"]),
    ("procurement", &["weir-sdk"]),
    ("qr", &["weir-sdk"]),
    ("vat", &["weir-sdk"]),
    ("thumbnail", &["weir-sdk"]),
    ("headers", &[]),
];

/// Folders of crates that no room may use, and that may use any.
const OUTSIDE: [&str; 4] = ["bench", "fuzz", "tests", "xtask"];

/// Looks at the dependencies of every crate. Those of tests alone are free.
pub(super) fn check(workspace: &Workspace, files: &[PathBuf], problems: &mut Problems) -> anyhow::Result<()> {
    let mut crates = Vec::new();
    for path in files.iter().filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml")) {
        let manifest: toml::Table =
            read(path)?.parse().with_context(|| format!("{} is not TOML", workspace.shown(path)))?;
        let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
        if let Some(name) = name {
            let place = path.strip_prefix(&workspace.root).unwrap_or(path);
            let outside = OUTSIDE.iter().any(|folder| place.starts_with(folder));
            let used = if outside { Vec::new() } else { dependencies(&manifest) };
            crates.push((name.to_owned(), used));
        }
    }
    let names: Vec<&str> = crates.iter().map(|(name, _)| name.as_str()).collect();
    for (name, used) in &crates {
        let allowed = EDGES.iter().find(|(known, _)| known == name).map_or(&[][..], |(_, allowed)| allowed);
        for other in used.iter().filter(|other| names.contains(&other.as_str())) {
            if other != "types" && !allowed.contains(&other.as_str()) {
                problems.add(format!("{name} must not use {other}: the edge is not in xtask/src/check/edges.rs"));
            }
        }
    }
    Ok(())
}

/// What a crate needs to be built, on any target.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table);
    let tables = tables.chain([manifest]);
    let dependencies = tables.flat_map(|table| [table.get("dependencies"), table.get("build-dependencies")]);
    dependencies.flatten().filter_map(toml::Value::as_table).flat_map(|table| table.keys().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_every_target_count_and_those_of_tests_do_not() {
        let manifest = r#"
            [dependencies]
            a = "1"
            [build-dependencies]
            b.workspace = true
            [target.'cfg(unix)'.dependencies]
            c = { version = "1" }
            [dev-dependencies]
            d = "1"
        "#;
        let mut found = dependencies(&manifest.parse().unwrap());
        found.sort();
        assert_eq!(found, ["a", "b", "c"]);
    }
}
