//! Opening a pane: from the wish (a pipe, a key, the panel, a layout) to the answer. What has to be asked of the host
//! first is asked; then the pane is opened in one step, and the launcher in it does the rest.

use super::board::Method;
use super::commands::{launcher_argv, one_word, Launch};
use super::effect::{Effect, Effects, Placement};
use super::event::Sender;
use super::ids::{CallId, DeskId, SessionId, TerminalId};
use super::options::Role;
use super::seeding::Seeding;
use super::watching::Known;
use uuid::Uuid;

use super::{report, Manager, Moment, Phase, Purpose};

/// How long the launcher of a new pane has the host to itself, in milliseconds: it takes a third of that where nothing is in its way.
pub(super) const LAUNCHER_FIRST_MS: u64 = 60;

/// Within that time a wish is answered, in milliseconds.
pub const PATIENCE_MS: u64 = 5_000;
/// After how long of silence Zellij may have opened a pane without saying so, in milliseconds: its own limit is a second
/// (`ACTION_COMPLETION_TIMEOUT` in zellij-server's route.rs).
const UNSAID_MS: u64 = 900;
/// How many request names are remembered.
const REQUESTS: usize = 64;
/// How long these may be together, in bytes, but for the last one.
const REQUESTS_LENGTH: usize = 64 << 10;

/// What somebody wants opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Where; none is the focused pane's cwd.
    pub cwd: Option<String>,
    /// How it is isolated; none is the option.
    pub method: Option<Method>,
    /// Instead of the option.
    pub claude_args: Option<Vec<String>>,
    /// As a floating pane.
    pub floating: bool,
    /// Over the focused pane.
    pub in_place: bool,
    /// A conversation of the shared dir to go on with.
    pub resume: Option<SessionId>,
    /// A new conversation where that one has no messages yet.
    pub or_new: bool,
    /// Over that pane.
    pub in_place_of: Option<TerminalId>,
    /// The caller's own name for the request.
    pub request: Option<String>,
}

/// A wish on its way.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    wish: Wish,
    /// Who gets the answer: several where a caller asked again under the same name. None of them: the layout's pane that
    /// is to be turned into the Claude pane.
    senders: Vec<Sender>,
    placement: Placement,
    pub(super) until_ms: u64,
    stage: Stage,
    /// What it comes to, where that is another one than was asked for.
    instead: Option<Method>,
    /// When Zellij was told to open it, in milliseconds.
    ordered_ms: u64,
    /// The host was asked once more about something that was missing.
    asked_again: bool,
}

#[derive(Clone, Debug)]
enum Stage {
    /// For the plugin to be ready.
    Ready,
    /// For the host to look whether the cwd and the conversation are there.
    Looking(Vec<CallId>),
    /// For what a probe tells of this Claude, the first time.
    Claude,
    /// For a seed, after the last one failed.
    Seed,
    /// For Zellij.
    Pane(CallId, Launch),
    /// For the pane to be in a list of Zellij's: it has taken the order and did not say what came of it.
    Listed(DeskId),
    /// Answered.
    Done,
}

impl Manager {
    pub(super) fn wish(&mut self, wish: Wish, sender: Sender, until_ms: u64, effects: &mut Effects) {
        if let Some(request) = &wish.request {
            match self.requests.iter().find(|(name, _)| name == request) {
                Some((_, Some(answer))) => {
                    let answer = answer.clone();
                    self.answer(&sender, &answer, effects);
                    return;
                }
                // The first one is still on its way, and its caller gone perhaps.
                Some((_, None)) => {
                    if let Some(opening) = self.openings.iter_mut().find(|o| o.wish.request == wish.request) {
                        opening.senders.push(sender);
                        return;
                    }
                }
                None => {
                    let long = |requests: &[(String, Option<String>)]| {
                        request.len() + requests.iter().map(|(name, _)| name.len()).sum::<usize>() > REQUESTS_LENGTH
                    };
                    while self.requests.len() >= REQUESTS || (long(&self.requests) && !self.requests.is_empty()) {
                        self.requests.remove(0);
                    }
                    self.requests.push((request.clone(), None));
                }
            }
        }
        let placement = match (wish.in_place_of, wish.in_place, wish.floating) {
            (Some(terminal), ..) => Placement::InPlaceOf(terminal),
            (None, true, _) => Placement::InPlace,
            (None, _, true) => Placement::Floating,
            _ => Placement::Tiled,
        };
        let senders = vec![sender];
        self.openings.push(Opening {
            wish,
            senders,
            placement,
            until_ms,
            stage: Stage::Ready,
            instead: None,
            ordered_ms: 0,
            asked_again: false,
        });
    }

    pub(super) fn pass_openings(&mut self, moment: &Moment, effects: &mut Effects) {
        self.open_in_own_place();
        let mut openings = std::mem::take(&mut self.openings);
        for opening in &mut openings {
            self.advance(opening, moment, effects);
            if let Stage::Listed(pane) = opening.stage {
                match self.known.get(&pane).and_then(|known| Some((known.launch.clone(), known.terminal?))) {
                    Some((launch, terminal)) => {
                        self.opened(opening, &launch, terminal, effects);
                        opening.stage = Stage::Done;
                    }
                    None if self.now_ms >= opening.until_ms => self.not_opened(opening, pane, effects),
                    None => {}
                }
                continue;
            }
            if self.now_ms >= opening.until_ms && !matches!(opening.stage, Stage::Done | Stage::Pane(..)) {
                if matches!(opening.stage, Stage::Seed) {
                    // A very large file: the launcher waits on, in the pane, and says so.
                    self.open(opening, moment, effects);
                    continue;
                }
                let what = match opening.stage {
                    Stage::Looking(_) => "the host did not answer",
                    _ => "Carrel is not ready",
                };
                let why = format!("{what} after {} s; nothing was opened, try again", PATIENCE_MS / 1_000);
                self.refuse(opening, &why, effects);
            }
        }
        openings.retain(|opening| !matches!(opening.stage, Stage::Done));
        // New ones may have come in meanwhile.
        openings.append(&mut self.openings);
        self.openings = openings;
    }

    /// A layout's pane with `role "claude"` opens its one pane when it can.
    fn open_in_own_place(&mut self) {
        let Some(options) = self.options() else { return };
        if options.role != Role::Claude || !self.acting || self.ready().is_none() {
            return;
        }
        if self.turned || self.message.is_some() || !self.openings.is_empty() {
            return;
        }
        let dir = match options.dir.as_deref() {
            None => self.birth.cwd.clone(),
            Some(absolute) if absolute.starts_with('/') => absolute.to_string(),
            Some(relative) => format!("{}/{relative}", self.birth.cwd),
        };
        let wish = Wish { cwd: Some(dir), resume: options.resume.clone(), ..Wish::default() };
        let until_ms = self.now_ms + PATIENCE_MS;
        let placement = Placement::InPlaceOfPlugin;
        self.openings.push(Opening {
            wish,
            senders: vec![],
            placement,
            until_ms,
            stage: Stage::Ready,
            instead: None,
            ordered_ms: 0,
            asked_again: false,
        });
    }

    fn advance(&mut self, opening: &mut Opening, moment: &Moment, effects: &mut Effects) {
        if matches!(opening.stage, Stage::Ready) {
            let ready = match &self.phase {
                Phase::Ready(ready) => ready.clone(),
                Phase::Failed(_) if !opening.asked_again => {
                    opening.asked_again = true;
                    self.boot(effects);
                    return;
                }
                Phase::Failed(errors) => {
                    let why = errors.join("; ");
                    return self.refuse(opening, &why, effects);
                }
                _ => return,
            };
            let failed = (!self.boot_errors.is_empty()).then(|| self.boot_errors.join("; "));
            if let Some(why) = failed.or(ready.claude.err()).or(ready.shared.err()) {
                if self.is_booting() {
                    return;
                }
                if opening.asked_again {
                    return self.refuse(opening, &why, effects);
                }
                opening.asked_again = true;
                return self.boot(effects);
            }
            let mut calls = Vec::new();
            if self.method_of(opening).needs_runtime() {
                let command = self.options().and_then(|options| options.container_command.as_ref());
                let words = command.map(|words| one_word(words)).unwrap_or_default();
                calls.extend(self.run_host(Purpose::CheckRuntime, &["box", &words], effects));
            }
            if let Some(cwd) = opening.wish.cwd.clone() {
                calls.extend(self.run_host(Purpose::CheckCwd, &["is-dir", &cwd], effects));
            }
            if let Some(session) = opening.wish.resume.clone() {
                // What is not isolated uses the user's own state, whatever the option says.
                let options = self.options().filter(|_| self.method_of(opening).isolates());
                let shared = options.and_then(|options| options.shared_dir.clone()).unwrap_or_default();
                calls.extend(self.run_host(Purpose::Find, &["find", session.as_str(), &shared], effects));
            }
            opening.stage = Stage::Looking(calls);
        }
        if let Stage::Looking(calls) = &opening.stage {
            if !calls.is_empty() {
                return;
            }
            opening.stage = Stage::Claude;
        }
        if matches!(opening.stage, Stage::Claude) {
            let asked = self.method_of(opening);
            // A Claude that answers nothing in that time is opened all the same: its launcher looks once more. A layout's pane
            // has no caller whom it keeps waiting.
            if opening.senders.is_empty() {
                opening.until_ms = opening.until_ms.max(self.now_ms + PATIENCE_MS);
            }
            if asked.isolates() && self.probe.is_none() && self.is_probing() && self.now_ms < opening.until_ms {
                return;
            }
            match self.settle(asked) {
                Ok(method) => opening.instead = Some(method).filter(|method| *method != asked),
                Err(why) => return self.refuse(opening, &why, effects),
            }
            if !opening.instead.unwrap_or(asked).isolates() {
                return self.open(opening, moment, effects);
            }
            if self.seeded {
                // The last seed is good enough to open with; the launcher waits for the new one if the file has changed.
                return self.open(opening, moment, effects);
            }
            self.freshen_seed(effects);
            opening.stage = Stage::Seed;
        }
        if matches!(opening.stage, Stage::Seed) {
            match &self.seeding {
                Seeding::Failed(why) => {
                    let why = why.clone();
                    self.refuse(opening, &why, effects);
                }
                Seeding::Fresh => self.open(opening, moment, effects),
                _ => {}
            }
        }
    }

    /// The method that a wish comes to, or why it comes to nothing.
    pub(super) fn settle(&self, asked: Method) -> Result<Method, String> {
        let (Some(ready), Some(options)) = (self.ready(), self.options()) else { return Ok(asked) };
        let fallback = options.fallback_on(ready.platform);
        let method = asked.or_instead(self.probe.unwrap_or_default(), fallback)?;
        match method.obstacle(ready.platform, options.login) {
            Some(why) => Err(why.to_string()),
            None => Ok(method),
        }
    }

    /// The host has looked whether a cwd or a conversation is there.
    pub(super) fn on_looked_up(&mut self, call: CallId, stdout: &str, effects: &mut Effects) {
        let lines = report::lines(stdout);
        let waiting = |opening: &Opening| matches!(&opening.stage, Stage::Looking(calls) if calls.contains(&call));
        let Some(at) = self.openings.iter().position(waiting) else { return };
        let mut opening = self.openings.remove(at);
        if let Stage::Looking(calls) = &mut opening.stage {
            calls.retain(|waited| *waited != call);
        }
        let cwd = opening.wish.cwd.clone().unwrap_or_default();
        let refusal = match lines.first().map(|line| (line.tag.as_str(), line)) {
            Some(("dir" | "box", line)) if line.field(0) == "yes" => None,
            Some(("box", line)) => Some(line.field(1).to_string()),
            Some(("dir", _)) => Some(format!("cwd `{cwd}` is not a directory; name an existing one with cwd")),
            Some(("found", line)) => {
                if opening.wish.cwd.is_none() {
                    // Where the conversation was held; an older Claude finds it nowhere else.
                    opening.wish.cwd = cwd_in(line.field(1));
                    if let (Some(cwd), Stage::Looking(calls)) = (opening.wish.cwd.clone(), &mut opening.stage) {
                        calls.extend(self.run_host(Purpose::CheckCwd, &["is-dir", &cwd], effects));
                    }
                }
                None
            }
            Some(("desk", line)) => Some(format!("the conversation is open at the desk of pane {}", line.field(0))),
            Some(("none", _)) if opening.wish.or_new => {
                opening.wish.resume = None;
                None
            }
            Some(("in_use" | "none", line)) => Some(line.field(0).to_string()),
            _ => Some("the host program did not answer; Zellij's log says more".to_string()),
        };
        if let Some(why) = refusal {
            self.refuse(&mut opening, &why, effects);
        }
        if !matches!(opening.stage, Stage::Done) {
            self.openings.insert(at, opening);
        }
    }

    fn open(&mut self, opening: &mut Opening, moment: &Moment, effects: &mut Effects) {
        let (Some(ready), Some(options)) = (self.ready(), self.options()) else {
            return self.refuse(opening, "Carrel is not ready; nothing was opened, try again", effects);
        };
        // Several panes may be opened in one moment; each gets uuids of its own.
        let nth = self.ordered;
        let [pane, session] = moment.fresh.map(|uuid| Uuid::from_u128(uuid.as_u128() ^ nth));
        let launch = Launch {
            pane: DeskId(pane),
            session: opening.wish.resume.clone().unwrap_or_else(|| match &options.namespace {
                Some(namespace) => SessionId::derived(namespace, DeskId(pane)),
                None => SessionId::new(session),
            }),
            method: opening.instead.unwrap_or(self.method_of(opening)),
            instead_of: opening.instead.map(|_| self.method_of(opening)),
            close_on_exit: options.close_on_exit,
            cleanup: options.cleanup_on_close,
        };
        let claude_args = opening.wish.claude_args.as_ref().unwrap_or(&options.claude_args);
        let fallback = launch.method.late_fallback(options.fallback_on(ready.platform), ready.platform, options.login);
        let resumes = opening.wish.resume.is_some();
        let argv = launcher_argv(&ready.launcher, &launch, resumes, fallback, options, claude_args);
        let placement = opening.placement;
        let cwd = opening.wish.cwd.clone();
        self.ordered += 1;
        self.launched_ms.get_or_insert(self.now_ms);
        self.known.insert(launch.pane, Known::new(launch.clone(), cwd.clone(), self.now_ms));
        let call = self.fresh_call();
        effects.push(Effect::OpenPane { call, argv, cwd, placement });
        opening.stage = Stage::Pane(call, launch);
        opening.ordered_ms = self.now_ms;
    }

    /// What a launch leaves for later: whether the user's file or their Claude has changed. Programs of the host, which would want
    /// the processor when the launcher does; where the file has changed, it waits.
    pub(super) fn pass_launched(&mut self, effects: &mut Effects) {
        if self.launched_ms.is_some_and(|at_ms| self.now_ms.abs_diff(at_ms) >= LAUNCHER_FIRST_MS) {
            self.launched_ms = None;
            if self.seeded {
                self.freshen_seed(effects);
            }
            self.look_at_claude_again(effects);
        }
    }

    pub(super) fn on_opened(&mut self, call: CallId, terminal: Option<TerminalId>, effects: &mut Effects) {
        let waited = |opening: &Opening| matches!(&opening.stage, Stage::Pane(waited, _) if *waited == call);
        let Some(at) = self.openings.iter().position(waited) else { return };
        let mut opening = self.openings.remove(at);
        let Stage::Pane(_, launch) = opening.stage.clone() else { return };
        let Some(terminal) = terminal else {
            // It waits a second for its screen and then says nothing; the order stands all the same.
            if self.now_ms.saturating_sub(opening.ordered_ms) >= UNSAID_MS {
                opening.until_ms = opening.until_ms.max(self.now_ms + UNSAID_MS);
                opening.stage = Stage::Listed(launch.pane);
                self.openings.push(opening);
                return;
            }
            return self.not_opened(&mut opening, launch.pane, effects);
        };
        self.opened(&opening, &launch, terminal, effects);
    }

    fn not_opened(&mut self, opening: &mut Opening, pane: DeskId, effects: &mut Effects) {
        self.known.remove(&pane);
        let why = "Zellij did not open the pane (is there room for one? Zellij's log says more)";
        self.refuse(opening, why, effects);
    }

    fn opened(&mut self, opening: &Opening, launch: &Launch, terminal: TerminalId, effects: &mut Effects) {
        if let Some(known) = self.known.get_mut(&launch.pane) {
            known.terminal = Some(terminal);
        }
        self.turned = opening.placement == Placement::InPlaceOfPlugin;
        if self.acting {
            self.scan.want_after_opening(self.now_ms, launch.pane);
        }
        effects.push(Effect::ClearPaneName(terminal));
        self.save_soon();
        let config_dir = self.config_dir(launch.pane, launch.method);
        let answer = serde_json::json!({
            "version": 1, "pane": launch.pane.to_string(), "terminal": terminal.0, "config_dir": config_dir,
        })
        .to_string();
        if let Some(request) = &opening.wish.request {
            if let Some(entry) = self.requests.iter_mut().find(|(name, _)| name == request) {
                entry.1 = Some(answer.clone());
            }
        }
        self.message = None;
        for sender in &opening.senders {
            self.answer(sender, &answer, effects);
        }
    }

    /// Where Claude's state of a desk lies; none where it is the user's own.
    pub(super) fn config_dir(&self, pane: DeskId, method: Method) -> Option<String> {
        method.config_dir(&self.ready()?.state_dir, pane)
    }

    fn method_of(&self, opening: &Opening) -> Method {
        opening.wish.method.or(self.options().map(|options| options.method)).unwrap_or_default()
    }

    fn refuse(&mut self, opening: &mut Opening, why: &str, effects: &mut Effects) {
        opening.stage = Stage::Done;
        if let Some(request) = &opening.wish.request {
            // Asking again may succeed.
            self.requests.retain(|(name, _)| name != request);
        }
        if opening.senders.is_empty() {
            self.message = Some(why.to_string());
        }
        for sender in &opening.senders {
            self.answer_error(sender, why, effects);
        }
    }
}

/// The value in `"cwd":"…"`, as the host found it in a transcript.
fn cwd_in(excerpt: &str) -> Option<String> {
    let value = excerpt.lines().next()?.strip_prefix("\"cwd\":")?.trim_start();
    serde_json::from_str(value).ok()
}
