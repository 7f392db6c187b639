//! Pages for people who hold a link: plain HTML that needs no script, readable on a telephone.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use form_urlencoded::parse;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use sha2::{Digest as _, Sha256};

/// All that the pages look like.
const STYLE: &str = "body{margin:0 auto;max-width:40rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:#1a1a1a;\
background:#fff}h1{font-size:1.4rem;line-height:1.25;overflow-wrap:anywhere}dt{font-weight:600}dd{margin:0 0 .75rem;\
overflow-wrap:anywhere}pre{overflow:auto;max-height:24rem;padding:.75rem;background:#f3f3f3;white-space:pre-wrap;\
overflow-wrap:anywhere}label{display:block;margin:.75rem 0 .25rem;font-weight:600}input,textarea{box-sizing:border-box;\
width:100%;padding:.6rem;font:inherit;border:1px solid #777;border-radius:.25rem}button{min-height:2.75rem;\
padding:.5rem 1.5rem;margin:1rem .75rem 0 0;font:inherit;font-weight:600;border:2px solid #1a1a1a;border-radius:.25rem;\
background:#fff;color:#1a1a1a}button.yes{background:#14532d;border-color:#14532d;color:#fff}.wrong{padding:.75rem;\
border-left:.3rem solid #b00020;background:#fdecee}@media(prefers-color-scheme:dark){body{background:#161616;\
color:#eee}pre{background:#262626}input,textarea,button{background:#262626;color:#eee;border-color:#aaa}\
.wrong{background:#3a1d20}}";
/// Bytes of a form: the longest comment, in a script that takes nine for each of its characters.
const FORM_MAX: usize = 32 * 1_024;

/// Nothing but the style and the form's own place.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// A whole page. `body` is HTML: whatever comes from outside was escaped.
pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let fixed =
        |name: &'static str, value: &'static str| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut response = (status, html).into_response();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        // The address of the page is what lets its bearer in.
        fixed("referrer-policy", "no-referrer"),
        fixed("cache-control", "no-store"),
        fixed("x-content-type-options", "nosniff"),
        fixed("x-robots-tag", "noindex"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A page that says that there is nothing behind a link.
pub(crate) fn nothing() -> Response {
    let text = "<p>The link is mistyped, or what it led to is over and deleted.</p>";
    page(StatusCode::NOT_FOUND, "There is nothing here", text)
}

/// A page for a failure of the host.
pub(crate) fn failed() -> Response {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "Please try again",
        "<p>The host could not do this now. Nothing was decided.</p>",
    )
}

/// Text from anywhere, as HTML shows it, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The fields of a form.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a request. `None`: it is no form, or too long a one.
    pub(crate) async fn read(request: axum::extract::Request) -> Option<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        let is_form = kind.split(';').next()?.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let body = Limited::new(request.into_body(), FORM_MAX).collect().await;
        let body: Bytes = body.ok().filter(|_| is_form)?.to_bytes();
        Some(Self(parse(&body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A field's text; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escape("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
    }

    #[test]
    fn the_policy_lets_the_style_in_and_no_script() {
        let page = page(StatusCode::OK, "<b>", "");
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    }
}
