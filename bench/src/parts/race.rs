//! The reason to exist: several Claudes in one directory, with one state for all of them and with a desk each. The real Claude
//! Code, an older one and the newest; what does not happen is shown as not happening.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::stand_in;
use crate::report::{markdown, Part, Row};
use crate::support::machine::{tool, Machine, User};
use crate::support::waiting::{finish, Finished};
use crate::support::zellij::{Client, Setup, Zellij};
use crate::svg::{bars, Bar};

const NUMBERS: [usize; 4] = [2, 4, 8, 16];
/// Servers that each Claude adds.
const ROUNDS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);

/// What happened to so many Claudes.
#[derive(Default)]
struct Outcome {
    claudes: usize,
    /// Settings that Claude said it had added, and those of them that are not there.
    added: usize,
    lost: usize,
    /// Conversations that were gone on with, and those that turned out to be another Claude's.
    continued: usize,
    mixed_up: usize,
    /// Transcripts with another Claude's words in them.
    interleaved: usize,
    /// Reads of `.claude.json`, and those that could not be parsed.
    reads: usize,
    unparsable: usize,
}

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let versions = [tool("CARREL_OLDER_CLAUDE"), tool("CARREL_CLAUDE")];
    let mut table = Vec::new();
    let mut plot = Vec::new();
    let mut sums = Vec::new();
    for claude in &versions {
        let version = version(claude);
        for desks in [false, true] {
            let with = if desks { "a desk each" } else { "one shared dir" };
            let mut sum = Outcome::default();
            for number in NUMBERS {
                let outcome = race(claude, number, desks);
                let row = [
                    version.clone(),
                    with.into(),
                    number.to_string(),
                    of(outcome.lost, outcome.added),
                    of(outcome.mixed_up, outcome.continued),
                    of(outcome.interleaved, outcome.claudes),
                    of(outcome.unparsable, outcome.reads),
                ];
                eprintln!("   {}", row.join(" | "));
                table.push(row.to_vec());
                sum.claudes += outcome.claudes;
                sum.added += outcome.added;
                sum.lost += outcome.lost;
                sum.continued += outcome.continued;
                sum.mixed_up += outcome.mixed_up;
                sum.interleaved += outcome.interleaved;
                sum.reads += outcome.reads;
                sum.unparsable += outcome.unparsable;
            }
            for (what, count, all) in
                [("settings lost", sum.lost, sum.added), ("conversations mixed up", sum.mixed_up, sum.continued)]
            {
                plot.push(Bar {
                    name: format!("{version}, {with}: {what}"),
                    value: 100.0 * count as f64 / all.max(1) as f64,
                    label: of(count, all),
                    ours: desks,
                });
            }
            sums.push((version.clone(), desks, sum));
        }
    }
    let rows = sums
        .iter()
        .map(|(version, desks, sum)| {
            let what = format!("Claude Code {version}, {}", if *desks { "a desk each" } else { "one shared dir" });
            let measured = format!(
                "settings lost {}; conversations mixed up {}; transcripts interleaved {}; unparsable reads {}",
                of(sum.lost, sum.added),
                of(sum.mixed_up, sum.continued),
                of(sum.interleaved, sum.claudes),
                of(sum.unparsable, sum.reads)
            );
            if *desks {
                Row::budget(
                    &what,
                    "none of it",
                    measured,
                    [sum.lost, sum.mixed_up, sum.interleaved, sum.unparsable] == [0; 4],
                )
            } else {
                Row::information(&what, measured)
            }
        })
        .collect();
    let head = [
        "Claude Code",
        "with",
        "Claudes",
        "settings lost",
        "conversations mixed up",
        "transcripts interleaved",
        "unparsable reads",
    ];
    Part {
        name: "race",
        title: "Several Claudes in one directory",
        how: format!(
            "The real Claude Code against a stand-in of the Messages API. All Claudes at once: each adds {ROUNDS} MCP servers (`claude mcp \
             add -s user`) and holds a conversation of one prompt under a session id of its own; a setting is lost when Claude said \
             that it had added it and it is not in `.claude.json` afterwards. Meanwhile `.claude.json` is read over and over. Then each \
             in turn goes on with `claude -p --continue`; a conversation is mixed up when the request carries another Claude's session, \
             and a transcript is interleaved when another Claude's words are in it. That comes from this last step alone, one Claude \
             after the other: with one dir for all, each goes on with the conversation that is the newest, and writes into its \
             transcript. The desks are made by Carrel, with panes in a real Zellij; the Claudes of the race run with the environment \
             of those panes. A setting of a desk counts as lost when it is not in that desk's own `.claude.json`; into the user's \
             own file it comes only when it is carried back, by `c` in the panel (decision 0026)."
        ),
        rows,
        tables: markdown(&head, &table),
        plots: vec![("race.svg".into(), bars("What goes wrong with 2, 4, 8 and 16 Claudes in one directory", "%", &plot))],
    }
}

fn of(count: usize, all: usize) -> String {
    format!("{count} of {all}")
}

fn version(claude: &Path) -> String {
    let mut command = std::process::Command::new(claude);
    command.arg("--version").env("CLAUDE_CONFIG_DIR", std::env::temp_dir().join("carrel-bench-version"));
    finish(command, PATIENCE).ok().split(' ').next().unwrap_or_default().to_string()
}

type Environment = BTreeMap<String, String>;

fn race(claude: &Path, number: usize, desks: bool) -> Outcome {
    let machine = Machine::of(&User::normal());
    let program = machine.path("bin/claude");
    fs::remove_file(&program).expect("a link");
    symlink(claude, &program).expect("a link to this version");
    // The session stays while the Claudes race: the desks have their panes.
    let (environments, _session) =
        if desks { desks_of_panes(&machine, number) } else { (vec![machine.env(); number], None) };
    let state_of = |environment: &Environment| match environment.get("CLAUDE_CONFIG_DIR") {
        Some(dir) => (PathBuf::from(dir), PathBuf::from(dir).join(".claude.json")),
        None => (machine.at_home(".claude"), machine.at_home(".claude.json")),
    };
    let states: Vec<(PathBuf, PathBuf)> = environments.iter().map(state_of).collect();
    let sessions: Vec<String> = (0..number).map(|_| Uuid::new_v4().to_string()).collect();
    let run = |environment: &Environment, args: &[&str]| -> Finished {
        let mut command = std::process::Command::new(&program);
        command.env_clear().envs(environment).current_dir(machine.project()).args(args);
        finish(command, PATIENCE)
    };
    let mut outcome = Outcome { claudes: number, ..Outcome::default() };

    let reading = Arc::new(AtomicBool::new(true));
    let reader = {
        let (reading, files) = (reading.clone(), states.iter().map(|(_, file)| file.clone()).collect::<Vec<_>>());
        thread::spawn(move || {
            let (mut reads, mut unparsable) = (0, 0);
            while reading.load(Ordering::Relaxed) {
                for file in &files {
                    let whole = fs::read(file).ok().is_some_and(|text| serde_json::from_slice::<Value>(&text).is_ok());
                    reads += 1;
                    unparsable += usize::from(!whole);
                }
                thread::sleep(Duration::from_millis(1));
            }
            (reads, unparsable)
        })
    };
    let said = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for (at, environment) in environments.iter().enumerate() {
            let (run, said, sessions) = (&run, &said, &sessions);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let name = format!("server-{at}-{round}");
                    if run(environment, &["mcp", "add", "-s", "user", &name, "--", "true"]).stdout.contains("Added") {
                        said.lock().expect("a list").push((at, name));
                    }
                    if round == 0 {
                        run(environment, &["-p", "--session-id", &sessions[at], &format!("remember {}", word(at))])
                            .ok();
                    }
                }
            });
        }
    });
    for (at, name) in said.into_inner().expect("a list") {
        let state: Value =
            fs::read(&states[at].1).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        outcome.added += 1;
        outcome.lost += usize::from(state["mcpServers"][&name].is_null());
    }
    for (at, environment) in environments.iter().enumerate() {
        run(environment, &["-p", "--continue", &format!("once more {}", word(at))]).ok();
    }
    reading.store(false, Ordering::Relaxed);
    (outcome.reads, outcome.unparsable) = reader.join().expect("the reader");

    for (at, session) in sessions.iter().enumerate() {
        let prompt = format!("once more {}", word(at));
        let turn = machine.api().turns().into_iter().find(|turn| turn.prompt().contains(&prompt)).expect("a request");
        outcome.continued += 1;
        outcome.mixed_up += usize::from(turn.session.as_ref() != Some(session));
        let transcript = crate::support::claude::transcript(&states[at].0, session);
        let text = transcript.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        outcome.interleaved += usize::from((0..number).any(|other| other != at && text.contains(&word(other))));
    }
    outcome
}

/// None is the beginning of another.
fn word(at: usize) -> String {
    format!("word-{at}-of-its-own")
}

/// The environments of so many panes that Carrel opened, and the session that they are in.
fn desks_of_panes(machine: &Machine, number: usize) -> (Vec<Environment>, Option<Client>) {
    let setup = Setup::carrel().option("claude", &stand_in().display().to_string());
    let zellij = Zellij::new(machine, &setup);
    let client = zellij.start();
    for at in 0..number {
        zellij.ask("new", &format!("request=r{at},floating=true"), "");
    }
    let panes = machine.wait("the stand-ins run", || {
        let panes: Vec<Environment> = machine
            .processes_like("standin --session-id")
            .into_iter()
            .filter(|process| process.env.contains_key("CLAUDE_CONFIG_DIR"))
            .map(|process| process.env)
            .collect();
        (panes.len() == number).then_some(panes)
    });
    (panes, Some(client))
}
