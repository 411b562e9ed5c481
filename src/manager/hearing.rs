//! Tells a message that was heard before from a new one. While a clone of the plugin is loading (a client attaches, the
//! plugin is reloaded), Zellij puts a message aside once for each clone that runs, and hands all of them to each
//! (`pipe_messages` in zellij-server's wasm_bridge.rs, 0.45.1): with two clients one `new` came twice.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::event::{Message, Sender};

/// How many calls of `zellij pipe` are remembered. The copies of one come in a row.
const CALLS: usize = 16;
/// Within what time the same key binding counts as one press, in milliseconds: a key that is held repeats more slowly than
/// a person could mean, and the copies of a press come at once.
const ONE_PRESS_MS: u64 = 50;

/// What was heard lately.
#[derive(Debug, Default)]
pub struct Hearing {
    /// By the call and its text: one call may bring several lines.
    calls: VecDeque<u64>,
    press: Option<(u64, u64)>,
}

impl Hearing {
    /// Whether this is another copy of what was heard; else it is remembered. What another plugin sends has nothing by
    /// which its copies could be known.
    pub fn again(&mut self, message: &Message, now_ms: u64) -> bool {
        let sign = sign(message);
        match message.sender {
            Sender::Cli(_) => {
                let heard = self.calls.contains(&sign);
                if !heard {
                    self.calls.truncate(CALLS - 1);
                    self.calls.push_front(sign);
                }
                heard
            }
            Sender::Key => {
                let heard = self.press.is_some_and(|(at, last)| last == sign && now_ms.abs_diff(at) < ONE_PRESS_MS);
                if !heard {
                    self.press = Some((now_ms, sign));
                }
                heard
            }
            Sender::Plugin => false,
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
    fn a_call_is_heard_once_however_often_it_comes_and_each_line_of_its_input_too() {
        let mut hearing = Hearing::default();
        assert!(!hearing.again(&call("a", "x"), 0));
        assert!(!hearing.again(&call("b", "x"), 0), "another call of the same words");
        assert!(!hearing.again(&call("a", "y"), 0), "the next line of the first");
        assert!(hearing.again(&call("a", "x"), 60_000) && hearing.again(&call("b", "x"), 0));
        for number in 0..CALLS {
            assert!(!hearing.again(&call(&number.to_string(), "x"), 0));
        }
        assert_eq!(hearing.calls.len(), CALLS);
    }

    #[test]
    fn a_key_is_one_press_for_a_twentieth_of_a_second() {
        let mut hearing = Hearing::default();
        let key = message(Sender::Key, "x");
        assert!(!hearing.again(&key, 1_000));
        assert!(hearing.again(&key, 1_000) && hearing.again(&key, 1_049));
        assert!(!hearing.again(&message(Sender::Key, "y"), 1_049), "another binding");
        assert!(!hearing.again(&key, 1_050), "somebody pressed again");
    }

    #[test]
    fn what_plugins_send_is_all_heard() {
        let mut hearing = Hearing::default();
        let sent = message(Sender::Plugin, "x");
        assert!(!hearing.again(&sent, 0) && !hearing.again(&sent, 0));
    }
}
