//! Tests of the options: every key, every value, every error.

use super::*;

fn env() -> Environment<'static> {
    Environment { home: Some("/home/ada"), xdg_state_home: None }
}

fn config(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect()
}

fn good(pairs: &[(&str, &str)]) -> Options {
    parse(&config(pairs), &env()).unwrap()
}

fn wrong(pairs: &[(&str, &str)]) -> Vec<String> {
    parse(&config(pairs), &env()).unwrap_err()
}

/// Each value must be refused with one sentence that names the key, the value and this.
fn check_wrong(key: &str, cases: &[(&str, &str)]) {
    for (value, says) in cases {
        let pairs =
            if matches!(key, "dir" | "resume") { vec![("role", "claude"), (key, *value)] } else { vec![(key, *value)] };
        let wrong = wrong(&pairs);
        assert_eq!(wrong.len(), 1, "{key} {value:?}: {wrong:?}");
        assert!(wrong[0].starts_with(&format!("`{key}` is `")), "{wrong:?}");
        assert!(wrong[0].contains(says), "{key} {value:?} should say {says:?}: {wrong:?}");
    }
}

#[test]
fn an_empty_configuration_is_the_documented_default() {
    let options = good(&[]);
    assert_eq!(
        options,
        Options {
            method: Method::ConfigDir,
            fallback: None,
            cleanup_on_close: true,
            home_symlinks: [".bashrc", ".zshrc", ".gitconfig", ".ssh"].map(String::from).into(),
            share: [
                "settings.json",
                "CLAUDE.md",
                "rules",
                "commands",
                "agents",
                "skills",
                "output-styles",
                "keybindings.json",
                "workflows",
                "history.jsonl"
            ]
            .map(String::from)
            .into(),
            login: Sharing::Shared,
            memory: Sharing::Shared,
            claude: "claude".into(),
            claude_args: vec![],
            close_on_exit: false,
            state_dir: "/home/ada/.local/state/carrel".into(),
            shared_dir: None,
            container_command: None,
            namespace: None,
            notify: Notify::None,
            role: Role::Manager,
            dir: None,
            resume: None,
            caller_cwd: None,
        }
    );
}

#[test]
fn every_option_can_be_set() {
    let options = good(&[
        ("method", "home"),
        ("fallback", "refuse"),
        ("cleanup_on_close", "false"),
        ("home_symlinks", " .vimrc  .config/git/ .vimrc"),
        ("share", "settings.json\tagents"),
        ("login", "separate"),
        ("memory", "separate"),
        ("claude", "~/bin/claude"),
        ("claude_args", "--model opus"),
        ("close_on_exit", "true"),
        ("state_dir", "~/carrel//"),
        ("shared_dir", "/home/ada/.claude/"),
        ("container_command", r#"["box","--bind={desk}","--chdir","{cwd}","--","{command}"]"#),
        ("namespace", "team.a_1-x"),
        ("notify", "osc"),
        ("role", "claude"),
        ("dir", "~/src"),
        ("resume", "550E8400-E29B-41D4-A716-446655440000"),
        ("caller_cwd", "/tmp"),
        ("_zellij_id", "17"),
    ]);
    assert_eq!(options.method, Method::Home);
    assert_eq!(options.fallback, Some(Fallback::Refuse));
    assert!(!options.cleanup_on_close && options.close_on_exit);
    assert_eq!(options.home_symlinks, [".vimrc", ".config/git"]);
    assert_eq!(options.share, ["settings.json", "agents"]);
    assert_eq!((options.login, options.memory), (Sharing::Separate, Sharing::Separate));
    assert_eq!(options.claude, "/home/ada/bin/claude");
    assert_eq!(options.claude_args, ["--model", "opus"]);
    assert_eq!(options.state_dir, "/home/ada/carrel");
    assert_eq!(options.shared_dir.as_deref(), Some("/home/ada/.claude"));
    assert_eq!(options.container_command.unwrap().len(), 6);
    assert_eq!(options.namespace.as_deref(), Some("team.a_1-x"));
    assert_eq!((options.notify, options.role), (Notify::Osc, Role::Claude));
    assert_eq!(options.dir.as_deref(), Some("/home/ada/src"));
    assert_eq!(options.resume.unwrap().as_str(), "550E8400-E29B-41D4-A716-446655440000");
    assert_eq!(options.caller_cwd.as_deref(), Some("/tmp"));
}

#[test]
fn each_word_of_the_contract_is_understood_and_no_other() {
    for (key, words) in [
        ("method", &*Method::ALL.map(Method::word).join(" ")),
        ("fallback", "home none refuse"),
        ("cleanup_on_close", "true false"),
        ("login", "shared separate"),
        ("memory", "shared separate"),
        ("close_on_exit", "true false"),
        ("notify", "none bell osc"),
        ("role", "manager panel claude"),
    ] {
        for word in words.split(' ') {
            good(&[(key, word)]);
        }
        for word in ["", "True", "yes", "1", "docker", " true"] {
            let wrong = wrong(&[(key, word)]);
            assert_eq!(wrong.len(), 1, "{key} {word}");
            for allowed in words.split(' ') {
                assert!(wrong[0].contains(&format!("`{allowed}`")), "{wrong:?}");
            }
        }
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let wrong = wrong(&[
        ("metod", "home"),
        ("method", "docker"),
        ("cleanup_on_close", "yes"),
        ("share", "plugins settings.json projects"),
        ("state_dir", "here"),
        ("quux", "1"),
    ]);
    assert_eq!(
        wrong,
        [
            "`method` is `docker`, but it must be `config_dir`, `home`, `none` or `container`.",
            "`cleanup_on_close` is `yes`, but it must be `true` or `false`.",
            "`share` is `plugins settings.json projects`, but it names `plugins`, which is refused: Claude marks the plugins of a linked dir for deletion; they are shared without a link.",
            "`share` is `plugins settings.json projects`, but it names `projects`, which is refused: it is the state of single sessions, which is what a desk is there to keep apart.",
            "`state_dir` is `here`, but it must be an absolute path or begin with `~/`.",
            "`metod` (with the value `home`) is not an option: did you mean `method`?",
            "`quux` (with the value `1`) is not an option: the options are `method`, `fallback`, `cleanup_on_close`, `home_symlinks`, `share`, `login`, `memory`, `claude`, `claude_args`, `close_on_exit`, `state_dir`, `shared_dir`, `container_command`, `namespace`, `notify`, `role`, `dir`, `resume`.",
        ]
    );
}

#[test]
fn a_mistyped_key_is_answered_with_the_one_that_was_meant() {
    for (typed, meant) in [
        ("Method", "method"),
        ("cleanup-on-close", "cleanup_on_close"),
        ("clean_up_on_close", "cleanup_on_close"),
        ("claude_arg", "claude_args"),
        ("claud", "claude"),
        ("statedir", "state_dir"),
        ("share_dir", "shared_dir"),
        ("home_symlink", "home_symlinks"),
        ("notifiy", "notify"),
        ("reusme", "resume"),
        ("dri", "dir"),
        ("rol", "role"),
    ] {
        assert!(
            wrong(&[(typed, "x")])[0].ends_with(&format!("did you mean `{meant}`?")),
            "{typed}: {:?}",
            wrong(&[(typed, "x")])
        );
    }
    assert!(wrong(&[("cwd", "/")])[0].contains("the options are"));
    assert!(wrong(&[("", "/")])[0].contains("the options are"));
}

#[test]
fn a_long_or_unprintable_value_cannot_spoil_the_sentence() {
    let long = format!("\u{1b}[2J{}", "x".repeat(500));
    let wrong = wrong(&[("method", &long)]);
    assert!(wrong[0].starts_with("`method` is `\\u{1b}[2Jxxx"), "{wrong:?}");
    assert!(wrong[0].len() < 200, "{wrong:?}");
}

#[test]
fn directories_are_absolute_or_below_home() {
    for key in ["state_dir", "shared_dir"] {
        check_wrong(
            key,
            &[
                ("", "absolute path"),
                ("x", "absolute path"),
                ("~", "absolute path"),
                ("~ada/x", "absolute path"),
                ("/", "not the root"),
                ("///", "not the root"),
                ("/x/../y", "without `.` and `..`"),
                ("~/..", "without `.` and `..`"),
                ("/x/./y", "without `.` and `..`"),
                ("/x\ny", "control characters"),
                ("/x\0", "control characters"),
            ],
        );
        let read = parse(&config(&[(key, "~/x"), ("state_dir", "/s")]), &Environment::default());
        if key == "shared_dir" {
            assert!(read.unwrap_err()[0].contains("no HOME"));
        }
    }
    assert!(parse(&config(&[("state_dir", "~/x")]), &Environment::default()).unwrap_err()[0].contains("no HOME"));
}

#[test]
fn the_state_dir_follows_the_xdg_specification() {
    let state_dir =
        |home, xdg_state_home| parse(&config(&[]), &Environment { home, xdg_state_home }).map(|o| o.state_dir);
    assert_eq!(state_dir(Some("/h"), Some("/s/")).unwrap(), "/s/carrel");
    assert_eq!(state_dir(None, Some("/s")).unwrap(), "/s/carrel");
    assert_eq!(state_dir(Some("/h/"), Some("s")).unwrap(), "/h/.local/state/carrel");
    assert_eq!(state_dir(Some("/h"), Some("")).unwrap(), "/h/.local/state/carrel");
    assert_eq!(state_dir(Some("/"), None).unwrap(), "/.local/state/carrel");
    for (home, xdg) in [(None, None), (Some(""), None), (Some("h"), Some("s"))] {
        let wrong = state_dir(home, xdg).unwrap_err();
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].contains("set `state_dir`"), "{wrong:?}");
    }
    assert!(state_dir(Some("/h"), Some("/a/../b")).unwrap_err()[0].contains("`/a/../b/carrel`"));
}

#[test]
fn the_shared_dir_is_never_inside_the_state_dir() {
    for shared in ["/s", "/s/", "/s/claude-configs/pane-x"] {
        let wrong = wrong(&[("state_dir", "/s"), ("shared_dir", shared)]);
        assert!(wrong[0].contains("outside the state dir `/s`"), "{wrong:?}");
    }
    assert_eq!(good(&[("state_dir", "/s"), ("shared_dir", "/s2")]).shared_dir.as_deref(), Some("/s2"));
}

#[test]
fn nothing_is_shared_that_claude_would_lose_a_login_or_a_lock_over() {
    for name in [
        ".credentials.json",
        ".Credentials.JSON",
        ".claude.json",
        ".config.json",
        "plugins",
        "projects",
        "sessions",
        "tasks",
        "todos",
        "file-history",
        "session-env",
        "shell-snapshots",
        "backups",
        "statsig",
        "debug",
        "ide",
        "jobs",
        "plans",
        "daemon",
        "daemon.lock",
        "daemon-x",
        ".carrel",
        ".claude.json.lock",
        "settings.json.lock",
    ] {
        check_wrong("share", &[(name, "which is refused")]);
    }
    check_wrong(
        "share",
        &[
            ("a/b", "plain name"),
            ("..", "plain name"),
            (".", "plain name"),
            ("-x", "plain name"),
            ("/x", "plain name"),
            ("a\u{7f}", "plain name"),
        ],
    );
    assert_eq!(good(&[("share", "")]).share, [""; 0]);
}

#[test]
fn links_of_a_private_home_stay_inside_home_and_out_of_claude() {
    for name in ["/etc", "..", "a/../../b", ".", "~/.ssh", "a//b", "-x", "/"] {
        check_wrong("home_symlinks", &[(name, "not an entry of HOME")]);
    }
    for name in
        [".claude", ".claude/", ".claude/settings.json", ".claude.json", ".Claude", ".claude.json.lock", ".claude.lock"]
    {
        check_wrong("home_symlinks", &[(name, "Claude's own state")]);
    }
    check_wrong("home_symlinks", &[(".config .config/git", "lies inside `.config`")]);
    assert_eq!(good(&[("home_symlinks", ".config/git .config2 .claudette")]).home_symlinks.len(), 3);
}

#[test]
fn the_program_is_a_command_or_a_path() {
    for (value, read) in [
        ("claude", "claude"),
        ("/opt/my claude", "/opt/my claude"),
        ("~/c", "/home/ada/c"),
        ("claude-2.1", "claude-2.1"),
    ] {
        assert_eq!(good(&[("claude", value)]).claude, read);
    }
    check_wrong(
        "claude",
        &[
            ("", "a command's name"),
            ("bin/claude", "absolute"),
            ("-x", "a command's name"),
            ("~ada/c", "absolute"),
            ("claude --verbose", "`claude_args`"),
            ("/bin/", "absolute"),
            ("a\nb", "control"),
        ],
    );
}

#[test]
fn a_container_needs_its_three_places() {
    check_wrong(
        "container_command",
        &[
            ("bwrap {desk} {cwd} {command}", "not valid JSON"),
            ("{}", "not an array"),
            ("[1]", "item 1 is not a string"),
            ("[]", "first word must be a program"),
            (r#"["{command}","{desk}","{cwd}"]"#, "first word must be a program"),
            (r#"["b","{cwd}","{command}"]"#, "`{desk}` is missing"),
            (r#"["b","{desk}","{command}"]"#, "`{cwd}` is missing"),
            (r#"["b","{desk}","{cwd}"]"#, "`{command}` must stand there once"),
            (r#"["b","{desk}","{cwd}","x{command}"]"#, "`{command}` must stand there once"),
            (r#"["b","{desk}","{cwd}","{command}","{command}"]"#, "`{command}` must stand there once"),
            (r#"["b","{desk}","{cwd}","{command}","\u0000"]"#, "NUL"),
        ],
    );
}

#[test]
fn a_namespace_is_a_plain_name() {
    let long = "x".repeat(65);
    check_wrong(
        "namespace",
        &[("", "1 to 64"), ("a b", "1 to 64"), ("ä", "1 to 64"), (&long, "1 to 64"), ("a/b", "1 to 64")],
    );
    good(&[("namespace", &"x".repeat(64))]);
}

#[test]
fn dir_and_resume_belong_to_the_role_claude_alone() {
    let wrong = wrong(&[("dir", "/x"), ("resume", "550e8400-e29b-41d4-a716-446655440000"), ("role", "panel")]);
    assert_eq!(wrong.len(), 2);
    assert!(wrong.iter().all(|w| w.contains("`role \"claude\"`")), "{wrong:?}");
    check_wrong("resume", &[("latest", "a session id"), ("", "a session id")]);
    check_wrong("dir", &[("", "must be a path"), ("~ada", "must be a path"), ("/x\u{1b}", "control")]);
    for (value, read) in [("~", "/home/ada"), ("web/../api", "web/../api"), ("/", "/"), ("/a b", "/a b")] {
        assert_eq!(good(&[("role", "claude"), ("dir", value)]).dir.as_deref(), Some(read));
    }
}

#[test]
fn on_macos_nothing_is_started_without_isolation_unless_the_user_says_so() {
    assert_eq!(good(&[]).fallback_on(Platform::MacOs), Fallback::Refuse);
    assert_eq!(good(&[]).fallback_on(Platform::Other), Fallback::Home);
    assert_eq!(good(&[("fallback", "home")]).fallback_on(Platform::MacOs), Fallback::Home);
    assert_eq!(good(&[("fallback", "none")]).fallback_on(Platform::Other), Fallback::None);
}

#[test]
fn arguments_are_words_or_a_json_array() {
    let read = |text| parse_claude_args(text).unwrap();
    assert_eq!(read(""), [""; 0]);
    assert_eq!(read("  --model opus\t--verbose "), ["--model", "opus", "--verbose"]);
    assert_eq!(read(r#" ["--append-system-prompt", "say \"hi\"", ""] "#), ["--append-system-prompt", "say \"hi\"", ""]);
    assert_eq!(read("[]"), [""; 0]);
    for (text, says) in [
        ("--name \"a b\"", "JSON array"),
        ("--name 'a'", "JSON array"),
        ("a\\ b", "JSON array"),
        ("a\0", "control"),
        ("[\"a\"", "not valid JSON"),
        ("[1]", "item 1 is not a string"),
        (r#"["a\u0000"]"#, "NUL"),
    ] {
        let why = parse_claude_args(text).unwrap_err();
        assert!(why.contains(says), "{text}: {why}");
    }
}

#[test]
fn flags_that_carrel_sets_are_refused_by_name_in_every_form() {
    for (arg, name) in [
        ("--settings", "`--settings`"),
        ("--settings={}", "`--settings`"),
        ("--session-id", "`--session-id`"),
        ("--session-id=x", "`--session-id`"),
        ("--resume", "`--resume`"),
        ("--resume=x", "`--resume`"),
        ("-r", "`-r`"),
        ("-rX", "`-r`"),
        ("--continue", "`--continue`"),
        ("-c", "`-c`"),
        ("-cp", "`-c`"),
        ("-vp", "`-p`"),
        ("--fork-session", "`--fork-session`"),
        ("--print", "`--print`"),
        ("--print=x", "`--print`"),
        ("-p", "`-p`"),
        ("-px", "`-p`"),
        ("--bg", "`--bg`"),
        ("--background", "`--background`"),
    ] {
        let why = check_claude_args(&[arg.to_string()]).unwrap_err();
        assert!(why.contains(&format!("{name} ")), "{arg}: {why}");
        check_claude_args(&["--verbose".to_string(), "--".to_string(), arg.to_string()]).unwrap();
    }
    check_wrong("claude_args", &[("--model opus --resume", "`--resume` is refused")]);
}

#[test]
fn flags_that_only_look_like_refused_ones_pass() {
    for args in [
        "--model opus",
        "--resume-session-at x",
        "--setting-sources user",
        "-d",
        "-dcp",
        "-nprint",
        "-wresume",
        "-d2e",
        "-",
        "prompt",
        "--printer",
        "-xp",
        "--mcp-config a -- -p --resume",
    ] {
        parse_claude_args(args).unwrap_or_else(|why| panic!("{args}: {why}"));
    }
}

#[test]
fn a_refused_flag_does_not_hide_as_the_value_of_another() {
    let why = parse_claude_args("--append-system-prompt -p").unwrap_err();
    assert!(why.ends_with("if it is meant as the value of `--append-system-prompt`, join them with `=`"), "{why}");
    parse_claude_args("--append-system-prompt=-p").unwrap();
    // Here the `--` is the system prompt, and `-p` is a flag again.
    for args in ["--append-system-prompt -- -p", "--model -- --resume x", "-n -- --settings x"] {
        assert!(parse_claude_args(args).is_err(), "{args}");
    }
    parse_claude_args("--model -- -- -p").unwrap();
    parse_claude_args("--model=opus -- -p").unwrap();
}

/// What `plugin.kdl` says of each option: whether it is commented out, its value, and the comment line above it.
fn documented() -> Vec<(bool, String, String, String)> {
    let file = include_str!("../../../plugin.kdl");
    let block =
        file.split_once("carrel location=").unwrap().1.split_once('{').unwrap().1.split_once("\n    }").unwrap().0;
    let mut found = Vec::new();
    let mut comment = String::new();
    for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (unset, text) = match line.strip_prefix("// ") {
            Some(text) => (true, text),
            None => (false, line),
        };
        let option = text.split_once(' ').filter(|(key, value)| {
            (!unset || OPTIONS.iter().any(|(name, _)| name == key))
                && value.starts_with(['"', 'r'])
                && value.ends_with(['"', '#'])
        });
        match option {
            Some((key, value)) => {
                let value = value.trim_start_matches("r#").trim_end_matches('#').trim_matches('"');
                found.push((unset, key.to_string(), value.to_string(), std::mem::take(&mut comment)));
            }
            None => {
                assert!(unset, "neither an option nor a comment: {line}");
                assert!(comment.is_empty(), "two comment lines: {comment} / {text}");
                comment = text.to_string();
            }
        }
    }
    found
}

#[test]
fn plugin_kdl_shows_every_option_once_with_one_line_of_comment() {
    let documented = documented();
    let keys: Vec<&str> = documented.iter().map(|(_, key, _, _)| key.as_str()).collect();
    assert_eq!(keys, OPTIONS.map(|(name, _)| name));
    for (_, key, _, comment) in &documented {
        assert!(comment.len() > 10, "{key} has no comment");
    }
}

#[test]
fn plugin_kdl_as_it_is_means_the_defaults() {
    let active: BTreeMap<String, String> =
        documented().into_iter().filter(|(unset, ..)| !unset).map(|(_, key, value, _)| (key, value)).collect();
    assert_eq!(parse(&active, &env()).unwrap(), good(&[]));
    let with_default: Vec<&str> =
        OPTIONS.iter().filter(|(_, default)| default.is_some()).map(|(name, _)| *name).collect();
    assert_eq!(active.len(), with_default.len());
    for name in with_default {
        let shown = active.get(name).map(String::as_str);
        assert_eq!(shown, OPTIONS.iter().find(|(n, _)| *n == name).and_then(|(_, d)| *d), "{name}");
    }
}

#[test]
fn what_plugin_kdl_shows_commented_out_can_be_put_in() {
    let all: BTreeMap<String, String> = documented()
        .into_iter()
        .map(|(_, key, value, _)| if key == "role" { (key, "claude".to_string()) } else { (key, value) })
        .collect();
    let options = parse(&all, &env()).unwrap();
    assert_eq!(options.state_dir, good(&[]).state_dir);
    assert!(options.container_command.is_some() && options.resume.is_some() && options.namespace.is_some());
}

#[test]
fn inside_a_desk_with_a_home_of_its_own_the_users_home_is_the_real_one() {
    let home_where = |set: &[(&str, &str)]| {
        users_home(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string()))
    };
    let real = ("CARREL_REAL_HOME", "/home/ada");
    assert_eq!(home_where(&[]), None);
    assert_eq!(home_where(&[("HOME", "/home/ada")]).as_deref(), Some("/home/ada"));
    assert_eq!(home_where(&[("HOME", "/s/desk"), ("CARREL_DESK", "/s/desk"), real]).as_deref(), Some("/home/ada"));
    // A shell in that pane may have gone to another HOME, as sudo does.
    assert_eq!(home_where(&[("HOME", "/root-of"), ("CARREL_DESK", "/s/desk"), real]).as_deref(), Some("/root-of"));
}
