//! What is refused at the door, with a text that says what to do; and what the cache makes of a forged artefact.

use std::fmt::Write as _;

use sandbox::{Sandbox, World};
use types::Clock;

use crate::guests::{House, OK, http, http_module, http_of};

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

#[tokio::test]
async fn many_memories_and_many_tables_are_refused() {
    let house = House::new();
    let memories = house.refusal(http(&"(memory 2048)".repeat(31), OK)).await;
    assert!(memories.contains("32 memories"), "{memories}");
    let tables = house.refusal(http(&"(table 1 funcref)".repeat(60), OK)).await;
    assert!(tables.contains("61 tables"), "{tables}");
}

/// A module whose table is filled again and again at its start, by segments whose places are computed then: what
/// is known beforehand is laid out by the compiler and costs nothing.
fn filled_at_its_start(segments: u32, elements: u32) -> Vec<u8> {
    let number = |mut number: u32| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    };
    let mut content = number(segments);
    for _ in 0..segments {
        // Active, in table 0, at (0 + 0).
        content.extend([0x00, 0x41, 0x00, 0x41, 0x00, 0x6a, 0x0b]);
        content.extend(number(elements));
        content.extend(vec![0x02; elements as usize]);
    }
    let mut section = vec![0x09];
    section.extend(number(u32::try_from(content.len()).unwrap()));
    section.extend(content);

    let text = http_module(&format!("(table {elements} funcref)"), OK);
    let module = wat::parse_str(text).unwrap();
    // Before the code.
    let mut at = 8;
    while module[at] != 0x0a {
        let (mut length, mut shift, mut next) = (0, 0, at + 1);
        loop {
            let byte = module[next];
            length |= usize::from(byte & 0x7f) << shift;
            (shift, next) = (shift + 7, next + 1);
            if byte & 0x80 == 0 {
                break;
            }
        }
        at = next + length;
    }
    [&module[..at], &section, &module[at..]].concat()
}

#[tokio::test]
async fn a_table_that_is_filled_over_and_over_at_its_start_is_refused() {
    let house = House::new();
    let why = house.refusal(http_of(filled_at_its_start(50, 20_000))).await;
    assert!(why.contains("elements of segments"), "{why}");
    house.upload(http_of(filled_at_its_start(2, 100))).await.unwrap();
}

#[tokio::test]
async fn a_start_that_fits_its_fuel_and_takes_long_is_refused_by_the_probe() {
    // Divisions cost one unit as everything does, and take ten times as long.
    let divide = "(local.set $n (i64.or (i64.rem_u (i64.const -1) (local.get $n)) (i64.const 1048577)))".repeat(40);
    let start = format!(
        "(func $start (local $n i64) (local $left i32)
           (local.set $n (i64.const 7777777777)) (local.set $left (i32.const 350000))
           (loop $again
             {divide}
             (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
         (start $start)"
    );
    let why = House::new().refusal(http(&start, OK)).await;
    assert!(why.contains("every call would pay"), "{why}");
}
