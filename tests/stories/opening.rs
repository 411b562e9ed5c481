//! Opening panes: by pipe, by key, by layout, and what is refused.

use zellij_carrel::manager::effect::Placement;
use zellij_carrel::manager::panel::Scene;
use zellij_carrel::manager::PIPES;

use crate::world::{desk_in, Did, World};

/// One pane, one answer, whatever the number of clients.
fn opens_one_pane_and_answers_once(mut zellij: World) {
    let call = zellij.send("new", &[("cwd", "/code/a")]);
    zellij.pass(3_000);
    let answer = zellij.answer(call);
    let mut keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["config_dir", "pane", "terminal", "version"]);
    assert_eq!(zellij.opened(), 1);
    assert_eq!(zellij.panes.len(), 1);
    let (desk, pane) = (desk_in(&answer), zellij.panes[0].clone());
    assert_eq!(pane.desk, Some(desk));
    assert_eq!(answer["terminal"], pane.terminal);
    assert_eq!(answer["config_dir"], format!("/home/ada/.local/state/carrel/claude-configs/pane-{desk}"));
    assert_eq!(pane.cwd, "/code/a");
    assert_eq!(pane.title, "claude", "Zellij's name is taken off");
    // Once in time for a crash, once more when the launcher is known to run.
    assert_eq!(zellij.count(|did| *did == Did::SessionSaved), 2);
}

#[test]
fn new_opens_one_pane_and_answers_one_line() {
    opens_one_pane_and_answers_once(World::new().ready());
}

#[test]
fn new_opens_one_pane_however_many_clients_are_attached() {
    opens_one_pane_and_answers_once(World::new().clients(2).ready());
    opens_one_pane_and_answers_once(World::new().clients(3).ready());
}

#[test]
fn new_opens_one_pane_where_no_client_is_attached_any_more() {
    // A clone goes on receiving everything after its client has detached: to the plugin nothing differs but Zellij's lists.
    opens_one_pane_and_answers_once(World::new().clients(2).where_(|zellij| zellij.lists(false)).ready());
}

#[test]
fn the_answer_comes_within_a_tenth_of_a_second() {
    let mut zellij = World::new().ready();
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(100);
    zellij.answer(call);
}

#[test]
fn two_calls_at_once_open_two_panes_with_desks_and_conversations_of_their_own() {
    for args in [vec![("cwd", "/code")], vec![], vec![("method", "none")]] {
        let mut zellij = World::new().clients(2).ready();
        let calls = [zellij.send("new", &args), zellij.send("new", &args)];
        zellij.pass(3_000);
        let desks = calls.map(|call| desk_in(&zellij.answer(call)));
        assert_ne!(desks[0], desks[1], "{args:?}");
        assert_eq!(zellij.panes.len(), 2);
        assert_ne!(zellij.panes[0].session(), zellij.panes[1].session());
    }
}

#[test]
fn ten_calls_that_were_held_while_carrel_got_ready_open_ten_panes() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("boot", 1_000)).started();
    zellij.pass(50);
    let calls: Vec<_> = (0..10).map(|_| zellij.send("new", &[("cwd", "/code")])).collect();
    zellij.pass(6_000);
    let mut desks: Vec<_> = calls.iter().map(|call| desk_in(&zellij.answer(*call))).collect();
    desks.sort();
    desks.dedup();
    assert_eq!((desks.len(), zellij.panes.len()), (10, 10));
}

#[test]
fn the_end_of_a_pipes_input_opens_nothing() {
    let mut zellij = World::new().ready();
    zellij.ask("new", &[]);
    zellij.pass(5_000);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn a_key_binding_opens_one_pane_with_two_clients_and_needs_no_payload() {
    let mut zellij = World::new().clients(2).ready();
    zellij.bind("new", Some(r#"{"cwd":"/code/b","floating":true}"#));
    zellij.pass(2_000);
    zellij.bind("new", None);
    zellij.pass(2_000);
    let placements: Vec<Placement> = zellij.journal.iter().filter_map(|entry| placement(&entry.did)).collect();
    assert_eq!(placements, [Placement::Floating, Placement::Tiled]);
}

#[test]
fn a_pane_appears_where_it_was_asked_for() {
    for (arg, expected) in [("floating", Placement::Floating), ("in_place", Placement::InPlace)] {
        let mut zellij = World::new().ready();
        zellij.ask("new", &[(arg, "true")]);
        assert_eq!(zellij.journal.iter().find_map(|entry| placement(&entry.did)), Some(expected));
    }
}

fn placement(did: &Did) -> Option<Placement> {
    match did {
        Did::Opened { placement, .. } => Some(*placement),
        _ => None,
    }
}

#[test]
fn method_none_has_no_config_dir_and_needs_no_seed() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.write_file(b"{ damaged")).ready();
    let answer = zellij.ask("new", &[("method", "none")]);
    assert!(answer["config_dir"].is_null(), "{answer}");
}

#[test]
fn claude_args_reach_the_command_line_word_by_word() {
    let mut zellij = World::new().option("claude_args", "--verbose").ready();
    zellij.ask("new", &[]);
    zellij.ask("new", &[("claude_args", r#"["--append-system-prompt", "be brief"]"#)]);
    assert!(zellij.panes[0].argv.ends_with(&["--".into(), "--verbose".into()]));
    assert!(zellij.panes[1].argv.ends_with(&["--".into(), "--append-system-prompt".into(), "be brief".into()]));
}

/// A pipe's name, its arguments, and a word of the reason for which it is refused.
type Refused = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn whatever_cannot_be_carried_out_is_refused_with_a_reason_and_opens_nothing() {
    let cases: &[Refused] = &[
        ("new", &[("cwd", "/nowhere")], "/nowhere"),
        ("new", &[("cwd", "relative/dir")], "absolute"),
        ("new", &[("cwd", "")], "absolute"),
        ("new", &[("directory", "/code")], "directory"),
        ("new", &[("floating", "true"), ("in_place", "true")], "not both"),
        ("new", &[("floating", "yes")], "floating"),
        ("new", &[("method", "magic")], "magic"),
        ("new", &[("claude_args", "--settings x.json")], "--settings"),
        ("new", &[("claude_args", "--resume")], "--resume"),
        ("new", &[("claude_args", "-c")], "-c"),
        ("new", &[("claude_args", "-p hello")], "-p"),
        ("new", &[("claude_args", r#"["--session-id=1"]"#)], "--session-id"),
        ("new", &[("session", "11111111-1111-4111-8111-111111111111")], "session"),
        ("resume", &[], "session"),
        ("resume", &[("session", "latest")], "latest"),
        ("status", &[("verbose", "true")], "verbose"),
        ("close", &[], "pane"),
        ("close", &[("pane", "3")], "3"),
        ("close", &[("pane", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")], "no pane"),
        ("open", &[], "open"),
        ("", &[], "no pipe"),
    ];
    for (name, args, reason) in cases {
        let mut zellij = World::new().clients(2).ready();
        let error = zellij.ask_wrong(name, args);
        assert!(error.contains(reason), "{name} {args:?}: {error}");
        zellij.pass(3_000);
        assert_eq!(zellij.opened(), 0, "{name} {args:?}");
    }
}

#[test]
fn every_pipe_that_is_there_is_named_where_one_is_not() {
    let error = World::new().ready().ask_wrong("opne", &[]);
    for name in PIPES {
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_payload_that_is_no_object_of_arguments_is_refused() {
    for payload in ["{", "[1]", "42", "\"x\"", "{\"cwd\":7}", "{\"cwd\":{\"a\":1}}", "hello"] {
        let mut zellij = World::new().ready();
        let call = zellij.send_with("new", &[], payload);
        zellij.wait_for(call);
        let error = zellij.error(call);
        assert!(!error.is_empty(), "{payload}");
        assert_eq!(zellij.opened(), 0, "{payload}");
    }
}

#[test]
fn an_argument_given_twice_is_refused() {
    let mut zellij = World::new().ready();
    let call = zellij.send_with("new", &[("cwd", "/code")], r#"{"cwd":"/code/a"}"#);
    zellij.wait_for(call);
    assert!(zellij.error(call).contains("twice"));
}

#[test]
fn a_payload_of_a_megabyte_is_answered_with_a_short_line() {
    let large = "x".repeat(1_000_000);
    for payload in [large.clone(), format!("{{\"cwd\":\"{large}\"}}"), format!("{{\"{large}\":\"1\"}}")] {
        let mut zellij = World::new().ready();
        let call = zellij.send_with("new", &[], &payload);
        zellij.wait_for(call);
        let error = zellij.error(call);
        assert!(error.len() < 10_000, "{} characters", error.len());
        assert_eq!(zellij.opened(), 0);
    }
}

#[test]
fn where_zellij_has_no_room_for_a_pane_the_caller_is_told() {
    let mut zellij = World::new().where_(|zellij| zellij.no_room = true).ready();
    assert!(zellij.ask_wrong("new", &[]).contains("Zellij did not open the pane"));
    assert!(zellij.board(1).desks.is_empty(), "no desk without a pane");
}

#[test]
fn a_pane_of_which_zellij_says_nothing_is_opened_once_and_the_caller_hears_of_it() {
    let mut zellij = World::new().where_(|zellij| zellij.silent = true).ready();
    let answer = zellij.ask("new", &[("request", "r1")]);
    let desk = desk_in(&answer);
    assert_eq!(answer["terminal"].as_u64(), Some(u64::from(zellij.terminal_of(desk))));
    assert_eq!(zellij.ask("new", &[("request", "r1")]), answer);
    assert_eq!(zellij.opened(), 1);
    // Where it does not even list it, nobody knows, and nobody waits for ever.
    zellij.lists(false);
    let call = zellij.send("new", &[]);
    zellij.pass(6_000);
    assert!(zellij.error(call).contains("Zellij did not open the pane"));
}

#[test]
fn a_hundred_and_fifty_wishes_at_once_open_as_many_panes_and_each_caller_is_answered() {
    let mut zellij = World::new().started();
    let calls: Vec<_> = (0..150).map(|_| zellij.send("new", &[("method", "none")])).collect();
    zellij.pass(10_000);
    for call in calls {
        assert!(zellij.answer(call)["pane"].is_string());
    }
    assert_eq!(zellij.opened(), 150);
}

#[test]
fn what_is_said_to_no_plugin_in_particular_is_not_for_carrel() {
    let mut zellij = World::new().clients(2).ready();
    zellij.layout_pane(7, &[("role", "claude")]);
    zellij.pass(3_000);
    let panes = zellij.opened();
    for (name, payload) in [("new", "x"), ("panel", "x"), ("status", "x"), ("zjstatus::notify::hi", "hi"), ("x", "{}")]
    {
        let call = zellij.broadcast(name, payload);
        zellij.pass(3_000);
        assert!(zellij.call(call).lines.is_empty() && zellij.call(call).lost.is_empty(), "{name} is answered");
    }
    assert_eq!(zellij.opened(), panes);
    assert_eq!(zellij.count(|did| matches!(did, Did::PanelShown)), 0);
}

// ---- the same request twice ------------------------------------------------------------------------------------------

#[test]
fn asking_again_with_the_same_request_opens_nothing_twice_and_gives_the_same_answer() {
    let mut zellij = World::new().clients(2).ready();
    let first = zellij.ask("new", &[("request", "r1")]);
    let second = zellij.ask("new", &[("request", "r1")]);
    let other = zellij.ask("new", &[("request", "r2")]);
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(zellij.opened(), 2);
}

#[test]
fn two_callers_with_one_request_at_the_same_time_both_get_the_one_answer() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("is-dir", 300)).ready();
    let first = zellij.send("new", &[("cwd", "/code"), ("request", "r")]);
    zellij.pass(100);
    let second = zellij.send("new", &[("cwd", "/code"), ("request", "r")]);
    zellij.pass(5_000);
    assert_eq!(zellij.answer(second), zellij.answer(first));
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn two_callers_with_one_request_before_carrel_is_ready_both_get_the_one_answer() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("boot", 500)).started();
    zellij.pass(50);
    let calls = [zellij.send("new", &[("request", "r")]), zellij.send("new", &[("request", "r")])];
    zellij.pass(5_000);
    assert_eq!(zellij.answer(calls[0]), zellij.answer(calls[1]));
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn two_callers_with_one_request_that_is_refused_both_get_the_reason() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("is-dir", 300)).ready();
    let calls = [0, 1].map(|_| zellij.send("new", &[("cwd", "/nowhere"), ("request", "r")]));
    zellij.pass(8_000);
    for call in calls {
        assert!(zellij.error(call).contains("/nowhere"));
    }
}

#[test]
fn a_request_that_was_refused_can_be_made_again() {
    let mut zellij = World::new().ready();
    zellij.ask_wrong("new", &[("cwd", "/later"), ("request", "r")]);
    zellij.disk.dirs.insert("/later".into());
    zellij.ask("new", &[("cwd", "/later"), ("request", "r")]);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn a_host_that_does_not_answer_leaves_no_caller_waiting_for_more_than_five_seconds() {
    let mut zellij = World::new().ready();
    zellij.lose("is-dir", 1);
    let call = zellij.send("new", &[("cwd", "/code"), ("request", "r")]);
    zellij.pass(5_100);
    assert!(zellij.error(call).contains("try again"));
    zellij.ask("new", &[("cwd", "/code"), ("request", "r")]);
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn an_answer_of_the_host_that_comes_too_late_opens_nothing() {
    let mut zellij = World::new().where_(|zellij| zellij.slow("is-dir", 7_000)).ready();
    zellij.ask_wrong("new", &[("cwd", "/code")]);
    zellij.pass(10_000);
    assert_eq!(zellij.opened(), 0);
}

// ---- layouts ---------------------------------------------------------------------------------------------------------

#[test]
fn a_layouts_claude_pane_opens_one_pane_in_its_own_place() {
    let mut zellij = World::new().ready();
    zellij.layout_pane(7, &[("role", "claude"), ("dir", "a")]);
    zellij.pass(6_000);
    let opened: Vec<&Did> = zellij.journal.iter().map(|e| &e.did).filter(|did| placement(did).is_some()).collect();
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!(placement(opened[0]), Some(Placement::InPlaceOfPlugin));
    assert_eq!(zellij.panes[0].cwd, "/code/a");
    assert_eq!(zellij.panes[0].title, "claude");
}

#[test]
fn a_layouts_claude_pane_whose_directory_is_missing_says_so_and_sleeps() {
    let mut zellij = World::new().where_(|zellij| zellij.cache.marks.extend(["damaged mark".to_string()])).ready();
    zellij.old_desk(5);
    zellij.open();
    zellij.layout_pane(7, &[("role", "claude"), ("dir", "/nowhere")]);
    zellij.pass(20_000);
    let Scene::BootFailed(errors) = zellij.manager_of(7).scene() else { panic!("{:?}", zellij.manager_of(7).scene()) };
    assert!(errors[0].contains("/nowhere"), "{errors:?}");
}

#[test]
fn a_layouts_claude_pane_that_failed_sleeps_although_another_pane_was_closed() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.layout_pane(7, &[("role", "claude"), ("dir", "/nowhere")]);
    zellij.pass(3_000);
    zellij.disk.full = Some("the disk is full".into());
    zellij.close(zellij.terminal_of(desk));
    // The world itself refuses a plugin that spins.
    zellij.pass(10_000);
    assert!(zellij.is_marked(desk));
}

#[test]
fn a_layouts_claude_pane_that_failed_sleeps_and_does_not_grow_whatever_happens_around_it() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.layout_pane(7, &[("role", "claude"), ("dir", "/nowhere")]);
    zellij.pass(3_000);
    // Something waits to be carried back, and bells ring.
    let closed = zellij.open();
    zellij.changes(closed, |json| json["mcpServers"] = serde_json::json!({"new": {"command": "x"}}));
    zellij.close(zellij.terminal_of(closed));
    zellij.pass(20_000);
    let size = |zellij: &World| format!("{:?}", zellij.manager_of(7)).len();
    let before = size(&zellij);
    for _ in 0..200 {
        zellij.ring(Some(desk), "Stop");
        zellij.pass(1_000);
    }
    assert!(size(&zellij) < before + 200, "{before} then {} characters", size(&zellij));
}

#[test]
fn a_resurrected_session_gets_no_second_pane_for_a_layouts_claude_pane() {
    let mut zellij = World::new().ready();
    zellij.layout_pane(7, &[("role", "claude")]);
    zellij.pass(6_000);
    zellij.die();
    zellij.resurrect();
    zellij.pass(6_000);
    assert_eq!(zellij.panes.len(), 1);
    assert_eq!(zellij.opened(), 1);
}
