//! What Carrel tells Zellij to do, or asks it: each of them as the bytes of a `PluginCommand` (plugin_command.proto).

use super::event::{EventType, PaneId};
use super::fields::Message;

/// The permissions that Carrel asks for (`PermissionType` in plugin_permission.proto).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PermissionType {
    ReadApplicationState = 0,
    ChangeApplicationState = 1,
    RunCommands = 3,
    ReadCliPipes = 7,
}

/// Where a command pane appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As a tile.
    Tiled,
    /// Floating.
    Floating,
    /// Over the focused pane, which comes back afterwards.
    InPlace,
    /// In the place of the plugin's own pane, which goes.
    InPlaceOfPlugin,
}

/// An order or a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command<'a> {
    /// Sends these events from now on, and no others.
    Subscribe(&'a [EventType]),
    /// Asks the user for these, or finds the answer on file.
    RequestPermissions(&'a [PermissionType]),
    /// Which instance is this? Answered by [`super::event::read_plugin_ids`].
    GetPluginIds,
    /// Sends a timer event after so many seconds.
    SetTimeout(f64),
    /// Runs a host command.
    RunCommand {
        /// The words of its command line.
        argv: &'a [String],
        /// Added to its environment.
        env: &'a [(String, String)],
        /// Where it runs, as the plugin sees the disk.
        cwd: &'a str,
        /// Comes back with its result: a name and a value.
        context: (&'a str, &'a str),
    },
    /// Opens a command pane, which is held when its command has ended. Answered by [`super::event::read_opened`].
    OpenCommandPane {
        /// Where it appears.
        place: Place,
        /// The words of its command line.
        argv: &'a [String],
        /// Where it starts; none is the focused pane's cwd.
        cwd: Option<&'a str>,
    },
    /// Names a terminal pane.
    RenameTerminalPane(u32, &'a str),
    /// Names a plugin pane.
    RenamePluginPane(u32, &'a str),
    /// Closes a terminal pane.
    CloseTerminalPane(u32),
    /// Goes to a terminal pane.
    FocusTerminalPane(u32),
    /// Saves the session's layout now. Answered by [`super::event::read_saved`].
    SaveSession,
    /// Shows the plugin's pane, floating if it was hidden.
    ShowSelf,
    /// Hides the plugin's pane.
    HideSelf,
    /// Keeps the caller of a pipe waiting.
    BlockCliPipeInput(&'a str),
    /// Lets it go.
    UnblockCliPipeInput(&'a str),
    /// Prints to it.
    CliPipeOutput(&'a str, &'a str),
    /// Which pane has the focus? Answered by [`super::event::read_focused`].
    GetFocusedPaneInfo,
    /// Where is a pane's program? Answered by [`super::event::read_cwd`].
    GetPaneCwd(PaneId),
    /// Which sessions are there? Answered by [`super::event::read_sessions`].
    GetSessionList,
    /// Shows why the plugin died.
    ReportCrash(&'a str),
}

impl Command<'_> {
    /// The bytes of the command.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let named = |name: u32| Message::default().number(1, name);
        let nothing = Message::default;
        let message = match *self {
            Command::Subscribe(events) => {
                let list = nothing().row(1, events.iter().map(|event| *event as u64));
                named(0).message(2, nothing().message(1, list))
            }
            Command::RequestPermissions(permissions) => {
                named(66).message(38, nothing().row(1, permissions.iter().map(|permission| *permission as u64)))
            }
            Command::GetPluginIds => named(3),
            Command::SetTimeout(seconds) => named(12).message(12, nothing().fraction(1, seconds)),
            Command::RunCommand { argv, env, cwd, context } => {
                let run = argv.iter().fold(nothing(), |run, word| run.text(1, word));
                let run = env.iter().fold(run, |run, (name, value)| run.message(2, pair(name, value)));
                named(71).message(43, run.text(3, cwd).message(4, pair(context.0, context.1)))
            }
            Command::OpenCommandPane { place, argv, cwd } => {
                let mut words = argv.iter();
                let command = nothing().text(1, words.next().map_or("", String::as_str));
                let command = words.fold(command, |command, word| command.text(2, word));
                let command = cwd.into_iter().fold(command, |command, cwd| command.text(3, cwd));
                let open = nothing().message(1, command);
                match place {
                    Place::Tiled => named(9).message(9, open),
                    Place::Floating => named(10).message(10, open),
                    Place::InPlace => named(69).message(42, open),
                    Place::InPlaceOfPlugin => named(123).message(98, open.number(4, true)),
                }
            }
            Command::RenameTerminalPane(id, name) => named(62).message(34, nothing().number(1, id).text(2, name)),
            Command::RenamePluginPane(id, name) => named(63).message(35, nothing().number(1, id).text(2, name)),
            Command::CloseTerminalPane(id) => named(58).number(30, id),
            Command::FocusTerminalPane(id) => named(60).message(32, nothing().number(1, id)),
            Command::SaveSession => named(186).message(137, nothing()),
            Command::ShowSelf => named(17).number(16, true),
            Command::HideSelf => named(16),
            Command::BlockCliPipeInput(pipe) => named(77).text(48, pipe),
            Command::UnblockCliPipeInput(pipe) => named(76).text(47, pipe),
            Command::CliPipeOutput(pipe, text) => named(78).message(49, nothing().text(1, pipe).text(2, text)),
            Command::GetFocusedPaneInfo => named(183).message(134, nothing()),
            Command::GetPaneCwd(pane) => named(191).message(142, nothing().message(1, pane_id(pane))),
            Command::GetSessionList => named(211).message(161, nothing()),
            Command::ReportCrash(why) => named(65).text(37, why),
        };
        message.into_bytes()
    }
}

fn pair(name: &str, value: &str) -> Message {
    Message::default().text(1, name).text(2, value)
}

fn pane_id(pane: PaneId) -> Message {
    let (kind, id) = match pane {
        PaneId::Terminal(id) => (0_u32, id),
        PaneId::Plugin(id) => (1, id),
    };
    Message::default().number(1, kind).number(2, id)
}
