//! Messages: from `zellij pipe` and from key bindings. Every instance gets every one; the actor alone acts and answers.

use std::collections::BTreeMap;

use super::board::{Method, State};
use super::effect::{Effect, Effects};
use super::electing::{Lease, STALE_MS};
use super::event::{Message, Sender};
use super::ids::{DeskId, PipeId};
use super::launching::{Wish, PATIENCE_MS};
use super::options::{check_claude_args, parse_claude_args, Role};
use super::order::order;
use super::orphans::GC_PATIENCE_MS;
use super::status::error_line;
use super::{Manager, Moment, Phase};

/// The pipe by which Claude's hooks ring. Not for users; it has no answer.
pub const BELL: &str = "carrel_bell";

/// For how long `close` is answered as the first time, in milliseconds: Zellij loses an answer now and then.
const CLOSED_FOR_MS: u64 = 10_000;
/// How long an error may be, in characters.
const LONGEST_ERROR: usize = 2_000;

/// How many callers are remembered in case the actor crashes.
const MOST_OVERHEARD: usize = 128;

/// What these are told.
const ACTOR_SILENT: &str =
    "the instance of Carrel that was at it has fallen silent; `status` tells whether it was done";

/// The pipes of the contract that this version answers.
pub const PIPES: [&str; 9] = ["new", "resume", "sessions", "status", "check", "close", "gc", "panel", "next"];

type Args = BTreeMap<String, String>;

impl Manager {
    pub(super) fn on_message(&mut self, message: Message, moment: &Moment, effects: &mut Effects) {
        // A pipe's end of input comes as a message of its own, and is none.
        if message.payload.is_none() && matches!(message.sender, Sender::Cli(_)) {
            return;
        }
        if message.name == BELL {
            if let Some(pane) = message.args.get("pane").and_then(|text| text.parse().ok()) {
                self.on_ring(pane, message.args.get("event").map_or("", String::as_str));
            }
            return;
        }
        // What is sent without a destination reaches every plugin, and is another one's: only the bell is ours. And a
        // layout's Claude pane has nothing to say.
        if !message.private || self.role() == Role::Claude || self.now_ms < self.deaf_until_ms {
            return;
        }
        if !self.acting {
            return self.overhear(message.sender);
        }
        if self.hearing.again(&message, self.now_ms) {
            return;
        }
        if let Err(errors) = &self.birth.options {
            let why = format!("Carrel's configuration has errors: {}", errors.join("; "));
            return self.answer_error(&message.sender, &why, effects);
        }
        if !matches!(self.phase, Phase::Ready(_)) {
            if let Sender::Cli(pipe) = &message.sender {
                effects.push(Effect::HoldPipe(pipe.clone()));
            }
            self.held.push((moment.now_ms + PATIENCE_MS, message));
            return;
        }
        self.carry_out(message, moment.now_ms + PATIENCE_MS, effects);
    }

    /// The actor may hold the caller, and crash: then whoever takes its place has to let the caller go. Nobody else would
    /// (measured on 0.45.1).
    fn overhear(&mut self, sender: Sender) {
        let Sender::Cli(pipe) = sender else { return };
        self.overheard.retain(|(_, other)| *other != pipe);
        self.overheard.push((self.now_ms + GC_PATIENCE_MS + 2 * STALE_MS, pipe));
        let more = self.overheard.len().saturating_sub(MOST_OVERHEARD);
        self.overheard.drain(..more);
    }

    /// An actor that was there a moment ago has answered whoever came long before. Where it was not, the clock may have jumped.
    pub(super) fn forget_overheard(&mut self, lease: Option<Lease>) {
        let now_ms = self.now_ms;
        if lease.is_some_and(|lease| now_ms.abs_diff(lease.renewed_ms) <= STALE_MS) {
            self.overheard.retain(|(until_ms, _)| *until_ms > now_ms);
        }
    }

    /// The actor is silent. Most had been answered and are gone: for them nothing is printed.
    pub(super) fn answer_overheard(&mut self, effects: &mut Effects) {
        for (_, pipe) in std::mem::take(&mut self.overheard) {
            effects.push(Effect::AnswerPipe(pipe, error_line(ACTOR_SILENT)));
        }
    }

    /// Those that came too early, oldest first.
    pub(super) fn pass_held(&mut self, moment: &Moment, effects: &mut Effects) {
        match &self.phase {
            Phase::Ready(_) | Phase::Failed(_) => {
                for (until_ms, message) in std::mem::take(&mut self.held) {
                    self.carry_out(message, until_ms, effects);
                }
            }
            Phase::Waiting | Phase::Booting | Phase::Denied => {
                let (late, early) =
                    std::mem::take(&mut self.held).into_iter().partition(|(at, _)| *at <= moment.now_ms);
                self.held = early;
                let late: Vec<(u64, Message)> = late;
                for (_, message) in late {
                    let why = match self.phase {
                        Phase::Waiting => "Carrel has no permissions yet; answer Zellij's question in its panel",
                        Phase::Denied => "Carrel has no permissions; they were refused",
                        _ => "Carrel is not ready after 5 s; nothing was done, try again",
                    };
                    self.answer_error(&message.sender, why, effects);
                }
            }
        }
    }

    fn carry_out(&mut self, message: Message, until_ms: u64, effects: &mut Effects) {
        let sender = message.sender.clone();
        if let Err(why) = self.try_to_carry_out(message, until_ms, effects) {
            self.answer_error(&sender, &why, effects);
        }
    }

    fn try_to_carry_out(&mut self, message: Message, until_ms: u64, effects: &mut Effects) -> Result<(), String> {
        let args = arguments(&message)?;
        let sender = message.sender;
        match message.name.as_str() {
            "new" => {
                let wish = wish(&args, false)?;
                self.hold_and_wish(wish, sender, until_ms, effects);
            }
            "resume" => {
                let wish = wish(&args, true)?;
                self.hold_and_wish(wish, sender, until_ms, effects);
            }
            "sessions" => {
                only(&args, &["cwd"])?;
                let cwd = absolute_cwd(&args)?;
                if let Sender::Cli(pipe) = sender {
                    self.list_sessions(pipe, cwd, effects);
                }
            }
            "status" => {
                only(&args, &[])?;
                let status = self.status_document();
                self.answer(&sender, &status, effects);
            }
            "check" => {
                only(&args, &[])?;
                // The configuration of the machine is looked at afresh too.
                self.boot(effects);
                if let Sender::Cli(pipe) = sender {
                    effects.push(Effect::HoldPipe(pipe.clone()));
                    self.checks.push((until_ms, pipe));
                }
                self.scan.want_with_disk_use(self.now_ms);
                self.orphans.unkept.clear();
                self.want_orphans(self.now_ms);
            }
            "close" => {
                only(&args, &["pane"])?;
                let pane: DeskId = args.get("pane").ok_or("close needs pane=<uuid>")?.parse()?;
                let now_ms = self.now_ms;
                self.closed_for_ms.retain(|_, closed_ms| now_ms.saturating_sub(*closed_ms) < CLOSED_FOR_MS);
                match self.known.get(&pane).and_then(|known| known.terminal) {
                    Some(terminal) => effects.push(Effect::ClosePane(terminal)),
                    None if self.closed_for_ms.contains_key(&pane) => {}
                    None => return Err(format!("there is no pane {pane} in this session")),
                }
                self.closed_for_ms.entry(pane).or_insert(now_ms);
                let answer = serde_json::json!({"version": 1, "closed": pane.to_string()}).to_string();
                self.answer(&sender, &answer, effects);
            }
            "gc" => {
                only(&args, &["dry_run"])?;
                let dry_run = !args.contains_key("dry_run") || boolean(&args, "dry_run")?;
                let pipe = match sender {
                    Sender::Cli(pipe) => {
                        effects.push(Effect::HoldPipe(pipe.clone()));
                        Some(pipe)
                    }
                    Sender::Key | Sender::Plugin => None,
                };
                self.on_gc(pipe, dry_run);
            }
            "panel" => {
                only(&args, &[])?;
                let shown = !self.is_shown();
                self.show(shown, effects);
                let answer = serde_json::json!({"version": 1, "shown": shown}).to_string();
                self.answer(&sender, &answer, effects);
            }
            "next" => {
                only(&args, &[])?;
                let board = self.board();
                let waiting = order(&board)
                    .into_iter()
                    .find_map(|pane| board.desks.iter().find(|desk| desk.pane == pane && desk.state == State::Waiting));
                let terminal = waiting.and_then(|desk| desk.terminal);
                if let Some(terminal) = terminal {
                    effects.push(Effect::FocusPane(terminal));
                }
                let answer = serde_json::json!({"version": 1, "terminal": terminal.map(|t| t.0)}).to_string();
                self.answer(&sender, &answer, effects);
            }
            other => return Err(format!("there is no pipe named `{other}`; there are: {}", PIPES.join(", "))),
        }
        Ok(())
    }

    fn hold_and_wish(&mut self, wish: Wish, sender: Sender, until_ms: u64, effects: &mut Effects) {
        if let Sender::Cli(pipe) = &sender {
            effects.push(Effect::HoldPipe(pipe.clone()));
        }
        self.wish(wish, sender, until_ms, effects);
    }

    /// Tells whoever asked; a key binding has nobody to tell.
    pub(super) fn answer(&mut self, sender: &Sender, answer: &str, effects: &mut Effects) {
        if let Sender::Cli(pipe) = sender {
            effects.push(Effect::AnswerPipe(PipeId(pipe.0.clone()), answer.to_string()));
        }
    }

    /// Tells whoever asked; who pressed a key reads it on the panel.
    pub(super) fn answer_error(&mut self, sender: &Sender, why: &str, effects: &mut Effects) {
        // It may quote what was sent, which may be a megabyte.
        let why: &str = &why.chars().take(LONGEST_ERROR).collect::<String>();
        match sender {
            Sender::Cli(pipe) => effects.push(Effect::AnswerPipe(PipeId(pipe.0.clone()), error_line(why))),
            Sender::Key | Sender::Plugin => {
                self.message = Some(why.to_string());
                if !self.is_shown() {
                    self.show(true, effects);
                }
            }
        }
    }
}

/// The arguments of a message: those of `-a`, or one JSON object in the payload, which is all that a key binding has.
fn arguments(message: &Message) -> Result<Args, String> {
    let mut args = message.args.clone();
    let payload = message.payload.as_deref().unwrap_or_default().trim();
    // Only with a payload is an answer printed where the caller has no terminal; `x` is the empty one.
    if payload.is_empty() || payload == "x" {
        return Ok(args);
    }
    let wrong = |why: String| format!("the payload is not a JSON object of arguments ({why}); send x for none");
    let value: serde_json::Value = serde_json::from_str(payload).map_err(|why| wrong(why.to_string()))?;
    let object = value.as_object().ok_or_else(|| wrong("it is another kind of value".to_string()))?;
    for (key, value) in object {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Bool(_) | serde_json::Value::Array(_) => value.to_string(),
            _ => return Err(format!("the argument `{key}` must be a string, true, false, or an array of strings")),
        };
        if args.insert(key.clone(), text).is_some() {
            return Err(format!("the argument `{key}` is given twice"));
        }
    }
    Ok(args)
}

fn only(args: &Args, allowed: &[&str]) -> Result<(), String> {
    let unknown: Vec<&str> = args.keys().map(String::as_str).filter(|key| !allowed.contains(key)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let there_are = if allowed.is_empty() { "none".to_string() } else { allowed.join(", ") };
    Err(format!("unknown argument {}; there are: {there_are}", unknown.join(", ")))
}

fn wish(args: &Args, resuming: bool) -> Result<Wish, String> {
    let mut allowed = vec!["cwd", "method", "claude_args", "floating", "in_place", "request"];
    if resuming {
        allowed.push("session");
    }
    only(args, &allowed)?;
    let mut wish = Wish { request: args.get("request").cloned(), ..Wish::default() };
    wish.cwd = absolute_cwd(args)?;
    if let Some(word) = args.get("method") {
        let there_are = Method::ALL.map(Method::word).join(", ");
        let method =
            Method::from_word(word).ok_or_else(|| format!("method `{word}` is unknown; there are: {there_are}"))?;
        wish.method = Some(method);
    }
    if let Some(text) = args.get("claude_args") {
        let claude_args = parse_claude_args(text)?;
        check_claude_args(&claude_args)?;
        wish.claude_args = Some(claude_args);
    }
    wish.floating = boolean(args, "floating")?;
    wish.in_place = boolean(args, "in_place")?;
    if wish.floating && wish.in_place {
        return Err("a pane is opened floating or in place, not both".to_string());
    }
    if resuming {
        wish.resume = Some(args.get("session").ok_or("resume needs session=<id>")?.parse()?);
    }
    Ok(wish)
}

fn absolute_cwd(args: &Args) -> Result<Option<String>, String> {
    match args.get("cwd") {
        Some(cwd) if !cwd.starts_with('/') || cwd.contains('\0') => Err(format!("cwd `{cwd}` is not an absolute path")),
        cwd => Ok(cwd.cloned()),
    }
}

fn boolean(args: &Args, key: &str) -> Result<bool, String> {
    match args.get(key).map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(format!("{key} is `{other}`; it must be true or false")),
    }
}
