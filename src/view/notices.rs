//! The scenes in which there are no desks to show: what holds Carrel up, what that means, how to mend it.
//! Knows the scene and nothing of how it came about.

use super::bar::{many, title};
use super::keys;
use super::paragraphs::{item, labelled, sentence, spaced, verbatim};
use super::screen::{Ink, Line};
use super::width::fit;
use super::Size;
use crate::manager::panel::Scene;

/// Least rows for which one is given to the keys: below, the text needs them all.
const ROWS_FOR_KEYS: usize = 4;
const RELOAD: &str = "zellij action start-or-reload-plugin carrel";

/// Wide enough for the longest permission's name and a blank.
const PERMISSION: usize = 23;
const PERMISSIONS: [(&str, &str); 4] = [
    ("ReadApplicationState", "sees which panes there are"),
    ("ChangeApplicationState", "focuses, closes and marks Claude's panes"),
    ("RunCommands", "opens panes; makes, keeps and cleans desks"),
    ("ReadCliPipes", "answers `zellij pipe`"),
];

/// The whole screen of such a scene; nothing for the others.
pub(super) fn draw(scene: &Scene, size: Size) -> Vec<Line> {
    let cols = size.cols;
    let parts = match scene {
        Scene::AwaitingPermission => awaiting(cols),
        Scene::PermissionDenied => denied(cols),
        Scene::BadConfiguration(errors) => configuration(errors, cols),
        Scene::Booting => booting(cols),
        Scene::BootFailed(errors) => boot_failed(errors, cols),
        Scene::Desks(_) | Scene::Picker(_) => Vec::new(),
    };
    if size.rows == 1 {
        return vec![one_line(scene, cols)];
    }
    // While Zellij's question is open the keys belong to it.
    let keys = size.rows >= ROWS_FOR_KEYS && *scene != Scene::AwaitingPermission;
    let room = size.rows - usize::from(keys);
    let mut lines = spaced(parts, room, cols);
    if keys {
        lines.resize(room, Line::default());
        lines.push(keys::notice(cols));
    }
    lines
}

fn one_line(scene: &Scene, cols: usize) -> Line {
    let (text, ink) = match scene {
        Scene::AwaitingPermission => ("Carrel asks for permission: y grants it, n refuses.".to_string(), Ink::Warn),
        Scene::Booting => ("Carrel is getting ready…".to_string(), Ink::Dim),
        Scene::BootFailed(errors) => (format!("Carrel could not get ready: {}", errors.join(" ")), Ink::Bad),
        Scene::BadConfiguration(errors) => (format!("{}: {}", title(scene), errors.join(" ")), Ink::Bad),
        Scene::PermissionDenied => ("Permission denied. Reload Carrel, and answer with y.".to_string(), Ink::Bad),
        Scene::Desks(_) | Scene::Picker(_) => (title(scene), Ink::Plain),
    };
    Line::of(&fit(&text, cols), ink)
}

fn awaiting(cols: usize) -> Vec<Vec<Line>> {
    let mut parts = vec![
        sentence("Carrel asks for your permission.", Ink::Strong, cols),
        sentence(
            "Zellij puts the question: y grants it, n refuses. Until then nothing opens, and pipes wait.",
            Ink::Plain,
            cols,
        ),
    ];
    let each = PERMISSIONS.iter().flat_map(|(name, why)| labelled(name, PERMISSION, why, Ink::Plain, cols));
    parts.push(each.collect());
    parts
}

fn denied(cols: usize) -> Vec<Vec<Line>> {
    let file =
        "If it does not ask, remove Carrel's entry from permissions.kdl in Zellij's cache directory, and reload again:";
    let stopped = "Without it nothing is opened, watched, kept or deleted, and no pipe is answered. Open panes go on.";
    let mut steps = step("1.", "Reload Carrel, or start the session again:", cols);
    steps.extend(verbatim("", 3, RELOAD, Ink::Accent, cols));
    steps.extend(step("2.", "Answer Zellij's question with y.", cols));
    steps.extend(step("3.", file, cols));
    steps.extend(verbatim("", 3, "~/.cache/zellij/permissions.kdl", Ink::Accent, cols));
    // How to mend it stands before what it means: a small panel has room for one of the two.
    vec![
        sentence("Permission denied: Carrel can do nothing.", Ink::Bad, cols),
        steps,
        sentence(stopped, Ink::Plain, cols),
    ]
}

fn configuration(errors: &[String], cols: usize) -> Vec<Vec<Line>> {
    let head = format!("The configuration has {}.", many(errors.len(), "error", "errors"));
    let mend = "Nothing is done until this is mended: in Carrel's block of config.kdl, or in the layout. Then start the session again.";
    vec![sentence(&head, Ink::Bad, cols), listed(errors, cols), sentence(mend, Ink::Plain, cols)]
}

fn booting(cols: usize) -> Vec<Vec<Line>> {
    let told = "Carrel prepares its state directory and its launcher, and looks for Claude. What you ask for meanwhile is done right after.";
    vec![sentence("Getting ready…", Ink::Strong, cols), sentence(told, Ink::Dim, cols)]
}

fn boot_failed(errors: &[String], cols: usize) -> Vec<Vec<Line>> {
    let mut mend = sentence("Nothing was opened and nothing deleted. Mend this, then reload Carrel:", Ink::Plain, cols);
    mend.extend(verbatim("", 2, RELOAD, Ink::Accent, cols));
    vec![sentence("Carrel could not get ready.", Ink::Bad, cols), listed(errors, cols), mend]
}

fn listed(errors: &[String], cols: usize) -> Vec<Line> {
    errors.iter().flat_map(|error| item(("!", Ink::Bad), error, Ink::Plain, cols)).collect()
}

fn step(number: &str, text: &str, cols: usize) -> Vec<Line> {
    item((number, Ink::Dim), text, Ink::Plain, cols)
}
