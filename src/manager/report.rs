//! Reads the answers of the host program: lines of tab-separated fields. What it cannot read it leaves out, so that the
//! callers see a fact as missing and never as something else.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{DeskId, Origin, SessionId, TerminalId};

/// One line: its tag and its fields, unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the line says.
    pub tag: String,
    /// Its fields.
    pub fields: Vec<String>,
}

impl Line {
    /// The field of that number, or an empty text.
    #[must_use]
    pub fn field(&self, number: usize) -> &str {
        self.fields.get(number).map_or("", String::as_str)
    }
}

/// All lines of an answer.
#[must_use]
pub fn lines(stdout: &str) -> Vec<Line> {
    line_by_line(stdout).collect()
}

/// The same, one after the other: of a thousand desks there are too many for a plugin's memory.
fn line_by_line(stdout: &str) -> impl Iterator<Item = Line> + '_ {
    stdout.lines().filter(|line| !line.is_empty()).map(|line| {
        let mut fields = line.split('\t').map(unescape);
        Line { tag: fields.next().unwrap_or_default(), fields: fields.collect() }
    })
}

fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some(other)) => text.push(other),
            (c, _) => text.push(c),
        }
    }
    text
}

/// Whether the launcher's process group lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// It does.
    Alive,
    /// It is proved dead.
    Dead,
    /// It cannot be judged from here.
    #[default]
    Unknown,
}

/// What a scan can say of a process's environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// It names this desk.
    Here,
    /// It does not.
    Elsewhere,
    /// It cannot be read.
    #[default]
    Unknown,
}

impl Place {
    fn from_word(word: &str) -> Self {
        match word {
            "here" => Place::Here,
            "elsewhere" => Place::Elsewhere,
            _ => Place::Unknown,
        }
    }
}

/// A living process that Claude's registry names, with what the registry says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// Its pid.
    pub pid: u32,
    /// Its process group.
    pub group: String,
    /// Its start, as the system tells it.
    pub start: String,
    /// Whether it was started with this desk as the place of its state.
    pub environment: Place,
    /// Whether this desk's launcher started it, or what started it.
    pub born: Place,
    /// The desk whose launcher started it, of an entry of the shared dir.
    pub pane: Option<DeskId>,
    /// Its pane, of an entry of the shared dir, where it descends from this Zellij's server.
    pub terminal: Option<TerminalId>,
    /// The conversation that it has open.
    pub session: Option<SessionId>,
    /// Claude's word for what it does: `idle`, `busy`, `waiting`.
    pub status: String,
    /// What it waits for.
    pub waiting_for: Option<String>,
    /// Where it was started.
    pub cwd: Option<String>,
    /// The start time that Claude wrote down; it must be `start`, or the pid was given out again.
    pub claimed_start: Option<String>,
    /// The version of Claude.
    pub version: Option<String>,
}

impl Registered {
    /// Whether the process is the one that wrote the entry. Systems without `/proc` cannot tell: then it is not proved.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.claimed_start.as_deref() == Some(self.start.as_str())
    }
}

/// A Claude of the launcher's group that has not proved itself, and what its environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unproved {
    /// Its pid.
    pub pid: u32,
    /// Its `CLAUDE_CONFIG_DIR`, or nothing.
    pub config_dir: String,
    /// Its `HOME`.
    pub home: String,
    /// Names of variables by which a Claude saves nothing.
    pub marks: String,
}

/// What a scan found at one desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskScan {
    /// `configs`, `homes` or `leaving`.
    pub place: String,
    /// The launcher's record, as it wrote it.
    pub record: BTreeMap<String, String>,
    /// Whether the launcher's process group lives.
    pub group: Group,
    /// Claude has ended with that code.
    pub exit: Option<i32>,
    /// A hook of Claude's has run since its start, so that it has read our settings.
    pub rang: bool,
    /// `plan` or `question`, where it was that what Claude last asked for.
    pub asked: String,
    /// The conversations whose transcripts lie here.
    pub talks: BTreeSet<String>,
    /// Living processes of the desk's registry.
    pub registered: Vec<Registered>,
    /// A Claude has come as far as its key, which is before its prompt.
    pub has_key: bool,
    /// The Claudes of the launcher's group, where none has proved itself.
    pub processes: Vec<Unproved>,
    /// What nobody can write at the desk.
    pub unwritable: Option<String>,
    /// The desk's `.claude.json` says that the first start is over.
    pub onboarded: bool,
    /// A settings file that speaks of `CLAUDE_CONFIG_DIR`.
    pub redirect: Option<String>,
    /// Disk use in bytes.
    pub bytes: Option<u64>,
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The desks on disk that were asked for.
    pub desks: BTreeMap<DeskId, DeskScan>,
    /// Living processes of the shared dirs' registries; none where these were not looked at.
    pub shared: Option<Vec<Registered>>,
    /// The state dir, where its disk is full.
    pub full: Option<String>,
    /// The stamps of the files in which the user may have changed something: of these desks, and of all that closed ones left.
    pub files: Vec<(Origin, String)>,
    /// Whether the answer came to its end. One that did not proves nothing.
    pub complete: bool,
}

impl Scan {
    /// Takes in what a look at some of the desks found.
    pub fn renew(&mut self, newer: Scan) {
        self.desks.extend(newer.desks);
        if newer.shared.is_some() {
            self.shared = newer.shared;
        }
        self.full = newer.full;
    }
}

/// Reads a scan.
#[must_use]
pub fn scan(stdout: &str) -> Scan {
    let mut scan = Scan::default();
    let mut current: Option<DeskId> = None;
    for line in line_by_line(stdout) {
        match line.tag.as_str() {
            "desk" => {
                current = line.field(0).parse().ok();
                if let Some(id) = current {
                    let place = line.field(1).to_string();
                    scan.desks.insert(id, DeskScan { place, ..DeskScan::default() });
                }
            }
            "bytes" => {
                if let Some(desk) = line.field(0).parse().ok().and_then(|id: DeskId| scan.desks.get_mut(&id)) {
                    desk.bytes = line.field(1).parse().ok();
                }
            }
            "full" => scan.full = Some(line.field(0).to_string()),
            "file" => {
                let Some(origin) = origin(line.field(0)) else { continue };
                match scan.files.iter_mut().find(|(other, _)| *other == origin) {
                    Some((_, stamps)) => {
                        stamps.push(' ');
                        stamps.push_str(line.field(1));
                    }
                    None => scan.files.push((origin, line.field(1).to_string())),
                }
            }
            "shared" => drop(scan.shared.get_or_insert_default()),
            "outside" => scan.shared.get_or_insert_default().extend(registered(&line, 5).map(|entry| Registered {
                pane: line.field(3).parse().ok(),
                terminal: line.field(4).parse().ok().map(TerminalId),
                ..entry
            })),
            "end" => scan.complete = true,
            _ => {
                if let Some(desk) = current.and_then(|id| scan.desks.get_mut(&id)) {
                    read_into(desk, &line);
                }
            }
        }
    }
    scan
}

fn read_into(desk: &mut DeskScan, line: &Line) {
    let text = |number: usize| line.field(number).to_string();
    match line.tag.as_str() {
        "record" => drop(desk.record.insert(text(0), text(1))),
        "group" => {
            desk.group = match line.field(0) {
                "alive" => Group::Alive,
                "dead" => Group::Dead,
                _ => Group::Unknown,
            }
        }
        "exit" => desk.exit = line.field(0).parse().ok(),
        "rang" => (desk.rang, desk.asked) = (true, text(0)),
        "talk" => drop(desk.talks.insert(text(0))),
        "registry" => desk.registered.extend(registered(line, 5).map(|entry| Registered {
            environment: Place::from_word(line.field(3)),
            born: Place::from_word(line.field(4)),
            ..entry
        })),
        "key" => desk.has_key = true,
        "process" => desk.processes.extend(line.field(0).parse().ok().map(|pid| Unproved {
            pid,
            config_dir: text(2),
            home: text(3),
            marks: text(4),
        })),
        "unwritable" => desk.unwritable = Some(text(0)),
        "onboarded" => desk.onboarded = line.field(0) == "yes",
        "redirect" => desk.redirect = Some(text(0)),
        _ => {}
    }
}

/// Whose file that is: `…/pane-<uuid>/.claude.json`, `…/pane-<uuid>/.carrel/given`, or one in `…/changes/<name>`.
fn origin(path: &str) -> Option<Origin> {
    let mut parts = path.rsplit('/').skip(1).filter(|part| *part != ".carrel");
    let (dir, above) = (parts.next()?, parts.next()?);
    match dir.strip_prefix("pane-") {
        Some(uuid) => uuid.parse().ok().map(Origin::Desk),
        None => (above == "changes").then(|| Origin::Left(dir.to_string())),
    }
}

fn registered(line: &Line, json: usize) -> Option<Registered> {
    let pid = line.field(0).parse().ok()?;
    let (group, start) = (line.field(1).to_string(), line.field(2).to_string());
    Some(Registered { pid, group, start, ..entry(line.field(json)) })
}

/// What a file of the registry says; of one that cannot be read, nothing.
#[must_use]
pub fn entry(json: &str) -> Registered {
    let value: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(|v| v.as_str()).map(str::to_string);
    Registered {
        session: text("sessionId").and_then(|id| id.parse().ok()),
        status: text("status").unwrap_or_default(),
        waiting_for: text("waitingFor"),
        cwd: text("cwd"),
        claimed_start: text("procStart"),
        version: text("version"),
        ..Registered::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cwd_with_a_newline_and_a_tab_comes_through() {
        assert_eq!(lines("record\tcwd\t/a\\nb\\tc\\\\d\n").first().unwrap().field(1), "/a\nb\tc\\d");
    }

    #[test]
    fn a_scan_that_was_cut_off_is_not_complete() {
        let text = "boot\tx\ndesk\taaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa\tconfigs\nrecord\tgroup\t12\ngroup\talive\n\
            registry\t13\t12\t99\there\there\t{\"sessionId\":\"11111111-1111-4111-8111-111111111111\",\"procStart\":\"99\",\"status\":\"idle\"}\nbytes\taaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa\t4096\n";
        let cut = scan(text);
        assert!(!cut.complete);
        let whole = scan(&format!("{text}end\n"));
        assert!(whole.complete);
        let desk = whole.desks.values().next().unwrap();
        assert_eq!((desk.group, desk.bytes), (Group::Alive, Some(4096)));
        assert!(desk.registered.first().unwrap().is_genuine());
    }

    #[test]
    fn a_broken_registry_file_leaves_its_facts_unknown() {
        let text =
            "desk\taaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa\tconfigs\nregistry\t13\t12\t99\there\there\t{\"sess\nend\n";
        let scan = scan(text);
        let entry = scan.desks.values().next().unwrap().registered.first().unwrap().clone();
        assert_eq!(entry.session, None);
        assert!(!entry.is_genuine());
    }
}
