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
}
