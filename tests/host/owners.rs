//! owners: whose each desk is. On any doubt somebody's, so that nothing goes that can come back; and it changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::*;

const THIRD: &str = "33333333-3333-4333-8333-333333333333";

/// The lines of the answer, which is whole and changed nothing; without their tag.
#[track_caller]
fn owners(place: &Place) -> Vec<Vec<String>> {
    let before = tree(&place.top());
    let answer = place.call(&["owners"]);
    assert_eq!(tree(&place.top()), before);
    answer.whole("owner", 9)
}

/// Verdict and reason for the only desk.
#[track_caller]
fn judged(place: &Place) -> (String, String) {
    let all = owners(place);
    assert_eq!((all.len(), all[0][0].as_str()), (1, PANE), "{all:?}");
    (all[0][1].clone(), all[0][2].clone())
}

#[track_caller]
fn verdict(place: &Place) -> String {
    judged(place).0
}

/// Where the Zellij of these tests saves its sessions.
fn cache(place: &Place) -> PathBuf {
    place.home.join(".cache/zellij")
}

/// A session as Zellij saves one, with a pane for each of these desks.
fn saved(place: &Place, name: &str, desks: &[&str]) {
    let panes: String = desks
        .iter()
        .map(|desk| format!("pane command=\"/bin/sh\" {{\n args \"/s/carrel.sh\" \"run\" \"--pane\" \"{desk}\"\n}}\n"))
        .collect();
    let dir = cache(place).join("contract_version_1/session_info").join(name);
    write(&dir.join("session-layout.kdl"), &format!("layout {{\n{panes}}}\n"));
    write(&dir.join("session-metadata.kdl"), &format!("name \"{name}\"\n"));
}

/// A desk whose processes and whose Zellij are dead, with these lines in its record.
fn ended(place: &Place, lines: &[(&str, &str)]) {
    let cache = cache(place).display().to_string();
    fs::create_dir_all(&cache).unwrap();
    let usual = [("server", "99999999"), ("server_start", "1"), ("zellij_cache", cache.as_str())];
    place.desk_with(&[&usual[..], lines].concat());
}

fn make_old(path: &Path) {
    assert!(Command::new("touch").args(["-h", "-d", "2020-01-01"]).arg(path).status().unwrap().success());
}

#[test]
fn without_desks_the_answer_is_whole() {
    each_shell(|place| {
        place.call(&["owners"]).ends_with(0).expect("end\n");
        fs::remove_dir_all(place.state.join("claude-configs")).unwrap();
        fs::remove_dir_all(place.state.join("leaving")).unwrap();
        place.call(&["owners"]).ends_with(0).expect("end\n");
    });
}

#[test]
fn a_desk_whose_claude_runs_is_alive_and_afterwards_belongs_to_its_living_zellij() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        // Even where a saved session names it too.
        saved(place, "main", &[PANE]);
        assert_eq!(judged(place), ("alive".into(), format!("its processes live (group {})", group.pid())));
        // The launcher is gone, its Claude is not yet.
        assert!(kill("KILL", &group.pid().to_string()));
        group.child.wait().unwrap();
        assert_eq!(verdict(place), "alive");
        assert!(kill("KILL", &format!("-{}", group.pid())));
        until("the group is gone", || !owners(place)[0][2].contains("processes"));
        // This test's own process opened it.
        let all = owners(place);
        assert_eq!(all[0][1..4], ["server", "its Zellij session lives", &std::process::id().to_string()]);
    });
}

#[test]
fn a_desk_whose_zellij_was_killed_and_deleted_is_nobodys() {
    each_shell(|place| {
        ended(place, &[]);
        assert_eq!(judged(place), ("nobody".into(), "its Zellij session is gone for good".into()));
        // Not even the dir is there in which sessions are saved.
        fs::remove_dir_all(place.home.join(".cache")).unwrap();
        assert_eq!(verdict(place), "nobody");
    });
}

#[test]
fn a_record_that_cannot_be_read_or_was_not_written_to_its_end_leaves_the_desk_alone() {
    each_shell(|place| {
        ended(place, &[]);
        let record = place.desk().join(".carrel/record");
        let text = read(&record);
        let half = text.lines().filter(|line| !line.starts_with("opened=")).map(|line| format!("{line}\n"));
        for broken in [String::new(), "opened=1\n".into(), half.collect()] {
            fs::write(&record, broken).unwrap();
            let (verdict, why) = judged(place);
            assert!(verdict == "alive" && why.contains("cannot be read"), "{verdict} {why}");
        }
        fs::remove_file(&record).unwrap();
        fs::create_dir(&record).unwrap();
        assert_eq!(verdict(place), "alive");
        fs::remove_dir(&record).unwrap();
        // A link in its place might lead to anybody's.
        write(&place.top().join("record"), &text);
        link(&place.top().join("record"), &record);
        assert_eq!(verdict(place), "alive");
    });
}

#[test]
fn a_desk_of_another_host_is_left_alone() {
    each_shell(|place| {
        ended(place, &[("host", "another"), ("boot", "another")]);
        assert_eq!(judged(place), ("alive".into(), "it belongs to the host another".into()));
        ended(place, &[("init", "4711 box")]);
        assert_eq!(judged(place), ("alive".into(), "it belongs to another container of this host".into()));
        // A host that got another name is still this one.
        ended(place, &[("host", "another")]);
        assert_eq!(verdict(place), "nobody");
    });
}

#[test]
fn a_desk_from_before_the_machine_was_started_again_belongs_to_its_saved_session_or_to_nobody() {
    each_shell(|place| {
        // The pid of a process that lives today, with its start: in another boot it was another one.
        let me = std::process::id();
        let lines = [("boot", "another"), ("server", &me.to_string()), ("server_start", &start_of(me))];
        ended(place, &lines);
        assert_eq!(owners(place)[0][1..4], ["nobody", "its Zellij session is gone for good", ""]);
        saved(place, "main", &[PANE]);
        assert_eq!(verdict(place), "saved");
        // A system that does not tell.
        ended(place, &[("boot", "")]);
        assert_eq!(verdict(place), "alive");
    });
}

#[test]
fn a_desk_of_a_living_zellij_is_its_own_until_the_pid_is_given_to_another_process() {
    each_shell(|place| {
        let me = std::process::id().to_string();
        let start = start_of(std::process::id());
        ended(place, &[("server", &me), ("server_start", &start), ("zellij_session", "a \"b\"\tc")]);
        let all = owners(place);
        assert_eq!(all[0][1..4], ["server", "its Zellij session lives", me.as_str()]);
        assert_eq!(all[0][8], "a \"b\"\tc");
        // A start that the launcher could not tell leaves doubt.
        ended(place, &[("server", &me), ("server_start", "")]);
        assert_eq!(verdict(place), "server");
        for other in ["1", &format!("{start}0")] {
            ended(place, &[("server", &me), ("server_start", other)]);
            // And its pid is told of nobody.
            assert_eq!(owners(place)[0][1..4], ["nobody", "its Zellij session is gone for good", ""], "{other}");
        }
        for server in ["", "x", "99999999"] {
            ended(place, &[("server", server), ("server_start", &start)]);
            assert_eq!(verdict(place), "nobody", "{server}");
        }
    });
}

#[test]
fn a_desk_that_a_saved_session_names_can_come_back_with_it() {
    each_shell(|place| {
        ended(place, &[]);
        saved(place, "another", &[OTHER, THIRD]);
        assert_eq!(verdict(place), "nobody");
        saved(place, "-my work, \"late\"", &[OTHER, PANE]);
        let all = owners(place);
        assert_eq!(all[0][1..4], ["saved", "the saved session -my work, \"late\" names it", ""]);
        // What Zellij keeps beside its layouts decides nothing.
        fs::remove_dir_all(cache(place)).unwrap();
        write(&cache(place).join("x/session_info/main/session-metadata.kdl"), PANE);
        assert_eq!(verdict(place), "nobody");
    });
}

#[test]
fn saved_sessions_are_found_where_a_link_leads_to_them() {
    each_shell(|place| {
        ended(place, &[]);
        saved(place, "main", &[PANE]);
        let aside = place.top().join("aside");
        fs::rename(cache(place), &aside).unwrap();
        link(&aside, &cache(place));
        assert_eq!(verdict(place), "saved");
        fs::remove_file(cache(place)).unwrap();
        link(&aside.join("contract_version_1"), &cache(place).join("contract_version_1"));
        assert_eq!(verdict(place), "saved");
        // One that leads nowhere, to a disk that is not there perhaps.
        fs::remove_dir_all(cache(place)).unwrap();
        link(&place.top().join("gone"), &cache(place));
        let (verdict, why) = judged(place);
        assert!(verdict == "alive" && why.contains("cannot be read"), "{verdict} {why}");
    });
}

#[test]
fn a_desk_whose_record_does_not_say_where_sessions_are_saved_is_left_alone() {
    each_shell(|place| {
        for zellij_cache in ["", "relative/zellij"] {
            ended(place, &[("zellij_cache", zellij_cache)]);
            let (verdict, why) = judged(place);
            assert!(verdict == "alive" && why.contains("does not say where"), "{verdict} {why}");
        }
        place.desk_with(&[("server", "99999999"), ("server_start", "1")]);
        assert_eq!(verdict(place), "alive");
    });
}

#[test]
fn a_desk_is_left_alone_where_the_saved_sessions_cannot_be_read() {
    each_shell(|place| {
        let file = place.top().join("file");
        write(&file, "");
        for path in [file.clone(), file.join("zellij")] {
            ended(place, &[("zellij_cache", &path.display().to_string())]);
            let (verdict, why) = judged(place);
            assert!(verdict == "alive" && why.contains("cannot be read"), "{verdict} {why}");
            // Nor is it cleaned by whoever believed that it was nobody's.
            let words = ["clean", "--pane", PANE, "--wait", "0", "--server", "4242", "--if-nobody"];
            assert_eq!(place.call(&words).fields("clean")[1], "owned");
            assert!(place.desk().exists());
        }
    });
    // The permissions of a dir bind nobody who is root.
    each_shell(|place| {
        let layout = "contract_version_1/session_info/main/session-layout.kdl";
        ended(place, &[]);
        saved(place, "another", &[OTHER]);
        saved(place, "main", &[PANE]);
        open_to_all(&place.desk().join(".carrel"));
        open_to_all(&cache(place).join(layout));
        let asked =
            || Answer::of(as_nobody(&place.carrel(&["owners"])).output().unwrap()).whole("owner", 9)[0][1].clone();
        assert_eq!(asked(), "saved");
        for closed in [".cache", ".cache/zellij", ".cache/zellij/contract_version_1/session_info/main"] {
            let closed = place.home.join(closed);
            let before = mode(&closed);
            set_mode(&closed, 0);
            assert_eq!(asked(), "alive", "{}", closed.display());
            set_mode(&closed, before);
        }
        set_mode(&cache(place).join(layout), 0);
        assert_eq!(asked(), "alive");
        // And one that can be read names it: that is enough.
        saved(place, "third", &[PANE]);
        open_to_all(&cache(place).join("contract_version_1/session_info/third/session-layout.kdl"));
        assert_eq!(asked(), "saved");
    });
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_desk_that_has_only_just_been_made_is_left_alone_and_an_old_one_without_record_is_nobodys() {
    each_shell(|place| {
        fs::create_dir_all(place.desk()).unwrap();
        assert_eq!(judged(place), ("alive".into(), "it has only just been made".into()));
        make_old(&place.desk());
        assert_eq!(judged(place), ("nobody".into(), "it was never used".into()));
        fs::create_dir(place.desk().join(".carrel")).unwrap();
        make_old(&place.desk());
        assert_eq!(verdict(place), "nobody");
        // A Claude that is at work there without a record is one all the same.
        let me = std::process::id();
        write(&place.desk().join(format!("sessions/{me}.json")), "{}");
        make_old(&place.desk());
        assert_eq!(judged(place), ("alive".into(), format!("Claude lives (pid {me})")));
    });
}

#[test]
fn a_link_or_a_file_in_a_desks_place_is_nobodys_and_what_it_leads_to_is_left_alone() {
    each_shell(|place| {
        let outside = place.top().join("outside");
        write(&outside.join("precious"), "precious");
        link(&outside, &place.desk());
        write(&place.state.join(format!("claude-configs/pane-{OTHER}")), "a file");
        link(&place.top().join("nowhere"), &place.state.join(format!("leaving/pane-{THIRD}")));
        let all = owners(place);
        assert_eq!(all.iter().map(|line| line[0].as_str()).collect::<Vec<_>>(), [OTHER, PANE, THIRD]);
        assert!(all.iter().all(|line| line[1..3] == ["nobody", "it is not a directory"]), "{all:?}");
    });
}

#[test]
fn all_three_places_are_looked_at_and_names_that_are_not_ours_left_out() {
    each_shell(|place| {
        ended(place, &[]);
        for (at, desk) in [("claude-homes", OTHER), ("leaving", THIRD)] {
            let to = place.state.join(at).join(format!("pane-{desk}"));
            write(&to.join(".carrel/record"), &read(&place.desk().join(".carrel/record")));
        }
        for name in ["pane-x", "pane-a\nb", "other", &format!("pane-{PANE} "), &format!("pane-{PANE}\n"), "pane-*"] {
            fs::create_dir_all(place.state.join("claude-configs").join(name)).unwrap();
        }
        write(&place.state.join(format!("leaving/.cleaning-{PANE}")), "1 1");
        let told = |place: &Place| owners(place).into_iter().map(|line| line[0].clone()).collect::<Vec<_>>();
        assert_eq!(told(place), [PANE, OTHER, THIRD]);
        // What a link leads to in place of one of the three is not ours.
        fs::rename(place.state.join("leaving"), place.top().join("aside")).unwrap();
        link(&place.top().join("aside"), &place.state.join("leaving"));
        assert_eq!(told(place), [PANE, OTHER]);
    });
}

#[test]
fn a_line_tells_how_large_the_desk_is_when_it_was_opened_and_whether_a_conversation_lies_in_it() {
    each_shell(|place| {
        ended(place, &[("zellij_session", "main")]);
        let line = owners(place).remove(0);
        assert_eq!(line[5..], ["1700000000", "", "", "main"]);
        let small: u64 = line[4].parse().unwrap();
        write(&place.desk().join("big"), &"x".repeat(500_000));
        let large: u64 = owners(place)[0][4].parse().unwrap();
        assert!((490_000..600_000).contains(&(large - small)), "{small} then {large}");

        ended(place, &[("cleanup", "no")]);
        assert_eq!(owners(place)[0][6], "no");
        ended(place, &[("cleanup", "yes")]);
        assert_eq!(owners(place)[0][6], "yes");

        // What is no transcript is no conversation.
        write(&place.desk().join("projects/-p/memory/MEMORY.md"), "x");
        assert_eq!(owners(place)[0][7], "");
        for talk in ["projects/-p/", ".claude/projects/-p/"] {
            let talk = place.desk().join(format!("{talk}{SESSION}.jsonl"));
            write(&talk, &transcript(SESSION, 2));
            assert_eq!(owners(place)[0][7], "unkept");
            fs::remove_file(&talk).unwrap();
        }
    });
}

#[test]
fn a_desk_is_told_the_same_from_its_opening_to_its_end() {
    each_shell(|place| {
        // As the launcher writes it, and not as these tests do.
        place.seed();
        let mut command = place.carrel(&Place::run_words(&["--cleanup", "no"]));
        command.env("XDG_CACHE_HOME", place.top().join("my cache")).env("ZELLIJ_SESSION_NAME", "my work");
        Group::start(command).finish().ends_with(0);
        let record = read(&place.desk().join(".carrel/record"));
        let cache = place.top().join("my cache/zellij");
        assert!(record.contains("\ncleanup=no\n"), "{record}");
        assert!(record.contains(&format!("\nzellij_cache={}\n", cache.display())), "{record}");
        let line = owners(place).remove(0);
        assert_eq!((line[1].as_str(), line[6].as_str(), line[8].as_str()), ("server", "no", "my work"));
        // Its Zellij ends.
        let record = record.replace(&format!("server={}\n", std::process::id()), "server=99999999\n");
        fs::write(place.desk().join(".carrel/record"), record).unwrap();
        write(&cache.join("1/session_info/my work/session-layout.kdl"), &format!("\"--pane\" \"{PANE}\""));
        assert_eq!(judged(place), ("saved".into(), "the saved session my work names it".into()));
        fs::remove_dir_all(&cache).unwrap();
        assert_eq!(verdict(place), "nobody");

        // Without that variable, and without the option.
        place.run(&[]).ends_with(0);
        let record = read(&place.desk().join(".carrel/record"));
        assert!(record.contains("\ncleanup=yes\n"), "{record}");
        assert!(record.contains(&format!("\nzellij_cache={}/.cache/zellij\n", place.home.display())), "{record}");
    });
}
