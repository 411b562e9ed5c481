//! What happened, as facts in the past tense. The adapter translates Zellij's events into these and adds nothing.

use super::ids::{CallId, PipeId, TerminalId};
use super::panel::Row;
use std::collections::{BTreeMap, BTreeSet};

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The instance was loaded.
    Loaded,
    /// The user granted the permissions, or an event came that only a granted plugin gets.
    PermissionGranted,
    /// The user refused them.
    PermissionDenied,
    /// The list of all terminal panes of this session.
    PanesListed {
        /// Name of the Zellij session.
        session: String,
        /// Every terminal pane, plugin panes left out.
        panes: Vec<PaneFacts>,
    },
    /// That list came again, and says the same; so does the place of the panel in it.
    PanesStayed,
    /// A pane runs another program now.
    CommandChanged {
        /// The pane.
        terminal: TerminalId,
        /// The program's command line.
        argv: Vec<String>,
    },
    /// A pane's cwd, if Zellij knows it.
    CwdRead(Option<String>),
    /// The names of all sessions of this Zellij.
    SessionsListed {
        /// Those that run.
        living: BTreeSet<String>,
        /// Those that can be resurrected.
        saved: BTreeSet<String>,
    },
    /// A pane was closed. Zellij does not say so in every case.
    PaneClosed(TerminalId),
    /// A key was pressed somewhere in this instance's client.
    InputCame,
    /// The timer that was asked for has run out.
    TimeCame,
    /// A host command has ended.
    HostAnswered {
        /// Which one.
        call: CallId,
        /// What it printed, lossily decoded.
        stdout: String,
        /// Its complaints, lossily decoded.
        stderr: String,
    },
    /// A slice of a file was read; an empty one is the end.
    SliceRead {
        /// For which call.
        call: CallId,
        /// The bytes, or why there are none.
        bytes: Result<Vec<u8>, String>,
    },
    /// A file was written whole.
    FileWritten {
        /// For which call.
        call: CallId,
        /// Or why not.
        result: Result<(), String>,
    },
    /// Zellij answered the order to open a pane; none is a refusal or a time-out.
    PaneOpened {
        /// For which call.
        call: CallId,
        /// The new pane.
        terminal: Option<TerminalId>,
    },
    /// A pipe or a key binding spoke to the plugin.
    MessageCame(Message),
    /// What was to be done at once about the message before is done.
    MessageTaken,
    /// A key was pressed in this instance's panel.
    KeyPressed(Key),
    /// The mouse was pressed on a row of the panel, as it was last drawn.
    RowClicked(Row),
    /// The mouse wheel turned over the panel: negative is up.
    Scrolled(i32),
    /// The panel became visible or invisible to this instance's client, by a change of tabs, say.
    PanelShown(bool),
    /// Where the panel's pane is, as the list of panes says.
    PanelPlaced {
        /// It is hidden.
        suppressed: bool,
        /// The tab that it is in, by position.
        tab: usize,
    },
    /// The lease was claimed, or somebody was quicker: the moment's lease tells.
    LeaseClaimed,
    /// What the actor last published, if anything.
    SnapshotRead(Option<String>),
    /// Desks whose panes were closed and that nobody has cleaned yet.
    MarksRead(Vec<String>),
}

/// What Zellij says of a terminal pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaneFacts {
    /// Its number.
    pub terminal: u32,
    /// The tab it is in, by position.
    pub tab: usize,
    /// What its frame shows.
    pub title: String,
    /// The command that it was opened with, its words joined by blanks.
    pub command: Option<String>,
    /// Its process has ended.
    pub exited: bool,
    /// With that code.
    pub exit_code: Option<i32>,
    /// It waits for Enter: to run again, or for the first time.
    pub held: bool,
    /// It has the focus in its layer of its tab.
    pub focused: bool,
    /// A client is at it: it has the focus, in a tab that somebody sees.
    pub watched: bool,
}

/// Who spoke.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// A `zellij pipe` call, which waits for an answer.
    Cli(PipeId),
    /// A key binding.
    Key,
    /// Another plugin.
    Plugin,
}

/// A message of a pipe or a key binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who spoke.
    pub sender: Sender,
    /// It was sent to this plugin; else to whichever plugin hears it.
    pub private: bool,
    /// The pipe's name.
    pub name: String,
    /// The text; none marks the end of a pipe's input.
    pub payload: Option<String>,
    /// `key=value` arguments.
    pub args: BTreeMap<String, String>,
}

/// The keys that the panel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A printable character without modifiers, or with shift alone.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Any other.
    Other,
}
