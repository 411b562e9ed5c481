//! clean: what must not be lost comes to the user's own dir, then the desk goes; on any doubt nothing goes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::*;

fn talk(session: &str) -> String {
    format!("projects/-p/{session}.jsonl")
}

/// When it was changed last, from now on.
fn touch(path: &Path, date: &str) {
    assert!(Command::new("touch").args(["-d", date]).arg(path).status().unwrap().success());
}

/// Transcripts that were given another id are alike again.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("\"sessionId\":\"");
    let first = parts.next().unwrap_or_default().to_string();
    first + &parts.map(|part| part.split_once('"').map_or("", |(_, rest)| rest)).collect::<String>()
}

/// Transcripts of the shared dir, by their paths from there.
fn transcripts(place: &Place) -> BTreeMap<String, String> {
    tree(&place.shared).into_iter().filter(|(path, _)| path.ends_with(".jsonl")).collect()
}

#[test]
fn while_claude_lives_nothing_is_touched() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        write(&place.desk().join(talk(SESSION)), &transcript(SESSION, 2));
        let before = tree(&place.state);
        let answer = place.clean();
        answer.ends_with(1).expect(&format!("clean\t{PANE}\talive\tits processes live (group {})\n", group.pid()));
        assert_eq!(tree(&place.state), before);
        assert!(transcripts(place).is_empty());

        // The launcher is gone, Claude is not yet.
        assert!(kill("KILL", &group.pid().to_string()));
        group.child.wait().unwrap();
        place.clean().says("\talive\tits processes live");
        assert_eq!(tree(&place.state), before);

        // It waits for the end.
        let cleaner = Group::start(place.carrel(&["clean", "--pane", PANE, "--wait", "20"]));
        until("the cleaner looks", || Path::new(&format!("/proc/{}/stat", cleaner.pid())).exists());
        assert!(kill("KILL", &format!("-{}", group.pid())));
        cleaner.finish().expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert_eq!(transcripts(place), [(talk(SESSION), transcript(SESSION, 2))].into());
        place.clean().expect(&format!("clean\t{PANE}\tgone\n"));
    });
}

#[test]
fn a_dead_panes_desk_is_kept_and_deleted() {
    each_shell(|place| {
        let desk = place.dead_desk();
        let kept = [
            talk(SESSION),
            format!("projects/-p/{SESSION}/subagents/agent-1.jsonl"),
            format!("projects/-p/{SESSION}/tool-results/x y'\"\n.txt"),
            "projects/-p/memory/MEMORY.md".into(),
            "projects/-q/.hidden/..odd/-n".into(),
            format!("tasks/{SESSION}/1.json"),
            format!("file-history/{SESSION}/abc@v1"),
            "plans/p.md".into(),
            "settings.local.json".into(),
            "todos/a.json".into(),
        ];
        for path in &kept {
            write(&desk.join(path), &format!("content of {path}"));
        }
        for path in [
            ".claude.json",
            ".claude.json.lock/x",
            ".claude.json.backup.1",
            "sessions/99999999.json",
            "backups/b",
            "cache/c",
            "shell-snapshots/s",
            "debug/d",
            "statsig/s",
            "history.lock",
            "stats-cache.json",
            ".last-cleanup",
        ] {
            write(&desk.join(path), "disposable");
        }
        fs::create_dir_all(desk.join("session-env").join(SESSION)).unwrap();
        fs::create_dir_all(desk.join("unknown but empty/within/and within")).unwrap();
        link(&place.shared.join("CLAUDE.md"), &desk.join("CLAUDE.md"));
        write(&place.shared.join("CLAUDE.md"), "the user's");
        place.cleaned();
        let shared = tree(&place.shared);
        for path in &kept {
            assert_eq!(shared.get(path.as_str()), Some(&format!("content of {path}")), "{path}");
        }
        let files: Vec<_> = shared.keys().filter(|path| !path.ends_with('/')).collect();
        assert_eq!(files.len(), kept.len() + 1, "{files:?}");
        assert!(!shared.contains_key("session-env/"));
        place.clean().expect(&format!("clean\t{PANE}\tgone\n"));
    });
}

#[test]
fn what_is_unknown_blocks_the_deletion_and_stays() {
    each_shell(|place| {
        let desk = place.dead_desk();
        write(&desk.join("invention"), "precious");
        write(&desk.join("new dir/x"), "precious");
        write(&desk.join(".credentials.json"), "a login that nobody asked for");
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        write(&desk.join("backups/b"), "");
        for _ in 0..2 {
            let answer = place.clean();
            answer.ends_with(1);
            assert_eq!(answer.lines()[0][..3], ["clean", PANE, "blocked"]);
            assert_eq!(answer.lines()[0][3], "invention new dir .credentials.json");
            assert_eq!(transcripts(place), [(talk(SESSION), transcript(SESSION, 2))].into());
            assert_eq!(names(&place.leaving()), [".carrel", ".credentials.json", "backups", "invention", "new dir"]);
            assert_eq!(names(&place.shared), ["projects"]);
        }
        assert_eq!(names(&place.state.join("leaving")), [format!("pane-{PANE}")]);
        for name in ["invention", ".credentials.json"] {
            fs::remove_file(place.leaving().join(name)).unwrap();
        }
        fs::remove_dir_all(place.leaving().join("new dir")).unwrap();
        place.cleaned();
    });
}

#[test]
fn a_login_of_the_desks_own_goes_with_it() {
    each_shell(|place| {
        let desk = place.desk_with(&[("login", "separate")]);
        write(&desk.join(".credentials.json"), "its own");
        place.cleaned();
        assert_eq!(names(&place.shared), Vec::<String>::new());
    });
}

#[test]
fn what_would_have_been_a_link_comes_to_the_users_dir() {
    each_shell(|place| {
        let desk = place.desk_with(&[("share", "settings.json notes")]);
        write(&desk.join("settings.json"), "{\"theme\":\"dark\"}");
        write(&desk.join("agents/a.md"), "made at the desk");
        write(&desk.join("CLAUDE.md"), "the desk's");
        write(&desk.join("notes"), "named by the user");
        write(&place.shared.join("CLAUDE.md"), "the user's");
        place.cleaned();
        let shared = tree(&place.shared);
        let expected = [
            ("CLAUDE.md", "the user's"),
            ("CLAUDE.md.desk-1", "the desk's"),
            ("agents/", ""),
            ("agents/a.md", "made at the desk"),
            ("notes", "named by the user"),
            ("settings.json", "{\"theme\":\"dark\"}"),
        ];
        assert_eq!(shared, expected.map(|(path, text)| (path.to_string(), text.to_string())).into());
    });
}

#[test]
fn prompts_are_added_to_the_users_history_once() {
    each_shell(|place| {
        let mine = place.shared.join("history.jsonl");
        for (theirs, desk, both) in [
            (None, "a\nb\n", "a\nb\n"),
            (Some("a\n"), "a\nb\n", "a\nb\n"),
            (Some("a\n\nx\\y\n"), "x\\y\na.c\n", "a\n\nx\\y\na.c\n"),
            (Some("abc\n"), "a.c\nabc\n", "abc\na.c\n"),
            (Some("cut o"), "a\n", "cut o\na\n"),
            (Some(""), "a\n", "a\n"),
            (Some("a\nb\n"), "b\n", "a\nb\n"),
        ] {
            let _ = fs::remove_file(&mine);
            if let Some(theirs) = theirs {
                write(&mine, theirs);
            }
            write(&place.dead_desk().join("history.jsonl"), desk);
            place.cleaned();
            assert_eq!(read(&mine), both);
        }
        // Unreadable is not the same as empty.
        fs::remove_file(&mine).unwrap();
        fs::create_dir(&mine).unwrap();
        write(&place.dead_desk().join("history.jsonl"), "a\n");
        place.clean().says("failed").says("is in the way");
        assert_eq!(read(&place.leaving().join("history.jsonl")), "a\n");
    });
}

#[test]
fn the_longer_of_two_transcripts_wins_whichever_it_is() {
    each_shell(|place| {
        let mine = place.shared.join(talk(SESSION));
        for (here, there, after) in [(4, 2, 4), (2, 4, 4), (3, 3, 3), (2, 0, 2), (0, 2, 2)] {
            write(&mine, &transcript(SESSION, there));
            let inode = fs::metadata(&mine).unwrap().ino();
            write(&place.dead_desk().join(talk(SESSION)), &transcript(SESSION, here));
            place.cleaned();
            assert_eq!(transcripts(place), [(talk(SESSION), transcript(SESSION, after))].into(), "{here} {there}");
            // Whoever has it open goes on with the same file.
            assert_eq!(fs::metadata(&mine).unwrap().ino(), inode);
        }
        // Cut off in the middle of a line.
        let whole = transcript(SESSION, 2);
        write(&mine, &whole[..whole.len() - 7]);
        write(&place.dead_desk().join(talk(SESSION)), &whole);
        place.cleaned();
        assert_eq!(transcripts(place), [(talk(SESSION), whole)].into());
    });
}

#[test]
fn two_that_have_grown_apart_are_both_kept_and_can_both_be_resumed() {
    each_shell(|place| {
        let common = transcript(SESSION, 2);
        let line = |text: &str| {
            format!("{{\"type\":\"user\",\"sessionId\":\"{SESSION}\",\"message\":\"{text} \\\"sessionId\\\":\\\"{SESSION}\\\"\"}}\n")
        };
        let theirs = format!("{common}{}", line("theirs"));
        let mine = format!("{common}{}", line("mine"));
        let desk = place.dead_desk();
        write(&place.shared.join(talk(SESSION)), &theirs);
        write(&place.shared.join("plans/p.md"), "theirs");
        write(&desk.join(talk(SESSION)), &mine);
        write(&desk.join("plans/p.md"), "mine");
        place.cleaned();
        let found = transcripts(place);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[&talk(SESSION)], theirs);
        let (path, text) = found.iter().find(|(path, _)| **path != talk(SESSION)).unwrap();
        let id = Path::new(path).file_stem().unwrap().to_str().unwrap();
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
        assert_eq!(
            *text,
            mine.replace(&format!("\"sessionId\":\"{SESSION}\",\""), &format!("\"sessionId\":\"{id}\",\""))
        );
        assert!(text.contains(&format!("\\\"sessionId\\\":\\\"{SESSION}\\\"")));
        for line in text.lines() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).unwrap()["sessionId"], id);
        }
        assert_eq!(read(&place.shared.join("plans/p.md")), "theirs");
        assert_eq!(read(&place.shared.join("plans/p.md.desk-1")), "mine");

        // The same once more makes no third one; another one does.
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &mine);
        write(&desk.join("plans/p.md"), "mine");
        place.cleaned();
        assert_eq!(transcripts(place), found);
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &format!("{common}{}", line("other")));
        write(&desk.join("plans/p.md"), "other");
        place.cleaned();
        assert_eq!(transcripts(place).len(), 3);
        assert_eq!(names(&place.shared.join("plans")), ["p.md", "p.md.desk-1", "p.md.desk-2"]);

        place.seed();
        let words = ["run", "--pane", PANE, "--session", id, "--resume"];
        place.call(&words).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", id]);
    });
}

#[test]
fn a_transcript_that_somebody_has_open_is_not_written() {
    each_shell(|place| {
        write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
        write(&place.dead_desk().join(talk(SESSION)), &transcript(SESSION, 4));
        let me = std::process::id();
        let entry = format!("{{\"pid\":{me},\"sessionId\":\"{SESSION}\",\"procStart\":\"{}\"}}", start_of(me));
        write(&place.shared.join(format!("sessions/{me}.json")), &entry);
        place.cleaned();
        assert_eq!(read(&place.shared.join(talk(SESSION))), transcript(SESSION, 2));
        assert_eq!(transcripts(place).len(), 2);
    });
}

#[test]
fn links_go_as_links_and_what_they_lead_to_is_untouched() {
    each_shell(|place| {
        let outside = place.top().join("outside");
        write(&outside.join("precious"), "yes");
        write(&outside.join("dir/precious"), "yes");
        let before = tree(&outside);
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        for at in [
            "settings.json",
            "tasks",
            "backups",
            "unknown",
            ".claude.json",
            "projects/-p/deep/link",
            "plans/link",
            "cache/c",
        ] {
            link(&outside, &desk.join(at));
            link(&outside.join("precious"), &desk.join(format!("{at}.file")));
        }
        link(&desk.join("nowhere"), &desk.join("projects/-p/dangling"));
        write(&place.shared.join("projects/-p/deep/x"), "");
        place.cleaned();
        assert_eq!(tree(&outside), before);
        assert_eq!(transcripts(place), [(talk(SESSION), transcript(SESSION, 2))].into());
        assert!(!tree(&place.shared).values().any(|text| text.starts_with("-> ")), "{:?}", tree(&place.shared));
    });
}

#[test]
fn links_of_the_user_in_the_users_dir_stay() {
    each_shell(|place| {
        let elsewhere = place.top().join("elsewhere");
        fs::create_dir_all(elsewhere.join("projects/-p")).unwrap();
        fs::remove_dir_all(place.shared.join("projects")).ok();
        link(&elsewhere.join("projects"), &place.shared.join("projects"));
        write(&elsewhere.join("talk"), &transcript(SESSION, 2));
        link(&elsewhere.join("talk"), &elsewhere.join(talk(SESSION)));
        write(&place.dead_desk().join(talk(SESSION)), &transcript(SESSION, 4));
        write(&place.desk().join(talk(OTHER)), &transcript(OTHER, 1));
        link(&elsewhere.join("nowhere"), &place.shared.join("plans/p.md"));
        write(&place.desk().join("plans/p.md"), "mine");
        place.cleaned();
        assert_eq!(read(&elsewhere.join("talk")), transcript(SESSION, 2));
        assert!(is_link(&elsewhere.join(talk(SESSION))) && is_link(&place.shared.join("projects")));
        assert_eq!(read(&elsewhere.join(talk(OTHER))), transcript(OTHER, 1));
        assert_eq!(names(&elsewhere.join("projects/-p")).len(), 3);
        assert!(is_link(&place.shared.join("plans/p.md")));
        assert_eq!(read(&place.shared.join("plans/p.md.desk-1")), "mine");
    });
}

#[test]
fn a_link_from_the_users_dir_to_the_very_desk_loses_nothing() {
    each_shell(|place| {
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        write(&desk.join("plans/p.md"), "mine");
        fs::rename(&desk, place.leaving()).unwrap();
        link(&place.leaving().join(talk(SESSION)), &place.shared.join(talk(SESSION)));
        place.cleaned();
        assert!(!is_link(&place.shared.join(talk(SESSION))));
        assert_eq!(read(&place.shared.join(talk(SESSION))), transcript(SESSION, 2));
        assert_eq!(read(&place.shared.join("plans/p.md")), "mine");

        let desk = place.dead_desk();
        write(&desk.join("tasks/t"), "mine");
        fs::rename(&desk, place.leaving()).unwrap();
        link(&place.leaving().join("tasks"), &place.shared.join("tasks"));
        place.clean().says("failed").says("remove the link");
        assert_eq!(read(&place.leaving().join("tasks/t")), "mine");
        fs::remove_file(place.shared.join("tasks")).unwrap();
        place.cleaned();
        assert_eq!(read(&place.shared.join("tasks/t")), "mine");
    });
}

#[test]
fn planted_links_instead_of_our_own_dirs_are_refused() {
    each_shell(|place| {
        let outside = place.top().join("outside");
        for name in ["claude-configs", "claude-homes", "leaving"] {
            place.dead_desk();
            write(&outside.join(format!("pane-{PANE}/{}", talk(SESSION))), "precious");
            let before = tree(&outside);
            let at = place.state.join(name);
            let _ = fs::rename(&at, place.top().join("aside"));
            link(&outside, &at);
            place.clean().ends_with(1).says("\tfailed\t").says("is a symbolic link");
            assert_eq!(tree(&outside), before);
            assert!(transcripts(place).is_empty());
            fs::remove_file(&at).unwrap();
            let _ = fs::rename(place.top().join("aside"), &at);
        }
        place.cleaned();
    });
}

#[test]
fn a_desk_that_is_a_link_or_a_file_is_not_followed() {
    each_shell(|place| {
        let outside = place.top().join("outside");
        write(&outside.join(talk(SESSION)), "precious");
        write(&outside.join("invention"), "precious");
        let before = tree(&outside);
        link(&outside, &place.desk());
        link(&outside, &place.leaving());
        place.cleaned();
        assert_eq!(tree(&outside), before);
        write(&place.desk(), "a file");
        place.clean().ends_with(1).says("\tfailed\t").says("is in the way");
        assert_eq!(read(&place.desk()), "a file");
        fs::remove_file(place.desk()).unwrap();
        write(&place.leaving(), "a file");
        place.clean().ends_with(1).says("is in the way");
        assert!(transcripts(place).is_empty());
    });
}

#[test]
fn a_users_dir_that_is_missing_is_made_and_one_that_cannot_be_keeps_the_desk() {
    each_shell(|place| {
        let new = place.top().join("new/claude");
        let desk = place.desk_with(&[("shared", &new.display().to_string())]);
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        place.cleaned();
        assert_eq!(read(&new.join(talk(SESSION))), transcript(SESSION, 2));

        let file = place.top().join("file");
        write(&file, "precious");
        for (shared, why) in [
            (format!("{}/below", file.display()), "cannot make the directory"),
            ("/proc/carrel".to_string(), "cannot make the directory"),
            ("relative".to_string(), "names no shared dir"),
        ] {
            let desk = place.desk_with(&[("shared", &shared)]);
            write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
            place.clean().ends_with(1).says("\tfailed\t").says(why);
            assert_eq!(read(&place.leaving().join(talk(SESSION))), transcript(SESSION, 2));
            fs::remove_dir_all(place.leaving()).unwrap();
        }
        assert_eq!(names(&place.project), Vec::<String>::new());
        // A desk without a record: Claude never ran there.
        write(&place.desk().join(talk(SESSION)), &transcript(SESSION, 2));
        place.cleaned();
        assert_eq!(read(&place.shared.join(talk(SESSION))), transcript(SESSION, 2));
    });
}

#[test]
fn a_file_in_the_way_of_a_dir_keeps_the_desk() {
    each_shell(|place| {
        write(&place.shared.join("tasks"), "a file");
        write(&place.dead_desk().join("tasks/1.json"), "mine");
        place.clean().ends_with(1).says("\tfailed\t").says("is in the way");
        assert_eq!(read(&place.leaving().join("tasks/1.json")), "mine");
        assert_eq!(read(&place.shared.join("tasks")), "a file");
        // A dir in the way of a file, or a pipe, is not even that.
        fs::remove_file(place.shared.join("tasks")).unwrap();
        fs::create_dir_all(place.shared.join("tasks/1.json")).unwrap();
        fs::create_dir_all(place.shared.join("plans")).unwrap();
        assert!(Command::new("mkfifo").arg(place.shared.join("plans/p.md")).status().unwrap().success());
        write(&place.leaving().join("plans/p.md"), "mine");
        place.cleaned();
        assert_eq!(read(&place.shared.join("tasks/1.json.desk-1")), "mine");
        assert_eq!(read(&place.shared.join("plans/p.md.desk-1")), "mine");
    });
}

#[test]
fn it_works_across_file_systems() {
    each_shell(|place| {
        let far = tempfile::Builder::new().prefix("carrel-far-").tempdir_in("/dev/shm").unwrap();
        let device = |path: &Path| fs::metadata(path).unwrap().dev();
        assert_ne!(device(far.path()), device(&place.state), "/dev/shm and /tmp are one file system here");
        let shared = far.path().join("claude");
        let desk = place.desk_with(&[("shared", &shared.display().to_string())]);
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 4));
        write(&desk.join(talk(OTHER)), &transcript(OTHER, 2));
        write(&desk.join(format!("tasks/{SESSION}/1.json")), "one");
        write(&desk.join("plans/p.md"), "mine");
        // A run was stopped in the middle of a copy; another one, of another pane, is still at it.
        let half = shared.join(format!("{}.carrel-tmp-{PANE}-77", talk(SESSION)));
        let others = shared.join(format!("{}.carrel-tmp-{OTHER}-77", talk(OTHER)));
        write(&half, &transcript(SESSION, 1));
        write(&others, "half");
        write(&shared.join(talk(OTHER)), &transcript(OTHER, 2)[..20]);
        write(&shared.join("plans/p.md"), "theirs");
        write(&desk.join(".carrel/copying"), "");
        place.cleaned();
        assert!(!half.exists() && others.exists());
        assert_eq!(read(&shared.join(talk(SESSION))), transcript(SESSION, 4));
        assert_eq!(mode(&shared.join(talk(SESSION))), 0o644);
        assert_eq!(read(&shared.join(talk(OTHER))), transcript(OTHER, 2));
        assert_eq!(read(&shared.join(format!("tasks/{SESSION}/1.json"))), "one");
        assert_eq!(names(&shared.join("plans")), ["p.md", "p.md.desk-1"]);
        fs::remove_file(others).unwrap();

        // And back.
        place.seed_with(&["--shared", shared.to_str().unwrap()], shared.to_str().unwrap());
        place.run(&["--shared", shared.to_str().unwrap()]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", SESSION]);
        assert_eq!(read(&place.desk().join(talk(SESSION))), transcript(SESSION, 4));
        assert_eq!(read(&place.desk().join(format!("tasks/{SESSION}/1.json"))), "one");
        assert!(!shared.join(talk(SESSION)).exists() && !shared.join(format!("tasks/{SESSION}")).exists());
    });
}

#[test]
fn incomplete_copies_at_a_desk_are_no_conversations() {
    each_shell(|place| {
        let desk = place.dead_desk();
        let half = format!("{}.carrel-tmp-{PANE}-77", talk(SESSION));
        write(&desk.join(&half), "half");
        write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
        place.cleaned();
        assert_eq!(tree(&place.shared).keys().filter(|path| path.contains("tmp")).count(), 0);
    });
}

#[test]
fn the_files_of_a_conversation_are_kept_by_few_programs_and_each_conversation_by_one() {
    each_shell(|place| {
        let desk = place.dead_desk();
        for n in 0..2000 {
            write(&desk.join(format!("file-history/{SESSION}/{n}@v1")), &n.to_string());
        }
        // Into a dir that is there already.
        for n in 0..100 {
            write(&desk.join(format!("projects/-p/{n:08}-1111-4111-8111-111111111111.jsonl")), &n.to_string());
        }
        write(&place.shared.join("projects/-p/00000007-1111-4111-8111-111111111111.jsonl"), "7");
        write(&place.shared.join(talk(SESSION)), "theirs");
        let (answer, started) = started_by(place, &place.carrel(&["clean", "--pane", PANE, "--wait", "0"]), "");
        answer.expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert_eq!(names(&place.shared.join(format!("file-history/{SESSION}"))).len(), 2000);
        assert_eq!(names(&place.shared.join("projects/-p")).len(), 101);
        // Each costs a millisecond.
        assert!(started.programs < 100 + 60, "{started:?}");
    });
}

#[test]
fn a_cleaner_whose_sign_finds_its_place_taken_and_free_again_goes_on() {
    each_shell(|place| {
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        // Another one puts up its sign just before, and takes it down just after.
        place.script(
            "ln",
            "log=${0%/*}/../log; case \"$*\" in *.cleaning-*) echo >>\"$log/tried\"; [ \"$(wc -l <\"$log/tried\")\" -gt 7 ] || exit 1 ;; esac\n\
             PATH=/usr/bin:/bin; exec ln \"$@\"\n",
        );
        place.cleaned();
        assert_eq!(fs::read_to_string(place.log.join("tried")).unwrap().lines().count(), 8);
        fs::remove_file(place.log.join("tried")).unwrap();
        fs::remove_file(place.bin.join("ln")).unwrap();
    });
}

#[test]
fn cleaners_at_once_on_a_file_system_without_hard_links_do_it_once() {
    each_shell(|place| {
        place.script("ln", "case \"$1\" in -s*) PATH=/usr/bin:/bin; exec ln \"$@\" ;; esac; exit 1\n");
        several_cleaners(place);
        fs::remove_file(place.bin.join("ln")).unwrap();
    });
}

#[test]
fn two_cleaners_at_once_do_it_once() {
    each_shell(several_cleaners);
}

fn several_cleaners(place: &Place) {
    for round in 0..3 {
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2 + round));
        write(&desk.join(talk(OTHER)), &transcript(OTHER, 2 + round));
        write(&desk.join(format!("tasks/{SESSION}/{round}")), "x");
        let words = ["clean", "--pane", PANE, "--wait", "0"];
        let cleaners: Vec<Group> = (0..4).map(|_| Group::start(place.carrel(&words))).collect();
        let answers: Vec<Answer> = cleaners.into_iter().map(Group::finish).collect();
        for answer in &answers {
            let word = answer.fields("clean")[1].clone();
            assert!(["cleaned", "gone", "alive"].contains(&word.as_str()), "{}", answer.stdout);
            assert_eq!(answer.stderr, "");
        }
        // All of them may have seen each other and stepped back.
        assert!(answers.iter().filter(|answer| answer.stdout.contains("\tcleaned")).count() <= 1);
        place.clean();
        place.clean().expect(&format!("clean\t{PANE}\tgone\n"));
        let expected = [(talk(SESSION), transcript(SESSION, 2 + round)), (talk(OTHER), transcript(OTHER, 2 + round))];
        assert_eq!(transcripts(place), expected.into());
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
    }
}

/// A process group of our own whose leader lives.
fn living_group() -> Group {
    let mut command = Command::new("sleep");
    command.arg("600");
    Group::start(command)
}

#[test]
fn a_record_tells_whether_its_processes_can_be_judged_from_here() {
    each_shell(|place| {
        let me = std::process::id();
        let mine = start_of(me);
        let living = living_group();
        let leader = start_of(living.pid());
        let group = living.pid().to_string();
        for (lines, word) in [
            // Another machine; one that has only got another name; a container of this one.
            (vec![("host", "another"), ("boot", "x")], "alive"),
            (vec![("host", "another")], "cleaned"),
            (vec![("host", "another"), ("group", group.as_str()), ("group_start", leader.as_str())], "alive"),
            (vec![("init", "77 box")], "alive"),
            (vec![("group", group.as_str()), ("group_start", leader.as_str())], "alive"),
            (vec![("group", group.as_str()), ("group_start", "")], "alive"),
            (vec![("boot", "")], "alive"),
            // The pid was given out again.
            (vec![("group", group.as_str()), ("group_start", "1")], "cleaned"),
            // Another boot: whatever was running is gone.
            (vec![("group", group.as_str()), ("group_start", leader.as_str()), ("boot", "x")], "cleaned"),
            (vec![("group", "0")], "cleaned"),
            (vec![("group", "-1")], "cleaned"),
            (vec![("group", "")], "cleaned"),
        ] {
            write(&place.desk_with(&lines).join(talk(SESSION)), &transcript(SESSION, 2));
            assert_eq!(place.clean().fields("clean")[1], word, "{lines:?}");
            let _ = fs::remove_dir_all(place.desk());
        }
        // Unreadable means alive.
        let record = place.desk().join(".carrel/record");
        for broken in ["", "version=1\n", "host=x", &format!("host={}\nboot={}\ngroup=1\n", host(), boot_id())] {
            write(&record, broken);
            place.clean().says("\talive\t").says("cannot be read");
        }
        fs::remove_file(&record).unwrap();
        link(&place.top().join("nowhere"), &record);
        place.clean().says("\talive\t");
        fs::remove_file(&record).unwrap();
        fs::create_dir(&record).unwrap();
        place.clean().says("\talive\t");
        fs::remove_dir(&record).unwrap();

        // Claude's own registry.
        let entry = place.dead_desk().join(format!("sessions/{me}.json"));
        for (text, word) in [
            (format!("{{\"pid\":{me},\"procStart\":\"{mine}\"}}"), "alive"),
            (format!("{{\"pid\":{me}}}"), "alive"),
            ("garbage\n\n".to_string(), "alive"),
            (String::new(), "alive"),
            (format!("{{\n\"pid\": {me},\n\"procStart\": \"1\"}}"), "alive"),
            (format!("{{\"pid\":{me},\"procStart\":\"1\"}}"), "cleaned"),
        ] {
            place.dead_desk();
            write(&entry, &text);
            assert_eq!(place.clean().fields("clean")[1], word, "{text}");
        }
        for (lock, word) in [
            (format!("{{\"version\":2,\"pid\":{me}}}"), "alive"),
            (format!("{{\"pid\": {me}}}"), "alive"),
            (me.to_string(), "alive"),
            ("who knows".to_string(), "alive"),
            (String::new(), "alive"),
            ("{\"pid\":99999999}".to_string(), "cleaned"),
        ] {
            write(&place.dead_desk().join("daemon.lock"), &lock);
            assert_eq!(place.clean().fields("clean")[1], word, "{lock}");
        }
    });
}

#[test]
fn a_claude_at_its_first_screen_is_alive_too() {
    each_shell(|place| {
        // There it has a key but no entry in its registry; whether it is this desk's shows in its environment.
        let desk = place.dead_desk();
        let start = |at: &Path| {
            let mut command = Command::new("sleep");
            command.arg("600").env("CLAUDE_CONFIG_DIR", at);
            Group::start(command)
        };
        let mut here = start(&desk);
        write(&desk.join(format!("sessions/{}.abc.key", here.pid())), "");
        until("it runs", || read(Path::new(&format!("/proc/{}/cmdline", here.pid()))).starts_with("sleep"));
        place.clean().says("\talive\t").says("Claude lives");
        here.kill();
        let elsewhere = start(&place.top());
        until("it runs", || read(Path::new(&format!("/proc/{}/cmdline", elsewhere.pid()))).starts_with("sleep"));
        write(&desk.join(format!("sessions/{}.abc.key", elsewhere.pid())), "");
        place.cleaned();
    });
}

#[test]
fn a_zombie_is_dead_and_a_strange_name_is_alive() {
    each_shell(|place| {
        // A leader that has ended, is not reaped, and has a child in its group.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 600 & exit 0"]);
        let mut group = Group::start(command);
        let stat = PathBuf::from(format!("/proc/{}/stat", group.pid()));
        until("the leader has ended", || read(&stat).contains(") Z "));
        let (pid, start) = (group.pid().to_string(), start_of(group.pid()));
        write(&place.desk_with(&[("group", &pid), ("group_start", &start)]).join("plans/p"), "x");
        place.clean().says("\talive\t");
        assert!(kill("KILL", &format!("-{pid}")));
        // Now all of the group are zombies at most.
        let cleaner = Group::start(place.carrel(&["clean", "--pane", PANE, "--wait", "20"]));
        cleaner.finish().expect(&format!("clean\t{PANE}\tcleaned\n"));
        group.child.wait().unwrap();

        for name in ["a) Z 1 1 (b", "new\nline", "x) Z\ny", " "] {
            // A process is named after its file.
            let program = place.bin.join(name);
            fs::copy("/bin/sleep", &program).unwrap();
            let mut command = Command::new(&program);
            command.arg("600");
            let mut group = Group::start(command);
            let comm = format!("/proc/{}/comm", group.pid());
            until("it has its name", || fs::read(&comm).unwrap() == format!("{name}\n").as_bytes());
            let (pid, start) = (group.pid().to_string(), start_of(group.pid()));
            place.desk_with(&[("group", &pid), ("group_start", &start)]);
            place.clean().says("\talive\tits processes live");
            group.kill();
            place.cleaned();
        }
    });
}

#[test]
fn what_is_written_after_the_desk_was_taken_away_is_kept_too() {
    each_shell(|place| {
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        write(&desk.join("plans/p.md"), "first");
        fs::rename(&desk, place.leaving()).unwrap();
        // Claude writes its tree again.
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 4)[transcript(SESSION, 2).len()..]);
        write(&desk.join(talk(OTHER)), &transcript(OTHER, 2));
        write(&desk.join("plans/p.md"), "second");
        write(&desk.join(".claude.json"), "{}");
        write(&desk.join("sessions/99999999.json"), "{}");
        place.cleaned();
        let all: String = transcripts(place).into_values().collect();
        for session in [SESSION, OTHER] {
            for message in 0..2 {
                assert!(all.contains(transcript(session, 4).lines().nth(message).unwrap()), "{all}");
            }
        }
        for message in ["m2", "m3"] {
            assert_eq!(all.matches(message).count(), 1, "{all}");
        }
        assert_eq!(read(&place.shared.join("plans/p.md")), "first");
        assert_eq!(read(&place.shared.join("plans/p.md.desk-1")), "second");
    });
}

#[test]
fn a_pane_that_comes_back_in_the_last_moment_keeps_its_desk() {
    each_shell(|place| {
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        // The launcher writes its record just before the desk is moved: here mv does it.
        let living = living_group();
        let me = living.pid();
        let record = read(&desk.join(".carrel/record"))
            .replace("group=99999999", &format!("group={me}"))
            .replace("group_start=1\n", &format!("group_start={}\n", start_of(me)));
        write(&place.log.join("record"), &record);
        place.script(
            "mv",
            &format!("[ -f '{0}/done' ] || {{ cp '{0}/record' '{1}/.carrel/record'; : >'{0}/done'; }}\nexec /bin/mv \"$@\"\n", place.log.display(), desk.display()),
        );
        place.clean().says("\talive\t");
        assert!(place.log.join("done").exists());
        assert_eq!(read(&desk.join(talk(SESSION))), transcript(SESSION, 2));
        assert!(!place.leaving().exists() && transcripts(place).is_empty());
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
    });
}

#[test]
fn a_full_disk_fails_and_nothing_is_deleted() {
    // One tool after the other cannot write; what it has written half stays behind. And some do not even say so.
    let half = "for to; do :; done; printf half >\"$to\"";
    let broken: &[(&str, &str)] = &[
        ("ln cp", &format!("[ \"${{0##*/}}\" = ln ] && exit 1; {half}; exit 1")),
        ("ln cp", &format!("[ \"${{0##*/}}\" = ln ] && exit 1; {half}")),
        ("ln cp tail", "exit 1"),
        ("ln mv", "exit 1"),
        ("mkdir mv", "exit 1"),
        ("tail", "exit 1"),
        ("tail", "exit 0"),
        ("sed", "exit 1"),
        ("sed", "printf half"),
        ("grep", "case \" $* \" in *' -q '*) exec /bin/grep \"$@\" ;; esac; exit 0"),
        ("grep", "exit 2"),
    ];
    each_shell(|place| {
        for (tools, body) in broken {
            let desk = place.dead_desk();
            let apart = transcript(SESSION, 2) + "mine \"sessionId\":\"x\"\n";
            let mine = [
                (talk("33333333-3333-4333-8333-333333333333"), transcript("33333333-3333-4333-8333-333333333333", 4)),
                (talk(SESSION), apart),
                (talk(OTHER), transcript(OTHER, 2)),
                (format!("tasks/{SESSION}/1.json"), "one\n".into()),
                ("history.jsonl".into(), "prompt\n".into()),
            ];
            let theirs = [
                (talk(SESSION), transcript(SESSION, 3)),
                (talk(OTHER), transcript(OTHER, 1)),
                ("history.jsonl".to_string(), "theirs\n".to_string()),
            ];
            for (path, text) in &mine {
                write(&desk.join(path), text);
            }
            for (path, text) in &theirs {
                write(&place.shared.join(path), text);
            }
            for tool in tools.split(' ') {
                place.script(tool, body);
            }
            let answer = place.clean();
            assert_eq!(answer.fields("clean")[1], "failed", "{tools} {body}: {}", answer.stdout);
            let mut there: Vec<String> = tree(&place.state).into_values().collect();
            there.extend(tree(&place.shared).into_values());
            for (path, text) in mine.iter().chain(&theirs) {
                let kept = there.iter().any(|other| without_ids(other).contains(&without_ids(text)));
                assert!(kept, "{tools} {body}: {path} is lost");
            }
            for tool in tools.split(' ') {
                fs::remove_file(place.bin.join(tool)).unwrap();
            }
            place.cleaned();
            let files = tree(&place.shared).into_iter().filter(|(path, _)| !path.ends_with('/'));
            let (mut apart, plain): (Vec<_>, Vec<_>) = files.partition(|(_, text)| text.contains("mine"));
            let expected = [&mine[0], &theirs[0], &mine[2], &mine[3]].map(|(path, text)| (path.clone(), text.clone()));
            let mut expected = expected.to_vec();
            expected.push(("history.jsonl".into(), "theirs\nprompt\n".into()));
            expected.sort();
            assert_eq!(plain, expected, "{tools} {body}");
            let (path, text) = apart.pop().unwrap();
            let id = Path::new(&path).file_stem().unwrap().to_str().unwrap();
            assert_eq!(text, mine[1].1.replace(SESSION, id));
            assert!(apart.is_empty());
            fs::remove_dir_all(&place.shared).unwrap();
        }
    });
}

#[test]
fn a_disk_that_is_really_full_fails_and_nothing_is_deleted() {
    each_shell(|place| {
        let desk = place.dead_desk();
        let big: String = transcript(SESSION, 1200);
        write(&desk.join(talk(SESSION)), &big);
        write(&desk.join(talk(OTHER)), &transcript(OTHER, 2));
        write(&place.shared.join(talk(OTHER)), &transcript(OTHER, 1));
        let out = place.log.join("out");
        // A small disk that only this command sees, with some of it used; afterwards what lies on it is copied out.
        let script = format!(
            "mount -t tmpfs -o size=64k tmpfs '{shared}' && mkdir -p '{shared}/projects/-p' && cp '{log}/other' '{shared}/{talk}' || exit 99\n\
             {shell} '{program}' clean --pane {PANE} --wait 0\ncp -R '{shared}/.' '{out}'\n",
            shared = place.shared.display(),
            log = place.log.display(),
            talk = talk(OTHER),
            shell = place.shell_words().join(" "),
            program = place.state.join("carrel.sh").display(),
            out = out.display(),
        );
        fs::create_dir_all(&out).unwrap();
        fs::copy(place.shared.join(talk(OTHER)), place.log.join("other")).unwrap();
        let mut command = Command::new("unshare");
        place.set_up(&mut command);
        command.args(["-r", "-m", "/bin/sh", "-c", &script]);
        let answer = Answer::of(command.output().expect("unshare (apt-get install util-linux)"));
        assert_eq!(answer.fields("clean")[1], "failed", "{}", answer.stdout);
        answer.says("full");
        assert_eq!(read(&place.leaving().join(talk(SESSION))), big);
        let theirs = read(&out.join(talk(OTHER)));
        assert!(theirs == transcript(OTHER, 2) || theirs == transcript(OTHER, 1));
        assert!(theirs == transcript(OTHER, 2) || place.leaving().join(talk(OTHER)).exists());
        // With space again.
        write(&place.shared.join(talk(OTHER)), &theirs);
        place.cleaned();
        assert_eq!(read(&place.shared.join(talk(SESSION))), big);
        assert_eq!(read(&place.shared.join(talk(OTHER))), transcript(OTHER, 2));
    });
}

#[test]
fn what_programs_have_closed_to_their_owner_is_deleted_too_and_what_cannot_be_is_never_called_gone() {
    each_shell(|place| {
        // As in a cache of Go's. The permissions of a dir bind nobody who is root.
        place.dead_desk();
        fs::remove_dir_all(place.desk()).unwrap();
        open_to_all(&place.state.join("leaving"));
        fs::set_permissions(place.state.join("leaving"), fs::Permissions::from_mode(0o777)).unwrap();
        let gone = place.state.join(format!("leaving/gone-{PANE}"));
        let mut make = Command::new("/bin/sh");
        place.set_up(&mut make);
        make.args([
            "-c",
            "umask 022; mkdir -p \"$0/a/b\" && echo x >\"$0/a/b/c\" && chmod 555 \"$0/a/b\" \"$0/a\"",
            gone.to_str().unwrap(),
        ]);
        assert!(as_nobody(&make).status().unwrap().success());
        let clean = place.carrel(&["clean", "--pane", PANE, "--wait", "0"]);
        Answer::of(as_nobody(&clean).output().unwrap()).expect(&format!("clean\t{PANE}\tgone\n"));
        assert!(!gone.exists());

        place.dead_desk();
        place.script("rm", "case $1 in -rf) exit 1 ;; *) exec /bin/rm \"$@\" ;; esac\n");
        for _ in 0..2 {
            place.clean().ends_with(1).says("\tfailed\t").says("cannot delete");
        }
        fs::remove_file(place.bin.join("rm")).unwrap();
        place.clean().expect(&format!("clean\t{PANE}\tgone\n"));
    });
}

#[test]
fn a_deletion_that_was_interrupted_is_finished() {
    each_shell(|place| {
        let gone = place.state.join("leaving/gone-bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb");
        write(&gone.join(".credentials.json"), "its own");
        let outside = place.top().join("outside");
        write(&outside.join("precious"), "yes");
        link(&outside, &place.state.join("leaving/gone-x"));
        place.clean().expect(&format!("clean\t{PANE}\tgone\n"));
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
        assert_eq!(read(&outside.join("precious")), "yes");
        // Killed when the record is gone and the rest is not: nobody can tell any more what the login is.
        let desk = place.desk_with(&[("login", "separate")]);
        write(&desk.join(".credentials.json"), "its own");
        place.script(
            "rm",
            "for of; do :; done\ncase $1 in -rf) /bin/rm -rf \"$of/.carrel\"; kill -KILL $PPID ;; *) exec /bin/rm \"$@\" ;; esac\n",
        );
        assert_eq!(place.clean().code, None);
        fs::remove_file(place.bin.join("rm")).unwrap();
        place.clean().expect(&format!("clean\t{PANE}\tgone\n"));
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
    });
}

#[test]
fn a_desk_whose_session_can_come_back_is_kept_without_its_conversations() {
    each_shell(|place| {
        place.seed();
        let keep = || place.call(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]);
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        write(&desk.join(talk(OTHER)), &transcript(OTHER, 2));
        write(&desk.join(".claude.json"), "the desk's");
        touch(&desk.join(talk(SESSION)), "2024-01-01 00:00:00");
        touch(&desk.join(talk(OTHER)), "2024-01-01 00:00:05");
        // Stopped when the last one had been moved and the first one had not.
        place.script("rmdir", "kill -KILL $PPID");
        fs::create_dir_all(place.shared.join("projects/-p")).unwrap();
        let _ = keep();
        fs::remove_file(place.bin.join("rmdir")).unwrap();
        if place.leaving().join("projects").exists() {
            write(&place.leaving().join(talk(SESSION)), &transcript(SESSION, 2));
            touch(&place.leaving().join(talk(SESSION)), "2024-01-01 00:00:00");
        }
        keep().expect(&format!("clean\t{PANE}\tkept\n"));
        keep().expect(&format!("clean\t{PANE}\tkept\n"));
        let all = [(talk(SESSION), transcript(SESSION, 2)), (talk(OTHER), transcript(OTHER, 2))];
        assert_eq!(transcripts(place), all.into());
        assert_eq!(read(&desk.join(".claude.json")), "the desk's");
        assert!(!desk.join("projects").exists() && !place.leaving().exists());
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new());
        // The pane that comes back goes on where it was, and not where it began.
        place.run(&[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", OTHER]);
        assert_eq!(read(&desk.join(talk(OTHER))), transcript(OTHER, 2));
        assert!(place.shared.join(talk(SESSION)).exists() && !place.shared.join(talk(OTHER)).exists());
        place.cleaned();
    });
}

#[test]
fn a_note_of_the_last_conversation_that_leads_nowhere_does_no_harm() {
    each_shell(|place| {
        place.seed();
        let first = || write(&place.shared.join(talk(SESSION)), &transcript(SESSION, 2));
        let resumed = |note: &str| {
            let _ = fs::remove_dir_all(place.desk());
            first();
            write(&place.desk().join(".carrel/last"), note);
            place.run(&[]).ends_with(0);
            place.argv()[..2].to_vec()
        };
        write(&place.shared.join(talk(OTHER)), &stub(OTHER));
        // The user deleted it, it holds nothing, or the note is none.
        let gone = "33333333-3333-4333-8333-333333333333";
        for note in [gone, OTHER, "", "*", "../../x", "????????-????-????-????-????????????", SESSION] {
            assert_eq!(resumed(note), ["--resume", SESSION], "{note}");
        }
        write(&place.shared.join(talk(OTHER)), &transcript(OTHER, 2));
        assert_eq!(resumed(&format!("{OTHER}\n")), ["--resume", OTHER]);
        let record = read(&place.desk().join(".carrel/record"));
        assert!(record.contains(&format!("\nsession={OTHER}\n")), "{record}");
        assert!(!place.desk().join(".carrel/last").exists(), "it has served");
        // What was written at the desk since goes before the note, and the note before what was written earlier.
        write(&place.shared.join(talk(gone)), &transcript(gone, 2));
        write(&place.desk().join(".carrel/last"), &format!("{gone}\n"));
        touch(&place.desk().join(".carrel/last"), "2024-01-01 00:00:00");
        place.run(&[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", OTHER]);
        write(&place.desk().join(".carrel/last"), &format!("{gone}\n"));
        touch(&place.desk().join(talk(OTHER)), "2024-01-01 00:00:00");
        place.run(&[]).ends_with(0);
        assert_eq!(place.argv()[..2], ["--resume", gone]);
    });
}

#[test]
fn a_home_is_only_deleted_when_nothing_unknown_is_in_it() {
    each_shell(|place| {
        let desk = place.desk_with(&[("method", "home")]);
        let home = place.state.join(format!("claude-homes/pane-{PANE}"));
        fs::create_dir_all(home.parent().unwrap()).unwrap();
        fs::rename(desk, &home).unwrap();
        write(&home.join(".claude").join(talk(SESSION)), &transcript(SESSION, 2));
        write(&home.join(".claude.json"), "{}");
        write(&home.join(".bash_history"), "precious");
        link(&place.home, &home.join(".ssh"));
        place.clean().expect(&format!("clean\t{PANE}\tblocked\t.bash_history\n"));
        assert_eq!(read(&place.leaving().join(".bash_history")), "precious");
        assert_eq!(read(&place.shared.join(talk(SESSION))), transcript(SESSION, 2));
        fs::remove_file(place.leaving().join(".bash_history")).unwrap();
        place.cleaned();
        assert!(place.home.join(".claude.json").exists());
    });
}

#[test]
fn words_that_are_not_understood_clean_nothing() {
    each_shell(|place| {
        write(&place.dead_desk().join(talk(SESSION)), &transcript(SESSION, 2));
        let before = tree(&place.state);
        for words in [
            vec!["clean"],
            vec!["clean", "--pane"],
            vec!["clean", "--pane", ""],
            vec!["clean", "--pane", "*"],
            vec!["clean", "--pane", "../../x"],
            vec!["clean", "--pane", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa/"],
            vec!["clean", "--pane", "????????-????-????-????-????????????"],
            vec!["clean", "--pain", PANE],
        ] {
            place.call(&words).ends_with(1).says("\tfailed\t");
        }
        assert_eq!(tree(&place.state), before);
    });
}

#[test]
fn a_look_that_was_cut_short_does_not_say_that_there_is_nothing() {
    each_shell(|place| {
        place.dead_desk();
        write(&place.desk().join("oddthing/sub/mine.txt"), "mine");
        let killed = "case \"$*\" in *\"oddthing ! -type d\") kill -s KILL $$ ;; esac\nexec /usr/bin/find \"$@\"\n";
        place.script("find", killed);
        place.clean().says(&format!("clean\t{PANE}\tblocked\toddthing\n"));
        fs::remove_file(place.bin.join("find")).unwrap();
        assert_eq!(read(&place.leaving().join("oddthing/sub/mine.txt")), "mine");
        fs::remove_file(place.leaving().join("oddthing/sub/mine.txt")).unwrap();
        place.cleaned();
    });
}
