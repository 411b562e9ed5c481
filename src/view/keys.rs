//! The last line: which keys do what, or the question that the next key answers. Always one line, however narrow.
//! Knows the keys' names and nothing of what pressing one leads to.

use super::screen::{Ink, Line};
use super::width::width;
use crate::manager::board::Board;
use crate::manager::event::Key;
use crate::manager::ids::{DeskId, TerminalId};
use crate::manager::panel::{Question, Row};

type Hint = (&'static str, &'static str);

/// From all hints to none; each step drops the one that is missed least.
const EVERYDAY: &[&[Hint]] = &[
    &[("n", "new"), ("r", "resume"), ("Enter", "focus"), ("x", "close"), ("↑↓/j k", "move"), ("q/Esc", "hide")],
    &[("n", "new"), ("r", "resume"), ("Enter", "focus"), ("x", "close"), ("↑↓", "move"), ("q", "hide")],
    &[("n", "new"), ("r", "resume"), ("Enter", "focus"), ("x", "close"), ("q", "hide")],
    &[("n", "new"), ("Enter", "focus"), ("x", "close"), ("q", "hide")],
    &[("n", "new"), ("x", "close"), ("q", "hide")],
    &[("n", "new"), ("q", "hide")],
    &[("n", "new")],
];
const OUTSIDE: &[&[Hint]] = &[
    &[("i", "isolate"), ("Enter", "focus"), ("n", "new"), ("r", "resume"), ("↑↓/j k", "move"), ("q/Esc", "hide")],
    &[("i", "isolate"), ("Enter", "focus"), ("n", "new"), ("r", "resume"), ("q", "hide")],
    &[("i", "isolate"), ("Enter", "focus"), ("n", "new"), ("q", "hide")],
    &[("i", "isolate"), ("n", "new"), ("q", "hide")],
    &[("i", "isolate"), ("q", "hide")],
    &[("i", "isolate")],
];
const NO_DESKS: &[&[Hint]] = &[
    &[("n", "new"), ("r", "resume"), ("q/Esc", "hide")],
    &[("n", "new"), ("r", "resume"), ("q", "hide")],
    &[("n", "new"), ("q", "hide")],
    &[("n", "new")],
];
const PICKER: &[&[Hint]] = &[
    &[("Enter", "go on with it"), ("↑↓", "move"), ("a…z", "filter"), ("Esc", "back")],
    &[("Enter", "go on"), ("↑↓", "move"), ("a…z", "filter"), ("Esc", "back")],
    &[("Enter", "go on"), ("a…z", "filter"), ("Esc", "back")],
    &[("Enter", "go on"), ("Esc", "back")],
    &[("Esc", "back")],
];
const NOTHING_TO_PICK: &[&[Hint]] = &[&[("Esc", "back")]];
const NOTICE: &[&[Hint]] = &[&[("q/Esc", "hide")], &[("q", "hide")]];

/// What stands in front of the keys where there is something to be carried back.
const CARRY: &[&[Hint]] = &[&[("c", "carry back"), ("d", "forget")], &[("c", "carry back")]];

/// The keys of the list, for what the cursor stands on; `carry` says that the user changed something that can be carried back.
pub(super) fn everyday(board: &Board, selected: Option<&Row>, carry: bool, cols: usize) -> Line {
    let steps = match selected {
        Some(Row::Outside(terminal)) if board.unisolated.iter().any(|one| one.terminal == *terminal) => OUTSIDE,
        _ if board.desks.is_empty() => NO_DESKS,
        _ => EVERYDAY,
    };
    let carrying: &[&[Hint]] = if carry { CARRY } else { &[] };
    let both = carrying.iter().flat_map(|first| steps.iter().map(|hints| [*first, *hints].concat()));
    let lines = both.map(|hints| hint_line(&hints)).chain(steps.iter().map(|hints| hint_line(hints)));
    first_that_fits(lines, cols).unwrap_or_default()
}

/// The keys of the picker.
pub(super) fn picker(anything: bool, cols: usize) -> Line {
    widest(if anything { PICKER } else { NOTHING_TO_PICK }, cols)
}

/// The keys of a scene that has nothing to choose from.
pub(super) fn notice(cols: usize) -> Line {
    widest(NOTICE, cols)
}

/// The question, with as much of an explanation as fits.
pub(super) fn question(asking: Question, board: &Board, cols: usize) -> Line {
    let (steps, short) = match asking {
        Question::Close(desk) => {
            asked("Close", names(desk, board), ["Claude ends, the conversation is kept.", "The conversation is kept."])
        }
        Question::Adopt(terminal) => adopting(terminal),
        Question::Forget(Some(desk)) => {
            let (long, short) = names(desk, board);
            let what = (format!("what was changed in {long}"), format!("{short}'s changes"));
            asked("Forget", what, ["It stays there and is not asked for again.", "It stays there."])
        }
        Question::Forget(None) => {
            let what = ("what closed panes left".to_string(), "it".to_string());
            asked("Forget", what, ["It is deleted for good.", "It is deleted."])
        }
    };
    let yes = |line: Line| {
        let hint = |line: Line| line.with("y", Ink::Accent).with(" yes", Ink::Plain);
        line.with("  ", Ink::Plain).with_key(Some(Key::Char('y')), hint)
    };
    let mut lines: Vec<Line> = Vec::new();
    lines.extend(steps.iter().map(|(ask, no)| yes(Line::of(ask, Ink::Warn)).with(no, Ink::Plain)));
    lines.push(Line::of(&format!("{short}? "), Ink::Warn).with("y/n", Ink::Accent));
    first_that_fits(lines, cols).unwrap_or_else(|| Line::of("y/n", Ink::Accent))
}

type Steps = Vec<(String, &'static str)>;

/// What is asked of something with a long and a short name, with as much of what is meant as there is room for.
fn asked(verb: &str, (long, short): (String, String), [told, short_told]: [&str; 2]) -> (Steps, String) {
    let steps = vec![
        (format!("{verb} {long}? {told}"), " · any other key no"),
        (format!("{verb} {long}? {short_told}"), " · any other key no"),
        (format!("{verb} {long}?"), " · any other key no"),
        (format!("{verb} {short}?"), " · else no"),
        (format!("{short}?"), " · else no"),
    ];
    (steps, short)
}

fn adopting(terminal: TerminalId) -> (Steps, String) {
    let short = format!("#{terminal}");
    let steps = vec![
        (
            format!("Pane {short} runs a Claude that is not isolated. End it and go on with its conversation at a desk of its own?"),
            " · any other key no",
        ),
        (format!("End the Claude in pane {short} and go on at a desk of its own?"), " · any other key no"),
        (format!("End pane {short}'s Claude and go on at a desk?"), " · else no"),
        (format!("End {short} and isolate it?"), " · else no"),
        (format!("Isolate {short}?"), " · else no"),
    ];
    (steps, short)
}

fn names(id: DeskId, board: &Board) -> (String, String) {
    match board.desks.iter().find(|desk| desk.pane == id).and_then(|desk| desk.terminal) {
        Some(terminal) => (format!("pane #{terminal}"), format!("#{terminal}")),
        None => (format!("desk {}", id.short()), id.short()),
    }
}

fn widest(steps: &[&[Hint]], cols: usize) -> Line {
    first_that_fits(steps.iter().map(|hints| hint_line(hints)), cols).unwrap_or_default()
}

fn hint_line(hints: &[Hint]) -> Line {
    hints.iter().enumerate().fold(Line::default(), |line, (at, (key, what))| {
        let between = if at == 0 { "" } else { " · " };
        let hint = |line: Line| line.with(key, Ink::Accent).with(" ", Ink::Plain).with(what, Ink::Dim);
        line.with(between, Ink::Dim).with_key(named(key), hint)
    })
}

/// The key that a hint names; none of one that names several.
fn named(hint: &str) -> Option<Key> {
    let mut letters = hint.chars();
    match (hint, letters.next(), letters.next()) {
        ("Enter", ..) => Some(Key::Enter),
        ("Esc" | "q/Esc", ..) => Some(Key::Esc),
        (_, Some(letter), None) => Some(Key::Char(letter)),
        _ => None,
    }
}

fn first_that_fits(lines: impl IntoIterator<Item = Line>, cols: usize) -> Option<Line> {
    lines.into_iter().find(|line| width(line.text()) <= cols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_key_line_keeps_its_most_useful_hints_on_a_narrow_panel() {
        let told = |cols| notice(cols).text().to_string() + "|" + widest(EVERYDAY, cols).text();
        assert_eq!(told(80), "q/Esc hide|n new · r resume · Enter focus · x close · ↑↓/j k move · q/Esc hide");
        assert_eq!(told(30), "q/Esc hide|n new · x close · q hide");
        assert_eq!(told(9), "q hide|n new");
        assert_eq!(told(4), "|");
    }

    #[test]
    fn the_question_names_the_pane_at_each_width_that_has_room_for_it() {
        let desk = DeskId(Uuid::from_u128(0x550e_8400 << 96));
        for (cols, asked) in [
            (200, "Close desk 550e84? Claude ends, the conversation is kept.  y yes · any other key no"),
            (60, "Close desk 550e84?  y yes · any other key no"),
            (34, "Close 550e84?  y yes · else no"),
            (12, "550e84? y/n"),
            (10, "y/n"),
        ] {
            assert_eq!(question(Question::Close(desk), &Board::default(), cols).text(), asked);
        }
    }
}
