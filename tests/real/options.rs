//! Options that change what an isolated Claude is told and where it runs, on the real one: namespace, home_symlinks,
//! container_command, login.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{json, Value};
use uuid::Uuid;

use crate::desks::{assert_only_conversations_were_added, claudes, wait_until_kept, words_in, Pane};
use crate::support::claude;
use crate::support::machine::{Entry, Machine, Manifest, Process, User, LOGIN_TOKEN, MEMORY_WORD};
use crate::support::messages_api::Request;
use crate::support::zellij::{key, Setup, Zellij};

/// Words as they stand on a screen that breaks lines.
fn shows(screen: &str, words: &str) -> bool {
    screen
        .split(|letter: char| letter.is_whitespace() || "│|".contains(letter))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .contains(words)
}

/// What the manual's line of python prints, with another name and another desk in it.
fn computed(namespace: &str, desk: &str) -> String {
    let manual = include_str!("../../README.md");
    let line =
        manual.lines().find_map(|line| line.strip_prefix("python3 -c 'from uuid import *; print(")).expect("the line");
    let line = line.replace("carrel:team", &format!("carrel:{namespace}"));
    let line = line.replace("550e8400-e29b-41d4-a716-446655440000", desk);
    let ["uuid5(uuid5(NAMESPACE_URL, ", outer, "), ", inner, "))'"] = line.split('"').collect::<Vec<_>>()[..] else {
        panic!("another expression than this test can compute: {line}")
    };
    assert!(outer.contains(namespace) && inner == desk, "{line}");
    let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, outer.as_bytes());
    Uuid::new_v5(&space, inner.as_bytes()).to_string()
}

#[test]
fn with_a_namespace_the_manual_tells_the_id_of_a_conversation_and_plain_claude_goes_on_with_it() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("namespace", "project-x"));
    let _client = zellij.start();
    let order = |method| Pane::order(&zellij, "new", &format!("floating=true,method={method}"));
    let panes = ["none", "config_dir"].map(|method| (method, order(method)));
    let ids = panes.clone().map(|(_, pane)| computed("project-x", &pane.pane));
    for ((method, pane), id) in panes.iter().zip(&ids) {
        let words = format!("a word for {method}");
        pane.wait_for_prompt(&zellij);
        pane.say(&zellij, &words);
        assert_eq!(machine.api().wait_for_prompt(&words).session.as_ref(), Some(id), "{method}");
        let state = if *method == "none" { machine.at_home(".claude") } else { pane.desk.clone() };
        machine.wait("it is written down under that id", || {
            words_in(&claude::transcript(&state, id)?).contains(&format!("Noted: {words}")).then_some(())
        });
    }
    // No alarm, neither before nor after Claude has begun a page of its own, with an id of its own.
    let fits = |status: &Value, is_session: &dyn Fn(&Value, &str) -> bool| {
        panes.iter().zip(&ids).all(|((method, pane), id)| {
            let entry = pane.entry_in(status).unwrap_or_default();
            entry["health"] == if *method == "none" { "unknown" } else { "isolated" }
                && entry["state"] == "idle"
                && entry["problems"] == json!([])
                && is_session(&entry["session"], id)
        })
    };
    zellij.wait_status("each has its id", |status| fits(status, &|session, id| session == id));
    panes.iter().for_each(|(_, pane)| zellij.type_line(pane.terminal, "/clear"));
    let is_other = |session: &Value, id: &str| session.is_string() && session != id;
    zellij.wait_status("each has a new page", |status| fits(status, &is_other));
    panes[0].1.say(&zellij, "on the new page");
    let request = machine.api().wait_for_prompt("on the new page");
    assert!(request.session.as_ref() != Some(&ids[0]) && !request.mentions("a word for"));
    zellij.wait_status("that is answered too", |status| fits(status, &is_other));
    let status = zellij.ask("check", "", "");
    assert!(fits(&status, &is_other), "{status:#}");

    for ((_, pane), id) in panes.iter().zip(&ids) {
        zellij.close_pane(pane.terminal);
        pane.wait_until_gone(&machine);
        wait_until_kept(&machine, id);
    }
    for ((method, _), id) in panes.iter().zip(&ids) {
        let question = format!("which word for {method}?");
        claude::resume(&machine, id, &question).ok();
        let request = machine.api().wait_for_prompt(&question);
        assert!(request.mentions(&format!("a word for {method}")) && request.session.as_ref() == Some(id), "{method}");
    }
}

#[test]
fn entries_that_home_symlinks_names_are_found_and_written_by_claude_and_outlive_its_desk() {
    let user = User {
        settings: Some(json!({"theme": "dark", "permissions": {"defaultMode": "default", "allow": ["Bash"]}})),
        ..User::normal()
    };
    let machine = Machine::of(&user);
    machine.write(".gitconfig", "[user]\n\tname = Ann Reader\n");
    machine.write(".bashrc", "# mine\n");
    machine.write(".ssh/config", "Host *\n");
    machine.write("notes/one", "the first note\n");
    machine.write("todo.txt", "buy ink\n");
    machine.write("tools/deep/check", "echo checked by $(git config user.name)\n");
    machine.write(
        "project/look",
        "{ git config user.name; cat ~/notes/one ~/todo.txt; sh ~/tools/deep/check; } >looking 2>&1\n\
         echo two >~/notes/two; echo read >>~/todo.txt; echo draft >~/draft.txt; mv looking seen\n",
    );
    let mine = || Manifest::of(&machine.home(), &[".gitconfig", ".bashrc", ".ssh", "notes", "todo.txt", "tools"]);
    let before = mine();
    let setup = Setup::carrel().option("method", "home").panel_key("Alt p");

    let refused = [".claude", ".claude.json", "../x", "/etc/passwd"];
    let zellij = Zellij::new(&machine, &setup.clone().option("home_symlinks", &format!("notes {}", refused.join(" "))));
    let zellij = zellij.session("refused");
    let mut client = zellij.start();
    let error = zellij.ask("new", "", "")["error"].to_string();
    assert!(refused.iter().all(|name| error.contains(&format!("`{name}`"))) && !error.contains("`notes`"), "{error}");
    client.press(&key::alt('p'), "all of them on the panel", |screen| refused.iter().all(|name| screen.contains(name)));
    assert!(machine.claudes().is_empty() && machine.launchers().is_empty(), "a Claude was started all the same");
    zellij.kill_session();
    drop(client);

    let named = ".gitconfig notes/ todo.txt tools/deep/check missing";
    let zellij = Zellij::new(&machine, &setup.option("home_symlinks", named)).session("named");
    let mut client = zellij.start();
    let pane = Pane::open(&zellij, "");
    zellij.type_line(pane.terminal, "run: sh look");
    machine.wait("Claude's own shell has looked", || machine.project().join("seen").exists().then_some(()));
    assert_eq!(machine.read("project/seen"), "Ann Reader\nthe first note\nbuy ink\nchecked by Ann Reader\n");
    let home = pane.desk.parent().unwrap();
    assert!(!home.join(".bashrc").exists() && !home.join(".ssh").exists(), "linked although it is not named");
    let told = format!("home_symlinks names missing, which is not in {}", machine.home().display());
    zellij.wait_status("the missing one is told of", |status| {
        let problems = pane.entry(status)["problems"].clone();
        problems.as_array().is_some_and(|all| all.len() == 1) && problems.to_string().contains(&told)
    });
    client.press(&key::alt('p'), "and on the panel", |screen| {
        shows(screen, "home_symlinks names missing, which is not in")
    });
    let written = |machine: &Machine| {
        assert_eq!(machine.read("notes/two"), "two\n");
        assert_eq!(machine.read("todo.txt"), "buy ink\nread\n");
    };
    written(&machine);
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    written(&machine);
    before.assert_unchanged(&mine(), &["notes/two", "todo.txt"]);
    assert_eq!(machine.read("draft.txt"), "draft\n");
}

/// A user with a login and no API key, on a machine whose Claude reaches nobody but the stand-in.
fn with_a_login() -> Machine {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    machine.unset_env("ANTHROPIC_API_KEY");
    machine.set_env("HTTPS_PROXY", "http://127.0.0.1:1");
    machine.set_env("NO_PROXY", "127.0.0.1");
    machine
}

/// As podman understands its words: the environment, the mounts and the directory that it is told, of the user's HOME nothing
/// else; and the command as the first process.
const PODMAN: &str = r#"#!/bin/sh
printf '%s\n' "$@" >"$0.told"
box="--unshare-pid --as-pid-1 --ro-bind / / --dev /dev --proc /proc --tmpfs $HOME --bind $TMPDIR $TMPDIR"
box="$box --clearenv --setenv HOME $HOME --setenv PATH $PATH --setenv TERM $TERM"
while [ "$1" != claude-image ]; do
	case $1 in
	-e)
		case $2 in
		*=*) box="$box --setenv ${2%%=*} ${2#*=}" ;;
		*) eval "box=\"\$box --setenv $2 \$$2\"" ;;
		esac
		shift
		;;
	-v) box="$box --bind ${2%%:*} ${2#*:}" && shift ;;
	-w) box="$box --chdir $2" && shift ;;
	esac
	shift
done
shift
exec bwrap $box "$@"
"#;

/// The manual's first example for another runtime, for this machine's user.
fn podman(machine: &Machine) -> Vec<String> {
    let manual = include_str!("../../docs/isolation.md");
    let text = manual.split("container_command r#\"").nth(1).unwrap().split("\"#").next().unwrap();
    let text = text.replace("/home/me", machine.home().to_str().unwrap());
    let mut words: Vec<String> = serde_json::from_str(&text).unwrap();
    // What this machine's Claude needs to find the stand-in.
    let own = ["ANTHROPIC_BASE_URL", "HTTPS_PROXY", "NO_PROXY", "CLAUDE_CODE_TMPDIR", "DISABLE_AUTOUPDATER"];
    let at = words.iter().position(|word| word == "-it").expect("-it") + 1;
    words.splice(at..at, own.iter().flat_map(|name| ["-e".to_owned(), (*name).to_owned()]));
    words
}

#[test]
fn in_another_runtime_a_conversation_is_held_kept_and_gone_on_with_and_a_missing_one_is_named() {
    let machine = with_a_login();
    let file = machine.path("bin/podman");
    fs::write(&file, PODMAN).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let setup = Setup::carrel().option("method", "container").panel_key("Alt p");
    let zellij = Zellij::new(&machine, &setup.option("container_command", &json!(podman(&machine)).to_string()));
    let mut client = zellij.start();
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, "the word is CASK");
    let request = machine.api().wait_for_prompt("the word is CASK");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {LOGIN_TOKEN}").as_str()));
    assert!(request.mentions(MEMORY_WORD));
    let session = pane.session(&machine);
    // Not one that is only asked for its login.
    let at_desk = |claude: &Process| claude.env.get("CLAUDE_CONFIG_DIR").map(Path::new) == Some(&*pane.desk);
    let child = machine.claudes().into_iter().find(at_desk).expect("a Claude at the desk");
    assert_eq!(child.env.get("CARREL_PANE"), None, "another environment than the runtime's");
    let told = fs::read_to_string(machine.path("bin/podman.told")).unwrap();
    assert!(told.contains(&format!("\n-v\n{0}:{0}\n", pane.desk.display())), "{told}");
    // Its hooks ring out of it; nothing is presumed of where it runs.
    assert!(pane.desk.join(".carrel/rang").exists());
    let entry = pane.entry(&zellij.ask("check", "", ""));
    let known = ["method", "health", "session", "problems"].map(|key| entry[key].clone());
    assert_eq!(known, [json!("container"), json!("unknown"), json!(session), json!([])]);
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    assert!(words_in(&wait_until_kept(&machine, &session)).contains("CASK"));

    let again = Pane::order(&zellij, "resume", &format!("session={session}"));
    again.wait_for_prompt(&zellij);
    again.say(&zellij, "which word was it?");
    let request = machine.api().wait_for_prompt("which word was it?");
    assert!(request.mentions("CASK") && request.session.as_ref() == Some(&session));
    zellij.close_pane(again.terminal);
    again.wait_until_gone(&machine);
    claude::resume(&machine, &session, "and once more?").ok();
    assert!(machine.api().wait_for_prompt("and once more?").mentions("which word was it?"));

    fs::remove_file(&file).unwrap();
    let told = "container_command begins with \"podman\", and there is no such program";
    let error = zellij.ask("new", "", "")["error"].clone();
    assert!(error.as_str().is_some_and(|error| error.contains(told) && error.contains("install it")), "{error}");
    client.press_for_text(&key::alt('p'), "hide");
    client.keys("n");
    client.wait_screen("the panel says it", |screen| shows(screen, told));
    assert!(zellij.terminals().len() == 1 && machine.launchers().is_empty(), "a pane was opened");
}

#[test]
fn with_separate_logins_a_desk_uses_its_own_which_goes_with_it_and_the_users_is_left_alone() {
    let machine = with_a_login();
    let before = machine.shared_state();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("login", "separate"));
    let mut client = zellij.start();
    let pane = Pane::open(&zellij, "");
    let child = claudes(&machine).pop().expect("a Claude");
    assert_eq!(child.env.get("CLAUDE_SECURESTORAGE_CONFIG_DIR"), None);
    assert_eq!(child.env.get("CLAUDE_CONFIG_DIR").map(Path::new), Some(&*pane.desk));
    // The user's own login is not found; as Claude writes one down that is made here:
    client.wait_text("Not logged in");
    const OWN: &str = "sk-ant-oat01-of-this-desk";
    let login = pane.desk.join(".credentials.json");
    assert!(login.symlink_metadata().is_err(), "the user's login, or a link to it, is at the desk");
    fs::write(&login, machine.read(".claude/.credentials.json").replace(LOGIN_TOKEN, OWN)).unwrap();
    fs::set_permissions(&login, fs::Permissions::from_mode(0o600)).unwrap();
    client.type_line("/exit");
    zellij.wait_status("exited", |status| pane.entry(status)["state"] == "exited");
    client.keys(key::ENTER);
    pane.wait_for_prompt(&zellij);
    pane.say(&zellij, "logged in here");
    let request = machine.api().wait_for_prompt("logged in here");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {OWN}").as_str()));
    let with_the_users =
        |request: &&Request| request.header("authorization").is_some_and(|it| it.contains(LOGIN_TOKEN));
    assert_eq!(machine.api().requests().iter().filter(with_the_users).count(), 0, "the user's login was used");
    zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    let session = pane.session(&machine);
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    wait_until_kept(&machine, &session);
    assert_only_conversations_were_added(&machine, &before);
    let holds = |entry: &Entry| matches!(entry, Entry::File(bytes) if String::from_utf8_lossy(bytes).contains(OWN));
    machine.wait("nothing of the desk's login is left anywhere", || {
        (!Manifest::of(&machine.home(), &[".claude", ".claude.json", ".local"]).0.values().any(holds)).then_some(())
    });
    // Plain Claude goes on with it, by the user's own.
    claude::resume(&machine, &session, "and here?").ok();
    let request = machine.api().wait_for_prompt("and here?");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {LOGIN_TOKEN}").as_str()));
    assert!(request.mentions("logged in here"));
}
