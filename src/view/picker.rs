//! The picker: one row for each conversation, what holds the list up, and the keys.
//! Knows nothing of how conversations are found, and of which keys are pressed.

use super::bar::many;
use super::desks::{around, MESSAGE_ROWS};
use super::detail::told_bytes;
use super::keys;
use super::paragraphs::{cut, sentence, spaced};
use super::rows::{age, path};
use super::screen::{Ink, Line};
use super::width::{fit, fit_left, pad, width};
use super::Size;
use crate::manager::panel::{Conversation, Lies, Listing, PickerScene, Row};

/// Mark and blank in front of each row.
const MARK: usize = 2;
const GAP: usize = 2;
const SIZE: usize = 7;
const AGE: usize = 4;
/// Least width of a title for which all that stands beside it is shown, and for which at least its place is.
const TITLE: usize = 24;
const TITLE_AND_PLACE: usize = 12;
/// Least rows for which one is given to an empty line under the head.
const ROWS_FOR_SPACE: usize = 8;
/// The host tells no more.
const MOST: usize = 50;

/// The whole screen.
pub(super) fn draw(scene: &PickerScene, size: Size) -> Vec<Line> {
    let cols = size.cols;
    let rows = match &scene.listing {
        Listing::Found(rows, _) => rows.as_slice(),
        _ => &[],
    };
    let cursor = rows.iter().position(|row| Some(&row.session) == scene.selected.as_ref());
    if size.rows == 1 {
        return vec![one_line(scene, cursor.and_then(|at| rows.get(at)), cols)];
    }
    let told = scene.message.iter().flat_map(|message| sentence(message, Ink::Warn, cols)).collect();
    let mut foot = cut(told, MESSAGE_ROWS.min(size.rows.saturating_sub(2)), cols);
    foot.push(keys::picker(!rows.is_empty(), cols));
    let room = size.rows - foot.len();
    let mut lines = vec![head(scene, cols)];
    if room >= ROWS_FOR_SPACE {
        lines.push(Line::default());
    }
    // Of two rows beside the keys one is the list's.
    lines.truncate(room.saturating_sub(1));
    let room = room - lines.len();
    if rows.is_empty() {
        lines.extend(spaced(instead(scene, cols), room, cols));
    } else {
        let (shown, more) = around(cursor, rows.len(), room, cols);
        let columns = Columns::new(rows, cols);
        let visible = rows.iter().enumerate().skip(shown.start).take(shown.len());
        lines.extend(visible.map(|(at, row)| columns.row(row, Some(at) == cursor, scene.now_ms)));
        lines.extend(more);
    }
    lines.resize(size.rows - foot.len(), Line::default());
    lines.extend(foot);
    lines
}

/// Where is looked, how many there are, and what the user typed.
fn head(scene: &PickerScene, cols: usize) -> Line {
    let count = match &scene.listing {
        Listing::Found(_, MOST) => format!("The newest {MOST} conversations"),
        Listing::Found(_, all) => many(*all, "conversation", "conversations"),
        Listing::Looking | Listing::Failed(_) => "Conversations".to_string(),
    };
    let filter = if scene.filter.is_empty() { String::new() } else { format!("  with {}", scene.filter) };
    let line = Line::of(&count, Ink::Strong);
    let room = cols.saturating_sub(width(&count) + width(&filter) + width(" in "));
    let line = match &scene.cwd {
        Some(cwd) if room > 1 => line.with(" in ", Ink::Dim).with(&path(cwd, scene.home.as_deref(), room), Ink::Plain),
        _ => line,
    };
    // What was typed is on the screen even where it leaves no room for the rest.
    if width(line.text()) + width(&filter) > cols {
        return Line::of(&fit_left(filter.trim_start(), cols), Ink::Accent);
    }
    line.with(&filter, Ink::Accent)
}

fn instead(scene: &PickerScene, cols: usize) -> Vec<Vec<Line>> {
    match &scene.listing {
        Listing::Looking => vec![sentence("Looking…", Ink::Dim, cols)],
        Listing::Failed(why) => vec![sentence(why, Ink::Bad, cols)],
        Listing::Found(_, 0) => vec![
            sentence("There is none that could be gone on with.", Ink::Plain, cols),
            sentence("A conversation is found where it was begun.", Ink::Dim, cols),
        ],
        Listing::Found(..) => vec![sentence("None has these words in its title.", Ink::Plain, cols)],
    }
}

fn one_line(scene: &PickerScene, selected: Option<&Conversation>, cols: usize) -> Line {
    let (text, ink) = match (&scene.message, &scene.listing, selected) {
        (Some(message), ..) => (message.clone(), Ink::Warn),
        (None, Listing::Failed(why), _) => (why.clone(), Ink::Bad),
        (None, _, Some(row)) => (format!("› {}", titled(row)), Ink::Plain),
        (None, Listing::Looking, None) => ("Looking for conversations…".to_string(), Ink::Dim),
        (None, Listing::Found(..), None) => ("No conversations. Esc goes back.".to_string(), Ink::Plain),
    };
    Line::of(&fit(&text, cols), ink)
}

/// How wide each column is; 0 for one that has no room or nothing to say.
struct Columns {
    title: usize,
    place: usize,
    size: usize,
    age: usize,
}

impl Columns {
    fn new(rows: &[Conversation], cols: usize) -> Self {
        let place = rows.iter().map(|row| width(&told_place(row.lies))).max().unwrap_or(0);
        let room = cols.saturating_sub(MARK);
        let with = |width: usize| if width > 0 { width + GAP } else { 0 };
        let shapes = [(SIZE, AGE, TITLE), (0, AGE, TITLE), (0, 0, TITLE_AND_PLACE)];
        let fits = |(size, age, least): (usize, usize, usize)| {
            let title = room.checked_sub(with(place) + with(size) + with(age)).filter(|title| *title >= least)?;
            Some(Columns { title, place, size, age })
        };
        shapes.into_iter().find_map(fits).unwrap_or(Columns { title: room, place: 0, size: 0, age: 0 })
    }

    fn row(&self, row: &Conversation, selected: bool, now_ms: u64) -> Line {
        let title_ink = if row.title.is_empty() { Ink::Dim } else { Ink::Plain };
        let cells = [
            (self.place, told_place(row.lies), Ink::Accent),
            (self.size, format!("{:>SIZE$}", row.bytes.map(told_bytes).unwrap_or_default()), Ink::Dim),
            (self.age, format!("{:>AGE$}", age(Some(row.modified_ms), now_ms)), Ink::Dim),
        ];
        let first = Line::of(if selected { "› " } else { "  " }, Ink::Accent)
            .with(&pad(&fit(&titled(row), self.title), self.title), title_ink);
        let shown = cells.into_iter().filter(|(width, ..)| *width > 0);
        let line = shown.fold(first, |line, (width, text, ink)| {
            line.with(&" ".repeat(GAP), Ink::Plain).with(&pad(&text, width), ink)
        });
        line.for_row(Row::Conversation(row.session.clone()), selected)
    }
}

fn titled(row: &Conversation) -> String {
    if row.title.is_empty() {
        format!("(no title) {}", row.session)
    } else {
        row.title.clone()
    }
}

fn told_place(lies: Lies) -> String {
    match lies {
        Lies::Shared => String::new(),
        Lies::AtPane(terminal) => format!("#{terminal}"),
        Lies::AtDesk(_) => "elsewhere".to_string(),
    }
}
