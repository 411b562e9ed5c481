//! Reads the names of what is linked into a desk, and refuses what must never be: Claude loses a login, a lock or a
//! conversation over it.
//! Refuses to know whether an entry exists: what is not there is not linked.

use super::values::shown;

/// Entries of the shared dir: plain names.
pub(super) fn share(text: &str) -> Result<Vec<String>, Vec<String>> {
    names(text, |name| {
        if name.contains('/') || name == "." || name == ".." || name.starts_with('-') || name.contains(char::is_control)
        {
            return Err("which is not a plain name of an entry of the shared dir".to_string());
        }
        match why_not_shared(name) {
            Some(why) => Err(format!("which is refused: {why}")),
            None => Ok(name.to_string()),
        }
    })
}

/// Entries of the real HOME: relative paths that stay inside.
pub(super) fn home_symlinks(text: &str) -> Result<Vec<String>, Vec<String>> {
    let entries = names(text, |name| {
        let path = name.trim_end_matches('/');
        let inside = !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !inside || path.starts_with(['-', '~']) || path.contains(char::is_control) {
            return Err("which is not an entry of HOME: a name, or a path below HOME without `.` and `..`".to_string());
        }
        let first = path.split('/').next().unwrap_or(path).to_lowercase();
        // `~/.claude.lock` is Claude's lock of the login, `~/.claude.json.lock` that of its state.
        if first == ".claude" || first.starts_with(".claude.") {
            return Err("which is refused: it is Claude's own state, from which `home` isolates".to_string());
        }
        Ok(path.to_string())
    })?;
    // The outer one is a link into the real HOME: the inner one would be made there.
    let nested: Vec<String> = entries
        .iter()
        .filter_map(|inner| {
            let outer = entries
                .iter()
                .find(|outer| inner.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('/')))?;
            Some(format!("but it names {}, which lies inside {} that is linked as a whole", shown(inner), shown(outer)))
        })
        .collect();
    if nested.is_empty() {
        Ok(entries)
    } else {
        Err(nested)
    }
}

/// Blank-separated names, each once, each judged.
fn names(text: &str, judge: impl Fn(&str) -> Result<String, String>) -> Result<Vec<String>, Vec<String>> {
    let mut good: Vec<String> = Vec::new();
    let mut wrong = Vec::new();
    for name in text.split([' ', '\t', '\n', '\r']).filter(|name| !name.is_empty()) {
        match judge(name) {
            Ok(name) if good.contains(&name) => {}
            Ok(name) => good.push(name),
            Err(why) => wrong.push(format!("but it names {}, {why}", shown(name))),
        }
    }
    if wrong.is_empty() {
        Ok(good)
    } else {
        Err(wrong)
    }
}

/// Why an entry of the shared dir must not be linked. Upper and lower case are the same on
/// macOS' file system.
fn why_not_shared(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    match name.as_str() {
        ".credentials.json" => Some(
            "Claude replaces a link to it by a file when it renews the login, and the original is left with a spent token; `login \"shared\"` shares the login",
        ),
        ".claude.json" | ".config.json" => {
            Some("panes that share it overwrite each other's entries; each desk gets what it needs of it")
        }
        "plugins" => Some("Claude marks the plugins of a linked dir for deletion; they are shared without a link"),
        ".carrel" => Some("it is Carrel's own"),
        "projects" | "sessions" | "tasks" | "todos" | "file-history" | "session-env" | "shell-snapshots" | "backups"
        | "statsig" | "debug" | "ide" | "jobs" | "plans" => {
            Some("it is the state of single sessions, which is what a desk is there to keep apart")
        }
        _ if name.starts_with("daemon") => Some("it belongs to the one background process that serves one config dir"),
        _ if name.ends_with(".lock") => Some("a lock works only where the file that it guards lies"),
        _ => None,
    }
}
