//! The isolation methods: side by side in one session, each with its own place, its own command line, its own return.

use serde_json::Value;
use zellij_carrel::manager::board::Method;
use zellij_carrel::manager::ids::SessionId;

use crate::disk::STATE;
use crate::world::{desk_in, World};

/// Where a method's panes have Claude's state.
fn place(method: &str, desk: &str) -> Value {
    match method {
        "none" => Value::Null,
        "home" => format!("{STATE}/claude-homes/pane-{desk}/.claude").into(),
        _ => format!("{STATE}/claude-configs/pane-{desk}").into(),
    }
}

#[test]
fn panes_of_every_method_live_side_by_side_and_come_back_with_their_own() {
    let mut zellij = World::new().clients(2).ready();
    let methods = Method::ALL.map(Method::word);
    let mut desks = Vec::new();
    for method in &methods {
        let answer = zellij.ask("new", &[("method", method)]);
        let desk = desk_in(&answer);
        assert_eq!(answer["config_dir"], place(method, &desk.to_string()));
        desks.push(desk);
    }
    zellij.pass(2_000);
    let told = |zellij: &mut World, desk| {
        let status = zellij.ask("status", &[]);
        let desk = format!("{desk}");
        status["panes"].as_array().unwrap().iter().find(|pane| pane["pane"] == desk.as_str()).unwrap().clone()
    };
    let check = |zellij: &mut World, suspended: bool| {
        for (method, desk) in methods.iter().zip(&desks) {
            let pane = told(zellij, *desk);
            assert_eq!(pane["method"], *method);
            assert_eq!(pane["config_dir"], place(method, &desk.to_string()));
            let green = *method != "none" && !suspended;
            assert_eq!(pane["health"] == "isolated", green, "{pane}");
        }
    };
    check(&mut zellij, false);
    zellij.die();
    zellij.resurrect();
    zellij.pass(3_000);
    check(&mut zellij, true);
    for desk in &desks {
        zellij.rerun(zellij.terminal_of(*desk));
    }
    zellij.pass(3_000);
    check(&mut zellij, false);
}

#[test]
fn a_container_that_cannot_be_made_is_refused_before_anything_is_opened() {
    let mut zellij = World::new().where_(|zellij| zellij.disk.no_box = Some("there is no bwrap".into())).ready();
    assert!(zellij.ask_wrong("new", &[("method", "container")]).contains("no bwrap"));
    assert_eq!(zellij.opened(), 0);
    zellij.ask("new", &[]);
}

#[test]
fn the_containers_command_reaches_the_launcher_as_one_word() {
    let command = r#"["box run", "-v", "{desk}:{desk}", "--at={cwd}", "a\\b", "{command}", "end"]"#;
    let mut zellij = World::new().option("container_command", command).ready();
    zellij.ask("new", &[("method", "container")]);
    let argv = &zellij.panes[0].argv;
    let at = argv.iter().position(|word| word == "--container").unwrap();
    assert_eq!(argv[at + 1], r"box\srun -v {desk}:{desk} --at={cwd} a\\b {command} end");
}

#[test]
fn a_layouts_pane_has_the_method_of_its_own_block() {
    let mut zellij = World::new().ready();
    zellij.layout_pane(7, &[("role", "claude"), ("method", "home")]);
    zellij.pass(6_000);
    zellij.open();
    let methods: Vec<bool> = zellij.panes.iter().map(|pane| pane.argv.join(" ").contains("--method home")).collect();
    assert_eq!(methods, [true, false]);
}

#[test]
fn on_macos_a_home_of_its_own_is_refused_with_the_reason_until_the_user_insists() {
    let on_macos = |zellij: &mut World| zellij.disk.macos = true;
    let mut zellij = World::new().where_(on_macos).ready();
    let error = zellij.ask_wrong("new", &[("method", "home")]);
    assert!(error.contains("keychain") && error.contains("login"), "{error}");
    assert_eq!(zellij.opened(), 0);
    zellij.ask("new", &[]);
    let mut zellij = World::new().where_(on_macos).option("login", "separate").ready();
    zellij.ask("new", &[("method", "home")]);
}

#[test]
fn a_wish_without_a_method_gets_that_of_the_options() {
    let mut zellij = World::new().option("method", "home").option("home_symlinks", ".vimrc .config/git").ready();
    zellij.open();
    let argv = zellij.panes[0].argv.join(" ");
    assert!(argv.contains("--method home") && argv.contains("--home-links .vimrc .config/git"), "{argv}");
}

#[test]
fn in_a_namespace_a_session_id_follows_from_the_desk() {
    let mut zellij = World::new().option("namespace", "team").option("method", "none").ready();
    let mut desks = Vec::new();
    for _ in 0..2 {
        let desk = zellij.open();
        let pane = zellij.pane_of(desk).unwrap();
        assert_eq!(pane.session(), SessionId::derived("team", desk).to_string());
        desks.push(desk);
    }
    assert_ne!(desks[0], desks[1]);
    // What is there already keeps its name.
    let old = "11111111-1111-4111-8111-111111111111";
    zellij.disk.conversations.insert(old.into(), ("/code".into(), crate::disk::Place::Shared));
    zellij.ask("resume", &[("session", old)]);
    assert_eq!(zellij.panes[2].session(), old);
}

#[test]
fn what_the_launcher_wants_the_user_to_know_is_told_at_the_desk() {
    let mut zellij = World::new().ready();
    let desk = zellij.open();
    zellij.disk.desks.get_mut(&desk).unwrap().notice = "home_symlinks names .nothing".into();
    zellij.pass(3_000);
    let status = zellij.ask("check", &[]);
    assert_eq!(status["panes"][0]["problems"], serde_json::json!(["home_symlinks names .nothing"]));
    assert_eq!(status["panes"][0]["health"], "isolated");
}
