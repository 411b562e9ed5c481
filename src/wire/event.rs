//! What Zellij tells: events, messages of pipes and key bindings, the configuration, and its answers to questions.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Fields, Value};
use super::panes::PaneList;
use super::Malformed;

/// The kinds of events that Carrel hears (`EventType` in event.proto).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventType {
    Key = 3,
    Mouse = 4,
    Timer = 5,
    Visible = 9,
    PermissionRequestResult = 15,
    SessionUpdate = 16,
    RunCommandResult = 17,
    PaneClosed = 21,
    CommandChanged = 45,
}

/// An event (`Event` in event.proto).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A key was pressed while the plugin's pane had the focus.
    Key(Key),
    /// The mouse did something over the plugin's pane.
    Mouse(Mouse),
    /// A timer has run out.
    Timer,
    /// The plugin's pane became visible, or invisible.
    Visible(bool),
    /// The user's answer, or Zellij's from its file.
    PermissionRequestResult {
        /// Yes.
        granted: bool,
    },
    /// The panes of the current session, if it is among the sessions.
    SessionUpdate(Option<PaneList<'a>>),
    /// A host command has ended.
    RunCommandResult {
        /// What it printed.
        stdout: &'a [u8],
        /// Its complaints.
        stderr: &'a [u8],
        /// What it was given to be known by.
        context: BTreeMap<String, String>,
    },
    /// A pane was closed.
    PaneClosed(PaneId),
    /// A pane runs another program now.
    CommandChanged {
        /// The pane.
        pane: PaneId,
        /// The program's command line.
        argv: Vec<String>,
    },
    /// One that nobody asked for.
    Other,
}

/// A pane's number and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneId {
    /// A terminal.
    Terminal(u32),
    /// A plugin.
    Plugin(u32),
}

/// A key with its modifiers (key.proto).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key itself.
    pub key: BareKey,
    /// Whether a modifier other than shift is held.
    pub modified: bool,
}

/// A key (key.proto).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BareKey {
    Char(char),
    PageDown,
    PageUp,
    Down,
    Up,
    Home,
    End,
    Backspace,
    Esc,
    Enter,
    Other,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The wheel turned up by so many lines.
    ScrollUp(u32),
    /// The wheel turned down by so many lines.
    ScrollDown(u32),
    /// The left button was pressed on this line.
    LeftClick(i64),
    /// Something else.
    Other,
}

/// A message of a pipe or a key binding (pipe_message.proto).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipeMessage {
    /// Who spoke.
    pub source: PipeSource,
    /// The pipe's name.
    pub name: String,
    /// The text; none marks the end of the input.
    pub payload: Option<String>,
    /// `key=value` arguments.
    pub args: BTreeMap<String, String>,
}

/// Who spoke.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PipeSource {
    /// A `zellij pipe`, with the id by which it is answered.
    Cli(String),
    /// Another plugin.
    Plugin,
    /// A key binding.
    #[default]
    Keybind,
}

/// Which instance this is (plugin_ids.proto).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginIds {
    /// The plugin pane's number, the same for all its clones.
    pub plugin_id: u32,
    /// The client that this clone belongs to.
    pub client_id: u16,
    /// The server's process.
    pub zellij_pid: u32,
    /// Where the plugin was started.
    pub initial_cwd: String,
}

/// The names of all sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// Those that run.
    pub live: BTreeSet<String>,
    /// Those that can be resurrected.
    pub resurrectable: BTreeSet<String>,
}

/// Reads an event.
///
/// # Errors
///
/// Where its bytes are malformed. One of an unknown kind is [`Event::Other`].
pub fn read_event(bytes: &[u8]) -> Result<Event<'_>, Malformed> {
    let mut event = Event::Other;
    for field in Fields::of(bytes) {
        event = match field? {
            (1, Value::Number(5)) => Event::Timer,
            (1, Value::Number(9)) => Event::Visible(false),
            (5, value) => Event::Key(read_key(value.fields())?),
            (6, value) => Event::Mouse(read_mouse(value.fields())?),
            (9, value) => Event::Visible(value.truth()),
            (12, value) => Event::PermissionRequestResult { granted: number_at(value, 1)? != 0 },
            (13, value) => Event::SessionUpdate(read_current(value.fields())?),
            (14, value) => read_result(value.fields())?,
            (18, value) => Event::PaneClosed(read_pane_id(message_at(value, 1)?)?),
            (39, value) => read_command_changed(value.fields())?,
            _ => event,
        };
    }
    Ok(event)
}

/// Reads a message of a pipe or a key binding.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_pipe_message(bytes: &[u8]) -> Result<PipeMessage, Malformed> {
    let mut message = PipeMessage::default();
    // PipeSource: 0 is a command line, 1 a plugin, 2 a key binding; 0 is not written.
    let (mut source, mut cli) = (0, String::new());
    for field in Fields::of(bytes) {
        match field? {
            (1, value) => source = value.number(),
            (2, value) => cli = value.text(),
            (4, value) => message.name = value.text(),
            (5, value) => message.payload = Some(value.text()),
            (6, value) => message.args.extend(read_pair(value.fields())?),
            _ => {}
        }
    }
    message.source = match source {
        0 => PipeSource::Cli(cli),
        1 => PipeSource::Plugin,
        _ => PipeSource::Keybind,
    };
    Ok(message)
}

/// Reads the configuration of a plugin (`PluginConfiguration` in action.proto).
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_configuration(bytes: &[u8]) -> Result<BTreeMap<String, String>, Malformed> {
    read_pairs(Fields::of(bytes), 1)
}

/// Reads the answer to the question which instance this is.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_plugin_ids(bytes: &[u8]) -> Result<PluginIds, Malformed> {
    let mut ids = PluginIds::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, value) => ids.plugin_id = value.small(),
            (2, value) => ids.zellij_pid = value.small(),
            (3, value) => ids.initial_cwd = value.text(),
            (4, value) => ids.client_id = u16::try_from(value.number()).map_err(|_| Malformed)?,
            _ => {}
        }
    }
    Ok(ids)
}

/// Reads the answer to the order to open a pane; none is a refusal.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_opened(bytes: &[u8]) -> Result<Option<PaneId>, Malformed> {
    let pane = Fields::of(bytes).find(|field| matches!(field, Ok((1, _)) | Err(_))).transpose()?;
    pane.map(|(_, value)| read_pane_id(value.fields())).transpose()
}

/// Reads the answer to the order to save the session: why it was not.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_saved(bytes: &[u8]) -> Result<Option<String>, Malformed> {
    Ok(result(bytes)?.err())
}

/// Reads the answer to the question for the focused pane.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_focused(bytes: &[u8]) -> Result<Option<PaneId>, Malformed> {
    match result(bytes)? {
        Ok(value) => read_pane_id(message_at(value, 2)?).map(Some),
        Err(_) => Ok(None),
    }
}

/// Reads the answer to the question for a pane's cwd.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_cwd(bytes: &[u8]) -> Result<Option<String>, Malformed> {
    Ok(result(bytes)?.ok().map(Value::text))
}

/// Reads the answer to the question which sessions there are, or why Zellij does not tell.
///
/// # Errors
///
/// Where its bytes are malformed.
pub fn read_sessions(bytes: &[u8]) -> Result<Result<Sessions, String>, Malformed> {
    let value = match result(bytes)? {
        Ok(value) => value,
        Err(why) => return Ok(Err(why)),
    };
    let mut sessions = Sessions::default();
    for field in value.fields() {
        let (number, session) = field?;
        let set = match number {
            1 => &mut sessions.live,
            2 => &mut sessions.resurrectable,
            _ => continue,
        };
        let name = session.fields().find(|field| matches!(field, Ok((1, _)) | Err(_))).transpose()?;
        set.extend(name.map(|(_, value)| value.text()));
    }
    Ok(Ok(sessions))
}

/// The `result` of an answer: 1 is what was asked for, 2 why not.
fn result(bytes: &[u8]) -> Result<Result<Value<'_>, String>, Malformed> {
    match Fields::of(bytes).next().transpose()? {
        Some((1, value)) => Ok(Ok(value)),
        Some((2, why)) => Ok(Err(why.text())),
        _ => Ok(Err("Zellij gave no answer".to_string())),
    }
}

fn read_current<'a>(update: Fields<'a>) -> Result<Option<PaneList<'a>>, Malformed> {
    for field in update {
        if let (1, session) = field? {
            if let Some(list) = PaneList::of(session.fields())? {
                return Ok(Some(list));
            }
        }
    }
    Ok(None)
}

fn read_result<'a>(fields: Fields<'a>) -> Result<Event<'a>, Malformed> {
    let (mut stdout, mut stderr): (&[u8], &[u8]) = (&[], &[]);
    for field in fields {
        match field? {
            (2, value) => stdout = value.bytes(),
            (3, value) => stderr = value.bytes(),
            _ => {}
        }
    }
    Ok(Event::RunCommandResult { stdout, stderr, context: read_pairs(fields, 4)? })
}

fn read_command_changed<'a>(fields: Fields<'a>) -> Result<Event<'a>, Malformed> {
    let mut pane = PaneId::Terminal(0);
    let mut argv = Vec::new();
    for field in fields {
        match field? {
            (1, value) => pane = read_pane_id(value.fields())?,
            (2, value) => argv.push(value.text()),
            _ => {}
        }
    }
    Ok(Event::CommandChanged { pane, argv })
}

fn read_pane_id(fields: Fields) -> Result<PaneId, Malformed> {
    let (mut plugin, mut id) = (false, 0);
    for field in fields {
        match field? {
            (1, value) => plugin = value.truth(),
            (2, value) => id = value.small(),
            _ => {}
        }
    }
    Ok(if plugin { PaneId::Plugin(id) } else { PaneId::Terminal(id) })
}

fn read_key(fields: Fields) -> Result<Key, Malformed> {
    const SHIFT: u64 = 2;
    let mut key = Key { key: BareKey::Other, modified: false };
    for field in fields {
        match field? {
            (1, value) => key.modified |= value.number() != SHIFT,
            (2, value) => key.key = named_key(value.number()),
            (3, value) => key.key = char::from_u32(value.small()).map_or(BareKey::Other, BareKey::Char),
            (4, value) => key.modified |= value.row().iter().any(|modifier| *modifier != SHIFT),
            _ => {}
        }
    }
    Ok(key)
}

fn named_key(number: u64) -> BareKey {
    match number {
        0 => BareKey::PageDown,
        1 => BareKey::PageUp,
        3 => BareKey::Down,
        4 => BareKey::Up,
        6 => BareKey::Home,
        7 => BareKey::End,
        8 => BareKey::Backspace,
        24 => BareKey::Esc,
        31 => BareKey::Enter,
        _ => BareKey::Other,
    }
}

fn read_mouse(fields: Fields) -> Result<Mouse, Malformed> {
    let (mut name, mut lines, mut line) = (0, 0, 0);
    for field in fields {
        match field? {
            (1, value) => name = value.number(),
            (2, value) => lines = value.small(),
            (3, value) => line = number_at(value, 1)? as i64,
            _ => {}
        }
    }
    Ok(match name {
        0 => Mouse::ScrollUp(lines),
        1 => Mouse::ScrollDown(lines),
        2 => Mouse::LeftClick(line),
        _ => Mouse::Other,
    })
}

/// The message at that field of a message.
fn message_at(value: Value<'_>, number: u64) -> Result<Fields<'_>, Malformed> {
    let mut found = Fields::of(&[]);
    for field in value.fields() {
        let (at, value) = field?;
        if at == number {
            found = value.fields();
        }
    }
    Ok(found)
}

/// The number at that field of a message; one that is not written is 0.
fn number_at(value: Value<'_>, number: u64) -> Result<u64, Malformed> {
    let mut found = 0;
    for field in value.fields() {
        let (at, value) = field?;
        if at == number {
            found = value.number();
        }
    }
    Ok(found)
}

/// All pairs at that field of a message.
fn read_pairs(fields: Fields, number: u64) -> Result<BTreeMap<String, String>, Malformed> {
    let mut pairs = BTreeMap::new();
    for field in fields {
        let (at, value) = field?;
        if at == number {
            pairs.extend(read_pair(value.fields())?);
        }
    }
    Ok(pairs)
}

/// A name and its value.
fn read_pair(fields: Fields) -> Result<Option<(String, String)>, Malformed> {
    let (mut name, mut text) = (String::new(), String::new());
    for field in fields {
        match field? {
            (1, value) => name = value.text(),
            (2, value) => text = value.text(),
            _ => {}
        }
    }
    Ok(Some((name, text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fields::Message;

    // That they are read as Zellij means them is proved against its own types: bench/tests/wire.rs.

    #[test]
    fn an_event_of_a_newer_zellij_is_passed_over_and_new_fields_of_a_known_one_too() {
        let newer = Message::default().number(1, 700_u32).message(900, Message::default().text(1, "x")).into_bytes();
        assert_eq!(read_event(&newer), Ok(Event::Other));
        let pane = Message::default().number(2, 7_u32).number(77, 1_u32).text(78, "new");
        let closed = Message::default().number(1, 21_u32).message(18, Message::default().message(1, pane)).into_bytes();
        assert_eq!(read_event(&closed), Ok(Event::PaneClosed(PaneId::Terminal(7))));
        let key = Message::default().number(1, 3_u32).message(5, Message::default().number(2, 999_u32)).into_bytes();
        assert_eq!(read_event(&key), Ok(Event::Key(Key { key: BareKey::Other, modified: false })));
    }

    #[test]
    fn no_bytes_whatever_break_the_reader() {
        let pane = Message::default().number(1, 7_u32).text(7, "title").text(20, "/bin/sh");
        let tab = Message::default().number(1, 3_u32).message(2, pane);
        let session = Message::default().text(1, "s").message(3, tab).number(5, true);
        let whole =
            Message::default().number(1, 16_u32).message(13, Message::default().message(1, session)).into_bytes();
        let read_all = |bytes: &[u8]| {
            if let Ok(Event::SessionUpdate(Some(list))) = read_event(bytes) {
                let _ = list.panes();
            }
            let _ = (read_pipe_message(bytes), read_configuration(bytes), read_plugin_ids(bytes), read_opened(bytes));
            let _ = (read_saved(bytes), read_focused(bytes), read_cwd(bytes), read_sessions(bytes));
        };
        for at in 0..whole.len() {
            read_all(&whole[..at]);
            for byte in 0..=255 {
                let mut bent = whole.clone();
                bent[at] = byte;
                read_all(&bent);
            }
        }
    }
}
