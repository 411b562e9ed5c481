//! What can be wrong with the isolation of a pane, produced for real: each verdict, with the sentence that tells why.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::desks::Pane;
use crate::support::machine::{Machine, User};
use crate::support::zellij::{Setup, Zellij};

/// What a wrapper around claude does in a project, and what comes of it.
struct Fault {
    project: &'static str,
    wrap: &'static str,
    health: &'static [&'static str],
    /// Words of the problem.
    told: &'static str,
}

const FAULTS: [Fault; 8] = [
    // Nothing but the user's own settings file, which sends every plain Claude elsewhere: ours is pinned.
    Fault { project: "well", wrap: "", health: &["isolated"], told: "" },
    Fault {
        project: "leak",
        wrap: "unset CLAUDE_CONFIG_DIR; set -- --settings '{\"env\":{\"CLAUDE_CONFIG_DIR\":\"'\"$HOME\"'/.claude\"}}'",
        health: &["leaking", "unsupported"],
        told: "shared dir",
    },
    // The settings are dropped, so that the user's own, which redirect, count.
    Fault {
        project: "redirect",
        wrap: "set --",
        health: &["unknown"],
        told: "settings.json speaks of CLAUDE_CONFIG_DIR",
    },
    Fault {
        project: "moved",
        wrap: "mkdir -p ~/other; cp -n \"$CLAUDE_CONFIG_DIR/.claude.json\" ~/other; export CLAUDE_CONFIG_DIR=\"$HOME/other\"",
        health: &["unknown"],
        told: "/other: what it writes there is not at its desk",
    },
    Fault {
        project: "child",
        wrap: "export CLAUDE_CODE_CHILD_SESSION=1",
        health: &["unknown"],
        told: "CLAUDE_CODE_CHILD_SESSION",
    },
    // Claude's own first question.
    Fault { project: "untrusted", wrap: "", health: &["unknown"], told: "whether you trust this folder" },
    // Not Claude at all: one that keeps its registry in the shared dir whatever it is told, and one that reports nowhere.
    Fault {
        project: "deaf",
        wrap: "read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/$$/stat\n\
               printf '{\"pid\":%s,\"sessionId\":\"%s\",\"procStart\":\"%s\",\"status\":\"idle\"}' $$ \"$2\" \"$start\" >~/.claude/sessions/$$.json\n\
               while :; do read -r _ || sleep 9; done",
        health: &["leaking", "unsupported"],
        told: "shared dir",
    },
    Fault {
        project: "dumb",
        wrap: "while :; do read -r _ || sleep 9; done",
        health: &["unknown", "unsupported"],
        told: "",
    },
];

#[test]
fn a_pane_that_is_not_isolated_is_told_by_what_happened_to_it_and_never_green() {
    let trusts = FAULTS.iter().map(|fault| fault.project.to_owned()).filter(|project| project != "untrusted");
    let machine = Machine::of(&User { trusts: trusts.collect(), ..User::normal() });
    machine.wrap_claude();
    let settings = json!({"theme": "dark", "permissions": {"defaultMode": "default"},
        "env": {"CLAUDE_CONFIG_DIR": machine.at_home("elsewhere")}});
    machine.write(".claude/settings.json", settings.to_string());
    fs::create_dir_all(machine.at_home(".claude/sessions")).unwrap();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let panes: Vec<Pane> = FAULTS
        .iter()
        .map(|fault| {
            let dir = machine.write(&format!("{}/wrap", fault.project), fault.wrap);
            Pane::order(&zellij, "new", &format!("floating=true,cwd={}", dir.parent().unwrap().display()))
        })
        .collect();
    for (fault, pane) in FAULTS.iter().zip(&panes) {
        zellij.wait_status(fault.project, |status| {
            let entry = pane.entry(status);
            let problems = entry["problems"].as_array().unwrap();
            let told = problems.iter().any(|problem| problem.as_str().unwrap().contains(fault.told));
            assert!(
                entry["health"] != "isolated" || fault.health == ["isolated"],
                "{}: green\n{entry:#}",
                fault.project
            );
            fault.health.contains(&entry["health"].as_str().unwrap()) && told == (fault.health != ["isolated"])
        });
    }
}

/// Waits for a verdict on a pane, with words of its first problem. Whatever is nobody's bell to ring is looked at by `check`.
#[track_caller]
fn wait_health(zellij: &Zellij, pane: &Pane, health: &str, told: &str) {
    let mut last = serde_json::Value::Null;
    zellij.machine().wait(&format!("{health}: {told}"), || {
        last = zellij.ask("check", "", "");
        let entry = pane.entry_in(&last).unwrap_or_default();
        let problem = entry["problems"][0].as_str().unwrap_or_default();
        let fits = entry["health"] == health && problem.contains(told) && problem.is_empty() == told.is_empty();
        fits.then_some(())
    });
}

#[test]
fn a_stranger_at_the_desk_and_a_conversation_in_two_panes_are_a_mismatch() {
    let machine = Machine::of(&User { trusts: vec!["project".to_owned(), "twins".to_owned()], ..User::normal() });
    machine.wrap_claude();
    let twins =
        machine.write("twins/wrap", "set -- --session-id 33333333-3333-4333-8333-333333333333 --settings \"$4\"");
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::order(&zellij, "new", "floating=true");
    wait_health(&zellij, &pane, "isolated", "");
    let stranger = zellij.open(&[], &["env", &format!("CLAUDE_CONFIG_DIR={}", pane.desk.display()), "claude"]);
    wait_health(&zellij, &pane, "mismatch", "which this pane did not start");
    zellij.close_pane(stranger);
    wait_health(&zellij, &pane, "isolated", "");
    let args = format!("floating=true,cwd={}", twins.parent().unwrap().display());
    let [one, two] = [0, 1].map(|_| Pane::order(&zellij, "new", &args));
    wait_health(&zellij, &one, "mismatch", &format!("pane #{}", two.terminal));
    wait_health(&zellij, &two, "mismatch", &format!("pane #{}", one.terminal));
    zellij.close_pane(two.terminal);
    wait_health(&zellij, &one, "isolated", "");
}

#[test]
fn what_claude_cannot_save_is_told_while_it_runs_and_green_again_once_it_can() {
    let machine = Machine::of(&User { trusts: vec!["project".to_owned(), "mute".to_owned()], ..User::normal() });
    machine.wrap_claude();
    machine.respect_modes();
    let mute = machine.write("mute/wrap", "export CLAUDE_CODE_SKIP_PROMPT_HISTORY=1");
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, "a word that is saved");
    wait_health(&zellij, &pane, "isolated", "");
    // What Claude renames or removes meanwhile is missed by chmod, which then fails.
    let chmod = |mode: &str| {
        let done = || Command::new("chmod").args(["-R", mode]).arg(&pane.desk).status().unwrap().success();
        machine.wait(&format!("chmod {mode}"), || done().then_some(()));
    };
    chmod("u-w");
    wait_health(&zellij, &pane, "unknown", "cannot be written any more");
    chmod("u+w");
    wait_health(&zellij, &pane, "isolated", "");
    // One that reports as it should, and keeps no transcript.
    let silent = Pane::open(&zellij, &format!("cwd={}", mute.parent().unwrap().display()));
    wait_health(&zellij, &silent, "isolated", "");
    silent.say(&zellij, "a word that is lost");
    wait_health(&zellij, &silent, "unknown", "no transcript");
}
