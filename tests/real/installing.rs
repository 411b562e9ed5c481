//! As a new user meets Carrel: the lines of the manual, the layouts, plugin.kdl, Zellij's question, and the way out again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crate::desks::{state_dir, wait_until_kept, Pane};
use crate::support::claude::{self, shows_prompt};
use crate::support::machine::{tool, Machine, Manifest};
use crate::support::waiting::{finish, PATIENCE};
use crate::support::zellij::{key, Client, Setup, Zellij};

/// What Zellij asks for Carrel, in its own words.
const QUESTION: [&str; 5] =
    ["Access Zellij state", "Change Zellij state", "Run commands", "Control command line pipes", "Allow? (y/n)"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Waits for Zellij's question, all of it to be seen, and there only once; answers it with yes.
#[track_caller]
fn grant(client: &mut Client) {
    let screen = client.wait_screen("the whole question", |screen| QUESTION.iter().all(|line| screen.contains(line)));
    assert_eq!(screen.matches("Allow?").count(), 1, "asked more than once:\n{screen}");
    client.keys("y");
}

/// The methods of a layout's Claudes. Where a pane names none, it is that of a configuration without one.
fn methods_in(layout: &str) -> Vec<&str> {
    let blocks = layout.split("plugin location=\"carrel\" {").skip(1).map(|block| block.split('}').next().unwrap());
    let claudes = blocks.filter(|block| block.contains("role \"claude\""));
    claudes
        .map(|block| match block.split("method \"").nth(1) {
            Some(method) => method.split('"').next().unwrap(),
            None => "config_dir",
        })
        .collect()
}

#[test]
fn every_layout_asks_once_where_it_can_be_read_and_opens_its_claudes() {
    let layouts = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts")).unwrap().flatten();
    let mut names: Vec<String> = layouts.map(|layout| layout.file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["beside-editor.kdl", "methods.kdl", "team-of-four.kdl"]);
    for name in names {
        let machine = Machine::new();
        machine.set_env("EDITOR", "cat");
        let text = read(&format!("layouts/{name}"));
        let zellij = Zellij::new(&machine, &Setup::carrel().not_granted().layout(&text));
        // The size of a terminal that nobody has made larger.
        let mut client = zellij.start_at(24, 80);
        grant(&mut client);
        let mut wanted = methods_in(&text);
        wanted.sort();
        // A fresh look each time: when Claude changed last is not what this is about.
        let status = machine.wait(&format!("{name}: all its Claudes are ready"), || {
            let status = zellij.ask("check", "", "");
            let panes = status["panes"].as_array().cloned().unwrap_or_default();
            let ready = |pane: &serde_json::Value| {
                let health = if pane["method"] == "none" { "unknown" } else { "isolated" };
                pane["state"] == "idle" && pane["health"] == health
            };
            (panes.len() == wanted.len() && panes.iter().all(ready)).then_some(status)
        });
        let panes = status["panes"].as_array().unwrap();
        let mut methods: Vec<&str> = panes.iter().map(|pane| pane["method"].as_str().unwrap()).collect();
        methods.sort();
        assert_eq!(methods, wanted, "{name}: {status:#}");
        let screen = client.screen();
        assert!(!screen.contains("Allow?") && !screen.contains("asks for your permission"), "{name}:\n{screen}");
        let panels = text.matches("role \"panel\"").count();
        let plugins = zellij.panes().into_iter().filter(|pane| {
            pane["is_plugin"] == true
                && pane["is_suppressed"] == false
                && pane["plugin_url"].as_str().is_some_and(|url| url.contains("carrel"))
        });
        assert_eq!(plugins.count(), panels, "{name}: {status:#}");
    }
}

#[test]
fn plugin_kdl_as_it_is_gives_a_working_carrel() {
    let machine = Machine::new();
    // As `make install` does it, into the HOME.
    machine.unset_env("ZELLIJ_CONFIG_DIR");
    let mut install = machine.command("/bin/sh");
    install
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/install.sh"))
        .arg("install")
        .arg(tool("CARREL_WASM"));
    finish(install, PATIENCE).ok();
    let config = format!("{}\nshow_startup_tips false\nshow_release_notes false\n", read("plugin.kdl"));
    machine.write(".config/zellij/config.kdl", config);
    let zellij = Zellij::as_it_is(&machine);
    let mut client = zellij.start();
    grant(&mut client);
    client.wait_screen("the question is gone", |screen| !screen.contains("Allow?"));
    client.press_new(&key::alt('c'), 1);
    client.wait_screen("Claude's prompt", shows_prompt);
    let status = zellij.wait_status("isolated", |status| status["panes"][0]["health"] == "isolated");
    assert_eq!(status["problems"], serde_json::json!([]));
    client.press(&key::alt('C'), "the panel", |screen| screen.contains("isolated") && screen.contains("hide"));
}

/// A page from which files can be downloaded, as a release has them.
fn serve(files: Vec<(String, Vec<u8>)>) -> (String, Arc<tiny_http::Server>) {
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    let address = format!("http://{}", server.server_addr().to_ip().unwrap());
    let serving = server.clone();
    thread::spawn(move || {
        for request in serving.incoming_requests() {
            let file = files.iter().find(|(path, _)| request.url() == path);
            let _ = match file {
                Some((_, bytes)) => request.respond(tiny_http::Response::from_data(bytes.clone())),
                None => request.respond(tiny_http::Response::empty(404)),
            };
        }
    });
    (address, server)
}

/// Everything in the HOME, the temporary dir and the runtime dir that has our name, in its path or in it; Zellij's log says
/// what it has loaded, and is Zellij's.
fn traces(machine: &Machine) -> Vec<String> {
    let all = Manifest::of(machine.root(), &["home", "tmp", "run"]);
    let named = |path: &str, text: String| path.contains("carrel") || text.to_lowercase().contains("carrel");
    let found = all.0.iter().filter(|(path, entry)| named(path, format!("{entry:?}"))).map(|(path, _)| path.clone());
    found.filter(|path| !path.contains("/zellij-log/")).collect()
}

#[test]
fn installed_from_a_release_used_and_uninstalled_nothing_of_carrel_is_left() {
    let machine = Machine::new();
    machine.unset_env("ZELLIJ_CONFIG_DIR");
    let wasm = fs::read(tool("CARREL_WASM")).unwrap();
    let paths = ["v0.1.0/carrel-0.1.0", "v0.1.1/carrel-0.1.1"]
        .map(|version| format!("/ann/carrel/releases/download/{version}.wasm"));
    let (address, server) = serve(paths.iter().map(|path| (path.clone(), wasm.clone())).collect());
    assert_eq!(traces(&machine), Vec::<String>::new());

    // Step 1: the lines of the manual, with the address of this release.
    let manual = read("README.md");
    let lines = manual
        .split("```kdl\n")
        .skip(1)
        .find(|block| block.contains("load_plugins"))
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let location = lines.split("location=\"").nth(1).unwrap().split('"').next().unwrap();
    let config = |path: &str| {
        let lines = lines.replace(location, &format!("{address}{path}"));
        machine
            .write(".config/zellij/config.kdl", format!("show_startup_tips false\nshow_release_notes false\n{lines}"))
    };
    config(&paths[0]);
    // Step 2: a new session, and its question.
    let zellij = Zellij::as_it_is(&machine);
    let mut client = zellij.start();
    grant(&mut client);
    client.wait_screen("the question is gone", |screen| !screen.contains("Allow?"));
    // Step 3: the key.
    client.press_new(&key::alt('c'), 1);
    client.wait_screen("Claude's prompt", shows_prompt);
    let status = zellij.wait_status("isolated", |status| status["panes"][0]["health"] == "isolated");
    let pane = Pane {
        pane: status["panes"][0]["pane"].as_str().unwrap().to_owned(),
        terminal: status["panes"][0]["terminal"].as_u64().unwrap(),
        desk: status["panes"][0]["config_dir"].as_str().unwrap().into(),
    };
    pane.say(&zellij, "before I leave");
    let session = pane.session(&machine);
    zellij.kill_session();
    drop(client);

    // Another version is another address: Zellij downloads it, and asks anew.
    config(&paths[1]);
    let next = zellij.session("next");
    let mut client = next.start();
    grant(&mut client);
    client.wait_screen("the question is gone", |screen| !screen.contains("Allow?"));
    let program = state_dir(&machine).join("carrel.sh");
    let call = |word: &str| {
        let mut command = machine.command("/bin/sh");
        command.arg(&program).arg(word);
        finish(command, PATIENCE)
    };
    machine.wait("both plugins are known", || {
        let shown = call("where").ok();
        paths.iter().all(|path| shown.contains(&format!("{address}{path}"))).then_some(())
    });

    // Uninstall: not while a session runs it.
    let refused = call("uninstall");
    assert!(refused.code == Some(1) && refused.stderr.contains("Carrel runs"), "{refused:?}");
    next.kill_session();
    drop(client);
    fs::remove_file(machine.at_home(".config/zellij/config.kdl")).unwrap();
    let left = call("where").ok();
    for name in [zellij.name(), next.name()] {
        assert_eq!(left.contains(&format!("zellij delete-session {name}")), name == zellij.name(), "{left}");
    }
    zellij.delete_session();
    next.delete_session();
    let gone = call("uninstall").ok();
    assert!(gone.contains("Carrel is gone"), "{gone}");
    assert_eq!(traces(&machine), Vec::<String>::new(), "{gone}");
    assert!(!state_dir(&machine).exists());
    // The conversation is where plain Claude finds it.
    wait_until_kept(&machine, &session);
    claude::resume(&machine, &session, "and after").ok();
    assert!(machine.api().wait_for_prompt("and after").mentions("before I leave"));
    server.unblock();
}
