//! Several clients, one act. Zellij gives each client a clone of the plugin, and each pipe and key to every clone.

use std::time::Duration;

use crate::desks::Pane;
use crate::support::claude::{prompts, shows_prompt};
use crate::support::machine::Machine;
use crate::support::waiting::stays;
use crate::support::zellij::{key, Setup, Zellij};

fn keys() -> Setup {
    Setup::carrel().message_key("Alt c", "new", "").panel_key("Alt p")
}

/// How many panes were opened and not closed: one launcher each.
fn launchers(machine: &Machine) -> usize {
    machine.launchers().len()
}

#[test]
fn one_key_press_opens_one_pane_and_one_pipe_prints_one_answer() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let mut first = zellij.start();
    let mut second = zellij.attach();
    first.keys(&key::alt('c'));
    first.wait_screen("one prompt", |screen| prompts(screen) == 1);
    second.keys(&key::alt('c'));
    second.wait_screen("two prompts", |screen| prompts(screen) == 2);
    let answer = zellij.ask("status", "", "");
    assert_eq!(answer["panes"].as_array().map(Vec::len), Some(2));
    // `ask` reads one JSON line; two would not parse.
    let pane = Pane::open(&zellij, "");
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 3));
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    pane.wait_until_gone(&machine);

    second.detach();
    first.keys(&key::alt('c'));
    machine.wait("a third pane", || (launchers(&machine) == 3).then_some(()));
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 3), "the detached client's clone acted too");
    assert_eq!(zellij.ask("status", "", "")["panes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn what_comes_while_a_clone_is_loading_is_answered_once() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let mut clients = vec![zellij.start(), zellij.attach()];
    zellij.status();
    for _ in 0..4 {
        let mut answers = Vec::new();
        // Zellij hands what comes meanwhile to each clone, as often as there are clones.
        let attached = std::thread::scope(|scope| {
            let attaching = scope.spawn(|| zellij.attach());
            while !attaching.is_finished() {
                answers.push(zellij.pipe("status", "", "").stdout);
            }
            attaching.join()
        });
        clients.push(attached.expect("the client attached"));
        for answer in answers {
            assert!(answer.lines().count() <= 1, "twice: {answer}");
        }
    }
}

#[test]
fn clients_on_two_tabs_see_the_same_board_and_both_panels_work() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let mut first = zellij.start();
    let pane = Pane::open(&zellij, "");
    let mut second = zellij.attach();
    second.keys(&key::ctrl('t'));
    second.keys("n");
    second.wait_screen("the second tab", |screen| prompts(screen) == 0 && screen.contains("shell$"));
    first.wait_screen("the first tab", shows_prompt);

    second.keys(&key::alt('p'));
    let row = format!("#{}", pane.terminal);
    second.wait_screen("the panel of the second client", |screen| screen.contains(&row) && screen.contains("isolated"));
    second.keys("n");
    zellij.wait_status("a second pane", |status| status["panes"].as_array().is_some_and(|panes| panes.len() == 2));
    second.wait_screen("it opens where its client is", shows_prompt);
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 2));

    first.keys(&key::alt('p'));
    first.wait_screen("the panel of the first client", |screen| screen.matches("isolated").count() >= 2);
    first.keys("x");
    first.wait_text("Close pane");
    first.keys("y");
    zellij.wait_status("one pane is left", |status| status["panes"].as_array().is_some_and(|panes| panes.len() == 1));
    machine.wait("one desk is left", || {
        let desks = std::fs::read_dir(crate::desks::state_dir(&machine).join("claude-configs")).unwrap();
        (desks.count() == 1).then_some(())
    });
}

#[test]
fn a_reloaded_plugin_and_the_clone_of_a_client_that_left_go_on() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let first = zellij.start();
    let second = zellij.attach();
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, "before the client leaves");
    let session = pane.session(&machine);
    // Its clone stays: Zellij does not unload it.
    first.detach();
    let other = Pane::open(&zellij, "");
    zellij.action(&["start-or-reload-plugin", "carrel"]);
    let third = Pane::open(&zellij, "");
    let status = zellij.wait_status("all three are known and isolated", |status| {
        [&pane, &other, &third]
            .iter()
            .all(|pane| pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated"))
    });
    assert_eq!(status["panes"].as_array().map(Vec::len), Some(3));
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    crate::desks::wait_until_kept(&machine, &session);
    drop(second);
}
