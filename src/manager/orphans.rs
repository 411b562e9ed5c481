//! Orphans: desks whose panes are gone for good though nobody saw them go, because no Carrel was there. Who owns a desk the
//! host tells: its Zellij lives, a process of it lives, a saved session names it, or nobody does. Unreadable means alive.
//! Of the desks of this session the list of panes decides.

use std::collections::{BTreeMap, BTreeSet};

use super::board::Orphan;
use super::closing::Closing;
use super::effect::{Effect, Effects};
use super::gathering::gather;
use super::ids::{DeskId, PipeId};
use super::watching::OPENING_MS;
use super::{report, status, Manager, Purpose};

/// How long after the sessions changed it is looked, in milliseconds: Zellij writes and deletes their files meanwhile.
const AFTER_CHANGE_MS: u64 = 1_500;
/// How often is asked which sessions there are, in milliseconds; Zellij answers from the disk, but does not say by itself
/// that another one ended or was deleted.
const SESSIONS_MS: u64 = 30_000;
/// The same while there are desks of other sessions.
const SESSIONS_OF_DESKS_MS: u64 = 10_000;
/// After how long is looked again at a desk of this session that has no pane here and is not dead yet, in milliseconds: Claude
/// outlives its pane by up to three seconds, a background daemon of its for as long as it likes.
const DYING_MS: [u64; 3] = [5_000, 15_000, 60_000];
/// After how long it is tried again to keep the conversations of an ended session, in milliseconds.
const KEEP_RETRY_MS: u64 = 60_000;
/// Within that time `gc` is answered, in milliseconds.
pub(super) const GC_PATIENCE_MS: u64 = 30_000;

/// Who owns a desk, as the host found; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A process of it lives, or it cannot be judged.
    Alive,
    /// The Zellij server lives that it was opened in.
    Server(u32),
    /// A saved session names it: it can come back.
    Saved,
    /// Nobody can come back to it.
    Nobody,
}

/// One desk on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The desk.
    pub pane: DeskId,
    /// Who owns it.
    pub owner: Owner,
    /// The reason, for people.
    pub why: String,
    /// Disk use in bytes.
    pub bytes: Option<u64>,
    /// When it was opened, in milliseconds since the epoch.
    pub opened_ms: Option<u64>,
    /// It is deleted when its pane is gone; else only by an explicit `gc`.
    pub cleanup: bool,
    /// There is a conversation in it that is not in the shared dir yet.
    pub unkept: bool,
    /// The name that its Zellij session had.
    pub session: String,
}

/// What is known of the desks without a pane here.
#[derive(Clone, Debug, Default)]
pub struct Orphans {
    due_ms: Option<u64>,
    running: bool,
    /// The look that runs was asked for by these callers of `gc` too.
    pub(super) last: Vec<Owned>,
    asked_ms: u64,
    /// Zellij has answered which sessions there are since it was asked last.
    answered: bool,
    living: BTreeSet<String>,
    saved: BTreeSet<String>,
    /// Why the conversations of desks of ended sessions are not kept, and when that was tried.
    pub(super) unkept: BTreeMap<DeskId, (String, u64)>,
    /// How often was looked at a desk that is not dead yet, since the sessions changed.
    dying: usize,
    /// The same of desks of other sessions, of which some may never be.
    dying_elsewhere: usize,
    callers: Vec<Caller>,
}

/// Somebody who waits for an answer of `gc`.
#[derive(Clone, Debug)]
struct Caller {
    pipe: Option<PipeId>,
    dry_run: bool,
    until_ms: u64,
    /// What is being deleted for it, once it was looked.
    removing: Option<Vec<Owned>>,
    /// The look began after it asked.
    looked: bool,
    /// What was removed since.
    removed: BTreeSet<DeskId>,
}

impl Orphans {
    /// When it is to be looked.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        if self.running {
            return None;
        }
        self.due_ms
    }

    fn want(&mut self, at_ms: u64) {
        self.due_ms = Some(self.due_ms.map_or(at_ms, |due| due.min(at_ms)));
    }
}

impl Manager {
    /// The names of all sessions: when one goes, desks may have lost their owner.
    pub(super) fn on_sessions(&mut self, living: BTreeSet<String>, saved: BTreeSet<String>) {
        let changed = self.orphans.living != living || self.orphans.saved != saved;
        self.orphans.answered = true;
        self.orphans.living = living;
        self.orphans.saved = saved;
        if changed && self.acting {
            self.orphans.dying = 0;
            self.orphans.dying_elsewhere = 0;
            self.want_orphans(self.now_ms + AFTER_CHANGE_MS);
        }
    }

    pub(super) fn want_orphans(&mut self, at_ms: u64) {
        self.orphans.want(at_ms);
    }

    pub(super) fn on_gc(&mut self, pipe: Option<PipeId>, dry_run: bool) {
        self.orphans.unkept.clear();
        let until_ms = self.now_ms + GC_PATIENCE_MS;
        self.orphans.callers.push(Caller {
            pipe,
            dry_run,
            until_ms,
            removing: None,
            looked: false,
            removed: BTreeSet::new(),
        });
        self.want_orphans(self.now_ms);
    }

    pub(super) fn pass_orphans(&mut self, effects: &mut Effects) {
        let now_ms = self.now_ms;
        let others = self.orphans.last.iter().any(|owned| !self.known.contains_key(&owned.pane));
        let often = if others { SESSIONS_OF_DESKS_MS } else { SESSIONS_MS };
        if now_ms.saturating_sub(self.orphans.asked_ms) >= often && self.is_settled() {
            self.ask_for_sessions(effects);
        }
        // Before the list of panes is known every desk of this session would look closed.
        if self.orphans.due_ms().is_some_and(|due| due <= now_ms) && self.is_settled() {
            self.orphans.due_ms = None;
            self.try_closings_again();
            self.ask_for_sessions(effects);
            self.orphans.running = self.run_host(Purpose::Owners, &["owners"], effects).is_some();
            self.orphans.callers.iter_mut().for_each(|caller| caller.looked = true);
        }
    }

    fn ask_for_sessions(&mut self, effects: &mut Effects) {
        self.orphans.asked_ms = self.now_ms;
        self.orphans.answered = false;
        effects.push(Effect::ReadSessions);
    }

    /// A desk's conversations are in the shared dir, and the desk is gone.
    pub(super) fn note_removed(&mut self, pane: DeskId) {
        self.orphans.callers.iter_mut().for_each(|caller| {
            caller.removed.insert(pane);
        });
    }

    /// The conversations of a desk whose session can come back are in the shared dir, or are not for a reason.
    pub(super) fn on_kept_early(&mut self, pane: DeskId, stdout: &str) {
        let lines = report::lines(stdout);
        let line = lines.iter().find(|line| line.tag == "clean");
        let (result, why) = line.map_or(("failed", "the host program did not answer"), |l| (l.field(1), l.field(2)));
        match result {
            "kept" | "gone" => {
                self.orphans.unkept.remove(&pane);
                self.want_orphans(self.now_ms + AFTER_CHANGE_MS);
            }
            // It came to life, here or elsewhere: it is not ours to keep any more.
            "alive" | "owned" => {}
            _ => {
                let why = format!("its conversations are not all kept yet: {result} {why}");
                self.orphans.unkept.insert(pane, (why, self.now_ms));
                self.want_orphans(self.now_ms + AFTER_CHANGE_MS);
            }
        }
    }

    /// A desk that was nobody's when it was looked is somebody's.
    pub(super) fn note_owned(&mut self, pane: DeskId, why: &str) {
        let listed = self.orphans.callers.iter_mut().filter_map(|caller| caller.removing.as_mut()).flatten();
        for owned in self.orphans.last.iter_mut().chain(listed).filter(|owned| owned.pane == pane) {
            owned.owner = Owner::Alive;
            owned.why = why.to_string();
        }
        self.look_at_the_dying();
    }

    /// Some looks more, later and later.
    fn look_at_the_dying(&mut self) {
        if let Some(after_ms) = DYING_MS.get(self.orphans.dying) {
            self.orphans.dying += 1;
            self.want_orphans(self.now_ms + after_ms);
        }
    }

    /// The same for a process of another session that is gone, which may only be slow to die.
    fn look_at_the_dying_elsewhere(&mut self) {
        if let Some(after_ms) = DYING_MS.get(self.orphans.dying_elsewhere) {
            self.orphans.dying_elsewhere += 1;
            self.want_orphans(self.now_ms + after_ms);
        }
    }

    pub(super) fn on_owners(&mut self, stdout: &str, effects: &mut Effects) {
        self.orphans.running = false;
        let Some(found) = read_owners(stdout) else {
            effects.push(Effect::Log("the look at the owners of desks came back incomplete; it proves nothing".into()));
            self.look_at_the_dying();
            return;
        };
        let now_ms = self.now_ms;
        self.orphans.last = found.into_iter().map(|owned| self.judge_owner(owned)).collect();
        let there: BTreeSet<DeskId> = gather(self.orphans.last.iter().map(|owned| owned.pane));
        self.orphans.unkept.retain(|pane, _| there.contains(pane));
        let lives = |owned: &&Owned| owned.owner == Owner::Alive && !self.known.contains_key(&owned.pane);
        let (here, elsewhere): (Vec<&Owned>, Vec<&Owned>) =
            self.orphans.last.iter().filter(lives).partition(|owned| owned.session == self.session);
        let dies_here = !here.is_empty();
        if elsewhere.iter().any(|owned| !self.orphans.living.contains(&owned.session)) {
            self.look_at_the_dying_elsewhere();
        }
        if dies_here {
            self.look_at_the_dying();
        }
        if let Some((_, tried_ms)) = self.orphans.unkept.values().min_by_key(|(_, tried_ms)| *tried_ms) {
            self.orphans.want(tried_ms + KEEP_RETRY_MS);
        }
        let waits = |pane: &DeskId| {
            self.orphans.unkept.get(pane).is_some_and(|(_, tried_ms)| now_ms < tried_ms.saturating_add(KEEP_RETRY_MS))
        };
        let unkept: Vec<DeskId> = there.iter().filter(|pane| waits(pane)).copied().collect();
        let mut keeping = self.calls.values().any(|(purpose, _)| matches!(purpose, Purpose::KeepEarly(_)));
        for owned in self.orphans.last.clone() {
            match owned.owner {
                Owner::Nobody if owned.cleanup => self.start_closing(owned.pane),
                // Nobody sits at it, so its conversation belongs where plain `claude --resume` finds it. One after the other:
                // the end of each asks for the next look.
                Owner::Saved if owned.cleanup && owned.unkept && !keeping && !unkept.contains(&owned.pane) => {
                    self.clean(Purpose::KeepEarly(owned.pane), owned.pane, effects);
                    keeping = true;
                }
                _ => {}
            }
        }
        for caller in self.orphans.callers.iter_mut().filter(|caller| caller.looked && caller.removing.is_none()) {
            caller.removing = Some(self.orphans.last.clone());
            if !caller.dry_run {
                for owned in self.orphans.last.iter().filter(|owned| owned.owner == Owner::Nobody) {
                    // One that failed is tried again at once: somebody may have mended it.
                    if !matches!(self.closing.get(&owned.pane), Some(Closing::Running { .. })) {
                        self.closing.insert(owned.pane, Closing::begun(now_ms));
                    }
                }
            }
        }
    }

    /// The desks of this session: its list of panes knows.
    fn judge_owner(&mut self, mut owned: Owned) -> Owned {
        if self.known.contains_key(&owned.pane) {
            owned.owner = Owner::Alive;
            owned.why = "its pane is open in this session".into();
        } else if owned.owner == Owner::Server(self.birth.server) {
            // Another client may have opened it since the last list of panes.
            let opened_ms = owned.opened_ms.map_or(self.now_ms, |opened_ms| opened_ms.saturating_add(self.ahead_ms));
            // One that was opened in the future was opened before the clock was set back.
            if opened_ms <= self.now_ms && self.list_ms < opened_ms + OPENING_MS {
                owned.owner = Owner::Alive;
                owned.why = "it was opened a moment ago".into();
                self.orphans.want(self.now_ms + OPENING_MS + AFTER_CHANGE_MS);
            } else {
                owned.owner = Owner::Nobody;
                owned.why = "its pane is closed".into();
            }
        } else if owned.owner == Owner::Nobody && owned.session != self.session && !self.orphans.answered {
            owned.owner = Owner::Alive;
            owned.why = "Zellij does not say which sessions there are".into();
        } else if owned.owner == Owner::Nobody
            && owned.session != self.session
            && self.orphans.living.contains(&owned.session)
        {
            // It may have come back a moment ago: Zellij has not saved its panes again yet.
            owned.owner = Owner::Alive;
            owned.why = format!("a session named {} lives", owned.session);
        }
        owned
    }

    pub(super) fn answer_gc(&mut self, effects: &mut Effects) {
        let now_ms = self.now_ms;
        for caller in std::mem::take(&mut self.orphans.callers) {
            let late = now_ms >= caller.until_ms;
            let Some(listed) = &caller.removing else {
                if late {
                    if let Some(pipe) = caller.pipe {
                        let why = "the host did not answer in time; Zellij's log says more";
                        effects.push(Effect::AnswerPipe(pipe, status::error_line(why)));
                    }
                } else {
                    self.orphans.callers.push(caller);
                }
                continue;
            };
            let under_way = |owned: &Owned| {
                owned.owner == Owner::Nobody
                    && self
                        .closing
                        .get(&owned.pane)
                        .is_some_and(|closing| closing.shown(owned.pane).is_some_and(|l| l.failed.is_none()))
            };
            if !caller.dry_run && !late && listed.iter().any(under_way) {
                self.orphans.callers.push(caller);
                continue;
            }
            let rows: Vec<serde_json::Value> = listed
                .iter()
                .filter(|owned| owned.owner != Owner::Alive || !self.known.contains_key(&owned.pane))
                .map(|owned| self.gc_row(owned, &caller))
                .collect();
            if let Some(pipe) = caller.pipe {
                let answer = serde_json::json!({"version": 1, "orphans": rows}).to_string();
                effects.push(Effect::AnswerPipe(pipe, answer));
            }
        }
    }

    fn gc_row(&self, owned: &Owned, caller: &Caller) -> serde_json::Value {
        let leaving = self.closing.get(&owned.pane).and_then(|closing| closing.shown(owned.pane));
        let removed = caller.removed.contains(&owned.pane);
        let why = match (owned.owner, leaving.and_then(|leaving| leaving.failed)) {
            (_, Some(failed)) => failed,
            (Owner::Nobody, None) if removed => format!("{}; its conversations are kept", owned.why),
            (Owner::Nobody, None) if owned.cleanup => format!("{}; it goes", owned.why),
            (Owner::Nobody, None) => {
                format!("{}; it stays until gc with dry_run=false, as cleanup_on_close is false", owned.why)
            }
            _ => format!("{}; it stays", owned.why),
        };
        serde_json::json!({
            "pane": owned.pane.to_string(), "bytes": owned.bytes, "age_s": age_s(owned, self.clock_ms()),
            "removed": removed, "why": why,
        })
    }

    /// Those that nobody owns and that are not on their way out.
    pub(super) fn orphan_rows(&self) -> Vec<Orphan> {
        self.orphans
            .last
            .iter()
            .filter(|owned| owned.owner == Owner::Nobody && !self.closing.contains_key(&owned.pane))
            .map(|owned| Orphan { pane: owned.pane, bytes: owned.bytes, opened_ms: owned.opened_ms })
            .collect()
    }

    /// A desk is gone from the disk.
    pub(super) fn forget_orphan(&mut self, pane: DeskId) {
        self.orphans.last.retain(|owned| owned.pane != pane);
    }
}

fn age_s(owned: &Owned, now_ms: u64) -> Option<u64> {
    owned.opened_ms.map(|opened| now_ms.saturating_sub(opened) / 1_000)
}

/// Reads the host's answer; one that is cut off is none.
fn read_owners(stdout: &str) -> Option<Vec<Owned>> {
    let lines = report::lines(stdout);
    if lines.last().is_none_or(|line| line.tag != "end") {
        return None;
    }
    let found = lines.iter().filter(|line| line.tag == "owner").filter_map(|line| {
        let owner = match line.field(1) {
            "server" => line.field(3).parse().map_or(Owner::Alive, Owner::Server),
            "saved" => Owner::Saved,
            "nobody" => Owner::Nobody,
            _ => Owner::Alive,
        };
        Some(Owned {
            pane: line.field(0).parse().ok()?,
            owner,
            why: line.field(2).to_string(),
            bytes: line.field(4).parse().ok(),
            opened_ms: line.field(5).parse::<u64>().ok().map(|s| s.saturating_mul(1_000)),
            cleanup: line.field(6) != "no",
            unkept: line.field(7) == "unkept",
            session: line.field(8).to_string(),
        })
    });
    let mut desks: BTreeMap<DeskId, Owned> = BTreeMap::new();
    for mut owned in found {
        // One that lies in two places belongs to whoever has either of them.
        if let Some(other) = desks.remove(&owned.pane) {
            owned.bytes = owned.bytes.zip(other.bytes).map(|(one, two)| one.saturating_add(two));
            owned.opened_ms = owned.opened_ms.or(other.opened_ms);
            owned.cleanup &= other.cleanup;
            owned.unkept |= other.unkept;
            if other.owner < owned.owner {
                (owned.owner, owned.why, owned.session) = (other.owner, other.why, other.session);
            }
        }
        desks.insert(owned.pane, owned);
    }
    Some(desks.into_values().collect())
}
