//! Finding a conversation again: the pipe `sessions`.

use serde_json::{json, Value};

use crate::disk::{say, Place};
use crate::world::{uuid_text, CallNo, Did, World};

fn with_conversations() -> World {
    let mut zellij = World::new().clients(2).ready();
    for (number, cwd) in [(1, "/code/a"), (2, "/code/a"), (3, "/code/b"), (4, "/code")] {
        zellij.disk.conversations.insert(uuid_text(number), (cwd.into(), Place::Shared));
    }
    zellij
}

fn ids(answer: &Value) -> Vec<String> {
    let rows = answer["sessions"].as_array().unwrap_or_else(|| panic!("rows: {answer}"));
    rows.iter().map(|row| row["session"].as_str().unwrap().to_string()).collect()
}

/// What the host was asked for.
fn asked(zellij: &World) -> Vec<Vec<String>> {
    let words = |did: &Did| match did {
        Did::Host(words) if words[0] == "sessions" => Some(words[1..].to_vec()),
        _ => None,
    };
    zellij.journal.iter().filter_map(|entry| words(&entry.did)).collect()
}

fn titled(zellij: &mut World, line: &str) -> String {
    zellij.says("sessions", &(say(&["session", &uuid_text(9), "0", "1", "", line]) + "end\n"));
    zellij.ask("sessions", &[("cwd", "/code")])["sessions"][0]["title"].as_str().unwrap().to_string()
}

#[test]
fn the_conversations_of_a_directory_are_told_with_all_that_a_script_needs() {
    let mut zellij = with_conversations();
    let answer = zellij.ask("sessions", &[("cwd", "/code/a")]);
    let row = |number: u128| {
        json!({
            "session": uuid_text(number), "title": format!("prompt of {}", uuid_text(number)),
            "modified": "2026-11-23T08:45:54Z", "bytes": 4096, "open_in": null,
        })
    };
    assert_eq!(answer, json!({"version": 1, "sessions": [row(2), row(1)]}));
    assert_eq!(zellij.hosts_named("sessions"), 1, "one clone asks");
    assert_eq!(zellij.ask("sessions", &[("cwd", "/tmp/x")]), json!({"version": 1, "sessions": []}));
    assert_eq!(asked(&zellij), [["/code/a", ""], ["/tmp/x", ""]]);
}

#[test]
fn a_conversation_at_a_desk_names_its_pane_and_one_that_is_listed_can_be_resumed() {
    let mut zellij = with_conversations();
    let desk = zellij.open();
    let session = zellij.pane_of(desk).unwrap().session();
    let answer = zellij.ask("sessions", &[("cwd", "/code")]);
    let rows = answer["sessions"].as_array().unwrap();
    let open_in = |id: &str| rows.iter().find(|row| row["session"] == *id).unwrap()["open_in"].clone();
    assert_eq!((open_in(&session), open_in(&uuid_text(4))), (desk.to_string().into(), Value::Null));
    zellij.ask("resume", &[("session", &uuid_text(4))]);
    zellij.pass(3_000);
    let answer = zellij.ask("sessions", &[("cwd", "/code")]);
    assert!(answer["sessions"].as_array().unwrap().iter().all(|row| row["open_in"].is_string()), "{answer}");
}

#[test]
fn without_a_cwd_it_is_that_of_the_focused_pane() {
    let mut zellij = with_conversations();
    zellij.plain_pane("bash");
    zellij.panes.last_mut().unwrap().cwd = "/code/b".into();
    assert_eq!(ids(&zellij.ask("sessions", &[])), [uuid_text(3)]);
    // And where Zellij knows none, that of the session.
    zellij.panes.clear();
    assert_eq!(ids(&zellij.ask("sessions", &[])), [uuid_text(4)]);
    assert_eq!(asked(&zellij), [["/code/b", ""], ["/code", ""]]);
}

#[test]
fn the_claude_dir_of_the_option_is_the_one_that_is_looked_in() {
    let mut zellij = World::new().option("shared_dir", "/home/ada/other claude").ready();
    zellij.ask("sessions", &[("cwd", "/code")]);
    assert_eq!(asked(&zellij), [["/code", "/home/ada/other claude"]]);
}

#[test]
fn several_who_ask_at_once_get_each_their_own() {
    let mut zellij = with_conversations();
    let wishes = [Some("/code/a"), None, Some("/code/b"), None, Some("/nowhere")];
    let calls: Vec<CallNo> = wishes
        .iter()
        .enumerate()
        .map(|(number, cwd)| {
            zellij.pass(50);
            // The later ones are answered first.
            zellij.slow("sessions", 1_000 - 200 * number as u64);
            zellij.send("sessions", &cwd.map(|cwd| ("cwd", cwd)).into_iter().collect::<Vec<_>>())
        })
        .collect();
    zellij.pass(2_000);
    assert_eq!(ids(&zellij.answer(calls[0])), [uuid_text(2), uuid_text(1)]);
    assert_eq!(ids(&zellij.answer(calls[1])), [uuid_text(4)]);
    assert_eq!(ids(&zellij.answer(calls[2])), [uuid_text(3)]);
    assert_eq!(ids(&zellij.answer(calls[3])), [uuid_text(4)]);
    assert!(zellij.error(calls[4]).contains("/nowhere"));
}

#[test]
fn a_relative_cwd_and_unknown_arguments_are_refused() {
    let mut zellij = with_conversations();
    for cwd in ["code", "", "./code", "~/code"] {
        assert!(zellij.ask_wrong("sessions", &[("cwd", cwd)]).contains("not an absolute path"), "{cwd}");
    }
    let error = zellij.ask_wrong("sessions", &[("cwd", "/code"), ("limit", "5")]);
    assert_eq!(error, "unknown argument limit; there are: cwd");
    assert_eq!(asked(&zellij), Vec::<Vec<String>>::new(), "and nothing is looked for");
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let error = with_conversations().ask_wrong("sessions", &[("cwd", "/nowhere")]);
    assert_eq!(error, "cwd \"/nowhere\" is not a directory; name an existing one with cwd");
}

#[test]
fn a_host_that_is_silent_or_breaks_off_is_told_within_its_limit() {
    let mut zellij = with_conversations();
    zellij.lose("sessions", 1);
    let call = zellij.send("sessions", &[("cwd", "/code/a")]);
    zellij.pass(14_000);
    assert!(zellij.call(call).released_ms.is_none());
    zellij.pass(3_000);
    assert!(zellij.error(call).contains("did not answer"));
    let row = say(&["session", &uuid_text(1), "0", "1", "", ""]);
    for broken in ["", "\n", "sh: not found\n", row.as_str()] {
        zellij.says("sessions", broken);
        assert!(zellij.ask_wrong("sessions", &[("cwd", "/code/a")]).contains("did not answer"), "{broken}");
    }
    assert_eq!(ids(&zellij.ask("sessions", &[("cwd", "/code/a")])).len(), 2, "and then it works again");
}

#[test]
fn an_answer_that_comes_after_its_limit_is_not_given_to_somebody_else() {
    let mut zellij = with_conversations();
    zellij.slow("sessions", 20_000);
    let late = zellij.send("sessions", &[("cwd", "/code/a")]);
    zellij.pass(17_000);
    zellij.slow("sessions", 8_000);
    let next = zellij.send("sessions", &[("cwd", "/code/b")]);
    zellij.pass(12_000);
    assert!(zellij.error(late).contains("did not answer"));
    assert_eq!(ids(&zellij.answer(next)), [uuid_text(3)]);
}

#[test]
fn what_is_asked_before_carrel_is_ready_waits_for_it() {
    let mut zellij = World::new().clients(2).started();
    zellij.disk.conversations.insert(uuid_text(1), ("/code".into(), Place::Shared));
    let call = zellij.send("sessions", &[("cwd", "/code")]);
    zellij.wait_for(call);
    assert_eq!(ids(&zellij.answer(call)), [uuid_text(1)]);
}

#[test]
fn a_title_is_one_line_and_a_long_one_is_cut() {
    let mut zellij = World::new().ready();
    let prompt = |text: &str| json!({"type": "user", "message": {"role": "user", "content": text}}).to_string();
    for length in [1, 80] {
        let text = "é".repeat(length);
        assert_eq!(titled(&mut zellij, &prompt(&text)), text);
    }
    let long = titled(&mut zellij, &prompt(&"日本 ".repeat(200)));
    assert_eq!((long.chars().count(), long.chars().last()), (81, Some('…')));
    assert_eq!(titled(&mut zellij, &prompt(" mend\n\tthe \\ \"door\"  ")), "mend the \\ \"door\"");
    let custom = json!({"type": "custom-title", "customTitle": "My doors", "sessionId": "x"}).to_string();
    assert_eq!(titled(&mut zellij, &custom), "My doors");
    // Cut off by the host within a word, or within nothing at all.
    let whole = prompt("a door");
    let (cut, _) = whole.split_once("or\"").unwrap();
    assert_eq!(titled(&mut zellij, cut), "a do");
    assert_eq!(titled(&mut zellij, ""), "");
}

#[test]
fn a_key_that_is_bound_to_it_does_nothing() {
    let mut zellij = with_conversations();
    zellij.bind("sessions", Some(r#"{"cwd":"/code"}"#));
    zellij.pass(2_000);
    assert_eq!(zellij.hosts_named("sessions"), 0);
    assert_eq!(zellij.count(|did| matches!(did, Did::PanelShown)), 0);
}
