//! The member states, by the codes that VAT numbers and ISO 3166 use for them.

use weir_sdk::http::Failure;

/// A member state: its ISO 3166 code, the prefix of its VAT numbers, and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Country {
    pub(crate) iso: &'static str,
    /// As in `iso`, but `EL` for Greece.
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
}

macro_rules! countries {
    ($($iso:literal $prefix:literal $name:literal,)*) => {
        /// The 27 member states, by their ISO codes.
        pub(crate) const ALL: [Country; 27] = [$(Country { iso: $iso, prefix: $prefix, name: $name },)*];
    };
}

countries! {
    "AT" "AT" "Austria",
    "BE" "BE" "Belgium",
    "BG" "BG" "Bulgaria",
    "CY" "CY" "Cyprus",
    "CZ" "CZ" "Czechia",
    "DE" "DE" "Germany",
    "DK" "DK" "Denmark",
    "EE" "EE" "Estonia",
    "ES" "ES" "Spain",
    "FI" "FI" "Finland",
    "FR" "FR" "France",
    "GR" "EL" "Greece",
    "HR" "HR" "Croatia",
    "HU" "HU" "Hungary",
    "IE" "IE" "Ireland",
    "IT" "IT" "Italy",
    "LT" "LT" "Lithuania",
    "LU" "LU" "Luxembourg",
    "LV" "LV" "Latvia",
    "MT" "MT" "Malta",
    "NL" "NL" "Netherlands",
    "PL" "PL" "Poland",
    "PT" "PT" "Portugal",
    "RO" "RO" "Romania",
    "SE" "SE" "Sweden",
    "SI" "SI" "Slovenia",
    "SK" "SK" "Slovakia",
}

/// Finds a member state by either code, in any case.
pub(crate) fn find(code: &str) -> Result<Country, Failure> {
    let found = ALL
        .into_iter()
        .find(|country| country.iso.eq_ignore_ascii_case(code) || country.prefix.eq_ignore_ascii_case(code));
    found.ok_or_else(|| {
        let shown: String = code.chars().take(16).collect();
        Failure::rejected(
            "unknown-country",
            format!("{shown:?} is not a member state of the EU; use a code such as DE"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greece_has_two_codes() {
        assert_eq!(find("el").unwrap(), find("GR").unwrap());
        assert_eq!(find("GB").unwrap_err().code(), "unknown-country");
    }
}
