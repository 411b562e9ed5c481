//! Reads the options of the configuration: what a user may write, what stands for what is not written, what is wrong
//! and how to mend it.
//! Refuses to know the machine: whether a path exists, whether this is macOS or whether a method works here is judged
//! by who asks it.

pub mod claude_args;
mod entries;
mod values;

use std::collections::BTreeMap;

pub use claude_args::{check_claude_args, parse_claude_args};

use super::board::Method;
use super::ids::SessionId;
use values::{nearest, shown};

/// Every option with the text that stands for it when it is not written; none where unset means something of its own.
/// In the order of the contract.
pub const OPTIONS: [(&str, Option<&str>); 18] = [
    ("method", Some("config_dir")),
    ("fallback", None),
    ("cleanup_on_close", Some("true")),
    ("home_symlinks", Some(".bashrc .zshrc .gitconfig .ssh")),
    (
        "share",
        Some("settings.json CLAUDE.md rules commands agents skills output-styles keybindings.json workflows history.jsonl"),
    ),
    ("login", Some("shared")),
    ("memory", Some("shared")),
    ("claude", Some("claude")),
    ("claude_args", Some("")),
    ("close_on_exit", Some("false")),
    ("state_dir", None),
    ("shared_dir", None),
    ("container_command", None),
    ("namespace", None),
    ("notify", Some("none")),
    ("role", Some("manager")),
    ("dir", None),
    ("resume", None),
];

/// All options, read and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How panes are isolated.
    pub method: Method,
    /// What happens when the installed Claude ignores `CLAUDE_CONFIG_DIR`; none: the platform's own, see
    /// [`Options::fallback_on`].
    pub fallback: Option<Fallback>,
    /// Whether closing a pane keeps its conversations and deletes its desk.
    pub cleanup_on_close: bool,
    /// Entries of the real HOME that are linked into a desk's HOME: relative paths, none inside another.
    pub home_symlinks: Vec<String>,
    /// Entries of the shared dir that are linked into each desk: plain names.
    pub share: Vec<String>,
    /// One login for all desks, or one each.
    pub login: Sharing,
    /// The user's own auto memory, or one for each desk.
    pub memory: Sharing,
    /// The program to run: a command's name or an absolute path.
    pub claude: String,
    /// Added to every start; holds no flag that Carrel itself sets.
    pub claude_args: Vec<String>,
    /// Whether a pane closes when its Claude exits with 0.
    pub close_on_exit: bool,
    /// Where Carrel keeps its desks: absolute, without a trailing slash.
    pub state_dir: String,
    /// The user's normal Claude state, where it is named here: absolute, without a trailing slash.
    pub shared_dir: Option<String>,
    /// The container's argv with its `{desk}`, `{cwd}` and `{command}`; none: the platform's own.
    pub container_command: Option<Vec<String>>,
    /// What session ids are derived from.
    pub namespace: Option<String>,
    /// What happens when a pane begins to wait.
    pub notify: Notify,
    /// What this instance of the plugin is.
    pub role: Role,
    /// For [`Role::Claude`]: where its Claude starts; a relative path counts from the layout's cwd.
    pub dir: Option<String>,
    /// For [`Role::Claude`]: the conversation that it takes up.
    pub resume: Option<SessionId>,
    /// Zellij's own addition: the cwd of the pane from which the alias was first loaded.
    pub caller_cwd: Option<String>,
}

impl Options {
    /// What happens when the installed Claude ignores `CLAUDE_CONFIG_DIR`. On macOS a HOME of its own breaks the lookup
    /// of the login in the keychain, so nothing is started there unless the user says otherwise.
    #[must_use]
    pub fn fallback_on(&self, platform: Platform) -> Fallback {
        self.fallback.unwrap_or(match platform {
            Platform::MacOs => Fallback::Refuse,
            Platform::Other => Fallback::Home,
        })
    }
}

/// What the plugin sees of the environment, as far as options depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Environment<'a> {
    /// `HOME`.
    pub home: Option<&'a str>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<&'a str>,
}

/// The user's HOME; not that of the desk in whose pane this Zellij was started.
pub fn users_home(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let home = variable("HOME")?;
    match (variable("CARREL_DESK"), variable("CARREL_REAL_HOME")) {
        (Some(desk), Some(real)) if desk == home => Some(real),
        _ => Some(home),
    }
}

/// Where this runs, as far as it changes a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// macOS.
    MacOs,
    /// Linux and its like.
    Other,
}

/// What happens when the installed Claude ignores `CLAUDE_CONFIG_DIR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The pane gets its own `HOME`.
    Home,
    /// The pane opens without isolation.
    None,
    /// Nothing is opened.
    Refuse,
}

/// Whether a thing is one for all desks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// The user's own, for all desks.
    Shared,
    /// One for each desk.
    Separate,
}

/// What happens when a pane begins to wait for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Nothing.
    None,
    /// The terminal's bell.
    Bell,
    /// A notification of the desktop, asked for by an escape sequence.
    Osc,
}

/// What an instance of the plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Acts, and shows the panel when it is asked to.
    Manager,
    /// A health panel in a slot of a layout.
    Panel,
    /// Is turned in place into an isolated pane.
    Claude,
}

/// Reads a configuration. The error holds one sentence for each thing that is wrong, and is never empty.
pub fn parse(config: &BTreeMap<String, String>, env: &Environment) -> Result<Options, Vec<String>> {
    let mut read = Reader { config, wrong: Vec::new() };
    let home = env.home.filter(|home| home.starts_with('/')).map(|home| home.trim_end_matches('/'));

    let method = read.one_of("method", &Method::from_word, "`config_dir`, `home`, `none` or `container`");
    let fallback = read.one_of("fallback", &fallback_word, "`home`, `none` or `refuse`");
    let cleanup_on_close = read.one_of("cleanup_on_close", &boolean_word, "`true` or `false`");
    let home_symlinks = read.each("home_symlinks", entries::home_symlinks);
    let share = read.each("share", entries::share);
    let login = read.one_of("login", &sharing_word, "`shared` or `separate`");
    let memory = read.one_of("memory", &sharing_word, "`shared` or `separate`");
    let claude = read.value("claude", |text| values::program(text, home));
    let claude_args = read.value("claude_args", parse_claude_args);
    let close_on_exit = read.one_of("close_on_exit", &boolean_word, "`true` or `false`");
    let state_dir = read.state_dir(home, env.xdg_state_home);
    let shared_dir = read.value("shared_dir", |text| values::directory(text, home));
    let container_command = read.value("container_command", values::container_command);
    let namespace = read.value("namespace", values::namespace);
    let notify = read.one_of("notify", &notify_word, "`none`, `bell` or `osc`");
    let role = read.one_of("role", &role_word, "`manager`, `panel` or `claude`");
    let dir = read.value("dir", |text| values::start_dir(text, home));
    let resume = read.value("resume", |text| {
        text.parse::<SessionId>().map_err(|_| "but it must be a session id: a uuid with its hyphens".to_string())
    });
    read.only_for_role_claude(role);
    read.shared_dir_outside(state_dir.as_deref(), shared_dir.as_deref());
    read.unknown_keys();

    let build = || {
        Some(Options {
            method: method?,
            fallback,
            cleanup_on_close: cleanup_on_close?,
            home_symlinks: home_symlinks?,
            share: share?,
            login: login?,
            memory: memory?,
            claude: claude?,
            claude_args: claude_args?,
            close_on_exit: close_on_exit?,
            state_dir: state_dir?,
            shared_dir,
            container_command,
            namespace,
            notify: notify?,
            role: role?,
            dir,
            resume,
            caller_cwd: config.get("caller_cwd").cloned(),
        })
    };
    if !read.wrong.is_empty() {
        return Err(read.wrong);
    }
    // Whatever is missing here has left a sentence above.
    build().ok_or_else(|| vec!["the configuration cannot be read".to_string()])
}

/// Keys that Zellij adds by itself to a plugin's configuration: `caller_cwd` for an alias that was loaded from a pane,
/// `_zellij_id` for `launch_new` (read in the source of Zellij 0.45.1).
const ZELLIJS_OWN: [&str; 2] = ["caller_cwd", "_zellij_id"];

struct Reader<'a> {
    config: &'a BTreeMap<String, String>,
    wrong: Vec<String>,
}

impl Reader<'_> {
    /// What is written, or the text that stands for it.
    fn text(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned().or_else(|| {
            OPTIONS.iter().find(|(name, _)| *name == key).and_then(|(_, default)| default.map(str::to_string))
        })
    }

    /// Reads one value; what is wrong with it completes the sentence "`key` is `value`, …".
    fn value<T>(&mut self, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.each(key, |text| read(text).map_err(|why| vec![why]))
    }

    /// The same for a value in which several things may be wrong.
    fn each<T>(&mut self, key: &str, read: impl FnOnce(&str) -> Result<T, Vec<String>>) -> Option<T> {
        let text = self.text(key)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(whys) => {
                self.wrong.extend(whys.iter().map(|why| format!("`{key}` is {}, {why}.", shown(&text))));
                None
            }
        }
    }

    fn one_of<T>(&mut self, key: &str, word: &dyn Fn(&str) -> Option<T>, allowed: &str) -> Option<T> {
        self.value(key, |text| word(text).ok_or_else(|| format!("but it must be {allowed}")))
    }

    fn state_dir(&mut self, home: Option<&str>, xdg_state_home: Option<&str>) -> Option<String> {
        if self.config.contains_key("state_dir") {
            return self.value("state_dir", |text| values::directory(text, home));
        }
        // "All paths set in these environment variables must be absolute. If an implementation encounters a relative
        // path […] it should consider the path invalid and ignore it." (XDG Base Directory Specification)
        let state_home = match (xdg_state_home.filter(|dir| dir.starts_with('/')), home) {
            (Some(dir), _) => dir.to_string(),
            (None, Some(home)) => format!("{home}/.local/state"),
            (None, None) => {
                self.wrong.push(
                    "`state_dir` is not set, and Zellij's environment has no HOME to derive it from: set `state_dir` to an absolute path."
                        .to_string(),
                );
                return None;
            }
        };
        let dir = format!("{}/carrel", state_home.trim_end_matches('/'));
        values::directory(&dir, home)
            .map_err(|why| {
                self.wrong.push(format!("`state_dir` is not set, and what stands for it is {}, {why}.", shown(&dir)));
            })
            .ok()
    }

    fn only_for_role_claude(&mut self, role: Option<Role>) {
        if role.is_none_or(|role| role == Role::Claude) {
            return;
        }
        for key in ["dir", "resume"] {
            if let Some(value) = self.config.get(key) {
                self.wrong.push(format!(
                    "`{key}` is {}, but it is allowed only together with `role \"claude\"`.",
                    shown(value)
                ));
            }
        }
    }

    /// A desk among the desks would be taken for the user's own state, and cleaned away.
    fn shared_dir_outside(&mut self, state_dir: Option<&str>, shared_dir: Option<&str>) {
        let (Some(state_dir), Some(shared_dir)) = (state_dir, shared_dir) else { return };
        if shared_dir.strip_prefix(state_dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            self.wrong.push(format!(
                "`shared_dir` is {}, but it must lie outside the state dir {}.",
                shown(shared_dir),
                shown(state_dir)
            ));
        }
    }

    fn unknown_keys(&mut self) {
        let names = OPTIONS.map(|(name, _)| name);
        for (key, value) in self.config {
            if names.contains(&key.as_str()) || ZELLIJS_OWN.contains(&key.as_str()) {
                continue;
            }
            let hint = match nearest(key, &names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the options are `{}`.", names.join("`, `")),
            };
            self.wrong.push(format!("{} (with the value {}) is not an option: {hint}", shown(key), shown(value)));
        }
    }
}

fn boolean_word(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn fallback_word(word: &str) -> Option<Fallback> {
    match word {
        "home" => Some(Fallback::Home),
        "none" => Some(Fallback::None),
        "refuse" => Some(Fallback::Refuse),
        _ => None,
    }
}

fn sharing_word(word: &str) -> Option<Sharing> {
    match word {
        "shared" => Some(Sharing::Shared),
        "separate" => Some(Sharing::Separate),
        _ => None,
    }
}

fn notify_word(word: &str) -> Option<Notify> {
    match word {
        "none" => Some(Notify::None),
        "bell" => Some(Notify::Bell),
        "osc" => Some(Notify::Osc),
        _ => None,
    }
}

fn role_word(word: &str) -> Option<Role> {
    match word {
        "manager" => Some(Role::Manager),
        "panel" => Some(Role::Panel),
        "claude" => Some(Role::Claude),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
