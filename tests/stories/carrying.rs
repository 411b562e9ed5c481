//! What the user changed inside a desk: it is shown, carried back by a key, and waits for that when the pane is closed.

use serde_json::{json, Value};
use zellij_carrel::manager::board::Changed;
use zellij_carrel::manager::event::Key;
use zellij_carrel::manager::ids::DeskId;
use zellij_carrel::manager::panel::{Question, Scene};

use crate::world::{Did, World};

const FILE: &[u8] =
    br#"{"hasCompletedOnboarding":true,"numStartups":3,"mcpServers":{"old":{"command":"o"}},"history":[1, 2]}"#;

/// A Zellij with a desk; the user has a file with one server.
fn with_desk() -> (World, DeskId) {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(FILE)).ready();
    let desk = zellij.open();
    (zellij, desk)
}

fn add_server(zellij: &mut World, desk: DeskId) {
    zellij.changes(desk, |json| json["mcpServers"]["new"] = json!({"command": "SECRET"}));
    zellij.pass(7_000);
}

fn changed(zellij: &World, desk: DeskId) -> Changed {
    let board = zellij.board(1);
    board.desks.into_iter().find(|row| row.pane == desk).expect("the desk").changed
}

fn users_file(zellij: &World) -> Value {
    serde_json::from_slice(zellij.disk.file.as_ref().expect("a file")).expect("JSON")
}

fn message(zellij: &World, client: u16) -> String {
    let Scene::Desks(scene) = zellij.scene(client) else { panic!("the desks") };
    scene.message.unwrap_or_default()
}

fn asking(zellij: &World) -> Option<Question> {
    let Scene::Desks(scene) = zellij.scene(1) else { panic!("the desks") };
    scene.asking
}

/// Looks that were begun so far.
fn looks(zellij: &World) -> usize {
    zellij.hosts_named("changes-out")
}

#[test]
fn what_was_added_inside_a_desk_is_shown_and_carried_back_by_one_key() {
    let (mut zellij, desk) = with_desk();
    add_server(&mut zellij, desk);
    assert_eq!(changed(&zellij, desk).told, ["MCP server `new` added"]);
    zellij.show_panel(1, true);
    zellij.press(1, "c");
    zellij.pass(1_000);
    let file = String::from_utf8(zellij.disk.file.clone().unwrap()).unwrap();
    assert_eq!(
        file,
        r#"{"hasCompletedOnboarding":true,"numStartups":3,"mcpServers":{"old":{"command":"o"},"new":{"command":"SECRET"}},"history":[1, 2]}"#
    );
    assert!(message(&zellij, 1).starts_with("Carried back: MCP server `new` added."), "{}", message(&zellij, 1));
    zellij.pass(12_000);
    assert_eq!(changed(&zellij, desk).count, 0, "it is no change any more");
    assert!(zellij.cache.files.is_empty(), "no copy stays behind");
    // New desks have it.
    let other = zellij.open();
    assert!(zellij.disk.desks[&other].given.as_ref().unwrap().contains("\"new\""));
    // And a second press has nothing to do.
    let before = looks(&zellij);
    zellij.press(1, "c");
    zellij.pass(1_000);
    assert_eq!(looks(&zellij), before);
}

#[test]
fn a_normal_session_reports_nothing_and_is_not_looked_at_all_the_time() {
    let (mut zellij, desk) = with_desk();
    let before = looks(&zellij);
    for number in 1..=60 {
        zellij.changes(desk, |json| json["numStartups"] = json!(number));
        zellij.pass(1_000);
    }
    let looked = looks(&zellij) - before;
    assert!((2..=13).contains(&looked), "{looked} looks in a minute of work");
    assert_eq!(changed(&zellij, desk), Changed { stamp: changed(&zellij, desk).stamp, ..Changed::default() });
    zellij.pass(20_000);
    let before = zellij.hosts;
    zellij.pass(600_000);
    assert_eq!(zellij.hosts, before, "nothing happens, nothing is started");
}

#[test]
fn a_change_that_comes_while_it_is_looked_and_that_nothing_rings_for_leads_to_no_endless_looking() {
    let (mut zellij, desk) = with_desk();
    zellij.attach(2);
    zellij.pass(2_000);
    for (round, shown) in [None, Some(3 - zellij.actor().unwrap())].into_iter().enumerate() {
        zellij.slow("changes-out", 3_000);
        zellij.changes(desk, |json| json["mcpServers"]["new"] = json!({"n": 2 * round}));
        let before = looks(&zellij);
        let began = (0..1_000).any(|_| {
            zellij.pass(10);
            looks(&zellij) > before
        });
        assert!(began, "nobody looks");
        // After the scans that the bell led to.
        zellij.pass(2_000);
        zellij.rings = false;
        zellij.changes(desk, |json| json["mcpServers"]["new"] = json!({"n": 2 * round + 1}));
        zellij.rings = true;
        zellij.pass(60_000);
        shown.into_iter().for_each(|client| zellij.show_panel(client, true));
        zellij.pass(60_000);
        let before = looks(&zellij);
        zellij.pass(600_000);
        assert_eq!(looks(&zellij), before, "shown to {shown:?}");
    }
}

#[test]
fn names_and_values_are_neither_published_nor_logged_nor_told_by_a_pipe() {
    let (mut zellij, desk) = with_desk();
    zellij.attach(2);
    zellij.changes(desk, |json| json["mcpServers"]["Xanadu"] = json!({"command": "SECRET"}));
    zellij.pass(7_000);
    assert_eq!(changed(&zellij, desk).count, 1);
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert_eq!(zellij.board(1).left.len(), 1);
    let status = zellij.ask("status", &[]).to_string();
    assert!(status.contains("c carries it back"), "{status}");
    let published = zellij.cache.snapshot(1).unwrap();
    let hosts = zellij.journal.iter().filter(|entry| matches!(entry.did, Did::Host(_) | Did::Logged(_)));
    let hosts: String = hosts.map(|entry| format!("{:?}", entry.did)).collect();
    for text in [status, published, hosts] {
        assert!(!text.contains("Xanadu") && !text.contains("SECRET"), "{text}");
    }
    assert!(!format!("{:?}", zellij.manager(1)).contains("SECRET"));
}

#[test]
fn what_a_closed_pane_left_waits_for_a_key_and_survives_everything() {
    let (mut zellij, desk) = with_desk();
    add_server(&mut zellij, desk);
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert!(!zellij.disk.desks.contains_key(&desk), "the desk is gone");
    let left = zellij.board(1).left;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].pane, left[0].changed.told.as_slice()), (desk, &["MCP server `new` added".to_string()][..]));
    // Only what is to be carried back is kept of the desk's file.
    let kept = zellij.disk.left.values().next().unwrap();
    assert!(kept.sifted && !kept.json.contains("numStartups") && kept.json.contains("SECRET"), "{kept:?}");
    // The session ends, another one begins: it is still there.
    zellij.die();
    zellij.forget_saved();
    zellij.begin_again();
    zellij.pass(5_000);
    assert_eq!(zellij.board(1).left.len(), 1);
    zellij.show_panel(1, true);
    zellij.press(1, "c");
    zellij.pass(1_000);
    assert_eq!(users_file(&zellij)["mcpServers"]["new"], json!({"command": "SECRET"}));
    assert!(zellij.disk.left.is_empty());
    zellij.pass(2_000);
    assert_eq!(zellij.board(1).left, []);
    assert!(message(&zellij, 1).starts_with("Carried back"));
}

#[test]
fn a_closed_pane_at_which_only_claude_wrote_leaves_nothing() {
    let (mut zellij, desk) = with_desk();
    zellij.changes(desk, |json| json["numStartups"] = json!(4));
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert!(zellij.disk.left.is_empty() && zellij.board(1).left.is_empty());
    assert_eq!(zellij.ask("status", &[])["problems"], json!([]));
    assert!(zellij.cache.files.is_empty());
}

#[test]
fn what_the_users_own_file_has_already_is_not_asked_for() {
    let (mut zellij, desk) = with_desk();
    add_server(&mut zellij, desk);
    zellij.disk.write_file(br#"{"mcpServers":{"old":{"command":"o"},"new":{"command":"SECRET"}}}"#);
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert!(zellij.disk.left.is_empty() && zellij.board(1).left.is_empty());
}

#[test]
fn what_was_removed_inside_a_desk_is_carried_back_as_a_removal() {
    let (mut zellij, desk) = with_desk();
    zellij.changes(desk, |json| drop(json["mcpServers"].as_object_mut().unwrap().remove("old")));
    zellij.pass(7_000);
    assert_eq!(changed(&zellij, desk).told, ["MCP server `old` removed"]);
    zellij.show_panel(1, true);
    zellij.press(1, "c");
    zellij.pass(1_000);
    assert_eq!(users_file(&zellij)["mcpServers"], json!({}));
}

#[test]
fn an_entry_that_clashes_is_named_left_alone_and_the_rest_is_carried() {
    let (mut zellij, desk) = with_desk();
    zellij.changes(desk, |json| {
        json["mcpServers"]["old"] = json!({"command": "mine"});
        json["projects"]["/code"] = json!({"hasTrustDialogAccepted": true});
    });
    zellij.pass(7_000);
    zellij.disk.write_file(br#"{"mcpServers":{"old":{"command":"theirs"}}}"#);
    zellij.show_panel(1, true);
    zellij.press(1, "c");
    zellij.pass(1_000);
    let file = String::from_utf8(zellij.disk.file.clone().unwrap()).unwrap();
    assert_eq!(
        file,
        r#"{"mcpServers":{"old":{"command":"theirs"}},"projects":{"/code":{"hasTrustDialogAccepted":true}}}"#
    );
    let told = message(&zellij, 1);
    assert!(told.contains("Carried back: /code trusted."), "{told}");
    assert!(told.contains("Not touched") && told.contains("MCP server `old` changed"), "{told}");
    zellij.pass(12_000);
    assert_eq!(changed(&zellij, desk).told, ["MCP server `old` changed"], "the one still waits");
    // Closed, it waits on, and goes when the user says so.
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert_eq!(zellij.board(1).left[0].changed.told, ["MCP server `old` changed"]);
    zellij.press(1, "c");
    zellij.pass(1_000);
    assert_eq!(zellij.disk.left.len(), 1, "still");
    zellij.press(1, "dy");
    zellij.pass(3_000);
    assert!(zellij.disk.left.is_empty() && zellij.board(1).left.is_empty());
    assert_eq!(String::from_utf8(zellij.disk.file.clone().unwrap()).unwrap(), file);
}

#[test]
fn d_forgets_what_was_changed_after_a_question() {
    let (mut zellij, desk) = with_desk();
    add_server(&mut zellij, desk);
    zellij.show_panel(1, true);
    zellij.press(1, "d");
    assert_eq!(asking(&zellij), Some(Question::Forget(Some(desk))));
    zellij.press(1, "n");
    zellij.pass(1_000);
    assert_eq!((asking(&zellij), changed(&zellij, desk).count), (None, 1), "any other key is a no");
    zellij.press(1, "dy");
    zellij.pass(12_000);
    assert_eq!(changed(&zellij, desk).count, 0);
    assert_eq!(zellij.disk.file.as_deref(), Some(FILE), "nothing is written");
    assert!(zellij.disk.desks[&desk].json.as_ref().unwrap().contains("SECRET"), "at the desk it stays");
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert!(zellij.disk.left.is_empty(), "and it is not asked for again");
    // Where there is nothing there is no question.
    zellij.press(1, "d");
    assert_eq!(asking(&zellij), None);
}

#[test]
fn the_keys_mean_the_desk_under_the_cursor_and_then_what_closed_panes_left() {
    let (mut zellij, first) = with_desk();
    let second = zellij.open();
    zellij.changes(first, |json| json["mcpServers"]["one"] = json!({}));
    zellij.changes(second, |json| json["mcpServers"]["two"] = json!({}));
    zellij.pass(12_000);
    let terminal = zellij.terminal_of(first);
    zellij.close(terminal);
    zellij.pass(12_000);
    zellij.show_panel(1, true);
    zellij.press_key(1, Key::Home);
    zellij.press(1, "c");
    zellij.pass(1_000);
    let servers =
        |zellij: &World| users_file(zellij)["mcpServers"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(servers(&zellij), ["old", "two"]);
    zellij.press(1, "c");
    zellij.pass(1_000);
    assert_eq!(servers(&zellij), ["old", "one", "two"]);
}

#[test]
fn a_file_that_others_write_at_the_same_time_is_read_again_until_it_holds_still() {
    let (mut zellij, desk) = with_desk();
    add_server(&mut zellij, desk);
    zellij.disk.others_write = 3;
    zellij.show_panel(1, true);
    zellij.press(1, "c");
    zellij.pass(2_000);
    assert!(users_file(&zellij)["mcpServers"]["new"].is_object());
    assert!(message(&zellij, 1).starts_with("Carried back"));
    // One that never does is told.
    zellij.changes(desk, |json| json["mcpServers"]["more"] = json!({}));
    zellij.pass(7_000);
    zellij.disk.others_write = u32::MAX;
    zellij.press(1, "c");
    zellij.pass(10_000);
    assert!(message(&zellij, 1).contains("changes all the time"), "{}", message(&zellij, 1));
    assert_eq!(changed(&zellij, desk).told, ["MCP server `more` added"]);
}

#[test]
fn whatever_stands_in_the_way_is_told_and_the_changes_stay() {
    type Fault = (&'static str, fn(&mut World));
    let faults: [Fault; 7] = [
        ("holds the lock", |zellij| zellij.disk.locked = Some("another program holds the lock".into())),
        ("there is no /home/ada/.claude.json", |zellij| zellij.disk.file = None),
        ("backups folder", |zellij| zellij.disk.write_file(b"{\"theme\":")),
        ("did not answer", |zellij| zellij.lose("changes-out", 1)),
        ("did not answer", |zellij| zellij.lose("changes-in", 1)),
        ("a full disk?", |zellij| zellij.says("changes-out", "changes\tfailed\tcannot copy (a full disk?)\n")),
        ("did not answer", |zellij| zellij.says("changes-in", "garbage\n")),
    ];
    for (told, fault) in faults {
        let (mut zellij, desk) = with_desk();
        add_server(&mut zellij, desk);
        zellij.show_panel(1, true);
        zellij.pass(2_000);
        fault(&mut zellij);
        zellij.press(1, "c");
        zellij.pass(70_000);
        assert!(message(&zellij, 1).contains(told), "{told}: {}", message(&zellij, 1));
        // Mended, the same key does it.
        zellij.disk.locked = None;
        if zellij.disk.file.as_deref() != Some(FILE)
            && !zellij.disk.file.as_ref().is_some_and(|file| file.ends_with(b"}"))
        {
            zellij.disk.write_file(FILE);
        }
        zellij.mend();
        zellij.pass(12_000);
        zellij.press(1, "c");
        zellij.pass(2_000);
        assert!(users_file(&zellij)["mcpServers"]["new"].is_object(), "{told}");
        assert_eq!(users_file(&zellij)["mcpServers"].as_object().unwrap().len(), 2, "nothing twice: {told}");
    }
}

#[test]
fn what_cannot_be_read_of_a_closed_desk_is_told_and_can_be_forgotten() {
    let (mut zellij, desk) = with_desk();
    zellij.disk.desks.get_mut(&desk).unwrap().json = Some("{\"mcpServers\":{\"x\":".into());
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    let left = zellij.board(1).left;
    assert!(left[0].changed.trouble.as_ref().unwrap().contains("cannot be told"), "{left:?}");
    assert_eq!(zellij.disk.left.len(), 1, "nothing is thrown away");
    let before = looks(&zellij);
    zellij.pass(60_000);
    assert_eq!(looks(&zellij), before, "it is not looked at again and again");
    zellij.show_panel(1, true);
    zellij.press(1, "dy");
    zellij.pass(3_000);
    assert!(zellij.disk.left.is_empty());
}

#[test]
fn without_cleanup_and_by_gc_nothing_is_lost_either() {
    let mut zellij =
        World::new().option("cleanup_on_close", "false").where_(|zellij| zellij.disk.write_file(FILE)).ready();
    let desk = zellij.open();
    add_server(&mut zellij, desk);
    let terminal = zellij.terminal_of(desk);
    zellij.close(terminal);
    zellij.pass(12_000);
    assert!(zellij.disk.desks.contains_key(&desk) && zellij.disk.left.is_empty());
    zellij.ask("gc", &[("dry_run", "false")]);
    zellij.pass(5_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.board(1).left.len(), 1);
}

#[test]
fn another_clients_panel_says_what_was_changed_and_carries_it_back_too() {
    let (mut zellij, desk) = with_desk();
    zellij.attach(2);
    add_server(&mut zellij, desk);
    zellij.pass(2_000);
    let acting = zellij.actor().unwrap();
    let other = 3 - acting;
    let seen = |zellij: &World| zellij.board(other).desks[0].changed.clone();
    assert_eq!((seen(&zellij).count, seen(&zellij).told.len()), (1, 0), "names are not published");
    zellij.show_panel(other, true);
    zellij.pass(3_000);
    assert_eq!(seen(&zellij).told, ["MCP server `new` added"]);
    zellij.press(other, "c");
    zellij.pass(12_000);
    assert!(users_file(&zellij)["mcpServers"]["new"].is_object());
    assert!(message(&zellij, other).starts_with("Carried back"));
    assert_eq!((seen(&zellij).count, zellij.board(acting).desks[0].changed.count), (0, 0));
}

#[test]
fn a_plugin_that_is_reloaded_or_crashes_in_the_middle_loses_nothing_and_does_nothing_twice() {
    for wait in (0..60).step_by(3) {
        let (mut zellij, desk) = with_desk();
        zellij.changes(desk, |json| {
            json["mcpServers"]["new"] = json!({"command": "SECRET"});
            json["projects"]["/code"] = json!({"hasTrustDialogAccepted": true});
        });
        zellij.pass(7_000);
        zellij.show_panel(1, true);
        zellij.press(1, "c");
        zellij.pass(wait);
        zellij.reload(1);
        zellij.pass(12_000);
        zellij.press(1, "c");
        zellij.pass(12_000);
        let file = users_file(&zellij);
        assert_eq!(
            file["mcpServers"],
            json!({"old": {"command": "o"}, "new": {"command": "SECRET"}}),
            "after {wait} ms"
        );
        assert_eq!(file["projects"], json!({"/code": {"hasTrustDialogAccepted": true}}));
        assert_eq!(changed(&zellij, desk).count, 0);
    }
}

#[test]
fn a_file_of_megabytes_is_merged_in_slices_and_others_get_their_turn() {
    let mut file = b"{\"mcpServers\":{\"old\":{}},\"projects\":{".to_vec();
    for number in 0..5_000 {
        file.extend_from_slice(format!("\"/p/{number}\":{{\"history\":\"{}\"}},\n", "x".repeat(1_000)).as_bytes());
    }
    file.extend_from_slice(b"\"/code\":{}}}");
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(&file)).ready();
    zellij.pass(2_000);
    let desk = zellij.open();
    zellij.changes(desk, |json| {
        json["mcpServers"]["new"] = json!({});
        json["projects"]["/code"] = json!({"hasTrustDialogAccepted": true});
    });
    zellij.pass(7_000);
    zellij.show_panel(1, true);
    zellij.press(1, "c");
    for _ in 0..10 {
        let before = zellij.now;
        zellij.ask("status", &[]);
        assert!(zellij.now - before <= 40, "{} ms", zellij.now - before);
    }
    zellij.pass(3_000);
    let merged = zellij.disk.file.clone().unwrap();
    let expected = [
        &b"{\"mcpServers\":{\"old\":{},\"new\":{}}"[..],
        &file["{\"mcpServers\":{\"old\":{}}".len()..file.len() - 3],
        b"\"hasTrustDialogAccepted\":true}}}",
    ];
    assert!(merged == expected.concat(), "all other bytes are as they were");
}
