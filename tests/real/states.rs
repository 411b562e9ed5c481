//! What Claude does, seen from outside while it does it: each state for real, by the pipes and on the panel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::desks::{state_dir, Pane};
use crate::support::claude::{self, shows_permission_question, shows_prompt};
use crate::support::machine::Machine;
use crate::support::waiting::{stays, until, PATIENCE};
use crate::support::zellij::{key, Client, Setup, Zellij};

/// It stands in each prompt.
const WORD: &str = "quixotic-heron";

/// Claude's own late notice of a question, by which it would be seen without a bell at the question itself.
const CLAUDES_NOTICE: Duration = Duration::from_secs(6);

struct Watched {
    zellij: Zellij,
    client: Client,
    pane: Pane,
    /// Times between Claude's own change and the status that tells of it.
    took: Vec<(String, Duration)>,
}

impl Watched {
    /// Waits for a state in Claude's own registry, then in the status document.
    #[track_caller]
    fn becomes(&mut self, state: &str) {
        let word = match state {
            "working" => "busy",
            other => other,
        };
        self.zellij.machine().wait(&format!("Claude itself says {word}"), || {
            claude::registry(&self.pane.desk).iter().any(|(_, entry)| entry["status"] == word).then_some(())
        });
        let began = Instant::now();
        self.zellij.wait_status(state, |status| self.pane.entry(status)["state"] == state);
        self.took.push((state.to_owned(), began.elapsed()));
    }

    fn prompt(&mut self, words: &str) {
        self.client.type_line(&format!("{words} {WORD}"));
    }
}

#[test]
fn states_follow_claude_and_nothing_of_the_users_words_leaves_its_files() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().panel_key("Alt p"));
    let client = zellij.start();
    let pane = Pane::order(&zellij, "new", "");
    let status = zellij.status();
    assert!(["starting", "idle"].contains(&pane.entry(&status)["state"].as_str().unwrap()), "{status:#}");
    pane.wait_for_prompt(&zellij);
    let mut watched = Watched { zellij: zellij.clone(), client, pane: pane.clone(), took: Vec::new() };
    watched.becomes("idle");

    // Work that is done, and work that is interrupted: no bell rings for that.
    watched.prompt("hold: work");
    machine.api().wait_for_prompt("hold: work");
    watched.becomes("working");
    machine.api().release("work");
    watched.becomes("idle");
    watched.prompt("hold: more");
    machine.api().wait_for_prompt("hold: more");
    watched.becomes("working");
    watched.client.keys(key::ESC);
    watched.becomes("idle");
    watched.client.keys(&key::ctrl('u'));

    // A permission that is given, and one that is refused.
    watched.prompt("run: echo hello > note.txt #");
    watched.client.wait_screen("the permission question", shows_permission_question);
    watched.becomes("waiting");
    assert_eq!(zellij.ask("next", "", "")["terminal"].as_u64(), Some(pane.terminal));
    claude::allow(&mut watched.client);
    watched.becomes("idle");
    watched.prompt("run: echo hello > other.txt #");
    watched.client.wait_screen("the permission question", shows_permission_question);
    watched.becomes("waiting");
    watched.client.press_until(key::ESC, "the question is gone", |screen| !shows_permission_question(screen));
    watched.becomes("idle");

    // A question of Claude's own.
    watched.prompt("ask: which one,");
    watched.client.wait_text("Enter to select");
    watched.becomes("waiting");
    watched.client.press_for_text(&key::alt('p'), "▲ answer");
    watched.client.keys(key::ESC);
    watched.client.wait_screen("the panel is hidden", |screen| !screen.contains("▲ answer"));
    watched.client.press_until(key::ENTER, "the question is gone", |screen| !screen.contains("Enter to select"));
    watched.becomes("idle");

    // A plan, in plan mode.
    watched.client.press_until("\u{1b}[Z", "plan mode", |screen| screen.contains("plan mode on"));
    watched.prompt("plan: build it");
    watched.client.wait_text("Exit plan mode?");
    watched.becomes("waiting");
    watched.client.press_for_text(&key::alt('p'), "plan approval");
    watched.client.keys(key::ESC);
    watched.client.wait_screen("the panel is hidden", |screen| !screen.contains("plan approval"));
    watched.client.press_until(key::ESC, "the plan is gone", |screen| !screen.contains("Exit plan mode?"));
    watched.becomes("idle");

    // The session follows Claude.
    let first = pane.entry(&zellij.status())["session"].as_str().unwrap().to_owned();
    watched.client.type_line("/clear");
    watched.client.wait_screen("an empty page", |screen| shows_prompt(screen) && !screen.contains("build it"));
    watched.prompt("a new page,");
    machine.api().wait_for_prompt("a new page");
    let status = zellij.wait_status("the session followed /clear", |status| {
        let session = pane.entry(status)["session"].as_str().unwrap_or_default().to_owned();
        session != first && pane.sessions().contains(&session)
    });
    assert_eq!(pane.entry(&status)["health"], "isolated");

    let leaked = with_the_word(&machine);
    assert!(leaked.is_empty(), "the user's words are in {leaked:#?}");

    watched.client.type_line("/exit");
    zellij.wait_status("exited", |status| pane.entry(status)["state"] == "exited");
    assert_eq!(pane.entry(&zellij.ask("check", "", ""))["state"], "exited");
    for (state, took) in &watched.took {
        assert!(*took < CLAUDES_NOTICE, "{state} was seen after {took:?}");
    }
    // Both conversations are kept.
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    assert_eq!(claude::transcripts(&machine.at_home(".claude")).len(), 2);
}

/// The files of the machine that hold the word, but for Claude's own.
fn with_the_word(machine: &Machine) -> Vec<String> {
    let found = machine.run("grep", &["-rlF", "-e", WORD, "--", &machine.root().display().to_string()]).stdout;
    let all: Vec<String> = found.lines().map(|path| path.replace(&machine.root().display().to_string(), "")).collect();
    assert!(all.iter().any(|path| path.ends_with(".jsonl")), "the search finds Claude's own: {all:?}");
    let is_claudes = |path: &String| {
        let at_desk = path.contains("/claude-configs/pane-") && !path.contains("/.carrel/");
        at_desk || path.starts_with("/home/.claude/") || path.starts_with("/tmp/claude-")
    };
    all.into_iter().filter(|path| !is_claudes(path)).collect()
}

#[test]
fn a_pane_that_came_back_with_its_session_is_suspended() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let pane = Pane::open(&zellij, "");
    zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    zellij.save();
    zellij.kill_session();
    drop(client);
    let _client = zellij.resurrect(false);
    let status = zellij.wait_status("suspended", |status| {
        status["panes"].as_array().is_some_and(|panes| panes.iter().any(|pane| pane["state"] == "suspended"))
    });
    assert_eq!(pane.entry(&status)["health"], "unknown");
}

#[test]
fn a_claude_that_rings_disturbs_no_session_that_begins() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let program = state_dir(&machine).join("carrel.sh");
    let over = AtomicBool::new(false);
    /// Whatever becomes of the sessions, the ringing ends.
    struct Ends<'a>(&'a AtomicBool);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    // Zellij's command line asks all servers that it finds whether they live, and one that has no session yet ends of that.
    let begun = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let mut ring = machine.command("/bin/sh");
                    ring.arg(&program).args(["ring", "Stop", &pane.pane]).env("ZELLIJ_SESSION_NAME", zellij.name());
                    assert!(stays(Duration::from_millis(60), || true) && ring.status().is_ok_and(|it| it.success()));
                }
            });
        }
        let begins = |n: &usize| {
            let next = zellij.session(&format!("next{n}"));
            let client = Client::spawn(&machine, next.name().to_owned(), "zellij", &["--session", next.name()]);
            let begun = until(PATIENCE, || client.screen().contains("shell$").then_some(()));
            if let Some(server) = next.server() {
                server.signal("KILL");
            }
            begun.is_some()
        };
        let _ends = Ends(&over);
        (0..12).take_while(begins).count()
    });
    assert_eq!(begun, 12, "a session did not begin\n{}", machine.report());
    // And it is heard.
    let known = machine.run("sh", &["-c", "ls -d \"$ZELLIJ_SOCKET_DIR\"/carrel-*/*/s1"]).ok();
    assert_eq!(known.lines().count(), 1, "{known:?}");
    pane.say(&zellij, "still here");
    zellij.wait_status("idle", |status| pane.entry(status)["state"] == "idle");
}
