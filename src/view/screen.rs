//! What a drawing is made of: lines of inked text, and which of the panel's rows lies on which of them.
//! The wall for every promise about size: what goes in may be too wide or too long, what comes out never is.
//! Knows nothing of colours: an ink says what a text means, and the painter finds the user's colour for it.

use std::iter::repeat_n;
use std::ops::Range;

use super::width::{char_width, clean, width};
use super::Size;
use crate::manager::event::Key;
use crate::manager::panel::Row;

/// What a piece of text means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Ordinary text.
    Plain,
    /// A heading, a name that matters.
    Strong,
    /// Labels and what is of no use right now.
    Dim,
    /// A key to press, a command to type, work going on.
    Accent,
    /// Proved to be well.
    Good,
    /// The user should look at it.
    Warn,
    /// Broken.
    Bad,
}

impl Ink {
    /// Every ink, for painters and tests.
    pub const ALL: [Ink; 7] = [Ink::Plain, Ink::Strong, Ink::Dim, Ink::Accent, Ink::Good, Ink::Warn, Ink::Bad];
}

/// A piece of a line in one ink, counted in characters, not in bytes or columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first character.
    pub start: usize,
    /// The character behind the last one.
    pub end: usize,
    /// The ink of them all.
    pub ink: Ink,
}

/// One line of the screen. Its spans lie side by side and cover the text from end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    spans: Vec<Span>,
    selected: bool,
    row: Option<Row>,
    /// Keys that are named on it: from which column to which.
    keys: Vec<(Range<usize>, Key)>,
}

impl Line {
    /// The text, without control characters and without blanks at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its inks, from left to right.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether the cursor is on it. The mark should reach over the whole width of the screen.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        self.selected
    }

    /// A line that begins with this text.
    pub(super) fn of(text: &str, ink: Ink) -> Self {
        Line::default().with(text, ink)
    }

    /// The line with this text behind it, made harmless.
    pub(super) fn with(mut self, text: &str, ink: Ink) -> Self {
        clean(text).chars().for_each(|c| self.push(c, ink));
        self
    }

    /// The line with this behind it; a click there means the key.
    pub(super) fn with_key(mut self, key: Option<Key>, hint: impl FnOnce(Line) -> Line) -> Self {
        let from = width(&self.text);
        self = hint(self);
        let to = width(&self.text);
        self.keys.extend(key.map(|key| (from..to, key)));
        self
    }

    /// The line as one that the cursor can stand on.
    pub(super) fn for_row(mut self, row: Row, selected: bool) -> Self {
        self.row = Some(row);
        self.selected = selected;
        self
    }

    fn push(&mut self, c: char, ink: Ink) {
        self.text.push(c);
        match self.spans.last_mut() {
            Some(span) if span.ink == ink => span.end += 1,
            last => {
                let start = last.map_or(0, |span| span.end);
                self.spans.push(Span { start, end: start + 1, ink });
            }
        }
    }

    fn inked(&self) -> impl Iterator<Item = (char, Ink)> + '_ {
        let inks = self.spans.iter().flat_map(|span| repeat_n(span.ink, span.end - span.start));
        self.text.chars().zip(inks)
    }

    /// The line with the pointer on this column: what a click there means stands out. The line as it is where it means nothing.
    fn pointed(&self, column: usize) -> Self {
        let hint = self.keys.iter().map(|(columns, _)| columns).find(|columns| columns.contains(&column));
        let mut line = Line { text: String::new(), spans: Vec::new(), ..self.clone() };
        let mut at = 0;
        for (first, (c, ink)) in self.inked().enumerate().map(|(n, inked)| (n == 0, inked)) {
            match hint {
                Some(hint) if hint.contains(&at) => line.push(c, Ink::Accent),
                // Where a click puts the cursor there is the shadow of one.
                None if self.row.is_some() && !self.selected && first && c == ' ' => line.push('›', Ink::Dim),
                _ => line.push(c, ink),
            }
            at += char_width(c);
        }
        line
    }

    /// The line in so many columns, its trailing blanks dropped.
    fn clipped(&self, cols: usize) -> Self {
        let mut used = 0;
        let fits = |(c, _): &(char, Ink)| {
            used += char_width(*c);
            used <= cols
        };
        let mut kept: Vec<(char, Ink)> = self.inked().take_while(fits).collect();
        while kept.last().is_some_and(|(c, _)| *c == ' ') {
            kept.pop();
        }
        let mut line =
            Line { selected: self.selected, row: self.row.clone(), keys: self.keys.clone(), ..Line::default() };
        kept.into_iter().for_each(|(c, ink)| line.push(c, ink));
        line
    }
}

/// A drawing of the panel. Two equal ones look alike, so the second needs no painting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    lines: Vec<Line>,
}

impl Screen {
    /// The lines from top to bottom, never more or wider than the size that was asked for.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The key that is named on this line in this column, both counted from 0.
    #[must_use]
    pub fn key_at(&self, line: usize, column: usize) -> Option<Key> {
        let mut keys = self.lines.get(line)?.keys.iter();
        keys.find(|(columns, _)| columns.contains(&column)).map(|(_, key)| *key)
    }

    /// What lies on this line, counted from 0: what a click there means.
    #[must_use]
    pub fn row_at(&self, line: usize) -> Option<&Row> {
        self.lines.get(line)?.row.as_ref()
    }

    /// The screen with the pointer there, line and column counted from 0: what a click would mean stands out.
    #[must_use]
    pub fn pointed(mut self, at: Option<(usize, usize)>) -> Self {
        if let Some((line, column)) = at.and_then(|(line, column)| Some((self.lines.get_mut(line)?, column))) {
            *line = line.pointed(column);
        }
        self
    }

    pub(super) fn new(lines: &[Line], size: Size) -> Self {
        // Without a column there is nothing to see, and a click on it would still open something.
        let rows = if size.cols == 0 { 0 } else { size.rows };
        Screen { lines: lines.iter().take(rows).map(|line| line.clipped(size.cols)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::ids::{DeskId, TerminalId};
    use uuid::Uuid;

    #[test]
    fn neighbours_in_one_ink_are_one_span_and_spans_count_characters() {
        let line = Line::of("日本", Ink::Bad).with("é", Ink::Bad).with("x", Ink::Plain);
        let spans = [Span { start: 0, end: 3, ink: Ink::Bad }, Span { start: 3, end: 4, ink: Ink::Plain }];
        assert_eq!(line.spans(), spans);
    }

    #[test]
    fn no_text_reaches_a_line_with_its_control_characters() {
        assert_eq!(Line::of("a\x1b[31m\n", Ink::Plain).text(), "a\u{fffd}[31m\u{fffd}");
    }

    #[test]
    fn what_is_too_long_or_too_wide_is_cut_at_the_edge_of_the_screen() {
        let lines = vec![Line::of("ab日", Ink::Plain).with("本", Ink::Bad); 3];
        let screen = Screen::new(&lines, Size { rows: 2, cols: 5 });
        assert_eq!(screen.lines().len(), 2);
        assert_eq!(screen.lines()[0].text(), "ab日");
        assert_eq!(screen.lines()[0].spans().len(), 1);
        assert_eq!(Screen::new(&lines, Size { rows: 2, cols: 0 }), Screen::default());
        assert_eq!(Screen::new(&lines, Size { rows: 0, cols: 2 }), Screen::default());
    }

    #[test]
    fn a_click_on_a_named_key_means_that_key_and_beside_it_nothing() {
        let hint = |line: Line| line.with("n", Ink::Accent).with(" new", Ink::Dim);
        let line = Line::of("日 ", Ink::Plain)
            .with_key(Some(Key::Char('n')), hint)
            .with_key(None, |line| line.with("x", Ink::Dim));
        let screen = Screen::new(&[line], Size { rows: 1, cols: 20 });
        let keys = [2, 3, 7, 8].map(|column| screen.key_at(0, column));
        assert_eq!(keys, [None, Some(Key::Char('n')), Some(Key::Char('n')), None]);
        assert_eq!(screen.key_at(1, 3), None);
    }

    #[test]
    fn under_the_pointer_a_named_key_and_a_row_without_the_cursor_stand_out_and_nothing_else_does() {
        let hint = |line: Line| line.with("n", Ink::Accent).with(" new", Ink::Dim);
        let keys = Line::of("日 ", Ink::Plain).with_key(Some(Key::Char('n')), hint).with(" x", Ink::Dim);
        let row = |selected| Line::of("  row", Ink::Plain).for_row(Row::Outside(TerminalId(7)), selected);
        let lines = [keys, row(false), row(true), Line::of("  text", Ink::Plain)];
        let screen = || Screen::new(&lines, Size { rows: 9, cols: 20 });
        let inks =
            |screen: &Screen, line: usize| screen.lines()[line].spans().iter().map(|span| span.ink).collect::<Vec<_>>();

        let over = screen().pointed(Some((0, 6)));
        assert_eq!(inks(&screen(), 0), [Ink::Plain, Ink::Accent, Ink::Dim]);
        assert_eq!(inks(&over, 0), [Ink::Plain, Ink::Accent, Ink::Dim]);
        let words =
            |screen: &Screen| screen.lines()[0].spans().iter().map(|span| span.end - span.start).collect::<Vec<_>>();
        assert_eq!((words(&screen()), words(&over)), (vec![2, 1, 6], vec![2, 5, 2]));
        assert_eq!(over.key_at(0, 6), Some(Key::Char('n')));

        let over = screen().pointed(Some((1, 19)));
        assert_eq!((over.lines()[1].text(), over.row_at(1)), ("› row", screen().row_at(1)));
        assert_eq!(inks(&over, 1), [Ink::Dim, Ink::Plain]);
        for nothing in [None, Some((0, 0)), Some((0, 8)), Some((2, 1)), Some((3, 1)), Some((4, 1))] {
            assert_eq!(screen().pointed(nothing), screen(), "{nothing:?}");
        }
    }

    #[test]
    fn a_click_finds_the_desk_whose_row_it_hits_and_nothing_below_the_last_row() {
        let desk = Row::Desk(DeskId(Uuid::from_u128(7)));
        let lines = [Line::of("head", Ink::Dim), Line::of("row", Ink::Plain).for_row(desk.clone(), true)];
        let screen = Screen::new(&lines, Size { rows: 9, cols: 9 });
        assert_eq!([0, 1, 2].map(|line| screen.row_at(line)), [None, Some(&desk), None]);
    }
}
