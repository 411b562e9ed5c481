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
    client.press_for_text(&key::alt('p'), "No desks");
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
    zellij.action(&["focus-next-pane"]);
    let focused = |panes: &[serde_json::Value]| {
        let pane = |pane: &&serde_json::Value| pane["is_plugin"] == false && pane["is_focused"] == true;
        panes.iter().find(pane).and_then(|pane| pane["id"].as_u64())
    };
    zellij.wait_panes("the shell has the focus", |panes| focused(panes).is_some_and(|id| id != pane.terminal));
    client.press_for_text(&key::alt('p'), "isolated");
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
    let _client = zellij.start();
    let shows = |terminal: u64, what: &str| {
        machine.wait(&format!("{what:?} stands in pane {terminal}"), || {
            zellij.pane_text(terminal).contains(what).then_some(())
        });
    };
    let plain_claude = || {
        let terminal = zellij.open(&[], &["claude"]);
        machine.wait("plain Claude's prompt", || shows_prompt(&zellij.pane_text(terminal)).then_some(()));
        terminal
    };
    let plain = plain_claude();
    zellij.type_line(plain, "an earlier prompt about QUINCE");
    machine.api().wait_for_prompt("QUINCE");
    shows(plain, "Noted: an earlier prompt");
    zellij.close_pane(plain);
    machine.wait("plain Claude has ended", || machine.claudes().is_empty().then_some(()));

    let pane = Pane::open(&zellij, "");
    zellij.type_into(pane.terminal, key::UP);
    shows(pane.terminal, "QUINCE");
    // It is sent as it stands, with a word more.
    zellij.type_into(pane.terminal, " and MEDLAR");
    shows(pane.terminal, "MEDLAR");
    zellij.type_into(pane.terminal, "\r");
    machine.api().wait_for_prompt("MEDLAR");
    shows(pane.terminal, "Noted: an earlier prompt");
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    let plain = plain_claude();
    zellij.type_into(plain, key::UP);
    shows(plain, "QUINCE and MEDLAR");
}
