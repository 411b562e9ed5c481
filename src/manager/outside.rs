//! Claude outside Carrel: a `claude` that somebody typed into a shell of this session keeps its state in the shared dir.
//! Zellij says which program a pane runs, when it changes and the pane has printed something; the shared dir's registry
//! says which Claudes live, and a scan, which of them descend from this Zellij. Nothing is done about them from here.

use std::collections::BTreeMap;

use super::board::{Outsider, Unisolated};
use super::gathering::gather;
use super::health::state_of;
use super::ids::TerminalId;
use super::report::Registered;
use super::Manager;

/// How long a program's name may be, in characters.
const LONGEST: usize = 80;
/// How long after it was seen its registry file is looked for, in milliseconds: it comes with its prompt.
const REGISTERED_MS: u64 = 1_500;

/// The panes that run a Claude of their own.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// By the program, as Zellij tells it.
    seen: BTreeMap<TerminalId, String>,
    /// By the registry of the shared dir.
    found: BTreeMap<TerminalId, Outsider>,
}

impl Manager {
    /// Zellij says what a pane runs now.
    pub(super) fn on_command(&mut self, terminal: TerminalId, argv: &[String]) {
        let program = argv.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        let claude = self.options().map_or("claude", |options| options.claude.as_str());
        if program == claude.rsplit('/').next().unwrap_or_default() || program == "claude" {
            // The program alone: what follows may be the user's words.
            let new = self.outside.seen.insert(terminal, program.chars().take(LONGEST).collect()).is_none();
            if new && self.acting && !self.is_ours(terminal) {
                self.scan.want(self.now_ms + REGISTERED_MS);
            }
        } else {
            self.forget_outside(terminal);
        }
    }

    /// Panes that are gone run nothing.
    pub(super) fn forget_commands(&mut self) {
        let panes = &self.panes;
        let there = |terminal: &TerminalId| panes.iter().any(|pane| pane.terminal == terminal.0 && !pane.exited);
        self.outside.seen.retain(|terminal, _| there(terminal));
        self.outside.found.retain(|terminal, _| there(terminal));
    }

    /// It has ended.
    pub(super) fn forget_outside(&mut self, terminal: TerminalId) {
        self.outside.seen.remove(&terminal);
        self.outside.found.remove(&terminal);
    }

    /// What a look at the shared dir's registry found.
    pub(super) fn note_outside(&mut self, shared: &[Registered]) {
        let outsider = |entry: &Registered| Outsider {
            pid: entry.pid,
            start: entry.start.clone(),
            session: entry.session.clone(),
            cwd: entry.cwd.clone(),
            state: state_of(entry),
        };
        let outside = shared.iter().filter(|entry| entry.pane.is_none() && entry.is_genuine());
        self.outside.found = gather(outside.filter_map(|entry| Some((entry.terminal?, outsider(entry)))));
        self.forget_commands();
    }

    /// The Claudes that are not isolated; never one of our panes.
    pub(super) fn unisolated(&self) -> Vec<Unisolated> {
        let mut all = self.outside.seen.clone();
        for terminal in self.outside.found.keys() {
            all.entry(*terminal).or_insert_with(|| "claude".to_string());
        }
        all.into_iter()
            .filter(|(terminal, _)| !self.is_ours(*terminal))
            .map(|(terminal, command)| Unisolated {
                terminal,
                command,
                process: self.outside.found.get(&terminal).cloned(),
            })
            .collect()
    }

    fn is_ours(&self, terminal: TerminalId) -> bool {
        self.known.values().any(|known| known.terminal == Some(terminal))
    }
}
