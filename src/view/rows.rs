//! One row for each desk and each Claude outside Carrel, in columns that drop out as the panel gets narrower.
//! Knows nothing of scrolling and of what stands above and below the rows.

use super::screen::{Ink, Line};
use super::width::{fit, fit_left, pad, width};
use crate::manager::board::{Desk, Health, State, Unisolated};
use crate::manager::order::Listed;
use crate::manager::panel::DesksScene;

/// How wide each column is; 0 for one that has no room.
pub(super) struct Columns {
    gap: usize,
    widths: [usize; 6],
}

/// In front of each row: the cursor, and whether something was changed there.
const MARK: usize = 2;
const GLYPH: usize = 1;
const STATE: usize = GLYPH + 1 + "permission".len();
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
    /// The columns for these rows on a panel of this width.
    pub(super) fn new(listed: &[Listed], cols: usize) -> Self {
        let pane = listed.iter().map(|one| width(&name(one))).max().unwrap_or(0).clamp(2, 6);
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
        (health == HEALTH).then(|| self.row(Line::of("  ", Ink::Accent), cells))
    }

    /// The row of one of them.
    pub(super) fn of(&self, one: &Listed, selected: bool, scene: &DesksScene) -> Line {
        let [pane, state, directory, session, health, _] = self.widths;
        let (what, cwd, id, verdict, old) = match one {
            Listed::Desk(desk) => {
                let (glyph, ink) = health_mark(desk);
                let verdict = (marked(glyph, desk.health.word(), health), ink);
                ((desk.state, doing(desk)), &desk.cwd, &desk.session, verdict, age(desk.opened_ms, scene.now_ms))
            }
            Listed::Outside(outside) => {
                let state = outside.process.as_ref().map_or(State::Unknown, |process| process.state);
                let (cwd, id) =
                    outside.process.as_ref().map_or((&None, &None), |process| (&process.cwd, &process.session));
                let verdict = (marked('!', "unisolated", health), Ink::Bad);
                ((state, state.word()), cwd, id, verdict, String::new())
            }
        };
        let (glyph, ink) = state_mark(what.0);
        let unknown = || ("–".to_string(), Ink::Dim);
        let cells = [
            (fit(&name(one), pane), Ink::Strong),
            (marked(glyph, what.1, state), ink),
            cwd.as_ref().map_or_else(unknown, |cwd| (path(cwd, scene.home.as_deref(), directory), Ink::Plain)),
            id.as_ref().map_or_else(unknown, |id| (id.as_str().chars().take(session).collect(), Ink::Dim)),
            verdict,
            (format!("{old:>AGE$}"), Ink::Dim),
        ];
        let changed = matches!(one, Listed::Desk(desk) if desk.changed.count > 0);
        let cursor = Line::of(if selected { "›" } else { " " }, Ink::Accent);
        let mark = if changed { cursor.with("+", Ink::Warn) } else { cursor.with(" ", Ink::Accent) };
        self.row(mark, cells).for_row(one.row(), selected)
    }

    fn row(&self, mark: Line, cells: [(String, Ink); 6]) -> Line {
        let shown = self.widths.into_iter().zip(cells).filter(|(width, _)| *width > 0);
        shown.enumerate().fold(mark, |line, (at, (width, (text, ink)))| {
            let gap = if at == 0 { 0 } else { self.gap };
            line.with(&" ".repeat(gap), Ink::Plain).with(&pad(&text, width), ink)
        })
    }
}

fn name(one: &Listed) -> String {
    match one {
        Listed::Desk(desk) => pane_name(desk),
        Listed::Outside(outside) => outside_name(outside),
    }
}

/// What a pane is called: Zellij's number of it, or a dash while it has none.
pub(super) fn pane_name(desk: &Desk) -> String {
    desk.terminal.map_or_else(|| "–".to_string(), |terminal| format!("#{terminal}"))
}

/// The same of a pane that is not Carrel's.
pub(super) fn outside_name(outside: &Unisolated) -> String {
    format!("#{}", outside.terminal)
}

/// What its Claude does, in a word: of one that waits, what it waits for.
fn doing(desk: &Desk) -> &str {
    let waits = desk.waiting_for.as_deref().filter(|_| desk.state == State::Waiting);
    let word = waits.and_then(|what| what.split(' ').next()).filter(|word| !word.is_empty());
    word.filter(|word| width(word) + GLYPH < STATE).unwrap_or(desk.state.word())
}

/// A sign and an ink for a verdict. Nothing but a proof is good, and what is not known for a reason deserves a look.
pub(super) fn health_mark(desk: &Desk) -> (char, Ink) {
    match desk.health {
        Health::Isolated => ('√', Ink::Good),
        Health::Mismatch => ('≠', Ink::Bad),
        Health::Leaking | Health::Unsupported => ('!', Ink::Bad),
        Health::Unknown if desk.problems.is_empty() => ('?', Ink::Dim),
        Health::Unknown => ('?', Ink::Warn),
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

/// A path in so many columns, with `~` for the user's HOME.
pub(super) fn path(path: &str, home: Option<&str>, cols: usize) -> String {
    let below = home.filter(|home| home.len() > 1).and_then(|home| path.strip_prefix(home));
    match below.filter(|below| below.is_empty() || below.starts_with('/')) {
        Some(below) => fit_left(&format!("~{below}"), cols),
        None => fit_left(path, cols),
    }
}

/// How long ago that was, in its largest unit.
pub(super) fn age(opened_ms: Option<u64>, now_ms: u64) -> String {
    let Some(opened_ms) = opened_ms else { return "–".to_string() };
    // A clock that was set back makes a desk young, not four billion days old.
    match now_ms.saturating_sub(opened_ms) / 1000 {
        // One that counted seconds would be painted anew each second.
        0..60 => "now".to_string(),
        s @ 60..3_600 => format!("{}m", s / 60),
        s @ 3_600..86_400 => format!("{}h", s / 3_600),
        s => format!("{}d", (s / 86_400).min(999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::board::Method;
    use crate::manager::ids::DeskId;

    #[test]
    fn an_age_is_told_in_its_largest_unit_and_a_clock_set_back_shows_none() {
        const S: u64 = 1000;
        for (seconds, told) in [
            (0, "now"),
            (59, "now"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (86_399, "23h"),
            (86_400, "1d"),
            (86_400 * 5_000, "999d"),
        ] {
            assert_eq!(age(Some(7 * S), (7 + seconds) * S), told);
        }
        assert_eq!(age(Some(9 * S), 8 * S), "now");
        assert_eq!(age(None, 8 * S), "–");
    }

    #[test]
    fn a_path_below_the_home_begins_with_a_tilde_and_one_beside_it_does_not() {
        for (home, told) in [
            (Some("/home/u"), "~/code/app"),
            (Some("/home/u/code/app"), "~"),
            (Some("/home/u/co"), "/home/u/code/app"),
            (Some("/"), "/home/u/code/app"),
            (Some(""), "/home/u/code/app"),
            (None, "/home/u/code/app"),
        ] {
            assert_eq!(path("/home/u/code/app", home, 20), told, "{home:?}");
        }
        assert_eq!(path("/home/u/code/app", Some("/home/u"), 6), "…e/app");
    }

    #[test]
    fn columns_drop_out_in_turn_age_then_session_then_the_words_then_the_directory() {
        let shown = |cols| Columns::new(&[], cols).widths.map(|width| width > 0);
        assert_eq!(shown(67), [true, true, true, true, true, true]);
        assert_eq!(shown(66), [true, true, true, true, true, false]);
        assert_eq!(shown(60), [true, true, true, false, true, false]);
        assert_eq!(shown(14), [true, true, false, false, true, false]);
        let word_and_glyph = |cols| Columns::new(&[], cols).widths;
        assert_eq!(word_and_glyph(50), [2, STATE, 30, 0, GLYPH, 0]);
        assert_eq!(word_and_glyph(31), [2, STATE, 11, 0, GLYPH, 0]);
        assert_eq!(word_and_glyph(26), [2, GLYPH, 17, 0, GLYPH, 0]);
    }

    #[test]
    fn only_a_proof_of_isolation_is_green() {
        use Health::{Isolated, Leaking, Mismatch, Unknown, Unsupported};
        let ink = |health, problems: &[&str]| {
            let problems = problems.iter().map(|problem| (*problem).to_string()).collect();
            health_mark(&Desk { health, problems, ..desk() }).1
        };
        let green = |health| ink(health, &[]) == Ink::Good;
        assert_eq!([Isolated, Mismatch, Leaking, Unsupported, Unknown].map(green), [true, false, false, false, false]);
        assert_eq!([ink(Unknown, &[]), ink(Unknown, &["why"])], [Ink::Dim, Ink::Warn]);
    }

    #[test]
    fn a_desk_that_waits_says_for_what_in_a_word() {
        let told = |state, what: Option<&str>| {
            let desk = Desk { state, waiting_for: what.map(str::to_string), ..desk() };
            doing(&desk).to_string()
        };
        assert_eq!(told(State::Waiting, Some("permission prompt")), "permission");
        assert_eq!(told(State::Waiting, Some("answer")), "answer");
        for odd in [None, Some(""), Some("incomprehensibilities")] {
            assert_eq!(told(State::Waiting, odd), "waiting");
        }
        assert_eq!(told(State::Working, Some("permission prompt")), "working");
    }

    fn desk() -> Desk {
        Desk {
            pane: DeskId(uuid::Uuid::nil()),
            terminal: None,
            method: Method::ConfigDir,
            config_dir: None,
            cwd: None,
            session: None,
            state: State::Idle,
            waiting_for: None,
            health: Health::Unknown,
            proof: None,
            problems: vec![],
            bytes: None,
            opened_ms: None,
            changed: crate::manager::board::Changed::default(),
        }
    }
}
