//! Looks at the host: rung for, bounded, none when nothing can have changed. Timers and memory that do not grow.

use std::collections::BTreeSet;

use zellij_carrel::manager::board::{Health, State};
use zellij_carrel::manager::event::Event;
use zellij_carrel::manager::ids::DeskId;

use crate::world::{desk_in, Did, World};

const MINUTE: u64 = 60_000;

#[test]
fn with_the_panel_hidden_nothing_is_asked_of_the_host_when_nothing_happens() {
    for panes in [0, 5] {
        let mut zellij = World::new().clients(2).ready();
        for _ in 0..panes {
            zellij.open();
        }
        zellij.pass(MINUTE);
        let before = zellij.hosts;
        zellij.pass(10 * MINUTE);
        assert_eq!(zellij.hosts - before, 0, "{panes} idle panes");
    }
}

#[test]
fn with_the_panel_shown_there_are_at_most_six_looks_a_minute() {
    let mut zellij = World::new().ready();
    zellij.open();
    zellij.pass(MINUTE);
    zellij.show_panel(1, true);
    let before = zellij.hosts;
    zellij.pass(10 * MINUTE);
    let looks = zellij.hosts - before;
    assert!((50..=60).contains(&looks), "{looks} in ten minutes");
    zellij.show_panel(1, false);
    zellij.pass(5_000);
    let before = zellij.hosts;
    zellij.pass(10 * MINUTE);
    assert_eq!(zellij.hosts, before);
}

#[test]
fn with_the_panel_shown_and_no_desk_it_is_looked_as_rarely_for_claudes_outside() {
    let mut zellij = World::new().ready();
    zellij.show_panel(1, true);
    zellij.pass(10_000);
    let before = zellij.hosts;
    zellij.pass(10 * MINUTE);
    let looks = zellij.hosts - before;
    assert!((50..=60).contains(&looks), "{looks} in ten minutes");
}

#[test]
fn a_bell_leads_to_a_look_within_three_tenths_of_a_second() {
    let mut zellij = World::new().clients(3).ready();
    let desk = zellij.open();
    zellij.pass(MINUTE);
    let before = zellij.hosts_named("scan");
    zellij.ring(Some(desk), "Stop");
    zellij.pass(300);
    assert_eq!(zellij.hosts_named("scan"), before + 1);
    zellij.pass(MINUTE);
    assert_eq!(zellij.hosts_named("scan"), before + 2, "and to one more, for what came late");
}

#[test]
fn where_the_bell_at_the_end_of_an_answer_is_lost_it_is_seen_all_the_same() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let other = zellij.open();
    zellij.pass(MINUTE);
    let state = |zellij: &mut World, of: DeskId| {
        let status = zellij.ask("status", &[]);
        status["panes"].as_array().unwrap().iter().find(|pane| pane["pane"] == of.to_string()).unwrap()["state"].clone()
    };
    zellij.claude_becomes(desk, "busy", None);
    zellij.pass(2_000);
    assert_eq!(state(&mut zellij, desk), "working");
    // Claude writes it down and its bell goes astray.
    zellij.claude_silently_becomes(desk, "idle");
    // The other's bells do not help.
    zellij.ring(Some(other), "Stop");
    zellij.pass(11_000);
    assert_eq!(state(&mut zellij, desk), "idle");
    // The bell comes, and what it rings for is written down later than anybody would think.
    zellij.claude_becomes(desk, "busy", None);
    zellij.pass(2_000);
    zellij.ring(Some(desk), "Stop");
    zellij.pass(2_500);
    assert_eq!(state(&mut zellij, desk), "working");
    zellij.claude_silently_becomes(desk, "idle");
    zellij.pass(3_500);
    assert_eq!(state(&mut zellij, desk), "idle");
    zellij.pass(MINUTE);
    let before = zellij.hosts;
    zellij.pass(10 * MINUTE);
    assert_eq!(zellij.hosts, before, "and then nothing is asked any more");
}

#[test]
fn a_claude_that_is_very_slow_to_start_is_seen_though_nothing_rings_and_one_that_never_reports_is_not_polled() {
    let slow = |zellij: &mut World, ms| (zellij.claude_ms, zellij.rings) = (ms, false);
    let mut zellij = World::new().where_(|zellij| slow(zellij, 45_000)).ready();
    zellij.ask("new", &[("cwd", "/code")]);
    zellij.pass(20_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Unknown);
    zellij.pass(40_000);
    let desk = zellij.board(1).desks[0].clone();
    assert_eq!((desk.health, desk.state), (Health::Isolated, State::Idle));

    let mut zellij = World::new().where_(|zellij| slow(zellij, 3_600_000)).ready();
    zellij.ask("new", &[("cwd", "/code")]);
    zellij.pass(3 * MINUTE);
    let before = zellij.hosts_named("scan");
    assert!(before < 20, "{before} looks");
    zellij.pass(10 * MINUTE);
    assert_eq!(zellij.hosts_named("scan"), before);
}

#[test]
fn a_claude_that_works_for_long_is_looked_at_six_times_a_minute_at_most() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.claude_becomes(desk, "busy", None);
    zellij.pass(MINUTE);
    let before = zellij.hosts;
    zellij.pass(10 * MINUTE);
    let looks = zellij.hosts - before;
    assert!((50..=60).contains(&looks), "{looks} in ten minutes");
}

#[test]
fn the_disk_use_of_each_pane_is_known_soon_after_it_was_opened() {
    let mut zellij = World::new().ready();
    for _ in 0..4 {
        zellij.open();
        zellij.pass(700);
    }
    zellij.pass(20_000);
    let status = zellij.ask("status", &[]);
    assert!(status["panes"].as_array().unwrap().iter().all(|pane| pane["bytes"].is_u64()), "{status:#}");
}

#[test]
fn a_bell_leads_to_a_look_at_its_own_desk_and_no_other() {
    let mut zellij = World::new().ready();
    let desks: Vec<DeskId> = (0..12).map(|_| zellij.open()).collect();
    zellij.pass(MINUTE);
    let looked = |zellij: &World| {
        let words = zellij.journal.iter().rev().find_map(|entry| match &entry.did {
            Did::Host(words) if words[0] == "scan" => Some(words.clone()),
            _ => None,
        });
        let words = words.unwrap();
        let desks = words.iter().filter_map(|word| word.parse().ok()).collect::<BTreeSet<DeskId>>();
        (words.iter().any(|word| word == "--full"), desks)
    };
    zellij.ring(Some(desks[3]), "Stop");
    zellij.pass(400);
    assert_eq!(looked(&zellij), (false, [desks[3]].into()));
    zellij.pass(MINUTE);
    desks.iter().for_each(|desk| zellij.ring(Some(*desk), "Stop"));
    zellij.pass(400);
    assert_eq!(looked(&zellij), (true, desks.iter().copied().collect()), "everything at once");
    let states = zellij.board(1).desks;
    assert!(states.len() == 12 && states.iter().all(|desk| desk.health == Health::Isolated), "{states:#?}");
}

/// One pane whose Claude waits for a permission; the user is at it.
fn waiting(clients: u16) -> (World, DeskId) {
    let mut zellij = World::new().clients(clients).ready();
    let desk = zellij.open();
    zellij.claude_becomes(desk, "waiting", Some("permission prompt"));
    zellij.pass(MINUTE);
    (zellij, desk)
}

#[test]
fn an_answer_that_rings_no_bell_is_seen_because_a_key_was_pressed() {
    for clients in [1, 2] {
        let (mut zellij, desk) = waiting(clients);
        zellij.rings = false;
        zellij.claude_becomes(desk, "idle", None);
        zellij.pass(MINUTE);
        assert_eq!(zellij.board(1).desks[0].state, State::Waiting, "nobody rang");
        zellij.rings = true;
        // In whichever client the user sits.
        zellij.type_a_key(clients);
        zellij.pass(2_000);
        assert_eq!(zellij.ask("status", &[])["panes"][0]["state"], "idle", "{clients} clients");
    }
}

#[test]
fn a_claude_that_is_slow_to_write_down_what_became_of_a_prompt_or_a_key_is_seen_all_the_same() {
    for clients in [1, 2] {
        let (mut zellij, desk) = waiting(clients);
        zellij.type_a_key(clients);
        zellij.pass(2_000);
        zellij.claude_silently_becomes(desk, "idle");
        zellij.pass(3_000);
        assert_eq!(zellij.ask("status", &[])["panes"][0]["state"], "idle", "{clients} clients");

        zellij.pass(MINUTE);
        zellij.ring(Some(desk), "UserPromptSubmit");
        zellij.pass(1_500);
        zellij.claude_silently_becomes(desk, "busy");
        zellij.pass(3_000);
        assert_eq!(zellij.ask("status", &[])["panes"][0]["state"], "working", "{clients} clients");
    }
}

#[test]
fn typing_leads_to_few_looks_and_where_nothing_can_change_to_none() {
    let (mut zellij, desk) = waiting(1);
    let looks = |zellij: &mut World| {
        let before = zellij.hosts;
        for _ in 0..100 {
            zellij.type_a_key(1);
            zellij.pass(100);
        }
        zellij.pass(2_000);
        zellij.hosts - before
    };
    let while_waiting = looks(&mut zellij);
    assert!((8..=30).contains(&while_waiting), "{while_waiting} in ten seconds");
    zellij.claude_becomes(desk, "idle", None);
    zellij.pass(MINUTE);
    assert_eq!(looks(&mut zellij), 0, "an idle Claude rings when it begins to work");
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(MINUTE);
    zellij.plain_pane("vim");
    zellij.pass(2_000);
    assert_eq!(looks(&mut zellij), 0, "the user types elsewhere");
}

#[test]
fn a_bell_of_a_stranger_is_not_listened_to() {
    let mut zellij = World::new().ready();
    zellij.open();
    zellij.pass(MINUTE);
    let before = zellij.hosts;
    for pane in ["", "x", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"] {
        zellij.send("carrel_bell", &[("pane", pane), ("event", "Stop")]);
    }
    zellij.send("carrel_bell", &[]);
    zellij.pass(10_000);
    assert_eq!(zellij.hosts, before);
}

#[test]
fn a_bell_has_no_answer_and_keeps_nobody_waiting() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    let call = zellij.send("carrel_bell", &[("pane", &desk.to_string()), ("event", "Stop")]);
    zellij.pass(10);
    assert!(zellij.call(call).released_ms.is_some());
    assert!(zellij.call(call).lines.is_empty());
}

#[test]
fn a_storm_of_bells_leads_to_few_looks() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.pass(MINUTE);
    let before = zellij.hosts;
    for _ in 0..1_000 {
        zellij.ring(Some(desk), "PreToolUse");
        zellij.pass(10);
    }
    zellij.pass(5_000);
    let looks = zellij.hosts - before;
    assert!(looks <= 110, "{looks} looks in ten seconds with a thousand bells");
}

#[test]
fn looks_do_not_pile_up_where_the_host_is_slow() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.pass(MINUTE);
    zellij.slow("scan", 5_000);
    let before = zellij.hosts;
    for _ in 0..100 {
        zellij.ring(Some(desk), "Stop");
        zellij.pass(100);
    }
    assert!(zellij.hosts - before <= 4, "{} looks in ten seconds", zellij.hosts - before);
}

#[test]
fn a_look_that_came_back_incomplete_proves_nothing() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let before = zellij.board(1);
    zellij.says("scan", &format!("boot\tx\ndesk\t{desk}\tconfigs\n"));
    zellij.ring(Some(desk), "Stop");
    zellij.pass(500);
    assert_eq!(zellij.board(1), before);
    assert_eq!(zellij.count(|did| matches!(did, Did::Logged(line) if line.contains("incomplete"))), 1);
}

#[test]
fn a_look_whose_answer_is_lost_does_not_end_all_looking() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.lose("scan", 1);
    zellij.ring(Some(desk), "Stop");
    zellij.pass(10 * MINUTE);
    zellij.claude_becomes(desk, "busy", None);
    zellij.pass(2 * MINUTE);
    let status = zellij.ask("status", &[]);
    assert_eq!(status["panes"][0]["state"], "working");
}

#[test]
fn what_claude_does_after_a_bell_that_came_too_early_is_seen_by_the_second_look() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.ring(Some(desk), "Notification");
    zellij.pass(600);
    zellij.rings = false;
    zellij.claude_becomes(desk, "waiting", None);
    zellij.pass(1_000);
    assert_eq!(zellij.ask("status", &[])["panes"][0]["state"], "waiting");
}

#[test]
fn a_quiet_clone_has_few_timers_and_wakes_about_once_a_second() {
    let mut zellij = World::new().clients(2).ready();
    zellij.open();
    zellij.pass(MINUTE);
    for client in 1..=2 {
        let before = zellij.rung(client);
        zellij.pass(MINUTE);
        let rung = zellij.rung(client) - before;
        assert!(rung <= 65, "{rung} times a minute");
        assert!(zellij.timers(client) <= 3, "{}", zellij.timers(client));
    }
}

#[test]
fn timers_and_memory_do_not_grow_over_a_day_of_bells_and_closings() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.keep_journal = false;
    // The bells of a day, thirty seconds apart; every two hours panes come and go.
    let hour = |zellij: &mut World| {
        for half_minute in 0..120 {
            if half_minute % 40 == 0 {
                let old = zellij.ask("new", &[("cwd", "/code")]);
                zellij.pass(4_000);
                let old = desk_in(&old);
                zellij.close(zellij.terminal_of(old));
            }
            zellij.lists(half_minute % 40 < 2);
            zellij.ring(Some(desk), "Stop");
            zellij.pass(30_000);
        }
        [1, 2].map(|client| (zellij.memory(client), zellij.timers(client)))
    };
    hour(&mut zellij);
    let before = hour(&mut zellij);
    for _ in 0..21 {
        hour(&mut zellij);
    }
    let after = hour(&mut zellij);
    for client in 0..2 {
        let (grown, timers) = (after[client].0.abs_diff(before[client].0), after[client].1);
        assert!(grown < 300, "client {}: {} then {} characters", client + 1, before[client].0, after[client].0);
        assert!(timers <= 5, "client {}: {timers} timers", client + 1);
    }
}

#[test]
fn a_storm_of_events_leaves_no_timers_behind() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    for _ in 0..500 {
        zellij.ring(Some(desk), "Stop");
        zellij.happens(1, Event::Scrolled(1));
        zellij.pass(5);
    }
    assert!(zellij.timers(1) <= 40, "{} in the storm", zellij.timers(1));
    zellij.pass(10_000);
    assert!(zellij.timers(1) <= 3, "{} after it", zellij.timers(1));
}

#[test]
fn request_names_are_not_remembered_for_ever() {
    let mut zellij = World::new().ready();
    let mut size = |from: usize| {
        for number in from..from + 70 {
            let request = format!("r{number:06}");
            zellij.ask_wrong("new", &[("cwd", "/nowhere"), ("request", &request)]);
            zellij.bind("new", Some(r#"{"cwd":"/nowhere"}"#));
            let desk = desk_in(&zellij.ask("new", &[("request", &request)]));
            zellij.pass(1_500);
            zellij.close(zellij.terminal_of(desk));
            zellij.pass(6_000);
        }
        zellij.pass(20_000);
        zellij.memory(1)
    };
    let before = size(0);
    let after = size(70);
    assert!(after.abs_diff(before) < 300, "{before} then {after} characters");
}
