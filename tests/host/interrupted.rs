//! clean, killed at every one of its steps: whatever was lying where, the next run brings all of it to the user's dir. And a
//! launcher on its way from a desk that its Claude does not keep to, to another one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::place::*;
use super::probe::{claude, IGNORES, KNOWS};

/// All tools that change something.
const STEPS: [&str; 11] = ["mv", "ln", "rm", "cp", "mkdir", "rmdir", "touch", "tail", "sed", "find", "grep"];

/// Each of these tools counts the steps of the program and kills it before or after the one that is asked for.
fn make_stoppable(place: &Place) {
    for tool in STEPS {
        place.script(
            tool,
            &format!(
                "log=${{0%/*}}/../log\nread -r stop when <\"$log/stop\"\nn=1\nset -C\n\
                 until {{ printf '' >\"$log/steps/$n\"; }} 2>/dev/null; do n=$((n + 1)); done\nset +C\nPATH={TOOLS}\n[ \"$n\" = \"$stop\" ] || exec {tool} \"$@\"\nread -r pid <\"$log/main\"\n\
                 [ $when = before ] || {tool} \"$@\"\nkill -KILL $pid\n[ $when = after ] || sleep 0.01\n"
            ),
        );
    }
}

/// Runs clean until that step; whether it was stopped.
fn stopped_at(place: &Place, step: usize, when: &str) -> bool {
    write(&place.log.join("stop"), &format!("{step} {when}\n"));
    let _ = fs::remove_dir_all(place.log.join("steps"));
    fs::create_dir(place.log.join("steps")).unwrap();
    let mut command = place.shell();
    let shell = place.shell_words().join(" ");
    command.args(["-c", &format!("echo $$ >'{}'; exec {shell} \"$@\"", place.log.join("main").display()), "x"]);
    command.arg(place.state.join("carrel.sh")).args(["clean", "--pane", PANE, "--wait", "0"]);
    let answer = Answer::of(command.output().unwrap());
    if answer.code.is_some() {
        assert_eq!(answer.stdout, format!("clean\t{PANE}\tcleaned\n"));
    }
    answer.code.is_none()
}

/// Every way in which a file of a desk can meet one of the user's dir.
fn set_up(place: &Place, shared: &Path) -> BTreeMap<String, String> {
    let grown = |text: &str| format!("{}{}", transcript(SESSION, 2), transcript(SESSION, 1).replace("m0", text));
    let third = "33333333-3333-4333-8333-333333333333";
    let own = place.home.join(".claude.json").display().to_string();
    let desk =
        place.desk_with(&[("shared", &shared.display().to_string()), ("login", "separate"), ("shared_json", &own)]);
    for (path, text) in [
        (format!("projects/-p/{SESSION}.jsonl"), grown("mine")),
        (format!("projects/-p/{OTHER}.jsonl"), transcript(OTHER, 4)),
        (format!("projects/-p/{third}.jsonl"), transcript(third, 3)),
        (format!("projects/-q/{third}/subagents/a.jsonl"), "sub".into()),
        ("plans/p.md".into(), "mine".into()),
        ("history.jsonl".into(), "a\nb\n".into()),
        (".credentials.json".into(), "own".into()),
        (".claude.json".into(), "changed here".into()),
        (".carrel/given".into(), "given".into()),
    ] {
        write(&desk.join(path), &text);
    }
    for (path, text) in [
        (format!("projects/-p/{SESSION}.jsonl"), grown("theirs")),
        (format!("projects/-p/{OTHER}.jsonl"), transcript(OTHER, 2)),
        ("plans/p.md".into(), "theirs".into()),
        ("history.jsonl".into(), "a\n".into()),
    ] {
        write(&shared.join(path), &text);
    }
    let expected = [
        (format!("projects/-p/{SESSION}.jsonl"), grown("theirs")),
        (format!("projects/-p/{OTHER}.jsonl"), transcript(OTHER, 4)),
        (format!("projects/-p/{third}.jsonl"), transcript(third, 3)),
        (format!("projects/-q/{third}/subagents/a.jsonl"), "sub".into()),
        ("plans/p.md".into(), "theirs".into()),
        ("plans/p.md.desk-1".into(), "mine".into()),
        ("history.jsonl".into(), "a\nb\n".into()),
    ];
    expected.into()
}

/// What lies there, without the dirs; the transcript that had grown apart is told apart.
fn outcome(shared: &Path) -> (BTreeMap<String, String>, Vec<String>) {
    let mut files = tree(shared);
    files.retain(|path, _| !path.ends_with('/'));
    let apart: Vec<String> = files
        .iter()
        .filter(|(_, text)| text.contains("mine") && text.contains("sessionId"))
        .map(|(path, _)| path.clone())
        .collect();
    let texts = apart.iter().map(|path| files.remove(path).unwrap()).collect();
    (files, texts)
}

fn stop_everywhere(shell: &'static [&'static str], when: &str, far: bool) {
    let place = Place::new(shell);
    make_stoppable(&place);
    let elsewhere = tempfile::Builder::new().prefix("carrel-far-").tempdir_in("/dev/shm").unwrap();
    let shared = if far { elsewhere.path().join("claude") } else { place.shared.clone() };
    let mut step = 1;
    loop {
        let _ = fs::remove_dir_all(&shared);
        let expected = set_up(&place, &shared);
        let stopped = stopped_at(&place, step, when);
        // Without what counts the steps, which takes time.
        let again = place.carrel(&["clean", "--pane", PANE, "--wait", "0"]).env("PATH", TOOLS).output().unwrap();
        let again = Answer::of(again);
        let word = again.fields("clean")[1].clone();
        assert!(word == "cleaned" || word == "gone", "stopped {when} step {step}: {}", again.stdout);
        let (files, apart) = outcome(&shared);
        assert_eq!(files, expected, "stopped {when} step {step}");
        assert_eq!(apart.len(), 1, "stopped {when} step {step}: {apart:?}");
        assert_eq!(apart[0].lines().count(), 3);
        assert!(!place.desk().exists() && !place.leaving().exists());
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new(), "stopped {when} step {step}");
        // What was changed in its .claude.json is left once, and whole.
        let changes = place.state.join("changes");
        let left: Vec<_> = names(&changes).iter().map(|name| tree(&changes.join(name))).collect();
        let whole = |left: &BTreeMap<String, String>| (left["claude.json"].clone(), left["given"].clone());
        assert_eq!(
            left.iter().map(whole).collect::<Vec<_>>(),
            [("changed here".to_string(), "given".to_string())],
            "stopped {when} step {step}"
        );
        fs::remove_dir_all(&changes).unwrap();
        if !stopped {
            assert!(step > 25, "only {step} steps");
            return;
        }
        step += 1;
    }
}

#[test]
fn killed_after_any_step_it_loses_nothing() {
    stop_everywhere(SHELLS[0], "after", false);
}

#[test]
fn killed_before_any_step_it_loses_nothing_in_busybox() {
    stop_everywhere(SHELLS[2], "before", false);
}

#[test]
fn killed_after_any_step_on_the_way_to_another_file_system_it_loses_nothing_in_bash() {
    stop_everywhere(SHELLS[1], "after", true);
}

/// The transcripts with that word: wherever they lie.
fn saying(place: &Place, word: &str) -> Vec<String> {
    let everywhere = [tree(&place.home), tree(&place.state)];
    let transcripts =
        everywhere.iter().flatten().filter(|(path, text)| path.ends_with(".jsonl") && text.contains(word));
    transcripts.map(|(path, _)| path.clone()).collect()
}

#[test]
fn a_pane_that_is_killed_at_any_step_on_its_way_to_another_desk_loses_nothing() {
    let place = Place::new(SHELLS[0]);
    place.seed();
    let program = claude(&place, "mine", IGNORES, KNOWS).display().to_string();
    place.call(&["probe", &program]).says("probe\tno");
    make_stoppable(&place);
    // As a pane is killed: all that is of its group.
    for tool in STEPS {
        let text = read(&place.bin.join(tool)).replace("kill -KILL $pid", "/bin/bash -c \"kill -KILL -- -$pid\"");
        write(&place.bin.join(tool), &text);
    }
    let words = Place::run_words(&["--claude", &program]);
    let home = place.state.join(format!("claude-homes/pane-{PANE}"));
    let mut step = 1;
    loop {
        let desk = place.desk_with(&[]);
        write(&desk.join(format!("projects/-p/{SESSION}.jsonl")), &transcript(SESSION, 2).replace("m0", "first"));
        std::thread::sleep(std::time::Duration::from_millis(5));
        write(&desk.join(format!("projects/-p/{OTHER}.jsonl")), &transcript(OTHER, 2).replace("m0", "second"));
        write(&place.log.join("stop"), &format!("{step} after\n"));
        let _ = fs::remove_dir_all(place.log.join("steps"));
        fs::create_dir(place.log.join("steps")).unwrap();
        let mut command = place.shell();
        let main = place.log.join("main");
        command.args(["-c", &format!("echo $$ >'{}'; exec dash \"$@\"", main.display()), "x"]);
        command.arg(place.state.join("carrel.sh")).args(&words);
        let stopped = Group::start(command).finish().code.is_none();
        let _ = fs::remove_file(place.log.join("argv"));
        let again = Group::start({
            let mut command = place.carrel(&words);
            command.env("PATH", TOOLS);
            command
        });
        again.finish().ends_with(0);
        assert!(place.argv()[0] == "--resume" && [SESSION, OTHER].contains(&place.argv()[1].as_str()), "step {step}");
        for word in ["first", "second"] {
            assert_eq!(saying(&place, word).len(), 1, "stopped after step {step}: {:?}", saying(&place, word));
        }
        assert!(home.exists() && !place.desk().exists() && !place.leaving().exists(), "stopped after step {step}");
        place.call(&["clean", "--pane", PANE, "--wait", "0"]).says("cleaned");
        assert_eq!(names(&place.state.join("leaving")), Vec::<String>::new(), "stopped after step {step}");
        fs::remove_dir_all(place.shared.join("projects")).unwrap();
        if !stopped {
            assert!(step > 25, "only {step} steps");
            return;
        }
        step += 1;
    }
}
