//! where and uninstall: what is there of Carrel is shown without a change, and goes without a trace; what is the user's stays.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::place::*;

/// Zellij's cache dir, and in it what two plugins have there: one in a file, one that Zellij downloaded.
struct Installed {
    zellij: PathBuf,
    wasm: PathBuf,
    download: PathBuf,
    caches: [PathBuf; 2],
}

const URL: &str = "https://forge.example/ann/carrel/releases/download/v0.1.0/carrel-0.1.0.wasm";

const OTHERS: &str = "\"/plugins/other.wasm\" {\n    RunCommands\n}\n";

fn grant(location: &str) -> String {
    format!("\"{location}\" {{\n    ReadApplicationState\n    RunCommands\n}}\n")
}

/// What a user has whose plugins have run: each has booted once, and has left what Zellij leaves of one.
fn install(place: &Place) -> Installed {
    let zellij = place.home.join(".cache/zellij");
    let wasm = place.home.join("plug ins/carrel.wasm");
    let download = zellij.join("1234567890123456789098765432109876543210");
    for plugin in [&wasm, &download] {
        write(plugin, &format!("\0asm…{}…", zellij_carrel::host::PROGRAM));
    }
    write(&zellij.join("1111"), "\0asm: somebody else's plugin");
    write(
        &zellij.join("permissions.kdl"),
        &[OTHERS, &grant(&wasm.display().to_string()), OTHERS, &grant(URL)].concat(),
    );
    let caches = [format!("file:{}", wasm.display()), URL.replace("://", ":/")].map(|location| {
        // Of an instance that was killed.
        write(&zellij.join("a-server/").join(&location).join("7-1/data"), "");
        let cache = zellij.join(&location).join("plugin_cache");
        write(&cache.join("board-1--session"), "{}");
        write(&cache.join("closed").join(PANE), "");
        let mut boot = place.boot_command(&[]);
        Answer::of(boot.current_dir(&cache).output().unwrap()).says("end");
        cache
    });
    Installed { zellij, wasm, download, caches }
}

/// What lies in the HOME, but for what Claude keeps there.
fn home(place: &Place) -> BTreeMap<String, String> {
    tree(&place.home).into_iter().filter(|(path, _)| !path.starts_with(".claude/")).collect()
}

#[test]
fn where_shows_everything_and_changes_nothing() {
    each_shell(|place| {
        let there = install(place);
        let desk = place.desk_with(&[("zellij_cache", &there.zellij.display().to_string())]);
        write(&desk.join("projects/-p").join(format!("{SESSION}.jsonl")), &transcript(SESSION, 2));
        let config = place.home.join(".config/zellij/config.kdl");
        write(&config, "plugins {\n    carrel location=\"x\"\n}\nload_plugins {\n    carrel\n}\n");
        let saved = there.zellij.join("contract_version_1/session_info/evening/session-layout.kdl");
        write(
            &saved,
            &format!("pane command=\"/bin/sh\" {{\n args \"{}/carrel.sh\" \"run\"\n}}\n", place.state.display()),
        );
        let before = (tree(&place.home), tree(&place.state));
        let shown = place.call(&["where"]);
        shown.ends_with(0);
        let lines: Vec<&str> = shown.stdout.lines().map(str::trim).collect();
        let at = |what: &str, path: &Path| format!("{what:12} {}", path.display());
        for line in [
            at("state dir", &place.state),
            at("plugin", &there.wasm),
            at("plugin", Path::new(URL)),
            at("download", &there.download),
            at("cache", &there.caches[0]),
            at("cache", &there.caches[1]),
            at("data", &there.zellij.join("a-server/file:").join(there.wasm.strip_prefix("/").unwrap())),
            format!("permissions  an entry of {}/permissions.kdl", there.zellij.display()),
            format!("by hand      {} names Carrel in line 2 5", config.display()),
            "by hand      the saved session evening would start Carrel's panes: zellij delete-session evening".into(),
        ] {
            assert!(lines.contains(&line.as_str()), "{line:?} is not in\n{}", shown.stdout);
        }
        let desk = lines.iter().find(|line| line.starts_with("desk ")).expect("a desk");
        assert!(desk.ends_with(&format!("{} (its Zellij session is gone for good)", place.desk().display())), "{desk}");
        assert_eq!((tree(&place.home), tree(&place.state)), before);
    });
}

#[test]
fn after_uninstall_nothing_of_carrel_is_left_and_every_conversation_is() {
    each_shell(|place| {
        let before = home(place);
        let there = install(place);
        place.seed();
        write(&place.dead_desk().join("projects/-p").join(format!("{SESSION}.jsonl")), &transcript(SESSION, 2));
        place.call(&["scan"]).ends_with(0);
        place.call(&["uninstall"]).ends_with(0).says("Carrel is gone");
        assert!(!place.state.exists());
        let kept = place.shared.join("projects/-p").join(format!("{SESSION}.jsonl"));
        assert_eq!(read(&kept), transcript(SESSION, 2));
        // What was Zellij's own, or of another plugin.
        assert_eq!(read(&there.zellij.join("permissions.kdl")), [OTHERS, OTHERS].concat());
        fs::remove_file(there.zellij.join("permissions.kdl")).unwrap();
        fs::remove_file(there.zellij.join("1111")).unwrap();
        let stays = [".cache/", ".cache/zellij/", ".cache/zellij/a-server/", "plug ins/"];
        let left: Vec<String> = home(place)
            .into_keys()
            .filter(|path| !before.contains_key(path) && !stays.contains(&path.as_str()))
            .collect();
        assert_eq!(left, Vec::<String>::new());
    });
}

#[test]
fn the_permissions_of_other_plugins_are_kept_whatever_lies_beside_them() {
    each_shell(|place| {
        let there = install(place);
        let file = there.zellij.join("permissions.kdl");
        let real = place.home.join("dotfiles-permissions.kdl");
        fs::rename(&file, &real).unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        link(&real, &file);
        link(Path::new("/dev/full"), &real.with_extension("kdl.carrel"));
        place.call(&["uninstall"]).ends_with(0);
        assert_eq!(read(&file), [OTHERS, OTHERS].concat());
        assert!(is_link(&file) && mode(&real) == 0o644);
        assert!(!is_link(&real.with_extension("kdl.carrel")) && !real.with_extension("kdl.carrel").exists());
        fs::remove_file(&file).unwrap();
        fs::remove_file(&real).unwrap();
    });
}

#[test]
fn where_a_plugin_still_runs_nothing_is_removed() {
    each_shell(|place| {
        let there = install(place);
        let mut server = place.shell();
        let server = Group::start({
            server.args(["-c", "sleep 600; :"]);
            server
        });
        write(&there.caches[1].join(format!("actor-{}--session/3", server.pid())), "1 1 1 granted\n");
        let before = (tree(&place.home), tree(&place.state));
        place.call(&["where"]).says(&format!("Carrel runs in the Zellij session with the process {}", server.pid()));
        let refused = place.call(&["uninstall"]);
        refused.ends_with(1).says(&format!("process {}", server.pid())).says("Nothing was removed");
        assert_eq!((tree(&place.home), tree(&place.state)), before);
        drop(server);
        place.call(&["uninstall"]).ends_with(0);
        assert!(!place.state.exists());
    });
}

#[test]
fn a_desk_that_cannot_be_kept_stops_the_uninstall() {
    each_shell(|place| {
        let there = install(place);
        write(&place.dead_desk().join("of-tomorrow"), "precious");
        let before = home(place);
        let refused = place.call(&["uninstall"]);
        refused.ends_with(1).says("of-tomorrow").says("Carrel stays");
        assert!(there.wasm.exists() && place.state.join("carrel.sh").exists());
        assert_eq!(home(place), before);
        assert_eq!(read(&place.leaving().join("of-tomorrow")), "precious");
        fs::remove_file(place.leaving().join("of-tomorrow")).unwrap();
        place.call(&["uninstall"]).ends_with(0);
        assert!(!place.state.exists());
    });
}

#[test]
fn what_may_have_been_changed_inside_panes_is_handed_over_and_told() {
    each_shell(|place| {
        install(place);
        let desk = place.desk_with(&[("shared_json", &place.home.join(".claude.json").display().to_string())]);
        write(&desk.join(".carrel/given"), "{}");
        write(&desk.join(".claude.json"), "{\"mcpServers\":{}}");
        place.call(&["uninstall"]).ends_with(0).says("changed inside a closed pane").says("Carrel is gone");
        assert!(!place.state.exists());
        let backups = place.shared.join("backups");
        let [kept] = names(&backups).try_into().expect("one file");
        assert!(kept.starts_with(".claude.json.of-a-pane."), "{kept}");
        assert_eq!(read(&backups.join(&kept)), "{\"mcpServers\":{}}");
        assert_eq!(mode(&backups.join(&kept)), 0o600);
    });
}

#[test]
fn what_is_not_carrels_in_the_state_dir_stays() {
    each_shell(|place| {
        install(place);
        write(&place.state.join("letter.txt"), "mine");
        write(&place.state.join("claude-configs/notes"), "mine too");
        let done = place.call(&["uninstall"]);
        done.ends_with(0).says("something else is in it").says("claude-configs");
        let expected = [("claude-configs/", ""), ("claude-configs/notes", "mine too"), ("letter.txt", "mine")];
        let expected: BTreeMap<String, String> = expected.map(|(path, text)| (path.into(), text.into())).into();
        assert_eq!(tree(&place.state), expected);
    });
}

#[test]
fn a_plugin_is_remembered_once_and_forgotten_when_its_cache_is_gone() {
    each_shell(|place| {
        let there = install(place);
        let booted_in = |cache: &Path| {
            let mut boot = place.boot_command(&[]);
            Answer::of(boot.current_dir(cache).output().unwrap()).says("end");
        };
        let list = || read(&place.state.join("plugins")).lines().map(str::to_string).collect::<Vec<_>>();
        booted_in(&there.caches[0]);
        booted_in(&there.caches[1]);
        assert_eq!(list(), there.caches.clone().map(|cache| cache.display().to_string()));
        assert_eq!(mode(&place.state.join("plugins")), 0o600);
        fs::remove_dir_all(&there.caches[0]).unwrap();
        let third = there.zellij.join("file:/tab\there\n/plugin_cache");
        fs::create_dir_all(&third).unwrap();
        booted_in(&third);
        let written = third.display().to_string().replace('\t', "\\t").replace('\n', "\\n");
        assert_eq!(list(), [there.caches[1].display().to_string(), written]);
    });
}

#[test]
fn a_plugin_that_has_never_run_is_found_where_it_was_installed() {
    each_shell(|place| {
        fs::remove_dir_all(&place.state).unwrap();
        let plugins = place.home.join(".config/zellij/plugins");
        let wasm = plugins.join("carrel.wasm");
        write(&wasm, &format!("\0asm…{}…", zellij_carrel::host::PROGRAM));
        write(&plugins.join("other.wasm"), "\0asm");
        // Without the state dir there is no program to call: `make uninstall` brings its own.
        let call = |command| {
            let mut direct = place.shell();
            direct.args(["-c", zellij_carrel::host::PROGRAM, "carrel", command]).env("CARREL_STATE", &place.state);
            Answer::of(direct.output().unwrap())
        };
        call("where").ends_with(0).says(&format!("plugin       {}\n", wasm.display())).says("(not there)");
        call("uninstall").ends_with(0).says("not there").says(&format!("removed: {}", wasm.display()));
        assert_eq!(names(&plugins), ["other.wasm"]);
        // Another program of that name is nobody's business.
        write(&wasm, "\0asm: something else");
        call("uninstall").ends_with(0);
        assert_eq!(read(&wasm), "\0asm: something else");
        assert!(!place.state.exists());
    });
}
