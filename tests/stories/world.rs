//! A fake Zellij that runs real managers: clones of the plugin that share a cache dir, panes, a clock, timers, pipes, and a
//! machine. It performs each order and reports what the real one reports, duplicates and omissions included (facts, zellij.md).
//! It panics where a story cannot be true whatever it tells: an order before the grant, a plugin that spins, facts and orders
//! in a circle, a desk deleted although its pane is there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use uuid::Uuid;
use zellij_carrel::manager::board::Board;
use zellij_carrel::manager::effect::{Effect, Placement};
use zellij_carrel::manager::electing::Instance;
use zellij_carrel::manager::event::{Event, Key, Message, PaneFacts, Sender};
use zellij_carrel::manager::ids::{CallId, DeskId, PipeId, TerminalId};
use zellij_carrel::manager::options::{parse, Environment, Role};
use zellij_carrel::manager::panel::Scene;
use zellij_carrel::manager::{Birth, Manager, Moment};

use crate::cache::Cache;
use crate::disk::{say, Cleaned, DeskDir, Disk, Place, Report, HOME, SHARED, STATE};
use crate::schema::expect_schema;

/// After so many orders that follow from one event, they follow from each other.
const STEPS: usize = 100;
/// More wakes in one second of one clone are a plugin that spins. A large seed takes up to 250.
const WAKES: usize = 400;
/// How long a claude that lost its pane goes on, in milliseconds.
const LINGER_MS: u64 = 1_000;

/// How Zellij answers the question for permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// It was answered before: the result comes at once.
    Cached,
    /// A session without a client: granted, and nothing says so.
    Untold,
    /// The user is asked.
    Asked,
}

/// What Claude does after its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Reports at its desk.
    Reports,
    /// Reports in the shared dir.
    Leaks,
    /// Stands before a first-run question.
    Silent,
}

/// What Zellij was told to do, or the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    Host(Vec<String>),
    Opened {
        argv: Vec<String>,
        cwd: Option<String>,
        placement: Placement,
    },
    Closed(u32),
    Focused(u32),
    NameCleared(u32),
    Framed {
        on: Vec<u32>,
        off: Vec<u32>,
    },
    SessionSaved,
    PanelShown,
    PanelHidden,
    Marked(DeskId),
    Unmarked(DeskId),
    Published,
    Logged(String),
    Claimed(u64),
    /// A story's own remark.
    Noted(String),
}

/// One line of what happened, and when, for whoever has to find out why a story fails.
#[allow(dead_code)]
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: u64,
    pub client: u16,
    pub did: Did,
}

/// A pane of the fake Zellij.
#[derive(Clone, Debug)]
pub struct Pane {
    pub terminal: u32,
    pub desk: Option<DeskId>,
    pub argv: Vec<String>,
    /// What its frame shows.
    pub title: String,
    pub exited: bool,
    pub exit_code: Option<i32>,
    pub held: bool,
    pub in_place: bool,
    pub focused: bool,
    pub cwd: String,
    /// Its Claude has reported, since it was opened or came back.
    pub talked: bool,
    group: Option<u32>,
}

/// One `zellij pipe` call.
#[allow(dead_code)]
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub name: String,
    pub sent_ms: u64,
    /// What the caller got to see.
    pub lines: Vec<String>,
    /// What was printed when nobody listened any more.
    pub lost: Vec<String>,
    pub released_ms: Option<u64>,
    pub unblocks: usize,
    blocked_by: Option<usize>,
    processing: usize,
}

/// A call, to be asked about later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallNo(usize);

struct Clone_ {
    me: Instance,
    group: String,
    born: u32,
    manager: Manager,
    living: bool,
    granted: bool,
    /// Held back by Zellij while its question is open.
    mailbox: Option<Vec<(Event, Option<usize>)>>,
    frozen_until: u64,
    /// The last list of panes that it was told, and where its panel was in it.
    listed: Option<[Event; 2]>,
    wakes: VecDeque<u64>,
    timers: usize,
    rung: usize,
}

enum Delivery {
    /// With the pipe's call that it belongs to.
    Fact {
        to: usize,
        born: u32,
        event: Event,
        call: Option<usize>,
    },
    EverySecond {
        server: u32,
    },
    Host {
        to: usize,
        born: u32,
        call: CallId,
        words: Vec<String>,
        stdout: Option<String>,
    },
    LauncherStarts {
        terminal: u32,
        group: u32,
    },
    ClaudeReports {
        terminal: u32,
        group: u32,
    },
}

/// Everything.
pub struct World {
    pub now: u64,
    seq: u64,
    queue: BTreeMap<(u64, u64), Delivery>,
    clones: Vec<Clone_>,
    pub cache: Cache,
    pub disk: Disk,
    pub panes: Vec<Pane>,
    next_terminal: u32,
    next_group: u32,
    calls: Vec<Call>,
    pub journal: Vec<Entry>,
    /// For very long stories.
    pub keep_journal: bool,
    pub hosts: usize,
    opened: usize,
    config: BTreeMap<String, String>,
    first_clients: u16,
    grant: Grant,
    server: u32,
    saved: Vec<Pane>,
    /// Sessions that can come back, by name.
    pub saved_sessions: BTreeSet<String>,
    /// Sessions beside this one.
    pub other_servers: BTreeSet<u32>,
    pub other_sessions: BTreeSet<String>,
    session: String,
    pub zellij_version: &'static str,
    pub claude_version: &'static str,
    pub behaviour: Behaviour,
    pub rings: bool,
    /// Zellij finds no room for panes.
    pub no_room: bool,
    /// Zellij opens panes and says nothing of it: its screen takes longer than the second for which it waits.
    pub silent: bool,
    /// How often Zellij hands a message to each clone: while one is loading, once for each that runs.
    pub copies: usize,
    /// How long a launcher takes until it has written its record, in milliseconds.
    pub launcher_ms: u64,
    /// How long Claude takes until it reports, in milliseconds.
    pub claude_ms: u64,
    /// Extra time of messages to single clients, in milliseconds.
    pub lag: BTreeMap<u16, u64>,
    slow: BTreeMap<String, u64>,
    lost: BTreeMap<String, u32>,
    said: BTreeMap<String, VecDeque<String>>,
    lists: bool,
    panel_suppressed: bool,
    /// Panes whose frames are marked. They stay so whatever becomes of the plugin.
    pub frames: BTreeSet<u32>,
}

impl World {
    /// A Zellij with one client that has given its permissions before.
    pub fn new() -> Self {
        World {
            now: 1_800_000_000_000,
            seq: 0,
            queue: BTreeMap::new(),
            clones: Vec::new(),
            cache: Cache::default(),
            disk: Disk::new(),
            panes: Vec::new(),
            next_terminal: 0,
            next_group: 1_000,
            calls: Vec::new(),
            journal: Vec::new(),
            keep_journal: true,
            hosts: 0,
            opened: 0,
            config: BTreeMap::new(),
            first_clients: 1,
            grant: Grant::Cached,
            server: 1,
            saved: Vec::new(),
            saved_sessions: BTreeSet::new(),
            other_servers: BTreeSet::new(),
            other_sessions: BTreeSet::new(),
            session: "main".into(),
            zellij_version: "0.45.1",
            claude_version: "2.1.330",
            behaviour: Behaviour::Reports,
            rings: true,
            no_room: false,
            silent: false,
            copies: 1,
            launcher_ms: 20,
            claude_ms: 500,
            lag: BTreeMap::new(),
            slow: BTreeMap::new(),
            lost: BTreeMap::new(),
            said: BTreeMap::new(),
            lists: true,
            panel_suppressed: true,
            frames: BTreeSet::new(),
        }
    }

    pub fn clients(mut self, number: u16) -> Self {
        self.first_clients = number;
        self
    }

    pub fn option(mut self, key: &str, value: &str) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }

    pub fn permissions(mut self, grant: Grant) -> Self {
        self.grant = grant;
        self
    }

    /// The machine is another one from the beginning.
    pub fn where_(mut self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self);
        self
    }

    /// Zellij starts, and each client's clone is loaded. No time passes.
    pub fn started(mut self) -> Self {
        self.start();
        self
    }

    /// The same, and a moment later everything is ready.
    pub fn ready(mut self) -> Self {
        self.start();
        self.pass(2_500);
        self
    }

    fn start(&mut self) {
        self.push(self.now + 1_000, Delivery::EverySecond { server: self.server });
        for client in 1..=self.first_clients {
            self.attach(client);
        }
    }

    // ---- clients -------------------------------------------------------------------------------------------------

    /// A client attaches: Zellij makes a clone for it, unless it had that number before.
    pub fn attach(&mut self, client: u16) {
        self.note(format!("client {client} attaches"));
        let config = self.config.clone();
        self.load(client, 1, &config);
    }

    /// An instance that a layout asks for.
    pub fn layout_pane(&mut self, plugin: u32, options: &[(&str, &str)]) {
        let config = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        self.load(1, plugin, &config);
    }

    fn load(&mut self, client: u16, plugin: u32, config: &BTreeMap<String, String>) {
        let options = parse(config, &Environment { home: Some(HOME), xdg_state_home: None });
        let group = match &options {
            Ok(options) if options.role == Role::Claude => format!("{}-pane-{plugin}", self.server),
            _ => format!("{}-session", self.server),
        };
        let me = Instance { plugin, client };
        let zellij = self.zellij_version.into();
        let (session, home) = (self.session.clone(), Some(HOME.to_string()));
        let birth = Birth { me, server: self.server, session, zellij, home, cwd: "/code".into(), options };
        let born = self.clones.iter().map(|clone| clone.born + 1).max().unwrap_or(0);
        let new = Clone_ {
            me,
            group,
            born,
            manager: Manager::new(birth),
            living: true,
            granted: self.grant != Grant::Asked,
            mailbox: (self.grant == Grant::Asked).then(Vec::new),
            frozen_until: 0,
            listed: None,
            wakes: VecDeque::new(),
            timers: 0,
            rung: 0,
        };
        let at = match self.clones.iter().position(|clone| clone.me == me) {
            Some(at) => {
                self.let_go_of_callers(at);
                self.clones[at] = new;
                at
            }
            None => {
                self.clones.push(new);
                self.clones.len() - 1
            }
        };
        self.take_in(at, Event::Loaded);
        if self.grant == Grant::Cached {
            self.tell(at, 2, Event::PermissionGranted);
        }
    }

    /// Loaded anew: it remembers nothing.
    pub fn reload(&mut self, client: u16) {
        self.note(format!("client {client} is reloaded"));
        self.attach(client);
    }

    /// It panics: it never hears anything again, and whom it kept waiting waits on (measured on 0.45.1).
    pub fn crash(&mut self, client: u16) {
        self.note(format!("client {client} crashes"));
        let at = self.at(client);
        self.clones[at].living = false;
    }

    fn let_go_of_callers(&mut self, at: usize) {
        for call in 0..self.calls.len() {
            if self.calls[call].blocked_by == Some(at) {
                self.calls[call].blocked_by = None;
                self.release_if_done(call);
            }
        }
    }

    /// It hears everything late.
    pub fn freeze(&mut self, client: u16, ms: u64) {
        self.note(format!("client {client} is frozen for {ms} ms"));
        let at = self.at(client);
        self.clones[at].frozen_until = self.now + ms;
    }

    /// The user answers Zellij's question in one client.
    pub fn answer_permission(&mut self, client: u16, yes: bool) {
        let at = self.at(client);
        let waiting = self.clones[at].mailbox.take().expect("the question is open");
        self.clones[at].granted = yes;
        // What was held back comes first.
        let born = self.clones[at].born;
        for (event, call) in waiting {
            self.push(self.now, Delivery::Fact { to: at, born, event, call });
        }
        self.tell(at, 1, if yes { Event::PermissionGranted } else { Event::PermissionDenied });
    }

    pub fn clients_there(&self) -> Vec<u16> {
        self.clones.iter().filter(|clone| clone.living && clone.me.plugin == 1).map(|clone| clone.me.client).collect()
    }

    pub fn actor(&self) -> Option<u16> {
        self.cache.lease(&format!("{}-session", self.server)).map(|lease| lease.holder.client)
    }

    fn at(&self, client: u16) -> usize {
        self.at_of(1, client)
    }

    fn at_of(&self, plugin: u32, client: u16) -> usize {
        self.clones.iter().position(|clone| clone.me == Instance { plugin, client }).expect("a clone of that client")
    }

    // ---- what is seen --------------------------------------------------------------------------------------------

    pub fn manager(&self, client: u16) -> &Manager {
        &self.clones[self.at(client)].manager
    }

    pub fn manager_of(&self, plugin: u32) -> &Manager {
        &self.clones[self.at_of(plugin, 1)].manager
    }

    pub fn board(&self, client: u16) -> Board {
        self.manager(client).board()
    }

    pub fn scene(&self, client: u16) -> Scene {
        self.manager(client).scene()
    }

    /// All that a clone remembers, as a number of characters.
    pub fn memory(&self, client: u16) -> usize {
        format!("{:?}", self.manager(client)).len()
    }

    /// Timers of a clone that have not rung yet.
    pub fn timers(&self, client: u16) -> usize {
        self.clones[self.at(client)].timers
    }

    /// How often a clone's timers have rung.
    pub fn rung(&self, client: u16) -> usize {
        self.clones[self.at(client)].rung
    }

    /// Host commands of that name so far.
    pub fn hosts_named(&self, name: &str) -> usize {
        self.count(|did| matches!(did, Did::Host(words) if words.first().is_some_and(|word| word == name)))
    }

    pub fn count(&self, which: impl Fn(&Did) -> bool) -> usize {
        self.journal.iter().filter(|entry| which(&entry.did)).count()
    }

    /// Panes that were ordered so far.
    pub fn opened(&self) -> usize {
        self.opened
    }

    pub fn cleans_of(&self, desk: DeskId) -> usize {
        let desk = desk.to_string();
        self.count(|did| matches!(did, Did::Host(words) if words.first().is_some_and(|w| w == "clean") && words.contains(&desk)))
    }

    /// A remark beside what was done, for whoever has to find out why a story fails.
    pub fn note(&mut self, remark: String) {
        self.journal.push(Entry { at: self.now, client: 0, did: Did::Noted(remark) });
    }

    /// The lines of the journal that concern a desk.
    pub fn story_of(&self, desk: DeskId) -> String {
        let desk = desk.to_string();
        let lines = self.journal.iter().map(|entry| format!("{} {} {:?}", entry.at, entry.client, entry.did));
        let all = std::env::var("ALL").is_ok();
        lines
            .filter(|line| all || line.contains(&desk))
            .map(|line| line.chars().take(200).collect::<String>() + "\n")
            .collect()
    }

    /// The end of the journal.
    pub fn last_lines(&self, number: usize) -> String {
        let from = self.journal.len().saturating_sub(number);
        let line = |entry: &Entry| format!("{} {} {:?}", entry.at, entry.client, entry.did).chars().take(160).collect();
        self.journal[from..].iter().map(line).collect::<Vec<String>>().join("\n")
    }

    pub fn is_marked(&self, desk: DeskId) -> bool {
        self.cache.marks.contains(&desk.to_string())
    }

    pub fn pane_of(&self, desk: DeskId) -> Option<&Pane> {
        self.panes.iter().find(|pane| pane.desk == Some(desk))
    }

    pub fn terminal_of(&self, desk: DeskId) -> u32 {
        self.pane_of(desk).expect("the desk has a pane").terminal
    }

    // ---- pipes, keys ---------------------------------------------------------------------------------------------

    /// `zellij pipe -p carrel -n NAME -a … -- x`.
    pub fn send(&mut self, name: &str, args: &[(&str, &str)]) -> CallNo {
        self.send_with(name, args, "x")
    }

    pub fn send_with(&mut self, name: &str, args: &[(&str, &str)], payload: &str) -> CallNo {
        self.send_to(name != "carrel_bell", name, args, payload)
    }

    /// `zellij pipe -n NAME` without a plugin: every one hears it.
    pub fn broadcast(&mut self, name: &str, payload: &str) -> CallNo {
        self.send_to(false, name, &[], payload)
    }

    fn send_to(&mut self, private: bool, name: &str, args: &[(&str, &str)], payload: &str) -> CallNo {
        let number = self.calls.len();
        let args: BTreeMap<String, String> = args.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        self.calls.push(Call { name: name.into(), sent_ms: self.now, ..Call::default() });
        let sender = Sender::Cli(PipeId(format!("pipe-{number}")));
        for to in 0..self.clones.len() {
            if !self.clones[to].living {
                continue;
            }
            // Only instances of the alias itself.
            if self.clones[to].me.plugin != 1 && private {
                continue;
            }
            let copies = [Some(payload.to_string()), None].map(|part| vec![part; self.copies]);
            for payload in copies.concat() {
                let (sender, args) = (sender.clone(), args.clone());
                let message = Message { sender, private, name: name.into(), payload, args };
                self.calls[number].processing += 1;
                let (born, event) = (self.clones[to].born, Event::MessageCame(message));
                self.push_behind(to, 1, Delivery::Fact { to, born, event, call: Some(number) });
            }
        }
        self.release_if_done(number);
        CallNo(number)
    }

    /// A key binding's `MessagePlugin`.
    pub fn bind(&mut self, name: &str, payload: Option<&str>) {
        for to in 0..self.clones.len() {
            if self.clones[to].living && self.clones[to].me.plugin == 1 {
                let payload = payload.map(str::to_string);
                let (sender, name, args) = (Sender::Key, name.into(), BTreeMap::new());
                let message = Message { sender, private: true, name, payload, args };
                for _ in 0..self.copies {
                    self.tell(to, 1, Event::MessageCame(message.clone()));
                }
            }
        }
    }

    pub fn call(&self, call: CallNo) -> &Call {
        &self.calls[call.0]
    }

    pub fn all_calls(&self) -> &[Call] {
        &self.calls
    }

    /// The one answer of a call whose caller was let go.
    pub fn answer(&self, call: CallNo) -> Value {
        let call = self.call(call);
        assert_eq!(call.lines.len(), 1, "one answer to `{}`: {call:?}", call.name);
        assert!(call.lost.is_empty(), "nothing is printed to nobody: {call:?}");
        assert_eq!(call.unblocks, 1, "the caller is released once: {call:?}");
        assert!(call.released_ms.is_some(), "the caller is released: {call:?}");
        let line = &call.lines[0];
        assert!(!line.contains('\n'), "one line: {line}");
        let answer: Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        assert_eq!(answer["version"], 1, "{line}");
        answer
    }

    pub fn error(&self, call: CallNo) -> String {
        let answer = self.answer(call);
        assert_eq!(answer.as_object().expect("an object").len(), 2, "{answer}");
        answer["error"].as_str().unwrap_or_else(|| panic!("an error: {answer}")).to_string()
    }

    /// Sends, and waits for the answer as a user would; it is no error.
    pub fn ask(&mut self, name: &str, args: &[(&str, &str)]) -> Value {
        let call = self.send(name, args);
        self.wait_for(call);
        let answer = self.answer(call);
        assert!(answer.get("error").is_none(), "{name}: {answer}");
        expect_schema(name, &answer);
        answer
    }

    /// As a patient script would: until it is no error.
    pub fn ask_until_it_works(&mut self, name: &str, within_ms: u64) -> Value {
        let until = self.now + within_ms;
        while self.now < until {
            let call = self.send(name, &[]);
            self.wait_for(call);
            let answer = self.answer(call);
            if answer.get("error").is_none() {
                return answer;
            }
            self.pass(1_000);
        }
        panic!("`{name}` does not work within {within_ms} ms");
    }

    pub fn ask_wrong(&mut self, name: &str, args: &[(&str, &str)]) -> String {
        let call = self.send(name, args);
        self.wait_for(call);
        self.error(call)
    }

    pub fn wait_for(&mut self, call: CallNo) {
        for _ in 0..2_000 {
            if self.call(call).released_ms.is_some() {
                return;
            }
            self.pass(10);
        }
        panic!("the caller still waits after 20 s: {:?}", self.call(call));
    }

    /// A pane by pipe, with a Claude that has reported; its desk.
    pub fn open(&mut self) -> DeskId {
        let answer = self.ask("new", &[("cwd", "/code")]);
        self.pass(12_000);
        desk_in(&answer)
    }

    pub fn press(&mut self, client: u16, keys: &str) {
        for c in keys.chars() {
            self.press_key(client, Key::Char(c));
        }
    }

    pub fn press_key(&mut self, client: u16, key: Key) {
        self.tell(self.at(client), 1, Event::KeyPressed(key));
        self.pass(5);
    }

    /// The user presses a key in whatever pane has the focus: Zellij tells that client's clones, and not which key.
    pub fn type_a_key(&mut self, client: u16) {
        let at = self.at(client);
        if self.clones[at].manager.minds_input() {
            self.tell(at, 1, Event::InputCame);
        }
        self.pass(5);
    }

    /// The user shows or hides the panel, or looks at another tab.
    pub fn show_panel(&mut self, client: u16, shown: bool) {
        self.panel(self.at(client), shown);
        self.tell(self.at(client), 1, Event::PanelShown(shown));
        self.pass(5);
    }

    /// Zellij paints what it shows.
    fn panel(&mut self, at: usize, shown: bool) {
        self.panel_suppressed = !shown;
        if shown && self.clones[at].living {
            self.clones[at].manager.note_shown();
        }
    }

    /// Any event, as it might come.
    pub fn happens(&mut self, client: u16, event: Event) {
        self.tell(self.at(client), 1, event);
        self.pass(5);
    }

    /// The same comes to several clones in one moment: each has read the lease before the first of them acts.
    pub fn at_once(&mut self, clients: &[u16], event: &Event) {
        let moments: Vec<(usize, Moment)> = clients
            .iter()
            .map(|client| {
                let at = self.at(*client);
                let fresh = [self.fresh_uuid(), self.fresh_uuid()];
                (at, Moment { now_ms: self.now, fresh, lease: self.cache.lease(&self.clones[at].group) })
            })
            .collect();
        let orders: Vec<(usize, Vec<Effect>)> = moments
            .into_iter()
            .map(|(at, moment)| (at, self.clones[at].manager.update(event.clone(), &moment).0))
            .collect();
        for (at, effects) in orders {
            for effect in effects {
                if let Some(event) = self.perform(at, effect) {
                    self.take_in(at, event);
                }
            }
        }
    }

    // ---- what the user and Claude do -----------------------------------------------------------------------------

    /// The pane is closed, and Zellij says so to everybody; unless it was opened in place.
    pub fn close(&mut self, terminal: u32) {
        let Some(at) = self.panes.iter().position(|pane| pane.terminal == terminal) else { return };
        let pane = self.panes.remove(at);
        if let Some((_, dies)) = pane.group.and_then(|group| self.disk.processes.get_mut(&group)) {
            dies.get_or_insert(self.now + LINGER_MS);
        }
        self.unregister(&pane);
        if !pane.in_place {
            self.say_closed(terminal);
        }
    }

    /// Zellij says that a pane was closed.
    pub fn say_closed(&mut self, terminal: u32) {
        for to in 0..self.clones.len() {
            if self.clones[to].living && self.clones[to].granted {
                self.tell(to, 1, Event::PaneClosed(TerminalId(terminal)));
            }
        }
    }

    /// A pane is closed whose program ends by that: Zellij says that the pane was closed, then that its command has exited. The
    /// second it says to the one instance that opened the pane, and to none of a pane that a layout or a resurrection opened:
    /// Carrel does not listen to it. It hears of the exit by lists, and each of these was begun before the closing: `lists` of
    /// them, one every `pause` milliseconds, in which the pane has exited.
    pub fn close_and_exit(&mut self, terminal: u32, held: bool, lists: u32, pause: u64) {
        let mut panes = self.panes.clone();
        for pane in panes.iter_mut().filter(|pane| pane.terminal == terminal) {
            (pane.exited, pane.held, pane.exit_code) = (true, held, held.then_some(0));
        }
        self.close(terminal);
        for _ in 0..lists {
            self.pass(pause);
            self.tell_list(&panes);
        }
    }

    /// A tab closes with a suppressed pane in it: nothing is said of that pane.
    pub fn vanish(&mut self, terminal: u32) {
        if let Some(pane) = self.panes.iter_mut().find(|pane| pane.terminal == terminal) {
            pane.in_place = true;
        }
        self.close(terminal);
    }

    /// Claude in the pane ends. A shell, or what else runs there, takes its pane with it.
    pub fn exit(&mut self, terminal: u32, code: i32) {
        let now = self.now;
        if self.panes.iter().any(|pane| pane.terminal == terminal && pane.desk.is_none()) {
            return self.close(terminal);
        }
        let Some(pane) = self.panes.iter_mut().find(|pane| pane.terminal == terminal) else { return };
        (pane.exited, pane.held, pane.exit_code) = (true, true, Some(code));
        let pane = pane.clone();
        if let Some((_, dies)) = pane.group.and_then(|group| self.disk.processes.get_mut(&group)) {
            *dies = Some(now);
        }
        if let Some(desk) = pane.desk.and_then(|desk| self.disk.desks.get_mut(&desk)) {
            desk.exit = Some(code);
        }
        self.unregister(&pane);
        self.ring(pane.desk, "SessionEnd");
    }

    /// Enter on a held pane.
    pub fn rerun(&mut self, terminal: u32) {
        let group = self.fresh_group();
        let Some(pane) = self.panes.iter_mut().find(|pane| pane.terminal == terminal) else { return };
        (pane.exited, pane.held, pane.exit_code, pane.group) = (false, false, None, Some(group));
        self.push(self.now + self.launcher_ms, Delivery::LauncherStarts { terminal, group });
    }

    /// Esc on a held pane: a shell runs in it now, and Zellij lists it under the command line that it was opened with.
    pub fn drop_to_shell(&mut self, terminal: u32) {
        let Some(pane) = self.panes.iter_mut().find(|pane| pane.terminal == terminal && pane.held) else { return };
        (pane.exited, pane.held, pane.exit_code, pane.group, pane.desk) = (false, false, None, None, None);
        pane.talked = false;
    }

    /// Claude's state changes, and its hook rings.
    pub fn claude_becomes(&mut self, desk: DeskId, status: &str, waiting_for: Option<&str>) {
        self.claude_writes(desk, status, waiting_for);
        self.ring(Some(desk), "Notification");
    }

    /// The same where its bell is lost.
    pub fn claude_silently_becomes(&mut self, desk: DeskId, status: &str) {
        self.claude_writes(desk, status, None);
    }

    fn claude_writes(&mut self, desk: DeskId, status: &str, waiting_for: Option<&str>) {
        if let Some(dir) = self.disk.desks.get_mut(&desk) {
            for report in &mut dir.registry {
                report.status = status.into();
                report.waiting_for = waiting_for.map(str::to_string);
            }
        }
    }

    /// The user, or Claude by itself, changes something in the desk's `.claude.json`.
    pub fn changes(&mut self, desk: DeskId, change: impl FnOnce(&mut Value)) {
        let dir = self.disk.desks.get_mut(&desk).expect("a desk");
        let mut json = serde_json::from_str(dir.json.as_ref().expect("a seeded desk")).expect("JSON");
        change(&mut json);
        dir.json = Some(json.to_string());
        self.ring(Some(desk), "Stop");
    }

    /// Another program is at work in the shared dir or at a desk.
    pub fn stranger_at(&mut self, desk: DeskId) {
        let report = Report { status: "busy".into(), ..Report::of(9_998, &uuid_text(9_999)) };
        self.disk.desks.get_mut(&desk).expect("a desk").registry.push(report);
    }

    pub fn ring(&mut self, desk: Option<DeskId>, event: &str) {
        if let Some(dir) = desk.and_then(|desk| self.disk.desks.get_mut(&desk)) {
            dir.rang = true;
            if event == "Stop" {
                dir.talks.extend(dir.registry.first().map(|report| report.session.clone()));
            }
        }
        let Some(desk) = desk.filter(|_| self.rings) else { return };
        self.send("carrel_bell", &[("pane", &desk.to_string()), ("event", event)]);
    }

    /// The user goes to another pane.
    pub fn go_to(&mut self, terminal: u32) {
        self.focus(terminal);
        self.tell_list(&self.panes.clone());
        self.pass(5);
    }

    /// The user opens a pane that is none of Carrel's.
    pub fn plain_pane(&mut self, command: &str) -> u32 {
        let terminal = self.fresh_terminal();
        self.focus(terminal);
        self.panes.push(Pane {
            terminal,
            desk: None,
            argv: vec![command.into()],
            title: command.into(),
            exited: false,
            exit_code: None,
            held: false,
            in_place: false,
            focused: true,
            cwd: "/code".into(),
            talked: false,
            group: None,
        });
        terminal
    }

    /// Somebody types `claude` into a shell, and it registers itself in the shared dir; its session.
    pub fn claude_in(&mut self, terminal: u32, said_something: bool) -> String {
        let group = self.fresh_group();
        let session = uuid_text(u128::from(group));
        let report = Report { terminal: Some(terminal), ..Report::of(group, &session) };
        self.disk.shared_registry.push(report);
        if said_something {
            self.disk.conversations.insert(session.clone(), ("/code".into(), Place::Shared));
        }
        session
    }

    /// The program `end` of the host: one that lives and is that process.
    fn end_outside(&mut self, words: &[String]) -> String {
        let [pid, start, shared] = words else { panic!("end takes three words: {words:?}") };
        assert_eq!(shared, SHARED);
        let is = |report: &Report| report.pid.to_string() == *pid && format!("s{pid}") == *start;
        let Some(at) = self.disk.shared_registry.iter().position(is) else { return say(&["gone"]) };
        say(&["ended", &self.disk.shared_registry.remove(at).json()])
    }

    /// Zellij flashes a pane's frame, for a bell, and clears it.
    pub fn flash(&mut self, terminal: u32) {
        self.frames.remove(&terminal);
    }

    /// A pane runs another program now, as Zellij tells every clone.
    pub fn runs(&mut self, terminal: u32, command: &str) {
        let argv: Vec<String> = command.split(' ').map(str::to_string).collect();
        for to in 0..self.clones.len() {
            if self.clones[to].living && self.clones[to].granted {
                self.tell(to, 1, Event::CommandChanged { terminal: TerminalId(terminal), argv: argv.clone() });
            }
        }
        self.pass(5);
    }

    /// A desk of an earlier time, without pane or process.
    pub fn old_desk(&mut self, number: u128) -> DeskId {
        let desk = DeskId(Uuid::from_u128(number));
        self.disk.desks.insert(desk, DeskDir::at("/code", self.now / 1_000));
        self.disk.conversations.insert(uuid_text(number), ("/code".into(), Place::Desk(desk)));
        desk
    }

    // ---- the server ----------------------------------------------------------------------------------------------

    /// The last pane closes: it is told, and Zellij is gone before any host command is through.
    pub fn quit_by_closing(&mut self, terminal: u32) {
        self.save_now();
        self.close(terminal);
        self.pass(3);
        self.die();
    }

    /// `kill -9`, or the end of the session: nothing is told.
    pub fn die(&mut self) {
        for pane in std::mem::take(&mut self.panes) {
            if let Some((_, dies)) = pane.group.and_then(|group| self.disk.processes.get_mut(&group)) {
                dies.get_or_insert(self.now + LINGER_MS);
            }
            self.unregister(&pane);
        }
        self.queue.clear();
        self.clones.clear();
        self.saved_sessions = self.saved.iter().take(1).map(|_| self.session.clone()).collect();
        self.server += 1;
        self.next_terminal = 0;
    }

    /// The saved session is deleted: nobody comes back to it.
    pub fn forget_saved(&mut self) {
        self.saved.clear();
        self.saved_sessions.clear();
    }

    /// Another session begins, on the same machine.
    pub fn begin_again(&mut self) {
        self.session = format!("session-{}", self.server);
        self.start();
    }

    /// The session comes back as it was saved, under its name: its panes wait for Enter.
    pub fn resurrect(&mut self) {
        self.bring_back_panes();
        self.start();
    }

    pub fn bring_back_panes(&mut self) {
        self.saved_sessions.clear();
        for mut pane in self.saved.clone() {
            pane.terminal = self.fresh_terminal();
            (pane.exited, pane.held, pane.exit_code, pane.group, pane.talked) = (false, true, None, None, false);
            pane.title = pane.argv.join(" ");
            self.panes.push(pane);
        }
    }

    pub fn save_now(&mut self) {
        self.saved = self.panes.clone();
    }

    // ---- faults --------------------------------------------------------------------------------------------------

    /// The host command of that name takes so long, from now on.
    pub fn slow(&mut self, name: &str, ms: u64) {
        self.slow.insert(name.into(), ms);
    }

    /// The answers of the next so many host commands of that name never come.
    pub fn lose(&mut self, name: &str, number: u32) {
        self.lost.insert(name.into(), number);
    }

    /// The next host command of that name answers this.
    pub fn says(&mut self, name: &str, stdout: &str) {
        self.said.entry(name.into()).or_default().push_back(stdout.into());
    }

    /// No fault is left.
    pub fn mend(&mut self) {
        self.disk.full = None;
        self.disk.unknown_entries.clear();
        self.lag.clear();
        self.slow.clear();
        self.lost.clear();
        self.said.clear();
        self.lists = true;
    }

    /// Zellij stops telling what panes there are.
    pub fn lists(&mut self, on: bool) {
        self.lists = on;
    }

    /// A list of another moment.
    pub fn stale_list(&mut self, panes: &[Pane]) {
        self.tell_list(panes);
        self.pass(5);
    }

    // ---- time ----------------------------------------------------------------------------------------------------

    /// Time passes, and everything that is due in it happens.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        while let Some((&(at, seq), _)) = self.queue.first_key_value() {
            if at > until {
                break;
            }
            let delivery = self.queue.remove(&(at, seq)).expect("it is there");
            self.now = self.now.max(at);
            self.deliver(delivery);
        }
        self.now = self.now.max(until);
    }

    /// The system's clock is set back; what is under way comes as soon as it would have come.
    pub fn set_clock_back(&mut self, ms: u64) {
        self.set_clock(|at| at - ms);
    }

    /// The same forward.
    pub fn set_clock_forward(&mut self, ms: u64) {
        self.set_clock(|at| at + ms);
    }

    fn set_clock(&mut self, change: impl Fn(u64) -> u64) {
        self.now = change(self.now);
        self.queue = std::mem::take(&mut self.queue).into_iter().map(|((at, seq), d)| ((change(at), seq), d)).collect();
        for (_, dies) in self.disk.processes.values_mut() {
            *dies = dies.map(&change);
        }
        for clone in &mut self.clones {
            clone.frozen_until = if clone.frozen_until == 0 { 0 } else { change(clone.frozen_until) };
            clone.wakes = clone.wakes.iter().map(|at| change(*at)).collect();
        }
    }

    /// The user gives the session another name.
    pub fn rename_session(&mut self, name: &str) {
        self.session = name.into();
    }

    /// The user closes the panel's pane with Zellij's own key: the plugin is unloaded, all of its clones, and nothing loads
    /// it again before a key or a pipe does.
    pub fn close_panel(&mut self) {
        self.note("the panel's pane is closed".into());
        for client in self.clients_there() {
            self.crash(client);
        }
    }

    fn push(&mut self, at: u64, delivery: Delivery) {
        self.seq += 1;
        self.queue.insert((at, self.seq), delivery);
    }

    fn push_behind(&mut self, to: usize, ms: u64, delivery: Delivery) {
        let lag = self.lag.get(&self.clones[to].me.client).copied().unwrap_or(0);
        self.push(self.now + ms + lag, delivery);
    }

    fn tell(&mut self, to: usize, ms: u64, event: Event) {
        let born = self.clones[to].born;
        self.push_behind(to, ms, Delivery::Fact { to, born, event, call: None });
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Fact { to, born, event, call } => self.deliver_fact(to, born, event, call),
            Delivery::EverySecond { server } => {
                if server == self.server {
                    self.push(self.now + 1_000, Delivery::EverySecond { server });
                    if self.lists {
                        self.tell_list(&self.panes.clone());
                    }
                }
            }
            Delivery::Host { to, born, call, words, stdout } => self.host_ends(to, born, call, &words, stdout),
            Delivery::LauncherStarts { terminal, group } => self.launcher_starts(terminal, group),
            Delivery::ClaudeReports { terminal, group } => self.claude_reports(terminal, group),
        }
    }

    fn deliver_fact(&mut self, to: usize, born: u32, event: Event, call: Option<usize>) {
        let clone = &mut self.clones[to];
        if !clone.living || clone.born != born {
            return self.processed(call);
        }
        if clone.frozen_until > self.now {
            let at = clone.frozen_until;
            self.push(at, Delivery::Fact { to, born, event, call });
            return;
        }
        match (&mut clone.mailbox, &event) {
            (Some(mailbox), Event::MessageCame(_)) => return mailbox.push((event, call)),
            (Some(_), Event::PanesListed { .. } | Event::PaneClosed(_)) => return,
            _ => {}
        }
        if event == Event::TimeCame {
            clone.timers = clone.timers.saturating_sub(1);
            clone.rung += 1;
            clone.wakes.push_back(self.now);
            while clone.wakes.front().is_some_and(|at| at + 1_000 < self.now) {
                clone.wakes.pop_front();
            }
            assert!(clone.wakes.len() < WAKES, "the clone of client {} spins", clone.me.client);
        }
        self.take_in(to, event);
        self.processed(call);
    }

    /// A clone is through with a message of a pipe.
    fn processed(&mut self, call: Option<usize>) {
        if let Some(call) = call {
            self.calls[call].processing -= 1;
            self.release_if_done(call);
        }
    }

    fn take_in(&mut self, to: usize, event: Event) {
        let message = matches!(event, Event::MessageCame(_));
        let mut facts = VecDeque::from([(0, event)]);
        facts.extend(message.then_some((0, Event::MessageTaken)));
        while let Some((steps, fact)) = facts.pop_front() {
            assert!(steps <= STEPS, "facts and orders run in a circle: {fact:?}");
            let fresh = [self.fresh_uuid(), self.fresh_uuid()];
            let moment = Moment { now_ms: self.now, fresh, lease: self.cache.lease(&self.clones[to].group) };
            let effects = self.clones[to].manager.update(fact, &moment);
            for effect in effects.0 {
                facts.extend(self.perform(to, effect).map(|answer| (steps + 1, answer)));
            }
        }
    }

    fn tell_list(&mut self, panes: &[Pane]) {
        let panes: Vec<PaneFacts> = panes.iter().map(Pane::facts).collect();
        for to in 0..self.clones.len() {
            if self.clones[to].living && self.clones[to].granted {
                let session = self.session.clone();
                let placed = Event::PanelPlaced { suppressed: self.panel_suppressed, tab: 0 };
                let list = [Event::PanesListed { session, panes: panes.clone() }, placed];
                // The adapter sees it before it reads the list.
                if self.clones[to].listed.as_ref() == Some(&list) {
                    self.tell(to, 1, Event::PanesStayed);
                } else {
                    self.clones[to].listed = Some(list.clone());
                    list.into_iter().for_each(|event| self.tell(to, 1, event));
                }
            }
        }
    }

    // ---- orders --------------------------------------------------------------------------------------------------

    fn perform(&mut self, to: usize, effect: Effect) -> Option<Event> {
        // What goes without a permission.
        let free = matches!(
            effect,
            Effect::WakeIn(_)
                | Effect::ReadSlice { .. }
                | Effect::WriteFile { .. }
                | Effect::AppendFile { .. }
                | Effect::RemoveCopy(_)
                | Effect::ShowPanel
                | Effect::HidePanel
                | Effect::HoldPipe(_)
                | Effect::AnswerPipe(..)
                | Effect::ClaimLease { .. }
                | Effect::RenewLease { .. }
                | Effect::GiveUpLease(_)
                | Effect::PublishSnapshot(_)
                | Effect::ReadSnapshot
                | Effect::MarkClosed(_)
                | Effect::UnmarkClosed(_)
                | Effect::ReadSessions
                | Effect::ReadMarks
                | Effect::Log(_)
        );
        assert!(free || self.clones[to].granted, "ordered before the grant: {effect:?}");
        let (me, born) = (self.clones[to].me, self.clones[to].born);
        let group = self.clones[to].group.clone();
        match effect {
            Effect::WakeIn(ms) => {
                self.clones[to].timers += 1;
                self.push(self.now + ms.max(1), Delivery::Fact { to, born, event: Event::TimeCame, call: None });
            }
            Effect::RunHost { call, argv, env } => self.run_host(to, call, &argv, &env),
            Effect::ReadSlice { call, file, offset, length } => {
                assert!(length <= 256 * 1024, "a slice is small: {length}");
                // What filtering it costs in Zellij's interpreter.
                self.now += 4;
                return Some(Event::SliceRead { call, bytes: self.cache.read(&file, offset, length) });
            }
            Effect::WriteFile { call, file, content } => {
                return Some(Event::FileWritten { call, result: self.cache.write(&file, &content) });
            }
            Effect::AppendFile { call, file, content } => {
                return Some(Event::FileWritten { call, result: self.cache.append(&file, &content) });
            }
            Effect::RemoveCopy(dir) => {
                assert!(dir.starts_with("carrel-changes."), "only what the host has made is removed: {dir}");
                self.cache.files.retain(|name, _| !name.starts_with(&format!("{dir}/")));
            }
            Effect::OpenPane { call, argv, cwd, placement } => {
                let mut terminal = self.open_pane(to, argv, cwd, placement);
                if self.silent {
                    self.now += 1_000;
                    terminal = None;
                }
                return Some(Event::PaneOpened { call, terminal: terminal.map(TerminalId) });
            }
            Effect::ClearPaneName(terminal) => {
                self.did(to, Did::NameCleared(terminal.0));
                if let Some(pane) = self.panes.iter_mut().find(|pane| pane.terminal == terminal.0) {
                    pane.title = "claude".into();
                }
            }
            Effect::ClosePane(terminal) => {
                self.did(to, Did::Closed(terminal.0));
                self.close(terminal.0);
            }
            Effect::FocusPane(terminal) => {
                self.did(to, Did::Focused(terminal.0));
                self.focus(terminal.0);
            }
            Effect::MarkPanes { on, off } => {
                let [on, off] = [on, off].map(|panes| panes.iter().map(|pane| pane.0).collect::<Vec<u32>>());
                self.frames.retain(|pane| !off.contains(pane));
                self.frames.extend(&on);
                self.did(to, Did::Framed { on, off });
            }
            Effect::SaveSession => {
                self.did(to, Did::SessionSaved);
                self.save_now();
            }
            Effect::ShowPanel => {
                self.did(to, Did::PanelShown);
                self.panel(to, true);
            }
            Effect::HidePanel => {
                self.did(to, Did::PanelHidden);
                self.panel(to, false);
            }
            Effect::HoldPipe(pipe) if self.clones[to].granted => {
                let call = number_of(&pipe);
                if self.calls[call].released_ms.is_none() {
                    self.calls[call].blocked_by = Some(to);
                }
            }
            Effect::AnswerPipe(pipe, text) if self.clones[to].granted => {
                let call = number_of(&pipe);
                let released = self.calls[call].released_ms.is_some();
                let lines = if released { &mut self.calls[call].lost } else { &mut self.calls[call].lines };
                lines.push(text);
                self.calls[call].unblocks += 1;
                self.calls[call].blocked_by = None;
                self.release_if_done(call);
            }
            // Denied without the permission: nothing is printed.
            Effect::HoldPipe(_) | Effect::AnswerPipe(..) => {}
            Effect::ClaimLease { term, granted } => {
                self.did(to, Did::Claimed(term));
                self.cache.claim(&group, term, me, self.now, granted);
                return Some(Event::LeaseClaimed);
            }
            Effect::RenewLease { term, granted } => self.cache.renew(&group, term, me, self.now, granted),
            Effect::GiveUpLease(term) => self.cache.give_up(&group, term),
            Effect::PublishSnapshot(text) => {
                self.did(to, Did::Published);
                self.cache.publish(self.server, text);
            }
            Effect::ReadSnapshot => return Some(Event::SnapshotRead(self.cache.snapshot(self.server))),
            Effect::ReadSessions => {
                let living = self.other_sessions.iter().cloned().chain([self.session.clone()]).collect();
                return Some(Event::SessionsListed { living, saved: self.saved_sessions.clone() });
            }
            Effect::ReadCwd(terminal) => {
                // A panel that is shown has the focus itself, and no cwd.
                let focus = |pane: &Pane| pane.focused && self.panel_suppressed;
                let this = |pane: &&Pane| terminal.map_or(focus(pane), |terminal| pane.terminal == terminal.0);
                let focused = self.panes.iter().find(this);
                return Some(Event::CwdRead(focused.map(|pane| pane.cwd.clone())));
            }
            Effect::MarkClosed(desk) => {
                self.did(to, Did::Marked(desk));
                self.cache.marks.insert(desk.to_string());
            }
            Effect::UnmarkClosed(desk) => {
                self.did(to, Did::Unmarked(desk));
                self.cache.marks.remove(&desk.to_string());
            }
            Effect::ReadMarks => return Some(Event::MarksRead(self.cache.marks.iter().cloned().collect())),
            Effect::Log(line) => self.did(to, Did::Logged(line)),
        }
        None
    }

    fn did(&mut self, to: usize, did: Did) {
        if self.keep_journal {
            self.journal.push(Entry { at: self.now, client: self.clones[to].me.client, did });
        }
    }

    fn release_if_done(&mut self, call: usize) {
        let call = &mut self.calls[call];
        if call.processing == 0 && call.blocked_by.is_none() {
            call.released_ms.get_or_insert(self.now);
        }
    }

    // ---- panes ---------------------------------------------------------------------------------------------------

    fn open_pane(&mut self, to: usize, argv: Vec<String>, cwd: Option<String>, placement: Placement) -> Option<u32> {
        self.opened += 1;
        self.did(to, Did::Opened { argv: argv.clone(), cwd: cwd.clone(), placement });
        if self.no_room {
            return None;
        }
        assert_eq!(argv[0], "/bin/sh");
        assert_eq!(argv[1], format!("{STATE}/carrel.sh"));
        assert_eq!(argv[2..4], ["run", "--pane"]);
        let desk: DeskId = argv[4].parse().expect("a uuid");
        assert!(self.pane_of(desk).is_none(), "two panes at one desk: {desk}");
        let (terminal, group) = (self.fresh_terminal(), self.fresh_group());
        self.focus(terminal);
        self.panes.push(Pane {
            terminal,
            desk: Some(desk),
            title: argv.join(" "),
            argv,
            exited: false,
            exit_code: None,
            held: false,
            in_place: matches!(placement, Placement::InPlace | Placement::InPlaceOf(_)),
            focused: true,
            cwd: cwd.filter(|cwd| self.disk.dirs.contains(cwd)).unwrap_or_else(|| "/code".into()),
            talked: false,
            group: Some(group),
        });
        self.push(self.now + self.launcher_ms, Delivery::LauncherStarts { terminal, group });
        Some(terminal)
    }

    fn focus(&mut self, terminal: u32) {
        self.panes.iter_mut().for_each(|pane| pane.focused = pane.terminal == terminal);
    }

    fn launcher_starts(&mut self, terminal: u32, group: u32) {
        let Some(pane) = self.panes.iter().find(|p| p.terminal == terminal && p.group == Some(group)).cloned() else {
            return;
        };
        let Some(desk) = pane.desk.filter(|_| !pane.held) else { return };
        let word = |key: &str| {
            let at = pane.argv.iter().position(|word| word == key)?;
            pane.argv.get(at + 1).cloned()
        };
        let (mut method, mut instead_of) = (word("--method").expect("a method"), word("--instead-of"));
        if method == "config_dir" {
            let fallback = word("--fallback").unwrap_or_else(|| "home".into());
            let had = self.disk.desks.get(&desk).filter(|dir| dir.instead_of == "config_dir");
            let settled = match (had.map(|dir| dir.method.as_str()), self.disk.probe[0], fallback.as_str()) {
                (Some("home"), ..) => Some("home"),
                (_, "no", "refuse") => return self.exit(terminal, 1),
                (_, "no", fallback) => Some(fallback),
                (Some("none"), "unknown", _) => Some("none"),
                _ => None,
            };
            if let Some(settled) = settled.map(str::to_string) {
                (method, instead_of) = (settled, Some(method));
            }
        }
        let dir = self.disk.desks.entry(desk).or_insert_with(|| DeskDir::at(&pane.cwd, self.now / 1_000));
        dir.notice = instead_of
            .as_ref()
            .map_or(String::new(), |asked| format!("Opened with the method {method} instead of {asked}"));
        (dir.method, dir.instead_of) = (method, instead_of.unwrap_or_default());
        (dir.group, dir.exit, dir.server, dir.session) = (group, None, self.server, self.session.clone());
        (dir.rang, dir.asked) = (false, String::new());
        dir.cleanup = !pane.argv.join(" ").contains("--cleanup no");
        if let (None, Some((_, seed, _))) = (&dir.json, &self.disk.seed) {
            (dir.given, dir.json) = (Some(seed.clone()), Some(seed.clone()));
        }
        self.disk.processes.insert(group, (desk, None));
        let session = pane.session();
        // A conversation that went to the shared dir is taken back.
        if let Some((_, place)) = self.disk.conversations.get_mut(&session) {
            *place = Place::Desk(desk);
        }
        if self.behaviour != Behaviour::Silent {
            self.push(self.now + self.claude_ms, Delivery::ClaudeReports { terminal, group });
        }
    }

    fn claude_reports(&mut self, terminal: u32, group: u32) {
        let Some(pane) = self.panes.iter().find(|p| p.terminal == terminal && p.group == Some(group)).cloned() else {
            return;
        };
        let Some(desk) = pane.desk.filter(|_| !pane.held) else { return };
        let session = pane.session();
        let report = Report { pane: Some(desk), ..Report::of(group, &session) };
        if self.behaviour == Behaviour::Leaks || self.disk.desks.get(&desk).is_some_and(|dir| dir.method == "none") {
            self.disk.shared_registry.push(report);
        } else {
            self.disk.desks.get_mut(&desk).expect("its desk").registry.push(report);
        }
        self.disk.conversations.entry(session).or_insert((pane.cwd.clone(), Place::Desk(desk)));
        self.panes.iter_mut().filter(|p| p.terminal == terminal).for_each(|p| p.talked = true);
        self.ring(Some(desk), "SessionStart");
    }

    /// Claude takes its registry file away before it dies.
    fn unregister(&mut self, pane: &Pane) {
        let Some(group) = pane.group else { return };
        self.disk.shared_registry.retain(|report| report.group != group);
        if let Some(dir) = pane.desk.and_then(|desk| self.disk.desks.get_mut(&desk)) {
            dir.registry.retain(|report| report.group != group);
        }
    }

    // ---- the host ------------------------------------------------------------------------------------------------

    fn run_host(&mut self, to: usize, call: CallId, argv: &[String], env: &[(String, String)]) {
        self.hosts += 1;
        let words: Vec<String> = if argv[1] == "-c" {
            assert_eq!(argv[3], "carrel");
            assert!(env.iter().any(|(key, value)| key == "CARREL_STATE" && value == STATE));
            argv[4..].to_vec()
        } else {
            assert_eq!(argv[1], format!("{STATE}/carrel.sh"));
            argv[2..].to_vec()
        };
        self.did(to, Did::Host(words.clone()));
        let name = words[0].clone();
        let took = self.slow.get(&name).copied().unwrap_or(if name == "boot" { 20 } else { 8 });
        // It sees the machine as it is when it begins; a clean waits for the processes of its desk.
        let said = self.said.get_mut(&name).and_then(VecDeque::pop_front);
        let early = matches!(name.as_str(), "scan" | "owners" | "is-dir" | "find" | "boot");
        let stdout = said.or_else(|| early.then(|| self.host_does(&words)));
        let mut at = self.now + took;
        if name == "clean" && stdout.is_none() {
            let desk = words[2].parse().expect("a uuid");
            if self.disk.lives(desk, at) {
                let dies = self.disk.dies_at(desk, self.now).map_or(u64::MAX, |dies| dies + 20);
                at = at.max(dies.min(self.now + 10_000));
            }
        }
        let born = self.clones[to].born;
        self.push(at, Delivery::Host { to, born, call, words, stdout });
    }

    fn host_ends(&mut self, to: usize, born: u32, call: CallId, words: &[String], stdout: Option<String>) {
        let stdout = stdout.unwrap_or_else(|| self.host_does(words));
        if let Some(left) = self.lost.get_mut(&words[0]).filter(|left| **left > 0) {
            *left -= 1;
            return;
        }
        let event = Event::HostAnswered { call, stdout, stderr: String::new() };
        self.push(self.now, Delivery::Fact { to, born, event, call: None });
    }

    fn host_does(&mut self, words: &[String]) -> String {
        match words[0].as_str() {
            "boot" => self.disk.boot(),
            "box" => say(&match &self.disk.no_box {
                Some(why) => vec!["box", "no", why],
                None => vec!["box", "yes"],
            }),
            "probe" | "probe-again" => {
                let [honours, login, home, version] = self.disk.probe;
                let own = format!("{} (Claude Code)", self.claude_version);
                say(&["probe", honours, login, home, if version.starts_with("2.1.330") { &own } else { version }])
            }
            "is-dir" => say(&["dir", if self.disk.dirs.contains(&words[1]) { "yes" } else { "no" }]),
            "find" => self.disk.find(&words[1]),
            "seed-out" => self.disk.seed_out(&mut self.cache),
            "seed-in" => self.disk.seed_in(&words[1..], &mut self.cache),
            "changes-out" => self.disk.changes_out(&words[1..], &mut self.cache),
            "changes-in" => self.disk.changes_in(&words[1..], &mut self.cache),
            "sessions" => self.disk.sessions(&words[1]),
            "scan" => self.disk.scan(words, self.now),
            "notify" => say(&["notify", "done"]),
            "end" => self.end_outside(&words[1..]),
            "ring" => {
                self.ring(words[2].parse().ok(), &words[1]);
                String::new()
            }
            "owners" => {
                let saved: Vec<DeskId> = self.saved.iter().filter_map(|pane| pane.desk).collect();
                self.disk.owners(&self.servers(), &saved, self.now)
            }
            "clean" => {
                let desk: DeskId = words[2].parse().expect("a uuid");
                if let Some(why) = self.is_anothers(desk, words) {
                    return say(&["clean", &words[2], "owned", &why]);
                }
                match self.disk.clean(desk, words.iter().any(|word| word == "--keep-only"), self.now) {
                    Cleaned::NotYet(answer) => answer,
                    Cleaned::Gone => say(&["clean", &words[2], "gone"]),
                    Cleaned::Deleted => {
                        assert!(
                            self.pane_of(desk).is_none(),
                            "the desk of a pane that is there was deleted: {desk}\n{}",
                            self.story_of(desk)
                        );
                        say(&["clean", &words[2], "cleaned"])
                    }
                }
            }
            other => panic!("the host program knows no `{other}`"),
        }
    }

    /// Whether the desk has another owner than whoever asks takes it for.
    fn is_anothers(&self, desk: DeskId, words: &[String]) -> Option<String> {
        let at = words.iter().position(|word| word == "--server").expect("the plugin says for whom it asks");
        let dir = self.disk.desks.get(&desk).filter(|_| !self.disk.lives(desk, self.now))?;
        if words[at + 1] != dir.server.to_string() && self.servers().contains(&dir.server) {
            return Some("its Zellij session lives".into());
        }
        let saved = self.saved.iter().any(|pane| pane.desk == Some(desk));
        let here = self.servers().contains(&dir.server);
        (saved && !here && words.contains(&"--if-nobody".to_string())).then(|| "the saved session main names it".into())
    }

    fn servers(&self) -> Vec<u32> {
        self.other_servers.iter().copied().chain([self.server]).collect()
    }

    // ---- numbers -------------------------------------------------------------------------------------------------

    fn fresh_uuid(&mut self) -> Uuid {
        self.seq += 1;
        Uuid::from_u128(0xca77_e100_0000_4000_8000_0000_0000_0000 + u128::from(self.seq))
    }

    fn fresh_terminal(&mut self) -> u32 {
        self.next_terminal += 1;
        self.next_terminal
    }

    fn fresh_group(&mut self) -> u32 {
        self.next_group += 2;
        self.next_group
    }
}

impl Pane {
    fn facts(&self) -> PaneFacts {
        PaneFacts {
            terminal: self.terminal,
            tab: 0,
            title: self.title.clone(),
            command: Some(self.argv.join(" ")),
            exited: self.exited,
            exit_code: self.exit_code,
            held: self.held,
            focused: self.focused,
            watched: self.focused,
        }
    }

    /// The conversation that its command line names.
    pub fn session(&self) -> String {
        let at = self.argv.iter().position(|word| word == "--session").expect("a session");
        self.argv[at + 1].clone()
    }
}

fn number_of(pipe: &PipeId) -> usize {
    pipe.0.strip_prefix("pipe-").and_then(|number| number.parse().ok()).expect("a pipe of this world")
}

pub fn uuid_text(number: u128) -> String {
    Uuid::from_u128(number).as_hyphenated().to_string()
}

/// The pane's uuid in the answer of `new`.
pub fn desk_in(answer: &Value) -> DeskId {
    answer["pane"].as_str().unwrap_or_else(|| panic!("a pane: {answer}")).parse().expect("a uuid")
}
