//! Carrying back: what the user changed inside a desk (an MCP server, a trusted folder, a setting) is looked for when the
//! desk's files have changed, shown, and on a key brought into the user's own `.claude.json`. The host copies the files to
//! where the plugin can see them, the plugin reads and merges a slice at a time, the host puts the result in its place under
//! Claude's lock. Any instance can do it: what is pending is the difference between files, and nothing else remembers it.
//! Knows nothing of what a change is: that is [`super::changes`].

mod job;

use super::board::{Board, Changed, Left};
use super::effect::{Effect, Effects};
use super::ids::{DeskId, Origin};
use super::options::Role;
use super::Manager;
use job::{End, Job};

/// How often the same desk is looked at, in milliseconds: Claude writes its file about once a second while it is used.
const LOOK_EVERY_MS: u64 = 5_000;

/// What is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// To see what was changed.
    Look,
    /// To bring it into the user's own file.
    Carry,
    /// To be asked about it no more.
    Forget,
}

/// What is known of all changes, and the one job that is under way.
// Vectors: they are short, and each kind of tree map is some kB of wasm.
#[derive(Debug, Default)]
pub(super) struct Carrying {
    /// In the order of their origins.
    places: Vec<Place>,
    /// The next one comes first.
    wishes: Vec<(Origin, Goal)>,
    job: Option<Box<Job>>,
    /// What came of the wishes of a key, until all are through.
    carried: Vec<String>,
    clashed: Vec<String>,
}

/// Where something may have been changed.
#[derive(Debug)]
struct Place {
    origin: Origin,
    /// The stamp of its files, as last seen.
    seen: String,
    look: Option<Look>,
}

/// What was found there.
#[derive(Debug, Default)]
struct Look {
    /// The stamp that led to it.
    seen: String,
    /// The stamp of what was read: somebody may have written meanwhile.
    stamp: String,
    at_ms: u64,
    told: Vec<String>,
    trouble: Option<String>,
}

impl Look {
    fn is_of(&self, stamp: &str) -> bool {
        self.seen == stamp || self.stamp == stamp
    }
}

impl Carrying {
    /// The next slice is due at once, after whatever else is waiting for the thread; a look when the last one is old enough.
    fn due_ms(&self, now_ms: u64) -> Option<u64> {
        match &self.job {
            Some(job) => job.waits_for_slice().then_some(now_ms),
            None => self.unlooked().map(|(_, at_ms)| at_ms).min(),
        }
    }

    /// Whose files have changed since they were looked at, and when they may be looked at again.
    fn unlooked(&self) -> impl Iterator<Item = (&Origin, u64)> {
        self.places.iter().filter_map(|place| match &place.look {
            None => Some((&place.origin, 0)),
            Some(look) if !look.is_of(&place.seen) => Some((&place.origin, look.at_ms + LOOK_EVERY_MS)),
            Some(_) => None,
        })
    }

    fn place(&self, origin: &Origin) -> Option<&Place> {
        let at = self.places.binary_search_by(|place| place.origin.cmp(origin)).ok()?;
        self.places.get(at)
    }

    fn note_look(&mut self, origin: &Origin, look: Look) {
        if let Some(place) = self.places.iter_mut().find(|place| place.origin == *origin) {
            place.look = Some(look);
        }
    }

    /// The places that there are now; what was found there before is remembered.
    fn note_places(&mut self, seen: Vec<(Origin, String)>) {
        let mut before = std::mem::take(&mut self.places);
        for (origin, seen) in seen {
            let at = before.binary_search_by(|place| place.origin.cmp(&origin)).ok();
            let look = at.and_then(|at| before.get_mut(at)).and_then(|place| place.look.take());
            self.places.push(Place { origin, seen, look });
        }
        self.places.sort_unstable_by(|one, other| one.origin.cmp(&other.origin));
    }
}

impl Place {
    /// What is known of it, to be drawn.
    fn changed(&self) -> Changed {
        let told = self.look.as_ref().map(|look| look.told.clone()).unwrap_or_default();
        let trouble = self.look.as_ref().and_then(|look| look.trouble.clone());
        // Where there is nothing nobody needs the stamp, which is another one each time that Claude writes.
        let stamp = if told.is_empty() { String::new() } else { self.seen.clone() };
        Changed { stamp, count: told.len(), told, trouble }
    }
}

impl Manager {
    /// A scan tells the stamps of the files of the desks that were looked at, and of all that closed ones left.
    pub(super) fn note_stamps(&mut self, files: &[(Origin, String)], looked_at: impl Fn(&DeskId) -> bool) {
        let has_place = |origin: &Origin| match origin {
            Origin::Desk(pane) => self.known.contains_key(pane),
            Origin::Left(_) => true,
        };
        let was_passed = |origin: &Origin| matches!(origin, Origin::Desk(pane) if !looked_at(pane));
        let passed = self.carrying.places.iter().filter(|place| was_passed(&place.origin));
        let passed = passed.map(|place| (place.origin.clone(), place.seen.clone()));
        let seen = files.iter().cloned().chain(passed).filter(|(origin, _)| has_place(origin)).collect();
        self.carrying.note_places(seen);
    }

    /// An instance that does not act looks at what the actor has found something in, once somebody sees its panel.
    pub(super) fn note_followed(&mut self) {
        let Some(board) = &self.followed else { return };
        let changed = board.desks.iter().filter(|desk| desk.changed.count > 0);
        let of_desks = changed.map(|desk| (Origin::Desk(desk.pane), &desk.changed));
        let of_left = board.left.iter().map(|left| (Origin::Left(left.name.clone()), &left.changed));
        let seen = of_desks.chain(of_left).map(|(origin, changed)| (origin, changed.stamp.clone())).collect();
        self.carrying.note_places(seen);
    }

    pub(super) fn changed_at(&self, pane: DeskId) -> Changed {
        self.carrying.place(&Origin::Desk(pane)).map(Place::changed).unwrap_or_default()
    }

    /// What closed desks left, as far as there is something to be missed.
    pub(super) fn left(&self) -> Vec<Left> {
        let left = self.carrying.places.iter().filter_map(|place| {
            let Origin::Left(name) = &place.origin else { return None };
            let changed = place.changed();
            let pane = name.split('.').next()?.parse().ok()?;
            (changed.count > 0 || changed.trouble.is_some()).then(|| Left { pane, name: name.clone(), changed })
        });
        left.collect()
    }

    /// Puts in what this instance has seen itself; names are not published.
    pub(super) fn with_own_looks(&self, mut board: Board) -> Board {
        let own = |origin: Origin, changed: &mut Changed| {
            let look = self.carrying.place(&origin).and_then(|place| place.look.as_ref());
            if let Some(look) = look.filter(|look| look.is_of(&changed.stamp)) {
                (changed.told, changed.count) = (look.told.clone(), look.told.len());
                changed.trouble.clone_from(&look.trouble);
            }
        };
        for desk in &mut board.desks {
            own(Origin::Desk(desk.pane), &mut desk.changed);
        }
        for left in &mut board.left {
            own(Origin::Left(left.name.clone()), &mut left.changed);
        }
        board
    }

    /// What the keys `c` and `d` are about: the desk under the cursor where something was changed, else what closed desks left.
    pub(super) fn to_carry(&self, board: &Board) -> Option<Option<DeskId>> {
        let selected = self.selection(board).and_then(|pane| board.desks.iter().find(|desk| desk.pane == pane));
        match selected.filter(|desk| desk.changed.count > 0) {
            Some(desk) => Some(Some(desk.pane)),
            None if board.left.is_empty() => None,
            None => Some(None),
        }
    }

    /// A key wants it carried back, or forgotten.
    pub(super) fn wish_changes(&mut self, board: &Board, target: Option<DeskId>, goal: Goal) {
        let origins: Vec<Origin> = match target {
            Some(pane) => vec![Origin::Desk(pane)],
            None => board.left.iter().map(|left| Origin::Left(left.name.clone())).collect(),
        };
        for origin in origins {
            let asked = |(other, _): &(Origin, Goal)| *other == origin;
            if !self.carrying.wishes.iter().any(asked) {
                self.carrying.wishes.push((origin, goal));
            }
        }
        if goal == Goal::Carry {
            self.message = Some("Carrying it back…".to_string());
        }
    }

    /// Whether this instance looks at what has changed: the one that acts, and whose panel somebody sees.
    fn looks_for_changes(&self) -> bool {
        self.role() != Role::Claude && (self.acting && self.role() == Role::Manager || self.is_shown())
    }

    pub(super) fn carrying_due_ms(&self) -> Option<u64> {
        let looks = self.looks_for_changes() && self.ready().is_some();
        self.carrying.due_ms(self.now_ms).filter(|_| looks || self.carrying.job.is_some())
    }

    pub(super) fn pass_carrying(&mut self, effects: &mut Effects) {
        if self.carrying.job.is_some() || self.ready().is_none() || self.role() == Role::Claude {
            return;
        }
        if !self.carrying.wishes.is_empty() {
            let (origin, goal) = self.carrying.wishes.remove(0);
            return self.start_job(origin, goal, 0, effects);
        }
        if !self.looks_for_changes() {
            return;
        }
        let now_ms = self.now_ms;
        let due = self.carrying.unlooked().find(|(_, at_ms)| *at_ms <= now_ms);
        if let Some(origin) = due.map(|(origin, _)| origin.clone()) {
            self.start_job(origin, Goal::Look, 0, effects);
        }
    }

    fn end(&mut self, job: Job, end: End, effects: &mut Effects) {
        if !job.copied.dir.is_empty() {
            effects.push(Effect::RemoveCopy(job.copied.dir.clone()));
        }
        let (seen, stamp) = (job.seen.clone(), job.copied.stamp.clone());
        let mut look = Look { seen, stamp, at_ms: self.now_ms, ..Look::default() };
        match end {
            End::Looked { told, trouble } => (look.told, look.trouble) = (told, trouble),
            End::Nothing if job.goal == Goal::Carry && self.carrying.carried.is_empty() => {
                self.message = Some("There is nothing to carry back any more.".to_string());
            }
            End::Nothing => {}
            End::Done { carried, clashed } => {
                self.carrying.carried.extend(carried);
                self.carrying.clashed.extend(clashed.iter().cloned());
                let clash = "your own .claude.json has something else there by now";
                look.trouble = (!clashed.is_empty()).then(|| clash.to_string());
                look.told = clashed;
            }
            End::Failed(why) => {
                if job.goal == Goal::Look {
                    look.trouble = Some(why);
                } else {
                    let before = self.carrying.place(&job.origin).and_then(|place| place.look.as_ref());
                    look.told = before.map(|before| before.told.clone()).unwrap_or_default();
                    look.trouble = Some(why.clone());
                    // Whatever else was wished for would fail too, as a rule.
                    self.carrying.wishes.clear();
                    (self.carrying.carried, self.carrying.clashed) = (vec![], vec![]);
                    self.message = Some(why);
                }
                self.carrying.note_look(&job.origin, look);
                return;
            }
        }
        self.carrying.note_look(&job.origin, look);
        if job.goal == Goal::Carry {
            // The next desk is to have it.
            self.freshen_seed(effects);
        }
        if job.goal != Goal::Look {
            self.scan.want(self.now_ms);
            if self.carrying.wishes.is_empty() {
                self.tell_carried(job.goal);
            }
        }
    }

    /// What came of the key.
    fn tell_carried(&mut self, goal: Goal) {
        let carried = std::mem::take(&mut self.carrying.carried);
        let clashed = std::mem::take(&mut self.carrying.clashed);
        let mut told = Vec::new();
        if !carried.is_empty() {
            told.push(format!("Carried back: {}. Plain Claude has it now, and so have new panes.", carried.join("; ")));
        }
        if !clashed.is_empty() {
            told.push(format!(
                "Not touched, because your own .claude.json has something else there by now: {}. Change it there by hand, \
                 or forget it here with d.",
                clashed.join("; ")
            ));
        }
        if goal == Goal::Forget {
            told.push("Forgotten: it is not asked for again.".to_string());
        }
        if !told.is_empty() {
            self.message = Some(told.join(" "));
        }
    }
}
