//! Faults of the real Zellij, with panes in several states of a desk's life at once: what a fresh start finds. The whole
//! matrix of events and faults is tried on the host program (`tests/host/matrix.rs`).

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;

use serde_json::json;

use crate::desks::{state_dir, words_in, Pane};
use crate::support::claude::{self, shows_prompt};
use crate::support::machine::Machine;
use crate::support::zellij::{Setup, Zellij};

/// A pane whose Claude was told this as it started, and has it in its transcript.
fn told(zellij: &Zellij, prompt: &str, word: &str) -> Pane {
    let payload = json!({"request": word, "claude_args": [format!("{prompt} {word}")]}).to_string();
    let pane = Pane::of(&zellij.ask("new", "", &payload));
    zellij.machine().api().wait_for_prompt(word);
    zellij.machine().wait("it is written down", || {
        let all = claude::transcripts(&pane.desk);
        all.iter().any(|(_, path)| words_in(path).contains(word)).then_some(())
    });
    pane
}

/// SIGTERM is not among them: Zellij 0.45.1 lives on after it, and cannot be reached any more (measured).
/// One pane that has said nothing, one in the middle of an answer, one held; then the server gets the signal, the session
/// comes back, and at last it is deleted. What was wrong.
/// `away` is what else is gone of the machine's before the session comes back.
fn server_gets(signal: &str, away: &[&str]) {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let started = Pane::order(&zellij, "new", "");
    let talking = told(&zellij, "hold: door", "TALKING");
    let held = told(&zellij, "the word is", "HELDPANE");
    machine.wait("it has answered", || zellij.pane_text(held.terminal).contains("Noted: the word is").then_some(()));
    started.wait_for_prompt(&zellij);
    zellij.type_into(held.terminal, "/exit");
    zellij.type_into(held.terminal, "\r");
    zellij.wait_status("held", |status| held.entry(status)["state"] == "exited");
    let sessions = [&talking, &held].map(|pane| claude::transcripts(&pane.desk)[0].0.clone());
    zellij.save();

    zellij.server().expect("a server").signal(signal);
    zellij.wait_for_the_end();
    drop(client);
    machine.api().release("door");
    machine.wait("all Claudes are gone", || machine.claudes().is_empty().then_some(()));
    for dir in away.iter().map(|dir| machine.path(dir)) {
        fs::remove_dir_all(&dir).unwrap();
        fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
    }

    // It comes back: each pane has its desk, its method and its conversation.
    let client = zellij.resurrect(true);
    let status = zellij.wait_status("all three are back", |status| {
        [&started, &talking, &held]
            .iter()
            .all(|pane| pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated"))
    });
    for (pane, session) in [&talking, &held].into_iter().zip(&sessions) {
        assert_eq!(pane.entry(&status)["session"], session.as_str(), "{signal}");
        assert_eq!(pane.entry(&status)["method"], "config_dir");
    }
    client.wait_screen("Claude's prompt", shows_prompt);
    drop(client);

    // It is gone for good: another session brings everything home.
    zellij.kill_session();
    machine.wait("all Claudes are gone again", || machine.claudes().is_empty().then_some(()));
    zellij.delete_session();
    let next = zellij.session("next");
    let _client = next.start();
    machine.wait("no desk is left", || {
        let desks = fs::read_dir(state_dir(&machine).join("claude-configs")).unwrap().count();
        let leaving = fs::read_dir(state_dir(&machine).join("leaving")).unwrap().count();
        (desks + leaving == 0).then_some(())
    });
    let shared = machine.at_home(".claude");
    for (word, session) in ["TALKING", "HELDPANE"].into_iter().zip(&sessions) {
        let with: Vec<String> = claude::transcripts(&shared)
            .into_iter()
            .filter(|(_, path)| words_in(path).contains(word))
            .map(|(id, _)| id)
            .collect();
        assert_eq!(&with, std::slice::from_ref(session), "{signal}: {word} is in one place");
        let question = format!("what was it, {session}?");
        claude::resume(&machine, session, &question).ok();
        assert!(machine.api().wait_for_prompt(&question).mentions(word), "{signal}: not resumed with {word}");
    }
    let line = format!("faults of the real Zellij: {signal} of its server, 3 panes, 0 failures\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[test]
fn panes_in_every_state_survive_a_hang_up_of_the_zellij_server_and_a_restart_of_the_machine() {
    server_gets("HUP", &[]);
    // As when the machine is started anew: no process, no sockets, an empty runtime dir.
    server_gets("KILL", &["s", "run", "tmp"]);
}
