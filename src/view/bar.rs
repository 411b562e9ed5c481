//! The panel in a nutshell: one line of counts for a panel of one row, and the pane's title.
//! Knows how many, not which: what is wrong with a desk is told elsewhere.

use super::keys;
use super::screen::{Ink, Line};
use super::width::{fit, width};
use crate::manager::board::{Board, Health, State};
use crate::manager::order::needs_mending;
use crate::manager::panel::{DesksScene, Scene};

/// The pane's title: what is shown, with the counts that matter.
#[must_use]
pub fn title(scene: &Scene) -> String {
    let what = match scene {
        Scene::AwaitingPermission => "asks for permission".to_string(),
        Scene::PermissionDenied => "permission denied".to_string(),
        Scene::BadConfiguration(errors) => many(errors.len(), "configuration error", "configuration errors"),
        Scene::Booting => "getting ready".to_string(),
        Scene::BootFailed(_) => "could not get ready".to_string(),
        Scene::Desks(scene) => counts(&scene.board),
        // Whose pane this is, anybody may see; what the conversations are about, nobody.
        Scene::Picker(_) => "conversations".to_string(),
    };
    format!("Carrel · {what}")
}

/// The one line of the everyday scene: a question, else what the last key led to, else the counts.
pub(super) fn line(scene: &DesksScene, cols: usize) -> Line {
    match (scene.asking, &scene.message) {
        (Some(asking), _) => keys::question(asking, &scene.board, cols),
        (None, Some(message)) => Line::of(&fit(message, cols), Ink::Warn),
        (None, None) => bar(&scene.board, cols),
    }
}

fn counts(board: &Board) -> String {
    let waiting = waiting(board);
    let broken = board.desks.iter().filter(|desk| needs_mending(desk.health)).count();
    let problems = broken + milder(board);
    let mut parts = vec![desks(board)];
    parts.extend((waiting > 0).then(|| format!("{waiting} waiting")));
    let changed = changed(board);
    parts.extend((changed > 0).then(|| format!("{changed} to carry back")));
    parts.extend((problems > 0).then(|| many(problems, "problem", "problems")));
    parts.join(" · ")
}

fn bar(board: &Board, cols: usize) -> Line {
    let of = |health: Health| board.desks.iter().filter(|desk| desk.health == health).count();
    let (waiting, milder) = (waiting(board), milder(board));
    let verdict = |health: Health| (of(health), format!("{} {}", of(health), health.word()), Ink::Bad);
    // In the order of the line, each with its weight: a narrow bar drops the lightest first.
    let parts = [
        (0, (1, desks(board), Ink::Strong)),
        (2, (waiting, many(waiting, "waits", "wait"), Ink::Warn)),
        (5, verdict(Health::Leaking)),
        (4, verdict(Health::Mismatch)),
        (3, verdict(Health::Unsupported)),
        (1, (changed(board), format!("{} to carry back", changed(board)), Ink::Warn)),
        (1, (milder, many(milder, "problem", "problems"), Ink::Warn)),
    ];
    let heavier = |least: u8| {
        let kept = parts.iter().filter(|(weight, (n, ..))| *weight >= least && *n > 0);
        join(kept.map(|(_, (_, text, ink))| (text.as_str(), *ink)))
    };
    let mut lines: Vec<Line> = (0..=5).map(heavier).filter(|line| !line.text().is_empty()).collect();
    match lines.iter().position(|line| width(line.text()) <= cols) {
        Some(fitting) => lines.swap_remove(fitting),
        None => lines.pop().unwrap_or_default(),
    }
}

fn join<'a>(parts: impl Iterator<Item = (&'a str, Ink)>) -> Line {
    parts.enumerate().fold(Line::default(), |line, (at, (text, ink))| {
        line.with(if at == 0 { "" } else { " · " }, Ink::Dim).with(text, ink)
    })
}

/// What is wrong beside the verdicts: desks that are isolated and complain, desks that could not be kept, the rest.
fn milder(board: &Board) -> usize {
    let complaining = board.desks.iter().filter(|desk| !needs_mending(desk.health) && !desk.problems.is_empty());
    let stuck = board.leaving.iter().filter(|leaving| leaving.failed.is_some());
    complaining.count() + stuck.count() + board.unisolated.len() + board.problems.len()
}

/// Desks, open and closed, at which the user changed something.
fn changed(board: &Board) -> usize {
    board.left.len() + board.desks.iter().filter(|desk| desk.changed.count > 0).count()
}

fn waiting(board: &Board) -> usize {
    board.desks.iter().filter(|desk| desk.state == State::Waiting).count()
}

fn desks(board: &Board) -> String {
    match board.desks.len() {
        0 => "no desks".to_string(),
        n => many(n, "desk", "desks"),
    }
}

/// A number with its noun.
pub(super) fn many(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::board::{Desk, Method};
    use crate::manager::ids::DeskId;
    use uuid::Uuid;

    fn desk(state: State, health: Health) -> Desk {
        Desk {
            pane: DeskId(Uuid::nil()),
            terminal: None,
            method: Method::ConfigDir,
            config_dir: None,
            cwd: None,
            session: None,
            state,
            waiting_for: None,
            health,
            proof: None,
            problems: Vec::new(),
            bytes: None,
            opened_ms: None,
            changed: crate::manager::board::Changed::default(),
        }
    }

    #[test]
    fn a_narrow_bar_drops_what_matters_least_and_keeps_the_leak_to_the_last() {
        let desks = vec![
            desk(State::Waiting, Health::Isolated),
            desk(State::Idle, Health::Leaking),
            desk(State::Idle, Health::Isolated),
        ];
        let board = Board { desks, problems: vec!["no bell".to_string()], ..Board::default() };
        for (cols, told) in [
            (60, "3 desks · 1 waits · 1 leaking · 1 problem"),
            (40, "1 waits · 1 leaking · 1 problem"),
            (20, "1 waits · 1 leaking"),
            (18, "1 leaking"),
            (3, "1 leaking"),
        ] {
            assert_eq!(bar(&board, cols).text(), told, "{cols}");
        }
    }
}
