//! The panel: what it shows, and what its keys and clicks mean. The instance whose panel was used acts, whoever is the
//! actor: a key reaches one instance only.

use super::board::Board;
use super::carrying::Goal;
use super::compatibility;
use super::effect::{Effect, Effects};
use super::event::{Event, Key, Sender};
use super::ids::{DeskId, TerminalId};
use super::launching::{Wish, PATIENCE_MS};
use super::options::Role;
use super::order::{listed, Listed};
use super::panel::{DesksScene, Question, Row, Scene};
use super::seeding::Seeding;
use super::{status, Manager, Moment, Phase};

/// After that time it is looked whether there is something new to show, whatever happened, in milliseconds.
const TELL_MS: u64 = 10_000;
/// How far page up and page down go.
pub(super) const PAGE: usize = 10;

impl Manager {
    /// Everything that is known.
    #[must_use]
    pub fn board(&self) -> Board {
        if !self.acting {
            if let Some(board) = &self.followed {
                return self.with_own_looks(board.clone());
            }
        }
        let mut problems = Vec::new();
        if !self.acting && !self.looked_after && self.ready().is_some() {
            problems.push(
                "No instance of Carrel looks after the desks of this session. Load one: load_plugins { carrel } in the \
                 configuration, or show the panel by its key."
                    .to_string(),
            );
        }
        problems.extend(
            self.orphans.unkept.iter().map(|(pane, (why, _))| format!("The desk of the ended pane {pane}: {why}")),
        );
        if let Some(ready) = self.ready() {
            problems.extend(ready.mended.iter().chain(&self.boot_errors).cloned());
            problems.extend([&ready.claude, &ready.shared].into_iter().filter_map(|found| found.clone().err()));
        }
        if let Some(options) = self.options() {
            let claude = self.claude_version.as_deref();
            problems.extend(compatibility::problems(Some(&self.birth.zellij), claude, options.login));
        }
        problems.extend(self.probe_problems());
        if let Seeding::Failed(why) = &self.seeding {
            problems.push(why.clone());
        }
        Board {
            session: self.session.clone(),
            claude_version: self.claude_version.clone(),
            claude_praise: self.known_of_claude(),
            method: self.options().map(|options| options.method),
            desks: self.desks(),
            leaving: self.closing.iter().filter_map(|(pane, closing)| closing.shown(*pane)).collect(),
            left: self.left(),
            unisolated: self.unisolated(),
            orphans: self.orphan_rows(),
            problems,
        }
    }

    /// What is known of the installed Claude and is no problem.
    fn known_of_claude(&self) -> Option<String> {
        let between = self.claude_version.as_deref().and_then(compatibility::between);
        let known: Vec<String> = between.into_iter().chain(self.probe_praise()).collect();
        (!known.is_empty()).then(|| known.join(" · "))
    }

    /// What the panel shows.
    #[must_use]
    pub fn scene(&self) -> Scene {
        if let Err(errors) = &self.birth.options {
            return Scene::BadConfiguration(errors.clone());
        }
        match &self.phase {
            Phase::Waiting => Scene::AwaitingPermission,
            Phase::Denied => Scene::PermissionDenied,
            Phase::Booting => Scene::Booting,
            Phase::Failed(errors) => Scene::BootFailed(errors.clone()),
            Phase::Ready(_) => {
                if let (Role::Claude, message) = (self.role(), &self.message) {
                    return message.clone().map_or(Scene::Booting, |why| Scene::BootFailed(vec![why]));
                }
                if let Some(picker) = self.picker_scene() {
                    return Scene::Picker(picker);
                }
                Scene::Desks(DesksScene {
                    board: self.board(),
                    selected: self.selected.clone(),
                    asking: self.asking,
                    message: self.message.clone(),
                    now_ms: self.clock_ms(),
                    home: self.birth.home.clone(),
                })
            }
        }
    }

    /// Whether somebody sees the panel.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.visible && !self.suppressed
    }

    /// Zellij paints it: somebody sees it.
    pub fn note_shown(&mut self) {
        self.visible = true;
        self.suppressed = false;
    }

    pub(super) fn show(&mut self, shown: bool, effects: &mut Effects) {
        effects.push(if shown { Effect::ShowPanel } else { Effect::HidePanel });
        self.suppressed = !shown;
        if !shown {
            self.picker = None;
        }
    }

    /// A floating panel hides; one that has its place in a layout stays there.
    pub(super) fn make_way(&mut self, effects: &mut Effects) {
        if self.role() != Role::Panel {
            self.show(false, effects);
        }
    }

    pub(super) fn on_visible(&mut self, visible: bool, effects: &mut Effects) {
        self.visible = visible;
        if visible && !self.acting {
            effects.push(Effect::ReadSnapshot);
        }
    }

    /// The list may be a second old; the next one mends what it got wrong.
    pub(super) fn on_placed(&mut self, suppressed: bool, tab: usize, effects: &mut Effects) {
        self.tab = tab;
        if self.suppressed && !suppressed && !self.acting {
            effects.push(Effect::ReadSnapshot);
        }
        self.suppressed = suppressed;
    }

    pub(super) fn on_snapshot(&mut self, text: Option<&str>) {
        self.followed = text.filter(|_| self.looked_after).and_then(status::read_snapshot);
        self.note_followed();
    }

    pub(super) fn on_key(&mut self, key: Key, _moment: &Moment, effects: &mut Effects) {
        if self.picker.is_some() {
            return self.on_picker_key(key, effects);
        }
        let board = self.board();
        if let Some(asking) = self.asking.take() {
            match asking {
                _ if key != Key::Char('y') => {}
                Question::Close(pane) => self.close_from_panel(&board, pane, effects),
                Question::Adopt(terminal) => self.adopt(&board, terminal, effects),
                Question::Forget(target) => self.wish_changes(&board, target, Goal::Forget),
            }
            return;
        }
        self.message = None;
        match key {
            Key::Char('n') if self.role() != Role::Claude => {
                // Zellij opens where the focus is, and floating beside a floating pane: out of the way first.
                self.make_way(effects);
                self.wish(Wish::default(), Sender::Key, self.now_ms + PATIENCE_MS, effects);
            }
            Key::Char('n') => {
                // A layout's pane that could not be turned into a Claude pane: once more.
                self.boot(effects);
            }
            Key::Char('r') if self.ready().is_some() => self.open_picker(&board, effects),
            Key::Char('c') => {
                if let Some(target) = self.to_carry(&board) {
                    self.wish_changes(&board, target, Goal::Carry);
                }
            }
            Key::Char('d') => self.asking = self.to_carry(&board).map(Question::Forget),
            Key::Char('q') | Key::Esc => self.make_way(effects),
            Key::Char('x') => self.asking = self.selection(&board).map(Question::Close),
            Key::Char('i') => self.asking = self.selected_outside(&board).map(Question::Adopt),
            Key::Enter => self.go_to_selected(&board, effects),
            Key::Up | Key::Char('k') => self.select(&board, |at, _| at.saturating_sub(1)),
            Key::Down | Key::Char('j') => self.select(&board, |at, _| at + 1),
            Key::PageUp => self.select(&board, |at, _| at.saturating_sub(PAGE)),
            Key::PageDown => self.select(&board, |at, _| at + PAGE),
            Key::Home => self.select(&board, |_, _| 0),
            Key::End => self.select(&board, |_, last| last),
            Key::Char(_) | Key::Backspace | Key::Other => {}
        }
    }

    pub(super) fn on_scrolled(&mut self, lines: i32) {
        let by = usize::try_from(lines.unsigned_abs()).unwrap_or(usize::MAX);
        let to = |at: usize, _| if lines < 0 { at.saturating_sub(by) } else { at.saturating_add(by) };
        if !self.scrolled_picker(to) {
            self.select(&self.board(), to);
        }
    }

    /// The first click puts the cursor there, one more goes there.
    pub(super) fn on_row_clicked(&mut self, row: Row, effects: &mut Effects) {
        match row {
            Row::Conversation(session) => self.on_conversation_clicked(session),
            row if self.selected.as_ref() == Some(&row) && self.asking.is_none() => {
                self.go_to_selected(&self.board(), effects);
            }
            row => {
                self.asking = None;
                self.selected = Some(row);
            }
        }
    }

    /// The desk under the cursor, if it is still there.
    pub(super) fn selection(&self, board: &Board) -> Option<DeskId> {
        let Some(Row::Desk(pane)) = self.selected else { return None };
        board.desks.iter().any(|desk| desk.pane == pane).then_some(pane)
    }

    /// The pane of the Claude outside Carrel under the cursor, if it is still there.
    fn selected_outside(&self, board: &Board) -> Option<TerminalId> {
        let Some(Row::Outside(terminal)) = self.selected else { return None };
        board.unisolated.iter().any(|outside| outside.terminal == terminal).then_some(terminal)
    }

    fn go_to_selected(&mut self, board: &Board, effects: &mut Effects) {
        let desk = self.selection(board).and_then(|pane| board.desks.iter().find(|desk| desk.pane == pane));
        let terminal = desk.and_then(|desk| desk.terminal).or_else(|| self.selected_outside(board));
        if let Some(terminal) = terminal {
            self.make_way(effects);
            effects.push(Effect::FocusPane(terminal));
        }
    }

    fn select(&mut self, board: &Board, to: impl Fn(usize, usize) -> usize) {
        let rows: Vec<Row> = listed(board).iter().map(Listed::row).collect();
        let Some(last) = rows.len().checked_sub(1) else { return };
        let at = rows.iter().position(|row| Some(row) == self.selected.as_ref());
        let next = at.map_or(0, |at| to(at, last).min(last));
        self.selected = rows.get(next).cloned();
    }

    fn close_from_panel(&mut self, board: &Board, pane: DeskId, effects: &mut Effects) {
        match board.desks.iter().find(|desk| desk.pane == pane).and_then(|desk| desk.terminal) {
            Some(terminal) => effects.push(Effect::ClosePane(terminal)),
            None => self.message = Some("that pane is gone already".to_string()),
        }
    }

    /// Whether this event alone changes nothing that is shown or marked: of a day's events nearly all are such, and the picture of
    /// all desks takes by far longer to put together than the rest of an update. What becomes due meanwhile is seen by its orders.
    pub(super) fn is_quiet(&self, event: &Event) -> bool {
        if self.attention.due_ms().is_some_and(|at_ms| at_ms <= self.now_ms) {
            return false;
        }
        match event {
            Event::TimeCame | Event::InputCame | Event::MessageTaken => true,
            Event::MarksRead(marks) => marks.is_empty() && self.borrowed.is_empty(),
            Event::PanesStayed => {
                let placed = self.placed.is_none_or(|placed| placed == (self.suppressed, self.tab));
                placed && !self.panes_unread && !self.awaits_a_list()
            }
            _ => false,
        }
    }

    /// Once in a while it is looked all the same.
    pub(super) fn is_time_to_tell(&self) -> bool {
        self.now_ms.abs_diff(self.told_ms) >= TELL_MS
    }

    /// Lets the others see what changed.
    pub(super) fn tell(&mut self, effects: &mut Effects) {
        self.told_ms = self.now_ms;
        if self.selected.is_none() {
            // The cursor stands on what needs the user most.
            self.selected = listed(&self.board()).first().map(Listed::row);
        }
        if !self.acting || self.role() != Role::Manager || self.ready().is_none() {
            return;
        }
        let snapshot = self.snapshot();
        if self.published.as_ref() != Some(&snapshot) {
            effects.push(Effect::PublishSnapshot(snapshot.clone()));
            self.published = Some(snapshot);
        }
    }
}
