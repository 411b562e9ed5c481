//! Judges one desk from what a scan found. Every verdict needs a proof; without one the answer is unknown, and what stands in
//! its way is told in two sentences: what happened, and how to mend it. Refuses to know how the facts were gathered.

use super::board::{Health, Method, Proof, State};
use super::ids::{DeskId, SessionId};
use super::probing::Seen;
use super::report::{DeskScan, Group, Place, Registered};

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

/// All that a verdict rests on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The desk.
    pub pane: DeskId,
    /// How it is isolated.
    pub method: Method,
    /// What Zellij says of its pane.
    pub life: PaneLife,
    /// How long ago Claude was started, in milliseconds.
    pub age_ms: u64,
    /// What was found at the desk, once it was looked at.
    pub desk: Option<&'a DeskScan>,
    /// The living processes of the shared dir's registry.
    pub shared: &'a [Registered],
    /// The state dir, where its disk is full.
    pub full: Option<&'a str>,
    /// Claude rang that it had answered in this conversation, long enough ago for a transcript to be there.
    pub answered: bool,
    /// Where its conversation is open as well, in words.
    pub also_open: Option<&'a str>,
    /// Whether the installed Claude honours the isolation.
    pub honours: Seen,
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
    /// What proves that it does.
    pub proof: Option<Proof>,
    /// The conversation that is open.
    pub session: Option<SessionId>,
    /// What is wrong and how to mend it.
    pub problems: Vec<String>,
}

impl Verdict {
    /// What can be said of a pane whose desk was not looked at.
    #[must_use]
    pub fn of_life(life: PaneLife) -> Self {
        let state = match (life.exited, life.held) {
            (true, _) => State::Exited,
            (false, true) => State::Suspended,
            (false, false) => State::Starting,
        };
        Verdict { state, waiting_for: None, health: Health::Unknown, proof: None, session: None, problems: vec![] }
    }

    fn finds(&mut self, health: Health, problem: String) {
        // The first finding is the worst; none leaves the isolation proved.
        if self.problems.is_empty() || self.health == Health::Isolated {
            self.health = health;
        }
        self.problems.push(problem);
    }
}

/// The entry by which this desk's own Claude reports, and whether it is at the desk.
#[must_use]
pub fn own_report<'a>(
    pane: DeskId,
    method: Method,
    desk: &'a DeskScan,
    shared: &'a [Registered],
) -> Option<(&'a Registered, bool)> {
    let group = desk.record.get("group").map_or("", String::as_str);
    let leads = |entry: &&Registered| !group.is_empty() && entry.group == group && entry.is_genuine();
    let started = |entry: &&Registered| entry.born == Place::Here && entry.is_genuine();
    let at_desk = || desk.registered.iter().find(leads).or_else(|| desk.registered.iter().find(started));
    let at_shared = || shared.iter().find(|entry| leads(entry) || (entry.pane == Some(pane) && entry.is_genuine()));
    match method {
        // Nothing is set, so the shared dir is where it belongs.
        Method::None => at_shared().map(|entry| (entry, false)),
        Method::ConfigDir | Method::Home | Method::Container => {
            at_shared().map(|entry| (entry, false)).or_else(|| at_desk().map(|entry| (entry, true)))
        }
    }
}

/// Judges.
#[must_use]
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of_life(evidence.life);
    let Some(desk) = evidence.desk else { return verdict };
    if evidence.life != PaneLife::default() {
        return verdict;
    }
    let report = own_report(evidence.pane, evidence.method, desk, evidence.shared);
    if let Some((entry, _)) = report {
        tell_state(&mut verdict, desk, entry);
    } else if desk.exit.is_some() && desk.group == Group::Dead {
        // Zellij's lists of panes may be a second old (seen on 0.45.1, after a question about sessions).
        verdict.state = State::Exited;
        return verdict;
    } else if desk.exit.is_some() || desk.group == Group::Dead || evidence.age_ms > SILENCE_MS {
        verdict.state = State::Unknown;
    }
    if evidence.method == Method::None {
        // That is no isolation, and none is claimed.
        tell_also_open(&mut verdict, evidence);
        verdict.health = if evidence.honours == Seen::No { Health::Unsupported } else { Health::Unknown };
        return verdict;
    }
    match report {
        Some((entry, false)) => tell_leak(&mut verdict, evidence, desk, entry),
        Some((entry, true)) => examine(&mut verdict, evidence, desk, entry),
        None => explain_silence(&mut verdict, evidence, desk),
    }
    verdict
}

/// What a Claude says that it does.
#[must_use]
pub fn state_of(entry: &Registered) -> State {
    match entry.status.as_str() {
        "idle" => State::Idle,
        "busy" => State::Working,
        "waiting" => State::Waiting,
        _ => State::Unknown,
    }
}

fn tell_state(verdict: &mut Verdict, desk: &DeskScan, entry: &Registered) {
    verdict.session = entry.session.clone();
    verdict.state = state_of(entry);
    if verdict.state == State::Waiting {
        verdict.waiting_for = match desk.asked.as_str() {
            "plan" => Some("plan approval".to_string()),
            "question" => Some("answer".to_string()),
            _ => entry.waiting_for.clone(),
        };
    }
}

fn tell_leak(verdict: &mut Verdict, evidence: &Evidence, desk: &DeskScan, entry: &Registered) {
    let pid = entry.pid;
    if evidence.honours == Seen::No {
        return verdict.finds(Health::Unsupported, unsupported());
    }
    let file = desk.redirect.as_ref().map_or(String::new(), |file| format!(", {file} for one"));
    verdict.finds(
        Health::Leaking,
        format!(
            "Claude (pid {pid}) keeps its state in your shared dir, not at its desk. Look for a wrapper around claude that \
             drops CLAUDE_CONFIG_DIR or --settings, and for CLAUDE_CONFIG_DIR in the env of a settings file{file}; mend that, \
             and start the pane again."
        ),
    );
    tell_also_open(verdict, evidence);
}

/// Claude reports from its desk: whatever speaks against believing that.
fn examine(verdict: &mut Verdict, evidence: &Evidence, desk: &DeskScan, entry: &Registered) {
    tell_stranger(verdict, desk);
    tell_also_open(verdict, evidence);
    tell_processes(verdict, evidence, desk);
    tell_unwritable(verdict, evidence, desk);
    if evidence.answered && entry.session.as_ref().is_some_and(|session| !desk.talks.contains(session.as_str())) {
        verdict.finds(
            Health::Unknown,
            "Claude has answered, but no transcript of its conversation is at its desk: nothing of it would be kept. Look \
             for a wrapper around claude that sets CLAUDE_CODE_SKIP_PROMPT_HISTORY; mend that, and start the pane again."
                .to_string(),
        );
    }
    let started_here = desk.processes.iter().any(|p| p.pid == entry.pid && names_desk(evidence, &p.config_dir));
    let environment = entry.environment == Place::Here || started_here;
    if verdict.problems.is_empty() && (environment || entry.environment == Place::Unknown) {
        verdict.health = Health::Isolated;
    }
    let transcript = entry.session.as_ref().is_some_and(|session| desk.talks.contains(session.as_str()));
    verdict.proof = Some(Proof { pid: entry.pid, environment, transcript });
    // What follows is a nuisance and speaks against nothing.
    if let Some(process) =
        desk.processes.first().filter(|process| is_another_home(evidence.method, desk, &process.home))
    {
        verdict.problems.push(format!(
            "Claude (pid {}) was started with HOME={}: your login and your programs may not be there. Look for a wrapper \
             around claude that changes HOME.",
            process.pid, process.home
        ));
    }
    if !desk.rang && evidence.age_ms > SILENCE_MS {
        verdict.problems.push(
            "Claude runs none of Carrel's hooks, so what it does may be seen late. Look for disableAllHooks in a settings \
             file, and for a wrapper around claude that drops --settings."
                .to_string(),
        );
    }
}

/// No report, neither here nor there: whatever could be the cause.
fn explain_silence(verdict: &mut Verdict, evidence: &Evidence, desk: &DeskScan) {
    tell_stranger(verdict, desk);
    if evidence.honours == Seen::No {
        verdict.finds(Health::Unsupported, unsupported());
    }
    if desk.group != Group::Alive || desk.exit.is_some() {
        return;
    }
    for process in desk.processes.iter().filter(|process| !process.marks.is_empty()) {
        verdict.finds(
            Health::Unknown,
            format!(
                "Claude (pid {}) was started with {} and saves no conversation. Look for a wrapper around claude that sets \
                 it; mend that, and start the pane again.",
                process.pid,
                process.marks.replace(' ', " and ")
            ),
        );
    }
    tell_processes(verdict, evidence, desk);
    tell_unwritable(verdict, evidence, desk);
    if evidence.age_ms <= SILENCE_MS || !verdict.problems.is_empty() {
        return;
    }
    // A runtime of the user's own (container_command) has its processes where nobody here sees them: that it has begun, and is
    // told of by no report, is as it should be.
    if desk.rang && desk.record.get("box").is_some_and(|runtime| runtime != "bwrap") {
        return;
    }
    // Its key lies at the desk as soon as it is up: a Claude that is redirected has put it elsewhere.
    let asks = desk.has_key && !desk.rang;
    let problem = match &desk.redirect {
        _ if asks && !desk.onboarded => "Claude shows the screens of its very first start (theme, login) and waits there. Go \
             through them in a plain claude, once, and start the pane again."
            .to_string(),
        _ if asks => "Claude asks something before it begins: whether you trust this folder, or whether to use an API key. \
             Answer in the pane; answered in a plain claude, new desks do not ask."
            .to_string(),
        Some(file) => format!(
            "Claude has not reported from its desk, and {file} speaks of CLAUDE_CONFIG_DIR. Take that variable out of its \
             env, and start the pane again."
        ),
        None => "Claude runs and has not reported from its desk, so nothing is proved. Look at the pane: a question of the \
             first start (trust, login) may be open; if there is none, this claude is one that Carrel does not know."
            .to_string(),
    };
    verdict.finds(Health::Unknown, problem);
}

fn tell_stranger(verdict: &mut Verdict, desk: &DeskScan) {
    let group = desk.record.get("group").map_or("", String::as_str);
    let is_ours = |other: &Registered| other.group == group || other.born == Place::Here;
    if let Some(stranger) = desk.registered.iter().find(|other| other.is_genuine() && !is_ours(other)) {
        let pid = stranger.pid;
        verdict.finds(
            Health::Mismatch,
            format!(
                "Another Claude (pid {pid}), which this pane did not start, works at its desk: the two mix up their \
                 conversations. End that one."
            ),
        );
    }
}

fn tell_also_open(verdict: &mut Verdict, evidence: &Evidence) {
    if let Some(place) = evidence.also_open {
        verdict.finds(
            Health::Mismatch,
            format!(
                "The same conversation is open in {place} too: what is said in one is missing in the other. Close one of the \
                 two."
            ),
        );
    }
}

/// A Claude that was started with another config dir writes its `.claude.json` there, whatever our settings pin (measured,
/// 2.1.330).
fn tell_processes(verdict: &mut Verdict, evidence: &Evidence, desk: &DeskScan) {
    let astray = desk.processes.iter().find(|process| match evidence.method {
        Method::Home => is_another_home(evidence.method, desk, &process.home) || !process.config_dir.is_empty(),
        // What is in a box is set by the box.
        Method::Container | Method::None => false,
        Method::ConfigDir => !names_desk(evidence, &process.config_dir),
    });
    let Some(process) = astray else { return };
    let shared = desk.record.get("shared").is_some_and(|shared| *shared == process.config_dir);
    let dir = process.config_dir.as_str();
    let (health, set) = match (evidence.method, dir) {
        (Method::Home, _) => (Health::Unknown, format!("with HOME={} and CLAUDE_CONFIG_DIR={dir}", process.home)),
        (_, "") => (Health::Leaking, "without CLAUDE_CONFIG_DIR".to_string()),
        (_, dir) => (if shared { Health::Leaking } else { Health::Unknown }, format!("with CLAUDE_CONFIG_DIR={dir}")),
    };
    let pid = process.pid;
    verdict.finds(
        health,
        format!(
            "Claude (pid {pid}) was started {set}: what it writes there is not at its desk. Look for a wrapper around claude \
             that changes its environment; mend that, and start the pane again."
        ),
    );
}

fn tell_unwritable(verdict: &mut Verdict, evidence: &Evidence, desk: &DeskScan) {
    let problem = if let Some(path) = &desk.unwritable {
        format!(
            "{path} cannot be written any more: what Claude saves there is lost. Make it writable again (chmod u+w)."
        )
    } else if let Some(dir) = evidence.full {
        format!("The disk of {dir} is full: what Claude saves now is lost. Free some space there.")
    } else {
        return;
    };
    if desk.unwritable.as_ref().is_none_or(|path| path.contains("/sessions")) {
        // Its report is as old as that.
        (verdict.state, verdict.waiting_for) = (State::Unknown, None);
    }
    verdict.finds(Health::Unknown, problem);
}

fn names_desk(evidence: &Evidence, config_dir: &str) -> bool {
    config_dir.ends_with(&evidence.pane.dir_name())
}

fn is_another_home(method: Method, desk: &DeskScan, home: &str) -> bool {
    match method {
        Method::Home => !home.contains("/claude-homes/"),
        Method::Container => false,
        _ => desk.record.get("home").is_some_and(|own| own != home),
    }
}

fn unsupported() -> String {
    "The installed Claude does not keep its state where it is told to: this pane uses your shared dir. Update Claude Code, or \
     choose another method."
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::super::report::Unproved;
    use super::*;

    const PANE: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
    const SESSION: &str = "11111111-1111-4111-8111-111111111111";

    fn entry(group: &str, status: &str) -> Registered {
        Registered {
            pid: 13,
            group: group.into(),
            start: "99".into(),
            environment: Place::Here,
            born: if group == "12" { Place::Here } else { Place::Elsewhere },
            session: SESSION.parse().ok(),
            status: status.into(),
            waiting_for: Some("permission prompt".into()),
            claimed_start: Some("99".into()),
            ..Registered::default()
        }
    }

    fn desk(registered: Vec<Registered>) -> DeskScan {
        let record = [("group", "12"), ("shared", "/home/ada/.claude"), ("home", "/home/ada")];
        let record = record.map(|(key, value)| (key.to_string(), value.to_string())).into();
        DeskScan { record, group: Group::Alive, rang: true, onboarded: true, registered, ..DeskScan::default() }
    }

    fn process(config_dir: &str, marks: &str) -> Vec<Unproved> {
        let config_dir = config_dir.replace("HERE", &format!("/s/claude-configs/pane-{PANE}"));
        vec![Unproved { pid: 13, config_dir, home: "/home/ada".into(), marks: marks.into() }]
    }

    /// Of a Claude that is a minute old.
    fn with<'a>(desk: &'a DeskScan, shared: &'a [Registered]) -> Evidence<'a> {
        Evidence {
            pane: PANE.parse().unwrap(),
            method: Method::ConfigDir,
            life: PaneLife::default(),
            age_ms: 60_000,
            desk: Some(desk),
            shared,
            full: None,
            answered: false,
            also_open: None,
            honours: Seen::Unknown,
        }
    }

    impl Evidence<'_> {
        fn where_(mut self, change: impl FnOnce(&mut Self)) -> Self {
            change(&mut self);
            self
        }

        /// What comes of it, with some words of the first problem.
        #[track_caller]
        fn is(self, state: State, health: Health, problem: &str) {
            let verdict = judge(&self);
            assert_eq!((verdict.state, verdict.health), (state, health), "{verdict:#?}");
            let first = verdict.problems.first().map_or("", String::as_str);
            assert!(first.contains(problem) && first.is_empty() == problem.is_empty(), "{verdict:#?}");
            for problem in &verdict.problems {
                assert!(
                    problem.contains(". ") && problem.ends_with('.'),
                    "what happened and how to mend it: {problem}"
                );
            }
        }
    }

    #[test]
    fn isolation_is_proved_by_the_report_of_the_panes_own_claude_at_its_desk() {
        for (word, state) in
            [("idle", State::Idle), ("busy", State::Working), ("waiting", State::Waiting), ("dreaming", State::Unknown)]
        {
            with(&desk(vec![entry("12", word)]), &[]).is(state, Health::Isolated, "");
        }
        let found = desk(vec![entry("12", "idle")]);
        let proof = judge(&with(&found, &[])).proof;
        assert_eq!(proof, Some(Proof { pid: 13, environment: true, transcript: false }));
        // A wrapper may give Claude a process group of its own.
        let elsewhere = Registered { born: Place::Here, ..entry("77", "idle") };
        with(&desk(vec![elsewhere]), &[]).is(State::Idle, Health::Isolated, "");
    }

    #[test]
    fn without_a_report_nothing_is_green() {
        let stale = Registered { claimed_start: Some("1".into()), ..entry("12", "idle") };
        let young = |evidence: &mut Evidence| evidence.age_ms = 1_000;
        with(&desk(vec![]), &[]).where_(young).is(State::Starting, Health::Unknown, "");
        with(&desk(vec![stale]), &[]).where_(young).is(State::Starting, Health::Unknown, "");
        with(&desk(vec![]), &[]).is(State::Unknown, Health::Unknown, "has not reported");
        with(&desk(vec![]), &[]).where_(|evidence| evidence.desk = None).is(State::Starting, Health::Unknown, "");
    }

    #[test]
    fn of_another_runtimes_claude_nothing_is_proved_and_nothing_is_wrong() {
        let inside = |runtime: &str, rang| DeskScan {
            rang,
            record: [("group", "12"), ("box", runtime)].map(|(key, value)| (key.into(), value.into())).into(),
            ..desk(vec![])
        };
        with(&inside("podman run {command}", true), &[]).is(State::Unknown, Health::Unknown, "");
        with(&inside("podman run {command}", false), &[]).is(State::Unknown, Health::Unknown, "has not reported");
        with(&inside("bwrap", true), &[]).is(State::Unknown, Health::Unknown, "has not reported");
    }

    #[test]
    fn a_pane_whose_claude_reports_in_the_shared_dir_leaks() {
        with(&desk(vec![]), &[entry("12", "idle")]).is(State::Idle, Health::Leaking, "pid 13");
        with(&desk(vec![]), &[entry("77", "idle")]).is(State::Unknown, Health::Unknown, "has not reported");
        // By the desk that its environment names, whatever its group.
        let ours = Registered { pane: PANE.parse().ok(), ..entry("77", "busy") };
        with(&desk(vec![]), &[ours]).is(State::Working, Health::Leaking, "wrapper");
        let told = DeskScan { redirect: Some("/p/.claude/settings.json".into()), ..desk(vec![]) };
        with(&told, &[entry("12", "idle")]).is(State::Idle, Health::Leaking, "/p/.claude/settings.json");
    }

    #[test]
    fn a_claude_that_is_proved_not_to_honour_the_isolation_is_unsupported() {
        let no = |evidence: &mut Evidence| evidence.honours = Seen::No;
        with(&desk(vec![]), &[entry("12", "idle")]).where_(no).is(State::Idle, Health::Unsupported, "installed Claude");
        with(&desk(vec![]), &[]).where_(no).is(State::Unknown, Health::Unsupported, "installed Claude");
        // A report from the desk is a better proof than a probe.
        with(&desk(vec![entry("12", "idle")]), &[]).where_(no).is(State::Idle, Health::Isolated, "");
    }

    #[test]
    fn a_stranger_at_the_desk_is_a_mismatch_even_beside_the_panes_own_claude() {
        let stranger = Registered { pid: 99, ..entry("77", "busy") };
        with(&desk(vec![entry("12", "idle"), stranger.clone()]), &[]).is(State::Idle, Health::Mismatch, "pid 99");
        with(&desk(vec![stranger]), &[]).is(State::Unknown, Health::Mismatch, "pid 99");
        // What this pane's Claude has started works there by right.
        let child = Registered { pid: 99, born: Place::Here, ..entry("77", "busy") };
        with(&desk(vec![entry("12", "idle"), child]), &[]).is(State::Idle, Health::Isolated, "");
    }

    #[test]
    fn two_panes_on_one_conversation_are_both_told() {
        let found = desk(vec![entry("12", "idle")]);
        with(&found, &[]).where_(|e| e.also_open = Some("pane #5")).is(State::Idle, Health::Mismatch, "pane #5");
    }

    #[test]
    fn what_claude_was_started_with_counts_beside_its_report() {
        let astray = Registered { environment: Place::Elsewhere, ..entry("12", "idle") };
        let at = |dir: &str| DeskScan { processes: process(dir, ""), ..desk(vec![astray.clone()]) };
        with(&at("/other"), &[]).is(State::Idle, Health::Unknown, "CLAUDE_CONFIG_DIR=/other");
        with(&at("/home/ada/.claude"), &[]).is(State::Idle, Health::Leaking, "CLAUDE_CONFIG_DIR=/home/ada/.claude");
        with(&at(""), &[]).is(State::Idle, Health::Leaking, "without CLAUDE_CONFIG_DIR");
        let silent = DeskScan { processes: process("", ""), ..desk(vec![]) };
        with(&silent, &[]).is(State::Unknown, Health::Leaking, "without CLAUDE_CONFIG_DIR");
        // Another home is a nuisance, and no leak.
        let mut moved = DeskScan { processes: process("HERE", ""), ..desk(vec![astray.clone()]) };
        moved.processes.iter_mut().for_each(|process| process.home = "/tmp/x".into());
        with(&moved, &[]).is(State::Idle, Health::Isolated, "HOME=/tmp/x");
        with(&desk(vec![astray]), &[]).is(State::Idle, Health::Unknown, "");
    }

    #[test]
    fn a_claude_that_saves_nothing_is_never_green() {
        let marked = DeskScan { processes: process("HERE", "CLAUDE_CODE_CHILD_SESSION"), ..desk(vec![]) };
        with(&marked, &[]).is(State::Unknown, Health::Unknown, "CLAUDE_CODE_CHILD_SESSION");
        let found = desk(vec![entry("12", "idle")]);
        with(&found, &[]).where_(|evidence| evidence.answered = true).is(State::Idle, Health::Unknown, "no transcript");
        let saved = DeskScan { talks: [SESSION.to_string()].into(), ..found.clone() };
        with(&saved, &[]).where_(|evidence| evidence.answered = true).is(State::Idle, Health::Isolated, "");
        let closed = |path: &str| DeskScan { unwritable: Some(path.into()), ..found.clone() };
        with(&closed("/s/p/projects"), &[]).is(State::Idle, Health::Unknown, "/s/p/projects cannot be written");
        with(&closed("/s/p/sessions"), &[]).is(State::Unknown, Health::Unknown, "/s/p/sessions cannot be written");
        with(&found, &[]).where_(|evidence| evidence.full = Some("/s")).is(State::Unknown, Health::Unknown, "is full");
    }

    #[test]
    fn a_first_start_that_waits_for_the_user_is_told_by_what_it_asks() {
        let waits = DeskScan { has_key: true, rang: false, ..desk(vec![]) };
        with(&waits, &[]).is(State::Unknown, Health::Unknown, "trust this folder");
        let newcomer = DeskScan { onboarded: false, ..waits.clone() };
        with(&newcomer, &[]).is(State::Unknown, Health::Unknown, "very first start");
        let file = Some("/etc/x.json".to_string());
        let asks_all_the_same = DeskScan { redirect: file.clone(), ..waits.clone() };
        with(&asks_all_the_same, &[]).is(State::Unknown, Health::Unknown, "trust this folder");
        let redirected = DeskScan { redirect: file, has_key: false, ..waits.clone() };
        with(&redirected, &[]).is(State::Unknown, Health::Unknown, "/etc/x.json");
        with(&waits, &[]).where_(|evidence| evidence.age_ms = 2_000).is(State::Starting, Health::Unknown, "");
    }

    #[test]
    fn a_claude_that_rings_no_bell_is_isolated_and_told() {
        let silent = DeskScan { rang: false, ..desk(vec![entry("12", "idle")]) };
        with(&silent, &[]).is(State::Idle, Health::Isolated, "disableAllHooks");
        with(&silent, &[]).where_(|evidence| evidence.age_ms = 2_000).is(State::Idle, Health::Isolated, "");
    }

    #[test]
    fn what_claude_waits_for_is_told_in_the_users_words() {
        for (asked, told) in [("", "permission prompt"), ("plan", "plan approval"), ("question", "answer")] {
            let found = DeskScan { asked: asked.into(), ..desk(vec![entry("12", "waiting")]) };
            assert_eq!(judge(&with(&found, &[])).waiting_for.as_deref(), Some(told));
        }
    }

    #[test]
    fn method_none_is_never_called_isolated() {
        let none = |evidence: &mut Evidence| evidence.method = Method::None;
        with(&desk(vec![]), &[entry("12", "busy")]).where_(none).is(State::Working, Health::Unknown, "");
    }

    #[test]
    fn what_the_launcher_wrote_down_at_its_end_is_believed_before_an_old_list() {
        let ended = DeskScan { exit: Some(0), group: Group::Dead, ..desk(vec![]) };
        with(&ended, &[]).is(State::Exited, Health::Unknown, "");
        // Run again, and not up yet.
        let again = DeskScan { exit: Some(0), ..desk(vec![]) };
        with(&again, &[]).is(State::Unknown, Health::Unknown, "");
    }

    #[test]
    fn a_held_pane_is_exited_and_one_that_waits_for_its_first_enter_is_suspended() {
        let scan = desk(vec![]);
        for (exited, state) in [(true, State::Exited), (false, State::Suspended)] {
            let life = PaneLife { exited, held: true };
            with(&scan, &[]).where_(|evidence| evidence.life = life).is(state, Health::Unknown, "");
        }
    }

    #[test]
    fn what_is_found_later_undoes_a_proof_also_beside_a_nuisance() {
        let mut verdict = Verdict::of_life(PaneLife::default());
        verdict.health = Health::Isolated;
        verdict.problems.push("A nuisance.".to_string());
        verdict.finds(Health::Mismatch, "Two at one desk.".to_string());
        verdict.finds(Health::Unknown, "And something else.".to_string());
        assert_eq!((verdict.health, verdict.problems.len()), (Health::Mismatch, 3));
    }
}
