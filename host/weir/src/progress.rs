//! How far long work is: a bar on standard error, when that is a terminal. Programs and pipes see nothing of it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar. It is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar for `bytes` in all.
    pub(crate) fn of_bytes(what: &'static str, bytes: u64) -> Self {
        let bar = ProgressBar::new(bytes).with_message(what);
        Self(styled(bar, "{msg:20} [{bar:30}] {bytes} of {total_bytes}, {eta} left"))
    }

    /// A sign that something goes on of which nobody knows how long it takes.
    pub(crate) fn of_unknown(what: &'static str) -> Self {
        let bar = styled(ProgressBar::new_spinner().with_message(what), "{spinner} {msg} {elapsed}");
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Says what it does now.
    pub(crate) fn doing(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// So many more are done.
    pub(crate) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A form that the library refuses leaves its own.
fn styled(bar: ProgressBar, form: &str) -> ProgressBar {
    match ProgressStyle::with_template(form) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
