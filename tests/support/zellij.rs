//! A real Zellij on a [`Machine`]: its configuration, its server, and clients in terminals of their own.
//!
//! It presses keys, reads screens and calls the command line like a person would. It knows where Carrel's wasm lies and how
//! it is configured, and nothing of what it should do.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{native_pty_system, Child, CommandBuilder, MasterPty, PtySize};
use serde_json::Value;

use super::machine::{tool, Machine, Process};
use super::waiting::{finish_reading, stays, until, until_every, Finished, PATIENCE, SLOW_POLL};

/// Rows and columns of a client's terminal.
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// After how long without any effect a key counts as lost.
const LOST: Duration = Duration::from_secs(20);

/// What `zellij attach` says of a session that it does not see.
const OVERLOOKED: &str = "No session with the name";
/// What a client says that Zellij has cut off. Zellij 0.45.1 frees the number of a command line client and removes it once more
/// when its connection ends; whoever attaches in between has got that number, and is removed in its place (`ConnStatus` in
/// `zellij-server/src/lib.rs`, the end of `route_thread_main` in `route.rs`). A person attaches again.
const CUT_OFF: &str = "lost connection to the zellij server";

/// What Carrel says of an order that nothing has come of because the host was slow.
const TOO_SLOW: [&str; 3] =
    ["nothing was done, try again", "nothing was opened, try again", "the host did not answer in time"];

/// What Carrel asks for; a machine where it is `granted` has the answer on file.
const PERMISSIONS: [&str; 4] = ["ReadApplicationState", "ChangeApplicationState", "RunCommands", "ReadCliPipes"];

/// What a person would write into Zellij's configuration.
#[derive(Clone, Debug)]
pub struct Setup {
    carrel: Option<Carrel>,
    keybinds: String,
    layout: String,
    more: String,
}

#[derive(Clone, Debug)]
struct Carrel {
    options: Vec<(String, String)>,
    in_background: bool,
    granted: bool,
}

impl Setup {
    /// Zellij without any plugin: one shell pane named `first`.
    pub fn plain() -> Self {
        Self {
            carrel: None,
            keybinds: String::new(),
            layout: "layout {\n    pane name=\"first\"\n}\n".to_owned(),
            more: String::new(),
        }
    }

    /// The same with Carrel as the alias `carrel`, loaded in the background, its permissions granted.
    pub fn carrel() -> Self {
        let carrel = Carrel { options: Vec::new(), in_background: true, granted: true };
        Self { carrel: Some(carrel), ..Self::plain() }
    }

    /// An option of Carrel's.
    pub fn option(mut self, key: &str, value: &str) -> Self {
        self.carrel_mut().options.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Zellij will ask for the permissions.
    pub fn not_granted(mut self) -> Self {
        self.carrel_mut().granted = false;
        self
    }

    /// The alias is there, but nothing loads it at the start.
    pub fn not_loaded(mut self) -> Self {
        self.carrel_mut().in_background = false;
        self
    }

    /// What stands inside `keybinds { shared { … } }`: one block per key, on several lines.
    pub fn keys(mut self, text: &str) -> Self {
        self.keybinds.push_str(text);
        self.keybinds.push('\n');
        self
    }

    /// A key that sends a pipe to Carrel.
    pub fn message_key(self, key: &str, pipe: &str, payload: &str) -> Self {
        let payload = if payload.is_empty() { String::new() } else { format!("            payload {payload:?}\n") };
        self.keys(&format!(
            "    bind {key:?} {{\n        MessagePlugin \"carrel\" {{\n            name {pipe:?}\n{payload}        }}\n    }}"
        ))
    }

    /// A key that shows Carrel's panel.
    pub fn panel_key(self, key: &str) -> Self {
        self.keys(&format!(
            "    bind {key:?} {{\n        LaunchOrFocusPlugin \"carrel\" {{\n            floating true\n            \
             move_to_focused_tab true\n        }}\n    }}"
        ))
    }

    /// The whole layout file, `layout { … }`.
    pub fn layout(mut self, text: &str) -> Self {
        text.clone_into(&mut self.layout);
        self
    }

    /// More lines for config.kdl. Where Zellij reads a node twice, the later one counts.
    pub fn config(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self.more.push('\n');
        self
    }

    fn carrel_mut(&mut self) -> &mut Carrel {
        self.carrel.as_mut().expect("a setup with Carrel")
    }

    fn config_file(&self, wasm: &str) -> String {
        let mut text = String::from(
            "show_startup_tips false\nshow_release_notes false\nsession_serialization true\ndefault_shell \"/bin/sh\"\n\
             default_layout \"test\"\nweb_server false\n",
        );
        if let Some(carrel) = &self.carrel {
            let _ = writeln!(text, "plugins {{\n    carrel location=\"file:{wasm}\" {{");
            for (key, value) in &carrel.options {
                let _ = writeln!(text, "        {key} {value:?}");
            }
            text.push_str("    }\n}\n");
            if carrel.in_background {
                text.push_str("load_plugins {\n    carrel\n}\n");
            }
        }
        if !self.keybinds.is_empty() {
            let _ = writeln!(text, "keybinds {{\n    shared {{\n{}\n    }}\n}}", self.keybinds);
        }
        text.push_str(&self.more);
        text
    }
}

/// One Zellij session on a machine, whether it runs or not; clones are the same session.
#[derive(Clone)]
pub struct Zellij {
    machine: Machine,
    session: String,
}

impl Zellij {
    /// Writes the configuration; starts nothing.
    pub fn new(machine: &Machine, setup: &Setup) -> Self {
        let zellij = Self { machine: machine.clone(), session: "s1".to_owned() };
        zellij.configure(setup);
        zellij
    }

    /// The configuration that lies on the machine already.
    pub fn as_it_is(machine: &Machine) -> Self {
        Self { machine: machine.clone(), session: "s1".to_owned() }
    }

    /// Another session with the same configuration.
    pub fn session(&self, name: &str) -> Self {
        Self { machine: self.machine.clone(), session: name.to_owned() }
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.session
    }

    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Writes the configuration anew. Zellij itself watches config.kdl; the layout counts from the next start on.
    pub fn configure(&self, setup: &Setup) {
        let wasm = self.machine.path("carrel.wasm");
        if let Some(carrel) = &setup.carrel {
            if !wasm.exists() {
                self.install(&tool("CARREL_WASM"));
            }
            if carrel.granted {
                let grant = format!("{:?} {{\n    {}\n}}\n", wasm.display().to_string(), PERMISSIONS.join("\n    "));
                fs::create_dir_all(self.cache_dir()).expect("Zellij's cache dir");
                fs::write(self.permissions_file(), grant).expect("permissions.kdl");
            }
        }
        fs::write(self.machine.path("z/config.kdl"), setup.config_file(&wasm.display().to_string()))
            .expect("config.kdl");
        fs::write(self.machine.path("z/layouts/test.kdl"), &setup.layout).expect("the layout");
    }

    /// Puts a wasm where the configuration names Carrel's, in place of the one that is there.
    pub fn install(&self, wasm: &std::path::Path) {
        fs::copy(wasm, self.machine.path("carrel.wasm")).expect("a copy of the wasm");
    }

    /// Zellij's cache: permissions, saved layouts, the plugins' `/cache`.
    pub fn cache_dir(&self) -> PathBuf {
        self.machine.at_home(if cfg!(target_os = "macos") {
            "Library/Caches/org.Zellij-Contributors.Zellij"
        } else {
            ".cache/zellij"
        })
    }

    pub fn permissions_file(&self) -> PathBuf {
        self.cache_dir().join("permissions.kdl")
    }

    /// Starts the session with a client in a terminal, and waits until it has drawn and its server answers.
    #[track_caller]
    pub fn start(&self) -> Client {
        self.start_with(&[])
    }

    /// The same with more arguments for `zellij`.
    #[track_caller]
    pub fn start_with(&self, args: &[&str]) -> Client {
        let client = self.client("the first client", &[&["--session", &self.session], args].concat());
        self.wait_until_drawn(&client);
        client
    }

    /// The same in a terminal of this size.
    #[track_caller]
    pub fn start_at(&self, rows: u16, columns: u16) -> Client {
        let client = Client::spawn_at(
            &self.machine,
            format!("the first client of {}", self.session),
            "zellij",
            &["--session", &self.session],
            (rows, columns),
        );
        self.wait_until_drawn(&client);
        client
    }

    /// Starts the session without a client.
    #[track_caller]
    pub fn start_in_background(&self) {
        self.machine.run("zellij", &["attach", "--create-background", &self.session]).ok();
        self.machine.wait("the background session has a pane", || (!self.panes().is_empty()).then_some(()));
    }

    /// Attaches one more client, and waits until it has drawn. As with [`Zellij::cli`], a client may overlook the session; and
    /// it may be cut off in another's place.
    #[track_caller]
    pub fn attach(&self) -> Client {
        for _ in 0..10 {
            let before = self.machine.wait("a list of the clients", || self.clients());
            let client = self.client("an attached client", &["attach", &self.session]);
            if client.wait_screen("the client has drawn", |screen| !screen.trim().is_empty()).contains(OVERLOOKED) {
                continue;
            }
            self.wait_until_drawn(&client);
            // One more in the list is the rule; where another client leaves just now, there is none.
            let cut_off = || client.screen().contains(CUT_OFF);
            until(Duration::from_secs(5), || (cut_off() || self.clients() > Some(before)).then_some(()));
            // What removes it may come late on a busy machine.
            if stays(Duration::from_secs(1), || !cut_off()) {
                return client;
            }
        }
        panic!("ten clients did not see the session, or were cut off\n{}", self.machine.report())
    }

    /// Brings an ended session back; its commands wait for Enter each, unless they are forced to run.
    #[track_caller]
    pub fn resurrect(&self, run_commands: bool) -> Client {
        let mut args = vec!["attach"];
        if run_commands {
            args.push("--force-run-commands");
        }
        args.push(&self.session);
        let client = self.client("the resurrecting client", &args);
        self.wait_until_drawn(&client);
        client
    }

    /// How many clients are attached; none where Zellij lost the answer.
    #[track_caller]
    fn clients(&self) -> Option<usize> {
        self.action(&["list-clients"]).lines().count().checked_sub(1)
    }

    fn client(&self, name: &str, args: &[&str]) -> Client {
        Client::spawn(&self.machine, format!("{name} of {}", self.session), "zellij", args)
    }

    /// A command line call during the start of the server can make it panic, so the screen is looked at first.
    #[track_caller]
    fn wait_until_drawn(&self, client: &Client) {
        client.wait_screen("Zellij has drawn a pane", |screen| !screen.trim().is_empty());
        self.machine.wait("the server lists its panes", || (!self.panes().is_empty()).then_some(()));
    }

    /// Runs a `zellij` command line inside this session, and hands out whatever came of it.
    pub fn cli(&self, args: &[&str]) -> Finished {
        self.call(args, None, PATIENCE)
    }

    /// Shortly after another command line client was killed, Zellij may say that there is no session although there is:
    /// its first question to the server was lost. Nothing was asked for by then, so the call is made again.
    fn call(&self, args: &[&str], stdin: Option<&Path>, limit: Duration) -> Finished {
        let mut last = None;
        let found = until_every(SLOW_POLL, Duration::from_secs(5), || {
            let mut command = self.machine.command("zellij");
            command.args(["--session", &self.session]).args(args);
            let stdin = stdin.map_or_else(Stdio::null, |file| File::open(file).expect("a file to read").into());
            let finished = finish_reading(command, stdin, limit);
            if self.was_overlooked(&finished) {
                last = Some(finished);
                return None;
            }
            Some(finished)
        });
        found.or(last).expect("at least one call")
    }

    /// Whether Zellij said that there is no such session although there is.
    #[must_use]
    pub fn was_overlooked(&self, finished: &Finished) -> bool {
        // The second where there are other sessions, then with code 0; the third from `kill-session`.
        let said = ["There is no active session!", "not found. The following sessions are active", "No session named"];
        let says = |text: &&str| finished.stderr.contains(*text) || finished.stdout.contains(*text);
        matches!(finished.code, Some(0 | 1)) && said.iter().any(says) && self.server().is_some()
    }

    /// `zellij action …`, which has to succeed.
    #[track_caller]
    pub fn action(&self, args: &[&str]) -> String {
        self.cli(&[&["action"], args].concat()).ok()
    }

    /// `zellij run … -- command`: opens a command pane, and answers its terminal id. Zellij loses an answer now and then,
    /// though it has opened the pane: then the pane that is new is looked for.
    #[track_caller]
    pub fn open(&self, flags: &[&str], command: &[&str]) -> u64 {
        let ids = |panes: &[Value]| -> Vec<u64> {
            panes.iter().filter(|pane| pane["is_plugin"] == false).filter_map(|pane| pane["id"].as_u64()).collect()
        };
        let before = ids(&self.panes());
        let answer = self.cli(&[&["run"], flags, &["--"], command].concat()).ok();
        if let Some(id) = answer.trim().strip_prefix("terminal_").and_then(|id| id.parse().ok()) {
            return id;
        }
        assert!(answer.trim().is_empty(), "no terminal id: {answer:?}");
        let new = |panes: &[Value]| ids(panes).into_iter().find(|id| !before.contains(id));
        new(&self.wait_panes("the pane is open", |panes| new(panes).is_some())).expect("a new pane")
    }

    /// Sends a pipe to Carrel, once, and hands out whatever came of it: an empty answer with code 0 is possible.
    pub fn pipe(&self, name: &str, args: &str, payload: &str) -> Finished {
        self.pipe_within(name, args, payload, PATIENCE)
    }

    /// The same with a limit of its own, for pipes that may hang.
    pub fn pipe_within(&self, name: &str, args: &str, payload: &str, limit: Duration) -> Finished {
        let mut words = vec!["pipe", "-p", "carrel", "-n", name];
        if !args.is_empty() {
            words.extend(["-a", args]);
        }
        words.extend(["--", if payload.is_empty() { "x" } else { payload }]);
        self.call(&words, None, limit)
    }

    /// Sends a pipe whose payload is what this file says, a line at a time, and hands out whatever came of it.
    pub fn pipe_file(&self, name: &str, file: &Path) -> Finished {
        self.call(&["pipe", "-p", "carrel", "-n", name], Some(file), PATIENCE)
    }

    /// Waits until Carrel answers in a session that no client is attached to. Zellij keeps a pipe that comes while the
    /// plugin is loading for the clients alone: without one it is dropped, and its caller waits for ever.
    pub fn wait_until_answering(&self) {
        self.machine.wait("Carrel answers a pipe", || {
            let answer = self.pipe_within("status", "", "", Duration::from_secs(2));
            (!answer.stdout.trim().is_empty()).then_some(())
        });
    }

    /// The answer to a pipe that changes nothing, or nothing more when it comes again: asked again where Zellij lost it, and
    /// once where Carrel says that it came to nothing because the machine is too slow.
    #[track_caller]
    pub fn ask(&self, name: &str, args: &str, payload: &str) -> Value {
        let mut late = Vec::new();
        for _ in 0..10 {
            let answer = self.pipe(name, args, payload);
            if answer.code != Some(0) || !answer.stdout.trim().is_empty() {
                let answer = answer.json();
                super::schema::expect_schema(name, &answer);
                let is_late = TOO_SLOW.iter().any(|why| answer["error"].as_str().unwrap_or_default().contains(why));
                // Twice is more than a moment.
                if !is_late || !late.is_empty() {
                    return answer;
                }
                late.push(answer);
            }
        }
        panic!("ten times no answer to the pipe {name:?}, or {late:?}\n{}", self.machine.report())
    }

    /// Carrel's status document.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.ask("status", "", "")
    }

    /// Waits until the status document is as it should be, and answers it.
    #[track_caller]
    pub fn wait_status(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = until_every(SLOW_POLL, PATIENCE, || {
            last = self.status();
            fits(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| {
            panic!("not within {PATIENCE:?}: {what}\n── status\n{last:#}\n{}", self.machine.report())
        })
    }

    /// All panes, as `zellij action list-panes --json --all` tells; empty where there is no session.
    pub fn panes(&self) -> Vec<Value> {
        let answer = until_every(SLOW_POLL, Duration::from_secs(5), || {
            if self.server().is_none() {
                return Some(Vec::new());
            }
            serde_json::from_str(&self.cli(&["action", "list-panes", "--json", "--all"]).stdout).ok()
        });
        answer.unwrap_or_default()
    }

    /// The terminal panes alone.
    pub fn terminals(&self) -> Vec<Value> {
        self.panes().into_iter().filter(|pane| pane["is_plugin"] == false).collect()
    }

    /// Waits until the panes are as they should be, and answers them.
    #[track_caller]
    pub fn wait_panes(&self, what: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut last = Vec::new();
        let found = until_every(SLOW_POLL, PATIENCE, || {
            last = self.panes();
            fits(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| {
            let panes = serde_json::to_string_pretty(&last).unwrap_or_default();
            panic!("not within {PATIENCE:?}: {what}\n── panes\n{panes}\n{}", self.machine.report())
        })
    }

    /// The session's layout as it is now.
    #[track_caller]
    pub fn dump_layout(&self) -> String {
        let layout = || Some(self.action(&["dump-layout"])).filter(|layout| !layout.trim().is_empty());
        self.machine.wait("Zellij dumps its layout", layout)
    }

    /// The layout that is on disk for the resurrection, if there is one.
    pub fn saved_layout(&self) -> Option<String> {
        let versions = fs::read_dir(self.cache_dir()).ok()?.flatten();
        let file = format!("session_info/{}/session-layout.kdl", self.session);
        versions.map(|version| version.path().join(&file)).find_map(|path| fs::read_to_string(path).ok())
    }

    /// Makes Zellij save the layout now, and answers it.
    #[track_caller]
    pub fn save(&self) -> String {
        // One that was cut off may not be done yet; it is before the second.
        self.action(&["save-session"]);
        self.action(&["save-session"]);
        self.machine.wait("the layout is saved", || self.saved_layout())
    }

    /// What is on one pane, without its frame.
    #[track_caller]
    pub fn pane_text(&self, terminal: u64) -> String {
        self.action(&["dump-screen", "--pane-id", &format!("terminal_{terminal}")])
    }

    /// Writes characters into one pane, whoever has the focus.
    #[track_caller]
    pub fn type_into(&self, terminal: u64, text: &str) {
        self.action(&["write-chars", "--pane-id", &format!("terminal_{terminal}"), text]);
    }

    /// Types a line into one pane, whoever has the focus: waits until it stands there, and presses Enter, because Claude takes a
    /// burst with Enter for a paste.
    #[track_caller]
    pub fn type_line(&self, terminal: u64, line: &str) {
        self.type_into(terminal, line);
        self.machine.wait(&format!("{line:?} stands in pane {terminal}"), || {
            self.pane_text(terminal).contains(line).then_some(())
        });
        self.type_into(terminal, "\r");
    }

    /// Closes one pane, from outside. It is told again while the pane is there; what the command line says does not count,
    /// because the server may end with its last pane before it has answered.
    #[track_caller]
    pub fn close_pane(&self, terminal: u64) {
        for _ in 0..10 {
            let words = ["action", "close-pane", "--pane-id", &format!("terminal_{terminal}")];
            self.call(&words, None, Duration::from_secs(5));
            let is_gone = || !self.panes().iter().any(|pane| pane["is_plugin"] == false && pane["id"] == terminal);
            if until_every(SLOW_POLL, Duration::from_secs(3), || is_gone().then_some(())).is_some() {
                return;
            }
        }
        panic!("ten times told, and pane {terminal} is not closed\n{}", self.machine.report());
    }

    /// The server's process, while there is one.
    pub fn server(&self) -> Option<Process> {
        let socket = format!("/{}", self.session);
        self.machine.processes().into_iter().find(|process| {
            process.argv.iter().any(|word| word == "--server")
                && process.argv.last().is_some_and(|w| w.ends_with(&socket))
        })
    }

    /// Ends the session like `zellij kill-session` does; it can be resurrected.
    #[track_caller]
    pub fn kill_session(&self) {
        let killed = until_every(SLOW_POLL, Duration::from_secs(5), || {
            let finished = self.machine.run("zellij", &["kill-session", &self.session]);
            (!self.was_overlooked(&finished)).then_some(finished)
        });
        killed.expect("Zellij sees the session that there is").ok();
        self.wait_for_the_end();
    }

    /// Kills the server without a chance to do anything.
    #[track_caller]
    pub fn kill_server(&self) {
        self.server().expect("a server to kill").signal("KILL");
        self.wait_for_the_end();
    }

    /// Waits until the server is gone.
    #[track_caller]
    pub fn wait_for_the_end(&self) {
        self.machine.wait("the server is gone", || self.server().is_none().then_some(()));
    }

    /// Removes the session, ended or not, with its saved layout if it has one.
    #[track_caller]
    pub fn delete_session(&self) {
        let delete = || self.machine.run("zellij", &["delete-session", "--force", &self.session]);
        delete();
        self.wait_for_the_end();
        // What lives on for a moment may have written its layout again.
        if self.saved_layout().is_some() {
            delete();
        }
        self.machine.wait("the saved layout is removed", || self.saved_layout().is_none().then_some(()));
    }
}

/// A terminal with a program in it: a Zellij client, or anything else. Dropping it is closing the terminal's window.
pub struct Client {
    machine: Machine,
    screen: Arc<Screen>,
    keyboard: Box<dyn Write + Send>,
    /// The terminal; what runs in it is hung up when this goes.
    terminal: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
}

impl Client {
    /// Starts a program of the machine in a new terminal, in the project dir.
    pub fn spawn(machine: &Machine, name: String, program: &str, args: &[&str]) -> Self {
        Self::spawn_at(machine, name, program, args, (ROWS, COLUMNS))
    }

    /// The same in a terminal of this size: rows, columns.
    pub fn spawn_at(machine: &Machine, name: String, program: &str, args: &[&str], size: (u16, u16)) -> Self {
        let (rows, cols) = size;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut command = CommandBuilder::new(machine.path("bin").join(program));
        command.env_clear();
        for (key, value) in machine.env() {
            command.env(key, value);
        }
        command.args(args);
        command.cwd(machine.project());
        let child = pair.slave.spawn_command(command).expect("a program in the pty");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("the pty's output");
        let keyboard = pair.master.take_writer().expect("the pty's input");
        let screen = Arc::new(Screen::new(rows, cols));
        machine.watch(name, screen.clone());
        let drawing = screen.clone();
        thread::spawn(move || {
            let mut bytes = [0; 16384];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                drawing.draw(&bytes[..count]);
            }
            drawing.end();
        });
        Self { machine: machine.clone(), screen, keyboard, terminal: Some(pair.master), child }
    }

    /// Presses keys: plain text, or the sequences of [`key`].
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the pty takes keys");
        self.keyboard.flush().expect("the pty takes keys");
    }

    /// Types a line, waits until it is on the screen, and presses Enter: Claude takes a burst with Enter for a paste.
    #[track_caller]
    pub fn type_line(&mut self, line: &str) {
        self.keys(line);
        let end = line.chars().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<String>();
        self.wait_screen(&format!("what was typed is on the screen: {line}"), |screen| screen.contains(&end));
        self.keys(key::ENTER);
    }

    /// Presses a key of Zellij's configuration until the screen is as it should be: at once, as a rule. Zellij may lose what is
    /// pressed while a client has only begun (1 of 50 on a busy machine: no instance of the plugin was told of it), so who sees
    /// nothing for long presses again.
    #[track_caller]
    pub fn press(&mut self, key: &str, what: &str, fits: impl Fn(&str) -> bool) -> String {
        for _ in 0..2 {
            self.keys(key);
            if let Some(text) = self.screen.wait(LOST, &fits) {
                return text;
            }
        }
        self.keys(key);
        self.wait_screen(what, fits)
    }

    /// The same until this text is on the screen.
    #[track_caller]
    pub fn press_for_text(&mut self, key: &str, text: &str) -> String {
        self.press(key, &format!("the screen shows {text:?}"), |screen| screen.contains(text))
    }

    /// The same for a key that opens a pane of Carrel's, until there are so many launchers; see [`Client::press`].
    #[track_caller]
    pub fn press_new(&mut self, key: &str, launchers: usize) {
        let machine = self.machine.clone();
        let opened = (0..3).any(|_| {
            self.keys(key);
            until(LOST, || (machine.launchers().len() >= launchers).then_some(())).is_some()
        });
        assert!(opened, "{key:?} opened no pane\n{}", machine.report());
    }

    /// Presses a key again and again until the screen is as it should be: for a dialog that ignores the first moments, or one of
    /// several things in turn. Where nothing happens at all, the next one comes late: one press too many may undo the last.
    #[track_caller]
    pub fn press_until(&mut self, key: &str, what: &str, fits: impl Fn(&str) -> bool) -> String {
        for _ in 0..60 {
            let before = self.screen();
            self.keys(key);
            self.screen.wait(Duration::from_secs(3), |text| text != before || fits(text));
            if let Some(text) = self.screen.wait(Duration::from_millis(500), &fits) {
                return text;
            }
        }
        panic!("not after 60 presses of {key:?}: {what}\n{}", self.machine.report())
    }

    /// What is on the screen now, one line per row.
    pub fn screen(&self) -> String {
        self.screen.text()
    }

    /// What is on the screen now, with its colours, for assertions about styles.
    pub fn cells(&self) -> vt100::Screen {
        self.screen.cells()
    }

    /// How many bytes have been drawn so far: none more means that nothing was sent at all.
    pub fn drawn(&self) -> usize {
        self.screen.lock().drawn
    }

    /// Whether this has reached the terminal, of all that it was sent.
    pub fn received(&self, text: &str) -> bool {
        let state = self.screen.lock();
        state.sent.windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }

    /// Waits until the screen is as it should be, and answers it.
    #[track_caller]
    pub fn wait_screen(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        match self.screen.wait(PATIENCE, fits) {
            Some(text) => text,
            None => panic!("not within {PATIENCE:?}, or before the terminal ended: {what}\n{}", self.machine.report()),
        }
    }

    /// Waits until this text is on the screen.
    #[track_caller]
    pub fn wait_text(&self, text: &str) -> String {
        self.wait_screen(&format!("the screen shows {text:?}"), |screen| screen.contains(text))
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.terminal.as_ref().expect("an open terminal").resize(size).expect("a new size");
        self.screen.resize(rows, columns);
    }

    /// Leaves the session with Zellij's own keys, and waits until the client has gone.
    #[track_caller]
    pub fn detach(mut self) {
        for _ in 0..2 {
            self.keys(&key::ctrl('o'));
            // Zellij draws nothing for the mode without a status bar: the key that follows is handled after the first.
            self.keys("d");
            if until(LOST, || self.child.try_wait().ok().flatten()).is_some() {
                return;
            }
        }
        self.wait_for_the_end();
    }

    /// Quits the session with Zellij's own key.
    #[track_caller]
    pub fn quit(mut self) {
        self.keys(&key::ctrl('q'));
        self.wait_for_the_end();
    }

    /// Waits until the program in the terminal has ended by itself, and answers its exit code.
    #[track_caller]
    pub fn wait_for_the_end(&mut self) -> u32 {
        let machine = self.machine.clone();
        machine.wait("the program in the terminal has ended", || self.child.try_wait().ok().flatten()).exit_code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if thread::panicking() {
            // The report is to show what the test saw, and not how the client says good-bye.
            self.screen.freeze();
        }
        drop(self.terminal.take());
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Keys that are no plain text.
pub mod key {
    pub const ENTER: &str = "\r";
    pub const ESC: &str = "\u{1b}";
    pub const TAB: &str = "\t";
    pub const UP: &str = "\u{1b}[A";
    pub const DOWN: &str = "\u{1b}[B";
    pub const RIGHT: &str = "\u{1b}[C";
    pub const LEFT: &str = "\u{1b}[D";

    /// Alt and a letter.
    pub fn alt(letter: char) -> String {
        format!("\u{1b}{letter}")
    }

    /// Ctrl and a small letter.
    pub fn ctrl(letter: char) -> String {
        char::from((letter as u8) & 0x1f).to_string()
    }

    /// The pointer moves to this row and column of the terminal, counted from 0, without a button.
    pub fn point(row: u16, column: u16) -> String {
        format!("\u{1b}[<35;{};{}M", column + 1, row + 1)
    }

    /// A click with the left button on this row and column of the terminal, counted from 0.
    pub fn click(row: u16, column: u16) -> String {
        let (row, column) = (row + 1, column + 1);
        format!("\u{1b}[<0;{column};{row}M\u{1b}[<0;{column};{row}m")
    }
}

/// What a terminal shows, fed by a thread that reads the pty.
pub struct Screen {
    state: Mutex<Drawing>,
    /// Rung at each output, and at the end.
    drawn: Condvar,
}

struct Drawing {
    parser: vt100::Parser,
    /// The program has closed the terminal.
    ended: bool,
    frozen: bool,
    /// Bytes so far.
    drawn: usize,
    /// All of them.
    sent: Vec<u8>,
}

impl Screen {
    fn new(rows: u16, columns: u16) -> Self {
        let parser = vt100::Parser::new(rows, columns, 0);
        Self {
            state: Mutex::new(Drawing { parser, ended: false, frozen: false, drawn: 0, sent: Vec::new() }),
            drawn: Condvar::new(),
        }
    }

    /// One line per row.
    pub fn text(&self) -> String {
        self.lock().parser.screen().contents()
    }

    fn cells(&self) -> vt100::Screen {
        self.lock().parser.screen().clone()
    }

    fn wait(&self, limit: Duration, fits: impl Fn(&str) -> bool) -> Option<String> {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            let text = state.parser.screen().contents();
            if fits(&text) {
                return Some(text);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || state.ended {
                return None;
            }
            state = self.drawn.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn draw(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if !state.frozen {
            state.parser.process(bytes);
            state.drawn += bytes.len();
            state.sent.extend(bytes);
        }
        drop(state);
        self.drawn.notify_all();
    }

    fn end(&self) {
        self.lock().ended = true;
        self.drawn.notify_all();
    }

    fn freeze(&self) {
        self.lock().frozen = true;
    }

    fn resize(&self, rows: u16, columns: u16) {
        self.lock().parser.screen_mut().set_size(rows, columns);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Drawing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
