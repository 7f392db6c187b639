//! The one line that makes a component of a function.

/// Exports a function as the component's handler of HTTP requests (world `weir:plugin/http`).
///
/// The function is `fn(&Context, &http::Request) -> Result<http::Response, http::Failure>`. Once per crate, at its
/// root. In native builds it only checks the function's type.
#[macro_export]
macro_rules! export_http {
    ($handler:expr) => {
        const _: fn(&$crate::Context, &$crate::http::Request) -> Result<$crate::http::Response, $crate::http::Failure> =
            $handler;

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::http::exports::weir::plugin::http_handler::Guest for Component {
                fn handle(
                    context: $crate::bindings::http::weir::plugin::types::Context,
                    request: $crate::bindings::http::exports::weir::plugin::http_handler::Request,
                ) -> Result<
                    $crate::bindings::http::exports::weir::plugin::http_handler::Response,
                    $crate::bindings::http::exports::weir::plugin::http_handler::Failure,
                > {
                    $crate::wire::http(context, request, $handler)
                }
            }

    $crate::bindings::http::export!(Component with_types_in $crate::bindings::http);
        };
    };
}

/// Exports a function as the component's task (world `weir:plugin/task`).
///
/// The function is `fn(&Context, &[u8]) -> Result<Vec<u8>, task::TaskError>`, JSON both ways. Once per crate, at its
/// root. In native builds it only checks the function's type.
#[macro_export]
macro_rules! export_task {
    ($run:expr) => {
        const _: fn(&$crate::Context, &[u8]) -> Result<Vec<u8>, $crate::task::TaskError> = $run;

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::task::exports::weir::plugin::task_handler::Guest for Component {
                fn run(
                    context: $crate::bindings::http::weir::plugin::types::Context,
                    input: Vec<u8>,
                ) -> Result<Vec<u8>, $crate::bindings::task::exports::weir::plugin::task_handler::TaskError> {
                    $crate::wire::task(context, &input, $run)
                }
            }

    $crate::bindings::task::export!(Component with_types_in $crate::bindings::task);
        };
    };
}
