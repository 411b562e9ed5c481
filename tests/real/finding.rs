//! Finding a conversation, and a prompt, again.

use crate::desks::{claudes, Pane};
use crate::support::claude::{self, shows_prompt};
use crate::support::machine::Machine;
use crate::support::zellij::{key, Setup, Zellij};

#[test]
fn a_conversation_is_picked_on_the_panel_and_goes_on_with_all_that_was_said() {
    let machine = Machine::new();
    claude::ask(&machine, "remember the word PLUM");
    let session = machine.api().wait_for_prompt("PLUM").session.unwrap();
    claude::ask(&machine, "and another conversation");
    let zellij = Zellij::new(&machine, &Setup::carrel().panel_key("Alt p"));
    let mut client = zellij.start();
    zellij.status();
    client.keys(&key::alt('p'));
    client.wait_text("No desks");
    client.keys("r");
    let screen = client.wait_text("remember the word PLUM");
    assert!(screen.contains("2 conversations in") && screen.contains("and another"), "{screen}");
    client.keys("plum");
    client.wait_screen("one is left", |screen| !screen.contains("and another") && screen.contains("PLUM"));
    client.keys(key::ENTER);
    client.wait_screen("Claude's prompt, the panel out of the way", |screen| {
        shows_prompt(screen) && !screen.contains("filter")
    });
    let status = zellij.wait_status("isolated", |status| status["panes"][0]["health"] == "isolated");
    let pane = Pane {
        pane: status["panes"][0]["pane"].as_str().unwrap().to_owned(),
        terminal: status["panes"][0]["terminal"].as_u64().unwrap(),
        desk: status["panes"][0]["config_dir"].as_str().unwrap().into(),
    };
    pane.say(&zellij, "and the word PEAR");
    let request = machine.api().wait_for_prompt("PEAR");
    assert_eq!(request.session.as_ref(), Some(&session));
    assert!(request.mentions("PLUM"), "the conversation's beginning is missing");

    // From another pane the picker marks it as open, and goes there.
    zellij.action(&["move-focus", "left"]);
    let focused = |panes: &[serde_json::Value]| {
        let pane = |pane: &&serde_json::Value| pane["is_plugin"] == false && pane["is_focused"] == true;
        panes.iter().find(pane).and_then(|pane| pane["id"].as_u64())
    };
    zellij.wait_panes("the shell has the focus", |panes| focused(panes).is_some_and(|id| id != pane.terminal));
    client.keys(&key::alt('p'));
    client.wait_text("isolated");
    client.keys("r");
    let mark = format!("#{}", pane.terminal);
    client.wait_screen("it is marked as open", |screen| {
        screen.lines().any(|line| line.contains("remember the word PLUM") && line.contains(&mark))
    });
    client.keys("plum");
    client.wait_screen("one is left", |screen| !screen.contains("and another"));
    client.keys(key::ENTER);
    zellij.wait_panes("its pane has the focus", |panes| focused(panes) == Some(pane.terminal));
    assert_eq!(claudes(&machine).len(), 1);
    // The user's words were for that panel alone.
    assert!(!machine.zellij_log().contains("PLUM"));
}

#[test]
fn arrow_up_brings_the_users_earlier_prompts_into_a_desk_and_a_desks_into_plain_claude() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let mut client = zellij.start();
    client.wait_text("shell$");
    let plain_claude = |client: &mut crate::support::zellij::Client| {
        client.type_line("claude");
        client.wait_screen("plain Claude's prompt", shows_prompt);
    };
    plain_claude(&mut client);
    client.type_line("an earlier prompt about QUINCE");
    machine.api().wait_for_prompt("QUINCE");
    client.wait_text("Noted: an earlier prompt");
    client.type_line("/exit");
    machine.wait("plain Claude has ended", || machine.claudes().is_empty().then_some(()));

    let pane = Pane::open(&zellij, "");
    zellij.type_into(pane.terminal, key::UP);
    machine.wait("the user's earlier prompt stands in the desk's box", || {
        zellij.pane_text(pane.terminal).contains("QUINCE").then_some(())
    });
    // It is sent as it stands, with a word more.
    zellij.type_into(pane.terminal, " and MEDLAR");
    machine.wait("the word stands there", || zellij.pane_text(pane.terminal).contains("MEDLAR").then_some(()));
    zellij.type_into(pane.terminal, "\r");
    machine.api().wait_for_prompt("MEDLAR");
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    plain_claude(&mut client);
    client.keys(key::UP);
    client.wait_text("QUINCE and MEDLAR");
}
