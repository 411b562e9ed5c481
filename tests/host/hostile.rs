//! Hostile and broken surroundings: planted links and pipes, disks that are full or cannot be written, names that look like
//! ours, modes that are too open, masses of files, clocks that jump, other hosts. Nothing is lost, nothing outside is touched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::place::*;

fn talk(session: &str) -> String {
    format!("projects/-p/{session}.jsonl")
}

fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs these words of sh where mounts are the test's own.
fn with_mounts(place: &Place, script: &str) -> Answer {
    let mut command = Command::new("unshare");
    place.set_up(&mut command);
    command.args(["-r", "-m", "/bin/sh", "-c", script]).process_group(0);
    Answer::of(command.output().expect("unshare (apt-get install util-linux)"))
}

/// The program as words of sh.
fn program(place: &Place) -> String {
    format!("{} '{}'", place.shell_words().join(" "), place.state.join("carrel.sh").display())
}

// ---- planted things ---------------------------------------------------------------------------------------------------

#[test]
fn what_is_planted_where_carrel_writes_is_not_written_through() {
    each_shell(|place| {
        place.seed();
        let outside = place.top().join("outside");
        write(&outside.join("precious"), "yes");
        let before = tree(&outside);
        let desk = place.desk();
        let files = [
            ".carrel/record.new",
            ".carrel/record",
            ".carrel/settings.json",
            ".carrel/exit",
            ".carrel/given",
            ".carrel/seeded",
            ".carrel-probe",
            ".claude.json",
            ".carrel/last",
        ];
        for make in 0..3 {
            for file in files {
                let _ = fs::remove_dir_all(&desk);
                fs::create_dir_all(desk.join(".carrel")).unwrap();
                match make {
                    0 => link(&outside.join("precious"), &desk.join(file)),
                    1 => link(&outside.join("new"), &desk.join(file)),
                    // A pipe would be waited for without end.
                    _ => fifo(&desk.join(file)),
                }
                let mut command = place.carrel(&Place::run_words(&[]));
                let mut limited = Command::new("timeout");
                limited.arg("20").arg(command.get_program()).args(command.get_args());
                place.set_up(&mut limited);
                Answer::of(limited.process_group(0).output().unwrap()).ends_with(0);
                command.env_clear();
                assert_eq!(tree(&outside), before, "{make} {file}");
                assert!(desk.join(".carrel/record").is_file() && !is_link(&desk.join(".carrel/record")));
            }
        }
        // A bell and a look write too.
        for (file, words) in [
            (desk.join(".carrel/rang"), ["ring", "Stop", PANE].as_slice()),
            (desk.join(".carrel/asked"), &["ring", "PermissionRequest", PANE]),
            (place.state.join(".probe"), &["scan"]),
        ] {
            for make in 0..2 {
                let _ = fs::remove_file(&file);
                if make == 0 {
                    link(&outside.join("precious"), &file);
                } else {
                    fifo(&file);
                }
                let command = place.carrel(words);
                let mut limited = Command::new("timeout");
                limited.arg("20").arg(command.get_program()).args(command.get_args());
                place.set_up(&mut limited);
                Answer::of(limited.process_group(0).output().unwrap()).ends_with(0);
                assert_eq!(tree(&outside), before, "{words:?}");
                assert!(file.is_file() && !is_link(&file), "{words:?}");
            }
        }
        // Dirs that Claude makes itself: by a link its conversations would leave the desk, and so would one that is taken back.
        for dir in ["projects", "sessions", "tasks", "todos", "file-history", "session-env"] {
            let _ = fs::remove_dir_all(&desk);
            link(&outside, &desk.join(dir));
            write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
            write(&place.shared.join(format!("tasks/{SESSION}/1.json")), "1");
            place.run(&[]).ends_with(0);
            assert_eq!(tree(&outside), before, "{dir}");
            assert_eq!(read(&desk.join(talk(SESSION))), transcript(SESSION, 2), "{dir}");
            fs::remove_file(desk.join(".carrel/exit")).unwrap();
            place.cleaned();
        }
    });
}

#[test]
fn what_is_planted_where_a_cleaner_writes_is_not_written_through() {
    each_shell(|place| {
        let outside = place.top().join("outside");
        write(&outside.join("precious"), "yes");
        let before = tree(&outside);
        let far = tempfile::Builder::new().prefix("carrel-far-").tempdir_in("/dev/shm").unwrap();
        for (n, to) in ["precious", "new"].into_iter().enumerate() {
            let desk = place.desk_with(&[("shared", &far.path().join(n.to_string()).display().to_string())]);
            write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
            write(&desk.join("plans/p.md"), "mine");
            link(&outside.join(to), &desk.join(".carrel/copying"));
            link(&outside.join(to), &desk.join(".carrel/last"));
            // Not the sign of anybody who lives.
            link(&outside.join(to), &place.state.join(format!("leaving/.cleaning-{PANE}")));
            link(&outside.join(to), &place.state.join("leaving/.sign-99999999"));
            place.call(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]).says("\tkept");
            assert_eq!(tree(&outside), before, "{to}");
            place.cleaned();
            assert_eq!(tree(&outside), before, "{to}");
            assert_eq!(read(&far.path().join(n.to_string()).join(talk(SESSION))), transcript(SESSION, 2));
        }
        // A desk whose own notes are a link's: they prove nothing, so nothing is touched.
        let desk = place.dead_desk();
        fs::rename(desk.join(".carrel"), place.top().join("aside")).unwrap();
        link(&place.top().join("aside"), &desk.join(".carrel"));
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        place.clean().says("\talive\t").says("cannot be read");
        assert_eq!(read(&desk.join(talk(SESSION))), transcript(SESSION, 2));
    });
}

#[test]
fn names_that_only_look_like_desks_are_left_alone() {
    each_shell(|place| {
        place.dead_desk();
        let upper = PANE.to_uppercase();
        let others = [
            format!("pane-{upper}"),
            format!("pane-{PANE}.bak"),
            format!("pane-{PANE} "),
            format!("pane-{PANE}x"),
            format!("pane-{}", &PANE[1..]),
            format!("Pane-{PANE}"),
            format!("pane-{}", PANE.replace('-', "_")),
            "pane-".to_string(),
            "my notes".to_string(),
        ];
        for parent in ["claude-configs", "leaving"] {
            for name in &others {
                write(&place.state.join(parent).join(name).join("precious"), "yes");
            }
        }
        place.boot(&[]).ends_with(0);
        let told: Vec<Vec<String>> = place.call(&["owners"]).whole("owner", 9);
        assert_eq!(told.iter().map(|line| line[0].as_str()).collect::<Vec<_>>(), [PANE]);
        assert_eq!(place.call(&["scan"]).lines().iter().filter(|line| line[0] == "desk").count(), 1);
        for bad in [upper.as_str(), "", "*", &format!("{PANE} "), &format!("../claude-configs/pane-{PANE}")] {
            place.call(&["clean", "--pane", bad, "--wait", "0"]).ends_with(1).says("not a pane's uuid");
        }
        place.clean().says("\tcleaned");
        for parent in ["claude-configs", "leaving"] {
            for name in &others {
                assert_eq!(read(&place.state.join(parent).join(name).join("precious")), "yes", "{parent} {name}");
            }
        }
    });
}

// ---- disks ------------------------------------------------------------------------------------------------------------

#[test]
fn a_disk_that_cannot_be_written_keeps_everything_where_it_is_and_says_so() {
    each_shell(|place| {
        place.seed();
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        write(&place.shared.join("CLAUDE.md"), "the user's");
        let before = tree(&place.top());
        let read_only = |dir: &Path, words: &str| {
            let dir = dir.display();
            with_mounts(
                place,
                &format!(
                    "mount --bind '{dir}' '{dir}' && mount -o remount,bind,ro '{dir}' || exit 99\n{} {words}",
                    program(place)
                ),
            )
        };
        // The user's dir, then the state dir.
        read_only(&place.shared, &format!("clean --pane {PANE} --wait 0"))
            .ends_with(1)
            .says("\tfailed\t")
            .says("read-only");
        assert_eq!(read(&place.leaving().join(talk(SESSION))), transcript(SESSION, 2));
        fs::rename(place.leaving(), place.desk()).unwrap();
        read_only(&place.state, &format!("clean --pane {PANE} --wait 0")).ends_with(1).says("\tfailed\t");
        read_only(&place.state, &Place::run_words(&[]).join(" ")).ends_with(1).says("cannot be written");
        let boot = with_mounts(
            place,
            &format!(
                "mount --bind '{0}' '{0}' && mount -o remount,bind,ro '{0}' || exit 99\nCARREL_STATE='{0}' {1} boot",
                place.state.display(),
                program(place)
            ),
        );
        boot.ends_with(1).says("error\t").says("full or read-only");
        assert!(!place.log.join("argv").exists());
        // A note of the last conversation is all that the attempt left.
        fs::remove_file(place.desk().join(".carrel/last")).unwrap();
        assert_eq!(tree(&place.top()), before);
        place.cleaned();
    });
}

#[test]
fn on_a_full_disk_claude_is_not_started_and_nothing_is_lost() {
    each_shell(|place| {
        place.seed();
        write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
        fs::create_dir(place.log.join("out")).unwrap();
        // A small disk for the desks alone, with less and less room in it: somewhere the launcher does not get through.
        let mut ends: BTreeMap<i32, usize> = BTreeMap::new();
        for room in [0, 4, 8, 12, 16, 20, 64] {
            let script = format!(
                "mount -t tmpfs -o size=512k tmpfs '{desks}' && head -c {fill} /dev/zero >'{desks}/fill' || exit 99\n{program} {words}\ncode=$?\ncp -R '{desks}/.' '{out}'\nexit $code\n",
                desks = place.state.join("claude-configs").display(),
                fill = (512 - room) * 1024,
                program = program(place),
                words = Place::run_words(&["--resume"]).join(" "),
                out = place.log.join("out").display(),
            );
            let answer = with_mounts(place, &script);
            let code = answer.code.unwrap();
            *ends.entry(code).or_default() += 1;
            if code != 0 {
                answer.says("full");
            }
            let out = place.log.join("out").join(format!("pane-{PANE}"));
            let here = fs::read_to_string(out.join(talk(SESSION))).unwrap_or_default();
            let there = fs::read_to_string(place.shared.join(talk(SESSION))).unwrap_or_default();
            assert_eq!(format!("{here}{there}"), transcript(SESSION, 2), "{room} KiB: in one place");
            write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
            let _ = fs::remove_dir_all(&out);
        }
        assert_eq!(ends.keys().copied().collect::<Vec<_>>(), [0, 1], "some rooms are enough, some are not: {ends:?}");
    });
}

#[test]
fn twenty_thousand_files_and_a_transcript_of_two_gigabytes_are_kept_and_taken_back() {
    // Once is enough: the tools that read it are the same for each shell.
    let place = &Place::new(SHELLS[0]);
    place.seed();
    let desk = place.dead_desk();
    let big = desk.join(talk(SESSION));
    write(&big, &transcript(SESSION, 2));
    // Most of it is a hole.
    fs::OpenOptions::new().write(true).open(&big).unwrap().set_len(2 << 30).unwrap();
    for dir in ["file-history", "tasks", "backups", "cache"] {
        fs::create_dir_all(desk.join(dir).join(SESSION)).unwrap();
        for n in 0..5_000 {
            fs::write(desk.join(dir).join(SESSION).join(n.to_string()), "x").unwrap();
        }
    }
    // Some of them in a dir that the user has already.
    write(&place.shared.join(format!("tasks/{SESSION}/7")), "x");
    place.cleaned();
    assert_eq!(fs::metadata(place.shared.join(talk(SESSION))).unwrap().len(), 2 << 30);
    for dir in ["file-history", "tasks"] {
        assert_eq!(names(&place.shared.join(dir).join(SESSION)).len(), 5_000);
    }
    place.run(&["--resume"]).ends_with(0);
    assert_eq!(fs::metadata(&big).unwrap().len(), 2 << 30);
    assert_eq!(names(&desk.join("tasks").join(SESSION)).len(), 5_000);
}

// ---- modes ------------------------------------------------------------------------------------------------------------

#[test]
fn dirs_that_are_open_to_others_are_closed_and_that_is_said() {
    each_shell(|place| {
        for (dir, bits) in
            [("", 0o755), ("claude-configs", 0o750), ("seed", 0o711), ("changes", 0o755), ("leaving", 0o777)]
        {
            let dir = if dir.is_empty() { place.state.clone() } else { place.state.join(dir) };
            fs::set_permissions(&dir, fs::Permissions::from_mode(bits)).unwrap();
            let answer = place.boot(&[]);
            let told = answer.fields("mended");
            assert!(told[0].starts_with(dir.to_str().unwrap()) && told[0].contains("drwx"), "{told:?}");
            assert_eq!(mode(&dir), 0o700);
            assert!(!place.boot(&[]).stdout.contains("mended"), "once");
        }
    });
}

#[test]
fn nothing_of_a_desk_is_open_to_others_for_a_moment() {
    each_shell(|place| {
        // Each tool that makes something looks, when it has, whether others could read anything.
        let open = place.log.join("open");
        for tool in ["mkdir", "cp", "mv", "ln", "rm", "sed", "touch", "date", "stat", "head"] {
            place.script(
                tool,
                &format!(
                    "PATH={TOOLS} {tool} \"$@\"\ncode=$?\nPATH={TOOLS} find '{0}' ! -type l ! -name carrel.sh -perm /077 >>'{1}' 2>/dev/null\nexit $code\n",
                    place.state.display(),
                    open.display()
                ),
            );
        }
        // As a user whose files everybody may read by default.
        let as_usual = |words: &[&str]| {
            let mut command = place.shell();
            let program = place.state.join("carrel.sh").display().to_string();
            let mut all: Vec<String> = place.shell_words().iter().map(|word| (*word).to_string()).collect();
            all.push(program);
            all.extend(words.iter().map(|word| (*word).to_string()));
            command.args(["-c", "umask 000; exec \"$@\"", "x"]).args(all).process_group(0);
            Answer::of(command.output().unwrap())
        };
        place.seed();
        let words = Place::run_words(&[]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        place.claude_does("umask >\"$log/umask\"; PATH=/usr/bin:/bin\n");
        as_usual(&words).ends_with(0);
        assert_eq!(read(&place.log.join("umask")).trim().trim_start_matches('0'), "", "Claude has the user's own");
        as_usual(&words).ends_with(0);
        fs::remove_file(place.desk().join(".carrel/exit")).unwrap();
        write(&place.desk().join("plans/p"), "mine");
        fs::set_permissions(place.desk().join("plans"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(place.desk().join("plans/p"), fs::Permissions::from_mode(0o600)).unwrap();
        as_usual(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]).says("\tkept");
        as_usual(&["clean", "--pane", PANE, "--wait", "0"]).says("\tcleaned");
        let found = fs::read_to_string(&open).unwrap_or_default();
        assert_eq!(found, "", "open to others at some time");
        assert!(!read(&place.state.join("carrel.sh")).is_empty());
    });
}

// ---- others -----------------------------------------------------------------------------------------------------------

#[test]
fn a_clock_that_jumps_changes_nothing_that_matters() {
    each_shell(|place| {
        place.seed();
        let touch = |path: &Path, date: &str| {
            assert!(Command::new("touch").args(["-d", date]).arg(path).status().unwrap().success());
        };
        for date in ["2001-01-01", "2100-01-01"] {
            let desk = place.dead_desk();
            write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
            for path in [
                desk.clone(),
                desk.join(".carrel/record"),
                desk.join(talk(SESSION)),
                place.state.join("seed"),
                place.state.join("carrel.sh"),
            ] {
                touch(&path, date);
            }
            // Signs are judged by processes, not by time.
            let me = std::process::id();
            let sign = place.state.join(format!("leaving/.cleaning-{PANE}"));
            write(&sign, &format!("{me} {}\n", start_of(me)));
            touch(&sign, date);
            place.clean().says("\talive\t").says("cleaned already");
            write(&sign, &format!("{me} 1\n"));
            place.call(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]).says("\tkept");
            assert_eq!(read(&place.shared.join(talk(SESSION))), transcript(SESSION, 2));
            place.run(&[]).ends_with(0);
            assert_eq!(place.argv()[..2], ["--resume", SESSION]);
            fs::remove_file(desk.join(".carrel/exit")).unwrap();
            place.cleaned();
        }
    });
}

#[test]
fn a_desk_of_another_host_is_used_when_the_user_says_so() {
    each_shell(|place| {
        place.seed();
        for (line, why) in [
            (vec![("host", "another"), ("boot", "x")], "the host another"),
            (vec![("init", "4711 box")], "another container"),
        ] {
            let desk = place.desk_with(&line);
            write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
            let before = read(&desk.join(".carrel/record"));
            place.clean().says("\talive\t").says(why);
            let _ = fs::remove_file(place.log.join("argv"));
            place.run(&[]).ends_with(1).says(why).says("press Enter");
            assert!(!place.log.join("argv").exists());
            assert_eq!(read(&desk.join(".carrel/record")), before);
            // Enter.
            place.run(&[]).ends_with(0);
            assert_eq!(place.argv()[..2], ["--resume", SESSION]);
            fs::remove_file(desk.join(".carrel/exit")).unwrap();
            place.cleaned();
        }
    });
}

#[test]
fn two_panes_of_one_saved_layout_never_work_at_one_desk() {
    each_shell(|place| {
        place.seed();
        let mut first = place.run_living(&[]);
        write(&place.desk().join(talk(SESSION)), &transcript(SESSION, 2));
        let record = read(&place.desk().join(".carrel/record"));
        fs::remove_file(place.log.join("up")).unwrap();
        let mut second = Group::start(place.carrel(&Place::run_words(&[])));
        {
            use std::io::{BufRead, BufReader};
            let mut said = BufReader::new(second.child.stdout.take().unwrap()).lines();
            assert!(said.any(|line| line.unwrap().contains("is still ending")));
        }
        assert!(!place.log.join("up").exists());
        assert_eq!(read(&place.desk().join(".carrel/record")), record);
        // The first one was only slow to end, as a Claude is whose Zellij was killed.
        place.claude_does("exit 0");
        first.kill();
        assert_eq!(second.child.wait().unwrap().code(), Some(0));
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
    });
}

/// They look for each other while neither has written its record.
#[test]
fn of_two_panes_of_one_saved_layout_that_begin_in_one_moment_one_starts_claude() {
    each_shell(|place| {
        place.seed();
        place.claude_does("echo one >>\"$log/starts\"; until [ -f \"$log/go\" ]; do sleep 0.02; done; exit 0\n");
        let starts = || fs::read_to_string(place.log.join("starts")).unwrap_or_default().lines().count();
        for round in 0..6 {
            let both = [0; 2].map(|_| Group::start(place.carrel(&Place::run_words(&[]))));
            until("a Claude is there", || starts() > 0);
            std::thread::sleep(std::time::Duration::from_millis(250));
            assert_eq!(starts(), 1, "round {round}");
            // The other one waits for it to end.
            write(&place.log.join("go"), "");
            for one in both {
                one.finish().ends_with(0);
            }
            assert_eq!(starts(), 2, "round {round}");
            fs::remove_file(place.log.join("go")).unwrap();
            fs::remove_file(place.log.join("starts")).unwrap();
            fs::remove_dir_all(place.desk()).unwrap();
        }
    });
}

/// A named pipe is waited for by whoever opens it, and everybody who can write at a desk can make one.
#[test]
fn named_pipes_where_files_are_looked_for_keep_nobody_waiting() {
    each_shell(|place| {
        let soon = |words: &[&str]| {
            let mut group = Group::start(place.carrel(words));
            let began = std::time::Instant::now();
            while group.child.try_wait().unwrap().is_none() {
                if began.elapsed().as_secs() >= 20 {
                    group.kill();
                    panic!("{words:?} waits");
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            group.finish()
        };
        let pipe = |path: &Path| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        };
        let desk = place.dead_desk();
        pipe(&desk.join("daemon.lock"));
        assert_eq!(soon(&["owners"]).whole("owner", 9)[0][1], "alive", "what cannot be told is alive");
        soon(&["clean", "--pane", PANE, "--wait", "0"]).says("alive");
        fs::remove_dir_all(&desk).unwrap();

        place.seed();
        pipe(&place.project.join(".claude/settings.json"));
        let group = place.run_living(&["--method", "home"]);
        let home = place.state.join(format!("claude-homes/pane-{PANE}"));
        for path in [".claude.json", ".claude/settings.json"].map(|path| home.join(path)) {
            let _ = fs::remove_file(&path);
            pipe(&path);
        }
        pipe(&home.join(".carrel/asked"));
        soon(&["scan"]).says("end");
        drop(group);
        fs::remove_dir_all(place.project.join(".claude")).unwrap();
        fs::remove_dir_all(&home).unwrap();
    });
}

#[test]
fn a_second_pane_of_one_saved_layout_stops_with_a_sentence() {
    // It waits for ten seconds, so once is enough.
    let place = Place::new(SHELLS[0]);
    place.seed();
    let _first = place.run_living(&[]);
    fs::remove_file(place.log.join("up")).unwrap();
    place.run(&[]).ends_with(1).says("another Claude is at this desk").says("saved layout");
    assert!(!place.log.join("up").exists());
}

#[test]
fn a_conversation_that_lies_at_another_desk_is_refused_until_it_is_free() {
    each_shell(|place| {
        place.seed();
        let other = place.state.join("claude-configs/pane-bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb");
        write(&other.join(talk(SESSION)), &transcript(SESSION, 4));
        // A pane that came back with its session: its conversation was kept meanwhile, and then taken to another pane.
        place.run(&[]).ends_with(1).says("lies at the desk of another pane (bbbbbbbb").says("Enter");
        assert!(!place.log.join("argv").exists());
        fs::rename(other.join("projects"), place.shared.join("projects")).unwrap();
        place.run(&[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        assert_eq!(read(&place.desk().join(talk(SESSION))), transcript(SESSION, 4));
    });
}

#[test]
fn of_several_panes_that_want_one_conversation_one_gets_it() {
    each_shell(|place| {
        place.seed();
        for _ in 0..3 {
            write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
            let words = |n: u32| {
                let pane = format!("{n}bbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb");
                ["run", "--pane", &pane, "--session", SESSION, "--resume"].map(String::from).to_vec()
            };
            let panes: Vec<Group> = (1..5).map(|n| Group::start(place.carrel(&words(n)))).collect();
            let answers: Vec<Answer> = panes.into_iter().map(Group::finish).collect();
            assert_eq!(answers.iter().filter(|answer| answer.code == Some(0)).count(), 1);
            for answer in answers.iter().filter(|answer| answer.code != Some(0)) {
                answer.says("lies at the desk of another pane");
            }
            let desks = place.state.join("claude-configs");
            let with = names(&desks).into_iter().filter(|name| desks.join(name).join(talk(SESSION)).exists());
            assert_eq!(with.count(), 1);
            assert!(!place.shared.join(talk(SESSION)).exists());
            fs::remove_dir_all(&desks).unwrap();
            assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
        }
    });
}

#[test]
fn an_old_sign_is_taken_down_by_one_cleaner_and_no_two_ever_keep_at_once() {
    each_shell(|place| {
        // What is appended twice would stand there twice.
        let (short, long) = (transcript(SESSION, 2), transcript(SESSION, 40));
        let lock = place.log.join("lock");
        place.script(
            "tail",
            &format!("PATH={TOOLS}\nmkdir '{0}' || : >'{0}.twice'\nsleep 0.05\ntail \"$@\"\ncode=$?\nrmdir '{0}'\nexit $code\n", lock.display()),
        );
        for round in 0..4 {
            write(&place.dead_desk().join(talk(SESSION)), &long);
            write(&place.shared.join(talk(SESSION)), &short);
            write(&place.state.join(format!("leaving/.cleaning-{PANE}")), "99999999 1\n");
            write(&place.state.join(format!("leaving/.cleaning-{PANE}.1")), "\n");
            let words = ["clean", "--pane", PANE, "--wait", "0"];
            let cleaners: Vec<Group> = (0..6).map(|_| Group::start(place.carrel(&words))).collect();
            for cleaner in cleaners {
                let answer = cleaner.finish();
                let word = answer.fields("clean")[1].clone();
                assert!(["cleaned", "gone", "alive"].contains(&word.as_str()), "{}", answer.stdout);
            }
            // All of them may have seen each other.
            until("it is cleaned", || ["cleaned", "gone"].contains(&place.clean().fields("clean")[1].as_str()));
            assert_eq!(read(&place.shared.join(talk(SESSION))), long, "round {round}");
            assert!(!place.log.join("lock.twice").exists(), "two at once");
            assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
        }
    });
}

#[test]
fn a_desk_that_somebody_else_has_by_now_is_left_alone() {
    each_shell(|place| {
        let me = std::process::id().to_string();
        let start = start_of(std::process::id());
        let cache = place.home.join(".cache/zellij");
        fs::create_dir_all(&cache).unwrap();
        let cache_text = cache.display().to_string();
        let of = |server: &str, start: &str| {
            let lines = [("server", server), ("server_start", start), ("zellij_cache", cache_text.as_str())];
            write(&place.desk_with(&lines).join(talk(SESSION)), &transcript(SESSION, 2));
        };
        let clean = |more: &[&str]| {
            let words = [&["clean", "--pane", PANE, "--wait", "0"], more].concat();
            place.call(&words).fields("clean")[1].clone()
        };
        // Its pane runs in another Zellij, whose mark was read here or who brought it back since.
        of(&me, &start);
        assert_eq!(clean(&["--server", "99999999"]), "owned");
        assert_eq!(clean(&["--server", "99999999", "--if-nobody"]), "owned");
        assert_eq!(read(&place.desk().join(talk(SESSION))), transcript(SESSION, 2));
        assert_eq!(clean(&["--server", &me]), "cleaned");
        // A saved session names it: what nobody had can come back now; what was closed stays closed.
        of("99999999", "1");
        write(&cache.join("1/session_info/main/session-layout.kdl"), &format!("args \"--pane\" \"{PANE}\"\n"));
        assert_eq!(clean(&["--server", &me, "--if-nobody"]), "owned");
        assert_eq!(clean(&["--server", &me]), "cleaned");
        of("99999999", "1");
        fs::remove_dir_all(cache.join("1")).unwrap();
        assert_eq!(clean(&["--server", &me, "--if-nobody"]), "cleaned");
    });
}

#[test]
fn what_comes_back_without_a_record_goes_where_the_option_says() {
    each_shell(|place| {
        // A Claude that outlived every sign of life has written its dir again.
        let own = place.top().join("own");
        fs::create_dir_all(&own).unwrap();
        write(&place.desk().join(talk(SESSION)), &transcript(SESSION, 2));
        place.call(&["clean", "--pane", PANE, "--wait", "0", "--shared", own.to_str().unwrap()]).says("\tcleaned");
        assert_eq!(read(&own.join(talk(SESSION))), transcript(SESSION, 2));
    });
}
