//! What the panel has to show and what the user is doing with it. The view draws it, knows no more than this, and says what lies where.

use super::board::Board;
use super::ids::DeskId;

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
}

/// The panel's everyday scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesksScene {
    /// What is known.
    pub board: Board,
    /// The desk under the cursor. May name one that is gone: then nothing is selected.
    pub selected: Option<DeskId>,
    /// A question that the next key answers.
    pub asking: Option<Question>,
    /// What the last key led to, until the next one: an error, mostly.
    pub message: Option<String>,
    /// Milliseconds since the epoch, for ages.
    pub now_ms: u64,
}

/// A question on the key line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Close this pane? Its Claude ends, its conversation is kept.
    Close(DeskId),
}
