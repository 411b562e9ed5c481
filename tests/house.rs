//! The rules of the house that no compiler checks: what each file opens with, who may touch what, which versions agree.
//! Reads the sources as text, and knows nothing of what they do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::fs;
use std::path::{Path, PathBuf};

use zellij_carrel::host::SOURCE;
use zellij_carrel::manager::board::Method;

const PERMISSIONS: [&str; 4] = ["ReadApplicationState", "ChangeApplicationState", "RunCommands", "ReadCliPipes"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `dirs` with that ending: its path from the root, and its text.
fn files(dirs: &[&str], ending: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    dirs.iter().for_each(|dir| walk(&root().join(dir), ending, &mut found));
    found.sort();
    assert!(!found.is_empty(), "there are .{ending} files in {dirs:?}");
    let named =
        |path: PathBuf| (path.strip_prefix(root()).unwrap().display().to_string(), fs::read_to_string(path).unwrap());
    found.into_iter().map(named).collect()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// What ships: without comments, and without the tests below the first `#[cfg(test)]` before a module.
fn shipped(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap();
    let code = source.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    code.collect::<Vec<_>>().join("\n")
}

/// Where one of the words stands in the shipped code of a file.
fn uses(files: &[(String, String)], words: &[&str]) -> Vec<String> {
    let in_file = |(path, source): &(String, String)| {
        let found = |line: &str| words.iter().any(|word| line.contains(word));
        let code = shipped(source);
        code.lines()
            .enumerate()
            .filter(|(_, line)| found(line))
            .map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim()))
            .collect::<Vec<_>>()
    };
    files.iter().filter(|(path, _)| !path.ends_with("/tests.rs")).flat_map(in_file).collect()
}

fn none(found: Vec<String>) {
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_rust_file_opens_with_what_it_decides() {
    let closed =
        files(&["src", "tests", "examples", "bench"], "rs").into_iter().filter(|(_, text)| !text.starts_with("//!"));
    none(closed.map(|(path, _)| path).collect());
}

#[test]
fn every_shell_file_opens_with_what_it_does() {
    let closed = files(&["src", "scripts"], "sh").into_iter().filter(|(_, text)| !text.starts_with('#'));
    none(closed.map(|(path, _)| path).collect());
}

#[test]
fn what_is_read_for_a_launch_calls_nothing_that_is_not() {
    let (read, rest) = SOURCE.split_once("\ncase ${1-} in\nrun)\n").expect("where the launcher begins");
    let name = |line: &'static str| line.split_once("() ").map(|(name, _)| name).filter(|name| !name.contains(' '));
    let later: Vec<&str> = rest.lines().filter_map(name).collect();
    assert!(later.len() > 50 && later.contains(&"boot"), "{later:?}");
    let mut calls = Vec::new();
    // Neither comments, nor names before which a case puts nothing but more names; what a scan asks of a method is asked later.
    let is_code =
        |line: &&str| !line.starts_with(['#', '*', '.']) && !line.contains(" | ") && !line.starts_with("expect_");
    for line in read.lines().map(str::trim_start).filter(is_code) {
        // What is in quotes is text, but for commands in it.
        let code: Vec<&str> = line
            .split('"')
            .enumerate()
            .filter(|(at, part)| at % 2 == 0 || part.contains("$("))
            .map(|(_, part)| part)
            .collect();
        for command in code.join("_").split([';', '&', '|', '(', '{', '!']).map(str::trim_start) {
            let words = ["then ", "else ", "do ", "if ", "elif ", "while ", "until "];
            let command = words.iter().find_map(|word| command.strip_prefix(word)).unwrap_or(command);
            let called = command.split([' ', ')']).next().unwrap_or_default().trim_end();
            let is_label = command.strip_prefix(called).is_some_and(|rest| rest.starts_with(')'));
            if later.contains(&called) && !is_label {
                calls.push(line);
            }
        }
    }
    assert!(calls.is_empty(), "{calls:#?}");
}

#[test]
fn zellij_is_named_only_where_it_is_touched() {
    let mut others = files(&["src"], "rs");
    others.retain(|(path, _)| !path.starts_with("src/zellij/") && path != "src/main.rs");
    none(uses(&others, &["zellij_tile"]));
}

/// Adding a method is a variant with its arms in one file and functions in another: nobody else tells them apart.
#[test]
fn isolation_methods_are_told_apart_in_one_file_of_the_plugin_and_one_of_the_host() {
    let mut others = files(&["src"], "rs");
    others.retain(|(path, _)| !["src/manager/methods.rs", "src/manager/health.rs"].contains(&path.as_str()));
    let names: Vec<String> = Method::ALL.iter().map(|method| format!("Method::{method:?}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["claude-homes"]).collect();
    none(uses(&others, &names));
    let mut others = files(&["src/host"], "sh");
    others.retain(|(path, _)| path != "src/host/4-methods.sh");
    let told_apart = |line: &str| {
        let line = line.trim();
        let compares =
            line.contains("$_METHOD\" =") || line.contains("$_METHOD\" !=") || line.contains("case $_METHOD");
        let names = ["claude-configs", "claude-homes"].iter().any(|place| line.contains(place));
        !line.starts_with('#') && (compares || names)
    };
    let found = others.iter().flat_map(|(path, text)| {
        text.lines().filter(|line| told_apart(line)).map(move |line| format!("{path}: {}", line.trim()))
    });
    none(found.collect());
}

#[test]
fn every_folder_of_desks_is_among_those_that_are_looked_through() {
    let methods = text("src/host/4-methods.sh");
    let places = methods.split("\n_PLACES='").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let used = methods.split("_PLACE=").skip(1).filter_map(|rest| rest.split([' ', '\n']).next());
    let used: Vec<&str> = used.filter(|place| place.starts_with("claude-")).collect();
    assert!(used.len() >= 2 && used.iter().all(|used| places.split(' ').any(|place| place == *used)), "{used:?}");
}

#[test]
fn what_is_unsafe_stands_in_one_small_file() {
    let mut others = files(&["src"], "rs");
    others.retain(|(path, _)| path != "src/zellij/exports.rs");
    none(uses(&others, &["unsafe", "no_mangle"]));
}

#[test]
fn what_decides_and_what_draws_see_no_clock_no_disk_no_chance_and_no_output() {
    let pure = files(&["src/manager", "src/view"], "rs");
    none(uses(
        &pure,
        &[
            "std::fs",
            "std::env",
            "std::process",
            "std::io",
            "std::net",
            "std::thread",
            "SystemTime",
            "Instant",
            "new_v4",
            "now_v7",
            "println!",
            "print!",
            "dbg!",
        ],
    ));
}

#[test]
fn only_the_painter_prints() {
    let mut others = files(&["src"], "rs");
    others.retain(|(path, _)| path != "src/zellij/paint.rs");
    none(uses(
        &others,
        &["print_text", "print_table", "print_ribbon", "print_nested_list", "println!", "print!(", "stdout("],
    ));
}

#[test]
fn nothing_that_ships_panics_on_purpose() {
    let panics =
        [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!(", "assert!(", "assert_eq!("];
    none(uses(&files(&["src"], "rs"), &panics));
}

#[test]
fn carrel_asks_for_four_permissions_and_the_panel_names_these() {
    let named = |path: &str, before: &str, prefix: &str| {
        let source = text(path);
        let list =
            source.split(before).nth(1).unwrap_or_else(|| panic!("{path} holds {before}")).split("];").next().unwrap();
        let mut names: Vec<String> = list
            .split(prefix)
            .skip(1)
            .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric()).collect())
            .collect();
        names.sort();
        names
    };
    let mut expected = PERMISSIONS.map(str::to_string);
    expected.sort();
    assert_eq!(named("src/zellij/mod.rs", "const PERMISSIONS:", "PermissionType::"), expected);
    assert_eq!(named("src/view/notices.rs", "const PERMISSIONS:", "(\""), expected);
    let requests =
        files(&["src"], "rs").iter().map(|(_, source)| source.matches("request_permission(").count()).sum::<usize>();
    assert_eq!(requests, 1, "asked for in one place");
}

#[test]
fn no_test_is_ignored() {
    // Written in two pieces, so that this line is none.
    let ignored =
        files(&["src", "tests", "bench"], "rs").into_iter().filter(|(_, text)| text.contains(concat!("#[ig", "nore")));
    none(ignored.map(|(path, _)| path).collect());
}

#[test]
fn no_source_file_is_longer_than_seven_hundred_lines() {
    let mut all = files(&["src"], "rs");
    all.extend(files(&["src"], "sh"));
    none(
        all.iter()
            .filter(|(path, text)| !path.ends_with("/tests.rs") && text.lines().count() > 700)
            .map(|(path, _)| path.clone())
            .collect(),
    );
}

#[test]
fn test_names_are_sentences() {
    let mut short = Vec::new();
    for (path, source) in files(&["src", "tests", "bench"], "rs") {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let tests = lines.windows(2).filter(|pair| pair[0] == "#[test]").filter_map(|pair| pair[1].strip_prefix("fn "));
        short.extend(
            tests
                .map(|rest| rest.split('(').next().unwrap_or(rest))
                .filter(|name| name.split('_').filter(|word| !word.is_empty()).count() < 3)
                .map(|name| format!("{path}: {name}")),
        );
    }
    none(short);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut all = files(&["src", "tests", "examples", "bench"], "rs");
    all.extend(files(&["src", "scripts"], "sh"));
    for path in ["Cargo.toml", ".cargo/config.toml", "rust-toolchain.toml", "Makefile", "plugin.kdl", "README.md"] {
        all.push((path.to_string(), text(path)));
    }
    // In two pieces each, for the same reason as above.
    let private = [
        concat!("/wo", "rk/main"),
        concat!("/wo", "rk/shared"),
        concat!("/ro", "ot/"),
        concat!("[regis", "tries"),
        concat!("replace", "-with"),
        concat!("sparse+", "http"),
    ];
    let found = all.iter().flat_map(|(path, text)| {
        private.iter().filter(|word| text.contains(**word)).map(move |word| format!("{path}: {word}"))
    });
    none(found.collect());
    let lock = text("Cargo.lock") + &text("bench/Cargo.lock");
    let sources: Vec<&str> = lock.lines().filter(|line| line.starts_with("source = ")).collect();
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    assert!(sources.iter().all(|source| *source == public));
}

#[test]
fn the_documents_are_there_and_the_versions_agree() {
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "plugin.kdl"] {
        assert!(!text(path).trim().is_empty(), "{path}");
    }
    let version = env!("CARGO_PKG_VERSION");
    let changelog = text("CHANGELOG.md");
    let newest = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .find(|line| line.contains(|c: char| c.is_ascii_digit()));
    assert!(newest.is_some_and(|line| line.contains(version)), "the newest entry is {newest:?}, the crate {version}");
    let lock = text("Cargo.lock");
    assert!(lock.contains(&format!("name = \"zellij-carrel\"\nversion = \"{version}\"")));
    let zellij = text("Cargo.toml");
    let zellij =
        zellij.split("zellij-tile = \"=").nth(1).expect("one exact version of zellij-tile").split('"').next().unwrap();
    assert!(text("README.md").contains(zellij), "the README names the Zellij that Carrel is made for: {zellij}");
}
