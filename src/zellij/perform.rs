//! Orders, carried out. What Zellij answers at once comes back as facts.

use std::io::Write;

use super::cache::Cache;
use super::calls::{ask, open, order};
use super::observe::CALL;
use crate::manager::effect::{Effect, Placement};
use crate::manager::event::Event as Fact;
use crate::manager::ids::TerminalId;
use crate::wire::command::{Command, Place};
use crate::wire::event::{read_cwd, read_focused, read_saved, read_sessions, PaneId};

/// Zellij's log buffer panics the plugin on a line of some 40 kB (measured on 0.45.1).
const LONGEST_LOG: usize = 1_000;

/// Carries out one order.
pub fn perform(effect: Effect, cache: &Cache) -> Vec<Fact> {
    match effect {
        Effect::WakeIn(ms) => order(&Command::SetTimeout(ms as f64 / 1_000.0)),
        Effect::RunHost { call, argv, env } => {
            let context = (CALL, &*call.0.to_string());
            order(&Command::RunCommand { argv: &argv, env: &env, cwd: "/cache", context });
        }
        Effect::ReadSlice { call, file, offset, length } => {
            return vec![Fact::SliceRead { call, bytes: cache.read_slice(&file, offset, length) }]
        }
        Effect::WriteFile { call, file, content } => {
            return vec![Fact::FileWritten { call, result: cache.write(&file, &content) }]
        }
        Effect::OpenPane { call, argv, cwd, placement } => {
            let cwd = cwd.map(host_path);
            let pane = open(&Command::OpenCommandPane { place: place(placement), argv: &argv, cwd: cwd.as_deref() });
            let terminal = match pane {
                Some(PaneId::Terminal(id)) => Some(TerminalId(id)),
                _ => None,
            };
            return vec![Fact::PaneOpened { call, terminal }];
        }
        // An empty name lets the program's own title through (measured on 0.45.1).
        Effect::ClearPaneName(terminal) => order(&Command::RenameTerminalPane(terminal.0, "")),
        Effect::ClosePane(terminal) => order(&Command::CloseTerminalPane(terminal.0)),
        Effect::FocusPane(terminal) => order(&Command::FocusTerminalPane(terminal.0)),
        Effect::SaveSession => match ask(&Command::SaveSession, read_saved) {
            Ok(None) => {}
            Ok(Some(why)) => log(&format!("the session was not saved: {why}")),
            Err(_) => log("Zellij does not say whether it saved the session"),
        },
        Effect::ShowPanel => order(&Command::ShowSelf),
        Effect::HidePanel => order(&Command::HideSelf),
        Effect::HoldPipe(pipe) => order(&Command::BlockCliPipeInput(&pipe.0)),
        Effect::AnswerPipe(pipe, text) => {
            // By its id, never by its name: another caller may use the same name.
            order(&Command::CliPipeOutput(&pipe.0, &format!("{text}\n")));
            order(&Command::UnblockCliPipeInput(&pipe.0));
        }
        Effect::ClaimLease { term, granted } => {
            cache.claim(term, granted);
            return vec![Fact::LeaseClaimed];
        }
        Effect::RenewLease { term, granted } => cache.renew(term, granted),
        Effect::PublishSnapshot(text) => cache.publish(&text),
        Effect::ReadSnapshot => return vec![Fact::SnapshotRead(cache.snapshot())],
        Effect::MarkClosed(pane) => cache.mark(pane),
        Effect::UnmarkClosed(pane) => cache.unmark(pane),
        // Asked once for each wish of a user's, never in turn: both wait for Zellij's other threads.
        Effect::ReadCwd(terminal) => {
            let focused = || ask(&Command::GetFocusedPaneInfo, read_focused).ok().flatten();
            let pane = terminal.map(|terminal| PaneId::Terminal(terminal.0)).or_else(focused);
            let cwd = pane.and_then(|pane| ask(&Command::GetPaneCwd(pane), read_cwd).ok().flatten());
            return vec![Fact::CwdRead(cwd)];
        }
        // Answered from the disk, without Zellij's other threads.
        Effect::ReadSessions => match ask(&Command::GetSessionList, read_sessions) {
            Ok(Ok(sessions)) => {
                return vec![Fact::SessionsListed { living: sessions.live, saved: sessions.resurrectable }]
            }
            Ok(Err(why)) => log(&format!("the sessions cannot be listed: {why}")),
            Err(_) => log("the sessions cannot be listed: Zellij's answer is malformed"),
        },
        Effect::ReadMarks => return vec![Fact::MarksRead(cache.marks())],
        Effect::Log(line) => log(&line),
    }
    vec![]
}

fn place(placement: Placement) -> Place {
    match placement {
        Placement::Tiled => Place::Tiled,
        Placement::Floating => Place::Floating,
        Placement::InPlace => Place::InPlace,
        Placement::InPlaceOfPlugin => Place::InPlaceOfPlugin,
    }
}

/// Zellij takes a cwd below one of these for the plugin's own view of the disk; `/..` is the root again (measured).
fn host_path(path: String) -> String {
    let translated = ["/host", "/data", "/cache", "/tmp"].iter().any(|root| path.starts_with(root));
    if translated {
        format!("/..{path}")
    } else {
        path
    }
}

/// Writes one line to Zellij's log, and never fails.
pub fn log(line: &str) {
    let cut: String = line.chars().take(LONGEST_LOG).collect();
    let _ = writeln!(std::io::stderr(), "carrel: {}", cut.replace('\n', " "));
}
