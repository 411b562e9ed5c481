//! Closing: a desk whose pane is gone is kept and deleted by the host program, once every process of it is proved dead.
//! Only what is confirmed leads there: a pane that Zellij said was closed, or that is missing from its lists for longer than
//! they can be behind.

use std::collections::BTreeSet;

use super::board::Leaving;
use super::commands::read_launch;
use super::effect::{Effect, Effects};
use super::event::PaneFacts;
use super::gathering::gather;
use super::ids::{DeskId, TerminalId};
use super::options::Role;
use super::{report, Manager, Purpose};

/// How long after the deletion its success is looked at once more, in milliseconds: a Claude that outlived every sign of
/// life can write its dir again.
const VERIFY_MS: u64 = 2_000;
/// After how long a desk is tried again whose Claude lives on, in milliseconds: Claude outlives its pane by up to three seconds, a
/// background daemon of its for as long as it likes. After that it is tried when something happens that may have ended it.
const ALIVE_MS: [u64; 4] = [5_000, 5_000, 15_000, 60_000];
/// How long after the first list of panes the marks of closed ones are believed, in milliseconds.
const SETTLING_MS: u64 = 2_000;
/// After how long one is tried again that could not be kept: somebody has to mend something first.
const FAILED_RETRY_MS: u64 = 60_000;

/// How far the closing of a desk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It is to be cleaned at that time.
    Due {
        /// Milliseconds since the epoch.
        at_ms: u64,
        /// Why it has not worked so far.
        failed: Option<String>,
        /// It was deleted; this looks whether it stayed away.
        verifying: bool,
        /// How often in a row something lived there.
        alive: usize,
    },
    /// The host program is at it.
    Running {
        /// Why it has not worked so far.
        failed: Option<String>,
        /// It was deleted; this looks whether it stayed away.
        verifying: bool,
        /// How often in a row something lived there.
        alive: usize,
    },
}

impl Closing {
    /// A desk that nobody has tried to clean yet.
    pub(super) fn begun(at_ms: u64) -> Self {
        Closing::Due { at_ms, failed: None, verifying: false, alive: 0 }
    }

    /// When something is to be done, in milliseconds since the epoch.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        match self {
            Closing::Due { at_ms, .. } => (*at_ms != u64::MAX).then_some(*at_ms),
            Closing::Running { .. } => None,
        }
    }

    /// What the panel says of it; nothing while only its absence is looked at.
    #[must_use]
    pub fn shown(&self, pane: DeskId) -> Option<Leaving> {
        let (Closing::Due { failed, verifying, .. } | Closing::Running { failed, verifying, .. }) = self;
        (!verifying).then(|| Leaving { pane, failed: failed.clone() })
    }
}

impl Manager {
    /// Zellij says that a pane was closed. If it was a session's last one, Zellij is gone within milliseconds: the mark
    /// on disk comes first, and the next Carrel carries it out.
    pub(super) fn on_pane_closed(&mut self, terminal: TerminalId, effects: &mut Effects) {
        let Some(pane) = self.known.iter().find(|(_, known)| known.terminal == Some(terminal)).map(|(pane, _)| *pane)
        else {
            return;
        };
        let launcher = self.ready().map_or("", |ready| ready.launcher.as_str());
        let at_desk = |facts: &PaneFacts| {
            facts.command.as_ref().and_then(|command| read_launch(launcher, command)).is_some_and(|l| l.pane == pane)
        };
        if self.panes.iter().any(|facts| facts.terminal != terminal.0 && at_desk(facts)) {
            // A saved layout that was opened twice: the other pane has the desk now.
            self.panes.retain(|facts| facts.terminal != terminal.0);
            self.panes_unread = true;
            return;
        }
        self.closed_ms.insert(pane, self.now_ms);
        self.leave(pane, effects);
    }

    /// A desk's pane is gone for good. What `cleanup_on_close` said when it was opened counts.
    pub(super) fn leave(&mut self, pane: DeskId, effects: &mut Effects) {
        let known = self.known.remove(&pane);
        if !known.is_some_and(|known| known.launch.cleanup) {
            return;
        }
        effects.push(Effect::MarkClosed(pane));
        if self.acting && self.role() == Role::Manager {
            self.marked.insert(pane);
            self.start_closing(pane);
        }
    }

    pub(super) fn start_closing(&mut self, pane: DeskId) {
        self.try_closings_again();
        self.closing.entry(pane).or_insert(Closing::begun(self.now_ms));
    }

    /// What lived on at a closed pane's desk may have ended by now.
    pub(super) fn try_closings_again(&mut self) {
        let now_ms = self.now_ms;
        for closing in self.closing.values_mut() {
            if let Closing::Due { at_ms: at_ms @ u64::MAX, .. } = closing {
                *at_ms = now_ms;
            }
        }
    }

    /// Marks of panes that were closed when nobody could carry it out, or that another instance saw closing.
    pub(super) fn on_marks(&mut self, marks: &[String], effects: &mut Effects) {
        if !self.acting || !self.is_settled() {
            return;
        }
        let marks: BTreeSet<DeskId> = gather(marks.iter().filter_map(|mark| mark.parse::<DeskId>().ok()));
        for pane in &marks {
            self.marked.insert(*pane);
            if self.known.contains_key(pane) {
                self.stay(*pane, effects);
            } else if !self.closing.contains_key(pane) {
                self.borrowed.insert(*pane);
                self.start_closing(*pane);
            }
        }
        // Another session's pane that came back there: its mark was taken back.
        for pane in std::mem::take(&mut self.borrowed) {
            if marks.contains(&pane) || matches!(self.closing.get(&pane), Some(Closing::Running { .. })) {
                self.borrowed.insert(pane);
            } else {
                self.closing.remove(&pane);
                self.marked.remove(&pane);
            }
        }
    }

    /// A session that comes back lists its panes only after a moment; until then none of them counts as closed.
    pub(super) fn is_settled(&self) -> bool {
        self.listed_ms.is_some_and(|listed| self.now_ms.saturating_sub(listed) >= SETTLING_MS)
    }

    /// A pane is there again whose closing had been noted. A cleaning that runs already is left to its end: the launcher
    /// takes the desk back.
    pub(super) fn stay(&mut self, pane: DeskId, effects: &mut Effects) {
        if !matches!(self.closing.get(&pane), Some(Closing::Running { .. })) {
            self.closing.remove(&pane);
            self.unmark(pane, effects);
        }
    }

    pub(super) fn pass_closings(&mut self, effects: &mut Effects) {
        let now_ms = self.now_ms;
        let due: Vec<DeskId> = self
            .closing
            .iter()
            .filter(|(_, closing)| closing.due_ms().is_some_and(|at_ms| at_ms <= now_ms))
            .map(|(pane, _)| *pane)
            .collect();
        for pane in due {
            let Some(Closing::Due { failed, verifying, alive, .. }) = self.closing.get(&pane).cloned() else {
                continue;
            };
            self.closing.insert(pane, Closing::Running { failed, verifying, alive });
            self.clean(Purpose::Clean(pane), pane, effects);
        }
    }

    /// The host program looks once more whose the desk is: what was nobody's may have come back in another Zellij.
    pub(super) fn clean(&mut self, purpose: Purpose, pane: DeskId, effects: &mut Effects) {
        let (name, server) = (pane.to_string(), self.birth.server.to_string());
        let mut words = vec!["clean", "--pane", &name, "--server", &server];
        match purpose {
            Purpose::KeepEarly(_) => words.push("--keep-only"),
            // Nobody saw its pane close.
            _ if !self.marked.contains(&pane) => words.push("--if-nobody"),
            _ => {}
        }
        let shared = self.options().and_then(|options| options.shared_dir.clone());
        if let Some(shared) = &shared {
            words.extend(["--shared", shared]);
        }
        self.run_host(purpose, &words, effects);
    }

    pub(super) fn on_cleaned(&mut self, pane: DeskId, stdout: &str, effects: &mut Effects) {
        // The pane came back while its desk was being cleaned: its launcher has taken the desk back.
        if self.known.contains_key(&pane) {
            self.closing.remove(&pane);
            self.unmark(pane, effects);
            return;
        }
        let lines = report::lines(stdout);
        let line = lines.iter().find(|line| line.tag == "clean");
        let (result, why) = line.map_or(("", ""), |line| (line.field(1), line.field(2)));
        let alive = match self.closing.get(&pane) {
            Some(Closing::Running { alive, .. }) if result == "alive" => alive + 1,
            _ => 0,
        };
        let again = |at_ms, failed, verifying| Closing::Due { at_ms, failed, verifying, alive };
        if matches!(result, "gone" | "cleaned") {
            self.note_removed(pane);
            self.scan.want(self.now_ms);
        }
        if matches!(result, "alive" | "owned") && !self.marked.contains(&pane) {
            // It was nobody's when it was looked, and somebody's by now.
            self.closing.remove(&pane);
            self.note_owned(pane, why);
            return;
        }
        let next = match result {
            "gone" => None,
            "cleaned" => Some(again(self.now_ms + VERIFY_MS, None, true)),
            // Its pane runs in another session, whose Carrel takes the mark away.
            "owned" => Some(again(self.now_ms + FAILED_RETRY_MS, None, true)),
            "alive" => {
                let at_ms = ALIVE_MS.get(alive.saturating_sub(1)).map_or(u64::MAX, |after_ms| self.now_ms + after_ms);
                Some(again(at_ms, Some(format!("not kept yet: {why}")), false))
            }
            "blocked" => Some(again(
                self.now_ms + FAILED_RETRY_MS,
                Some(format!(
                    "its conversations are kept, but Carrel does not know what these are and deletes nothing: {why}. Look \
                     at them in the leaving folder of the state dir, and move away or delete them."
                )),
                false,
            )),
            "failed" => Some(again(self.now_ms + FAILED_RETRY_MS, Some(format!("not kept, nothing deleted: {why}")), false)),
            _ => Some(again(
                self.now_ms + FAILED_RETRY_MS,
                Some("the host program did not answer; Zellij's log says more".to_string()),
                false,
            )),
        };
        match next {
            Some(closing) => {
                self.closing.insert(pane, closing);
            }
            None => {
                self.closing.remove(&pane);
                self.forget_orphan(pane);
                self.unmark(pane, effects);
            }
        }
    }

    pub(super) fn unmark(&mut self, pane: DeskId, effects: &mut Effects) {
        if self.marked.remove(&pane) {
            effects.push(Effect::UnmarkClosed(pane));
        }
    }
}
