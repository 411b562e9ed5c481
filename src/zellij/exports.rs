//! The functions that Zellij calls, by the names under which it looks for them. Each finds its message on stdin.

// An export has a name that must not be mangled, and a symbol that another one could clash with: that is what the lint is
// about. These names are Zellij's.
#![allow(unsafe_code)]

use std::cell::RefCell;

use super::calls::{order, receive};
use super::{perform, Plugin};
use crate::wire::command::Command;
use crate::wire::event::{read_configuration, read_event, read_pipe_message};

/// Said where a message does not follow its form; nothing is done then.
pub const MALFORMED: &str = "a message from Zellij is malformed and was passed over; is this Zellij a much newer one?";
/// A panic's text is cut there, in characters: a very long line kills Zellij's log of the plugin (measured on 0.45.1).
const LONGEST_PANIC: usize = 1_000;

thread_local! {
    static PLUGIN: RefCell<Plugin> = RefCell::default();
}

/// Called once, before everything else.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        let text: String = panic.to_string().chars().take(LONGEST_PANIC).collect();
        order(&Command::ReportCrash(&text));
    }));
}

/// After a panic the plugin's state is worth nothing, and stays borrowed.
fn with<T: Default>(act: impl FnOnce(&mut Plugin) -> Option<T>) -> T {
    let done = PLUGIN.with(|plugin| plugin.try_borrow_mut().ok().map(|mut plugin| act(&mut plugin)));
    match done {
        Some(Some(done)) => done,
        Some(None) => {
            perform::log(MALFORMED);
            T::default()
        }
        None => T::default(),
    }
}

/// The plugin is loaded; its configuration lies on stdin.
#[no_mangle]
pub extern "C" fn load() {
    with(|plugin| receive(|bytes| read_configuration(bytes).ok().map(|configuration| plugin.load(configuration))));
}

/// An event lies on stdin. Whether to render.
#[no_mangle]
pub extern "C" fn update() -> bool {
    with(|plugin| receive(|bytes| read_event(bytes).ok().map(|event| plugin.update(event))))
}

/// A message lies on stdin. Whether to render.
#[no_mangle]
pub extern "C" fn pipe() -> bool {
    with(|plugin| receive(|bytes| read_pipe_message(bytes).ok().map(|message| plugin.pipe(message))))
}

/// Paints the pane.
#[no_mangle]
pub extern "C" fn render(rows: i32, cols: i32) {
    let size = |number| usize::try_from(number).unwrap_or(0);
    with(|plugin| {
        plugin.render(size(rows), size(cols));
        Some(())
    });
}
