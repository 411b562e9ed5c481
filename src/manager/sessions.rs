//! Finding a conversation again: the list of those that can be resumed in a directory. The words that it shows go to whoever
//! asked for them and nowhere else.

use super::effect::{Effect, Effects};
use super::ids::{CallId, DeskId, PipeId, SessionId, TerminalId};
use super::report::{self, Line};
use super::{status, Manager, Purpose};

/// How long a title may be, in characters.
const TITLE: usize = 80;

/// Somebody who waits for a list.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    who: Asker,
    /// None while a pane's cwd is asked for.
    call: Option<CallId>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// A pipe's caller.
    Pipe(PipeId),
    /// The user, on the panel of this instance.
    Picker,
}

/// A conversation that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) session: SessionId,
    /// The user's words, in one line.
    pub(super) title: String,
    /// In seconds since the epoch.
    pub(super) modified_s: u64,
    pub(super) bytes: Option<u64>,
    /// At whose desk it lies; none is the shared dir.
    pub(super) pane: Option<DeskId>,
}

impl Manager {
    /// Without a cwd, that of the focused pane is asked for.
    pub(super) fn list_sessions(&mut self, pipe: PipeId, cwd: Option<String>, effects: &mut Effects) {
        effects.push(Effect::HoldPipe(pipe.clone()));
        self.ask_for_conversations(Asker::Pipe(pipe), cwd, None, effects);
    }

    /// Those of the cwd; without one, of the cwd of that pane; without that, of the focused one's.
    pub(super) fn ask_for_conversations(
        &mut self,
        who: Asker,
        cwd: Option<String>,
        beside: Option<TerminalId>,
        effects: &mut Effects,
    ) {
        // Of the picker's user the last wish counts.
        self.asking_sessions.retain(|asking| asking.who != Asker::Picker || who != Asker::Picker);
        let asking = Asking { who, call: None };
        match cwd {
            Some(cwd) => self.look_for_sessions(asking, &cwd, effects),
            None => {
                self.asking_sessions.push(asking);
                effects.push(Effect::ReadCwd(beside));
            }
        }
    }

    pub(super) fn on_cwd(&mut self, cwd: Option<String>, effects: &mut Effects) {
        let cwd = cwd.unwrap_or_else(|| self.birth.cwd.clone());
        let waiting = std::mem::take(&mut self.asking_sessions);
        for asking in waiting {
            if asking.call.is_some() {
                self.asking_sessions.push(asking);
            } else {
                self.look_for_sessions(asking, &cwd, effects);
            }
        }
    }

    fn look_for_sessions(&mut self, mut asking: Asking, cwd: &str, effects: &mut Effects) {
        if asking.who == Asker::Picker {
            self.note_picked_cwd(cwd);
        }
        let shared = self.options().and_then(|options| options.shared_dir.clone()).unwrap_or_default();
        asking.call = self.run_host(Purpose::Sessions, &["sessions", cwd, &shared], effects);
        if asking.call.is_some() {
            self.asking_sessions.push(asking);
        } else {
            self.hand_over(asking.who, Err("Carrel is not ready; try again".to_string()), effects);
        }
    }

    pub(super) fn on_sessions_found(&mut self, call: CallId, stdout: &str, effects: &mut Effects) {
        let Some(at) = self.asking_sessions.iter().position(|asking| asking.call == Some(call)) else { return };
        let asking = self.asking_sessions.remove(at);
        let lines = report::lines(stdout);
        let result = match lines.last().map(|line| line.tag.as_str()) {
            Some("end") => Ok(lines.iter().filter(|line| line.tag == "session").filter_map(found).collect()),
            Some("none") => Err(lines.last().map_or("", |line| line.field(0)).to_string()),
            _ => Err("the host program did not answer; Zellij's log says more".to_string()),
        };
        self.hand_over(asking.who, result, effects);
    }

    fn hand_over(&mut self, who: Asker, result: Result<Vec<Found>, String>, effects: &mut Effects) {
        match (who, result) {
            (Asker::Picker, result) => self.on_conversations(result),
            (Asker::Pipe(pipe), Ok(found)) => {
                let rows: Vec<serde_json::Value> = found.iter().map(row).collect();
                let answer = serde_json::json!({"version": 1, "sessions": rows}).to_string();
                effects.push(Effect::AnswerPipe(pipe, answer));
            }
            (Asker::Pipe(pipe), Err(why)) => effects.push(Effect::AnswerPipe(pipe, status::error_line(&why))),
        }
    }
}

fn found(line: &Line) -> Option<Found> {
    Some(Found {
        session: line.field(0).parse().ok()?,
        title: title(line.field(4)),
        modified_s: line.field(1).parse().ok()?,
        bytes: line.field(2).parse().ok(),
        pane: line.field(3).parse().ok(),
    })
}

fn row(found: &Found) -> serde_json::Value {
    serde_json::json!({
        "session": found.session.as_str(),
        "title": found.title,
        "modified": timestamp(found.modified_s),
        "bytes": found.bytes,
        "open_in": found.pane.map(|pane| pane.to_string()),
    })
}

/// What a conversation is about, from a line of its transcript that may be cut off.
fn title(line: &str) -> String {
    let found = ["customTitle", "aiTitle", "summary", "content", "text"].iter().find_map(|key| string_after(line, key));
    let words = found.unwrap_or_default();
    let one_line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = one_line.chars().take(TITLE).collect();
    if short.len() < one_line.len() {
        short.push('…');
    }
    short
}

/// The string that follows a key, as far as it is there.
fn string_after(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{key}\":"))?;
    let rest = rest.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let inside = |c: char| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        !ends
    };
    let raw: String = rest
        .chars()
        .take_while({
            let mut inside = inside;
            move |c| inside(*c)
        })
        .collect();
    // A cut may lie inside an escape; then it is left out.
    (0..8).find_map(|cut| {
        let kept: String = raw.chars().take(raw.chars().count().saturating_sub(cut)).collect();
        serde_json::from_str(&format!("\"{kept}\"")).ok()
    })
}

/// Seconds since the epoch as ISO 8601, in UTC. The days are counted by the rule of the proleptic Gregorian calendar.
fn timestamp(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_told_as_the_calendar_has_it() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_423_554, "2026-11-23T08:45:54Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(timestamp(seconds), expected);
        }
    }

    #[test]
    fn a_title_is_what_the_user_called_it_else_the_first_prompt_in_one_line() {
        for (line, expected) in [
            (r#"{"type":"custom-title","customTitle":"The \"big\" one"}"#, "The \"big\" one"),
            (r#"{"type":"user","message":{"role":"user","content":"mend\n  the   door"}}"#, "mend the door"),
            (r#"{"type":"user","message":{"role":"user","content":[{"type":"text","text":"a list"}]}}"#, "a list"),
            (r#"{"type":"user","message":{"role":"user","content":"cut off in an escape \u00"#, "cut off in an escape"),
            ("", ""),
            ("{\"type\":\"user\"", ""),
        ] {
            assert_eq!(title(line), expected, "{line}");
        }
        let long = format!(r#"{{"content":"{}"}}"#, "x".repeat(500));
        assert_eq!(title(&long).chars().count(), TITLE + 1);
    }
}
