//! What the manuals show is what the real programs take: configuration and layouts by Zellij's own reader, examples by a shell.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::desks::Pane;
use crate::support::claude;
use crate::support::machine::Machine;
use crate::support::waiting::{finish, PATIENCE};
use crate::support::zellij::{Setup, Zellij};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The blocks of a manual in one language, without the indentation that a list gives them.
fn blocks(manual: &str, language: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open: Option<usize> = None;
    for line in manual.lines() {
        let bare = line.trim_start();
        match open {
            None if bare == format!("```{language}") => {
                open = Some(line.len() - bare.len());
                blocks.push(String::new());
            }
            Some(_) if bare == "```" => open = None,
            Some(indent) => {
                let block = blocks.last_mut().unwrap();
                block.push_str(line.get(indent..).unwrap_or_default());
                block.push('\n');
            }
            None => {}
        }
    }
    blocks
}

/// What Zellij says of a file of ours: nothing where it can be read.
fn refused(machine: &Machine, option: &str, text: &str) -> Option<String> {
    let file = machine.write("shown.kdl", text);
    let mut check = machine.command("zellij");
    check.args([option, file.to_str().unwrap(), "setup", "--check"]);
    let checked = finish(check, PATIENCE);
    (checked.code != Some(0)).then(|| format!("{text}\n{}{}", checked.stdout, checked.stderr))
}

#[test]
fn zellij_reads_every_piece_of_configuration_and_every_layout_that_is_shown() {
    let machine = Machine::new();
    let manual = read("README.md");
    let mut shown: Vec<(&str, String)> = blocks(&manual, "kdl")
        .into_iter()
        .map(|block| match block.split_whitespace().next() {
            Some("layout") => ("--layout", block),
            Some("bind") => ("--config", format!("keybinds {{\n    shared {{\n{block}    }}\n}}\n")),
            _ => ("--config", block),
        })
        .collect();
    assert!(shown.len() >= 4, "{shown:?}");
    shown.push(("--config", read("plugin.kdl")));
    for layout in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts")).unwrap().flatten() {
        shown.push(("--layout", fs::read_to_string(layout.path()).unwrap()));
    }
    for (option, text) in shown {
        assert_eq!(refused(&machine, option, &text), None);
    }
    assert!(refused(&machine, "--config", "keybinds {\n    shared {\n        bin \"Alt c\"\n    }\n}\n").is_some());
    assert!(refused(&machine, "--layout", "layout {\n    pain\n}\n").is_some());
}

#[test]
fn every_example_of_a_pipe_works_as_it_is_written() {
    let machine = Machine::new();
    claude::ask(&machine, "what the examples resume");
    let session = machine.api().wait_for_prompt("what the examples resume").session.unwrap();
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let first = Pane::order(&zellij, "new", "");
    first.wait_for_prompt(&zellij);
    // As a script inside the session would run it. Zellij loses an answer now and then: then it is asked again.
    let lost = std::cell::Cell::new(false);
    let run = |script: &str| -> Value {
        lost.set(false);
        let answer = || {
            let mut shell = machine.command("/bin/sh");
            shell.args(["-c", script]).env("ZELLIJ", "0").env("ZELLIJ_SESSION_NAME", zellij.name());
            let finished = finish(shell, PATIENCE);
            if zellij.was_overlooked(&finished) {
                return None;
            }
            assert_eq!(finished.code, Some(0), "{script}: {finished:?}");
            let answer = (!finished.stdout.trim().is_empty()).then(|| finished.json());
            lost.set(lost.get() || answer.is_none());
            // It is as slow as the machine is.
            let late =
                |answer: &Value| answer["error"].as_str().is_some_and(|why| why.contains("did not answer in time"));
            answer.filter(|answer| !late(answer))
        };
        machine.wait(&format!("an answer to {script}"), answer)
    };
    let section = read("README.md");
    let section = section.split("\n## Pipes\n").nth(1).unwrap().split("\n## ").next().unwrap().to_owned();
    let examples = blocks(&section, "sh");
    let [pipes, again] = examples.as_slice() else { panic!("{examples:?}") };
    let project = machine.project().display().to_string();
    let mut count = 0;
    for line in pipes.lines() {
        let line = line
            .replace("/home/me/src", &project)
            .replace("0b0e7a52-5a5c-4d0e-9a43-5f0f3e6f2c11", &session)
            .replace("550e8400-e29b-41d4-a716-446655440000", &first.pane);
        let answer = run(&line);
        // It names no request: where the answer was lost, the conversation is at a desk already.
        let again = lost.get() && line.contains("-n resume") && answer["error"].to_string().contains("at the desk");
        assert!((answer["error"].is_null() || again) && answer["version"] == 1, "{line}: {answer}");
        count += 1;
    }
    assert!(count >= 11, "{pipes}");
    // The one that asks until it has an answer prints nothing itself.
    let answer = run(&format!("{again}\nprintf '%s\\n' \"$answer\"\n"));
    Pane::of(&answer).wait_for_prompt(&zellij);
}
