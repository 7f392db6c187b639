//! Which addresses a text may point to.

/// Schemes that lead somewhere and run nothing.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// Whether an address is relative, or has one of the known schemes.
///
/// Browsers leave out tabs and line ends, and spaces and controls at the beginning, before they look for a scheme
/// (WHATWG URL, 4.4): so does this.
pub(crate) fn is_safe(address: &str) -> bool {
    let seen: String = address.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let seen = seen.trim_start_matches(|c: char| c <= ' ');
    let Some((scheme, _)) = seen.split_once(':') else { return true };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    !is_scheme || SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn only_known_schemes_and_relative_addresses_are_safe() {
        for safe in
            ["https://a.example", "HTTP://a", "mailto:a@b", "tel:+49", "/a:b", "a/b", "#x", "?a=b:c", "", "//a.example"]
        {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " \u{1}javascript:alert(1)",
            "java\tscript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:x",
        ] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }
}
