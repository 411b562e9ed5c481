//! Orders, carried out. What Zellij answers at once comes back as facts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use zellij_tile::prelude::*;

use super::cache::Cache;
use super::observe::{CALL, CALLER};
use crate::manager::effect::{Effect, Placement};
use crate::manager::event::Event as Fact;
use crate::manager::gathering::gather;
use crate::manager::ids::TerminalId;

/// Zellij's log buffer panics the plugin on a line of some 40 kB (measured on 0.45.1).
const LONGEST_LOG: usize = 1_000;

/// Carries out one order of the instance of that name.
pub fn perform(effect: Effect, cache: &Cache, caller: &str) -> Vec<Fact> {
    match effect {
        Effect::WakeIn(ms) => set_timeout(ms as f64 / 1_000.0),
        Effect::RunHost { call, argv, env } => {
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            let context = gather([(CALL.to_string(), call.0.to_string()), (CALLER.to_string(), caller.to_string())]);
            run_command_with_env_variables_and_cwd(&argv, env.into_iter().collect(), PathBuf::from("/cache"), context);
        }
        Effect::ReadSlice { call, file, offset, length } => {
            return vec![Fact::SliceRead { call, bytes: cache.read_slice(&file, offset, length) }]
        }
        Effect::WriteFile { call, file, content } => {
            return vec![Fact::FileWritten { call, result: cache.write(&file, &content) }]
        }
        Effect::AppendFile { call, file, content } => {
            return vec![Fact::FileWritten { call, result: cache.append(&file, &content) }]
        }
        Effect::RemoveCopy(dir) => cache.remove_copy(&dir),
        Effect::OpenPane { call, argv, cwd, placement } => {
            let pane = open(argv, cwd, placement);
            let terminal = match pane {
                Some(PaneId::Terminal(id)) => Some(TerminalId(id)),
                _ => None,
            };
            return vec![Fact::PaneOpened { call, terminal }];
        }
        // An empty name lets the program's own title through (measured on 0.45.1).
        Effect::ClearPaneName(terminal) => rename_terminal_pane(terminal.0, ""),
        Effect::ClosePane(terminal) => close_terminal_pane(terminal.0),
        Effect::FocusPane(terminal) => focus_terminal_pane(terminal.0, false, false),
        Effect::MarkPanes { on, off } => {
            let panes = |terminals: Vec<TerminalId>| terminals.into_iter().map(|id| PaneId::Terminal(id.0)).collect();
            highlight_and_unhighlight_panes(panes(on), panes(off));
        }
        Effect::SaveSession => {
            if let Err(why) = save_session() {
                log(&format!("the session was not saved: {why}"));
            }
        }
        Effect::ShowPanel => show_self(true),
        Effect::HidePanel => hide_self(),
        Effect::HoldPipe(pipe) => block_cli_pipe_input(&pipe.0),
        Effect::AnswerPipe(pipe, text) => {
            // By its id, never by its name: another caller may use the same name.
            cli_pipe_output(&pipe.0, &format!("{text}\n"));
            unblock_cli_pipe_input(&pipe.0);
        }
        Effect::ClaimLease { term, granted } => {
            cache.claim(term, granted);
            return vec![Fact::LeaseClaimed];
        }
        Effect::RenewLease { term, granted } => cache.renew(term, granted),
        Effect::GiveUpLease(term) => cache.give_up(term),
        Effect::PublishSnapshot(text) => cache.publish(&text),
        Effect::ReadSnapshot => return vec![Fact::SnapshotRead(cache.snapshot())],
        Effect::MarkClosed(pane) => cache.mark(pane),
        Effect::UnmarkClosed(pane) => cache.unmark(pane),
        // Asked once for each wish of a user's, never in turn: both wait for Zellij's other threads.
        Effect::ReadCwd(terminal) => {
            let focused = || get_focused_pane_info().ok().map(|(_, pane)| pane);
            let pane = terminal.map(|terminal| PaneId::Terminal(terminal.0)).or_else(focused);
            let cwd = pane.and_then(|pane| get_pane_cwd(pane).ok());
            return vec![Fact::CwdRead(cwd.map(|cwd| cwd.to_string_lossy().into_owned()))];
        }
        // Answered from the disk, without Zellij's other threads.
        Effect::ReadSessions => match get_session_list() {
            Ok(sessions) => {
                let living = gather(sessions.live_sessions.into_iter().map(|session| session.name));
                let saved = gather(sessions.resurrectable_sessions.into_iter().map(|(name, _)| name));
                return vec![Fact::SessionsListed { living, saved }];
            }
            Err(why) => log(&format!("the sessions cannot be listed: {why}")),
        },
        Effect::ReadMarks => return vec![Fact::MarksRead(cache.marks())],
        Effect::Log(line) => log(&line),
    }
    vec![]
}

fn open(argv: Vec<String>, cwd: Option<String>, placement: Placement) -> Option<PaneId> {
    let mut words = argv.into_iter();
    let path = PathBuf::from(words.next()?);
    let command = CommandToRun { path, args: words.collect(), cwd: cwd.map(host_path) };
    let context = BTreeMap::new();
    match placement {
        Placement::Tiled => open_command_pane(command, context),
        Placement::Floating => open_command_pane_floating(command, None, context),
        Placement::InPlace => open_command_pane_in_place(command, context),
        Placement::InPlaceOfPlugin => open_command_pane_in_place_of_plugin(command, true, context),
        Placement::InPlaceOf(terminal) => {
            open_command_pane_in_place_of_pane_id(PaneId::Terminal(terminal.0), command, false, context)
        }
    }
}

/// Zellij takes a cwd below one of these for the plugin's own view of the disk; `/..` is the root again (measured).
fn host_path(path: String) -> PathBuf {
    let translated = ["/host", "/data", "/cache", "/tmp"].iter().any(|root| path.starts_with(root));
    PathBuf::from(if translated { format!("/..{path}") } else { path })
}

/// Writes one line to Zellij's log, and never fails.
pub fn log(line: &str) {
    let cut: String = line.chars().take(LONGEST_LOG).collect();
    let _ = writeln!(std::io::stderr(), "carrel: {}", cut.replace('\n', " "));
}
