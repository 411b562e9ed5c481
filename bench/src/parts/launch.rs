//! From the wish to Claude's exec. In Claude's place a stand-in writes down when it began; what is compared takes turns, so that
//! whatever else the machine does meets all of it alike.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{machine_with_stand_in, stamps};
use crate::report::{markdown, Part, Row};
use crate::stats::Summary;
use crate::support::machine::{Machine, User};
use crate::support::waiting::until;
use crate::support::zellij::{key, Client, Setup, Zellij};
use crate::svg::{dots, Dots};

/// Samples of each way.
const SAMPLES: usize = 40;
const OF_LAYOUTS: usize = 6;
/// What the contract allows a pane of Carrel's to take longer, in milliseconds.
const LONGER_MS: f64 = 30.0;
/// What it allows a large shared dir to cost.
const RATIO: f64 = 1.10;

/// One session on a machine with the stand-in.
struct Stage {
    machine: Machine,
    zellij: Zellij,
    client: Client,
}

impl Stage {
    fn new(user: &User, prepare: impl FnOnce(&Machine)) -> Self {
        let machine = machine_with_stand_in(user);
        prepare(&machine);
        let setup =
            Setup::carrel().message_key("Alt c", "new", "").keys("    bind \"Alt z\" {\n        Run \"claude\"\n    }");
        let zellij = Zellij::new(&machine, &setup);
        let client = zellij.start();
        let stage = Stage { machine, zellij, client };
        // The first pane waits for boot and seed.
        stage.zellij.ask("new", "request=first", "");
        stage.machine.wait("the first stand-in", || stage.newest(0));
        stage.clear();
        stage
    }

    /// How many stand-ins have begun.
    fn begun(&self) -> usize {
        fs::read_to_string(stamps(&self.machine)).unwrap_or_default().lines().count()
    }

    /// When the one after so many has begun, in nanoseconds since the epoch.
    fn newest(&self, before: usize) -> Option<u128> {
        let text = fs::read_to_string(stamps(&self.machine)).unwrap_or_default();
        // The last line may not be whole yet.
        let lines: Vec<&str> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        lines.get(before)?.split(' ').next()?.parse().ok()
    }

    /// Milliseconds from a wish to the stand-in's start; none where Zellij lost the wish.
    fn time(&mut self, wish: impl FnOnce(&mut Self)) -> Option<f64> {
        let before = self.begun();
        let asked = now();
        wish(self);
        let began = until(Duration::from_secs(5), || self.newest(before));
        self.clear();
        Some((began? - asked) as f64 / 1e6)
    }

    fn command_line(&self, args: &[&str]) {
        let mut command: Command = self.machine.command("zellij");
        command.args(["--session", self.zellij.name()]).args(args);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let _ = child.expect("zellij").wait();
    }

    /// Closes what was opened, and waits until nothing of it is left and nothing runs.
    fn clear(&self) {
        let state = self.machine.at_home(".local/state/carrel");
        let mut looks = 0;
        self.machine.wait("nothing of the pane is left", || {
            // Again after a while: one may come late.
            if looks % 50 == 0 {
                for pane in self.zellij.terminals().iter().filter(|pane| pane["title"] != "first") {
                    self.zellij.close_pane(pane["id"].as_u64().expect("an id"));
                }
            }
            looks += 1;
            let left =
                ["claude-configs", "leaving"].map(|dir| fs::read_dir(state.join(dir)).into_iter().flatten().count());
            (left == [0, 0] && self.machine.processes_like("carrel.sh").is_empty()).then_some(())
        });
        sleep(Duration::from_millis(100));
    }
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_nanos()
}

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let mut stage = Stage::new(&User::normal(), |_| {});
    let mut ways: [(&str, Vec<f64>); 4] =
        ["`zellij run -- claude`", "the pipe `new`", "a key with `Run \"claude\"`", "a key with `new`"]
            .map(|name| (name, vec![]));
    let mut lost = 0;
    while ways.iter().any(|(_, samples)| samples.len() < SAMPLES) {
        let times = [
            stage.time(|stage| stage.command_line(&["run", "--", "claude"])),
            stage.time(|stage| stage.command_line(&["pipe", "-p", "carrel", "-n", "new", "--", "x"])),
            stage.time(|stage| stage.client.keys(&key::alt('z'))),
            stage.time(|stage| stage.client.keys(&key::alt('c'))),
        ];
        lost += times.iter().filter(|time| time.is_none()).count();
        assert!(lost < SAMPLES, "Zellij loses too many wishes\n{}", stage.machine.report());
        ways.iter_mut().zip(times).for_each(|((_, samples), time)| samples.extend(time));
    }
    drop(stage);
    let layouts = layouts();
    let real = real_claude();
    let sizes = sizes();

    let summary = |samples: &[f64]| Summary::of(samples);
    let more = summary(&ways[1].1).median - summary(&ways[0].1).median;
    let more_key = summary(&ways[3].1).median - summary(&ways[2].1).median;
    let ratio = |at: usize| summary(&sizes[at].1).median / summary(&sizes[0].1).median;
    let mut rows = vec![
        Row::budget(
            "Claude's exec after the pipe `new`, against `zellij run -- claude`",
            "at most 30 ms more at the median",
            format!("{more:.1} ms more: {} against {} ms", summary(&ways[1].1).show(1), summary(&ways[0].1).show(1)),
            more <= LONGER_MS,
        ),
        Row::budget(
            "the same from a key",
            "at most 30 ms more at the median",
            format!(
                "{more_key:.1} ms more: {} against {} ms",
                summary(&ways[3].1).show(1),
                summary(&ways[2].1).show(1)
            ),
            more_key <= LONGER_MS,
        ),
        Row::information(
            "the same from a layout, from the start of Zellij on",
            format!("{} against {} ms", summary(&layouts[1]).show(0), summary(&layouts[0]).show(0)),
        ),
        Row::information(
            "the same from the pipe `new` to the prompt of the real Claude Code, against `zellij run`",
            format!("{} against {} ms", summary(&real[1]).show(0), summary(&real[0]).show(0)),
        ),
    ];
    for (at, name) in [(1, "a shared dir of 50,000 files and 2 GB"), (2, "a `.claude.json` of 50 MB")] {
        rows.push(Row::budget(
            &format!("Claude's exec after the pipe `new` with {name}, against an empty shared dir"),
            "ratio at most 1.10",
            format!("{:.2}: {} against {} ms", ratio(at), summary(&sizes[at].1).show(1), summary(&sizes[0].1).show(1)),
            ratio(at) <= RATIO,
        ));
    }
    let lines = |all: &[(&str, Vec<f64>)]| -> Vec<Dots> {
        all.iter().map(|(name, samples)| Dots { name: name.replace('`', ""), summary: Summary::of(samples) }).collect()
    };
    let plots = vec![
        ("launch.svg".to_string(), dots("From the wish to Claude's exec", "ms", &lines(&ways), None)),
        (
            "launch-sizes.svg".to_string(),
            dots("From the pipe new to Claude's exec, by what the shared dir holds", "ms", &lines(&sizes), None),
        ),
    ];
    let costs = costs(summary(&ways[0].1).median, summary(&ways[1].1).median);
    Part {
        name: "launch",
        title: "Launch",
        how: format!(
            "A stand-in in Claude's place writes down when it began; the time counts from just before `zellij pipe` or `zellij run` is \
             started, or the key pressed. The ways take turns, {SAMPLES} times each, in one session; after each the pane is closed and its \
             desk gone. Both columns have the start of the `zellij` command line in them. Wishes that Zellij lost, and that were \
             made again: {lost}. The sizes are three sessions on three machines that take turns in the same way; the files of the \
             2 GB are sparse."
        ),
        rows,
        tables: format!("## What a launch is made of\n\n{costs}"),
        plots,
    }
}

/// The whole of a session's start: with a command pane, and with a pane that Carrel turns into one.
fn layouts() -> [Vec<f64>; 2] {
    let ours = "layout {\n    pane\n    pane {\n        plugin location=\"carrel\" {\n            role \"claude\"\n        }\n    }\n}\n";
    let plain = "layout {\n    pane\n    pane command=\"claude\"\n}\n";
    let mut times = [vec![], vec![]];
    for _ in 0..OF_LAYOUTS {
        for (layout, times) in [plain, ours].iter().zip(&mut times) {
            let machine = machine_with_stand_in(&User::normal());
            let zellij = Zellij::new(&machine, &Setup::carrel().layout(layout));
            let asked = now();
            let _client = zellij.start();
            let began: u128 = machine.wait("the stand-in begins", || {
                fs::read_to_string(stamps(&machine)).ok()?.split(' ').next()?.parse().ok()
            });
            times.push((began - asked) as f64 / 1e6);
        }
    }
    times
}

/// The same with the real Claude Code, to the prompt on the screen.
fn real_claude() -> [Vec<f64>; 2] {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    zellij.ask("new", "request=first", "");
    client.wait_screen("Claude's prompt", crate::support::claude::shows_prompt);
    let mut times = [vec![], vec![]];
    for round in 0..OF_LAYOUTS {
        for (way, times) in times.iter_mut().enumerate() {
            for pane in zellij.terminals().iter().filter(|pane| pane["title"] != "first") {
                zellij.close_pane(pane["id"].as_u64().expect("an id"));
            }
            machine.wait("no Claude is left", || machine.claudes().is_empty().then_some(()));
            client.wait_screen("an empty screen", |screen| !crate::support::claude::shows_prompt(screen));
            let asked = now();
            if way == 0 {
                zellij.open(&[], &["claude"]);
            } else {
                zellij.ask("new", &format!("request=r{round}"), "");
            }
            client.wait_screen("Claude's prompt", crate::support::claude::shows_prompt);
            times.push((now() - asked) as f64 / 1e6);
        }
    }
    times
}

/// What the shared dir holds, and the times.
fn sizes() -> [(&'static str, Vec<f64>); 3] {
    let bare = User { memory_and_skill: false, settings: None, ..User::normal() };
    let mut stages = [
        ("an empty shared dir", Stage::new(&bare, |_| {})),
        ("50,000 files, 2 GB", Stage::new(&bare, fill)),
        (".claude.json of 50 MB", Stage::new(&bare, write_large_json)),
    ];
    let mut times: [(&'static str, Vec<f64>); 3] = stages.each_ref().map(|(name, _)| (*name, vec![]));
    for _ in 0..SAMPLES {
        for ((_, stage), (_, times)) in stages.iter_mut().zip(&mut times) {
            times.extend(stage.time(|stage| stage.command_line(&["pipe", "-p", "carrel", "-n", "new", "--", "x"])));
        }
    }
    times
}

fn fill(machine: &Machine) {
    for project in 0..100 {
        let dir = machine.at_home(&format!(".claude/projects/-home-ada-project-{project}"));
        fs::create_dir_all(&dir).expect("a dir");
        for number in 0..500 {
            let name = format!("{project:08x}-0000-4000-8000-{number:012x}.jsonl");
            let mut file = fs::File::create(dir.join(name)).expect("a file");
            file.write_all(b"{\"type\":\"user\"}\n").expect("a line");
            // 2 GB in all.
            file.set_len(40_000).expect("a length");
        }
    }
}

fn write_large_json(machine: &Machine) {
    let mut state: serde_json::Value = serde_json::from_str(&machine.read(".claude.json")).expect("JSON");
    let history: Vec<_> = (0..100).map(|at| json!({"display": format!("{at} {}", "x".repeat(5_000))})).collect();
    for project in 0..100 {
        state["projects"][format!("/home/ada/project-{project}")] = json!({"history": history.clone()});
    }
    machine.write(".claude.json", state.to_string());
}

/// What the time after the pipe is spent on. The launcher is run once more by itself, each time for a desk that is not there yet,
/// with the words and the environment that Zellij gave it.
fn costs(run_ms: f64, new_ms: f64) -> String {
    let stage = Stage::new(&User::normal(), |_| {});
    stage.zellij.ask("new", "request=costs", "");
    let first = stage.machine.wait("a launcher", || stage.machine.launchers().into_iter().next());
    let after = |word: &str| first.argv.iter().position(|other| other == word).map(|at| at + 1);
    let [pane, session] = ["--pane", "--session"].map(|word| after(word).expect("a word of the launcher's"));
    let launcher: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let mut argv = first.argv.clone();
            [pane, session].into_iter().for_each(|at| argv[at] = uuid::Uuid::new_v4().to_string());
            let mut command = Command::new(&argv[0]);
            command.args(&argv[1..]).env_clear().envs(&first.env).env("BENCH_BRIEF", "yes");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let (before, began) = (stage.begun(), now());
            let _ = command.status().expect("a shell");
            (stage.newest(before).expect("a stand-in") - began) as f64 / 1e6
        })
        .collect();
    let shell: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let began = Instant::now();
            let _ = Command::new("/bin/sh").args(["-c", ":"]).status().expect("a shell");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let (launcher, shell) = (Summary::of(&launcher), Summary::of(&shell));
    let share = |ms: f64| format!("{:.0} %", 100.0 * ms / new_ms);
    let rest = new_ms - run_ms - launcher.median;
    let rows = [
        ("Zellij: its command line, a pane, the first program in it; what `zellij run` takes", run_ms),
        (
            "the launcher, from its start to Claude's: it makes the desk and puts the seed and the links in place",
            launcher.median,
        ),
        ("the plugin decides and tells Zellij, and what is left", rest),
    ];
    let rows: Vec<Vec<String>> =
        rows.iter().map(|(what, ms)| vec![(*what).to_string(), format!("{ms:.1}"), share(*ms)]).collect();
    format!(
        "{}\nThe launcher alone took {} ms here; a shell that does nothing takes {}.\n",
        markdown(&["what", "ms", "share"], &rows),
        launcher.show(1),
        shell.show(1)
    )
}
