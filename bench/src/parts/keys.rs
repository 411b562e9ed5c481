//! From a key to the screen, in a session with thirty desks and in the same one without Carrel.

use std::time::{Duration, Instant};

use super::machine_with_stand_in;
use crate::report::{Part, Row};
use crate::stats::Summary;
use crate::support::machine::{Machine, User};
use crate::support::zellij::{Client, Setup, Zellij};
use crate::svg::{dots, Dots};

const SAMPLES: usize = 150;
const TABS: usize = 6;
const PER_TAB: usize = 5;
/// Nothing else on the screen has it.
const KEY: char = '@';

struct Stage {
    name: &'static str,
    client: Client,
    times: Vec<f64>,
    _zellij: Zellij,
    _machine: Machine,
}

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let ours = "plugin location=\"carrel\" {\n                role \"claude\"\n            }";
    let panel =
        "pane {\n            plugin location=\"carrel\" {\n                role \"panel\"\n            }\n        }";
    let mut stages = [
        stage("without Carrel", Setup::plain(), "pane command=\"claude\"", "pane"),
        stage("panel hidden", Setup::carrel(), &format!("pane {{\n            {ours}\n        }}"), "pane"),
        stage("panel shown", Setup::carrel(), &format!("pane {{\n            {ours}\n        }}"), panel),
    ];
    for number in 0..SAMPLES {
        for stage in &mut stages {
            stage.press(number);
        }
    }
    let summaries = stages.each_ref().map(|stage| Summary::of(&stage.times));
    let dots_of = |at: usize| Dots { name: stages[at].name.to_string(), summary: summaries[at] };
    let row = |at: usize, what: &str| {
        let ratio = summaries[at].median / summaries[0].median;
        Row::information(
            what,
            format!("{ratio:.2} times: {} against {} ms", summaries[at].show(1), summaries[0].show(1)),
        )
    };
    Part {
        name: "keys",
        title: "Keys",
        how: format!(
            "Three sessions take turns, {SAMPLES} keys each: a letter is pressed in a shell, and the time counts until it stands on the \
             client's screen. Each has thirty more panes in {TABS} other tabs; in them a stand-in changes its title and prints a line \
             every second, as a Claude that works does. A real one would prove no more here: to Zellij and to Carrel it is what it \
             prints and what lies in its desk, and ninety of them would take 20 GB. In the first session the panes are plain command \
             panes, in the others desks; in the third the panel stands beside the shell."
        ),
        rows: vec![
            row(1, "A key to the screen with thirty desks, panel hidden, against the same panes without Carrel"),
            row(2, "the same with the panel shown"),
        ],
        tables: String::new(),
        plots: vec![("keys.svg".into(), dots("From a key to the screen", "ms", &[dots_of(0), dots_of(1), dots_of(2)], None))],
    }
}

fn stage(name: &'static str, setup: Setup, pane: &str, beside: &str) -> Stage {
    let machine = machine_with_stand_in(&User::normal());
    machine.set_env("BENCH_BUSY", "yes");
    let tabs: String = (0..TABS)
        .map(|_| {
            let panes = format!("        {pane}\n").repeat(PER_TAB);
            format!("    tab {{\n{panes}    }}\n")
        })
        .collect();
    let layout =
        format!("layout {{\n    tab focus=true split_direction=\"vertical\" {{\n        pane name=\"first\" focus=true\n        {beside}\n    }}\n{tabs}}}\n");
    let zellij = Zellij::new(&machine, &setup.layout(&layout));
    let client = zellij.start();
    machine.wait("thirty stand-ins", || {
        let begun = std::fs::read_to_string(super::stamps(&machine)).unwrap_or_default().lines().count();
        (begun >= TABS * PER_TAB).then_some(())
    });
    client.wait_text("shell$");
    Stage { name, client, times: Vec::new(), _zellij: zellij, _machine: machine }
}

impl Stage {
    fn press(&mut self, number: usize) {
        if number.is_multiple_of(20) {
            // An empty line again.
            self.client.keys("\u{15}");
            self.client.wait_screen("an empty line", |screen| !screen.contains(KEY));
        }
        let before = self.client.screen().matches(KEY).count();
        // Not in step with what happens each second.
        std::thread::sleep(Duration::from_millis(23 + (number as u64 * 37) % 41));
        let pressed = Instant::now();
        self.client.keys(&KEY.to_string());
        self.client.wait_screen("the letter", |screen| screen.matches(KEY).count() > before);
        self.times.push(pressed.elapsed().as_secs_f64() * 1e3);
    }
}
