//! The plugin in Zellij's own runtime: what each kind of event costs with 1, 30, 300 and 1,000 panes, and what a day does to its
//! memory.

use std::fmt::Write as _;

use crate::report::{markdown, Part, Row};
use crate::runtime::Wasm;
use crate::session::{Cost, Session, SECOND};
use crate::stats::Summary;
use crate::support::machine::tool;
use crate::svg::{bars, Bar};

/// What the contract allows.
const UPDATE_MS: f64 = 2.0;
pub const MEMORY: usize = 6 * 1024 * 1024;

/// Panes, and how many of them are desks.
const SESSIONS: [(usize, usize); 4] = [(1, 1), (30, 30), (300, 30), (1_000, 30)];
const HOUR: u64 = 3_600;

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let wasm = Wasm::read(&tool("CARREL_WASM"), false);
    let bare = Wasm::read(&tool("BENCH_BARE"), false);
    let kinds = ["same list", "other list", "timer", "bell", "host answer", "render"];
    let mut rows = Vec::new();
    let mut plot = Vec::new();
    let mut lists = Vec::new();
    let mut memory = 0;
    for (panes, desks) in SESSIONS {
        let mut session = Session::with(&wasm, panes, desks);
        exercise(&mut session);
        let mut floor = Session::bare(&bare, panes, desks);
        for _ in 0..20 {
            floor.list_panes("same list");
            floor.pass(SECOND);
        }
        let floor = milliseconds(&floor.costs["same list"]);
        let of = |kind: &str| milliseconds(&session.costs[kind]);
        let same = of("same list");
        rows.push(
            [
                format!("{panes}, {desks} of them desks"),
                format!("{:.1} kB", session.pane_list().len() as f64 / 1e3),
                floor.show(2),
            ]
            .into_iter()
            .chain(kinds.iter().map(|kind| of(kind).show(2)))
            .collect(),
        );
        let bar = |name: &str, value: f64, ours| Bar {
            name: format!("{panes} panes: {name}"),
            value,
            label: format!("{value:.2}"),
            ours,
        };
        plot.push(bar("the same list", same.median, true));
        plot.push(bar("another list", of("other list").median, true));
        plot.push(bar("a plugin that does nothing", floor.median, false));
        lists.push([same.median, of("other list").median, floor.median]);
        memory = memory.max(session.plugin.memory());
    }
    let [[smallest, ..], .., [same, other, floor]] = lists[..] else { unreachable!("four sessions") };
    let day = live_a_day(&wasm, 1_000, 30, 8 * HOUR, 10);
    let grows = day.memory_hour != day.memory_after;
    let memory = memory.max(day.memory_after);
    let kib = |bytes: usize| format!("{} KiB", bytes / 1024);
    let day = vec![vec![
        "1000, 30 of them desks".to_string(),
        day.events.to_string(),
        kib(day.memory_hour),
        kib(day.memory_after),
        format!("{:.2}", day.first_ms),
        format!("{:.2}", day.last_ms),
    ]];
    let mut head = vec!["panes", "the list", "a plugin that does nothing, same list"];
    head.extend(kinds);
    let mut tables = String::new();
    let _ = write!(tables, "## Milliseconds per call\n\n{}\n", markdown(&head, &rows));
    let _ = write!(
        tables,
        "## What an update is made of\n\n{}\n",
        markdown(&["a list of 1,000 panes", "what", "ms", "share"], &made_of(smallest, same, other, floor))
    );
    let _ = write!(
        tables,
        "## A day\n\n{}",
        markdown(
            &[
                "panes",
                "events",
                "memory after an hour",
                "memory after a day",
                "ms per list in the first hour",
                "ms per list in the last hour"
            ],
            &day
        )
    );
    Part {
        name: "plugin",
        title: "The plugin in Zellij's runtime",
        how: "wasmi 1.1.0 with WASI and 16 MiB, as zellij-server 0.45.1 sets it up; Zellij's functions are stubs, the clock is simulated, the \
              lease and the board lie in a real directory. Time is the thread's own on the processor. A list is the `SessionUpdate` \
              that Zellij sends at whatever happens, in tabs of twenty panes; *same* says what the last one said, *other* has a changed title. \
              A bell is a message of one of Claude's hooks; a host answer is mostly that of a scan of all desks. A working day of eight hours has a list \
              every ten seconds, a timer each second, and by the minute changed titles, bells, changed commands, closed and opened panes and looks at \
              the panel."
            .into(),
        rows: vec![
            Row::budget(
                "One update with 1,000 panes and nothing changed",
                "at most 2 ms",
                format!("{:.2} ms; a plugin on zellij-tile that does nothing takes {:.2} ms", same, floor),
                same <= UPDATE_MS,
            ),
            Row::budget(
                "Linear memory after a day of events with 1,000 panes",
                "at most 6 MiB, no growth",
                format!(
                    "{:.1} MiB, {} between the first hour and the last",
                    memory as f64 / 1024.0 / 1024.0,
                    if grows { "growing" } else { "no growth" }
                ),
                memory <= MEMORY && !grows,
            ),
        ],
        tables,
        plots: vec![("plugin.svg".into(), bars("One update with the list of panes", "ms", &plot))],
    }
}

/// Of the smallest same list, the same and another one of 1,000 panes, and one that a plugin decodes which does nothing.
fn made_of(smallest: f64, same: f64, other: f64, floor: f64) -> Vec<Vec<String>> {
    let row = |list: &str, what: &str, ms: f64, of: f64| {
        vec![list.to_string(), what.to_string(), format!("{ms:.2}"), format!("{:.0} %", 100.0 * ms / of)]
    };
    let text = "its text is read from Zellij, and compared with the last one";
    let rest = "what each call takes, however few panes there are: the lease, the manager, the timer";
    vec![
        row("the same again", text, same - smallest, same),
        row("the same again", rest, smallest, same),
        row("another one", "zellij-tile decodes it, for every plugin", floor, other),
        row("another one", "Carrel remembers its text, and looks through the panes", other - floor, other),
    ]
}

fn exercise(session: &mut Session) {
    session.forget();
    for number in 0..40 {
        session.list_panes("same list");
        session.pass(SECOND);
        if number % 2 == 0 {
            session.retitle(number);
            session.list_panes("other list");
        }
        session.ring(number);
        session.pass(SECOND / 2);
    }
    session.show(true);
    for _ in 0..10 {
        session.list_panes("settling");
        session.render();
        session.pass(SECOND);
    }
}

fn milliseconds(costs: &[Cost]) -> Summary {
    Summary::of(&costs.iter().map(|cost| cost.nanos as f64 / 1e6).collect::<Vec<_>>())
}

/// What a day has done.
pub struct Day {
    pub events: usize,
    pub memory_hour: usize,
    pub memory_after: usize,
    pub first_ms: f64,
    pub last_ms: f64,
}

/// So many seconds of a session's life, told in eight hours, with a list of panes every so many seconds.
pub fn live_a_day(wasm: &Wasm, panes: usize, desks: usize, seconds: u64, every: u64) -> Day {
    let mut session = Session::with(wasm, panes, desks);
    let mut day = Day { events: 0, memory_hour: 0, memory_after: 0, first_ms: 0.0, last_ms: 0.0 };
    session.forget();
    let hour = seconds / 8;
    for second in (0..seconds).step_by(every as usize) {
        let minute = second / 60;
        if second % 60 < every {
            session.retitle(minute);
            session.ring(minute);
            session.command_changed(minute);
        }
        if second % 600 < every {
            session.replace_a_desk(minute);
        }
        if second % 1_800 < every {
            session.show(true);
            session.press('j');
            session.ask("status");
            session.pass(SECOND);
            session.show(false);
        }
        session.list_panes("list");
        session.pass(every * SECOND);
        if second / hour != (second + every) / hour {
            day.events += session.costs.values().map(Vec::len).sum::<usize>();
            let ms = milliseconds(&session.costs["list"]).median;
            if second < hour {
                (day.memory_hour, day.first_ms) = (session.plugin.memory(), ms);
            }
            (day.memory_after, day.last_ms) = (session.plugin.memory(), ms);
            session.forget();
        }
    }
    day
}
