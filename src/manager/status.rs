//! The status document, version 1: the contract's JSON, and what the actor publishes for the other instances, which is
//! the same document with what only the panel shows. Domain types are turned into these twins and back.

use serde::{Deserialize, Serialize};

use super::board::{Board, Changed, Desk, Health, Leaving, Left, Method, Orphan, Outsider, Proof, State, Unisolated};
use super::ids::TerminalId;
use super::Manager;

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    session: String,
    claude_version: Option<String>,
    method: String,
    panes: Vec<PaneEntry>,
    unisolated: Vec<OutsideEntry>,
    orphans: Vec<OrphanEntry>,
    problems: Vec<String>,
    /// Of `check` alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    claude: Option<ClaudeEntry>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    panel: Option<PanelOnly>,
}

/// The Claude that was found, and what a probe of it has told.
#[derive(Serialize, Deserialize)]
struct ClaudeEntry {
    program: Option<String>,
    honours_config_dir: String,
    shares_login: String,
}

#[derive(Serialize, Deserialize)]
struct PaneEntry {
    pane: String,
    terminal: Option<u32>,
    method: String,
    config_dir: Option<String>,
    cwd: Option<String>,
    session: Option<String>,
    state: String,
    health: String,
    problems: Vec<String>,
    bytes: Option<u64>,
    age_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct OutsideEntry {
    terminal: u32,
    command: String,
}

#[derive(Serialize, Deserialize)]
struct OrphanEntry {
    pane: String,
    bytes: Option<u64>,
    age_s: Option<u64>,
}

/// Pid, start, session, cwd, state.
type Process = (u32, String, Option<String>, Option<String>, String);

/// What the panel shows beyond the contract.
#[derive(Serialize, Deserialize)]
struct PanelOnly {
    leaving: Vec<(String, Option<String>)>,
    waiting_for: Vec<Option<String>>,
    opened_ms: Vec<Option<u64>>,
    /// Pid, environment, transcript.
    proof: Vec<Option<(u32, bool, bool)>>,
    /// Of the Claudes outside.
    processes: Vec<Option<Process>>,
    orphans_opened_ms: Vec<Option<u64>>,
    claude_praise: Option<String>,
    /// Of each desk: the stamp, and how much was changed. What it is stays out of a file that others can read.
    changed: Vec<(String, usize)>,
    /// What closed desks left: pane, name, stamp, how much.
    left: Vec<(String, String, String, usize)>,
}

impl Manager {
    /// The contract's document, in one line.
    pub(super) fn status_document(&self) -> String {
        to_line(&self.told())
    }

    /// The same, and what is known of the Claude that was found.
    pub(super) fn check_document(&self) -> String {
        // While it is asked anew, what it said before may be of another file.
        let probe = self.probe.filter(|_| !self.is_probing()).unwrap_or_default();
        let claude = ClaudeEntry {
            program: self.ready().and_then(|ready| ready.claude.clone().ok()),
            honours_config_dir: probe.honours.word().to_string(),
            shares_login: probe.login.word().to_string(),
        };
        to_line(&Document { claude: Some(claude), ..self.told() })
    }

    fn told(&self) -> Document {
        let mut document = self.document(&self.board());
        document.problems.extend(self.unisolated().iter().map(|outside| {
            format!(
                "Pane #{} runs a Claude that is not isolated: {}. On the panel, i on its row ends it and goes on with its \
                 conversation at a desk of its own.",
                outside.terminal, outside.command
            )
        }));
        document.problems.extend(self.closing.iter().filter_map(|(pane, closing)| {
            closing.shown(*pane)?.failed.map(|why| format!("The desk of the closed pane {pane}: {why}"))
        }));
        document.problems.extend(self.left().iter().map(|left| {
            format!(
                "Something was changed inside the closed pane {} that your own Claude does not have: an MCP server, a trusted \
                 folder, a setting. Show the panel: it says what; c carries it back, d forgets it.",
                left.pane
            )
        }));
        document
    }

    /// What the other instances draw.
    pub(super) fn snapshot(&self) -> String {
        let board = self.board();
        let mut document = self.document(&board);
        // It must not change with time alone.
        document.panes.iter_mut().for_each(|pane| pane.age_s = None);
        document.orphans.iter_mut().for_each(|orphan| orphan.age_s = None);
        document.panel = Some(PanelOnly {
            leaving: board.leaving.iter().map(|l| (l.pane.to_string(), l.failed.clone())).collect(),
            waiting_for: board.desks.iter().map(|desk| desk.waiting_for.clone()).collect(),
            opened_ms: board.desks.iter().map(|desk| desk.opened_ms).collect(),
            proof: board.desks.iter().map(|desk| desk.proof.map(|p| (p.pid, p.environment, p.transcript))).collect(),
            processes: board.unisolated.iter().map(|outside| outside.process.as_ref().map(process)).collect(),
            orphans_opened_ms: board.orphans.iter().map(|orphan| orphan.opened_ms).collect(),
            claude_praise: board.claude_praise.clone(),
            changed: board.desks.iter().map(|desk| (desk.changed.stamp.clone(), desk.changed.count)).collect(),
            left: board.left.iter().map(left_entry).collect(),
        });
        to_line(&document)
    }

    fn document(&self, board: &Board) -> Document {
        let now_ms = self.clock_ms();
        Document {
            version: 1,
            session: board.session.clone(),
            claude_version: board.claude_version.clone(),
            method: board.method.unwrap_or_default().word().to_string(),
            panes: board.desks.iter().map(|desk| pane_entry(desk, now_ms)).collect(),
            unisolated: board.unisolated.iter().map(outside_entry).collect(),
            orphans: board.orphans.iter().map(|orphan| orphan_entry(orphan, now_ms)).collect(),
            problems: board.problems.clone(),
            claude: None,
            panel: None,
        }
    }
}

fn process(outsider: &Outsider) -> Process {
    let session = outsider.session.as_ref().map(ToString::to_string);
    (outsider.pid, outsider.start.clone(), session, outsider.cwd.clone(), outsider.state.word().to_string())
}

fn outsider((pid, start, session, cwd, state): Process) -> Option<Outsider> {
    let session = session.and_then(|id| id.parse().ok());
    Some(Outsider { pid, start, session, cwd, state: State::from_word(&state)? })
}

fn left_entry(left: &Left) -> (String, String, String, usize) {
    (left.pane.to_string(), left.name.clone(), left.changed.stamp.clone(), left.changed.count)
}

fn outside_entry(outside: &Unisolated) -> OutsideEntry {
    OutsideEntry { terminal: outside.terminal.0, command: outside.command.clone() }
}

fn orphan_entry(orphan: &Orphan, now_ms: u64) -> OrphanEntry {
    OrphanEntry {
        pane: orphan.pane.to_string(),
        bytes: orphan.bytes,
        age_s: orphan.opened_ms.map(|opened| now_ms.saturating_sub(opened) / 1_000),
    }
}

fn pane_entry(desk: &Desk, now_ms: u64) -> PaneEntry {
    PaneEntry {
        pane: desk.pane.to_string(),
        terminal: desk.terminal.map(|terminal| terminal.0),
        method: desk.method.word().to_string(),
        config_dir: desk.config_dir.clone(),
        cwd: desk.cwd.clone(),
        session: desk.session.as_ref().map(ToString::to_string),
        state: desk.state.word().to_string(),
        health: desk.health.word().to_string(),
        problems: desk.problems.clone(),
        bytes: desk.bytes,
        age_s: desk.opened_ms.map(|opened| now_ms.saturating_sub(opened) / 1_000),
    }
}

fn to_line(document: &Document) -> String {
    serde_json::to_string(document)
        .unwrap_or_else(|why| format!("{{\"version\":1,\"error\":\"the status cannot be written: {why}\"}}"))
}

/// The answer to a refused request.
pub(super) fn error_line(why: &str) -> String {
    serde_json::json!({"version": 1, "error": why}).to_string()
}

/// Reads what the actor published; nothing of what another version wrote is guessed at.
pub(super) fn read_snapshot(text: &str) -> Option<Board> {
    let document: Document = serde_json::from_str(text).ok()?;
    let extra = document.panel?;
    let mut desks = Vec::new();
    for (at, entry) in document.panes.into_iter().enumerate() {
        desks.push(Desk {
            pane: entry.pane.parse().ok()?,
            terminal: entry.terminal.map(TerminalId),
            method: Method::from_word(&entry.method)?,
            config_dir: entry.config_dir,
            cwd: entry.cwd,
            session: entry.session.and_then(|id| id.parse().ok()),
            state: State::from_word(&entry.state)?,
            waiting_for: extra.waiting_for.get(at).cloned().flatten(),
            health: Health::from_word(&entry.health)?,
            proof: extra.proof.get(at).copied().flatten().map(|(pid, environment, transcript)| Proof {
                pid,
                environment,
                transcript,
            }),
            problems: entry.problems,
            bytes: entry.bytes,
            opened_ms: extra.opened_ms.get(at).copied().flatten(),
            changed: extra.changed.get(at).cloned().map(changed).unwrap_or_default(),
        });
    }
    let leaving =
        extra.leaving.iter().cloned().filter_map(|(pane, failed)| Some(Leaving { pane: pane.parse().ok()?, failed }));
    let left = extra.left.iter().cloned().filter_map(|(pane, name, stamp, count)| {
        Some(Left { pane: pane.parse().ok()?, name, changed: changed((stamp, count)) })
    });
    let orphans = document.orphans.into_iter().enumerate().filter_map(|(at, orphan)| {
        let opened_ms = extra.orphans_opened_ms.get(at).copied().flatten();
        Some(Orphan { pane: orphan.pane.parse().ok()?, bytes: orphan.bytes, opened_ms })
    });
    Some(Board {
        session: document.session,
        claude_version: document.claude_version,
        claude_praise: extra.claude_praise,
        method: Method::from_word(&document.method),
        desks,
        leaving: leaving.collect(),
        left: left.collect(),
        unisolated: document
            .unisolated
            .into_iter()
            .enumerate()
            .map(|(at, outside)| Unisolated {
                terminal: TerminalId(outside.terminal),
                command: outside.command,
                process: extra.processes.get(at).cloned().flatten().and_then(outsider),
            })
            .collect(),
        orphans: orphans.collect(),
        problems: document.problems,
    })
}

fn changed((stamp, count): (String, usize)) -> Changed {
    Changed { stamp, count, ..Changed::default() }
}
