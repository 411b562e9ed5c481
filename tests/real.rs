//! The product on the real thing: a real Zellij, the real wasm, a real Claude Code.

mod support;

use support::claude::{self, shows_prompt};
use support::machine::Machine;
use support::zellij::{Setup, Zellij};

#[test]
fn a_pipe_opens_an_isolated_pane_and_closing_it_keeps_the_conversation() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let mut client = zellij.start();
    let before = machine.shared_state();
    let answer = zellij.pipe("new", "", "").json();
    let pane = answer["pane"].as_str().unwrap().to_string();
    let desk = std::path::PathBuf::from(answer["config_dir"].as_str().unwrap());
    client.wait_screen("Claude's prompt", shows_prompt);
    client.type_line("the first word is APPLE");
    machine.api().wait_for_prompt("APPLE");
    eprintln!("{}", client.screen());
    eprintln!("{}", zellij.pipe("check", "", "").ok());
    zellij.pipe("close", &format!("pane={pane}"), "").json();
    machine.wait("the desk is gone", || (!desk.exists()).then_some(()));
    let kept = claude::transcripts(&machine.at_home(".claude"));
    eprintln!("{kept:?} {}", machine.zellij_log());
    let _ = before;
}
