//! Faults of the real Zellij, with panes in several states of a desk's life at once: what a fresh start finds. The whole
//! matrix of events and faults is tried on the host program (`tests/host/matrix.rs`).

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;

use serde_json::json;

use crate::desks::{claudes, state_dir, words_in, Pane};
use crate::support::claude::{self, shows_prompt};
use crate::support::machine::Machine;
use crate::support::zellij::{Setup, Zellij};

#[path = "../support/matrix.rs"]
mod cells;

use cells::{Event, Fault, Tally, SIGNALS};

/// A pane whose Claude was told this as it started, and has it in its transcript.
fn told(zellij: &Zellij, prompt: &str, word: &str) -> Pane {
    let payload = json!({"request": word, "claude_args": [format!("{prompt} {word}")]}).to_string();
    let pane = Pane::of(&zellij.ask("new", "", &payload));
    zellij.machine().api().wait_for_prompt(word);
    zellij.machine().wait("it is written down", || {
        let all = claude::transcripts(&pane.desk);
        all.iter().any(|(_, path)| words_in(path).contains(word)).then_some(())
    });
    pane
}

/// The session is gone for good: another one brings everything home. Each word is in one conversation, and that resumes.
#[track_caller]
fn expect_all_at_home(zellij: &Zellij, said: &[(&str, &String)], after: &str) {
    let machine = zellij.machine();
    zellij.kill_session();
    machine.wait("all Claudes are gone", || machine.claudes().is_empty().then_some(()));
    zellij.delete_session();
    let next = zellij.session("next");
    let _client = next.start();
    machine.wait("no desk is left", || {
        let desks = fs::read_dir(state_dir(machine).join("claude-configs")).unwrap().count();
        let leaving = fs::read_dir(state_dir(machine).join("leaving")).unwrap().count();
        (desks + leaving == 0).then_some(())
    });
    let shared = machine.at_home(".claude");
    for (word, session) in said {
        let with: Vec<String> = claude::transcripts(&shared)
            .into_iter()
            .filter(|(_, path)| words_in(path).contains(word))
            .map(|(id, _)| id)
            .collect();
        assert_eq!(&with, std::slice::from_ref(*session), "{after}: {word} is in one place");
        let question = format!("what was {word}, {session}?");
        claude::resume(machine, session, &question).ok();
        let request = machine.api().wait_for_prompt(&question);
        let before = request.user_texts.iter().any(|text| text.contains(word) && !text.contains(&question));
        assert!(before, "{after}: not resumed with {word}");
    }
    next.kill_session();
}

/// SIGTERM is not among them: Zellij 0.45.1 lives on after it, and cannot be reached any more (measured).
/// One pane that has said nothing, one in the middle of an answer, one held; then the server gets the signal, the session
/// comes back, and at last it is deleted. What was wrong.
/// `away` is what else is gone of the machine's before the session comes back.
fn server_gets(signal: &str, away: &[&str]) {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let started = Pane::order(&zellij, "new", "");
    let talking = told(&zellij, "hold: door", "TALKING");
    let held = told(&zellij, "the word is", "HELDPANE");
    machine.wait("it has answered", || zellij.pane_text(held.terminal).contains("Noted: the word is").then_some(()));
    started.wait_for_prompt(&zellij);
    zellij.type_line(held.terminal, "/exit");
    zellij.wait_status("held", |status| held.entry(status)["state"] == "exited");
    let sessions = [&talking, &held].map(|pane| claude::transcripts(&pane.desk)[0].0.clone());
    zellij.save();

    zellij.server().expect("a server").signal(signal);
    zellij.wait_for_the_end();
    drop(client);
    machine.api().release("door");
    machine.wait("all Claudes are gone", || machine.claudes().is_empty().then_some(()));
    // Zellij's own command line never ends where the server does that it has called.
    let rings = || machine.processes().iter().any(|process| process.argv.iter().any(|word| word == "carrel_bell"));
    machine.wait("no bell rings on", || (!rings()).then_some(()));
    for dir in away.iter().map(|dir| machine.path(dir)) {
        fs::remove_dir_all(&dir).unwrap();
        fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
    }

    // It comes back: each pane has its desk, its method and its conversation.
    let client = zellij.resurrect(true);
    let status = zellij.wait_status("all three are back", |status| {
        [&started, &talking, &held]
            .iter()
            .all(|pane| pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated"))
    });
    for (pane, session) in [&talking, &held].into_iter().zip(&sessions) {
        assert_eq!(pane.entry(&status)["session"], session.as_str(), "{signal}");
        assert_eq!(pane.entry(&status)["method"], "config_dir");
    }
    client.wait_screen("Claude's prompt", shows_prompt);
    drop(client);

    // It is gone for good.
    expect_all_at_home(&zellij, &[("TALKING", &sessions[0]), ("HELDPANE", &sessions[1])], signal);
    let line = format!("faults of the real Zellij: {signal} of its server, 3 panes, 0 failures\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[test]
fn panes_in_every_state_survive_a_hang_up_of_the_zellij_server_and_a_restart_of_the_machine() {
    server_gets("HUP", &[]);
    // As when the machine is started anew: no process, no sockets, an empty runtime dir.
    server_gets("KILL", &["s", "run", "tmp"]);
}

/// In the middle of an answer a launcher, or Claude itself, gets a signal. The pane is held, also for a plugin that is loaded
/// anew; Enter goes on where it was.
#[test]
fn any_signal_to_the_real_claude_or_to_its_launcher_in_the_middle_of_an_answer_loses_nothing() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let tally = Tally::new("the real Claude in the middle of an answer");
    let mut all = Vec::new();
    let faults = SIGNALS.into_iter().flat_map(|signal| [Fault::Launcher(signal), Fault::Claude(signal)]);
    for (n, fault) in faults.enumerate() {
        let (first, last) = (format!("EARLIER{n}"), format!("LATER{n}"));
        let pane = told(&zellij, "the word is", &first);
        machine
            .wait("it has answered", || zellij.pane_text(pane.terminal).contains("Noted: the word is").then_some(()));
        zellij.type_line(pane.terminal, &format!("hold: door{n} {last}"));
        machine.api().wait_for_prompt(&last);
        machine.wait("it is written down", || {
            claude::transcripts(&pane.desk).iter().any(|(_, path)| words_in(path).contains(&last)).then_some(())
        });
        let session = pane.session(&machine);
        let at_desk = pane.desk.display().to_string();
        let claude = claudes(&machine).into_iter().find(|one| one.env.get("CLAUDE_CONFIG_DIR") == Some(&at_desk));
        let claude = claude.expect("a Claude at the desk");
        let launcher = machine.launchers().into_iter().find(|one| one.pid == claude.parent).expect("its launcher");
        match fault {
            Fault::Claude(signal) => claude.signal(signal),
            Fault::Launcher(signal) => launcher.signal(signal),
            other => panic!("no signal: {other:?}"),
        }
        machine.wait("both are gone", || (!claude.lives() && !launcher.lives()).then_some(()));
        machine.api().release(&format!("door{n}"));
        all.push((fault, pane, session, [first, last]));
    }
    let held = |status: &serde_json::Value| {
        all.iter().all(|(_, pane, ..)| pane.entry_in(status).is_some_and(|entry| entry["state"] == "exited"))
    };
    zellij.wait_status("all are held", held);
    zellij.action(&["start-or-reload-plugin", "carrel"]);
    let status = zellij.wait_status("a plugin that is loaded anew knows them", held);
    assert_eq!(status["panes"].as_array().map(Vec::len), Some(all.len()), "{status:#}");
    let mut said = Vec::new();
    for (fault, pane, session, words) in &all {
        zellij.type_into(pane.terminal, "\r");
        pane.wait_for_prompt(&zellij);
        let again = format!("again {}", pane.pane);
        pane.say(&zellij, &again);
        let request = machine.api().wait_for_prompt(&again);
        let mut wrong: Vec<String> = Vec::new();
        wrong.extend(words.iter().filter(|word| !request.mentions(word)).map(|word| format!("{word} is not resumed")));
        if request.session.as_ref() != Some(session) {
            wrong.push(format!("not the conversation {session}: {:?}", request.session));
        }
        tally.note(Event::Talking, *fault, wrong);
        // The earlier word of one half, the later one of the other.
        said.push((words[usize::from(matches!(fault, Fault::Claude(_)))].as_str(), session));
    }
    drop(client);
    expect_all_at_home(&zellij, &said, "after all signals");
    let expected: Vec<_> = all.iter().map(|(fault, ..)| (Event::Talking, *fault)).collect();
    tally.finish(&expected);
}
