//! Opening a pane: by pipe, key, panel and layout.

use std::fs;

use crate::desks::{claudes, state_dir, Pane};
use crate::support::claude::{self, prompts, shows_prompt, shows_trust_question};
use crate::support::machine::{Machine, User};
use crate::support::waiting::{stays, until};
use crate::support::zellij::{key, Setup, Zellij};
use std::time::Duration;

#[test]
fn a_pipe_opens_a_pane_at_claudes_prompt_without_any_question() {
    let machine = Machine::of(&User { mcp_server: true, ..User::normal() });
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let screen = client.wait_screen("Claude's own title", |screen| {
        screen.contains("Claude Code ─") || screen.contains(" Claude Code ")
    });
    assert!(!screen.contains("carrel.sh"), "the launcher's command line shows:\n{screen}");
    pane.say(&zellij, "the word is APPLE");
    let request = machine.api().wait_for_prompt("APPLE");
    assert!(request.mentions(crate::support::machine::MEMORY_WORD), "CLAUDE.md of the user is not in force");
    let told = request.body.to_string().matches(crate::support::machine::MEMORY_WORD).count();
    assert_eq!(told, 1, "CLAUDE.md is told more than once");
    assert!(request.mentions(crate::support::machine::SKILL), "the user's skill is missing");

    let status = zellij.wait_status("isolated and idle", |status| {
        let entry = pane.entry(status);
        entry["health"] == "isolated" && entry["state"] == "idle"
    });
    let entry = pane.entry(&status);
    assert_eq!(entry["session"], pane.session(&machine));
    assert_eq!(entry["cwd"].as_str(), machine.project().to_str());
    assert_eq!(entry["terminal"].as_u64(), Some(pane.terminal));
    assert_eq!(status["claude_version"], "2.1.330");
    assert_eq!(status["session"], zellij.name());
    // The session's saved layout can bring the pane back already.
    // Zellij's own next save is a minute after its start.
    let saved = until(Duration::from_secs(10), || {
        zellij.saved_layout().filter(|saved| saved.contains(&pane.pane) && saved.contains("carrel.sh"))
    });
    assert!(saved.is_some(), "{:?}", zellij.saved_layout());
}

#[test]
fn a_key_opens_a_pane_with_the_arguments_of_its_payload() {
    let machine = Machine::new();
    let other = machine.at_home("other place");
    fs::create_dir_all(&other).unwrap();
    let payload = serde_json::json!({"cwd": other, "floating": true, "claude_args": ["--model", "opus"]}).to_string();
    let setup = Setup::carrel().message_key("Alt c", "new", "").message_key("Alt v", "new", &payload);
    let zellij = Zellij::new(&machine, &setup);
    let mut client = zellij.start();
    client.press_new(&key::alt('c'), 1);
    client.wait_screen("Claude's prompt", shows_prompt);
    let status = zellij.wait_status("one pane", |status| status["panes"][0]["health"] == "isolated");
    assert_eq!(status["panes"][0]["cwd"].as_str(), machine.project().to_str(), "the focused pane's cwd");

    client.keys(&key::alt('v'));
    let panes = zellij.wait_panes("a floating pane", |panes| {
        panes.iter().any(|pane| pane["is_floating"] == true && pane["is_plugin"] == false)
    });
    assert_eq!(panes.iter().filter(|pane| pane["is_plugin"] == false).count(), 3);
    // Nobody has trusted that directory yet.
    client.wait_screen("the trust question", shows_trust_question);
    let claude = machine.wait("two Claudes", || (claudes(&machine).len() == 2).then(|| claudes(&machine)));
    let argv: Vec<Vec<String>> = claude.into_iter().map(|process| process.argv).collect();
    assert!(argv.iter().any(|argv| argv.join(" ").ends_with("--model opus")), "{argv:?}");
}

#[test]
fn a_layout_pane_is_turned_in_place_into_an_isolated_claude_pane() {
    let machine = Machine::new();
    let other = machine.at_home("project/part");
    fs::create_dir_all(&other).unwrap();
    let layout = r#"layout {
    pane split_direction="vertical" {
        pane name="shell"
        pane {
            plugin location="carrel" {
                role "claude"
            }
        }
        pane {
            plugin location="carrel" {
                role "claude"
                dir "part"
            }
        }
    }
}
"#;
    let zellij = Zellij::new(&machine, &Setup::carrel().layout(layout));
    let client = zellij.start();
    client.wait_screen("two prompts", |screen| prompts(screen) == 2);
    let status = zellij.wait_status("two isolated panes", |status| {
        let panes = status["panes"].as_array().cloned().unwrap_or_default();
        panes.len() == 2 && panes.iter().all(|pane| pane["health"] == "isolated")
    });
    let mut cwds: Vec<String> =
        status["panes"].as_array().unwrap().iter().map(|pane| pane["cwd"].as_str().unwrap().to_owned()).collect();
    cwds.sort();
    assert_eq!(cwds, [machine.project().display().to_string(), other.display().to_string()]);
    let panes = zellij.panes();
    let visible_plugins = panes.iter().filter(|pane| pane["is_plugin"] == true && pane["is_suppressed"] == false);
    assert_eq!(visible_plugins.count(), 0, "a plugin pane is left over: {panes:#?}");
}

#[test]
fn a_new_that_comes_before_the_plugin_is_ready_is_held_and_answered() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().not_loaded());
    let _client = zellij.start();
    // Nothing has loaded the plugin: the pipe does, and is its first message.
    let pane = Pane::order(&zellij, "new", "");
    pane.wait_for_prompt(&zellij);
    assert_eq!(claudes(&machine).len(), 1);
}

#[test]
fn without_any_client_a_pipe_opens_a_pane_too() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    zellij.start_in_background();
    zellij.wait_until_answering();
    let pane = Pane::open(&zellij, "");
    zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    pane.wait_until_gone(&machine);
}

#[test]
fn in_place_covers_the_focused_pane_and_gives_it_back() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    client.wait_text("shell$");
    let pane = Pane::open(&zellij, "in_place=true");
    client.wait_screen("Claude over the shell", |screen| shows_prompt(screen) && !screen.contains("shell$"));
    pane.say(&zellij, "over the shell");
    let session = pane.session(&machine);
    zellij.close_pane(pane.terminal);
    client.wait_text("shell$");
    // Zellij says nothing of such a closing.
    pane.wait_until_gone(&machine);
    crate::desks::wait_until_kept(&machine, &session);
}

#[test]
fn the_method_none_sets_no_variable_and_pins_the_session_and_is_never_green() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let answer = zellij.ask("new", "method=none,request=a", "");
    assert_eq!(answer["config_dir"], serde_json::Value::Null);
    let pane = Pane::of(&answer);
    pane.wait_for_prompt(&zellij);
    let claude = claudes(&machine).pop().unwrap();
    for unset in ["CLAUDE_CONFIG_DIR", "CLAUDE_SECURESTORAGE_CONFIG_DIR", "CLAUDE_CODE_PLUGIN_CACHE_DIR"] {
        assert!(!claude.env.contains_key(unset), "{unset} is set: {:?}", claude.env);
    }
    let at = claude.argv.iter().position(|word| word == "--session-id").expect("a pinned session");
    let session = claude.argv[at + 1].clone();
    pane.say(&zellij, "no isolation here");
    // Claude writes it a moment after its answer.
    crate::desks::wait_until_kept(&machine, &session);
    let status = zellij.wait_status("idle", |status| pane.entry(status)["state"] == "idle");
    assert_eq!(pane.entry(&status)["health"], "unknown", "what is not isolated is never green");
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    machine.wait("the launcher's own dir is gone", || {
        fs::read_dir(state_dir(&machine).join("claude-configs")).unwrap().next().is_none().then_some(())
    });
    assert!(claude::transcript(&machine.at_home(".claude"), &session).is_some());
}

#[test]
fn a_question_that_the_user_has_not_answered_yet_is_asked_and_health_stays_unknown() {
    let machine = Machine::new();
    let mut state: serde_json::Value = serde_json::from_str(&machine.read(".claude.json")).unwrap();
    state.as_object_mut().unwrap().remove("customApiKeyResponses");
    machine.write(".claude.json", state.to_string());
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let pane = Pane::order(&zellij, "new", "");
    client.wait_screen("the question about the key", |screen| screen.contains("API key"));
    assert!(stays(Duration::from_secs(1), || zellij.status()["panes"][0]["health"] == "unknown"));
    let status = zellij.wait_status("the user is told", |status| {
        pane.entry(status)["problems"][0].as_str().is_some_and(|problem| problem.contains("before it begins"))
    });
    assert_eq!(pane.entry(&status)["state"], "unknown");
}

#[test]
fn a_conversation_of_the_shared_dir_goes_on_at_a_desk_and_comes_back() {
    let machine = Machine::new();
    claude::ask(&machine, "remember the word PLUM");
    let session = machine.api().wait_for_prompt("PLUM").session.unwrap();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::order(&zellij, "resume", &format!("session={session}"));
    pane.wait_for_prompt(&zellij);
    pane.say(&zellij, "and the word PEAR");
    let request = machine.api().wait_for_prompt("PEAR");
    assert_eq!(request.session.as_ref(), Some(&session));
    assert!(request.mentions("PLUM"), "the conversation's beginning is missing");
    assert_eq!(pane.sessions(), std::slice::from_ref(&session));

    let twice = zellij.ask("resume", &format!("session={session}"), "");
    assert!(twice["error"].as_str().is_some_and(|why| why.contains(&pane.pane)), "{twice}");
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    pane.wait_until_gone(&machine);
    claude::resume(&machine, &session, "which words?").ok();
    let last = machine.api().wait_for_prompt("which words?");
    assert!(last.mentions("PLUM") && last.mentions("PEAR"), "{last:?}");
}

#[test]
fn the_conversations_of_a_directory_are_listed_with_title_age_size_and_where_they_are_open() {
    let machine = Machine::new();
    let other = machine.at_home("project-2");
    fs::create_dir_all(&other).unwrap();
    claude::ask(&machine, "mend the \"door\"\nof the shed");
    let mended = machine.api().wait_for_prompt("door").session.unwrap();
    claude::claude_in(&machine, &other, &["-p", "something else"]).ok();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let list = zellij.ask("sessions", &format!("cwd={}", machine.project().display()), "");
    assert_eq!(list["sessions"].as_array().map(Vec::len), Some(1), "{list}");
    let entry = &list["sessions"][0];
    assert_eq!(entry["session"], mended.as_str());
    assert_eq!(entry["title"], "mend the \"door\" of the shed");
    assert_eq!(entry["open_in"], serde_json::Value::Null);
    let transcript = claude::transcript(&machine.at_home(".claude"), &mended).unwrap();
    assert_eq!(entry["bytes"].as_u64(), Some(fs::metadata(transcript).unwrap().len()));
    assert!(entry["modified"].as_str().is_some_and(|at| at.len() == 20 && at.ends_with('Z')), "{entry}");

    let pane = Pane::order(&zellij, "resume", &format!("session={mended}"));
    pane.wait_for_prompt(&zellij);
    // Without a cwd it is the focused pane's.
    let list = zellij.ask("sessions", "", "");
    assert_eq!(list["sessions"][0]["open_in"], pane.pane.as_str(), "{list}");
    let error = zellij.ask("sessions", "cwd=/does/not/exist", "");
    assert!(error["error"].as_str().is_some_and(|why| why.contains("/does/not/exist")), "{error}");
}
