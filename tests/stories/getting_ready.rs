//! Getting ready: permissions, the boot on the host, a broken configuration.

use zellij_carrel::manager::event::Event;
use zellij_carrel::manager::panel::Scene;
use zellij_carrel::manager::PIPES;

use crate::disk::CLAUDE;
use crate::world::{Did, Grant, World};

#[test]
fn a_call_that_comes_before_the_boot_is_through_is_held_and_answered() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("boot", 2_000)).started();
    zellij.pass(20);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(1_000);
    assert!(zellij.call(call).released_ms.is_none());
    zellij.pass(2_000);
    zellij.answer(call);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn a_grant_that_was_meant_for_the_instance_before_costs_nothing_once_the_own_one_comes() {
    // The first boot is denied, and never answered.
    let mut zellij = World::new().where_(|zellij| zellij.lose("boot", 1)).started();
    zellij.pass(20);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(100);
    zellij.at_once(&[1], &Event::PermissionGranted);
    zellij.pass(500);
    assert!(zellij.answer(call)["pane"].is_string());
    let boots = |zellij: &World| zellij.count(|did| matches!(did, Did::Host(words) if words[0] == "boot"));
    assert_eq!(boots(&zellij), 2);
    // Ready, it has nothing to do again.
    zellij.at_once(&[1], &Event::PermissionGranted);
    zellij.pass(500);
    assert_eq!(boots(&zellij), 2);
}

#[test]
fn an_actor_that_gets_its_permissions_after_another_one_answers_whom_it_held_and_nobody_calls_it_silent() {
    let mut zellij = World::new().clients(2).permissions(Grant::Untold).started();
    zellij.pass(20);
    assert_eq!(zellij.actor(), Some(1));
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(20);
    zellij.at_once(&[2], &Event::PermissionGranted);
    zellij.pass(100);
    assert_eq!(zellij.actor(), Some(2));
    zellij.at_once(&[1], &Event::PermissionGranted);
    zellij.pass(4_000);
    assert!(zellij.answer(call)["pane"].is_string());
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn what_was_held_is_carried_out_oldest_first() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("boot", 500)).started();
    zellij.pass(20);
    for cwd in ["/code/a", "/code/b", "/code"] {
        zellij.send("new", &[("cwd", cwd)]);
    }
    zellij.pass(4_000);
    let cwds: Vec<&str> = zellij.panes.iter().map(|pane| pane.cwd.as_str()).collect();
    assert_eq!(cwds, ["/code/a", "/code/b", "/code"]);
}

#[test]
fn a_boot_that_never_answers_leaves_no_caller_waiting_for_more_than_five_seconds() {
    let mut zellij = World::new().where_(|zellij| zellij.lose("boot", u32::MAX)).started();
    zellij.pass(20);
    for name in ["new", "status", "check"] {
        let call = zellij.send(name, &[]);
        zellij.pass(5_100);
        assert!(!zellij.error(call).is_empty(), "{name}");
    }
    assert_eq!(zellij.opened(), 0);
}

#[test]
fn whatever_hangs_a_call_is_answered_five_seconds_after_it_came() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("boot", 4_500)).started();
    zellij.lose("is-dir", u32::MAX);
    zellij.pass(20);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(5_200);
    zellij.error(call);
}

#[test]
fn a_boot_whose_answer_was_lost_is_tried_again() {
    let mut zellij = World::new().where_(|zellij| zellij.lose("boot", 1)).started();
    zellij.pass(30_000);
    zellij.ask_until_it_works("new", 120_000);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn a_boot_that_fails_is_told_and_tried_again_at_the_next_new() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.broken = Some("the disk is read-only".into())).ready();
    assert_eq!(zellij.scene(1), Scene::BootFailed(vec!["the disk is read-only".into()]));
    assert!(zellij.ask_wrong("new", &[]).contains("the disk is read-only"));
    zellij.pass(60_000);
    assert!(zellij.hosts_named("boot") <= 3, "nobody asked: {}", zellij.hosts_named("boot"));
    zellij.disk.broken = None;
    zellij.ask("new", &[]);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn an_incomplete_answer_of_the_boot_is_no_answer() {
    let mut zellij = World::new().where_(|zellij| zellij.says("boot", "state\t/s\nlauncher\t/s/carrel.sh\n")).ready();
    assert!(matches!(zellij.scene(1), Scene::BootFailed(_)), "{:?}", zellij.scene(1));
    zellij.ask("new", &[]);
}

#[test]
fn a_claude_that_is_missing_is_told_and_found_once_it_is_installed() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.claude = None).ready();
    assert!(zellij.ask_wrong("new", &[]).contains("no `claude`"));
    assert!(zellij.board(1).problems.iter().any(|problem| problem.contains("no `claude`")));
    zellij.disk.claude = Some(CLAUDE.into());
    zellij.ask("new", &[]);
    zellij.pass(100);
    assert_eq!(zellij.board(1).problems, Vec::<String>::new());
}

// ---- permissions -----------------------------------------------------------------------------------------------------

#[test]
fn while_the_question_is_open_nothing_is_ordered_and_the_plugin_sleeps() {
    let mut zellij = World::new().clients(2).permissions(Grant::Asked).started();
    zellij.pass(60_000);
    assert_eq!(zellij.scene(1), Scene::AwaitingPermission);
    assert_eq!(zellij.hosts, 0);
    assert!(zellij.rung(1) <= 130, "{} times in a minute", zellij.rung(1));
}

#[test]
fn a_call_that_zellij_held_back_is_carried_out_after_the_grant() {
    let mut zellij = World::new().permissions(Grant::Asked).started();
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(20_000);
    zellij.answer_permission(1, true);
    zellij.pass(3_000);
    zellij.answer(call);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn after_a_denial_the_panel_says_so_and_nothing_is_ordered() {
    let mut zellij = World::new().permissions(Grant::Asked).started();
    zellij.pass(1_000);
    zellij.answer_permission(1, false);
    let call = zellij.send("new", &[]);
    zellij.pass(60_000);
    assert_eq!(zellij.scene(1), Scene::PermissionDenied);
    assert!(zellij.call(call).released_ms.is_some(), "nobody waits for ever");
    assert_eq!(zellij.hosts, 0);
    assert!(zellij.rung(1) <= 130, "{} times in a minute", zellij.rung(1));
}

#[test]
fn a_session_without_a_client_gets_ready_although_no_grant_is_told() {
    let mut zellij = World::new().permissions(Grant::Untold).started();
    zellij.pass(1_500);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(2_000);
    zellij.answer(call);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn panes_that_were_there_before_the_plugin_are_known_to_it() {
    for grant in [Grant::Cached, Grant::Untold] {
        let mut zellij = World::new().ready();
        let desks = [zellij.open(), zellij.open()];
        zellij.die();
        zellij = zellij.permissions(grant);
        zellij.resurrect();
        zellij.pass(10_000);
        let known: Vec<_> = zellij.board(1).desks.iter().map(|desk| desk.pane).collect();
        assert_eq!(known, desks, "{grant:?}");
    }
}

#[test]
fn panes_that_were_there_before_a_slow_boot_are_known_after_it() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.slow("boot", 3_000);
    zellij.reload(1);
    zellij.pass(20_000);
    assert_eq!(zellij.board(1).desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), [desk]);
}

// ---- a broken configuration ------------------------------------------------------------------------------------------

#[test]
fn in_a_broken_configuration_each_pipe_answers_with_all_errors_and_nothing_is_ordered() {
    let mut zellij = World::new()
        .clients(2)
        .option("metod", "home")
        .option("cleanup_on_close", "maybe")
        .option("share", ".claude.json")
        .ready();
    for name in PIPES.into_iter().chain(["nonsense"]) {
        let error = zellij.ask_wrong(name, &[]);
        for offender in ["metod", "cleanup_on_close", "maybe", ".claude.json"] {
            assert!(error.contains(offender), "{name}: {error}");
        }
    }
    zellij.bind("new", None);
    zellij.press(1, "n");
    zellij.pass(60_000);
    assert!(matches!(zellij.scene(1), Scene::BadConfiguration(errors) if errors.len() >= 3));
    assert_eq!((zellij.hosts, zellij.opened()), (0, 0));
    assert!(zellij.rung(1) <= 130, "{} times in a minute", zellij.rung(1));
}

#[test]
fn the_options_at_their_defaults_are_accepted() {
    let mut zellij =
        World::new().option("method", "config_dir").option("fallback", "home").option("notify", "none").ready();
    zellij.ask("status", &[]);
}

#[test]
fn versions_that_were_never_tried_are_named_on_the_panel_and_in_each_status() {
    let known = World::new().ready();
    assert_eq!(known.board(1).problems, Vec::<String>::new());
    let mut zellij = World::new()
        .where_(|machine| {
            machine.zellij_version = "0.46.0";
            machine.claude_version = "2.1.1";
        })
        .ready();
    let problems = zellij.ask("status", &[])["problems"].to_string();
    for words in ["Zellij 0.46.0", "Claude Code 2.1.1 is older", "one login"] {
        assert!(problems.contains(words), "{problems}");
    }
    assert_eq!(zellij.board(1).problems.len(), 3);
    // They are told, and hold nobody up.
    assert!(zellij.ask("new", &[])["error"].is_null());
    // One between two that were tried is no problem, and the panel says what it is.
    let between = World::new().where_(|machine| machine.claude_version = "2.1.200").ready();
    assert_eq!(between.board(1).problems, Vec::<String>::new());
    assert!(between.board(1).claude_praise.is_some_and(|known| known.contains("not tried itself")));
}

#[test]
fn nothing_but_a_boot_is_asked_of_the_host_in_the_first_moment() {
    let zellij = World::new().ready();
    let first = zellij.journal.iter().find_map(|entry| match &entry.did {
        Did::Host(words) => Some(words[0].clone()),
        _ => None,
    });
    assert_eq!(first.as_deref(), Some("boot"));
    assert_eq!(zellij.hosts_named("boot"), 1);
    assert_eq!(zellij.hosts_named("probe"), 1);
    assert_eq!(zellij.board(1).claude_version.as_deref(), Some("2.1.330"));
}
