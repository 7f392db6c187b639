//! Runs what documents tell people to type: the lines of their `sh` blocks, one after the other, as a person would.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::host::{Host, Place};

/// Where documents say that the gateway is.
const GATEWAY: &str = "http://127.0.0.1:8080";
/// What stands for the key that `weir subscribe` printed last.
const KEY: &str = "KEY";

/// Settings of the outside that would lead a command astray.
const LEFT_OUT: [&str; 6] = ["WEIR_DATA", "WEIR_CONTROL", "WEIR_GATEWAY", "WEIR_TOKEN", "WEIR_KEY", "RUSTFLAGS"];

/// The lines of a document's `sh` blocks, without their comments.
pub(crate) fn lines(document: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_shell = false;
    for line in document.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            is_shell = kind == "sh";
        } else if is_shell {
            let line = line.split(" # ").next().unwrap_or_default().trim();
            if !line.is_empty() {
                lines.push(line.to_owned());
            }
        }
    }
    lines
}

/// A terminal in a folder, on the machine of a host.
pub(crate) struct Shell<'a> {
    place: &'a Place,
    host: Option<Host>,
    folder: PathBuf,
    key: Option<String>,
}

impl<'a> Shell<'a> {
    pub(crate) fn new(place: &'a Place) -> Self {
        Self { place, host: None, folder: place.path().to_owned(), key: None }
    }

    /// Types one line, and answers what came out. It must succeed.
    pub(crate) fn run(&mut self, line: &str) -> String {
        if line == "weir serve" {
            self.host = Some(self.place.start());
            return String::new();
        }
        if let Some(folder) = line.strip_prefix("cd ") {
            self.folder.push(folder);
            assert!(self.folder.is_dir(), "{line}: there is no such folder");
            return String::new();
        }
        let output = self.command(line).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{line}: {}\n{out}{err}", output.status);
        if let Some(key) = out.split_whitespace().find(|word| word.starts_with("weir_live_")) {
            self.key = Some(key.to_owned());
        }
        out.into_owned()
    }

    fn command(&self, line: &str) -> Command {
        let mut line = line.to_owned();
        if let Some(host) = &self.host {
            line = line.replace(GATEWAY, host.up["gateway"].as_str().unwrap());
        }
        if let Some(key) = &self.key {
            line = line.replace(KEY, key);
        }
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_weir"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths([binary.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new("sh");
        command.args(["-euc", &line]).current_dir(&self.folder).stdin(Stdio::null());
        for name in LEFT_OUT {
            command.env_remove(name);
        }
        // What was compiled for one project serves the next, and the next run.
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("projects");
        command.env("PATH", path.unwrap()).env("WEIR_DATA", self.place.data()).env("CARGO_TARGET_DIR", target);
        command
    }
}
