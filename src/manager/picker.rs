//! The picker: the user looks for a conversation on the panel and goes on with it. It belongs to the instance whose panel
//! was used, and what it shows, the user's words, is told to nobody else. Knows nothing of how conversations are found.

use super::board::Board;
use super::effect::{Effect, Effects};
use super::event::{Key, Sender};
use super::ids::{SessionId, TerminalId};
use super::launching::{Wish, PATIENCE_MS};
use super::panel::{Conversation, Lies, Listing, PickerScene};
use super::sessions::{Asker, Found};
use super::showing::PAGE;
use super::Manager;

/// How long a filter may be, in characters.
const LONGEST_FILTER: usize = 80;

/// The open picker.
#[derive(Clone, Debug, Default)]
pub(super) struct Picker {
    cwd: Option<String>,
    /// None while the host looks.
    result: Option<Result<Vec<Found>, String>>,
    filter: String,
    selected: Option<SessionId>,
    message: Option<String>,
}

impl Manager {
    /// Opens it for the directory of the desk under the cursor; where there is none, of the pane beside which the panel
    /// stands.
    pub(super) fn open_picker(&mut self, board: &Board, effects: &mut Effects) {
        let desk = self.selection(board).and_then(|pane| board.desks.iter().find(|desk| desk.pane == pane));
        let cwd = desk.and_then(|desk| desk.cwd.clone());
        self.picker = Some(Picker::default());
        self.ask_for_conversations(Asker::Picker, cwd, self.pane_beside(), effects);
    }

    /// The panel has the focus itself: the terminal that had it before is the one that is marked in the panel's tab.
    fn pane_beside(&self) -> Option<TerminalId> {
        let beside = self.panes.iter().find(|pane| pane.focused && pane.tab == self.tab);
        beside.map(|pane| TerminalId(pane.terminal))
    }

    pub(super) fn note_picked_cwd(&mut self, cwd: &str) {
        if let Some(picker) = &mut self.picker {
            picker.cwd = Some(cwd.to_string());
        }
    }

    pub(super) fn on_conversations(&mut self, result: Result<Vec<Found>, String>) {
        if let Some(picker) = &mut self.picker {
            picker.result = Some(result);
            picker.select(|_, _| 0);
        }
    }

    /// What it shows, if it is open.
    pub(super) fn picker_scene(&self) -> Option<PickerScene> {
        let picker = self.picker.as_ref()?;
        let listing = match &picker.result {
            None => Listing::Looking,
            Some(Err(why)) => Listing::Failed(why.clone()),
            Some(Ok(all)) => {
                let board = self.board();
                Listing::Found(picker.shown().map(|found| conversation(found, &board)).collect(), all.len())
            }
        };
        Some(PickerScene {
            cwd: picker.cwd.clone(),
            listing,
            filter: picker.filter.clone(),
            selected: picker.selected.clone(),
            message: picker.message.clone(),
            now_ms: self.clock_ms(),
            home: self.birth.home.clone(),
        })
    }

    pub(super) fn on_picker_key(&mut self, key: Key, effects: &mut Effects) {
        let Some(picker) = &mut self.picker else { return };
        picker.message = None;
        match key {
            Key::Esc => self.picker = None,
            Key::Enter => self.go_on_with_picked(effects),
            Key::Char(letter) if picker.filter.chars().count() < LONGEST_FILTER => {
                picker.filter.push(letter);
                picker.select(|at, _| at);
            }
            Key::Backspace => {
                picker.filter.pop();
                picker.select(|at, _| at);
            }
            Key::Up => picker.select(|at, _| at.saturating_sub(1)),
            Key::Down => picker.select(|at, _| at + 1),
            Key::PageUp => picker.select(|at, _| at.saturating_sub(PAGE)),
            Key::PageDown => picker.select(|at, _| at + PAGE),
            Key::Home => picker.select(|_, _| 0),
            Key::End => picker.select(|_, last| last),
            Key::Char(_) | Key::Other => {}
        }
    }

    pub(super) fn on_conversation_clicked(&mut self, session: SessionId) {
        if let Some(picker) = &mut self.picker {
            picker.selected = Some(session);
        }
    }

    /// Whether the wheel turned over the picker.
    pub(super) fn scrolled_picker(&mut self, to: impl Fn(usize, usize) -> usize) -> bool {
        self.picker.as_mut().map(|picker| picker.select(to)).is_some()
    }

    fn go_on_with_picked(&mut self, effects: &mut Effects) {
        let Some(picker) = &self.picker else { return };
        let Some(found) = picker.shown().find(|found| Some(&found.session) == picker.selected.as_ref()) else { return };
        let (session, lies) = (found.session.clone(), lies(found, &self.board()));
        match lies {
            Lies::Shared => {
                self.picker = None;
                self.make_way(effects);
                let wish = Wish { resume: Some(session), ..Wish::default() };
                self.wish(wish, Sender::Key, self.now_ms + PATIENCE_MS, effects);
            }
            Lies::AtPane(terminal) => {
                self.picker = None;
                self.make_way(effects);
                effects.push(Effect::FocusPane(terminal));
            }
            Lies::AtDesk(pane) => {
                let why = format!(
                    "This conversation lies at the desk of pane {pane}, which is not in this session. Go on with it there; \
                     the pipe gc says whose desk it is."
                );
                if let Some(picker) = &mut self.picker {
                    picker.message = Some(why);
                }
            }
        }
    }
}

impl Picker {
    /// Those that the filter lets through.
    fn shown(&self) -> impl Iterator<Item = &Found> {
        let words: Vec<String> = self.filter.split_whitespace().map(str::to_lowercase).collect();
        let all = self.result.iter().flatten().flatten();
        all.filter(move |found| {
            let title = found.title.to_lowercase();
            words.iter().all(|word| title.contains(word) || found.session.as_str().starts_with(word))
        })
    }

    /// Moves the cursor, from its place and the last place to a new one. One that stands on nothing begins at the top.
    fn select(&mut self, to: impl Fn(usize, usize) -> usize) {
        let shown: Vec<SessionId> = self.shown().map(|found| found.session.clone()).collect();
        let last = shown.len().saturating_sub(1);
        let at = shown.iter().position(|session| Some(session) == self.selected.as_ref());
        self.selected = shown.get(at.map_or(0, |at| to(at, last).min(last))).cloned();
    }
}

fn conversation(found: &Found, board: &Board) -> Conversation {
    Conversation {
        session: found.session.clone(),
        title: found.title.clone(),
        modified_ms: found.modified_s.saturating_mul(1_000),
        bytes: found.bytes,
        lies: lies(found, board),
    }
}

fn lies(found: &Found, board: &Board) -> Lies {
    let Some(pane) = found.pane else { return Lies::Shared };
    let desk = board.desks.iter().find(|desk| desk.pane == pane);
    desk.and_then(|desk| desk.terminal).map_or(Lies::AtDesk(pane), Lies::AtPane)
}
