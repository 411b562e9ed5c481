//! Panes that need their user: marked in their own frames for as long as they do, and rung for once when one begins to wait.
//! Knows nothing of colours and terminals.

use std::collections::BTreeSet;

use super::board::{Desk, State};
use super::effect::{Effect, Effects};
use super::gathering::gather;
use super::ids::{DeskId, TerminalId};
use super::options::{Notify, Role};
use super::order::is_troubled;
use super::{Manager, Purpose};

/// How long after something that takes a mark away it is put back, in milliseconds. Zellij flashes the frame of a pane that
/// rings a bell for 400 ms, and clears it then, and once more when the pane is gone to (read in 0.45.1).
const AGAIN_MS: u64 = 1_000;
/// How long the name of a directory may be in a notice, in characters.
const LONGEST: usize = 60;

/// What this instance has done about it.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The marked panes; none before this instance has looked, when an earlier one may have marked any.
    marked: Option<BTreeSet<TerminalId>>,
    /// When all marks are put back, in milliseconds since the epoch.
    again_ms: Option<u64>,
    /// Desks that began to wait and were not rung for yet.
    begun: Vec<DeskId>,
}

impl Attention {
    /// Another instance sees to it.
    pub fn forget(&mut self) {
        *self = Attention::default();
    }

    /// When something is to be done, in milliseconds since the epoch.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        self.again_ms
    }

    /// A desk began to wait.
    pub fn begins(&mut self, pane: DeskId) {
        self.begun.push(pane);
    }

    /// Something has happened that may have taken a mark away.
    pub fn doubt(&mut self, now_ms: u64) {
        if self.marked.as_ref().is_some_and(|marked| !marked.is_empty()) {
            self.again_ms.get_or_insert(now_ms + AGAIN_MS);
        }
    }
}

impl Manager {
    pub(super) fn pass_attention(&mut self, effects: &mut Effects) {
        let acts = self.acting && self.role() == Role::Manager && self.ready().is_some();
        if !acts || self.attention.marked.is_none() && !self.knows_all() {
            return;
        }
        let desks = self.desks();
        let wanted: BTreeSet<TerminalId> =
            gather(desks.iter().filter(|desk| needs_its_user(desk)).filter_map(|desk| desk.terminal));
        let again = self.attention.again_ms.is_some_and(|at_ms| at_ms <= self.now_ms);
        if again {
            self.attention.again_ms = None;
        }
        let ours = || gather(desks.iter().filter_map(|desk| desk.terminal));
        let before = self.attention.marked.replace(wanted.clone());
        let on: Vec<TerminalId> = match &before {
            Some(before) if !again => wanted.difference(before).copied().collect(),
            _ => wanted.iter().copied().collect(),
        };
        let off: Vec<TerminalId> = before.unwrap_or_else(ours).difference(&wanted).copied().collect();
        if !on.is_empty() || !off.is_empty() {
            effects.push(Effect::MarkPanes { on, off });
        }
        for pane in std::mem::take(&mut self.attention.begun) {
            if let Some(desk) = desks.iter().find(|desk| desk.pane == pane) {
                self.ring_for(desk, effects);
            }
        }
    }

    /// Through the pane's own terminal, as if its program rang. Not where somebody is looking.
    fn ring_for(&mut self, desk: &Desk, effects: &mut Effects) {
        let word = match self.options().map_or(Notify::None, |options| options.notify) {
            Notify::None => return,
            Notify::Bell => "bell",
            Notify::Osc => "osc",
        };
        if self.panes.iter().any(|pane| pane.watched && Some(TerminalId(pane.terminal)) == desk.terminal) {
            return;
        }
        let notice = notice(desk);
        self.run_host(Purpose::Notify, &["notify", word, &desk.pane.to_string(), &notice], effects);
        self.attention.doubt(self.now_ms);
    }

    pub(super) fn on_notified(&mut self, stdout: &str, effects: &mut Effects) {
        if let Some(why) = stdout.strip_prefix("notify\tfailed\t") {
            effects.push(Effect::Log(format!("a notice could not be given: {why}")));
        }
    }
}

/// Whether a pane is marked: it waits, or its isolation is in doubt for a reason.
fn needs_its_user(desk: &Desk) -> bool {
    match desk.state {
        State::Waiting => true,
        State::Exited | State::Suspended => false,
        _ => is_troubled(desk),
    }
}

/// Where, and what for: nothing of it is the user's or Claude's own words.
fn notice(desk: &Desk) -> String {
    let dir = desk.cwd.as_deref().and_then(|cwd| cwd.rsplit('/').next()).unwrap_or_default();
    let dir: String = dir.chars().filter(|c| !c.is_control() && *c != ';').take(LONGEST).collect();
    let what = desk.waiting_for.as_deref().unwrap_or_default();
    let what = what.chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ').take(LONGEST).collect();
    [dir, what].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
