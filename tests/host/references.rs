//! What transcripts say of files at the desk: once they are kept, it leads to the same files in the user's own dir.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::place::*;

fn talk(session: &str) -> String {
    format!("projects/-p/{session}.jsonl")
}

/// As Claude 2.1.330 writes it: what a tool printed lies in a file of its own, which the conversation names; so does it name
/// a skill, and the memory that its recorded system prompt speaks of.
fn naming(dir: &str, session: &str) -> String {
    let path = serde_json::to_string(&format!("{dir}/projects/-p/{session}/tool-results/b.txt")).unwrap();
    let inner = &path[1..path.len() - 1];
    let start = serde_json::to_string(&format!("Base directory for this skill: {dir}/skills/bind")).unwrap();
    let prompt = serde_json::to_string(&format!("You have a memory at `{dir}/projects/-p/memory/`.")).unwrap();
    [
        format!(r#"{{"type":"user","sessionId":"{session}","message":{{"role":"user","content":"go"}}}}"#),
        format!(r#"{{"type":"attachment","attachment":{{"type":"prompt_snapshot","systemPrompt":[{prompt}]}}}}"#),
        format!(r#"{{"type":"user","message":{{"content":[{{"type":"tool_result","content":"saved to: {inner}\n"}}]}},"toolUseResult":{{"persistedOutputPath":{path}}}}}"#),
        format!(r#"{{"type":"user","message":{{"content":[{{"type":"text","text":{start}}}]}}}}"#),
    ]
    .map(|line| line + "\n")
    .concat()
}

/// What Claude said itself, and the log of a request: these stay as they are, letter for letter.
fn said(dir: &str) -> String {
    let path = serde_json::to_string(&format!("{dir}/projects/-p/x")).unwrap();
    format!(
        "{{\"type\":\"assistant\",\"message\":{{\"content\":[{{\"type\":\"thinking\",\"thinking\":{path},\"signature\":\"s\"}}]}}}}\n\
         {{\"type\":\"api-request-shape\",\"shapeHash\":\"h\",\"shape\":{path}}}\n"
    )
}

fn text_of(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn what_a_kept_conversation_names_is_where_it_says() {
    for shell in SHELLS {
        for name in ["st", "st.a*[b]^c$d&e|f \"q\" \\b ' Zoë"] {
            let place = Place::named(shell, name);
            let desk = place.dead_desk();
            let here = text_of(&desk);
            let there = text_of(&place.shared);
            let sub = format!("projects/-p/{SESSION}/subagents/agent-a.jsonl");
            // Another desk is not this one.
            let other = format!(
                "{{\"type\":\"user\",\"message\":{}}}\n",
                serde_json::to_string(&here.replace('a', "b")).unwrap()
            );
            write(&desk.join(talk(SESSION)), &(naming(&here, SESSION) + &said(&here) + &other));
            write(&desk.join(&sub), &naming(&here, SESSION));
            write(&desk.join(format!("projects/-p/{SESSION}/tool-results/b.txt")), &here);
            write(&desk.join(talk(OTHER)), &transcript(OTHER, 2));
            let when = fs::metadata(desk.join(talk(SESSION))).unwrap().mtime();
            assert!(std::process::Command::new("touch")
                .args(["-d", "2024-01-01"])
                .arg(desk.join(talk(SESSION)))
                .status()
                .unwrap()
                .success());
            let before = fs::metadata(desk.join(talk(SESSION))).unwrap().mtime();
            assert_ne!(when, before);
            place.cleaned();
            let kept = place.shared.join(talk(SESSION));
            assert_eq!(read(&kept), naming(&there, SESSION) + &said(&here) + &other, "{name}");
            assert_eq!(fs::metadata(&kept).unwrap().mtime(), before, "the time of the last message is the file's");
            assert_eq!(read(&place.shared.join(&sub)), naming(&there, SESSION));
            assert_eq!(read(&place.shared.join(format!("projects/-p/{SESSION}/tool-results/b.txt"))), here);
            assert_eq!(read(&place.shared.join(talk(OTHER))), transcript(OTHER, 2));
            for line in read(&kept).lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
}

#[test]
fn a_conversation_that_goes_to_and_fro_stays_one() {
    each_shell(|place| {
        place.seed();
        let desk = place.dead_desk();
        let (here, there) = (text_of(&desk), text_of(&place.shared));
        write(&desk.join(talk(SESSION)), &(naming(&here, SESSION) + &said(&here)));
        write(&desk.join(format!("projects/-p/{SESSION}/tool-results/b.txt")), "printed");
        write(&desk.join(format!("projects/-p/{SESSION}/subagents/a.jsonl")), "{}");
        // Stopped when it was written anew and not kept yet; and kept, and then found at the desk once more.
        place.script("ln", "kill -KILL $PPID");
        assert_eq!(place.clean().code, None);
        fs::remove_file(place.bin.join("ln")).unwrap();
        place.cleaned();
        write(&place.dead_desk().join(talk(SESSION)), &naming(&here, SESSION));
        place.cleaned();
        let kept = naming(&there, SESSION) + &said(&here);
        assert_eq!(names(&place.shared.join("projects/-p")), [SESSION.to_string(), format!("{SESSION}.jsonl")]);
        assert_eq!(read(&place.shared.join(talk(SESSION))), kept);

        // Taken back, it goes on naming what stays in the user's dir; what it makes at the desk follows when it is kept.
        place.run(&["--resume"]).ends_with(0);
        assert_eq!(read(&desk.join(talk(SESSION))), kept);
        assert_eq!(read(&place.shared.join(format!("projects/-p/{SESSION}/tool-results/b.txt"))), "printed");
        assert!(desk.join(format!("projects/-p/{SESSION}/subagents/a.jsonl")).exists());
        write(&desk.join(talk(SESSION)), &(kept.clone() + &naming(&here, SESSION)));
        write(&desk.join(format!("projects/-p/{SESSION}/tool-results/c.txt")), "printed later");
        fs::remove_file(desk.join(".carrel/exit")).unwrap();
        place.cleaned();
        assert_eq!(read(&place.shared.join(talk(SESSION))), kept + &naming(&there, SESSION));
        assert_eq!(names(&place.shared.join(format!("projects/-p/{SESSION}"))), ["subagents", "tool-results"]);
        assert_eq!(names(&place.shared.join(format!("projects/-p/{SESSION}/tool-results"))), ["b.txt", "c.txt"]);
        assert_eq!(names(&place.shared.join("projects/-p")).len(), 2);
    });
}

#[test]
fn where_a_conversation_cannot_be_written_anew_nothing_is_lost() {
    each_shell(|place| {
        // The second one is on a full disk and does not say so: what goes into a file is cut off.
        for body in ["exit 1", "if [ -p /proc/self/fd/1 ]; then exec /bin/sed \"$@\"; fi\nhead -c 100"] {
            let desk = place.dead_desk();
            let text = naming(&text_of(&desk), SESSION);
            write(&desk.join(talk(SESSION)), &text);
            place.script("sed", &format!("{body}\n"));
            place.clean().says("\tfailed\t").says("full");
            assert_eq!(read(&place.leaving().join(talk(SESSION))), text);
            assert_eq!(names(&place.leaving().join("projects/-p")).len(), 1);
            fs::remove_file(place.bin.join("sed")).unwrap();
            place.cleaned();
            assert_eq!(read(&place.shared.join(talk(SESSION))), naming(&text_of(&place.shared), SESSION));
            fs::remove_dir_all(place.shared.join("projects")).unwrap();
        }
    });
}

#[test]
fn a_state_dir_behind_a_link_is_known_by_both_names() {
    each_shell(|place| {
        let real = place.top().join("real");
        fs::rename(&place.state, &real).unwrap();
        link(&real, &place.state);
        let desk = place.dead_desk();
        let by_link = naming(&text_of(&desk), SESSION);
        let by_place = naming(&text_of(&real.join(desk.strip_prefix(&place.state).unwrap())), SESSION);
        write(&desk.join(talk(SESSION)), &(by_link + &by_place));
        place.cleaned();
        assert_eq!(read(&place.shared.join(talk(SESSION))), naming(&text_of(&place.shared), SESSION).repeat(2));
    });
}

#[test]
fn where_nothing_is_named_no_conversation_is_written() {
    each_shell(|place| {
        let desk = place.dead_desk();
        write(&desk.join(talk(SESSION)), &transcript(SESSION, 2));
        let inode = fs::metadata(desk.join(talk(SESSION))).unwrap().ino();
        place.script("sed", "exit 1");
        place.cleaned();
        assert_eq!(fs::metadata(place.shared.join(talk(SESSION))).unwrap().ino(), inode);
        fs::remove_file(place.bin.join("sed")).unwrap();
    });
}
