//! Waiting for a named condition, and for the end of a program, with a limit.
//!
//! The only place where the tests let time pass. It decides nothing about what is waited for.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a condition may take before the test fails: far more than it takes on a busy machine with two cores.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at that cannot report itself.
const POLL: Duration = Duration::from_millis(20);

/// The same where looking is a command line call that the server has to answer: it should not be kept busy with that.
pub const SLOW_POLL: Duration = Duration::from_millis(100);

/// Looks until the probe finds something, or for as long as given.
pub fn until<T>(limit: Duration, probe: impl FnMut() -> Option<T>) -> Option<T> {
    until_every(POLL, limit, probe)
}

/// The same with a pause of this length between two looks.
pub fn until_every<T>(pause: Duration, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = probe() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(pause);
    }
}

/// Whether a condition holds at every look during this time: for promises that something does *not* happen.
pub fn stays(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    until(time, || (!holds()).then_some(())).is_none()
}

/// What a program that was run to its end left behind.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// Whether it had to be killed because it took too long.
    pub timed_out: bool,
}

impl Finished {
    /// Its stdout; panics with everything where it failed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.code == Some(0), "the program failed: {self:#?}");
        self.stdout
    }

    /// Its stdout as JSON; panics with everything where that is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(self.stdout.trim()) {
            Ok(value) => value,
            Err(error) => panic!("not JSON ({error}): {self:#?}"),
        }
    }
}

/// Runs a program to its end with an empty stdin, and kills it after the limit.
pub fn finish(command: Command, limit: Duration) -> Finished {
    finish_reading(command, Stdio::null(), limit)
}

/// The same with this stdin.
pub fn finish_reading(mut command: Command, stdin: Stdio, limit: Duration) -> Finished {
    let began = Instant::now();
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let out = drain(child.stdout.take());
    let err = drain(child.stderr.take());
    let ended = until_exit(&mut child, limit);
    let timed_out = ended.is_none();
    if timed_out {
        let _ = child.kill();
    }
    let code = child.wait().ok().and_then(|status| status.code()).filter(|_| !timed_out);
    let took = began.elapsed();
    // A program that went into the background may still hold the pipes: take what is there.
    let read = |receiver: std::sync::mpsc::Receiver<Vec<u8>>| {
        String::from_utf8_lossy(&receiver.recv_timeout(Duration::from_secs(2)).unwrap_or_default()).into_owned()
    };
    Finished { code, stdout: read(out), stderr: read(err), took, timed_out }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: Duration::ZERO,
            timed_out: false,
        }
    }
}

fn until_exit(child: &mut std::process::Child, limit: Duration) -> Option<()> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() >= end => return None,
            Ok(None) => thread::sleep(Duration::from_millis(2)),
            _ => return Some(()),
        }
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> std::sync::mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    if let Some(mut pipe) = pipe {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
    }
    receiver
}
