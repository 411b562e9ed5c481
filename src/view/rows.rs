//! One row for each desk, in columns that drop out as the panel gets narrower.
//! Knows nothing of scrolling and of what stands above and below the rows.

use super::screen::{Ink, Line};
use super::width::{fit, fit_left, pad, width};
use crate::manager::board::{Desk, Health, State};
use crate::manager::panel::Row;

/// How wide each column is; 0 for one that has no room.
pub(super) struct Columns {
    gap: usize,
    widths: [usize; 6],
}

/// Mark and blank in front of each row.
const MARK: usize = 2;
const GLYPH: usize = 1;
const STATE: usize = GLYPH + 1 + "suspended".len();
const SESSION: usize = 8;
const HEALTH: usize = GLYPH + 1 + "unsupported".len();
const AGE: usize = 4;
const HEADS: [&str; 6] = ["#", "state", "directory", "session", "health", " age"];

/// Gap, state, session, health, age, and the directory's least width for which this is chosen. The widest comes first.
const SHAPES: [[usize; 6]; 5] = [
    [2, STATE, SESSION, HEALTH, AGE, 16],
    [2, STATE, SESSION, HEALTH, 0, 16],
    [2, STATE, 0, HEALTH, 0, 16],
    [1, STATE, 0, GLYPH, 0, 8],
    [1, GLYPH, 0, GLYPH, 0, 6],
];

impl Columns {
    /// The columns for these desks on a panel of this width.
    pub(super) fn new(desks: &[&Desk], cols: usize) -> Self {
        let pane = desks.iter().map(|desk| width(&pane_name(desk))).max().unwrap_or(0).clamp(2, 6);
        let with_room = SHAPES.iter().find_map(|[gap, state, session, health, age, least]| {
            let others = [pane, *state, *session, *health, *age];
            let taken: usize = MARK + others.iter().filter(|w| **w > 0).map(|w| w + gap).sum::<usize>();
            let directory = cols.checked_sub(taken).filter(|room| room >= least)?;
            Some(Columns { gap: *gap, widths: [pane, *state, directory, *session, *health, *age] })
        });
        with_room.unwrap_or(Columns { gap: 1, widths: [pane, GLYPH, 0, 0, GLYPH, 0] })
    }

    /// The line above the rows; none where the columns are too narrow for names.
    pub(super) fn head(&self) -> Option<Line> {
        let [.., health, _] = self.widths;
        let cells = HEADS.map(|head| (head.to_string(), Ink::Dim));
        (health == HEALTH).then(|| self.row("  ", cells))
    }

    /// The row of a desk.
    pub(super) fn desk(&self, desk: &Desk, selected: bool, now_ms: u64) -> Line {
        let [pane, state, directory, session, health, _] = self.widths;
        let (state_glyph, state_ink) = state_mark(desk.state);
        let (health_glyph, health_ink) = health_mark(desk.health);
        let unknown = || ("–".to_string(), Ink::Dim);
        let cells = [
            (fit(&pane_name(desk), pane), Ink::Strong),
            (marked(state_glyph, desk.state.word(), state), state_ink),
            desk.cwd.as_ref().map_or_else(unknown, |cwd| (fit_left(cwd, directory), Ink::Plain)),
            desk.session.as_ref().map_or_else(unknown, |id| (id.as_str().chars().take(session).collect(), Ink::Dim)),
            (marked(health_glyph, desk.health.word(), health), health_ink),
            (format!("{:>AGE$}", age(desk.opened_ms, now_ms)), Ink::Dim),
        ];
        self.row(if selected { "› " } else { "  " }, cells).for_row(Row::Desk(desk.pane), selected)
    }

    fn row(&self, mark: &str, cells: [(String, Ink); 6]) -> Line {
        let shown = self.widths.into_iter().zip(cells).filter(|(width, _)| *width > 0);
        shown.enumerate().fold(Line::of(mark, Ink::Accent), |line, (at, (width, (text, ink)))| {
            let gap = if at == 0 { 0 } else { self.gap };
            line.with(&" ".repeat(gap), Ink::Plain).with(&pad(&text, width), ink)
        })
    }
}

/// What a pane is called: Zellij's number of it, or a dash while it has none.
pub(super) fn pane_name(desk: &Desk) -> String {
    desk.terminal.map_or_else(|| "–".to_string(), |terminal| format!("#{terminal}"))
}

/// A sign and an ink for a verdict. Nothing but a proof is good.
pub(super) fn health_mark(health: Health) -> (char, Ink) {
    match health {
        Health::Isolated => ('√', Ink::Good),
        Health::Mismatch => ('≠', Ink::Bad),
        Health::Leaking | Health::Unsupported => ('!', Ink::Bad),
        Health::Unknown => ('?', Ink::Dim),
    }
}

// Signs from WGL4, which each terminal's font has, and that take one column everywhere.
fn state_mark(state: State) -> (char, Ink) {
    match state {
        State::Starting => ('◦', Ink::Dim),
        State::Working => ('●', Ink::Accent),
        State::Waiting => ('▲', Ink::Warn),
        State::Idle => ('○', Ink::Plain),
        State::Exited => ('×', Ink::Dim),
        State::Suspended => ('□', Ink::Dim),
        State::Unknown => ('?', Ink::Dim),
    }
}

fn marked(glyph: char, word: &str, width: usize) -> String {
    if width == GLYPH {
        glyph.to_string()
    } else {
        format!("{glyph} {word}")
    }
}

/// How long ago that was, in its largest unit.
pub(super) fn age(opened_ms: Option<u64>, now_ms: u64) -> String {
    let Some(opened_ms) = opened_ms else { return "–".to_string() };
    // A clock that was set back makes a desk young, not four billion days old.
    match now_ms.saturating_sub(opened_ms) / 1000 {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3_600 => format!("{}m", s / 60),
        s @ 3_600..86_400 => format!("{}h", s / 3_600),
        s => format!("{}d", (s / 86_400).min(999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit_and_a_clock_set_back_shows_zero() {
        const S: u64 = 1000;
        for (seconds, told) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (86_399, "23h"),
            (86_400, "1d"),
            (86_400 * 5_000, "999d"),
        ] {
            assert_eq!(age(Some(7 * S), (7 + seconds) * S), told);
        }
        assert_eq!(age(Some(9 * S), 8 * S), "0s");
        assert_eq!(age(None, 8 * S), "–");
    }

    #[test]
    fn columns_drop_out_in_turn_age_then_session_then_the_words_then_the_directory() {
        let shown = |cols| Columns::new(&[], cols).widths.map(|width| width > 0);
        assert_eq!(shown(66), [true, true, true, true, true, true]);
        assert_eq!(shown(65), [true, true, true, true, true, false]);
        assert_eq!(shown(59), [true, true, true, false, true, false]);
        assert_eq!(shown(14), [true, true, false, false, true, false]);
        let word_and_glyph = |cols| Columns::new(&[], cols).widths;
        assert_eq!(word_and_glyph(49), [2, STATE, 30, 0, GLYPH, 0]);
        assert_eq!(word_and_glyph(30), [2, STATE, 11, 0, GLYPH, 0]);
        assert_eq!(word_and_glyph(26), [2, GLYPH, 17, 0, GLYPH, 0]);
    }

    #[test]
    fn only_a_proof_of_isolation_is_green() {
        use Health::{Isolated, Leaking, Mismatch, Unknown, Unsupported};
        let green = |health| health_mark(health).1 == Ink::Good;
        assert_eq!([Isolated, Mismatch, Leaking, Unsupported, Unknown].map(green), [true, false, false, false, false]);
    }
}
