//! scan, find and ring: they tell what is there, and change nothing.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::place::*;

fn tagged(answer: &Answer, tag: &str) -> Vec<Vec<String>> {
    answer.lines().into_iter().filter(|line| line[0] == tag).map(|line| line[1..].to_vec()).collect()
}

#[test]
fn a_scan_of_nothing_is_whole() {
    each_shell(|place| {
        let nothing = format!("boot\t{}\nend\n", boot_id());
        place.call(&["scan"]).expect(&nothing);
        place.call(&["scan", "--server", "1", "--shared", ""]).expect(&nothing);
        let shared = place.shared.display().to_string();
        place.call(&["scan", "--shared", &shared]).expect(&format!("boot\t{}\nshared\t{shared}\nend\n", boot_id()));
        fs::remove_dir_all(place.state.join("claude-configs")).unwrap();
        fs::remove_dir_all(place.state.join("leaving")).unwrap();
        place.call(&["scan", "--measure"]).expect(&nothing);
    });
}

#[test]
fn a_scan_tells_what_lives_at_a_desk() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        let pid = group.pid().to_string();
        let claude = place.claude_pid();
        let json = format!("{{\"pid\":{claude},\"sessionId\":\"{SESSION}\",\"cwd\":\"a\\\\b\\tc\"}}");
        write(&place.desk().join(format!("sessions/{claude}.json")), &json);
        write(&place.desk().join("sessions/99999999.json"), "{}");
        write(&place.desk().join(format!("projects/-p/{SESSION}.jsonl")), &transcript(SESSION, 2));
        write(&place.desk().join(format!("projects/-p/{OTHER}.jsonl")), "");
        let me = std::process::id();
        write(&place.desk().join(format!("sessions/{me}.json")), "{\n\t\"pretty\": 1\n}\n");
        write(&place.shared.join(format!("sessions/{me}.json")), "{}");
        place.call(&["scan"]);
        let before = tree(&place.top());
        let scan = place.call(&["scan", "--measure"]);
        assert!(tree(&place.top()) == before, "it changes nothing");
        assert_eq!(scan.stderr, "");
        assert_eq!(tagged(&scan, "desk"), [[PANE, "configs"]]);
        assert_eq!(tagged(&scan, "group"), [["alive"]]);
        let record = tagged(&scan, "record");
        let value = |key: &str| record.iter().find(|pair| pair[0] == key).unwrap()[1].clone();
        assert_eq!(value("group"), pid);
        // What nobody reads is not told: with a thousand desks it would be more than a plugin can hold.
        let told: BTreeSet<&str> = record.iter().map(|pair| pair[0].as_str()).collect();
        assert_eq!(told, ["cwd", "group", "home", "method", "opened", "shared"].into());
        assert_eq!(value("cwd"), place.project.display().to_string());
        assert!(value("opened").parse::<u64>().is_ok());
        assert_eq!(tagged(&scan, "talk"), [[SESSION]]);
        let mut registry = tagged(&scan, "registry");
        registry.sort_by_key(|line| line[3].clone());
        assert_eq!(registry[0][3..], ["elsewhere", "elsewhere", "{\n\t\"pretty\": 1\n}"]);
        assert_eq!(registry[1], [claude.to_string(), pid, start_of(claude), "here".into(), "here".into(), json]);
        assert_eq!(registry.len(), 2);
        // It has proved itself: nothing has to be explained.
        for tag in ["process", "key", "onboarded", "redirect", "unwritable", "full", "rang"] {
            assert_eq!(tagged(&scan, tag).len(), 0, "{tag}");
        }
        let outside = tagged(&scan, "outside");
        assert_eq!((outside.len(), outside[0][0].clone(), outside[0][2].clone()), (1, me.to_string(), start_of(me)));
        assert_eq!(
            tagged(&place.call(&["scan", PANE]), "shared").len(),
            0,
            "who reports at the desk does so nowhere else"
        );
        let bytes = tagged(&scan, "bytes");
        assert_eq!(bytes[0][0], PANE);
        assert!(bytes[0][1].parse::<u64>().unwrap() > 1000);
        assert!(scan.stdout.ends_with("\nend\n"));
        group.kill();
        let scan = place.call(&["scan"]);
        assert_eq!(tagged(&scan, "group"), [["dead"]]);
        assert_eq!(tagged(&scan, "registry").len(), 1);
        assert_eq!(tagged(&scan, "bytes").len(), 0);
        place.claude_does("exit 5");
        place.run(&[]);
        assert_eq!(tagged(&place.call(&["scan"]), "exit"), [["5"]]);
    });
}

/// A desk whose Claude lives and has not reported; what a scan says of it.
fn explained(place: &Place, tag: &str) -> Vec<Vec<String>> {
    let scan = place.call(&["scan"]);
    assert_eq!((scan.stderr.as_str(), tagged(&scan, "group")), ("", vec![vec!["alive".to_string()]]));
    tagged(&scan, tag)
}

#[test]
fn what_a_wrapper_changed_is_read_off_the_process() {
    each_shell(|place| {
        place.seed();
        let real = place.script("claude-real", "printf '' >\"${0%/*}/../log/up\"\nsleep 600\n");
        let desk = place.desk().display().to_string();
        let home = place.home.display().to_string();
        for (change, dir, of_home, marks) in [
            ("export CLAUDE_CONFIG_DIR=/other", "/other", home.as_str(), ""),
            ("unset CLAUDE_CONFIG_DIR", "", &home, ""),
            ("export HOME=/tmp/x", &desk, "/tmp/x", ""),
            ("export CLAUDE_CODE_CHILD_SESSION=1", &desk, &home, "CLAUDE_CODE_CHILD_SESSION"),
            (
                "export CLAUDE_CODE_SKIP_PROMPT_HISTORY=1 CLAUDE_CODE_CHILD_SESSION=1",
                &desk,
                &home,
                "CLAUDE_CODE_CHILD_SESSION CLAUDE_CODE_SKIP_PROMPT_HISTORY",
            ),
        ] {
            for exec in ["exec ", ""] {
                // The wrapper is called as Claude is; so is what it starts.
                let named = place.bin.join("inside/claude");
                fs::create_dir_all(named.parent().unwrap()).unwrap();
                fs::copy(&real, &named).unwrap();
                write(&named, &read(&named).replace("/../log", "/../../log"));
                place.script(
                    "claude",
                    &format!("case $1 in --session-id) ;; *) exit 0 ;; esac\n{change}\n{exec}'{}'\n", named.display()),
                );
                let mut group = Group::start(place.carrel(&Place::run_words(&[])));
                until("Claude is up", || place.log.join("up").exists());
                let processes = explained(place, "process");
                let last = processes.last().unwrap_or_else(|| panic!("none after {change}"));
                assert_eq!(last[2..], [dir, of_home, marks], "{exec}{change}");
                assert_eq!(processes.len(), if exec.is_empty() { 2 } else { 1 }, "{processes:?}");
                group.kill();
                fs::remove_file(place.log.join("up")).unwrap();
            }
        }
    });
}

#[test]
fn what_stands_in_a_silent_claudes_way_is_looked_for() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        let claude = place.claude_pid();
        assert_eq!(explained(place, "onboarded"), [["yes"]]);
        write(&place.desk().join(".claude.json"), "{\"numStartups\": 1}");
        assert_eq!(explained(place, "onboarded"), [["no"]]);
        assert_eq!(explained(place, "key").len(), 0);
        write(&place.desk().join(format!("sessions/{claude}.0abc.key")), "secret");
        write(&place.desk().join("sessions/99999999.0abc.key"), "secret");
        assert_eq!(explained(place, "key"), [[claude.to_string()]]);
        assert_eq!(explained(place, "redirect").len(), 0, "our own settings are none");
        for file in [place.project.join(".claude/settings.local.json"), place.shared.join("settings.json")] {
            write(&file, "{\"env\": {\"CLAUDE_CONFIG_DIR\": \"/other\"}}");
            link(&place.shared.join("settings.json"), &place.desk().join("settings.json"));
            assert_eq!(explained(place, "redirect"), [[file.display().to_string()]]);
            fs::remove_file(&file).unwrap();
            fs::remove_file(place.desk().join("settings.json")).unwrap();
        }
        assert_eq!(explained(place, "rang").len(), 0);
        place.call(&["ring", "PermissionRequest", PANE]);
        assert_eq!(explained(place, "rang"), [[""]]);
        place.call(&["ring", "ExitPlanMode", PANE]);
        assert_eq!(explained(place, "rang"), [["plan"]]);
        place.call(&["ring", "PermissionRequest", PANE]);
        assert_eq!(explained(place, "rang"), [["plan"]], "in whichever order the two come");
        place.call(&["ring", "PostToolUse", PANE]);
        assert_eq!(explained(place, "rang"), [[""]]);
        place.call(&["ring", "AskUserQuestion", PANE]);
        assert_eq!(explained(place, "rang"), [["question"]]);
        place.call(&["ring", "Stop", PANE]);
        assert_eq!(explained(place, "rang"), [[""]]);
        assert!(!place.desk().join(".carrel/asked").exists());
        group.kill();
        fs::remove_file(place.log.join("up")).unwrap();
        // A new start has not rung yet.
        let mut group = place.run_living(&[]);
        assert_eq!(explained(place, "rang").len(), 0);
        group.kill();
    });
}

#[test]
fn a_claude_outside_is_known_by_the_server_that_it_descends_from() {
    each_shell(|place| {
        // Started by this test, which stands for the Zellij server; its shell is the pane's.
        let mut command = place.shell();
        command.args(["-c", "sleep 600 & printf '%s\\n' $! >\"$0\"; wait"]).arg(place.log.join("inner"));
        command.env("ZELLIJ_PANE_ID", "7").env("ZELLIJ_SESSION_NAME", "another name by now");
        let mut group = Group::start(command);
        until("it runs", || place.log.join("inner").exists() && !read(&place.log.join("inner")).is_empty());
        let pid: u32 = read(&place.log.join("inner")).trim().parse().unwrap();
        write(&place.shared.join(format!("sessions/{pid}.json")), "{}");
        let shared = place.shared.display().to_string();
        let terminal = |server: u32| {
            let scan = place.call(&["scan", "--server", &server.to_string(), "--shared", &shared]);
            tagged(&scan, "outside")[0][3..5].to_vec()
        };
        assert_eq!(terminal(std::process::id()), ["", "7"]);
        assert_eq!(terminal(group.pid()), ["", "7"]);
        assert_eq!(terminal(pid), ["", ""], "a server is not its own child");
        assert_eq!(terminal(99_999_999), ["", ""], "of another server");
        group.kill();
    });
}

#[test]
fn a_desk_that_cannot_be_written_and_a_full_disk_are_told() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        assert_eq!(explained(place, "unwritable").len(), 0);
        write(&place.desk().join("projects/-p/talk.jsonl"), "{}");
        write(&place.desk().join("sessions/1.json"), "{}");
        for name in ["", "sessions", "sessions/1.json", "projects", "projects/-p", "projects/-p/talk.jsonl", ".carrel"]
        {
            let path = if name.is_empty() { place.desk() } else { place.desk().join(name) };
            assert_eq!(closed(place, &path), [[path.display().to_string()]]);
        }
        group.kill();
        // Whatever cannot be written there is taken for a full disk.
        fs::remove_file(place.state.join(".probe")).unwrap();
        fs::create_dir_all(place.state.join(".probe")).unwrap();
        assert_eq!(tagged(&place.call(&["scan"]), "full"), [[place.state.display().to_string()]]);
    });
}

/// What a scan says of a dir while nobody may write it; by somebody else, where this is the superuser, who may all the same.
fn closed(place: &Place, dir: &Path) -> Vec<Vec<String>> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    fs::set_permissions(dir, fs::Permissions::from_mode(0o500)).unwrap();
    let mut command = place.carrel(&["scan"]);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let mut chown = Command::new("chown");
        assert!(chown.args(["-R", "65534"]).arg(place.top()).status().unwrap().success());
        let words: Vec<_> =
            std::iter::once(command.get_program()).chain(command.get_args()).map(ToOwned::to_owned).collect();
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--clear-groups"]).args(words);
        place.set_up(&mut command);
    }
    let scan = Answer::of(command.output().unwrap());
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(scan.stdout.ends_with("\nend\n"), "{}", scan.stderr);
    tagged(&scan, "unwritable")
}

#[test]
fn a_scan_judges_only_what_it_can() {
    each_shell(|place| {
        for (lines, group) in [
            (vec![], "dead"),
            (vec![("host", "another"), ("boot", "another")], "unknown"),
            (vec![("host", "another")], "dead"),
            (vec![("init", "4711 box")], "unknown"),
            (vec![("boot", "another")], "dead"),
            (vec![("boot", "")], "unknown"),
        ] {
            place.desk_with(&lines);
            assert_eq!(tagged(&place.call(&["scan"]), "group"), [[group]], "{lines:?}");
        }
        write(
            &place.desk().join(".carrel/record"),
            &format!("host={}\nboot={}\ngroup=1\nwild\t=x\n=y\nB=z\ncut", host(), boot_id()),
        );
        let scan = place.call(&["scan"]);
        assert_eq!(tagged(&scan, "group"), [["unknown"]]);
        assert_eq!(tagged(&scan, "record"), [["group", "1"]]);
        fs::remove_dir_all(place.desk().join(".carrel")).unwrap();
        let scan = place.call(&["scan"]);
        assert_eq!((tagged(&scan, "desk").len(), tagged(&scan, "group").len()), (1, 0));
    });
}

#[test]
fn broken_huge_and_strange_registry_files_do_no_harm() {
    each_shell(|place| {
        let desk = place.dead_desk();
        let me = std::process::id();
        let entry = desk.join(format!("sessions/{me}.json"));
        let outside = place.top().join("outside");
        write(&outside, "precious");
        for name in ["x.json", "12\n34.json", "-1.json", ".json", "1e3.json", "0.json"] {
            write(&desk.join("sessions").join(name), "{}");
        }
        fs::create_dir_all(desk.join("sessions/1.json")).unwrap();
        let texts = |place: &Place| -> Vec<String> {
            let scan = place.call(&["scan"]);
            assert!(scan.stdout.ends_with("\nend\n"));
            tagged(&scan, "registry").into_iter().map(|line| line[5].clone()).collect()
        };
        let most = "x".repeat(8192);
        for (text, told) in [
            ("{\"sess", "{\"sess"),
            ("", ""),
            ("a\tb\\n\n\nc", "a\tb\\n\n\nc"),
            (most.as_str(), most.as_str()),
            (&format!("{most}y"), ""),
            (&"y".repeat(3_000_000), ""),
        ] {
            write(&entry, text);
            assert_eq!(texts(place), [told]);
        }
        fs::remove_file(&entry).unwrap();
        link(&outside, &entry);
        assert_eq!(texts(place), Vec::<String>::new());
        fs::remove_file(&entry).unwrap();
        assert!(Command::new("mkfifo").arg(&entry).status().unwrap().success());
        assert_eq!(texts(place), Vec::<String>::new());
        fs::remove_dir_all(desk.join("sessions")).unwrap();
        write(&place.top().join(format!("elsewhere/{me}.json")), "precious");
        link(&place.top().join("elsewhere"), &desk.join("sessions"));
        assert_eq!(texts(place), Vec::<String>::new());
    });
}

#[test]
fn only_desks_are_scanned_and_only_those_that_were_asked_for() {
    each_shell(|place| {
        let another = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
        place.dead_desk();
        fs::create_dir_all(place.state.join(format!("leaving/pane-{another}"))).unwrap();
        fs::create_dir_all(place.state.join(format!("claude-homes/pane-{OTHER}"))).unwrap();
        for name in ["pane-x", "pane-a\nb", "other", &format!("pane-{PANE} "), &format!("pane-{PANE}\n")] {
            fs::create_dir_all(place.state.join("claude-configs").join(name)).unwrap();
        }
        link(&place.home, &place.state.join(format!("claude-configs/pane-{SESSION}")));
        write(&place.state.join("claude-configs/pane-33333333-3333-4333-8333-333333333333"), "a file");
        let all = tagged(&place.call(&["scan"]), "desk");
        assert_eq!(all, [[PANE, "configs"], [OTHER, "homes"], [another, "leaving"]]);
        let some = tagged(&place.call(&["scan", another, "--measure"]), "desk");
        assert_eq!(some, [[another, "leaving"]]);
        let full = place.call(&["scan", "--full", another, "--shared", &place.shared.display().to_string()]);
        assert_eq!(tagged(&full, "desk"), [[another, "leaving"]]);
        assert_eq!(tagged(&full, "shared"), [[place.shared.display().to_string()]]);
        assert_eq!(tagged(&place.call(&["scan", "--full"]), "desk"), Vec::<Vec<String>>::new());
        fs::rename(place.state.join("leaving"), place.top().join("aside")).unwrap();
        link(&place.top().join("aside"), &place.state.join("leaving"));
        assert_eq!(tagged(&place.call(&["scan"]), "desk").len(), 2);
    });
}

#[test]
fn a_conversation_is_found_where_it_lies() {
    each_shell(|place| {
        let talk = format!("projects/-p/{SESSION}.jsonl");
        place
            .call(&["find", SESSION, ""])
            .expect(&format!("none\tthere is no conversation {SESSION} in {}/projects\n", place.shared.display()));
        place.call(&["find", "x*", ""]).says("not a session id");
        place.call(&["find", SESSION, "relative"]).says("not an absolute path");
        write(&place.shared.join(&talk), &stub(SESSION));
        assert_eq!(place.call(&["find", SESSION, ""]).lines()[0][0], "none");
        let odd = "{\"type\":\"user\",\"cwd\":\"/a \\\"q\\\"\\\\ \\t\",\"x\":\"\\\"cwd\\\":1\"}\n";
        write(&place.shared.join(&talk), odd);
        let found = place.call(&["find", SESSION, ""]).fields("found");
        assert_eq!(found, [place.shared.join(&talk).display().to_string(), "\"cwd\":\"/a \\\"q\\\"\\\\ \\t\"".into()]);
        let other = place.top().join("other");
        write(&other.join(&talk), odd);
        let asked = other.display().to_string();
        assert_eq!(place.call(&["find", SESSION, &asked]).fields("found")[0], other.join(&talk).display().to_string());

        let me = std::process::id();
        let entry = format!("{{\"pid\":{me},\"sessionId\":\"{SESSION}\",\"procStart\":\"{}\"}}", start_of(me));
        write(&place.shared.join(format!("sessions/{me}.json")), &entry);
        assert!(place.call(&["find", SESSION, ""]).fields("in_use")[0].contains(&me.to_string()));

        for at in ["leaving", "claude-configs"] {
            let desk = place.state.join(at).join(format!("pane-{PANE}"));
            write(&desk.join(&talk), odd);
            place.call(&["find", SESSION, ""]).expect(&format!("desk\t{PANE}\n"));
            fs::remove_dir_all(&desk).unwrap();
        }
    });
}

#[test]
fn a_bell_says_that_something_changed_and_nothing_of_what() {
    each_shell(|place| {
        let rang = place.log.join("rang");
        place.script(
            "zellij",
            &format!(
                "{{ printf '%s|' \"$@\"; cat; readlink /proc/$$/fd/0; }} >'{0}.new'; mv '{0}.new' '{0}'\nsleep 600\n",
                rang.display()
            ),
        );
        let ring = |words: &[&str]| {
            let mut command = place.carrel(words);
            // Nobody ever closes this.
            command.stdin(Stdio::piped()).env("ZELLIJ_SESSION_NAME", "s");
            let mut group = Group::start(command);
            // It waits neither for its stdin nor for Zellij.
            until("the bell has answered", || group.child.try_wait().unwrap().is_some());
            let pid = group.pid();
            (group.finish(), pid)
        };
        let (answer, group) = ring(&["ring", "Stop", PANE]);
        answer.ends_with(0).expect("");
        until("Zellij was called", || rang.exists());
        assert_eq!(read(&rang), format!("pipe|--name|carrel_bell|--args|pane={PANE},event=Stop|--|x|/dev/null\n"));
        fs::remove_file(&rang).unwrap();
        assert!(kill("KILL", &format!("-{group}")));

        // Only the Zellij that the pane is of hears it: another one of that name may be coming back after a crash.
        let me = std::process::id();
        let started = start_of(me);
        for (pid, start, hears) in
            [(me, started.as_str(), true), (me, "1", false), (4_194_303, started.as_str(), false)]
        {
            place.desk_with(&[("server", &pid.to_string()), ("server_start", start)]);
            let (answer, group) = ring(&["ring", "Stop", PANE]);
            answer.ends_with(0).expect("");
            if hears {
                until("Zellij was called", || rang.exists());
                fs::remove_file(&rang).unwrap();
                assert!(kill("KILL", &format!("-{group}")));
            } else {
                std::thread::sleep(std::time::Duration::from_millis(150));
                assert!(!rang.exists(), "{pid} {start}");
            }
        }
        fs::remove_dir_all(place.desk()).unwrap();

        // What can only end a wait rings only where one began; what tells of its kind never.
        for event in ["PostToolUse", "AskUserQuestion", "ExitPlanMode"] {
            ring(&["ring", event, PANE]).0.ends_with(0).expect("");
            assert!(!rang.exists(), "{event}");
        }
        for words in [
            vec!["ring"],
            vec!["ring", "Stop"],
            vec!["ring", "Stop", "x"],
            vec!["ring", "Stop,event=x", PANE],
            vec!["ring", "", PANE],
            vec!["ring", "Stop", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa,"],
        ] {
            ring(&words).0.ends_with(0).expect("");
            assert!(!rang.exists());
        }
        // Outside of Zellij, or without it.
        place.call(&["ring", "Stop", PANE]).ends_with(0).expect("");
        fs::remove_file(place.bin.join("zellij")).unwrap();
        ring(&["ring", "Stop", PANE]).0.ends_with(0).expect("");
        assert!(!rang.exists());
        assert!(Path::new(&place.log).exists());
    });
}

/// Zellij's sockets: of the session `s`, and of another one.
fn sockets(place: &Place) -> (PathBuf, [UnixListener; 2]) {
    let base = place.top().join("sockets");
    let at = base.join("contract_version_1");
    fs::create_dir_all(&at).unwrap();
    write(&at.join("no socket"), "");
    (base, ["s", "another session"].map(|name| UnixListener::bind(at.join(name)).unwrap()))
}

#[test]
fn a_bell_that_is_not_heard_rings_once_more_and_never_for_long() {
    each_shell(|place| {
        let calls = place.log.join("calls");
        let zellij = |then: &str| place.script("zellij", &format!("echo $$ >>'{}'\n{then}\n", calls.display()));
        let pids = || fs::read_to_string(&calls).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
        let ring = || {
            let mut command = place.carrel(&["ring", "Stop", PANE]);
            command.env("ZELLIJ_SESSION_NAME", "s").env("ZELLIJ_SOCKET_DIR", place.top().join("sockets"));
            Group::start(command)
        };
        let program = read(&place.state.join("carrel.sh"));
        let patience = |hundredths: u32| {
            let changed = program.replace("\n_BELL_PATIENCE=500\n", &format!("\n_BELL_PATIENCE={hundredths}\n"));
            assert_ne!(changed, program);
            write(&place.state.join("carrel.sh"), &changed);
        };
        let moment = || std::thread::sleep(Duration::from_millis(300));

        // It says that there is no such session, which may not be true.
        zellij("exit 1");
        let group = ring();
        until("it was tried twice", || pids().len() == 2);
        moment();
        assert_eq!(pids().len(), 2);
        group.finish().ends_with(0).expect("");

        // But not where its server has ended meanwhile.
        fs::remove_file(&calls).unwrap();
        let mut server = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = server.id().to_string();
        place.desk_with(&[("server", &pid), ("server_start", &start_of(server.id()))]);
        zellij(&format!("kill {pid}; exit 1"));
        ring().finish().ends_with(0).expect("");
        until("it was tried", || pids().len() == 1);
        moment();
        assert_eq!(pids().len(), 1);
        server.wait().unwrap();
        fs::remove_dir_all(place.desk()).unwrap();

        // It was told.
        fs::remove_file(&calls).unwrap();
        zellij("exit 0");
        ring().finish().ends_with(0).expect("");
        until("it was tried", || pids().len() == 1);
        moment();
        assert_eq!(pids().len(), 1);

        // While it rings, Claude goes on: it waits for the end of what its hooks say, whoever says it.
        patience(60_000);
        fs::remove_file(&calls).unwrap();
        zellij("exec sleep 30");
        let group = ring();
        let members = format!("-{}", group.pid());
        until("it was tried", || pids().len() == 1);
        group.finish().ends_with(0).expect("");
        assert!(Path::new(&format!("/proc/{}", pids()[0])).exists());
        assert!(kill("KILL", &members));

        // The server has gone away meanwhile: such a call goes round and round.
        patience(30);
        fs::remove_file(&calls).unwrap();
        zellij("while :; do :; done");
        let group = ring();
        until("it was tried", || pids().len() == 1);
        until("it was ended", || !Path::new(&format!("/proc/{}", pids()[0])).exists());
        moment();
        assert_eq!(pids().len(), 1);
        group.finish().ends_with(0).expect("");
    });
}

#[test]
fn a_bell_asks_no_other_server_than_its_own() {
    each_shell(|place| {
        let (base, _servers) = sockets(place);
        let called = place.log.join("called");
        let found = place.log.join("found");
        // What Zellij's command line would find.
        place.script(
            "zellij",
            &format!(
                "code=$(cat '{1}')\ncd \"$ZELLIJ_SOCKET_DIR\"\npwd >'{0}.new'\nls -d */* >>'{0}.new'\nmv '{0}.new' '{0}'\nexit $code\n",
                found.display(),
                called.display()
            ),
        );
        let ring_at = |base: &Path, exits: &str| {
            let _ = fs::remove_file(&found);
            write(&called, exits);
            let mut command = place.carrel(&["ring", "Stop", PANE]);
            command.env("ZELLIJ_SESSION_NAME", "s").env("ZELLIJ_SOCKET_DIR", base);
            Group::start(command).finish().ends_with(0).expect("");
            until("Zellij was called", || found.exists());
            read(&found).lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let ring = |exits: &str| ring_at(&base, exits);
        let me = std::process::id();
        place.desk_with(&[("server", &me.to_string()), ("server_start", &start_of(me))]);
        let own = base.join(format!("carrel-{me}.{}", start_of(me)));
        for _ in 0..2 {
            assert_eq!(ring("0"), [own.display().to_string(), "contract_version_1/s".to_string()]);
        }
        let ino = |path: PathBuf| fs::metadata(path).unwrap().ino();
        assert_eq!(ino(own.join("contract_version_1/s")), ino(base.join("contract_version_1/s")));
        assert_eq!(fs::metadata(&own).unwrap().mode() & 0o777, 0o700);

        // Where there can be no such directory (a link is in its place, the path is too long) it asks the usual way, but not while
        // another server begins.
        let deep = base.join("d".repeat(60));
        let all = ["contract_version_1/another session", "contract_version_1/no socket", "contract_version_1/s"];
        fs::rename(&own, place.top().join("own")).unwrap();
        let aside = place.top().join("aside");
        fs::create_dir_all(&aside).unwrap();
        link(&aside, &own);
        fs::remove_file(base.join(all[0])).unwrap();
        let _young = UnixListener::bind(base.join(all[0])).unwrap();
        let born = Instant::now();
        let usual = ring("0");
        assert!(born.elapsed() > Duration::from_millis(900), "{:?}", born.elapsed());
        assert_eq!(usual[0], base.display().to_string());
        assert!(all.iter().all(|name| usual.contains(&(*name).to_string())), "{usual:?}");
        assert!(names(&aside).is_empty());
        fs::remove_file(&own).unwrap();
        fs::create_dir_all(&deep).unwrap();
        for name in ["contract_version_1", "deeper"] {
            fs::create_dir_all(deep.join(name)).unwrap();
        }
        fs::hard_link(base.join(all[2]), deep.join(all[2])).unwrap();
        assert_eq!(ring_at(&deep, "0")[0], deep.display().to_string());
        assert!(!deep.join(own.file_name().unwrap()).exists());
        fs::remove_dir_all(&deep).unwrap();

        // What is not heard is said once more, to the same one.
        ring("1");
        let first = ino(found.clone());
        until("it was tried again", || fs::metadata(&found).is_ok_and(|file| file.ino() != first));
        assert!(read(&found).starts_with(&own.display().to_string()));

        // The next start of Carrel takes away those of servers that have ended, and nothing else.
        assert_eq!(ring("0")[0], own.display().to_string());
        let dead = base.join(format!("carrel-{me}.1"));
        fs::create_dir_all(dead.join("contract_version_1")).unwrap();
        let _dead = UnixListener::bind(dead.join("contract_version_1/s")).unwrap();
        for other in ["carrel-x", "carrel-1.", "carrel-1.2.3", "carrel"] {
            fs::create_dir_all(base.join(other)).unwrap();
        }
        let mut boot = place.boot_command(&[]);
        boot.env("ZELLIJ_SOCKET_DIR", &base);
        Group::start(boot).finish().ends_with(0);
        assert!(own.join("contract_version_1/s").exists() && !dead.exists());
        assert_eq!(names(&base).len(), 6, "{:?}", names(&base));
        assert_eq!(names(&base.join("contract_version_1")).len(), 3);

        // All of them are shown, and taken away with Carrel.
        let told = |word: &str| {
            let mut command = place.carrel(&[word]);
            command.env("ZELLIJ_SOCKET_DIR", &base);
            Group::start(command).finish().stdout
        };
        fs::remove_dir_all(place.desk()).unwrap();
        assert!(told("where").contains(&own.display().to_string()));
        told("uninstall");
        assert!(!own.exists());
        assert_eq!(names(&base.join("contract_version_1")).len(), 3);
    });
}
