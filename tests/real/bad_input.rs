//! Bad input: a clear message that says what and how to mend it, and nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::desks::{state_dir, Pane};
use crate::support::machine::Machine;
use crate::support::zellij::{key, Setup, Zellij};

/// The error that a pipe answers with; it must hold each of the words.
#[track_caller]
fn assert_refused(zellij: &Zellij, pipe: &str, args: &str, payload: &str, words: &[&str]) {
    let answer = zellij.ask(pipe, args, payload);
    let why = answer["error"].as_str().unwrap_or_else(|| panic!("{pipe} {args} {payload} is not refused: {answer}"));
    for word in words {
        assert!(why.contains(word), "{word:?} is not in {why:?}");
    }
    assert!(zellij.machine().launchers().is_empty(), "a Claude was started all the same");
}

#[test]
fn a_broken_configuration_names_every_error_in_each_answer_and_on_the_panel() {
    let machine = Machine::new();
    let setup = Setup::carrel()
        .option("metod", "home")
        .option("cleanup_on_close", "yes")
        .option("state_dir", "relative/dir")
        .panel_key("Alt p");
    let zellij = Zellij::new(&machine, &setup);
    let mut client = zellij.start();
    for pipe in ["new", "status", "close"] {
        assert_refused(&zellij, pipe, "", "", &["metod", "cleanup_on_close", "yes", "state_dir", "relative/dir"]);
    }
    client.press(&key::alt('p'), "the errors", |screen| {
        ["metod", "cleanup_on_close", "state_dir"].iter().all(|word| screen.contains(word))
    });
    assert!(!state_dir(&machine).exists());
}

#[test]
fn wishes_that_cannot_be_granted_are_refused_by_name() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let cases: [(&str, &str, &str, &[&str]); 11] = [
        ("new", "cwd=relative", "", &["cwd", "relative", "absolute"]),
        ("new", "cwd=/does/not/exist", "", &["/does/not/exist", "not a directory"]),
        ("new", "colour=red", "", &["colour"]),
        ("new", "floating=yes", "", &["floating", "true or false"]),
        ("new", "method=magic", "", &["magic", "config_dir"]),
        ("new", "", r#"{"claude_args":["--resume","x"]}"#, &["--resume"]),
        ("new", "", r#"{"claude_args":["--settings={}"]}"#, &["--settings"]),
        ("new", "", "{not json", &["JSON"]),
        ("resume", "", "", &["session"]),
        ("resume", "session=11111111-1111-4111-8111-111111111111", "", &["there is no conversation"]),
        ("close", "pane=11111111-1111-4111-8111-111111111111", "", &["no pane"]),
    ];
    for (pipe, args, payload, words) in cases {
        assert_refused(&zellij, pipe, args, payload, words);
    }
    assert_refused(&zellij, "neww", "", "", &["neww", "new"]);
}

#[test]
fn an_unusable_state_dir_is_named_and_works_once_it_is_mended() {
    let machine = Machine::new();
    machine.write("blocked", "a file");
    let zellij = Zellij::new(&machine, &Setup::carrel().option("state_dir", "~/blocked").panel_key("Alt p"));
    let mut client = zellij.start();
    assert_refused(&zellij, "new", "", "", &["blocked", "is a file", "state_dir"]);
    client.press_for_text(&key::alt('p'), "is a file");
    assert_eq!(machine.read("blocked"), "a file");
    fs::remove_file(machine.at_home("blocked")).unwrap();
    Pane::open(&zellij, "");
}

#[test]
fn a_missing_claude_is_named_and_found_once_it_is_installed() {
    let machine = Machine::new();
    let claude = machine.path("bin/claude");
    let hidden = machine.path("bin/hidden");
    fs::rename(&claude, &hidden).unwrap();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    assert_refused(&zellij, "new", "", "", &["no claude on the PATH", "install"]);
    assert!(zellij.status()["problems"][0].as_str().unwrap().contains("no claude"));
    // Where its own installer puts it; the server's PATH does not name that place.
    fs::create_dir_all(machine.at_home(".local/bin")).unwrap();
    std::os::unix::fs::symlink(hidden.canonicalize().unwrap(), machine.at_home(".local/bin/claude")).unwrap();
    Pane::open(&zellij, "");
}

#[test]
fn a_claude_that_cannot_be_run_is_named() {
    let machine = Machine::new();
    let file = machine.write("not-a-program", "text");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("claude", "~/not-a-program"));
    let _client = zellij.start();
    assert_refused(&zellij, "new", "", "", &["not-a-program", "not executable"]);
}

#[test]
fn a_damaged_claude_json_is_named_left_alone_and_works_once_it_is_mended() {
    let machine = Machine::new();
    let good = machine.read(".claude.json");
    for (bad, words) in [("", ["is empty", "backups"]), ("{\"hasCompletedOnboarding\":tr", [".claude.json", "backups"])]
    {
        machine.write(".claude.json", bad);
        let zellij = Zellij::new(&machine, &Setup::carrel()).session(if bad.is_empty() { "empty" } else { "cut" });
        let client = zellij.start();
        // A pane that is ordered earlier waits for the file to be read, and says the same itself.
        zellij.wait_status("the file is named", |status| status["problems"].to_string().contains(words[0]));
        assert_refused(&zellij, "new", "", "", &words);
        assert_eq!(machine.read(".claude.json"), bad, "the user's file was changed");
        assert!(!machine.at_home(".claude/backups").exists(), "Claude itself was let near the file");
        zellij.kill_session();
        drop(client);
    }
    machine.write(".claude.json", good);
    let zellij = Zellij::new(&machine, &Setup::carrel()).session("good");
    let _client = zellij.start();
    Pane::open(&zellij, "");
}

#[test]
fn a_claude_json_of_fifty_megabytes_neither_blocks_nor_kills_the_plugin() {
    let machine = Machine::new();
    let mut state: serde_json::Value = serde_json::from_str(&machine.read(".claude.json")).unwrap();
    let line = "x".repeat(1_000);
    let history: Vec<&str> = (0..50_000).map(|_| line.as_str()).collect();
    state["projects"][machine.home().join("old").display().to_string()] = serde_json::json!({"history": history});
    machine.write(".claude.json", state.to_string());
    assert!(machine.read(".claude.json").len() > 50_000_000);
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::order(&zellij, "new", "");
    // While the file is still being read the plugin answers.
    assert_eq!(zellij.status()["panes"].as_array().map(Vec::len), Some(1));
    pane.wait_for_prompt(&zellij);
    let seeded = fs::metadata(pane.desk.join(".claude.json")).unwrap().len();
    assert!(seeded < 100_000, "{seeded} bytes were carried over");
}

#[test]
fn refused_permissions_are_a_screen_that_says_what_to_do() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().not_granted().panel_key("Alt p"));
    let mut client = zellij.start();
    client.wait_text("Allow? (y/n)");
    client.keys("n");
    client.wait_screen("the question is gone", |screen| !screen.contains("Allow?"));
    client.press(&key::alt('p'), "the designed screen", |screen| {
        let told = screen.contains("permissions.kdl") || screen.contains("reload");
        screen.contains("permission") && !screen.contains("y/n") && told
    });
    assert!(!state_dir(&machine).exists());
}
