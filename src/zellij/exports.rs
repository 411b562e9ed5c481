//! The functions that Zellij calls, by the names under which it looks for them. They are what zellij-tile's `register_plugin!`
//! writes, but that a list of panes which says what the last one said is seen before it is decoded, and that a message
//! which cannot be decoded, or is too long, is logged, where the macro would panic and leave the plugin dead.

// An export's name is not mangled, so another one could clash with it: that is what the lint is about. These are Zellij's.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Read;

use zellij_tile::prelude::*;
use zellij_tile::shim::plugin_api::action::ProtobufPluginConfiguration;
use zellij_tile::shim::plugin_api::event::ProtobufEvent;
use zellij_tile::shim::plugin_api::pipe_message::ProtobufPipeMessage;
use zellij_tile::shim::prost::Message;

use super::repeated::LastList;
use super::{perform, Plugin};

/// The longest line that is taken in, in bytes, and of how many bytes it may be the list, in decimals: of text some 1.3 million fit,
/// of tabs more. In memory lie the line, what it lists, and the message, and later what is made of that. Of text, an instance
/// went on with a line of 7.2 million bytes, and one of 8.4 million wanted more than the 16 MiB that Zellij gives it, and left
/// it dead; and what is sent to all would leave all of them dead (measured on 0.45.1).
const LONGEST_LINE: usize = 5 << 20;
const LONGEST_MESSAGE: usize = 3 << 19;
/// The longest list of panes that is remembered, in bytes of its line: it lies in memory beside the next one. Others are decoded
/// also where they say the same.
const LONGEST_REMEMBERED: usize = 2 << 20;
/// How much of it is read at once, in bytes.
const PIECE: usize = 16 << 10;

thread_local! {
    static PLUGIN: RefCell<Plugin> = RefCell::default();
    static LAST: RefCell<LastList> = RefCell::default();
    /// Whether a call of Zellij's is under way: one that has begun and not ended has crashed.
    static CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Called once, before everything else.
pub fn start() {
    std::panic::set_hook(Box::new(report_panic));
}

/// The plugin is loaded; its configuration lies on stdin.
#[no_mangle]
pub extern "C" fn load() {
    called(|line| {
        let configuration = line.and_then(|line| {
            let bytes = bytes(&line)?;
            let message = ProtobufPluginConfiguration::decode(bytes.as_slice()).ok()?;
            BTreeMap::try_from(&message).ok()
        });
        with(configuration, Plugin::load);
    });
}

/// An event lies on stdin. Whether to render.
#[no_mangle]
pub extern "C" fn update() -> bool {
    called(|line| {
        let Some(line) = line else { return false };
        if LAST.with(|last| last.borrow().says_the_same(&line)) {
            return with(Some(()), |plugin, ()| plugin.update_again());
        }
        let event = bytes(&line).and_then(|bytes| {
            let event = ProtobufEvent::decode(bytes.as_slice()).ok()?.try_into().ok()?;
            if let Event::SessionUpdate(..) = event {
                let text = if line.len() > LONGEST_REMEMBERED { &[][..] } else { &line };
                LAST.with(|last| last.borrow_mut().remember(text, &bytes));
            }
            Some(event)
        });
        drop(line);
        with(event, Plugin::update)
    })
}

/// A message lies on stdin. Whether to render.
#[no_mangle]
pub extern "C" fn pipe() -> bool {
    called(|line| {
        let Some(line) = line else { return false };
        let message = bytes(&line);
        drop(line);
        let message = message.and_then(|bytes| ProtobufPipeMessage::decode(bytes.as_slice()).ok()?.try_into().ok());
        with(message, Plugin::pipe)
    })
}

/// Paints the pane.
#[no_mangle]
pub extern "C" fn render(rows: i32, cols: i32) {
    let size = |number| usize::try_from(number).unwrap_or(0);
    if !CALLED.replace(true) {
        with(Some((size(rows), size(cols))), |plugin, (rows, cols)| plugin.render(rows, cols));
        CALLED.set(false);
    }
}

/// Answers a call of Zellij's by what lies on stdin; not in an instance that has crashed. Its state is worth nothing, it has no
/// memory to spare, and with each further crash Zellij would write its error over the panels of all clients. And it does not
/// renew its lease, so another one takes its place.
fn called<T: Default>(answer: impl FnOnce(Option<Vec<u8>>) -> T) -> T {
    let crashed = CALLED.replace(true);
    let line = line(crashed);
    if crashed {
        return T::default();
    }
    let answer = answer(line);
    CALLED.set(false);
    answer
}

/// Tells the plugin what could be decoded.
fn with<M, T: Default>(message: Option<M>, tell: impl FnOnce(&mut Plugin, M) -> T) -> T {
    let Some(message) = message else {
        perform::log("a message from Zellij cannot be read and is passed over; is this another Zellij than Carrel's?");
        return T::default();
    };
    PLUGIN.with(|plugin| plugin.try_borrow_mut().map(|mut plugin| tell(&mut plugin, message)).unwrap_or_default())
}

/// What Zellij has put on stdin: one line. None where it is too long, or is not wanted.
fn line(crashed: bool) -> Option<Vec<u8>> {
    let (mut line, mut piece, mut length) = (Vec::new(), [0; PIECE], 0);
    // To its end: the next message would be read from what is left. Stdin is locked while it is read, and not while the line
    // grows: a crash there would leave it locked.
    while let Ok(count @ 1..) = std::io::stdin().read(&mut piece) {
        let piece = piece.get(..count).unwrap_or_default();
        length += count;
        if crashed || length > LONGEST_LINE {
            line = Vec::new();
        } else {
            if line.capacity() - line.len() < count {
                // By itself a line of megabytes would get room for twice its size.
                line.reserve_exact(count.max(line.len() / 4));
            }
            line.extend_from_slice(piece);
        }
    }
    if crashed {
        return None;
    }
    // Each takes two characters at least, so of most lines it is known without counting.
    let lists_too_much =
        || length > 2 * LONGEST_MESSAGE && line.iter().filter(|c| **c == b',').count() > LONGEST_MESSAGE;
    if length > LONGEST_LINE || lists_too_much() {
        perform::log(&format!("a message from Zellij of {length} bytes is too long and is passed over"));
        return None;
    }
    Some(line)
}

/// The bytes that a line lists.
fn bytes(line: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice(line).ok()
}
