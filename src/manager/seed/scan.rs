//! Walks through JSON that comes in slices, and says where keys and values begin and end.
//! Strict: what is not JSON is a fault at its byte, in what is skipped as well. Refuses to know what anything means, and
//! keeps nothing but the brackets that are open.
//!
//! Two things pass here that serde_json refuses, because `JSON.parse`, with which Claude reads the file, takes them: an
//! escaped half of a surrogate pair (`"\ud83d"`, which is what a cut emoji is written as), and a number too large for a
//! float. In what is kept, serde_json refuses them later.

use std::fmt;

/// How deep brackets may stand inside each other. A `.claude.json` needs about ten; serde_json refuses more than 127.
pub(in crate::manager) const DEEPEST: usize = 120;

/// Where in a document a walk is.
#[derive(Debug)]
pub(in crate::manager) struct Scanner {
    state: State,
    /// The open brackets: true for an object.
    open: Vec<bool>,
    /// How many bytes lie behind.
    at: u64,
}

/// What a step found at its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Found {
    /// Blanks, punctuation, or more of what is open.
    More,
    /// The opening quote of a key.
    KeyBegins,
    /// The closing quote of a key.
    KeyEnds,
    /// The first byte of a value.
    ValueBegins(u8),
    /// The last byte of a value; the byte after it, for a number.
    ValueEnds,
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Fault {
    /// There is nothing in it.
    Empty,
    /// It is over before it is complete; in the middle of this.
    Ends(&'static str),
    /// This byte stands where something else should.
    Unexpected(u8, &'static str),
    /// A string holds bytes that are no UTF-8.
    NotUtf8,
    /// Brackets inside brackets without end.
    TooDeep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the document; so many bytes of a byte order mark have been seen.
    Start(u8),
    Value,
    /// A value, or the end of the array.
    FirstItem,
    /// A key, or the end of the object.
    FirstKey,
    Key,
    Colon,
    /// A value is over.
    After,
    String {
        key: bool,
        part: Part,
    },
    Number(Digits),
    /// Of `true`, `false` or `null`, this must follow.
    Word(&'static [u8]),
    /// The document is complete.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Plain,
    /// After a backslash.
    Escape,
    /// So many hexadecimal digits must follow.
    Hex(u8),
    /// So many bytes of a character must follow, the next one in this range.
    Character(u8, u8, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digits {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Scanner {
    pub(in crate::manager) fn new() -> Self {
        Scanner { state: State::Start(0), open: Vec::new(), at: 0 }
    }

    /// How many brackets are open.
    pub(in crate::manager) fn depth(&self) -> usize {
        self.open.len()
    }

    /// How many bytes lie behind.
    pub(in crate::manager) fn at(&self) -> u64 {
        self.at
    }

    /// Takes a few bytes from the front of `rest`, which must not be empty: how many, and what was found. Takes none at
    /// the end of a number.
    pub(in crate::manager) fn step(&mut self, rest: &[u8]) -> Result<(usize, Found), Fault> {
        let Some(&byte) = rest.first() else { return Ok((0, Found::More)) };
        let (taken, found) = match self.state {
            State::String { key, part } => self.string(rest, byte, key, part)?,
            State::Number(digits) => self.number(rest, byte, digits)?,
            State::Word(left) => match left.split_first() {
                Some((&expected, left)) if expected == byte => {
                    self.state = State::Word(left);
                    if left.is_empty() {
                        self.value_ends();
                        (1, Found::ValueEnds)
                    } else {
                        (1, Found::More)
                    }
                }
                _ => return Err(Fault::Unexpected(byte, "the rest of `true`, `false` or `null`")),
            },
            // An editor on Windows may have put a byte order mark there; Claude Code 2.1.330 reads over it (tried).
            State::Start(seen) => match (seen, byte) {
                (0, 0xef) | (1, 0xbb) => {
                    self.state = State::Start(seen + 1);
                    (1, Found::More)
                }
                (2, 0xbf) => {
                    self.state = State::Start(3);
                    (1, Found::More)
                }
                (0 | 3, b' ' | b'\t' | b'\n' | b'\r') => (1, Found::More),
                (0 | 3, _) => self.value_begins(byte)?,
                _ => return Err(Fault::NotUtf8),
            },
            _ if is_blank(byte) => (blanks(Some(rest)), Found::More),
            State::Value => self.value_begins(byte)?,
            State::FirstItem if byte == b']' => self.closes(),
            State::FirstItem => self.value_begins(byte)?,
            State::FirstKey if byte == b'}' => self.closes(),
            State::FirstKey | State::Key => {
                if byte != b'"' {
                    return Err(Fault::Unexpected(byte, "a key in double quotes"));
                }
                self.state = State::String { key: true, part: Part::Plain };
                (1, Found::KeyBegins)
            }
            State::Colon => {
                if byte != b':' {
                    return Err(Fault::Unexpected(byte, "a colon"));
                }
                self.state = State::Value;
                (1 + blanks(rest.get(1..)), Found::More)
            }
            State::After => match (self.open.last(), byte) {
                (Some(true), b'}') | (Some(false), b']') => self.closes(),
                (Some(object), b',') => {
                    self.state = if *object { State::Key } else { State::Value };
                    (1 + blanks(rest.get(1..)), Found::More)
                }
                (Some(true), _) => return Err(Fault::Unexpected(byte, "a comma or `}`")),
                _ => return Err(Fault::Unexpected(byte, "a comma or `]`")),
            },
            State::End => return Err(Fault::Unexpected(byte, "the end")),
        };
        self.at += taken as u64;
        Ok((taken, found))
    }

    /// Whether the document is complete, now that nothing follows.
    pub(in crate::manager) fn finish(&self) -> Result<(), Fault> {
        match self.state {
            State::End => Ok(()),
            State::Start(0 | 3) => Err(Fault::Empty),
            State::Start(_) => Err(Fault::Ends("a character")),
            State::String { key: true, .. } => Err(Fault::Ends("a key")),
            State::String { key: false, .. } => Err(Fault::Ends("a string")),
            State::Number(_) => Err(Fault::Ends("a number")),
            State::Word(_) => Err(Fault::Ends("a word")),
            _ if self.open.last() == Some(&false) => Err(Fault::Ends("an array")),
            _ => Err(Fault::Ends("an object")),
        }
    }

    fn value_begins(&mut self, byte: u8) -> Result<(usize, Found), Fault> {
        self.state = match byte {
            b'{' | b'[' => {
                if self.open.len() == DEEPEST {
                    return Err(Fault::TooDeep);
                }
                self.open.push(byte == b'{');
                if byte == b'{' {
                    State::FirstKey
                } else {
                    State::FirstItem
                }
            }
            b'"' => State::String { key: false, part: Part::Plain },
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            b'-' => State::Number(Digits::Minus),
            b'0' => State::Number(Digits::Zero),
            b'1'..=b'9' => State::Number(Digits::Whole),
            _ => return Err(Fault::Unexpected(byte, "a value")),
        };
        Ok((1, Found::ValueBegins(byte)))
    }

    fn closes(&mut self) -> (usize, Found) {
        self.open.pop();
        self.value_ends();
        (1, Found::ValueEnds)
    }

    fn value_ends(&mut self) {
        self.state = if self.open.is_empty() { State::End } else { State::After };
    }

    fn number(&mut self, rest: &[u8], byte: u8, mut digits: Digits) -> Result<(usize, Found), Fault> {
        let mut taken = 0;
        for byte in rest {
            let Some(next) = digits.after(*byte) else { break };
            digits = next;
            taken += 1;
        }
        if taken > 0 {
            self.state = State::Number(digits);
            return Ok((taken, Found::More));
        }
        if !digits.complete() {
            return Err(Fault::Unexpected(byte, "a digit"));
        }
        self.value_ends();
        Ok((0, Found::ValueEnds))
    }

    /// As much of the string as there is, or its end.
    fn string(&mut self, rest: &[u8], byte: u8, key: bool, mut part: Part) -> Result<(usize, Found), Fault> {
        if part == Part::Plain && byte == b'"' {
            if key {
                self.state = State::Colon;
                return Ok((1, Found::KeyEnds));
            }
            self.value_ends();
            return Ok((1, Found::ValueEnds));
        }
        let mut left = rest;
        while let Some((&byte, behind)) = left.split_first() {
            let step = match (part, byte) {
                (Part::Plain, b'"') => break,
                (Part::Plain, b'\\') => Ok(Part::Escape),
                (Part::Plain, 0..0x20) => Err(Fault::Unexpected(byte, "the rest of a string")),
                (Part::Plain, 0x20..0x80) => {
                    left = left.get(plain_run(left).max(1)..).unwrap_or_default();
                    continue;
                }
                (Part::Plain, _) => match wide_run(left) {
                    0 => first_of_character(byte).ok_or(Fault::NotUtf8),
                    run => {
                        left = left.get(run..).unwrap_or_default();
                        continue;
                    }
                },
                (Part::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(Part::Plain),
                (Part::Escape, b'u') => Ok(Part::Hex(4)),
                (Part::Escape, _) => Err(Fault::Unexpected(byte, "one of \"\\/bfnrtu after a backslash")),
                (Part::Hex(1), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => Ok(Part::Plain),
                (Part::Hex(digits), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => Ok(Part::Hex(digits.saturating_sub(1))),
                (Part::Hex(_), _) => Err(Fault::Unexpected(byte, "a hexadecimal digit")),
                (Part::Character(bytes, low, high), byte) if (low..=high).contains(&byte) => match bytes {
                    0 | 1 => Ok(Part::Plain),
                    bytes => Ok(Part::Character(bytes - 1, 0x80, 0xbf)),
                },
                (Part::Character(..), _) => Err(Fault::NotUtf8),
            };
            part = step.inspect_err(|_| self.at += (rest.len() - left.len()) as u64)?;
            left = behind;
        }
        self.state = State::String { key, part };
        Ok((rest.len() - left.len(), Found::More))
    }
}

impl Digits {
    fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Digits::Minus, b'0') => Some(Digits::Zero),
            (Digits::Minus, b'1'..=b'9') | (Digits::Whole, b'0'..=b'9') => Some(Digits::Whole),
            (Digits::Zero | Digits::Whole, b'.') => Some(Digits::Point),
            (Digits::Point | Digits::Fraction, b'0'..=b'9') => Some(Digits::Fraction),
            (Digits::Zero | Digits::Whole | Digits::Fraction, b'e' | b'E') => Some(Digits::E),
            (Digits::E, b'+' | b'-') => Some(Digits::Sign),
            (Digits::E | Digits::Sign | Digits::Exponent, b'0'..=b'9') => Some(Digits::Exponent),
            _ => None,
        }
    }

    fn complete(self) -> bool {
        matches!(self, Digits::Zero | Digits::Whole | Digits::Fraction | Digits::Exponent)
    }
}

impl fmt::Display for Fault {
    /// Completes the sentence "`<file>` …", without the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Empty => write!(f, "is empty"),
            Fault::Ends(what) => write!(f, "ends in the middle of {what}"),
            Fault::Unexpected(byte, what) => {
                let found = match byte {
                    b'!'..=b'~' => format!("`{}`", char::from(*byte)),
                    b' ' => "a blank".to_string(),
                    b'\n' | b'\r' => "a line break".to_string(),
                    _ => format!("the byte {byte:#04x}"),
                };
                write!(f, "is not valid JSON: {found} stands where {what} should be")
            }
            Fault::NotUtf8 => write!(f, "is not valid UTF-8"),
            Fault::TooDeep => write!(f, "has more than {DEEPEST} brackets inside each other"),
        }
    }
}

/// How many blanks are at the front.
fn blanks(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(0, |bytes| bytes.iter().position(|byte| !is_blank(*byte)).unwrap_or(bytes.len()))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What must follow the first byte of a character beyond ASCII (table 3-7 of the Unicode standard).
fn first_of_character(byte: u8) -> Option<Part> {
    Some(match byte {
        0xc2..=0xdf => Part::Character(1, 0x80, 0xbf),
        0xe0 => Part::Character(2, 0xa0, 0xbf),
        0xe1..=0xec | 0xee..=0xef => Part::Character(2, 0x80, 0xbf),
        0xed => Part::Character(2, 0x80, 0x9f),
        0xf0 => Part::Character(3, 0x90, 0xbf),
        0xf1..=0xf3 => Part::Character(3, 0x80, 0xbf),
        0xf4 => Part::Character(3, 0x80, 0x8f),
        _ => return None,
    })
}

/// How many bytes at the front are whole characters beyond ASCII (table 3-7 of the Unicode standard). What is cut or
/// wrong is left to a closer look.
fn wide_run(bytes: &[u8]) -> usize {
    let follows = |byte: &u8| matches!(byte, 0x80..=0xbf);
    let mut left = bytes;
    loop {
        left = match left {
            [0xe1..=0xec | 0xee | 0xef, second, third, rest @ ..] if follows(second) && follows(third) => rest,
            [0xc2..=0xdf, second, rest @ ..] if follows(second) => rest,
            [0xe0, 0xa0..=0xbf, third, rest @ ..] | [0xed, 0x80..=0x9f, third, rest @ ..] if follows(third) => rest,
            [0xf0, 0x90..=0xbf, third, fourth, rest @ ..] if follows(third) && follows(fourth) => rest,
            _ => return bytes.len() - left.len(),
        };
    }
}

/// How many bytes at the front are ASCII that stands for itself in a string. Eight at a time: this is where nearly all
/// of a large file goes through, in an interpreter.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        // A byte's high bit is set where it is beyond ASCII, below 0x20, or has become 0. A borrow can set the bits of
        // higher bytes falsely, never of the lowest one that is set.
        let special = word
            | (word.wrapping_sub(ONES * 0x20) & !word)
            | (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash);
        if special & HIGH != 0 {
            return index * 8 + (special & HIGH).trailing_zeros() as usize / 8;
        }
    }
    let plain = |byte: &u8| matches!(byte, 0x20..0x80) && !matches!(byte, b'"' | b'\\');
    words.len() * 8 + tail.iter().position(|byte| !plain(byte)).unwrap_or(tail.len())
}
