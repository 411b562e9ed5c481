//! DECIDES. Pure: no Zellij, clock, environment, files, randomness or stdout; all of these come in as arguments.
//! One function turns a fact into orders: [`Manager::update`]. The rest of the room is what it needs to know.

pub mod asking;
pub mod board;
pub mod changes;
pub mod closing;
pub mod commands;
pub mod compatibility;
pub mod effect;
pub mod electing;
pub mod event;
pub mod gathering;
pub mod health;
pub mod ids;
pub mod methods;
pub mod options;
pub mod order;
pub mod orphans;
pub mod panel;
pub mod probing;
pub mod report;
pub mod seed;

mod adopting;
mod answering;
mod attention;
mod booting;
mod carrying;
mod hearing;
mod launching;
mod outside;
mod picker;
mod scanning;
mod seeding;
mod sessions;
mod showing;
mod status;
mod watching;

pub use answering::PIPES;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use board::Board;
use booting::Ready;
use closing::Closing;
use effect::{Effect, Effects};
use electing::{Instance, Lease, Step};
use event::{Event, Message, PaneFacts};
use ids::{CallId, DeskId, TerminalId};
use launching::Opening;
use options::{Options, Role};
use panel::Question;
use probing::Probe;
use seeding::Seeding;
use watching::Known;

/// What an event is judged against: the outside world at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Milliseconds since the epoch.
    pub now_ms: u64,
    /// Fresh random uuids, to be used for new desks and sessions.
    pub fresh: [Uuid; 2],
    /// The lease as it lies on disk.
    pub lease: Option<Lease>,
}

/// What an instance is born with.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Which instance it is.
    pub me: Instance,
    /// The pid of its Zellij server.
    pub server: u32,
    /// The Zellij session's name, as the environment tells it.
    pub session: String,
    /// The version of Zellij.
    pub zellij: String,
    /// The user's HOME, where the environment tells it.
    pub home: Option<String>,
    /// Where the plugin was started; what a relative `dir` counts from.
    pub cwd: String,
    /// The options, or everything that is wrong with them.
    pub options: Result<Options, Vec<String>>,
}

/// How far the instance has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// No permissions yet.
    Waiting,
    /// The user said no.
    Denied,
    /// The host program makes the state dir ready, for the first time.
    Booting,
    /// Everything can be done.
    Ready(Box<Ready>),
    /// It could not be made ready.
    Failed(Vec<String>),
}

/// What a host command was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    Boot,
    Probe,
    SeedOut,
    SeedIn,
    ChangesOut,
    ChangesIn,
    Scan,
    Ring,
    Notify,
    End,
    Clean(DeskId),
    KeepEarly(DeskId),
    Owners,
    Sessions,
    CheckCwd,
    CheckRuntime,
    Find,
}

/// How long a host command may take, in milliseconds. They take milliseconds; a slow disk may make them take more.
const CALL_LIMIT_MS: u64 = 15_000;
/// The same for keeping a large desk on another file system.
const CLEAN_LIMIT_MS: u64 = 15 * 60_000;

/// How long an instance that slept, and was not the actor, leaves the messages that waited for it to whoever acted then,
/// in milliseconds.
const DEAF_MS: u64 = 500;

/// Zellij's timers ring some milliseconds off.
const TIMER_SLACK_MS: u64 = 5;

/// The one that decides.
#[derive(Debug)]
pub struct Manager {
    birth: Birth,
    phase: Phase,
    granted: bool,
    /// Whether this instance acted at its last event, to notice when it becomes the actor.
    acting: bool,
    next_call: u64,
    /// What runs on the host, and since when.
    calls: BTreeMap<CallId, (Purpose, u64)>,
    /// When the timer that was asked for last will ring.
    alarm_ms: Option<u64>,
    /// Messages that came too early, oldest first, with the time at which they must be answered all the same.
    held: Vec<(u64, Message)>,
    hearing: hearing::Hearing,
    /// The lease that it has asked for was one of an actor that has fallen silent.
    takes_over: bool,
    /// The last callers whom somebody else was to answer, oldest first, with the time from which they have been.
    overheard: Vec<(u64, ids::PipeId)>,
    openings: Vec<Opening>,
    /// When the session is to be saved.
    save_ms: Option<u64>,
    /// When the first pane was opened whose launcher is still left alone.
    launched_ms: Option<u64>,
    /// Answers by the caller's own request name, so that asking again opens nothing twice.
    requests: Vec<(String, Option<String>)>,
    /// Why the machine could not be made ready again, though it was ready before; and when it is tried once more.
    boot_errors: Vec<String>,
    boot_again_ms: Option<u64>,
    seeding: Seeding,
    carrying: carrying::Carrying,
    /// There is a seed, if perhaps of an older file.
    seeded: bool,
    session: String,
    panes: Vec<PaneFacts>,
    /// The list has not been looked through since it came, or since this instance became the actor.
    panes_unread: bool,
    /// Zellij has listed its panes at least once.
    panes_came: bool,
    /// When the last list came.
    list_ms: u64,
    /// Until then messages are not acted on: another instance may have done so while this one slept.
    deaf_until_ms: u64,
    /// When the first list was looked through: before, nothing is known of what is not there.
    listed_ms: Option<u64>,
    known: BTreeMap<DeskId, Known>,
    /// Panes in which a shell has taken Claude's place.
    shells: BTreeMap<DeskId, TerminalId>,
    closing: BTreeMap<DeskId, Closing>,
    scan: scanning::Scanning,
    orphans: orphans::Orphans,
    outside: outside::Outside,
    adopting: Option<adopting::Adopting>,
    attention: attention::Attention,
    asking_sessions: Vec<sessions::Asking>,
    claude_version: Option<String>,
    /// What a probe has told of the Claude that was found.
    probe: Option<Probe>,
    /// The version that it named, and the newer one that was seen at a desk, for which it was asked anew.
    probed_version: Option<String>,
    met_version: Option<String>,
    probed_ms: u64,
    /// The isolated pane in which this instance's client pressed a key, while somebody else acts; and when that last was.
    typed: Option<DeskId>,
    typed_ms: u64,
    /// Callers of `check`, with the time by which each is answered.
    checks: Vec<(u64, ids::PipeId)>,
    visible: bool,
    suppressed: bool,
    /// Whether the panel was hidden in the last list, and in which tab it was.
    placed: Option<(bool, usize)>,
    /// How many panes were ordered in this update.
    ordered: u128,
    /// A layout's pane has been turned into a Claude pane.
    turned: bool,
    /// The tab of the panel's pane, by position.
    tab: usize,
    picker: Option<picker::Picker>,
    selected: Option<panel::Row>,
    asking: Option<Question>,
    message: Option<String>,
    published: Option<String>,
    /// When it was last looked whether there is something to publish.
    told_ms: u64,
    /// Some instance acts.
    looked_after: bool,
    /// What the actor published, for an instance that is not the actor.
    followed: Option<Board>,
    marked: BTreeSet<DeskId>,
    /// Closings that this session took over from a mark, which may be taken back.
    borrowed: BTreeSet<DeskId>,
    /// When Zellij said that a pane was closed: a list may be older than that.
    closed_ms: BTreeMap<DeskId, u64>,
    /// Panes that were closed for a caller, and when.
    closed_for_ms: BTreeMap<DeskId, u64>,
    /// Never smaller than it was.
    now_ms: u64,
    /// How far that is ahead of the clock.
    ahead_ms: u64,
}

impl Manager {
    /// A manager that has not been told anything yet.
    #[must_use]
    pub fn new(birth: Birth) -> Self {
        let session = birth.session.clone();
        Manager {
            birth,
            phase: Phase::Waiting,
            granted: false,
            acting: false,
            next_call: 0,
            calls: BTreeMap::new(),
            alarm_ms: None,
            held: Vec::new(),
            hearing: hearing::Hearing::default(),
            takes_over: false,
            overheard: Vec::new(),
            openings: Vec::new(),
            save_ms: None,
            launched_ms: None,
            requests: Vec::new(),
            boot_errors: Vec::new(),
            boot_again_ms: None,
            seeding: Seeding::default(),
            carrying: carrying::Carrying::default(),
            seeded: false,
            session,
            panes: Vec::new(),
            panes_unread: false,
            panes_came: false,
            list_ms: 0,
            deaf_until_ms: 0,
            listed_ms: None,
            known: BTreeMap::new(),
            shells: BTreeMap::new(),
            closing: BTreeMap::new(),
            scan: scanning::Scanning::default(),
            orphans: orphans::Orphans::default(),
            outside: outside::Outside::default(),
            adopting: None,
            attention: attention::Attention::default(),
            asking_sessions: Vec::new(),
            claude_version: None,
            probe: None,
            probed_version: None,
            met_version: None,
            probed_ms: 0,
            typed: None,
            typed_ms: 0,
            checks: Vec::new(),
            visible: true,
            suppressed: true,
            placed: None,
            ordered: 0,
            turned: false,
            tab: 0,
            picker: None,
            selected: None,
            asking: None,
            message: None,
            published: None,
            told_ms: 0,
            looked_after: false,
            followed: None,
            marked: BTreeSet::new(),
            borrowed: BTreeSet::new(),
            closed_ms: BTreeMap::new(),
            closed_for_ms: BTreeMap::new(),
            now_ms: 0,
            ahead_ms: 0,
        }
    }

    /// Takes in a fact; gives back what is to be done about it.
    pub fn update(&mut self, event: Event, moment: &Moment) -> Effects {
        let mut effects = Effects::default();
        let moment = &self.without_steps_back(moment);
        let me = self.birth.me;
        let slept = self.now_ms != 0 && moment.now_ms.saturating_sub(self.now_ms) > electing::STALE_MS;
        if slept && moment.lease.is_some_and(|lease| lease.holder != me) {
            self.deaf_until_ms = moment.now_ms + DEAF_MS;
        }
        self.now_ms = moment.now_ms;
        self.ordered = 0;
        let quiet = self.is_quiet(&event);
        let before = (self.acting, self.looked_after);
        self.elect(moment, &mut effects);
        // Nobody has looked for a while: what was published proves nothing any more.
        let looked_after = moment
            .lease
            .is_some_and(|lease| lease.granted && moment.now_ms.abs_diff(lease.renewed_ms) <= 2 * electing::STALE_MS);
        self.looked_after = looked_after;
        if !looked_after {
            self.followed = None;
        }
        match event {
            Event::Loaded | Event::LeaseClaimed => {}
            Event::PermissionGranted => self.on_grant_told(&mut effects),
            Event::PermissionDenied => self.on_denied(moment, &mut effects),
            Event::PanesListed { session, panes } => {
                // Only a plugin with its permissions is told.
                self.on_granted(&mut effects);
                self.on_panes(session, panes, &mut effects);
            }
            Event::PanesStayed => {
                self.on_panes_again(&mut effects);
                if let Some((suppressed, tab)) = self.placed {
                    self.on_placed(suppressed, tab, &mut effects);
                }
            }
            Event::SessionsListed { living, saved } => self.on_sessions(living, saved),
            Event::CommandChanged { terminal, argv } => self.on_command(terminal, &argv),
            Event::CwdRead(cwd) => self.on_cwd(cwd, &mut effects),
            Event::PaneClosed(terminal) => {
                self.on_granted(&mut effects);
                self.on_pane_closed(terminal, &mut effects);
            }
            // A timer cannot be taken back: one that was overtaken by an earlier one rings for nothing.
            Event::TimeCame => {
                if self.alarm_ms.is_some_and(|alarm| moment.now_ms + TIMER_SLACK_MS >= alarm) {
                    self.alarm_ms = None;
                }
                self.on_time(&mut effects);
            }
            Event::HostAnswered { call, stdout, stderr } => self.on_answer(call, &stdout, &stderr, &mut effects),
            Event::SliceRead { call, bytes } => {
                if !self.on_changes_slice(call, &bytes, &mut effects) {
                    self.on_slice(call, bytes, &mut effects);
                }
            }
            Event::FileWritten { call, result } => {
                if !self.on_changes_written(call, &result, &mut effects) {
                    self.on_seed_written(call, result, &mut effects);
                }
            }
            Event::PaneOpened { call, terminal } => self.on_opened(call, terminal, &mut effects),
            Event::MessageCame(message) => self.on_message(message, moment, &mut effects),
            Event::MessageTaken => self.hearing.ended(self.now_ms),
            Event::KeyPressed(key) => self.on_key(key, moment, &mut effects),
            Event::RowClicked(row) => self.on_row_clicked(row, &mut effects),
            Event::Scrolled(lines) => self.on_scrolled(lines),
            Event::PanelShown(visible) => self.on_visible(visible, &mut effects),
            Event::PanelPlaced { suppressed, tab } => {
                self.placed = Some((suppressed, tab));
                self.on_placed(suppressed, tab, &mut effects);
            }
            Event::SnapshotRead(text) => {
                self.on_snapshot(text.as_deref());
                self.pass_typing(&mut effects);
            }
            Event::InputCame => self.on_input(&mut effects),
            Event::MarksRead(marks) => self.on_marks(&marks, &mut effects),
        }
        self.pass_time(moment, &mut effects);
        if !quiet || before != (self.acting, self.looked_after) || self.is_time_to_tell() || !effects.are_housekeeping()
        {
            self.pass_attention(&mut effects);
            self.tell(&mut effects);
        }
        self.set_alarm(&mut effects);
        effects
    }

    /// The clock may be set back: what is waited for must not wait until it has caught up. Inside, time only goes forward.
    fn without_steps_back(&mut self, moment: &Moment) -> Moment {
        self.ahead_ms += self.now_ms.saturating_sub(moment.now_ms.saturating_add(self.ahead_ms));
        let ahead = |ms: u64| ms.saturating_add(self.ahead_ms);
        let lease = moment.lease.map(|lease| Lease { renewed_ms: ahead(lease.renewed_ms), ..lease });
        Moment { now_ms: ahead(moment.now_ms), lease, ..*moment }
    }

    /// What the clock says.
    fn clock_ms(&self) -> u64 {
        self.now_ms.saturating_sub(self.ahead_ms)
    }

    /// The options; none while the configuration is broken.
    fn options(&self) -> Option<&Options> {
        self.birth.options.as_ref().ok()
    }

    fn role(&self) -> Role {
        self.options().map_or(Role::Manager, |options| options.role)
    }

    fn ready(&self) -> Option<&Ready> {
        match &self.phase {
            Phase::Ready(ready) => Some(ready),
            _ => None,
        }
    }

    fn elect(&mut self, moment: &Moment, effects: &mut Effects) {
        if self.role() == Role::Panel {
            return;
        }
        let me = self.birth.me;
        match electing::step(me, self.granted, moment.now_ms, moment.lease) {
            Step::Rest => {}
            _ if self.phase == Phase::Denied => {}
            Step::Claim(term) => {
                let fell_silent =
                    |lease: electing::Lease| moment.now_ms.abs_diff(lease.renewed_ms) > electing::STALE_MS;
                self.takes_over = moment.lease.is_some_and(fell_silent);
                effects.push(Effect::ClaimLease { term, granted: self.granted });
            }
            Step::Renew(term) => effects.push(Effect::RenewLease { term, granted: self.granted }),
        }
        let acting = electing::acts(me, moment.lease);
        if acting && !self.acting && self.role() == Role::Manager {
            // Whatever the last actor knew is on disk and in the pane list.
            self.scan.want(moment.now_ms);
            self.forget_old_verdicts();
            self.want_orphans(moment.now_ms);
            self.panes_unread = true;
            effects.push(Effect::ReadMarks);
            // One that was there and has not its permissions yet answers by itself.
            if std::mem::take(&mut self.takes_over) {
                self.answer_overheard(effects);
            }
        }
        if !acting {
            self.published = None;
            self.marked.clear();
            self.borrowed.clear();
            self.closing.clear();
            self.scan.forget_wishes();
            self.attention.forget();
            self.forget_overheard(moment.lease);
        }
        self.acting = acting;
    }

    fn is_booting(&self) -> bool {
        self.calls.values().any(|(purpose, _)| *purpose == Purpose::Boot)
    }

    fn run_host(&mut self, purpose: Purpose, words: &[&str], effects: &mut Effects) -> Option<CallId> {
        let launcher = self.ready()?.launcher.clone();
        let mut argv = vec!["/bin/sh".to_string(), launcher];
        argv.extend(words.iter().map(|word| (*word).to_string()));
        Some(self.call(purpose, argv, vec![], effects))
    }

    fn call(
        &mut self,
        purpose: Purpose,
        argv: Vec<String>,
        env: Vec<(String, String)>,
        effects: &mut Effects,
    ) -> CallId {
        let call = self.fresh_call();
        self.calls.insert(call, (purpose, self.now_ms));
        effects.push(Effect::RunHost { call, argv, env });
        call
    }

    fn fresh_call(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call)
    }

    fn on_answer(&mut self, call: CallId, stdout: &str, stderr: &str, effects: &mut Effects) {
        let Some((purpose, _)) = self.calls.remove(&call) else {
            effects.push(Effect::Log(format!("a host command answered that nobody waits for ({})", call.0)));
            return;
        };
        if !stderr.is_empty() {
            effects.push(Effect::Log(format!("the host program complained ({purpose:?}): {stderr}")));
        }
        match purpose {
            Purpose::Boot => {
                // What was ordered before the grant is never answered, and given up some time later.
                if stdout.is_empty() && self.is_booting() {
                    return;
                }
                self.calls.retain(|_, (purpose, _)| *purpose != Purpose::Boot);
                self.on_booted(stdout, effects);
            }
            Purpose::Probe => self.on_probed(stdout),
            Purpose::SeedOut => self.on_seed_out(stdout, effects),
            Purpose::SeedIn => self.on_seed_in(stdout),
            Purpose::ChangesOut => self.on_changes_out(call, stdout, effects),
            Purpose::ChangesIn => self.on_changes_in(call, stdout, effects),
            Purpose::Scan => self.on_scanned(stdout, effects),
            Purpose::Ring => {}
            Purpose::Notify => self.on_notified(stdout, effects),
            Purpose::End => self.on_ended(call, stdout, effects),
            Purpose::KeepEarly(pane) => self.on_kept_early(pane, stdout),
            Purpose::Sessions => self.on_sessions_found(call, stdout, effects),
            Purpose::Owners => self.on_owners(stdout, effects),
            Purpose::Clean(pane) => self.on_cleaned(pane, stdout, effects),
            Purpose::CheckCwd | Purpose::CheckRuntime | Purpose::Find => self.on_looked_up(call, stdout, effects),
        }
    }

    /// Whatever has become due, and whatever became possible through the event.
    fn pass_time(&mut self, moment: &Moment, effects: &mut Effects) {
        self.pass_calls(effects);
        self.pass_panes(effects);
        self.pass_boot(effects);
        self.pass_held(moment, effects);
        self.pass_openings(moment, effects);
        self.pass_saving(effects);
        self.pass_carrying(effects);
        if self.acting && self.role() == Role::Manager && self.ready().is_some() {
            self.pass_closings(effects);
            self.pass_scans(effects);
            self.pass_orphans(effects);
        }
        self.pass_checks(effects);
        self.answer_gc(effects);
    }

    /// A host command that does not come back counts as one that said nothing; its answer, if it comes, as nobody's.
    fn pass_calls(&mut self, effects: &mut Effects) {
        let now_ms = self.now_ms;
        let late = |(call, (purpose, since_ms)): (&CallId, &(Purpose, u64))| {
            let limit = match purpose {
                Purpose::Clean(_) | Purpose::KeepEarly(_) | Purpose::Probe => CLEAN_LIMIT_MS,
                // It waits for a lock.
                Purpose::ChangesIn => CALL_LIMIT_MS * 4,
                _ => CALL_LIMIT_MS,
            };
            (now_ms.saturating_sub(*since_ms) > limit).then_some(*call)
        };
        let late: Vec<CallId> = self.calls.iter().filter_map(late).collect();
        for call in late {
            self.on_answer(call, "", "it did not answer in time", effects);
        }
    }

    fn on_time(&mut self, effects: &mut Effects) {
        self.pass_launched(effects);
        self.pass_seeding(effects);
        self.pass_changes_slices(effects);
        if self.acting {
            self.pass_missing(effects);
            effects.push(Effect::ReadMarks);
        } else if self.role() != Role::Claude {
            effects.push(Effect::ReadSnapshot);
        }
    }

    /// One timer for all deadlines: the earliest.
    fn set_alarm(&mut self, effects: &mut Effects) {
        let mut due = vec![self.now_ms + electing::RENEW_MS];
        due.extend(self.held.iter().map(|(until, _)| *until));
        due.extend(self.checks.iter().map(|(until, _)| *until));
        due.extend(self.save_ms);
        due.extend(self.launched_ms.map(|at_ms| at_ms + launching::LAUNCHER_FIRST_MS));
        due.extend(self.boot_again_ms.filter(|_| self.acting));
        due.extend(self.openings.iter().map(|opening| opening.until_ms));
        due.extend(self.seeding.due_ms(self.now_ms));
        due.extend(self.carrying_due_ms());
        if self.acting && self.role() == Role::Manager && self.ready().is_some() {
            due.extend(self.closing.values().filter_map(Closing::due_ms));
            due.extend(self.scan.due_ms());
            due.extend(self.attention.due_ms());
            due.extend(self.orphans.due_ms().filter(|_| self.is_settled()));
        }
        let earliest = due.into_iter().min().unwrap_or(self.now_ms + electing::RENEW_MS);
        // One that should have rung has been taken for another one's ring: the clock was set back before it.
        let missed = |alarm: u64| alarm.saturating_add(electing::RENEW_MS) < self.now_ms;
        if self.alarm_ms.is_none_or(|alarm| earliest < alarm || missed(alarm)) {
            self.alarm_ms = Some(earliest);
            effects.push(Effect::WakeIn(earliest.saturating_sub(self.now_ms)));
        }
    }
}
