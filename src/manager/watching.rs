//! Watching the desks: which panes sit at them, from Zellij's list; what lives there, from the host's scans. Scans are
//! rung for by Claude's own hooks and by changes in the list; none is started when nothing can have changed.

use std::collections::BTreeMap;

use super::board::{Desk, Health};
use super::commands::{read_launch, Launch};
use super::effect::{Effect, Effects};
use super::event::PaneFacts;
use super::health::{judge, PaneLife, Verdict};
use super::ids::{DeskId, TerminalId};
use super::probing::Seen;
use super::report::{self, Scan};
use super::{Manager, Phase, Purpose};

/// After an opening or a ring, when to look, in milliseconds: the registry follows the hook, and Claude's prompt comes
/// half a second after its start.
const LOOKS_MS: [u64; 3] = [250, 1_200, 3_000];
/// How often in a row a look is repeated that came back incomplete.
const RETRIES: u32 = 3;
/// How often is looked while the panel is shown, in milliseconds. Six times a minute.
const SHOWN_MS: u64 = 10_000;
/// How long after an opening the session is saved for the first time, in milliseconds. Zellij saves the command line that it
/// finds in the process table: saved at once, that was the pane's child before its exec, a second `zellij --server`
/// (seen on 0.45.1).
const SAVE_MS: u64 = 300;
/// How long before the answer is due the look for a `check` begins at the latest, in milliseconds.
const CHECK_MS: u64 = 1_500;
/// How long a list of panes may be behind, in milliseconds.
const OLD_LIST_MS: u64 = 3_000;
/// For how long nothing may live at the desk of a pane that runs before a shell is taken to have its place, in milliseconds: a
/// launcher writes its record some 10 ms after its start.
const SHELL_MS: u64 = 4_000;
/// The same where there is no desk at all: it may not be made yet.
const NO_DESK_MS: u64 = 15_000;
/// How long a pane that was just opened may be missing from Zellij's lists, in milliseconds.
pub(super) const OPENING_MS: u64 = 5_000;

/// When to look next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanning {
    /// Due times, ascending, in milliseconds since the epoch.
    due: Vec<u64>,
    running: bool,
    /// With disk use.
    measure: bool,
    /// What the last one found.
    last: Option<Scan>,
    last_ms: u64,
    /// It was started for the callers of `check`, after everything else that they want looked at.
    answers_checks: bool,
    /// How many in a row came back incomplete.
    incomplete: u32,
}

impl Scanning {
    /// A look at that time.
    pub fn want(&mut self, at_ms: u64) {
        // One look serves all that is due within the same moment.
        if !self.due.iter().any(|due| due.abs_diff(at_ms) < 100) {
            self.due.push(at_ms);
            self.due.sort_unstable();
        }
    }

    /// This instance is not the one that looks.
    pub fn forget_wishes(&mut self) {
        self.due.clear();
    }

    /// The looks after something happened at a desk.
    pub fn want_after_ring(&mut self, now_ms: u64) {
        for delay in LOOKS_MS.into_iter().take(2) {
            self.want(now_ms + delay);
        }
    }

    /// The looks after a pane was opened.
    pub fn want_after_opening(&mut self, now_ms: u64) {
        self.measure = true;
        for delay in LOOKS_MS.into_iter().skip(1) {
            self.want(now_ms + delay);
        }
        self.want(now_ms + super::health::SILENCE_MS + 1_500);
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
        self.due.first().copied()
    }
}

/// A desk that has a pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) launch: Launch,
    pub(super) terminal: Option<TerminalId>,
    cwd: Option<String>,
    life: PaneLife,
    exit_code: Option<i32>,
    /// When its Claude was last seen to start.
    started_ms: u64,
    opened_ms: u64,
    /// It was in a list of Zellij's.
    listed: bool,
    /// It was missing from the last one.
    missing: bool,
    /// Else it would be ordered over and over.
    close_ordered: bool,
    /// The session was saved while its launcher ran.
    saved: bool,
    /// Since when nothing was seen to live at it, although it runs.
    dead_since_ms: Option<u64>,
    verdict: Option<Verdict>,
    bytes: Option<u64>,
}

impl Known {
    pub(super) fn new(launch: Launch, cwd: Option<String>, now_ms: u64) -> Self {
        Known {
            launch,
            terminal: None,
            cwd,
            life: PaneLife::default(),
            exit_code: None,
            started_ms: now_ms,
            opened_ms: now_ms,
            listed: false,
            missing: false,
            close_ordered: false,
            saved: false,
            dead_since_ms: None,
            verdict: None,
            bytes: None,
        }
    }
}

impl Manager {
    pub(super) fn on_panes(&mut self, session: String, panes: Vec<PaneFacts>, effects: &mut Effects) {
        self.session = session;
        self.panes_came = true;
        self.list_ms = self.now_ms;
        self.panes_unread |= self.panes != panes || self.known.values().any(|known| known.missing || !known.listed);
        self.panes_unread |= !self.closed_ms.is_empty();
        self.panes = panes;
        self.forget_commands();
        self.pass_panes(effects);
    }

    /// Looks through the list, once it can be understood.
    pub(super) fn pass_panes(&mut self, effects: &mut Effects) {
        let Some(launcher) = self.ready().map(|ready| ready.launcher.clone()) else { return };
        if !self.panes_came || !std::mem::take(&mut self.panes_unread) {
            return;
        }
        self.listed_ms.get_or_insert(self.now_ms);
        let now_ms = self.now_ms;
        self.closed_ms.retain(|_, closed| now_ms.saturating_sub(*closed) < OLD_LIST_MS);
        let mut listed: BTreeMap<DeskId, (Launch, PaneFacts)> = BTreeMap::new();
        for facts in self.panes.clone() {
            let Some(launch) = facts.command.as_ref().and_then(|command| read_launch(&launcher, command)) else {
                continue;
            };
            // A saved layout that was opened twice has two panes for one desk: the launcher of one of them has stopped.
            let other = listed.get(&launch.pane);
            if other.is_none_or(|(_, other)| other.held && !facts.held) {
                listed.insert(launch.pane, (launch, facts));
            }
        }
        self.shells.retain(|pane, terminal| {
            listed.get(pane).is_some_and(|(_, facts)| facts.terminal == terminal.0 && !facts.exited && !facts.held)
        });
        let missing: Vec<DeskId> = self.known.keys().filter(|pane| !listed.contains_key(pane)).copied().collect();
        for (pane, (launch, facts)) in listed {
            if !self.shells.contains_key(&pane) {
                self.on_listed(launch, &facts, effects);
            }
        }
        for pane in missing {
            let now_ms = self.now_ms;
            let Some(known) = self.known.get_mut(&pane) else { continue };
            let fresh = !known.listed && now_ms.abs_diff(known.opened_ms) < OPENING_MS;
            if known.missing && !fresh {
                self.leave(pane, effects);
            } else if !fresh {
                // Zellij's lists are hints: one without it might be a list of another moment.
                known.missing = true;
            }
        }
    }

    fn on_listed(&mut self, launch: Launch, facts: &PaneFacts, effects: &mut Effects) {
        let pane = launch.pane;
        let now_ms = self.now_ms;
        if self.closed_ms.contains_key(&pane) {
            return;
        }
        let terminal = TerminalId(facts.terminal);
        let known = self.known.entry(pane).or_insert_with(|| Known::new(launch, None, now_ms));
        let life = PaneLife { exited: facts.exited, held: facts.held };
        let new = !known.listed;
        let changed = new || known.life != life || known.terminal != Some(terminal);
        if known.life.held && !life.held {
            known.started_ms = now_ms;
            known.verdict = None;
            known.close_ordered = false;
            known.saved = false;
        }
        if changed {
            known.dead_since_ms = None;
        }
        known.listed = true;
        known.missing = false;
        known.terminal = Some(terminal);
        known.life = life;
        known.exit_code = facts.exit_code;
        if !self.acting {
            return;
        }
        let close = known.launch.close_on_exit && facts.exited && facts.exit_code == Some(0) && !known.close_ordered;
        known.close_ordered |= close;
        if changed && !facts.exited {
            self.scan.want_after_opening(now_ms);
        } else if changed {
            self.scan.want_after_ring(now_ms);
        }
        // Zellij names a command pane after its command line, and saves that name.
        if facts.command.as_ref() == Some(&facts.title) {
            effects.push(Effect::ClearPaneName(terminal));
        }
        if close {
            effects.push(Effect::ClosePane(terminal));
        }
        // It came back with its session, after its closing had been noted.
        self.stay(pane, effects);
    }

    /// Claude rang: something changed at a desk.
    pub(super) fn on_ring(&mut self, pane: DeskId) {
        if self.acting && (self.known.contains_key(&pane) || self.shells.contains_key(&pane)) {
            self.scan.want_after_ring(self.now_ms);
        }
    }

    pub(super) fn pass_scans(&mut self, effects: &mut Effects) {
        if self.is_shown() && !self.known.is_empty() && self.now_ms.saturating_sub(self.scan.last_ms) >= SHOWN_MS {
            self.scan.measure = true;
            self.scan.want(self.now_ms);
        }
        if self.scan.running || self.scan.due.first().is_none_or(|due| *due > self.now_ms) {
            return;
        }
        let now_ms = self.now_ms;
        self.scan.due.retain(|due| *due > now_ms);
        self.scan.answers_checks = !self.checks.is_empty();
        if self.scan.answers_checks && (self.is_booting() || self.is_probing() && !self.is_check_urgent()) {
            // What a check looks at afresh comes first; the end of the boot, and of the probe, asks for the scan again.
            let urgent_ms = self.checks.iter().map(|(until_ms, _)| until_ms.saturating_sub(CHECK_MS)).min();
            if let Some(at_ms) = urgent_ms.filter(|at_ms| *at_ms > now_ms) {
                self.scan.want(at_ms);
            }
            return;
        }
        if self.known.is_empty() && !self.scan.answers_checks {
            return;
        }
        self.scan.running = true;
        self.scan.last_ms = now_ms;
        let words: &[&str] = if std::mem::take(&mut self.scan.measure) { &["scan", "--measure"] } else { &["scan"] };
        self.run_host(Purpose::Scan, words, effects);
    }

    pub(super) fn on_scanned(&mut self, stdout: &str, effects: &mut Effects) {
        self.scan.running = false;
        let scan = report::scan(stdout);
        if scan.complete {
            self.scan.incomplete = 0;
            self.scan.last = Some(scan);
            self.judge_all();
            self.notice_shells(effects);
            self.save_when_launched(effects);
        } else {
            effects.push(Effect::Log("a scan came back incomplete; it proves nothing".into()));
            self.scan.incomplete += 1;
            if self.scan.incomplete <= RETRIES {
                self.scan.want(self.now_ms + LOOKS_MS[2]);
            }
        }
        if self.scan.answers_checks {
            for (_, pipe) in std::mem::take(&mut self.checks) {
                let status = self.status_document();
                effects.push(Effect::AnswerPipe(pipe, status));
            }
        }
    }

    /// Esc on a held pane leaves a shell in it. Zellij lists that just as it lists a launcher that was run again, under the
    /// launcher's command line, and says nothing else of it (measured on 0.45.1). What tells them apart is that nothing of
    /// ours lives there. The desk is then that of a closed pane, while the shell lives on.
    fn notice_shells(&mut self, effects: &mut Effects) {
        let Some(scan) = &self.scan.last else { return };
        let (now_ms, list_ms, looked_ms) = (self.now_ms, self.list_ms, self.scan.last_ms);
        let (mut shells, mut undecided) = (Vec::new(), false);
        for (pane, known) in &mut self.known {
            let found = scan.desks.get(pane);
            let dead = found.is_none_or(|found| found.group == report::Group::Dead);
            if !dead || !known.listed || known.life != PaneLife::default() {
                known.dead_since_ms = None;
                continue;
            }
            let since_ms = *known.dead_since_ms.get_or_insert(looked_ms.max(known.started_ms));
            let patience_ms = if found.is_none() { NO_DESK_MS } else { SHELL_MS };
            let runs_for_ms = now_ms.saturating_sub(known.started_ms);
            // It says that it runs although it has been dead for longer than a list may be behind.
            let sure = looked_ms > since_ms && list_ms >= since_ms + OLD_LIST_MS;
            match known.terminal {
                Some(terminal) if sure && runs_for_ms >= patience_ms => shells.push((*pane, terminal)),
                _ => undecided |= now_ms.saturating_sub(since_ms) < 2 * NO_DESK_MS,
            }
        }
        for (pane, terminal) in shells {
            self.shells.insert(pane, terminal);
            self.leave(pane, effects);
        }
        // A launcher that was only slow.
        let lives = |pane: &DeskId| scan_group(&self.scan, *pane) == Some(report::Group::Alive);
        let slow: Vec<DeskId> = self.shells.keys().filter(|pane| lives(pane)).copied().collect();
        for pane in slow {
            self.shells.remove(&pane);
            self.panes_unread = true;
        }
        if undecided {
            self.scan.want(now_ms + LOOKS_MS[1] + 800);
        }
    }

    /// A crash in the first minute must not lose the pane from the saved session.
    pub(super) fn save_soon(&mut self) {
        self.save_ms = Some(self.now_ms + SAVE_MS);
    }

    pub(super) fn pass_saving(&mut self, effects: &mut Effects) {
        if self.save_ms.is_some_and(|at_ms| at_ms <= self.now_ms) {
            self.save_ms = None;
            effects.push(Effect::SaveSession);
        }
    }

    /// Once more when it is proved that the launcher runs, for a machine that was slower than expected.
    fn save_when_launched(&mut self, effects: &mut Effects) {
        let Some(scan) = &self.scan.last else { return };
        let mut save = false;
        for (pane, known) in &mut self.known {
            let launched = scan.desks.get(pane).is_some_and(|found| found.group == report::Group::Alive);
            save |= launched && !known.saved;
            known.saved |= launched;
        }
        if save {
            effects.push(Effect::SaveSession);
        }
    }

    /// Whether a caller of `check` will not wait for a probe any longer.
    fn is_check_urgent(&self) -> bool {
        self.checks.iter().any(|(until_ms, _)| until_ms.saturating_sub(CHECK_MS) <= self.now_ms)
    }

    /// A check that cannot be carried out is answered with the reason.
    pub(super) fn pass_checks(&mut self, effects: &mut Effects) {
        let now_ms = self.now_ms;
        let failed = match &self.phase {
            Phase::Failed(errors) => Some(errors.join("; ")),
            _ => None,
        };
        let late = "the host did not answer in time; Zellij's log says more";
        for (until_ms, pipe) in std::mem::take(&mut self.checks) {
            if failed.is_some() || now_ms >= until_ms {
                let why = failed.as_deref().unwrap_or(late);
                effects.push(Effect::AnswerPipe(pipe, super::answering::error_line(why)));
            } else {
                self.checks.push((until_ms, pipe));
            }
        }
    }

    fn judge_all(&mut self) {
        let Some(scan) = &self.scan.last else { return };
        let now_ms = self.now_ms;
        for (pane, known) in &mut self.known {
            let found = scan.desks.get(pane);
            let mut verdict =
                judge(known.launch.method, known.life, now_ms.abs_diff(known.started_ms), found, &scan.shared);
            // A report from the desk is a better proof than a probe.
            let honoured = known.launch.method.honoured(self.probe.unwrap_or_default(), known.launch.instead_of);
            if honoured == Seen::No && verdict.health != Health::Isolated {
                verdict.health = Health::Unsupported;
            }
            if let Some(found) = found {
                let record = |key: &str| found.record.get(key).filter(|value| !value.is_empty());
                if let Some(cwd) = record("cwd") {
                    known.cwd = Some(cwd.clone());
                }
                if let Some(opened) = record("opened").and_then(|text| text.parse::<u64>().ok()) {
                    known.opened_ms = opened.saturating_mul(1_000);
                }
                known.bytes = found.bytes.or(known.bytes);
                if let Some(version) = found.registered.iter().find_map(|entry| entry.version.clone()) {
                    self.claude_version.get_or_insert(version);
                }
            }
            known.verdict = Some(verdict);
        }
    }

    /// The desks that have a pane, as they are drawn and told.
    pub(super) fn desks(&self) -> Vec<Desk> {
        let mut desks: Vec<Desk> = self.known.iter().map(|(pane, known)| self.desk(*pane, known)).collect();
        desks.sort_by_key(|desk| (desk.opened_ms, desk.terminal));
        desks
    }

    fn desk(&self, pane: DeskId, known: &Known) -> Desk {
        let scan = self.scan.last.as_ref();
        let unseen = || judge(known.launch.method, known.life, 0, None, &[]);
        let mut verdict = known.verdict.clone().unwrap_or_else(unseen);
        if known.life != PaneLife::default() {
            // Zellij knows first that a process has ended.
            let found = scan.and_then(|scan| scan.desks.get(&pane));
            verdict.state = judge(known.launch.method, known.life, 0, found, &[]).state;
            verdict.waiting_for = None;
        }
        if let (true, Some(code)) = (known.life.exited, known.exit_code.filter(|code| *code != 0)) {
            verdict
                .problems
                .push(format!("Claude ended with code {code}; the pane says more. Enter there starts it again."));
        }
        // What the launcher wants the user to know of this start.
        let record = scan.and_then(|scan| scan.desks.get(&pane)).map(|found| &found.record);
        verdict.problems.extend(record.and_then(|record| record.get("notice")).cloned());
        let method = known.launch.method;
        Desk {
            pane,
            terminal: known.terminal,
            method,
            config_dir: self.config_dir(pane, method),
            cwd: known.cwd.clone(),
            session: verdict.session.clone().or_else(|| Some(known.launch.session.clone())),
            state: verdict.state,
            waiting_for: verdict.waiting_for,
            health: verdict.health,
            problems: verdict.problems,
            bytes: known.bytes,
            opened_ms: Some(known.opened_ms),
        }
    }
}

fn scan_group(scan: &Scanning, pane: DeskId) -> Option<report::Group> {
    scan.last.as_ref()?.desks.get(&pane).map(|found| found.group)
}
