//! Decides which instance acts on what every instance receives. Zellij makes a clone of the plugin for each client that
//! ever attached, delivers each pipe and key binding to every clone, and never unloads one (measured on 0.45.1).
//! The lease lies where all of them see it; terms make claiming atomic: creating a file of the next term succeeds once.
//! Refuses to know how it is stored.

/// How often the actor renews, in milliseconds.
pub const RENEW_MS: u64 = 1_000;
/// After how long without renewal the actor counts as gone, in milliseconds.
pub const STALE_MS: u64 = 3_000;

/// One instance of the plugin in a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Zellij's id of the plugin pane, the same for all its clones.
    pub plugin: u32,
    /// Zellij's id of the client that the clone belongs to.
    pub client: u16,
}

/// The lease as it lies on disk: the one with the highest term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Counts the holders.
    pub term: u64,
    /// Who holds it.
    pub holder: Instance,
    /// When it was last renewed, in milliseconds since the epoch.
    pub renewed_ms: u64,
    /// Whether the holder has its permissions; one without them cannot act.
    pub granted: bool,
}

/// What an instance should do about the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Try to take it, with this term.
    Claim(u64),
    /// It is mine: say that I am still here.
    Renew(u64),
}

/// Whether the instance is the actor.
#[must_use]
pub fn acts(me: Instance, lease: Option<Lease>) -> bool {
    lease.is_some_and(|lease| lease.holder == me)
}

/// What to do about the lease now.
#[must_use]
pub fn step(me: Instance, granted: bool, now_ms: u64, lease: Option<Lease>) -> Step {
    let Some(lease) = lease else { return Step::Claim(1) };
    let age = now_ms.abs_diff(lease.renewed_ms);
    if lease.holder == me {
        return if age >= RENEW_MS || lease.granted != granted { Step::Renew(lease.term) } else { Step::Rest };
    }
    // A renewal from the future is a clock that jumped: it proves nothing.
    if age > STALE_MS || (granted && !lease.granted) {
        Step::Claim(lease.term + 1)
    } else {
        Step::Rest
    }
}

/// How long an instance of a layout waits for one that answers pipes to come first, in milliseconds: it asks in a pane of its
/// own, which pops up in front and can be read. Loading takes a fraction of that also on a busy machine.
pub const COME_FIRST_MS: u64 = 2_000;

/// How long a question may stand unanswered before the next instance asks, in milliseconds: its pane may have been closed.
pub const QUESTION_MS: u64 = 60_000;

/// Whether an instance that a layout asked for may ask Zellij for the permissions now. Zellij puts one question for each
/// instance that asks before there is an answer (five for a layout of four, measured on 0.45.1), and finds the answer in its
/// file for each that asks later; but it writes that file anew for each, and one that asks in that moment finds it empty and
/// puts the question again. So they ask one after the other, by their plugin ids, after the one that answers pipes.
///
/// `others` are the leases of this server's other groups: under none that of the instances that answer pipes, else under
/// the plugin id of a layout's instance. While its question is open an instance gets no event and does not renew (measured);
/// one that was refused gives its lease up.
#[must_use]
pub fn may_ask(plugin: u32, waited_ms: u64, now_ms: u64, others: &[(Option<u32>, Lease)]) -> bool {
    let answered = others.iter().any(|(_, lease)| lease.granted);
    let limit_ms = if answered { STALE_MS } else { QUESTION_MS };
    let is_first = |other: &Option<u32>| other.is_none_or(|other| other < plugin);
    let mut waiting =
        others.iter().filter(|(_, lease)| !lease.granted && now_ms.abs_diff(lease.renewed_ms) <= limit_ms);
    !waiting.any(|(other, _)| is_first(other)) && (answered || waited_ms >= COME_FIRST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Instance = Instance { plugin: 1, client: 1 };
    const OTHER: Instance = Instance { plugin: 1, client: 2 };

    fn lease(holder: Instance, renewed_ms: u64, granted: bool) -> Option<Lease> {
        Some(Lease { term: 7, holder, renewed_ms, granted })
    }

    #[test]
    fn the_first_instance_claims_and_the_second_rests_while_the_first_is_there() {
        assert_eq!(step(ME, false, 10_000, None), Step::Claim(1));
        assert_eq!(step(ME, true, 10_000, lease(OTHER, 9_000, true)), Step::Rest);
        assert!(!acts(ME, lease(OTHER, 9_000, true)));
        assert!(!acts(ME, None));
    }

    #[test]
    fn the_actor_renews_every_second_and_at_once_when_it_gets_its_permissions() {
        assert_eq!(step(ME, true, 10_000, lease(ME, 9_500, true)), Step::Rest);
        assert_eq!(step(ME, true, 10_000, lease(ME, 9_000, true)), Step::Renew(7));
        assert_eq!(step(ME, true, 10_000, lease(ME, 9_900, false)), Step::Renew(7));
        assert!(acts(ME, lease(ME, 0, false)));
    }

    #[test]
    fn an_actor_that_is_silent_for_three_seconds_or_was_never_permitted_is_replaced() {
        assert_eq!(step(ME, true, 10_000, lease(OTHER, 6_999, true)), Step::Claim(8));
        assert_eq!(step(ME, true, 10_000, lease(OTHER, 9_999, false)), Step::Claim(8));
        assert_eq!(step(ME, false, 10_000, lease(OTHER, 9_999, false)), Step::Rest);
        assert_eq!(step(ME, true, 10_000, lease(OTHER, 20_000, true)), Step::Claim(8), "a clock that jumped back");
    }

    #[test]
    fn in_a_layout_one_question_is_put_and_the_others_wait_for_its_answer() {
        let open = |now_ms| lease(OTHER, now_ms, false).unwrap();
        let answered = lease(OTHER, 0, true).unwrap();
        // Nobody else is there yet: the one that answers pipes may still come.
        assert!(!may_ask(3, 0, 10_000, &[]));
        assert!(may_ask(3, COME_FIRST_MS, 10_000, &[]));
        // Its question is open, and it is silent meanwhile.
        assert!(!may_ask(3, 60_000, 100_000, &[(None, open(45_000))]));
        // It was answered with yes: asking is without a question now, but one after the other.
        assert!(may_ask(3, 0, 100_000, &[(None, answered)]));
        assert!(!may_ask(3, 0, 100_000, &[(None, answered), (Some(2), open(99_000))]));
        assert!(may_ask(3, 0, 100_000, &[(None, answered), (Some(2), answered), (Some(4), open(99_000))]));
        assert!(may_ask(3, 0, 100_000, &[(None, answered), (Some(2), open(96_999))]), "that one is not going to ask");
        // With no, and its lease is gone: the first of the layout asks.
        let both = [(Some(2), open(99_900)), (Some(3), open(99_900))];
        assert!(may_ask(2, 60_000, 100_000, &both) && !may_ask(3, 60_000, 100_000, &both));
        // Its pane was closed without an answer.
        assert!(may_ask(3, 90_000, 100_000, &[(None, open(39_999)), (Some(2), open(30_000)), (Some(3), open(99_900))]));
    }
}
