//! Reads JSON, and says by a JSON pointer (RFC 6901) where it does not fit.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Reads `json`; an error is the place and what is wrong there.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, (String, String)> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = serde_path_to_error::deserialize(&mut reader);
    let value = read.map_err(|error| (pointer(error.path()), error.inner().to_string()))?;
    reader.end().map_err(|error| (String::new(), error.to_string()))?;
    Ok(value)
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        // Writing to a text does not fail.
        let written = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => write!(pointer, "/{}", escaped(key)),
            Segment::Unknown => Ok(()),
        };
        debug_assert!(written.is_ok());
    }
    pointer
}

/// A name as it stands in a pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only read")]
        lines: Vec<Line>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only read")]
        net: u32,
    }

    #[test]
    fn what_does_not_fit_is_pointed_at() {
        for (json, place, says) in [
            (r#"{"lines":[{"net":1},{"net":"x"}]}"#, "/lines/1/net", "invalid type"),
            (r#"{"lines":[{}]}"#, "/lines/0", "missing field `net`"),
            (r#"{"lines":[{"net":1,"a/b":2}]}"#, "/lines/0/a~1b", "unknown field"),
            (r#"{"lines":[]} x"#, "", "trailing"),
            ("{", "", "EOF"),
        ] {
            let (pointer, detail) = read::<Order>(json.as_bytes()).unwrap_err();
            assert_eq!(pointer, place, "{json}");
            assert!(detail.contains(says), "{detail}");
        }
    }
}
