//! Reads the arguments that a user adds to each start of Claude, and refuses the flags that Carrel itself sets.
//! Does not know all of Claude's flags: what it does not know is Claude's to judge.

use super::values::{json_words, shown};

/// Reads `claude_args`: a JSON array of strings when it begins with `[`, else words separated by blanks. The error is
/// the end of the sentence "`claude_args` is `…`, …".
pub fn parse_claude_args(text: &str) -> Result<Vec<String>, String> {
    const JSON: &str = r#"write a JSON array of strings instead: ["--append-system-prompt", "Be brief."]"#;
    let args = if text.trim_start().starts_with('[') {
        json_words(text).map_err(|why| format!("but what begins with `[` must be a JSON array of strings ({why})"))?
    } else if let Some(c) = text.chars().find(|c| matches!(c, '"' | '\'' | '\\')) {
        return Err(format!("but without a shell the `{c}` in it means nothing: {JSON}"));
    } else if text.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return Err(format!("but it must not hold control characters: {JSON}"));
    } else {
        text.split_whitespace().map(str::to_string).collect()
    };
    check_claude_args(&args)?;
    Ok(args)
}

/// Refuses the flags that Carrel itself sets, or that end what it watches, in each form in which Claude takes them.
/// The error is the end of the sentence "`claude_args` is `…`, …".
///
/// Judged as Claude Code 2.1.330 reads its command line (its parser, read in the binary; exercised where noted):
/// - flags are matched whole, never by an unambiguous beginning (exercised: `--resum` is an unknown option);
/// - `--flag=value` and `-rvalue` carry a value; letters of flags without one can stand together (`-cp`; exercised:
///   `-vp` is `-v`);
/// - a bare `--` ends the flags, except as the value of a flag that must have one;
/// - that such a flag also swallows a word like `-p` is not believed: other versions may know it otherwise.
pub fn check_claude_args(args: &[String]) -> Result<(), String> {
    let mut previous: Option<&str> = None;
    for arg in args {
        if arg.contains('\0') {
            return Err("but an argument cannot hold a NUL".to_string());
        }
        if arg == "--" && !previous.is_some_and(may_take_dashes) {
            return Ok(());
        }
        if let Some((flag, why)) = refused(arg) {
            let form = if arg == flag { format!("`{flag}`") } else { format!("`{flag}` (as {})", shown(arg)) };
            let help = match previous {
                Some(previous) if may_take_dashes(previous) => {
                    format!("; if it is meant as the value of {}, join them with `=`", shown(previous))
                }
                _ => String::new(),
            };
            return Err(format!("but {form} is refused: {why}{help}"));
        }
        previous = Some(arg);
    }
    Ok(())
}

const SETTINGS: &str =
    "Carrel hands in its own settings, and of two the last one wins whole; put yours into settings.json";
const SESSION: &str = "Carrel itself says which conversation is opened; use the pipes `new` and `resume`";
const PRINT: &str = "a pane is an interactive session";
const BACKGROUND: &str = "a session in the background is not in the pane";

/// Long flags that are refused, with or without a value.
const LONG: [(&str, &str); 8] = [
    ("--settings", SETTINGS),
    ("--session-id", SESSION),
    ("--resume", SESSION),
    ("--continue", SESSION),
    ("--fork-session", SESSION),
    ("--print", PRINT),
    ("--bg", BACKGROUND),
    ("--background", BACKGROUND),
];

/// The flag that a word holds, if it is a refused one, and why it is.
fn refused(arg: &str) -> Option<(&'static str, &'static str)> {
    if arg.starts_with("--") {
        let name = arg.split('=').next().unwrap_or(arg);
        return LONG.into_iter().find(|(flag, _)| *flag == name);
    }
    for letter in arg.strip_prefix('-')?.chars() {
        match letter {
            'r' => return Some(("-r", SESSION)),
            'c' => return Some(("-c", SESSION)),
            'p' => return Some(("-p", PRINT)),
            // Flags without a value: the next letter is a flag as well.
            'h' | 'v' | 'V' => {}
            // `-d`, `-n`, `-w`, `-m` take the rest as their value; at an unknown letter Claude stops as well.
            _ => return None,
        }
    }
    None
}

/// Whether a `--` or a flag right after this word may be its value. Flags of 2.1.330 that have none, or only one that
/// does not begin with a dash; any other flag may.
fn may_take_dashes(arg: &str) -> bool {
    const NOT: [&str; 38] = [
        "--allow-dangerously-skip-permissions",
        "--ax-screen-reader",
        "--bare",
        "--brief",
        "--chrome",
        "--cloud",
        "--dangerously-skip-permissions",
        "--debug",
        "--debug-to-stderr",
        "--desktop",
        "--disable-slash-commands",
        "--enable-auto-mode",
        "--exclude-dynamic-system-prompt-sections",
        "--forward-subagent-text",
        "--from-pr",
        "--help",
        "--ide",
        "--include-hook-events",
        "--include-partial-messages",
        "--init",
        "--maintenance",
        "--no-chrome",
        "--no-session-persistence",
        "--prompt-suggestions",
        "--remote",
        "--remote-control",
        "--replay-user-messages",
        "--restricted",
        "--safe-mode",
        "--strict-mcp-config",
        "--teleport",
        "--tmux",
        "--verbose",
        "--version",
        "--worktree",
        "-d",
        "-d2e",
        "-w",
    ];
    arg.len() > 1 && arg.starts_with('-') && arg != "--" && !arg.contains('=') && !NOT.contains(&arg)
}
