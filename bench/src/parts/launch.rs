//! From the wish to Claude's exec. In Claude's place a stand-in writes down when it began; what is compared takes turns, so that
//! whatever else the machine does meets all of it alike.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{machine_with_stand_in, stamps};
use crate::report::{markdown, Part, Row};
use crate::stats::Summary;
use crate::support::machine::{Machine, Process, User};
use crate::support::waiting::until;
use crate::support::zellij::{key, Client, Setup, Zellij};
use crate::svg::{dots, Dots};

/// Samples of each way.
const SAMPLES: usize = 40;
/// Of each size: what is compared there differs by less than the launches of one size among each other.
const OF_SIZES: usize = 120;
/// Of what starts a whole session, or the real Claude Code.
const OF_LAYOUTS: usize = 6;
/// Of panes that are opened just after the user's file was changed.
const OF_CHANGES: usize = 6;
/// How long a wish may take before it counts as lost. A new seed of a large file takes seconds.
const LOST: Duration = Duration::from_secs(5);
const PATIENT: Duration = Duration::from_secs(30);

const PLAIN_LAYOUT: &str = "layout {\n    pane\n    pane command=\"claude\"\n}\n";
const OUR_LAYOUT: &str = "layout {\n    pane\n    pane {\n        plugin location=\"carrel\" {\n            role \"claude\"\n        }\n    }\n}\n";
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
        // The first pane waits for boot and seed: see `Starts`.
        stage.zellij.ask("new", "request=first", "");
        stage.machine.wait("the first stand-in", || stage.newest(0));
        stage.clear();
        stage
    }

    fn begun(&self) -> usize {
        begun(&self.machine)
    }

    fn newest(&self, before: usize) -> Option<u128> {
        newest(&self.machine, before)
    }

    /// Milliseconds from a wish to the stand-in's start; none where Zellij lost the wish.
    fn time(&mut self, wish: impl FnOnce(&mut Self)) -> Option<f64> {
        self.time_within(LOST, wish)
    }

    fn time_within(&mut self, limit: Duration, wish: impl FnOnce(&mut Self)) -> Option<f64> {
        let before = self.begun();
        let asked = now();
        wish(self);
        let began = until(limit, || self.newest(before));
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
        let state = self.machine.at_home(STATE);
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

/// How many stand-ins have begun.
fn begun(machine: &Machine) -> usize {
    fs::read_to_string(stamps(machine)).unwrap_or_default().lines().count()
}

/// When the one after so many has begun, in nanoseconds since the epoch.
fn newest(machine: &Machine, before: usize) -> Option<u128> {
    let text = fs::read_to_string(stamps(machine)).unwrap_or_default();
    // The last line may not be whole yet.
    let lines: Vec<&str> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
    lines.get(before)?.split(' ').next()?.parse().ok()
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
    let mut alone = Alone::new();
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
        alone.sample();
    }
    drop(stage);
    let (launcher, shell) = (Summary::of(&alone.took), Summary::of(&alone.shell));
    drop(alone);
    let real = real_claude();
    let (sizes, changed) = sizes();
    let starts = starts();

    let summary = |samples: &[f64]| Summary::of(samples);
    let more = summary(&ways[1].1).median - summary(&ways[0].1).median;
    let more_key = summary(&ways[3].1).median - summary(&ways[2].1).median;
    // Of two launches right after each other: an hour in which others have the processor meets both.
    let ratio = |at: usize| {
        let pairs = sizes[at].1.iter().zip(&sizes[0].1);
        summary(&pairs.map(|(large, empty)| large / empty).collect::<Vec<f64>>())
    };
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
            format!(
                "{} against {} ms; {} where Carrel never ran before",
                summary(&starts[0].again).show(0),
                summary(&starts[0].plain).show(0),
                summary(&starts[0].first).show(0)
            ),
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
            format!(
                "{}: {} against {} ms",
                ratio(at).show(2),
                summary(&sizes[at].1).show(1),
                summary(&sizes[0].1).show(1)
            ),
            ratio(at).median <= RATIO,
        ));
    }
    for (at, name) in SIZES.iter().enumerate() {
        rows.push(Row::information(
            &format!("The first pane after the start, from a layout and the start of Zellij on, with {name}"),
            format!(
                "{} ms; where Carrel never ran before and makes the seed first {}",
                summary(&starts[at].again).show(0),
                summary(&starts[at].first).show(0)
            ),
        ));
    }
    for ((name, _), samples) in sizes.iter().zip(&changed) {
        rows.push(Row::information(
            &format!("A pane by the pipe `new` just after `.claude.json` was changed, with {name}"),
            format!("{} ms: it waits for a new seed", summary(samples).show(0)),
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
    let costs = costs(&starts[0], &launcher, &shell, summary(&ways[0].1).median, summary(&ways[1].1).median);
    Part {
        name: "launch",
        title: "Launch",
        how: format!(
            "A stand-in in Claude's place writes down when it began; the time counts from just before `zellij pipe` or `zellij run` is \
             started, or the key pressed. The ways take turns in one session; after each the pane is closed and its desk gone. By pipe and by key \
             it is done {SAMPLES} times, for each size {OF_SIZES} times; a layout starts a session each time and is done {OF_LAYOUTS} times, as is what \
             has the real Claude Code in it; just after a change of `.claude.json` it is done {OF_CHANGES} times. Both columns have the start of the `zellij` command line in them. Wishes that Zellij lost, and that were \
             made again: {lost}. The sizes are three sessions on three machines that take turns, each of them first in a third of these; a ratio is \
             the median of those of two launches in the same turn, with the quarters beside it. The files of the 2 GB are sparse.

What is warm: in these sessions a pane was opened before, so the plugin is loaded, what it found of the machine and of Claude \
             is known, and a seed lies ready; a session's first pane waits for all of that, and the first one ever for the seed to be made \
             too. Both are measured by a layout that has a pane of Carrel's in it: the pane is wished for before anything is ready. The \
             pages of the files are in memory throughout."
        ),
        rows,
        tables: format!("## What a launch is made of\n\n{costs}"),
        plots,
    }
}

/// Whole starts of sessions on one machine, in milliseconds from Zellij's start to the stand-in's.
#[derive(Default)]
struct Starts {
    /// With a command pane.
    plain: Vec<f64>,
    /// With a pane that Carrel turns into one, where it never ran before.
    first: Vec<f64>,
    /// The same once more: what the host found lies ready, and so does the seed.
    again: Vec<f64>,
    /// When what was done in those, as their files tell; see `STEPS`.
    steps: [Vec<f64>; 4],
}

/// What a layout's pane goes through, and why it takes that.
const STEPS: [(&str, &str); 5] = [
    (
        "Zellij starts and loads the plugin, once in the background and once for the pane",
        "Zellij's: it compiles the plugin when a session begins, and a command pane is started in the same time",
    ),
    ("Zellij answers the background's question for the permissions", "Zellij's: it looks into its file, and answers by an event"),
    (
        "the pane's instance sees that, asks too, and is answered",
        "explained: one question to the user and not one for each pane ([0016](../decisions/0016-one-question-for-the-permissions.md)), so \
         they ask one after the other; it looks every 60 ms until the first has the answer",
    ),
    (
        "it has the host look at the machine, at the cwd, and whether the seed is fresh; Zellij opens the pane, the launcher makes the desk",
        "explained: two programs of the host, one after the other, because the first says whether there is anything to open. Later panes \
         find that done",
    ),
    ("the launcher, from the desk on", "as for every pane"),
];

impl Starts {
    fn on(machine: &Machine) -> Self {
        let mut starts = Starts::default();
        for _ in 0..OF_LAYOUTS {
            starts.plain.push(Self::start(machine, PLAIN_LAYOUT).0);
            let _ = fs::remove_dir_all(machine.at_home(STATE));
            starts.first.push(Self::start(machine, OUR_LAYOUT).0);
            let (took, steps) = Self::start(machine, OUR_LAYOUT);
            starts.again.push(took);
            starts.steps.iter_mut().zip(steps).for_each(|(all, step)| all.extend(step));
        }
        starts
    }

    /// One session, which is ended again, with its desk. What it took, and when the steps were done.
    fn start(machine: &Machine, layout: &str) -> (f64, [Option<f64>; 4]) {
        let zellij = Zellij::new(machine, &Setup::carrel().layout(layout));
        let before = begun(machine);
        let asked = now();
        let client = zellij.start();
        let began = machine.wait("the stand-in begins", || newest(machine, before));
        let since = |time: u128| time.saturating_sub(asked) as f64 / 1e6;
        let steps = match zellij.server() {
            Some(server) => steps(&zellij, server.pid).map(|time| time.map(since)),
            None => [None; 4],
        };
        zellij.delete_session();
        drop(client);
        machine.wait("nothing runs", || machine.processes_like("carrel.sh").is_empty().then_some(()));
        for dir in ["claude-configs", "leaving"] {
            for desk in fs::read_dir(machine.at_home(STATE).join(dir)).into_iter().flatten().flatten() {
                let _ = fs::remove_dir_all(desk.path());
            }
        }
        (since(began), steps)
    }

    /// Medians, as a table.
    fn table(&self) -> String {
        if self.steps.iter().any(Vec::is_empty) {
            return "This file system does not tell when what was done.\n".to_string();
        }
        let median = |samples: &[f64]| Summary::of(samples).median;
        let [loaded, answered, granted, launched] = self.steps.each_ref().map(|samples| median(samples));
        let all = median(&self.again);
        let took = [loaded, answered - loaded, granted - answered, launched - granted, all - launched];
        let rows: Vec<Vec<String>> = STEPS
            .iter()
            .zip(took)
            .map(|((what, why), ms)| {
                vec![(*what).to_string(), format!("{ms:.0}"), format!("{:.0} %", 100.0 * ms / all), (*why).to_string()]
            })
            .collect();
        markdown(&["what", "ms", "share", ""], &rows)
    }
}

/// Carrel's state dir, in HOME.
const STATE: &str = ".local/state/carrel";

/// When the instance of the layout's pane was loaded and claimed its lease, when the background's had its permissions, when the
/// pane's had them, and when the launcher had made the desk, in nanoseconds since the epoch. A lease is written anew when the
/// permissions come, and then not for a second.
fn steps(zellij: &Zellij, server: u32) -> [Option<u128>; 4] {
    let nanos = |time: std::io::Result<SystemTime>| Some(time.ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos());
    let lease = |group: &str| {
        find(&zellij.cache_dir(), 6, &|name| name.starts_with(&format!("actor-{server}-")) && name.contains(group))
    };
    let granted = |lease: Option<PathBuf>| {
        let term = find(&lease?, 1, &|name| name.chars().all(|c| c.is_ascii_digit()))?;
        fs::read_to_string(&term).ok().filter(|text| text.contains("granted"))?;
        nanos(fs::metadata(term).ok()?.modified())
    };
    let loaded = lease("-pane-").and_then(|dir| nanos(fs::metadata(dir).ok()?.created()));
    let (answered, granted) = (granted(lease("-session")), granted(lease("-pane-")));
    // Where it took so long that the background's was written once more.
    let answered = answered.filter(|answered| granted.is_some_and(|granted| *answered < granted));
    let desk = find(&zellij.machine().at_home(STATE).join("claude-configs"), 3, &|name| name.starts_with("at-"));
    [loaded, answered, granted, desk.and_then(|file| nanos(fs::metadata(file).ok()?.modified()))]
}

/// The first entry below that dir, so deep at most, whose name is as it should be.
fn find(dir: &Path, depth: usize, fits: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path()).collect();
    let named = |path: &&PathBuf| path.file_name().is_some_and(|name| fits(&name.to_string_lossy()));
    let below =
        || entries.iter().filter(|path| depth > 1 && path.is_dir()).find_map(|path| find(path, depth - 1, fits));
    entries.iter().find(named).cloned().or_else(below)
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

/// What the shared dir holds.
const SIZES: [&str; 3] = ["an empty shared dir", "a shared dir of 50,000 files and 2 GB", "a `.claude.json` of 50 MB"];

type Prepare = fn(&Machine);

/// A user's files of each size.
fn of_sizes() -> [(User, Prepare); 3] {
    let bare = || User { memory_and_skill: false, settings: None, ..User::normal() };
    [(bare(), |_| {}), (bare(), fill), (bare(), write_large_json)]
}

type Ways = [(&'static str, Vec<f64>); 3];

/// The times for each size, and those of panes that are opened just after the user's file was changed.
fn sizes() -> (Ways, [Vec<f64>; 3]) {
    let mut stages = of_sizes().map(|(user, prepare)| Stage::new(&user, prepare));
    let mut times = SIZES.map(|name| (name, vec![]));
    let mut changed: [Vec<f64>; 3] = Default::default();
    let new = ["pipe", "-p", "carrel", "-n", "new", "--", "x"];
    for round in 0..2 * OF_SIZES {
        if times[0].1.len() == OF_SIZES {
            break;
        }
        let mut took = [None; 3];
        for at in (round..round + 3).map(|at| at % 3) {
            took[at] = stages[at].time(|stage| stage.command_line(&new));
        }
        // Where Zellij lost one, the others have nothing to be compared with.
        if let [Some(empty), Some(full), Some(large)] = took {
            times.iter_mut().zip([empty, full, large]).for_each(|((_, times), took)| times.push(took));
        }
    }
    for _ in 0..OF_CHANGES {
        for (stage, times) in stages.iter_mut().zip(&mut changed) {
            // As Claude does: it writes all of it anew.
            let file = stage.machine.at_home(".claude.json");
            let beside = file.with_extension("new");
            fs::copy(&file, &beside).and_then(|_| fs::rename(&beside, &file)).expect("the user's file");
            times.extend(stage.time_within(PATIENT, |stage| stage.command_line(&new)));
        }
    }
    (times, changed)
}

/// Whole starts, for each size.
fn starts() -> [Starts; 3] {
    of_sizes().map(|(user, prepare)| {
        let machine = machine_with_stand_in(&user);
        prepare(&machine);
        Starts::on(&machine)
    })
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

/// The launcher by itself, each time for a desk that is not there yet, with the words and the environment that Zellij gave it; and
/// a shell that does nothing. In a session of its own, for their desks stay.
struct Alone {
    stage: Stage,
    launcher: Process,
    /// Where its command line names what is new each time.
    names: [usize; 2],
    took: Vec<f64>,
    shell: Vec<f64>,
}

impl Alone {
    fn new() -> Self {
        let stage = Stage::new(&User::normal(), |_| {});
        stage.zellij.ask("new", "request=alone", "");
        let launcher = stage.machine.wait("a launcher", || stage.machine.launchers().into_iter().next());
        let after = |word: &str| launcher.argv.iter().position(|other| other == word).map(|at| at + 1);
        let names = ["--pane", "--session"].map(|word| after(word).expect("a word of the launcher's"));
        Alone { stage, launcher, names, took: vec![], shell: vec![] }
    }

    fn sample(&mut self) {
        let mut argv = self.launcher.argv.clone();
        self.names.into_iter().for_each(|at| argv[at] = uuid::Uuid::new_v4().to_string());
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).env_clear().envs(&self.launcher.env).env("BENCH_BRIEF", "yes");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (before, began) = (self.stage.begun(), now());
        let _ = command.status().expect("a shell");
        self.took.push((self.stage.newest(before).expect("a stand-in") - began) as f64 / 1e6);
        let began = Instant::now();
        let _ = Command::new("/bin/sh").args(["-c", ":"]).status().expect("a shell");
        self.shell.push(began.elapsed().as_secs_f64() * 1e3);
    }
}

/// What the time after the pipe is spent on.
fn costs(starts: &Starts, launcher: &Summary, shell: &Summary, run_ms: f64, new_ms: f64) -> String {
    let share = |ms: f64| format!("{:.0} %", 100.0 * ms / new_ms);
    let rest = new_ms - run_ms - launcher.median;
    let rows = [
        (
            "Zellij: its command line, a pane, the first program in it; what `zellij run` takes",
            run_ms,
            "Zellij's: the same without Carrel",
        ),
        (
            "the launcher, from its start to Claude's: it makes the desk and puts the seed and the links in place",
            launcher.median,
            "explained: the programs that it starts, and the shell that reads half of its file \
             ([0027](../decisions/0027-a-launch-is-bounded-by-its-programs.md))",
        ),
        (
            "the plugin decides and tells Zellij, and what is left",
            rest,
            "explained: no program of the host is waited for, the last seed serves; what remains is a message to the plugin and one to Zellij",
        ),
    ];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|(what, ms, why)| vec![(*what).to_string(), format!("{ms:.1}"), share(*ms), (*why).to_string()])
        .collect();
    format!(
        "{}\nThe launcher alone, run in turns with the four ways, took {} ms; a shell that does nothing takes {}.\n\n## What a layout's pane is made of\n\nA layout's \
         pane is wished for before anything is ready, and by an instance of the plugin of its own: what every later pane finds done \
         is in its time. Seen by the times of the files that are written on the way, in sessions of a machine on which Carrel ran \
         before; where it never did, the host's question to Claude (`src/host/4-probe.sh`) and the making of the seed come on top.\n\n{}",
        markdown(&["what", "ms", "share", ""], &rows),
        launcher.show(1),
        shell.show(1),
        starts.table()
    )
}
