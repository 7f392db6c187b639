//! The attributes and derives of `weir-sdk`, which exports them. They read what is written and write calls of the SDK's
//! traits; what a route or a failure *is*, the SDK decides.

mod failure;
mod http;
mod task;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a route of a function: `#[weir_sdk::http("GET /v1/words/{text}")]`.
///
/// The method is in capitals, or `*` for any; the path is a template as in `weir.toml`. Each parameter of the function is
/// read from the request by its type: `&Context`, `&Request`, `Path<T>`, `Query<T>`, `Json<T>`; a request that does not
/// fit is answered with 400 before the function runs. What it returns must be an `Answer`: a `Response`, `Json<T>`,
/// `(u16, Json<T>)`, a text, `()`, or a `Result` of one of these with an error that becomes a `Failure`.
///
/// The function itself stays as it is, for tests. List it in `weir_sdk::routes!`.
#[proc_macro_attribute]
pub fn http(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let route = parse_macro_input!(arguments as http::RouteText);
    let function = parse_macro_input!(item as syn::ItemFn);
    http::expand(&route, &function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes the component's task of a function: `#[weir_sdk::task]`.
///
/// The function takes its input, and before it `&Context` if it wants to; input and output are whatever serde reads and
/// writes as JSON. It returns a `Result` of the output, with an error that becomes a `TaskError`. Once per crate.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    parse_macro_input!(arguments as syn::parse::Nothing);
    let function = parse_macro_input!(item as syn::ItemFn);
    task::expand(&function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Turns each variant of an enum into an `http::Failure` with a status and a code; its `Display` is the message.
///
/// `#[failure(404)]` takes the code from the variant's name (`UnknownCountry`: `unknown-country`);
/// `#[failure(404, code = "no-such-country")]` gives another; `#[failure(503, retry_after_ms = 500)]` says when to come
/// back; `#[failure(transparent)]` passes on the one field, which becomes a `Failure` by itself.
#[proc_macro_derive(Failure, attributes(failure))]
pub fn failure(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    failure::of_http(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Turns each variant of an enum into a `task::TaskError`; its `Display` is the cause.
///
/// The error's name is that of the variant; `#[task_error("Payment.Declined")]` gives another, and
/// `#[task_error(transparent)]` passes on the one field, which becomes a `TaskError` by itself.
#[proc_macro_derive(TaskError, attributes(task_error))]
pub fn task_error(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    failure::of_task(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}
