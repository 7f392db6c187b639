//! QR codes (ISO/IEC 18004), as an API: a text goes in, a picture goes out, as SVG or PNG.
//!
//! Colours that a reader could not tell apart, and pictures too small for their code, are refused: what is answered can
//! be scanned.

mod colour;
mod style;
mod symbol;
mod wifi;

use serde::Deserialize;
use weir_sdk::http::{Failure, Json, Query, Response};

use crate::colour::Colour;
use crate::style::{Correction, Format, Style};
use crate::symbol::Symbol;
use crate::wifi::Wifi;

weir_sdk::routes!(code, long_code, join);

/// Why there is no code.
#[derive(Debug, PartialEq, thiserror::Error, Failure)]
pub enum Refused {
    /// Nothing was given to encode.
    #[error("there is nothing to encode: give a text")]
    #[failure(400)]
    EmptyText,
    /// No version holds it.
    #[error("a code with correction {correction} cannot hold {bytes} bytes; shorten the text, or correct less")]
    #[failure(413)]
    TooLong {
        /// The level that was asked for.
        correction: Correction,
        /// How long the text is.
        bytes: usize,
    },
    /// A module would be smaller than a pixel.
    #[error("the code has {modules} modules a side with its quiet zone; give at least as many pixels, not {size}")]
    #[failure(422)]
    TooSmall {
        /// Modules a side.
        modules: u32,
        /// Pixels that were asked for.
        size: u32,
    },
    /// Readers could not tell dark from light.
    #[error(
        "the contrast of dark to light is {contrast:.1} to 1; readers need {} to 1, dark on light",
        style::CONTRAST_MIN
    )]
    #[failure(422)]
    LowContrast {
        /// As WCAG computes it; below 1 when dark is the lighter one.
        contrast: f64,
    },
    /// The network cannot be told.
    #[error("{0}")]
    #[failure(422)]
    InvalidNetwork(&'static str),
}

/// A text, and how its code is to look.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    text: String,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    correction: Correction,
    #[serde(default = "style::size")]
    size: u32,
    #[serde(default = "style::quiet")]
    quiet: u32,
    #[serde(default = "style::dark")]
    dark: Colour,
    #[serde(default = "style::light")]
    light: Colour,
}

#[weir_sdk::http("GET /v1/codes")]
fn code(Query(wish): Query<Wish>) -> Result<Response, Failure> {
    of_text(wish)
}

#[weir_sdk::http("POST /v1/codes")]
fn long_code(Json(wish): Json<Wish>) -> Result<Response, Failure> {
    of_text(wish)
}

fn of_text(Wish { text, format, correction, size, quiet, dark, light }: Wish) -> Result<Response, Failure> {
    draw(&text, &Style { format, correction, size, quiet, dark, light })
}

#[weir_sdk::http("POST /v1/wifi")]
fn join(Json(network): Json<Wifi>) -> Result<Response, Failure> {
    draw(&network.text()?, &network.style())
}

fn draw(text: &str, style: &Style) -> Result<Response, Failure> {
    style.check()?;
    let symbol = Symbol::of(text, style.correction)?;
    let (media_type, picture) = symbol.draw(style)?;
    let response = Response::new(200, media_type, picture).with_header("x-qr-version", symbol.version().to_string());
    Ok(response.with_header("x-qr-correction", symbol.correction()))
}

#[cfg(test)]
mod tests;
