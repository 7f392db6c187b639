//! What wit-bindgen makes of the folder `wit/`. Reached by the export macros only.
#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic, clippy::allow_attributes, reason = "generated")]

pub mod http {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "weir:plugin/http",
        pub_export_macro: true,
        default_bindings_module: "weir_sdk::bindings::http",
    });
}

pub mod task {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "weir:plugin/task",
        pub_export_macro: true,
        default_bindings_module: "weir_sdk::bindings::task",
        with: {
            "weir:plugin/types@0.1.0": crate::bindings::http::weir::plugin::types,
            "weir:plugin/meter@0.1.0": crate::bindings::http::weir::plugin::meter,
        },
    });
}

/// What a release may grant. A component that calls none of it imports none of it.
pub mod granted {
    wit_bindgen::generate!({
        inline: r"
            package weir:granted;

            world granted {
                import wasi:config/store@0.2.0-rc.1;
                import wasi:logging/logging@0.1.0-draft;
            }

            package wasi:config@0.2.0-rc.1 {
                interface store {
                    variant error { upstream(string), io(string) }
                    get: func(key: string) -> result<option<string>, error>;
                    get-all: func() -> result<list<tuple<string, string>>, error>;
                }
            }

            package wasi:logging@0.1.0-draft {
                interface logging {
                    enum level { trace, debug, info, warn, error, critical }
                    log: func(level: level, context: string, message: string);
                }
            }
        ",
        world: "weir:granted/granted",
        generate_all,
    });
}
