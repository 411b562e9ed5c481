//! Desks whose panes went while no Carrel saw it: sessions that ended, were deleted, or closed their panes without one.

use crate::desks::{wait_until_kept, words_in, Pane};
use crate::support::claude;
use crate::support::machine::Machine;
use crate::support::zellij::{key, Setup, Zellij};

/// A session that was killed, with a conversation about this word at its desk.
fn killed(machine: &Machine, word: &str) -> (Zellij, Pane, String) {
    let zellij = Zellij::new(machine, &Setup::carrel());
    let client = zellij.start();
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, &format!("the word is {word}"));
    let session = pane.session(machine);
    zellij.save();
    zellij.kill_session();
    drop(client);
    machine.wait("Claude is gone", || machine.claudes().is_empty().then_some(()));
    (zellij, pane, session)
}

#[test]
fn the_conversation_of_an_ended_session_is_kept_at_once_and_taken_back_when_it_returns() {
    let machine = Machine::new();
    let (zellij, pane, session) = killed(&machine, "RETURN");
    assert!(claude::transcript(&pane.desk, &session).is_some());

    let next = zellij.session("next");
    let client = next.start();
    assert!(words_in(&wait_until_kept(&machine, &session)).contains("RETURN"));
    // It lay elsewhere while that was done.
    machine.wait("the desk waits for its session", || pane.desk.join(".carrel/record").exists().then_some(()));
    let row = next.ask("gc", "", "")["orphans"][0].clone();
    assert_eq!(row["pane"], pane.pane.as_str());
    assert_eq!(row["removed"], false);
    assert!(row["why"].as_str().unwrap().contains("saved session"), "{row}");
    next.kill_session();
    drop(client);

    let mut client = zellij.resurrect(false);
    let terminal = zellij
        .terminals()
        .into_iter()
        .find(|pane| pane["is_held"] == true)
        .and_then(|pane| pane["id"].as_u64())
        .expect("a suspended pane");
    let again = Pane { terminal, ..pane.clone() };
    zellij.wait_status("suspended", |status| again.entry_in(status).is_some_and(|entry| entry["state"] == "suspended"));
    client.press_until(key::ENTER, "Claude's prompt", claude::shows_prompt);
    again.say(&zellij, "back again");
    let request = machine.api().wait_for_prompt("back again");
    assert!(request.mentions("RETURN") && request.session.as_ref() == Some(&session));
    assert!(claude::transcript(&machine.at_home(".claude"), &session).is_none(), "it lies in two places");
}

#[test]
fn the_desks_of_a_deleted_session_go_and_their_conversations_stay() {
    let machine = Machine::new();
    let (zellij, pane, session) = killed(&machine, "DELETED");
    let next = zellij.session("next");
    let _client = next.start();
    wait_until_kept(&machine, &session);
    machine.wait("the desk waits for its session", || pane.desk.join(".carrel/record").exists().then_some(()));
    zellij.delete_session();
    pane.wait_until_gone(&machine);
    claude::resume(&machine, &session, "what was the word?").ok();
    assert!(machine.api().wait_for_prompt("what was the word?").mentions("DELETED"));
}

#[test]
fn without_cleanup_a_desk_goes_only_by_an_explicit_gc() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("cleanup_on_close", "false"));
    let _client = zellij.start();
    let living = Pane::open(&zellij, "");
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, "the word is GC");
    let session = pane.session(&machine);
    zellij.close_pane(pane.terminal);
    machine.wait("one Claude is left", || (machine.launchers().len() == 1).then_some(()));

    let row = machine.wait("the closed pane's desk is listed", || {
        let answer = zellij.ask("gc", "", "");
        let rows = answer["orphans"].as_array().cloned().unwrap_or_default();
        assert!(rows.iter().all(|row| row["pane"] != living.pane.as_str()), "{answer}");
        rows.into_iter().find(|row| row["why"].as_str().is_some_and(|why| why.contains("its pane is closed")))
    });
    assert_eq!(row["pane"], pane.pane.as_str());
    assert_eq!(row["removed"], false);
    assert!(row["bytes"].as_u64().unwrap() > 0);
    assert!(row["age_s"].as_u64().is_some());
    assert!(pane.desk.exists());
    let status = zellij.status();
    assert_eq!(status["orphans"][0]["pane"], pane.pane.as_str(), "{status}");

    // Zellij loses an answer now and then; who asks again is told of what is left.
    let answer = zellij.pipe("gc", "dry_run=false", "");
    if !answer.stdout.trim().is_empty() {
        let answer = answer.json();
        assert_eq!(answer["orphans"][0]["removed"], true, "{answer}");
    }
    pane.wait_until_gone(&machine);
    assert!(words_in(&wait_until_kept(&machine, &session)).contains("GC"));
    assert!(living.desk.exists());
}
