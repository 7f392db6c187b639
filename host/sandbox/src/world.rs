//! The typed worlds of `wit/`, as the host sees them.

pub(crate) mod http {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "weir:plugin/http",
        exports: { default: async },
    });
}

pub(crate) mod task {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "weir:plugin/task",
        exports: { default: async },
        with: {
            "weir:plugin/types": super::http::weir::plugin::types,
            "weir:plugin/meter": super::http::weir::plugin::meter,
        },
    });
}
