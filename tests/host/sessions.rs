//! sessions: the conversations that can be resumed in a directory. Nothing but its own are told, and nothing is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::*;

/// Conversations that were told, newest first: the fields of each, without the tag.
#[track_caller]
fn sessions(place: &Place, cwd: &Path) -> Vec<Vec<String>> {
    sessions_of(place, cwd, "")
}

#[track_caller]
fn sessions_of(place: &Place, cwd: &Path, shared: &str) -> Vec<Vec<String>> {
    let before = tree(&place.top());
    let answer = place.call(&["sessions".as_ref(), cwd.as_os_str(), shared.as_ref()]);
    assert_eq!(tree(&place.top()), before);
    answer.whole("session", 5)
}

fn ids(told: &[Vec<String>]) -> Vec<&str> {
    told.iter().map(|line| line[0].as_str()).collect()
}

fn id(number: usize) -> String {
    format!("{number:08}-0000-4000-8000-000000000000")
}

/// As Claude names a directory's folder: every character but letters and digits a dash; a long name is cut and numbered.
fn folder(cwd: &Path) -> String {
    let all: String = cwd.to_str().unwrap().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if all.len() > 200 {
        format!("{}-1a2b3c", &all[..200])
    } else {
        all
    }
}

fn said(cwd: &Path) -> String {
    serde_json::to_string(cwd.to_str().unwrap()).unwrap()
}

/// A conversation as Claude writes one: who spoke comes late in the line.
fn conversation(session: &str, cwd: &Path, prompt: &str) -> String {
    let cwd = said(cwd);
    let line = |kind: &str, content: &str| {
        format!(
            "{{\"parentUuid\":null,\"isSidechain\":false,\"cwd\":{cwd},\"sessionId\":\"{session}\",\
             \"type\":\"{kind}\",\"message\":{{\"role\":\"{kind}\",\"content\":{}}}}}\n",
            serde_json::to_string(content).unwrap()
        )
    };
    format!("{{\"type\":\"mode\",\"sessionId\":\"{session}\"}}\n{}{}", line("user", prompt), line("assistant", "yes"))
}

/// Puts a conversation of that directory into a Claude dir, that many seconds after some moment.
fn put(at: &Path, session: &str, cwd: &Path, age: u64) -> PathBuf {
    let file = at.join("projects").join(folder(cwd)).join(format!("{session}.jsonl"));
    write(&file, &conversation(session, cwd, &format!("prompt of {session}")));
    touch(&file, age);
    file
}

fn touch(file: &Path, seconds: u64) {
    let when = format!("@{}", 1_700_000_000 + seconds);
    assert!(Command::new("touch").args(["-d", &when]).arg(file).status().unwrap().success());
}

#[test]
fn a_directory_without_conversations_has_none() {
    each_shell(|place| {
        assert_eq!(ids(&sessions(place, &place.project)), Vec::<&str>::new());
        put(&place.shared, SESSION, &place.project, 0);
        assert_eq!(ids(&sessions(place, &place.project)), [SESSION]);
        assert_eq!(ids(&sessions(place, &place.home)), Vec::<&str>::new());
    });
}

#[test]
fn a_line_tells_what_a_conversation_is_about_how_large_it_is_and_when_it_was_changed() {
    each_shell(|place| {
        let file = put(&place.shared, SESSION, &place.project, 5);
        let bytes = fs::metadata(&file).unwrap().len().to_string();
        let first = conversation(SESSION, &place.project, &format!("prompt of {SESSION}"));
        let prompt = first.lines().nth(1).unwrap();
        assert_eq!(sessions(place, &place.project), [[SESSION, "1700000005", &bytes, "", prompt]]);
    });
}

#[test]
fn the_newest_come_first_and_fifty_are_enough() {
    each_shell(|place| {
        // Names and order of making say nothing of the age.
        for number in 0..55_u64 {
            put(&place.shared, &id(number as usize), &place.project, number * 37 % 55);
        }
        let told = sessions(place, &place.project);
        assert_eq!(told.len(), 50);
        let ages: Vec<u64> = told.iter().map(|line| line[1].parse::<u64>().unwrap() - 1_700_000_000).collect();
        assert_eq!(ages, (5..55).rev().collect::<Vec<u64>>());
        // Those that are left out do not count.
        for number in 0..30 {
            let file = place.shared.join("projects").join(folder(&place.project)).join(format!("{}.jsonl", id(number)));
            write(&file, &stub(&id(number)));
        }
        assert_eq!(sessions(place, &place.project).len(), 25);
    });
}

#[test]
fn directories_whose_folder_is_the_same_are_told_apart() {
    each_shell(|place| {
        let names = ["a b", "a-b", "a_b", "a.b", "a", "a-b-c", "a b/c", "aé b", "ä-b"];
        let dirs = names.map(|name| place.top().join("p").join(name));
        for (number, dir) in dirs.iter().enumerate() {
            fs::create_dir_all(dir).unwrap();
            put(&place.shared, &id(number), dir, 0);
        }
        for (number, dir) in dirs.iter().enumerate() {
            assert_eq!(ids(&sessions(place, dir)), [id(number)], "{}", dir.display());
        }
    });
}

#[test]
fn a_conversation_that_went_to_another_directory_on_its_way_belongs_where_it_began() {
    each_shell(|place| {
        let below = place.project.join("below");
        fs::create_dir_all(&below).unwrap();
        let file = put(&place.shared, SESSION, &below, 0);
        let later = conversation(SESSION, &place.project, "after cd ..");
        write(&file, &(read(&file) + &later));
        assert_eq!(ids(&sessions(place, &below)), [SESSION]);
        assert_eq!(ids(&sessions(place, &place.project)), Vec::<&str>::new());
        // Of what was only spoken of a directory nothing follows.
        let spoken = conversation(OTHER, &below, &format!("\"cwd\":{}", said(&place.project)));
        write(&file.with_file_name(format!("{OTHER}.jsonl")), &spoken);
        assert_eq!(ids(&sessions(place, &place.project)), Vec::<&str>::new());
        assert_eq!(sessions(place, &below).len(), 2);
    });
}

#[test]
fn the_conversations_of_all_that_lies_below_are_not_read_through() {
    each_shell(|place| {
        put(&place.shared, SESSION, &place.project, 0);
        for number in 0..20 {
            put(&place.shared, &id(number), &place.project.join(format!("below {number}")), 1);
        }
        let told = place.log.join("told");
        place
            .script("grep", &format!("printf '%s\\n' \"$@\" >>'{}'\nPATH={TOOLS}\nexec grep \"$@\"\n", told.display()));
        assert_eq!(ids(&place.call(&["sessions".as_ref(), place.project.as_os_str()]).whole("session", 5)), [SESSION]);
        let told = read(&told);
        assert!(told.contains(SESSION) && !told.contains("-below-"), "{told}");
    });
}

#[test]
fn what_holds_no_message_is_left_out() {
    each_shell(|place| {
        let file = put(&place.shared, SESSION, &place.project, 0);
        let cwd = said(&place.project);
        for text in [
            String::new(),
            stub(SESSION),
            format!("{{\"type\":\"file-history-snapshot\",\"cwd\":{cwd}}}\n"),
            conversation(SESSION, Path::new("/elsewhere"), "x"),
            conversation(SESSION, &place.project, "x").replace("\"cwd\"", "\"dir\""),
        ] {
            write(&file, &text);
            assert_eq!(ids(&sessions(place, &place.project)), Vec::<&str>::new(), "{text}");
        }
        write(&file, &conversation(SESSION, &place.project, "x"));
        // What is named like no conversation is none.
        for name in ["agent-1.jsonl", "x.jsonl", &format!("{OTHER}.json"), &format!("{OTHER}x.jsonl")] {
            fs::copy(&file, file.with_file_name(name)).unwrap();
        }
        fs::create_dir_all(file.with_file_name(format!("{OTHER}.jsonl"))).unwrap();
        assert_eq!(ids(&sessions(place, &place.project)), [SESSION]);
    });
}

#[test]
fn links_are_left_out() {
    each_shell(|place| {
        let real = put(&place.shared, SESSION, &place.project, 0);
        link(&real, &real.with_file_name(format!("{OTHER}.jsonl")));
        link(&place.top().join("nowhere"), &real.with_file_name(format!("{PANE}.jsonl")));
        assert_eq!(ids(&sessions(place, &place.project)), [SESSION]);
    });
}

#[test]
fn the_title_is_what_the_user_called_it_else_what_claude_did_else_the_first_prompt() {
    each_shell(|place| {
        let file = put(&place.shared, SESSION, &place.project, 0);
        let title = || sessions(place, &place.project)[0][4].clone();
        let add = |line: &str| write(&file, &format!("{}{line}\n", read(&file)));
        assert!(title().contains("prompt of"));
        let summary = "{\"type\":\"summary\",\"summary\":\"About doors\"}";
        add(summary);
        assert_eq!(title(), summary);
        let of_claude = "{\"type\":\"ai-title\",\"aiTitle\":\"Doors\"}";
        add(of_claude);
        assert_eq!(title(), of_claude);
        add("{\"type\":\"custom-title\",\"customTitle\":\"Old\"}");
        let custom = "{\"type\":\"custom-title\",\"customTitle\":\"My \\\"doors\\\"\\tand \\\\ é\"}";
        add(custom);
        assert_eq!(title(), custom);
        // Claude does not take the user's name away.
        add(of_claude);
        add(&conversation(SESSION, &place.project, "{\"type\":\"custom-title\",\"customTitle\":\"spoken of\"}"));
        assert_eq!(title(), custom);
    });
}

#[test]
fn what_claude_said_for_the_user_is_no_title_and_a_long_one_is_cut() {
    each_shell(|place| {
        let file = put(&place.shared, SESSION, &place.project, 0);
        let of = |prompt: &str| conversation(SESSION, &place.project, prompt);
        let first = of("a caveat");
        let meta = first.lines().nth(1).unwrap();
        for marked in ["\"isMeta\":true", "\"isMeta\": true"] {
            let meta = meta.replace("\"isSidechain\":false", marked);
            write(&file, &format!("{meta}\n{meta}\n{}", of("the first prompt")));
            let title = sessions(place, &place.project)[0][4].clone();
            assert!(title.contains("the first prompt"), "{title}");
        }
        write(&file, &of(&"long ".repeat(100_000)));
        let title = sessions(place, &place.project)[0][4].clone();
        assert_eq!(title.len(), 4096);
        assert!(title.contains("\"content\":\"long long"));
    });
}

#[test]
fn a_conversation_that_lies_at_a_desk_names_the_pane() {
    each_shell(|place| {
        let third = "33333333-3333-4333-8333-333333333333";
        put(&place.desk(), SESSION, &place.project, 3);
        put(&place.shared, OTHER, &place.project, 2);
        let leaving = place.state.join(format!("leaving/pane-{third}"));
        put(&leaving, third, &place.project, 1);
        put(&leaving, PANE, &place.home, 1);
        // Of the method home: Claude's dir is inside the desk.
        let fourth = "44444444-4444-4444-8444-444444444444";
        let fifth = "55555555-5555-4555-8555-555555555555";
        put(&place.state.join(format!("claude-homes/pane-{fourth}/.claude")), fourth, &place.project, 6);
        put(&place.state.join(format!("leaving/pane-{fifth}/.claude")), fifth, &place.project, 5);
        let told = sessions(place, &place.project);
        assert_eq!(ids(&told), [fourth, fifth, SESSION, OTHER, third]);
        let panes: Vec<&str> = told.iter().map(|line| line[3].as_str()).collect();
        assert_eq!(panes, [fourth, fifth, PANE, "", third]);
    });
}

#[test]
fn a_directory_may_be_called_anything() {
    each_shell(|place| {
        let long = format!("{}/{}", "long name ".repeat(12), "b".repeat(120));
        let wide = "Мои проекты/новый дом/é".repeat(8);
        let names = [
            "o'brien \"x\"",
            "back\\slash \\n",
            "*",
            "[a-z]",
            "?",
            "-n",
            "new\nline",
            "tab\tbell\rend",
            "ends\n",
            " ",
            "$HOME `x` $(x) ~",
            "{a,b}",
            "naïve Straße 日本語 🚪",
            "e\u{301}",
            long.as_str(),
            wide.as_str(),
        ];
        let dirs = names.map(|name| place.top().join("odd").join(name));
        for (number, dir) in dirs.iter().enumerate() {
            fs::create_dir_all(dir).unwrap();
            put(&place.shared, &id(number), dir, 0);
            put(&place.desk(), &id(number + 100), dir, 1);
        }
        for (number, dir) in dirs.iter().enumerate() {
            assert_eq!(ids(&sessions(place, dir)), [id(number + 100), id(number)], "{dir:?}");
        }
    });
}

#[test]
fn a_directory_is_the_same_by_way_of_a_link() {
    each_shell(|place| {
        put(&place.shared, SESSION, &place.project, 0);
        link(&place.project, &place.top().join("by link"));
        assert_eq!(ids(&sessions(place, &place.top().join("by link"))), [SESSION]);
        assert_eq!(ids(&sessions(place, &place.project.join("../project/"))), [SESSION]);
    });
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    each_shell(|place| {
        put(&place.shared, SESSION, &place.project, 0);
        let file = place.top().join("file");
        write(&file, "");
        for cwd in [place.top().join("nowhere"), file] {
            let cwd = cwd.display();
            place
                .call(&["sessions", &cwd.to_string()])
                .ends_with(1)
                .expect(&format!("none\tcwd \"{cwd}\" is not a directory; name an existing one with cwd\n"));
        }
        let cwd = place.project.display().to_string();
        place.call(&["sessions", &cwd, "relative"]).ends_with(1).says("none\t").says("not an absolute path");
    });
}

#[test]
fn they_are_looked_for_where_the_user_has_them() {
    each_shell(|place| {
        let (own, asked) = (place.top().join("own dir"), place.top().join("asked for"));
        put(&place.shared, SESSION, &place.project, 0);
        put(&own, OTHER, &place.project, 0);
        put(&asked, PANE, &place.project, 0);
        let with = |shared: &str| {
            let mut command = place.carrel(&["sessions".as_ref(), place.project.as_os_str(), shared.as_ref()]);
            Answer::of(command.env("CLAUDE_CONFIG_DIR", &own).output().unwrap()).whole("session", 5)
        };
        assert_eq!(ids(&with("")), [OTHER]);
        assert_eq!(ids(&with(asked.to_str().unwrap())), [PANE]);
        assert_eq!(ids(&sessions(place, &place.project)), [SESSION]);
        assert_eq!(ids(&sessions_of(place, &place.project, asked.to_str().unwrap())), [PANE]);
    });
}
