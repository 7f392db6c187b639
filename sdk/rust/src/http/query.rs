//! Query strings, as `application/x-www-form-urlencoded` writes them.

/// The pairs of a query string, in their order.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// Undoes percent-encoding, and `+` for a space.
fn decoded(text: &str) -> String {
    unescaped(&text.replace('+', " "))
}

/// Undoes percent-encoding. What is not an escape stays as it is; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) {
                    bytes.push(high << 4 | low);
                    rest = after;
                } else {
                    bytes.push(b'%');
                }
            }
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_broken_ones_stay() {
        let read: Vec<_> = pairs("a=1&b=x%20y+z&&c&d=100%&e=%C3%A9%zz").collect();
        let expected =
            [("a", "1"), ("b", "x y z"), ("c", ""), ("d", "100%"), ("e", "é%zz")].map(|(n, v)| (n.into(), v.into()));
        assert_eq!(read, expected);
    }
}
