//! The panel on a real screen.

use std::fs;
use std::time::Duration;

use crate::desks::{claudes, state_dir, Pane};
use crate::support::claude::shows_prompt;
use crate::support::machine::Machine;
use crate::support::waiting::stays;
use crate::support::zellij::{key, Setup, Zellij};

fn setup() -> Setup {
    Setup::carrel().message_key("Alt c", "new", "").panel_key("Alt p")
}

#[test]
fn the_panel_opens_focuses_and_closes_panes_and_hides() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &setup());
    let mut client = zellij.start();
    let screen = client
        .press(&key::alt('p'), "the empty panel", |screen| screen.contains("No desks") || screen.contains("no desks"));
    assert!(screen.contains("hide"), "{screen}");
    client.keys("n");
    client.wait_screen("Claude's prompt, the panel out of the way", |screen| {
        shows_prompt(screen) && !screen.contains("hide")
    });
    let status = zellij.wait_status("one pane", |status| status["panes"][0]["health"] == "isolated");
    assert_eq!(status["panes"][0]["cwd"].as_str(), machine.project().to_str(), "not the focused pane's cwd");
    let panes = zellij.terminals();
    assert!(panes.iter().all(|pane| pane["is_floating"] == false), "{panes:#?}");

    client.press(&key::alt('p'), "one row", |screen| screen.contains("isolated") && screen.contains("project"));
    client.keys("x");
    client.wait_text("Close pane");
    client.keys("q");
    client.wait_screen("the question is taken back", |screen| {
        !screen.contains("Close pane") && screen.contains("isolated")
    });
    assert_eq!(claudes(&machine).len(), 1);
    client.keys("x");
    client.wait_text("Close pane");
    client.keys("y");
    machine.wait("Claude is gone", || machine.claudes().is_empty().then_some(()));
    client.wait_screen("an empty panel again", |screen| !screen.contains("isolated"));
    client.keys(key::ESC);
    client.wait_screen("the panel is hidden", |screen| !screen.contains("hide"));
}

#[test]
fn what_a_click_would_mean_stands_out_under_the_pointer() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &setup());
    let mut client = zellij.start();
    let panes = [Pane::open(&zellij, ""), Pane::open(&zellij, "")];
    // What starts comes before what is idle: nothing moves once both are.
    zellij.wait_status("both are idle", |status| panes.iter().all(|pane| pane.entry(status)["state"] == "idle"));
    let both = |screen: &str| panes.iter().all(|pane| screen.contains(&format!("#{} ", pane.terminal)));
    let screen =
        client.press(&key::alt('p'), "both rows, and the cursor on one", |screen| both(screen) && screen.contains('›'));
    assert_eq!(screen.matches('›').count(), 1);
    let name = |pane: &Pane| format!("#{} ", pane.terminal);
    let row_of = |screen: &str, pane: &Pane| {
        screen.lines().position(|line| line.contains(&name(pane)) && line.contains("project")).expect("its row")
    };
    let (at, line, pane) = panes
        .iter()
        .map(|pane| (row_of(&screen, pane), pane))
        .map(|(at, pane)| (at, screen.lines().nth(at).unwrap().to_owned(), pane))
        .find(|(_, line, _)| !line.contains('›'))
        .expect("a row without the cursor");
    let column = line.split_once(&name(pane)).map(|(before, _)| before.chars().count()).unwrap();
    let (at, column) = (u16::try_from(at).unwrap(), u16::try_from(column).unwrap());
    client.press(&key::point(at, column), "the shadow of a cursor", |screen| screen.matches('›').count() == 2);
    client.press(&key::point(at + 3, column), "it goes with the pointer", |screen| screen.matches('›').count() == 1);
    client.press(&key::point(at, column), "it is back", |screen| screen.matches('›').count() == 2);
    client.keys(&key::click(at, column));
    client.wait_screen("the cursor itself", |screen| {
        let marked = screen.lines().filter(|line| line.contains('›')).collect::<Vec<_>>();
        matches!(marked.as_slice(), [line] if line.contains(&name(pane)))
    });
}

#[test]
fn with_the_panel_hidden_and_nothing_happening_no_host_command_is_started() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &setup());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    // From now on each start of the host program leaves a line.
    let program = state_dir(&machine).join("carrel.sh");
    let real = program.with_file_name("real.sh");
    let count = program.with_file_name("count");
    fs::copy(&program, &real).unwrap();
    let counting = format!("printf 'one\\n' >>'{}'\n. '{}'\n", count.display(), real.display());
    fs::write(program.with_extension("new"), counting).unwrap();
    fs::rename(program.with_extension("new"), &program).unwrap();
    let started = || fs::read_to_string(&count).unwrap_or_default().lines().count();
    let bell = format!("pane={},event=Stop", pane.pane);
    zellij.cli(&["pipe", "--name", "carrel_bell", "--args", &bell, "--", "x"]).ok();
    machine.wait("the bell leads to a look", || (started() > 0).then_some(()));
    assert!(started() > 0, "the counting does not work");
    // The looks after the opening come to an end.
    machine.wait("ten quiet seconds", || {
        let before = started();
        stays(Duration::from_secs(10), || started() == before).then_some(())
    });
    let before = started();
    assert!(stays(Duration::from_secs(30), || started() == before), "{} host commands", started() - before);
}

#[test]
fn a_panel_in_a_layout_shows_the_board_and_keeps_its_place() {
    let machine = Machine::new();
    let layout = r#"layout {
    pane split_direction="vertical" {
        pane
        pane size="60%" {
            plugin location="carrel" {
                role "panel"
            }
        }
    }
}
"#;
    let zellij = Zellij::new(&machine, &setup().layout(layout));
    let mut client = zellij.start();
    client.wait_screen("the empty panel", |screen| screen.contains("No desks"));
    let pane = Pane::open(&zellij, "floating=true");
    client.wait_screen("one row", |screen| {
        screen.contains(&format!("#{}", pane.terminal)) && screen.contains("isolated")
    });
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    client.wait_screen("no row", |screen| screen.contains("No desks"));
    // Its keys leave it where it is.
    client.keys(&key::alt('l'));
    client.keys("q");
    client.wait_screen("still there", |screen| screen.contains("No desks"));
    assert_eq!(machine.launchers().len(), 0);
}
