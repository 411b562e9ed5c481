//! Taking a Claude that somebody typed into a shell to a desk of its own. The user was asked; the host program ends that
//! Claude, if it is still that process and registered in the shared dir; then a pane opens in its place and goes on with its
//! conversation. Whatever fails says why, and its conversation is where it always was.

use super::board::Board;
use super::effect::{Effect, Effects};
use super::event::Sender;
use super::ids::{CallId, TerminalId};
use super::launching::{Wish, PATIENCE_MS};
use super::report;
use super::{Manager, Purpose};

/// The one that is being ended.
#[derive(Clone, Debug)]
pub(super) struct Adopting {
    call: Option<CallId>,
    terminal: TerminalId,
}

impl Manager {
    /// The user said yes.
    pub(super) fn adopt(&mut self, board: &Board, terminal: TerminalId, effects: &mut Effects) {
        if self.adopting.is_some() {
            return;
        }
        let Some(outside) = board.unisolated.iter().find(|outside| outside.terminal == terminal) else {
            self.message = Some("that Claude has ended already".to_string());
            return;
        };
        let shared = self.ready().and_then(|ready| ready.shared.clone().ok());
        let (Some(process), Some(shared)) = (&outside.process, shared) else {
            self.message = Some(
                "this Claude is not in the registry of your shared dir, so Carrel does not know which process it is; end it \
                 yourself, and go on with its conversation by r"
                    .to_string(),
            );
            return;
        };
        self.make_way(effects);
        effects.push(Effect::FocusPane(terminal));
        let words = ["end", &process.pid.to_string(), &process.start, &shared];
        let call = self.run_host(Purpose::End, &words, effects);
        self.adopting = Some(Adopting { call, terminal });
    }

    /// It has ended, or it has not.
    pub(super) fn on_ended(&mut self, call: CallId, stdout: &str, effects: &mut Effects) {
        let Some(Adopting { terminal, .. }) = self.adopting.take_if(|adopting| adopting.call == Some(call)) else {
            return;
        };
        let lines = report::lines(stdout);
        let why = match lines.first().map(|line| (line.tag.as_str(), line.field(0))) {
            Some(("ended", json)) => {
                self.forget_outside(terminal);
                let last = report::entry(json);
                let wish = Wish {
                    cwd: last.cwd,
                    resume: last.session,
                    or_new: true,
                    in_place_of: Some(terminal),
                    ..Wish::default()
                };
                return self.wish(wish, Sender::Key, self.now_ms + PATIENCE_MS, effects);
            }
            Some(("gone", _)) => {
                "that Claude had ended already; its conversation is in your shared dir, and r finds it"
            }
            Some(("refused" | "alive", why)) => why,
            _ => "the host program did not answer; Zellij's log says more",
        };
        self.answer_error(&Sender::Key, why, effects);
    }
}
