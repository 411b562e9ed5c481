//! Paints a screen with Zellij's own text component, so that it wears the user's theme. The only place that prints.

use super::calls::print;
use crate::view::{Ink, Screen, Span};
use crate::wire::text::{text, Emphasis};

/// Paints. Zellij has cleared the pane.
pub fn paint(screen: &Screen, cols: usize) {
    let mut out = String::new();
    for (row, line) in screen.lines().iter().enumerate() {
        // Zellij complains in its log about a text without text.
        if line.text().is_empty() {
            continue;
        }
        let emphases: Vec<_> = line.spans().iter().filter_map(emphasis).collect();
        out += &text(row, cols, line.text(), line.is_selected(), &emphases);
    }
    print(&out);
}

fn emphasis(span: &Span) -> Option<(Emphasis, std::ops::Range<usize>)> {
    let emphasis = match span.ink {
        Ink::Plain => Emphasis::Unbold,
        Ink::Strong => return None,
        Ink::Dim => Emphasis::Dim,
        Ink::Accent => Emphasis::Second,
        Ink::Good => Emphasis::Success,
        Ink::Warn => Emphasis::First,
        Ink::Bad => Emphasis::Error,
    };
    Some((emphasis, span.start..span.end))
}
