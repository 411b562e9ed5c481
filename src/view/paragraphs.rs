//! Text that is longer than a line: paragraphs, labelled values, and what is left out where the room ends.
//! Knows nothing of what is told.

use super::bar::many;
use super::screen::{Ink, Line};
use super::width::{chop, fit, pad, width, wrap};

/// A sentence over as many lines as it takes.
pub(super) fn sentence(text: &str, ink: Ink, cols: usize) -> Vec<Line> {
    wrap(text, cols).iter().map(|line| Line::of(line, ink)).collect()
}

/// A sentence behind a mark, its further lines indented as far.
pub(super) fn item(mark: (&str, Ink), text: &str, ink: Ink, cols: usize) -> Vec<Line> {
    hanging(mark, width(mark.0) + 1, &wrap(text, rest(cols, width(mark.0) + 1)), ink)
}

/// A label in a column of its own and a sentence beside it.
pub(super) fn labelled(label: &str, column: usize, text: &str, ink: Ink, cols: usize) -> Vec<Line> {
    beside(label, column, cols, ink, |room| wrap(text, room))
}

/// The same for a path or a command, of which each blank is kept.
pub(super) fn verbatim(label: &str, column: usize, text: &str, ink: Ink, cols: usize) -> Vec<Line> {
    beside(label, column, cols, ink, |room| chop(text, room))
}

fn beside(label: &str, column: usize, cols: usize, ink: Ink, cut: impl Fn(usize) -> Vec<String>) -> Vec<Line> {
    if cols >= column * 2 {
        return hanging((label, Ink::Dim), column, &cut(rest(cols, column)), ink);
    }
    // Too narrow for two columns: the label stands above its text.
    let text = cut(rest(cols, 1));
    let label = Line::of(&fit(label, cols), Ink::Dim);
    std::iter::once(label).chain(text.iter().map(|line| Line::of(" ", Ink::Plain).with(line, ink))).collect()
}

fn hanging((mark, mark_ink): (&str, Ink), column: usize, text: &[String], ink: Ink) -> Vec<Line> {
    let marks = std::iter::once(mark).chain(std::iter::repeat(""));
    marks.zip(text).map(|(mark, text)| Line::of(&pad(mark, column), mark_ink).with(text, ink)).collect()
}

// A text always gets a column, or it would vanish without a trace; the edge of the screen cuts it.
fn rest(cols: usize, taken: usize) -> usize {
    cols.saturating_sub(taken).max(1)
}

/// Paragraphs with an empty line between them, where there is room for that, and cut where there is not even room for them.
pub(super) fn spaced(parts: Vec<Vec<Line>>, room: usize, cols: usize) -> Vec<Line> {
    let parts: Vec<Vec<Line>> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let airy = parts.iter().map(Vec::len).sum::<usize>() + parts.len().saturating_sub(1) <= room;
    let space = |at: usize| (airy && at > 0).then(Line::default);
    let lines = parts.into_iter().enumerate().flat_map(|(at, part)| space(at).into_iter().chain(part)).collect();
    cut(lines, room, cols)
}

/// So many of the lines as there is room for; what is missing is counted.
pub(super) fn cut(mut lines: Vec<Line>, room: usize, cols: usize) -> Vec<Line> {
    let missing = lines.len().saturating_sub(room);
    if missing == 0 || room == 0 {
        lines.truncate(room);
        return lines;
    }
    if room == 1 {
        // No room for a count: the mark of cutting at the end of the only line.
        let text = lines.first().map(|line| format!("{} …", line.text())).unwrap_or_default();
        let ink = lines.first().and_then(|line| line.spans().last()).map_or(Ink::Plain, |span| span.ink);
        return vec![Line::of(&fit(&text, cols), ink)];
    }
    lines.truncate(room - 1);
    lines.push(Line::of(&format!("… {}", many(missing + 1, "more line", "more lines")), Ink::Dim));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn a_label_stands_beside_its_text_and_above_it_where_the_panel_is_narrow() {
        assert_eq!(texts(&labelled("cwd", 5, "one two", Ink::Plain, 10)), ["cwd  one", "     two"]);
        assert_eq!(texts(&verbatim("cwd", 5, "/a  b", Ink::Plain, 6)), ["cwd", " /a  b"]);
    }

    #[test]
    fn what_has_no_room_is_counted_and_never_left_out_in_silence() {
        let lines = || sentence("a b c d", Ink::Bad, 1);
        assert_eq!(texts(&cut(lines(), 4, 20)), ["a", "b", "c", "d"]);
        assert_eq!(texts(&cut(lines(), 3, 20)), ["a", "b", "… 2 more lines"]);
        assert_eq!(texts(&cut(lines(), 1, 20)), ["a …"]);
        assert_eq!(texts(&cut(lines(), 0, 20)), Vec::<&str>::new());
    }
}
