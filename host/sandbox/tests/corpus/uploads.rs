//! What is refused at the door, with a text that says what to do; and what the cache makes of a forged artefact.

use std::fmt::Write as _;

use sandbox::{Sandbox, World};
use types::Clock;

use crate::guests::{House, OK, http};

#[tokio::test]
async fn what_is_no_component_is_refused_by_what_it_is() {
    let house = House::new();
    let core = wat::parse_str("(module)").unwrap();
    for (bytes, said) in [
        (Vec::new(), "not a WebAssembly binary"),
        (b"(component)".to_vec(), "text format"),
        (b"PK\x03\x04".to_vec(), "not a WebAssembly binary"),
        (b"<html>\0asm".to_vec(), "not a WebAssembly binary"),
        (b"\x7fELF\x02\x01\x01".to_vec(), "machine code"),
        (core, "core module"),
        (b"\0asm\x0d\0\x01".to_vec(), "damaged"),
    ] {
        let why = house.refusal(bytes).await;
        assert!(why.contains(said), "{said}: {why}");
    }
    let mut truncated = http("", OK);
    truncated.truncate(truncated.len() / 2);
    assert!(!house.refusal(truncated).await.is_empty());
}

#[tokio::test]
async fn compiled_code_is_refused_even_if_it_is_this_hosts_own() {
    let house = House::new();
    house.upload(http("", OK)).await.unwrap();
    let artefact = std::fs::read_dir(house.folder.path().join("cache")).unwrap().next().unwrap().unwrap();
    let why = house.refusal(std::fs::read(artefact.path()).unwrap()).await;
    assert!(why.contains("machine code"), "{why}");
}

#[tokio::test]
async fn an_import_that_is_not_offered_is_named_beside_what_is() {
    let house = House::new();
    for name in ["wasi:keyvalue/store@0.2.0-draft", "wasi:clocks/wall-clock@0.3.0", "weir:plugin/meter@0.2.0"] {
        let text = format!(r#"(component (import "{name}" (instance)))"#);
        let why = house.refusal(wat::parse_str(text).unwrap()).await;
        assert!(why.contains(name) && why.contains("weir:plugin/meter@0.1.0"), "{why}");
    }
}

#[tokio::test]
async fn an_export_of_no_world_and_none_at_all_are_refused() {
    let house = House::new();
    let none = house.refusal(wat::parse_str("(component)").unwrap()).await;
    assert!(none.contains("http-handler@0.1.0"), "{none}");
    let stray = r#"(component (instance $i) (export "acme:other/thing@1.0.0" (instance $i)))"#;
    let stray = house.refusal(wat::parse_str(stray).unwrap()).await;
    assert!(stray.contains("acme:other/thing@1.0.0"), "{stray}");
}

#[tokio::test]
async fn bombs_for_the_compiler_are_refused_by_their_counts() {
    let house = House::new();
    let mut functions = String::new();
    for _ in 0..30_001 {
        functions.push_str("(func)");
    }
    let mut globals = String::new();
    for _ in 0..5_001 {
        globals.push_str("(global i32 (i32.const 0))");
    }
    let mut data = String::new();
    for at in 0..5_001 {
        write!(data, r#"(data (i32.const {at}) "x")"#).unwrap();
    }
    let locals = format!("(func {})", "(local i64 f64)".repeat(5_001));
    let body = format!("(func {})", "(drop (i64.const 0x7fffffffffffffff))".repeat(60_000));
    for (more, said) in
        [(functions, "functions"), (globals, "globals"), (data, "data segments"), (locals, "locals"), (body, "body")]
    {
        let why = house.refusal(http(&more, OK)).await;
        assert!(why.contains(said), "{said}: {why}");
    }
}

#[tokio::test]
async fn what_asks_for_too_much_at_its_start_is_refused() {
    let house = House::new();
    let table = house.refusal(http("(table 10000000 funcref)", OK)).await;
    assert!(table.contains("table") || table.contains("elements"), "{table}");
    let nested =
        "(component (core module $m (memory 1))".to_owned() + &"(core instance (instantiate $m))".repeat(100) + ")";
    assert!(!house.refusal(wat::parse_str(nested).unwrap()).await.is_empty());
}

#[tokio::test]
async fn a_start_function_that_spins_is_refused_by_the_probe() {
    let house = House::new();
    let why = house.refusal(http("(func $spin (loop $again (br $again))) (start $spin)", OK)).await;
    assert!(why.contains("instantiated"), "{why}");
}

#[tokio::test]
async fn a_forged_artefact_is_deleted_and_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Sandbox::start(House::settings(&folder), Clock::system()).unwrap();
    let digest = start().admit_upload(http("", OK).into()).await.unwrap().digest;
    let artefact = std::fs::read_dir(folder.path().join("cache")).unwrap().next().unwrap().unwrap().path();
    let honest = std::fs::read(&artefact).unwrap();
    let mut forged = honest.clone();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    std::fs::remove_file(&artefact).unwrap();
    std::fs::write(&artefact, &forged).unwrap();
    assert_eq!(start().load(&digest).await.unwrap().world(), World::Http);
    assert_ne!(std::fs::read(&artefact).unwrap(), forged);
}

#[tokio::test]
async fn nothing_of_a_refused_upload_is_kept() {
    let house = House::new();
    house.refusal(http("(start $f) (func $f unreachable)", OK)).await;
    let kept = |name: &str| std::fs::read_dir(house.folder.path().join(name)).unwrap().count();
    assert_eq!((kept("components"), kept("cache")), (0, 0));
}
