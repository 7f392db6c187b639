//! A project on its way into the host, with the binary as it ships: its allocator meets the limits of the children too.

use crate::host::Place;

const PROJECT: &str = r#"
[api]
slug = "talks"
title = "Talks"
[component]
world = "http"
wasm = "talks.wasm"
[[routes]]
method = "*"
path = "/{*rest}"
"#;

#[test]
fn a_component_is_compiled_and_serves_once_its_release_grants_what_it_imports() {
    let place = Place::new();
    let host = place.start();
    let folder = place.path().join("talks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("talks.wasm"), tests::Component::logging().unwrap().bytes()).unwrap();
    std::fs::write(folder.join("weir.toml"), PROJECT).unwrap();
    place.run(&["publish", "talks"]).expect_failure(&["wasi:logging/logging@0.1.0-draft: grant logging"]);
    let granting = PROJECT.replace("wasm =", "grants = [\"logging\"]\nwasm =");
    std::fs::write(folder.join("weir.toml"), granting).unwrap();
    let published = place.run(&["publish", "talks"]).expect_success();
    assert!(published.contains("serves from now on"), "{published}");
    assert_eq!(host.stop().0, Some(0));
}
