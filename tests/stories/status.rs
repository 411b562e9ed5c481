//! The status document, field by field, and what it says of a pane's health.

use serde_json::Value;
use zellij_carrel::manager::board::Health;
use zellij_carrel::manager::panel::Scene;

use crate::disk::STATE;
use crate::schema::violations;
use crate::world::{desk_in, Behaviour, Did, World};

/// What the schema cannot say: `ask` has held it against that.
fn is_valid(status: &Value) {
    for pane in status["panes"].as_array().unwrap() {
        let config_dir = format!("{STATE}/claude-configs/pane-{}", pane["pane"].as_str().unwrap());
        let expected = if pane["method"] == "none" { Value::Null } else { config_dir.into() };
        assert_eq!(pane["config_dir"], expected);
    }
}

#[test]
fn the_schema_of_the_manual_refuses_what_the_status_never_is() {
    let mut zellij = World::new().ready();
    zellij.open();
    let status = zellij.ask("status", &[]);
    assert_eq!(violations(&status), None);
    for key in status.as_object().unwrap().keys() {
        let mut bent = status.clone();
        bent.as_object_mut().unwrap().remove(key);
        assert!(violations(&bent).is_some(), "without {key}");
        let mut bent = status.clone();
        bent[key] = 1.5.into();
        assert!(violations(&bent).is_some(), "{key} as a number");
    }
    for (key, value) in status["panes"][0].as_object().unwrap() {
        let mut bent = status.clone();
        bent["panes"][0].as_object_mut().unwrap().remove(key);
        assert!(violations(&bent).is_some(), "a pane without {key}");
        let mut bent = status.clone();
        bent["panes"][0][key] = if value.is_string() { "a word that it never is\n".into() } else { (-1).into() };
        assert!(violations(&bent).is_some(), "{key} of a pane: {}", bent["panes"][0][key]);
    }
    let mut bent = status;
    bent["more"] = 1.into();
    assert!(violations(&bent).is_some(), "a key that is not in the manual");
    let check = zellij.ask("check", &[]);
    for key in check["claude"].as_object().unwrap().keys() {
        let mut bent = check.clone();
        bent["claude"].as_object_mut().unwrap().remove(key);
        assert!(violations(&bent).is_some(), "a Claude without {key}");
        let mut bent = check.clone();
        bent["claude"][key] = "perhaps".into();
        assert!(violations(&bent).is_some(), "{key} of a Claude");
    }
    let mut bent = check;
    bent["claude"]["more"] = 1.into();
    assert!(violations(&bent).is_some(), "a key of a Claude that is not in the manual");
}

/// State and health of the only pane.
fn of_the_pane(zellij: &mut World) -> (String, String, Vec<Value>) {
    let status = zellij.ask("status", &[]);
    is_valid(&status);
    let pane = &status["panes"][0];
    let text = |key: &str| pane[key].as_str().unwrap().to_string();
    (text("state"), text("health"), pane["problems"].as_array().unwrap().clone())
}

fn is(zellij: &mut World, state: &str, health: &str) {
    let (found, found_health, problems) = of_the_pane(zellij);
    assert_eq!((found.as_str(), found_health.as_str()), (state, health), "{problems:?}");
}

#[test]
fn without_panes_the_status_is_whole_all_the_same() {
    let status = World::new().clients(2).ready().ask("status", &[]);
    is_valid(&status);
    assert_eq!(status["panes"], Value::Array(vec![]));
    assert_eq!(status["session"], "main");
    assert_eq!(status["claude_version"], "2.1.330");
    assert_eq!(status["method"], "config_dir");
}

#[test]
fn the_status_of_a_pane_names_its_desk_its_conversation_and_its_place() {
    let mut zellij = World::new().ready();
    let answer = zellij.ask("new", &[("cwd", "/code/a")]);
    zellij.pass(30_000);
    let status = zellij.ask("status", &[]);
    is_valid(&status);
    let pane = &status["panes"][0];
    for key in ["pane", "terminal", "config_dir"] {
        assert_eq!(pane[key], answer[key], "{key}");
    }
    assert_eq!(pane["cwd"], "/code/a");
    assert_eq!(pane["session"], zellij.panes[0].session());
    assert_eq!(pane["bytes"], 4096);
    let age = pane["age_s"].as_u64().unwrap();
    assert!((30..=32).contains(&age), "{age}");
    assert_eq!(pane["problems"], Value::Array(vec![]));
}

#[test]
fn a_pane_is_isolated_once_its_claude_has_reported_at_its_desk() {
    let mut zellij = World::new().ready();
    zellij.ask("new", &[("cwd", "/code")]);
    is(&mut zellij, "starting", "unknown");
    zellij.pass(3_000);
    is(&mut zellij, "idle", "isolated");
}

#[test]
fn the_state_follows_claudes_bells() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    for (claudes_word, state) in
        [("busy", "working"), ("waiting", "waiting"), ("idle", "idle"), ("dreaming", "unknown")]
    {
        zellij.claude_becomes(desk, claudes_word, None);
        zellij.pass(400);
        is(&mut zellij, state, "isolated");
    }
}

#[test]
fn a_claude_that_reports_in_the_shared_dir_leaks() {
    let mut zellij = World::new().where_(|zellij| zellij.behaviour = Behaviour::Leaks).ready();
    zellij.open();
    let (state, health, problems) = of_the_pane(&mut zellij);
    assert_eq!((state.as_str(), health.as_str()), ("idle", "leaking"));
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_report_whose_process_died_and_whose_pid_was_given_out_again_proves_nothing() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.disk.desks.get_mut(&desk).unwrap().registry[0].reused = true;
    zellij.ring(Some(desk), "Stop");
    zellij.pass(2_000);
    let (_, health, _) = of_the_pane(&mut zellij);
    assert_eq!(health, "unknown");
}

#[test]
fn another_claude_at_the_desk_is_a_mismatch() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.stranger_at(desk);
    zellij.ring(Some(desk), "Stop");
    zellij.pass(2_000);
    let (_, health, problems) = of_the_pane(&mut zellij);
    assert_eq!(health, "mismatch");
    assert!(problems[0].as_str().unwrap().contains("9999"), "{problems:?}");
}

#[test]
fn a_claude_that_does_not_report_is_unknown_and_told_after_a_while() {
    let mut zellij = World::new().where_(|zellij| zellij.behaviour = Behaviour::Silent).ready();
    zellij.ask("new", &[("cwd", "/code")]);
    zellij.pass(4_000);
    is(&mut zellij, "starting", "unknown");
    zellij.pass(8_000);
    let (state, health, problems) = of_the_pane(&mut zellij);
    assert_eq!((state.as_str(), health.as_str(), problems.len()), ("unknown", "unknown", 1));
}

#[test]
fn method_none_is_never_called_isolated() {
    let mut zellij = World::new().option("method", "none").ready();
    zellij.open();
    is(&mut zellij, "idle", "unknown");
}

#[test]
fn a_pane_whose_claude_ended_is_exited_and_one_that_came_back_is_suspended() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.exit(zellij.terminal_of(desk), 1);
    zellij.pass(2_000);
    let (state, health, problems) = of_the_pane(&mut zellij);
    assert_eq!((state.as_str(), health.as_str()), ("exited", "unknown"));
    assert!(problems[0].as_str().unwrap().contains("code 1"));
    zellij.save_now();
    zellij.die();
    zellij.resurrect();
    zellij.pass(10_000);
    is(&mut zellij, "suspended", "unknown");
    zellij.rerun(zellij.terminal_of(desk));
    zellij.pass(4_000);
    is(&mut zellij, "idle", "isolated");
}

#[test]
fn a_rerun_pane_is_judged_afresh() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.exit(zellij.terminal_of(desk), 0);
    zellij.pass(2_000);
    zellij.behaviour = Behaviour::Silent;
    zellij.rerun(zellij.terminal_of(desk));
    zellij.pass(3_000);
    is(&mut zellij, "starting", "unknown");
}

#[test]
fn check_looks_afresh_and_answers_once() {
    let mut zellij = World::new().clients(3).ready();
    let desk = zellij.open();
    zellij.rings = false;
    zellij.claude_becomes(desk, "busy", None);
    assert_eq!(zellij.ask("status", &[])["panes"][0]["state"], "idle", "nobody rang");
    let status = zellij.ask("check", &[]);
    is_valid(&status);
    assert_eq!(status["panes"][0]["state"], "working");
}

#[test]
fn check_answers_without_panes_too() {
    let status = World::new().ready().ask("check", &[]);
    is_valid(&status);
}

#[test]
fn check_does_not_answer_with_what_an_earlier_look_saw() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.slow("scan", 400);
    zellij.ring(Some(desk), "Stop");
    zellij.pass(300);
    zellij.rings = false;
    zellij.claude_becomes(desk, "busy", None);
    let call = zellij.send("check", &[]);
    zellij.pass(3_000);
    let status = zellij.answer(call);
    is_valid(&status);
    assert_eq!(status["panes"][0]["state"], "working");
}

#[test]
fn a_check_looks_a_few_times_however_long_the_boot_takes() {
    let mut zellij = World::new().ready();
    zellij.open();
    zellij.slow("boot", 3_000);
    let before = zellij.hosts;
    zellij.ask("check", &[]);
    zellij.pass(10_000);
    assert!(zellij.hosts - before <= 6, "{} host commands", zellij.hosts - before);
}

#[test]
fn check_is_answered_where_the_boot_fails_or_the_look_never_comes_back() {
    for name in ["boot", "scan"] {
        let mut zellij = World::new().ready();
        zellij.open();
        zellij.lose(name, 1);
        let call = zellij.send("check", &[]);
        zellij.pass(12_000);
        assert_eq!(zellij.call(call).lines.len(), 1, "the answer of {name} was lost");
    }
    let mut zellij = World::new().ready();
    zellij.disk.broken = Some("the disk is read-only".into());
    let call = zellij.send("check", &[]);
    zellij.pass(12_000);
    assert!(zellij.call(call).lines[0].contains("the disk is read-only"), "{:?}", zellij.call(call));
}

#[test]
fn a_machine_that_is_not_ready_any_more_is_told_and_everything_known_is_still_watched() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.pass(12_000);
    zellij.disk.broken = Some("the disk is read-only".into());
    let call = zellij.send("check", &[]);
    zellij.pass(6_000);
    assert!(zellij.error(call).contains("the disk is read-only"));
    // What was found before still serves: the desk is looked at, and closings are not forgotten.
    let status = zellij.ask("status", &[]);
    assert!(status["problems"][0].as_str().unwrap().contains("the disk is read-only"), "{status}");
    assert!(status["panes"][0]["config_dir"].is_string(), "{status}");
    zellij.stranger_at(desk);
    zellij.ring(Some(desk), "Stop");
    zellij.pass(3_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Mismatch);
    assert!(zellij.ask_wrong("new", &[]).contains("the disk is read-only"));
    // Mended, it is noticed without anybody asking.
    zellij.disk.broken = None;
    zellij.pass(61_000);
    assert_eq!(zellij.ask("status", &[])["problems"].as_array().map(Vec::len), Some(0));
    assert!(zellij.ask("new", &[])["pane"].is_string());
}

#[test]
fn after_several_looks_that_failed_nothing_is_green_any_more() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.pass(12_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Isolated);
    zellij.lose("scan", 50);
    zellij.ring(Some(desk), "Stop");
    zellij.pass(120_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Unknown);
    zellij.mend();
    zellij.ring(Some(desk), "Stop");
    zellij.pass(20_000);
    assert_eq!(zellij.board(1).desks[0].health, Health::Isolated);
}

#[test]
fn after_the_clock_was_set_back_a_young_pane_is_young() {
    let mut zellij = World::new().ready();
    zellij.set_clock_back(7_200_000);
    zellij.pass(1_000);
    zellij.open();
    zellij.pass(60_000);
    let Scene::Desks(scene) = zellij.scene(1) else { panic!("no desks") };
    let age_s = scene.now_ms.saturating_sub(scene.board.desks[0].opened_ms.unwrap()) / 1_000;
    assert!((55..90).contains(&age_s), "{age_s} s");
}

#[test]
fn the_other_instances_are_told_only_what_has_changed() {
    let mut zellij = World::new().clients(2).ready();
    let desk = zellij.open();
    zellij.pass(30_000);
    let told = |zellij: &World| zellij.count(|did| matches!(did, Did::Published));
    let before = told(&zellij);
    zellij.pass(600_000);
    assert_eq!(told(&zellij), before);
    zellij.claude_becomes(desk, "busy", None);
    zellij.pass(2_000);
    assert_eq!(told(&zellij), before + 1);
}

#[test]
fn a_cwd_with_odd_characters_comes_through() {
    let odd = "/code/o'brien \"x\"\ttab\\n";
    let mut zellij = World::new().where_(|zellij| zellij.disk.dirs.extend([odd.to_string()])).ready();
    let call = zellij.send_with("new", &[], &serde_json::json!({ "cwd": odd }).to_string());
    zellij.pass(4_000);
    let desk = desk_in(&zellij.answer(call));
    assert_eq!(zellij.pane_of(desk).unwrap().cwd, odd);
    assert_eq!(zellij.ask("status", &[])["panes"][0]["cwd"], odd);
}
