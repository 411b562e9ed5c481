//! DRAWS. Pure: from a scene and a size to a screen, and the title of the pane.
//! Knows nothing of Zellij, colours, keys pressed or drawings made before; equal scenes and sizes give equal screens.

mod bar;
mod desks;
mod detail;
mod keys;
mod notices;
mod paragraphs;
mod picker;
mod rows;
mod screen;
mod width;

pub use bar::title;
pub use screen::{Ink, Line, Screen, Span};

use crate::manager::panel::Scene;

/// The room inside the pane's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines from top to bottom.
    pub rows: usize,
    /// Columns from left to right.
    pub cols: usize,
}

/// Draws a scene: at most `size.rows` lines of at most `size.cols` columns, none at all where one of the two is 0.
#[must_use]
pub fn draw(scene: &Scene, size: Size) -> Screen {
    if size.rows == 0 || size.cols == 0 {
        return Screen::default();
    }
    let lines = match scene {
        Scene::Desks(scene) => desks::draw(scene, size),
        Scene::Picker(scene) => picker::draw(scene, size),
        notice => notices::draw(notice, size),
    };
    Screen::new(&lines, size)
}
