//! Zellij's side of the plugin protocol, as much of it as is measured: events as it sends them, commands as it reads them.
//! Field numbers are those of zellij-utils 0.45.1's `.proto` files. Wrong ones would not go unseen: the plugin decodes all of it
//! with zellij-tile.

use std::collections::BTreeMap;

use crate::fields::{Fields, Message, Value};

/// The pipe by which hooks of Claude ring.
const BELL: &str = "carrel_bell";

/// What a plugin tells or asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    GetPluginIds,
    GetZellijVersion,
    OpenPane,
    SaveSession,
    GetSessionList,
    /// In seconds.
    SetTimeout(f64),
    RunCommand {
        argv: Vec<String>,
        context: Vec<(String, String)>,
    },
    CliPipeOutput(String),
    /// Any other, by its number in `CommandName`.
    Other(u64),
}

impl Command {
    /// From the bytes of a `PluginCommand`.
    pub fn read(bytes: &[u8]) -> Self {
        let fields: Vec<(u64, Value)> = Fields::of(bytes).map(|field| field.expect("a command")).collect();
        let inside =
            |number| find(&fields, number).into_iter().flat_map(|value: Value| list(value)).collect::<Vec<_>>();
        match find(&fields, 1).map_or(0, Value::number) {
            3 => Command::GetPluginIds,
            4 => Command::GetZellijVersion,
            9 | 10 | 69 | 123 => Command::OpenPane,
            186 => Command::SaveSession,
            211 => Command::GetSessionList,
            12 => Command::SetTimeout(f64::from_bits(find(&inside(12), 1).expect("seconds").number())),
            71 => {
                let run = inside(43);
                let texts = |number| run.iter().filter(move |(at, _)| *at == number).map(|(_, value)| *value);
                let pair = |value: Value| {
                    let pair = list(value);
                    let text = |number| find(&pair, number).map(Value::text).unwrap_or_default();
                    (text(1), text(2))
                };
                Command::RunCommand { argv: texts(1).map(Value::text).collect(), context: texts(4).map(pair).collect() }
            }
            78 => Command::CliPipeOutput(find(&inside(49), 2).expect("a text").text()),
            other => Command::Other(other),
        }
    }

    /// Its name, for counting.
    pub fn name(&self) -> String {
        match self {
            Command::Other(number) => format!("command {number}"),
            command => {
                format!("{command:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_string()
            }
        }
    }
}

fn list(value: Value<'_>) -> Vec<(u64, Value<'_>)> {
    value.fields().map(|field| field.expect("a message")).collect()
}

fn find<'a>(fields: &[(u64, Value<'a>)], number: u64) -> Option<Value<'a>> {
    fields.iter().find(|(at, _)| *at == number).map(|(_, value)| *value)
}

/// What Zellij says of a pane (`PaneInfo`).
#[derive(Clone, Debug, Default)]
pub struct Pane {
    pub id: u32,
    pub is_plugin: bool,
    pub is_suppressed: bool,
    pub title: String,
    pub exited: bool,
    pub command: Option<String>,
}

impl Pane {
    fn message(&self) -> Message {
        let flag = |message: Message, field, set| if set { message.number(field, true) } else { message };
        let mut pane = Message::default();
        if self.id > 0 {
            pane = pane.number(1, self.id);
        }
        pane = flag(pane, 2, self.is_plugin);
        pane = flag(pane, 6, self.is_suppressed).text(7, &self.title);
        pane = flag(pane, 8, self.exited);
        // Where it is and how large, inside its frame and with it.
        for (field, number) in (11..=18).zip([60_u32, 61, 20, 21, 20, 18, 60, 58]) {
            pane = pane.number(field, number);
        }
        pane = pane.message(19, Message::default().number(1, 8_u32).number(2, 3_u32));
        if let Some(command) = &self.command {
            pane = pane.text(20, command);
        }
        pane.number(22, true)
    }
}

/// An `Event` with this number in `EventType`, and its payload.
fn event(kind: u32, payload: impl FnOnce(Message) -> Message) -> Vec<u8> {
    payload(Message::default().number(1, kind)).into_bytes()
}

/// The list of panes by tab, of a session of that age, in seconds. The tabs come in the order in which they are given.
pub fn session_update(tabs: &[(u32, Vec<Pane>)], age_s: u64) -> Vec<u8> {
    let mut session = Message::default().text(1, "main");
    let mut numbers: Vec<u32> = tabs.iter().map(|(tab, _)| *tab).collect();
    numbers.sort_unstable();
    for tab in numbers {
        // `TabInfo`, in order.
        let name = format!("Tab #{}", tab + 1);
        session =
            session.message(2, Message::default().number(1, tab).text(2, name).number(11, 50_u32).number(12, 200_u32));
    }
    for (tab, panes) in tabs {
        let list = if *tab > 0 { Message::default().number(1, *tab) } else { Message::default() };
        session = session.message(3, panes.iter().fold(list, |list, pane| list.message(2, pane.message())));
    }
    session = session.number(4, 1_u32).number(5, true);
    if age_s > 0 {
        session = session.number(12, age_s);
    }
    event(16, |event| event.message(13, Message::default().message(1, session)))
}

/// The user has granted the permissions.
pub fn granted() -> Vec<u8> {
    event(15, |event| event.message(12, Message::default().number(1, true)))
}

/// A timer has rung.
pub fn timer() -> Vec<u8> {
    // A float, which protobuf leaves out where it is 0; this one is 1.0.
    [event(5, |event| event), vec![7 << 3 | 5], 1.0_f32.to_le_bytes().to_vec()].concat()
}

/// A host command has ended.
pub fn host_answer(stdout: &str, context: &[(String, String)]) -> Vec<u8> {
    let result = Message::default().number(1, 0_u32).text(2, stdout);
    let pair = |(name, value): &(String, String)| Message::default().text(1, name).text(2, value);
    let result = context.iter().fold(result, |result, item| result.message(4, pair(item)));
    event(17, |event| event.message(14, result))
}

/// A terminal pane was closed.
pub fn pane_closed(id: u32) -> Vec<u8> {
    event(21, |event| event.message(18, Message::default().message(1, Message::default().number(2, id))))
}

/// A terminal pane runs another program.
pub fn command_changed(id: u32, argv: &[&str]) -> Vec<u8> {
    let changed = Message::default().message(1, Message::default().number(2, id));
    let changed = argv.iter().fold(changed, |changed, word| changed.text(2, word)).number(3, true).row(4, [1]);
    event(45, |event| event.message(39, changed))
}

/// The panel became visible, or invisible.
pub fn visible(visible: bool) -> Vec<u8> {
    event(9, |event| event.number(9, visible))
}

/// A letter was pressed in the panel.
pub fn key(letter: char) -> Vec<u8> {
    event(3, |event| event.message(5, Message::default().number(3, u32::from(letter))))
}

/// A message of a `zellij pipe`.
pub fn pipe(id: &str, name: &str, payload: Option<&str>, args: &BTreeMap<String, String>) -> Vec<u8> {
    let mut message = Message::default().text(2, id).text(4, name);
    if name != BELL {
        // Sent to this plugin; a bell is heard by all.
        message = message.number(7, true);
    }
    if let Some(payload) = payload {
        message = message.text(5, payload);
    }
    let arg = |(key, value): (&String, &String)| Message::default().text(1, key).text(2, value);
    args.iter().fold(message, |message, item| message.message(6, arg(item))).into_bytes()
}

/// The options of a plugin.
pub fn configuration(options: &BTreeMap<String, String>) -> Vec<u8> {
    let option = |(key, value): (&String, &String)| Message::default().text(1, key).text(2, value);
    options.iter().fold(Message::default(), |message, item| message.message(1, option(item))).into_bytes()
}

/// Which instance it is.
pub fn plugin_ids(plugin: u32, server: u32) -> Vec<u8> {
    Message::default().number(1, plugin).number(2, server).text(3, "/code").number(4, 1_u32).into_bytes()
}

/// The Zellij that is played here.
pub fn version() -> Vec<u8> {
    Message::default().text(1, "0.45.1").into_bytes()
}

/// A pane was opened.
pub fn opened(id: u32) -> Vec<u8> {
    Message::default().message(1, Message::default().number(2, id)).into_bytes()
}

/// It was done.
pub fn done() -> Vec<u8> {
    Message::default().number(1, true).into_bytes()
}

/// There is this session and no other.
pub fn sessions() -> Vec<u8> {
    let session = Message::default().text(1, "main").number(5, true);
    Message::default().message(1, Message::default().message(1, session)).into_bytes()
}
