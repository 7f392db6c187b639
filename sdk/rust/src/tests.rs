//! The attributes and derives, as a component uses them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::http::{Failure, Json, Path, Query, Request, Response};
use crate::task::{Task as _, TaskError};
use crate::{Context, config, log, meter};

#[derive(Deserialize)]
struct Shelf {
    shelf: u32,
}

#[derive(Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Order {
    #[default]
    ByTitle,
    ByYear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    order: Order,
    limit: Option<u8>,
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Book {
    title: String,
    year: i32,
}

#[derive(Debug, Failure)]
enum Refused {
    #[failure(404)]
    UnknownShelf { shelf: u32 },
    #[failure(409, code = "already-there")]
    Twice,
    #[failure(503, retry_after_ms = 250)]
    Closed,
    #[failure(transparent)]
    Meter(meter::MeterError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownShelf { shelf } => write!(f, "there is no shelf {shelf}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Lists what was asked for.
#[crate::http("GET /shelves/{shelf}/books")]
fn list(Path(path): Path<Shelf>, Query(options): Query<Options>) -> Result<Json<serde_json::Value>, Refused> {
    match path.shelf {
        7.. => Err(Refused::UnknownShelf { shelf: path.shelf }),
        6 => Err(Refused::Closed),
        shelf => Ok(Json(serde_json::json!({
            "shelf": shelf, "order": options.order, "limit": options.limit, "tags": options.tag,
        }))),
    }
}

#[crate::http("POST /books")]
fn add(context: &Context, Json(book): Json<Book>) -> Result<(u16, Json<Book>), Refused> {
    log::info(format!("{} adds {}", context.call_id, book.title));
    if config::get("closed").is_ok_and(|closed| closed.is_some()) {
        return Err(Refused::Twice);
    }
    meter::add("books", 1).map_err(Refused::Meter)?;
    Ok((201, Json(book)))
}

#[crate::http("* /raw/{*rest}")]
fn raw(request: &Request) -> Response {
    Response::text(200, format!("{} {}", request.method, request.param("rest").unwrap_or_default()))
}

#[crate::http("DELETE /books")]
fn clear() {}

crate::routes!(list, add, raw, clear);

fn answer(request: &Request) -> Result<Response, Failure> {
    handle(&Context::default(), request)
}

fn json(path: &str) -> serde_json::Value {
    serde_json::from_slice(&answer(&Request::get(path)).unwrap().body).unwrap()
}

#[test]
fn path_and_query_are_read_by_type() {
    assert_eq!(
        json("/shelves/3/books?order=by-year&limit=9&tag=a&tag=b%20c"),
        serde_json::json!({ "shelf": 3, "order": "by-year", "limit": 9, "tags": ["a", "b c"] })
    );
    assert_eq!(
        json("/shelves/3/books"),
        serde_json::json!({ "shelf": 3, "order": "by-title", "limit": null, "tags": [] })
    );
}

#[test]
fn a_parameter_that_does_not_fit_is_named() {
    for (path, pointer, says) in [
        ("/shelves/x/books", "/path/shelf", "\"x\" is not a whole number"),
        ("/shelves/3/books?limit=256", "/query/limit", "from 0 to 255"),
        ("/shelves/3/books?limit=1&limit=2", "/query/limit", "more than once"),
        ("/shelves/3/books?order=size", "/query/order", "by-title"),
        ("/shelves/3/books?sort=size", "/query/sort", "there are: order, limit, tag"),
    ] {
        let failure = answer(&Request::get(path)).unwrap_err();
        assert_eq!((failure.status(), failure.code()), (400, "request-invalid"), "{path}");
        let [error] = failure.errors() else { panic!("{failure:?}") };
        assert_eq!(error.pointer, pointer);
        assert!(error.detail.contains(says), "{}", error.detail);
    }
}

#[test]
fn a_body_is_read_and_what_does_not_fit_of_it_is_pointed_at() {
    let book = r#"{"title":"Emma","year":1815}"#;
    let (answered, reported) = meter::record(&[("books", 1)], || answer(&Request::post("/books", book)));
    let answered = answered.unwrap();
    assert_eq!((answered.status, answered.body.as_slice()), (201, book.as_bytes()));
    assert_eq!(reported, [("books".to_owned(), 1)]);

    let failure = answer(&Request::post("/books", r#"{"title":"Emma","year":"1815"}"#)).unwrap_err();
    assert_eq!((failure.status(), failure.errors()[0].pointer.as_str()), (400, "/year"));
}

#[test]
fn errors_have_the_status_and_the_code_of_their_variant() {
    let failure = |path| answer(&Request::get(path)).unwrap_err();
    let unknown = failure("/shelves/9/books");
    assert_eq!((unknown.status(), unknown.code()), (404, "unknown-shelf"));
    assert_eq!(unknown.to_string(), "unknown-shelf: there is no shelf 9");
    let Failure::Retryable(closed) = failure("/shelves/6/books") else { panic!("not retryable") };
    assert_eq!((closed.status, closed.retry_after_ms), (Some(503), Some(250)));

    let book = Request::post("/books", r#"{"title":"Emma","year":1815}"#);
    let twice = config::with(&[("closed", "yes")], || answer(&book)).unwrap_err();
    assert_eq!((twice.status(), twice.code()), (409, "already-there"));
    let (spent, _) = meter::record(&[("books", 0)], || answer(&book));
    assert_eq!(spent, Err(Failure::QuotaExceeded("books".into())));
}

#[test]
fn requests_go_to_the_function_of_their_route() {
    assert_eq!(answer(&Request::get("/raw/a/b%2Fc")).unwrap().body, b"GET a/b/c");
    let matched = Request::get("/other").with_route("/raw/{*rest}").with_param("rest", "x");
    assert_eq!(answer(&matched).unwrap().body, b"GET x");
    let delete = Request { method: "DELETE".into(), ..Request::get("/books") };
    assert_eq!(answer(&delete).unwrap().status, 204);
    assert_eq!(answer(&Request::get("/books")).unwrap_err().code(), "unrouted");
}

#[test]
fn what_is_logged_can_be_seen() {
    let book = Request::post("/books", r#"{"title":"Emma","year":1815}"#);
    let context = Context { call_id: "call_1".into(), ..Context::default() };
    let (_, lines) = log::record(|| handle(&context, &book));
    assert_eq!(lines[0].message, "call_1 adds Emma");
}

#[derive(Debug, TaskError)]
enum Declined {
    #[task_error("Card.Declined")]
    Card,
    OutOfMoney,
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Deserialize)]
struct Charge {
    amount: u64,
}

#[crate::task]
fn charge(context: &Context, Charge { amount }: Charge) -> Result<String, Declined> {
    match amount {
        0 => Err(Declined::Card),
        1..100 => Ok(format!("{} pays {amount}", context.invocation_id)),
        _ => Err(Declined::OutOfMoney),
    }
}

#[test]
fn a_task_speaks_json_and_fails_by_name() {
    let context = Context { invocation_id: "inv_1".into(), ..Context::default() };
    let run = |input: &str| charge::run(&context, input.as_bytes());
    assert_eq!(run(r#"{"amount":5}"#).unwrap(), br#""inv_1 pays 5""#);
    assert_eq!(run(r#"{"amount":0}"#).unwrap_err().name, "Card.Declined");
    assert_eq!(run(r#"{"amount":500}"#).unwrap_err().name, "OutOfMoney");
    let unread = run(r#"{"amount":-1}"#).unwrap_err();
    assert_eq!(unread.name, "InvalidInput");
    assert!(unread.cause.starts_with("/amount: "), "{}", unread.cause);
}
