//! The fault matrix: every event of a desk's life crossed with every fault, and where each cell is tried. A cell that cannot
//! exist is named with its reason. Knows neither how a cell is tried nor what must hold afterwards.

#![allow(dead_code)]

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Mutex;
use std::time::Instant;

/// Where a desk is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Its launcher waits for a seed.
    BeforeSeed,
    /// Its launcher makes it, puts the seed in place, takes a conversation back.
    Seeding,
    /// Claude's prompt is there, nothing was said.
    Started,
    /// Claude is in the middle of an answer, after others.
    Talking,
    /// Claude has ended, Zellij does not say so yet.
    Exited,
    /// The pane waits for Enter.
    Held,
    /// The pane is closed, Claude not yet dead.
    Closing,
    /// The host program brings its conversations to the shared dir.
    Keeping,
    /// The host program deletes it.
    Deleting,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The launcher gets this signal.
    Launcher(&'static str),
    /// Claude does.
    Claude(&'static str),
    /// The Zellij server does.
    Server(&'static str),
    /// The plugin is loaded anew and remembers nothing.
    Reload,
    /// No byte can be written any more.
    FullDisk,
    /// The host program is killed between two of its steps, whichever.
    HostKilled,
}

/// Where a cell is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// On the host program.
    Host,
    /// Nowhere, and why.
    Never(&'static str),
}

pub const EVENTS: [Event; 9] = [
    Event::BeforeSeed,
    Event::Seeding,
    Event::Started,
    Event::Talking,
    Event::Exited,
    Event::Held,
    Event::Closing,
    Event::Keeping,
    Event::Deleting,
];

pub const SIGNALS: [&str; 3] = ["HUP", "TERM", "KILL"];

pub fn faults() -> Vec<Fault> {
    let signals = |fault: fn(&'static str) -> Fault| SIGNALS.into_iter().map(fault);
    let signalled = signals(Fault::Launcher).chain(signals(Fault::Claude)).chain(signals(Fault::Server));
    signalled.chain([Fault::Reload, Fault::FullDisk, Fault::HostKilled]).collect()
}

/// Whether this cell is tried: on the host program, with stand-ins for Zellij and Claude that write down what they did.
pub fn level(event: Event, fault: Fault) -> Level {
    use Event::{BeforeSeed, Closing, Deleting, Exited, Held, Keeping, Seeding};
    match (event, fault) {
        (BeforeSeed | Seeding, Fault::Claude(_)) => Level::Never("Claude is not started yet"),
        (Exited | Held, Fault::Claude(_)) => Level::Never("Claude has ended"),
        (Keeping | Deleting, Fault::Claude(_)) => Level::Never("it is begun when Claude is proved dead"),
        (Held, Fault::Launcher(_)) => Level::Never("a held pane has no process"),
        (Closing | Keeping | Deleting, Fault::Launcher(_)) => Level::Never("the launcher has died with its pane"),
        _ => Level::Host,
    }
}

/// Every cell of a level.
pub fn cells(of: Level) -> Vec<(Event, Fault)> {
    let all = EVENTS.into_iter().flat_map(|event| faults().into_iter().map(move |fault| (event, fault)));
    all.filter(|(event, fault)| level(*event, *fault) == of).collect()
}

/// Keeps the count of the cells that were tried and of what failed in them.
pub struct Tally {
    name: &'static str,
    began: Instant,
    tried: Mutex<BTreeSet<(Event, Fault)>>,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    pub fn new(name: &'static str) -> Self {
        Self { name, began: Instant::now(), tried: Mutex::default(), failures: Mutex::default() }
    }

    /// A cell was tried; empty where all held.
    pub fn note(&self, event: Event, fault: Fault, wrong: Vec<String>) {
        self.tried.lock().unwrap().insert((event, fault));
        let lines = wrong.into_iter().map(|why| format!("{event:?} × {fault:?}: {why}"));
        self.failures.lock().unwrap().extend(lines);
    }

    /// Prints the count, past the capture of the test harness, and fails where a cell failed or was left out.
    #[track_caller]
    pub fn finish(self, expected: &[(Event, Fault)]) {
        let tried = self.tried.into_inner().unwrap();
        let failures = self.failures.into_inner().unwrap();
        let all = EVENTS.len() * faults().len();
        let never = EVENTS.iter().flat_map(|e| faults().into_iter().map(move |f| level(*e, f)));
        let never = never.filter(|level| matches!(level, Level::Never(_))).count();
        let line = format!(
            "fault matrix, {}: {} cells tried, {} failures, {:.0} s ({all} cells in all, {never} that cannot exist)\n",
            self.name,
            tried.len(),
            failures.len(),
            self.began.elapsed().as_secs_f64(),
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
        assert!(failures.is_empty(), "{failures:#?}");
        let left_out: Vec<_> = expected.iter().filter(|cell| !tried.contains(cell)).collect();
        assert!(left_out.is_empty(), "not tried: {left_out:?}");
        assert!(expected.iter().all(|(event, fault)| !matches!(level(*event, *fault), Level::Never(_))));
    }
}

/// The cells that cannot exist, one line each, for people.
pub fn impossible() -> Vec<String> {
    let mut lines = Vec::new();
    for event in EVENTS {
        for fault in faults() {
            if let Level::Never(why) = level(event, fault) {
                lines.push(format!("{event:?} × {fault:?}: {why}"));
            }
        }
    }
    lines
}
