//! Claude outside Carrel: a `claude` that somebody typed into a shell of this session keeps its state in the shared dir.
//! Zellij says which program a pane runs, when it changes and the pane has printed something; nothing is asked for.

use std::collections::BTreeMap;

use super::board::Unisolated;
use super::ids::TerminalId;
use super::Manager;

/// How long a program's name may be, in characters.
const LONGEST: usize = 80;

/// The program of each pane that runs a Claude of its own.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    seen: BTreeMap<TerminalId, String>,
}

impl Manager {
    /// Zellij says what a pane runs now.
    pub(super) fn on_command(&mut self, terminal: TerminalId, argv: &[String]) {
        let program = argv.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        let claude = self.options().map_or("claude", |options| options.claude.as_str());
        if program == claude.rsplit('/').next().unwrap_or_default() || program == "claude" {
            // The program alone: what follows may be the user's words.
            self.outside.seen.insert(terminal, program.chars().take(LONGEST).collect());
        } else {
            self.outside.seen.remove(&terminal);
        }
    }

    /// Panes that are gone run nothing.
    pub(super) fn forget_commands(&mut self) {
        let panes = &self.panes;
        self.outside.seen.retain(|terminal, _| panes.iter().any(|pane| pane.terminal == terminal.0 && !pane.exited));
    }

    /// The Claudes that are not isolated; never one of our panes.
    pub(super) fn unisolated(&self) -> Vec<Unisolated> {
        let ours = |terminal: TerminalId| self.known.values().any(|known| known.terminal == Some(terminal));
        self.outside
            .seen
            .iter()
            .filter(|(terminal, _)| !ours(**terminal))
            .map(|(terminal, command)| Unisolated { terminal: *terminal, command: command.clone() })
            .collect()
    }
}
