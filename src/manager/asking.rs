//! Decides when an instance asks Zellij for its permissions, and which answers are its own. Zellij finds an answer that the
//! user has given in a file, but writes that file anew for each instance that finds it there, and one that looks in that moment
//! finds it empty, and has the user asked again. So instances ask one after the other, each in its turn.
//! Refuses to know how a turn is taken.

use super::electing::Lease;
use super::options::Role;

/// After how long a turn counts as over, in milliseconds, where the instance that took it has not ended it: it crashed. On a busy
/// machine Zellij takes more than a second to answer what a reload with three clients asks.
pub const TURN_MS: u64 = 5_000;

/// How long the clones of one plugin wait after an answer that one of them got, in milliseconds: what Zellij has to tell one
/// clone while the next one is loading it tells all of them, one after the other (seen in 0.45.1), and none could tell whose
/// answer it is.
pub const SETTLED_MS: u64 = 100;

/// How long an instance of a layout waits for one that answers pipes to come first, in milliseconds: it asks in a pane of its
/// own, which pops up in front and can be read. Loading takes a fraction of that also on a busy machine.
const COME_FIRST_MS: u64 = 2_000;

/// How long a question may stand unanswered before the next instance asks, in milliseconds: its pane may have been closed.
const QUESTION_MS: u64 = 60_000;

/// How often an instance of a layout looks whether it may ask, in milliseconds.
const LOOK_MS: u64 = 50;

/// How often an instance looks whether its turn has come, in milliseconds: the one before it waits for Zellij alone.
const TURN_LOOK_MS: u64 = 10;

/// After how long without an answer somebody else may have got it, and without a sign of the grant the answer was another's, in
/// milliseconds.
const ANSWER_MS: u64 = 1_000;

/// How long after the first sign of a grant Zellij says so, if it does, in milliseconds.
const FOLLOWS_MS: u64 = 100;

/// How often an instance asks at most.
const MOST: u32 = 4;

/// How far an instance has come. Times are in milliseconds since the epoch.
#[derive(Debug)]
pub struct Asking {
    state: State,
    /// How often it has asked.
    asked: u32,
    /// It looks again then.
    look_ms: u64,
}

#[derive(Debug)]
enum State {
    /// For others of its session, since then.
    Waits {
        plugin: u32,
        since_ms: u64,
    },
    /// For its turn.
    Next,
    /// For Zellij. Whether the grant has shown already.
    Asked {
        shown: bool,
    },
    /// For a sign that what it was told is its own grant.
    Told,
    /// For the user, who may yet answer another clone's question.
    Refused,
    Answered,
}

/// What an instance should do about its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Look again after so many milliseconds.
    WakeIn(u64),
    /// Take a turn, and say how that went.
    TakeTurn,
    /// The turn is over.
    EndTurn,
}

/// The leases of a server, as they lie on disk.
#[derive(Clone, Debug, Default)]
pub struct Leases {
    /// That of this instance's group.
    pub own: Option<Lease>,
    /// Those of all groups: under none that of the instances that answer pipes, else under the plugin id of a layout's
    /// instance.
    pub all: Vec<(Option<u32>, Lease)>,
}

impl Asking {
    /// Of a plugin with that role and id. One that answers pipes asks at once: without the permission it cannot hold one.
    #[must_use]
    pub fn new(role: Role, plugin: u32, now_ms: u64) -> Self {
        let state = match role {
            Role::Manager => State::Next,
            Role::Claude => State::Waits { plugin, since_ms: now_ms },
            Role::Panel => State::Waits { plugin: u32::MAX, since_ms: now_ms },
        };
        Asking { state, asked: 0, look_ms: now_ms }
    }

    /// What to do now; called again and again, also when nothing is due.
    pub fn step(&mut self, now_ms: u64, leases: impl FnOnce() -> Leases) -> Step {
        if now_ms < self.look_ms {
            return Step::Rest;
        }
        let (may, later) = match self.state {
            State::Waits { plugin, since_ms } => {
                (may_ask(plugin, now_ms.saturating_sub(since_ms), now_ms, &leases().all), LOOK_MS)
            }
            State::Next => (true, TURN_LOOK_MS),
            State::Asked { shown: true } => {
                self.state = State::Answered;
                return Step::EndTurn;
            }
            // Zellij gives the answer to the client that pressed the key, which may not be the one whose clone asked; then
            // that client's clone has the lease, and an answer is in the file. It is silent while the question is open.
            State::Asked { shown: false } => {
                (self.asked < MOST && leases().own.is_some_and(|lease| lease.granted), TURN_MS)
            }
            State::Told if self.asked < MOST => (true, TURN_LOOK_MS),
            State::Told | State::Refused | State::Answered => return Step::Rest,
        };
        if may {
            Step::TakeTurn
        } else {
            self.wake(now_ms, later)
        }
    }

    /// Whether it has the turn. With it, it asks.
    pub fn took_turn(&mut self, taken: bool, now_ms: u64) -> Step {
        if !taken {
            if let State::Waits { .. } = self.state {
                self.state = State::Next;
            }
            return self.wake(now_ms, TURN_LOOK_MS);
        }
        self.asked += 1;
        self.state = State::Asked { shown: false };
        self.wake(now_ms, TURN_MS)
    }

    /// Zellij says that it was granted, or refused: whether that counts, and what is next. An answer that comes before the question
    /// is another's: to a clone that is loaded meanwhile, or after a reload to who was here before. One that comes after it may be
    /// another's too, whose client has pressed the key: then no sign of the grant follows, and who asks again finds its own
    /// in the file.
    pub fn told(&mut self, granted: bool, now_ms: u64) -> (bool, Step) {
        if !granted {
            self.state = State::Refused;
            return (true, Step::Rest);
        }
        match self.state {
            State::Refused => {
                self.state = State::Next;
                (false, self.wake(now_ms, TURN_LOOK_MS))
            }
            // A timer may have got lost meanwhile.
            State::Waits { .. } | State::Next => (false, self.wake(now_ms, TURN_LOOK_MS)),
            State::Asked { shown: false } => {
                self.state = State::Told;
                (true, self.wake(now_ms, ANSWER_MS))
            }
            State::Asked { shown: true } => {
                self.state = State::Answered;
                (false, Step::Rest)
            }
            State::Told => (true, Step::Rest),
            State::Answered => (false, Step::Rest),
        }
    }

    /// It got what Zellij gives a granted plugin alone. Zellij's answer may follow, or not: it is missing in a session without a
    /// client.
    pub fn grant_showed(&mut self, now_ms: u64) -> Step {
        match self.state {
            State::Asked { shown: false } => {
                self.state = State::Asked { shown: true };
                self.wake(now_ms, FOLLOWS_MS)
            }
            State::Asked { shown: true } | State::Answered => Step::Rest,
            State::Waits { .. } | State::Next | State::Told | State::Refused => {
                self.state = State::Answered;
                Step::Rest
            }
        }
    }

    /// Whether it certainly has the permissions.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self.state, State::Answered)
    }

    fn wake(&mut self, now_ms: u64, later_ms: u64) -> Step {
        self.look_ms = now_ms + later_ms;
        Step::WakeIn(later_ms)
    }
}

/// Whether an instance that a layout asked for may take its turn now. Zellij puts one question for each instance that asks before
/// there is an answer (five for a layout of four, measured on 0.45.1). So they wait for the one that answers pipes, and where that
/// one does not come or was refused, for those of the layout with a lower plugin id.
///
/// While its question is open an instance gets no event and does not renew (measured); one that was refused gives its lease up.
fn may_ask(plugin: u32, waited_ms: u64, now_ms: u64, others: &[(Option<u32>, Lease)]) -> bool {
    if others.iter().any(|(_, lease)| lease.granted) {
        return true;
    }
    let is_first = |other: &Option<u32>| other.is_none_or(|other| other < plugin);
    let mut waiting = others.iter().filter(|(_, lease)| now_ms.abs_diff(lease.renewed_ms) <= QUESTION_MS);
    waited_ms >= COME_FIRST_MS && !waiting.any(|(other, _)| is_first(other))
}

#[cfg(test)]
mod tests {
    use super::super::electing::Instance;
    use super::*;

    fn lease(renewed_ms: u64, granted: bool) -> Lease {
        Lease { term: 7, holder: Instance { plugin: 1, client: 2 }, renewed_ms, granted }
    }

    fn none() -> Leases {
        Leases::default()
    }

    fn granted_elsewhere() -> Leases {
        Leases { own: Some(lease(0, true)), all: vec![(None, lease(0, true))] }
    }

    /// One that has asked, then.
    fn asked(at_ms: u64) -> Asking {
        let mut asking = Asking::new(Role::Manager, 0, at_ms);
        assert_eq!(asking.step(at_ms, none), Step::TakeTurn);
        assert_eq!(asking.took_turn(true, at_ms), Step::WakeIn(TURN_MS));
        asking
    }

    #[test]
    fn in_a_layout_one_question_is_put_and_the_others_wait_for_its_answer() {
        let open = |now_ms| lease(now_ms, false);
        let answered = lease(0, true);
        // Nobody else is there yet: the one that answers pipes may still come.
        assert!(!may_ask(3, 0, 10_000, &[]));
        assert!(may_ask(3, COME_FIRST_MS, 10_000, &[]));
        // Its question is open, and it is silent meanwhile.
        assert!(!may_ask(3, 60_000, 100_000, &[(None, open(45_000))]));
        // It was answered with yes: asking is without a question now.
        assert!(may_ask(3, 0, 100_000, &[(None, answered), (Some(2), open(99_000))]));
        // With no, and its lease is gone: the first of the layout asks.
        let both = [(Some(2), open(99_900)), (Some(3), open(99_900))];
        assert!(may_ask(2, 60_000, 100_000, &both) && !may_ask(3, 60_000, 100_000, &both));
        // Its pane was closed without an answer.
        assert!(may_ask(3, 90_000, 100_000, &[(None, open(39_999)), (Some(2), open(30_000)), (Some(3), open(99_900))]));
    }

    #[test]
    fn who_answers_pipes_asks_at_once_and_the_others_when_their_turn_comes() {
        let mut asking = Asking::new(Role::Manager, 0, 1_000);
        assert_eq!(asking.step(1_000, none), Step::TakeTurn);
        assert_eq!(asking.took_turn(false, 1_000), Step::WakeIn(TURN_LOOK_MS));
        assert_eq!(asking.step(1_001, none), Step::Rest, "a timer that somebody else has set");
        assert_eq!(asking.told(true, 1_005), (false, Step::WakeIn(TURN_LOOK_MS)), "to another");
        assert_eq!(asking.step(1_015, granted_elsewhere), Step::TakeTurn);
        asking.took_turn(true, 1_015);
        assert_eq!(asking.told(true, 1_020), (true, Step::WakeIn(ANSWER_MS)));
        assert_eq!(asking.grant_showed(1_100), Step::Rest);
        assert_eq!(asking.step(60_000, granted_elsewhere), Step::Rest);
        let mut panel = Asking::new(Role::Panel, 4, 1_000);
        assert_eq!(panel.step(1_000, none), Step::WakeIn(LOOK_MS));
        assert_eq!(panel.step(1_050, granted_elsewhere), Step::TakeTurn);
    }

    #[test]
    fn whose_question_another_client_answered_with_yes_asks_again_and_with_no_it_does_not() {
        let mut silent = asked(0);
        assert_eq!(silent.step(TURN_MS, none), Step::WakeIn(TURN_MS));
        assert_eq!(silent.step(2 * TURN_MS - 1, granted_elsewhere), Step::Rest);
        assert_eq!(silent.step(2 * TURN_MS, granted_elsewhere), Step::TakeTurn);
        // Another one has the turn; its own answer may still come.
        assert_eq!(silent.took_turn(false, 2 * TURN_MS), Step::WakeIn(TURN_LOOK_MS));
        assert_eq!(silent.told(true, 2 * TURN_MS + 5), (true, Step::WakeIn(ANSWER_MS)));
        // It was told, but the grant was the other's: nothing shows it.
        let mut told = asked(0);
        assert_eq!(told.told(true, 5_000), (true, Step::WakeIn(ANSWER_MS)));
        assert_eq!(told.step(5_999, none), Step::Rest);
        assert_eq!(told.step(6_000, none), Step::TakeTurn);
        told.took_turn(true, 6_000);
        assert_eq!(told.told(true, 6_010), (true, Step::WakeIn(ANSWER_MS)));
        assert_eq!(told.grant_showed(6_100), Step::Rest);
        assert_eq!(told.step(60_000, none), Step::Rest);
        let mut refused = asked(0);
        assert_eq!(refused.told(false, 5_000), (true, Step::Rest));
        assert_eq!(refused.step(60_000, granted_elsewhere), Step::Rest);
        // Later the user says yes to another clone, and that is in the file.
        assert_eq!(refused.told(true, 70_000), (false, Step::WakeIn(TURN_LOOK_MS)));
        assert_eq!(refused.step(70_010, granted_elsewhere), Step::TakeTurn);
        let mut waiting = Asking::new(Role::Claude, 3, 0);
        assert_eq!(waiting.told(false, 10), (true, Step::Rest));
    }

    #[test]
    fn where_nothing_ever_shows_the_grant_it_does_not_ask_for_ever() {
        let mut asking = asked(0);
        for round in 1..MOST {
            let now_ms = u64::from(round) * 10_000;
            assert_eq!(asking.told(true, now_ms), (true, Step::WakeIn(ANSWER_MS)));
            assert_eq!(asking.step(now_ms + ANSWER_MS, none), Step::TakeTurn);
            asking.took_turn(true, now_ms + ANSWER_MS);
        }
        asking.told(true, 100_000);
        assert_eq!(asking.step(200_000, none), Step::Rest);
        assert_eq!(asking.told(true, 200_000), (true, Step::Rest), "it may be its own");
    }

    #[test]
    fn a_grant_that_shows_before_it_is_told_ends_the_turn_a_little_later_and_needs_no_question() {
        let mut asking = asked(0);
        assert_eq!(asking.grant_showed(10), Step::WakeIn(FOLLOWS_MS));
        assert_eq!(asking.grant_showed(20), Step::Rest);
        assert_eq!(asking.step(50, none), Step::Rest);
        assert_eq!(asking.step(10 + FOLLOWS_MS, none), Step::EndTurn);
        assert!(asking.is_answered());
        let mut told = asked(0);
        told.grant_showed(10);
        assert_eq!(told.told(true, 20), (false, Step::Rest), "it is ready already");
        let mut waiting = Asking::new(Role::Claude, 3, 0);
        assert_eq!(waiting.grant_showed(10), Step::Rest);
        assert_eq!(waiting.step(60_000, granted_elsewhere), Step::Rest);
    }
}
