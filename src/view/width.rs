//! How many columns a text takes, and how it is cut, wrapped and made harmless.
//! Knows nothing of what the texts say. Where a terminal's own table is finer, a character counts as wider here:
//! too wide leaves a gap, too narrow would push a line over the edge.

/// Stands for a character that must not reach a terminal.
pub(super) const STAND_IN: char = '\u{fffd}';
const ELLIPSIS: char = '…';

/// Blocks of wide characters; unassigned neighbours are swallowed to keep the table short.
const WIDE: &[(char, char)] = &[
    ('\u{1100}', '\u{115f}'),
    ('\u{17a4}', '\u{17a4}'),
    ('\u{231a}', '\u{231b}'),
    ('\u{2329}', '\u{232a}'),
    ('\u{23e9}', '\u{23f3}'),
    ('\u{25fd}', '\u{25fe}'),
    ('\u{2614}', '\u{2615}'),
    ('\u{2630}', '\u{2637}'),
    ('\u{2648}', '\u{2653}'),
    ('\u{267f}', '\u{26fd}'),
    ('\u{2705}', '\u{27bf}'),
    ('\u{2b1b}', '\u{2b1c}'),
    ('\u{2b50}', '\u{2b55}'),
    ('\u{2e80}', '\u{3029}'),
    ('\u{302e}', '\u{3098}'),
    ('\u{309b}', '\u{a4c6}'),
    ('\u{a960}', '\u{a97c}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{f900}', '\u{faff}'),
    ('\u{fe10}', '\u{fe19}'),
    ('\u{fe30}', '\u{fe6b}'),
    ('\u{ff01}', '\u{ff60}'),
    ('\u{ffe0}', '\u{ffe6}'),
    ('\u{16fe0}', '\u{18df2}'),
    ('\u{1aff0}', '\u{1b2fb}'),
    ('\u{1d300}', '\u{1d376}'),
    ('\u{1f004}', '\u{1f004}'),
    ('\u{1f0cf}', '\u{1f0cf}'),
    ('\u{1f18e}', '\u{1f19a}'),
    ('\u{1f200}', '\u{1f6fc}'),
    ('\u{1f7e0}', '\u{1f7f0}'),
    ('\u{1f90c}', '\u{1faf8}'),
    ('\u{20000}', '\u{3fffd}'),
];

/// Characters that sit on the one before them: the scripts met in paths and messages, not all of Unicode.
const ZERO: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{300}', '\u{36f}'),
    ('\u{483}', '\u{489}'),
    ('\u{591}', '\u{5bd}'),
    ('\u{610}', '\u{61a}'),
    ('\u{64b}', '\u{65f}'),
    ('\u{941}', '\u{948}'),
    ('\u{94d}', '\u{94d}'),
    ('\u{e31}', '\u{e31}'),
    ('\u{e34}', '\u{e3a}'),
    ('\u{e47}', '\u{e4e}'),
    ('\u{1160}', '\u{11ff}'),
    ('\u{1ab0}', '\u{1abe}'),
    ('\u{1dc0}', '\u{1dff}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{20d0}', '\u{20f0}'),
    ('\u{302a}', '\u{302d}'),
    ('\u{3099}', '\u{309a}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{fe20}', '\u{fe2f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{e0100}', '\u{e01ef}'),
];

/// The columns of a text.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// The columns of a character: 0 for one that sits on its neighbour, 2 for CJK and emoji.
pub(super) fn char_width(c: char) -> usize {
    let within = |table: &[(char, char)]| table.iter().any(|(first, last)| (*first..=*last).contains(&c));
    if c < '\u{ad}' {
        usize::from(!c.is_control())
    } else if within(ZERO) {
        0
    } else if c == '\u{17d8}' {
        3 // the only one, says unicode-width, which Zellij measures with
    } else {
        1 + usize::from(within(WIDE))
    }
}

/// The text without what could move the cursor, break the line or turn the reading direction: a directory may be
/// named so, on purpose. The stand-in is visible, so that two such names do not look like plain ones.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_hostile(c) { STAND_IN } else { c }).collect()
}

fn is_hostile(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Cut on the right to at most so many columns, with `…` where something is missing.
pub(super) fn fit(text: &str, cols: usize) -> String {
    let text = clean(text);
    if width(&text) <= cols {
        return text;
    }
    let mut kept = start(text.chars(), cols.saturating_sub(1));
    kept.extend((cols > 0).then_some(ELLIPSIS));
    kept
}

/// Cut on the left: the end of a path is what tells it from others.
pub(super) fn fit_left(text: &str, cols: usize) -> String {
    let text = clean(text);
    if width(&text) <= cols {
        return text;
    }
    let end: Vec<char> = start(text.chars().rev(), cols.saturating_sub(1)).chars().rev().collect();
    let whole = end.into_iter().skip_while(|c| char_width(*c) == 0);
    (cols > 0).then_some(ELLIPSIS).into_iter().chain(whole).collect()
}

fn start(chars: impl Iterator<Item = char>, cols: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += char_width(*c);
            used <= cols
        })
        .collect()
}

/// Filled up on the right to so many columns, and cut where it is longer.
pub(super) fn pad(text: &str, cols: usize) -> String {
    let mut text = fit(text, cols);
    text.extend(std::iter::repeat_n(' ', cols.saturating_sub(width(&text))));
    text
}

/// Broken between words into lines of at most so many columns; a word that is longer than a line is chopped.
pub(super) fn wrap(text: &str, cols: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in clean(text).split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) <= cols {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        let mut pieces = chop(word, cols);
        let last = pieces.pop().unwrap_or_default();
        lines.extend((!line.is_empty()).then_some(line));
        lines.append(&mut pieces);
        line = last;
    }
    lines.extend((!line.is_empty()).then_some(line));
    lines
}

/// Broken anywhere, every blank kept: for paths and commands, which are copied from the screen.
pub(super) fn chop(text: &str, cols: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    if cols == 0 {
        return lines;
    }
    for c in clean(text).chars() {
        // One that no line can hold would else never get its turn.
        let c = if char_width(c) > cols { STAND_IN } else { c };
        if used + char_width(c) > cols {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        used += char_width(c);
        line.push(c);
    }
    lines.extend((!line.is_empty()).then_some(line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_take_one_column_cjk_and_emoji_two_and_accents_none() {
        for (text, columns) in [
            ("", 0),
            ("abc", 3),
            ("äöü", 3),
            ("a\u{308}o\u{308}", 2),
            ("日本語", 6),
            ("한글", 4),
            ("😀", 2),
            ("👩\u{200d}💻", 4),
            ("│─…›●○√≠", 8),
            ("\u{fffd}", 1),
            ("ｆｕｌｌ", 8),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn nothing_that_moves_the_cursor_or_turns_the_text_survives_cleaning() {
        assert_eq!(clean("a\x1b[31mb\nc\td\x7f\u{9b}e"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}\u{fffd}e");
        assert_eq!(clean("txt.\u{202e}exe"), "txt.\u{fffd}exe");
    }

    #[test]
    fn a_cut_text_says_so_and_keeps_to_its_columns() {
        for (text, cols, right, left) in [
            ("/home/ann", 9, "/home/ann", "/home/ann"),
            ("/home/ann", 5, "/hom…", "…/ann"),
            ("/home/ann", 1, "…", "…"),
            ("/home/ann", 0, "", ""),
            ("日本語", 5, "日本…", "…本語"),
            ("日本語", 4, "日…", "…語"),
            ("xa\u{301}b", 2, "x…", "…b"),
        ] {
            assert_eq!(fit(text, cols), right, "{text} {cols}");
            assert_eq!(fit_left(text, cols), left, "{text} {cols}");
        }
    }

    #[test]
    fn a_sentence_breaks_between_words_and_a_long_word_inside() {
        assert_eq!(wrap("see the log for more", 8), ["see the", "log for", "more"]);
        assert_eq!(wrap("see /a/very/long/path ok", 8), ["see", "/a/very/", "long/pat", "h ok"]);
        assert_eq!(wrap("日本語の話", 5), ["日本", "語の", "話"]);
        assert_eq!(wrap("日a", 1), ["\u{fffd}", "a"]);
        assert_eq!(wrap("  ", 8), Vec::<String>::new());
        assert_eq!(wrap("text", 0), Vec::<String>::new());
    }

    #[test]
    fn a_path_keeps_each_of_its_blanks_when_it_is_chopped() {
        assert_eq!(chop("/my  dir/x", 4), ["/my ", " dir", "/x"]);
    }
}
