//! The method container, for real in bubblewrap's box and with a stand-in for another runtime: what is to be seen in there,
//! what can be written, how its hooks ring, that nothing of it outlives its pane.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::place::*;

fn words(more: &[&str]) -> Vec<String> {
    let words = ["run", "--pane", PANE, "--session", SESSION, "--method", "container"];
    words.iter().chain(more).map(|word| (*word).to_string()).collect()
}

fn run(place: &Place, more: &[&str]) -> Answer {
    Answer::of(place.carrel(&words(more)).process_group(0).output().unwrap())
}

/// A Claude that does this in its box and writes what it says into the project. The box hides the machine's temporary dir,
/// where this machine lies; what is bound is there.
fn claude_says(place: &Place, act: &str) {
    place.script(
        "claude",
        &format!(
            "case ${{1-}} in\n--version) echo '1 (Claude Code)'; exit ;;\nauth) : >\"$CLAUDE_CONFIG_DIR/x\"; echo '{{\"loggedIn\": true, \"authMethod\": \"claude.ai\"}}'; exit ;;\nesac\n\
             {{\n{act}\n}} >\"{}/said\" 2>&1\n",
            place.project.display()
        ),
    );
}

fn said(place: &Place) -> String {
    fs::read_to_string(place.project.join("said")).unwrap_or_default()
}

#[test]
fn in_its_box_claude_can_write_its_desk_and_the_project_and_nothing_else() {
    each_shell(|place| {
        place.seed();
        for name in ["settings.json", ".credentials.json", "projects/p", "history.jsonl"] {
            write(&place.shared.join(name), "the user's");
        }
        let other = place.state.join(format!("claude-configs/pane-{OTHER}"));
        write(&other.join("secret"), "another desk's");
        let (home, shared) = (place.home.display(), place.shared.display());
        let tries = [
            ("desk", "\"$CLAUDE_CONFIG_DIR/a\"".to_string(), true),
            ("project", "made".into(), true),
            ("tmp", "/tmp/a".into(), true),
            ("cache", "\"$XDG_CACHE_HOME\"".into(), true),
            ("login", format!("{shared}/.credentials.json.tmp"), true),
            ("record", "\"$CLAUDE_CONFIG_DIR/.carrel/record\"".into(), false),
            ("home", format!("{home}/a"), false),
            ("settings", format!("{shared}/settings.json"), false),
            ("conversations", format!("{shared}/projects/p"), false),
            ("etc", "/etc/carrel-was-here".into(), false),
        ];
        let mut act = String::new();
        for (name, path, _) in &tries {
            act += &format!("(echo x >{path}) 2>/dev/null && echo \"{name} written\" || echo \"{name} refused\"\n");
        }
        act += &format!(
            "cat \"$CLAUDE_CONFIG_DIR/settings.json\"; echo\nls {}\nls /run | wc -l\necho pid $$\nset | grep -c SSH_AUTH_SOCK\ntrue\n",
            place.state.join("claude-configs").display()
        );
        claude_says(place, &act);
        let mut command = place.carrel(&words(&[]));
        command.env("SSH_AUTH_SOCK", "/x").process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        let told = said(place);
        for (name, _, allowed) in &tries {
            let expected = format!("{name} {}\n", if *allowed { "written" } else { "refused" });
            assert!(told.contains(&expected), "{name}: {told}");
        }
        // Links to what is shared lead somewhere, other desks are not there, nor is anybody else's process.
        assert!(told.contains("the user's\n"), "{told}");
        assert!(told.contains(&format!("pane-{PANE}\n")) && !told.contains(OTHER), "{told}");
        assert!(told.contains("pid 2\n"), "{told}");
        assert!(told.ends_with("\n0\n"), "{told}");
        assert!(!Path::new("/etc/carrel-was-here").exists());
        assert_eq!(names(&place.home), [".claude", ".claude.json"]);
        assert_eq!(names(&place.bin), ["claude"]);
        assert_eq!(read(&place.desk().join(".carrel/tmp/a")), "x\n", "temporary files are caught at the desk");
        assert!(!is_link(&place.desk().join("history.jsonl")), "what cannot be written there is not linked");
        fs::remove_file(place.shared.join(".credentials.json.tmp")).unwrap();
        fs::remove_file(place.desk().join("a")).unwrap();
        place.cleaned();
        assert_eq!(read(&place.shared.join("settings.json")), "the user's");
    });
}

/// By Zellij's anything could be started outside, by an agent's any key be used; a socket that can be read can be spoken to.
#[test]
fn no_socket_of_the_users_can_be_reached_from_the_box_wherever_it_lies() {
    each_shell(|place| {
        place.seed();
        let sockets = ["sock/s", "tmp/zellij-1000/s", "run/s", ".ssh/agent/s", "agent.sock", ".gnupg/S.gpg-agent"];
        let paths = sockets.map(|socket| place.home.join(socket));
        let _open = paths.clone().map(|path| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::net::UnixListener::bind(&path).unwrap()
        });
        write(&place.home.join(".ssh/config"), "the user's");
        let mut act = String::new();
        for path in &paths {
            act += &format!("[ ! -S '{0}' ] || echo 'there: {0}'\n", path.display());
        }
        claude_says(place, &format!("{act}cat '{}'", place.home.join(".ssh/config").display()));
        let mut command = place.carrel(&words(&[]));
        command
            .env("ZELLIJ_SOCKET_DIR", place.home.join("sock"))
            .env("XDG_RUNTIME_DIR", place.home.join("run"))
            .env("TMPDIR", place.home.join("tmp"))
            .env("SSH_AUTH_SOCK", place.home.join("agent.sock"))
            .process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        assert_eq!(said(place), "the user's");
        // A dir that holds what Claude needs is not hidden with it.
        let mut command = place.carrel(&words(&[]));
        command.env("XDG_RUNTIME_DIR", &place.home).process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        assert!(said(place).ends_with("the user's"));
        for dir in ["sock", "tmp", "run", ".ssh", ".gnupg"] {
            fs::remove_dir_all(place.home.join(dir)).unwrap();
        }
        fs::remove_file(place.home.join("agent.sock")).unwrap();
    });
}

#[test]
fn claudes_exit_code_and_its_words_pass_through_the_box() {
    each_shell(|place| {
        place.seed();
        claude_says(place, "printf '<%s>' \"$@\"; pwd");
        let odd = "it's \"x\"\n $HOME *";
        run(place, &["--", odd, ""]).ends_with(0);
        assert!(said(place).ends_with(&format!("<{odd}><>{}\n", place.project.display())), "{}", said(place));
        claude_says(place, "true\n} ; { exit 7");
        run(place, &[]).ends_with(7);
        assert_eq!(read(&place.desk().join(".carrel/exit")), "code=7\n");
    });
}

#[test]
fn of_a_worktree_the_main_repository_can_be_written_too_and_never_what_holds_the_home() {
    each_shell(|place| {
        place.seed();
        let main = place.top().join("main");
        fs::create_dir_all(main.join(".git/worktrees/w")).unwrap();
        let tree = place.top().join("tree");
        write(&tree.join(".git"), &format!("gitdir: {}\n", main.join(".git/worktrees/w").display()));
        write(&main.join(".git/worktrees/w/gitdir"), &format!("{}\n", tree.join(".git").display()));
        fs::create_dir_all(tree.join("deep")).unwrap();
        let act = format!(
            "(echo x >{0}/a) && (echo x >{1}/.git/a) && (echo x >{1}/a); (echo x >{2}/a) || :",
            tree.display(),
            main.display(),
            place.project.display()
        );
        let probed = "case $1 in --version) exit ;; auth) : >\"$CLAUDE_CONFIG_DIR/x\"; exit ;; esac";
        place.script("claude", &format!("{probed}\n{act}\n"));
        let mut command = place.carrel(&words(&[]));
        command.current_dir(tree.join("deep")).process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        assert!(tree.join("a").exists() && main.join(".git/a").exists() && main.join("a").exists());
        assert!(!place.project.join("a").exists());
        for dir in [place.home.clone(), place.top(), "/".into(), place.shared.clone(), place.desk()] {
            let mut command = place.carrel(&words(&[]));
            command.current_dir(&dir).process_group(0);
            Answer::of(command.output().unwrap()).ends_with(1).says("must not write");
        }
        // Whoever can write a `.git` can name any dir in it; the way back is what only git has written.
        let forged = place.top().join("forged");
        let keys = place.home.join(".ssh");
        fs::create_dir_all(&keys).unwrap();
        let mut names = vec![keys.clone(), main.clone()];
        // A link in the project that leads there, and a way back that lies in the project too.
        fs::create_dir_all(forged.join("fake/.git/worktrees/w")).unwrap();
        write(&forged.join("fake/.git/worktrees/w/gitdir"), &format!("{}\n", forged.join(".git").display()));
        link(&keys, &forged.join("way"));
        names.extend([forged.join("way"), forged.join("way/../fake"), forged.join("fake")]);
        for named in names {
            write(&forged.join(".git"), &format!("gitdir: {}/.git/worktrees/w\n", named.display()));
            let act = format!(
                "echo x >{0}/b; echo x >{1}/b; echo x >{2}/b; true",
                keys.display(),
                main.display(),
                forged.display()
            );
            place.script("claude", &format!("{probed}\n{act}\n"));
            let mut command = place.carrel(&words(&[]));
            command.current_dir(&forged).process_group(0);
            Answer::of(command.output().unwrap()).ends_with(0);
            assert!(forged.join("b").exists());
            assert!(!keys.join("b").exists() && !main.join("b").exists(), "{}", named.display());
            fs::remove_file(forged.join("b")).unwrap();
        }
        fs::remove_dir_all(&keys).unwrap();
        // A repository around the HOME, as for dotfiles, does not open the HOME.
        fs::create_dir_all(place.home.join(".git")).unwrap();
        let inside = place.home.join("src");
        fs::create_dir_all(&inside).unwrap();
        place.script("claude", &format!("{probed}\necho x >{0}/src/a; echo x >{0}/a; true\n", place.home.display()));
        let mut command = place.carrel(&words(&[]));
        command.current_dir(&inside).process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        assert!(inside.join("a").exists() && !place.home.join("a").exists());
    });
}

#[test]
fn hooks_ring_out_of_the_box_by_an_events_name_and_nothing_else() {
    each_shell(|place| {
        place.seed();
        place.script("zellij", "printf '%s\\n' \"$*\" >>\"${0%/*}/../log/rung\"\n");
        // The hooks as Claude runs them, and what somebody else might write.
        claude_says(
            place,
            "settings=$CLAUDE_CONFIG_DIR/.carrel/settings.json\nhook=$(sed -n 's/.*\"SessionStart\":\\[{\"hooks\":\\[{\"type\":\"command\",\"command\":\"\\([^\"]*\\)\".*/\\1/p' \"$settings\")\n\
             sh -c \"$hook\"\nbell=$CLAUDE_CONFIG_DIR/.carrel/bell\nprintf 'Stop; touch /tmp/x\\n\\nStop\\n' 1<>\"$bell\"\nsleep 0.3",
        );
        let mut command = place.carrel(&words(&[]));
        command.env("ZELLIJ_SESSION_NAME", "s").process_group(0);
        Answer::of(command.output().unwrap()).ends_with(0);
        until("it rang", || fs::read_to_string(place.log.join("rung")).unwrap_or_default().lines().count() == 2);
        let rung = read(&place.log.join("rung"));
        for event in ["SessionStart", "Stop"] {
            let line = format!("pipe --name carrel_bell --args pane={PANE},event={event} -- x");
            assert!(rung.lines().any(|rang| rang == line), "{rung}");
        }
    });
}

#[test]
fn a_hang_up_ends_everything_in_the_box_and_its_claude_can_be_judged_from_outside() {
    each_shell(|place| {
        place.seed();
        let pids = place.project.join("pids");
        claude_says(
            place,
            &format!(
                "mkdir -p \"$CLAUDE_CONFIG_DIR/sessions\"\nread -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/$$/stat\n\
                 echo \"{{\\\"procStart\\\":\\\"$start\\\",\\\"sessionId\\\":\\\"{SESSION}\\\"}}\" >\"$CLAUDE_CONFIG_DIR/sessions/$$.json\"\n\
                 : >\"$CLAUDE_CONFIG_DIR/sessions/$$.0.key\"\n\
                 setsid sh -c 'trap \"\" HUP TERM; sleep 612' & : >{}\ntrap 'rm \"$CLAUDE_CONFIG_DIR/sessions/$$.json\"; exit 129' HUP\nsleep 612 & wait",
                pids.display()
            ),
        );
        let mut group = Group::start(place.carrel(&words(&[])));
        until("Claude is up", || pids.exists());
        let inside = || {
            let all = Command::new("ps").args(["-eo", "pid,args"]).stdout(Stdio::piped()).output().unwrap();
            let all = String::from_utf8_lossy(&all.stdout).into_owned();
            all.lines().filter(|line| line.contains("sleep 612")).count()
        };
        until("both sleep in there", || inside() >= 2);
        let scanned = place.call(&["scan"]);
        let registry = scanned.fields("registry");
        assert_eq!(registry[1], group.pid().to_string(), "its process group, as seen from outside");
        assert_ne!(registry[0], "2");
        assert_eq!(registry[3..5], ["here", "here"]);
        assert!(registry[5].contains(&format!("\"procStart\":\"{}\"", registry[2])), "{registry:?}");
        place.clean().says("alive");
        assert!(kill("HUP", &format!("-{}", group.pid())));
        group.child.wait().unwrap();
        until("everything in the box is gone", || inside() == 0);
        // A key that was left behind names no process of this world.
        fs::remove_file(&pids).unwrap();
        fs::remove_file(place.project.join("said")).unwrap();
        // Whatever is outside of the box takes its moment too.
        place.call(&["clean", "--pane", PANE, "--wait", "10"]).expect(&format!("clean\t{PANE}\tcleaned\n"));
    });
}

#[test]
fn another_runtime_gets_the_desk_the_cwd_and_the_command() {
    each_shell(|place| {
        place.seed();
        place.script(
            "runtime",
            "log=${0%/*}/../log\nprintf '%s\\0' \"$@\" >\"$log/runtime\"\nshift 4\nwhile [ \"$1\" != -- ]; do shift; done; shift\n\"$@\"\ncode=$?\nexit $code\n",
        );
        let command = r"runtime run -v {desk}:{desk} --label=a\sb\\c -w {cwd} -- {command} end";
        place.claude_does("exit 3");
        run(place, &["--container", command, "--", "--model", "x y"]).ends_with(3);
        let desk = place.desk().display().to_string();
        let claude = place.bin.join("claude").display().to_string();
        let settings = format!("{desk}/.carrel/settings.json");
        let got = nul_separated(&place.log.join("runtime"));
        assert_eq!(
            got,
            [
                "run",
                "-v",
                &format!("{desk}:{desk}"),
                "--label=a b\\c",
                "-w",
                &place.project.display().to_string(),
                "--",
                &claude,
                "--session-id",
                SESSION,
                "--settings",
                &settings,
                "--model",
                "x y",
                "end"
            ]
        );
        assert_eq!(place.environ().get("CLAUDE_CONFIG_DIR"), Some(&desk));
        // By this the plugin knows that it cannot see its processes.
        place.call(&["scan"]).says("\nrecord\tbox\truntime run ");
        // A container may outlive the command that started it: as long as Claude's own sign is there, it lives.
        write(&place.desk().join("sessions/7.json"), "{}");
        place.clean().says("alive").says("its container may run");
        fs::remove_file(place.desk().join("sessions/7.json")).unwrap();
        place.cleaned();
    });
}

#[test]
fn the_commands_of_the_manual_run_claude_with_a_stand_in_of_their_runtime() {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/isolation.md")).unwrap();
    let examples: Vec<Vec<String>> = manual
        .split("container_command r#\"")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split_once("\"#").unwrap().0).unwrap())
        .collect();
    assert!(examples.len() >= 2);
    each_shell(|place| {
        place.seed();
        for example in &examples {
            // As both do it: their own words, the image, the command.
            let act = "while [ \"$1\" != claude-image ]; do shift; done\nshift\n\"$@\"\n";
            place.script(&example[0], act);
            let example = zellij_carrel::manager::commands::one_word(example);
            place.claude_does("exit 3");
            run(place, &["--container", &example, "--", "--model", "x y"]).ends_with(3);
            assert_eq!(place.environ().get("CLAUDE_CONFIG_DIR"), Some(&place.desk().display().to_string()));
        }
    });
}

#[test]
fn settings_that_could_be_put_into_the_directory_of_the_login_are_told_of() {
    each_shell(|place| {
        place.seed();
        claude_says(place, ":");
        let settings = place.shared.join("settings.json");
        let is_told = |more: &[&str]| {
            run(place, more).ends_with(0);
            let record = fs::read_to_string(place.desk().join(".carrel/record")).unwrap();
            record.lines().any(|line| line.starts_with("notice=") && line.contains("settings.json could be put there"))
        };
        assert!(is_told(&[]));
        assert!(!is_told(&["--login", "separate"]));
        write(&settings, "{}");
        assert!(!is_told(&[]));
        fs::rename(&settings, place.home.join("dotfile")).unwrap();
        std::os::unix::fs::symlink(place.home.join("dotfile"), &settings).unwrap();
        assert!(is_told(&[]));
    });
}

#[test]
fn a_runtime_that_is_missing_or_cannot_work_is_named_before_anything_starts() {
    each_shell(|place| {
        place.seed();
        place.call(&["box", ""]).expect("box\tyes\n");
        place
            .call(&["box", "no-such-runtime {command}"])
            .says("box\tno\tcontainer_command begins with \"no-such-runtime\"");
        run(place, &["--container", "no-such-runtime {desk} {cwd} {command}"]).ends_with(1).says("no such program");
        // Where user namespaces are forbidden.
        place.script("bwrap", "echo 'bwrap: No permissions to create new namespace' >&2; exit 1\n");
        place
            .call(&["box", ""])
            .says("box\tno\t")
            .says("No permissions to create new namespace")
            .says("container_command");
        run(place, &[]).ends_with(1).says("user namespaces");
        fs::remove_file(place.bin.join("bwrap")).unwrap();
        let mut command = place.carrel(&["box", ""]);
        command.env("PATH", &place.bin);
        Answer::of(command.output().unwrap()).says("box\tno\t").says("apt-get install bubblewrap");
        assert!(!place.desk().exists() && !place.log.join("argv").exists());
    });
}
