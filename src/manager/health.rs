//! Judges one desk from what a scan found. Every verdict needs a proof; without one the answer is unknown.
//! Refuses to know how the facts were gathered.

use super::board::{Health, Method, State};
use super::ids::SessionId;
use super::report::{DeskScan, Group, Registered};

/// For how long a living Claude may stay silent before the user is told, in milliseconds. Its registry file comes with
/// its prompt, about half a second after the start (measured, 2.1.330); a first-run screen holds it back.
pub const SILENCE_MS: u64 = 8_000;

/// What Zellij says of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaneLife {
    /// Its process has ended.
    pub exited: bool,
    /// It waits for Enter.
    pub held: bool,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What Claude does.
    pub state: State,
    /// What it waits for.
    pub waiting_for: Option<String>,
    /// Whether the isolation holds.
    pub health: Health,
    /// The conversation that is open.
    pub session: Option<SessionId>,
    /// What is wrong and how to mend it.
    pub problems: Vec<String>,
}

/// Judges. `age_ms` is how long ago Claude was started, `scan` what was found at the desk, `shared` the living
/// processes of the shared dir's registry.
#[must_use]
pub fn judge(method: Method, pane: PaneLife, age_ms: u64, scan: Option<&DeskScan>, shared: &[Registered]) -> Verdict {
    let mut verdict =
        Verdict { state: State::Starting, waiting_for: None, health: Health::Unknown, session: None, problems: vec![] };
    if pane.exited {
        verdict.state = State::Exited;
    } else if pane.held {
        verdict.state = State::Suspended;
    }
    let Some(scan) = scan else { return verdict };
    if pane.exited || pane.held {
        return verdict;
    }
    let group = scan.record.get("group").map_or("", String::as_str);
    let ours = |entry: &&Registered| !group.is_empty() && entry.group == group && entry.is_genuine();
    let at_desk = scan.registered.iter().find(ours);
    let at_shared = shared.iter().find(ours);
    let report = match method {
        // Nothing is set, so the shared dir is where it belongs; that is no isolation and none is claimed.
        Method::None => at_shared,
        Method::ConfigDir | Method::Home | Method::Container => {
            if let Some(entry) = at_shared {
                verdict.health = Health::Leaking;
                verdict.problems.push(format!(
                    "Claude (pid {}) keeps its state in your shared dir, not at its desk. Look for CLAUDE_CONFIG_DIR in \
                     a settings file's env, or for a wrapper around claude that sets it.",
                    entry.pid
                ));
            } else if let Some(stranger) =
                scan.registered.iter().find(|entry| entry.group != group && entry.is_genuine())
            {
                verdict.health = Health::Mismatch;
                verdict.problems.push(format!(
                    "Another Claude (pid {}) works at this pane's desk. End it: two on one desk mix up their conversations.",
                    stranger.pid
                ));
            } else if at_desk.is_some() {
                verdict.health = Health::Isolated;
            }
            at_desk.or(at_shared)
        }
    };
    if let Some(entry) = report {
        verdict.session = entry.session.clone();
        verdict.state = match entry.status.as_str() {
            "idle" => State::Idle,
            "busy" => State::Working,
            "waiting" => State::Waiting,
            _ => State::Unknown,
        };
        if verdict.state == State::Waiting {
            verdict.waiting_for = entry.waiting_for.clone();
        }
    } else if scan.exit.is_some() || scan.group == Group::Dead {
        verdict.state = State::Unknown;
    } else if age_ms > SILENCE_MS {
        verdict.state = State::Unknown;
        verdict.problems.push(
            "Claude runs but has not reported yet. Look at the pane: a question of the first start (trust, login) may be \
             open."
                .to_string(),
        );
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "11111111-1111-4111-8111-111111111111";

    fn entry(group: &str, genuine: bool, status: &str) -> Registered {
        Registered {
            pid: 13,
            group: group.into(),
            start: "99".into(),
            session: SESSION.parse().ok(),
            status: status.into(),
            waiting_for: Some("permission prompt".into()),
            claimed_start: genuine.then(|| "99".into()),
            version: None,
        }
    }

    fn desk(registered: Vec<Registered>) -> DeskScan {
        let record = [("group".to_string(), "12".to_string())].into();
        DeskScan { record, group: Group::Alive, registered, ..DeskScan::default() }
    }

    fn check(method: Method, scan: &DeskScan, shared: &[Registered], expected: (State, Health)) {
        let verdict = judge(method, PaneLife::default(), 1_000, Some(scan), shared);
        assert_eq!((verdict.state, verdict.health), expected, "{verdict:?}");
    }

    #[test]
    fn isolation_is_proved_by_the_report_of_the_panes_own_claude_at_its_desk() {
        let method = Method::ConfigDir;
        check(method, &desk(vec![entry("12", true, "idle")]), &[], (State::Idle, Health::Isolated));
        check(method, &desk(vec![entry("12", true, "busy")]), &[], (State::Working, Health::Isolated));
        check(method, &desk(vec![entry("12", true, "waiting")]), &[], (State::Waiting, Health::Isolated));
        check(method, &desk(vec![entry("12", true, "dreaming")]), &[], (State::Unknown, Health::Isolated));
    }

    #[test]
    fn without_a_report_nothing_is_green() {
        check(Method::ConfigDir, &desk(vec![]), &[], (State::Starting, Health::Unknown));
        check(Method::ConfigDir, &desk(vec![entry("12", false, "idle")]), &[], (State::Starting, Health::Unknown));
        let silent = judge(Method::ConfigDir, PaneLife::default(), SILENCE_MS + 1, Some(&desk(vec![])), &[]);
        assert_eq!((silent.state, silent.health), (State::Unknown, Health::Unknown));
        assert_eq!(silent.problems.len(), 1);
        let unseen = judge(Method::ConfigDir, PaneLife::default(), 0, None, &[]);
        assert_eq!((unseen.state, unseen.health), (State::Starting, Health::Unknown));
    }

    #[test]
    fn a_pane_whose_claude_reports_in_the_shared_dir_leaks() {
        check(Method::ConfigDir, &desk(vec![]), &[entry("12", true, "idle")], (State::Idle, Health::Leaking));
        check(Method::ConfigDir, &desk(vec![]), &[entry("77", true, "idle")], (State::Starting, Health::Unknown));
    }

    #[test]
    fn a_stranger_at_the_desk_is_a_mismatch_even_beside_the_panes_own_claude() {
        let both = desk(vec![entry("12", true, "idle"), entry("77", true, "busy")]);
        check(Method::ConfigDir, &both, &[], (State::Idle, Health::Mismatch));
    }

    #[test]
    fn method_none_is_never_called_isolated() {
        check(Method::None, &desk(vec![]), &[entry("12", true, "busy")], (State::Working, Health::Unknown));
    }

    #[test]
    fn a_held_pane_is_exited_and_one_that_waits_for_its_first_enter_is_suspended() {
        let scan = desk(vec![]);
        let exited = judge(Method::ConfigDir, PaneLife { exited: true, held: true }, 0, Some(&scan), &[]);
        assert_eq!(exited.state, State::Exited);
        let suspended = judge(Method::ConfigDir, PaneLife { exited: false, held: true }, 0, Some(&scan), &[]);
        assert_eq!(suspended.state, State::Suspended);
    }
}
