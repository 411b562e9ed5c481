//! A Zellij session as one instance of the plugin sees it: panes, timers, host commands that answer, a clock that only the
//! caller moves. What the host would answer comes from the machine of the stories (`tests/stories/disk.rs`).

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;
use uuid::Uuid;
use zellij_carrel::manager::ids::DeskId;

use crate::cache::Cache;
use crate::disk::{say, Cleaned, DeskDir, Disk, Report, HOME, STATE};
pub use crate::runtime::Cost;
use crate::runtime::{Plugin, Wasm};
use crate::zellij::{self, Command, Pane};

/// A second.
pub const SECOND: u64 = 1_000;
/// How long a host command takes here, in milliseconds.
const HOST_MS: u64 = 8;
/// Panes in a tab.
const PER_TAB: usize = 20;
/// The plugin's own pane.
const OWN: u32 = 7;
/// The size of the panel.
pub const PANEL: (usize, usize) = (40, 120);

/// The session.
pub struct Session {
    pub plugin: Plugin,
    pub now_ms: u64,
    pub disk: Disk,
    cache: Cache,
    dir: TempDir,
    born_ms: u64,
    panes: Vec<Pane>,
    desks: Vec<(u32, DeskId)>,
    shown: bool,
    due: BTreeMap<(u64, u64), Due>,
    number: u64,
    /// What each kind of call took, oldest first.
    pub costs: BTreeMap<&'static str, Vec<Cost>>,
    /// Host commands with the time at which they were started, in milliseconds.
    pub host: Vec<(u64, String)>,
    /// Commands to Zellij, by their names.
    pub told: BTreeMap<String, usize>,
    /// Answers to pipes.
    pub answers: Vec<String>,
}

enum Due {
    Timer,
    Host { words: Vec<String>, context: Vec<(String, String)> },
}

impl Session {
    /// A session with so many terminal panes, of which so many are desks, and the plugin loaded and ready.
    pub fn with(wasm: &Wasm, panes: usize, desks: usize) -> Self {
        let mut session = Self::bare(wasm, panes, desks);
        session.perform();
        session.update("permission", &zellij::granted());
        // Boot, seed, the first looks at every desk.
        for _ in 0..20 {
            session.list_panes("settling");
            session.pass(SECOND);
        }
        session
    }

    /// The same for a plugin that does nothing.
    pub fn bare(wasm: &Wasm, panes: usize, desks: usize) -> Self {
        let mut disk = Disk::new();
        let now_ms = 1_800_000_000_000;
        let mut list: Vec<Pane> = (0..panes).map(|id| shell(id as u32)).collect();
        let mut at = Vec::new();
        // Spread over all tabs.
        for number in 0..desks {
            let id = number * panes / desks;
            let desk = DeskId(Uuid::from_u128(0x1000 + number as u128));
            seat(&mut list[id], desk);
            at.push((id as u32, desk));
            sit(&mut disk, desk, id as u32, now_ms);
        }
        let mut own = shell(OWN);
        own.is_plugin = true;
        own.is_suppressed = true;
        list.push(own);
        let dir = TempDir::with_prefix("carrel-bench").expect("a cache dir");
        let plugin = load(wasm, dir.path(), now_ms);
        Session {
            plugin,
            now_ms,
            disk,
            cache: Cache::default(),
            dir,
            born_ms: now_ms,
            panes: list,
            desks: at,
            shown: false,
            due: BTreeMap::new(),
            number: 0,
            costs: BTreeMap::new(),
            host: Vec::new(),
            told: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    /// The list of panes, as Zellij sends it.
    pub fn list_panes(&mut self, kind: &'static str) {
        let bytes = self.pane_list();
        self.update(kind, &bytes);
    }

    /// The bytes of that list.
    pub fn pane_list(&self) -> Vec<u8> {
        let mut tabs: Vec<(u32, Vec<Pane>)> =
            self.panes.chunks(PER_TAB).enumerate().map(|(tab, panes)| (tab as u32, panes.to_vec())).collect();
        // As a hash map gives them: in another order each time.
        let age_s = (self.now_ms - self.born_ms) / SECOND;
        tabs.sort_by_key(|(tab, _)| (u64::from(*tab) + 1).wrapping_mul(age_s.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1));
        zellij::session_update(&tabs, age_s)
    }

    /// A pane shows another title, as Claude's do while it works.
    pub fn retitle(&mut self, number: u64) {
        let at = number as usize % (self.panes.len() - 1);
        self.panes[at].title = format!("✳ thought {number}");
    }

    /// A desk's pane is closed and another one opened: the user has finished something and begins anew.
    pub fn replace_a_desk(&mut self, number: u64) {
        let Some(at) = (!self.desks.is_empty()).then(|| number as usize % self.desks.len()) else { return };
        let (terminal, old) = self.desks[at];
        self.disk.processes.retain(|_, (desk, _)| *desk != old);
        self.update("pane closed", &zellij::pane_closed(terminal));
        let desk = DeskId(Uuid::from_u128(0x1_0000_0000 + u128::from(number)));
        let pane = self.panes.iter_mut().find(|pane| pane.id == terminal && !pane.is_plugin).expect("its pane");
        pane.id = 100_000 + number as u32;
        seat(pane, desk);
        let id = pane.id;
        self.desks[at] = (id, desk);
        sit(&mut self.disk, desk, id, self.now_ms);
    }

    /// A Claude says that something happened, as its hooks do: it works, waits or is idle now.
    pub fn ring(&mut self, number: u64) {
        let Some(at) = (!self.desks.is_empty()).then(|| number as usize % self.desks.len()) else { return };
        let desk = self.desks[at].1;
        let status = ["busy", "waiting", "idle"][number as usize % 3];
        for report in &mut self.disk.desks.get_mut(&desk).expect("its dir").registry {
            report.status = status.into();
            report.waiting_for = (status == "waiting").then(|| "permission prompt".to_string());
        }
        let args = BTreeMap::from([("pane".to_string(), desk.to_string()), ("event".to_string(), "Stop".to_string())]);
        self.send("bell", "carrel_bell", "x", args);
    }

    /// A pane runs another program.
    pub fn command_changed(&mut self, number: u64) {
        let terminal = (number as usize % (self.panes.len() - 1)) as u32;
        self.update("command", &zellij::command_changed(terminal, &["cargo", "test", "--workspace"]));
    }

    /// A pipe without arguments.
    pub fn ask(&mut self, name: &str) {
        self.send("pipe", name, "x", BTreeMap::new());
    }

    /// A pipe with a payload.
    pub fn say(&mut self, name: &str, payload: &str) {
        self.send("payload", name, payload, BTreeMap::new());
    }

    fn send(&mut self, kind: &'static str, name: &str, payload: &str, args: BTreeMap<String, String>) {
        self.number += 1;
        let id = format!("pipe-{}", self.number);
        // The text, then the end of the input.
        for message in [Some(payload), None].map(|payload| zellij::pipe(&id, name, payload, &args)) {
            let wants = self.measured(kind, |plugin| plugin.pipe(&message));
            self.after(wants);
        }
    }

    /// The panel is shown, or hidden.
    pub fn show(&mut self, shown: bool) {
        self.shown = shown;
        for pane in self.panes.iter_mut().filter(|pane| pane.is_plugin) {
            pane.is_suppressed = !shown;
        }
        if shown {
            self.render();
        }
        self.list_panes("settling");
        self.update("visible", &zellij::visible(shown));
    }

    /// A letter is pressed in the panel.
    pub fn press(&mut self, letter: char) {
        self.update("key", &zellij::key(letter));
    }

    /// Tells an event.
    pub fn update(&mut self, kind: &'static str, bytes: &[u8]) {
        self.plugin.set_clock(self.now_ms);
        let wants = self.measured(kind, |plugin| plugin.update(bytes));
        self.after(wants);
    }

    /// Zellij puts a text on stdin that is as long as the list of panes and means nothing: what it costs to read one.
    pub fn read_as_much_as_the_list(&mut self) {
        let length = serde_json::to_string(&self.pane_list()).expect("numbers").len();
        self.measured("reading", |plugin| plugin.read_line(&vec![b'x'; length]));
        self.plugin.log();
    }

    /// Paints the panel.
    pub fn render(&mut self) -> String {
        self.measured("render", |plugin| plugin.render(PANEL.0, PANEL.1))
    }

    /// Time passes; timers ring, host commands end.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), due) = entry.remove_entry();
            self.now_ms = self.now_ms.max(at);
            match due {
                Due::Timer => self.update("timer", &zellij::timer()),
                Due::Host { words, context } => {
                    let stdout = self.answer(&words);
                    self.update("host answer", &zellij::host_answer(&stdout, &context));
                }
            }
        }
        self.now_ms = until;
    }

    /// Forgets what was measured.
    pub fn forget(&mut self) {
        self.costs.clear();
        self.host.clear();
        self.told.clear();
        self.answers.clear();
    }

    fn measured<T>(&mut self, kind: &'static str, act: impl FnOnce(&mut Plugin) -> T) -> T {
        let done = act(&mut self.plugin);
        self.costs.entry(kind).or_default().push(self.plugin.last);
        done
    }

    fn after(&mut self, wants_paint: bool) {
        self.perform();
        if wants_paint && self.shown {
            self.render();
        }
    }

    fn perform(&mut self) {
        for command in self.plugin.commands() {
            *self.told.entry(command.name()).or_default() += 1;
            self.number += 1;
            match command {
                Command::SetTimeout(seconds) => {
                    // One of no time at all takes some all the same.
                    let at = self.now_ms + ((seconds * 1_000.0).round() as u64).max(1);
                    self.due.insert((at, self.number), Due::Timer);
                }
                Command::RunCommand { argv, context } => {
                    // `/bin/sh -c <the program> …` is the boot, `/bin/sh carrel.sh <words>` all else.
                    let words: Vec<String> = argv.into_iter().skip(1).collect();
                    let boot = words.first().is_some_and(|word| word == "-c");
                    let words = if boot { vec!["boot".to_string()] } else { words[1..].to_vec() };
                    self.host.push((self.now_ms, words.join(" ")));
                    self.due.insert((self.now_ms + HOST_MS, self.number), Due::Host { words, context });
                }
                Command::CliPipeOutput(text) => self.answers.push(text),
                _ => {}
            }
        }
    }

    /// What the host program says.
    fn answer(&mut self, words: &[String]) -> String {
        let now_ms = self.now_ms;
        match words[0].as_str() {
            "boot" => self.disk.boot(),
            "claude-version" => say(&["version", "2.1.330 (Claude Code)"]),
            "seed-out" => {
                let answer = self.disk.seed_out(&mut self.cache);
                for (name, bytes) in &self.cache.files {
                    let file = self.dir.path().join(name);
                    std::fs::create_dir_all(file.parent().expect("a dir")).expect("a dir");
                    std::fs::write(file, bytes).expect("a file");
                }
                answer
            }
            "seed-in" => self.disk.seed_in(&words[1..], &mut self.cache),
            "scan" => self.disk.scan(words, now_ms),
            "owners" => self.disk.owners(&[std::process::id()], &[], now_ms),
            "clean" => {
                let desk: DeskId = words[2].parse().expect("a desk");
                match self.disk.clean(desk, false, now_ms) {
                    Cleaned::Gone => say(&["clean", &words[2], "gone"]),
                    Cleaned::Deleted => say(&["clean", &words[2], "deleted"]),
                    Cleaned::NotYet(answer) => answer,
                }
            }
            _ => String::new(),
        }
    }
}

fn load(wasm: &Wasm, cache: &Path, now_ms: u64) -> Plugin {
    let mut opened = 200_000;
    let answer = move |command: &Command| match command {
        Command::GetPluginIds => Some(zellij::plugin_ids(OWN, std::process::id())),
        Command::GetZellijVersion => Some(zellij::version()),
        Command::OpenPane => {
            opened += 1;
            Some(zellij::opened(opened))
        }
        Command::SaveSession => Some(zellij::done()),
        Command::GetSessionList => Some(zellij::sessions()),
        _ => None,
    };
    let env = [("HOME", HOME), ("ZELLIJ_SESSION_NAME", "main"), ("HOSTNAME", "box")];
    Plugin::load(wasm, cache, &env, &BTreeMap::new(), now_ms, Box::new(answer))
}

fn shell(id: u32) -> Pane {
    Pane { id, title: format!("~/src/project-{id}"), ..Pane::default() }
}

fn seat(pane: &mut Pane, desk: DeskId) {
    pane.title = "✳ Claude Code".into();
    pane.command = Some(format!(
        "/bin/sh {STATE}/carrel.sh run --pane {desk} --session {} --method config_dir",
        Uuid::from_u128(desk.0.as_u128() << 8)
    ));
}

fn sit(disk: &mut Disk, desk: DeskId, terminal: u32, now_ms: u64) {
    let group = 1_000 + terminal;
    let session = Uuid::from_u128(desk.0.as_u128() << 8).to_string();
    let report = Report {
        pid: group + 1,
        group,
        session,
        status: "idle".into(),
        waiting_for: None,
        reused: false,
        pane: None,
        terminal: None,
    };
    let mut dir = DeskDir::at("/code/a", now_ms / SECOND);
    dir.group = group;
    dir.server = std::process::id();
    dir.session = "main".into();
    dir.registry = vec![report];
    disk.desks.insert(desk, dir);
    disk.processes.insert(group, (desk, None));
}
