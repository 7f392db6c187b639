//! Writes lines for the provider's log: `weir logs CALL`. The release must grant `logging`.
//!
//! In a component this is `wasi:logging`. In native code a line goes to standard error, or to whoever called [`record`].

#[cfg(not(target_family = "wasm"))]
use std::cell::RefCell;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd, but dealt with.
    Warn,
    /// Something failed.
    Error,
    /// Nothing works.
    Critical,
}

/// Writes a line of `level`. `context` says what it belongs to, and may be empty.
pub fn write(level: Level, context: &str, message: &str) {
    #[cfg(target_family = "wasm")]
    crate::wire::log(level, context, message);
    #[cfg(not(target_family = "wasm"))]
    LINES.with_borrow_mut(|open| match open {
        Some(lines) => lines.push(Line { level, context: context.to_owned(), message: message.to_owned() }),
        None => eprintln!("{level:?} {context}: {message}"),
    });
}

/// A line of [`Level::Debug`].
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, "", message.as_ref());
}

/// A line of [`Level::Info`].
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, "", message.as_ref());
}

/// A line of [`Level::Warn`].
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, "", message.as_ref());
}

/// A line of [`Level::Error`].
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, "", message.as_ref());
}

/// A line that was written in a test.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// What it belongs to.
    pub context: String,
    /// What it says.
    pub message: String,
}

#[cfg(not(target_family = "wasm"))]
thread_local! {
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// Runs `handler`, and returns what it wrote on this thread beside its answer. For native tests.
#[cfg(not(target_family = "wasm"))]
pub fn record<T>(handler: impl FnOnce() -> T) -> (T, Vec<Line>) {
    let before = LINES.replace(Some(Vec::new()));
    let answer = handler();
    (answer, LINES.replace(before).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_sees_what_was_written_in_it() {
        let (answer, lines) = record(|| {
            info("began");
            write(Level::Warn, "parser", "odd");
            7
        });
        assert_eq!(answer, 7);
        assert_eq!((lines[0].level, lines[0].message.as_str()), (Level::Info, "began"));
        assert_eq!((lines[1].level, lines[1].context.as_str()), (Level::Warn, "parser"));
        assert!(record(|| ()).1.is_empty());
    }
}
