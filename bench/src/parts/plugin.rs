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

/// Panes, how many of them are desks, and how many hours a day of theirs has here.
const SESSIONS: [(usize, usize, u64); 4] = [(1, 1, 8), (30, 30, 8), (300, 30, 4), (1_000, 30, 4)];
const HOUR: u64 = 3_600;
/// How much more the last hour of a day may cost than the second: what happens in them is not the same to the last key. Seen: 0.1 %.
pub const LONGER: f64 = 1.02;

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let wasm = Wasm::read(&tool("CARREL_WASM"), false);
    let bare = Wasm::read(&tool("BENCH_BARE"), false);
    let kinds = ["same list", "other list", "timer", "bell", "host answer", "render"];
    let mut rows = Vec::new();
    let mut plot = Vec::new();
    let mut lists = Vec::new();
    let mut reads = Vec::new();
    let mut memory = 0;
    for (panes, desks, _) in SESSIONS {
        let mut session = Session::with(&wasm, panes, desks);
        exercise(&mut session);
        let mut floor = Session::bare(&bare, panes, desks);
        for _ in 0..20 {
            floor.list_panes("same list");
            floor.pass(SECOND);
        }
        let floor = milliseconds(&floor.costs["same list"]);
        for _ in 0..20 {
            session.read_as_much_as_the_list();
        }
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
        reads.push(of("reading").median);
        memory = memory.max(session.plugin.memory());
    }
    let [[smallest, ..], .., [same, other, floor]] = lists[..] else { unreachable!("four sessions") };
    let [read_little, .., read] = reads[..] else { unreachable!("four sessions") };
    let parts = [smallest, same, other, floor, read - read_little, without_looking(&wasm)];
    let metered = Wasm::read(&tool("CARREL_WASM"), true);
    let days = SESSIONS.map(|(panes, desks, hours)| {
        let day = live_a_day(&metered, panes, desks, hours * HOUR, hours, 10);
        eprintln!("   {panes} panes, {hours} hours: {} events", day.events);
        day
    });
    let grows = days.iter().any(Day::memory_grows);
    let slower = days.iter().map(Day::longer).fold(0.0, f64::max);
    let of_days = days.iter().map(|day| day.memory_after).max().unwrap_or_default();
    let memory = memory.max(of_days);
    let day = SESSIONS.iter().zip(&days).map(|((panes, desks, hours), day)| {
        vec![
            format!("{panes}, {desks} of them desks"),
            hours.to_string(),
            day.events.to_string(),
            format!("{} KiB", day.memory_first / 1024),
            format!("{} KiB", day.memory_after / 1024),
            format!("{:.1}", day.second_fuel as f64 / 1e6),
            format!("{:.1}", day.last_fuel as f64 / 1e6),
        ]
    });
    let day: Vec<Vec<String>> = day.collect();
    let mut head = vec!["panes", "the list", "a plugin that does nothing, same list"];
    head.extend(kinds);
    let mut tables = String::new();
    let _ = write!(tables, "## Milliseconds per call\n\n{}\n", markdown(&head, &rows));
    let _ = write!(
        tables,
        "## What an update is made of\n\n{}\n",
        markdown(&["a list of 1,000 panes", "what", "ms", "share", ""], &made_of(parts))
    );
    let _ = write!(
        tables,
        "## A day\n\n{}",
        markdown(
            &[
                "panes",
                "hours",
                "events",
                "memory after the first hour",
                "memory after the last",
                "million units of fuel in the second hour",
                "in the last"
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
              A bell is a message of one of Claude's hooks; a host answer is mostly that of a scan of all desks. A day has a list every ten seconds, a timer each \
              second, and by the minute changed titles, bells, changed commands, closed and opened panes and looks at the panel; of the large \
              sessions fewer hours are lived. What its hours cost is counted in wasmi's fuel, about a unit for each instruction, which \
              does not depend on the machine: all calls of an hour together. The first hour is left out: \
              in it the Claudes are heard of one after the other, and each costs what it costs from then on.

What a list is made of is seen from outside: *reading* is a \
              text of the same length that means nothing; a plugin that is not ready yet does all with a list but look through the panes."
            .into(),
        rows: vec![
            Row::budget(
                "One update with 1,000 panes and nothing changed",
                "at most 2 ms",
                format!("{:.2} ms; a plugin on zellij-tile that does nothing takes {:.2} ms", same, floor),
                same <= UPDATE_MS,
            ),
            Row::budget(
                "Linear memory after a day of events with up to 1,000 panes",
                "at most 6 MiB, no growth",
                format!(
                    "{:.1} MiB, {} between the first hour and the last",
                    memory as f64 / 1024.0 / 1024.0,
                    if grows { "growing" } else { "no growth" }
                ),
                memory <= MEMORY && !grows,
            ),
            Row::budget(
                "The last hour of such a day against the second, in instructions",
                "at most 1.02 times",
                format!("{slower:.3} times"),
                slower <= LONGER,
            ),
        ],
        tables,
        plots: vec![("plugin.svg".into(), bars("One update with the list of panes", "ms", &plot))],
    }
}

/// Of the smallest same list, the same and another one of 1,000 panes, one that a plugin decodes which does nothing, the reading of
/// its text alone, and another one for a Carrel that does not look through it.
fn made_of([smallest, same, other, floor, read, unlooked]: [f64; 6]) -> Vec<Vec<String>> {
    let row = |list: &str, what: &str, ms: f64, of: f64, why: &str| {
        let share = format!("{:.0} %", 100.0 * ms / of);
        vec![list.to_string(), what.to_string(), format!("{ms:.2}"), share, why.to_string()]
    };
    let record = "[0025](../decisions/0025-a-list-that-says-the-same-is-not-decoded.md)";
    vec![
        row(
            "the same again",
            "its text is read from Zellij",
            read,
            same,
            "explained: Zellij hands over a text, and a plugin reads it before it knows what it is",
        ),
        row(
            "the same again",
            "it is compared with the last one",
            same - smallest - read,
            same,
            &format!("explained: that is what saves the decoding ({record})"),
        ),
        row(
            "the same again",
            "what each call takes, however few panes there are: the lease, the manager, the timer",
            smallest,
            same,
            "explained: the lease is a file, and is looked at once for all that a call brings",
        ),
        row(
            "another one",
            "zellij-tile reads and decodes it, for every plugin",
            floor,
            other,
            &format!("removed where nothing is new ({record}), explained where something is: the protocol is Zellij's"),
        ),
        row(
            "another one",
            "Carrel remembers its text, and makes of it what the manager knows of panes, in their order",
            unlooked - floor,
            other,
            "explained: the text is what the next one is compared with; of each pane a title, a command and seven facts are kept",
        ),
        row(
            "another one",
            "it looks through the panes: in each one's command for the words of a desk's launcher, and of each desk what has changed",
            other - unlooked,
            other,
            "explained: a desk is known by the command of its pane, in a layout that was saved too; done once for each list that says something new",
        ),
    ]
}

/// Another list of 1,000 panes, for a Carrel whose host has not answered yet: it remembers the list and does not look through it.
fn without_looking(wasm: &Wasm) -> f64 {
    let mut session = Session::bare(wasm, 1_000, 30);
    for number in 0..20 {
        session.retitle(number);
        session.list_panes("other list");
    }
    milliseconds(&session.costs["other list"]).median
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
#[derive(Default)]
pub struct Day {
    pub events: usize,
    /// After the first hour, and after the last.
    pub memory_first: usize,
    pub memory_after: usize,
    /// What all calls of the second hour have burnt, and of the last, where it is metered. In the first one each Claude is heard of
    /// for the first time, and what is known of it is told and painted from then on.
    pub second_fuel: u64,
    pub last_fuel: u64,
}

impl Day {
    /// Whether it needs more memory at the end.
    #[must_use]
    pub fn memory_grows(&self) -> bool {
        self.memory_first != self.memory_after
    }

    /// How many times the cost of the second hour the last one has.
    #[must_use]
    pub fn longer(&self) -> f64 {
        self.last_fuel as f64 / self.second_fuel as f64
    }
}

/// So many seconds of a session's life, told in so many hours of the same length, with a list of panes every so many seconds.
pub fn live_a_day(wasm: &Wasm, panes: usize, desks: usize, seconds: u64, hours: u64, every: u64) -> Day {
    let mut session = Session::with(wasm, panes, desks);
    let mut day = Day::default();
    session.forget();
    let hour = seconds / hours;
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
            let all = || session.costs.values().flatten();
            day.events += all().count();
            let (memory, fuel) = (session.plugin.memory(), all().map(|cost| cost.fuel).sum());
            match second / hour {
                0 => day.memory_first = memory,
                1 => day.second_fuel = fuel,
                _ => {}
            }
            (day.memory_after, day.last_fuel) = (memory, fuel);
            session.forget();
        }
    }
    day
}
