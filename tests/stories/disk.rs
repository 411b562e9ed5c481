//! The machine below the fake Zellij: desks, processes, conversations, the user's file, and the host program that answers
//! about them in the formats of `src/host`. Knows nothing of who asks, and refuses what the real program refuses: it never
//! touches a desk at which a process lives.

use std::collections::{BTreeMap, BTreeSet};

use zellij_carrel::manager::ids::DeskId;

use crate::cache::Cache;

pub const HOME: &str = "/home/ada";
pub const STATE: &str = "/home/ada/.local/state/carrel";
pub const SHARED: &str = "/home/ada/.claude";
pub const CLAUDE: &str = "/usr/bin/claude";

/// What is written of a Claude at a desk, or in the shared dir.
#[derive(Clone, Debug)]
pub struct Report {
    pub pid: u32,
    pub group: u32,
    pub session: String,
    pub status: String,
    pub waiting_for: Option<String>,
    /// Its process has died, and the system gave its pid to another one.
    pub reused: bool,
    /// The desk whose launcher started it.
    pub pane: Option<DeskId>,
    /// The pane in whose shell it was typed.
    pub terminal: Option<u32>,
}

/// A desk on disk.
#[derive(Clone, Debug)]
pub struct DeskDir {
    pub cwd: String,
    pub group: u32,
    pub opened_s: u64,
    pub exit: Option<i32>,
    /// The pid of the Zellij server in which it was opened.
    pub server: u32,
    /// And the name of its session.
    pub session: String,
    /// It goes with its pane.
    pub cleanup: bool,
    /// How it is isolated, and what that stands in for.
    pub method: String,
    pub instead_of: String,
    /// What the launcher noted for the user.
    pub notice: String,
    /// Claude has run one of Carrel's hooks.
    pub rang: bool,
    /// What it last asked for: a plan or a question.
    pub asked: String,
    /// Transcripts, by session.
    pub talks: BTreeSet<String>,
    /// Further lines of a scan: what else is odd there.
    pub oddities: Vec<String>,
    pub registry: Vec<Report>,
    /// What it was given, and what its `.claude.json` is now.
    pub given: Option<String>,
    pub json: Option<String>,
}

/// What a closed desk left, to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftDir {
    pub given: String,
    pub json: String,
    pub sifted: bool,
}

impl DeskDir {
    /// As the launcher makes it.
    pub fn at(cwd: &str, opened_s: u64) -> Self {
        DeskDir {
            cwd: cwd.into(),
            group: 0,
            opened_s,
            exit: None,
            server: 0,
            session: String::new(),
            cleanup: true,
            method: "config_dir".into(),
            instead_of: String::new(),
            notice: String::new(),
            rang: false,
            asked: String::new(),
            talks: BTreeSet::new(),
            oddities: vec![],
            registry: vec![],
            given: None,
            json: None,
        }
    }
}

/// Where a conversation lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Desk(DeskId),
    Shared,
}

/// What becomes of a clean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleaned {
    Gone,
    Deleted,
    NotYet(String),
}

#[derive(Default)]
pub struct Disk {
    pub dirs: BTreeSet<String>,
    pub macos: bool,
    /// Why there can be no container.
    pub no_box: Option<String>,
    /// What a probe of that Claude tells, in the words of the host program.
    pub probe: [&'static str; 4],
    /// Where claude is, if anywhere.
    pub claude: Option<String>,
    /// Why the state dir cannot be used.
    pub broken: Option<String>,
    pub desks: BTreeMap<DeskId, DeskDir>,
    /// Processes by group; each with when it dies, if it is dying.
    pub processes: BTreeMap<u32, (DeskId, Option<u64>)>,
    pub shared_registry: Vec<Report>,
    /// By session: its cwd and its place.
    pub conversations: BTreeMap<String, (String, Place)>,
    /// Open in a Claude that is not Carrel's.
    pub in_use: BTreeSet<String>,
    /// The user's `.claude.json`.
    pub file: Option<Vec<u8>>,
    pub file_number: u32,
    /// What the seed was made of, its text, and why there is none.
    pub seed: Option<(String, String, Option<String>)>,
    /// Desks of which something is unknown.
    pub unknown_entries: BTreeSet<DeskId>,
    /// Why nothing can be kept.
    pub full: Option<String>,
    pub seed_in_fails: bool,
    /// By their names.
    pub left: BTreeMap<String, LeftDir>,
    /// Why the user's file cannot be replaced.
    pub locked: Option<String>,
    /// So often somebody else is quicker.
    pub others_write: u32,
    copies: u32,
}

impl Disk {
    pub fn new() -> Self {
        Disk {
            dirs: ["/", "/code", "/code/a", "/code/b", "/tmp/x"].map(str::to_string).into(),
            claude: Some(CLAUDE.to_string()),
            probe: ["yes", "yes", "unknown", "2.1.330 (Claude Code)"],
            file: Some(br#"{"theme":"dark","hasCompletedOnboarding":true}"#.to_vec()),
            ..Disk::default()
        }
    }

    /// The user's file becomes another one.
    pub fn write_file(&mut self, bytes: &[u8]) {
        self.file = Some(bytes.to_vec());
        self.file_number += 1;
    }

    fn stamp(&self) -> String {
        match &self.file {
            Some(bytes) => format!("{} {}", self.file_number, bytes.len()),
            None => "missing".to_string(),
        }
    }

    fn seed_is(&self) -> String {
        match &self.seed {
            Some((stamp, _, error)) if *stamp == self.stamp() => match error {
                Some(why) => say(&["seed", "failed", why]),
                None => say(&["seed", "fresh"]),
            },
            Some(_) => say(&["seed", "stale"]),
            None => say(&["seed", "missing"]),
        }
    }

    pub fn lives(&self, desk: DeskId, now: u64) -> bool {
        self.processes.values().any(|(of, dies)| *of == desk && dies.is_none_or(|dies| dies > now))
    }

    /// When the last process of a desk dies, if all of them are dying.
    pub fn dies_at(&self, desk: DeskId, now: u64) -> Option<u64> {
        let living = self.processes.values().filter(|(of, dies)| *of == desk && dies.is_none_or(|dies| dies > now));
        living.map(|(_, dies)| *dies).collect::<Option<Vec<u64>>>()?.into_iter().max()
    }

    pub fn boot(&self) -> String {
        if let Some(why) = &self.broken {
            return say(&["error", why]);
        }
        let launcher = format!("{STATE}/carrel.sh");
        let mut text = [
            say(&["state", STATE]),
            say(&["launcher", &launcher]),
            say(&["cache", "/home/ada/.cache/zellij/carrel/plugin_cache"]),
            say(&["host", "box"]),
            say(&["shared", SHARED]),
            say(&["shared_json", "/home/ada/.claude.json"]),
            self.seed_is(),
        ]
        .concat();
        if self.macos {
            text += &say(&["macos"]);
        }
        text += &match &self.claude {
            Some(path) => say(&["claude", path]),
            None => {
                say(&["no_claude", "there is no `claude` in PATH; install Claude Code, or name it in option claude"])
            }
        };
        text + &say(&["end"])
    }

    pub fn seed_out(&mut self, cache: &mut Cache) -> String {
        if self.seed_is() == say(&["seed", "fresh"]) {
            return say(&["seed", "fresh"]);
        }
        let Some(bytes) = self.file.clone() else { return say(&["seed", "missing", "missing"]) };
        self.copies += 1;
        let dir = format!("carrel-seed.{}.0", self.copies);
        let size = bytes.len().to_string();
        cache.files.insert(format!("{dir}/in"), bytes);
        cache.files.insert(format!("{dir}/out"), vec![]);
        say(&["seed", "copied", &self.stamp(), &dir, &size, "/home/ada/.claude.json"])
    }

    pub fn seed_in(&mut self, words: &[String], cache: &mut Cache) -> String {
        let [stamp, dir, _shared, error, _login @ ..] = words else { panic!("seed-in takes four words: {words:?}") };
        let made = cache.files.get(&format!("{dir}/out")).cloned().unwrap_or_default();
        cache.files.retain(|name, _| !name.starts_with(&format!("{dir}/")));
        if self.seed_in_fails {
            return say(&["seed", "failed", "cannot write the seed (permissions? is the disk full or read-only?)"]);
        }
        let error = (!error.is_empty()).then(|| error.clone());
        let answer = error.as_ref().map_or_else(|| say(&["seed", "fresh"]), |why| say(&["seed", "failed", why]));
        self.seed = Some((stamp.clone(), String::from_utf8(made).expect("a seed is text"), error));
        answer
    }

    /// Where that lies which words like `--pane UUID` name: what was given, and what there is now.
    fn changes_of(&self, words: &[String]) -> Option<(String, String, bool)> {
        match words[0].as_str() {
            "--pane" => {
                let dir = self.desks.get(&words[1].parse().ok()?)?;
                Some((dir.given.clone()?, dir.json.clone()?, false))
            }
            "--left" => {
                let left = self.left.get(&words[1])?;
                Some((left.given.clone(), left.json.clone(), left.sifted))
            }
            other => panic!("no such origin: {other}"),
        }
    }

    pub fn changes_out(&mut self, words: &[String], cache: &mut Cache) -> String {
        let Some((given, now, sifted)) = self.changes_of(words) else { return say(&["changes", "none"]) };
        let into = words.get(2).is_some_and(|word| word == "--into");
        let (users, users_stamp) = match (&self.file, into) {
            (_, false) => (None, String::new()),
            (None, true) => {
                return say(&["changes", "failed", "there is no /home/ada/.claude.json to carry it back into"])
            }
            (Some(bytes), true) => (Some(bytes.clone()), self.stamp()),
        };
        self.copies += 1;
        let dir = format!("carrel-changes.{}.0", self.copies);
        let size = users.as_ref().map_or(String::new(), |bytes| bytes.len().to_string());
        let (given_size, now_size) = (given.len().to_string(), now.len().to_string());
        let stamp = format!("{} {}", stamp_of(&now), stamp_of(&given));
        for (file, content) in
            [("given", given.into_bytes()), ("now", now.into_bytes()), ("in", users.unwrap_or_default())]
        {
            cache.files.insert(format!("{dir}/{file}"), content);
        }
        for file in ["base", "out"] {
            cache.files.insert(format!("{dir}/{file}"), vec![]);
        }
        let sifted = if sifted { "sifted" } else { "" };
        let file = "/home/ada/.claude.json";
        say(&["changes", "copied", &dir, &stamp, &given_size, &now_size, sifted, &size, &users_stamp, file])
    }

    pub fn changes_in(&mut self, words: &[String], cache: &mut Cache) -> String {
        let [kind, id, dir, what, stamp, bytes] = words else { panic!("changes-in takes six words: {words:?}") };
        let file = |cache: &Cache, name: &str| cache.files.get(&format!("{dir}/{name}")).cloned().expect("a copy");
        let (out, base, now) = (file(cache, "out"), file(cache, "base"), file(cache, "now"));
        cache.files.retain(|name, _| !name.starts_with(&format!("{dir}/")));
        if self.changes_of(words).is_none() {
            return say(&["changes", "none"]);
        }
        if stamp != "-" {
            assert_eq!(out.len().to_string(), *bytes, "the whole file was written");
            if let Some(why) = &self.locked {
                return say(&["changes", "failed", why]);
            }
            if self.others_write > 0 {
                self.others_write -= 1;
                self.file_number += 1;
            }
            if *stamp != self.stamp() {
                return say(&["changes", "again"]);
            }
            self.write_file(&out);
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        match (kind.as_str(), what.as_str()) {
            (_, "-") => {}
            ("--pane", "base") => {
                self.desks.get_mut(&id.parse().expect("a uuid")).expect("a desk").given = Some(text(base));
            }
            ("--left", "base") => {
                self.left.insert(id.clone(), LeftDir { given: text(base), json: text(now), sifted: true });
            }
            ("--left", "drop") => drop(self.left.remove(id)),
            other => panic!("no such thing to do: {other:?}"),
        }
        say(&["changes", "done"])
    }

    pub fn find(&self, session: &str) -> String {
        match self.conversations.get(session) {
            Some((_, Place::Desk(desk))) => say(&["desk", &desk.to_string()]),
            _ if self.in_use.contains(session) => {
                say(&["in_use", &format!("the conversation {session} is open in another Claude (pid 77)")])
            }
            Some((cwd, Place::Shared)) => {
                let cwd = serde_json::to_string(cwd).expect("a text is JSON");
                say(&["found", &format!("{SHARED}/projects/x/{session}.jsonl"), &format!("\"cwd\":{cwd}")])
            }
            None => say(&["none", &format!("there is no conversation {session} in {SHARED}/projects")]),
        }
    }

    /// The conversations of a directory, newest first: the later its session's name, the newer it is.
    pub fn sessions(&self, cwd: &str) -> String {
        if !self.dirs.contains(cwd) {
            return say(&["none", &format!("cwd \"{cwd}\" is not a directory; name an existing one with cwd")]);
        }
        let mut text = String::new();
        for (session, (_, place)) in self.conversations.iter().rev().filter(|(_, (held, _))| held == cwd) {
            let pane = match place {
                Place::Desk(desk) => desk.to_string(),
                Place::Shared => String::new(),
            };
            let prompt = format!("prompt of {session}");
            let line = serde_json::json!({"type": "user", "message": {"role": "user", "content": prompt}}).to_string();
            text += &say(&["session", session, "1795423554", "4096", &pane, &line]);
        }
        text + &say(&["end"])
    }

    /// `scan` with these words.
    pub fn scan(&self, words: &[String], now: u64) -> String {
        let mut text = say(&["boot", "b00t"]);
        if self.full.is_some() {
            text += &say(&["full", STATE]);
        }
        let asked: Vec<DeskId> = words.iter().filter_map(|word| word.parse().ok()).collect();
        let full = words.iter().any(|word| word == "--full");
        let all = asked.is_empty() && !full;
        let chosen = || self.desks.iter().filter(|(id, _)| all || asked.contains(id));
        let mut unproved = all || full;
        for (id, desk) in chosen() {
            text += &say(&["desk", &id.to_string(), "configs"]);
            for (key, value) in [
                ("group", desk.group.to_string()),
                ("method", desk.method.clone()),
                ("instead_of", desk.instead_of.clone()),
                ("cwd", desk.cwd.clone()),
                ("notice", desk.notice.clone()),
                ("home", HOME.to_string()),
                ("shared", SHARED.to_string()),
                ("opened", desk.opened_s.to_string()),
            ] {
                if !value.is_empty() {
                    text += &say(&["record", key, &value]);
                }
            }
            let alive = self.processes.get(&desk.group).is_some_and(|(_, dies)| dies.is_none_or(|dies| dies > now));
            text += &say(&["group", if alive { "alive" } else { "dead" }]);
            if let Some(code) = desk.exit {
                text += &say(&["exit", &code.to_string()]);
            }
            if desk.rang {
                text += &say(&["rang", &desk.asked]);
            }
            text += &desk.talks.iter().map(|session| say(&["talk", session])).collect::<String>();
            for report in &desk.registry {
                let born = if report.group == desk.group { "here" } else { "elsewhere" };
                text += &report.line("registry", ["here", born]);
            }
            unproved |= !desk.registry.iter().any(|report| report.group == desk.group);
            text += &desk.oddities.concat();
        }
        if unproved {
            text += &say(&["shared", SHARED]);
            for report in &self.shared_registry {
                let pane = report.pane.map_or(String::new(), |pane| pane.to_string());
                let terminal = report.terminal.map_or(String::new(), |terminal| terminal.to_string());
                text += &report.line("outside", [&pane, &terminal]);
            }
        }
        for (id, desk) in chosen() {
            if let (Some(given), Some(json)) = (&desk.given, &desk.json) {
                let dir = format!("{STATE}/claude-configs/pane-{id}");
                text += &say(&["file", &format!("{dir}/.claude.json"), &stamp_of(json)]);
                text += &say(&["file", &format!("{dir}/.carrel/given"), &stamp_of(given)]);
            }
        }
        for (name, left) in &self.left {
            let dir = format!("{STATE}/changes/{name}");
            text += &say(&["file", &format!("{dir}/claude.json"), &stamp_of(&left.json)]);
            text += &say(&["file", &format!("{dir}/given"), &stamp_of(&left.given)]);
        }
        if words.iter().any(|word| word == "--measure") {
            for (id, _) in chosen() {
                text += &say(&["bytes", &id.to_string(), "4096"]);
            }
        }
        text + &say(&["end"])
    }

    /// Whose each desk is, where these Zellij servers live; `saved` are named by sessions that can come back.
    pub fn owners(&self, servers: &[u32], saved: &[DeskId], now: u64) -> String {
        let mut text = String::new();
        for (id, desk) in &self.desks {
            let (verdict, why) = match () {
                () if self.lives(*id, now) => ("alive", "its Claude (pid 12) lives"),
                () if servers.contains(&desk.server) => ("server", "its Zellij session lives"),
                () if saved.contains(id) => ("saved", "the saved session main names it"),
                () => ("nobody", "its Zellij session is gone for good"),
            };
            let unkept = self.conversations.values().any(|(_, place)| *place == Place::Desk(*id));
            let pid = if verdict == "server" { desk.server.to_string() } else { String::new() };
            text += &say(&[
                "owner",
                &id.to_string(),
                verdict,
                why,
                &pid,
                "4096",
                &desk.opened_s.to_string(),
                if desk.cleanup { "" } else { "no" },
                if unkept { "unkept" } else { "" },
                &desk.session,
            ]);
        }
        text + &say(&["end"])
    }

    pub fn clean(&mut self, desk: DeskId, keep_only: bool, now: u64) -> Cleaned {
        if !self.desks.contains_key(&desk) {
            return Cleaned::Gone;
        }
        if self.lives(desk, now) {
            return Cleaned::NotYet(say(&["clean", &desk.to_string(), "alive", "its Claude (pid 12) lives"]));
        }
        if let Some(why) = &self.full {
            return Cleaned::NotYet(say(&["clean", &desk.to_string(), "failed", why]));
        }
        for (_, place) in self.conversations.values_mut() {
            if *place == Place::Desk(desk) {
                *place = Place::Shared;
            }
        }
        if self.unknown_entries.contains(&desk) {
            return Cleaned::NotYet(say(&["clean", &desk.to_string(), "blocked", "new-thing.db"]));
        }
        if keep_only {
            return Cleaned::NotYet(say(&["clean", &desk.to_string(), "kept"]));
        }
        let dir = self.desks.remove(&desk).expect("it is there");
        if let (Some(given), Some(json)) = (dir.given, dir.json) {
            if given != json {
                let name = format!("{desk}.{}", stamp_of(&(given.clone() + &json)));
                self.left.entry(name).or_insert(LeftDir { given, json, sifted: false });
            }
        }
        Cleaned::Deleted
    }
}

impl Report {
    /// Of a Claude of that process group, idle.
    pub fn of(group: u32, session: &str) -> Self {
        Report {
            pid: group + 1,
            group,
            session: session.into(),
            status: "idle".into(),
            waiting_for: None,
            reused: false,
            pane: None,
            terminal: None,
        }
    }

    fn line(&self, tag: &str, [first, second]: [&str; 2]) -> String {
        let (pid, group, start) = (self.pid.to_string(), self.group.to_string(), format!("s{}", self.pid));
        say(&[tag, &pid, &group, &start, first, second, &self.json()])
    }

    pub fn json(&self) -> String {
        serde_json::json!({
            "sessionId": self.session, "cwd": "/code", "status": self.status, "waitingFor": self.waiting_for,
            "procStart": if self.reused { "long ago".to_string() } else { format!("s{}", self.pid) }, "version": "2.1.330",
        })
        .to_string()
    }
}

/// One line of the host program.
pub fn say(fields: &[&str]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|f| f.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")).collect();
    fields.join("\t") + "\n"
}

/// A number that changes with the text (FNV-1a).
fn stamp_of(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash.to_string()
}
