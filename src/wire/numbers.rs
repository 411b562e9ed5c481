//! The outermost form of a message: a JSON list of numbers from 0 to 255, one for each byte, in a line. Zellij's list of a
//! thousand panes has some hundred thousand of them each second, hence the care about speed here.

/// Reads such lists in pieces, as they come.
#[derive(Debug, Default)]
pub struct Numbers {
    bytes: Vec<u8>,
    /// The number that is being read, if its first digit was seen.
    number: Option<u8>,
}

impl Numbers {
    /// Takes in the next piece of text. What is neither a digit nor a comma separates lists, of which the last counts:
    /// there is no other unless an answer was left behind that nobody read.
    pub fn read(&mut self, text: &[u8]) {
        for c in text {
            let digit = c.wrapping_sub(b'0');
            if digit < 10 {
                self.number = Some(self.number.unwrap_or(0).wrapping_mul(10).wrapping_add(digit));
                continue;
            }
            if *c == b'[' {
                self.bytes.clear();
            }
            self.bytes.extend(self.number.take());
        }
    }

    /// The bytes of the last list.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes as such a list.
#[must_use]
pub fn write(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 + 2);
    text.push('[');
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if *byte >= 100 {
            text.push(char::from(b'0' + byte / 100));
        }
        if *byte >= 10 {
            text.push(char::from(b'0' + byte / 10 % 10));
        }
        text.push(char::from(b'0' + byte % 10));
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<u8> {
        let mut numbers = Numbers::default();
        pieces.iter().for_each(|piece| numbers.read(piece.as_bytes()));
        numbers.bytes().to_vec()
    }

    #[test]
    fn every_byte_is_written_as_a_number_and_read_back() {
        let all: Vec<u8> = (0..=255).collect();
        let text = write(&all);
        assert_eq!(serde_json::from_str::<Vec<u8>>(&text).unwrap(), all);
        assert_eq!(read(&[&text]), all);
        assert_eq!(write(&[]), "[]");
        assert!(read(&["[]\r\n"]).is_empty());
    }

    #[test]
    fn a_list_may_be_cut_anywhere() {
        let text = "[1,20,255,0,99,100]\r\n";
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(read(&[a, b]), [1, 20, 255, 0, 99, 100], "cut at {cut}");
        }
    }

    #[test]
    fn of_several_lists_the_last_one_counts() {
        assert_eq!(read(&["[1,2]\r\n[3", "4]\r\n"]), [34]);
    }
}
