//! What a caller may ask for, in the query.

use weir_sdk::http::{Failure, Request};

use crate::source::Format;

/// The longest side of a thumbnail, in pixels.
pub(crate) const SIDE_MAX: u32 = 1_024;

/// How good a JPEG is when nobody says.
const QUALITY: u8 = 80;

/// How an image is made to fit into width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Whole, within both; never enlarged.
    Contain,
    /// Exactly both; what stands over is cut off evenly.
    Cover,
    /// Exactly both; stretched.
    Fill,
}

/// A checked query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) fit: Fit,
    /// The input's own format when absent.
    pub(crate) output: Option<Format>,
    pub(crate) quality: u8,
}

impl Parameters {
    /// Reads `width`, `height`, `fit`, `format` and `quality`.
    pub(crate) fn read(request: &Request) -> Result<Self, Failure> {
        for (name, _) in request.query_pairs() {
            if !["width", "height", "fit", "format", "quality"].contains(&name.as_str()) {
                let shown: String = name.chars().take(32).collect();
                return Err(refused(format!(
                    "there is no parameter {shown:?}: use width, height, fit, format, quality"
                )));
            }
        }
        let value = |name| request.query_value(name);
        let side = |name| value(name).map(|text| number(name, &text, SIDE_MAX)).transpose();
        let (width, height) = (side("width")?, side("height")?);
        let fit = match value("fit").as_deref() {
            None | Some("contain") => Fit::Contain,
            Some("cover") => Fit::Cover,
            Some("fill") => Fit::Fill,
            Some(_) => return Err(refused("fit is contain, cover or fill")),
        };
        match (fit, width, height) {
            (_, None, None) => return Err(refused("give width, height or both")),
            (Fit::Cover | Fit::Fill, None, _) | (Fit::Cover | Fit::Fill, _, None) => {
                return Err(refused("cover and fill need both width and height"));
            }
            _ => {}
        }
        let output = match value("format").as_deref() {
            None => None,
            Some("png") => Some(Format::Png),
            Some("jpeg" | "jpg") => Some(Format::Jpeg),
            Some("webp") => Some(Format::WebP),
            Some(_) => return Err(refused("format is png, jpeg or webp")),
        };
        let quality = value("quality").map(|text| number("quality", &text, 100)).transpose()?;
        if quality.is_some() && matches!(output, Some(Format::Png | Format::WebP)) {
            return Err(refused("quality is for jpeg: png and webp are written without loss"));
        }
        let quality = quality.map_or(QUALITY, |quality| u8::try_from(quality).unwrap_or(QUALITY));
        Ok(Self { width, height, fit, output, quality })
    }
}

/// A number from 1 to `most`.
fn number(name: &str, text: &str, most: u32) -> Result<u32, Failure> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| refused(format!("{name} is a number from 1 to {most}")))
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::rejected("invalid-parameter", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, Failure> {
        Parameters::read(&Request::post(&format!("/v1/thumbnails?{query}"), ""))
    }

    #[test]
    fn one_side_is_enough_to_be_contained() {
        let read = read("width=320").unwrap();
        assert_eq!((read.width, read.height, read.fit, read.quality), (Some(320), None, Fit::Contain, QUALITY));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for query in [
            "",
            "width=0",
            "width=1025",
            "width=-5",
            "width=10.5",
            "width=10&fit=cover",
            "width=10&height=10&fit=crop",
            "width=10&format=gif",
            "width=10&quality=0",
            "width=10&quality=101",
            "width=10&quality=50&format=webp",
            "width=10&heigth=20",
        ] {
            assert_eq!(read(query).unwrap_err().code(), "invalid-parameter", "{query}");
        }
    }
}
