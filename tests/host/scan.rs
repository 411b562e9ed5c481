//! scan, find and ring: they tell what is there, and change nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::place::*;

fn tagged(answer: &Answer, tag: &str) -> Vec<Vec<String>> {
    answer.lines().into_iter().filter(|line| line[0] == tag).map(|line| line[1..].to_vec()).collect()
}

#[test]
fn a_scan_of_nothing_is_whole() {
    each_shell(|place| {
        place.call(&["scan"]).expect(&format!("boot\t{}\nend\n", boot_id()));
        fs::remove_dir_all(place.state.join("claude-configs")).unwrap();
        fs::remove_dir_all(place.state.join("leaving")).unwrap();
        place.call(&["scan", "--measure"]).expect(&format!("boot\t{}\nend\n", boot_id()));
    });
}

#[test]
fn a_scan_tells_what_lives_at_a_desk() {
    each_shell(|place| {
        place.seed();
        let mut group = place.run_living(&[]);
        let (pid, start) = (group.pid().to_string(), start_of(group.pid()));
        let claude = place.claude_pid();
        let json = format!("{{\"pid\":{claude},\"sessionId\":\"{SESSION}\",\"cwd\":\"a\\\\b\\tc\"}}");
        write(&place.desk().join(format!("sessions/{claude}.json")), &json);
        write(&place.desk().join("sessions/99999999.json"), "{}");
        let me = std::process::id();
        write(&place.desk().join(format!("sessions/{me}.json")), "{\n\t\"pretty\": 1\n}\n");
        write(&place.shared.join(format!("sessions/{me}.json")), "{}");
        let before = tree(&place.top());
        let scan = place.call(&["scan", "--measure"]);
        assert_eq!(tree(&place.top()), before);
        assert_eq!(scan.stderr, "");
        assert_eq!(tagged(&scan, "desk"), [[PANE, "configs"]]);
        assert_eq!(tagged(&scan, "group"), [["alive"]]);
        let record = tagged(&scan, "record");
        let value = |key: &str| record.iter().find(|pair| pair[0] == key).unwrap()[1].clone();
        assert_eq!((value("group"), value("group_start"), value("pane")), (pid.clone(), start, PANE.to_string()));
        assert_eq!(value("cwd"), place.project.display().to_string());
        assert!(value("opened").parse::<u64>().is_ok());
        let mut registry = tagged(&scan, "registry");
        registry.sort_by_key(|line| line[3].clone());
        assert_eq!(registry[0][3..], ["elsewhere", "{\n\t\"pretty\": 1\n}"]);
        assert_eq!(registry[1], [claude.to_string(), pid, start_of(claude), "here".into(), json]);
        assert_eq!(registry.len(), 2);
        let shared = tagged(&scan, "shared");
        assert_eq!((shared.len(), shared[0][0].clone(), shared[0][2].clone()), (1, me.to_string(), start_of(me)));
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
        assert_eq!(tagged(&scan, "record").len(), 3);
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
            tagged(&scan, "registry").into_iter().map(|line| line[4].clone()).collect()
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
