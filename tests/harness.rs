//! Proves the harness itself, without Carrel: the real Claude Code talks to the stand-in, in and outside the real Zellij.
//!
//! Where one of these fails, no other test on the real programs says anything.

mod support;

use support::claude::{self, shows_permission_question, shows_prompt, shows_trust_question};
use support::machine::{Machine, User, MEMORY_WORD, SKILL};
use support::zellij::{Client, Setup, Zellij};

#[test]
fn claude_answers_a_prompt_and_resumes_the_conversation() {
    let machine = Machine::new();
    assert_eq!(claude::ask(&machine, "what is a carrel?"), "Noted: what is a carrel?\n");
    let first = machine.api().wait_for_prompt("what is a carrel?");
    assert!(first.mentions(MEMORY_WORD) && first.mentions(SKILL), "{first:#?}");
    let session = first.session.clone().expect("a session header");
    let transcript = claude::transcript(&machine.at_home(".claude"), &session).expect("a transcript");
    assert!(claude::lines(&transcript).iter().any(|line| line["type"] == "assistant"));

    claude::resume(&machine, &session, "and a desk?").ok();
    let second = machine.api().wait_for_prompt("and a desk?");
    assert_eq!(second.session, Some(session));
    assert!(second.mentions("what is a carrel?"), "{second:#?}");
}

#[test]
fn claude_in_a_pane_asks_before_it_runs_a_command() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::plain());
    let mut client = zellij.start();
    zellij.open(&[], &["claude"]);
    client.wait_screen("Claude's prompt", shows_prompt);
    assert_eq!(machine.claudes().len(), 1);

    client.type_line("run: echo kept > note.txt");
    client.wait_screen("the permission question", shows_permission_question);
    let waiting = machine.wait("Claude reports that it waits", || {
        claude::registry(&machine.at_home(".claude")).pop().filter(|(_, report)| report["status"] == "waiting")
    });
    assert_eq!(waiting.1["waitingFor"], "permission prompt");
    assert!(!machine.project().join("note.txt").exists());
    claude::allow(&mut client);
    client.wait_text("Done.");
    assert_eq!(std::fs::read_to_string(machine.project().join("note.txt")).unwrap(), "kept\n");
}

#[test]
fn claude_is_busy_for_as_long_as_the_test_wants() {
    let machine = Machine::new();
    let mut terminal = Client::spawn(&machine, "a bare terminal".to_owned(), "claude", &[]);
    terminal.wait_screen("Claude's prompt", shows_prompt);
    terminal.type_line("hold: door");
    machine.api().wait_for_prompt("hold: door");
    machine.wait("Claude reports that it works", || {
        claude::registry(&machine.at_home(".claude")).pop().filter(|(_, report)| report["status"] == "busy")
    });
    machine.api().release("door");
    terminal.wait_text("Noted: hold: door");
}

#[test]
fn claude_asks_whether_it_may_trust_a_dir_that_the_user_has_not_trusted() {
    let machine = Machine::of(&User { trusts: Vec::new(), ..User::normal() });
    let terminal = Client::spawn(&machine, "a bare terminal".to_owned(), "claude", &[]);
    let screen = terminal.wait_screen("the trust question", shows_trust_question);
    assert!(!shows_prompt(&screen));
}

#[test]
fn two_clients_see_the_same_session_and_one_can_leave() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::plain());
    let mut first = zellij.start();
    let second = zellij.attach();
    first.type_line("echo from the first");
    second.wait_screen("what the first client did", |screen| screen.matches("from the first").count() == 2);
    second.detach();
    first.type_line("echo still here");
    first.wait_screen("the session goes on", |screen| screen.matches("still here").count() == 2);
}

#[test]
fn a_killed_session_comes_back_with_its_command() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::plain());
    let client = zellij.start();
    zellij.open(&["--name", "reading"], &["sleep", "1000"]);
    let saved = zellij.save();
    assert!(saved.contains("command=\"sleep\""), "{saved}");
    zellij.kill_server();
    drop(client);
    assert!(machine.processes_like("sleep 1000").is_empty());

    let client = zellij.resurrect(false);
    client.wait_text("Waiting to run: sleep 1000");
    drop(client);
    zellij.kill_session();
    let _client = zellij.resurrect(true);
    machine.wait("the command runs again", || machine.processes_like("sleep 1000").pop());
}

#[test]
fn a_session_without_a_client_opens_panes() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::plain());
    zellij.start_in_background();
    let terminal = zellij.open(&[], &["sh", "-c", "echo ready; sleep 1000"]);
    machine
        .wait("the pane shows what its command printed", || zellij.pane_text(terminal).contains("ready").then_some(()));
    zellij.close_pane(terminal);
    zellij.wait_panes("the pane is closed", |panes| panes.iter().all(|pane| pane["id"] != terminal));
}

#[test]
fn what_changes_in_the_users_state_is_named() {
    let machine = Machine::new();
    let before = machine.shared_state();
    before.assert_unchanged(&machine.shared_state(), &[]);
    machine.write(".claude/settings.json", "{\"theme\":\"light\"}");
    machine.write(".claude/new.txt", "new");
    std::fs::remove_file(machine.at_home(".claude/CLAUDE.md")).unwrap();
    let changes = before.changes(&machine.shared_state());
    assert_eq!(changes.len(), 3, "{changes:#?}");
    assert!(changes[0].starts_with("removed: .claude/CLAUDE.md"), "{changes:#?}");
    assert!(changes[1].starts_with("changed: .claude/settings.json: "), "{changes:#?}");
    assert_eq!(changes[2], "new: .claude/new.txt");
    before.assert_unchanged(&machine.shared_state(), &[".claude"]);
}

#[test]
fn nothing_of_a_machine_is_left() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::plain());
    let _client = zellij.start();
    zellij.open(&[], &["claude"]);
    let claude = machine.wait("Claude runs", || machine.claudes().pop());
    let server = zellij.server().expect("a server");
    let root = machine.root().to_owned();
    drop((_client, zellij, machine));
    assert!(!claude.lives() && !server.lives());
    assert!(!root.exists());
}
