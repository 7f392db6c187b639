//! Colours, and whether a reader can tell them apart.

use serde::Deserialize;

/// A colour of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Colour {
    /// Red, green and blue.
    Opaque([u8; 3]),
    /// Whatever lies behind the picture; taken to be white.
    Transparent,
}

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "transparent" {
            return Ok(Self::Transparent);
        }
        let wrong = || format!("{text:?} is no colour: write it as 1a2b3c, or transparent");
        let digits = text.strip_prefix('#').unwrap_or(&text);
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self::Opaque([red, green, blue]))
    }
}

impl Colour {
    /// Red, green and blue; white when it is transparent.
    pub(crate) const fn rgb(self) -> [u8; 3] {
        match self {
            Self::Opaque(rgb) => rgb,
            Self::Transparent => [255; 3],
        }
    }

    /// As SVG writes it.
    pub(crate) fn svg(self) -> String {
        let [red, green, blue] = self.rgb();
        match self {
            Self::Opaque(_) => format!("#{red:02x}{green:02x}{blue:02x}"),
            Self::Transparent => "none".to_owned(),
        }
    }

    /// The relative luminance of WCAG 2: 0 for black, 1 for white.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.rgb().map(linear);
        0.0722f64.mul_add(blue, 0.2126f64.mul_add(red, 0.7152 * green))
    }

    /// The contrast ratio of WCAG 2, from 1 to 21; below 1 when this one is the lighter.
    pub(crate) fn contrast_on(self, light: Self) -> f64 {
        (light.luminance() + 0.05) / (self.luminance() + 0.05)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Result<Colour, String> {
        text.to_owned().try_into()
    }

    #[test]
    fn contrasts_are_those_of_the_web_guidelines() {
        let contrast = |dark, light| colour(dark).unwrap().contrast_on(colour(light).unwrap());
        assert!((contrast("000000", "ffffff") - 21.0).abs() < 1e-9);
        // The guidelines' own example of a grey that just passes 4.5 to 1 on white.
        assert!((contrast("#767676", "#FFFFFF") - 4.54).abs() < 0.01);
        assert!(contrast("ffffff", "transparent") < 1.0 + 1e-9);
        assert!(contrast("ffffff", "000000") < 1.0);
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in ["", "#fff", "red", "1a2b3", "1a2b3g", "##1a2b3c", "+1a2b3"] {
            assert!(colour(text).is_err(), "{text}");
        }
    }
}
