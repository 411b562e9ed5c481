//! Rebuilds one kept value: takes it in with serde_json and writes out what has the right type, nothing else.
//! Writes while it reads: a tree of the value would be many times as large as its text.

use std::collections::BTreeMap;
use std::fmt;

use crate::manager::gathering::gather;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a value must be to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Shape {
    /// `true`. Left out when it is `false`, which is what Claude takes an absent one for.
    True,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A string of 64 hexadecimal digits: what Claude Code 2.1.330 accepts as its `userID`.
    Digest,
    /// An array of strings; what else is in it is left out.
    Texts,
    /// An object of which all leaves are numbers or booleans: what was seen, and how often.
    Marks,
    /// An object of objects: MCP servers by their names.
    Servers,
    /// The ends of API keys that the user approved or rejected.
    KeyTails,
    /// Who is logged in. Nothing at all, if any key in it sounds like a secret.
    Identity,
    /// Inside [`Shape::Servers`]: an object, as it is.
    Object,
    /// Inside [`Shape::Object`]: as it is.
    Anything,
    /// Inside [`Shape::KeyTails`].
    Tails,
    /// Inside [`Shape::Tails`]: Claude keeps the last 20 characters of a key; what is longer might be a whole one.
    Tail,
}

impl Shape {
    /// Whether a value that begins with this byte can have the shape.
    pub(in crate::manager) fn can_begin(self, byte: u8) -> bool {
        match self {
            Shape::True => byte == b't',
            Shape::Bool => byte == b't' || byte == b'f',
            Shape::Number => byte == b'-' || byte.is_ascii_digit(),
            Shape::Text | Shape::Digest | Shape::Tail => byte == b'"',
            Shape::Texts | Shape::Tails => byte == b'[',
            Shape::Marks | Shape::Servers | Shape::KeyTails | Shape::Identity | Shape::Object => byte == b'{',
            Shape::Anything => true,
        }
    }
}

impl Shape {
    /// What stands for a container from which everything was taken out.
    pub(in crate::manager) fn empty(self) -> Option<&'static str> {
        match self {
            Shape::Texts => Some("[]"),
            Shape::Servers | Shape::KeyTails => Some("{}"),
            _ => None,
        }
    }
}

/// The value as it is kept; none where nothing of it is.
pub(in crate::manager) fn copy(json: &[u8], shape: Shape) -> Result<Option<String>, serde_json::Error> {
    let mut out = Out { text: String::new(), secret: false };
    let mut json = serde_json::Deserializer::from_slice(json);
    let kept = Piece { shape, out: &mut out }.deserialize(&mut json)?;
    json.end()?;
    Ok((kept && !out.secret).then_some(out.text))
}

/// Writes a string as JSON.
pub(in crate::manager) fn quote(text: &str, out: &mut String) {
    // Writing a string into memory cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

struct Out {
    text: String,
    secret: bool,
}

struct Piece<'a> {
    shape: Shape,
    out: &'a mut Out,
}

impl Piece<'_> {
    fn write(self, text: &str) -> bool {
        self.out.text.push_str(text);
        true
    }
}

impl<'de> DeserializeSeed<'de> for Piece<'_> {
    /// Whether anything was kept. What was written for it is taken back by the caller if not.
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Piece<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        let fits = match self.shape {
            Shape::True => value,
            shape => matches!(shape, Shape::Bool | Shape::Marks | Shape::Anything | Shape::Identity),
        };
        Ok(fits && self.write(if value { "true" } else { "false" }))
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        self.number(serde_json::Number::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        self.number(serde_json::Number::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.number(number),
            None => Ok(false),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<bool, E> {
        let fits = match self.shape {
            Shape::Text | Shape::Anything | Shape::Identity => true,
            Shape::Digest => value.len() == 64 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            Shape::Tail => value.chars().count() <= 20,
            _ => false,
        };
        if fits {
            quote(value, &mut self.out.text);
        }
        Ok(fits)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(matches!(self.shape, Shape::Anything | Shape::Identity) && self.write("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let item = match self.shape {
            Shape::Texts => Shape::Text,
            Shape::Tails => Shape::Tail,
            Shape::Anything => Shape::Anything,
            Shape::Identity => Shape::Identity,
            _ => {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(false);
            }
        };
        let mut any = false;
        self.out.text.push('[');
        loop {
            let before = self.out.text.len();
            if any {
                self.out.text.push(',');
            }
            match items.next_element_seed(Piece { shape: item, out: &mut *self.out })? {
                Some(true) => any = true,
                Some(false) => self.out.text.truncate(before),
                None => {
                    self.out.text.truncate(before);
                    break;
                }
            }
        }
        self.out.text.push(']');
        Ok(any || matches!(self.shape, Shape::Anything | Shape::Identity))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<bool, A::Error> {
        match self.shape {
            Shape::Object | Shape::Anything | Shape::Identity => self.whole_map(entries),
            _ => self.sifted_map(entries),
        }
    }
}

impl Piece<'_> {
    /// Every entry is kept, in its place; a key that comes twice comes twice.
    fn whole_map<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        let shape = if self.shape == Shape::Identity { Shape::Identity } else { Shape::Anything };
        let mut first = true;
        self.out.text.push('{');
        while let Some(key) = entries.next_key::<String>()? {
            if !first {
                self.out.text.push(',');
            }
            first = false;
            self.out.secret |= shape == Shape::Identity && sounds_secret(&key);
            quote(&key, &mut self.out.text);
            self.out.text.push(':');
            entries.next_value_seed(Piece { shape, out: &mut *self.out })?;
        }
        self.out.text.push('}');
        Ok(true)
    }

    /// Entries of the right shape are kept. Of a key that comes twice the last one counts, as for Claude, even if it is
    /// one that is left out: else an approval would come back that was taken back.
    fn sifted_map<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let shape = match self.shape {
                Shape::Marks => Shape::Marks,
                Shape::Servers => Shape::Object,
                Shape::KeyTails if key == "approved" || key == "rejected" => Shape::Tails,
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let before = self.out.text.len();
            let kept = entries.next_value_seed(Piece { shape, out: &mut *self.out })?;
            let text = self.out.text.split_off(before);
            found.push((key, kept.then_some(text)));
        }
        let last: BTreeMap<&str, usize> = gather(found.iter().enumerate().map(|(at, (key, _))| (key.as_str(), at)));
        let mut any = false;
        for (at, (key, text)) in found.iter().enumerate() {
            let Some(text) = text.as_ref().filter(|_| last.get(key.as_str()) == Some(&at)) else { continue };
            self.out.text.push(if any { ',' } else { '{' });
            any = true;
            quote(key, &mut self.out.text);
            self.out.text.push(':');
            self.out.text.push_str(text);
        }
        if any {
            self.out.text.push('}');
        }
        Ok(any)
    }

    fn number<E>(self, value: serde_json::Number) -> Result<bool, E> {
        let fits = matches!(self.shape, Shape::Number | Shape::Marks | Shape::Anything | Shape::Identity);
        Ok(fits && self.write(&value.to_string()))
    }
}

fn sounds_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["token", "secret", "password", "credential", "key", "cookie", "bearer", "jwt"]
        .iter()
        .any(|word| key.contains(word))
}
