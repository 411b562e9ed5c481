//! Zellij's events as facts. Free of branches about desks.

use zellij_tile::prelude::*;

use crate::manager::event::{Event as Fact, Key, Message, PaneFacts, Sender};
use crate::manager::ids::{CallId, PipeId, TerminalId};
use crate::view::Screen;

/// The context key by which a host command's answer finds its way back.
pub const CALL: &str = "call";
/// The one that names who gave the order: what Zellij has to tell one clone while the next one is loading it tells both, and
/// after a reload it tells whoever is there (seen in 0.45.1).
pub const CALLER: &str = "caller";

/// Whether only an instance that has the permissions gets that, of what Carrel hears: what Zellij checks at each event
/// (`check_event_permission`, 0.45.1), and the answer to a command of its own.
pub fn shows_grant(event: &Event, caller: &str) -> bool {
    match event {
        Event::SessionUpdate(..) | Event::PaneClosed(_) | Event::CommandChanged(..) | Event::InputReceived => true,
        Event::RunCommandResult(.., context) => context.get(CALLER).is_some_and(|by| by == caller),
        _ => false,
    }
}

/// What an event says. `plugin` is this plugin's own pane, `caller` this instance's name, `screen` what it last painted.
pub fn facts(event: Event, plugin: u32, caller: &str, screen: Option<&Screen>) -> Vec<Fact> {
    match event {
        Event::PermissionRequestResult(PermissionStatus::Granted) => vec![Fact::PermissionGranted],
        Event::PermissionRequestResult(PermissionStatus::Denied) => vec![Fact::PermissionDenied],
        // Its list of other sessions is only brought up to date when somebody asks for it (0.45.1).
        Event::SessionUpdate(sessions, _) => {
            let Some(current) = sessions.into_iter().find(|session| session.is_current_session) else { return vec![] };
            let mut placed = None;
            let mut panes = Vec::new();
            // Each client's last pane is the one that it is at; of clients that have gone, the tab tells that nobody sees it.
            let at: Vec<PaneId> = current.pane_history.values().filter_map(|panes| panes.last().copied()).collect();
            let seen: Vec<usize> = current.tabs.iter().filter(|tab| tab.active).map(|tab| tab.position).collect();
            for (tab, list) in current.panes.panes {
                for pane in list {
                    if !pane.is_plugin {
                        let watched = seen.contains(&tab) && at.contains(&PaneId::Terminal(pane.id));
                        panes.push(PaneFacts { watched, ..pane_facts(tab, pane) });
                    } else if pane.id == plugin {
                        placed = Some(Fact::PanelPlaced { suppressed: pane.is_suppressed, tab });
                    }
                }
            }
            panes.sort_unstable_by_key(|pane| pane.terminal);
            let listed = Fact::PanesListed { session: current.name, panes };
            [Some(listed), placed].into_iter().flatten().collect()
        }
        Event::CommandChanged(PaneId::Terminal(id), argv, _, _) => {
            vec![Fact::CommandChanged { terminal: TerminalId(id), argv }]
        }
        Event::PaneClosed(PaneId::Terminal(id)) => vec![Fact::PaneClosed(TerminalId(id))],
        Event::InputReceived => vec![Fact::InputCame],
        Event::Timer(_) => vec![Fact::TimeCame],
        Event::RunCommandResult(.., context) if context.get(CALLER).is_none_or(|by| by != caller) => vec![],
        Event::RunCommandResult(_, stdout, stderr, context) => {
            let call = context.get(CALL).and_then(|call| call.parse().ok()).map(CallId);
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            call.map(|call| Fact::HostAnswered { call, stdout: text(stdout), stderr: text(stderr) })
                .into_iter()
                .collect()
        }
        Event::Key(key) => vec![Fact::KeyPressed(key_pressed(&key))],
        Event::Mouse(Mouse::LeftClick(row, column)) => {
            let (Ok(row), Some(screen)) = (usize::try_from(row), screen) else { return vec![] };
            let key = screen.key_at(row, column).map(Fact::KeyPressed);
            key.or_else(|| screen.row_at(row).cloned().map(Fact::RowClicked)).into_iter().collect()
        }
        Event::Mouse(Mouse::ScrollUp(lines)) => vec![Fact::Scrolled(-i32::try_from(lines).unwrap_or(1))],
        Event::Mouse(Mouse::ScrollDown(lines)) => vec![Fact::Scrolled(i32::try_from(lines).unwrap_or(1))],
        Event::Visible(visible) => vec![Fact::PanelShown(visible)],
        _ => vec![],
    }
}

/// Where the mouse pointer went, if that is what the event tells: Zellij tells it to the pane that has the focus, and not that
/// it left.
pub fn pointer(event: &Event) -> Option<Option<(usize, usize)>> {
    match event {
        Event::Mouse(Mouse::Hover(line, column)) => Some(usize::try_from(*line).ok().map(|line| (line, *column))),
        _ => None,
    }
}

/// What a pipe or a key binding says.
pub fn message(message: PipeMessage) -> Message {
    Message {
        sender: match message.source {
            PipeSource::Cli(pipe) => Sender::Cli(PipeId(pipe)),
            PipeSource::Keybind => Sender::Key,
            PipeSource::Plugin(_) => Sender::Plugin,
        },
        private: message.is_private,
        name: message.name,
        payload: message.payload,
        args: message.args,
    }
}

fn pane_facts(tab: usize, pane: PaneInfo) -> PaneFacts {
    PaneFacts {
        terminal: pane.id,
        tab,
        title: pane.title,
        command: pane.terminal_command,
        exited: pane.exited,
        exit_code: pane.exit_status,
        held: pane.is_held,
        focused: pane.is_focused,
        watched: false,
    }
}

fn key_pressed(key: &KeyWithModifier) -> Key {
    if key.key_modifiers.iter().any(|modifier| *modifier != KeyModifier::Shift) {
        return Key::Other;
    }
    match key.bare_key {
        BareKey::Char(c) => Key::Char(c),
        BareKey::Enter => Key::Enter,
        BareKey::Esc => Key::Esc,
        BareKey::Backspace => Key::Backspace,
        BareKey::Up => Key::Up,
        BareKey::Down => Key::Down,
        BareKey::PageUp => Key::PageUp,
        BareKey::PageDown => Key::PageDown,
        BareKey::Home => Key::Home,
        BareKey::End => Key::End,
        _ => Key::Other,
    }
}
