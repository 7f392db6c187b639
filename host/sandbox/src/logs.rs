//! What a call writes: standard output, standard error and log lines, capped and made safe to print.

use types::{Clock, Timestamp};

/// Bytes kept per call.
const BYTES_MAX: usize = 64 * 1024;
/// Lines kept per call.
const LINES_MAX: usize = 256;
/// Bytes kept per line.
const LINE_MAX: usize = 4 * 1024;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The log interface.
    Log,
}

impl LogStream {
    /// The word that rows use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Log => "log",
        }
    }
}

/// One line, without its end, control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it ended, by the host's clock.
    pub at: Timestamp,
    /// Where it was written.
    pub stream: LogStream,
    /// The text.
    pub text: String,
}

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct Logs {
    clock: Clock,
    lines: Vec<LogLine>,
    bytes: usize,
    dropped: u32,
    open: [Vec<u8>; 3],
}

impl Logs {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, lines: Vec::new(), bytes: 0, dropped: 0, open: [const { Vec::new() }; 3] }
    }

    /// Takes what the guest wrote. Never fails: past the caps it counts.
    pub(crate) fn write(&mut self, stream: LogStream, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let open = &mut self.open[stream as usize];
            let room = LINE_MAX.saturating_sub(open.len());
            open.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.end_line(stream);
            }
        }
    }

    /// Takes a line of the host's own, outside of the caps: whoever writes a lot must not hide what the host has to say
    /// of it. The host bounds how many there are.
    pub(crate) fn host_line(&mut self, text: &str) {
        let text = printable(text.as_bytes());
        self.lines.push(LogLine { at: self.clock.now(), stream: LogStream::Log, text });
    }

    fn end_line(&mut self, stream: LogStream) {
        let line = std::mem::take(&mut self.open[stream as usize]);
        let text = printable(&line);
        if self.lines.len() >= LINES_MAX || self.bytes + text.len() > BYTES_MAX {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.bytes += text.len();
        self.lines.push(LogLine { at: self.clock.now(), stream, text });
    }

    /// The lines, and how many were dropped.
    pub(crate) fn finish(mut self) -> (Vec<LogLine>, u32) {
        for stream in [LogStream::Stdout, LogStream::Stderr, LogStream::Log] {
            if !self.open[stream as usize].is_empty() {
                self.end_line(stream);
            }
        }
        (self.lines, self.dropped)
    }
}

/// The text with control characters escaped, so that no terminal obeys a guest.
pub(crate) fn printable(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    for letter in String::from_utf8_lossy(line).chars() {
        if letter.is_control() && letter != '\t' { text.extend(letter.escape_default()) } else { text.push(letter) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(parts: &[&[u8]]) -> (Vec<String>, u32) {
        let mut logs = Logs::new(Clock::system());
        for part in parts {
            logs.write(LogStream::Stdout, part);
        }
        let (lines, dropped) = logs.finish();
        (lines.into_iter().map(|line| line.text).collect(), dropped)
    }

    #[test]
    fn lines_are_joined_over_writes_and_escaped() {
        let (lines, dropped) = written(&[b"one\ntw", b"o\x1b[31m\n", b"three"]);
        assert_eq!(lines, ["one", "two\\u{1b}[31m", "three"]);
        assert_eq!(dropped, 0);
    }

    #[test]
    fn a_flood_hides_nothing_of_what_the_host_says() {
        let mut logs = Logs::new(Clock::system());
        logs.write(LogStream::Log, &b"x\n".repeat(256));
        logs.write(LogStream::Log, b"an open line");
        logs.host_line("egress: denied");
        let (lines, dropped) = logs.finish();
        assert_eq!((lines.len(), dropped), (257, 1));
        assert_eq!(lines[256].text, "egress: denied");
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let (lines, dropped) = written(&[&b"x\n".repeat(1_000)]);
        assert_eq!((lines.len(), dropped), (256, 744));
        let (lines, _) = written(&[&vec![b'x'; 1 << 20]]);
        assert_eq!(lines[0].len(), LINE_MAX);
    }
}
