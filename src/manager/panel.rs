//! What the panel has to show and what the user is doing with it. The view draws it, knows no more than this, and says what lies where.

use super::board::Board;
use super::ids::{DeskId, SessionId, TerminalId};

/// The one thing that the panel shows.
#[derive(Clone, Debug, PartialEq, Eq)]
// There is one at a time.
#[allow(clippy::large_enum_variant)]
pub enum Scene {
    /// Zellij asks the user for the permissions, or is about to.
    AwaitingPermission,
    /// The user said no. Nothing can be done until they change their mind.
    PermissionDenied,
    /// The configuration has errors: one sentence for each offending key or value. Nothing is done until they are mended.
    BadConfiguration(Vec<String>),
    /// Getting ready: the state dir, the launcher, Claude, the seed.
    Booting,
    /// Getting ready failed: what, where, how to mend it.
    BootFailed(Vec<String>),
    /// Everyday life.
    Desks(DesksScene),
    /// A conversation is looked for.
    Picker(PickerScene),
}

/// What the cursor can stand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A desk.
    Desk(DeskId),
    /// A Claude outside Carrel, in that pane.
    Outside(TerminalId),
    /// A conversation of the picker.
    Conversation(SessionId),
}

/// The panel's everyday scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesksScene {
    /// What is known.
    pub board: Board,
    /// What the cursor stands on. May name something that is gone: then nothing is selected.
    pub selected: Option<Row>,
    /// A question that the next key answers.
    pub asking: Option<Question>,
    /// What the last key led to, until the next one: an error, mostly.
    pub message: Option<String>,
    /// Milliseconds since the epoch, for ages.
    pub now_ms: u64,
    /// The user's HOME, which is written `~`; none where it is not known.
    pub home: Option<String>,
}

/// A question on the key line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Close this pane? Its Claude ends, its conversation is kept.
    Close(DeskId),
    /// End the Claude in this pane, and go on with its conversation at a desk of its own?
    Adopt(TerminalId),
    /// Forget what was changed at this desk, or, without one, what closed desks left?
    Forget(Option<DeskId>),
}

/// The conversations of a directory, to choose one from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickerScene {
    /// The directory; none until Zellij has told the focused pane's.
    pub cwd: Option<String>,
    /// What was found there.
    pub listing: Listing,
    /// What the user typed: only what has all these words in its title is shown.
    pub filter: String,
    /// The conversation under the cursor.
    pub selected: Option<SessionId>,
    /// What the last key led to, until the next one: an error, mostly.
    pub message: Option<String>,
    /// Milliseconds since the epoch, for ages.
    pub now_ms: u64,
    /// The user's HOME, which is written `~`; none where it is not known.
    pub home: Option<String>,
}

/// How far the look for conversations is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The host looks.
    Looking,
    /// It could not look: why.
    Failed(String),
    /// What the filter lets through, newest first, and how many there are in all.
    Found(Vec<Conversation>, usize),
}

/// A conversation that can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its name.
    pub session: SessionId,
    /// What it is about: the user's words, in one line. May be empty.
    pub title: String,
    /// When it was last written, in milliseconds since the epoch.
    pub modified_ms: u64,
    /// Its size.
    pub bytes: Option<u64>,
    /// Where it lies.
    pub lies: Lies,
}

/// Where a conversation lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lies {
    /// In the shared dir.
    Shared,
    /// At the desk of that pane of this session.
    AtPane(TerminalId),
    /// At a desk that has no pane in this session.
    AtDesk(DeskId),
}
