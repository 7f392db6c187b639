//! W3C `traceparent`: read from the request, carried on to the guest under a span of the call's own.

use http::HeaderMap;
use types::CallId;

/// The trace that a call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    id: u128,
    /// The client's span.
    parent: Option<u64>,
    span: u64,
    flags: u8,
}

impl Trace {
    /// The client's trace, or a new one that is named after the call. The span is named after the call's random part.
    pub(crate) fn of(headers: &HeaderMap, call: CallId) -> Self {
        let span = low_bits(call).max(1);
        let given = headers.get("traceparent").and_then(|value| parse(value.as_bytes()));
        match given {
            Some((id, parent, flags)) => Self { id, parent: Some(parent), span, flags },
            None => Self { id: call.as_u128(), parent: None, span, flags: 0 },
        }
    }

    /// The trace, the call's own span, and its client's.
    pub(crate) const fn ids(self) -> (u128, u64, Option<u64>) {
        (self.id, self.span, self.parent)
    }

    /// Whether the client samples its trace. `None`: it has none.
    pub(crate) fn client_samples(self) -> Option<bool> {
        self.parent.map(|_| self.flags & 1 == 1)
    }

    /// The header's value for those further down.
    pub(crate) fn to_header(self) -> String {
        let mut text = String::with_capacity(55);
        text.push_str("00-");
        push_hex(&mut text, &self.id.to_be_bytes());
        text.push('-');
        push_hex(&mut text, &self.span.to_be_bytes());
        text.push('-');
        push_hex(&mut text, &[self.flags]);
        text
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// The random end of a call's id.
pub(crate) fn low_bits(call: CallId) -> u64 {
    u64::try_from(call.as_u128() & u128::from(u64::MAX)).unwrap_or(0)
}

/// Reads trace id, parent and flags. A later version may have more fields at its end.
fn parse(value: &[u8]) -> Option<(u128, u64, u8)> {
    let text = std::str::from_utf8(value).ok()?;
    let mut fields = text.split('-');
    let version = hex(fields.next()?, 2)?;
    let trace = hex(fields.next()?, 32)?;
    let parent = hex(fields.next()?, 16)?;
    let flags = hex(fields.next()?, 2)?;
    let whole = version != 0 || fields.next().is_none();
    let sound = version != 0xff && trace != 0 && parent != 0 && whole;
    sound.then(|| (trace, u64::try_from(parent).unwrap_or(0), u8::try_from(flags & 1).unwrap_or(0)))
}

fn hex(field: &str, length: usize) -> Option<u128> {
    let lower = field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (lower && field.len() == length).then(|| u128::from_str_radix(field, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

    fn trace(value: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", value.parse().unwrap());
        Trace::of(&headers, CallId::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677)).to_header()
    }

    #[test]
    fn the_clients_trace_goes_on_under_a_span_of_the_call() {
        assert_eq!(
            trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0011223344556677-01"
        );
        assert!(trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").contains("4bf92f"));
    }

    #[test]
    fn the_clients_span_and_its_word_on_sampling_are_kept() {
        let call = CallId::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        let of = |value: &'static str| Trace::of(&HeaderMap::from_iter([(TRACEPARENT, value.parse().unwrap())]), call);
        let given = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let expected = (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x0011_2233_4455_6677, Some(0x00f0_67aa_0ba9_02b7));
        assert_eq!((given.ids(), given.client_samples()), (expected, Some(true)));
        let unsampled = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        assert_eq!(unsampled.client_samples(), Some(false));
        let none = Trace::of(&HeaderMap::new(), call);
        assert_eq!((none.ids(), none.client_samples()), ((call.as_u128(), 0x0011_2233_4455_6677, None), None));
    }

    #[test]
    fn a_broken_header_begins_a_new_trace() {
        let new = "00-0123456789abcdef0011223344556677-0011223344556677-00";
        for broken in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(trace(broken), new, "{broken}");
        }
    }
}
