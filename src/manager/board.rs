//! What is known of the desks right now: the picture that the panel draws and the status document tells.
//! Holds facts and verdicts; knows neither Zellij nor how the facts were found.

use super::ids::{DeskId, SessionId, TerminalId};
pub use super::methods::Method;

/// What a pane's Claude is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The pane is open and Claude has not reported yet.
    Starting,
    /// Claude works on a prompt.
    Working,
    /// Claude waits for the user: a permission, an answer, a plan.
    Waiting,
    /// Claude has nothing to do.
    Idle,
    /// Claude has ended and the pane is held.
    Exited,
    /// The pane came back with a resurrected session and waits for Enter.
    Suspended,
    /// Nothing reliable is known.
    Unknown,
}

impl State {
    /// The word of the status document.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Working => "working",
            State::Waiting => "waiting",
            State::Idle => "idle",
            State::Exited => "exited",
            State::Suspended => "suspended",
            State::Unknown => "unknown",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        use State::{Exited, Idle, Starting, Suspended, Unknown, Waiting, Working};
        [Starting, Working, Waiting, Idle, Exited, Suspended, Unknown].into_iter().find(|s| s.word() == word)
    }
}

/// Whether the isolation of a pane holds. Green is never a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Proved by Claude's own report or by its process.
    Isolated,
    /// A session in the desk that this pane neither started nor moved to.
    Mismatch,
    /// This pane's process keeps its state in the shared dir.
    Leaking,
    /// The installed Claude ignores the isolation.
    Unsupported,
    /// Not proved yet.
    Unknown,
}

impl Health {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Health::Isolated, Health::Mismatch, Health::Leaking, Health::Unsupported, Health::Unknown];

    /// The word of the status document.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Health::Isolated => "isolated",
            Health::Mismatch => "mismatch",
            Health::Leaking => "leaking",
            Health::Unsupported => "unsupported",
            Health::Unknown => "unknown",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.word() == word)
    }
}

/// What proves that a pane is isolated: the report that its own Claude keeps at the desk, and what bears that out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The process that reports; its start is the one that the report names.
    pub pid: u32,
    /// It was started with this desk as the place of its state; false also where the system does not tell.
    pub environment: bool,
    /// The transcript of its conversation lies at the desk.
    pub transcript: bool,
}

/// One desk with its pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The desk's own name.
    pub pane: DeskId,
    /// The Zellij pane that sits at it, while there is one.
    pub terminal: Option<TerminalId>,
    /// How it is isolated.
    pub method: Method,
    /// The absolute path of its config dir; none where it is the user's own.
    pub config_dir: Option<String>,
    /// Where Claude was started, absolute.
    pub cwd: Option<String>,
    /// The conversation that is open in it, as far as Claude has told.
    pub session: Option<SessionId>,
    /// What Claude is doing.
    pub state: State,
    /// What Claude says it waits for, in Claude's words (`permission prompt`), when `state` is waiting.
    pub waiting_for: Option<String>,
    /// Whether the isolation holds.
    pub health: Health,
    /// What proves it, or would if nothing else spoke against it.
    pub proof: Option<Proof>,
    /// What is wrong and how to mend it, a sentence or two each.
    pub problems: Vec<String>,
    /// Disk use in bytes, when it was measured.
    pub bytes: Option<u64>,
    /// When the desk was opened, in milliseconds since the epoch.
    pub opened_ms: Option<u64>,
    /// What the user changed inside it.
    pub changed: Changed,
}

/// What the user changed inside a desk, and their own Claude does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Another one when there is something else to be looked at; empty where nothing is known to be changed.
    pub stamp: String,
    /// How many things.
    pub count: usize,
    /// Each in a few words; none where this instance has not looked itself: names are not published.
    pub told: Vec<String>,
    /// Why it cannot be carried back, or not be told.
    pub trouble: Option<String>,
}

/// What a closed desk left, to be carried back or forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The desk's own name.
    pub pane: DeskId,
    /// What the host calls it.
    pub name: String,
    /// What was changed there.
    pub changed: Changed,
}

/// A desk whose pane is closed and whose conversation is not in safety yet, or could not be brought there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The desk's own name.
    pub pane: DeskId,
    /// None while it is being kept and deleted; else why that failed and how to mend it. Nothing of it was deleted then.
    pub failed: Option<String>,
}

/// A Claude in a pane of this session that Carrel did not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unisolated {
    /// Its pane.
    pub terminal: TerminalId,
    /// Its program, without its arguments.
    pub command: String,
    /// Its process, where the shared dir's registry has it.
    pub process: Option<Outsider>,
}

/// The process of a Claude outside Carrel, as it registered itself in the shared dir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outsider {
    /// Its pid.
    pub pid: u32,
    /// Its start, as the system tells it: with the pid it is this process and no later one.
    pub start: String,
    /// The conversation that it has open.
    pub session: Option<SessionId>,
    /// Where it was started.
    pub cwd: Option<String>,
    /// What it is doing.
    pub state: State,
}

/// A desk that no pane and no saved session comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The desk's own name.
    pub pane: DeskId,
    /// Disk use in bytes, when it was measured.
    pub bytes: Option<u64>,
    /// When it was opened, in milliseconds since the epoch.
    pub opened_ms: Option<u64>,
}

/// Everything that can be drawn or told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// Name of the Zellij session.
    pub session: String,
    /// Version of the Claude Code that was found, once it is known.
    pub claude_version: Option<String>,
    /// What is known of that Claude and is no problem: what it honours, as a probe found; that it was not tried itself.
    pub claude_praise: Option<String>,
    /// The method that a new pane gets.
    pub method: Option<Method>,
    /// Desks with a pane, in the order in which they were opened.
    pub desks: Vec<Desk>,
    /// Desks on their way out.
    pub leaving: Vec<Leaving>,
    /// What closed desks left.
    pub left: Vec<Left>,
    /// Claudes outside Carrel.
    pub unisolated: Vec<Unisolated>,
    /// Desks that wait for a `gc`.
    pub orphans: Vec<Orphan>,
    /// What concerns no single pane: what is wrong and how to mend it.
    pub problems: Vec<String>,
}
