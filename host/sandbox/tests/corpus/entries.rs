//! Guests that misbehave where the host enters them beside their handler: at their start, in their allocator, in a
//! destructor; and those that go deep between two looks of the host.

use std::sync::Arc;

use bytes::Bytes;
use sandbox::{CallContext, Limits};
use types::{ByteCount, Fuel, Outcome};

use crate::guests::{ALLOCATOR, House, OK, bare, beside, context, http, request, task};

const SPIN: &str = "(loop $again (br $again))";

fn fuel(fuel: u64) -> Limits {
    Limits { fuel: Fuel::saturating(fuel), ..Limits::default() }
}

#[tokio::test]
async fn a_recursion_that_is_looked_at_on_its_way_runs_out_of_fuel() {
    // A tree of calls, a thousand deep: it would end after 2^1000 of them.
    let tree = "(func $down (param $depth i32)
        (if (local.get $depth) (then
          (call $down (i32.sub (local.get $depth) (i32.const 1)))
          (call $down (i32.sub (local.get $depth) (i32.const 1))))))";
    let house = House::new();
    let component = house.ready(http(tree, "(call $down (i32.const 1000)) unreachable")).await;
    let limits = Arc::new(fuel(300_000_000));
    let ran = house.sandbox.call_http(&component, &context(), request(), &limits).await;
    assert_eq!((ran.outcome, ran.spent.fuel), (Outcome::OutOfFuel, limits.fuel), "{ran:?}");
    assert!(component.runs_long(), "it was found running, and made to yield");
}

#[tokio::test]
async fn a_destructor_that_spins_runs_out_of_fuel() {
    let spinning = format!(
        r#"(import "[export]exports" "[resource-new]thing" (func $new (param i32) (result i32)))
           (import "[export]exports" "[resource-drop]thing" (func $drop (param i32)))
           (func (export "exports#[dtor]thing") (param i32) {SPIN})"#
    );
    let handle = format!("(call $drop (call $new (i32.const 1))) {OK}");
    let component = beside("", "export exports: interface { resource thing; }", &spinning, &handle);
    let ran = House::new().run(component, fuel(20_000_000)).await;
    assert_eq!((ran.outcome, ran.spent.fuel.get()), (Outcome::OutOfFuel, 20_000_000), "{ran:?}");
}

#[tokio::test]
async fn an_initializer_that_spins_is_refused_by_the_probe() {
    let why = House::new().refusal(http(&format!(r#"(func (export "_initialize") {SPIN})"#), OK)).await;
    assert!(why.contains("out_of_fuel"), "{why}");
}

/// Traps at its start where there is an object `pages`, as there is in the calls of these tests, and not in the probe.
const MOODY: &str = r#"(data (i32.const 64) "pages")
    (func (export "_initialize")
      (call $remaining (i32.const 64) (i32.const 5) (i32.const 904))
      (if (i32.eqz (i32.load8_u (i32.const 904))) (then
        (call $add (i32.const 64) (i32.const 5) (i64.const 3) (i32.const 904)) unreachable)))"#;

#[tokio::test]
async fn a_start_that_traps_in_a_call_is_told_with_what_it_spent() {
    let house = House::new();
    let (component, limits) = (house.ready(http(MOODY, OK)).await, Arc::new(Limits::default()));
    let failed = house.sandbox.call_http(&component, &context(), request(), &limits).await;
    assert_eq!((failed.outcome, failed.answer.is_none()), (Outcome::InstantiateFailed, true), "{failed:?}");
    // Two calls of the host, at 500 each.
    assert!(failed.spent.fuel.get() > 1_000 && failed.spent.memory_peak.get() == 131_072, "{failed:?}");
    assert_eq!(failed.reported[0].1.get(), 3);
    assert!(failed.detail.unwrap().contains("unreachable"));

    let without = CallContext { allowances: Vec::new(), ..context() };
    let ran = house.sandbox.call_http(&component, &without, request(), &limits).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
}

#[tokio::test]
async fn a_task_that_traps_at_its_start_is_told_from_one_that_traps_at_its_work() {
    let (house, limits) = (House::new(), Arc::new(Limits::default()));
    for (more, outcome) in [(MOODY, Outcome::InstantiateFailed), ("", Outcome::Trap)] {
        let component = house.ready(task(more, "unreachable")).await;
        let ran = house.sandbox.call_task(&component, &context(), Bytes::from_static(b"{}"), &limits).await;
        assert_eq!((ran.outcome, ran.answer), (outcome, None), "{:?}", ran.detail);
    }
}

#[tokio::test]
async fn an_allocator_that_calls_out_is_a_trap() {
    let calling = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (call $remaining (i32.const 64) (i32.const 5) (i32.const 512)) (i32.const 4096))"#;
    let ran = House::new().run(bare(calling, OK), fuel(20_000_000)).await;
    assert_eq!(ran.outcome, Outcome::Trap, "{ran:?}");
    assert!(ran.detail.unwrap().contains("cannot leave component instance"));
}

#[tokio::test]
async fn an_allocator_that_takes_memory_each_time_meets_the_limit() {
    let greedy = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (if (i32.eq (i32.const -1) (memory.grow (i32.const 256))) (then unreachable)) (i32.const 65536))"#;
    let ran = House::new().run(bare(greedy, OK), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::MemoryLimit, "{ran:?}");
    assert!(ran.spent.memory_peak <= ByteCount::mib(64), "{ran:?}");
}

#[tokio::test]
async fn random_bytes_without_end_are_a_trap_and_a_few_are_not() {
    let random = "package wasi:random@0.2.0 { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }";
    let ask = |count: &str| {
        let import = r#"(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))"#;
        let handle = format!("(call $random (i64.const {count}) (i32.const 2048)) {OK}");
        beside(random, "import wasi:random/random@0.2.0;", import, &handle)
    };
    let house = House::new();
    for count in ["-1", "65537"] {
        let ran = house.run(ask(count), Limits::default()).await;
        assert_eq!(ran.outcome, Outcome::Trap, "{ran:?}");
        assert!(ran.spent.memory_peak < ByteCount::mib(1), "{ran:?}");
    }
    let ran = house.run(ask("65536"), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
}

#[tokio::test]
async fn fuel_is_counted_to_the_trap_and_to_the_limit() {
    // Four steps and a jump for each round; what comes before and after is less than a round's hundred.
    let rounds = |count: u32, end: &str| {
        let handle = format!(
            "(local $left i32) (local.set $left (i32.const {count}))
             (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))) {end}"
        );
        http("", &handle)
    };
    let house = House::new();
    for end in ["unreachable", OK] {
        let few = house.run(rounds(1_000, end), Limits::default()).await.spent.fuel.get();
        let many = house.run(rounds(1_001_000, end), Limits::default()).await.spent.fuel.get();
        let each = (many - few) / 1_000_000;
        assert!((4..=6).contains(&each) && (many - few) % 1_000_000 == 0, "{few} {many} before {end}");
    }
    let ran = house.run(rounds(1_001_000, "unreachable"), fuel(1_000_000)).await;
    assert_eq!((ran.outcome, ran.spent.fuel.get()), (Outcome::OutOfFuel, 1_000_000));
}

#[tokio::test]
async fn the_deadline_finds_the_fuel_of_every_call_of_a_function() {
    let working = "(func $work (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))";
    let handle = "(loop $again (drop (call $work (i32.const 1))) (br $again)) unreachable";
    let wall = std::time::Duration::from_millis(100);
    let limits = Limits { fuel: Fuel::saturating(50_000_000_000), wall, ..Limits::default() };
    let ran = House::new().run(http(working, handle), limits).await;
    assert_eq!(ran.outcome, Outcome::Deadline, "{ran:?}");
    assert!(ran.spent.fuel.get() > 100_000, "a hundred milliseconds are worth more than this: {ran:?}");
}

#[tokio::test]
async fn memory_that_a_component_begins_with_counts_against_its_release() {
    let house = House::new();
    let module = |pages: u32| {
        let handler = "weir:plugin/http-handler@0.1.0#handle";
        format!(
            r#"(module (memory (export "memory") {pages}) (global $top (mut i32) (i32.const 4096))
                 (func $grow (param i32)) {ALLOCATOR}
                 (func (export "{handler}") (param i32) (result i32) {OK}))"#
        )
    };
    let component = |pages| crate::guests::http_of(wat::parse_str(module(pages)).unwrap());
    let why = house.refusal(component(2_049)).await;
    assert!(why.contains("134217728"), "names the limit of a slot: {why}");
    let large = Limits { memory: ByteCount::mib(128), ..Limits::default() };
    assert_eq!(house.run(component(1_500), large).await.outcome, Outcome::Ok);
    assert_eq!(house.run(component(1_500), Limits::default()).await.outcome, Outcome::MemoryLimit);
}
