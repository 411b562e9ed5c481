//! When to look at the desks: the looks that are due, few for many wishes, and what the last ones found. Knows nothing of what a
//! look finds and of why one is wished for.

use std::collections::BTreeSet;

use super::gathering::gather;
use super::health::SILENCE_MS;
use super::ids::DeskId;
use super::report::Scan;

/// After an opening or a ring, when to look, in milliseconds: the registry follows the hook, and Claude's prompt comes
/// half a second after its start.
pub(super) const LOOKS_MS: [u64; 3] = [250, 1_200, 3_000];
/// How long after a key, in milliseconds: a question that is answered, and work that is interrupted, rings no bell (seen with
/// 2.1.330), and what comes of the key takes Claude some 300 ms.
pub(super) const TYPING_MS: u64 = 700;
/// So many desks are looked at one by one; for more of them everything is.
const FEW: usize = 8;
/// What is due within that time is looked at in one go, in milliseconds.
const MOMENT_MS: u64 = 100;

/// A look that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wish {
    /// Milliseconds since the epoch.
    pub(super) at_ms: u64,
    /// At that desk alone; none is everything.
    pub(super) pane: Option<DeskId>,
}

/// When to look next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanning {
    /// In the order of their times.
    pub(super) due: Vec<Wish>,
    pub(super) running: bool,
    /// With disk use.
    pub(super) measure: bool,
    /// The desks that are being looked at.
    pub(super) asked: BTreeSet<DeskId>,
    /// What is known from the last looks.
    pub(super) last: Option<Scan>,
    /// When everything was last looked at.
    pub(super) last_ms: u64,
    /// It was started for the callers of `check`, after everything else that they want looked at.
    pub(super) answers_checks: bool,
    /// How many in a row came back incomplete.
    pub(super) incomplete: u32,
}

impl Scanning {
    /// A look at everything, at that time.
    pub fn want(&mut self, at_ms: u64) {
        self.wish(at_ms, None);
    }

    /// A look at that time, at that desk alone or at everything.
    pub(super) fn wish(&mut self, at_ms: u64, pane: Option<DeskId>) {
        // One look serves all that is due within the same moment.
        let from = self.due.partition_point(|due| due.at_ms.saturating_add(MOMENT_MS) <= at_ms);
        let within = |due: &&Wish| due.at_ms < at_ms.saturating_add(MOMENT_MS);
        let near = || self.due.iter().skip(from).take_while(within);
        if near().any(|due| due.pane == pane || due.pane.is_none()) {
            return;
        }
        // Of many desks everything is looked at.
        let pane = pane.filter(|_| near().count() < FEW);
        let wish = Wish { at_ms, pane };
        let at = self.due.partition_point(|due| *due < wish);
        self.due.insert(at, wish);
    }

    /// This instance is not the one that looks.
    pub fn forget_wishes(&mut self) {
        self.due.clear();
    }

    /// The looks after something happened at a desk.
    pub fn want_after_ring(&mut self, now_ms: u64, pane: DeskId) {
        for delay in LOOKS_MS.into_iter().take(2) {
            self.wish(now_ms + delay, Some(pane));
        }
    }

    /// A look some time after each key that the user pressed there, few for many; and one well after the last key, because a
    /// Claude on a busy machine may be slow.
    pub fn want_after_typing(&mut self, now_ms: u64, pane: DeskId) {
        let late_ms = now_ms + TYPING_MS * 2;
        let soon = now_ms + TYPING_MS / 2..=late_ms;
        if !self.due.iter().any(|due| due.pane == Some(pane) && soon.contains(&due.at_ms)) {
            self.wish(now_ms + TYPING_MS, Some(pane));
        }
        self.due.retain(|due| due.pane != Some(pane) || due.at_ms <= late_ms);
        self.wish(now_ms + LOOKS_MS[2], Some(pane));
    }

    /// The looks after a pane was opened.
    pub fn want_after_opening(&mut self, now_ms: u64, pane: DeskId) {
        self.measure = true;
        for delay in LOOKS_MS.into_iter().skip(1) {
            self.wish(now_ms + delay, Some(pane));
        }
        self.wish(now_ms + SILENCE_MS + 1_500, None);
    }

    /// A look at that time, at disk use too.
    pub fn want_with_disk_use(&mut self, at_ms: u64) {
        self.measure = true;
        self.want(at_ms);
    }

    /// The next one.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        if self.running {
            return None;
        }
        self.due.first().map(|due| due.at_ms)
    }

    /// Takes the wishes that are due: the desks to look at, or none for everything.
    pub(super) fn take_due(&mut self, now_ms: u64) -> Option<Vec<DeskId>> {
        let later = self.due.iter().position(|due| due.at_ms > now_ms).unwrap_or(self.due.len());
        let due: Vec<Wish> = self.due.drain(..later).collect();
        if due.iter().any(|due| due.pane.is_none()) {
            return None;
        }
        let panes: BTreeSet<DeskId> = gather(due.iter().filter_map(|due| due.pane));
        (panes.len() <= FEW).then(|| panes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn wishes_of_one_moment_are_one_look_and_those_of_many_desks_are_a_look_at_everything() {
        let desk = |n: u128| DeskId(Uuid::from_u128(n));
        let mut scanning = Scanning::default();
        for n in 0..1_000 {
            scanning.want_after_opening(50_000 + u64::try_from(n).unwrap() % 40, desk(n));
        }
        assert!(scanning.due.len() <= 3 * (FEW + 1), "{} wishes", scanning.due.len());
        assert!(scanning.due.is_sorted());
        assert_eq!(scanning.take_due(60_000), None, "everything");

        for n in [3, 1, 2, 1] {
            scanning.want_after_ring(70_000, desk(n));
        }
        scanning.want_after_ring(69_000, desk(9));
        assert_eq!(scanning.due_ms(), Some(69_250));
        assert_eq!(scanning.take_due(69_999), Some(vec![desk(9)]));
        assert_eq!(scanning.take_due(70_300), Some(vec![desk(1), desk(2), desk(3), desk(9)]));
    }
}
