//! Whether a list of panes says what the last one said, seen before it is decoded: Zellij sends several at whatever happens, most
//! of them say nothing new, and to decode that of a thousand panes takes its interpreter some hundred times as long as to compare it.
//! Knows the form of the message and nothing of what it means; a list that it does not recognise is read like any other.
//!
//! An event is a JSON list of the bytes of a protobuf message (`Event` in zellij-utils' event.proto). Two things differ from
//! list to list although nothing happened: the age of the session, in seconds, and the order of its tabs, which is that of a
//! hash map. So the last list is kept as text, in pieces: what stands before the tabs, each tab, what stands behind them.

use std::ops::Range;

/// `Event.session_update_payload`.
const UPDATE: u64 = 13;
/// `SessionUpdatePayload.session_manifests`.
const SESSION: u64 = 1;
/// `SessionManifest.panes`, one for each tab.
const TAB: u64 = 3;
/// `SessionManifest.is_current_session`.
const CURRENT: u64 = 5;
/// `SessionManifest.creation_time`, which is an age.
const AGE: u64 = 12;

/// The last list of panes.
#[derive(Clone, Debug, Default)]
pub struct LastList {
    head: Vec<u8>,
    tabs: Vec<Vec<u8>>,
    /// Between the tabs and the age.
    middle: Vec<u8>,
    /// How many commas there are in the age.
    age: usize,
    tail: Vec<u8>,
}

impl LastList {
    /// Whether this event is that list again.
    #[must_use]
    pub fn says_the_same(&self, event: &[u8]) -> bool {
        self.compare(event).unwrap_or(false)
    }

    fn compare(&self, event: &[u8]) -> Option<bool> {
        if self.head.is_empty() {
            return None;
        }
        let mut rest = strip(event, &self.head)?;
        let mut left: Vec<&[u8]> = self.tabs.iter().map(Vec::as_slice).collect();
        while !left.is_empty() {
            // A tab names its length first, so none is the beginning of another one.
            let (at, after) = left.iter().enumerate().find_map(|(at, tab)| Some((at, strip(rest, tab)?)))?;
            left.swap_remove(at);
            rest = after;
        }
        rest = strip(rest, &self.middle)?;
        let (age, tail) = rest.split_at_checked(rest.len().checked_sub(self.tail.len())?)?;
        let numbers = age.iter().all(|c| c.is_ascii_digit() || *c == b',');
        Some(same(tail, &self.tail) && numbers && commas(age) == self.age)
    }

    /// Remembers an event: its text, and the bytes that the text lists. One that is no list of panes is none from then on.
    pub fn remember(&mut self, event: &[u8], bytes: &[u8]) {
        // Not both at once: a list may be megabytes.
        *self = Self::default();
        *self = pieces(event, bytes).unwrap_or_default();
    }
}

fn pieces(event: &[u8], bytes: &[u8]) -> Option<LastList> {
    let whole = Field::all(bytes, 0..bytes.len())?;
    let update = whole.iter().find(|field| field.number == UPDATE)?;
    let sessions = Field::all(bytes, update.content.clone())?;
    let session = sessions.iter().filter(|field| field.number == SESSION).find_map(|field| {
        let fields = Field::all(bytes, field.content.clone())?;
        fields.iter().any(|field| field.number == CURRENT).then_some(fields)
    })?;
    let tabs: Vec<&Field> = session.iter().filter(|field| field.number == TAB).collect();
    let (first, last) = (tabs.first()?, tabs.last()?);
    let age = session.iter().find(|field| field.number == AGE).map(|field| field.content.clone())?;
    // Where all of that is in the text: in one pass, so in ascending order.
    let mut places = Places::of(event);
    let head = event.get(..places.of_byte(first.begin)?)?;
    let mut pieces = LastList { head: head.to_vec(), ..LastList::default() };
    for tab in &tabs {
        let range = places.of_byte(tab.begin)?..places.of_byte(tab.content.end)?;
        pieces.tabs.push(event.get(range)?.to_vec());
    }
    let behind = places.of_byte(last.content.end)?;
    // Without the comma or the bracket that follows.
    let age = places.of_byte(age.start)?..places.of_byte(age.end)?.checked_sub(1)?;
    pieces.middle = event.get(behind..age.start)?.to_vec();
    pieces.age = commas(event.get(age.clone())?);
    pieces.tail = event.get(age.end..)?.to_vec();
    Some(pieces)
}

/// A field of a protobuf message.
struct Field {
    number: u64,
    /// Where it begins.
    begin: usize,
    /// Where its value is, without its length.
    content: Range<usize>,
}

impl Field {
    /// Those of the message that lies there.
    fn all(bytes: &[u8], message: Range<usize>) -> Option<Vec<Field>> {
        let mut fields = Vec::new();
        let mut at = message.start;
        while at < message.end {
            let begin = at;
            let tag = varint(bytes, &mut at)?;
            let content = match tag & 7 {
                0 => {
                    let start = at;
                    varint(bytes, &mut at)?;
                    start..at
                }
                1 => at..at.checked_add(8)?,
                2 => {
                    let length = usize::try_from(varint(bytes, &mut at)?).ok()?;
                    at..at.checked_add(length)?
                }
                5 => at..at.checked_add(4)?,
                _ => return None,
            };
            at = content.end;
            if at > message.end {
                return None;
            }
            fields.push(Field { number: tag >> 3, begin, content });
        }
        Some(fields)
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Finds bytes in the text that lists them: each but the first begins behind a comma.
struct Places<'a> {
    text: &'a [u8],
    byte: usize,
    place: usize,
}

impl<'a> Places<'a> {
    fn of(text: &'a [u8]) -> Self {
        let place = text.iter().position(|c| *c == b'[').map_or(text.len(), |at| at + 1);
        Places { text, byte: 0, place }
    }

    /// Where that byte begins; that of the end is the end of the list. Never one before the last.
    fn of_byte(&mut self, byte: usize) -> Option<usize> {
        while self.byte < byte {
            let rest = self.text.get(self.place..)?;
            self.place += rest.iter().position(|c| matches!(c, b',' | b']'))? + 1;
            self.byte += 1;
        }
        Some(self.place)
    }
}

fn commas(text: &[u8]) -> usize {
    text.iter().filter(|c| **c == b',').count()
}

fn strip<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    same(start, prefix).then_some(rest)
}

/// Equality, eight bytes at a time: in wasm it is a loop over single ones otherwise, and this is all that is done of most
/// lists.
fn same(a: &[u8], b: &[u8]) -> bool {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let differ = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*a) != u64::from_le_bytes(*b);
    a.len() == b.len() && a_rest == b_rest && !a.iter().zip(b).any(differ)
}

#[cfg(test)]
mod tests {
    use super::*;

    // That a list is recognised in Zellij's runtime, and what that saves, is proved in bench/tests/plugin.rs.

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        [&[(number << 3 | 2) as u8, content.len() as u8], content].concat()
    }

    /// An event with a current session of that age, beside another one of a fixed age, and before one that is saved.
    fn event(name: &str, tabs: &[&[u8]], age: &[u8]) -> Vec<u8> {
        event_before(&field(2, b"saved"), name, tabs, age)
    }

    fn event_before(last: &[u8], name: &str, tabs: &[&[u8]], age: &[u8]) -> Vec<u8> {
        let tabs: Vec<u8> = tabs.iter().flat_map(|tab| field(TAB, tab)).collect();
        let age = if age.is_empty() { vec![] } else { [&[(AGE << 3) as u8], age].concat() };
        let session = [field(1, name.as_bytes()), tabs, vec![4 << 3, 1, (CURRENT << 3) as u8, 1], age].concat();
        let other = [field(1, b"other"), field(TAB, b"xx"), vec![(AGE << 3) as u8, 9]].concat();
        let update = [&field(SESSION, &other), &field(SESSION, &session), last].concat();
        [vec![1 << 3, 16], field(UPDATE, &update)].concat()
    }

    fn text(bytes: &[u8]) -> Vec<u8> {
        (serde_json::to_string(bytes).unwrap() + "\r\n").into_bytes()
    }

    fn last(bytes: &[u8]) -> LastList {
        let mut last = LastList::default();
        last.remember(&text(bytes), bytes);
        last
    }

    #[test]
    fn a_list_is_the_same_whatever_the_age_of_the_session_and_the_order_of_its_tabs() {
        let last = last(&event("s", &[b"\x08\x01one", b"two", b"\x08\x02three"], &[7]));
        for tabs in [[&b"\x08\x01one"[..], b"two", b"\x08\x02three"], [b"two", b"\x08\x02three", b"\x08\x01one"]] {
            for age in [[7], [8], [99], [100], [127]] {
                assert!(last.says_the_same(&text(&event("s", &tabs, &age))), "{tabs:?} {age:?}");
            }
        }
    }

    #[test]
    fn it_is_the_same_too_where_the_age_is_the_last_of_all() {
        let of_age = |age: &[u8]| event_before(&[], "s", &[b"one"], age);
        let last = last(&of_age(&[0x80, 1]));
        assert!(last.says_the_same(&text(&of_age(&[0xff, 0x7f]))));
        assert!(!last.says_the_same(&text(&of_age(&[7]))), "the length of the session is another one");
    }

    #[test]
    fn whatever_else_differs_the_list_is_another_one() {
        let (tabs, age): ([&[u8]; 2], &[u8]) = ([b"\x08\x01one", b"two"], &[7]);
        let bytes = event("s", &tabs, age);
        let last = last(&bytes);
        assert!(last.says_the_same(&text(&bytes)));
        assert!(!last.says_the_same(&text(&event("t", &tabs, age))), "another name");
        assert!(!last.says_the_same(&text(&event("s", &[b"\x08\x01one", b"twO"], age))), "another pane");
        assert!(!last.says_the_same(&text(&event("s", &[b"\x08\x01one"], age))), "a tab less");
        assert!(!last.says_the_same(&text(&event("s", &[b"\x08\x01one", b"two", b"two"], age))), "a tab more");
        assert!(!last.says_the_same(&text(&event("s", &[b"two", b"two"], age))), "a tab twice");
        // Every single byte that is bent, but the age's.
        let age_at = bytes.len() - field(2, b"saved").len() - 1;
        for at in (0..bytes.len()).filter(|at| *at != age_at) {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            assert!(!last.says_the_same(&text(&bent)), "byte {at}");
        }
        for cut in 0..text(&bytes).len() {
            assert!(!last.says_the_same(&text(&bytes)[..cut]), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_list_of_panes_is_never_the_same_as_the_last() {
        let without_age = event("s", &[b"one"], &[]);
        for bytes in [vec![], vec![1 << 3, 5], field(UPDATE, b""), vec![0xff; 30], field(UPDATE, &[0x0f]), without_age]
        {
            assert!(!last(&bytes).says_the_same(&text(&bytes)), "{bytes:?}");
        }
        let mut last = last(&event("s", &[b"one"], &[7]));
        last.remember(&text(&[1 << 3, 5]), &[1 << 3, 5]);
        assert!(!last.says_the_same(&text(&event("s", &[b"one"], &[7]))), "the last event was another one");
    }

    #[test]
    fn no_bytes_whatever_break_it() {
        let bytes = event("s", &[b"one", b"two"], &[7]);
        for at in 0..bytes.len() {
            for byte in 0..=255 {
                let mut bent = bytes.clone();
                bent[at] = byte;
                let _ = last(&bent).says_the_same(&text(&bent));
                let mut last = LastList::default();
                last.remember(&text(&bytes)[..at], &bent);
            }
        }
    }
}
