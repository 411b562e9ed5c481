//! What the user decided inside a desk, and bringing it into a file of theirs.

use serde_json::{json, Value};

use super::{allow, Change, Decisions, Locator, Merger, SeedFilter, Shape, Verdict};
use crate::manager::seed::tests::Random;

fn decisions(document: &[u8]) -> Decisions {
    let mut filter = SeedFilter::of_decisions();
    filter.feed(document).unwrap();
    Decisions::of(filter).unwrap()
}

fn changes(given: &Value, now: &Value) -> Vec<Change> {
    decisions(given.to_string().as_bytes()).changed_to(&decisions(now.to_string().as_bytes()))
}

fn told(given: &Value, now: &Value) -> Vec<String> {
    changes(given, now).iter().map(Change::told).collect()
}

/// The file with the changes in it, read in pieces of that size, and what became of each change.
fn carried(changes: &[Change], file: &[u8], size: usize) -> Result<(Vec<u8>, Vec<Verdict>), String> {
    let mut locator = Locator::new(changes.to_vec());
    for piece in file.chunks(size) {
        locator.feed(piece).map_err(|why| why.to_string())?;
    }
    let (plan, changes) = locator.finish().map_err(|why| why.to_string())?;
    let verdicts = plan.verdicts.clone();
    let mut merger = Merger::new(plan, changes);
    let mut out = Vec::new();
    for piece in file.chunks(size) {
        out.extend(merger.feed(piece)?);
    }
    assert_eq!(merger.finish()?.0, out.len() as u64);
    Ok((out, verdicts))
}

#[track_caller]
fn check(given: &Value, now: &Value, file: &str, expected: &str, verdicts: &[Verdict]) {
    for size in [1, 7, usize::MAX] {
        let (out, became) = carried(&changes(given, now), file.as_bytes(), size).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(became, verdicts);
    }
}

#[test]
fn what_the_user_did_inside_a_desk_is_told_by_name_and_without_values() {
    let given = json!({
        "mcpServers": {"old": {"command": "x"}, "same": {}, "new place": {"url": "1"}},
        "customApiKeyResponses": {"rejected": ["aaa"]},
        "projects": {"/a": {"allowedTools": ["Edit"], "disabledMcpServers": ["same"]}},
    });
    let now = json!({
        "mcpServers": {"same": {}, "new place": {"url": "SECRET"}, "x\n": {"env": {"KEY": "SECRET"}}},
        "customApiKeyResponses": {"approved": ["aaa"], "rejected": []},
        "respectGitignore": false,
        "projects": {
            "/a": {"allowedTools": ["Edit", "Bash(ls:*)"], "disabledMcpServers": []},
            "/b": {"hasTrustDialogAccepted": true, "hasClaudeMdExternalIncludesApproved": true, "mcpServers": {"y": {}}},
        },
    });
    let expected = [
        "MCP server `new place` changed",
        "MCP server `old` removed",
        "MCP server `x\n` added",
        "approved API key added",
        "rejected API key removed",
        "setting `respectGitignore` changed",
        "allowed tool `Bash(ls:*)` added in /a",
        "switched-off server `same` removed in /a",
        "imports of CLAUDE.md allowed in /b",
        "/b trusted",
        "MCP server `y` added in /b",
    ];
    let mut told = told(&given, &now);
    let mut expected = expected.map(str::to_string);
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    assert!(!format!("{:?}", changes(&given, &now)).contains("SECRET"));
    assert_eq!(changes(&now, &now), []);
}

#[test]
fn what_the_user_decides_is_given_to_new_desks_too() {
    // Else it would be carried back and be missing all the same; a value that is no server and no list is told as a setting.
    for (key, _) in allow::DECIDED {
        assert!(allow::TOP.iter().any(|(name, ..)| *name == key), "{key}");
    }
    for (key, _) in allow::DECIDED_IN_PROJECT {
        assert!(allow::PROJECT.iter().any(|(name, ..)| *name == key), "{key}");
    }
}

/// Measured with Claude Code 2.1.330: a start from a seed, talk, a tool, `/clear`, `/exit`.
#[test]
fn what_claude_notes_down_by_itself_is_no_decision() {
    let project =
        json!({"hasTrustDialogAccepted": true, "allowedTools": ["Edit"], "mcpServers": {"loc": {"command": "true"}}});
    let given = json!({
        "hasCompletedOnboarding": true, "numStartups": 4, "migrationVersion": 15, "theme": "dark", "verbose": false,
        "autoConnectIde": false, "mcpServers": {"shelf": {"command": "true"}},
        "customApiKeyResponses": {"approved": ["k"], "rejected": []},
        "projects": {"/a": project, "/old": {"hasTrustDialogAccepted": true, "enabledMcpjsonServers": ["a"]}},
    });
    let mut now = given.clone();
    let top = now.as_object_mut().unwrap();
    for gone in ["theme", "verbose", "autoConnectIde"] {
        top.remove(gone);
    }
    now["numStartups"] = json!(5);
    now["machineID"] = json!("e2a66c42");
    now["userID"] = json!("0".repeat(64));
    now["tipsHistory"] = json!({"new-user-warmup": 5});
    now["tipLifetimeShownCounts"] = json!({"new-user-warmup": 1});
    now["seenNotifications"] = json!({});
    now["officialMarketplaceAutoInstallAttempted"] = json!(true);
    now["projects"]["/a"]["lastSessionId"] = json!("3906d69b-9aad-4d69-ab01-9876dd0adb11");
    now["projects"]["/a"]["lastGracefulShutdown"] = json!(true);
    now["projects"]["/a"]["hasCompletedProjectOnboarding"] = json!(true);
    now["projects"]["/a"]["mcpContextUris"] = json!([]);
    // Moved into the project's own settings.
    now["projects"]["/old"].as_object_mut().unwrap().remove("enabledMcpjsonServers");
    now["projects"]["/new"] = json!({"allowedTools": [], "mcpServers": {}, "enabledMcpjsonServers": []});
    assert_eq!(told(&given, &now), Vec::<String>::new());
    // A file that was damaged and replaced by defaults takes nothing away.
    assert_eq!(told(&given, &json!({"numStartups": 1, "projects": {}})), Vec::<String>::new());
    assert_eq!(told(&given, &json!({})), Vec::<String>::new());
}

#[test]
fn what_is_carried_is_put_in_its_place_and_all_other_bytes_stay() {
    let given = json!({"mcpServers": {"old": {"command": "x"}, "b": {"n": 1}}, "projects": {"/a": {"allowedTools": ["Edit", "Read"]}}});
    let now = json!({
        "mcpServers": {"b": {"n": 2}, "new": {"type": "stdio", "command": "true"}},
        "projects": {"/a": {"allowedTools": ["Read", "Bash"], "hasTrustDialogAccepted": true}, "/b \"q\"": {"hasTrustDialogAccepted": true}},
    });
    let file = r#"{
  "numStartups" : 4,
  "mcpServers": {
    "old": {
      "command": "x"
    },
    "b": { "n" : 1 },
    "mine": {}
  },
  "history": [ "\ud83d", 1e999 ],
  "projects": {
    "/a": {
      "allowedTools": [
        "Edit",
        "Read"
      ],
      "lastCost": 0.10
    }
  }
}
"#;
    let expected = r#"{
  "numStartups" : 4,
  "mcpServers": {
    "b": {"n":2},
    "mine": {},
    "new": {"command":"true","type":"stdio"}
  },
  "history": [ "\ud83d", 1e999 ],
  "projects": {
    "/a": {
      "allowedTools": [
        "Read",
        "Bash"
      ],
      "lastCost": 0.10,
      "hasTrustDialogAccepted": true
    },
    "/b \"q\"": {"hasTrustDialogAccepted":true}
  }
}
"#;
    check(&given, &now, file, expected, &[Verdict::Carried; 7]);
    // Once more: all is there, and nothing is written.
    check(&given, &now, expected, expected, &[Verdict::There; 7]);
}

#[test]
fn a_server_is_carried_with_its_keys_in_their_order() {
    let now = br#"{"mcpServers": {"x": {"type": "stdio", "command": "a\u0301", "n": 1.50, "env": {}}}}"#;
    let changes = decisions(b"{}").changed_to(&decisions(now));
    let (out, _) = carried(&changes, b"{}", 9).unwrap();
    let expected = "{\"mcpServers\":{\"x\":{\"type\":\"stdio\",\"command\":\"a\u{301}\",\"n\":1.5,\"env\":{}}}}";
    assert_eq!(String::from_utf8(out).unwrap(), expected, "in its order");
}

#[test]
fn where_there_is_no_place_yet_one_is_made() {
    let now = json!({
        "mcpServers": {"x": {"command": "y"}}, "copyOnSelect": true, "customApiKeyResponses": {"approved": ["k"]},
        "projects": {"/p": {"hasTrustDialogAccepted": true, "allowedTools": ["T"]}},
    });
    let new = r#""copyOnSelect":true,"mcpServers":{"x":{"command":"y"}},"customApiKeyResponses":{"approved":["k"]},"projects":{"/p":{"hasTrustDialogAccepted":true,"allowedTools":["T"]}}"#;
    let all = [Verdict::Carried; 5];
    check(&json!({}), &now, "{}", &format!("{{{new}}}"), &all);
    let aired = "\u{feff}{ \"a\":1, \"copyOnSelect\": true, \"mcpServers\": {\"x\":{}} }";
    let two = json!({"copyOnSelect": true, "mcpServers": {"x": {}}});
    check(&json!({}), &two, "\u{feff}{ \"a\":1 }", aired, &[Verdict::Carried; 2]);
    check(
        &json!({}),
        &json!({"projects": {"/p": {"hasTrustDialogAccepted": true}, "/q": {"hasTrustDialogAccepted": true}}}),
        r#"{"projects":{"/p":{"hasTrustDialogAccepted":false},"/q":{}}}"#,
        r#"{"projects":{"/p":{"hasTrustDialogAccepted":true},"/q":{"hasTrustDialogAccepted":true}}}"#,
        &[Verdict::Carried; 2],
    );
}

#[test]
fn an_entry_that_the_users_file_has_with_another_value_by_now_is_never_touched() {
    use Verdict::{Carried, Clash, There};
    let given = json!({"mcpServers": {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 1}}, "respectGitignore": true});
    let now =
        json!({"mcpServers": {"a": {"n": 2}, "c": {"n": 2}, "d": {"n": 2}, "e": {"n": 2}}, "respectGitignore": false});
    // In the order of the setting, a, b, c, d, e.
    let file = r#"{"mcpServers":{"a":{"n":3},"b":{"n":3},"d":{"n":3},"e":{ "n" : 2 }},"respectGitignore":null}"#;
    check(&given, &now, file, file, &[Clash, Clash, Clash, Clash, Clash, There]);
    let file = r#"{"mcpServers":{"a":{"n":1}},"respectGitignore":false}"#;
    let expected = r#"{"mcpServers":{"a":{"n":2},"d":{"n":2},"e":{"n":2}},"respectGitignore":false}"#;
    check(&given, &now, file, expected, &[There, Carried, There, Clash, Carried, Carried]);
    // What is no object, or no list, has no place for it.
    for file in [r#"{"mcpServers":[1]}"#, r#"{"mcpServers":null}"#, r#"{"mcpServers":"x"}"#] {
        check(&json!({}), &json!({"mcpServers": {"x": {}}}), file, file, &[Clash]);
    }
    let trusted = json!({"projects": {"/p": {"hasTrustDialogAccepted": true}}});
    for file in
        [r#"{"projects":null}"#, r#"{"projects":{"/p":[]}}"#, r#"{"projects":{"/p":{"hasTrustDialogAccepted":1}}}"#]
    {
        check(&json!({}), &trusted, file, file, &[Clash]);
    }
}

#[test]
fn of_a_key_that_comes_twice_the_last_one_is_changed() {
    let given = json!({"mcpServers": {"x": {"n": 1}}});
    let removed = json!({"mcpServers": {}});
    check(
        &given,
        &removed,
        r#"{"mcpServers":{"x":{"n":2},"y":{},"x":{"n":1}}}"#,
        r#"{"mcpServers":{"y":{}}}"#,
        &[Verdict::Carried],
    );
    let added = json!({"mcpServers": {"x": {"n": 1}, "z": {}}});
    check(
        &given,
        &added,
        r#"{"mcpServers":{"a":{}},"projects":{"/p":{"mcpServers":{}}},"mcpServers":{"b":{}},"projects":{}}"#,
        r#"{"mcpServers":{"a":{}},"projects":{"/p":{"mcpServers":{}}},"mcpServers":{"b":{},"z":{}},"projects":{}}"#,
        &[Verdict::Carried],
    );
    let trusted = json!({"projects": {"/p": {"hasTrustDialogAccepted": true}}});
    check(
        &json!({}),
        &trusted,
        r#"{"projects":{"/p":{"hasTrustDialogAccepted":true}},"projects":{"/p":{"a":1},"/p":{ }}}"#,
        r#"{"projects":{"/p":{"hasTrustDialogAccepted":true}},"projects":{"/p":{"a":1},"/p":{ "hasTrustDialogAccepted": true }}}"#,
        &[Verdict::Carried],
    );
}

#[test]
fn what_was_carried_is_no_change_any_more_and_what_was_not_still_is() {
    let given = decisions(
        json!({"mcpServers": {"a": {"n": 1}}, "projects": {"/p": {"allowedTools": ["T"]}}}).to_string().as_bytes(),
    );
    let now = decisions(
        json!({"mcpServers": {"a": {"n": 2}, "b": {}}, "projects": {"/p": {"allowedTools": []}, "/q": {"hasTrustDialogAccepted": true}}})
            .to_string()
            .as_bytes(),
    );
    let changes = given.changed_to(&now);
    assert_eq!(changes.len(), 4);
    for kept in 0..16_usize {
        let is_kept = |at: &usize| kept >> at & 1 == 1;
        let carried: Vec<&Change> =
            changes.iter().enumerate().filter(|(at, _)| !is_kept(at)).map(|(_, change)| change).collect();
        let base = decisions(given.with(&carried).json().as_bytes());
        let left: Vec<String> = base.changed_to(&now).iter().map(Change::told).collect();
        let expected: Vec<String> = (0..4).filter(is_kept).map(|at| changes[at].told()).collect();
        assert_eq!(left, expected, "{kept:04b}");
    }
    // What is left when all else is dropped says the same.
    assert_eq!(decisions(given.json().as_bytes()).changed_to(&decisions(now.json().as_bytes())), changes);
}

#[test]
fn a_damaged_or_cut_file_is_refused_and_a_large_one_takes_no_memory() {
    let changes = changes(&json!({}), &json!({"mcpServers": {"x": {}}}));
    for (file, why) in [
        ("", "is empty"),
        ("[1]", "not a JSON object"),
        ("{\"a\":1", "ends in the middle"),
        ("{\"a\":1}}", "not valid JSON"),
    ] {
        let error = carried(&changes, file.as_bytes(), 3).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let large = format!("{{\"mcpServers\":{{\"y\":\"{}\"}}}}", "x".repeat(600 * 1024));
    assert!(carried(&changes, large.as_bytes(), 100_000).unwrap_err().contains("mcpServers"));
    let mut locator = Locator::new(changes);
    locator.feed(b"{\"projects\":{").unwrap();
    let entry = format!("\"/p\":{{\"history\":[\"{}\"],\"mcpServers\":{{\"y\":{{}}}}}},", "lorem ipsum ".repeat(500));
    for _ in 0..2_000 {
        locator.feed(entry.as_bytes()).unwrap();
        assert!(locator.key.capacity() < 1_024 && locator.capture.is_none());
    }
    locator.feed(b"\"/q\":{}}}").unwrap();
    assert!(locator.finish().unwrap().0.edits_anything());
}

#[test]
fn any_changes_brought_into_any_file_in_any_pieces_give_what_a_plain_merge_gives() {
    let mut seen = [0; 3];
    for run in 0..1_500 {
        let mut random = Random(run);
        let given = random.document();
        let now = random.document();
        // Often the file is what the desk was given, as in life.
        let file = if random.below(2) == 0 { given.clone() } else { random.document() };
        let Ok(mut expected) = serde_json::from_str::<Value>(&file) else { continue };
        let changes = decisions(given.as_bytes()).changed_to(&decisions(now.as_bytes()));
        let size = 1 + random.below(40);
        let shown = || format!("run {run}\ngiven {given}\nnow {now}\nfile {file}\n{changes:?}");
        let (out, verdicts) =
            carried(&changes, file.as_bytes(), size).unwrap_or_else(|why| panic!("{why}\n{}", shown()));
        let plain: Vec<Verdict> = changes.iter().map(|change| merge(&mut expected, change)).collect();
        assert_eq!(verdicts, plain, "{}", shown());
        let out_value: Value = serde_json::from_slice(&out).unwrap_or_else(|why| panic!("{why}\n{}", shown()));
        assert_eq!(out_value, expected, "{}\nout {}", shown(), String::from_utf8_lossy(&out));
        verdicts.iter().for_each(|verdict| seen[*verdict as usize] += 1);
        if !verdicts.contains(&Verdict::Carried) {
            assert_eq!(out, file.as_bytes(), "{}", shown());
        }
        let again = carried(&changes, &out, 1 + random.below(40)).unwrap();
        assert_eq!(again.0, out, "a second time: {}", shown());
    }
    assert!(seen.iter().all(|times| *times > 20), "{seen:?}");
}

/// One change in a document that lies in memory as a whole.
fn merge(document: &mut Value, change: &Change) -> Verdict {
    let read = |text: &Option<String>| text.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
    let (before, after) = (read(&change.before), read(&change.after));
    let field = change.field.key();
    let mut path: Vec<&str> = Vec::new();
    if let Some(project) = &change.field.project {
        path.extend(["projects", project]);
    }
    let is_list = change.field.shape() == Shape::Texts || change.list.is_some();
    match (change.list, change.field.shape()) {
        (Some(list), _) => path.extend([field, list]),
        (None, Shape::Texts | Shape::Servers) => path.push(field),
        _ => {}
    }
    // What stands in the way is found before anything is made.
    let mut there = Some(&*document);
    for (depth, key) in path.iter().enumerate() {
        let Some(object) = there else { break };
        let Some(object) = object.as_object() else { return Verdict::Clash };
        there = object.get(*key);
        if let (Some(value), true) = (there, depth + 1 == path.len()) {
            if if is_list { !value.is_array() } else { !value.is_object() } {
                return Verdict::Clash;
            }
        }
    }
    if is_list {
        let entry = Value::String(change.entry.clone().unwrap());
        let listed = there.and_then(Value::as_array).is_some_and(|list| list.contains(&entry));
        if listed == after.is_some() {
            return Verdict::There;
        }
        let list = place(document, &path, json!([])).as_array_mut().unwrap();
        if after.is_some() {
            list.push(entry);
        } else {
            list.retain(|other| *other != entry);
        }
        return Verdict::Carried;
    }
    let key = change.entry.as_deref().unwrap_or(field);
    let theirs = there.and_then(|object| object.get(key)).cloned();
    if theirs == after {
        return Verdict::There;
    }
    let unanswered = change.field.shape() == Shape::True && before.is_none() && theirs == Some(json!(false));
    if theirs != before && !unanswered {
        return Verdict::Clash;
    }
    let object = place(document, &path, json!({})).as_object_mut().unwrap();
    match after {
        Some(after) => drop(object.insert(key.to_string(), after)),
        None => drop(object.remove(key)),
    }
    Verdict::Carried
}

fn place<'a>(document: &'a mut Value, path: &[&str], last: Value) -> &'a mut Value {
    let mut here = document;
    for (depth, key) in path.iter().enumerate() {
        let new = if depth + 1 == path.len() { last.clone() } else { json!({}) };
        here = here.as_object_mut().unwrap().entry(*key).or_insert(new);
    }
    here
}
