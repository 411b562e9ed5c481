//! Zellij's text component: a line of text whose parts name an emphasis, which Zellij draws in the user's theme.

/// An emphasis, by the number that the component gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Emphasis {
    First = 0,
    Second = 1,
    Dim = 4,
    Unbold = 5,
    Error = 6,
    Success = 7,
}

const EMPHASES: usize = 8;

/// A line of text at a row of the pane, that wide, with its emphasized ranges, which count characters.
#[must_use]
pub fn text(
    row: usize,
    cols: usize,
    text: &str,
    selected: bool,
    emphases: &[(Emphasis, std::ops::Range<usize>)],
) -> String {
    let mut out = format!("\u{1b}Pztext;0/{row}/{cols}/;");
    if selected {
        out.push('x');
    }
    for level in 0..EMPHASES {
        let here = emphases.iter().filter(|(emphasis, _)| *emphasis as usize == level);
        list(&mut out, here.flat_map(|(_, range)| range.clone()));
        out.push('$');
    }
    list(&mut out, text.bytes().map(usize::from));
    out.push_str("\u{1b}\\");
    out
}

fn list(out: &mut String, numbers: impl Iterator<Item = usize>) {
    for (at, number) in numbers.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&number.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_place_its_emphases_and_its_bytes() {
        let emphases = [(Emphasis::Second, 0..2), (Emphasis::Success, 3..4)];
        let drawn = text(7, 80, "aé b", true, &emphases);
        assert_eq!(drawn, "\u{1b}Pztext;0/7/80/;x$0,1$$$$$$3$97,195,169,32,98\u{1b}\\");
    }
}
