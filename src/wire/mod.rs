//! SPEAKS. Zellij's plugin protocol, as much of it as Carrel uses. Pure: bytes in, events and answers out; commands in, bytes
//! out. Knows nothing of desks, and reads and writes nothing itself: `src/zellij` does.
//!
//! A message is a protobuf message (the `.proto` files of zellij-utils 0.45.1, whose field numbers stand beside the code
//! here), written as a JSON list of its bytes, in one line. Fields and events that are not known are passed over, so that
//! a newer Zellij, which may add some, is understood as far as it says the same. Why this is not zellij-tile: decision 0014.

pub mod command;
pub mod event;
pub mod fields;
pub mod numbers;
pub mod panes;
pub mod text;

/// The bytes of a message do not follow its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;
