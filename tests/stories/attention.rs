//! Panes that need their user: marked in their frames while they do, rung for once when one begins to wait.

use zellij_carrel::manager::ids::DeskId;

use crate::world::{Behaviour, Did, World};

fn framed(zellij: &World) -> usize {
    zellij.count(|did| matches!(did, Did::Framed { .. }))
}

/// A pane whose Claude is idle, and a shell that the user is at.
fn idle(clients: u16, notify: &str) -> (World, DeskId, u32) {
    let mut zellij = World::new().clients(clients).option("notify", notify).ready();
    let desk = zellij.open();
    zellij.plain_pane("bash");
    zellij.pass(5_000);
    let terminal = zellij.terminal_of(desk);
    (zellij, desk, terminal)
}

#[test]
fn a_pane_that_waits_is_marked_until_it_does_not() {
    for clients in [1, 2] {
        let (mut zellij, desk, terminal) = idle(clients, "none");
        assert!(zellij.frames.is_empty());
        let before = framed(&zellij);
        zellij.claude_becomes(desk, "waiting", Some("permission prompt"));
        zellij.pass(2_000);
        assert!(zellij.frames.contains(&terminal));
        zellij.claude_becomes(desk, "busy", None);
        zellij.pass(2_000);
        assert!(zellij.frames.is_empty());
        assert_eq!(framed(&zellij) - before, 2, "one instance marks, once each way");
    }
}

#[test]
fn a_pane_whose_isolation_does_not_hold_is_marked() {
    let mut zellij = World::new().where_(|zellij| zellij.behaviour = Behaviour::Leaks).ready();
    let desk = zellij.open();
    assert!(zellij.frames.contains(&zellij.terminal_of(desk)));
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(3_000);
    assert!(zellij.frames.is_empty(), "it has ended");
}

#[test]
fn a_question_of_the_first_start_is_marked_and_a_start_is_not() {
    let mut zellij = World::new().where_(|zellij| zellij.behaviour = Behaviour::Silent).ready();
    zellij.ask("new", &[("cwd", "/code")]);
    zellij.pass(5_000);
    assert!(zellij.frames.is_empty());
    zellij.pass(8_000);
    assert_eq!(zellij.frames.len(), 1);
}

#[test]
fn a_mark_whose_reason_went_while_nobody_looked_is_taken_away_by_whoever_comes() {
    for crash in [true, false] {
        let (mut zellij, desk, terminal) = idle(2, "none");
        zellij.claude_becomes(desk, "waiting", None);
        zellij.pass(2_000);
        assert!(zellij.frames.contains(&terminal));
        zellij.rings = false;
        zellij.claude_becomes(desk, "idle", None);
        let actor = zellij.actor().unwrap();
        if crash {
            zellij.crash(actor);
        } else {
            zellij.reload(actor);
        }
        zellij.pass(15_000);
        assert!(zellij.frames.is_empty(), "crash: {crash}");
        // And one whose reason is there still stays.
        zellij.rings = true;
        zellij.claude_becomes(desk, "waiting", None);
        zellij.pass(2_000);
        let actor = zellij.actor().unwrap();
        zellij.reload(actor);
        zellij.pass(15_000);
        assert!(zellij.frames.contains(&terminal), "crash: {crash}");
    }
}

#[test]
fn a_mark_that_zellijs_own_bell_took_away_is_put_back() {
    let (mut zellij, desk, terminal) = idle(1, "none");
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(2_000);
    // Claude's own notice, six seconds later, may be a bell.
    zellij.ring(Some(desk), "Notification");
    zellij.flash(terminal);
    zellij.pass(2_000);
    assert!(zellij.frames.contains(&terminal));
    // And going to the pane clears it.
    zellij.go_to(terminal);
    zellij.flash(terminal);
    zellij.pass(2_000);
    assert!(zellij.frames.contains(&terminal));
    let before = framed(&zellij);
    zellij.pass(600_000);
    assert_eq!(framed(&zellij), before, "and then it is left alone");
}

#[test]
fn one_that_begins_to_wait_is_rung_for_once_in_its_own_terminal() {
    for (notify, word) in [("bell", "bell"), ("osc", "osc")] {
        let (mut zellij, desk, _) = idle(2, notify);
        let rung = |zellij: &World| zellij.hosts_named("notify");
        zellij.claude_becomes(desk, "waiting", Some("permission prompt"));
        zellij.pass(60_000);
        assert_eq!(rung(&zellij), 1);
        let words = zellij.journal.iter().find_map(|entry| match &entry.did {
            Did::Host(words) if words[0] == "notify" => Some(words.clone()),
            _ => None,
        });
        assert_eq!(words.unwrap(), ["notify", word, &desk.to_string(), "code: permission prompt"]);
        zellij.claude_becomes(desk, "busy", None);
        zellij.pass(2_000);
        zellij.claude_becomes(desk, "waiting", None);
        zellij.pass(2_000);
        assert_eq!(rung(&zellij), 2, "it waits again");
    }
}

#[test]
fn nobody_is_rung_for_who_looks_and_nobody_who_did_not_ask_for_it() {
    let (mut zellij, desk, _) = idle(1, "none");
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(5_000);
    assert_eq!(zellij.hosts_named("notify"), 0);
    let (mut zellij, desk, terminal) = idle(1, "bell");
    zellij.go_to(terminal);
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(5_000);
    assert_eq!(zellij.hosts_named("notify"), 0, "the user looks at it");
}

#[test]
fn a_pane_that_waited_before_the_plugin_came_is_not_rung_for() {
    let (mut zellij, desk, _) = idle(1, "bell");
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(5_000);
    zellij.reload(1);
    zellij.pass(15_000);
    assert_eq!(zellij.hosts_named("notify"), 1);
}

#[test]
fn a_notice_names_a_directory_and_no_control_character() {
    let odd = "/code/a;b\u{1b}]c\nd";
    let mut zellij =
        World::new().option("notify", "osc").where_(|zellij| zellij.disk.dirs.extend([odd.to_string()])).ready();
    let call = zellij.send_with("new", &[], &serde_json::json!({ "cwd": odd }).to_string());
    zellij.pass(12_000);
    let desk = crate::world::desk_in(&zellij.answer(call));
    zellij.plain_pane("bash");
    zellij.pass(2_000);
    zellij.claude_becomes(desk, "waiting", Some("permission;\u{7} prompt"));
    zellij.pass(2_000);
    let words = zellij.journal.iter().find_map(|entry| match &entry.did {
        Did::Host(words) if words[0] == "notify" => words.last().cloned(),
        _ => None,
    });
    assert_eq!(words.unwrap(), "ab]cd: permission prompt");
}
