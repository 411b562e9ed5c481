//! How many programs are started on the host when nothing happens.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::report::{Part, Row};
use crate::runtime::Wasm;
use crate::session::{Session, SECOND};
use crate::support::machine::{tool, Machine};
use crate::support::zellij::{Setup, Zellij};

/// What the contract allows per minute with the panel shown.
const SHOWN: f64 = 6.0;
/// How long nothing happens in the real session.
const REAL_S: u64 = 60;

/// Host commands in so many minutes without an event but the lists and the plugin's own timers, and in as many more with the
/// panel shown, in Zellij's runtime with a simulated clock.
pub fn minutes(wasm: &Wasm, desks: usize, minutes: u64) -> (usize, usize) {
    let mut session = Session::with(wasm, desks, desks);
    let mut started = |shown: bool| {
        session.show(shown);
        session.pass(20 * SECOND);
        session.forget();
        for _ in 0..60 * minutes {
            session.list_panes("same list");
            session.pass(SECOND);
        }
        session.host.len()
    };
    (started(false), started(true))
}

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let (hidden, shown) = minutes(&Wasm::read(&tool("CARREL_WASM"), false), 30, 10);
    let real = children_of_a_real_session();
    let per_minute = shown as f64 / 10.0;
    Part {
        name: "idle",
        title: "When nothing happens",
        how: format!(
            "Thirty desks. In Zellij's runtime with a simulated clock: ten minutes of lists and timers with the panel hidden, ten more \
             with it shown. And a real session with an idle Claude Code in a pane of Carrel's, for {REAL_S} seconds: the page faults of \
             the children that its server has waited for, which a single started program would raise by hundreds. A Claude that says \
             nothing of what it does is looked at every ten seconds in its first two minutes, and after that not either."
        ),
        rows: vec![
            Row::budget(
                "Host commands per minute when nothing happens, panel hidden",
                "0",
                format!("{} (in ten minutes)", hidden as f64 / 10.0),
                hidden == 0,
            ),
            Row::budget("the same with the panel shown", "at most 6", format!("{per_minute}"), per_minute <= SHOWN),
            Row::budget(
                "Programs that the server of a real session started and saw end",
                "0",
                format!("{} page faults of children in {REAL_S} s", real),
                real == 0,
            ),
        ],
        tables: String::new(),
        plots: vec![],
    }
}

fn children_of_a_real_session() -> u64 {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    zellij.ask("new", "request=a", "");
    zellij.wait_status("Claude is idle", |status| status["panes"][0]["state"] == "idle");
    let server = zellij.server().expect("a server").pid;
    let faults = || {
        let stat = fs::read_to_string(format!("/proc/{server}/stat")).expect("the server");
        let fields = stat.rsplit_once(')').expect("a name").1.to_string();
        // Field 11 of the file: faults of children that were waited for.
        fields.split_whitespace().nth(8).and_then(|faults| faults.parse::<u64>().ok()).expect("a number")
    };
    // The looks that follow an opening, and the first save of the session, are over; so is what Claude says after a minute.
    sleep(Duration::from_secs(90));
    let before = faults();
    sleep(Duration::from_secs(REAL_S));
    faults() - before
}
