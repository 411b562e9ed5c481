//! What stands under the list: what is under the cursor in full, desks on their way out, and what concerns no desk.
//! Knows nothing of how much room there is.

use super::bar::many;
use super::paragraphs::{item, labelled, verbatim};
use super::rows::{health_mark, outside_name, pane_name};
use super::screen::{Ink, Line};
use super::width::wrap;
use crate::manager::board::{Board, Changed, Desk, Health, Leaving, Proof, State, Unisolated};
use crate::manager::compatibility;
use crate::manager::order::{needs_mending, Listed};

/// Column of the labels: the longest of them and two blanks.
const LABEL: usize = 9;

/// Whatever the cursor stands on.
pub(super) fn of(one: &Listed, cols: usize) -> Vec<Line> {
    match one {
        Listed::Desk(desk) => of_desk(desk, cols),
        Listed::Outside(outside) => of_outside(outside, cols),
    }
}

/// A desk in full. What is wrong with it comes first, so that it is what remains where the room ends.
fn of_desk(desk: &Desk, cols: usize) -> Vec<Line> {
    let head = Line::of(&pane_name(desk), Ink::Strong)
        .with(&format!("  desk {} · {}", desk.pane.short(), desk.method.word()), Ink::Dim);
    let waits = desk.waiting_for.as_ref().filter(|_| desk.state == State::Waiting);
    let problem_ink = if needs_mending(desk.health) { Ink::Bad } else { Ink::Warn };
    let health_ink = health_mark(desk).1;
    let size = desk.bytes.map(told_bytes);
    let mut lines = vec![head];
    lines.extend(desk.problems.iter().flat_map(|problem| item(("!", problem_ink), problem, problem_ink, cols)));
    lines.extend(waits.iter().flat_map(|what| labelled("waits", LABEL, what, Ink::Warn, cols)));
    lines.extend(told_changes(&desk.changed).iter().flat_map(|told| labelled("changed", LABEL, told, Ink::Warn, cols)));
    lines.extend(labelled("health", LABEL, told_health(desk), health_ink, cols));
    lines.extend(desk.proof.iter().flat_map(|proof| labelled("proof", LABEL, &told_proof(*proof), Ink::Plain, cols)));
    lines.extend(desk.cwd.iter().flat_map(|cwd| verbatim("cwd", LABEL, cwd, Ink::Plain, cols)));
    lines.extend(desk.session.iter().flat_map(|id| verbatim("session", LABEL, id.as_str(), Ink::Plain, cols)));
    lines.extend(desk.config_dir.iter().flat_map(|dir| verbatim("dir", LABEL, dir, Ink::Plain, cols)));
    lines.extend(size.iter().flat_map(|size| labelled("size", LABEL, size, Ink::Plain, cols)));
    lines
}

fn of_outside(outside: &Unisolated, cols: usize) -> Vec<Line> {
    let head = Line::of(&outside_name(outside), Ink::Strong).with(&format!("  {}", outside.command), Ink::Dim);
    let mut lines = vec![head];
    let told = "This Claude was not opened by Carrel and keeps its state in your shared dir, as any other there does.";
    lines.extend(item(("!", Ink::Bad), told, Ink::Bad, cols));
    lines.extend(labelled(
        "i",
        LABEL,
        "ends it, and goes on with its conversation at a desk of its own",
        Ink::Accent,
        cols,
    ));
    let Some(process) = &outside.process else { return lines };
    lines.extend(labelled("pid", LABEL, &process.pid.to_string(), Ink::Plain, cols));
    lines.extend(process.cwd.iter().flat_map(|cwd| verbatim("cwd", LABEL, cwd, Ink::Plain, cols)));
    lines.extend(process.session.iter().flat_map(|id| verbatim("session", LABEL, id.as_str(), Ink::Plain, cols)));
    lines
}

/// What the user should know whichever desk the cursor is on: what is broken, then what is only slow.
pub(super) fn of_board(board: &Board, cols: usize) -> Vec<Line> {
    let (stuck, under_way): (Vec<&Leaving>, Vec<&Leaving>) =
        board.leaving.iter().partition(|desk| desk.failed.is_some());
    let mut lines = Vec::new();
    lines.extend(stuck.iter().flat_map(|desk| {
        let why = desk.failed.as_deref().unwrap_or_default();
        let told = format!("closed pane, desk {}: {why}", desk.pane.short());
        item(("!", Ink::Bad), &told, Ink::Bad, cols)
    }));
    lines.extend(board.left.iter().flat_map(|left| {
        let told = told_changes(&left.changed).unwrap_or("something".to_string());
        item(("+", Ink::Warn), &format!("changed at the closed desk {}: {told}", left.pane.short()), Ink::Warn, cols)
    }));
    lines.extend(board.problems.iter().flat_map(|problem| item(("!", Ink::Warn), problem, Ink::Warn, cols)));
    lines.extend(under_way.iter().flat_map(|desk| {
        let told = format!("desk {} is closed, its conversation is being kept…", desk.pane.short());
        wrap(&told, cols).iter().map(|line| Line::of(line, Ink::Dim)).collect::<Vec<_>>()
    }));
    // Without desks it stands with all that is known of that Claude.
    let version = board.claude_version.as_ref().filter(|_| !board.desks.is_empty());
    if let Some((version, untried)) = version.and_then(|version| Some((version, compatibility::between(version)?))) {
        let told = format!("Claude Code {version} was {untried}");
        lines.extend(wrap(&told, cols).iter().map(|line| Line::of(line, Ink::Dim)));
    }
    lines
}

/// What was changed, by name where it is known; and what stands in the way.
fn told_changes(changed: &Changed) -> Option<String> {
    let what = match (changed.count, changed.told.is_empty()) {
        (0, _) => None,
        (count, true) => Some(many(count, "thing", "things")),
        (_, false) => Some(changed.told.join("; ")),
    };
    match (what, &changed.trouble) {
        (Some(what), Some(trouble)) => Some(format!("{what} ({trouble})")),
        (what, trouble) => what.or_else(|| trouble.clone()),
    }
}

fn told_health(desk: &Desk) -> &'static str {
    match desk.health {
        Health::Isolated => "isolated: Claude reports from its desk, nothing speaks against it",
        Health::Mismatch => "mismatch: another Claude is at this desk, or in this conversation",
        Health::Leaking => "leaking: it keeps its state in your shared dir, or a part of it",
        Health::Unsupported => "unsupported: the installed Claude ignores the isolation",
        Health::Unknown if desk.problems.is_empty() => "unknown: not proved yet",
        Health::Unknown => "unknown: not proved, for the reason above",
    }
}

fn told_proof(proof: Proof) -> String {
    let environment = if proof.environment { " · started for this desk" } else { "" };
    let transcript = if proof.transcript { "transcript here" } else { "no transcript yet" };
    format!("pid {} reports here{environment} · {transcript}", proof.pid)
}

/// Disk use in a unit that can be read.
pub(super) fn told_bytes(bytes: u64) -> String {
    match bytes {
        b @ 0..1_000 => format!("{b} B"),
        b @ 1_000..1_000_000 => format!("{} kB", b / 1_000),
        b @ 1_000_000..1_000_000_000 => format!("{}.{} MB", b / 1_000_000, b / 100_000 % 10),
        b => format!("{}.{} GB", b / 1_000_000_000, b / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_use_is_told_in_a_unit_that_can_be_read() {
        let sizes = [0, 999, 1_000, 999_999, 12_345_678, 7_890_000_000];
        assert_eq!(sizes.map(told_bytes), ["0 B", "999 B", "1 kB", "999 kB", "12.3 MB", "7.8 GB"]);
    }
}
