//! Takes one JSON container apart into its members, and puts it together again with some of them changed. What is not
//! touched keeps its bytes, blanks included. Refuses to know what the members mean.

use std::ops::Range;

use crate::manager::seed::copy::quote;
use crate::manager::seed::scan::{Found, Scanner};

/// A container that lies in memory as a whole.
pub(super) struct Members<'a> {
    raw: &'a [u8],
    all: Vec<Member>,
}

/// A member of an object, or an item of an array.
struct Member {
    /// None in an array.
    key: Option<String>,
    /// Where it begins: at its key, if it has one.
    from: usize,
    value: Range<usize>,
}

/// What becomes of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
    /// Its value becomes this.
    Becomes(String),
}

impl<'a> Members<'a> {
    /// Of an object or an array; none of anything else, and of what is not valid.
    pub(super) fn of(raw: &'a [u8]) -> Option<Self> {
        if !matches!(raw.first(), Some(b'{' | b'[')) {
            return None;
        }
        let (mut scan, mut all) = (Scanner::new(), Vec::new());
        let (mut key, mut value) = (None, 0);
        let mut at = 0;
        while at < raw.len() {
            let depth = scan.depth();
            let (taken, found) = scan.step(raw.get(at..)?).ok()?;
            match found {
                Found::KeyBegins if depth == 1 => key = Some(at),
                Found::ValueBegins(_) if depth == 1 => value = at,
                Found::ValueEnds if scan.depth() == 1 => {
                    let from: usize = key.take().unwrap_or(value);
                    let name = raw.get(from..value)?;
                    let quoted = || name.get(..=name.iter().rposition(|byte| *byte == b'"')?);
                    let key = match name.is_empty() {
                        true => None,
                        false => Some(serde_json::from_slice(quoted()?).ok()?),
                    };
                    all.push(Member { key, from, value: value..at + taken });
                }
                _ => {}
            }
            at += taken;
        }
        scan.finish().ok()?;
        Some(Members { raw, all })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Keys and values, from the first to the last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&str>, &'a [u8])> + '_ {
        let raw = self.raw;
        self.all.iter().map(move |member| (member.key.as_deref(), raw.get(member.value.clone()).unwrap_or_default()))
    }

    /// Where the member of that key stands: of several the last one, which is the one that counts for `JSON.parse`.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.all.iter().rposition(|member| member.key.as_deref() == Some(key))
    }

    /// The value at a position.
    pub(super) fn value(&self, at: usize) -> Option<&'a [u8]> {
        self.raw.get(self.all.get(at)?.value.clone())
    }

    /// The container with its members changed, as `fates` say by their positions, and with more at its end: each a value,
    /// with a key in an object.
    pub(super) fn rebuilt(&self, fates: &[Fate], more: &[(Option<String>, String)]) -> Vec<u8> {
        let piece = |range: Range<usize>| self.raw.get(range).unwrap_or_default();
        // As the first member is set off from the bracket, so are new ones from what stands before them.
        let (blanks, rest) = match (self.all.first(), self.all.last()) {
            (Some(first), Some(last)) => (piece(1..first.from), piece(last.value.end..self.raw.len())),
            _ => (&[][..], piece(1..self.raw.len())),
        };
        let mut out = piece(0..1).to_vec();
        let mut any = false;
        for (at, member) in self.all.iter().enumerate() {
            let fate = fates.get(at).unwrap_or(&Fate::Stays);
            if *fate == Fate::Goes {
                continue;
            }
            match at.checked_sub(1).and_then(|before| self.all.get(before)).filter(|_| any) {
                Some(before) => out.extend_from_slice(piece(before.value.end..member.from)),
                None => out.extend_from_slice(blanks),
            }
            any = true;
            out.extend_from_slice(piece(member.from..member.value.start));
            match fate {
                Fate::Becomes(value) => out.extend_from_slice(value.as_bytes()),
                _ => out.extend_from_slice(piece(member.value.clone())),
            }
        }
        for (key, value) in more {
            if any {
                out.push(b',');
            }
            any = true;
            out.extend_from_slice(blanks);
            out.extend_from_slice(member_text(key.as_deref(), value, !blanks.is_empty()).as_bytes());
        }
        // Nothing is left: no blanks between two brackets.
        out.extend_from_slice(if any { rest } else { rest.get(rest.len().saturating_sub(1)..).unwrap_or_default() });
        out
    }
}

/// A member as it is written; airy where its neighbours stand on lines of their own.
pub(super) fn member_text(key: Option<&str>, value: &str, airy: bool) -> String {
    let mut text = String::new();
    if let Some(key) = key {
        quote(key, &mut text);
        text.push_str(if airy { ": " } else { ":" });
    }
    text + value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, fates: &[Fate], more: &[(Option<&str>, &str)], expected: &str) {
        let more: Vec<_> = more.iter().map(|(key, value)| (key.map(str::to_string), value.to_string())).collect();
        let rebuilt = Members::of(raw.as_bytes()).unwrap().rebuilt(fates, &more);
        assert_eq!(String::from_utf8(rebuilt).unwrap(), expected);
        serde_json::from_str::<serde_json::Value>(expected).unwrap();
    }

    #[test]
    fn what_is_not_touched_keeps_its_bytes() {
        use Fate::{Becomes, Goes, Stays};
        let raw = "{\n  \"a\" : 1,\n  \"b\": [ 1 ] ,\n  \"c\": {}\n}";
        check(raw, &[], &[], raw);
        check(raw, &[Goes], &[], "{\n  \"b\": [ 1 ] ,\n  \"c\": {}\n}");
        check(raw, &[Stays, Goes], &[], "{\n  \"a\" : 1 ,\n  \"c\": {}\n}");
        check(raw, &[Stays, Stays, Goes], &[], "{\n  \"a\" : 1,\n  \"b\": [ 1 ]\n}");
        check(raw, &[Goes, Goes, Goes], &[], "{}");
        check(raw, &[Stays, Becomes("true".into())], &[], "{\n  \"a\" : 1,\n  \"b\": true ,\n  \"c\": {}\n}");
        check(raw, &[Goes, Goes, Goes], &[(Some("d"), "1")], "{\n  \"d\": 1\n}");
        check("{\"a\":1}", &[], &[(Some("b\""), "2"), (Some("c"), "3")], r#"{"a":1,"b\"":2,"c":3}"#);
        check("[ 1, \"x\" ]", &[Goes], &[(None, "\"y\"")], "[ \"x\", \"y\" ]");
        check("{ }", &[], &[(Some("a"), "1")], "{\"a\":1 }");
        check("[]", &[], &[(None, "1")], "[1]");
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_one_is_found() {
        let members = Members::of(br#"{"a":1,"b":2,"a":[3]}"#).unwrap();
        assert_eq!(members.position("a"), Some(2));
        assert_eq!(members.value(2), Some(&b"[3]"[..]));
        let listed: Vec<_> = members.iter().map(|(key, value)| (key.unwrap(), value.len())).collect();
        assert_eq!((members.len(), listed), (3, vec![("a", 1), ("b", 1), ("a", 3)]));
    }

    #[test]
    fn what_is_no_container_has_no_members() {
        for raw in ["", "1", "\"x\"", "null", "{\"a\":}", "{\"a\":1", "[1]x"] {
            assert!(Members::of(raw.as_bytes()).is_none(), "{raw}");
        }
    }
}
