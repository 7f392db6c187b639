use tempfile::TempDir;

use super::*;
use crate::run::StateTrace;

fn open(budget: ByteCount) -> (TempDir, Traces) {
    let folder = tempfile::tempdir().unwrap();
    let traces = Traces::open(&folder.path().join("traces.db"), Clock::system(), budget).unwrap();
    (folder, traces)
}

fn ids() -> (CallId, ApiId) {
    let now = Timestamp::from_micros(1_763_800_000_000_000);
    (CallId::generate(now), ApiId::generate(now))
}

fn texts(lines: &[LogLine]) -> Vec<(Stream, &str)> {
    lines.iter().map(|line| (line.stream, line.text.as_str())).collect()
}

#[tokio::test]
async fn a_call_that_has_just_ended_shows_its_lines_and_what_was_left_out() {
    let (_folder, traces) = open(ByteCount::mib(64));
    let (call, api) = ids();
    let (other, _) = ids();
    traces.keep_logs(other, api, vec![(Stream::Log, "another call".to_owned())], 0);
    traces.keep_logs(call, api, vec![(Stream::Stdout, "one".to_owned()), (Stream::Stderr, "two".to_owned())], 3);
    let lines = traces.logs(call).await.unwrap();
    let expected = [(Stream::Stdout, "one"), (Stream::Stderr, "two"), (Stream::Host, "3 more lines were dropped")];
    assert_eq!(texts(&lines), expected);
    assert!(lines.iter().all(|line| line.call == call && line.api == api));
}

#[tokio::test]
async fn a_tail_goes_on_after_the_last_line_it_has_seen() {
    let (_folder, traces) = open(ByteCount::mib(64));
    let (call, api) = ids();
    let (_, other) = ids();
    for text in ["a", "b", "c"] {
        traces.keep_logs(call, api, vec![(Stream::Log, text.to_owned())], 0);
        traces.keep_logs(call, other, vec![(Stream::Log, "elsewhere".to_owned())], 0);
    }
    let first = traces.tail(api, 0, 2).await.unwrap();
    assert_eq!(texts(&first), [(Stream::Log, "a"), (Stream::Log, "b")]);
    let rest = traces.tail(api, first[1].seq, 100).await.unwrap();
    assert_eq!(texts(&rest), [(Stream::Log, "c")]);
}

#[tokio::test]
async fn the_oldest_lines_make_room_and_the_file_keeps_its_budget() {
    let budget = ByteCount::mib(1);
    let (folder, traces) = open(budget);
    let (call, api) = ids();
    for _ in 0..40 {
        traces.keep_logs(call, api, (0..100).map(|_| (Stream::Log, "x".repeat(1_000))).collect(), 0);
        traces.flush().await.unwrap();
    }
    let (last, _) = ids();
    traces.keep_logs(last, api, vec![(Stream::Log, "the newest".to_owned())], 0);
    assert_eq!(texts(&traces.logs(last).await.unwrap()), [(Stream::Log, "the newest")]);
    let held = traces.store.read(sql::held).await.unwrap();
    assert!(held <= budget, "{held} of {budget}");
    assert!(traces.stats().swept > 2_000, "{:?}", traces.stats());
    traces.close().await;
    drop(traces);
    let file = std::fs::metadata(folder.path().join("traces.db")).unwrap().len();
    assert!(file < 2 * budget.get(), "{file}");
}

#[tokio::test]
async fn lines_that_find_no_room_are_counted_and_nobody_waits() {
    let (_folder, traces) = open(ByteCount::mib(64));
    let (call, api) = ids();
    traces.keep_logs(call, api, vec![(Stream::Stdout, "x".repeat(WAITING_MAX))], 0);
    assert_eq!(traces.stats().dropped, 1);
    assert_eq!(traces.logs(call).await.unwrap(), []);
}

fn response(bytes: usize) -> StoredResponse {
    StoredResponse { status: 201, headers: b"content-type: text/plain\r\n".to_vec(), body: vec![b'x'; bytes] }
}

#[tokio::test]
async fn an_answer_is_there_until_its_time_is_over_and_a_large_one_is_never_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, hand) = types::ManualClock::at(types::Timestamp::from_micros(1_763_800_000_000_000));
    let traces = Traces::open(&folder.path().join("traces.db"), clock.clone(), ByteCount::mib(64)).unwrap();
    let ((first, _), (second, _), (large, _)) = (ids(), ids(), ids());
    let minute = std::time::Duration::from_mins(1);
    let until = clock.now().after(minute);
    traces.keep_response(first, response(10), until).await.unwrap();
    assert_eq!(traces.response(first).await.unwrap(), Some(response(10)));
    traces.keep_response(large, response(64 << 10), until).await.unwrap();
    assert_eq!(traces.response(large).await.unwrap(), None);
    hand.advance(minute);
    traces.keep_response(second, response(20), until.after(minute)).await.unwrap();
    assert_eq!(traces.response(first).await.unwrap(), None);
    assert_eq!(traces.response(second).await.unwrap(), Some(response(20)));
}

#[tokio::test]
async fn the_oldest_answers_make_room_too() {
    let budget = ByteCount::mib(1);
    let (_folder, traces) = open(budget);
    let until = traces.clock.now().after(std::time::Duration::from_hours(24));
    let (first, _) = ids();
    traces.keep_response(first, response(60_000), until).await.unwrap();
    for _ in 0..40 {
        traces.keep_response(ids().0, response(60_000), until).await.unwrap();
    }
    let (last, _) = ids();
    traces.keep_response(last, response(60_000), until).await.unwrap();
    assert_eq!(traces.response(first).await.unwrap(), None);
    assert!(traces.response(last).await.unwrap().is_some());
    assert!(traces.store.read(sql::held).await.unwrap() <= budget);
}

fn run(call: CallId, api: ApiId, text: &str) -> NewRun {
    let state = StateTrace {
        state: "Pay".to_owned(),
        frame: 0,
        entered_us: 5,
        took_us: Some(7),
        failures: 1,
        fuel: 9,
        input: serde_json::json!({ "text": text }),
        output: None,
        error: Some("Payment.Declined".to_owned()),
        cause: None,
    };
    NewRun {
        call,
        api,
        started: Timestamp::from_micros(5),
        took_us: 8,
        outcome: "guest_error".to_owned(),
        error: Some("Payment.Declined".to_owned()),
        states: vec![state],
    }
}

#[tokio::test]
async fn a_run_that_has_just_ended_shows_its_states_and_those_of_an_api_are_listed() {
    let (_folder, traces) = open(ByteCount::mib(64));
    let ((first, api), (second, other)) = (ids(), ids());
    traces.keep_run(run(first, api, "one"));
    let kept = traces.run(first).await.unwrap().unwrap();
    assert_eq!(kept.states, run(first, api, "one").states);
    assert_eq!((kept.summary.took_us, kept.summary.error.as_deref()), (8, Some("Payment.Declined")));
    assert_eq!(traces.run(second).await.unwrap(), None);
    traces.keep_run(run(second, api, "two"));
    traces.keep_run(run(ids().0, other, "elsewhere"));
    let all = traces.runs(api, None, 10).await.unwrap();
    assert_eq!(all.iter().map(|run| run.call).collect::<Vec<_>>(), [second, first]);
    assert_eq!(traces.runs(api, Some(all[0].seq), 10).await.unwrap(), all[1..]);
    assert_eq!(traces.runs(api, None, 1).await.unwrap(), all[..1]);
}

#[tokio::test]
async fn a_run_that_finds_no_room_is_counted_and_the_oldest_make_room_in_the_file() {
    let budget = ByteCount::mib(1);
    let (_folder, traces) = open(budget);
    let (first, api) = ids();
    traces.keep_run(run(first, api, &"x".repeat(WAITING_MAX)));
    assert_eq!((traces.stats().dropped, traces.run(first).await.unwrap()), (1, None));
    for _ in 0..40 {
        traces.keep_run(run(ids().0, api, &"x".repeat(60_000)));
        traces.flush().await.unwrap();
    }
    let (last, _) = ids();
    traces.keep_run(run(last, api, "the newest"));
    assert!(traces.run(last).await.unwrap().is_some());
    assert!(traces.store.read(sql::held).await.unwrap() <= budget);
    assert!(traces.stats().swept > 0, "{:?}", traces.stats());
}

/// The file as version 2 made it, with a line and an answer.
const VERSION_2: &str = "
CREATE TABLE log_line(seq INTEGER PRIMARY KEY, call_id TEXT NOT NULL, api_id TEXT NOT NULL, at_us INTEGER NOT NULL,
  stream TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX log_line_call ON log_line(call_id);
CREATE INDEX log_line_api ON log_line(api_id);
CREATE TABLE stored_response(seq INTEGER PRIMARY KEY, call_id TEXT NOT NULL UNIQUE, status INTEGER NOT NULL,
  headers BLOB NOT NULL, body BLOB NOT NULL, expires_us INTEGER NOT NULL) STRICT;
PRAGMA user_version = 2;";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the file of a former version has a schema of its own")]
async fn a_file_of_version_2_keeps_its_lines_and_takes_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.db");
    let (call, api) = ids();
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(VERSION_2).unwrap();
    let line = (call.to_string(), api.to_string());
    file.execute("INSERT INTO log_line VALUES (1, ?1, ?2, 3, 'log', 'from before')", line).unwrap();
    drop(file);
    let traces = Traces::open(&path, Clock::system(), ByteCount::mib(64)).unwrap();
    assert_eq!(texts(&traces.logs(call).await.unwrap()), [(Stream::Log, "from before")]);
    traces.keep_run(run(call, api, "new"));
    assert!(traces.run(call).await.unwrap().is_some());
}
