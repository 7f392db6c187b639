//! Markdown to safe HTML, as an API: CommonMark with tables, strikethrough, task lists and footnotes.
//!
//! Safe by what is written, not by what is taken out afterwards: HTML in the text never becomes HTML, every tag is one
//! that Markdown makes, every text and attribute is escaped, and an address has one of a few schemes or is left out.

mod address;
mod headings;
mod render;

use serde::Deserialize;
use weir_sdk::http::{Failure, Json, Query, Request, Response};

use crate::render::{Document, Images, Links, Manner, Raw};

/// Bytes of a text.
const TEXT_MAX: usize = 256 * 1024;

weir_sdk::routes!(html, document);

/// Why there is no answer.
#[derive(Debug, PartialEq, thiserror::Error, Failure)]
pub enum Refused {
    /// The body is no text.
    #[error("the body is not UTF-8")]
    #[failure(400)]
    NotText,
    /// The text is too long.
    #[error("a text has at most {TEXT_MAX} bytes, not {bytes}")]
    #[failure(413)]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Lists and quotes lie in one another too deeply.
    #[error("lists and quotes lie in one another more than {} deep", render::DEPTH_MAX)]
    #[failure(422)]
    TooDeep,
    /// References or footnotes would blow the text up.
    #[error("the HTML would have more than {} bytes", render::HTML_MAX)]
    #[failure(422)]
    TooLarge,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    raw: Raw,
    #[serde(default)]
    images: Images,
    #[serde(default)]
    links: Links,
    #[serde(default = "yes")]
    heading_ids: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    markdown: String,
    #[serde(default)]
    raw: Raw,
    #[serde(default)]
    images: Images,
    #[serde(default)]
    links: Links,
    #[serde(default = "yes")]
    heading_ids: bool,
}

const fn yes() -> bool {
    true
}

#[weir_sdk::http("POST /v1/html")]
fn html(request: &Request, Query(options): Query<Options>) -> Result<Response, Refused> {
    let Options { raw, images, links, heading_ids } = options;
    let text = std::str::from_utf8(&request.body).map_err(|_| Refused::NotText)?;
    let document = render(text, Manner { raw, images, links, heading_ids })?;
    Ok(Response::new(200, "text/html; charset=utf-8", document.html))
}

#[weir_sdk::http("POST /v1/documents")]
fn document(Json(wish): Json<Wish>) -> Result<Json<Document>, Refused> {
    let Wish { markdown, raw, images, links, heading_ids } = wish;
    render(&markdown, Manner { raw, images, links, heading_ids }).map(Json)
}

fn render(text: &str, manner: Manner) -> Result<Document, Refused> {
    if text.len() > TEXT_MAX {
        return Err(Refused::TooLong { bytes: text.len() });
    }
    render::document(text, manner)
}

#[cfg(test)]
mod tests;
