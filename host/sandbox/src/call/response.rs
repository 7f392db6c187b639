//! What a guest answered, held against HTTP before it reaches a wire.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::run::Ended;
use crate::settings::Limits;

/// Fields that belong to the connection or are set by the host; a guest's are an error.
const NOT_A_GUESTS: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// A checked status and header section, or how the call ends instead.
pub(crate) enum Head {
    Good(StatusCode, HeaderMap),
    Invalid(String),
    TooLarge(String),
}

impl Head {
    /// Puts the body to a good head.
    pub(crate) fn map_response(self, body: Bytes) -> Ended<Response<Bytes>> {
        match self {
            Self::Good(status, mut headers) => {
                // The host states the length; a guest's own that differs would be a smuggled boundary.
                if let Some(stated) = headers.remove(http::header::CONTENT_LENGTH)
                    && stated.as_bytes() != body.len().to_string().as_bytes()
                {
                    return Ended::Invalid("the stated content-length is not the body's".to_owned());
                }
                let mut response = Response::new(body);
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                Ended::Answered(response)
            }
            Self::Invalid(why) => Ended::Invalid(why),
            Self::TooLarge(why) => Ended::TooLarge(why),
        }
    }
}

/// Checks a status from 200 to 599 and each field's name and value, and their number and size.
pub(crate) fn head(status: u16, fields: impl IntoIterator<Item = (String, Vec<u8>)>, limits: &Limits) -> Head {
    let Some(status) = StatusCode::from_u16(status).ok().filter(|status| (200..600).contains(&status.as_u16())) else {
        return Head::Invalid(format!("the status {status} is not one from 200 to 599"));
    };
    let mut headers = HeaderMap::new();
    let mut bytes = 0_usize;
    for (count, (name, value)) in fields.into_iter().enumerate() {
        bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
        if count >= limits.response_header_count || bytes > limits.response_headers.to_usize() {
            return Head::TooLarge("more header fields than a response may have".to_owned());
        }
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return Head::Invalid(format!(
                "the header name {:?} is not valid",
                name.chars().take(64).collect::<String>()
            ));
        };
        let Ok(value) = HeaderValue::from_bytes(&value) else {
            return Head::Invalid(format!("the value of the header {parsed} is not valid"));
        };
        if NOT_A_GUESTS.contains(&parsed.as_str()) {
            return Head::Invalid(format!("the header {parsed} belongs to the connection"));
        }
        if parsed == http::header::CONTENT_LENGTH && headers.contains_key(&parsed) {
            return Head::Invalid("two content-length headers".to_owned());
        }
        if headers.try_append(parsed, value).is_err() {
            return Head::TooLarge("more header fields than a response may have".to_owned());
        }
    }
    Head::Good(status, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(status: u16, fields: &[(&str, &str)]) -> Head {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        head(status, fields, &Limits::default())
    }

    #[test]
    fn a_status_outside_200_to_599_is_invalid() {
        for status in [0, 99, 100, 199, 600, 1000] {
            assert!(matches!(checked(status, &[]), Head::Invalid(_)), "{status}");
        }
        assert!(matches!(checked(599, &[]), Head::Good(..)));
    }

    #[test]
    fn a_header_that_could_split_the_response_is_invalid() {
        assert!(matches!(checked(200, &[("a\r\nb", "c")]), Head::Invalid(_)));
        assert!(matches!(checked(200, &[("a", "b\r\nc: d")]), Head::Invalid(_)));
        assert!(matches!(checked(200, &[("transfer-encoding", "chunked")]), Head::Invalid(_)));
        assert!(matches!(checked(200, &[("content-length", "1"), ("content-length", "2")]), Head::Invalid(_)));
    }

    #[test]
    fn a_content_length_that_is_not_the_bodys_is_invalid() {
        let ended = checked(200, &[("content-length", "+5")]).map_response(Bytes::from_static(b"hello"));
        assert!(matches!(ended, Ended::Invalid(_)));
        let ended = checked(200, &[("content-length", "5")]).map_response(Bytes::from_static(b"hello"));
        assert!(matches!(ended, Ended::Answered(_)));
    }

    #[test]
    fn a_flood_of_headers_is_too_large() {
        let fields = (0..1_000_000).map(|n| (format!("x-{n}"), Vec::new()));
        assert!(matches!(head(200, fields, &Limits::default()), Head::TooLarge(_)));
    }
}
