//! What the tests say and ask of a desk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::support::claude::{self, shows_prompt};
use crate::support::machine::{Entry, Machine, Manifest, Process};
use crate::support::zellij::Zellij;

/// The user's history of prompts, below the HOME.
pub const HISTORY: &str = ".claude/history.jsonl";

/// An isolated pane, as `new` or `resume` answered it.
#[derive(Clone, Debug)]
pub struct Pane {
    pub pane: String,
    pub terminal: u64,
    /// The desk; for method `none` a path that does not exist.
    pub desk: PathBuf,
}

impl Pane {
    /// Reads an answer of `new` or `resume`.
    #[track_caller]
    pub fn of(answer: &Value) -> Self {
        assert_eq!(answer["version"], 1, "{answer}");
        Pane {
            pane: answer["pane"].as_str().unwrap_or_else(|| panic!("no pane: {answer}")).to_owned(),
            terminal: answer["terminal"].as_u64().unwrap_or_else(|| panic!("no terminal: {answer}")),
            desk: PathBuf::from(answer["config_dir"].as_str().unwrap_or("/nowhere")),
        }
    }

    /// Opens one by the pipe, and waits for Claude's prompt in it.
    #[track_caller]
    pub fn open(zellij: &Zellij, args: &str) -> Self {
        let pane = Self::order(zellij, "new", args);
        pane.wait_for_prompt(zellij);
        pane
    }

    /// Sends `new` or `resume`. Zellij loses an answer now and then, and on a slow machine Carrel gives up; asking again under the same name opens nothing twice.
    #[track_caller]
    pub fn order(zellij: &Zellij, pipe: &str, args: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("request=r{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let args = if args.is_empty() { name } else { format!("{args},{name}") };
        Self::of(&zellij.ask(pipe, &args, ""))
    }

    #[track_caller]
    pub fn wait_for_prompt(&self, zellij: &Zellij) {
        zellij.machine().wait(&format!("Claude's prompt in pane {}", self.terminal), || {
            shows_prompt(&zellij.pane_text(self.terminal)).then_some(())
        });
    }

    /// Says something, waits until Claude has sent it and has answered.
    #[track_caller]
    pub fn say(&self, zellij: &Zellij, words: &str) {
        zellij.type_line(self.terminal, words);
        zellij.machine().api().wait_for_prompt(words);
        zellij.machine().wait(&format!("an answer in pane {}", self.terminal), || {
            zellij.pane_text(self.terminal).contains(&format!("Noted: {words}")).then_some(())
        });
    }

    /// The conversation at the desk; Claude writes it a moment after its answer.
    #[track_caller]
    pub fn session(&self, machine: &Machine) -> String {
        machine.wait(&format!("a transcript of pane {}", self.pane), || {
            claude::transcripts(&self.desk)
                .into_iter()
                .find(|(_, path)| words_in(path).contains("\"assistant\""))
                .map(|(id, _)| id)
        })
    }

    /// The conversations at the desk.
    pub fn sessions(&self) -> Vec<String> {
        claude::transcripts(&self.desk).into_iter().map(|(id, _)| id).collect()
    }

    /// The pane's entry in a status document.
    #[track_caller]
    pub fn entry(&self, status: &Value) -> Value {
        self.entry_in(status).unwrap_or_else(|| panic!("pane {} is not in {status:#}", self.pane))
    }

    pub fn entry_in(&self, status: &Value) -> Option<Value> {
        status["panes"].as_array()?.iter().find(|entry| entry["pane"] == self.pane.as_str()).cloned()
    }

    /// Waits until this pane's desk is nowhere in the state dir.
    #[track_caller]
    pub fn wait_until_gone(&self, machine: &Machine) {
        let name = format!("pane-{}", self.pane);
        let state = state_dir(machine);
        machine.wait(&format!("the desk of pane {} is gone", self.pane), || {
            let places = ["claude-configs", "claude-homes", "leaving"];
            places.iter().all(|place| !state.join(place).join(&name).exists()).then_some(())
        });
    }
}

/// The Claudes that launchers have started. Claude forks now and then, and the plugin asks for its version once.
pub fn claudes(machine: &Machine) -> Vec<Process> {
    let all = machine.claudes();
    let launchers: Vec<u32> = machine.launchers().into_iter().map(|launcher| launcher.pid).collect();
    all.into_iter().filter(|claude| launchers.contains(&claude.parent)).collect()
}

pub fn state_dir(machine: &Machine) -> PathBuf {
    machine.home().join(".local/state/carrel")
}

/// The transcript of a conversation in the shared dir, once it is there.
#[track_caller]
pub fn wait_until_kept(machine: &Machine, session: &str) -> PathBuf {
    machine.wait(&format!("the conversation {session} is kept"), || {
        claude::transcript(&machine.at_home(".claude"), session)
    })
}

/// Where in the user's own files a kept conversation may be added.
const KEPT: [&str; 4] = [".claude/projects", ".claude/tasks", ".claude/file-history", ".claude/session-env"];

/// Fails where the user's own files are not what they were, but for new files where conversations are kept, and for new lines
/// at the end of the history of prompts.
#[track_caller]
pub fn assert_only_conversations_were_added(machine: &Machine, before: &Manifest) {
    let after = machine.shared_state();
    let is_added = |path: &str| {
        KEPT.iter().any(|dir| path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    let of_history = |manifest: &Manifest| match manifest.0.get(HISTORY) {
        Some(Entry::File(bytes)) => bytes.clone(),
        None => Vec::new(),
        Some(other) => panic!("{HISTORY} is {other:?}"),
    };
    let foreign: Vec<String> = before
        .changes(&after)
        .into_iter()
        .filter(|change| match change.strip_prefix("new: ") {
            Some(path) => path != HISTORY && !is_added(path),
            None => !change.starts_with(&format!("changed: {HISTORY}: ")),
        })
        .collect();
    assert!(foreign.is_empty(), "the user's own files changed: {foreign:#?}");
    let (then, now) = (of_history(before), of_history(&after));
    assert!(now.starts_with(&then), "the history of prompts lost something: {}", String::from_utf8_lossy(&now));
}

/// Every user's text of a transcript that a test wrote.
pub fn words_in(transcript: &Path) -> String {
    std::fs::read_to_string(transcript).unwrap_or_default()
}
