use super::*;

/// What is left of `text` when it comes in pieces of `piece` bytes, and what was seen of it.
fn checked(text: &[u8], piece: usize) -> (Vec<u8>, Framing) {
    let mut bytes = text.to_vec();
    let mut framing = Framing::default();
    for fresh in bytes.chunks_mut(piece) {
        framing.check(fresh);
    }
    (bytes, framing)
}

const BEFORE: &str = "\r\nPOST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n\n\n\n\n\nPOST /b HTTP/1.1\r\nHost: x\r\n\
                      Transfer-Encoding: CHUNKED\r\n\r\n3;a=\"b\"\r\n\n\r\n\r\n0a\r\n0123\n56789\r\n0\r\nx: y\r\n\r\n";

#[test]
fn good_requests_pass_untouched_however_they_are_cut() {
    for piece in [1, 2, 3, 7, 64, 1_000] {
        let (bytes, framing) = checked(BEFORE.as_bytes(), piece);
        assert_eq!((framing.fault(), framing.is_within_request()), (None, false), "in pieces of {piece}");
        assert_eq!(bytes, BEFORE.as_bytes());
    }
}

#[test]
fn what_two_readers_could_read_differently_is_spoiled_in_any_cut() {
    let long = format!("Transfer-Encoding: {}chunked\r\n", " ".repeat(80));
    let faults = [
        ("content-length: 5\r\ntransfer-encoding: chunked\r\n", Fault::LengthAndCoding),
        ("Transfer-Encoding: chunked\r\nx: y\r\nContent-Length: 5\r\n", Fault::LengthAndCoding),
        ("content-length: 5\r\ncontent-length: 5\r\n", Fault::TwoLengths),
        ("content-length: 5\r\ncontent-length: 6\r\n", Fault::TwoLengths),
        ("content-length: 5, 5\r\n", Fault::NotALength),
        ("content-length: +5\r\n", Fault::NotALength),
        ("content-length: 0x5\r\n", Fault::NotALength),
        ("content-length:\r\n", Fault::NotALength),
        ("content-length: 99999999999999999999\r\n", Fault::NotALength),
        ("transfer-encoding: chunked\r\nTRANSFER-ENCODING: chunked\r\n", Fault::TwoCodings),
        ("transfer-encoding: gzip, chunked\r\n", Fault::OtherCoding),
        ("transfer-encoding: chunked, identity\r\n", Fault::OtherCoding),
        ("transfer-encoding: \u{b}chunked\r\n", Fault::OtherCoding),
        (&long, Fault::OtherCoding),
        ("x: y\ncontent-length: 5\r\n", Fault::BareLineFeed),
        ("transfer-encoding: chunked\r\n\r\n-1\r\n", Fault::NotAChunk),
        ("transfer-encoding: chunked\r\n\r\n0x5\r\n", Fault::NotAChunk),
        ("transfer-encoding: chunked\r\n\r\n\r\n", Fault::NotAChunk),
        ("transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n", Fault::NotAChunk),
        ("transfer-encoding: chunked\r\n\r\n5\n", Fault::BareLineFeed),
    ];
    for (fields, fault) in faults {
        let text = format!("{BEFORE}POST /c HTTP/1.1\r\n{fields}\r\nrest");
        for piece in [1, 2, 5, 64, 1_000] {
            let (bytes, framing) = checked(text.as_bytes(), piece);
            assert_eq!(framing.fault(), Some(fault), "{fields:?} in pieces of {piece}");
            assert!(framing.is_within_request());
            let spoiled = bytes.iter().zip(text.as_bytes()).filter(|(now, before)| now != before).count();
            let refused_as_it_is = fields.ends_with("5\n");
            assert_eq!(spoiled, usize::from(!refused_as_it_is), "{fields:?} is spoiled once");
            assert_eq!(&bytes[..BEFORE.len()], BEFORE.as_bytes(), "what came before is not");
        }
    }
}

#[test]
fn frames_of_http_2_are_not_looked_through() {
    let text = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\n\ncontent-length: x\n";
    for piece in [1, 3, 100] {
        let (bytes, framing) = checked(text, piece);
        assert!(framing.is_http2() && framing.fault().is_none());
        assert_eq!(bytes, text);
    }
    // Only a connection's first line makes it one.
    let (_, framing) = checked(format!("{BEFORE}PRI * HTTP/2.0\r\ncontent-length: x\r\n").as_bytes(), 100);
    assert_eq!((framing.is_http2(), framing.fault()), (false, Some(Fault::NotALength)));
}

#[test]
fn a_body_under_way_is_known() {
    for text in
        ["POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf", "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"]
    {
        assert!(checked(text.as_bytes(), 1_000).1.is_within_request(), "{text:?}");
    }
}
