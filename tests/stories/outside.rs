//! Claudes that are not isolated: somebody typed `claude` into a shell. They are told of, and nothing else is done unasked.

use serde_json::{json, Value};

use zellij_carrel::manager::board::{Health, State};

use crate::world::{Behaviour, World};

/// As `status` tells them, when both clones know.
fn listed(zellij: &mut World) -> Vec<Value> {
    zellij.pass(2_500);
    let boards: Vec<_> = zellij.clients_there().iter().map(|client| zellij.board(*client)).collect();
    assert!(boards.iter().all(|board| board.unisolated == boards[0].unisolated), "they agree: {boards:?}");
    assert!(boards.iter().all(|board| board.problems == boards[0].problems), "they agree: {boards:?}");
    let status = zellij.ask("status", &[]);
    let rows = status["unisolated"].as_array().unwrap().clone();
    assert_eq!(rows.len(), boards[0].unisolated.len());
    let problems = status["problems"].as_array().unwrap();
    assert_eq!(problems.len(), rows.len(), "{problems:?}");
    for (row, problem) in rows.iter().zip(problems) {
        let problem = problem.as_str().unwrap();
        assert!(problem.contains(&format!("#{}", row["terminal"])), "{problem}");
        assert!(problem.contains(row["command"].as_str().unwrap()) && problem.contains("not isolated"), "{problem}");
    }
    rows
}

fn shell() -> (World, u32) {
    let mut zellij = World::new().clients(2).ready();
    let terminal = zellij.plain_pane("bash");
    zellij.pass(2_000);
    (zellij, terminal)
}

#[test]
fn a_claude_in_a_shell_is_listed_until_another_program_runs_there() {
    let (mut zellij, terminal) = shell();
    assert_eq!(listed(&mut zellij), Vec::<Value>::new());
    // What follows the program may be the user's words: nobody is told.
    for command in ["claude --model opus", "/home/ada/.local/bin/claude", "claude -p secret"] {
        zellij.runs(terminal, command);
        assert_eq!(listed(&mut zellij), [json!({"terminal": terminal, "command": "claude"})]);
    }
    zellij.pass(600_000);
    assert_eq!(listed(&mut zellij).len(), 1, "for as long as it runs");
    zellij.runs(terminal, "bash");
    assert_eq!(listed(&mut zellij), Vec::<Value>::new());
}

#[test]
fn it_leaves_the_list_with_its_pane() {
    let (mut zellij, terminal) = shell();
    let other = zellij.plain_pane("fish");
    zellij.pass(2_000);
    zellij.runs(terminal, "claude");
    zellij.runs(other, "claude -c");
    assert_eq!(listed(&mut zellij).len(), 2);
    zellij.close(terminal);
    assert_eq!(listed(&mut zellij), [json!({"terminal": other, "command": "claude"})]);
    // One whose end nobody is told of.
    zellij.vanish(other);
    assert_eq!(listed(&mut zellij), Vec::<Value>::new());
}

#[test]
fn a_pane_whose_program_has_ended_runs_no_claude() {
    let (mut zellij, terminal) = shell();
    zellij.runs(terminal, "claude");
    assert_eq!(listed(&mut zellij).len(), 1);
    zellij.exit(terminal, 0);
    assert_eq!(listed(&mut zellij), Vec::<Value>::new());
}

#[test]
fn our_own_panes_are_never_listed() {
    let (mut zellij, terminal) = shell();
    let desk = zellij.open();
    let ours = zellij.terminal_of(desk);
    zellij.runs(ours, "/usr/bin/claude --session-id x");
    assert_eq!(listed(&mut zellij), Vec::<Value>::new());
    zellij.runs(terminal, "claude");
    assert_eq!(listed(&mut zellij), [json!({"terminal": terminal, "command": "claude"})]);
    // Also where Zellij tells it before anything else is known of the pane.
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(15);
    let new = zellij.panes.last().unwrap().terminal;
    zellij.runs(new, "claude");
    zellij.wait_for(call);
    assert_eq!(listed(&mut zellij).len(), 1);
    zellij.close(ours);
    assert_eq!(listed(&mut zellij).len(), 1, "nor when it is gone");
}

#[test]
fn a_suspended_pane_that_runs_again_is_not_listed() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.save_now();
    zellij.die();
    zellij.resurrect();
    zellij.pass(5_000);
    let terminal = zellij.terminal_of(desk);
    zellij.rerun(terminal);
    zellij.pass(600);
    zellij.runs(terminal, "claude --resume x");
    assert_eq!(listed(&mut zellij), Vec::<Value>::new());
}

#[test]
fn what_is_called_like_claude_in_another_place_is_not_one() {
    let (mut zellij, terminal) = shell();
    for command in ["vim claude", "claude-monitor", "/opt/claude/bin/tool", "npx claude", "cat /bin/claude", ""] {
        zellij.runs(terminal, command);
        assert_eq!(listed(&mut zellij), Vec::<Value>::new(), "{command}");
    }
}

#[test]
fn what_was_typed_behind_it_is_told_to_nobody() {
    let (mut zellij, terminal) = shell();
    zellij.runs(terminal, "claude -p my-secret-words");
    assert_eq!(listed(&mut zellij), [json!({"terminal": terminal, "command": "claude"})]);
    assert!(!zellij.ask("status", &[]).to_string().contains("secret"));
    for client in zellij.clients_there() {
        assert!(!format!("{:?}", zellij.manager(client)).contains("secret"));
    }
}

#[test]
fn a_claude_of_another_name_is_known_by_the_option() {
    let mut zellij = World::new().clients(2).option("claude", "/opt/tools/my-claude").ready();
    let terminal = zellij.plain_pane("bash");
    zellij.pass(2_000);
    for command in ["my-claude", "claude"] {
        zellij.runs(terminal, command);
        assert_eq!(listed(&mut zellij), [json!({"terminal": terminal, "command": command})]);
    }
}

#[test]
fn whoever_acts_next_knows_them_too() {
    let (mut zellij, terminal) = shell();
    zellij.runs(terminal, "claude");
    let before = listed(&mut zellij);
    let actor = zellij.actor().unwrap();
    zellij.crash(actor);
    zellij.pass(15_000);
    assert_ne!(zellij.actor(), Some(actor));
    assert_eq!(listed(&mut zellij), before);
}

#[test]
fn one_look_for_its_process_follows_and_no_pane_is_touched() {
    let (mut zellij, terminal) = shell();
    zellij.pass(60_000);
    let (hosts, opened) = (zellij.hosts, zellij.opened());
    for _ in 0..20 {
        zellij.runs(terminal, "claude");
        zellij.runs(terminal, "/usr/bin/claude -c");
        zellij.pass(2_000);
        zellij.runs(terminal, "bash");
        zellij.pass(1_000);
    }
    assert_eq!((zellij.hosts - hosts, zellij.opened() - opened), (20, 0));
    assert!(zellij.panes.iter().any(|pane| pane.terminal == terminal));
}

#[test]
fn one_that_has_printed_nothing_since_is_found_in_the_registry_of_the_shared_dir() {
    let (mut zellij, terminal) = shell();
    let session = zellij.claude_in(terminal, true);
    // One of another Zellij, and one of nobody's pane.
    zellij.claude_in(99, true);
    zellij.ask("check", &[]);
    assert_eq!(listed(&mut zellij), [json!({"terminal": terminal, "command": "claude"})]);
    let process = zellij.board(2).unisolated[0].process.clone().unwrap();
    assert_eq!(process.session.unwrap().as_str(), session);
    assert_eq!((process.cwd.as_deref(), process.state), (Some("/code"), State::Idle));
    zellij.disk.shared_registry.clear();
    zellij.ask("check", &[]);
    assert_eq!(listed(&mut zellij), Vec::<Value>::new(), "it has ended");
}

#[test]
fn a_pane_of_ours_whose_claude_leaks_is_not_one_of_these() {
    let mut zellij = World::new().clients(2).where_(|zellij| zellij.behaviour = Behaviour::Leaks).ready();
    let desk = zellij.open();
    let terminal = zellij.terminal_of(desk);
    zellij.disk.shared_registry[0].terminal = Some(terminal);
    zellij.ask("check", &[]);
    assert_eq!(zellij.board(1).unisolated, []);
    assert_eq!(zellij.board(1).desks[0].health, Health::Leaking);
}
