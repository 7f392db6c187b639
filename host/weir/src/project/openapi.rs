//! Routes from an OpenAPI document, in YAML or JSON: each operation is one.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use types::ObjectName;

/// Versions whose `paths` are read. The next one is read as far as it is the same.
const VERSIONS: [&str; 3] = ["3.0.", "3.1.", "3.2."];

/// The fields of a path that are operations.
const METHODS: [&str; 8] = ["delete", "get", "head", "options", "patch", "post", "put", "trace"];

/// Bytes of a document, at most.
const SIZE_MAX: u64 = 1024 * 1024;

/// What is read of a document. The rest is for those who call.
#[derive(Debug, serde::Deserialize)]
struct Document {
    openapi: String,
    #[serde(default)]
    paths: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// Reads the document at `path`. The routes come in the order of their paths.
///
/// An operation's `x-weir-objects` lists the objects that calls of it may report; all when absent.
pub(super) fn routes(path: &Path) -> anyhow::Result<Vec<api::Route>> {
    let size = std::fs::metadata(path).with_context(|| format!("could not read {}", path.display()))?.len();
    if size > SIZE_MAX {
        bail!("{} has {size} bytes; {SIZE_MAX} are the most", path.display());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is not valid", path.display()))
}

fn parse(text: &str) -> anyhow::Result<Vec<api::Route>> {
    // JSON is YAML too.
    let document: Document = serde_saphyr::from_str(text)?;
    if !VERSIONS.iter().any(|version| document.openapi.starts_with(version)) {
        bail!("it is of OpenAPI {}; 3.0 and 3.1 are read", document.openapi);
    }
    let mut routes = Vec::new();
    for (path, item) in document.paths {
        if item.contains_key("$ref") {
            bail!("the path {path} is a reference; write its operations here");
        }
        for (method, operation) in item.into_iter().filter(|(field, _)| METHODS.contains(&field.as_str())) {
            let objects = operation.get("x-weir-objects").cloned();
            let objects: Option<Vec<ObjectName>> = objects
                .map(serde_json::from_value)
                .transpose()
                .with_context(|| format!("x-weir-objects of {method} {path} is no list of objects"))?;
            routes.push(api::Route { method: method.to_uppercase(), path: path.clone(), objects });
        }
    }
    if routes.is_empty() {
        bail!("it has no operations: an API needs one at least");
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: Pages, version: "1" }
paths:
  /v1/pages/{page}:
    parameters: [{ name: page, in: path, required: true, schema: { type: integer } }]
    get: { responses: { "200": { description: It } } }
    put:
      x-weir-objects: [pages]
      responses: { "200": { description: It } }
  /v1/about:
    get: { x-weir-objects: [], responses: { "200": { description: It } } }
"#;

    #[test]
    fn each_operation_is_a_route_with_its_objects() {
        let routes = parse(DOCUMENT).unwrap();
        let shown: Vec<_> = routes
            .iter()
            .map(|route| {
                let objects = route.objects.as_ref().map(|objects| objects.iter().map(ToString::to_string).collect());
                (route.method.as_str(), route.path.as_str(), objects)
            })
            .collect();
        let pages = vec!["pages".to_owned()];
        let expected = [
            ("GET", "/v1/about", Some(Vec::new())),
            ("GET", "/v1/pages/{page}", None),
            ("PUT", "/v1/pages/{page}", Some(pages)),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn json_is_read_too() {
        let routes = parse(r#"{"openapi":"3.0.3","paths":{"/a":{"post":{"responses":{}}}}}"#).unwrap();
        assert_eq!((routes[0].method.as_str(), routes[0].path.as_str()), ("POST", "/a"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, says) in [
            (DOCUMENT.replace("3.1.0", "2.0"), "OpenAPI 2.0"),
            ("openapi: 3.1.0\npaths: {}".to_owned(), "no operations"),
            ("openapi: 3.1.0\npaths: { /a: { $ref: './a.yaml' } }".to_owned(), "reference"),
            (DOCUMENT.replace("[pages]", "pages"), "x-weir-objects of put /v1/pages/{page}"),
            ("paths: {}".to_owned(), "openapi"),
        ] {
            let error = format!("{:#}", parse(&text).unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}
