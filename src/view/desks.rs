//! The everyday scene: the list of desks, what stands under it, and the keys, shared out over the rows there are.
//! Knows nothing of what a row or a detail looks like.

use std::ops::Range;

use super::bar;
use super::detail;
use super::keys;
use super::paragraphs::{cut, sentence, spaced, verbatim};
use super::rows::Columns;
use super::screen::{Ink, Line};
use super::width::width;
use super::Size;
use crate::manager::board::{Board, Desk};
use crate::manager::order::{listed, Listed};
use crate::manager::panel::{DesksScene, Row};

/// Most rows that an answer may take from the list.
pub(super) const MESSAGE_ROWS: usize = 3;
/// Least rows above the keys for which one is given to the names of the columns.
const ROWS_FOR_HEAD: usize = 8;
/// Least rows for which details are begun: an empty one, the desk's name, something about it.
const ROWS_FOR_DETAIL: usize = 3;

/// The whole screen.
pub(super) fn draw(scene: &DesksScene, size: Size) -> Vec<Line> {
    if size.rows == 1 {
        return vec![bar::line(scene, size.cols)];
    }
    let foot = foot(scene, size);
    let body = size.rows.saturating_sub(foot.len());
    let listed = listed(&scene.board);
    let mut lines = if listed.is_empty() {
        no_desks(&scene.board, body, size.cols)
    } else {
        list_and_details(scene, &listed, body, size.cols)
    };
    lines.resize(body, Line::default());
    lines.extend(foot);
    lines
}

/// Question or keys, and above them what the last key led to.
fn foot(scene: &DesksScene, size: Size) -> Vec<Line> {
    let keys = match scene.asking {
        Some(asking) => keys::question(asking, &scene.board, size.cols),
        None => keys::everyday(&scene.board, scene.selected.as_ref(), carries(scene), size.cols),
    };
    let told = scene.message.iter().flat_map(|message| sentence(message, Ink::Warn, size.cols)).collect::<Vec<_>>();
    if size.rows == 2 && scene.asking.is_none() && !told.is_empty() {
        // One row is the list's. The keys can be guessed, the answer cannot.
        return cut(told, 1, size.cols);
    }
    let mut foot = cut(told, MESSAGE_ROWS.min(size.rows.saturating_sub(2)), size.cols);
    foot.push(keys);
    foot
}

/// Whether the keys that carry back have something to do: at the desk under the cursor, else of closed ones.
fn carries(scene: &DesksScene) -> bool {
    let changed = |desk: &Desk| desk.changed.count > 0 && scene.selected == Some(Row::Desk(desk.pane));
    !scene.board.left.is_empty() || scene.board.desks.iter().any(changed)
}

fn no_desks(board: &Board, rows: usize, cols: usize) -> Vec<Line> {
    let column = 8;
    let mut ways = verbatim("key", column, "n", Ink::Accent, cols);
    ways.extend(verbatim("shell", column, "zellij pipe -p carrel -n new -- x </dev/null", Ink::Accent, cols));
    let resume = "zellij pipe -p carrel -n resume -a session=<uuid> -- x </dev/null";
    ways.extend(verbatim("resume", column, resume, Ink::Accent, cols));
    let about = "Each desk is a Claude Code pane with a state of its own. One is opened with:";
    let known = board.claude_version.as_ref().map(|version| format!("Claude Code {version}"));
    let known = known
        .into_iter()
        .chain(board.claude_praise.clone())
        .chain(board.method.map(|method| format!("method {}", method.word())));
    let known = known.collect::<Vec<_>>().join(" · ");
    let parts = vec![
        sentence("No desks yet.", Ink::Strong, cols),
        detail::of_board(board, cols),
        sentence(about, Ink::Plain, cols),
        ways,
        sentence(&known, Ink::Dim, cols),
    ];
    spaced(parts, rows, cols)
}

fn list_and_details(scene: &DesksScene, listed: &[Listed], rows: usize, cols: usize) -> Vec<Line> {
    let columns = Columns::new(listed, cols);
    let head = columns.head().filter(|_| rows >= ROWS_FOR_HEAD);
    let selected = listed.iter().find(|one| is_selected(one, scene));
    let about_desk = selected.map(|one| detail::of(one, cols)).unwrap_or_default();
    let about_board = detail::of_board(&scene.board, cols);

    // The list gets what it wants if all has room, else at least half: the rest is told in fewer words.
    let wanted = listed.len() + usize::from(head.is_some());
    let share = |below: usize| wanted.min(rows.saturating_sub(below).max(rows.div_ceil(2)));
    let with_space = |part: &[Line]| part.len() + usize::from(!part.is_empty());
    let list = Some(share(with_space(&about_desk) + with_space(&about_board)))
        .filter(|list| rows - list >= ROWS_FOR_DETAIL)
        .unwrap_or(share(with_space(&about_board)));

    let mut lines: Vec<Line> = head.into_iter().collect();
    let room = list.saturating_sub(lines.len());
    lines.extend(window(listed, scene, &columns, room, cols));

    // Of the rest, what concerns all desks gets what it wants, or half where the one desk's details need room as well.
    let rest = rows.saturating_sub(lines.len());
    let details = if rest / 2 >= ROWS_FOR_DETAIL { with_space(&about_desk).min(rest / 2) } else { 0 };
    let space = usize::from(rest > 1 && !about_board.is_empty());
    let about_board = cut(about_board, rest.saturating_sub(details + space), cols);
    let room = rest.saturating_sub(about_board.len() + space);
    if room >= ROWS_FOR_DETAIL && !about_desk.is_empty() {
        lines.push(Line::default());
        lines.extend(cut(about_desk, room - 1, cols));
    }
    lines.extend(vec![Line::default(); space]);
    lines.extend(about_board);
    lines
}

/// The rows around the cursor, and how many more there are in each direction.
fn window(listed: &[Listed], scene: &DesksScene, columns: &Columns, room: usize, cols: usize) -> Vec<Line> {
    let cursor = listed.iter().position(|one| is_selected(one, scene));
    let (shown, more) = around(cursor, listed.len(), room, cols);
    let rows = listed.iter().skip(shown.start).take(shown.len());
    rows.map(|one| columns.of(one, is_selected(one, scene), scene)).chain(more).collect()
}

fn is_selected(one: &Listed, scene: &DesksScene) -> bool {
    scene.selected.as_ref() == Some(&one.row())
}

/// Which of so many rows there is room for around the cursor, and a line that counts the others.
pub(super) fn around(cursor: Option<usize>, all: usize, room: usize, cols: usize) -> (Range<usize>, Option<Line>) {
    let more = all > room && room > 1;
    let shown = room - usize::from(more);
    // Nothing is remembered between two drawings, so the cursor stays in the middle while the list moves.
    let above = cursor.unwrap_or(0).saturating_sub(shown / 2).min(all.saturating_sub(shown));
    let below = all.saturating_sub(above + shown);
    (above..above + shown, more.then(|| more_line(above, below, cols)))
}

fn more_line(above: usize, below: usize, cols: usize) -> Line {
    let told = |word: &str| {
        let up = (above > 0).then(|| format!("↑ {above}{word}"));
        let down = (below > 0).then(|| format!("↓ {below}{word}"));
        up.into_iter().chain(down).collect::<Vec<_>>().join(" · ")
    };
    let long = format!("  {}", told(" more"));
    let short = if width(&long) <= cols { long } else { told("") };
    Line::of(&short, Ink::Dim)
}
