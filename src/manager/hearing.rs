//! Tells a message that was heard before from a new one. While a clone of the plugin is loading (a client attaches, the
//! plugin is reloaded), Zellij puts a message aside once for each clone that runs, and hands all of them, in a row, to each
//! (`pipe_messages` in zellij-server's wasm_bridge.rs, 0.45.1): with two clients one `new` came twice.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::event::{Message, Sender};

/// How long after the end of a message's turn the same one of the same call is a copy, in milliseconds. The lines that a call
/// reads have their turns one by one; two that are the same and come without a pause cannot be told from copies.
const ONE_CALL_MS: u64 = 100;
/// The same for a key binding, of which nothing tells the presses apart: a key that is held repeats every 25 to 40 ms.
const ONE_PRESS_MS: u64 = 20;

#[derive(Clone, Copy, Debug)]
struct Heard {
    sign: u64,
    term_ms: u64,
    /// Until then the same is a copy.
    until_ms: u64,
}

/// What was heard last.
#[derive(Debug, Default)]
pub struct Hearing {
    last: Option<Heard>,
}

impl Hearing {
    /// Whether this is another copy of what was heard last; else it is remembered. What another plugin sends has nothing by
    /// which its copies could be known.
    pub fn again(&mut self, message: &Message, now_ms: u64) -> bool {
        let term_ms = match message.sender {
            Sender::Cli(_) => ONE_CALL_MS,
            Sender::Key => ONE_PRESS_MS,
            Sender::Plugin => return false,
        };
        let sign = sign(message);
        let again = self.last.is_some_and(|last| last.sign == sign && now_ms < last.until_ms);
        self.last = Some(Heard { sign, term_ms, until_ms: now_ms + term_ms });
        again
    }

    /// The turn that a message began is at its end: to open a pane is to wait for Zellij, up to a second.
    pub fn ended(&mut self, now_ms: u64) {
        if let Some(last) = &mut self.last {
            last.until_ms = now_ms + last.term_ms;
        }
    }
}

/// Not the text itself: it may be a megabyte.
fn sign(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Sender::Cli(pipe) = &message.sender {
        pipe.0.hash(&mut hasher);
    }
    (&message.name, &message.payload, &message.args).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::ids::PipeId;
    use super::*;

    fn message(sender: Sender, payload: &str) -> Message {
        let payload = Some(payload.to_string());
        Message { sender, private: true, name: "new".into(), payload, args: Default::default() }
    }

    fn call(pipe: &str, payload: &str) -> Message {
        message(Sender::Cli(PipeId(pipe.into())), payload)
    }

    #[test]
    fn a_call_is_heard_once_though_it_comes_several_times_and_each_line_of_its_input_too() {
        let mut hearing = Hearing::default();
        assert!(!hearing.again(&call("a", "x"), 0));
        assert!(hearing.again(&call("a", "x"), 99) && hearing.again(&call("a", "x"), 198));
        assert!(!hearing.again(&call("b", "x"), 198), "another call of the same words");
        assert!(!hearing.again(&call("b", "y"), 198), "its next line");
        assert!(!hearing.again(&call("b", "x"), 198), "and the next");
        assert!(!hearing.again(&call("b", "x"), 298), "the same line again, after a pause");
    }

    #[test]
    fn a_key_is_one_press_for_a_fiftieth_of_a_second() {
        let mut hearing = Hearing::default();
        let key = message(Sender::Key, "x");
        assert!(!hearing.again(&key, 1_000));
        assert!(hearing.again(&key, 1_000) && hearing.again(&key, 1_019));
        assert!(!hearing.again(&message(Sender::Key, "y"), 1_019), "another binding");
        assert!(!hearing.again(&key, 1_020) && !hearing.again(&key, 1_040), "somebody pressed again");
    }

    #[test]
    fn the_time_counts_from_the_end_of_its_turn() {
        let mut hearing = Hearing::default();
        let key = message(Sender::Key, "x");
        assert!(!hearing.again(&key, 1_000));
        hearing.ended(1_900);
        assert!(hearing.again(&key, 1_919) && !hearing.again(&key, 1_939));
    }

    #[test]
    fn what_plugins_send_is_all_heard() {
        let mut hearing = Hearing::default();
        let sent = message(Sender::Plugin, "x");
        assert!(!hearing.again(&sent, 0) && !hearing.again(&sent, 0));
    }
}
