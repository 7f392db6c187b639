//! The processes in which uploads are compiled and tried: none leaves anything behind.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_setfl, mknodat};
use sandbox::{Limits, Sandbox, Settings};
use types::{Clock, Outcome};

use crate::guests::{House, OK, context, http, request};

/// A house whose children start something that outlives them, with the pipe `held` open for writing, and then do their
/// work; or, while there is a file `dies`, end by a signal as one past its limits does.
fn house_of_leavers() -> House {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        "#!/bin/sh
         exec 3> '{}'
         sleep 120 > /dev/null &
         exec 3>&-
         if [ -e '{}' ]; then kill -KILL $$; fi
         exec '{}' \"$@\"\n",
        at("held"),
        at("dies"),
        env!("CARGO_BIN_EXE_sandbox-child")
    );
    let program = folder.path().join("leaver");
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = Settings { child: Some(program), ..House::settings(&folder) };
    House { sandbox: Sandbox::start(settings, Clock::system()).unwrap(), folder }
}

/// A pipe by the name of `path`, open for reading.
fn pipe_at(path: &Path) -> File {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    // Opened without waiting for a writer, and then read with waiting for the last one's end.
    let pipe = rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).unwrap();
    fcntl_setfl(&pipe, OFlags::empty()).unwrap();
    pipe.into()
}

/// Whether nobody holds the pipe for writing any more. Who was killed needs a moment to be gone.
fn is_let_go(pipe: &File) -> bool {
    let mut pipe = pipe.try_clone().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(pipe.read(&mut [0])));
    matches!(receiver.recv_timeout(Duration::from_secs(20)), Ok(Ok(0)))
}

#[tokio::test]
async fn what_a_child_has_started_ends_with_it_whether_it_answered_or_died() {
    let house = house_of_leavers();
    let held = pipe_at(&house.folder.path().join("held"));

    let first = house.ready(http("", OK)).await;
    assert!(is_let_go(&held), "of two that answered, something is left");

    let dies = house.folder.path().join("dies");
    std::fs::write(&dies, "").unwrap();
    let why = house.refusal(http("(func)", OK)).await;
    assert!(why.contains("cannot be compiled within the limits of memory and time here"), "{why}");
    assert!(is_let_go(&held), "of one that died, something is left");

    // The host goes on: with what it has, and with the same upload once its child lives.
    let ran = house.sandbox.call_http(&first, &context(), request(), &Arc::new(Limits::default())).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    std::fs::remove_file(dies).unwrap();
    assert_eq!(house.run(http("(func)", OK), Limits::default()).await.outcome, Outcome::Ok);
}
