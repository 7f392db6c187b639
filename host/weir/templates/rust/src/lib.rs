//! Greets, and counts words.

use serde::{Deserialize, Serialize};
use weir_sdk::http::{Failure, Json, Path, Query};

weir_sdk::routes!(greet, count);

/// Letters of a name, at most.
const NAME_MAX: usize = 100;

/// Why a request gets no answer. Each has a status, and a code that callers can match.
#[derive(Debug, thiserror::Error, Failure)]
pub enum Refused {
    /// `name-too-long`.
    #[error("a name has at most {NAME_MAX} letters, not {letters}")]
    #[failure(422)]
    NameTooLong {
        /// How many it has.
        letters: usize,
    },
}

#[derive(Deserialize)]
struct Who {
    name: String,
}

#[derive(Deserialize)]
struct Manner {
    #[serde(default)]
    loudly: bool,
}

#[derive(Serialize)]
struct Greeting {
    greeting: String,
}

#[weir_sdk::http("GET /v1/greetings/{name}")]
fn greet(Path(who): Path<Who>, Query(manner): Query<Manner>) -> Result<Json<Greeting>, Refused> {
    let letters = who.name.chars().count();
    if letters > NAME_MAX {
        return Err(Refused::NameTooLong { letters });
    }
    let mark = if manner.loudly { "!" } else { "." };
    Ok(Json(Greeting { greeting: format!("Hello, {}{mark}", who.name) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Count {
    words: usize,
    characters: usize,
}

#[weir_sdk::http("POST /v1/counts")]
fn count(Json(Text { text }): Json<Text>) -> Json<Count> {
    Json(Count { words: text.split_whitespace().count(), characters: text.chars().count() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use weir_sdk::Context;
    use weir_sdk::http::Request;

    use super::*;

    fn answer(request: &Request) -> Result<Value, Failure> {
        let response = handle(&Context::default(), request)?;
        Ok(serde_json::from_slice(&response.body).unwrap())
    }

    #[test]
    fn a_greeting_is_as_loud_as_it_was_asked_for() {
        let greeting = |path| answer(&Request::get(path)).unwrap()["greeting"].clone();
        assert_eq!(greeting("/v1/greetings/Ada"), "Hello, Ada.");
        assert_eq!(greeting("/v1/greetings/Ada?loudly=true"), "Hello, Ada!");
    }

    #[test]
    fn a_name_that_is_too_long_is_refused() {
        let refused = answer(&Request::get(&format!("/v1/greetings/{}", "a".repeat(101)))).unwrap_err();
        assert_eq!((refused.status(), refused.code()), (422, "name-too-long"));
    }

    #[test]
    fn words_are_counted_and_another_body_is_pointed_at() {
        let counted = answer(&Request::post("/v1/counts", r#"{"text":"so it goes"}"#));
        assert_eq!(counted.unwrap(), json!({ "words": 3, "characters": 10 }));
        let refused = answer(&Request::post("/v1/counts", r#"{"text":3}"#)).unwrap_err();
        assert_eq!((refused.status(), refused.errors()[0].pointer.as_str()), (400, "/text"));
    }
}
