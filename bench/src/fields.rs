//! Protobuf's own form: a message is a row of fields, each a number and a value. Nothing of what they mean.

/// The bytes of a message do not follow its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number, a truth value or a word of a list of words.
    Number(u64),
    /// A text, a message inside, or a row of numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// As a number; 0 where it is none.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Value::Number(number) => number,
            Value::Bytes(_) => 0,
        }
    }

    /// As bytes; none where it is a number.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            Value::Number(_) => &[],
        }
    }

    /// As a text.
    #[must_use]
    pub fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// As a message inside.
    #[must_use]
    pub fn fields(self) -> Fields<'a> {
        Fields::of(self.bytes())
    }
}

/// Reads the fields of a message, in their order. After one that is malformed there are no more.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Those of this message.
    #[must_use]
    pub fn of(message: &'a [u8]) -> Self {
        Fields { rest: message }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Malformed)?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Malformed> {
        let tag = self.varint()?;
        let little = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Number(little(self.take(8)?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Number(little(self.take(4)?)),
            _ => return Err(Malformed),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// A message that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// With a number, a truth value or a word of a list of words.
    #[must_use]
    pub fn number(mut self, field: u64, number: impl Into<u64>) -> Self {
        self.varint(field << 3);
        self.varint(number.into());
        self
    }

    /// With a text, or bytes.
    #[must_use]
    pub fn text(mut self, field: u64, text: impl AsRef<[u8]>) -> Self {
        self.varint(field << 3 | 2);
        self.varint(text.as_ref().len() as u64);
        self.0.extend(text.as_ref());
        self
    }

    /// With a message inside.
    #[must_use]
    pub fn message(self, field: u64, inside: Message) -> Self {
        self.text(field, inside.0)
    }

    /// With a row of numbers.
    #[must_use]
    pub fn row(self, field: u64, numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut inside = Message::default();
        numbers.into_iter().for_each(|number| inside.varint(number));
        self.message(field, inside)
    }
}
