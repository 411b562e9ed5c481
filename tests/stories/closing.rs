//! Closing: what becomes of a desk when its pane goes.

use zellij_carrel::manager::board::State;
use zellij_carrel::manager::event::Event;
use zellij_carrel::manager::ids::TerminalId;

use crate::disk::Place;
use crate::world::{Did, World};

#[test]
fn a_closed_panes_conversations_are_kept_and_its_desk_is_deleted() {
    for clients in 1..=3 {
        let mut zellij = World::new().clients(clients).ready();
        let desk = zellij.open();
        let session = zellij.pane_of(desk).unwrap().session();
        zellij.close(zellij.terminal_of(desk));
        zellij.pass(10);
        assert!(zellij.is_marked(desk));
        assert_eq!(zellij.cleans_of(desk), 1, "at once, and by one only");
        zellij.pass(20_000);
        assert!(!zellij.disk.desks.contains_key(&desk));
        assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
        assert_eq!(zellij.cleans_of(desk), 2, "and a look two seconds later whether it stayed away");
        assert!(!zellij.is_marked(desk));
        assert!(zellij.board(1).leaving.is_empty());
    }
}

#[test]
fn a_deletion_is_looked_at_once_more_before_it_is_forgotten() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(1_500);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert!(zellij.is_marked(desk), "not yet verified");
    // A Claude that outlived every sign of life writes its dir again.
    zellij.old_desk(desk.0.as_u128());
    zellij.pass(6_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert!(!zellij.is_marked(desk));
}

#[test]
fn the_mark_is_on_disk_before_anything_else_is_done() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    let from = zellij.journal.len();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(50);
    let first = zellij.journal[from..].iter().map(|entry| &entry.did).find(|did| !matches!(did, Did::Claimed(_)));
    assert_eq!(first, Some(&Did::Marked(desk)));
}

#[test]
fn the_last_panes_closing_is_carried_out_by_the_next_carrel_in_any_session() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.quit_by_closing(zellij.terminal_of(desk));
    assert!(zellij.is_marked(desk) && zellij.disk.desks.contains_key(&desk));
    zellij.pass(60_000);
    zellij.begin_again();
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert!(!zellij.is_marked(desk));
}

#[test]
fn a_resurrected_pane_keeps_its_desk_although_its_closing_was_noted() {
    for slow_boot in [20, 5_000] {
        let mut zellij = World::new().ready();
        let desk = zellij.open();
        zellij.quit_by_closing(zellij.terminal_of(desk));
        zellij.journal.clear();
        zellij.pass(5_000);
        zellij.slow("boot", slow_boot);
        zellij.resurrect();
        // The world itself refuses that the desk of a pane is deleted.
        zellij.pass(60_000);
        assert_eq!(zellij.cleans_of(desk), 0);
        assert!(zellij.disk.desks.contains_key(&desk));
        assert!(!zellij.is_marked(desk), "else another session cleans it when its Claude has ended");
        zellij.rerun(zellij.terminal_of(desk));
        zellij.pass(5_000);
        assert_eq!(zellij.board(1).desks[0].pane, desk);
    }
}

#[test]
fn a_resurrected_pane_keeps_its_desk_although_zellij_lists_it_late() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.quit_by_closing(zellij.terminal_of(desk));
    zellij.pass(5_000);
    zellij.lists(false);
    zellij.resurrect();
    zellij.pass(10_000);
    zellij.lists(true);
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
}

#[test]
fn a_mark_that_is_read_after_the_list_is_taken_off_a_living_pane() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.cache.marks.insert(desk.to_string());
    zellij.pass(5_000);
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(60_000);
    assert!(!zellij.is_marked(desk));
    assert!(zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_pane_that_vanishes_without_a_word_is_noticed_by_one_list_without_it_and_nothing_that_lives_at_its_desk() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.lists(false);
    zellij.vanish(zellij.terminal_of(desk));
    zellij.stale_list(&[]);
    zellij.pass(2_000);
    assert_eq!(zellij.cleans_of(desk), 0, "the list might be of another moment");
    // No other list comes: Zellij has nothing to tell.
    zellij.pass(5_000);
    assert!(zellij.cleans_of(desk) > 0);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_pane_whose_claude_lives_is_not_closed_by_one_list_however_long_no_other_comes() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.lists(false);
    zellij.stale_list(&[]);
    zellij.pass(60_000);
    assert_eq!((zellij.cleans_of(desk), zellij.is_marked(desk)), (0, false));
    assert_eq!(zellij.board(1).desks[0].pane, desk);
}

#[test]
fn several_lists_in_a_row_of_a_moment_before_close_nothing() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.lists(false);
    for _ in 0..20 {
        zellij.stale_list(&[]);
    }
    zellij.lists(true);
    zellij.pass(10_000);
    assert_eq!((zellij.cleans_of(desk), zellij.is_marked(desk)), (0, false));
    assert_eq!(zellij.board(1).leaving.len(), 0);
    assert_eq!(zellij.board(1).desks[0].pane, desk);
}

#[test]
fn one_list_without_a_pane_that_is_there_changes_nothing() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    for _ in 0..5 {
        zellij.stale_list(&[]);
        zellij.pass(3_000);
    }
    assert_eq!(zellij.cleans_of(desk), 0);
    assert_eq!(zellij.board(1).desks.len(), 1);
}

#[test]
fn an_in_place_pane_is_cleaned_although_zellij_does_not_tell_of_its_closing() {
    let mut zellij = World::new().clients(2).ready();
    zellij.ask("new", &[("cwd", "/code"), ("in_place", "true")]);
    zellij.pass(3_000);
    let desk = zellij.panes[0].desk.unwrap();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
}

#[test]
fn a_pane_that_is_closed_right_after_it_was_opened_leaves_nothing_behind() {
    for after in [0, 10, 30, 300, 1_100, 2_600] {
        let mut zellij = World::new().clients(2).ready();
        let answer = zellij.ask("new", &[("cwd", "/code")]);
        let desk = crate::world::desk_in(&answer);
        zellij.pass(after);
        zellij.close(zellij.terminal_of(desk));
        zellij.pass(20_000);
        assert!(!zellij.disk.desks.contains_key(&desk), "after {after} ms");
        assert!(!zellij.is_marked(desk), "after {after} ms");
    }
}

#[test]
fn a_pane_that_vanishes_during_a_check_is_noticed() {
    let mut zellij = World::new().ready();
    let (desk, other) = (zellij.open(), zellij.open());
    zellij.slow("boot", 2_500);
    zellij.send("check", &[]);
    zellij.pass(500);
    zellij.vanish(zellij.terminal_of(desk));
    zellij.pass(30_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.board(1).desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), [other]);
}

#[test]
fn closing_that_is_told_twice_or_after_the_exit_is_done_once() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let terminal = zellij.terminal_of(desk);
    zellij.exit(terminal, 0);
    zellij.pass(2_000);
    let panes = zellij.panes.clone();
    zellij.close(terminal);
    zellij.say_closed(terminal);
    zellij.pass(5);
    zellij.say_closed(terminal);
    zellij.pass(20_000);
    assert_eq!(zellij.cleans_of(desk), 2);
    // A list of before, much later.
    zellij.stale_list(&panes);
    zellij.pass(20_000);
    assert!(!zellij.is_marked(desk));
    assert!(zellij.board(1).desks.is_empty());
}

#[test]
fn a_list_of_before_the_closing_does_not_bring_the_pane_back() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    let panes = zellij.panes.clone();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(2);
    zellij.stale_list(&panes);
    zellij.pass(20_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
    assert!(zellij.board(1).desks.is_empty() && zellij.board(1).leaving.is_empty());
}

#[test]
fn a_pane_that_is_closed_before_its_command_is_said_to_have_exited_is_cleaned_once() {
    for clients in [1, 3] {
        for (held, lists, pause) in [(false, 1, 0), (true, 1, 2), (false, 4, 100), (true, 4, 450), (true, 3, 900)] {
            // Where Carrel closes what has exited, there is nothing to close any more.
            for close_on_exit in ["true", "false"] {
                let mut zellij = World::new().clients(clients).option("close_on_exit", close_on_exit).ready();
                let desk = zellij.open();
                let other = zellij.open();
                zellij.pass(3_000);
                zellij.close_and_exit(zellij.terminal_of(desk), held, lists, pause);
                let rows = |zellij: &World, client| -> Vec<_> {
                    zellij.board(client).desks.iter().map(|desk| desk.pane).collect()
                };
                for _ in 0..200 {
                    zellij.pass(100);
                    assert_eq!(rows(&zellij, 1), [other], "{clients} {held} {lists} {pause}: its row came back");
                }
                assert_eq!(rows(&zellij, clients), [other]);
                assert!(zellij.board(clients).leaving.is_empty());
                let closings = zellij.count(|did| *did == Did::Marked(desk));
                // The second is the look at whether it stays away.
                assert_eq!((closings, zellij.cleans_of(desk)), (usize::from(clients), 2), "{held} {lists} {pause}");
                assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
                assert_eq!(zellij.count(|did| matches!(did, Did::Closed(_))), 0);
                assert!(zellij.pane_of(other).is_some() && zellij.disk.desks.contains_key(&other));
            }
        }
    }
}

#[test]
fn a_claude_that_lives_on_is_waited_for() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let terminal = zellij.terminal_of(desk);
    zellij.disk.processes.values_mut().for_each(|(_, dies)| *dies = Some(zellij.now + 40_000));
    zellij.close(terminal);
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert!(zellij.board(1).leaving[0].failed.as_deref().unwrap().contains("lives"));
    let status = zellij.ask("status", &[]);
    assert!(status["problems"][0].as_str().unwrap().contains(&desk.to_string()), "{status}");
    zellij.pass(30_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
}

#[test]
fn a_daemon_that_stays_at_a_closed_panes_desk_is_not_polled_and_its_end_is_noticed_at_the_next_occasion() {
    let look: fn(&mut World, u32) = |zellij, _| drop(zellij.ask("check", &[]));
    let close_another: fn(&mut World, u32) = |zellij, other| zellij.close(other);
    for occasion in [look, close_another] {
        a_daemon_stays_until(occasion);
    }
}

fn a_daemon_stays_until(occasion: fn(&mut World, u32)) {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let terminal = zellij.terminal_of(desk);
    zellij.disk.processes.values_mut().for_each(|(_, dies)| *dies = Some(zellij.now + 3_600_000));
    let other = zellij.open();
    let other = zellij.terminal_of(other);
    zellij.close(terminal);
    zellij.pass(300_000);
    let before = zellij.cleans_of(desk);
    assert!(before <= 8, "{before} times");
    zellij.pass(3_600_000);
    assert_eq!(zellij.cleans_of(desk), before, "it is polled");
    assert!(zellij.disk.desks.contains_key(&desk) && zellij.is_marked(desk));
    occasion(&mut zellij, other);
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
}

#[test]
fn what_cannot_be_kept_is_told_and_tried_again_later_and_nothing_is_lost() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.disk.full = Some("the disk is full".into());
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(5_000);
    assert!(zellij.board(1).leaving[0].failed.as_deref().unwrap().contains("the disk is full"));
    let before = zellij.cleans_of(desk);
    zellij.pass(30_000);
    assert_eq!(zellij.cleans_of(desk), before, "somebody has to mend something first");
    assert!(zellij.disk.desks.contains_key(&desk) && zellij.is_marked(desk));
    zellij.disk.full = None;
    zellij.pass(60_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
    assert!(zellij.board(1).leaving.is_empty());
}

#[test]
fn unknown_entries_block_the_deletion_and_are_named() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let session = zellij.pane_of(desk).unwrap().session();
    zellij.disk.unknown_entries.insert(desk);
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(120_000);
    assert!(zellij.board(1).leaving[0].failed.as_deref().unwrap().contains("new-thing.db"));
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.disk.conversations[&session].1, Place::Shared, "the rest is kept");
    zellij.disk.unknown_entries.clear();
    zellij.pass(61_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_closing_that_could_not_be_done_goes_on_in_the_next_session() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.disk.full = Some("the disk is full".into());
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(5_000);
    zellij.die();
    zellij.disk.full = None;
    zellij.begin_again();
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_clean_that_says_nothing_is_told_and_tried_again() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.says("clean", "");
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(3_000);
    assert!(zellij.board(1).leaving[0].failed.is_some());
    zellij.pass(70_000);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn a_clean_whose_answer_is_lost_is_tried_again() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.lose("clean", 1);
    zellij.close(zellij.terminal_of(desk));
    // Keeping a large desk may take many minutes; after that the answer counts as lost.
    zellij.pass(20 * 60_000);
    assert!(!zellij.is_marked(desk), "cleaned {} times", zellij.cleans_of(desk));
}

#[test]
fn with_cleanup_on_close_false_desks_stay() {
    let mut zellij = World::new().clients(2).option("cleanup_on_close", "false").ready();
    let desk = zellij.open();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(60_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert!(!zellij.is_marked(desk));
    assert_eq!(zellij.hosts_named("clean"), 0);
    assert!(zellij.board(1).desks.is_empty());
}

#[test]
fn a_pane_that_is_none_of_carrels_may_close_without_consequences() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let plain = zellij.plain_pane("vim /home/ada/.local/state/carrel/carrel.sh run --pane");
    zellij.pass(2_000);
    zellij.close(plain);
    zellij.happens(1, Event::PaneClosed(TerminalId(99)));
    zellij.pass(10_000);
    assert_eq!(zellij.hosts_named("clean"), 0);
    assert_eq!(zellij.board(1).desks[0].pane, desk);
}

#[test]
fn the_pipe_close_closes_the_pane_and_its_desk_is_cleaned() {
    let mut zellij = World::new().clients(3).ready();
    let desk = zellij.open();
    let answer = zellij.ask("close", &[("pane", &desk.to_string())]);
    zellij.pass(500);
    // Zellij loses an answer now and then.
    assert_eq!(zellij.ask("close", &[("pane", &desk.to_string())]), answer);
    assert_eq!(answer["closed"], desk.to_string());
    zellij.pass(10_000);
    assert!(zellij.panes.is_empty() && !zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.count(|did| matches!(did, Did::Closed(_))), 1);
    assert!(zellij.ask_wrong("close", &[("pane", &desk.to_string())]).contains("no pane"));
    // One that nobody asked for.
    let other = zellij.open();
    zellij.close(zellij.terminal_of(other));
    assert!(zellij.ask_wrong("close", &[("pane", &other.to_string())]).contains("no pane"));
}

#[test]
fn another_sessions_mark_of_a_desk_that_came_back_there_is_left_alone() {
    let mut zellij = World::new().ready();
    let desk = zellij.old_desk(77);
    zellij.cache.marks.insert(desk.to_string());
    zellij.disk.processes.insert(500, (desk, None));
    zellij.pass(15_000);
    // The other session took the mark off: its pane lives. Then its Claude ends, and the pane waits for Enter.
    zellij.cache.marks.clear();
    zellij.pass(15_000);
    zellij.disk.processes.clear();
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert!(zellij.board(1).leaving.is_empty());
}

// ---- a shell in a held pane ------------------------------------------------------------------------------------------

#[test]
fn a_shell_in_a_held_pane_is_known_though_zellij_sends_no_list_any_more() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let terminal = zellij.terminal_of(desk);
    zellij.pass(5_000);
    zellij.exit(terminal, 0);
    zellij.pass(5_000);
    zellij.drop_to_shell(terminal);
    zellij.pass(1_100);
    zellij.lists(false);
    zellij.pass(20_000);
    assert!(zellij.cleans_of(desk) > 0);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn esc_on_a_held_pane_leaves_a_shell_there_and_the_conversation_is_kept() {
    for clients in 1..=3 {
        let mut zellij = World::new().clients(clients).ready();
        let (desk, other) = (zellij.open(), zellij.open());
        let terminal = zellij.terminal_of(desk);
        let session = zellij.pane_of(desk).unwrap().session();
        zellij.exit(terminal, 0);
        zellij.pass(30_000);
        assert!(zellij.disk.desks.contains_key(&desk), "a held pane keeps its desk");
        zellij.drop_to_shell(terminal);
        zellij.pass(15_000);
        assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
        assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
        assert!(zellij.panes.iter().any(|pane| pane.terminal == terminal), "the shell lives on");
        assert_eq!(zellij.board(1).desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), [other]);
        // Nothing more is done about it, until it is closed and then too.
        let hosts = zellij.hosts;
        zellij.pass(300_000);
        assert_eq!(zellij.hosts, hosts);
        zellij.close(terminal);
        zellij.pass(30_000);
        // Clones that do not act have not looked: to them it closes now.
        assert!(zellij.cleans_of(desk) <= 3, "{clients} {}", zellij.story_of(desk));
        assert!(zellij.disk.desks.contains_key(&other));
    }
}

#[test]
fn a_shell_is_noticed_by_a_plugin_that_was_loaded_anew_too() {
    for after in [100, 2_000, 60_000] {
        let mut zellij = World::new().ready();
        let desk = zellij.open();
        let terminal = zellij.terminal_of(desk);
        zellij.exit(terminal, 0);
        zellij.pass(3_000);
        zellij.drop_to_shell(terminal);
        zellij.pass(after);
        zellij.reload(1);
        zellij.pass(60_000);
        assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk), "after {after} ms");
        assert!(zellij.board(1).desks.is_empty());
        let hosts = zellij.hosts;
        zellij.pass(300_000);
        assert_eq!(zellij.hosts, hosts);
    }
}

#[test]
fn enter_on_a_held_pane_is_no_shell_however_slow_the_machine_is() {
    for launcher_ms in [20, 1_000, 3_000] {
        let mut zellij = World::new().ready();
        let desk = zellij.open();
        zellij.launcher_ms = launcher_ms;
        zellij.exit(zellij.terminal_of(desk), 1);
        zellij.pass(10_000);
        zellij.rerun(zellij.terminal_of(desk));
        // The world itself refuses that the desk of a pane is deleted.
        zellij.pass(60_000);
        assert_eq!(zellij.board(1).desks[0].state, State::Idle, "{launcher_ms}");
        assert_eq!(zellij.cleans_of(desk), 0);
    }
}

#[test]
fn a_claude_that_ends_is_no_shell_although_zellij_is_slow_to_say_that_its_pane_is_held() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.pass(60_000);
    let panes = zellij.panes.clone();
    zellij.lists(false);
    zellij.exit(zellij.terminal_of(desk), 0);
    for _ in 0..5 {
        zellij.pass(500);
        zellij.stale_list(&panes);
    }
    zellij.lists(true);
    zellij.pass(60_000);
    assert_eq!(zellij.cleans_of(desk), 0);
    assert_eq!(zellij.board(1).desks[0].state, State::Exited);
}

#[test]
fn a_shell_in_a_pane_whose_desk_is_to_stay_leaves_it_for_gc() {
    let mut zellij = World::new().option("cleanup_on_close", "false").ready();
    let desk = zellij.open();
    let terminal = zellij.terminal_of(desk);
    zellij.exit(terminal, 0);
    zellij.pass(3_000);
    zellij.drop_to_shell(terminal);
    zellij.pass(30_000);
    assert!(zellij.disk.desks.contains_key(&desk) && zellij.board(1).desks.is_empty());
    assert_eq!(zellij.ask("gc", &[("dry_run", "false")])["orphans"][0]["removed"], true);
    assert!(!zellij.disk.desks.contains_key(&desk));
}

#[test]
fn two_panes_of_one_saved_layout_share_a_row_and_cost_nothing() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let mut second = zellij.pane_of(desk).unwrap().clone();
    // Its launcher has stopped with a sentence.
    (second.terminal, second.exited, second.held, second.exit_code) = (77, true, true, Some(1));
    second.title = "claude".into();
    zellij.panes.push(second);
    zellij.pass(30_000);
    let hosts = zellij.hosts;
    zellij.pass(120_000);
    assert_eq!(zellij.hosts, hosts);
    let board = zellij.board(1);
    assert_eq!(board.desks.len(), 1);
    assert_eq!((board.desks[0].terminal, board.desks[0].state), (Some(TerminalId(1)), State::Idle));
    // When the first one closes, the second one has the desk.
    let first = zellij.panes[0].terminal;
    zellij.close(first);
    zellij.pass(60_000);
    assert_eq!(zellij.board(1).desks[0].terminal, Some(TerminalId(77)));
    assert!(!zellij.is_marked(desk));
}

#[test]
fn a_desk_is_looked_at_after_its_deletion_until_it_stays_away() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.close(zellij.terminal_of(desk));
    for _ in 0..4 {
        zellij.pass(1_500);
        zellij.old_desk(desk.0.as_u128());
    }
    zellij.pass(10_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk));
}

#[test]
fn what_cleanup_on_close_said_when_a_pane_was_opened_counts() {
    // A layout's pane with options of its own, beside a manager that cleans.
    let mut zellij = World::new().ready();
    zellij.layout_pane(2, &[("role", "claude"), ("cleanup_on_close", "false")]);
    zellij.pass(15_000);
    let desk = zellij.panes[0].desk.unwrap();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(60_000);
    assert!(zellij.disk.desks.contains_key(&desk));
    assert_eq!(zellij.cleans_of(desk), 0);
}

// ---- the panel is closed, the session renamed, the clock set ---------------------------------------------------------

#[test]
fn a_pane_that_closes_while_the_panel_is_closed_is_cleaned_when_carrel_is_back() {
    for wait in [0, 1_000, 120_000] {
        let mut zellij = World::new().clients(2).ready();
        let (desk, other) = (zellij.open(), zellij.open());
        let session = zellij.pane_of(desk).unwrap().session();
        zellij.close_panel();
        zellij.pass(5_000);
        zellij.close(zellij.terminal_of(desk));
        zellij.pass(wait);
        zellij.attach(1);
        zellij.pass(30_000);
        assert!(!zellij.disk.desks.contains_key(&desk) && zellij.disk.desks.contains_key(&other), "{wait}");
        assert_eq!(zellij.disk.conversations[&session].1, Place::Shared);
        assert_eq!(zellij.board(1).desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), [other]);
    }
}

#[test]
fn a_renamed_session_keeps_its_desks_and_closes_them_as_ever() {
    let mut zellij = World::new().clients(2).ready();
    let (desk, other) = (zellij.open(), zellij.open());
    zellij.rename_session("work");
    zellij.exit(zellij.terminal_of(other), 0);
    zellij.pass(120_000);
    assert!(zellij.disk.desks.contains_key(&desk) && zellij.disk.desks.contains_key(&other));
    assert_eq!(zellij.ask("status", &[])["session"], "work");
    zellij.ask("gc", &[("dry_run", "false")]);
    zellij.reload(1);
    zellij.pass(30_000);
    assert_eq!(zellij.hosts_named("clean"), 0);
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(20_000);
    assert!(!zellij.disk.desks.contains_key(&desk) && zellij.disk.desks.contains_key(&other));
}

#[test]
fn a_clock_that_jumps_closes_nothing_and_holds_nothing_up() {
    let day = 24 * 60 * 60 * 1_000;
    for forward in [true, false] {
        let mut zellij = World::new().clients(2).ready();
        let (desk, other) = (zellij.open(), zellij.open());
        zellij.exit(zellij.terminal_of(other), 0);
        zellij.pass(3_000);
        zellij.close(zellij.terminal_of(desk));
        zellij.pass(5);
        if forward {
            zellij.set_clock_forward(day);
        } else {
            zellij.set_clock_back(day);
        }
        zellij.pass(90_000);
        assert!(!zellij.disk.desks.contains_key(&desk) && !zellij.is_marked(desk), "forward: {forward}");
        assert!(zellij.disk.desks.contains_key(&other));
        assert_eq!(zellij.cleans_of(other), 0);
    }
}

// ---- close_on_exit ---------------------------------------------------------------------------------------------------

#[test]
fn with_close_on_exit_a_pane_closes_when_its_claude_ends_well() {
    for clients in 1..=2 {
        let mut zellij = World::new().clients(clients).option("close_on_exit", "true").ready();
        let desk = zellij.open();
        zellij.exit(zellij.terminal_of(desk), 0);
        zellij.pass(10_000);
        assert!(zellij.panes.is_empty());
        assert_eq!(zellij.count(|did| matches!(did, Did::Closed(_))), 1);
        assert!(!zellij.disk.desks.contains_key(&desk));
    }
}

#[test]
fn with_close_on_exit_a_pane_whose_claude_failed_stays_and_says_why() {
    let mut zellij = World::new().option("close_on_exit", "true").ready();
    let desk = zellij.open();
    zellij.exit(zellij.terminal_of(desk), 1);
    zellij.pass(10_000);
    assert_eq!(zellij.panes.len(), 1);
    assert!(zellij.board(1).desks[0].problems[0].contains("code 1"));
    zellij.rerun(zellij.terminal_of(desk));
    zellij.pass(3_000);
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(3_000);
    assert!(zellij.panes.is_empty());
}

#[test]
fn without_close_on_exit_a_pane_stays_whatever_its_claude_ends_with() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(60_000);
    assert_eq!(zellij.panes.len(), 1);
    assert!(zellij.disk.desks.contains_key(&desk));
}
