//! A Claude that somebody typed into a shell is taken to a desk of its own: asked first, and nothing is lost where it fails.

use zellij_carrel::manager::effect::Placement;
use zellij_carrel::manager::event::Event;
use zellij_carrel::manager::ids::TerminalId;
use zellij_carrel::manager::panel::{Question, Row, Scene};

use crate::disk::say;
use crate::world::{Did, World};

/// A shell in which a Claude runs, seen by a look; the panel is shown, and the cursor on it.
fn found(clients: u16, said_something: bool) -> (World, u32, String) {
    let mut zellij = World::new().clients(clients).ready();
    let terminal = zellij.plain_pane("bash");
    zellij.pass(2_000);
    let session = zellij.claude_in(terminal, said_something);
    zellij.ask("check", &[]);
    zellij.pass(2_000);
    zellij.show_panel(clients, true);
    zellij.happens(clients, Event::RowClicked(Row::Outside(TerminalId(terminal))));
    (zellij, terminal, session)
}

fn asking(zellij: &World, client: u16) -> Option<Question> {
    match zellij.scene(client) {
        Scene::Desks(scene) => scene.asking,
        other => panic!("not the list: {other:?}"),
    }
}

fn message(zellij: &World, client: u16) -> String {
    match zellij.scene(client) {
        Scene::Desks(scene) => scene.message.unwrap_or_default(),
        other => panic!("not the list: {other:?}"),
    }
}

/// The command lines and places of the panes that were opened.
fn opened(zellij: &World) -> Vec<(String, Placement)> {
    let one = |did: &Did| match did {
        Did::Opened { argv, placement, .. } => Some((argv.join(" "), *placement)),
        _ => None,
    };
    zellij.journal.iter().filter_map(|entry| one(&entry.did)).collect()
}

#[test]
fn after_a_yes_it_is_ended_and_its_conversation_goes_on_in_its_place() {
    for clients in [1, 2] {
        let (mut zellij, terminal, session) = found(clients, true);
        zellij.press(clients, "i");
        assert_eq!(asking(&zellij, clients), Some(Question::Adopt(TerminalId(terminal))));
        assert_eq!(zellij.hosts_named("end"), 0, "asked first");
        zellij.press(clients, "y");
        zellij.pass(12_000);
        let opened = opened(&zellij);
        assert_eq!(opened.len(), 1, "{opened:?}");
        assert!(opened[0].0.contains(&session) && opened[0].0.contains("--resume"), "{opened:?}");
        assert_eq!(opened[0].1, Placement::InPlaceOf(TerminalId(terminal)));
        assert_eq!(zellij.board(1).unisolated, []);
        let status = zellij.ask("status", &[]);
        assert_eq!((&status["panes"][0]["health"], &status["panes"][0]["cwd"]), (&"isolated".into(), &"/code".into()));
    }
}

#[test]
fn any_other_key_leaves_it_alone() {
    let (mut zellij, ..) = found(1, true);
    for key in ["n", "q", "i"] {
        zellij.press(1, "i");
        zellij.press(1, key);
        assert_eq!(asking(&zellij, 1), None);
    }
    zellij.pass(5_000);
    assert_eq!((zellij.hosts_named("end"), zellij.opened()), (0, 0));
}

#[test]
fn one_in_which_nothing_was_said_yet_begins_anew() {
    let (mut zellij, terminal, session) = found(1, false);
    zellij.press(1, "iy");
    zellij.pass(4_000);
    let opened = opened(&zellij);
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert!(!opened[0].0.contains("--resume") && !opened[0].0.contains(&session), "{opened:?}");
    assert_eq!(opened[0].1, Placement::InPlaceOf(TerminalId(terminal)));
}

#[test]
fn what_fails_says_why_and_opens_nothing() {
    for (answer, told) in [
        (say(&["refused", "the process 7 is not in the registry"]), "not in the registry"),
        (say(&["alive", "Claude (pid 7) was told to end and has not"]), "has not"),
        (say(&["gone"]), "ended already"),
        (String::new(), "did not answer"),
    ] {
        let (mut zellij, ..) = found(1, true);
        zellij.says("end", &answer);
        zellij.press(1, "iy");
        zellij.pass(4_000);
        assert_eq!(zellij.opened(), 0, "{told}");
        assert!(message(&zellij, 1).contains(told), "{}", message(&zellij, 1));
        assert!(zellij.manager(1).is_shown(), "who pressed the key reads it");
    }
}

#[test]
fn where_there_is_no_room_the_conversation_is_named_and_where_it_was() {
    let (mut zellij, _, session) = found(1, true);
    zellij.no_room = true;
    zellij.press(1, "iy");
    zellij.pass(4_000);
    assert!(message(&zellij, 1).contains("did not open"), "{}", message(&zellij, 1));
    assert!(zellij.disk.conversations.contains_key(&session));
}

#[test]
fn one_whose_process_is_not_known_is_not_ended() {
    let mut zellij = World::new().ready();
    let terminal = zellij.plain_pane("bash");
    zellij.pass(2_000);
    zellij.runs(terminal, "claude");
    zellij.pass(4_000);
    zellij.show_panel(1, true);
    zellij.happens(1, Event::RowClicked(Row::Outside(TerminalId(terminal))));
    zellij.press(1, "iy");
    zellij.pass(4_000);
    assert!(message(&zellij, 1).contains("not in the registry"), "{}", message(&zellij, 1));
    assert_eq!((zellij.hosts_named("end"), zellij.opened()), (0, 0));
}

#[test]
fn one_that_ended_while_the_question_was_open_is_not_looked_for() {
    let (mut zellij, ..) = found(1, true);
    zellij.press(1, "i");
    zellij.disk.shared_registry.clear();
    zellij.ask("check", &[]);
    zellij.press(1, "y");
    zellij.pass(4_000);
    assert_eq!((zellij.hosts_named("end"), zellij.opened()), (0, 0));
    assert!(message(&zellij, 1).contains("ended already"), "{}", message(&zellij, 1));
}

#[test]
fn yes_twice_ends_it_once() {
    let (mut zellij, ..) = found(1, true);
    zellij.slow("end", 2_000);
    zellij.press(1, "iy");
    zellij.show_panel(1, true);
    zellij.press(1, "iy");
    zellij.pass(8_000);
    assert_eq!((zellij.hosts_named("end"), zellij.opened()), (1, 1));
}
