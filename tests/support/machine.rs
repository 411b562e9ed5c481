//! A machine of its own for one test: a HOME, a temporary dir, sockets, a user with a Claude state, the stand-in server.
//!
//! Nothing of the real user's HOME or environment gets in. When the last handle is dropped, every process that was started
//! on the machine is killed, found by the machine's unique path in its environment or argv, and the dir is removed; after
//! a failure the dir stays, and what could explain the failure is printed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{json, Value};
use tempfile::TempDir;

use super::messages_api::MessagesApi;
use super::waiting::{finish, until, Finished, PATIENCE};
use super::zellij::Screen;

/// A word in the user's CLAUDE.md: where a request to the API mentions it, the user's memory was loaded.
pub const MEMORY_WORD: &str = "heliotrope-lectern";

/// The name of the user's skill; Claude tells the API its name and description.
pub const SKILL: &str = "bind-a-book";

/// The API key of the machine's user: a dummy.
pub const API_KEY: &str = "sk-ant-dummy-key-for-the-stand-in-0123456789";

/// The token of the login of [`User::login`]: a dummy as well.
pub const LOGIN_TOKEN: &str = "sk-ant-oat01-dummy";

/// A handle to the machine; clones are the same machine.
#[derive(Clone)]
pub struct Machine(Arc<Inner>);

struct Inner {
    /// None once it was given away to be kept.
    dir: Mutex<Option<TempDir>>,
    root: PathBuf,
    env: Mutex<BTreeMap<String, String>>,
    screens: Mutex<Vec<(String, Arc<Screen>)>>,
    api: MessagesApi,
    /// Whether a failure has been explained already.
    reported: AtomicBool,
}

/// What the machine's user has done with Claude before the test begins.
#[derive(Clone, Debug)]
pub struct User {
    /// Has been through Claude's first-run screens, and has approved the API key.
    pub onboarded: bool,
    /// Projects below the HOME whose trust question was answered with yes.
    pub trusts: Vec<String>,
    /// `settings.json`, if there is one.
    pub settings: Option<Value>,
    /// CLAUDE.md with [`MEMORY_WORD`], and the skill [`SKILL`].
    pub memory_and_skill: bool,
    /// An MCP server `shelf` in `.claude.json` that does nothing.
    pub mcp_server: bool,
    /// A dummy `.credentials.json`, valid for years.
    pub login: bool,
    /// More keys for `.claude.json`.
    pub more: Value,
}

impl User {
    /// Uses Claude every day: no question is left but those that a test provokes.
    pub fn normal() -> Self {
        Self {
            onboarded: true,
            trusts: vec!["project".to_owned()],
            // Without a mode Claude starts in "auto mode", which lets a model decide instead of asking the user.
            settings: Some(json!({"theme": "dark", "permissions": {"defaultMode": "default"}})),
            memory_and_skill: true,
            mcp_server: false,
            login: false,
            more: json!({}),
        }
    }

    /// Has installed Claude and never started it.
    pub fn newcomer() -> Self {
        Self {
            onboarded: false,
            trusts: Vec::new(),
            settings: None,
            memory_and_skill: false,
            mcp_server: false,
            login: false,
            more: json!({}),
        }
    }
}

impl Machine {
    /// A machine with a normal user.
    pub fn new() -> Self {
        Self::of(&User::normal())
    }

    /// A machine with this user. `~/project` exists in any case.
    pub fn of(user: &User) -> Self {
        let (zellij, claude) = (tool("CARREL_ZELLIJ"), tool("CARREL_CLAUDE"));
        // Short, because a Unix socket's path has room for about 100 bytes; resolved, because macOS links /tmp.
        let dir = tempfile::Builder::new().prefix("c").rand_bytes(5).tempdir_in("/tmp").expect("a temporary dir");
        let root = dir.path().canonicalize().expect("a real path");
        for part in ["bin", "home/project", "run", "s", "tmp", "z/layouts"] {
            fs::create_dir_all(root.join(part)).expect("the machine's dirs");
        }
        fs::set_permissions(root.join("run"), fs::Permissions::from_mode(0o700)).expect("chmod");
        symlink(zellij, root.join("bin/zellij")).expect("a link to zellij");
        symlink(claude, root.join("bin/claude")).expect("a link to claude");

        let api = MessagesApi::start();
        let at = |part: &str| root.join(part).display().to_string();
        let env = [
            // XDG_CONFIG_HOME and its kin stay unset, as with most users: they follow from HOME.
            ("HOME", at("home")),
            ("PATH", format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", at("bin"))),
            ("TMPDIR", at("tmp")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("ZELLIJ_SOCKET_DIR", at("s")),
            ("ZELLIJ_CONFIG_DIR", at("z")),
            ("SHELL", "/bin/sh".to_owned()),
            ("PS1", "shell$ ".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("USER", "reader".to_owned()),
            ("ANTHROPIC_API_KEY", API_KEY.to_owned()),
            ("ANTHROPIC_BASE_URL", api.url()),
            ("CLAUDE_CODE_TMPDIR", at("tmp")),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
            ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1".to_owned()),
            ("DISABLE_AUTOUPDATER", "1".to_owned()),
            ("DISABLE_TELEMETRY", "1".to_owned()),
            ("DISABLE_ERROR_REPORTING", "1".to_owned()),
        ];
        let machine = Self(Arc::new(Inner {
            dir: Mutex::new(Some(dir)),
            root,
            env: Mutex::new(env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            screens: Mutex::default(),
            api,
            reported: AtomicBool::new(false),
        }));
        machine.seed(user);
        machine
    }

    /// The stand-in of the Messages API that this machine's Claude talks to.
    pub fn api(&self) -> &MessagesApi {
        &self.0.api
    }

    /// The machine's unique dir; everything of it is below.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// A path below the machine's dir.
    pub fn path(&self, part: &str) -> PathBuf {
        self.0.root.join(part)
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A path below the HOME.
    pub fn at_home(&self, part: &str) -> PathBuf {
        self.home().join(part)
    }

    /// `~/project`, which a normal user has trusted.
    pub fn project(&self) -> PathBuf {
        self.at_home("project")
    }

    /// Sets a variable for everything started from now on. A Zellij server keeps what it was started with.
    pub fn set_env(&self, key: &str, value: impl Into<String>) {
        self.0.env.lock().unwrap().insert(key.to_owned(), value.into());
    }

    pub fn unset_env(&self, key: &str) {
        self.0.env.lock().unwrap().remove(key);
    }

    /// The whole environment of what is started on the machine.
    pub fn env(&self) -> BTreeMap<String, String> {
        self.0.env.lock().unwrap().clone()
    }

    /// A program to be started on the machine, in `~/project`, with the machine's environment and nothing else.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let name = Path::new(program.as_ref());
        let linked = self.path("bin").join(name);
        let mut command = Command::new(if linked.exists() { linked.as_os_str() } else { program.as_ref() });
        command.env_clear().envs(self.env()).current_dir(self.project());
        command
    }

    /// Runs a program with these arguments to its end, in `~/project`.
    pub fn run(&self, program: &str, args: &[&str]) -> Finished {
        let mut command = self.command(program);
        command.args(args);
        finish(command, PATIENCE)
    }

    /// Writes a file below the HOME, with the dirs above it.
    pub fn write(&self, part: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.at_home(part);
        fs::create_dir_all(file.parent().expect("a dir above")).expect("dirs");
        fs::write(&file, content).expect("a file in the HOME");
        file
    }

    /// The content of a file below the HOME.
    pub fn read(&self, part: &str) -> String {
        let file = self.at_home(part);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Writes what this user left behind. Files of an earlier seeding that it does not name stay.
    pub fn seed(&self, user: &User) {
        if user.onboarded || !user.trusts.is_empty() {
            let mut state = user.more.clone();
            if user.onboarded {
                state["hasCompletedOnboarding"] = json!(true);
                // Else a question about auto mode covers the prompt some moments after the start.
                state["hasSeenAutoDefaultNudge"] = json!(true);
                // Another offer that a start may come with, until it was shown three times.
                state["fullscreenUpsellSeenCount"] = json!(3);
                let (_, tail) = API_KEY.split_at(API_KEY.len() - 20);
                state["customApiKeyResponses"] = json!({"approved": [tail], "rejected": []});
            }
            for project in &user.trusts {
                fs::create_dir_all(self.at_home(project)).expect("a project");
                // Claude asks by the resolved path.
                let path = self.at_home(project).canonicalize().expect("a project");
                state["projects"][path.display().to_string()] = json!({"hasTrustDialogAccepted": true});
            }
            if user.mcp_server {
                state["mcpServers"] = json!({"shelf": {"type": "stdio", "command": "true", "args": [], "env": {}}});
            }
            self.write(".claude.json", state.to_string());
            self.private(".claude.json");
        }
        if let Some(settings) = &user.settings {
            self.write(".claude/settings.json", settings.to_string());
        }
        if user.memory_and_skill {
            self.write(".claude/CLAUDE.md", format!("The word of this user is {MEMORY_WORD}.\n"));
            self.write(
                &format!(".claude/skills/{SKILL}/SKILL.md"),
                format!("---\nname: {SKILL}\ndescription: How to bind a book\n---\nSew the sections first.\n"),
            );
        }
        if user.login {
            let login = json!({"claudeAiOauth": {
                "accessToken": LOGIN_TOKEN, "refreshToken": "sk-ant-ort01-dummy",
                "expiresAt": 4_102_444_800_000_u64, "scopes": ["user:inference", "user:profile"],
                "subscriptionType": "max"}});
            self.write(".claude/.credentials.json", login.to_string());
            self.private(".claude/.credentials.json");
        }
    }

    fn private(&self, part: &str) {
        fs::set_permissions(self.at_home(part), fs::Permissions::from_mode(0o600)).expect("chmod");
    }

    /// `~/.claude` and `~/.claude.json` as they are now, to be compared later.
    pub fn shared_state(&self) -> Manifest {
        Manifest::of(&self.home(), &[".claude", ".claude.json"])
    }

    /// Every living process that was started on this machine, by path in its environment or argv; not this test.
    pub fn processes(&self) -> Vec<Process> {
        Process::all_with(&self.0.root.display().to_string())
    }

    /// The living processes whose argv contains this text.
    pub fn processes_like(&self, text: &str) -> Vec<Process> {
        self.processes().into_iter().filter(|process| process.argv.join(" ").contains(text)).collect()
    }

    /// The living launchers, one for each pane that was opened and not closed.
    pub fn launchers(&self) -> Vec<Process> {
        without_forks(self.processes_like("carrel.sh run --pane"))
    }

    /// Puts a wrapper around `claude`: it reads the file `wrap` of the dir that it is called in, a piece of sh that may
    /// change the environment and the arguments, and then becomes the real one.
    pub fn wrap_claude(&self) {
        let path = self.path("bin/claude");
        fs::remove_file(&path).expect("the link to claude");
        let real = tool("CARREL_CLAUDE");
        let script = format!("#!/bin/sh\n[ ! -f ./wrap ] || . ./wrap\nexec '{}' \"$@\"\n", real.display());
        fs::write(&path, script).expect("a wrapper");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// Makes the modes of files count for what is started from now on: the superuser may write whatever they say, but for
    /// one who has given that up.
    pub fn respect_modes(&self) {
        use std::os::unix::fs::MetadataExt;
        if !Path::new("/proc/self").exists() || fs::metadata("/proc/self").expect("/proc").uid() != 0 {
            return;
        }
        let path = self.path("bin/zellij");
        fs::remove_file(&path).expect("the link to zellij");
        let real = tool("CARREL_ZELLIJ");
        let without = "setpriv --bounding-set=-dac_override,-dac_read_search";
        let script = format!("#!/bin/sh\nexec {without} '{}' \"$@\"\n", real.display());
        fs::write(&path, script).expect("a wrapper");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// The living Claude processes, by the program and not by the name that they give themselves.
    pub fn claudes(&self) -> Vec<Process> {
        // In a box the machine's link to it is the program itself.
        let claude = [tool("CARREL_CLAUDE").canonicalize().expect("claude"), self.path("bin/claude")];
        let mut all = self.processes();
        all.retain(|process| process.program.as_ref().is_some_and(|program| claude.contains(program)));
        without_forks(all)
    }

    /// Waits until the probe finds something; fails with everything that could explain why not.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, probe: impl FnMut() -> Option<T>) -> T {
        match until(PATIENCE, probe) {
            Some(found) => found,
            None => panic!("not within {PATIENCE:?}: {what}\n{}", self.report()),
        }
    }

    /// What a person wants to see of a failed test: screens, requests, processes, the end of Zellij's log.
    pub fn report(&self) -> String {
        self.0.report()
    }

    /// The whole of Zellij's log, which also has what plugins write to stderr.
    pub fn zellij_log(&self) -> String {
        self.0.zellij_log()
    }

    /// Remembers a screen, for the report.
    pub(super) fn watch(&self, name: String, screen: Arc<Screen>) {
        self.0.screens.lock().unwrap().push((name, screen));
    }
}

impl Inner {
    fn report(&self) -> String {
        self.reported.store(true, Ordering::Relaxed);
        let mut text = String::new();
        for (name, screen) in self.screens.lock().unwrap().iter() {
            let _ = writeln!(text, "── screen of {name}");
            for line in screen.text().lines().map(str::trim_end).filter(|line| !line.is_empty()) {
                let _ = writeln!(text, "{line}");
            }
        }
        let _ = writeln!(text, "── requests to the Messages API");
        for request in self.api.requests() {
            let _ = writeln!(text, "{}", request.line());
        }
        let _ = writeln!(text, "── processes");
        for process in Process::all_with(&self.root.display().to_string()) {
            let argv = process.argv.join(" ");
            let _ = writeln!(text, "{} (parent {}) {}", process.pid, process.parent, cut(&argv, 150));
        }
        let log = self.zellij_log();
        // Zellij says it of each pipe, also where all is well.
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("did not complete within")).collect();
        let _ = writeln!(text, "── the end of Zellij's log");
        for line in lines.iter().skip(lines.len().saturating_sub(40)) {
            let _ = writeln!(text, "{}", cut(line, 300));
        }
        text
    }

    fn zellij_log(&self) -> String {
        let dirs = fs::read_dir(self.root.join("tmp")).into_iter().flatten().flatten();
        dirs.map(|dir| dir.path().join("zellij-log/zellij.log"))
            .find_map(|log| fs::read(log).ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let root = self.root.display().to_string();
        let failed = thread::panicking();
        if failed && !self.reported.load(Ordering::Relaxed) {
            eprintln!("{}", self.report());
        }
        // Killing a parent may let a child be born that the list did not have: look until there is none.
        let gone = until(Duration::from_secs(10), || {
            let left = Process::all_with(&root);
            for process in &left {
                process.signal("KILL");
            }
            left.is_empty().then_some(())
        });
        let dir = self.dir.lock().unwrap().take();
        if failed {
            if let Some(dir) = dir {
                eprintln!("── the machine is kept in {}", dir.keep().display());
            }
        } else if gone.is_none() {
            eprintln!("processes of {root} could not be killed");
        }
    }
}

/// The absolute path of a tool that the environment names; its absence is a failure, never a reason to skip.
pub fn tool(variable: &str) -> PathBuf {
    let hint = "run the tests with `make test`, or take the variables from `scripts/tools.sh paths`";
    let path = PathBuf::from(std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: {hint}")));
    assert!(
        path.is_absolute() && path.is_file(),
        "{variable}={} is no absolute path of a file: {hint}",
        path.display()
    );
    path
}

/// A living process.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    pub group: u32,
    pub argv: Vec<String>,
    /// What it was started with; empty where the system does not tell.
    pub env: BTreeMap<String, String>,
    /// The file that runs, where the system tells.
    pub program: Option<PathBuf>,
    pub cwd: Option<PathBuf>,
}

impl Process {
    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("/bin/sh")
            .args(["-c", "kill -s \"$1\" \"$2\" 2>/dev/null", "kill", name, &self.pid.to_string()])
            .status();
    }

    /// Whether it still lives. A zombie does not.
    pub fn lives(&self) -> bool {
        if Path::new("/proc/self/stat").exists() {
            return Self::from_proc(self.pid).is_some_and(|now| now.argv == self.argv);
        }
        let pid = self.pid.to_string();
        let state = Command::new("ps").args(["-o", "stat=", "-p", &pid]).output();
        state.is_ok_and(|out| !out.stdout.trim_ascii().is_empty() && !out.stdout.trim_ascii().starts_with(b"Z"))
    }

    fn all_with(mark: &str) -> Vec<Self> {
        let own = std::process::id();
        let all = if Path::new("/proc/self/stat").exists() { Self::all_in_proc() } else { Self::all_in_ps() };
        let marked = |process: &Self| {
            process.argv.iter().any(|word| word.contains(mark))
                || process.env.values().any(|value| value.contains(mark))
        };
        all.into_iter().filter(|process| process.pid != own && marked(process)).collect()
    }

    fn all_in_proc() -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Self::from_proc(entry.file_name().to_str()?.parse().ok()?)).collect()
    }

    fn from_proc(pid: u32) -> Option<Self> {
        let dir = PathBuf::from(format!("/proc/{pid}"));
        let stat = fs::read_to_string(dir.join("stat")).ok()?;
        // The name stands in parentheses and may itself contain some.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        if state == "Z" || state == "X" {
            return None;
        }
        let words = |name: &str| -> Vec<String> {
            let bytes = fs::read(dir.join(name)).unwrap_or_default();
            let all = bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
            all.filter(|word| !word.is_empty()).collect()
        };
        let pairs = words("environ").into_iter();
        let env = pairs.filter_map(|pair| pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()))).collect();
        let link = |name: &str| fs::read_link(dir.join(name)).ok();
        Some(Self { pid, parent, group, argv: words("cmdline"), env, program: link("exe"), cwd: link("cwd") })
    }

    /// Where there is no /proc (macOS), `ps` shows the environment behind the argv, in one line.
    fn all_in_ps() -> Vec<Self> {
        let Ok(out) = Command::new("ps").args(["-axEww", "-o", "pid=,ppid=,pgid=,stat=,command="]).output() else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let parse = |line: &str| {
            let mut fields = line.split_whitespace();
            let mut number = || fields.next()?.parse::<u32>().ok();
            let (pid, parent, group) = (number()?, number()?, number()?);
            let words: Vec<String> = fields.skip(1).map(str::to_owned).collect();
            let env = words.iter().filter_map(|word| word.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())));
            let program = words.first().and_then(|word| Path::new(word).canonicalize().ok());
            Some(Self { pid, parent, group, env: env.collect(), argv: words, program, cwd: None })
        };
        text.lines().filter_map(parse).collect()
    }
}

/// Files, links and dirs below a dir, with their contents, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest(pub BTreeMap<String, Entry>);

/// One entry of a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Dir,
    Link(PathBuf),
    File(Vec<u8>),
    /// A socket or the like.
    Other,
}

impl Manifest {
    /// What these entries of a dir hold, all the way down; links are not followed.
    pub fn of(dir: &Path, names: &[&str]) -> Self {
        let mut entries = BTreeMap::new();
        for name in names {
            collect(dir, name, &mut entries);
        }
        Self(entries)
    }

    /// The paths, without contents.
    pub fn paths(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// What became of it, one line each; empty where nothing changed.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (path, entry) in &self.0 {
            match later.0.get(path) {
                None => lines.push(format!("removed: {path}")),
                Some(now) if now != entry => lines.push(format!("changed: {path}: {}", difference(entry, now))),
                Some(_) => {}
            }
        }
        lines.extend(later.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| format!("new: {path}")));
        lines
    }

    /// Fails where anything changed but what lies at, or below, the allowed paths.
    #[track_caller]
    pub fn assert_unchanged(&self, later: &Self, allowed: &[&str]) {
        let inside = |path: &str| allowed.iter().any(|dir| path == *dir || path.starts_with(&format!("{dir}/")));
        let kept = |manifest: &Self| Self(manifest.0.clone().into_iter().filter(|(path, _)| !inside(path)).collect());
        let changes = kept(self).changes(&kept(later));
        assert!(changes.is_empty(), "files changed that should not have:\n{}", changes.join("\n"));
    }
}

/// A child that has not become its own program yet still has its parent's argv; it is none of these.
fn without_forks(all: Vec<Process>) -> Vec<Process> {
    let copy = |child: &Process| all.iter().any(|one| one.pid == child.parent && one.argv == child.argv);
    all.iter().filter(|process| !copy(process)).cloned().collect()
}

fn collect(dir: &Path, name: &str, entries: &mut BTreeMap<String, Entry>) {
    let path = dir.join(name);
    let Ok(about) = fs::symlink_metadata(&path) else { return };
    let kind = about.file_type();
    let entry = if kind.is_symlink() {
        Entry::Link(fs::read_link(&path).unwrap_or_default())
    } else if kind.is_dir() {
        for child in fs::read_dir(&path).into_iter().flatten().flatten() {
            collect(dir, &format!("{name}/{}", child.file_name().to_string_lossy()), entries);
        }
        Entry::Dir
    } else if kind.is_file() {
        // A file that goes away while we look was there all the same.
        Entry::File(fs::read(&path).unwrap_or_default())
    } else {
        Entry::Other
    };
    entries.insert(name.to_owned(), entry);
}

fn difference(before: &Entry, after: &Entry) -> String {
    let (Entry::File(old), Entry::File(new)) = (before, after) else {
        return format!("{} -> {}", kind(before), kind(after));
    };
    let at = old.iter().zip(new).position(|(a, b)| a != b).unwrap_or_else(|| old.len().min(new.len()));
    let near = |bytes: &[u8]| {
        let part = bytes.iter().skip(at.saturating_sub(20)).take(80).copied().collect::<Vec<_>>();
        String::from_utf8_lossy(&part).into_owned()
    };
    format!("{} -> {} bytes, from byte {at}: {:?} -> {:?}", old.len(), new.len(), near(old), near(new))
}

fn kind(entry: &Entry) -> String {
    match entry {
        Entry::Dir => "a dir".to_owned(),
        Entry::Link(target) => format!("a link to {}", target.display()),
        Entry::File(bytes) => format!("a file of {} bytes", bytes.len()),
        Entry::Other => "something else".to_owned(),
    }
}

fn cut(text: &str, length: usize) -> &str {
    match text.char_indices().nth(length) {
        Some((end, _)) => text.split_at(end).0,
        None => text,
    }
}
