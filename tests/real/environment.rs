//! What Claude finds at its desk: variables, login, shared dir, also in odd surroundings.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::desks::{claudes, state_dir, wait_until_kept, Pane};
use crate::support::machine::{Machine, User, LOGIN_TOKEN, MEMORY_WORD};
use crate::support::zellij::{Setup, Zellij};

/// By these a Claude that started Zellij would make another one save nothing.
const MARKERS: [&str; 5] = [
    "CLAUDECODE",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SKIP_PROMPT_HISTORY",
];

/// What differs from pane to pane, and what a shell writes down of itself.
const BY_NATURE: [&str; 5] = ["ZELLIJ_PANE_ID", "PWD", "OLDPWD", "SHLVL", "_"];

fn comparable(env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    env.clone().into_iter().filter(|(name, _)| !BY_NATURE.contains(&name.as_str())).collect()
}

#[test]
fn the_child_has_exactly_the_variables_of_the_contract() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    for marker in MARKERS {
        machine.set_env(marker, "1");
    }
    // Else it would not be seen that Carrel sets it.
    machine.unset_env("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL");
    machine.set_env("USER_SETTING", "with a blank");
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    zellij.open(&[], &["sleep", "1000"]);
    let mut plain = machine.wait("a plain pane", || machine.processes_like("sleep 1000").pop()).env;
    for marker in MARKERS {
        assert_eq!(plain.remove(marker).as_deref(), Some("1"), "{marker}");
    }
    assert_eq!(plain.get("USER_SETTING").map(String::as_str), Some("with a blank"));
    let home = machine.home().display().to_string();
    let below = |part: &str| format!("{home}/{part}");
    for (method, place) in [("config_dir", "claude-configs"), ("home", "claude-homes"), ("none", "claude-configs")] {
        let pane = Pane::open(&zellij, &format!("floating=true,method={method}"));
        let desk = state_dir(&machine).join(place).join(format!("pane-{}", pane.pane));
        let child = claudes(&machine).into_iter().find(|claude| claude.env.get("CARREL_PANE") == Some(&pane.pane));
        let child = child.unwrap_or_else(|| panic!("no Claude of {method}: {:#?}", claudes(&machine)));
        let mut wanted = plain.clone();
        let mut set = |name: &str, value: &str| wanted.insert(name.to_owned(), value.to_owned());
        let desk_path = desk.display().to_string();
        set("CARREL_PANE", &pane.pane);
        set("CARREL_DESK", &desk_path);
        set("CARREL_REAL_HOME", &home);
        set("CARREL_REAL_CONFIG_DIR", "");
        if method != "none" {
            set("CLAUDE_CODE_PLUGIN_CACHE_DIR", &below(".claude/plugins"));
            set("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1");
        }
        match method {
            "config_dir" => {
                set("CLAUDE_CONFIG_DIR", &desk_path);
                set("CLAUDE_SECURESTORAGE_CONFIG_DIR", "");
            }
            "home" => {
                set("HOME", &desk_path);
                set("CLAUDE_SECURESTORAGE_CONFIG_DIR", &below(".claude"));
                // What programs look for below HOME and can be told of otherwise. This user has none of the others.
                set("XDG_CONFIG_HOME", &below(".config"));
                set("XDG_DATA_HOME", &below(".local/share"));
                set("XDG_STATE_HOME", &below(".local/state"));
                set("XDG_CACHE_HOME", &below(".cache"));
            }
            _ => {}
        }
        assert_eq!(comparable(&child.env), comparable(&wanted), "{method}");
        if method == "config_dir" {
            let settings = fs::read_to_string(desk.join(".carrel/settings.json")).unwrap();
            let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
            assert_eq!(settings["env"]["CLAUDE_CONFIG_DIR"].as_str(), Some(desk_path.as_str()));
        }
    }
}

#[test]
fn without_an_api_key_the_users_login_is_used_at_every_desk_and_stays_what_it_was() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    machine.unset_env("ANTHROPIC_API_KEY");
    // Claude asks Anthropic itself about a login, wherever its API is: there is nobody, whatever network the tests have.
    machine.set_env("HTTPS_PROXY", "http://127.0.0.1:1");
    machine.set_env("NO_PROXY", "127.0.0.1");
    let login = || -> serde_json::Value { serde_json::from_str(&machine.read(".claude/.credentials.json")).unwrap() };
    let before = login();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    for method in ["config_dir", "home"] {
        let pane = Pane::open(&zellij, &format!("floating=true,method={method}"));
        let words = format!("logged in with {method}");
        pane.say(&zellij, &words);
        let screen = zellij.pane_text(pane.terminal);
        assert!(!screen.to_lowercase().contains("log in") && !screen.contains("/login"), "{method}:\n{screen}");
        let request = machine.api().wait_for_prompt(&words);
        assert_eq!(request.header("authorization"), Some(format!("Bearer {LOGIN_TOKEN}").as_str()), "{method}");
        assert_eq!(request.header("x-api-key"), None, "{method}");
        zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
        let own = pane.desk.join(".credentials.json");
        assert!(own.symlink_metadata().is_err(), "the login is neither copied nor linked: {}", own.display());
        zellij.close_pane(pane.terminal);
        pane.wait_until_gone(&machine);
    }
    assert_eq!(login(), before);
}

#[test]
fn a_users_own_config_dir_is_the_shared_dir() {
    let machine = Machine::new();
    let own = machine.at_home("my claude");
    fs::rename(machine.at_home(".claude"), &own).unwrap();
    fs::rename(machine.at_home(".claude.json"), own.join(".claude.json")).unwrap();
    let letter_for_letter = format!("{}/", own.display());
    machine.set_env("CLAUDE_CONFIG_DIR", &letter_for_letter);
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let claude = claudes(&machine).pop().unwrap();
    assert_eq!(claude.env.get("CLAUDE_SECURESTORAGE_CONFIG_DIR"), Some(&letter_for_letter));
    pane.say(&zellij, "at home elsewhere");
    assert!(machine.api().wait_for_prompt("at home elsewhere").mentions(MEMORY_WORD));
    let session = pane.session(&machine);
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    machine.wait("kept in the user's own dir", || crate::support::claude::transcript(&own, &session));
    assert!(!machine.at_home(".claude/projects").exists());
}

#[test]
fn a_zellij_started_from_inside_an_isolated_pane_finds_the_real_shared_dir() {
    let machine = Machine::new();
    let outer = Zellij::new(&machine, &Setup::carrel());
    let client = outer.start();
    let pane = Pane::open(&outer, "");
    // The environment of the pane's Claude, as a Zellij that it starts would inherit it.
    let claude = claudes(&machine).pop().unwrap();
    for key in [
        "CLAUDE_CONFIG_DIR",
        "CLAUDE_SECURESTORAGE_CONFIG_DIR",
        "CLAUDE_CODE_PLUGIN_CACHE_DIR",
        "CARREL_PANE",
        "CARREL_DESK",
    ] {
        machine.set_env(key, claude.env.get(key).cloned().unwrap_or_default());
    }
    let inner = outer.session("inner");
    let _inner_client = inner.start();
    let nested = Pane::open(&inner, "");
    nested.say(&inner, "from the inner session");
    let session = nested.session(&machine);
    inner.close_pane(nested.terminal);
    nested.wait_until_gone(&machine);
    wait_until_kept(&machine, &session);
    assert!(crate::support::claude::transcript(&pane.desk, &session).is_none(), "kept in a desk");
    drop(client);
}

#[test]
fn odd_paths_are_no_obstacle() {
    let machine = Machine::new();
    let odd = "pro'ject \"x\" ü 日本 $HOME `id` \\n";
    machine.seed(&User { trusts: vec![odd.to_owned()], ..User::normal() });
    let dir = machine.at_home(odd);
    let newline = machine.at_home("two\nlines");
    fs::create_dir_all(&newline).unwrap();
    let state = machine.at_home("st ate's \"dir\"");
    let zellij = Zellij::new(&machine, &Setup::carrel().option("state_dir", &state.display().to_string()));
    let _client = zellij.start();
    let payload = json!({"cwd": dir, "request": "odd"}).to_string();
    let pane = Pane::of(&zellij.ask("new", "", &payload));
    pane.wait_for_prompt(&zellij);
    assert!(pane.desk.starts_with(&state));
    pane.say(&zellij, "from an odd place");
    let session = pane.session(&machine);
    let status = zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    assert_eq!(pane.entry(&status)["cwd"].as_str(), dir.to_str());
    zellij.close_pane(pane.terminal);
    wait_until_kept(&machine, &session);

    let payload = json!({"cwd": newline, "request": "newline"}).to_string();
    let pane = Pane::of(&zellij.ask("new", "", &payload));
    machine.wait("the trust question", || {
        crate::support::claude::shows_trust_question(&zellij.pane_text(pane.terminal)).then_some(())
    });
    let status = zellij.wait_status("the cwd is read", |status| pane.entry(status)["cwd"] == newline.to_str().unwrap());
    assert_eq!(pane.entry(&status)["health"], "unknown");
}

#[test]
fn desks_and_state_are_private_from_birth() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let state = state_dir(&machine);
    for dir in
        [state.clone(), state.join("claude-configs"), state.join("seed"), pane.desk.clone(), pane.desk.join(".carrel")]
    {
        assert_eq!(mode(&dir), 0o700, "{}", dir.display());
    }
    for file in [".claude.json", ".carrel/record", ".carrel/settings.json"] {
        assert_eq!(mode(&pane.desk.join(file)), 0o600, "{file}");
    }
}
