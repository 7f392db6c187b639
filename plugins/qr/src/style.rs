//! How a code is to look.

use std::fmt;

use serde::Deserialize;
use weir_sdk::http::Failure;

use crate::Refused;
use crate::colour::Colour;

/// The contrast below which readers fail: what the web guidelines ask of graphics.
pub(crate) const CONTRAST_MIN: f64 = 3.0;

const SIZE_MIN: u32 = 32;
const SIZE_MAX: u32 = 2048;
const QUIET_MAX: u32 = 16;

/// The file that is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Svg,
    Png,
}

/// How much of a code may be unreadable: about 7, 15, 25 or 30 per cent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Correction {
    /// 7 per cent.
    L,
    /// 15 per cent.
    #[default]
    M,
    /// 25 per cent.
    Q,
    /// 30 per cent.
    H,
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Everything that can be chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) format: Format,
    pub(crate) correction: Correction,
    /// Pixels a side, quiet zone and all.
    pub(crate) size: u32,
    /// Modules of quiet zone on each side; the standard asks for four.
    pub(crate) quiet: u32,
    pub(crate) dark: Colour,
    pub(crate) light: Colour,
}

pub(crate) const fn size() -> u32 {
    256
}

pub(crate) const fn quiet() -> u32 {
    4
}

pub(crate) const fn dark() -> Colour {
    Colour::Opaque([0; 3])
}

pub(crate) const fn light() -> Colour {
    Colour::Opaque([255; 3])
}

impl Style {
    /// Refuses what cannot be drawn, or not be read.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if !(SIZE_MIN..=SIZE_MAX).contains(&self.size) {
            return Err(Failure::invalid("/size", format!("is from {SIZE_MIN} to {SIZE_MAX} pixels")));
        }
        if self.quiet > QUIET_MAX {
            return Err(Failure::invalid("/quiet", format!("is at most {QUIET_MAX} modules")));
        }
        let contrast = self.dark.contrast_on(self.light);
        if self.dark == Colour::Transparent || contrast < CONTRAST_MIN {
            return Err(Refused::LowContrast { contrast }.into());
        }
        Ok(())
    }
}
