//! run, the launcher: Claude gets a desk of its own, everything else as the user has it, and its last conversation.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use super::place::*;
use zellij_carrel::host::PROGRAM;

fn settings(place: &Place) -> serde_json::Value {
    serde_json::from_str(&read(&place.desk().join(".carrel/settings.json"))).unwrap()
}

fn session_words(place: &Place) -> (String, String) {
    let argv = place.argv();
    assert!(!argv.contains(&"--continue".to_string()));
    assert_eq!(argv.iter().filter(|word| ["--session-id", "--resume"].contains(&word.as_str())).count(), 1);
    (argv[0].clone(), argv[1].clone())
}

#[test]
fn a_new_pane_gets_a_desk_and_a_session_of_its_own() {
    each_shell(|place| {
        place.seed();
        for name in
            ["settings.json", "CLAUDE.md", "history.jsonl", ".credentials.json", "plugins/x", "skills/s/SKILL.md"]
        {
            write(&place.shared.join(name), "{}");
        }
        let answer = place.run(&[]);
        answer.ends_with(0).expect("\u{1b}]0;claude\u{7}");
        let settings = place.desk().join(".carrel/settings.json").display().to_string();
        assert_eq!(place.argv(), ["--session-id", SESSION, "--settings", &settings]);
        assert_eq!(read(&place.log.join("cwd")).trim(), place.project.display().to_string());
        assert_eq!(
            names(&place.desk()),
            [".carrel", ".claude.json", "CLAUDE.md", "history.jsonl", "settings.json", "skills"]
        );
        for name in ["CLAUDE.md", "history.jsonl", "settings.json", "skills"] {
            assert_eq!(fs::read_link(place.desk().join(name)).unwrap(), place.shared.join(name));
        }
        assert_eq!(read(&place.desk().join(".claude.json")), read(&place.home.join(".claude.json")));
        assert!(!is_link(&place.desk().join(".claude.json")));
        assert_eq!((mode(&place.desk()), mode(&place.desk().join(".claude.json"))), (0o700, 0o600));
        let ours = names(&place.desk().join(".carrel"));
        assert_eq!(ours[1..], ["exit", "given", "record", "settings.json"]);
        assert!(ours[0].starts_with("at-"), "{ours:?}");
        assert_eq!(read(&place.desk().join(".carrel/exit")), "code=0\n");
    });
}

#[test]
fn claudes_environment_is_the_users_but_for_what_was_promised() {
    each_shell(|place| {
        place.seed();
        let desk = place.desk().display().to_string();
        let mut command = place.carrel(&Place::run_words(&[]));
        // Names that the program might use for itself, and values that are hard to carry.
        let mut mine: BTreeSet<String> = PROGRAM
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|word| word.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_'))
            .flat_map(|word| {
                [word.trim_start_matches('_').to_string(), word.to_uppercase().trim_start_matches('_').into()]
            })
            .filter(|word| word.chars().next().is_some_and(|c| c.is_ascii_alphabetic()))
            .collect();
        let special = |name: &str| {
            name.starts_with("CLAUDE")
                || name.starts_with("CARREL")
                || [
                    "PATH",
                    "HOME",
                    "IFS",
                    "PWD",
                    "OLDPWD",
                    "PPID",
                    "LC_ALL",
                    "OPTIND",
                    "SHELLOPTS",
                    "BASH",
                    "EUID",
                    "UID",
                    "RANDOM",
                    "SECONDS",
                    "LINENO",
                    "REPLY",
                ]
                .contains(&name)
        };
        mine.retain(|name| !special(name));
        assert!(mine.len() > 300 && mine.contains("SHARED") && mine.contains("HOST") && mine.contains("line"));
        for name in &mine {
            command.env(name, format!("the user's {name}"));
        }
        let odd = "it's \"odd\" \\ $HOME `id` \n two lines \t Zoë ";
        command.env("T_ODD", odd).env("T_EMPTY", "").env("LANG", "de_DE.UTF-8").env("PROGRAM", "mine").env("_", "x");
        for marker in [
            "CLAUDECODE",
            "CLAUDE_CODE_CHILD_SESSION",
            "CLAUDE_CODE_SESSION_ID",
            "CLAUDE_CODE_ENTRYPOINT",
            "CLAUDE_CODE_SKIP_PROMPT_HISTORY",
        ] {
            command.env(marker, "1");
        }
        command.env("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "77");
        Answer::of(command.output().unwrap()).ends_with(0);
        let mut got = place.environ();
        let mut take = |name: &str| got.remove(name);
        for (name, value) in [
            ("CLAUDE_CONFIG_DIR", desk.as_str()),
            ("CLAUDE_SECURESTORAGE_CONFIG_DIR", ""),
            ("CLAUDE_CODE_PLUGIN_CACHE_DIR", &place.shared.join("plugins").display().to_string()),
            ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"),
            ("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "77"),
            ("CARREL_PANE", PANE),
            ("CARREL_DESK", &desk),
            ("CARREL_REAL_HOME", &place.home.display().to_string()),
            ("CARREL_REAL_CONFIG_DIR", ""),
            ("T_ODD", odd),
            ("T_EMPTY", ""),
            ("LANG", "de_DE.UTF-8"),
            ("PROGRAM", "mine"),
            ("HOME", &place.home.display().to_string()),
            ("PATH", &format!("{}:{TOOLS}", place.bin.display())),
        ] {
            assert_eq!(take(name).as_deref(), Some(value), "{name}");
        }
        for name in &mine {
            if name != "PROGRAM" && name != "LANG" {
                assert_eq!(take(name), Some(format!("the user's {name}")), "{name}");
            }
        }
        // What a shell itself adds.
        for name in ["PWD", "OLDPWD", "SHLVL", "_"] {
            take(name);
        }
        assert_eq!(got, [].into());
    });
}

#[test]
fn the_users_language_and_umask_are_as_they_were() {
    each_shell(|place| {
        place.seed();
        for (umask, all) in [("0022", None), ("0002", Some("tr_TR.UTF-8")), ("0077", Some(""))] {
            let mut outer = place.shell();
            let words = Place::run_words(&[]);
            let command = place.shell_words().join(" ");
            outer.args(["-c", &format!("umask {umask}; exec {command} \"$@\""), "x"]);
            outer.arg(place.state.join("carrel.sh")).args(words);
            if let Some(all) = all {
                outer.env("LC_ALL", all);
            }
            Answer::of(outer.output().unwrap()).ends_with(0);
            assert_eq!(read(&place.log.join("umask")).trim(), umask);
            assert_eq!(place.environ().get("LC_ALL").map(String::as_str), all);
        }
    });
}

#[test]
fn every_word_for_claude_arrives_as_it_was() {
    each_shell(|place| {
        place.seed();
        let words = ["a b", "it's \"x\"", "two\nlines\n", "Zoë 日本", "", "--", "$HOME `id` \\n *", "-n", "\u{1b}[0m"];
        let mut run = Place::run_words(&["--close-on-exit", "--"]);
        run.extend(words.map(String::from));
        run.push("\t".into());
        let mut command = place.carrel(&run);
        Answer::of(command.output().unwrap()).ends_with(0);
        assert_eq!(place.argv()[4..], [&words[..], &["\t"]].concat());
    });
}

#[test]
fn a_conversation_is_resumed_and_a_stub_is_not() {
    each_shell(|place| {
        place.seed();
        let mine = place.desk().join(format!("projects/-p/{SESSION}.jsonl"));
        // One in each directory in which Claude has been.
        let another = place.desk().join(format!("projects/-q/{SESSION}.jsonl"));
        write(&mine, &stub(SESSION));
        write(&another, &stub(SESSION));
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--session-id".into(), SESSION.into()));
        assert!(!mine.exists() && !another.exists());

        write(&mine, &transcript(SESSION, 1));
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        assert_eq!(read(&mine), transcript(SESSION, 1));

        // Run again, the same once more: nothing depends on the first time.
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
    });
}

#[test]
fn a_conversation_that_cannot_be_read_is_not_taken_for_a_stub() {
    each_shell(|place| {
        place.seed();
        let path = place.desk().join(format!("projects/-p/{SESSION}.jsonl"));
        write(&path, &transcript(SESSION, 2));
        place.script("grep", "exit 2");
        place.run(&[]).ends_with(1).says("cannot be read").says(SESSION);
        assert_eq!(read(&path), transcript(SESSION, 2));
        fs::remove_file(place.bin.join("grep")).unwrap();
        place.run(&[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        fs::remove_dir_all(place.desk()).unwrap();
    });
}

#[test]
fn the_conversation_that_was_open_last_is_the_one_that_is_resumed() {
    each_shell(|place| {
        place.seed();
        let projects = place.desk().join("projects/-p");
        let file = |id: &str| projects.join(format!("{id}.jsonl"));
        let touch = |id: &str, date: &str| {
            let done = std::process::Command::new("touch").args(["-d", date]).arg(file(id)).status().unwrap();
            assert!(done.success());
        };
        write(&file(SESSION), &transcript(SESSION, 4));
        write(&file(OTHER), &transcript(OTHER, 2));
        let third = "00000000-3333-4333-8333-333333333333";
        write(&file(third), &stub(third));
        write(&projects.join("agent-1.jsonl"), &transcript("x", 2));
        touch(SESSION, "2024-01-01 00:00:00");
        touch(OTHER, "2024-01-01 00:00:05");
        touch(third, "2024-01-01 00:00:09");
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), OTHER.into()));
        assert!(read(&place.desk().join(".carrel/record")).contains(&format!("\nsession={OTHER}\n")));
        // The user may go back to the first one with /resume.
        touch(SESSION, "2024-01-01 00:01:00");
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        // Written in the same second: the one that the pane was opened with is the older one.
        touch(OTHER, "2024-01-01 00:01:00");
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), OTHER.into()));
        // Only what has a message can be resumed.
        touch(third, "2024-01-01 00:09:00");
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), OTHER.into()));
        assert!(file(third).exists());
    });
}

#[test]
fn what_is_at_the_desk_already_is_not_replaced() {
    each_shell(|place| {
        place.seed();
        for name in ["settings.json", "CLAUDE.md", "rules/r"] {
            write(&place.shared.join(name), "the user's");
        }
        write(&place.desk().join("settings.json"), "the desk's");
        write(&place.desk().join(".claude.json"), "the desk's");
        let elsewhere = place.top().join("elsewhere");
        link(&elsewhere, &place.desk().join("CLAUDE.md"));
        place.run(&[]).ends_with(0);
        assert_eq!(read(&place.desk().join("settings.json")), "the desk's");
        assert_eq!(read(&place.desk().join(".claude.json")), "the desk's");
        assert_eq!(fs::read_link(place.desk().join("CLAUDE.md")).unwrap(), elsewhere);
        assert!(is_link(&place.desk().join("rules")));
        assert_eq!(read(&place.shared.join("settings.json")), "the user's");
    });
}

#[test]
fn only_what_may_be_shared_is_linked_whatever_the_command_line_says() {
    each_shell(|place| {
        place.seed();
        for name in [".credentials.json", "plugins/p", "projects/p", "sessions/s", "notes", "settings.json", "*"] {
            write(&place.shared.join(name), "{}");
        }
        place
            .run(&[
                "--share",
                "notes .credentials.json .claude.json plugins projects sessions ../.claude.json * nothing",
            ])
            .ends_with(0);
        assert_eq!(names(&place.desk()), ["*", ".carrel", ".claude.json", "notes"]);
        fs::remove_dir_all(place.desk()).unwrap();
        place.run(&["--share", " "]).ends_with(0);
        assert_eq!(names(&place.desk()), [".carrel", ".claude.json"]);
    });
}

#[test]
fn the_settings_are_right_whatever_the_paths_are() {
    for shell in SHELLS {
        let place = Place::named(shell, "st ate's \"q\" \\b $HOME `id` Zoë *");
        place.seed();
        place.run(&[]).ends_with(0);
        let settings = settings(&place);
        assert_eq!(settings["env"]["CLAUDE_CONFIG_DIR"], place.desk().display().to_string());
        assert_eq!(place.environ()["CLAUDE_CONFIG_DIR"], place.desk().display().to_string());
        let record = read(&place.desk().join(".carrel/record"));
        assert!(record.contains(&format!("\nshared={}\n", place.shared.display())));

        let rang = place.log.join("rang");
        place.script(
            "zellij",
            &format!("{{ printf '%s\\n' \"$@\"; cat; }} >'{0}.new'; mv '{0}.new' '{0}'\n", rang.display()),
        );
        // What Claude 2.1.120 knows already: a later one asks its user about an event that it does not know.
        let known = [
            "SessionStart",
            "UserPromptSubmit",
            "PermissionRequest",
            "PostToolUse",
            "PermissionDenied",
            "PostToolUseFailure",
            "Elicitation",
            "ElicitationResult",
            "Notification",
            "PostCompact",
            "Stop",
            "StopFailure",
            "SessionEnd",
        ];
        assert_eq!(settings["hooks"].as_object().unwrap().len(), known.len());
        for event in known {
            let hook = &settings["hooks"][event][0]["hooks"][0];
            assert_eq!(hook["type"], "command");
            // As Claude runs it.
            let mut command = std::process::Command::new("/bin/sh");
            place.set_up(&mut command);
            command.arg("-c").arg(hook["command"].as_str().unwrap()).env("ZELLIJ_SESSION_NAME", "s");
            Answer::of(command.output().unwrap()).ends_with(0).expect("");
            until("the bell has rung", || rang.exists());
            assert_eq!(read(&rang), format!("pipe\n--name\ncarrel_bell\n--args\npane={PANE},event={event}\n--\nx\n"));
            fs::remove_file(&rang).unwrap();
        }
        place.run(&[]).ends_with(0);
        let place = &place;
        let scan = place.call(&["scan"]);
        assert_eq!(scan.lines().iter().filter(|line| line[0] == "desk").count(), 1);
        fs::remove_file(place.desk().join(".carrel/exit")).unwrap();
        write(&place.desk().join(format!("projects/-p/{SESSION}.jsonl")), &transcript(SESSION, 2));
        place.cleaned();
        assert_eq!(read(&place.shared.join(format!("projects/-p/{SESSION}.jsonl"))), transcript(SESSION, 2));
    }
}

#[test]
fn the_memory_is_the_users_own_for_this_project() {
    each_shell(|place| {
        place.seed();
        let encoded = |dir: &Path| {
            let name: String =
                dir.display().to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            place.shared.join("projects").join(name).join("memory").display().to_string()
        };
        let repo = place.top().join("re po");
        let sub = repo.join("sub/dir");
        let tree = place.top().join("tree");
        let relative = place.top().join("relative");
        let module = repo.join("module");
        for dir in [&repo.join(".git/worktrees/tree"), &sub, &tree, &relative, &module] {
            fs::create_dir_all(dir).unwrap();
        }
        write(&tree.join(".git"), &format!("gitdir: {}\n", repo.join(".git/worktrees/tree").display()));
        write(&relative.join(".git"), "gitdir: ../re po/.git/worktrees/relative\n");
        write(&repo.join(".git/worktrees/tree/gitdir"), &format!("{}\n", tree.join(".git").display()));
        write(&repo.join(".git/worktrees/relative/gitdir"), "../../../../relative/.git\n");
        // One that the repository knows nothing of: anybody can write such a file.
        let forged = place.top().join("forged");
        write(&forged.join(".git"), &format!("gitdir: {}\n", repo.join(".git/worktrees/tree").display()));
        write(&module.join(".git"), "gitdir: ../.git/modules/module\n");
        let detour = place.top().join("detour");
        link(&sub, &detour);
        let long = place.top().join("l".repeat(160));
        let strange = place.top().join("Zoë");
        fs::create_dir(&long).unwrap();
        fs::create_dir(&strange).unwrap();
        for (cwd, memory) in [
            (&place.project, Some(encoded(&place.project))),
            (&sub, Some(encoded(&repo))),
            (&detour, Some(encoded(&repo))),
            (&tree, Some(encoded(&repo))),
            (&relative, Some(encoded(&repo))),
            (&forged, Some(encoded(&forged))),
            (&module, Some(encoded(&module))),
            // Claude names these in a way of its own.
            (&long, None),
            (&strange, None),
        ] {
            let mut command = place.carrel(&Place::run_words(&[]));
            Answer::of(command.current_dir(cwd).process_group(0).output().unwrap()).ends_with(0);
            assert_eq!(settings(place)["autoMemoryDirectory"].as_str().map(String::from), memory, "{}", cwd.display());
        }
        place.run(&["--memory", "separate"]).ends_with(0);
        assert_eq!(settings(place).get("autoMemoryDirectory"), None);
        // A place that the user has set, or sets later. It is remembered for each state of that file.
        let claude = place.bin.join("claude").display().to_string();
        place.call(&["probe", &claude]).ends_with(0);
        let told = place.state.join("claudes/memory");
        for (text, named) in [("{\"autoMemoryDirectory\": \"/my/memory\"}", "yes"), ("{}", "no"), ("{ }", "no")] {
            write(&place.shared.join("settings.json"), text);
            for _ in 0..2 {
                place.run(&[]).ends_with(0);
                assert_eq!(settings(place).get("autoMemoryDirectory").is_none(), named == "yes", "{text}");
                assert!(read(&told).starts_with(&format!("{named} ")), "{}", read(&told));
            }
        }
        // What lies in its place is not written through, and what is in it is not believed of another state.
        let elsewhere = place.top().join("elsewhere");
        write(&elsewhere, &read(&told).replace("no ", "yes "));
        fs::remove_file(&told).unwrap();
        link(&elsewhere, &told);
        place.run(&[]).ends_with(0);
        assert!(settings(place).get("autoMemoryDirectory").is_some());
        assert!(!told.is_symlink() && read(&elsewhere).starts_with("yes "));
        write(&told, "yes of another state\n");
        place.run(&[]).ends_with(0);
        assert!(settings(place).get("autoMemoryDirectory").is_some());
    });
}

#[test]
fn the_login_is_the_users_or_the_desks_as_asked() {
    each_shell(|place| {
        place.seed();
        let own = format!("{}//", place.top().join("own dir").display());
        write(Path::new(&own).join(".claude.json").as_path(), "{}");
        let with = |more: &[&str], env: &[(&str, &str)]| {
            let mut seed = place.carrel(&["seed-out"]);
            seed.envs(env.iter().copied());
            let out = Answer::of(seed.output().unwrap());
            if let [word, stamp, dir, ..] = &out.fields("seed")[..] {
                assert_eq!(word, "copied");
                fs::copy(place.project.join(dir).join("in"), place.project.join(dir).join("out")).unwrap();
                let mut seed = place.carrel(&["seed-in", stamp, dir, "", ""]);
                Answer::of(seed.envs(env.iter().copied()).output().unwrap()).expect("seed\tfresh\n");
            }
            let mut command = place.carrel(&Place::run_words(more));
            Answer::of(command.envs(env.iter().copied()).output().unwrap()).ends_with(0);
            place.environ().get("CLAUDE_SECURESTORAGE_CONFIG_DIR").cloned()
        };
        assert_eq!(with(&[], &[]), Some(String::new()));
        assert_eq!(with(&["--login", "separate"], &[]), None);
        assert_eq!(with(&[], &[("CLAUDE_CONFIG_DIR", &own)]), Some(own.clone()));
        assert_eq!(with(&["--login", "separate"], &[("CLAUDE_CONFIG_DIR", &own)]), None);
        // A user who stores the login at a place of its own.
        assert_eq!(with(&[], &[("CLAUDE_SECURESTORAGE_CONFIG_DIR", "/my/login")]), Some("/my/login".into()));
        assert_eq!(with(&["--login", "separate"], &[("CLAUDE_SECURESTORAGE_CONFIG_DIR", "/my/login")]), None);
    });
}

#[test]
fn without_isolation_claude_is_as_ever_and_only_its_session_is_pinned() {
    each_shell(|place| {
        let words = ["run", "--pane", PANE, "--session", SESSION, "--method", "none", "--shared", "/another/dir"];
        let run = || {
            let mut command = place.carrel(&words);
            command.env("CLAUDECODE", "1").env("CLAUDE_CODE_CHILD_SESSION", "1").process_group(0);
            Answer::of(command.output().unwrap()).ends_with(0);
            let environ = place.environ();
            let claude: Vec<_> = environ.keys().filter(|name| name.starts_with("CLAUDE")).collect();
            assert!(claude.is_empty(), "{claude:?}");
            session_words(place)
        };
        // It needs no seed, and links nothing.
        assert_eq!(run(), ("--session-id".into(), SESSION.into()));
        assert_eq!(names(&place.desk()), [".carrel"]);
        let settings = settings(place);
        assert_eq!(settings.as_object().unwrap().keys().collect::<Vec<_>>(), ["hooks"]);
        let mine = place.shared.join(format!("projects/-p/{SESSION}.jsonl"));
        write(&mine, &transcript(SESSION, 2));
        assert_eq!(run(), ("--resume".into(), SESSION.into()));
        // The user's own stub is not ours to remove.
        write(&mine, &stub(SESSION));
        assert_eq!(run(), ("--session-id".into(), SESSION.into()));
        assert_eq!(read(&mine), stub(SESSION));
        place.cleaned();
        assert_eq!(read(&mine), stub(SESSION));
    });
}

#[test]
fn a_pane_inside_a_desk_is_as_if_it_were_outside() {
    each_shell(|place| {
        place.seed();
        place.run(&[]).ends_with(0);
        let outer = place.environ();
        let inner = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
        let run = |method: &str, more: &[&str]| {
            let words = [&["run", "--pane", inner, "--session", OTHER, "--method", method], more].concat();
            let mut command = place.carrel(&words);
            Answer::of(command.envs(&outer).output().unwrap()).ends_with(0);
            place.environ()
        };
        let environ = run("config_dir", &[]);
        let desk = place.state.join(format!("claude-configs/pane-{inner}"));
        assert_eq!(environ["CLAUDE_CONFIG_DIR"], desk.display().to_string());
        assert_eq!(environ["CLAUDE_SECURESTORAGE_CONFIG_DIR"], "");
        assert_eq!(environ["CARREL_REAL_HOME"], place.home.display().to_string());
        assert!(read(&desk.join(".carrel/record")).contains(&format!("\nshared={}\n", place.shared.display())));
        assert_eq!(run("config_dir", &["--login", "separate"]).get("CLAUDE_SECURESTORAGE_CONFIG_DIR"), None);
        let environ = run("none", &[]);
        assert!(!environ.keys().any(|name| name.starts_with("CLAUDE")), "{environ:?}");
        assert_eq!(environ["HOME"], place.home.display().to_string());
    });
}

#[test]
fn a_pane_waits_for_its_seed_and_says_so() {
    each_shell(|place| {
        let mut launcher = Group::start(place.carrel(&Place::run_words(&[])));
        // The desk is owned from the first moment on, also while it waits.
        until("the desk has its record", || place.desk().join(".carrel/record").exists());
        place.clean().says("alive").says("its processes live");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                use std::io::{BufRead, BufReader};
                let mut said = BufReader::new(launcher.child.stdout.take().unwrap()).lines();
                assert!(said.any(|line| line.unwrap().contains("getting your settings from")));
                place.seed();
            });
        });
        assert_eq!(launcher.child.wait().unwrap().code(), Some(0));
        assert_eq!(read(&place.desk().join(".claude.json")), read(&place.home.join(".claude.json")));
    });
}

#[test]
fn without_any_seed_a_pane_stops_with_a_sentence_and_the_last_one_is_better_than_none() {
    // Slow by nature, so once is enough for each half, and all shells at the same time.
    std::thread::scope(|scope| {
        for shell in SHELLS {
            scope.spawn(move || {
                let place = Place::new(shell);
                place.run(&[]).ends_with(1).says("there is no seed of").says("Press Enter to try again");
                assert!(!place.log.join("argv").exists());
            });
            scope.spawn(move || {
                let place = Place::new(shell);
                place.seed();
                let first = read(&place.home.join(".claude.json"));
                write(&place.home.join(".claude.json.new"), "{\"changed\":true}");
                fs::rename(place.home.join(".claude.json.new"), place.home.join(".claude.json")).unwrap();
                place.run(&[]).ends_with(0).says("getting your settings from");
                assert_eq!(read(&place.desk().join(".claude.json")), first);
            });
        }
    });
}

#[test]
fn a_seed_that_was_made_since_is_new_enough_even_if_the_file_has_changed_again() {
    each_shell(|place| {
        place.seed();
        let change = |n: u32| {
            write(&place.home.join(".claude.json.new"), &format!("{{\"changed\":{n}}}"));
            fs::rename(place.home.join(".claude.json.new"), place.home.join(".claude.json")).unwrap();
        };
        change(1);
        let out = place.call(&["seed-out"]).fields("seed");
        change(2);
        let looks = place.log.join("looks");
        place.script("stat", &format!("echo x >>'{}'\nexec /usr/bin/stat \"$@\"\n", looks.display()));
        let launcher = Group::start(place.carrel(&Place::run_words(&[])));
        write(&place.project.join(&out[2]).join("out"), "{\"seed\":1}");
        until("the launcher has seen the old one", || fs::read(&looks).is_ok_and(|looks| looks.len() >= 4));
        place.call(&["seed-in", &out[1], &out[2], "", ""]).expect("seed\tfresh\n");
        let answer = launcher.finish();
        answer.ends_with(0);
        assert!(!answer.stdout.contains("getting your settings"), "{}", answer.stdout);
        assert_eq!(read(&place.desk().join(".claude.json")), "{\"seed\":1}");
    });
}

#[test]
fn a_desk_that_cannot_be_written_is_refused_before_claude_starts() {
    each_shell(|place| {
        place.seed();
        fs::create_dir_all(place.desk().join(".carrel")).unwrap();
        open_to_all(&place.top());
        for path in tree(&place.top()).keys() {
            let path = place.top().join(path);
            if !is_link(&path) {
                fs::set_permissions(&path, fs::Permissions::from_mode(mode(&path) | 0o055)).unwrap();
            }
        }
        let mut command = as_nobody(&place.carrel(&Place::run_words(&[])));
        Answer::of(command.output().expect("setpriv (apt-get install util-linux)"))
            .ends_with(1)
            .says("cannot be written");
        fs::set_permissions(place.desk().join(".carrel"), fs::Permissions::from_mode(0o777)).unwrap();
        Answer::of(command.output().unwrap()).ends_with(1).says("cannot be written");
        assert!(!place.log.join("argv").exists());
    });
}

#[test]
fn what_is_not_a_desk_is_refused_and_left_alone() {
    each_shell(|place| {
        place.seed();
        let outside = place.top().join("outside");
        write(&outside.join("precious"), "yes");
        let desk = place.desk();
        write(&desk, "a file");
        place.run(&[]).ends_with(1).says("is in the way");
        assert_eq!(read(&desk), "a file");
        fs::remove_file(&desk).unwrap();
        link(&outside, &desk);
        place.run(&[]).ends_with(1).says("is in the way");
        fs::remove_file(&desk).unwrap();
        link(&outside, &desk.join(".carrel"));
        place.run(&[]).ends_with(1).says("is a symbolic link");
        fs::remove_dir_all(place.state.join("claude-configs")).unwrap();
        link(&outside, &place.state.join("claude-configs"));
        place.run(&[]).ends_with(1).says("is a symbolic link");
        assert_eq!(names(&outside), ["precious"]);
        assert!(!place.log.join("argv").exists());
    });
}

#[test]
fn a_command_line_that_is_not_understood_is_refused_with_a_sentence() {
    each_shell(|place| {
        for (words, sentence) in [
            (vec!["run"], "names no pane"),
            (vec!["run", "--pane", PANE], "names no session"),
            (vec!["run", "--pane"], "ends after --pane"),
            (vec!["run", "--pane", "../../x", "--session", SESSION], "names no pane"),
            (vec!["run", "--pane", PANE, "--session", "x"], "names no session"),
            (vec!["run", "--pane", PANE, "--session", SESSION, "--method", "magic"], "the method magic is unknown"),
            (vec!["run", "--pane", PANE, "--frob"], "unknown word: --frob"),
            (vec!["run", "--pane", PANE, "--session", SESSION, "--shared", "x"], "not an absolute path"),
            (vec!["run", "--pane", PANE, "--session", SESSION, "--claude", "/no/claude"], "does not exist"),
        ] {
            place.call(&words).ends_with(1).says(sentence);
        }
        assert_eq!(names(&place.state.join("claude-configs")), Vec::<String>::new());
    });
}

#[test]
fn a_desk_that_is_about_to_be_deleted_is_taken_back() {
    each_shell(|place| {
        place.seed();
        let desk = place.dead_desk();
        write(&desk.join(format!("projects/-p/{SESSION}.jsonl")), &transcript(SESSION, 3));
        fs::rename(&desk, place.leaving()).unwrap();
        // What a killed cleaner left.
        write(&place.state.join(format!("leaving/.cleaning-{PANE}")), "99999999 1\n");
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        assert!(!place.leaving().exists());
        assert_eq!(read(&desk.join(format!("projects/-p/{SESSION}.jsonl"))), transcript(SESSION, 3));

        // And when the pane has a new desk already, which knows less or more.
        fs::rename(&desk, place.leaving()).unwrap();
        write(&desk.join(format!("projects/-p/{OTHER}.jsonl")), &stub(OTHER));
        write(&desk.join(format!("tasks/{OTHER}/1.json")), "{}");
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        assert!(!place.leaving().exists() && desk.join(format!("tasks/{OTHER}/1.json")).exists());
    });
}

#[test]
fn a_pane_that_comes_back_while_its_desk_is_cleaned_waits_for_the_end() {
    each_shell(|place| {
        place.seed();
        let desk = place.dead_desk();
        write(&desk.join(format!("projects/-p/{SESSION}.jsonl")), &transcript(SESSION, 3));
        // A cleaner that lives: this test.
        let me = std::process::id();
        fs::rename(&desk, place.leaving()).unwrap();
        let claim = place.state.join(format!("leaving/.cleaning-{PANE}"));
        write(&claim, &format!("{me} {}\n", start_of(me)));
        let mut launcher = Group::start(place.carrel(&Place::run_words(&[])));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                use std::io::{BufRead, BufReader};
                let mut said = BufReader::new(launcher.child.stdout.take().unwrap()).lines();
                assert!(said.any(|line| line.unwrap().contains("is still being kept, a moment")));
                assert!(!desk.exists());
                fs::create_dir_all(place.shared.join("projects")).unwrap();
                fs::rename(place.leaving().join("projects/-p"), place.shared.join("projects/-p")).unwrap();
                fs::remove_dir_all(place.leaving()).unwrap();
                fs::remove_file(&claim).unwrap();
            });
        });
        assert_eq!(launcher.child.wait().unwrap().code(), Some(0));
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        assert_eq!(read(&desk.join(format!("projects/-p/{SESSION}.jsonl"))), transcript(SESSION, 3));
    });
}

#[test]
fn a_kept_conversation_comes_back_with_all_that_belongs_to_it() {
    each_shell(|place| {
        place.seed();
        let parts = [
            format!("projects/-p/{SESSION}.jsonl"),
            format!("projects/-p/{SESSION}/subagents/a.jsonl"),
            format!("tasks/{SESSION}/1.json"),
            format!("file-history/{SESSION}/x@v1"),
            format!("session-env/{SESSION}/h"),
            format!("todos/{SESSION}-agent-{SESSION}.json"),
        ];
        let others = [
            format!("projects/-p/{OTHER}.jsonl"),
            format!("tasks/{OTHER}/1.json"),
            format!("todos/{OTHER}.json"),
            "projects/-p/memory/MEMORY.md".to_string(),
        ];
        for part in &parts {
            write(&place.shared.join(part), &transcript(SESSION, 2));
        }
        for other in &others {
            write(&place.shared.join(other), "theirs");
        }
        place.run(&["--resume"]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        for part in &parts {
            assert_eq!(read(&place.desk().join(part)), transcript(SESSION, 2), "{part}");
            assert!(!place.shared.join(part).exists(), "{part}");
        }
        for other in &others {
            assert_eq!(read(&place.shared.join(other)), "theirs");
        }
        fs::remove_file(place.desk().join(".carrel/exit")).unwrap();
        place.cleaned();
        for part in &parts {
            assert_eq!(read(&place.shared.join(part)), transcript(SESSION, 2), "{part}");
        }
    });
}

#[test]
fn links_and_stubs_in_the_users_dir_stay_where_they_are() {
    each_shell(|place| {
        place.seed();
        let elsewhere = place.top().join("elsewhere");
        write(&elsewhere.join("tasks/1.json"), "{}");
        write(&elsewhere.join("talk"), &transcript(SESSION, 2));
        link(&elsewhere.join("tasks"), &place.shared.join(format!("tasks/{SESSION}")));
        link(&elsewhere.join("talk"), &place.shared.join(format!("projects/-a/{SESSION}.jsonl")));
        write(&place.shared.join(format!("projects/-b/{SESSION}.jsonl")), &stub(SESSION));
        let before = tree(&place.shared);
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--session-id".into(), SESSION.into()));
        assert_eq!(tree(&place.shared), before);
        write(&place.shared.join(format!("projects/-c/{SESSION}.jsonl")), &transcript(SESSION, 2));
        link(&elsewhere.join("talk"), &place.shared.join(format!("projects/-c/{SESSION}/deep/link")));
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        assert!(is_link(&place.desk().join(format!("projects/-c/{SESSION}/deep/link"))));
        assert!(is_link(&place.shared.join(format!("tasks/{SESSION}"))));
        // Also where the desk has such a dir already.
        fs::remove_dir_all(place.desk().join("projects")).unwrap();
        write(&place.shared.join(format!("projects/-c/{SESSION}.jsonl")), &transcript(SESSION, 2));
        write(&place.shared.join(format!("projects/-c/{SESSION}/deep/file")), "x");
        link(&elsewhere.join("talk"), &place.shared.join(format!("projects/-c/{SESSION}/deep/link")));
        fs::create_dir_all(place.desk().join(format!("projects/-c/{SESSION}/deep"))).unwrap();
        place.run(&[]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
        assert!(is_link(&place.shared.join(format!("projects/-c/{SESSION}/deep/link"))));
        assert!(place.desk().join(format!("projects/-c/{SESSION}/deep/file")).exists());
        assert_eq!(read(&elsewhere.join("talk")), transcript(SESSION, 2));
    });
}

#[test]
fn a_conversation_that_is_open_in_another_claude_is_refused() {
    each_shell(|place| {
        place.seed();
        let talk = place.shared.join(format!("projects/-p/{SESSION}.jsonl"));
        write(&talk, &transcript(SESSION, 2));
        let me = std::process::id();
        let registry = place.shared.join(format!("sessions/{me}.json"));
        let entry = |start: &str| {
            format!("{{\"pid\":{me},\"sessionId\":\"{SESSION}\",\"procStart\":\"{start}\",\"status\":\"idle\"}}")
        };
        write(&registry, &entry(&start_of(me)));
        place.run(&["--resume"]).ends_with(1).says("is open in another Claude");
        assert!(!place.log.join("argv").exists());
        assert_eq!(read(&talk), transcript(SESSION, 2));
        // Its pid was given out again: that Claude is gone.
        write(&registry, &entry("1"));
        place.run(&["--resume"]).ends_with(0);
        assert_eq!(session_words(place), ("--resume".into(), SESSION.into()));
    });
}

#[test]
fn a_conversation_that_is_not_there_cannot_be_resumed() {
    each_shell(|place| {
        place.seed();
        place.run(&["--resume"]).ends_with(1).says(&format!("there is no conversation {SESSION}"));
        assert!(!place.log.join("argv").exists());
    });
}

#[test]
fn claudes_exit_code_is_the_panes() {
    each_shell(|place| {
        place.seed();
        for (act, code) in [("exit 3", 3), ("kill -TERM $$", 143), ("exit 0", 0)] {
            place.claude_does(act);
            place.run(&[]).ends_with(code);
            assert_eq!(read(&place.desk().join(".carrel/exit")), format!("code={code}\n"));
        }
    });
}

#[test]
fn claude_is_a_plain_child_in_the_launchers_group_and_the_launcher_keeps_its_command_line() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        let stat = read(Path::new(&format!("/proc/{}/stat", place.claude_pid())));
        let fields: Vec<String> = stat.rsplit_once(')').unwrap().1.split_whitespace().map(String::from).collect();
        assert_eq!((fields[1].clone(), fields[2].clone()), (group.pid().to_string(), group.pid().to_string()));
        let words = nul_separated(Path::new(&format!("/proc/{}/cmdline", group.pid())));
        assert!(words.ends_with(&Place::run_words(&[])), "{words:?}");
        let record = read(&place.desk().join(".carrel/record"));
        assert!(
            record.contains(&format!("\ngroup={0}\ngroup_start={1}\n", group.pid(), start_of(group.pid()))),
            "{record}"
        );
        assert!(record.contains(&format!("\nserver={}\n", std::process::id())));
        assert!(record.contains(&format!("\nhost={}\nboot={}\n", host(), boot_id())));
        // Without traps, a hang-up ends the launcher at once.
        assert!(kill("HUP", &group.pid().to_string()));
        until("the launcher is gone", || group.child.try_wait().unwrap().is_some());
        assert!(Path::new(&format!("/proc/{}", place.claude_pid())).exists());
        place.clean().says("alive");
        assert!(kill("KILL", &format!("-{}", group.pid())));
        until("Claude is gone", || !Path::new(&format!("/proc/{}", place.claude_pid())).exists());
    });
}

#[test]
fn a_pane_that_is_run_again_keeps_its_desk_and_the_time_it_was_opened() {
    each_shell(|place| {
        place.seed();
        let opened = || {
            let record = read(&place.desk().join(".carrel/record"));
            record.lines().last().unwrap().strip_prefix("opened=").unwrap().parse::<u64>().unwrap()
        };
        place.run(&[]).ends_with(0);
        let first = opened();
        assert!(first > 1_700_000_000);
        place.dead_desk();
        place.run(&[]).ends_with(0);
        assert_eq!(opened(), 1_700_000_000);
        write(&place.desk().join(".carrel/record"), "");
        place.run(&[]).ends_with(0);
        assert!(opened() >= first);
        let answer = place.run(&[]);
        answer.expect("\u{1b}]0;claude\u{7}");
    });
}

#[test]
fn opening_a_pane_costs_few_processes() {
    each_shell(|place| {
        place.seed();
        for name in ["settings.json", "CLAUDE.md", "skills/s"] {
            write(&place.shared.join(name), "{}");
        }
        let count = |place: &Place| {
            let claude = place.bin.join("claude").display().to_string();
            let (answer, started) = started_by(place, &place.carrel(&Place::run_words(&[])), &claude);
            answer.ends_with(0);
            started
        };
        // Each program costs one to two milliseconds of the 30 that a new pane may take, a fork that stays a shell about half of one:
        // there is none but Claude's own. bash makes one more where it takes what a program prints.
        let more = usize::from(place.shell_words() == ["bash"]);
        let new = count(place);
        assert!(new.programs <= 7 && new.forks <= 8 + more, "{new:?} for a machine's first pane");
        let again = count(place);
        assert!(again.programs <= 4 && again.forks <= 5 + more, "{again:?} for one that is run again");
        fs::remove_dir_all(place.desk()).unwrap();
        let new = count(place);
        assert!(new.programs <= 6 && new.forks <= 7 + more, "{new:?} for a new pane");
    });
}

#[test]
fn words_that_are_not_text_arrive_too() {
    use std::os::unix::ffi::OsStrExt;
    each_shell(|place| {
        place.seed();
        let mut command = place.carrel(&Place::run_words(&["--"]));
        command.arg(OsStr::from_bytes(b"caf\xe9"));
        Answer::of(command.output().unwrap()).ends_with(0);
        assert!(fs::read(place.log.join("argv")).unwrap().ends_with(b"\0caf\xe9\0"));
    });
}
