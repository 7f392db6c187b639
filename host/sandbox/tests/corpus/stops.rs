//! Guests that do not end by themselves, or ask for too much: each stops where its limits say.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sandbox::{Limits, Ran};
use types::{ByteCount, Fuel, Outcome};

use crate::guests::{ALLOCATOR, House, OK, bare, context, http, request};

const SPIN: &str = "(loop $again (br $again)) unreachable";

fn little_fuel() -> Limits {
    Limits { fuel: Fuel::saturating(20_000_000), ..Limits::default() }
}

async fn outcome(component: Vec<u8>) -> Outcome {
    let ran = House::new().run(component, little_fuel()).await;
    assert!(ran.spent.fuel <= little_fuel().fuel, "{ran:?}");
    ran.outcome
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_fuel() {
    let house = House::new();
    let first = house.run(http("", SPIN), little_fuel()).await;
    assert_eq!(first.outcome, Outcome::OutOfFuel, "{first:?}");
    assert_eq!(first.spent.fuel, little_fuel().fuel);
}

#[tokio::test]
async fn bulk_operations_cost_what_they_move() {
    let copy = "(loop $again (memory.copy (i32.const 0) (i32.const 65536) (i32.const 65536)) (br $again)) unreachable";
    assert_eq!(outcome(http("", copy)).await, Outcome::OutOfFuel);
}

#[tokio::test]
async fn endless_host_calls_run_out_of_fuel() {
    let calls = "(loop $again (call $add (i32.const 64) (i32.const 5) (i64.const 0) (i32.const 512)) (br $again))
                 unreachable";
    assert_eq!(outcome(http(r#"(data (i32.const 64) "pages")"#, calls)).await, Outcome::OutOfFuel);
}

#[tokio::test]
async fn an_allocator_that_spins_runs_out_of_fuel() {
    let realloc = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                     (loop $again (br $again)) unreachable)"#;
    assert_eq!(outcome(bare(realloc, OK)).await, Outcome::OutOfFuel);
}

#[tokio::test]
async fn a_post_return_that_spins_runs_out_of_fuel() {
    let post = r#"(func (export "cabi_post_weir:plugin/http-handler@0.1.0#handle") (param i32)
                  (loop $again (br $again)))"#;
    assert_eq!(outcome(http(post, OK)).await, Outcome::OutOfFuel);
}

#[tokio::test]
async fn an_allocator_that_lies_is_a_trap() {
    for answer in ["(i32.const -1)", "(i32.const 3)", "(i32.const 0x7fffffff)", "unreachable"] {
        let realloc = format!(r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {answer})"#);
        assert_eq!(outcome(bare(&realloc, OK)).await, Outcome::Trap, "{answer}");
    }
}

#[tokio::test]
async fn deep_recursion_uses_up_the_stack() {
    let down = "(func $down (param i64) (result i64) (i64.add (call $down (local.get 0)) (i64.const 1)))";
    assert_eq!(outcome(http(down, "(drop (call $down (i64.const 0))) unreachable")).await, Outcome::StackOverflow);
}

#[tokio::test]
async fn a_guest_that_hoards_memory_meets_its_limit() {
    let hoard = "(loop $again (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable";
    let ran = House::new().run(http("", hoard), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::MemoryLimit, "{ran:?}");
    assert!(ran.spent.memory_peak <= ByteCount::mib(64) && ran.spent.memory_peak > ByteCount::mib(60), "{ran:?}");
}

#[tokio::test]
async fn a_refused_growth_that_a_guest_can_live_with_is_no_failure() {
    let handle = format!("(drop (memory.grow (i32.const 60000))) {OK}");
    assert_eq!(outcome(http("", &handle)).await, Outcome::Ok);
}

#[tokio::test]
async fn a_table_does_not_grow_without_end() {
    let grow = |elements: i32| {
        format!(
            "(if (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const {elements}))) (then unreachable))
             {OK}"
        )
    };
    let table = "(table $t 1 funcref)";
    assert_eq!(outcome(http(table, &grow(50_000))).await, Outcome::Ok, "past the limit it is refused");
    // Four thousand million elements are paid for before they are asked for.
    assert_eq!(outcome(http(table, &grow(-2))).await, Outcome::OutOfFuel);
}

#[tokio::test]
async fn a_trap_is_a_trap_and_leaves_the_next_call_alone() {
    let house = House::new();
    let component = house.ready(http("", "unreachable")).await;
    for _ in 0..20 {
        let ran = house.sandbox.call_http(&component, &context(), request(), &Arc::new(Limits::default())).await;
        assert_eq!(ran.outcome, Outcome::Trap, "{ran:?}");
    }
}

#[tokio::test]
async fn the_wall_deadline_stops_a_guest_that_has_fuel_left() {
    let limits = Limits { fuel: Fuel::MAX, wall: Duration::from_millis(60), ..Limits::default() };
    let ran = House::new().run(http("", SPIN), limits).await;
    assert_eq!(ran.outcome, Outcome::Deadline, "{ran:?}");
    assert!(ran.spent.component_time >= Duration::from_millis(60));
}

#[tokio::test]
async fn the_end_of_a_drain_aborts_what_still_runs() {
    let house = House::new();
    let component = house.ready(http("", SPIN)).await;
    let limits = Arc::new(Limits { fuel: Fuel::MAX, ..Limits::default() });
    let call = house.sandbox.call_http(&component, &context(), request(), &limits);
    let abort = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        house.sandbox.abort_all();
    };
    let (ran, ()) = tokio::join!(call, abort);
    assert_eq!(ran.outcome, Outcome::Aborted, "{ran:?}");
}

#[tokio::test]
async fn an_answer_past_the_cap_is_too_large_and_a_name_past_it_is_the_host_calls() {
    let limits = || Limits { response_body: ByteCount::kib(64), memory: ByteCount::mib(64), ..Limits::default() };
    let body = "(drop (memory.grow (i32.const 500))) (i32.store16 (i32.const 520) (i32.const 200))
                (i32.store (i32.const 532) (i32.const 4096)) (i32.store (i32.const 536) (i32.const 20000000))
                (i32.const 512)";
    let ran = House::new().run(http("", body), limits()).await;
    assert_eq!(ran.outcome, Outcome::OutputTooLarge, "{ran:?}");

    let name = format!(
        "(drop (memory.grow (i32.const 500)))
         (call $add (i32.const 4096) (i32.const 20000000) (i64.const 1) (i32.const 512)) {OK}"
    );
    let ran = House::new().run(http("", &name), limits()).await;
    assert_eq!(ran.outcome, Outcome::HostCallLimit, "{ran:?}");
}

#[tokio::test]
async fn a_spinning_neighbour_leaves_short_calls_their_time() {
    let house = House::new();
    let (spin, short) = (house.ready(http("", SPIN)).await, house.ready(http("", OK)).await);
    let long = Arc::new(Limits { fuel: Fuel::MAX, wall: Duration::from_secs(20), ..Limits::default() });
    let usual = Arc::new(Limits::default());
    let spinning = async {
        let calls = (0..6).map(|_| house.sandbox.call_http(&spin, &context(), request(), &long));
        let mut running: Vec<std::pin::Pin<Box<dyn Future<Output = Ran<http::Response<Bytes>>>>>> = Vec::new();
        for call in calls {
            running.push(Box::pin(call));
        }
        for call in running {
            assert_eq!(call.await.outcome, Outcome::Aborted);
        }
    };
    let answering = async {
        for _ in 0..50 {
            let ran = house.sandbox.call_http(&short, &context(), request(), &usual).await;
            assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
        }
        house.sandbox.abort_all();
    };
    tokio::join!(spinning, answering);
}

#[tokio::test]
async fn a_loop_is_known_to_run_long_and_a_quick_answer_is_not() {
    let house = House::new();
    let (spin, short) = (house.ready(http("", SPIN)).await, house.ready(http("", OK)).await);
    let limits = Arc::new(Limits { fuel: Fuel::saturating(100_000_000), ..Limits::default() });
    assert_eq!(house.sandbox.call_http(&spin, &context(), request(), &limits).await.outcome, Outcome::OutOfFuel);
    assert_eq!(house.sandbox.call_http(&short, &context(), request(), &limits).await.outcome, Outcome::Ok);
    assert_eq!((spin.runs_long(), short.runs_long()), (true, false));
    // The next loop begins among the long ones, and is still stopped.
    assert_eq!(house.sandbox.call_http(&spin, &context(), request(), &limits).await.outcome, Outcome::OutOfFuel);
    assert!(spin.runs_long());
}

#[tokio::test]
async fn a_guest_of_the_lowest_priority_answers_like_any_other() {
    let house = House::new();
    let (short, limits) = (house.ready(http("", OK)).await, Arc::new(Limits::default()));
    let gives_way = sandbox::CallContext { priority: sandbox::Priority::Lowest, ..context() };
    assert_eq!(house.sandbox.call_http(&short, &gives_way, request(), &limits).await.outcome, Outcome::Ok);
    assert!(!short.runs_long(), "nothing is held against its component");
}

#[tokio::test]
async fn a_component_that_ran_long_is_quick_again_after_many_quick_calls_and_not_after_one() {
    let house = House::new();
    // Spins while it may report pages.
    let handle = format!(
        "(call $remaining (i32.const 64) (i32.const 5) (i32.const 512))
         (if (i64.ne (i64.const 0) (i64.load (i32.const 520))) (then {SPIN}))
         {OK}"
    );
    let moody = house.ready(http(r#"(data (i32.const 64) "pages")"#, &handle)).await;
    let limits = Arc::new(Limits { fuel: Fuel::saturating(100_000_000), ..Limits::default() });
    assert_eq!(house.sandbox.call_http(&moody, &context(), request(), &limits).await.outcome, Outcome::OutOfFuel);
    let quick =
        || sandbox::CallContext { allowances: vec![("pages".parse().unwrap(), types::Units::ZERO)], ..context() };
    assert_eq!(house.sandbox.call_http(&moody, &quick(), request(), &limits).await.outcome, Outcome::Ok);
    assert!(moody.runs_long());
    for _ in 0..64 {
        assert_eq!(house.sandbox.call_http(&moody, &quick(), request(), &limits).await.outcome, Outcome::Ok);
    }
    assert!(!moody.runs_long());
}

#[tokio::test]
async fn the_next_guest_in_a_slot_finds_only_zeros() {
    let house = House::new();
    let more = "(global $g (mut i32) (i32.const 0)) (table $t 4 funcref)";
    // Traps if anything is left of an earlier instance, then leaves something everywhere.
    let handle = format!(
        "(local $at i32)
         (if (global.get $g) (then unreachable))
         (if (i32.eqz (ref.is_null (table.get $t (i32.const 1)))) (then unreachable))
         (local.set $at (i32.const 65536))
         (loop $next
           (if (i64.ne (i64.const 0) (i64.load (local.get $at))) (then unreachable))
           (i64.store (local.get $at) (i64.const -1))
           (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 131072))))
         (global.set $g (i32.const 1))
         {OK}"
    );
    let component = house.ready(http(more, &handle)).await;
    for _ in 0..200 {
        let ran = house.sandbox.call_http(&component, &context(), request(), &Arc::new(Limits::default())).await;
        assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    }
}

#[tokio::test]
async fn an_allocator_of_the_usual_kind_is_accepted() {
    assert_eq!(outcome(bare(ALLOCATOR, OK)).await, Outcome::Ok);
}
