//! Finding a conversation again on the panel: key `r`.

use zellij_carrel::manager::event::{Event, Key};
use zellij_carrel::manager::ids::{DeskId, SessionId};
use zellij_carrel::manager::panel::{Lies, Listing, PickerScene, Row, Scene};

use crate::disk::{say, Place};
use crate::world::{uuid_text, Did, World};

/// Five conversations, three of them of /code/a; the later its number, the newer it is.
fn with_conversations() -> World {
    let mut zellij = World::new().clients(2).ready();
    for (number, cwd) in [(1, "/code/a"), (2, "/code/a"), (3, "/code/b"), (4, "/code"), (5, "/code/a")] {
        zellij.disk.conversations.insert(uuid_text(number), (cwd.into(), Place::Shared));
    }
    zellij
}

/// The picker of a client whose panel is shown, opened by its key.
fn opened(zellij: &mut World, client: u16) -> PickerScene {
    zellij.show_panel(client, true);
    zellij.press(client, "r");
    zellij.pass(20);
    picker(zellij, client)
}

#[track_caller]
fn picker(zellij: &World, client: u16) -> PickerScene {
    match zellij.scene(client) {
        Scene::Picker(scene) => scene,
        other => panic!("no picker: {other:?}"),
    }
}

fn rows(scene: &PickerScene) -> Vec<String> {
    match &scene.listing {
        Listing::Found(rows, _) => rows.iter().map(|row| row.session.to_string()).collect(),
        other => panic!("no rows: {other:?}"),
    }
}

fn selected(zellij: &World) -> Option<String> {
    picker(zellij, 1).selected.map(|session| session.to_string())
}

fn desk_in_a(zellij: &mut World) -> DeskId {
    let answer = zellij.ask("new", &[("cwd", "/code/a")]);
    zellij.pass(12_000);
    crate::world::desk_in(&answer)
}

#[test]
fn it_lists_the_conversations_of_the_directory_of_the_desk_under_the_cursor_newest_first() {
    let mut zellij = with_conversations();
    let desk = desk_in_a(&mut zellij);
    let session = zellij.pane_of(desk).unwrap().session();
    let scene = opened(&mut zellij, 1);
    assert_eq!(scene.cwd.as_deref(), Some("/code/a"));
    assert_eq!(rows(&scene), [session.clone(), uuid_text(5), uuid_text(2), uuid_text(1)]);
    assert_eq!(scene.selected.map(|session| session.to_string()), Some(session));
    let Listing::Found(found, 4) = scene.listing else { panic!("four in all") };
    assert_eq!(found[1].title, format!("prompt of {}", uuid_text(5)));
    assert_eq!((found[1].modified_ms, found[1].bytes), (1_795_423_554_000, Some(4_096)));
    let terminal = zellij.terminal_of(desk);
    let lies: Vec<Lies> = found.iter().map(|row| row.lies).collect();
    assert!(matches!(lies[0], Lies::AtPane(at) if at.0 == terminal), "{lies:?}");
    assert_eq!(lies[1..], [Lies::Shared; 3]);
}

#[test]
fn without_a_desk_it_is_the_directory_of_the_pane_beside_which_the_panel_stands() {
    let mut zellij = with_conversations();
    zellij.plain_pane("bash");
    zellij.panes.last_mut().unwrap().cwd = "/code/b".into();
    zellij.pass(1_100);
    let scene = opened(&mut zellij, 1);
    assert_eq!((scene.cwd.as_deref(), rows(&scene)), (Some("/code/b"), vec![uuid_text(3)]));
    zellij.press_key(1, Key::Esc);
    // And where there is none at all, that of the session.
    zellij.panes.clear();
    zellij.pass(1_100);
    assert_eq!(opened(&mut zellij, 1).cwd.as_deref(), Some("/code"));
}

#[test]
fn enter_goes_on_with_the_conversation_in_a_desk_of_its_own() {
    let mut zellij = with_conversations();
    zellij.plain_pane("bash");
    zellij.panes.last_mut().unwrap().cwd = "/code/a".into();
    zellij.pass(1_100);
    opened(&mut zellij, 1);
    zellij.press_key(1, Key::Down);
    assert_eq!(selected(&zellij), Some(uuid_text(2)));
    zellij.press_key(1, Key::Enter);
    zellij.pass(3_000);
    assert_eq!(zellij.opened(), 1);
    let pane = zellij.panes.last().unwrap();
    assert_eq!((pane.session(), pane.cwd.as_str()), (uuid_text(2), "/code/a"));
    assert!(pane.argv.contains(&"--resume".to_string()), "{:?}", pane.argv);
    assert_eq!(zellij.count(|did| *did == Did::PanelHidden), 1, "the panel is out of the way");
    assert!(matches!(zellij.scene(1), Scene::Desks(_)));
}

#[test]
fn enter_on_one_that_is_open_in_another_pane_goes_to_that_pane() {
    let mut zellij = with_conversations();
    let desk = desk_in_a(&mut zellij);
    let terminal = zellij.terminal_of(desk);
    zellij.plain_pane("bash");
    opened(&mut zellij, 1);
    zellij.press_key(1, Key::Enter);
    zellij.pass(3_000);
    assert_eq!(zellij.count(|did| *did == Did::Focused(terminal)), 1);
    assert_eq!(zellij.opened(), 1, "nothing is opened twice");
}

#[test]
fn one_that_lies_at_a_desk_of_another_session_is_left_there_and_the_user_is_told() {
    let mut zellij = with_conversations();
    let desk = zellij.old_desk(77);
    opened(&mut zellij, 1);
    assert_eq!(selected(&zellij), Some(uuid_text(77)));
    zellij.press_key(1, Key::Enter);
    zellij.pass(3_000);
    let message = picker(&zellij, 1).message.expect("a reason");
    assert!(message.contains(&desk.to_string()), "{message}");
    assert_eq!(zellij.opened(), 0);
    zellij.press_key(1, Key::Down);
    assert_eq!(picker(&zellij, 1).message, None, "the next key takes it away");
}

#[test]
fn a_conversation_that_cannot_be_resumed_is_told_on_the_panel() {
    let mut zellij = with_conversations();
    zellij.disk.in_use.insert(uuid_text(4));
    opened(&mut zellij, 1);
    zellij.press_key(1, Key::Enter);
    zellij.pass(3_000);
    assert_eq!(zellij.opened(), 0);
    let Scene::Desks(scene) = zellij.scene(1) else { panic!("the desks") };
    assert!(scene.message.is_some_and(|why| why.contains("open in another Claude")));
    assert!(zellij.manager(1).is_shown());
}

#[test]
fn typing_filters_by_words_and_backspace_takes_a_letter_back() {
    let mut zellij = with_conversations();
    let line = |id: u128, title: &str| {
        let text = serde_json::json!({"type": "custom-title", "customTitle": title}).to_string();
        say(&["session", &uuid_text(id), "0", "1", "", &text])
    };
    let answer = [line(1, "Mend the Door"), line(2, "paint the door"), line(3, "the roof"), "end\n".into()].concat();
    zellij.says("sessions", &answer);
    opened(&mut zellij, 1);
    zellij.press(1, "door m");
    assert_eq!(rows(&picker(&zellij, 1)), [uuid_text(1)]);
    zellij.press_key(1, Key::Backspace);
    zellij.press_key(1, Key::Backspace);
    assert_eq!(rows(&picker(&zellij, 1)), [uuid_text(1), uuid_text(2)]);
    zellij.press_key(1, Key::End);
    assert_eq!(selected(&zellij), Some(uuid_text(2)));
    zellij.press(1, " mend");
    assert_eq!(selected(&zellij), Some(uuid_text(1)), "the cursor stands on what is shown");
    zellij.press(1, " zebra");
    assert_eq!((rows(&picker(&zellij, 1)), selected(&zellij)), (vec![], None));
    zellij.press_key(1, Key::Enter);
    zellij.pass(1_000);
    assert_eq!(zellij.opened(), 0);
    assert_eq!(picker(&zellij, 1).filter, "door mend zebra");
}

#[test]
fn keys_wheel_and_clicks_move_the_cursor_and_esc_goes_back() {
    let mut zellij = World::new().ready();
    for number in 1..=30 {
        zellij.disk.conversations.insert(uuid_text(number), ("/code".into(), Place::Shared));
    }
    opened(&mut zellij, 1);
    let mut check = |key: Key, expected: u128| {
        zellij.press_key(1, key);
        assert_eq!(selected(&zellij), Some(uuid_text(expected)), "{key:?}");
    };
    for (key, expected) in [
        (Key::Up, 30),
        (Key::Down, 29),
        (Key::PageDown, 19),
        (Key::PageUp, 29),
        (Key::End, 1),
        (Key::Down, 1),
        (Key::Home, 30),
        (Key::Other, 30),
    ] {
        check(key, expected);
    }
    zellij.happens(1, Event::Scrolled(3));
    assert_eq!(selected(&zellij), Some(uuid_text(27)));
    let clicked: SessionId = uuid_text(20).parse().unwrap();
    zellij.happens(1, Event::RowClicked(Row::Conversation(clicked)));
    assert_eq!(selected(&zellij), Some(uuid_text(20)));
    zellij.press_key(1, Key::Esc);
    assert!(matches!(zellij.scene(1), Scene::Desks(_)));
    assert!(zellij.manager(1).is_shown(), "the panel stays");
}

#[test]
fn while_the_host_looks_it_says_so_and_a_failure_is_told() {
    let mut zellij = with_conversations();
    zellij.slow("sessions", 500);
    assert_eq!(opened(&mut zellij, 1).listing, Listing::Looking);
    zellij.pass(1_000);
    assert!(matches!(picker(&zellij, 1).listing, Listing::Found(..)));
    zellij.press_key(1, Key::Esc);
    zellij.slow("sessions", 8);
    zellij.says("sessions", &say(&["none", "cwd \"/code\" is not a directory"]));
    assert_eq!(opened(&mut zellij, 1).listing, Listing::Failed("cwd \"/code\" is not a directory".into()));
    zellij.press_key(1, Key::Esc);
    zellij.lose("sessions", 1);
    opened(&mut zellij, 1);
    zellij.pass(20_000);
    let Listing::Failed(why) = picker(&zellij, 1).listing else { panic!("a failure") };
    assert!(why.contains("did not answer"), "{why}");
}

#[test]
fn an_answer_that_comes_after_the_picker_was_closed_or_opened_anew_changes_nothing() {
    let mut zellij = with_conversations();
    zellij.slow("sessions", 500);
    opened(&mut zellij, 1);
    zellij.press_key(1, Key::Esc);
    zellij.pass(1_000);
    assert!(matches!(zellij.scene(1), Scene::Desks(_)));
    // Of two looks the later one counts, whichever answers first.
    zellij.says("sessions", &say(&["none", "too late"]));
    opened(&mut zellij, 1);
    zellij.press_key(1, Key::Esc);
    zellij.slow("sessions", 8);
    opened(&mut zellij, 1);
    zellij.pass(2_000);
    assert_eq!(rows(&picker(&zellij, 1)), [uuid_text(4)]);
}

#[test]
fn a_hidden_panel_forgets_what_was_looked_for() {
    let mut zellij = with_conversations();
    opened(&mut zellij, 1);
    zellij.ask("panel", &[]);
    zellij.pass(100);
    assert!(matches!(zellij.scene(1), Scene::Desks(_)));
}

#[test]
fn titles_are_told_to_nobody_but_the_instance_whose_panel_was_used() {
    let mut zellij = with_conversations();
    for client in [1, 2] {
        let scene = opened(&mut zellij, client);
        let Listing::Found(found, _) = scene.listing else { panic!("rows") };
        assert!(found[0].title.starts_with("prompt of"));
        let other = 3 - client;
        assert!(matches!(zellij.scene(other), Scene::Desks(_)), "the other client's panel is its own");
        zellij.pass(2_500);
        let published = zellij.cache.snapshot(1).unwrap_or_default();
        assert!(!published.contains("prompt of"), "{published}");
        let logged = zellij.count(|did| matches!(did, Did::Logged(line) if line.contains("prompt of")));
        assert_eq!(logged, 0);
        zellij.press_key(client, Key::Esc);
    }
    assert!(!zellij.ask("status", &[]).to_string().contains("prompt of"));
}
