//! The README's first command, as somebody runs it who has nothing but the clone: `make run` is `scripts/run.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::claude::prompts;
use crate::support::machine::{tool, Machine, Manifest};
use crate::support::waiting::finish;
use crate::support::zellij::{key, Client};

/// How long the stand-in may take to be built.
const BUILDING: Duration = Duration::from_secs(300);

fn clone() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The dir that this test was built into.
fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_path_buf()
}

/// A machine whose user starts the tour, with everything built that it shows, and the dir in which it makes its own. What is
/// the tour's lies below the machine, so that nothing of it can outlive this test.
fn before_the_tour() -> (Machine, PathBuf) {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--offline", "--example", "messages_api"]);
    build.current_dir(clone()).env("CARGO_TARGET_DIR", target());
    finish(build, BUILDING).ok();
    let machine = Machine::new();
    for variable in ["CARREL_ZELLIJ", "CARREL_CLAUDE", "CARREL_WASM"] {
        machine.set_env(variable, tool(variable).display().to_string());
    }
    machine.set_env("CARGO_TARGET_DIR", target().display().to_string());
    let place = machine.path("t");
    fs::create_dir(&place).unwrap();
    machine.set_env("CARREL_TOUR_DIR", place.display().to_string());
    (machine, place)
}

/// How many panels a screen shows, by their cursors.
fn panels(screen: &str) -> usize {
    screen.matches("› #").count()
}

#[test]
fn the_tour_shows_two_claudes_and_the_panel_and_leaves_nothing_behind() {
    let (machine, place) = before_the_tour();
    let before = Manifest::of(machine.root(), &["home"]);
    let script = clone().join("scripts/run.sh").display().to_string();
    let mut client = Client::spawn_at(&machine, "the tour".to_owned(), &script, &[], (40, 140));
    let all = |screen: &str| {
        (prompts(screen), panels(screen), screen.matches("√ isolated").count()) == (2, 1, 2)
            && ["Alt c", "Alt Shift c", "Ctrl q end the tour", "Ask anything"].iter().all(|hint| screen.contains(hint))
    };
    client.wait_screen("two Claudes, the panel with both, and the keys", all);
    client.resize(30, 100);
    client.wait_screen("the same in a small terminal", all);
    // The key shows one more panel, in front; `q` hides that one alone.
    client.press(&key::alt('C'), "the panel in front", |screen| panels(screen) == 2);
    client.keys("q");
    client.wait_screen("it is hidden again", all);
    assert!(!client.received("Allow?"), "Zellij has asked for the permissions");

    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    client.keys(&key::ctrl('q'));
    assert_eq!(client.wait_for_the_end(), 0, "{}", machine.report());
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "the tour's dir is still there");
    let left = machine.processes();
    assert!(left.is_empty(), "{left:#?}");
    // Whoever takes the tour has a HOME too, and it has not been there.
    before.assert_unchanged(&Manifest::of(machine.root(), &["home"]), &[]);
}
