//! A Claude that does not honour CLAUDE_CONFIG_DIR: what opens instead, and what is said of it. And one that nobody knows yet.

use serde_json::Value;

use crate::disk::{CLAUDE, STATE};
use crate::world::{desk_in, Did, World};

const GOOD: [&str; 4] = ["yes", "yes", "unknown", "2.1.330 (Claude Code)"];
const IGNORES: [&str; 4] = ["no", "unknown", "yes", "2.1.330 (Claude Code)"];
const IGNORES_ALL: [&str; 4] = ["no", "unknown", "no", "2.1.330 (Claude Code)"];
const OLDER: [&str; 4] = ["yes", "no", "unknown", "2.1.120 (Claude Code)"];

fn with(probe: [&'static str; 4]) -> World {
    World::new().where_(|zellij| zellij.disk.probe = probe)
}

fn problems(zellij: &mut World) -> String {
    let status = zellij.ask("status", &[]);
    status["problems"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn the_pane(zellij: &mut World) -> Value {
    zellij.ask("status", &[])["panes"][0].clone()
}

#[test]
fn a_good_claude_is_praised_on_the_panel_and_nowhere_a_problem() {
    let mut zellij = with(GOOD).clients(2).ready();
    assert_eq!(problems(&mut zellij), "");
    for client in [1, 2] {
        let praise = zellij.board(client).claude_praise;
        assert_eq!(praise.as_deref(), Some("honours CLAUDE_CONFIG_DIR and the shared login"), "client {client}");
    }
    zellij.open();
    assert!(!zellij.panes[0].argv.join(" ").contains("--instead-of"));
}

#[test]
fn a_check_says_which_claude_was_found_and_what_it_honours_also_when_all_is_good() {
    for (probe, honours, shares) in [
        (GOOD, "yes", "yes"),
        (OLDER, "yes", "no"),
        (IGNORES, "no", "unknown"),
        (["unknown", "unknown", "unknown", ""], "unknown", "unknown"),
    ] {
        let mut zellij = with(probe).clients(2).ready();
        let check = zellij.ask("check", &[]);
        let expected = serde_json::json!({"program": CLAUDE, "honours_config_dir": honours, "shares_login": shares});
        assert_eq!(check["claude"], expected);
        assert_eq!(check["problems"] == serde_json::json!([]), honours == "yes" && shares == "yes");
    }
    // One that answers later than its caller can wait is not guessed at; nor is one that is not there.
    let mut zellij = with(GOOD).where_(|zellij| zellij.slow("probe-again", 9_000)).ready();
    assert_eq!(zellij.ask("check", &[])["claude"]["honours_config_dir"], "unknown", "it is still being asked");
    let mut zellij = with(GOOD).where_(|zellij| zellij.slow("probe", 20_000)).ready();
    assert_eq!(zellij.ask("check", &[])["claude"]["honours_config_dir"], "unknown");
    zellij.disk.claude = None;
    let check = zellij.ask("check", &[]);
    let none = serde_json::json!({"program": null, "honours_config_dir": "unknown", "shares_login": "unknown"});
    assert_eq!(check["claude"], none);
    assert!(check["problems"].to_string().contains("there is no `claude`"));
}

#[test]
fn a_wrapper_that_starts_a_newer_claude_is_asked_anew_once_for_each_version() {
    let mut zellij = with(["yes", "yes", "unknown", "2.1.200 (Claude Code)"]).ready();
    // The file is the same: what was remembered of it would serve for ever.
    zellij.disk.probe = ["no", "unknown", "yes", "2.1.330 (Claude Code)"];
    let desk = zellij.open();
    zellij.pass(5_000);
    assert_eq!(zellij.hosts_named("probe-again"), 1);
    assert!(problems(&mut zellij).contains("does not honour CLAUDE_CONFIG_DIR"));
    zellij.claude_becomes(desk, "busy", None);
    zellij.pass(60_000);
    zellij.open();
    zellij.pass(5_000);
    assert_eq!(zellij.hosts_named("probe-again"), 1, "it is known by now");
    // One that names another version than the Claude that it starts is asked once as well, and is not believed.
    let mut zellij = with(["yes", "yes", "unknown", "2.1.200 (Claude Code)"]).ready();
    for _ in 0..3 {
        zellij.open();
        zellij.pass(60_000);
        assert_eq!(zellij.ask("status", &[])["claude_version"], "2.1.330");
    }
    assert_eq!(zellij.hosts_named("probe-again"), 1);
    // And where all is as it was nobody asks; an older one may only have been started earlier.
    for version in ["2.1.330 (Claude Code)", "2.1.400 (Claude Code)"] {
        let mut zellij = with(["yes", "yes", "unknown", version]).ready();
        zellij.open();
        zellij.pass(60_000);
        assert_eq!(zellij.hosts_named("probe-again"), 0, "{version}");
    }
}

#[test]
fn the_fallback_decides_what_opens_with_a_claude_that_ignores_the_variable() {
    for (fallback, method, place) in [
        (Some("home"), "home", Some(format!("{STATE}/claude-homes"))),
        (None, "home", Some(format!("{STATE}/claude-homes"))),
        (Some("none"), "none", None),
    ] {
        let world = with(IGNORES);
        let mut zellij = fallback.map_or(World::new(), |word| World::new().option("fallback", word));
        zellij.disk.probe = world.disk.probe;
        let mut zellij = zellij.ready();
        let answer = zellij.ask("new", &[]);
        let desk = desk_in(&answer);
        match place {
            Some(place) => assert_eq!(answer["config_dir"], format!("{place}/pane-{desk}/.claude")),
            None => assert!(answer["config_dir"].is_null()),
        }
        let argv = zellij.panes[0].argv.join(" ");
        assert!(argv.contains(&format!("--method {method} --instead-of config_dir")), "{argv}");
        let why = problems(&mut zellij);
        assert!(why.contains("does not honour CLAUDE_CONFIG_DIR") && why.contains("fallback"), "{why}");
        assert!(zellij.board(1).claude_praise.is_none());
        // Whoever asks for it by name gets it as asked for.
        zellij.ask("new", &[("method", "home")]);
        assert!(!zellij.panes[1].argv.join(" ").contains("--instead-of"));
    }
}

#[test]
fn the_version_is_that_of_the_newest_claude_that_was_seen() {
    let mut zellij = with(["yes", "yes", "unknown", "2.1.200 (Claude Code)"]).ready();
    assert_eq!(zellij.ask("status", &[])["claude_version"], "2.1.200");
    zellij.open();
    zellij.pass(5_000);
    assert_eq!(zellij.ask("status", &[])["claude_version"], "2.1.330", "it was updated behind its wrapper");
    // Then the user has put an older one in its place.
    zellij.close(zellij.panes[0].terminal);
    zellij.pass(20_000);
    zellij.disk.probe = OLDER;
    assert_eq!(zellij.ask("check", &[])["claude_version"], "2.1.120");
}

#[test]
fn what_follows_is_said_of_the_method_that_new_panes_have() {
    for (method, follows) in [
        ("container", "No pane of the method `container` is opened"),
        ("home", "Panes of the method `home` do without it"),
        ("none", "Panes of the method `none` do without it"),
        ("config_dir", "New panes get the method `home` instead"),
    ] {
        let mut zellij = with(IGNORES).option("method", method).ready();
        let why = problems(&mut zellij);
        assert!(why.contains(follows), "{method}: {why}");
    }
}

#[test]
fn where_the_fallback_refuses_nothing_opens_and_the_caller_hears_why() {
    let mut zellij = with(IGNORES).option("fallback", "refuse").ready();
    let error = zellij.ask_wrong("new", &[]);
    assert!(error.contains("does not honour") && error.contains("refuse"), "{error}");
    assert!(problems(&mut zellij).contains("No pane of the method `config_dir` is opened"));
    assert_eq!(zellij.opened(), 0);
    zellij.ask("new", &[("method", "none")]);
    // On macOS that is what happens by itself, and a HOME of its own is no way out.
    let mut zellij = with(IGNORES).where_(|zellij| zellij.disk.macos = true).ready();
    assert!(zellij.ask_wrong("new", &[]).contains("refuse"));
    let mut zellij = with(IGNORES).where_(|zellij| zellij.disk.macos = true).option("fallback", "home").ready();
    assert!(zellij.ask_wrong("new", &[]).contains("keychain"));
}

#[test]
fn a_claude_that_ignores_home_as_well_is_refused() {
    for fallback in ["home", "refuse"] {
        let mut zellij = with(IGNORES_ALL).option("fallback", fallback).ready();
        zellij.ask_wrong("new", &[]);
        assert!(zellij.ask_wrong("new", &[("method", "home")]).contains("nor HOME"));
        assert_eq!(zellij.opened(), 0, "{fallback}");
    }
}

#[test]
fn a_pane_that_fallback_none_let_start_is_unsupported_and_never_green_also_when_it_comes_back() {
    let mut zellij = with(IGNORES).option("fallback", "none").ready();
    let desk = zellij.open();
    zellij.pass(3_000);
    assert_eq!(
        (the_pane(&mut zellij)["health"].clone(), the_pane(&mut zellij)["method"].clone()),
        ("unsupported".into(), "none".into())
    );
    zellij.die();
    // Since then the user has installed another one.
    zellij.disk.probe = GOOD;
    zellij.resurrect();
    zellij.rerun(zellij.terminal_of(desk));
    zellij.pass(3_000);
    assert_eq!(the_pane(&mut zellij)["health"], "unsupported");
    // Asked for as such, no isolation is just unknown.
    zellij.ask("new", &[("method", "none")]);
    zellij.pass(3_000);
    let status = zellij.ask("status", &[]);
    assert_eq!(status["panes"][1]["health"], "unknown");
}

#[test]
fn a_claude_without_a_shared_login_is_named() {
    let mut zellij = with(OLDER).ready();
    assert!(problems(&mut zellij).contains("login of its own"));
    assert!(zellij.board(1).claude_praise.is_some_and(|known| known.ends_with("honours CLAUDE_CONFIG_DIR")));
    zellij.open();
    let mut zellij = with(OLDER).option("login", "separate").ready();
    assert_eq!(problems(&mut zellij), "", "nobody wants to share one");
}

#[test]
fn the_first_pane_waits_for_the_probe_and_never_longer_than_its_caller() {
    let mut zellij = with(IGNORES).where_(|zellij| zellij.slow("probe", 2_000)).started();
    zellij.pass(200);
    let call = zellij.send("new", &[("cwd", "/code")]);
    zellij.pass(1_500);
    assert_eq!(zellij.opened(), 0);
    zellij.pass(1_000);
    zellij.answer(call);
    assert!(zellij.panes[0].argv.join(" ").contains("--method home"));
    let before = zellij.now;
    zellij.ask("new", &[]);
    assert!(zellij.now - before < 100, "the second one waits for nothing");

    // Nobody knows: the launcher looks once more before it starts anything.
    for slow in [9_000, 14_000] {
        let mut zellij = with(IGNORES).where_(|zellij| zellij.slow("probe", slow)).started();
        zellij.pass(200);
        let call = zellij.send("new", &[]);
        zellij.pass(5_200);
        zellij.answer(call);
        assert!(zellij.panes[0].argv.join(" ").contains("--method config_dir"));
    }
    let mut zellij = with(GOOD).where_(|zellij| zellij.lose("probe", 1)).started();
    zellij.pass(200);
    let call = zellij.send("new", &[]);
    zellij.pass(5_200);
    zellij.answer(call);
}

/// What a launcher that learnt of its Claude later than the plugin made of a pane, which was asked for with config_dir.
fn settled(zellij: &mut World, at: usize) -> (String, String, String) {
    let pane = zellij.ask("status", &[])["panes"][at].clone();
    let text = |key: &str| pane[key].as_str().unwrap_or_default().to_string();
    let told = pane["problems"].to_string();
    assert_eq!(told.contains("instead of config_dir"), pane["method"] != "config_dir", "{told}");
    (text("method"), text("health"), text("config_dir"))
}

#[test]
fn an_answer_that_comes_too_late_for_the_plugin_leads_to_the_fallback_all_the_same() {
    for (fallback, words, method, health) in [
        ("home", "", "home", "isolated"),
        ("none", " --fallback none", "none", "unsupported"),
        ("refuse", " --fallback refuse", "config_dir", "unknown"),
    ] {
        let mut zellij =
            with(IGNORES).option("fallback", fallback).where_(|zellij| zellij.slow("probe", 9_000)).started();
        zellij.pass(200);
        let call = zellij.send("new", &[]);
        zellij.pass(5_200);
        let desk = desk_in(&zellij.answer(call));
        let argv = zellij.panes[0].argv.join(" ");
        assert!(argv.contains("--method config_dir") && argv.contains("--fallback") != words.is_empty(), "{argv}");
        assert!(argv.contains(words), "{argv}");
        zellij.pass(8_000);
        let place = match method {
            "home" => format!("{STATE}/claude-homes/pane-{desk}/.claude"),
            "none" => String::new(),
            _ => format!("{STATE}/claude-configs/pane-{desk}"),
        };
        assert_eq!(settled(&mut zellij, 0), (method.to_string(), health.to_string(), place), "{fallback}");
        let state = the_pane(&mut zellij)["state"].clone();
        assert_eq!(state, if fallback == "refuse" { "exited" } else { "idle" });
    }
}

#[test]
fn a_pane_that_comes_back_with_another_claude_follows_what_that_one_honours() {
    for (fallback, method, health, better) in
        [("home", "home", "isolated", "home"), ("none", "none", "unsupported", "config_dir")]
    {
        let mut zellij = with(GOOD).option("fallback", fallback).ready();
        let desk = zellij.open();
        zellij.pass(3_000);
        assert_eq!(settled(&mut zellij, 0).1, "isolated");
        zellij.die();
        zellij.disk.probe = IGNORES;
        zellij.resurrect();
        zellij.rerun(zellij.terminal_of(desk));
        zellij.pass(3_000);
        let (found, told, _) = settled(&mut zellij, 0);
        assert_eq!((found.as_str(), told.as_str()), (method, health));
        // The user puts the other one back.
        zellij.exit(zellij.terminal_of(desk), 0);
        zellij.disk.probe = GOOD;
        zellij.pass(1_000);
        zellij.rerun(zellij.terminal_of(desk));
        zellij.pass(3_000);
        let (found, told, _) = settled(&mut zellij, 0);
        assert_eq!((found.as_str(), told.as_str()), (better, "isolated"));
    }
}

#[test]
fn a_layouts_pane_waits_for_the_probe_as_long_as_it_takes() {
    let mut zellij = with(IGNORES).where_(|zellij| zellij.slow("probe", 12_000)).started();
    zellij.layout_pane(7, &[("role", "claude")]);
    zellij.pass(11_000);
    assert_eq!(zellij.opened(), 0);
    zellij.pass(3_000);
    assert!(zellij.panes[0].argv.join(" ").contains("--method home"));
}

#[test]
fn without_isolation_nothing_is_waited_for() {
    let mut zellij = with(GOOD).where_(|zellij| zellij.slow("probe", 4_000)).started();
    zellij.pass(200);
    let call = zellij.send("new", &[("method", "none")]);
    zellij.pass(100);
    zellij.answer(call);
}

#[test]
fn a_probe_that_tells_nothing_is_said_to_and_opens_what_was_asked_for() {
    let mut zellij = with(["unknown", "unknown", "unknown", ""]).option("fallback", "refuse").ready();
    assert!(problems(&mut zellij).contains("is not known"));
    zellij.open();
    assert!(zellij.panes[0].argv.join(" ").contains("--method config_dir"));
}

#[test]
fn a_check_asks_the_program_itself_and_a_replaced_one_is_noticed() {
    let mut zellij = with(GOOD).ready();
    zellij.open();
    zellij.disk.probe = IGNORES;
    let status = zellij.ask("check", &[]);
    assert!(status["problems"][0].as_str().unwrap().contains("does not honour"), "{status}");
    assert_eq!(zellij.hosts_named("probe-again"), 1);
    // One that takes its time is waited for, as long as the caller has.
    for (slow, told) in [(2_000, true), (9_000, false)] {
        let mut zellij = with(GOOD).ready();
        zellij.disk.probe = IGNORES;
        zellij.slow("probe-again", slow);
        let status = zellij.ask("check", &[]);
        assert_eq!(status["problems"] != serde_json::json!([]), told, "{status}");
    }
    // And without one, by an opening, for the next.
    let mut zellij = with(GOOD).ready();
    zellij.disk.probe = IGNORES;
    zellij.pass(70_000);
    zellij.open();
    zellij.pass(100);
    zellij.open();
    let methods: Vec<bool> = zellij.panes.iter().map(|pane| pane.argv.join(" ").contains("--method home")).collect();
    assert_eq!(methods, [false, true]);
    let quiet = zellij.count(|did| matches!(did, Did::Host(words) if words[0] == "probe"));
    zellij.pass(200_000);
    assert_eq!(
        zellij.count(|did| matches!(did, Did::Host(words) if words[0] == "probe")),
        quiet,
        "nothing asks by itself"
    );
}
