//! A pane's life, with the Zellij and the Claude Code that the environment names: what `make compat` runs for each pair of
//! versions, and `make test` for the pinned one. Each step that holds is printed, so that a failure says how far it went.

// Helpers of tests may do what tests may; not all of them are needed here.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "real/desks.rs"]
mod desks;
mod support;

use desks::{wait_until_kept, Pane};
use support::claude;
use support::machine::{Machine, MEMORY_WORD};
use support::zellij::{Setup, Zellij};

/// Tells that a step holds; the words are those of the table in docs/compatibility.md.
fn holds(step: &str) {
    println!("compat: {step}");
}

#[test]
fn a_pane_is_opened_talked_to_watched_closed_kept_resumed_and_resurrected() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let pane = Pane::open(&zellij, "");
    holds("open");

    pane.say(&zellij, "the word is APPLE");
    assert!(machine.api().wait_for_prompt("APPLE").mentions(MEMORY_WORD), "CLAUDE.md of the user is not in force");
    holds("talk");

    let entry_is = |what: &str, key: &str, value: &str| {
        zellij.wait_status(what, |status| pane.entry(status)[key] == value);
    };
    entry_is("its isolation is proved", "health", "isolated");
    holds("proof");
    entry_is("idle", "state", "idle");
    zellij.type_line(pane.terminal, "hold: door");
    machine.api().wait_for_prompt("hold: door");
    entry_is("working", "state", "working");
    machine.api().release("door");
    entry_is("idle again", "state", "idle");
    holds("state");

    let session = pane.session(&machine);
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    pane.wait_until_gone(&machine);
    holds("close");

    wait_until_kept(&machine, &session);
    claude::resume(&machine, &session, "and PEAR").ok();
    assert!(machine.api().wait_for_prompt("and PEAR").mentions("APPLE"), "the conversation's beginning is missing");
    holds("keep");

    let pane = Pane::order(&zellij, "resume", &format!("session={session}"));
    pane.wait_for_prompt(&zellij);
    pane.say(&zellij, "and PLUM");
    assert!(machine.api().wait_for_prompt("and PLUM").mentions("PEAR"));
    holds("resume");

    zellij.save();
    zellij.kill_server();
    drop(client);
    let _client = zellij.resurrect(true);
    let back = zellij.wait_status("the pane is back", |status| {
        pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated")
    });
    let pane = Pane { terminal: pane.entry(&back)["terminal"].as_u64().unwrap(), ..pane };
    pane.wait_for_prompt(&zellij);
    pane.say(&zellij, "and FIG");
    let request = machine.api().wait_for_prompt("and FIG");
    assert!(request.mentions("PLUM") && request.session.as_ref() == Some(&session), "{request:?}");
    holds("resurrect");
}
