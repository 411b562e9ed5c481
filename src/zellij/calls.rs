//! The plugin's side of the wall: how bytes get to Zellij and from it. A message is a line on stdin or stdout; the one
//! imported function makes Zellij read a command. The only place with unsafe code.

use std::io::{Read, Write};

use crate::wire::command::Command;
use crate::wire::event::{read_opened, PaneId};
use crate::wire::numbers::{self, Numbers};
use crate::wire::Malformed;

/// How much is read at a time.
const PIECE: usize = 16 * 1024;

#[link(wasm_import_module = "zellij")]
extern "C" {
    fn host_run_plugin_command();
}

/// Gives an order.
pub fn order(command: &Command) {
    print(&(numbers::write(&command.bytes()) + "\n"));
    // SAFETY: takes and returns nothing; Zellij reads the line from stdout.
    #[allow(unsafe_code)]
    unsafe {
        host_run_plugin_command();
    }
}

/// Asks a question: an order whose answer lies on stdin afterwards. A refused one has none.
pub fn ask<T>(command: &Command, read: impl FnOnce(&[u8]) -> Result<T, Malformed>) -> Result<T, Malformed> {
    order(command);
    receive(read)
}

/// Opens a pane; none where Zellij refused or did not answer in time.
pub fn open(command: &Command) -> Option<PaneId> {
    ask(command, read_opened).ok().flatten()
}

/// Reads the message that Zellij has put on stdin.
pub fn receive<T>(read: impl FnOnce(&[u8]) -> T) -> T {
    let mut numbers = Numbers::default();
    let mut piece = vec![0; PIECE];
    // Not locked any more while the message is acted on: that may ask for more.
    while let Ok(length @ 1..) = std::io::stdin().read(&mut piece) {
        numbers.read(piece.get(..length).unwrap_or_default());
    }
    read(numbers.bytes())
}

/// Writes to stdout, which is the screen while Zellij renders and the channel of commands at any other time.
pub fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
