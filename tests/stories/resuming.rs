//! Going on with an old conversation.

use crate::disk::Place;
use crate::world::{desk_in, uuid_text, Did, World};

fn with_conversation(session: &str, cwd: &str) -> World {
    let mut zellij = World::new().clients(2).ready();
    zellij.disk.conversations.insert(session.into(), (cwd.into(), Place::Shared));
    zellij
}

#[test]
fn a_conversation_is_resumed_where_it_was_held() {
    let session = uuid_text(1);
    let mut zellij = with_conversation(&session, "/code/b");
    let answer = zellij.ask("resume", &[("session", &session)]);
    zellij.pass(3_000);
    let pane = zellij.pane_of(desk_in(&answer)).unwrap();
    assert_eq!((pane.cwd.as_str(), pane.session()), ("/code/b", session));
    assert!(pane.argv.contains(&"--resume".to_string()));
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn a_cwd_that_was_asked_for_goes_before_the_conversations_own() {
    let session = uuid_text(1);
    let mut zellij = with_conversation(&session, "/code/b");
    zellij.ask("resume", &[("session", &session), ("cwd", "/code/a")]);
    assert_eq!(zellij.panes[0].cwd, "/code/a");
    assert!(zellij.ask_wrong("resume", &[("session", &session), ("cwd", "/nowhere")]).contains("/nowhere"));
}

#[test]
fn a_conversation_whose_directory_is_gone_is_not_opened_somewhere_else_in_silence() {
    let session = uuid_text(1);
    let mut zellij = with_conversation(&session, "/code/deleted");
    let error = zellij.ask_wrong("resume", &[("session", &session)]);
    assert!(error.contains("/code/deleted"), "{error}");
}

#[test]
fn a_conversation_that_is_open_at_a_desk_names_the_desk() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let session = zellij.pane_of(desk).unwrap().session();
    let error = zellij.ask_wrong("resume", &[("session", &session)]);
    assert!(error.contains(&desk.to_string()), "{error}");
    assert_eq!(zellij.opened(), 1);
}

#[test]
fn a_conversation_that_is_open_elsewhere_or_nowhere_is_refused() {
    let session = uuid_text(1);
    let mut zellij = with_conversation(&session, "/code");
    zellij.disk.in_use.insert(session.clone());
    assert!(zellij.ask_wrong("resume", &[("session", &session)]).contains("open in another Claude"));
    assert!(zellij.ask_wrong("resume", &[("session", &uuid_text(2))]).contains("no conversation"));
    assert_eq!(zellij.opened(), 0);
}

#[test]
fn a_conversation_goes_from_a_closed_pane_to_the_next_one() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    let session = zellij.pane_of(desk).unwrap().session();
    zellij.close(zellij.terminal_of(desk));
    zellij.pass(8_000);
    let next = desk_in(&zellij.ask("resume", &[("session", &session)]));
    zellij.pass(2_000);
    assert_eq!(zellij.disk.conversations[&session].1, Place::Desk(next));
}

#[test]
fn a_search_that_does_not_answer_is_told() {
    let mut zellij = World::new().ready();
    zellij.says("find", "");
    assert!(zellij.ask_wrong("resume", &[("session", &uuid_text(1))]).contains("did not answer"));
}

#[test]
fn a_conversation_for_a_pane_without_isolation_is_looked_for_where_its_claude_will_look() {
    let mut zellij = World::new().option("shared_dir", "/elsewhere/claude").ready();
    for (method, shared) in [("none", ""), ("config_dir", "/elsewhere/claude")] {
        let session = "0b5c9b9e-5d5f-4f9a-8f0e-8d5b6c1f2a3b";
        zellij.send("resume", &[("session", session), ("method", method)]);
        zellij.pass(2_000);
        let asked = |did: &Did| matches!(did, Did::Host(words) if words[..] == ["find", session, shared]);
        assert_eq!(zellij.count(asked), 1, "{method}");
    }
}
