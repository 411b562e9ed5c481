//! The main job: several panes in one directory, and nothing of the user's is touched.

use std::collections::BTreeSet;

use serde_json::json;

use crate::desks::{assert_only_conversations_were_added, claudes, wait_until_kept, Pane, HISTORY};
use crate::support::claude;
use crate::support::machine::{Machine, User};
use crate::support::zellij::{Client, Setup, Zellij};

/// What the user said before Carrel came.
const OLD: &str = "ELDERBERRY";

/// A conversation that the user had in the same directory, as plain Claude leaves it.
fn had_a_conversation(machine: &Machine) {
    let words = format!("my word is {OLD}");
    claude::ask(machine, &words);
    let [(session, _)] = &claude::transcripts(&machine.at_home(".claude"))[..] else { panic!("one conversation") };
    // Claude notes only prompts that were typed.
    let line = json!({"display": words, "pastedContents": {}, "timestamp": 1_700_000_000_000_u64,
        "project": machine.project(), "sessionId": session});
    machine.write(HISTORY, format!("{line}\n"));
}

/// Four panes in one cwd, each with its own conversation, all closed, each resumed from the shared dir.
fn four_panes_in_one_directory(machine: &Machine, zellij: &Zellij, clients: &[Client]) {
    let old = claude::transcripts(&machine.at_home(".claude"));
    let before = machine.shared_state();
    let words = ["APRICOT", "BANANA", "CHERRY", "DAMSON"];
    let panes: Vec<Pane> = words.iter().map(|_| Pane::open(zellij, "floating=true")).collect();
    assert_eq!(claudes(machine).len(), words.len());
    for (pane, word) in panes.iter().zip(words) {
        pane.say(zellij, &format!("my word is {word}"));
    }
    let sessions: Vec<String> = panes.iter().map(|pane| pane.session(machine)).collect();
    assert_eq!(sessions.iter().collect::<BTreeSet<_>>().len(), words.len(), "{sessions:?}");
    zellij.wait_status("all isolated", |status| panes.iter().all(|pane| pane.entry(status)["health"] == "isolated"));
    for pane in &panes {
        zellij.close_pane(pane.terminal);
    }
    for (pane, session) in panes.iter().zip(&sessions) {
        pane.wait_until_gone(machine);
        wait_until_kept(machine, session);
    }
    assert_only_conversations_were_added(machine, &before);
    assert_eq!(claude::transcripts(&machine.at_home(".claude")).len(), old.len() + words.len());
    let history = machine.read(HISTORY);
    assert!(words.iter().all(|word| history.contains(word)), "not all prompts are in {history}");

    let all = sessions.iter().zip(words).chain(old.iter().map(|(session, _)| (session, OLD)));
    for (session, word) in all {
        let question = format!("what is my word, {word} or not?");
        claude::resume(machine, session, &question).ok();
        let request = machine.api().wait_for_prompt(&question);
        assert!(request.mentions(&format!("my word is {word}")));
        for other in words.into_iter().chain([OLD]).filter(|other| *other != word) {
            assert!(!request.mentions(other), "{word}'s conversation has {other} in it");
        }
    }
    assert!(!clients.is_empty() || zellij.server().is_some());
}

#[test]
fn four_panes_keep_their_conversations_apart() {
    let machine = Machine::of(&User { login: true, mcp_server: true, ..User::normal() });
    had_a_conversation(&machine);
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    four_panes_in_one_directory(&machine, &zellij, &[client]);
}

#[test]
fn four_panes_keep_their_conversations_though_zellij_was_started_by_a_claude() {
    let machine = Machine::new();
    for (marker, value) in [
        ("CLAUDECODE", "1"),
        ("CLAUDE_CODE_CHILD_SESSION", "1"),
        ("CLAUDE_CODE_SESSION_ID", "99999999-9999-4999-8999-999999999999"),
        ("CLAUDE_CODE_ENTRYPOINT", "cli"),
        ("CLAUDE_CODE_SKIP_PROMPT_HISTORY", "1"),
    ] {
        machine.set_env(marker, value);
    }
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    for marker in
        ["CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_SKIP_PROMPT_HISTORY"]
    {
        // What is asked of Claude outside of Zellij later is no child's.
        machine.unset_env(marker);
    }
    machine.unset_env("CLAUDE_CODE_ENTRYPOINT");
    four_panes_in_one_directory(&machine, &zellij, &[client]);
}

#[test]
fn four_panes_keep_their_conversations_with_two_clients_attached() {
    let machine = Machine::new();
    had_a_conversation(&machine);
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let first = zellij.start();
    let second = zellij.attach();
    four_panes_in_one_directory(&machine, &zellij, &[first, second]);
}
