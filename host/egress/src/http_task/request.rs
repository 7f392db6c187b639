//! The parameters of an HTTP task, and the request that they make.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Map, Value};
use types::SecretName;

use super::TaskFault;
use super::encode::{ArrayFormat, form, query};
use crate::body::OutBody;
use crate::target::Target;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];
/// Headers that a definition may not set, as at AWS.
const REFUSED: [&str; 33] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "warning",
    "content-length",
];
const REFUSED_FROM: [&str; 3] = ["x-forwarded-", "x-amz-", "x-amzn-"];
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// An HTTP task whose parameters were read.
#[derive(Debug)]
pub(super) struct HttpTask {
    pub(super) target: Target,
    /// The secret that its connection is.
    pub(super) connection: Option<SecretName>,
    method: Method,
    headers: HeaderMap,
    parameters: Vec<(String, String)>,
    body: Option<Value>,
    /// Arrays of a body that goes out as a form; `None` for any other body.
    arrays: Option<ArrayFormat>,
}

impl HttpTask {
    pub(super) fn read(parameters: &Value) -> Result<Self, TaskFault> {
        let refuse = |what: &str| Err(TaskFault::runtime(what));
        let Some(endpoint) = parameters["ApiEndpoint"].as_str() else {
            return refuse("ApiEndpoint is the URL of a request");
        };
        let target = Target::parse(endpoint)
            .map_err(|error| TaskFault::runtime(format!("ApiEndpoint {endpoint:?} is refused: {error}")))?;
        if target.scheme != types::Scheme::Https {
            return refuse("ApiEndpoint begins with https://");
        }
        let method = parameters["Method"].as_str().filter(|method| METHODS.contains(method));
        let Some(method) = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()) else {
            return refuse("Method is one of GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD");
        };
        let body = parameters.get("RequestBody").filter(|body| !body.is_null()).cloned();
        Ok(Self {
            target,
            connection: connection(parameters)?,
            method,
            headers: headers(parameters)?,
            parameters: query(object(parameters, "QueryParameters")?)?,
            body,
            arrays: arrays(&parameters["Transform"])?,
        })
    }

    /// The request, without what its connection adds.
    pub(super) fn request(&self) -> Result<Request<OutBody>, TaskFault> {
        let mut headers = self.headers.clone();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let usual = if self.arrays.is_some() { FORM } else { JSON };
        let is_json = kind.unwrap_or(usual).starts_with(JSON);
        let body = match (&self.body, self.arrays) {
            (None, _) => String::new(),
            (Some(Value::Object(fields)), Some(arrays)) => form(fields, arrays),
            // Text goes as it is to who takes something else than JSON.
            (Some(Value::String(text)), _) if !is_json => text.clone(),
            (Some(body), _) => body.to_string(),
        };
        if self.body.is_some() && !headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(usual));
        }
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("weir/", env!("CARGO_PKG_VERSION"))));
        let mut url = format!("https://{}{}", self.target.authority(), self.target.path_and_query());
        if !self.parameters.is_empty() {
            url.push(if self.target.query.is_some() { '&' } else { '?' });
            url.push_str(&super::encode::pairs(&self.parameters));
        }
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = url.parse().map_err(|_| TaskFault::runtime("the URL with its parameters is too long"))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// The secret that a connection is: the last name of `arn:aws:events:…:connection/NAME/…`, or the name itself.
fn connection(parameters: &Value) -> Result<Option<SecretName>, TaskFault> {
    let arn = &parameters["Authentication"]["ConnectionArn"];
    let arn = if arn.is_null() { &parameters["InvocationConfig"]["ConnectionArn"] } else { arn };
    let Some(arn) = arn.as_str() else {
        return if arn.is_null() { Ok(None) } else { Err(TaskFault::runtime("ConnectionArn is a text")) };
    };
    let name = arn.rsplit_once(":connection/").map_or(arn, |(_, rest)| rest.split('/').next().unwrap_or(rest));
    let name = name.parse().map_err(|error| TaskFault::runtime(format!("ConnectionArn {arn:?}: {error}")))?;
    Ok(Some(name))
}

fn object<'a>(parameters: &'a Value, name: &str) -> Result<&'a Map<String, Value>, TaskFault> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match &parameters[name] {
        Value::Null => Ok(&NONE),
        Value::Object(fields) => Ok(fields),
        _ => Err(TaskFault::runtime(format!("{name} is an object"))),
    }
}

fn headers(parameters: &Value) -> Result<HeaderMap, TaskFault> {
    let mut headers = HeaderMap::new();
    for (name, value) in object(parameters, "Headers")? {
        let lower = name.to_ascii_lowercase();
        if REFUSED.contains(&lower.as_str()) || REFUSED_FROM.iter().any(|start| lower.starts_with(start)) {
            return Err(TaskFault::runtime(format!("the header {name} cannot be set by an HTTP task")));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(TaskFault::runtime(format!("the header {name} is a text"))),
        };
        let (Ok(name), Ok(value)) = (HeaderName::try_from(lower), HeaderValue::try_from(text)) else {
            return Err(TaskFault::runtime(format!("the header {name:?} or its value is not valid")));
        };
        headers.append(name, value);
    }
    Ok(headers)
}

fn arrays(transform: &Value) -> Result<Option<ArrayFormat>, TaskFault> {
    let format = match transform["RequestEncodingOptions"]["ArrayFormat"].as_str() {
        None | Some("INDICES") => ArrayFormat::Indices,
        Some("REPEAT") => ArrayFormat::Repeat,
        Some("COMMAS") => ArrayFormat::Commas,
        Some("BRACKETS") => ArrayFormat::Brackets,
        Some("NONE") => ArrayFormat::Json,
        Some(other) => return Err(TaskFault::runtime(format!("the ArrayFormat {other:?} is not known"))),
    };
    match transform["RequestBodyEncoding"].as_str() {
        None | Some("NONE") => Ok(None),
        Some("URL_ENCODED") => Ok(Some(format)),
        Some(other) => Err(TaskFault::runtime(format!("the RequestBodyEncoding {other:?} is not known"))),
    }
}
