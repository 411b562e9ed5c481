//! What the user changed inside a desk, with the real Claude, the real lock, and other Claudes that write at the same time.

use std::fs;

use serde_json::{json, Value};

use crate::desks::{state_dir, Pane};
use crate::support::claude::{claude, shows_prompt, shows_trust_question, trust};
use crate::support::machine::{Machine, User};
use crate::support::waiting::{finish, PATIENCE};
use crate::support::zellij::{key, Client, Setup, Zellij};

fn setup() -> Setup {
    Setup::carrel().panel_key("Alt p")
}

fn users_file(machine: &Machine) -> Value {
    serde_json::from_str(&machine.read(".claude.json")).expect("the user's own file is whole")
}

/// Runs `claude` as it runs inside the desk: what the user types there behind a `!`, say.
#[track_caller]
fn claude_at(machine: &Machine, pane: &Pane, args: &[&str]) {
    let mut command = machine.command("claude");
    command.env("CLAUDE_CONFIG_DIR", &pane.desk).args(args);
    finish(command, PATIENCE).ok();
}

/// The names of what plain Claude knows.
fn listed(machine: &Machine) -> String {
    claude(machine, &["mcp", "list"]).ok()
}

fn show_panel(client: &mut Client) {
    client.press(&key::alt('p'), "the panel", |screen| screen.contains("hide"));
}

/// The words of the floating panel, its lines joined.
fn inside_the_panel(screen: &str) -> String {
    let line = |line: &str| Some(line.split_once('│')?.1.rsplit_once('│')?.0.trim().to_owned());
    screen.lines().filter_map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_was_changed_inside_a_desk_is_shown_and_carried_back_while_other_claudes_write() {
    let machine = Machine::of(&User { mcp_server: true, ..User::normal() });
    let other = machine.at_home("untrusted");
    fs::create_dir_all(&other).unwrap();
    let zellij = Zellij::new(&machine, &setup());
    let mut client = zellij.start();
    let pane = Pane::order(&zellij, "new", &format!("cwd={}", other.display()));
    client.wait_screen("the trust question", shows_trust_question);
    trust(&mut client);
    pane.wait_for_prompt(&zellij);
    claude_at(&machine, &pane, &["mcp", "add", "-s", "user", "lamp", "--", "true"]);
    claude_at(&machine, &pane, &["mcp", "remove", "-s", "user", "shelf"]);
    // A normal conversation is no change.
    pane.say(&zellij, "a word about the lamp");
    assert!(!listed(&machine).contains("lamp"));

    show_panel(&mut client);
    client.wait_screen("what was changed", |screen| {
        let told = inside_the_panel(screen);
        ["MCP server `lamp` added", "MCP server `shelf` removed", "untrusted trusted", "c carry back"]
            .iter()
            .all(|what| told.contains(what))
    });
    // A loop of other Claudes writes the same file meanwhile: none of their servers may get lost.
    let before = users_file(&machine);
    let added = std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            (0..6)
                .map(|number| {
                    let name = format!("other{number}");
                    claude(&machine, &["mcp", "add", "-s", "user", &name, "--", "true"]).ok();
                    name
                })
                .collect::<Vec<_>>()
        });
        machine
            .wait("the others have begun", || users_file(&machine)["mcpServers"]["other0"].is_object().then_some(()));
        client.keys("c");
        client.wait_text("Carried back");
        others.join().unwrap()
    });
    let after = users_file(&machine);
    let servers: Vec<String> = after["mcpServers"].as_object().unwrap().keys().cloned().collect();
    let mut expected = added;
    expected.push("lamp".to_owned());
    expected.sort();
    assert_eq!(servers, expected, "of nobody anything is lost");
    let path = other.canonicalize().unwrap().display().to_string();
    assert_eq!(after["projects"][&path]["hasTrustDialogAccepted"], json!(true));
    assert_eq!(after["customApiKeyResponses"], before["customApiKeyResponses"]);
    let listed = listed(&machine);
    assert!(listed.contains("lamp") && !listed.contains("shelf"), "{listed}");
    assert!(!machine.at_home(".claude.json.lock").exists());
    client.wait_screen("nothing is left to be carried back", |screen| !screen.contains("c carry back"));

    // A new desk has it, and asks no question where the user has trusted.
    let second = Pane::order(&zellij, "new", &format!("cwd={}", other.display()));
    second.wait_for_prompt(&zellij);
    let given = fs::read_to_string(second.desk.join(".claude.json")).unwrap();
    assert!(given.contains("lamp") && !given.contains("shelf"), "{given}");
}

#[test]
fn what_was_changed_before_the_pane_was_closed_is_carried_back_by_another_session() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &setup());
    let client = zellij.start();
    let untouched = Pane::open(&zellij, "");
    untouched.say(&zellij, "nothing is changed here");
    let pane = Pane::open(&zellij, "");
    claude_at(&machine, &pane, &["mcp", "add", "-s", "user", "lamp", "-e", "KEY=value-of-the-lamp", "--", "true"]);
    for pane in [&untouched, &pane] {
        zellij.close_pane(pane.terminal);
        pane.wait_until_gone(&machine);
    }
    drop(client);
    zellij.delete_session();
    let next = zellij.session("s2");
    let mut client = next.start();
    next.wait_status("the user is told", |status| {
        status["problems"].as_array().is_some_and(|problems| problems.len() == 1)
            && status["problems"][0].as_str().unwrap_or_default().contains("c carries it back")
    });
    show_panel(&mut client);
    client.wait_screen("what was changed", |screen| inside_the_panel(screen).contains("MCP server `lamp` added"));
    client.keys("c");
    client.wait_text("Carried back");
    assert_eq!(users_file(&machine)["mcpServers"]["lamp"]["env"]["KEY"], "value-of-the-lamp");
    let left = fs::read_dir(state_dir(&machine).join("changes")).unwrap().count();
    assert_eq!(left, 0);
    assert!(shows_prompt_of_plain_claude(&machine));
    for told in [machine.zellij_log(), next.status().to_string()] {
        assert!(!told.contains("lamp"), "{told}");
    }
}

/// Claude reads what we have written.
fn shows_prompt_of_plain_claude(machine: &Machine) -> bool {
    let mut client = Client::spawn(machine, "plain Claude".to_owned(), "claude", &[]);
    client.wait_screen("plain Claude's prompt, without any question", shows_prompt);
    client.keys(&key::ctrl('d'));
    listed(machine).contains("lamp")
}
