//! Prints the panel's scenes to a plain terminal, in colour: `cargo run --example panel [columns] [rows] [scene]`.
//! Knows nothing of Zellij; the colours are a stand-in for the user's theme.
#![allow(clippy::print_stdout, reason = "printing is what an example is for; only the plugin's stdout is a channel")]

#[path = "../tests/support/scenes.rs"]
mod scenes;

use zellij_carrel::view::{draw, title, Ink, Line, Size};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(default);
    let size = Size { cols: number(0, 80), rows: number(1, 20) };
    let wanted = args.get(2);
    for (name, scene) in scenes::designed() {
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        println!("{name}\n┌ {} ", title(&scene));
        draw(&scene, size).lines().iter().for_each(|line| println!("│{}", painted(line)));
        println!("└{}\n", "─".repeat(size.cols));
    }
}

fn painted(line: &Line) -> String {
    let reverse = if line.is_selected() { "7;" } else { "" };
    let mut chars = line.text().chars();
    let mut text = String::new();
    for span in line.spans() {
        let piece: String = chars.by_ref().take(span.end - span.start).collect();
        text += &format!("\x1b[{reverse}{}m{piece}\x1b[0m", colour(span.ink));
    }
    text
}

fn colour(ink: Ink) -> &'static str {
    match ink {
        Ink::Plain => "39",
        Ink::Strong => "1",
        Ink::Dim => "2",
        Ink::Accent => "36",
        Ink::Good => "32",
        Ink::Warn => "33",
        Ink::Bad => "31",
    }
}
