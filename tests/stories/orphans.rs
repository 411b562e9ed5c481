//! Orphans: desks whose panes went while nobody saw it, and `gc`.

use serde_json::Value;
use zellij_carrel::manager::ids::DeskId;

use crate::disk::Place;
use crate::world::{Did, World};

/// A desk whose session was killed and cannot come back.
fn abandoned() -> (World, DeskId, String) {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let session = zellij.pane_of(desk).unwrap().session();
    zellij.die();
    (zellij, desk, session)
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["orphans"].as_array().unwrap_or_else(|| panic!("rows: {answer}"))
}

#[test]
fn a_pane_that_closes_while_carrel_is_loaded_anew_is_cleaned_all_the_same() {
    for (before, after) in [(0, 0), (0, 300), (1, 2_000), (2_000, 10)] {
        let mut zellij = World::new().ready();
        let (desk, other) = (zellij.open(), zellij.open());
        let terminal = zellij.terminal_of(desk);
        zellij.pass(before);
        zellij.close(terminal);
        zellij.reload(1);
        zellij.pass(after);
        zellij.pass(30_000);
        assert!(!zellij.disk.desks.contains_key(&desk), "{before} {after}");
        assert!(zellij.disk.desks.contains_key(&other), "{before} {after}");
    }
}

#[test]
fn a_desk_whose_session_was_killed_and_deleted_is_cleaned_by_any_other_session() {
    let (mut zellij, desk, session) = abandoned();
    zellij.forget_saved();
    zellij.begin_again();
    zellij.pass(30_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
}

#[test]
fn a_desk_whose_session_can_come_back_keeps_its_place_and_its_conversation_goes_to_the_shared_dir() {
    let (mut zellij, desk, session) = abandoned();
    zellij.begin_again();
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
    let looks = zellij.hosts;
    zellij.pass(600_000);
    assert_eq!(zellij.hosts, looks, "and is left alone");
}

#[test]
fn a_saved_session_that_is_deleted_later_leaves_no_desk_behind() {
    let (mut zellij, desk, _) = abandoned();
    zellij.begin_again();
    zellij.pass(30_000);
    zellij.forget_saved();
    zellij.pass(30_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_session_that_comes_back_takes_its_desk_back() {
    let (mut zellij, desk, session) = abandoned();
    zellij.begin_again();
    zellij.pass(30_000);
    zellij.die();
    zellij.saved_sessions = ["main".to_string()].into();
    zellij.resurrect();
    zellij.pass(5_000);
    zellij.rerun(zellij.terminal_of(desk));
    zellij.pass(30_000);
    assert_eq!(zellij.disk.conversations[&session].1, Place::Desk(desk));
    assert_eq!(zellij.cleans_of(desk), zellij.count(|did| keeps(did, desk)), "kept, never cleaned");
}

fn keeps(did: &Did, desk: DeskId) -> bool {
    matches!(did, Did::Host(words) if words.contains(&desk.to_string()) && words.contains(&"--keep-only".to_string()))
}

#[test]
fn a_desk_of_another_living_session_is_nobodys_business() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    zellij.other_servers.insert(1);
    zellij.other_sessions.insert("main".into());
    zellij.begin_again();
    zellij.pass(60_000);
    let answer = zellij.ask("gc", &[("dry_run", "false")]);
    assert_eq!(rows(&answer)[0]["removed"], false, "{answer}");
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.cleans_of(desk), 0);
}

#[test]
fn a_desk_at_which_a_process_lives_is_no_orphan() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    zellij.disk.processes.values_mut().for_each(|(_, dies)| *dies = None);
    zellij.begin_again();
    zellij.pass(60_000);
    zellij.ask("gc", &[("dry_run", "false")]);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.cleans_of(desk), 0);
}

#[test]
fn nothing_is_an_orphan_before_zellij_has_listed_the_panes() {
    let (mut zellij, desk, _) = abandoned();
    zellij.lists(false);
    zellij.resurrect();
    zellij.pass(10_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.hosts_named("owners"), zellij.count(|did| *did == owners()), "{desk}");
    zellij.lists(true);
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk));
}

fn owners() -> Did {
    Did::Host(vec!["owners".into()])
}

#[test]
fn a_pane_that_another_client_has_just_opened_is_no_orphan() {
    let mut zellij = World::new().clients(2).ready();
    zellij.pass(30_000);
    zellij.lists(false);
    zellij.press(2, "n");
    zellij.pass(100);
    let desk = zellij.panes[0].desk.unwrap();
    // Its Claude ends at once, so that no process speaks for it; the actor has not seen a list with it yet.
    zellij.exit(zellij.terminal_of(desk), 1);
    let call = zellij.send("gc", &[("dry_run", "false")]);
    zellij.pass(400);
    zellij.lists(true);
    zellij.wait_for(call);
    zellij.pass(10_000);
    assert!(zellij.disk.desks.contains_key(&desk));
}

#[test]
fn an_incomplete_look_at_the_owners_proves_nothing() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    for _ in 0..3 {
        zellij.says("owners", &format!("owner\t{desk}\tnobody\tgone\t\t4096\t0\t\t\tmain\n"));
    }
    zellij.begin_again();
    zellij.pass(10_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.cleans_of(desk), 0);
}

#[test]
fn an_incomplete_look_at_the_owners_is_made_again() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    for _ in 0..3 {
        zellij.says("owners", "owner\t");
    }
    zellij.begin_again();
    zellij.pass(120_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_process_that_outlives_its_session_for_a_while_keeps_no_desk_for_ever() {
    let (mut zellij, desk, session) = abandoned();
    zellij.forget_saved();
    let dies_ms = zellij.now + 15_000;
    zellij.disk.processes.values_mut().for_each(|(_, dies)| *dies = Some(dies_ms));
    zellij.begin_again();
    zellij.pass(10_000);
    assert!(zellij.disk.desks.contains_key(&desk), "a process lives there");
    zellij.pass(90_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
}

#[test]
fn a_desk_that_comes_back_elsewhere_between_the_look_and_the_cleaning_is_left_alone() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    zellij.slow("clean", 4_000);
    zellij.begin_again();
    zellij.pass(5_000);
    assert_eq!(zellij.cleans_of(desk), 1, "it was nobody's");
    // Another Zellij has brought its pane back; its Claude has ended, and the pane is held there.
    zellij.disk.desks.get_mut(&desk).unwrap().server = 77;
    zellij.other_servers.insert(77);
    zellij.other_sessions.insert("main".into());
    zellij.pass(600_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert!(zellij.board(1).leaving.is_empty(), "{:?}", zellij.board(1).leaving);
    assert!(zellij.cleans_of(desk) <= 2, "{}", zellij.cleans_of(desk));
}

#[test]
fn a_desk_whose_claude_came_to_life_is_not_cleaned_when_it_ends() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    zellij.slow("clean", 4_000);
    zellij.begin_again();
    zellij.pass(5_000);
    let server = 77;
    zellij.disk.desks.get_mut(&desk).unwrap().server = server;
    zellij.other_servers.insert(server);
    zellij.other_sessions.insert("main".into());
    zellij.disk.processes.insert(500, (desk, None));
    zellij.pass(60_000);
    zellij.disk.processes.clear();
    zellij.pass(600_000);
    assert!(zellij.disk.desks.contains_key(&desk));
}

#[test]
fn what_could_not_be_kept_of_an_ended_session_is_told_and_tried_again() {
    let (mut zellij, desk, session) = abandoned();
    zellij.disk.full = Some("the disk is full".into());
    zellij.begin_again();
    zellij.pass(30_000);
    let status = zellij.ask("status", &[]);
    let told = status["problems"][0].as_str().unwrap_or_default();
    assert!(told.contains("the disk is full") && told.contains(&desk.to_string()), "{status}");
    zellij.pass(300_000);
    let tries = zellij.cleans_of(desk);
    assert!((4..=7).contains(&tries), "once a minute: {tries}");
    zellij.disk.full = None;
    zellij.pass(70_000);
    assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.ask("status", &[])["problems"], serde_json::json!([]));
}

#[test]
fn a_desk_that_lies_in_two_places_belongs_to_whoever_has_one_of_them() {
    let (mut zellij, desk, _) = abandoned();
    zellij.forget_saved();
    let line = |verdict: &str| format!("owner\t{desk}\t{verdict}\twhy\t\t4096\t0\t\t\tgone\n");
    for _ in 0..4 {
        zellij.says("owners", &(line("nobody") + &line("alive") + "end\n"));
        zellij.says("owners", &(line("alive") + &line("nobody") + "end\n"));
    }
    zellij.begin_again();
    zellij.pass(60_000);
    assert_eq!(zellij.cleans_of(desk), 0);
}

#[test]
fn a_claude_that_outlives_a_pane_that_closed_during_a_reload_is_waited_for_and_one_that_stays_is_not_polled() {
    for dies_after in [Some(4_000), None] {
        let mut zellij = World::new().ready();
        let desk = zellij.open();
        let terminal = zellij.terminal_of(desk);
        zellij
            .disk
            .processes
            .values_mut()
            .for_each(|(_, dies)| *dies = Some(dies_after.map_or(u64::MAX, |ms| zellij.now + ms)));
        zellij.close(terminal);
        zellij.reload(1);
        zellij.pass(120_000);
        assert_eq!(zellij.disk.desks.contains_key(&desk), dies_after.is_none());
        let hosts = zellij.hosts;
        zellij.pass(300_000);
        assert_eq!(zellij.hosts, hosts);
        // It ends at last; whoever asks finds it.
        zellij.disk.processes.clear();
        zellij.ask("gc", &[("dry_run", "false")]);
        assert!(!zellij.disk.desks.contains_key(&desk));
    }
}

// ---- gc --------------------------------------------------------------------------------------------------------------

/// An orphan that stays until somebody asks for its removal.
fn left_on_purpose(clients: u16) -> (World, DeskId) {
    let mut zellij = World::new().clients(clients).option("cleanup_on_close", "false").ready();
    let desk = zellij.open();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    (zellij, desk)
}

#[test]
fn gc_tells_what_it_would_remove_and_removes_nothing() {
    let (mut zellij, desk) = left_on_purpose(2);
    for args in [vec![], vec![("dry_run", "true")]] {
        let answer = zellij.ask("gc", &args);
        let row = &rows(&answer)[0];
        let mut keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["age_s", "bytes", "pane", "removed", "why"]);
        assert_eq!((&row["pane"], &row["removed"]), (&desk.to_string().into(), &false.into()));
        assert!(row["bytes"].is_u64() && row["age_s"].is_u64() && row["why"].is_string(), "{row}");
        zellij.pass(10_000);
        assert!(zellij.disk.desks.contains_key(&desk));
    }
    assert_eq!(zellij.ask("check", &[])["orphans"][0]["pane"], desk.to_string());
}

#[test]
fn gc_removes_orphans_when_it_is_told_to_and_answers_when_that_is_done() {
    for clients in 1..=3 {
        let (mut zellij, desk) = left_on_purpose(clients);
        let answer = zellij.ask("gc", &[("dry_run", "false")]);
        assert!(!zellij.disk.desks.contains_key(&desk));
        assert_eq!(rows(&answer)[0]["removed"], true, "{answer}");
        zellij.pass(10_000);
        assert_eq!(rows(&zellij.ask("gc", &[])).len(), 0);
    }
}

#[test]
fn gc_says_why_something_could_not_be_removed() {
    let (mut zellij, desk) = left_on_purpose(1);
    zellij.disk.full = Some("the disk is full".into());
    let answer = zellij.ask("gc", &[("dry_run", "false")]);
    assert_eq!(rows(&answer)[0]["removed"], false);
    assert!(rows(&answer)[0]["why"].as_str().unwrap().contains("the disk is full"), "{answer}");
    assert!(zellij.disk.desks.contains_key(&desk));
}

#[test]
fn gc_touches_no_pane_that_is_open() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(3_000);
    let answer = zellij.ask("gc", &[("dry_run", "false")]);
    assert_eq!(rows(&answer).len(), 0, "{answer}");
    zellij.pass(10_000);
    assert!(zellij.disk.desks.contains_key(&desk));
}

#[test]
fn gc_is_answered_where_the_host_is_silent() {
    let mut zellij = World::new().ready();
    zellij.pass(10_000);
    zellij.lose("owners", u32::MAX);
    let call = zellij.send("gc", &[]);
    zellij.pass(40_000);
    assert!(!zellij.error(call).is_empty());
    zellij.mend();
    zellij.pass(60_000);
    zellij.ask("gc", &[]);
}

#[test]
fn gc_wants_true_or_false() {
    assert!(World::new().ready().ask_wrong("gc", &[("dry_run", "no")]).contains("dry_run"));
}

#[test]
fn the_owners_are_looked_at_when_sessions_change_and_not_otherwise() {
    let mut zellij = World::new().clients(2).ready();
    zellij.open();
    zellij.pass(60_000);
    let before = zellij.hosts_named("owners");
    zellij.pass(600_000);
    assert_eq!(zellij.hosts_named("owners"), before);
    zellij.other_sessions.insert("another".into());
    zellij.pass(90_000);
    assert_eq!(zellij.hosts_named("owners"), before + 1);
}
