//! A Claude that was typed into a shell: shown as not isolated, and moved to a desk of its own when the user wants that.

use serde_json::json;

use crate::desks::{claudes, Pane};
use crate::support::claude::{self, shows_prompt};
use crate::support::machine::{Machine, Process};
use crate::support::zellij::{key, Setup, Zellij};

#[test]
fn a_claude_typed_into_a_shell_is_moved_to_a_desk_of_its_own_and_the_shell_comes_back() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().panel_key("Alt p"));
    let mut client = zellij.start();
    let shell = zellij.terminals()[0]["id"].as_u64().unwrap();
    zellij.status();
    client.type_line("claude");
    client.wait_screen("Claude's prompt", shows_prompt);
    let status = zellij.wait_status("it is seen", |status| status["unisolated"] != json!([]));
    assert_eq!(status["unisolated"], json!([{"terminal": shell, "command": "claude"}]));
    client.type_line("remember the shed");
    machine.api().wait_for_prompt("remember the shed");
    client.wait_text("Noted: remember the shed");
    let session = machine.wait("a transcript in the shared dir", || {
        claude::transcripts(&machine.at_home(".claude")).pop().map(|(session, _)| session)
    });
    // Not one that is only asked for its login.
    let is_typed = |claude: &Process| !claude.env.contains_key("CLAUDE_CONFIG_DIR");
    let typed = machine.claudes().into_iter().find(is_typed).expect("the Claude that was typed").pid;

    zellij.ask("check", "", "");
    client.press_for_text(&key::alt('p'), "unisolated");
    client.keys("i");
    client.wait_text("go on at a desk");
    client.keys("x");
    client.wait_screen("the question is taken back", |screen| !screen.contains("go on at a desk"));
    assert!(machine.claudes().iter().any(|claude| claude.pid == typed), "asked first");
    client.keys("i");
    client.wait_text("go on at a desk");
    client.keys("y");
    let status = zellij.wait_status("an isolated pane", |status| status["panes"][0]["health"] == "isolated");
    assert_eq!(status["panes"][0]["session"], session.as_str(), "the same conversation");
    assert_eq!(status["unisolated"], json!([]));
    assert!(claudes(&machine).iter().all(|claude| claude.pid != typed));
    let pane = Pane::of(&json!({"version": 1, "pane": status["panes"][0]["pane"],
        "terminal": status["panes"][0]["terminal"], "config_dir": status["panes"][0]["config_dir"]}));
    client.wait_screen("the conversation goes on here", |screen| {
        screen.contains("Noted: remember the shed") && !screen.contains("hide")
    });
    client.type_line("and the door");
    machine.api().wait_for("a turn with both", |request| {
        request.prompt().contains("and the door") && request.mentions("remember the shed")
    });

    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    client.wait_text("shell$");
    assert!(zellij.terminals().iter().any(|pane| pane["id"] == shell), "the shell is there again");
    assert!(claude::transcript(&machine.at_home(".claude"), &session).is_some(), "and the conversation is kept");
    client.type_line("echo alive");
    client.wait_screen("the shell answers", |screen| screen.lines().any(|line| line.trim() == "alive"));
}
