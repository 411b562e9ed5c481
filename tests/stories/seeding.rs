//! The seed: made of the user's file, redone when that has changed, in slices that leave the thread to others.

use zellij_carrel::manager::event::Event;

use crate::world::{desk_in, World};

const FILE: &[u8] = br#"{"theme":"light","hasCompletedOnboarding":true}"#;

/// A user's file of so many megabytes: mostly history that nobody needs.
fn large_file(megabytes: usize) -> Vec<u8> {
    let mut file = b"{\"theme\":\"dark\",\"projects\":{".to_vec();
    let entry = format!("\"history\":\"{}\"", "x".repeat(1_000));
    for number in 0..megabytes * 1_000 {
        file.extend_from_slice(format!("\"/p/{number}\":{{{entry}}},").as_bytes());
    }
    file.extend_from_slice(b"\"/code\":{\"hasTrustDialogAccepted\":true}}}");
    file
}

#[test]
fn the_first_seed_is_made_while_carrel_gets_ready() {
    let zellij = World::new().ready();
    let (_, seed, error) = zellij.disk.seed.clone().unwrap();
    assert_eq!(error, None);
    let seed: serde_json::Value = serde_json::from_str(&seed).unwrap();
    assert_eq!(seed["hasCompletedOnboarding"], true);
    assert!(zellij.cache.files.is_empty(), "no copy stays behind");
}

#[test]
fn a_fresh_seed_is_not_made_again() {
    let mut zellij = World::new().ready();
    let before = zellij.hosts_named("seed-in");
    zellij.ask("new", &[]);
    zellij.pass(10_000);
    assert_eq!(zellij.hosts_named("seed-in"), before);
}

#[test]
fn a_file_that_has_changed_is_read_again_around_the_next_new() {
    let mut zellij = World::new().ready();
    zellij.disk.write_file(FILE);
    zellij.pass(60_000);
    assert_eq!(zellij.hosts_named("seed-out"), 1, "nobody looks while nothing is opened");
    zellij.ask("new", &[]);
    zellij.pass(2_000);
    assert!(zellij.disk.seed.as_ref().unwrap().1.contains("light"));
}

#[test]
fn while_a_launcher_works_no_other_program_of_the_host_is_started() {
    let mut zellij = World::new().ready();
    zellij.pass(120_000);
    let started = |zellij: &World| zellij.hosts_named("seed-out") + zellij.hosts_named("probe");
    let before = started(&zellij);
    zellij.ask("new", &[]);
    zellij.pass(50);
    assert_eq!(started(&zellij), before);
    zellij.pass(200);
    assert_eq!(started(&zellij), before + 2, "whether the file or Claude has changed is looked at all the same");
}

#[test]
fn a_user_without_a_file_gets_panes_all_the_same() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.file = None).ready();
    zellij.ask("new", &[]);
    assert_eq!(zellij.disk.seed.as_ref().unwrap().2, None);
}

#[test]
fn a_damaged_file_is_told_and_works_again_after_it_was_mended() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(b"{\"theme\":")).ready();
    for _ in 0..2 {
        let error = zellij.ask_wrong("new", &[]);
        assert!(error.contains("/home/ada/.claude.json") && error.contains("Nothing was changed"), "{error}");
        assert!(zellij.board(1).problems.iter().any(|problem| problem.contains(".claude.json")));
    }
    assert_eq!(zellij.opened(), 0);
    zellij.disk.write_file(FILE);
    zellij.ask("new", &[]);
    zellij.pass(1_000);
    assert_eq!(zellij.board(1).problems, Vec::<String>::new());
}

#[test]
fn two_calls_at_once_with_a_damaged_file_are_both_told() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(b"{\"theme\":")).ready();
    let calls = [zellij.send("new", &[("cwd", "/code")]), zellij.send("new", &[("cwd", "/code")])];
    zellij.pass(6_000);
    for call in calls {
        assert!(zellij.error(call).contains(".claude.json"));
    }
    assert_eq!(zellij.opened(), 0);
}

#[test]
fn a_damaged_file_stands_in_nobodys_way_who_wants_no_isolation() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(b"{")).ready();
    zellij.ask("new", &[("method", "none")]);
}

#[test]
fn a_seed_that_cannot_be_stored_is_told() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.seed_in_fails = true).ready();
    assert!(zellij.ask_wrong("new", &[]).contains("cannot write the seed"));
    zellij.disk.seed_in_fails = false;
    zellij.ask("new", &[]);
}

#[test]
fn a_host_that_says_nothing_of_the_seed_is_told() {
    for name in ["seed-out", "seed-in"] {
        let mut zellij = World::new().where_(|zellij| zellij.says(name, "")).ready();
        assert!(!zellij.board(1).problems.is_empty(), "{name}");
        zellij.ask("new", &[]);
    }
}

#[test]
fn a_lost_answer_about_the_seed_does_not_freeze_the_seed_for_ever() {
    for name in ["seed-out", "seed-in"] {
        let mut zellij = World::new().where_(|zellij| zellij.lose(name, 1)).ready();
        zellij.pass(600_000);
        zellij.disk.write_file(FILE);
        zellij.ask("new", &[]);
        zellij.pass(5_000);
        zellij.ask("new", &[]);
        zellij.pass(5_000);
        assert!(zellij.disk.seed.as_ref().is_some_and(|seed| seed.1.contains("light")), "{name}");
    }
}

#[test]
fn a_copy_that_is_gone_in_the_middle_is_told_and_made_anew() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(&large_file(1))).started();
    zellij.pass(40);
    zellij.cache.files.clear();
    zellij.pass(3_000);
    assert!(!zellij.board(1).problems.is_empty());
    zellij.ask("new", &[]);
}

#[test]
fn a_large_file_leaves_room_for_other_pipes_between_two_slices() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(&large_file(50))).started();
    zellij.pass(60);
    for _ in 0..20 {
        let before = zellij.now;
        zellij.ask("status", &[]);
        assert!(zellij.now - before <= 30, "{} ms", zellij.now - before);
        assert!(zellij.disk.seed.is_none(), "the seed is still being made");
    }
    zellij.pass(5_000);
    let (_, seed, _) = zellij.disk.seed.clone().unwrap();
    assert!(seed.len() < 10_000, "{}", seed.len());
    assert!(seed.contains("\"/code\""), "{seed}");
}

#[test]
fn panes_open_at_once_while_a_file_of_fifty_megabytes_is_read() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(&large_file(1))).ready();
    zellij.disk.write_file(&large_file(50));
    zellij.slow("seed-out", 6_000);
    let calls = [zellij.send("new", &[("cwd", "/code")]), zellij.send("new", &[("cwd", "/code")])];
    zellij.pass(200);
    for call in calls {
        desk_in(&zellij.answer(call));
    }
}

#[test]
fn a_check_while_the_seed_is_made_does_not_freeze_the_seed_for_ever() {
    for wait in [12, 24, 30, 40] {
        let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(&large_file(1))).started();
        zellij.slow("boot", 200);
        zellij.pass(210 + wait);
        zellij.ask("check", &[]);
        zellij.pass(3_000);
        zellij.disk.write_file(FILE);
        zellij.ask("new", &[]);
        zellij.pass(3_000);
        assert!(zellij.disk.seed.as_ref().is_some_and(|seed| seed.1.contains("light")), "check after {wait} ms");
    }
}

#[test]
fn slices_that_nobody_asked_for_do_not_get_into_a_seed_that_is_being_made() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(&large_file(5))).started();
    zellij.pass(60);
    for number in [0, 1, 2, 999] {
        let call = zellij_carrel::manager::ids::CallId(number);
        zellij.happens(1, Event::SliceRead { call, bytes: Ok(b"garbage".to_vec()) });
        zellij.happens(1, Event::SliceRead { call, bytes: Ok(vec![]) });
    }
    assert!(zellij.disk.seed.is_none(), "it is still being made");
    zellij.pass(3_000);
    let (_, seed, error) = zellij.disk.seed.clone().unwrap();
    assert!(error.is_none() && seed.contains("\"/code\""), "{error:?} {seed}");
}

#[test]
fn slices_that_nobody_asked_for_change_nothing() {
    let mut zellij = World::new().ready();
    let before = zellij.disk.seed.clone();
    for number in [0, 1, 5, 999] {
        let call = zellij_carrel::manager::ids::CallId(number);
        zellij.happens(1, Event::SliceRead { call, bytes: Ok(b"garbage".to_vec()) });
        zellij.happens(1, Event::FileWritten { call, result: Err("no".into()) });
        zellij.happens(1, Event::HostAnswered { call, stdout: "clean\tx\tgone\n".into(), stderr: String::new() });
    }
    zellij.pass(5_000);
    assert_eq!(zellij.disk.seed, before);
    assert_eq!(zellij.board(1).problems, Vec::<String>::new());
}
