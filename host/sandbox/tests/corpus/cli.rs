//! Guests that use `wasi:cli`: what they write comes back by line, and who asks the process to exit ends its own call.

use sandbox::{Limits, LogStream, Ran};
use types::Outcome;

use crate::guests::{House, OK, beside};

const WASI: &str = include_str!("../../../../tests/src/component/wasi.wit");
const CLI: &str = "package wasi:cli@0.2.0 {
    interface exit { exit: func(status: result); }
    interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.0.{output-stream}; get-stderr: func() -> output-stream; }
}";

/// A guest that writes, with a block of 4,096 bytes for it at 65536, and may exit.
fn writing(more: &str, handle: &str) -> Vec<u8> {
    let packages = format!("{} {CLI}", WASI.replace("package weir:guests;", ""));
    let imports = "import wasi:cli/exit@0.2.0; import wasi:cli/stdout@0.2.0; import wasi:cli/stderr@0.2.0;";
    let more = format!(
        r#"(import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
        (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
        (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
        (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
        (func $write (param $stream i32) (param $at i32) (param $length i32)
          (call $put (local.get $stream) (local.get $at) (local.get $length) (i32.const 2048))
          (if (i32.load8_u (i32.const 2048)) (then unreachable)))
        (func $blocks (param $left i32)
          (loop $again
            (call $write (call $stdout) (i32.const 65536) (i32.const 4096))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
        {more}"#
    );
    beside(&packages, imports, &more, handle)
}

/// Writes so many lines of 4,095 times `byte`, and then goes on.
fn lines_of(byte: u8, count: u32, then: &str) -> Vec<u8> {
    let handle = format!(
        "(memory.fill (i32.const 65536) (i32.const {byte}) (i32.const 4095))
         (i32.store8 (i32.const 69631) (i32.const 10))
         (call $blocks (i32.const {count})) {then} {OK}"
    );
    writing(r#"(data (i32.const 64) "last")"#, &handle)
}

fn told<T>(ran: &Ran<T>) -> Vec<(LogStream, &str)> {
    ran.logs.iter().map(|line| (line.stream, line.text.as_str())).collect()
}

#[tokio::test]
async fn what_a_guest_writes_comes_back_by_stream_and_line_and_made_safe_to_print() {
    let data = r#"(data (i32.const 64) "one\0atw") (data (i32.const 80) "o\0a")
                  (data (i32.const 96) "\ff\fe caf\c3\a9 \1b[2J\0a") (data (i32.const 128) "an open end\c3")"#;
    let handle = format!(
        "(call $write (call $stdout) (i32.const 64) (i32.const 6))
         (call $write (call $stderr) (i32.const 96) (i32.const 14))
         (call $write (call $stdout) (i32.const 80) (i32.const 2))
         (call $write (call $stderr) (i32.const 128) (i32.const 12)) {OK}"
    );
    let ran = House::new().run(writing(data, &handle), Limits::default()).await;
    assert_eq!((ran.outcome, ran.logs_dropped), (Outcome::Ok, 0), "{ran:?}");
    let expected = [
        (LogStream::Stdout, "one"),
        (LogStream::Stdout, "two"),
        (LogStream::Stderr, "\u{fffd}\u{fffd} café \\u{1b}[2J"),
        (LogStream::Stderr, "an open end\u{fffd}"),
    ];
    assert_eq!(told(&ran), expected);
}

#[tokio::test]
async fn what_a_guest_wrote_before_it_trapped_is_told() {
    let data = r#"(data (i32.const 64) "panicked")"#;
    let handle = "(call $write (call $stderr) (i32.const 64) (i32.const 8)) unreachable";
    let ran = House::new().run(writing(data, handle), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Trap, "{ran:?}");
    assert_eq!(told(&ran), [(LogStream::Stderr, "panicked")]);
}

#[tokio::test]
async fn a_stream_is_kept_up_to_its_cap_and_beyond_it_counted() {
    let house = House::new();
    let line = "x".repeat(4_095);
    let sixteen = [(LogStream::Stdout, line.as_str()); 16];
    let ran = house.run(lines_of(b'x', 16, ""), Limits::default()).await;
    assert_eq!(told(&ran), sixteen, "64 KiB are kept whole");

    let beyond = "(call $blocks (i32.const 4)) (call $write (call $stdout) (i32.const 64) (i32.const 1))
                  (call $write (call $stderr) (i32.const 64) (i32.const 4))";
    let ran = house.run(lines_of(b'x', 16, beyond), Limits::default()).await;
    assert_eq!((ran.outcome, ran.logs_dropped), (Outcome::Ok, 0), "{ran:?}");
    let more = [(LogStream::Log, "stdout: 16385 bytes more were not kept"), (LogStream::Stderr, "last")];
    assert_eq!(told(&ran), [sixteen.as_slice(), more.as_slice()].concat());
}

#[tokio::test]
async fn a_flood_of_short_lines_is_cut_and_both_cuts_are_counted() {
    let handle = format!(
        "(memory.fill (i32.const 65536) (i32.const 10) (i32.const 4096)) (call $blocks (i32.const 17))
         (call $write (call $stderr) (i32.const 64) (i32.const 4)) {OK}"
    );
    let ran = House::new().run(writing(r#"(data (i32.const 64) "last")"#, &handle), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    // 64 Ki empty lines and the one of the other stream, without the 256 that are kept.
    assert_eq!(ran.logs_dropped, 65_536 + 1 - 256);
    assert_eq!(told(&ran)[256..], [(LogStream::Log, "stdout: 4096 bytes more were not kept")]);
}

#[tokio::test]
async fn bytes_that_are_no_text_count_as_what_they_are_printed_as() {
    // Each becomes a sign of three bytes: five such lines fit.
    let ran = House::new().run(lines_of(0xff, 16, ""), Limits::default()).await;
    let line = "\u{fffd}".repeat(4_095);
    assert_eq!(told(&ran), [(LogStream::Stdout, line.as_str()); 5]);
    assert_eq!(ran.logs_dropped, 11);
}

#[tokio::test]
async fn a_guest_that_exits_gives_no_answer_and_what_it_did_is_told() {
    let house = House::new();
    let data = r#"(data (i32.const 64) "pages") (data (i32.const 80) "bye")"#;
    for status in [0, 1] {
        let handle = format!(
            "(call $add (i32.const 64) (i32.const 5) (i64.const 3) (i32.const 512))
             (call $write (call $stderr) (i32.const 80) (i32.const 3))
             (call $exit (i32.const {status})) {OK}"
        );
        let ran = house.run(writing(data, &handle), Limits::default()).await;
        assert_eq!((ran.outcome, ran.answer.is_none()), (Outcome::GuestExit, true), "{ran:?}");
        // Four calls of the host, at 500 each.
        assert!(ran.spent.fuel.get() > 2_000 && ran.spent.memory_peak.get() == 131_072, "{ran:?}");
        assert_eq!((told(&ran), ran.reported[0].1.get()), (vec![(LogStream::Stderr, "bye")], 3));
    }
    let ran = house.run(writing("", OK), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "the host goes on: {ran:?}");
}

#[tokio::test]
async fn a_guest_that_exits_at_its_start_is_refused_by_the_probe() {
    let start = r#"(func (export "_initialize") (call $exit (i32.const 0)))"#;
    let why = House::new().refusal(writing(start, OK)).await;
    assert!(why.contains("guest_exit"), "{why}");
}
