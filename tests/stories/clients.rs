//! Several clients: each has a clone of the plugin, every clone hears everything, one acts.

use std::collections::BTreeMap;

use zellij_carrel::manager::board::{Health, State};
use zellij_carrel::manager::event::{Event, Key, Message, Sender};
use zellij_carrel::manager::panel::Scene;

use crate::world::{desk_in, Did, Grant, World};

#[test]
fn both_panels_show_the_same_board() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.open();
    zellij.claude_becomes(desk, "waiting", Some("permission prompt"));
    zellij.pass(2_500);
    let boards = [zellij.board(1), zellij.board(2)];
    assert_eq!(boards[0], boards[1]);
    assert_eq!(boards[0].desks[0].state, State::Waiting);
    assert_eq!(boards[0].desks[0].waiting_for.as_deref(), Some("permission prompt"));
    zellij.disk.full = Some("the disk is full".into());
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(5_000);
    assert_eq!(zellij.board(1), zellij.board(2));
    assert_eq!(zellij.board(2).leaving.len(), 1);
}

#[test]
fn a_client_that_attaches_later_sees_the_board_and_changes_nothing() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.attach(2);
    zellij.pass(3_000);
    assert_eq!(zellij.actor(), Some(1));
    assert_eq!(zellij.board(2), zellij.board(1));
    assert_eq!(zellij.board(2).desks[0].pane, desk);
}

#[test]
fn n_in_the_followers_panel_opens_one_pane() {
    let mut zellij = World::new().clients(2).ready();
    zellij.show_panel(2, true);
    zellij.press(2, "n");
    zellij.pass(5_000);
    assert_eq!((zellij.opened(), zellij.panes.len()), (1, 1));
    assert_eq!(zellij.panes[0].title, "claude");
    assert_eq!(zellij.board(1).desks.len(), 1);
    assert_eq!(zellij.board(2).desks.len(), 1);
}

#[test]
fn x_and_y_in_the_followers_panel_close_the_pane_and_its_desk_is_cleaned() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.show_panel(2, true);
    zellij.press(2, "x");
    assert_eq!(zellij.panes.len(), 1, "not before the answer");
    zellij.press(2, "y");
    zellij.pass(10_000);
    assert!(zellij.panes.is_empty() && !zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.count(|did| matches!(did, Did::Closed(_))), 1);
}

#[test]
fn any_other_key_than_y_closes_nothing() {
    let mut zellij = World::new().ready();
    zellij.open();
    for key in ["n", "Y", "x", "q"] {
        zellij.press(1, "x");
        zellij.press(1, key);
    }
    zellij.pass(2_000);
    assert_eq!((zellij.panes.len(), zellij.opened()), (1, 1));
}

#[test]
fn the_selection_follows_the_order_of_the_panel_and_enter_goes_there() {
    let mut zellij = World::new().clients(2).ready();
    let first = zellij.open();
    let second = zellij.open();
    zellij.claude_becomes(second, "waiting", None);
    zellij.pass(3_000);
    // What waits stands first.
    for (keys, expected) in [("", second), ("j", first), ("jjj", first), ("k", second), ("kk", second)] {
        zellij.press_key(2, Key::Home);
        zellij.press(2, if keys == "k" { "jk" } else { keys });
        zellij.press_key(2, Key::Enter);
        let focused = zellij.panes.iter().find(|pane| pane.focused).unwrap().desk;
        assert_eq!(focused, Some(expected), "{keys}");
    }
    assert_eq!(zellij.count(|did| matches!(did, Did::Focused(_))), 5, "a key acts in one clone only");
}

#[test]
fn a_selected_pane_that_is_gone_is_neither_focused_nor_closed() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let other = zellij.open();
    zellij.press_key(1, Key::Home);
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(3_000);
    zellij.press(1, "xy");
    zellij.press_key(1, Key::Enter);
    zellij.pass(1_000);
    assert!(zellij.pane_of(other).is_some());
}

#[test]
fn the_pipe_panel_shows_one_panel_and_next_goes_to_who_waits() {
    let mut zellij = World::new().clients(3).ready();
    let desk = zellij.open();
    zellij.open();
    zellij.ask("panel", &[]);
    zellij.pass(100);
    assert_eq!(zellij.count(|did| *did == Did::PanelShown), 1);
    zellij.ask("panel", &[]);
    assert_eq!(zellij.count(|did| *did == Did::PanelHidden), 1);
    assert!(zellij.ask("next", &[])["terminal"].is_null());
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(2_000);
    assert_eq!(zellij.ask("next", &[])["terminal"], zellij.terminal_of(desk));
    assert_eq!(zellij.count(|did| matches!(did, Did::Focused(_))), 1);
}

#[test]
fn an_error_of_a_key_binding_is_read_on_the_panel() {
    let mut zellij = World::new().clients(2).ready();
    zellij.bind("new", Some(r#"{"cwd":"/nowhere"}"#));
    zellij.pass(1_000);
    assert_eq!(zellij.count(|did| *did == Did::PanelShown), 1);
    let actor = zellij.actor().unwrap();
    let Scene::Desks(scene) = zellij.scene(actor) else { panic!("the everyday scene") };
    assert!(scene.message.unwrap().contains("/nowhere"));
}

// ---- the actor -------------------------------------------------------------------------------------------------------

#[test]
fn an_actor_that_crashes_is_replaced_within_four_seconds() {
    let mut zellij = World::new().clients(3).ready();
    let desk = zellij.open();
    zellij.crash(1);
    zellij.pass(4_000);
    assert_ne!(zellij.actor(), Some(1));
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(1_000);
    desk_in(&zellij.answer(call));
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_caller_whom_the_crashed_actor_held_is_answered_by_the_next_one() {
    for (name, slow) in [("check", "scan"), ("gc", "owners"), ("sessions", "sessions"), ("new", "is-dir")] {
        let mut zellij = World::new().clients(3).ready();
        let answered = zellij.send("status", &[]);
        zellij.slow(slow, 60_000);
        let args: &[(&str, &str)] = if name == "new" { &[("cwd", "/code")] } else { &[] };
        let call = zellij.send(name, args);
        zellij.pass(50);
        assert!(zellij.call(call).lines.is_empty(), "{name} is held");
        zellij.crash(1);
        zellij.pass(4_500);
        assert!(zellij.answer(call)["error"].as_str().is_some_and(|why| why.contains("has fallen silent")), "{name}");
        assert_eq!(zellij.call(answered).lines.len(), 1);
        zellij.pass(60_000);
        assert_eq!(zellij.call(call).unblocks, 1, "{name}");
    }
}

#[test]
fn a_closing_that_the_crashed_actor_had_begun_is_carried_on() {
    for after in [0, 2, 500, 1_100] {
        let mut zellij = World::new().clients(2).ready();
        let desk = zellij.open();
        zellij.close(zellij.terminal_of(desk));
        zellij.pass(after);
        zellij.crash(1);
        zellij.pass(20_000);
        assert!(!zellij.disk.desks.contains_key(&desk), "crashed after {after} ms");
        assert!(!zellij.is_marked(desk), "crashed after {after} ms");
    }
}

#[test]
fn a_pane_that_closes_while_nobody_acts_is_cleaned_by_the_next_actor() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.crash(1);
    zellij.pass(500);
    zellij.vanish(zellij.terminal_of(desk));
    zellij.pass(20_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
}

#[test]
fn a_pane_whose_claude_ends_while_nobody_acts_is_closed_by_the_next_actor() {
    let mut zellij = World::new().clients(2).option("close_on_exit", "true").ready();
    let desk = zellij.open();
    zellij.crash(1);
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(20_000);
    assert!(zellij.panes.is_empty());
}

#[test]
fn a_pane_that_appears_while_nobody_acts_loses_zellijs_name_later() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.crash(1);
    let terminal = zellij.terminal_of(desk);
    let argv = zellij.panes[0].argv.join(" ");
    zellij.panes[0].title = argv;
    zellij.pass(10_000);
    assert_eq!(zellij.panes.iter().find(|pane| pane.terminal == terminal).unwrap().title, "claude");
}

#[test]
fn a_mark_of_a_pane_that_came_back_while_nobody_acted_is_taken_off() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.crash(1);
    zellij.cache.marks.insert(desk.to_string());
    zellij.pass(20_000);
    assert!(!zellij.is_marked(desk));
}

#[test]
fn an_actor_that_is_reloaded_acts_again_and_knows_everything() {
    let mut zellij = World::new().clients(2).ready();
    let desks = [zellij.open(), zellij.open()];
    zellij.reload(1);
    zellij.pass(6_000);
    let board = zellij.board(1);
    assert_eq!(board.desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), desks);
    assert_eq!(board.desks[0].health, Health::Isolated);
    assert_eq!(board, zellij.board(2));
    zellij.close(zellij.terminal_of(desks[0]));
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desks[0]));
}

#[test]
fn a_clone_that_never_gets_its_permission_never_acts_for_the_others() {
    let mut zellij = World::new().clients(1).permissions(Grant::Asked).started();
    zellij.pass(5_000);
    zellij = zellij.permissions(Grant::Cached);
    zellij.attach(2);
    zellij.pass(4_000);
    assert_eq!(zellij.actor(), Some(2));
    let call = zellij.send("new", &[]);
    zellij.pass(1_000);
    assert_eq!(zellij.call(call).lines.len(), 1);
    assert_eq!(zellij.opened(), 1);
    // The first client answers at last, and gets what was held back for it.
    zellij.answer_permission(1, true);
    zellij.pass(3_000);
    assert_eq!(zellij.opened(), 1);
}

fn key_message(name: &str) -> Message {
    Message { sender: Sender::Key, private: true, name: name.into(), payload: None, args: BTreeMap::new() }
}

#[test]
fn two_clones_that_claim_in_the_same_moment_do_not_both_act() {
    let mut zellij = World::new().clients(3).ready();
    zellij.crash(1);
    zellij.freeze(2, 4_000);
    zellij.freeze(3, 4_000);
    zellij.pass(3_900);
    zellij.at_once(&[2, 3], &Event::TimeCame);
    assert_ne!(zellij.actor(), Some(1));
    // What waited for them while they slept is left to whoever acted then; this comes after.
    zellij.pass(600);
    let message = key_message("new");
    zellij.at_once(&[2, 3], &Event::MessageCame(message));
    zellij.pass(3_000);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn an_actor_that_wakes_while_another_takes_its_place_does_not_act_beside_it() {
    let mut zellij = World::new().clients(2).ready();
    zellij.freeze(1, 4_000);
    zellij.freeze(2, 4_000);
    zellij.pass(3_900);
    let message = key_message("new");
    // The one is still the holder of a stale lease, the other claims it in the same moment.
    zellij.at_once(&[1, 2], &Event::MessageCame(message.clone()));
    zellij.at_once(&[1, 2], &Event::MessageCame(message));
    zellij.pass(5_000);
    assert!(zellij.opened() <= 2, "{} panes of two messages", zellij.opened());
    assert_eq!(zellij.board(1), zellij.board(2));
}

#[test]
fn an_actor_that_slept_for_a_minute_does_not_act_beside_its_successor() {
    let mut zellij = World::new().clients(2).ready();
    zellij.freeze(1, 60_000);
    zellij.pass(10_000);
    assert_eq!(zellij.actor(), Some(2));
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(70_000);
    assert_eq!(zellij.call(call).lines.len(), 1);
    assert_eq!(zellij.opened(), 1);
    assert_eq!(zellij.actor(), Some(2));
}

#[test]
fn a_clone_that_slept_does_not_do_again_what_an_actor_did_before_it_died() {
    let mut zellij = World::new().clients(2).ready();
    assert_eq!(zellij.actor(), Some(1));
    zellij.freeze(2, 8_000);
    // What it hears first makes it claim the lease; what it hears next was carried out long ago.
    zellij.pass(1_500);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(1_000);
    assert_eq!(zellij.opened(), 1);
    zellij.crash(1);
    zellij.pass(20_000);
    assert_eq!(zellij.opened(), 1);
    assert_eq!(zellij.call(call).lines.len(), 1);
}

#[test]
fn an_actor_that_comes_back_shows_its_board_to_the_others_again() {
    let mut zellij = World::new().clients(3).ready();
    let desk = zellij.open();
    zellij.freeze(1, 5_500);
    zellij.slow("scan", 60_000);
    zellij.pass(5_000);
    let between = zellij.actor().unwrap();
    assert_ne!(between, 1);
    zellij.crash(between);
    let third = if between == 2 { 3 } else { 2 };
    zellij.freeze(third, 4_000);
    zellij.pass(8_000);
    assert_eq!(zellij.actor(), Some(1));
    assert_eq!(zellij.board(1).desks[0].pane, desk);
    assert_eq!(zellij.board(third), zellij.board(1));
}

#[test]
fn an_actor_that_comes_back_after_a_while_does_not_tell_what_it_saw_before() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.pass(5_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Isolated);
    zellij.freeze(1, 5_000);
    zellij.pass(30_000);
    assert_eq!(zellij.actor(), Some(2));
    // Whatever has happened meanwhile: nobody can look any more.
    zellij.slow("scan", 60_000);
    zellij.crash(2);
    zellij.pass(8_000);
    assert_eq!(zellij.actor(), Some(1));
    assert_eq!(zellij.board(1).desks[0].pane, desk);
    assert_eq!(zellij.board(1).desks[0].health, Health::Unknown, "green of half a minute ago");
    zellij.mend();
    zellij.pass(70_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Isolated);
}

#[test]
fn a_clock_that_jumps_leaves_one_actor() {
    let mut zellij = World::new().clients(2).ready();
    zellij.open();
    zellij.set_clock_back(3_600_000);
    zellij.pass(10_000);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(2_000);
    zellij.answer(call);
    assert_eq!(zellij.panes.len(), 2);
}

#[test]
fn a_health_panel_in_a_layout_shows_the_board_and_never_acts_for_others() {
    let mut zellij = World::new().ready();
    zellij.layout_pane(9, &[("role", "panel")]);
    let desk = zellij.open();
    zellij.pass(2_000);
    assert_eq!(zellij.manager_of(9).board(), zellij.board(1));
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(10_000);
    assert_eq!((zellij.opened(), zellij.cleans_of(desk)), (1, 2));
}

#[test]
fn what_zellij_hands_over_twice_while_a_clone_is_loading_is_done_and_answered_once() {
    for (boots, silent) in [(0, false), (500, false), (0, true)] {
        let mut zellij = World::new().clients(2).where_(|zellij| zellij.slow("boot", boots)).started();
        zellij.silent = silent;
        zellij.copies = 2;
        zellij.pass(50);
        let call = zellij.send("new", &[]);
        zellij.pass(3_000);
        zellij.answer(call);
        assert_eq!(zellij.opened(), 1);
        zellij.bind("new", None);
        zellij.pass(3_000);
        assert_eq!(zellij.opened(), 2);
        zellij.bind("panel", None);
        zellij.pass(500);
        let shown = zellij.count(|did| matches!(did, Did::PanelShown | Did::PanelHidden));
        assert_eq!(shown, 1, "shown, and not hidden again by the copy");
    }
}
