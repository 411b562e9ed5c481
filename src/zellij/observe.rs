//! Zellij's events as facts. Free of branches about desks.

use crate::manager::event::{Event as Fact, Key, Message, PaneFacts, Sender};
use crate::manager::ids::{CallId, PipeId, TerminalId};
use crate::view::Screen;
use crate::wire::event::{self, BareKey, Event, Mouse, PaneId, PipeMessage, PipeSource};
use crate::wire::panes::{LastPanes, Pane, PaneList};
use crate::wire::Malformed;

/// The context key by which a host command's answer finds its way back.
pub const CALL: &str = "call";

/// What is remembered from one list of panes to the next.
#[derive(Default)]
pub struct Observed {
    last: LastPanes,
    /// Whether this plugin's own pane is hidden, and the tab it is in.
    placed: Option<(bool, usize)>,
}

/// What an event says. `plugin` is this plugin's own pane, `screen` what it last painted.
///
/// # Errors
///
/// Where a list of panes is malformed.
pub fn facts(
    event: Event,
    plugin: u32,
    screen: Option<&Screen>,
    observed: &mut Observed,
) -> Result<Vec<Fact>, Malformed> {
    let facts = match event {
        Event::PermissionRequestResult { granted: true } => vec![Fact::PermissionGranted],
        Event::PermissionRequestResult { granted: false } => vec![Fact::PermissionDenied],
        // Its list of other sessions is only brought up to date when somebody asks for it (0.45.1).
        Event::SessionUpdate(Some(list)) => {
            let panes = if observed.last.same(&list) { Fact::PanesStayed } else { observed.listed(&list, plugin)? };
            let placed = observed.placed.map(|(suppressed, tab)| Fact::PanelPlaced { suppressed, tab });
            [Some(panes), placed].into_iter().flatten().collect()
        }
        Event::CommandChanged { pane: PaneId::Terminal(id), argv } => {
            vec![Fact::CommandChanged { terminal: TerminalId(id), argv }]
        }
        Event::PaneClosed(PaneId::Terminal(id)) => vec![Fact::PaneClosed(TerminalId(id))],
        Event::Timer => vec![Fact::TimeCame],
        Event::RunCommandResult { stdout, stderr, context } => {
            let call = context.get(CALL).and_then(|call| call.parse().ok()).map(CallId);
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            call.map(|call| Fact::HostAnswered { call, stdout: text(stdout), stderr: text(stderr) })
                .into_iter()
                .collect()
        }
        Event::Key(key) => vec![Fact::KeyPressed(key_pressed(&key))],
        Event::Mouse(Mouse::LeftClick(row)) => usize::try_from(row)
            .ok()
            .and_then(|row| screen?.row_at(row))
            .cloned()
            .map(Fact::RowClicked)
            .into_iter()
            .collect(),
        Event::Mouse(Mouse::ScrollUp(lines)) => vec![Fact::Scrolled(-i32::try_from(lines).unwrap_or(1))],
        Event::Mouse(Mouse::ScrollDown(lines)) => vec![Fact::Scrolled(i32::try_from(lines).unwrap_or(1))],
        Event::Visible(visible) => vec![Fact::PanelShown(visible)],
        _ => vec![],
    };
    Ok(facts)
}

impl Observed {
    fn listed(&mut self, list: &PaneList, plugin: u32) -> Result<Fact, Malformed> {
        let all = list.panes()?;
        let own = all.iter().find(|(_, pane)| pane.is_plugin && pane.id == plugin);
        self.placed = own.map(|(tab, pane)| (pane.is_suppressed, *tab as usize));
        let mut panes: Vec<PaneFacts> =
            all.into_iter().filter(|(_, pane)| !pane.is_plugin).map(|(tab, pane)| pane_facts(tab, pane)).collect();
        panes.sort_by_key(|pane| pane.terminal);
        Ok(Fact::PanesListed { session: list.session(), panes })
    }
}

/// What a pipe or a key binding says.
pub fn message(message: PipeMessage) -> Message {
    Message {
        sender: match message.source {
            PipeSource::Cli(pipe) => Sender::Cli(PipeId(pipe)),
            PipeSource::Keybind => Sender::Key,
            PipeSource::Plugin => Sender::Plugin,
        },
        name: message.name,
        payload: message.payload,
        args: message.args,
    }
}

fn pane_facts(tab: u32, pane: Pane) -> PaneFacts {
    PaneFacts {
        terminal: pane.id,
        tab: tab as usize,
        title: pane.title,
        command: pane.terminal_command,
        exited: pane.exited,
        exit_code: pane.exit_status,
        held: pane.is_held,
        focused: pane.is_focused,
    }
}

fn key_pressed(key: &event::Key) -> Key {
    if key.modified {
        return Key::Other;
    }
    match key.key {
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
        BareKey::Other => Key::Other,
    }
}
