//! The text by which telephones join a wireless network: `WIFI:T:WPA;S:name;P:password;;`.

use serde::Deserialize;

use crate::Refused;
use crate::colour::Colour;
use crate::style::{self, Correction, Format, Style};

/// How a network is secured, in the words that telephones read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Security {
    /// WPA, WPA2 and WPA3.
    #[default]
    #[serde(rename = "WPA")]
    Wpa,
    #[serde(rename = "WEP")]
    Wep,
    #[serde(rename = "nopass")]
    Open,
}

/// A network, and how its code is to look.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wifi {
    #[serde(rename = "network")]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    security: Security,
    #[serde(default)]
    hidden: bool,
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

impl Wifi {
    pub(crate) const fn style(&self) -> Style {
        let Self { format, correction, size, quiet, dark, light, .. } = *self;
        Style { format, correction, size, quiet, dark, light }
    }

    /// What the code holds.
    pub(crate) fn text(&self) -> Result<String, Refused> {
        let refuse = |why| Err(Refused::InvalidNetwork(why));
        // The bounds are those of IEEE 802.11, in bytes.
        if !(1..=32).contains(&self.name.len()) {
            return refuse("the name of a network has 1 to 32 bytes");
        }
        let (kind, letters) = (self.security, self.password.len());
        match kind {
            Security::Wpa if !(8..=63).contains(&letters) => return refuse("a WPA password has 8 to 63 letters"),
            Security::Wep if ![5, 10, 13, 26].contains(&letters) => {
                return refuse("a WEP key has 5 or 13 letters, or 10 or 26 hexadecimal digits");
            }
            Security::Open if letters > 0 => return refuse("a network without security has no password"),
            _ => {}
        }
        let kind = match kind {
            Security::Wpa => "WPA",
            Security::Wep => "WEP",
            Security::Open => "nopass",
        };
        let mut text = format!("WIFI:T:{kind};S:{};", escaped(&self.name));
        if !self.password.is_empty() {
            text.push_str(&format!("P:{};", escaped(&self.password)));
        }
        if self.hidden {
            text.push_str("H:true;");
        }
        text.push(';');
        Ok(text)
    }
}

/// What has a meaning of its own is written after a backslash.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | ';' | ',' | ':' | '"') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
