//! The real Claude Code on a [`Machine`]: plain runs with the user's shared state, and what it leaves on the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::machine::Machine;
use super::waiting::{finish, stays, until, until_every, Finished, PATIENCE, SLOW_POLL};
use super::zellij::{key, Client};

/// How long one `claude -p` may take; alone it needs about 0.6 s.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs plain `claude <args>` in `~/project` with the machine's environment: the user's shared state.
pub fn claude(machine: &Machine, args: &[&str]) -> Finished {
    claude_in(machine, &machine.project(), args)
}

/// The same in another dir.
pub fn claude_in(machine: &Machine, dir: &Path, args: &[&str]) -> Finished {
    let mut command = machine.command("claude");
    command.current_dir(dir).args(args);
    finish(command, LIMIT)
}

/// `claude -p <prompt>` in `~/project`; answers the reply.
#[track_caller]
pub fn ask(machine: &Machine, prompt: &str) -> String {
    claude(machine, &["-p", prompt]).ok()
}

/// `claude -p --resume <session> <prompt>` in `~/project`, whatever comes of it.
pub fn resume(machine: &Machine, session: &str, prompt: &str) -> Finished {
    claude(machine, &["-p", "--resume", session, prompt])
}

/// Whether a screen shows Claude's prompt box: not so on a first-run screen, a trust or a permission question.
pub fn shows_prompt(screen: &str) -> bool {
    prompts(screen) > 0
}

/// How many of Claude's prompt boxes a screen shows: a `❯` with a rule above and below it. Menus have a `❯` too.
pub fn prompts(screen: &str) -> usize {
    let rows: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let is_rule = |row: &[char], column: usize| row.get(column) == Some(&'─');
    let boxes = rows.windows(3).map(|rows| {
        let marks = rows[1].iter().enumerate().filter(|(_, letter)| **letter == '❯');
        marks.filter(|(column, _)| is_rule(&rows[0], *column) && is_rule(&rows[2], *column)).count()
    });
    boxes.sum()
}

/// Whether a screen shows Claude asking for the use of a tool.
pub fn shows_permission_question(screen: &str) -> bool {
    screen.contains("Do you want to proceed?")
}

/// Whether a screen shows Claude asking whether the dir is trusted. Its default answer is "No, exit".
pub fn shows_trust_question(screen: &str) -> bool {
    screen.contains("Quick safety check")
}

/// Answers the trust question with yes, which stands second, and waits for the prompt. It takes no key in its first moments, and
/// late ones one after the other: so each key has its time, and Enter is pressed where the cursor has stood on yes for a while.
#[track_caller]
pub fn trust(client: &mut Client) {
    let on_yes = |screen: &str| screen.contains("❯ Yes");
    let trusted = until_every(SLOW_POLL, PATIENCE, || {
        if shows_prompt(&client.screen()) {
            return Some(());
        }
        if shows_trust_question(&client.screen()) {
            let key = if on_yes(&client.screen()) && stays(Duration::from_secs(1), || on_yes(&client.screen())) {
                key::ENTER
            } else {
                key::UP
            };
            client.keys(key);
            let has_effect = |screen: &str| !shows_trust_question(screen) || (key == key::UP && on_yes(screen));
            until(Duration::from_secs(3), || has_effect(&client.screen()).then_some(()));
        }
        None
    });
    assert!(trusted.is_some(), "the dir is not trusted:\n{}", client.screen());
}

/// Answers Claude's permission question with its first choice, "Yes".
#[track_caller]
pub fn allow(client: &mut Client) {
    client.wait_screen("Claude's permission question", shows_permission_question);
    // The dialog takes no key in its first moments, so that nobody answers it in the middle of typing.
    client.press_until(key::ENTER, "the permission question is answered", |screen| !shows_permission_question(screen));
}

/// The registry of running sessions in a config dir: `sessions/<pid>.json`, parsed, with their pids.
pub fn registry(config_dir: &Path) -> Vec<(u32, Value)> {
    let files = fs::read_dir(config_dir.join("sessions")).into_iter().flatten().flatten();
    let mut all: Vec<(u32, Value)> = files
        .filter_map(|file| {
            let path = file.path();
            let pid = path.file_name()?.to_str()?.strip_suffix(".json")?.parse().ok()?;
            Some((pid, serde_json::from_slice(&fs::read(&path).ok()?).ok()?))
        })
        .collect();
    all.sort_by_key(|(pid, _)| *pid);
    all
}

/// The transcripts in a config dir: session id and file.
pub fn transcripts(config_dir: &Path) -> Vec<(String, PathBuf)> {
    let projects = fs::read_dir(config_dir.join("projects")).into_iter().flatten().flatten();
    let files = projects.flat_map(|project| fs::read_dir(project.path()).into_iter().flatten().flatten());
    let mut all: Vec<(String, PathBuf)> = files
        .filter_map(|file| Some((file.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned(), file.path())))
        .collect();
    all.sort();
    all
}

/// The transcript of one session in a config dir.
pub fn transcript(config_dir: &Path, session: &str) -> Option<PathBuf> {
    transcripts(config_dir).into_iter().find(|(id, _)| id == session).map(|(_, path)| path)
}

/// The lines of a transcript. A line that is no JSON is a failure.
#[track_caller]
pub fn lines(transcript: &Path) -> Vec<Value> {
    let text = fs::read_to_string(transcript).unwrap_or_else(|error| panic!("{}: {error}", transcript.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in a transcript's line: {line}")))
        .collect()
}
