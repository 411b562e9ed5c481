//! Paints a screen with Zellij's own text component, so that it wears the user's theme. The only place that prints.

use zellij_tile::prelude::*;

use crate::view::{Ink, Screen};

/// Paints. Zellij has cleared the pane.
pub fn paint(screen: &Screen, cols: usize) {
    for (row, line) in screen.lines().iter().enumerate() {
        // Zellij complains in its log about a text without text.
        if line.text().is_empty() {
            continue;
        }
        let mut text = Text::new(line.text());
        for span in line.spans() {
            let range = span.start..span.end;
            text = match span.ink {
                Ink::Plain => text.unbold_range(range),
                Ink::Strong => text,
                Ink::Dim => text.dim_range(range),
                Ink::Accent => text.color_range(1, range),
                Ink::Good => text.success_color_range(range),
                Ink::Warn => text.color_range(0, range),
                Ink::Bad => text.error_color_range(range),
            };
        }
        if line.is_selected() {
            text = text.selected();
        }
        print_text_with_coordinates(text, 0, row, Some(cols), None);
    }
}
