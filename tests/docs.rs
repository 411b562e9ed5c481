//! The manuals are true where a test can tell: options, pipes, keys of KDL, entries of a desk, links, commands, versions.
//! Reads text and knows nothing of what it is about.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use zellij_carrel::manager::options::{parse, Environment, OPTIONS};
use zellij_carrel::manager::PIPES;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The files and folders in a folder, by their names.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn decisions() -> Vec<String> {
    names("docs/decisions").iter().map(|name| format!("docs/decisions/{name}")).collect()
}

fn manuals() -> Vec<String> {
    let own = names(".").into_iter().filter(|name| name.ends_with(".md"));
    own.chain(decisions()).chain(["docs/compatibility.md".to_string()]).collect()
}

/// What stands between two marks, each time that both are there.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(inside, _)| inside).collect()
}

/// What stands in quotes, of which one opens and the next one closes.
fn quoted(text: &str, quote: char) -> Vec<&str> {
    text.split(quote).skip(1).step_by(2).collect()
}

/// The section below a heading.
fn section(text: &str, heading: &str) -> String {
    let from = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}")).1;
    from.split("\n## ").next().unwrap().to_string()
}

/// The cells of a table's rows, without its head.
fn table(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_string()).collect()).collect()
}

/// A text without its code blocks.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

#[test]
fn the_readme_lists_exactly_the_options_with_their_defaults() {
    let told: Vec<(String, String)> = table(&section(&read("README.md"), "Options"))
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_string(), row[1].clone()))
        .collect();
    let built: Vec<(String, String)> = OPTIONS
        .iter()
        .map(|(name, default)| {
            let default = match default {
                None => "unset".to_string(),
                Some("") => "empty".to_string(),
                Some(text) => format!("`{text}`"),
            };
            ((*name).to_string(), default)
        })
        .collect();
    assert_eq!(told, built);
}

#[test]
fn the_readme_has_every_pipe_and_an_example_of_each() {
    let pipes = section(&read("README.md"), "Pipes");
    let told: Vec<String> = table(&pipes).iter().map(|row| row[0].trim_matches('`').to_string()).collect();
    assert_eq!(told, PIPES);
    for pipe in PIPES {
        assert!(pipes.contains(&format!("-n {pipe} ")), "no example of {pipe}");
    }
}

/// What is wrong with a piece of KDL: brackets, quotes, unknown options in a plugin's block.
fn wrong_in_kdl(kdl: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    // Which blocks are open: true for one that is a plugin's options.
    let mut open: Vec<bool> = Vec::new();
    for line in kdl.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        let raw = line.replace("r#\"", "\u{1}").replace("\"#", "\u{1}");
        let (raws, quotes) = (raw.matches('\u{1}').count(), raw.split('\u{1}').step_by(2).collect::<String>());
        if raws % 2 != 0 || quotes.matches('"').count() % 2 != 0 {
            wrong.push(format!("an odd quote: {line}"));
        }
        let bare: String = quotes.split('"').step_by(2).collect();
        let key = bare.split_whitespace().next().unwrap_or_default();
        if open.last() == Some(&true) && key != "}" && !OPTIONS.iter().any(|(name, _)| *name == key) {
            wrong.push(format!("not an option: {line}"));
        }
        let is_ours = quotes.starts_with("carrel location=") || quotes.starts_with("plugin location=\"carrel\"");
        for bracket in bare.chars() {
            match bracket {
                '{' => open.push(is_ours),
                '}' if open.pop().is_none() => wrong.push(format!("a bracket too many: {line}")),
                _ => {}
            }
        }
    }
    if !open.is_empty() {
        wrong.push(format!("{} brackets are open at the end", open.len()));
    }
    wrong
}

#[test]
fn every_piece_of_kdl_is_balanced_and_names_only_options_that_there_are() {
    let readme = read("README.md");
    let mut pieces: Vec<(String, String)> =
        between(&readme, "```kdl\n", "```").into_iter().map(|kdl| ("README.md".into(), kdl.into())).collect();
    assert!(pieces.len() >= 3, "{} pieces", pieces.len());
    let layouts = names("layouts").into_iter().map(|name| format!("layouts/{name}"));
    pieces.extend(layouts.chain(["plugin.kdl".into()]).map(|path| (path.clone(), read(&path))));
    for (path, kdl) in pieces {
        assert_eq!(wrong_in_kdl(&kdl), Vec::<String>::new(), "{path}");
    }
    for damaged in ["a {", "}", "a \"b", "carrel location=\"x\" {\n  methd \"none\"\n}"] {
        assert!(!wrong_in_kdl(damaged).is_empty(), "{damaged}");
    }
}

#[test]
fn every_layout_is_in_the_readme() {
    let readme = read("README.md");
    for name in names("layouts") {
        assert!(readme.contains(&format!("](layouts/{name})")), "{name}");
    }
}

#[test]
fn the_readme_says_what_becomes_of_each_entry_of_a_desk() {
    let keep = read("src/host/3-keep.sh");
    let readme = section(&read("README.md"), "What becomes of desk and conversation");
    let mut entries = BTreeSet::new();
    for list in ["is_disposable() {", "is_kept() {"] {
        let body = between(&keep, list, "\n}")[0];
        let lines = body.lines().map(str::trim).filter_map(|line| line.strip_suffix(") ;;"));
        // Patterns stand for temporary files, locks and backups, which have no names of their own.
        entries.extend(lines.flat_map(|line| line.split(" | ")).filter(|name| !name.contains('*')));
    }
    assert!(entries.len() > 40, "{entries:?}");
    let missing: Vec<&&str> =
        entries.iter().filter(|name| !name.ends_with(".lock") && !readme.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in the README: {missing:?}");
}

#[test]
fn the_readme_shows_the_panel_as_it_is_drawn() {
    let golden = read("tests/goldens/desks_80x20.txt");
    let drawn = golden.split(&format!("{}\n", "-".repeat(80))).nth(1).unwrap();
    assert!(read("README.md").contains(&format!("```text\n{drawn}```")), "the golden is now:\n{drawn}");
}

#[test]
fn the_versions_that_carrel_knows_are_those_that_were_run_with_every_step() {
    use zellij_carrel::manager::compatibility::{CLAUDE, ZELLIJ};
    let document = read("docs/compatibility.md");
    let (_, run) = document.split_once("| Zellij | Claude Code |").unwrap();
    let rows = table(&format!("| Zellij | Claude Code |{}", run.split("\n\n").next().unwrap()));
    let whole = rows.iter().filter(|row| row[2..10].iter().all(|cell| cell == "ok"));
    let whole: BTreeSet<(&str, &str)> = whole.map(|row| (row[0].as_str(), row[1].as_str())).collect();
    let known: BTreeSet<(&str, &str)> =
        ZELLIJ.iter().flat_map(|zellij| CLAUDE.map(|claude| (*zellij, claude))).collect();
    assert_eq!(whole, known);
    assert!(rows.iter().all(|row| row.len() == 11 && row[10].starts_with("20")), "each says when: {rows:?}");
    let tools = read("scripts/tools.sh");
    let pinned = between(&tools, "\nclaude_version=", "\n")[0];
    assert!(CLAUDE.contains(&pinned), "{pinned}");
}

#[test]
fn the_permissions_are_those_that_the_readme_explains() {
    let code = read("src/zellij/mod.rs");
    let list = between(&code, "const PERMISSIONS: ", "];")[0];
    let asked: Vec<&str> = between(list, "PermissionType::", ",");
    let told = table(&section(&read("README.md"), "Permissions"));
    let told: Vec<&str> = told.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(told, asked);
}

#[test]
fn the_version_is_in_the_changelog() {
    let manifest = read("Cargo.toml");
    let version = between(&manifest, "\nversion = \"", "\"")[0];
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version}")), "{version}");
}

#[test]
fn every_decision_has_its_number_its_date_and_its_four_parts() {
    for (at, path) in decisions().into_iter().enumerate() {
        let text = read(&path);
        assert!(text.starts_with(&format!("# {:04}: ", at + 1)), "{path}: its number");
        assert!(path.contains(&format!("/{:04}-", at + 1)), "{path}: its name");
        assert!(text.lines().any(|line| line.starts_with("Date: 20")), "{path}: its date");
        let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, ["Context", "Decision", "Evidence", "Consequences"], "{path}");
    }
}

#[test]
fn the_architecture_names_every_room_and_every_test() {
    let text = read("ARCHITECTURE.md");
    let folders = |folder: &str| {
        let inside = names(folder).into_iter().map(|name| format!("{folder}/{name}"));
        inside.filter(|path| root().join(path).is_dir()).collect::<Vec<_>>()
    };
    let rooms = folders("src");
    let mut expected: Vec<String> = rooms.iter().flat_map(|room| folders(room)).collect();
    expected.extend(rooms);
    expected.extend(folders("tests"));
    expected
        .extend(names("tests").into_iter().filter(|name| name.ends_with(".rs")).map(|name| format!("tests/{name}")));
    let missing: Vec<&String> = expected.iter().filter(|path| !text.contains(&format!("`{path}`"))).collect();
    assert!(missing.is_empty(), "not in ARCHITECTURE.md: {missing:?}");
}

#[test]
fn the_manuals_name_only_tests_that_there_are() {
    let mut code = String::new();
    let mut folders = ["src", "tests", "bench/src", "bench/tests"].map(|dir| root().join(dir)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                code += &fs::read_to_string(path).unwrap();
            }
        }
    }
    for path in manuals() {
        let text = prose(&read(&path));
        // Words of four parts and more are sentences; names of code are shorter.
        let sentences = quoted(&text, '`').into_iter().filter(|word| {
            word.matches('_').count() >= 4
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
        let gone: Vec<&str> = sentences.filter(|name| !code.contains(&format!("fn {name}("))).collect();
        assert!(gone.is_empty(), "{path}: {gone:?}");
    }
}

#[test]
fn links_and_paths_in_the_manuals_lead_to_what_is_there() {
    for path in manuals() {
        let text = prose(&read(&path));
        let folder = root().join(&path).parent().unwrap().to_path_buf();
        let links = between(&text, "](", ")").into_iter();
        let links = links.filter(|link| !link.starts_with("http") && !link.starts_with('#'));
        let links: Vec<PathBuf> = links.map(|link| folder.join(link.split('#').next().unwrap())).collect();
        let words = quoted(&text, '`').into_iter();
        let words = words.filter(|word| {
            ["src/", "tests/", "scripts/", "docs/", "layouts/"].iter().any(|room| word.starts_with(room))
        });
        let words = words.filter(|word| !word.contains(['*', ' ', '<']));
        let lost: Vec<PathBuf> =
            links.into_iter().chain(words.map(|word| root().join(word))).filter(|to| !to.exists()).collect();
        assert!(lost.is_empty(), "{path}: {lost:?}");
    }
}

#[test]
fn whoever_adds_something_finds_what_the_manual_names() {
    let text = format!("{}\n{}", read("CONTRIBUTING.md"), read("ARCHITECTURE.md"));
    let ways = section(&text, "How to add");
    let ways: Vec<&str> = ways.split("\n\n").filter(|way| way.trim().starts_with("**")).collect();
    for wanted in ["**An option.**", "**A pipe.**", "**A health check.**", "**An isolation method.**"] {
        assert!(ways.iter().any(|way| way.trim().starts_with(wanted)), "{wanted}");
    }
    for way in ways {
        let words = quoted(way, '`');
        let mut folder = "";
        let mut code = String::new();
        for word in &words {
            // A file without its folder lies beside the one before it.
            let path = if word.contains('/') { (*word).to_string() } else { format!("{folder}/{word}") };
            if root().join(&path).is_file() {
                folder = word.rsplit_once('/').map_or(folder, |(folder, _)| folder);
                code += &read(&path);
            } else {
                assert!(
                    !word.contains('.') || root().join(&path).is_dir() || word.ends_with('/'),
                    "no file {path}: {way}"
                );
            }
        }
        let names = words.iter().filter(|word| word.chars().all(|c| c.is_ascii_alphabetic() || c == '_'));
        for name in names {
            let defined = [
                format!("fn {name}("),
                format!("const {name}:"),
                format!("enum {name} "),
                format!("struct {name} "),
                format!("struct {name}<"),
                format!("\n{name}() {{"),
                format!("\n{name}='"),
            ];
            let is_a_word_of_the_users = OPTIONS.iter().any(|(option, _)| option == name) || PIPES.contains(name);
            let found = defined.iter().any(|definition| code.contains(definition));
            assert!(found || is_a_word_of_the_users, "{name} is in none of the files that are named with it: {way}");
        }
    }
}

/// The blocks of a manual in one language; indentation says nothing in those that are looked at.
fn blocks(text: &str, language: &str) -> Vec<String> {
    between(text, &format!("```{language}\n"), "```").into_iter().map(str::to_string).collect()
}

#[test]
fn each_piece_of_shell_can_be_read_and_each_piece_of_json_is_one_document() {
    let (mut shell, mut json) = (0, 0);
    for path in manuals() {
        let text = read(&path);
        for block in blocks(&text, "sh") {
            let read = std::process::Command::new("/bin/sh").args(["-n", "-c", &block]).output().unwrap();
            assert!(read.status.success(), "{path}: {block}\n{read:?}");
            shell += 1;
        }
        for block in blocks(&text, "json") {
            let document: Result<serde_json::Value, _> = serde_json::from_str(&block);
            assert!(document.is_ok(), "{path}: {block}\n{document:?}");
            json += 1;
        }
        let fences = text.lines().filter_map(|line| line.trim_start().strip_prefix("```"));
        let unknown: Vec<&str> =
            fences.filter(|kind| !["", "sh", "kdl", "json", "text", "toml", "rust"].contains(kind)).collect();
        assert!(unknown.is_empty(), "{path}: nothing reads {unknown:?}");
    }
    assert!(shell >= 6 && json >= 1, "{shell} {json}");
}

#[test]
fn links_to_a_heading_lead_to_one() {
    for path in manuals() {
        let text = read(&path);
        let headings: Vec<String> = prose(&text)
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                title
                    .chars()
                    .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-')
                    .collect::<String>()
                    .replace(' ', "-")
            })
            .collect();
        for link in between(&text, "](#", ")") {
            assert!(headings.iter().any(|heading| heading == link), "{path}: #{link} is none of {headings:?}");
        }
    }
}

#[test]
fn each_make_command_in_the_manuals_is_one_and_each_one_is_in_them() {
    let makefile = read("Makefile");
    let there: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| line.contains(":") && line.contains(" ## "))
        .filter_map(|line| line.split(':').next())
        .collect();
    let told = manuals().iter().map(|path| read(path)).collect::<String>().replace('\n', " ");
    let told: BTreeSet<String> = told
        .split("make ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next())
        .filter(|word| there.contains(word) || word.starts_with("test"))
        .map(str::to_string)
        .collect();
    assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), there);
}

#[test]
fn every_example_of_a_containers_command_is_understood() {
    let examples = read("docs/isolation.md");
    let examples = between(&examples, "container_command r#\"", "\"#");
    assert!(examples.len() >= 2, "{} examples", examples.len());
    for example in examples {
        let config = [("container_command".to_string(), example.to_string())].into();
        let env = Environment { home: Some("/home/me"), xdg_state_home: None };
        let options = parse(&config, &env).unwrap_or_else(|why| panic!("{example}: {why:?}"));
        assert!(options.container_command.is_some());
    }
}
