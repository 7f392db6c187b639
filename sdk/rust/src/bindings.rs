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
