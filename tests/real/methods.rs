//! Every isolation method on the real Claude Code: the main job, and what Claude and its children find.

use std::path::{Path, PathBuf};

use zellij_carrel::manager::board::Method;

use crate::desks::{wait_until_kept, words_in, Pane};
use crate::support::claude;
use crate::support::machine::{Machine, User, MEMORY_WORD, SKILL};
use crate::support::zellij::{Setup, Zellij};

/// A pane with its method, and where its Claude's state lies.
struct Isolated {
    method: Method,
    pane: Pane,
    state: PathBuf,
    session: String,
}

impl Isolated {
    /// Opens a pane of each method, all at once.
    fn of_every_method(zellij: &Zellij) -> Vec<Self> {
        let machine = zellij.machine();
        let built = Method::ALL.into_iter().filter(|method| method.is_built());
        let order = |method: Method| Pane::order(zellij, "new", &format!("floating=true,method={}", method.word()));
        let panes: Vec<(Method, Pane)> = built.map(|method| (method, order(method))).collect();
        panes
            .into_iter()
            .map(|(method, pane)| {
                pane.wait_for_prompt(zellij);
                pane.say(zellij, &format!("my word is {}", word(method)));
                let state = if method.isolates() { pane.desk.clone() } else { machine.at_home(".claude") };
                let session = session_with(machine, &state, word(method));
                Isolated { method, pane, state, session }
            })
            .collect()
    }
}

fn word(method: Method) -> &'static str {
    ["APRICOT", "BANANA", "CHERRY", "DAMSON"][Method::ALL.iter().position(|other| *other == method).unwrap()]
}

/// The conversation in which somebody said that and was answered.
#[track_caller]
fn session_with(machine: &Machine, state: &Path, word: &str) -> String {
    machine.wait(&format!("a transcript with {word} in {}", state.display()), || {
        let mut all = claude::transcripts(state).into_iter();
        all.find(|(_, file)| words_in(file).contains(&format!("Noted: my word is {word}"))).map(|(session, _)| session)
    })
}

#[test]
fn the_main_job_is_done_by_every_method_side_by_side() {
    let machine = Machine::of(&User { login: true, mcp_server: true, ..User::normal() });
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let all = Isolated::of_every_method(&zellij);
    for Isolated { method, .. } in &all {
        let request = machine.api().wait_for_prompt(&format!("my word is {}", word(*method)));
        assert!(request.mentions(MEMORY_WORD) && request.mentions(SKILL), "{}", method.word());
        assert_eq!(request.body.to_string().matches(MEMORY_WORD).count(), 1, "{}", method.word());
    }
    let healthy = |status: &serde_json::Value| {
        all.iter().all(|one| {
            let entry = one.pane.entry_in(status).unwrap_or_default();
            entry["method"] == one.method.word()
                && entry["state"] == "idle"
                && entry["health"] == if one.method.isolates() { "isolated" } else { "unknown" }
        })
    };
    zellij.wait_status("each with its method and health", healthy);

    zellij.save();
    zellij.kill_server();
    drop(client);
    machine.wait("every Claude is gone", || machine.claudes().is_empty().then_some(()));
    let _client = zellij.resurrect(true);
    let status = zellij.wait_status("each is back with its own method", healthy);
    for one in &all {
        let entry = one.pane.entry(&status);
        assert_eq!(entry["session"], one.session.as_str(), "{}", one.method.word());
        let again = Pane { terminal: entry["terminal"].as_u64().unwrap(), ..one.pane.clone() };
        let words = format!("back again with {}", one.method.word());
        again.say(&zellij, &words);
        let request = machine.api().wait_for_prompt(&words);
        assert!(request.mentions(word(one.method)) && request.session.as_ref() == Some(&one.session));
        for other in all.iter().filter(|other| other.method != one.method) {
            assert!(!request.mentions(word(other.method)), "{} has {}", one.method.word(), other.method.word());
        }
        let said = format!("Noted: {words}");
        machine.wait("it is written down", || {
            words_in(&claude::transcript(&one.state, &one.session)?).contains(&said).then_some(())
        });
        zellij.close_pane(again.terminal);
    }
    for one in &all {
        one.pane.wait_until_gone(&machine);
        let kept = words_in(&wait_until_kept(&machine, &one.session));
        assert!(kept.contains(word(one.method)) && kept.contains("back again"), "{}", one.method.word());
        let question = format!("what was my word, {}?", one.method.word());
        claude::resume(&machine, &one.session, &question).ok();
        assert!(machine.api().wait_for_prompt(&question).mentions(word(one.method)), "{}", one.method.word());
    }
}

/// A Claude that knows no shared login, installed beside the other one: about 250 MB, once.
const OLDER: &str = "2.1.120";

fn older_claude() -> PathBuf {
    let tools = |words: &[&str]| {
        let mut command = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/tools.sh"));
        // That would stand for every version.
        let answer = command.args(words).env_remove("CARREL_CLAUDE").output().expect("scripts/tools.sh");
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout).unwrap()
    };
    let version = format!("claude@{OLDER}");
    tools(&[&version]);
    let paths = tools(&["paths", &version]);
    let line = paths.lines().find_map(|line| line.strip_prefix("CARREL_CLAUDE='")).expect("a path");
    PathBuf::from(line.trim_end_matches('\''))
}

/// Wrappers around the real Claude, as users have them: one drops the variable, one leads everything to a dir of its own.
fn wrappers(machine: &Machine) -> [PathBuf; 2] {
    let claude = machine.path("bin/claude").canonicalize().unwrap();
    let elsewhere = machine.at_home("elsewhere");
    let write = |name: &str, body: &str| {
        let text = format!("#!/bin/sh\n{body}\nexec '{}' \"$@\"\n", claude.display());
        let path = machine.write(name, text);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path
    };
    let fixed = format!("export HOME='{0}' CLAUDE_CONFIG_DIR='{0}'", elsewhere.display());
    [write("wrap/ignores", "unset CLAUDE_CONFIG_DIR"), write("wrap/fixed", &fixed)]
}

#[test]
fn a_probe_tells_the_real_claudes_apart_and_touches_nothing_of_the_users() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    let [ignores, fixed] = wrappers(&machine);
    let program = machine.write("state/carrel.sh", zellij_carrel::host::PROGRAM);
    let before = machine.shared_state();
    let probe = |claude: &Path| {
        let answer = machine.run("sh", &[program.to_str().unwrap(), "probe", claude.to_str().unwrap()]);
        answer.ok().split('\t').map(|field| field.trim().to_owned()).skip(1).collect::<Vec<_>>()
    };
    let newest = machine.path("bin/claude").canonicalize().unwrap();
    assert_eq!(probe(&newest), ["yes", "yes", "unknown", "2.1.330 (Claude Code)"]);
    assert_eq!(probe(&older_claude()), ["yes", "no", "unknown", "2.1.120 (Claude Code)"]);
    assert_eq!(probe(&ignores)[..3], ["no", "unknown", "yes"]);
    assert_eq!(probe(&fixed)[..3], ["no", "unknown", "no"]);
    before.assert_unchanged(&machine.shared_state(), &[]);
    let others =
        std::fs::read_dir(machine.home()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut others: Vec<String> = others.collect();
    others.sort();
    assert_eq!(others, [".claude", ".claude.json", "elsewhere", "project", "state", "wrap"]);
}

#[test]
fn the_fallback_decides_what_opens_with_a_claude_that_ignores_the_variable_and_an_older_one_is_told_apart() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    let [ignores, _] = wrappers(&machine);
    let older = older_claude();
    // Both are known already: how long a probe takes is not what this is about.
    let program = machine.write(".local/state/carrel/carrel.sh", zellij_carrel::host::PROGRAM);
    for claude in [&ignores, &older] {
        machine.run("sh", &[program.to_str().unwrap(), "probe", claude.to_str().unwrap()]).ok();
    }
    let cases: [(&str, &Path, &str, &str, &str, &str); 3] = [
        ("one", &ignores, "home", "home", "isolated", "instead of config_dir"),
        ("two", &ignores, "none", "none", "unsupported", "instead of config_dir"),
        ("three", &older, "refuse", "config_dir", "", "needs one of its own"),
    ];
    let mut sessions = Vec::new();
    for (name, claude, fallback, method, health, words) in cases {
        let setup = Setup::carrel().option("claude", claude.to_str().unwrap()).option("fallback", fallback);
        let zellij = Zellij::new(&machine, &setup).session(name);
        let client = zellij.start();
        let pane = Pane::order(&zellij, "new", "");
        zellij.wait_status(&format!("{method} with {fallback}"), |status| {
            let entry = pane.entry_in(status).unwrap_or_default();
            entry["method"] == method
                && entry["problems"].to_string().contains(words)
                && (health.is_empty() || entry["health"] == health)
        });
        sessions.push((zellij, client));
    }
    let setup = Setup::carrel().option("claude", ignores.to_str().unwrap()).option("fallback", "refuse");
    let zellij = Zellij::new(&machine, &setup).session("four");
    let _client = zellij.start();
    let error = zellij.ask("new", "", "")["error"].to_string();
    assert!(error.contains("does not honour CLAUDE_CONFIG_DIR") && error.contains("refuse"), "{error}");
    let problems = zellij.ask("check", "", "")["problems"].to_string();
    assert!(problems.contains("does not honour CLAUDE_CONFIG_DIR") && problems.contains("No pane"), "{problems}");
    let claude = machine.processes().into_iter().find(|process| process.program.as_deref() == Some(&*older));
    let claude = claude.unwrap_or_else(|| panic!("no older Claude runs\n{}", machine.report()));
    assert!(
        !claude.env.contains_key("CLAUDE_SECURESTORAGE_CONFIG_DIR"),
        "an older Claude is told of a login it cannot share"
    );
}
