//! What is to be done, as orders. The adapter carries them out in order and decides nothing.

use super::ids::{CallId, DeskId, PipeId, TerminalId};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Sends [`super::event::Event::TimeCame`] in so many milliseconds.
    WakeIn(u64),
    /// Runs a host command; its answer comes as `HostAnswered`.
    RunHost {
        /// To find the answer's way back.
        call: CallId,
        /// The words of the command line, never a shell string.
        argv: Vec<String>,
        /// Added to the environment.
        env: Vec<(String, String)>,
    },
    /// Reads at most `length` bytes from `offset` of a file below the plugin's cache dir; answered by `SliceRead`.
    ReadSlice {
        /// To find the answer's way back.
        call: CallId,
        /// Relative to the cache dir.
        file: String,
        /// In bytes.
        offset: u64,
        /// In bytes.
        length: usize,
    },
    /// Writes into an existing file below the plugin's cache dir, keeping its mode; answered by `FileWritten`.
    WriteFile {
        /// To find the answer's way back.
        call: CallId,
        /// Relative to the cache dir.
        file: String,
        /// The whole content.
        content: String,
    },
    /// Adds to the end of an existing file below the plugin's cache dir; answered by `FileWritten`.
    AppendFile {
        /// To find the answer's way back.
        call: CallId,
        /// Relative to the cache dir.
        file: String,
        /// What is added.
        content: Vec<u8>,
    },
    /// Removes a dir of copies below the plugin's cache dir that the host has made.
    RemoveCopy(String),
    /// Opens a command pane; answered by `PaneOpened`.
    OpenPane {
        /// To find the answer's way back.
        call: CallId,
        /// The words of its command line.
        argv: Vec<String>,
        /// Where it starts; none is the focused pane's cwd.
        cwd: Option<String>,
        /// Where it appears.
        placement: Placement,
    },
    /// Takes the name off a pane that Zellij gave it, so that the program's own title shows.
    ClearPaneName(TerminalId),
    /// Closes a terminal pane.
    ClosePane(TerminalId),
    /// Goes to a terminal pane, to its tab too.
    FocusPane(TerminalId),
    /// Marks panes in their own frames, and takes such marks away; of no pane both.
    MarkPanes {
        /// To be marked; those that are already stay so.
        on: Vec<TerminalId>,
        /// To be unmarked.
        off: Vec<TerminalId>,
    },
    /// Asks Zellij to write the session's layout now.
    SaveSession,
    /// Shows the panel as a floating pane.
    ShowPanel,
    /// Hides the panel.
    HidePanel,
    /// Keeps a pipe's caller waiting.
    HoldPipe(PipeId),
    /// Prints one line to a pipe's caller and lets it go.
    AnswerPipe(PipeId, String),
    /// Tries to become the actor, with a lease of this term.
    ClaimLease {
        /// One more than the last.
        term: u64,
        /// Whether this instance has its permissions.
        granted: bool,
    },
    /// Renews the lease of this term.
    RenewLease {
        /// The term that is held.
        term: u64,
        /// Whether this instance has its permissions.
        granted: bool,
    },
    /// Gives up the lease of this term: this instance will not act.
    GiveUpLease(u64),
    /// Lets the other instances see the board.
    PublishSnapshot(String),
    /// Asks for what the actor published; answered by `SnapshotRead`.
    ReadSnapshot,
    /// Remembers on disk, at once, that this desk's pane was closed.
    MarkClosed(DeskId),
    /// Forgets that.
    UnmarkClosed(DeskId),
    /// Asks for a pane's cwd, without one for the focused pane's; answered by `CwdRead`.
    ReadCwd(Option<TerminalId>),
    /// Asks which sessions there are; answered by `SessionsListed`.
    ReadSessions,
    /// Asks for the marks; answered by `MarksRead`.
    ReadMarks,
    /// Writes a line to Zellij's log.
    Log(String),
}

/// Where a new pane appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// As a tile.
    Tiled,
    /// Floating.
    Floating,
    /// Over the focused pane, which comes back when the new one closes.
    InPlace,
    /// In the place of the plugin's own pane, which goes.
    InPlaceOfPlugin,
    /// Over that pane, which comes back when the new one closes.
    InPlaceOf(TerminalId),
}

/// Orders, in the order in which they are to be carried out.
#[must_use = "orders that nobody carries out are lost"]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Effects(pub Vec<Effect>);

impl Effects {
    /// Whether nothing is ordered but what an instance does to stay awake and to look around.
    #[must_use]
    pub fn are_housekeeping(&self) -> bool {
        use Effect::{ReadMarks, ReadSnapshot, RenewLease, WakeIn};
        self.0.iter().all(|effect| matches!(effect, WakeIn(_) | RenewLease { .. } | ReadMarks | ReadSnapshot))
    }

    /// Adds an order.
    pub fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }
}
