//! A host that runs as a process of its own, on free ports.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Free ports, and a sandbox small enough for many hosts on one machine.
pub(crate) const HOST_TOML: &str = r#"
[gateway]
listen = "127.0.0.1:0"
[control]
listen = "127.0.0.1:0"
[sandbox]
pool_slots = 2
"#;

/// A data folder that is removed with the test.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A folder with a configuration, and nothing else.
    pub(crate) fn new() -> Self {
        let place = Self::bare();
        place.configure(HOST_TOML);
        place
    }

    /// A folder with nothing in it.
    pub(crate) fn bare() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn configure(&self, text: &str) {
        std::fs::create_dir_all(self.data()).unwrap();
        std::fs::write(self.data().join("host.toml"), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.arg("--data").arg(self.data()).args(arguments).env_clear().current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command that reads `input`.
    pub(crate) fn run_with(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran(child.wait_with_output().unwrap())
    }

    /// Runs a command that finds its host by itself, with these variables of the environment alone.
    pub(crate) fn run_as(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(arguments).env_clear().envs(environment.iter().copied()).current_dir(self.folder.path());
        Ran(command.stdin(Stdio::null()).output().unwrap())
    }

    /// Starts a command that goes on until it is killed.
    pub(crate) fn follow(&self, arguments: &[&str]) -> Follower {
        let mut child = self.command(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Follower { child, lines }
    }

    /// Starts the host, and waits until it says that it is up.
    pub(crate) fn start(&self) -> Host {
        self.start_with(&[])
    }

    /// The same, with these variables of the environment.
    pub(crate) fn start_with(&self, environment: &[(&str, &str)]) -> Host {
        let mut command = self.command(&["--json", "serve"]);
        command.envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = child.stderr.take().unwrap();
        let mut document = String::new();
        while stdout.read_line(&mut document).unwrap() > 0 && !document.ends_with("}\n") {}
        let Ok(up) = serde_json::from_str(&document) else {
            panic!("the host did not start: {document}{}", std::io::read_to_string(stderr).unwrap());
        };
        // Whoever reads nothing from the log would stop the host when the pipe is full.
        let log = Arc::new(Log::default());
        let (keeps, reader) = (Arc::clone(&log), BufReader::new(stderr));
        let reads = std::thread::spawn(move || keeps.read(reader));
        Host { child, up, log, reads: Some(reads), _stdout: stdout }
    }
}

/// What a host has logged so far.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    more: Condvar,
}

impl Log {
    fn read(&self, stderr: BufReader<ChildStderr>) {
        for line in stderr.lines() {
            self.text.lock().unwrap().push_str(&(line.unwrap() + "\n"));
            self.more.notify_all();
        }
    }
}

/// A command that goes on. Dropping it kills it.
pub(crate) struct Follower {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Follower {
    /// The next line that it prints; `None` when it has ended.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).unwrap() > 0).then_some(line)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a command did.
pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn expect_success(&self) -> String {
        assert!(self.0.status.success(), "{}{}", self.out(), self.err());
        self.out()
    }

    /// Checks that it failed, and that what it said has all of these in it.
    #[track_caller]
    pub(crate) fn expect_failure(&self, parts: &[&str]) {
        assert!(!self.0.status.success(), "{}{}", self.out(), self.err());
        for part in parts {
            assert!(self.err().contains(part), "no {part:?} in: {}", self.err());
        }
    }
}

/// A host that is up. Dropping it kills it.
pub(crate) struct Host {
    child: Child,
    /// What it said when it was up.
    pub(crate) up: Value,
    log: Arc<Log>,
    reads: Option<std::thread::JoinHandle<()>>,
    _stdout: BufReader<ChildStdout>,
}

impl Host {
    /// Asks it to stop, waits, and answers its exit code and its log.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        self.reads.take().unwrap().join().unwrap();
        (status.code(), self.log.text.lock().unwrap().clone())
    }

    /// Waits until it has logged `text`.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) {
        let log = self.log.text.lock().unwrap();
        let wait = self.log.more.wait_timeout_while(log, Duration::from_secs(30), |log| !log.contains(text));
        let (log, _) = wait.unwrap();
        assert!(log.contains(text), "no {text:?} in: {log}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have stopped by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
