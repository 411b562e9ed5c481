//! What Claude finds at its desk: variables, login, shared dir, also in odd surroundings.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::desks::{claudes, state_dir, wait_until_kept, Pane};
use crate::support::machine::{Machine, User, MEMORY_WORD};
use crate::support::zellij::{Setup, Zellij};

#[test]
fn the_child_has_exactly_the_variables_of_the_contract() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    machine.set_env("CLAUDE_CODE_CHILD_SESSION", "1");
    machine.set_env("USER_SETTING", "with a blank");
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let claude = claudes(&machine).pop().unwrap();
    let has = |key: &str| claude.env.get(key).map(String::as_str);
    assert_eq!(has("CLAUDE_CONFIG_DIR"), pane.desk.to_str());
    assert_eq!(has("CLAUDE_SECURESTORAGE_CONFIG_DIR"), Some(""));
    assert_eq!(has("CLAUDE_CODE_PLUGIN_CACHE_DIR"), machine.at_home(".claude/plugins").to_str());
    assert_eq!(has("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL"), Some("1"));
    assert_eq!(has("CLAUDE_CODE_CHILD_SESSION"), None);
    assert_eq!(has("USER_SETTING"), Some("with a blank"));
    assert_eq!(has("HOME"), machine.home().to_str());
    let settings = pane.desk.join(".carrel/settings.json");
    let settings: serde_json::Value = serde_json::from_str(&fs::read_to_string(settings).unwrap()).unwrap();
    assert_eq!(settings["env"]["CLAUDE_CONFIG_DIR"].as_str(), pane.desk.to_str());
    assert!(!pane.desk.join(".credentials.json").exists(), "the login is neither copied nor linked");
}

#[test]
fn a_users_own_config_dir_is_the_shared_dir() {
    let machine = Machine::new();
    let own = machine.at_home("my claude");
    fs::rename(machine.at_home(".claude"), &own).unwrap();
    fs::rename(machine.at_home(".claude.json"), own.join(".claude.json")).unwrap();
    let letter_for_letter = format!("{}/", own.display());
    machine.set_env("CLAUDE_CONFIG_DIR", &letter_for_letter);
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let claude = claudes(&machine).pop().unwrap();
    assert_eq!(claude.env.get("CLAUDE_SECURESTORAGE_CONFIG_DIR"), Some(&letter_for_letter));
    pane.say(&zellij, "at home elsewhere");
    assert!(machine.api().wait_for_prompt("at home elsewhere").mentions(MEMORY_WORD));
    let session = pane.session(&machine);
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    machine.wait("kept in the user's own dir", || crate::support::claude::transcript(&own, &session));
    assert!(!machine.at_home(".claude/projects").exists());
}

#[test]
fn a_zellij_started_from_inside_an_isolated_pane_finds_the_real_shared_dir() {
    let machine = Machine::new();
    let outer = Zellij::new(&machine, &Setup::carrel());
    let client = outer.start();
    let pane = Pane::open(&outer, "");
    // The environment of the pane's Claude, as a Zellij that it starts would inherit it.
    let claude = claudes(&machine).pop().unwrap();
    for key in [
        "CLAUDE_CONFIG_DIR",
        "CLAUDE_SECURESTORAGE_CONFIG_DIR",
        "CLAUDE_CODE_PLUGIN_CACHE_DIR",
        "CARREL_PANE",
        "CARREL_DESK",
    ] {
        machine.set_env(key, claude.env.get(key).cloned().unwrap_or_default());
    }
    let inner = outer.session("inner");
    let _inner_client = inner.start();
    let nested = Pane::open(&inner, "");
    nested.say(&inner, "from the inner session");
    let session = nested.session(&machine);
    inner.close_pane(nested.terminal);
    nested.wait_until_gone(&machine);
    wait_until_kept(&machine, &session);
    assert!(crate::support::claude::transcript(&pane.desk, &session).is_none(), "kept in a desk");
    drop(client);
}

#[test]
fn odd_paths_are_no_obstacle() {
    let machine = Machine::new();
    let odd = "pro'ject \"x\" ü 日本 $HOME `id` \\n";
    machine.seed(&User { trusts: vec![odd.to_owned()], ..User::normal() });
    let dir = machine.at_home(odd);
    let newline = machine.at_home("two\nlines");
    fs::create_dir_all(&newline).unwrap();
    let state = machine.at_home("st ate's \"dir\"");
    let zellij = Zellij::new(&machine, &Setup::carrel().option("state_dir", &state.display().to_string()));
    let _client = zellij.start();
    let payload = json!({"cwd": dir, "request": "odd"}).to_string();
    let pane = Pane::of(&zellij.ask("new", "", &payload));
    pane.wait_for_prompt(&zellij);
    assert!(pane.desk.starts_with(&state));
    pane.say(&zellij, "from an odd place");
    let session = pane.session(&machine);
    let status = zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    assert_eq!(pane.entry(&status)["cwd"].as_str(), dir.to_str());
    zellij.close_pane(pane.terminal);
    wait_until_kept(&machine, &session);

    let payload = json!({"cwd": newline, "request": "newline"}).to_string();
    let pane = Pane::of(&zellij.ask("new", "", &payload));
    machine.wait("the trust question", || {
        crate::support::claude::shows_trust_question(&zellij.pane_text(pane.terminal)).then_some(())
    });
    let status = zellij.wait_status("the cwd is read", |status| pane.entry(status)["cwd"] == newline.to_str().unwrap());
    assert_eq!(pane.entry(&status)["health"], "unknown");
}

#[test]
fn desks_and_state_are_private_from_birth() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let state = state_dir(&machine);
    for dir in
        [state.clone(), state.join("claude-configs"), state.join("seed"), pane.desk.clone(), pane.desk.join(".carrel")]
    {
        assert_eq!(mode(&dir), 0o700, "{}", dir.display());
    }
    for file in [".claude.json", ".carrel/record", ".carrel/settings.json"] {
        assert_eq!(mode(&pane.desk.join(file)), 0o600, "{file}");
    }
}
