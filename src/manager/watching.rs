//! Watching the desks: which panes sit at them, from Zellij's list; what lives there, from the host's scans. Scans are
//! rung for by Claude's own hooks and by changes in the list; none is started when nothing can have changed.

use std::collections::BTreeMap;

use super::board::{Desk, State};
use super::commands::{read_launch, Launch};
use super::compatibility;
use super::effect::{Effect, Effects};
use super::event::PaneFacts;
use super::gathering::gather;
use super::health::{judge, own_report, Evidence, PaneLife, Verdict};
use super::ids::{DeskId, SessionId, TerminalId};
use super::options::Role;
use super::report::{self, Scan};
use super::scanning::{Scanning, Wish, LOOKS_MS, TYPING_MS};
use super::{Manager, Phase, Purpose};

/// How often in a row a look is repeated that came back incomplete.
const RETRIES: u32 = 3;
/// How long after Claude has answered its transcript must be there, in milliseconds. It is written before that.
const TRANSCRIPT_MS: u64 = 1_000;
/// After how long a desk is looked at again whose Claude starts or works, in milliseconds.
const BUSY_MS: u64 = 10_000;
/// For how long after its start a Claude of which nothing can be told is looked at again, in milliseconds.
const SLOW_MS: u64 = 120_000;
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
    /// Since when it has been missing from them, in milliseconds.
    missing_ms: Option<u64>,
    /// Else it would be ordered over and over.
    close_ordered: bool,
    /// The session was saved while its launcher ran.
    saved: bool,
    /// Since when nothing was seen to live at it, although it runs.
    dead_since_ms: Option<u64>,
    /// When Claude last rang that it had answered, in the conversation that it has open.
    answered_ms: Option<u64>,
    /// When its desk was last looked at: what was found there is as old as that.
    seen_ms: u64,
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
            missing_ms: None,
            close_ordered: false,
            saved: false,
            dead_since_ms: None,
            answered_ms: None,
            seen_ms: now_ms,
            verdict: None,
            bytes: None,
        }
    }
}

impl Manager {
    pub(super) fn on_panes(&mut self, session: String, panes: Vec<PaneFacts>, effects: &mut Effects) {
        self.session = session;
        self.panes_came = true;
        self.panes_unread |= self.panes != panes;
        let at = |panes: &[PaneFacts]| {
            panes.iter().filter(|pane| pane.watched).map(|pane| pane.terminal).collect::<Vec<_>>()
        };
        if at(&self.panes) != at(&panes) {
            self.attention.doubt(self.now_ms);
        }
        self.panes = panes;
        self.forget_commands();
        self.on_panes_again(effects);
    }

    /// A list that says what the last one said counts where one list proves nothing yet.
    pub(super) fn on_panes_again(&mut self, effects: &mut Effects) {
        self.list_ms = self.now_ms;
        self.panes_unread |= self.awaits_a_list();
        self.pass_panes(effects);
    }

    /// Whether something depends on the next list, even if it says what the last one said.
    pub(super) fn awaits_a_list(&self) -> bool {
        self.known.values().any(|known| known.missing_ms.is_some() || !known.listed) || !self.closed_ms.is_empty()
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
        for facts in &self.panes {
            let Some(launch) = facts.command.as_ref().and_then(|command| read_launch(&launcher, command)) else {
                continue;
            };
            // A saved layout that was opened twice has two panes for one desk: the launcher of one of them has stopped.
            let other = listed.get(&launch.pane);
            if other.is_none_or(|(_, other)| other.held && !facts.held) {
                listed.insert(launch.pane, (launch, facts.clone()));
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
            if fresh {
                continue;
            }
            // Zellij's lists are hints: while a layout opens, several in a row are of a moment before (measured: two of
            // them, empty, 14 ms apart). Of a pane that is closed while somebody listens, Zellij tells at once.
            let since_ms = *known.missing_ms.get_or_insert(now_ms);
            if now_ms.saturating_sub(since_ms) >= OLD_LIST_MS {
                self.leave(pane, effects);
            } else if since_ms == now_ms {
                self.scan.wish(now_ms + LOOKS_MS[2], Some(pane));
            }
        }
    }

    /// The next list may be long in coming: where nothing happens Zellij sends none (measured on 0.45.1: half a minute). A pane
    /// that the last one did not have, and at whose desk nothing lives, is closed.
    pub(super) fn pass_missing(&mut self, effects: &mut Effects) {
        let now_ms = self.now_ms;
        let gone = |pane: &DeskId, known: &Known| {
            let since_ms = known.missing_ms.filter(|since_ms| now_ms.saturating_sub(*since_ms) >= OLD_LIST_MS);
            let dead = scan_group(&self.scan, *pane) == Some(report::Group::Dead);
            dead && since_ms.is_some_and(|since_ms| known.seen_ms > since_ms)
        };
        let gone: Vec<DeskId> =
            self.known.iter().filter(|(pane, known)| gone(pane, known)).map(|(pane, _)| *pane).collect();
        for pane in gone {
            self.leave(pane, effects);
        }
    }

    fn on_listed(&mut self, launch: Launch, facts: &PaneFacts, effects: &mut Effects) {
        let pane = launch.pane;
        let now_ms = self.now_ms;
        if self.closed_ms.contains_key(&pane) {
            return;
        }
        let terminal = TerminalId(facts.terminal);
        let acts = self.acting && self.role() == Role::Manager;
        let known = self.known.entry(pane).or_insert_with(|| Known::new(launch, None, now_ms));
        let life = PaneLife { exited: facts.exited, held: facts.held };
        let new = !known.listed;
        let changed = new || known.life != life || known.terminal != Some(terminal);
        if known.life.held && !life.held {
            known.started_ms = now_ms;
            known.verdict = None;
            known.answered_ms = None;
            known.close_ordered = false;
            known.saved = false;
        }
        if changed {
            known.dead_since_ms = None;
        }
        known.listed = true;
        known.missing_ms = None;
        known.terminal = Some(terminal);
        known.life = life;
        known.exit_code = facts.exit_code;
        if !acts {
            return;
        }
        let close = known.launch.close_on_exit && facts.exited && facts.exit_code == Some(0) && !known.close_ordered;
        known.close_ordered |= close;
        if changed && !facts.exited {
            self.scan.want_after_opening(now_ms, pane);
        } else if changed {
            self.scan.want_after_ring(now_ms, pane);
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
    pub(super) fn on_ring(&mut self, pane: DeskId, event: &str) {
        let now_ms = self.now_ms;
        if !self.acting || self.role() != Role::Manager {
            return;
        }
        if self.shells.contains_key(&pane) {
            self.scan.want_after_ring(now_ms, pane);
        }
        let Some(known) = self.known.get_mut(&pane) else { return };
        match event {
            "Stop" => known.answered_ms = Some(now_ms),
            // Perhaps of another conversation: /clear.
            "SessionStart" => known.answered_ms = None,
            // Its own notice may be a bell.
            "Notification" => self.attention.doubt(now_ms),
            // A slow one writes down late that it works, or does not wait any more; and what is idle or waits is not looked at
            // again.
            "UserPromptSubmit" | "Key" => self.scan.wish(now_ms + LOOKS_MS[2], Some(pane)),
            _ => {}
        }
        self.scan.want_after_ring(now_ms, pane);
    }

    /// The isolated pane that this instance's client is at.
    fn watched(&self) -> Option<(DeskId, &Known)> {
        let watched = |facts: &&PaneFacts| facts.watched && !facts.exited && !facts.held;
        let terminal = self.panes.iter().find(watched).map(|facts| TerminalId(facts.terminal))?;
        self.known.iter().find(|(_, known)| known.terminal == Some(terminal)).map(|(pane, known)| (*pane, known))
    }

    /// Whether a key that is pressed now can mean anything: most mean nothing, and each one costs time.
    #[must_use]
    pub fn minds_input(&self) -> bool {
        let changes = |known: &Known| known.verdict.as_ref().is_some_and(|verdict| can_change_by_a_key(verdict.state));
        self.watched().is_some_and(|(_, known)| !self.acting || changes(known))
    }

    /// The user pressed a key. Nobody is told which, and Claude rings for few of the things that it can lead to.
    pub(super) fn on_input(&mut self, effects: &mut Effects) {
        let Some((pane, _)) = self.watched() else { return };
        if self.acting {
            self.scan.want_after_typing(self.now_ms, pane);
        } else if self.now_ms.saturating_sub(self.typed_ms) >= TYPING_MS {
            // Only this client's instance is told of its keys; whoever acts must hear of it.
            self.typed_ms = self.now_ms;
            self.typed = Some(pane);
            effects.push(Effect::ReadSnapshot);
        }
    }

    /// Rings for a client whose instance does not act, if that can mean anything.
    pub(super) fn pass_typing(&mut self, effects: &mut Effects) {
        let Some(pane) = self.typed.take() else { return };
        let Some(board) = &self.followed else { return };
        if board.desks.iter().any(|desk| desk.pane == pane && can_change_by_a_key(desk.state)) {
            self.run_host(Purpose::Ring, &["ring", "Key", &pane.to_string()], effects);
        }
    }

    pub(super) fn pass_scans(&mut self, effects: &mut Effects) {
        if self.is_shown() && self.now_ms.saturating_sub(self.scan.last_ms) >= SHOWN_MS {
            self.scan.want_with_disk_use(self.now_ms);
        }
        if self.scan.running || self.scan.due.first().is_none_or(|due| due.at_ms > self.now_ms) {
            return;
        }
        let mut asked = self.scan.take_due(self.now_ms);
        self.scan.answers_checks = !self.checks.is_empty();
        if self.scan.answers_checks {
            if self.is_booting() || self.is_probing() && !self.is_check_urgent() {
                // What a check looks at afresh comes first; the end of the boot, and of the probe, asks for the scan again.
                let urgent_ms = self.checks.iter().map(|(until_ms, _)| until_ms.saturating_sub(CHECK_MS)).min();
                if let Some(at_ms) = urgent_ms.filter(|at_ms| *at_ms > self.now_ms) {
                    self.scan.want(at_ms);
                }
                return;
            }
            asked = None;
        }
        let mut words = vec!["scan".to_string()];
        if asked.is_none() {
            self.scan.last_ms = self.now_ms;
        }
        if self.scan.measure {
            // Until it was done for all of them.
            self.scan.measure = asked.is_some();
            words.push("--measure".into());
        }
        words.extend(["--server".into(), self.birth.server.to_string()]);
        if let Some(Ok(shared)) = self.ready().map(|ready| &ready.shared) {
            words.extend(["--shared".into(), shared.clone()]);
        }
        if asked.is_none() {
            words.push("--full".into());
        }
        // The desks of other sessions are looked at by their own.
        let all = || gather(self.known.keys().chain(self.shells.keys()).copied());
        self.scan.asked = asked.map_or_else(all, gather);
        words.extend(self.scan.asked.iter().map(ToString::to_string));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.scan.running = self.run_host(Purpose::Scan, &words, effects).is_some();
    }

    pub(super) fn on_scanned(&mut self, stdout: &str, effects: &mut Effects) {
        self.scan.running = false;
        let scan = report::scan(stdout);
        let asked = std::mem::take(&mut self.scan.asked);
        if scan.complete {
            self.scan.incomplete = 0;
            let now_ms = self.now_ms;
            let looked_at = |pane: &DeskId| asked.contains(pane);
            self.known.iter_mut().filter(|(pane, _)| looked_at(pane)).for_each(|(_, known)| known.seen_ms = now_ms);
            self.note_stamps(&scan.files, looked_at);
            match &mut self.scan.last {
                Some(last) => {
                    last.desks.retain(|pane, _| !looked_at(pane));
                    last.renew(scan);
                }
                last => *last = Some(scan),
            }
            if let Some(last) = &mut self.scan.last {
                last.desks.retain(|pane, _| self.known.contains_key(pane) || self.shells.contains_key(pane));
            }
            self.judge_all();
            self.notice_shells(effects);
            self.look_again_at_the_busy();
            self.ask_a_newer_claude(effects);
            self.save_when_launched(effects);
        } else {
            effects.push(Effect::Log("a scan came back incomplete; it proves nothing".into()));
            self.scan.incomplete += 1;
            if self.scan.incomplete <= RETRIES {
                self.scan.want(self.now_ms + LOOKS_MS[2]);
            } else {
                // What was proved once is not known to hold any more.
                self.known.values_mut().for_each(|known| known.verdict = None);
            }
        }
        if self.scan.answers_checks {
            for (_, pipe) in std::mem::take(&mut self.checks) {
                let status = self.check_document();
                effects.push(Effect::AnswerPipe(pipe, status));
            }
        }
    }

    /// What an instance saw that acts again after others: as old as that is proves nothing.
    pub(super) fn forget_old_verdicts(&mut self) {
        let now_ms = self.now_ms;
        for known in self.known.values_mut().filter(|known| now_ms.saturating_sub(known.seen_ms) > SHOWN_MS) {
            known.verdict = None;
        }
    }

    /// What starts or works goes on to something else by itself, and a bell of that can be lost, or come before Claude has
    /// written down what it rings for. So such a desk is looked at again, although nothing rang. For a while so is one of which
    /// nothing can be told: on a slow machine Claude may only be slow (seen under load: green, and its state never known).
    fn look_again_at_the_busy(&mut self) {
        let now_ms = self.now_ms;
        for (pane, known) in &self.known {
            let state = known.verdict.as_ref().map(|verdict| verdict.state);
            let unknown = state == Some(State::Unknown) && now_ms.saturating_sub(known.started_ms) < SLOW_MS;
            let goes_on = matches!(state, Some(State::Starting | State::Working)) || unknown;
            if known.life != PaneLife::default() || !goes_on {
                continue;
            }
            let answered = known.answered_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < BUSY_MS);
            let at_ms = now_ms + if answered { LOOKS_MS[2] } else { BUSY_MS };
            let comes = |due: &Wish| due.at_ms <= at_ms && due.pane.is_none_or(|of| of == *pane);
            if !self.scan.due.iter().any(comes) {
                self.scan.wish(at_ms, Some(*pane));
            }
        }
    }

    /// Esc on a held pane leaves a shell in it. Zellij lists that just as it lists a launcher that was run again, under the
    /// launcher's command line, and says nothing else of it (measured on 0.45.1). What tells them apart is that nothing of
    /// ours lives there. The desk is then that of a closed pane, while the shell lives on.
    fn notice_shells(&mut self, effects: &mut Effects) {
        let Some(scan) = &self.scan.last else { return };
        let (now_ms, list_ms) = (self.now_ms, self.list_ms);
        let (mut shells, mut undecided) = (Vec::new(), false);
        for (pane, known) in &mut self.known {
            let found = scan.desks.get(pane);
            let dead = found.is_none_or(|found| found.group == report::Group::Dead);
            if !dead || !known.listed || known.life != PaneLife::default() {
                known.dead_since_ms = None;
                continue;
            }
            let looked_ms = known.seen_ms;
            let since_ms = *known.dead_since_ms.get_or_insert(looked_ms.max(known.started_ms));
            let patience_ms = if found.is_none() { NO_DESK_MS } else { SHELL_MS };
            let runs_for_ms = now_ms.saturating_sub(known.started_ms);
            // It says that it runs although it has been dead for longer than a list may be behind. Where nothing happens no list
            // comes: of an end there would have been one.
            let agrees = list_ms >= since_ms + OLD_LIST_MS || now_ms >= since_ms + 2 * OLD_LIST_MS;
            let sure = looked_ms > since_ms && agrees;
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

    /// Whether this instance has had the time to learn which panes there are, and what each of them is about.
    pub(super) fn knows_all(&self) -> bool {
        self.is_settled() && self.known.values().all(|known| known.verdict.is_some())
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
            _ if self.boot_errors.is_empty() || self.is_booting() => None,
            _ => Some(self.boot_errors.join("; ")),
        };
        let late = "the host did not answer in time; Zellij's log says more";
        for (until_ms, pipe) in std::mem::take(&mut self.checks) {
            if failed.is_some() || now_ms >= until_ms {
                let why = failed.as_deref().unwrap_or(late);
                effects.push(Effect::AnswerPipe(pipe, super::status::error_line(why)));
            } else {
                self.checks.push((until_ms, pipe));
            }
        }
    }

    fn judge_all(&mut self) {
        let Some(scan) = &self.scan.last else { return };
        if let Some(shared) = scan.shared.clone() {
            self.note_outside(&shared);
        }
        let Some(scan) = &self.scan.last else { return };
        for (pane, known) in &mut self.known {
            scan.desks.get(pane).into_iter().for_each(|found| known.launch.heed(&found.record));
        }
        let shared = scan.shared.as_deref().unwrap_or_default();
        let open = self.open_conversations(scan);
        for (pane, known) in &mut self.known {
            let seen_ms = known.seen_ms;
            let found = scan.desks.get(pane);
            let own = found.and_then(|found| own_report(*pane, known.launch.method, found, shared));
            let own = own.map(|(entry, _)| (entry.session.clone(), entry.pid));
            let also = |(session, pid, _): &&(SessionId, u32, String)| {
                own.as_ref().is_some_and(|(own, own_pid)| own.as_ref() == Some(session) && own_pid != pid)
            };
            let verdict = judge(&Evidence {
                pane: *pane,
                method: known.launch.method,
                life: known.life,
                age_ms: seen_ms.saturating_sub(known.started_ms),
                desk: found,
                shared,
                full: scan.full.as_deref(),
                answered: known.answered_ms.is_some_and(|at_ms| seen_ms.saturating_sub(at_ms) >= TRANSCRIPT_MS),
                also_open: open.iter().find(also).map(|(_, _, place)| place.as_str()),
                honours: known.launch.method.honoured(self.probe.unwrap_or_default(), known.launch.instead_of),
            });
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
                    // A Claude may be updated behind the program that was asked.
                    if self.claude_version.as_ref().is_none_or(|known| compatibility::is_older(known, &version)) {
                        self.claude_version = Some(version);
                    }
                }
            }
            let before = known.verdict.as_ref().map(|before| before.state);
            if verdict.state == State::Waiting && before.is_some_and(|before| before != State::Waiting) {
                self.attention.begins(*pane);
            }
            known.verdict = Some(verdict);
        }
    }

    /// The conversations that living Claudes have open: session, pid, and where, in words.
    fn open_conversations(&self, scan: &Scan) -> Vec<(SessionId, u32, String)> {
        let shared = scan.shared.as_deref().unwrap_or_default();
        let ours = self.known.iter().filter_map(|(pane, known)| {
            let (entry, _) = own_report(*pane, known.launch.method, scan.desks.get(pane)?, shared)?;
            let terminal = known.terminal.map_or_else(|| pane.short(), |terminal| format!("#{terminal}"));
            Some((entry.session.clone()?, entry.pid, format!("pane {terminal}")))
        });
        let outside = shared.iter().filter(|entry| entry.is_genuine() && entry.pane.is_none()).filter_map(|entry| {
            Some((entry.session.clone()?, entry.pid, format!("a Claude that is not isolated (pid {})", entry.pid)))
        });
        ours.chain(outside).collect()
    }

    /// The desks that have a pane, as they are drawn and told.
    pub(super) fn desks(&self) -> Vec<Desk> {
        let mut desks: Vec<Desk> = self.known.iter().map(|(pane, known)| self.desk(*pane, known)).collect();
        desks.sort_by_key(|desk| (desk.opened_ms, desk.terminal));
        desks
    }

    fn desk(&self, pane: DeskId, known: &Known) -> Desk {
        let mut verdict = known.verdict.clone().unwrap_or_else(|| Verdict::of_life(known.life));
        if known.life != PaneLife::default() {
            // Zellij knows first that a process has ended; what was true of it is true no more.
            verdict = Verdict { session: verdict.session, ..Verdict::of_life(known.life) };
        }
        if let (true, Some(code)) = (known.life.exited, known.exit_code.filter(|code| *code != 0)) {
            verdict
                .problems
                .push(format!("Claude ended with code {code}; the pane says more. Enter there starts it again."));
        }
        // What the launcher wants the user to know of this start.
        let record = self.scan.last.as_ref().and_then(|scan| scan.desks.get(&pane)).map(|found| &found.record);
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
            proof: verdict.proof,
            problems: verdict.problems,
            bytes: known.bytes,
            opened_ms: Some(known.opened_ms),
            changed: self.changed_at(pane),
        }
    }
}

fn scan_group(scan: &Scanning, pane: DeskId) -> Option<report::Group> {
    scan.last.as_ref()?.desks.get(&pane).map(|found| found.group)
}

/// An answer to a question, an interruption: Claude rings for neither.
fn can_change_by_a_key(state: State) -> bool {
    matches!(state, State::Working | State::Waiting)
}
