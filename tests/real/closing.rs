//! Closing a pane, in every way that Zellij has.

use std::fs;
use std::time::Duration;

use crate::desks::{claudes, wait_until_kept, words_in, Pane};
use crate::support::claude::{self, shows_prompt};
use crate::support::machine::Machine;
use crate::support::waiting::stays;
use crate::support::zellij::{key, Setup, Zellij};

/// A pane with something to lose.
fn talked(zellij: &Zellij, args: &str, word: &str) -> (Pane, String) {
    let pane = Pane::open(zellij, args);
    pane.say(zellij, &format!("the word is {word}"));
    let session = pane.session(zellij.machine());
    (pane, session)
}

#[track_caller]
fn assert_kept_and_gone(machine: &Machine, pane: &Pane, session: &str, word: &str) {
    pane.wait_until_gone(machine);
    assert!(words_in(&wait_until_kept(machine, session)).contains(word));
    claude::resume(machine, session, "what was the word?").ok();
    assert!(machine.api().wait_for_prompt("what was the word?").mentions(word), "not resumed with its context");
}

#[test]
fn closed_by_the_key() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let mut client = zellij.start();
    let (pane, session) = talked(&zellij, "", "KEY");
    client.keys(&key::ctrl('p'));
    client.keys("x");
    assert_kept_and_gone(&machine, &pane, &session, "KEY");
}

#[test]
fn closed_by_the_pipe_while_claude_is_busy() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let (pane, session) = talked(&zellij, "", "BUSY");
    zellij.type_line(pane.terminal, "hold: door");
    machine.api().wait_for_prompt("hold: door");
    zellij.wait_status("working", |status| pane.entry(status)["state"] == "working");
    let answer = zellij.ask("close", &format!("pane={}", pane.pane), "");
    assert_eq!(answer["closed"], pane.pane.as_str());
    machine.api().release("door");
    assert_kept_and_gone(&machine, &pane, &session, "BUSY");
    // A Claude that outlives its pane writes its dir again; it must not come back.
    assert!(stays(Duration::from_secs(4), || !pane.desk.exists()));
}

#[test]
fn closed_with_its_tab() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    zellij.action(&["new-tab"]);
    let (pane, session) = talked(&zellij, "", "TAB");
    zellij.action(&["close-tab"]);
    assert_kept_and_gone(&machine, &pane, &session, "TAB");
}

#[test]
fn exited_and_held_the_desk_stays_and_enter_resumes_the_conversation() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let mut client = zellij.start();
    let (pane, session) = talked(&zellij, "", "HELD");
    client.type_line("/exit");
    zellij.wait_status("exited", |status| pane.entry(status)["state"] == "exited");
    assert!(stays(Duration::from_secs(2), || pane.desk.exists()), "the desk of a held pane is deleted");
    client.keys(key::ENTER);
    pane.wait_for_prompt(&zellij);
    pane.say(&zellij, "once more");
    let request = machine.api().wait_for_prompt("once more");
    assert!(request.mentions("HELD") && request.session.as_ref() == Some(&session));
    client.type_line("/exit");
    zellij.wait_status("exited again", |status| pane.entry(status)["state"] == "exited");
    client.keys(&key::ctrl('c'));
    assert_kept_and_gone(&machine, &pane, &session, "once more");
}

#[test]
fn close_on_exit_closes_the_pane_after_a_good_end_only() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("close_on_exit", "true"));
    let mut client = zellij.start();
    let (pane, session) = talked(&zellij, "", "GOOD");
    client.type_line("/exit");
    zellij.wait_panes("the pane is closed", |panes| {
        !panes.iter().any(|p| p["id"] == pane.terminal && p["is_plugin"] == false)
    });
    assert_kept_and_gone(&machine, &pane, &session, "GOOD");

    let pane = Pane::open(&zellij, "");
    claudes(&machine).pop().unwrap().signal("KILL");
    let status = zellij.wait_status("exited", |status| pane.entry(status)["state"] == "exited");
    assert!(pane.entry(&status)["problems"][0].as_str().unwrap().contains("137"), "{status}");
    assert!(stays(Duration::from_secs(2), || pane.desk.exists()));
}

#[test]
fn the_last_pane_of_a_session_is_carried_out_by_the_next_carrel() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let mut client = zellij.start();
    let first = zellij.terminals()[0]["id"].as_u64().unwrap();
    let (pane, session) = talked(&zellij, "", "LAST");
    zellij.close_pane(first);
    zellij.close_pane(pane.terminal);
    client.wait_for_the_end();
    machine.wait("Claude is gone", || machine.claudes().is_empty().then_some(()));

    let next = zellij.session("next");
    let _client = next.start();
    assert_kept_and_gone(&machine, &pane, &session, "LAST");
}

#[test]
fn a_shell_in_a_held_pane_is_not_claude_and_its_conversation_is_kept() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let mut client = zellij.start();
    let (pane, session) = talked(&zellij, "", "SHELL");
    client.type_line("/exit");
    zellij.wait_status("exited", |status| pane.entry(status)["state"] == "exited");
    client.keys(key::ESC);
    machine.wait("a shell in Claude's place", || zellij.pane_text(pane.terminal).contains("shell$").then_some(()));
    assert_kept_and_gone(&machine, &pane, &session, "SHELL");
    let status = zellij.wait_status("no row for it", |status| status["panes"] == serde_json::json!([]));
    assert_eq!(status["problems"], serde_json::json!([]));
    // The shell lives on, and Enter is the shell's.
    client.type_line("echo still $((40 + 2))");
    machine.wait("it works", || zellij.pane_text(pane.terminal).contains("still 42").then_some(()));
    assert!(!pane.desk.exists());
    // A Claude of the user's own in there is none of ours, and its end closes nothing of ours.
    client.type_line("exit");
    zellij.wait_panes("the shell's pane is closed", |panes| {
        panes.iter().all(|p| p["id"] != pane.terminal || p["is_plugin"] == true)
    });
    assert!(!pane.desk.exists());
}

#[test]
fn a_kept_conversation_finds_what_it_names() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("memory", "separate"));
    let mut client = zellij.start();
    let pane = Pane::open(&zellij, "");
    // Claude asks for no permission for this. Too long for the conversation: it goes into a file of the desk, which the conversation names.
    client.type_line("run: seq 1 60000");
    client.wait_text("Done.");
    let session = pane.session(&machine);
    let desk = pane.desk.display().to_string();
    machine.wait("Claude has written down where", || {
        let transcript = claude::transcript(&pane.desk, &session)?;
        fs::read_to_string(transcript).ok()?.contains(&format!("{desk}/projects")).then_some(())
    });
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    let kept = fs::read_to_string(wait_until_kept(&machine, &session)).unwrap();
    let named =
        kept.split("\"persistedOutputPath\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a path");
    assert!(named.starts_with(machine.at_home(".claude/projects").to_str().unwrap()), "{named}");
    assert!(fs::read_to_string(named).unwrap().contains("59999"));
    claude::resume(&machine, &session, "what was the last number?").ok();
    let request = machine.api().wait_for_prompt("what was the last number?").body.to_string();
    assert!(request.contains(named), "the conversation does not name its result");
    assert!(!request.contains(&desk), "it leads into the desk that is gone");
}

#[test]
fn without_cleanup_the_desk_stays() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("cleanup_on_close", "false"));
    let _client = zellij.start();
    let (pane, session) = talked(&zellij, "", "STAY");
    zellij.close_pane(pane.terminal);
    machine.wait("Claude is gone", || machine.claudes().is_empty().then_some(()));
    assert!(stays(Duration::from_secs(4), || claude::transcript(&pane.desk, &session).is_some()));
    assert!(claude::transcript(&machine.at_home(".claude"), &session).is_none());
}

#[test]
fn what_cannot_be_kept_is_not_deleted_and_the_panel_says_so() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().panel_key("Alt p"));
    let mut client = zellij.start();
    let (pane, session) = talked(&zellij, "", "OBSTACLE");
    // Where the conversations belong, something is in the way.
    let place = machine.at_home(".claude/projects");
    fs::rename(&place, machine.at_home(".claude/away")).unwrap();
    fs::write(&place, "a file").unwrap();
    zellij.close_pane(pane.terminal);
    let status = zellij.wait_status("the failure is told", |status| {
        status["problems"].as_array().is_some_and(|problems| {
            problems
                .iter()
                .any(|why| why.as_str().is_some_and(|why| why.contains(&pane.pane) && why.contains("in the way")))
        })
    });
    assert_eq!(status["panes"], serde_json::json!([]));
    let desk = crate::desks::state_dir(&machine).join("leaving").join(pane.desk.file_name().unwrap());
    let transcript = claude::transcript(&desk, &session).expect("the conversation is still at the desk");
    assert!(words_in(&transcript).contains("OBSTACLE"));
    client.press_for_text(&key::alt('p'), "in the way");
    assert_eq!(fs::read_to_string(place).unwrap(), "a file");
}

#[test]
fn a_session_that_comes_back_after_a_crash_has_its_pane_its_desk_and_its_conversation() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let (pane, session) = talked(&zellij, "", "CRASH");
    zellij.kill_server();
    drop(client);
    machine.wait("Claude is gone", || machine.claudes().is_empty().then_some(()));
    let client = zellij.resurrect(true);
    client.wait_screen("Claude's prompt", shows_prompt);
    let status = zellij.wait_status("isolated again", |status| {
        pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated")
    });
    let entry = pane.entry(&status);
    let again = Pane { terminal: entry["terminal"].as_u64().unwrap(), ..pane.clone() };
    assert_eq!(entry["session"], session.as_str());
    again.say(&zellij, "after the crash");
    assert!(machine.api().wait_for_prompt("after the crash").mentions("CRASH"));
}
