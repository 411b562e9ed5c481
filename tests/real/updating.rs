//! Two versions of Carrel on one state dir: an update while desks of the older one are open, and a session that still has the
//! older one beside a session that has the newer one.

use std::fs;
use std::path::PathBuf;

use crate::desks::{state_dir, wait_until_kept, Pane};
use crate::support::machine::{tool, Machine};
use crate::support::zellij::{Setup, Zellij};

const THIS: &str = "\nCARREL_HOST_VERSION=1\n";
const BEFORE: &str = "\nCARREL_HOST_VERSION=0\n";

/// The plugin as a version before this one would be: the host program that it carries says a smaller number.
fn older_wasm(machine: &Machine) -> PathBuf {
    let mut wasm = fs::read(tool("CARREL_WASM")).unwrap();
    let at = wasm.windows(THIS.len()).position(|part| part == THIS.as_bytes()).expect("the host program's version");
    wasm[at..at + BEFORE.len()].copy_from_slice(BEFORE.as_bytes());
    let path = machine.path("older.wasm");
    fs::write(&path, wasm).unwrap();
    path
}

fn installed(machine: &Machine) -> String {
    fs::read_to_string(state_dir(machine).join("carrel.sh")).unwrap()
}

#[test]
fn an_update_takes_over_what_the_older_version_opened_and_two_sessions_share_a_state_dir() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    zellij.install(&older_wasm(&machine));
    let _client = zellij.start();
    let living = Pane::open(&zellij, "");
    living.say(&zellij, "the word is LIVING");
    let held = Pane::open(&zellij, "");
    held.say(&zellij, "the word is HELDOLD");
    let sessions = [&living, &held].map(|pane| pane.session(&machine));
    zellij.type_line(held.terminal, "/exit");
    zellij.wait_status("exited", |status| held.entry(status)["state"] == "exited");
    assert!(installed(&machine).contains(BEFORE));

    // The file is replaced, as an update does it; another session starts with it while this one still has the older.
    zellij.install(&tool("CARREL_WASM"));
    let other = zellij.session("other");
    let _other_client = other.start();
    let theirs = Pane::open(&other, "");
    theirs.say(&other, "the word is THEIRS");
    let their_session = theirs.session(&machine);
    assert!(installed(&machine).contains(THIS));
    let late = Pane::open(&zellij, "");
    assert!(installed(&machine).contains(THIS), "an older version has put its program in the place of a newer one");
    let ids = |zellij: &Zellij| {
        let status = zellij.status();
        let mut ids: Vec<String> = status["panes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["pane"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let sorted = |panes: &[&Pane]| {
        let mut ids: Vec<String> = panes.iter().map(|pane| pane.pane.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&zellij), sorted(&[&living, &held, &late]));
    assert_eq!(ids(&other), sorted(&[&theirs]), "a session shows another one's panes");
    for session in [&zellij, &other] {
        assert_eq!(session.status()["orphans"].as_array().map(Vec::len), Some(0), "living desks are orphans");
        let rows = session.ask("gc", "dry_run=false", "")["orphans"].clone();
        assert!(rows.as_array().unwrap().iter().all(|row| row["removed"] == false), "{rows:#}");
    }

    // Now this session has the newer one too.
    zellij.action(&["start-or-reload-plugin", "carrel"]);
    let status = zellij.wait_status("what the older version opened is known", |status| {
        let is = |pane: &Pane, key: &str, value: &str| pane.entry_in(status).is_some_and(|entry| entry[key] == value);
        is(&living, "health", "isolated") && is(&late, "health", "isolated") && is(&held, "state", "exited")
    });
    assert_eq!(status["panes"].as_array().map(Vec::len), Some(3));
    for (pane, session) in [&living, &held].into_iter().zip(&sessions) {
        assert_eq!(pane.entry(&status)["session"], session.as_str());
    }
    assert_eq!(machine.launchers().len(), 3, "two here, one there");
    zellij.type_into(held.terminal, "\r");
    held.wait_for_prompt(&zellij);
    held.say(&zellij, "still there?");
    let request = machine.api().wait_for_prompt("still there?");
    assert!(request.mentions("HELDOLD") && request.session.as_ref() == Some(&sessions[1]));

    // Each session cleans up after itself and leaves the other alone.
    zellij.close_pane(living.terminal);
    living.wait_until_gone(&machine);
    wait_until_kept(&machine, &sessions[0]);
    other.wait_status("the other session's pane is untouched", |status| theirs.entry(status)["health"] == "isolated");
    other.close_pane(theirs.terminal);
    theirs.wait_until_gone(&machine);
    wait_until_kept(&machine, &their_session);
    zellij.wait_status("and so are these", |status| {
        [&held, &late].iter().all(|pane| pane.entry(status)["health"] == "isolated")
    });
}
