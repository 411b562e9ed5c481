//! Reads single values: a directory, a program, a namespace, the container's argv.
//! What is wrong with one is told as the end of the sentence "`key` is `value`, …".

use serde_json::Value;

/// A value as it stands in a sentence: in backquotes, short, and without anything that a terminal would act on.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    // Only what is invisible is escaped: quotes and backslashes stay as the user wrote them.
    shown = shown.replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\");
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The name that was probably meant.
pub(super) fn nearest<'a>(key: &str, names: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '.'], "_");
    let key = plain(key);
    names
        .iter()
        .map(|name| (edits(&key, name), *name))
        .filter(|(edits, name)| *edits <= (name.chars().count() / 3).clamp(1, 3))
        .min()
        .map(|(_, name)| name)
}

/// A directory that Carrel makes paths from.
pub(super) fn directory(text: &str, home: Option<&str>) -> Result<String, String> {
    const ALLOWED: &str = "but it must be an absolute path or begin with `~/`";
    let path = expanded(text, home)?.ok_or_else(|| ALLOWED.to_string())?;
    if path.split('/').any(|part| part == ".." || part == ".") {
        return Err(format!("{ALLOWED}, without `.` and `..` in it"));
    }
    match path.trim_end_matches('/') {
        "" => Err(format!("{ALLOWED}, and not the root directory")),
        path => Ok(path.to_string()),
    }
}

/// Where a Claude is started: any directory, a relative one counts from the layout's cwd.
pub(super) fn start_dir(text: &str, home: Option<&str>) -> Result<String, String> {
    const ALLOWED: &str =
        "but it must be a path: an absolute one, one that begins with `~/`, or one relative to the layout's cwd";
    if text == "~" {
        return expanded("~/", home)?
            .map(|path| path.trim_end_matches('/').to_string())
            .ok_or_else(|| ALLOWED.to_string());
    }
    match expanded(text, home)? {
        Some(path) => Ok(path),
        None if text.is_empty() || text.starts_with('~') => Err(ALLOWED.to_string()),
        None => Ok(text.to_string()),
    }
}

/// The program that is run in a pane.
pub(super) fn program(text: &str, home: Option<&str>) -> Result<String, String> {
    const ALLOWED: &str = "but it must be a command's name, an absolute path, or a path that begins with `~/`";
    if let Some(path) = expanded(text, home)? {
        return match path.ends_with('/') {
            true => Err(ALLOWED.to_string()),
            false => Ok(path),
        };
    }
    if text.contains(char::is_whitespace) && !text.contains('/') {
        return Err(format!("{ALLOWED}; arguments belong into `claude_args`"));
    }
    if text.is_empty() || text.starts_with(['-', '~']) || text.contains('/') {
        return Err(ALLOWED.to_string());
    }
    Ok(text.to_string())
}

/// What session ids are derived from.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if text.is_empty() || text.chars().count() > 64 || !text.chars().all(allowed) {
        return Err("but it must be 1 to 64 of the characters A-Z a-z 0-9 . _ -".to_string());
    }
    Ok(text.to_string())
}

/// The container's argv.
pub(super) fn container_command(text: &str) -> Result<Vec<String>, String> {
    const ALLOWED: &str =
        "but it must be a JSON array of strings that holds `{desk}`, `{cwd}` and, as a word of its own, `{command}`";
    let words = json_words(text).map_err(|why| format!("{ALLOWED} ({why})"))?;
    let first = words.first().map_or("", String::as_str);
    if first.is_empty() || first.starts_with('{') {
        return Err(format!("{ALLOWED}, and its first word must be a program"));
    }
    for needed in ["{desk}", "{cwd}"] {
        if !words.iter().any(|word| word.contains(needed)) {
            return Err(format!("{ALLOWED}; `{needed}` is missing"));
        }
    }
    if words.iter().any(String::is_empty) {
        return Err(format!("{ALLOWED}, none of them empty"));
    }
    // The command is many words: it can stand in for one whole word only.
    if words.iter().filter(|word| word.contains("{command}")).count() != 1
        || !words.iter().any(|word| word == "{command}")
    {
        return Err(format!("{ALLOWED}; `{{command}}` must stand there once, alone"));
    }
    Ok(words)
}

/// The words of a JSON array of strings.
pub(super) fn json_words(text: &str) -> Result<Vec<String>, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("it is not valid JSON: {e}"))?;
    let Value::Array(items) = value else { return Err("it is not an array".to_string()) };
    let mut words = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let Value::String(word) = item else { return Err(format!("item {} is not a string", at + 1)) };
        if word.contains('\0') {
            return Err(format!("item {} holds a NUL, which no argument can", at + 1));
        }
        words.push(word);
    }
    Ok(words)
}

/// The path with its `~/` replaced; none where it is neither absolute nor begins with `~/`.
fn expanded(text: &str, home: Option<&str>) -> Result<Option<String>, String> {
    if text.contains(char::is_control) {
        return Err("but it must not hold control characters".to_string());
    }
    if text.starts_with('/') {
        return Ok(Some(text.to_string()));
    }
    let Some(rest) = text.strip_prefix("~/") else { return Ok(None) };
    match home {
        Some(home) => Ok(Some(format!("{home}/{}", rest.trim_start_matches('/')))),
        None => Err("but Zellij's environment has no HOME to put for the `~`: write an absolute path".to_string()),
    }
}

/// How many characters must be put in, taken out, changed or swapped with their neighbour.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous_from = None;
    for (row, from) in from.chars().enumerate() {
        let mut now = vec![row + 1];
        let mut left = row + 1;
        let mut previous_to = None;
        for (column, to) in to.iter().copied().enumerate() {
            let diagonal = last.get(column).copied().unwrap_or(usize::MAX - 1);
            let above = last.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let mut best = (diagonal + usize::from(from != to)).min(above + 1).min(left + 1);
            if previous_from == Some(to) && previous_to == Some(from) {
                let swapped = column.checked_sub(1).and_then(|c| before_last.get(c)).copied();
                best = best.min(swapped.map_or(best, |edits| edits + 1));
            }
            now.push(best);
            left = best;
            previous_to = Some(to);
        }
        before_last = std::mem::replace(&mut last, now);
        previous_from = Some(from);
    }
    last.last().copied().unwrap_or(0)
}
