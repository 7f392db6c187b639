//! The routes, one file for each subject.

pub(crate) mod accounts;
pub(crate) mod apis;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod aws_credentials;
pub(crate) mod books;
pub(crate) mod components;
pub(crate) mod consumers;
pub(crate) mod deliveries;
pub(crate) mod executions;
pub(crate) mod health;
pub(crate) mod invitations;
pub(crate) mod machine_roles;
pub(crate) mod objects;
pub(crate) mod plans;
pub(crate) mod releases;
pub(crate) mod reports;
pub(crate) mod schedules;
pub(crate) mod secrets;
pub(crate) mod sign_up;
pub(crate) mod things;
pub(crate) mod tokens;
pub(crate) mod traces;
pub(crate) mod webhooks;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

use crate::refusal::Refusal;

/// What most handlers answer.
pub(crate) type Answer<T> = Result<Reply<T>, Refusal>;

/// A document, with the status that says whether the thing is new.
pub(crate) enum Reply<T> {
    /// 200.
    Found(T),
    /// 201.
    Made(T),
    /// 200, with the tag of the thing.
    Tagged(T, u64),
}

impl<T> Reply<T> {
    /// `Found` for a thing that was there before, `Made` otherwise.
    fn known(before: Option<()>, document: T) -> Self {
        match before {
            Some(()) => Self::Found(document),
            None => Self::Made(document),
        }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Found(document) => Json(document).into_response(),
            Self::Made(document) => (StatusCode::CREATED, Json(document)).into_response(),
            Self::Tagged(document, revision) => {
                ([(header::ETAG, format!("\"{revision}\""))], Json(document)).into_response()
            }
        }
    }
}

/// The most items on one page.
const PAGE_MAX: u32 = 1_000;
/// The items on one page when the query does not say.
const PAGE_DEFAULT: u32 = 100;

/// How many items a page has.
pub(crate) fn page_limit(asked: Option<u32>) -> Result<u32, Refusal> {
    match asked.unwrap_or(PAGE_DEFAULT) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        limit => Err(Refusal::field("/limit", format!("{limit} is not between 1 and {PAGE_MAX}"))),
    }
}

/// One page of things that have an id, in the order of their ids. Only those on the page are shown.
pub(crate) fn page<I: Copy + Ord + ToString, R, T>(
    query: &api::ListQuery<I>,
    all: impl Iterator<Item = (I, R)>,
    shown: impl Fn(R) -> T,
) -> Result<api::Page<T>, Refusal> {
    let limit = usize::try_from(page_limit(query.limit)?).unwrap_or(usize::MAX);
    let after = query.after;
    let mut rest: Vec<(I, R)> = all.filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
    rest.sort_unstable_by_key(|(id, _)| *id);
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next = if more { rest.last().map(|(id, _)| id.to_string()) } else { None };
    Ok(api::Page { items: rest.into_iter().map(|(_, item)| shown(item)).collect(), next })
}
