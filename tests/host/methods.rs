//! Every method keeps its word: where Claude's state lies, what its children find again, what becomes of what they write.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use super::place::*;

fn home_desk(place: &Place) -> PathBuf {
    place.state.join(format!("claude-homes/pane-{PANE}"))
}

fn words(method: &str, more: &[&str]) -> Vec<String> {
    let words = ["run", "--pane", PANE, "--session", SESSION, "--method", method];
    words.iter().chain(more).map(|word| (*word).to_string()).collect()
}

/// Runs the launcher until it ends, in a group of its own, as Zellij starts it.
fn run(place: &Place, method: &str, more: &[&str]) -> Answer {
    Answer::of(place.carrel(&words(method, more)).process_group(0).output().unwrap())
}

fn record(place: &Place) -> String {
    read(&home_desk(place).join(".carrel/record"))
}

fn executable(path: &Path, body: &str) {
    write(path, &format!("#!/bin/sh\n{body}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn talk(session: &str) -> String {
    format!("projects/-p/{session}.jsonl")
}

#[test]
fn in_a_home_of_its_own_claude_has_its_state_beside_the_users_links() {
    each_shell(|place| {
        place.seed();
        for name in ["settings.json", "CLAUDE.md", "plugins/p", "projects/p", ".credentials.json"] {
            write(&place.shared.join(name), "{}");
        }
        for name in [".bashrc", ".gitconfig", ".ssh/config", ".vimrc", ".local/bin/tool"] {
            write(&place.home.join(name), "");
        }
        run(place, "home", &[]).ends_with(0).expect("\u{1b}]0;claude\u{7}");
        let desk = home_desk(place);
        assert_eq!(
            names(&desk),
            [".bashrc", ".carrel", ".claude", ".claude.json", ".gitconfig", ".local", ".ssh"],
            "what is not there (.zshrc) is not linked, and nothing else of the HOME is"
        );
        assert_eq!(fs::read_link(desk.join(".gitconfig")).unwrap(), place.home.join(".gitconfig"));
        assert_eq!(names(&desk.join(".claude")), ["CLAUDE.md", "settings.json"]);
        assert_eq!(fs::read_link(desk.join(".claude/CLAUDE.md")).unwrap(), place.shared.join("CLAUDE.md"));
        assert_eq!(read(&desk.join(".claude.json")), read(&place.home.join(".claude.json")));
        assert!(!is_link(&desk.join(".claude.json")));
        assert_eq!((mode(&desk), mode(&desk.join(".claude")), mode(&desk.join(".claude.json"))), (0o700, 0o700, 0o600));
        assert!(!place.desk().exists());
        let settings = desk.join(".carrel/settings.json").display().to_string();
        assert_eq!(place.argv(), ["--session-id", SESSION, "--settings", &settings]);
        assert!(!read(Path::new(&settings)).contains("CLAUDE_CONFIG_DIR"));
        // Run again, nothing changes.
        let there = || -> Vec<_> {
            // Each launcher says by a file's name that it is there.
            tree(&desk).into_keys().filter(|path| !path.contains("/at-")).collect()
        };
        let before = there();
        run(place, "home", &[]).ends_with(0);
        assert_eq!(there(), before);
    });
}

#[test]
fn a_home_of_its_own_is_told_by_home_alone_and_its_children_find_what_is_the_users() {
    each_shell(|place| {
        place.seed();
        for name in [".cargo/registry/x", ".npm/x", ".gnupg/x", ".kube/config", ".aws/config"] {
            write(&place.home.join(name), "");
        }
        let mut command = place.carrel(&words("home", &[]));
        command.env("CLAUDE_CONFIG_DIR", &place.shared).env("XDG_DATA_HOME", "/mine").env("GNUPGHOME", "");
        write(&home_desk(place).join(".claude.json"), "{}");
        Answer::of(command.output().unwrap()).ends_with(0);
        let mut got = place.environ();
        let home = |name: &str| Some(place.home.join(name).display().to_string());
        let shared = Some(place.shared.display().to_string());
        for (name, value) in [
            ("HOME", Some(home_desk(place).display().to_string())),
            ("CLAUDE_CONFIG_DIR", None),
            ("CLAUDE_SECURESTORAGE_CONFIG_DIR", shared.clone()),
            ("CLAUDE_CODE_PLUGIN_CACHE_DIR", home(".claude/plugins")),
            ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", Some("1".into())),
            ("CARREL_PANE", Some(PANE.into())),
            ("CARREL_DESK", Some(home_desk(place).display().to_string())),
            ("CARREL_REAL_HOME", Some(place.home.display().to_string())),
            ("CARREL_REAL_CONFIG_DIR", shared),
            ("XDG_CONFIG_HOME", home(".config")),
            ("XDG_DATA_HOME", Some("/mine".into())),
            ("XDG_STATE_HOME", home(".local/state")),
            ("XDG_CACHE_HOME", home(".cache")),
            ("CARGO_HOME", home(".cargo")),
            ("npm_config_cache", home(".npm")),
            ("GNUPGHOME", Some(String::new())),
            ("KUBECONFIG", home(".kube/config")),
            ("AWS_CONFIG_FILE", home(".aws/config")),
            ("PATH", Some(format!("{}:{TOOLS}", place.bin.display()))),
        ] {
            assert_eq!(got.remove(name), value, "{name}");
        }
        for name in ["PWD", "OLDPWD", "SHLVL", "_"] {
            got.remove(name);
        }
        assert_eq!(got, [].into(), "what is not there is not named");
    });
}

#[test]
fn the_login_in_a_home_of_its_own_is_the_users_or_its_own() {
    each_shell(|place| {
        place.seed();
        let login = |place: &Place| place.environ().remove("CLAUDE_SECURESTORAGE_CONFIG_DIR");
        run(place, "home", &[]).ends_with(0);
        // Empty would mean below the desk's HOME.
        assert_eq!(login(place), Some(place.shared.display().to_string()));
        let mut command = place.carrel(&words("home", &[]));
        command.env("CLAUDE_SECURESTORAGE_CONFIG_DIR", "/elsewhere").process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        assert_eq!(login(place).as_deref(), Some("/elsewhere"));
        run(place, "home", &["--login", "separate"]).ends_with(0);
        assert_eq!(login(place), None);
    });
}

#[test]
fn scripts_that_the_settings_name_below_the_home_still_run() {
    each_shell(|place| {
        let home = &place.home;
        let hooks = [
            "~/.claude/hooks/deep/x.sh",
            "$HOME/bin/y --flag",
            "${HOME}/.local/share/z/run",
            "~/.claude/line.sh",
            "\\\"$HOME/my.sh\\\"",
        ];
        let commands: Vec<String> = hooks.iter().map(|hook| format!("{{\"command\":\"{hook}\"}}")).collect();
        // What Claude's own state is, is not linked, however it is named.
        let own =
            "~/.claude/projects/x ~/.claude.json ~/.claude/.credentials.json ~/.claude ~/../x $HOME/.claude/plugins/p";
        write(&place.shared.join("settings.json"), &format!("{{\"hooks\":[{}],\"x\":\"{own}\"}}", commands.join(",")));
        for script in [".claude/hooks/deep/x.sh", "bin/y", ".local/share/z/run", ".claude/line.sh", "my.sh"] {
            executable(&home.join(script), &format!("echo {script} >>\"$1/ran\""));
        }
        // Not named, and used by a named one.
        executable(&home.join(".claude/scripts/lib.sh"), "");
        executable(&home.join(".claude/status"), "");
        for state in [".claude/projects/x/y", ".claude/.credentials.json", ".claude/plugins/p", "private"] {
            write(&home.join(state), "");
        }
        place.seed();
        place.claude_does(
            "for c in '~/.claude/hooks/deep/x.sh' '$HOME/bin/y' '${HOME}/.local/share/z/run' '~/.claude/line.sh' \
             '\"$HOME/my.sh\"'; do sh -c \"$c $log\"; done\n",
        );
        run(place, "home", &[]).ends_with(0);
        assert_eq!(read(&place.log.join("ran")).lines().count(), 5);
        let desk = home_desk(place);
        assert_eq!(names(&desk.join(".claude")), ["hooks", "line.sh", "scripts", "settings.json", "status"]);
        assert_eq!(names(&desk), [".carrel", ".claude", ".claude.json", ".local", "bin", "my.sh"]);
        assert_eq!(names(&desk.join(".local/share")), ["z"]);
    });
}

#[test]
fn an_entry_of_home_symlinks_that_is_not_there_is_named_and_no_obstacle() {
    each_shell(|place| {
        place.seed();
        write(&place.home.join(".vimrc"), "");
        write(&place.home.join(".config/git/config"), "");
        run(place, "home", &["--home-links", ".vimrc .config/git .nothing"]).ends_with(0);
        let desk = home_desk(place);
        assert_eq!(names(&desk), [".carrel", ".claude", ".claude.json", ".config", ".vimrc"]);
        assert!(is_link(&desk.join(".config/git")));
        let notice = format!(
            "\nnotice=home_symlinks names .nothing, which is not in {}: it was not linked.\n",
            place.home.display()
        );
        assert!(record(place).contains(&notice), "{}", record(place));
        // Whatever a command line says, nothing leads out of the HOME or to Claude's own state.
        fs::remove_dir_all(&desk).unwrap();
        write(&place.top().join("out"), "");
        run(place, "home", &["--home-links", "../out /etc .. .claude .claude.json .claude/projects a/../../out"])
            .ends_with(0);
        assert_eq!(names(&desk), [".carrel", ".claude", ".claude.json"]);
        assert_eq!(names(&desk.join(".claude")), Vec::<String>::new());
    });
}

#[test]
fn a_conversation_in_a_home_of_its_own_is_resumed_kept_and_taken_back() {
    each_shell(|place| {
        place.seed();
        let desk = home_desk(place);
        place.claude_does(&format!("mkdir -p \"$HOME/.claude/projects/-p\"; printf '%s\\n' '{{\"type\":\"user\",\"sessionId\":\"{SESSION}\"}}' >>\"$HOME/.claude/{}\"\n", talk(SESSION)));
        run(place, "home", &[]).ends_with(0);
        run(place, "home", &[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        place.call(&["find", SESSION, ""]).expect(&format!("desk\t{PANE}\n"));
        let scanned = place.call(&["scan"]);
        assert_eq!(scanned.fields("desk"), [PANE, "homes"]);
        assert!(place.call(&["owners"]).fields("owner").contains(&"unkept".to_string()));

        // Its session has ended: the conversation is kept, the desk stays a HOME.
        place.call(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]).expect(&format!("clean\t{PANE}\tkept\n"));
        assert_eq!(read(&place.shared.join(talk(SESSION))).lines().count(), 2);
        assert!(desk.join(".claude.json").exists() && !desk.join(".claude").join(talk(SESSION)).exists());
        assert!(!place.desk().exists());
        run(place, "home", &[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        assert!(!place.shared.join(talk(SESSION)).exists());

        // Its pane has gone while a cleaner was killed on the way.
        fs::rename(&desk, place.leaving()).unwrap();
        run(place, "home", &[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        assert!(!place.leaving().exists() && !place.desk().exists());
        place.clean().expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert!(!desk.exists() && !place.leaving().exists());
        assert_eq!(read(&place.shared.join(talk(SESSION))).lines().count(), 4);
    });
}

#[test]
fn what_is_written_into_a_home_of_its_own_goes_to_the_users_or_waits_for_the_user() {
    each_shell(|place| {
        place.seed();
        let (home, desk) = (&place.home, home_desk(place));
        write(&home.join("notes.txt"), "the user's");
        write(&home.join("src/old.rs"), "old");
        run(place, "home", &[]).ends_with(0);
        for (path, text) in [
            ("notes.txt", "the desk's"),
            ("todo.txt", "new"),
            ("src/new.rs", "new"),
            ("backups/cache/debug", "names that Claude uses elsewhere"),
            (".cache/pip/x", "goes"),
            (".local/share/applications/claude-code-url-handler.desktop", "goes"),
            (".local/share/claude/versions/2.1.331", "goes"),
        ] {
            write(&desk.join(path), text);
        }
        link(Path::new("new.rs"), &desk.join("tree/link"));
        // Who comes back finds all of it.
        place.call(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]).expect(&format!("clean\t{PANE}\tkept\n"));
        assert_eq!((read(&desk.join("todo.txt")), home.join("todo.txt").exists()), ("new".into(), false));
        write(&desk.join(".gitconfig"), "[alias] ls = !rm");
        write(&desk.join(".local/share/precious"), "x");
        place.clean().expect(&format!("clean\t{PANE}\tblocked\t.gitconfig .local\n"));
        assert_eq!(read(&place.leaving().join(".gitconfig")), "[alias] ls = !rm");
        assert!(!home.join(".gitconfig").exists());
        for (path, text) in [
            ("notes.txt", "the user's"),
            ("notes.txt.desk-1", "the desk's"),
            ("todo.txt", "new"),
            ("src/old.rs", "old"),
            ("src/new.rs", "new"),
            ("backups/cache/debug", "names that Claude uses elsewhere"),
        ] {
            assert_eq!(read(&home.join(path)), text, "{path}");
        }
        assert!(is_link(&home.join("tree/link")));
        fs::remove_file(place.leaving().join(".gitconfig")).unwrap();
        fs::remove_file(place.leaving().join(".local/share/precious")).unwrap();
        place.clean().expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert!(!home.join(".cache").exists() && !home.join(".local").exists());
    });
}

#[test]
fn what_a_link_in_a_home_of_its_own_leads_to_is_never_touched() {
    each_shell(|place| {
        place.seed();
        write(&place.home.join(".local/share/claude/versions/1"), "the user's Claude");
        write(&place.home.join("work/precious"), "x");
        run(place, "home", &["--home-links", ".local work"]).ends_with(0);
        assert!(is_link(&home_desk(place).join(".local")));
        let before = tree(&place.home);
        place.clean().expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert_eq!(tree(&place.home), before);
    });
}

#[test]
fn links_below_a_directory_that_the_user_has_too_are_no_obstacle_to_its_end() {
    each_shell(|place| {
        place.seed();
        let (home, desk) = (&place.home, home_desk(place));
        executable(&home.join("scripts/hooks/a.sh"), "");
        write(&place.shared.join("settings.json"), "{\"command\":\"~/scripts/hooks/a.sh\"}");
        for name in ["tools/deep/check", "tools/mine", "gone/soon"] {
            write(&home.join(name), "the user's");
        }
        run(place, "home", &["--home-links", "tools/deep/check gone/soon"]).ends_with(0);
        for name in ["scripts/hooks", "tools/deep/check", "gone/soon"] {
            assert!(is_link(&desk.join(name)), "{name}");
        }
        write(&desk.join("tools/deep/new"), "a program's");
        fs::remove_file(home.join("gone/soon")).unwrap();
        place.clean().expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert!(!desk.exists() && !place.leaving().exists());
        assert_eq!(names(&home.join("gone")), Vec::<String>::new());
        assert_eq!(names(&home.join("scripts/hooks")), ["a.sh"]);
        assert_eq!(names(&home.join("tools")), ["deep", "mine"]);
        assert_eq!(read(&home.join("tools/deep/check")), "the user's");
        assert_eq!(read(&home.join("tools/deep/new")), "a program's");
        // A link that is not Carrel's own may be all that is left of something: it waits for the user.
        run(place, "home", &["--home-links", "tools/deep/check"]).ends_with(0);
        link(Path::new("../mine"), &desk.join("tools/deep/other"));
        place.clean().expect(&format!("clean\t{PANE}\tblocked\ttools\n"));
        assert!(is_link(&place.leaving().join("tools/deep/other")));
    });
}

#[test]
fn a_carrel_inside_a_home_of_its_own_finds_the_users_own() {
    each_shell(|place| {
        place.seed();
        run(place, "home", &[]).ends_with(0);
        let inherited = place.environ();
        let mut command = place.carrel(&["run", "--pane", OTHER, "--session", OTHER, "--method", "config_dir"]);
        command.env_clear().envs(&inherited);
        Answer::of(command.output().unwrap()).ends_with(0);
        let got = place.environ();
        assert_eq!(got.get("HOME").map(String::as_str), place.home.to_str());
        assert_eq!(got.get("CLAUDE_SECURESTORAGE_CONFIG_DIR").map(String::as_str), Some(""));
        assert_eq!(got.get("XDG_CONFIG_HOME").cloned(), Some(place.home.join(".config").display().to_string()));
        let inner = place.state.join(format!("claude-configs/pane-{OTHER}"));
        let record = read(&inner.join(".carrel/record"));
        assert!(record.contains(&format!("\nshared={}\n", place.shared.display())), "{record}");
    });
}

#[test]
fn a_redirection_in_the_users_settings_does_not_move_claudes_state_out_of_its_home() {
    each_shell(|place| {
        write(&place.shared.join("settings.json"), "{\"env\":{\"CLAUDE_CONFIG_DIR\":\"/elsewhere\"}}");
        place.seed();
        run(place, "home", &[]).ends_with(0);
        let desk = home_desk(place);
        let settings: serde_json::Value = serde_json::from_str(&read(&desk.join(".carrel/settings.json"))).unwrap();
        assert_eq!(settings["env"]["CLAUDE_CONFIG_DIR"].as_str(), desk.join(".claude").to_str());
    });
}

#[test]
fn without_a_home_there_is_none_to_be_made() {
    each_shell(|place| {
        place.seed();
        let mut command = place.carrel(&words("home", &[]));
        command.env("HOME", place.top().join("gone")).env("CLAUDE_CONFIG_DIR", &place.shared);
        Answer::of(command.output().unwrap()).ends_with(1).says("needs your HOME");
        assert!(!place.state.join("claude-homes").exists());
    });
}

#[test]
fn without_isolation_no_variable_is_set_and_the_session_is_pinned() {
    each_shell(|place| {
        run(place, "none", &["--shared", "/elsewhere"]).ends_with(0);
        let got = place.environ();
        assert!(got.keys().all(|name| !name.starts_with("CLAUDE")), "{got:?}");
        assert_eq!(place.argv()[..2], ["--session-id", SESSION]);
        assert!(!read(Path::new(&place.argv()[3])).contains("\"env\""));
        write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
        run(place, "none", &[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        place.cleaned();
        assert_eq!(read(&place.shared.join(talk(SESSION))), transcript(SESSION, 2));
    });
}
