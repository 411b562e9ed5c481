//! Draws the pictures of the manual from a real run: `pictures DIR`, with CARREL_ZELLIJ, CARREL_CLAUDE and CARREL_WASM set
//! (`make pictures` does that). A demo user works in three panes, a fourth Claude was typed into a shell, the panel is shown;
//! what the terminal shows then becomes an SVG, cell by cell. Nothing is drawn by hand.

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs, process::ExitCode};

use serde_json::Value;
use support::claude::{shows_permission_question, shows_prompt};
use support::machine::Machine;
use support::zellij::{key, Client, Setup, Zellij};

const ROWS: u16 = 34;
const COLUMNS: u16 = 116;

/// In pixels.
const CELL: (f32, f32) = (8.0, 17.0);
const FOREGROUND: &str = "#d8dee9";
const BACKGROUND: &str = "#16181d";
const PALETTE: [&str; 16] = [
    "#3b4252", "#e0606b", "#a3be8c", "#ebcb8b", "#81a1c1", "#b48ead", "#88c0d0", "#d8dee9", "#5c6475", "#ee7a85",
    "#b5d19c", "#f3d99b", "#93b4d6", "#c9a2c2", "#9ad3e2", "#eceff4",
];

#[allow(clippy::print_stderr)]
fn main() -> ExitCode {
    let Some(dir) = env::args().nth(1).map(PathBuf::from) else {
        eprintln!("usage: pictures DIR");
        return ExitCode::from(2);
    };
    let written = fs::create_dir_all(&dir)
        .and_then(|()| fs::write(dir.join("panel.svg"), panel()))
        .and_then(|()| fs::write(dir.join("team.svg"), team()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", dir.display());
            ExitCode::FAILURE
        }
    }
}

/// The panel over a pane that waits for a permission.
fn panel() -> String {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().panel_key("Alt p"));
    let mut client = zellij.start_at(ROWS, COLUMNS);
    client.type_line("claude");
    client.wait_screen("a Claude that was typed", shows_prompt);
    open(&zellij);
    for prompt in ["hold: the tests", "run: make deploy > deploy.log"] {
        open(&zellij);
        client.type_line(prompt);
    }
    client.wait_screen("a question", shows_permission_question);
    zellij.wait_status("each in its state", |status| {
        let is = |state: &str| panes(status).iter().any(|pane| pane["state"] == state && pane["health"] == "isolated");
        is("idle")
            && is("working")
            && is("waiting")
            && status["unisolated"].as_array().is_some_and(|all| all.len() == 1)
    });
    client.keys(&key::alt('p'));
    client.wait_screen("the panel", |screen| screen.contains("Carrel ·") && screen.contains("waiting"));
    client.wait_screen("its last look", |screen| screen.contains("is not isolated") || screen.contains("claude"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    picture(&client)
}

/// The layout with a team of four and the panel beside it.
fn team() -> String {
    let machine = Machine::new();
    let setup = Setup::carrel().layout(include_str!("../layouts/team-of-four.kdl"));
    let zellij = Zellij::new(&machine, &setup);
    let client = zellij.start_at(ROWS + 6, COLUMNS + 24);
    zellij.wait_status("a team", |status| {
        let ready = |pane: &Value| pane["state"] == "idle" && pane["health"] == "isolated";
        panes(status).len() == 4 && panes(status).iter().all(ready)
    });
    client.wait_screen("all of them in the panel", |screen| {
        screen.matches("○ idle").count() == 4 && screen.contains("isolated: ")
    });
    picture(&client)
}

/// Opens a pane more, and waits until its Claude is at its prompt.
fn open(zellij: &Zellij) {
    // A name for the request, so that asking again after a lost answer opens nothing twice.
    let request = format!("request=picture-{}", panes(&zellij.status()).len());
    let pane = zellij.ask("new", &request, "").get("pane").cloned().unwrap_or_default();
    zellij.wait_status("Claude's prompt", |status| {
        panes(status).iter().any(|entry| entry["pane"] == pane && entry["state"] == "idle")
    });
}

fn panes(status: &Value) -> &[Value] {
    status["panes"].as_array().map_or(&[], Vec::as_slice)
}

/// What a cell looks like.
#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    ground: Option<String>,
    bold: bool,
    italic: bool,
    underlined: bool,
}

fn look(cell: &vt100::Cell) -> Look {
    let (ink, ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let (ink, ground) = if cell.inverse() {
        (Some(ground.unwrap_or_else(|| BACKGROUND.into())), Some(ink.unwrap_or_else(|| FOREGROUND.into())))
    } else {
        (ink, ground)
    };
    let ink = ink.unwrap_or_else(|| FOREGROUND.into());
    Look { ink, ground, bold: cell.bold(), italic: cell.italic(), underlined: cell.underline() }
}

fn colour(colour: vt100::Color) -> Option<String> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        vt100::Color::Idx(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6)))
        }
        vt100::Color::Idx(index @ 232..) => Some(format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (index - 232))),
        vt100::Color::Idx(index) => PALETTE.get(usize::from(index)).map(|&colour| colour.to_owned()),
    }
}

/// The screen as an SVG; each run of equal cells is put where it belongs, so that no font can shift it.
fn picture(client: &Client) -> String {
    let screen = client.cells();
    let (rows, columns) = screen.size();
    let (width, height) = (f32::from(columns) * CELL.0 + 16.0, f32::from(rows) * CELL.1 + 16.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"13.3\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let start = column;
            let Some(first) = screen.cell(row, column) else { break };
            let style = look(first);
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| look(cell) == style) {
                text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                column += if cell.is_wide() { 2 } else { 1 };
            }
            run(&mut svg, (row, start, column), &style, &text);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn run(svg: &mut String, (row, start, end): (u16, u16, u16), style: &Look, text: &str) {
    let (x, y) = (f32::from(start) * CELL.0 + 8.0, f32::from(row) * CELL.1 + 8.0);
    let width = f32::from(end - start) * CELL.0;
    if let Some(ground) = &style.ground {
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"{ground}\"/>", CELL.1);
    }
    let kept = text.trim_end();
    if kept.is_empty() {
        return;
    }
    // Blanks at the end are not drawn, and must not be stretched over.
    let width = width - (text.chars().count() - kept.chars().count()) as f32 * CELL.0;
    let mut more = String::new();
    for (is, attribute) in [
        (style.bold, " font-weight=\"bold\""),
        (style.italic, " font-style=\"italic\""),
        (style.underlined, " text-decoration=\"underline\""),
    ] {
        more.push_str(if is { attribute } else { "" });
    }
    let text = kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{}\"{more}>{text}</text>",
        y + 13.0,
        style.ink
    );
}
