//! The probe of a Claude that was never met: what it tells, what it leaves alone, how long it takes, how long it is
//! remembered. The real ones are probed in `tests/real/methods.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::place::*;

/// A program that keeps its state in this dir, and finds a login below HOME where `login` says so.
pub fn claude(place: &Place, name: &str, state: &str, login: &str) -> PathBuf {
    place.script(
        name,
        &format!(
            "log=${{0%/*}}/../log\nif [ \"$1\" = --version ]; then echo '9.8.7 (Claude Code)'; exit; fi\n\
             if [ \"$1\" = auth ]; then\necho asked >>\"$log/asked\"\ncat /proc/$$/environ >\"$log/environ-asked\"\npwd >\"$log/cwd-asked\"\n\
             mkdir -p \"{state}\"; echo '{{}}' >\"{state}/.claude.json\"\n\
             if {login}; then echo '{{\"loggedIn\": true, \"authMethod\": \"claude.ai\"}}'; else echo '{{\"loggedIn\": false}}'; fi\nexit\nfi\n\
             printf '%s\\0' \"$@\" >\"$log/argv\"\ncat /proc/$$/environ >\"$log/environ\"\n",
        ),
    )
}

pub const HONOURS: &str = "${CLAUDE_CONFIG_DIR-$HOME}";
pub const IGNORES: &str = "$HOME";
pub const KNOWS: &str =
    "[ \"${CLAUDE_SECURESTORAGE_CONFIG_DIR-x}\" = '' ] && [ -f \"$HOME/.claude/.credentials.json\" ]";

fn probe(place: &Place, program: &Path) -> Vec<String> {
    place.call(&["probe", &program.display().to_string()]).fields("probe")
}

fn asked(place: &Place) -> usize {
    fs::read_to_string(place.log.join("asked")).unwrap_or_default().lines().count()
}

#[test]
fn a_probe_tells_what_a_claude_honours() {
    each_shell(|place| {
        let elsewhere = place.top().join("elsewhere").display().to_string();
        let version = "9.8.7 (Claude Code)";
        for (name, state, login, expected) in [
            ("good", HONOURS, KNOWS, ["yes", "yes", "unknown"]),
            ("older", HONOURS, "false", ["yes", "no", "unknown"]),
            ("ignores", IGNORES, KNOWS, ["no", "unknown", "yes"]),
            ("wrapped", elsewhere.as_str(), KNOWS, ["no", "unknown", "no"]),
            ("split", "$CLAUDE_CONFIG_DIR\" \"$HOME/.claude\" \"$HOME", KNOWS, ["unknown", "unknown", "unknown"]),
        ] {
            let program = claude(place, name, state, login);
            if name == "split" {
                fs::write(&program, "#!/bin/sh\n[ $1 = auth ] || { echo '9.8.7 (Claude Code)'; exit; }\n: >\"$CLAUDE_CONFIG_DIR/x\"; : >\"$HOME/.claude.json\"\n").unwrap();
            }
            assert_eq!(probe(place, &program), [&expected[..], &[version]].concat(), "{name}");
        }
        // A program that is none, one that cannot be run, one that is not there.
        let stranger = place.script("stranger", "echo hello\n");
        assert_eq!(probe(place, &stranger), ["unknown", "unknown", "unknown", "hello"]);
        fs::set_permissions(&stranger, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(probe(place, &stranger)[..3], ["unknown", "unknown", "unknown"]);
        assert_eq!(probe(place, &place.bin.join("none")), ["unknown", "unknown", "unknown", ""]);
    });
}

#[test]
fn a_probe_touches_nothing_of_the_users_and_tells_the_program_nothing_of_it() {
    each_shell(|place| {
        let program = claude(place, "good", HONOURS, KNOWS);
        let before = tree(&place.home);
        let mut command = place.carrel(&["probe", &program.display().to_string()]);
        for secret in [
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "HTTPS_PROXY",
            "CLAUDECODE",
        ] {
            command.env(secret, "a secret");
        }
        command.env("CLAUDE_CONFIG_DIR", &place.shared);
        Answer::of(command.output().unwrap()).says("probe\tyes\tyes");
        assert_eq!(tree(&place.home), before);
        let environ = nul_separated(&place.log.join("environ-asked"));
        assert!(environ.iter().all(|pair| !pair.contains("secret") && !pair.contains(place.shared.to_str().unwrap())));
        assert!(environ.contains(&"ANTHROPIC_BASE_URL=http://127.0.0.1:9".to_string()), "{environ:?}");
        let state = place.state.display().to_string();
        for name in ["HOME", "TMPDIR", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_TMPDIR"] {
            assert!(environ.iter().any(|pair| pair.starts_with(&format!("{name}={state}/claudes/.asking/"))), "{name}");
        }
        assert!(read(&place.log.join("cwd-asked")).starts_with(&state));
        // What is remembered is private, and all that is left.
        let remembered = place.state.join("claudes");
        assert_eq!(names(&remembered), ["1", "2"]);
        assert_eq!((mode(&remembered), mode(&remembered.join("2"))), (0o700, 0o600));
    });
}

#[test]
fn a_claude_is_asked_once_until_it_is_another_one() {
    each_shell(|place| {
        let program = claude(place, "good", HONOURS, KNOWS);
        for _ in 0..3 {
            assert_eq!(probe(place, &program)[0], "yes");
        }
        assert_eq!(asked(place), 1);
        // Replaced, by one of the same size even.
        let text = read(&program).replace("9.8.7", "9.8.8").replace(HONOURS, IGNORES);
        write(&place.bin.join("new"), &text);
        fs::set_permissions(place.bin.join("new"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(place.bin.join("new"), &program).unwrap();
        assert_eq!(probe(place, &program), ["no", "unknown", "yes", "9.8.8 (Claude Code)"]);
        assert_eq!(asked(place), 2);
        assert_eq!(place.call(&["probe-again", &program.display().to_string()]).fields("probe")[0], "no");
        assert_eq!(asked(place), 3);
        assert_eq!(names(&place.state.join("claudes")), ["1", "2"], "one note for each program");
        // Each has its own.
        let other = claude(place, "other", HONOURS, "false");
        assert_eq!(probe(place, &other)[..2], ["yes", "no"]);
        assert_eq!(probe(place, &program)[0], "no");
        // A note that was cut off is none.
        write(&place.state.join("claudes/2"), &format!("claude={}\n", program.display()));
        assert_eq!(probe(place, &program)[0], "no");
        assert_eq!(asked(place), 5);
    });
}

#[test]
fn a_claude_that_does_not_answer_is_given_up_and_asked_again_later() {
    let place = Place::new(SHELLS[0]);
    let program_text = read(&place.state.join("carrel.sh"));
    let impatient = program_text.replace("\n_PROBE_PATIENCE=3000\n", "\n_PROBE_PATIENCE=200\n");
    assert_ne!(impatient, program_text);
    write(&place.state.join("carrel.sh"), &impatient);
    let program = place.script(
        "hangs",
        "echo $$ >\"${0%/*}/../log/hanging\"\n: >\"$CLAUDE_CONFIG_DIR/x\"\nwhile :; do sleep 1; done\n",
    );
    let began = Instant::now();
    assert_eq!(probe(&place, &program)[..3], ["unknown", "unknown", "unknown"], "half an answer is none");
    assert!(began.elapsed() > Duration::from_secs(1));
    let pid = read(&place.log.join("hanging"));
    until("it is killed", || !Path::new(&format!("/proc/{}", pid.trim())).exists());
    assert!(!place.state.join("claudes/.asking").exists());
    // In a pane nobody waits for it once more.
    let mut command = place.carrel(&Place::run_words(&["--claude", &program.display().to_string()]));
    place.seed();
    let group = Group::start(std::mem::replace(&mut command, place.shell()));
    until("it runs", || read(&place.log.join("hanging")) != pid);
    drop(group);
    claude(&place, "hangs", HONOURS, KNOWS);
    assert_eq!(probe(&place, &program)[0], "yes");
}

/// Writes down how long the host program wants to sleep, in seconds, and lets it sleep a twentieth of that.
const SLEEPS_LITTLE: &str =
    "sleep() { printf '%s\\n' \"$1\" >>\"$_STATE/slept${_PANE:+-pane}\"; case $1 in 0.0?) command sleep \"0.00${1#0.0}\" ;; *) command sleep \"$1\" ;; esac; }";

/// The host program's pauses are a tenth of what they are, and written down.
fn sleep_little(place: &Place) {
    let program = place.state.join("carrel.sh");
    let text = read(&program);
    let quick = text.replacen("\nset -u\n", &format!("\nset -u\n{SLEEPS_LITTLE}\n"), 1);
    assert_ne!(quick, text);
    write(&program, &quick);
}

#[test]
fn a_pane_waits_a_few_seconds_at_most_for_a_claude_that_hangs_and_then_starts_it() {
    each_shell(|place| {
        place.seed();
        sleep_little(place);
        // It hangs when it is asked, at the first or at the second question, and not when it is started.
        for question in ["--version", "auth"] {
            let program = place.script(
                question.trim_matches('-'),
                &format!(
                    "log=${{0%/*}}/../log\ncase $1 in\n{question}) echo $$ >>\"$log/hanging\"; while :; do sleep 1; done ;;\n\
                     --version) echo '9.8.7 (Claude Code)'; exit ;;\nesac\nprintf '%s\\0' \"$@\" >\"$log/argv\"\n",
                ),
            );
            let program = program.display().to_string();
            let start = || {
                let _ = fs::remove_file(place.state.join("slept-pane"));
                let _ = fs::remove_file(place.log.join("argv"));
                let words = Place::run_words(&["--claude", &program]);
                let answer = Answer::of(place.carrel(&words).process_group(0).output().unwrap());
                answer.ends_with(0);
                assert!(place.log.join("argv").exists(), "it is started all the same");
                let slept: f64 =
                    read(&place.state.join("slept-pane")).lines().filter_map(|line| line.parse::<f64>().ok()).sum();
                assert!((2.0..5.2).contains(&slept), "{question}: {slept} s");
                assert!(answer.stdout.contains("getting to know this Claude"), "{}", answer.stdout);
                assert!(!place.state.join("claudes/2").exists(), "a slow one may be a good one");
            };
            // By itself: what it asked is gone.
            start();
            let pids = || {
                let text = fs::read_to_string(place.log.join("hanging")).unwrap_or_default();
                text.lines().map(str::to_string).collect::<Vec<_>>()
            };
            let lives = |pid: &String| Path::new(&format!("/proc/{pid}")).exists();
            until("it is killed", || !pids().iter().any(lives));
            assert!(!place.state.join("claudes/.asking").exists());
            // While somebody with more patience asks: that goes on, and so does whom it asks.
            let asked = pids().len();
            let patient = Group::start(place.carrel(&["probe", &program]));
            until("it asks", || pids().len() > asked);
            start();
            assert_eq!(pids().len(), asked + 1, "nobody asked beside it");
            assert!(pids().last().is_some_and(lives) && lives(&patient.pid().to_string()));
            drop(patient);
            fs::remove_dir_all(place.state.join("claudes/.asking")).unwrap();
        }
    });
}

/// A wrapper that was given up may leave behind what it has started.
#[test]
fn what_another_claude_writes_late_is_not_taken_for_this_ones() {
    let place = Place::new(SHELLS[0]);
    let late = "mkdir -p \"$CLAUDE_CONFIG_DIR\"; : >\"$CLAUDE_CONFIG_DIR/.claude.json\"; : >\"${0%/*}/../log/late\"";
    let slow = place.script("slow", &format!("[ \"$1\" != auth ] || (sleep 1; {late}) >/dev/null 2>&1 &\n"));
    let waits = "until [ -e \"${0%/*}/../log/late\" ]; do sleep 0.1; done";
    let bad = place.script("bad", &format!("[ \"$1\" != auth ] || {{ {waits}; echo '{{\"loggedIn\": false}}'; }}\n"));
    assert_eq!(probe(&place, &slow)[0], "unknown");
    assert_eq!(probe(&place, &bad)[..3], ["no", "unknown", "no"]);
}

#[test]
fn a_probe_that_was_killed_is_no_obstacle_and_two_at_once_ask_once() {
    each_shell(|place| {
        let program = claude(place, "good", HONOURS, KNOWS);
        let asking = place.state.join("claudes/.asking");
        write(&asking.join("pid"), "99999999\n");
        write(&asking.join("config/x"), "of the other");
        assert_eq!(probe(place, &program)[0], "yes");
        assert_eq!(asked(place), 1);
        fs::remove_file(place.state.join("claudes/2")).unwrap();
        let words = ["probe", program.to_str().unwrap()];
        let mut all: Vec<_> = (0..4).map(|_| Group::start(place.carrel(&words))).collect();
        for one in all.drain(..) {
            one.finish().says("probe\tyes\tyes");
        }
        assert_eq!(asked(place), 2);
        assert!(!asking.exists());
    });
}

#[test]
fn who_was_taken_for_killed_while_it_asked_tells_nothing_and_leaves_the_others_question_alone() {
    each_shell(|place| {
        let good = claude(place, "good", HONOURS, KNOWS);
        let asking = place.state.join("claudes/.asking");
        let taken = format!(
            "[ \"$1\" != auth ] || echo 99999999 >'{}/pid'\nexec '{}' \"$@\"",
            asking.display(),
            good.display()
        );
        let program = place.script("slow", &taken);
        assert_eq!(probe(place, &program), ["unknown", "unknown", "unknown", "9.8.7 (Claude Code)"]);
        assert_eq!(read(&asking.join("pid")), "99999999\n");
        assert!(!names(&place.state.join("claudes")).iter().any(|name| name == "2"));
        assert_eq!(probe(place, &good)[0], "yes");
    });
}

/// Runs the launcher for a pane of that method, with what the option fallback has put on its command line.
fn run_with(place: &Place, method: &str, fallback: &str, program: &Path) -> Answer {
    for seen in ["argv", "environ"] {
        let _ = fs::remove_file(place.log.join(seen));
    }
    let program = program.display().to_string();
    let mut words = vec!["run", "--pane", PANE, "--session", SESSION, "--method", method, "--claude", &program];
    if !fallback.is_empty() {
        words.extend(["--fallback", fallback]);
    }
    Answer::of(place.carrel(&words).process_group(0).output().unwrap())
}

#[test]
fn a_pane_is_never_opened_at_a_desk_that_its_claude_would_not_keep_to() {
    each_shell(|place| {
        place.seed();
        let run = |method: &str, program: &PathBuf| run_with(place, method, "refuse", program);
        let ignores = claude(place, "ignores", IGNORES, KNOWS);
        run("config_dir", &ignores).ends_with(1).says("does not honour CLAUDE_CONFIG_DIR").says("fallback");
        assert!(!place.desk().exists() && !place.log.join("argv").exists());
        run("home", &ignores).ends_with(0);
        let wrapped = claude(place, "wrapped", &place.top().join("elsewhere").display().to_string(), KNOWS);
        run("config_dir", &wrapped).ends_with(1);
        run("home", &wrapped).ends_with(1).says("neither CLAUDE_CONFIG_DIR nor HOME");
        run_with(place, "config_dir", "home", &wrapped).ends_with(1).says("neither CLAUDE_CONFIG_DIR nor HOME");
        let before = asked(place);
        run("none", &wrapped).ends_with(0);
        // What tells nothing may try: its report shows where its state lies.
        let stranger = place.script("stranger", "printf x >\"${0%/*}/../log/argv\"\n");
        fs::remove_dir_all(place.state.join("claude-homes")).unwrap();
        run("config_dir", &stranger).ends_with(0);
        assert_eq!(asked(place), before);
    });
}

/// The desk in the other place, and its record.
fn home_desk(place: &Place) -> PathBuf {
    place.state.join(format!("claude-homes/pane-{PANE}"))
}

/// How many processes this one has started that are still there.
fn children_of(pid: u32) -> usize {
    read(Path::new(&format!("/proc/{pid}/task/{pid}/children"))).split_whitespace().count()
}

/// What is in a desk, but for the signs of launchers that were there.
fn unsigned(desk: &Path) -> BTreeMap<String, String> {
    let mut tree = tree(desk);
    tree.retain(|path, _| !path.starts_with(".carrel/at-"));
    tree
}

fn record_of(desk: &Path) -> String {
    read(&desk.join(".carrel/record"))
}

#[test]
fn a_pane_whose_plugin_did_not_know_in_time_gets_what_the_fallback_says_from_its_launcher() {
    each_shell(|place| {
        place.seed();
        let ignores = claude(place, "ignores", IGNORES, KNOWS);
        let told = "\nnotice=Opened with the method home instead of config_dir: this Claude (";
        for fallback in ["", "home"] {
            run_with(place, "config_dir", fallback, &ignores).ends_with(0);
            let home = home_desk(place);
            assert_eq!(place.environ().get("HOME"), Some(&home.display().to_string()));
            assert_eq!(place.environ().get("CLAUDE_CONFIG_DIR"), None);
            let record = record_of(&home);
            assert!(record.contains("\nmethod=home\n") && record.contains("\ninstead_of=config_dir\n"), "{record}");
            assert!(record.contains(told) && !place.desk().exists(), "{record}");
        }
        // It stays there, also with a Claude that would honour the variable, which is said.
        let good = claude(place, "good", HONOURS, KNOWS);
        run_with(place, "config_dir", "home", &good).ends_with(0);
        assert!(record_of(&home_desk(place)).contains("since the Claude that it had first did not honour"));
        assert!(!place.desk().exists());
        place.clean().expect(&format!("clean\t{PANE}\tcleaned\n"));
        assert!(!home_desk(place).exists());

        run_with(place, "config_dir", "none", &ignores).ends_with(0);
        for variable in ["CLAUDE_CONFIG_DIR", "CLAUDE_SECURESTORAGE_CONFIG_DIR"] {
            assert_eq!(place.environ().get(variable), None);
        }
        let record = record_of(&place.desk());
        assert!(record.contains("\nmethod=none\n") && record.contains("\ninstead_of=config_dir\n"), "{record}");
        // What nobody knows leaves it as it was; what honours the variable is isolated.
        let stranger = place.script("stranger", "printf x >\"${0%/*}/../log/argv\"\n");
        run_with(place, "config_dir", "none", &stranger).ends_with(0);
        assert!(record_of(&place.desk()).contains("\nmethod=none\n"));
        run_with(place, "config_dir", "none", &good).ends_with(0);
        assert_eq!(place.environ().get("CLAUDE_CONFIG_DIR"), Some(&place.desk().display().to_string()));
        let record = record_of(&place.desk());
        assert!(record.contains("\nmethod=config_dir\n") && record.contains("\ninstead_of=\n"), "{record}");
    });
}

#[test]
fn without_isolation_by_fallback_the_option_shared_dir_does_not_count() {
    each_shell(|place| {
        let ignores = claude(place, "ignores", IGNORES, KNOWS);
        let other = place.top().join("other");
        fs::create_dir_all(&other).unwrap();
        let (program, other) = (ignores.display().to_string(), other.display().to_string());
        let words = Place::run_words(&["--claude", &program, "--shared", &other, "--fallback", "none"]);
        Answer::of(place.carrel(&words).process_group(0).output().unwrap()).ends_with(0);
        assert!(record_of(&place.desk()).contains(&format!("\nshared={}\n", place.shared.display())));
    });
}

#[test]
fn a_conversation_of_another_shared_dir_is_not_left_where_its_claude_would_not_look() {
    each_shell(|place| {
        let other = place.top().join("other");
        fs::create_dir_all(&other).unwrap();
        place.seed_with(&["--shared", other.to_str().unwrap()], other.to_str().unwrap());
        let program = claude(place, "mine", HONOURS, KNOWS);
        let more = ["--claude", program.to_str().unwrap(), "--shared", other.to_str().unwrap(), "--fallback", "none"];
        let run = || place.run(&more);
        run().ends_with(0);
        converse(place, &place.desk());
        claude(place, "mine", IGNORES, KNOWS);
        let before = unsigned(&place.desk());
        run().ends_with(1).says(&format!("does not look into {}", other.display())).says("Put the Claude back");
        assert_eq!(unsigned(&place.desk()), before);
        claude(place, "mine", HONOURS, KNOWS);
        run().ends_with(0);
        assert_eq!(&place.argv()[..2], ["--resume", OTHER]);
        place.cleaned();
        assert!(read(&other.join(format!("projects/-p/{OTHER}.jsonl"))).contains("second"));
    });
}

#[test]
fn a_pane_with_two_desks_of_different_methods_opens_nothing_and_touches_neither() {
    each_shell(|place| {
        place.seed();
        let program = claude(place, "mine", HONOURS, KNOWS);
        run_with(place, "home", "", &program).ends_with(0);
        let aside = place.top().join("aside");
        fs::rename(home_desk(place), &aside).unwrap();
        run_with(place, "config_dir", "", &program).ends_with(0);
        converse(place, &place.desk());
        // A cleaner was killed; and another launcher had begun a desk of the other method.
        fs::create_dir_all(place.leaving().parent().unwrap()).unwrap();
        fs::rename(place.desk(), place.leaving()).unwrap();
        fs::rename(&aside, home_desk(place)).unwrap();
        claude(place, "mine", IGNORES, KNOWS);
        fs::remove_file(place.log.join("argv")).unwrap();
        let before = (unsigned(&place.leaving()), unsigned(&home_desk(place)));
        let answer = run_with(place, "config_dir", "home", &program);
        answer.ends_with(1).says(&home_desk(place).display().to_string()).says("move that away, and keep it");
        assert!(!place.log.join("argv").exists());
        assert_eq!((unsigned(&place.leaving()), unsigned(&home_desk(place))), before);
    });
}

/// What somebody said at a desk, in the second of its conversations.
fn converse(place: &Place, config: &Path) -> PathBuf {
    for (session, word) in [(SESSION, "first"), (OTHER, "second")] {
        let line = format!("{{\"type\":\"user\",\"sessionId\":\"{session}\",\"text\":\"{word}\"}}\n");
        write(&config.join(format!("projects/-p/{session}.jsonl")), &line);
        std::thread::sleep(Duration::from_millis(20));
    }
    place.shared.join(format!("projects/-p/{OTHER}.jsonl"))
}

#[test]
fn a_pane_that_comes_back_with_a_claude_that_ignores_its_desk_takes_its_conversation_along() {
    each_shell(|place| {
        place.seed();
        let program = claude(place, "mine", HONOURS, KNOWS);
        for (fallback, method) in [("home", "home"), ("none", "none")] {
            claude(place, "mine", HONOURS, KNOWS);
            run_with(place, "config_dir", fallback, &program).ends_with(0);
            let kept = converse(place, &place.desk());
            claude(place, "mine", IGNORES, KNOWS);
            // What cannot be kept stays, and nothing is opened.
            write(&place.desk().join("strange"), "whose?");
            let answer = run_with(place, "config_dir", fallback, &program);
            answer.ends_with(1).says("keeping its conversations failed: strange");
            assert!(!place.log.join("argv").exists() && place.leaving().join("strange").exists());
            // Nor is it by somebody else who looks; the Claude that it was made for takes all of it back.
            claude(place, "mine", HONOURS, KNOWS);
            run_with(place, "config_dir", fallback, &program).ends_with(0);
            assert_eq!(&place.argv()[..2], ["--resume", OTHER]);
            assert!(!kept.exists() && !place.leaving().exists());
            fs::remove_file(place.desk().join("strange")).unwrap();
            claude(place, "mine", IGNORES, KNOWS);
            run_with(place, "config_dir", fallback, &program).ends_with(0);
            assert_eq!(&place.argv()[..2], ["--resume", OTHER], "{method}");
            // And so it does from then on, whatever the command line says.
            fs::remove_file(place.log.join("argv")).unwrap();
            run_with(place, "config_dir", fallback, &program).ends_with(0);
            assert_eq!(&place.argv()[..2], ["--resume", OTHER], "{method}, once more");
            let first = place.shared.join(format!("projects/-p/{SESSION}.jsonl"));
            assert!(read(&first).contains("first"), "the other one is where it can be resumed");
            assert!(!place.leaving().exists());
            let desk = if method == "none" { place.desk() } else { home_desk(place) };
            assert!(record_of(&desk).contains(&format!("\nmethod={method}\n")));
            if method == "none" {
                assert!(read(&kept).contains("second"), "where a Claude that is not isolated looks for it");
            } else {
                assert!(!place.desk().exists() && !kept.exists());
                assert!(read(&desk.join(format!(".claude/projects/-p/{OTHER}.jsonl"))).contains("second"));
            }
            place.clean().expect(&format!("clean\t{PANE}\tcleaned\n"));
            assert!(read(&kept).contains("second") && read(&first).contains("first"));
            fs::remove_dir_all(place.shared.join("projects")).unwrap();
        }
    });
}

#[test]
fn a_launcher_that_came_back_is_seen_while_it_asks_a_slow_claude_and_waits_for_who_cleans() {
    each_shell(|place| {
        place.seed();
        let program = claude(place, "mine", HONOURS, KNOWS);
        run_with(place, "config_dir", "home", &program).ends_with(0);
        let kept = converse(place, &place.desk());
        let life = || {
            let scan = place.call(&["scan"]);
            let exits = scan.lines().iter().any(|line| line[0] == "exit");
            (scan.fields("group")[0].clone(), exits)
        };
        assert_eq!(life(), ("dead".to_string(), true));
        // Another program by now, which answers when it may.
        let ignores = read(&claude(place, "mine", IGNORES, KNOWS));
        let waits =
            "case $1 in --version) : >\"$log/waits\"; while [ ! -e \"$log/go\" ]; do sleep 0.01; done ;; esac\n";
        write(&program, &ignores.replacen("/../log\n", &format!("/../log\n{waits}"), 1));
        let words = Place::run_words(&["--claude", program.to_str().unwrap(), "--fallback", "home"]);
        fs::remove_file(place.log.join("argv")).unwrap();
        let launcher = Group::start(place.carrel(&words));
        until("it asks", || place.log.join("waits").exists());
        assert_eq!(life(), ("unknown".to_string(), false), "it is not dead, and no shell has its place");
        assert_eq!(place.call(&["owners"]).fields("owner")[1..3], ["alive", "its launcher is about to begin there"]);
        let words = ["clean", "--pane", PANE, "--server", "1", "--if-nobody"];
        place.call(&words).ends_with(1).says("owned").says("about to begin");
        // Somebody cleans the desk nevertheless: this test.
        let me = std::process::id();
        let claim = place.state.join(format!("leaving/.cleaning-{PANE}"));
        write(&claim, &format!("{me} {}\n", start_of(me)));
        write(&place.log.join("go"), "");
        let pid = launcher.pid();
        until("it was asked", || place.log.join("asked").exists() && children_of(pid) > 0);
        std::thread::sleep(Duration::from_millis(300));
        assert!(place.desk().exists() && !place.log.join("argv").exists());
        fs::remove_file(&claim).unwrap();
        launcher.finish().ends_with(0).says("keeping the conversation");
        assert_eq!(&place.argv()[..2], ["--resume", OTHER]);
        assert!(home_desk(place).exists() && !place.desk().exists() && !kept.exists());
        assert_eq!(life(), ("dead".to_string(), true));
    });
}

#[test]
fn a_launcher_that_waited_for_a_cleaner_does_not_take_the_desk_that_another_launcher_has_made() {
    each_shell(|place| {
        place.seed();
        sleep_little(place);
        let program = claude(place, "mine", HONOURS, KNOWS);
        run_with(place, "config_dir", "home", &program).ends_with(0);
        claude(place, "mine", IGNORES, KNOWS);
        fs::remove_file(place.log.join("argv")).unwrap();
        let (old, new) = (place.top().join("old"), place.top().join("new"));
        let living = Group::start({
            let mut sleeping = place.shell();
            sleeping.args(["-c", "sleep 600"]);
            sleeping
        });
        // What the other pane of a layout that was opened twice is going to make.
        fs::rename(place.desk(), &old).unwrap();
        let pid = living.pid().to_string();
        let desk = place.desk_with(&[("group", &pid), ("group_start", &start_of(living.pid())), ("method", "home")]);
        converse(place, &desk.join(".claude"));
        fs::rename(&desk, &new).unwrap();
        fs::create_dir_all(home_desk(place).parent().unwrap()).unwrap();
        fs::rename(&old, place.desk()).unwrap();
        let kept = converse(place, &place.desk());
        let me = std::process::id();
        let claim = place.state.join(format!("leaving/.cleaning-{PANE}"));
        write(&claim, &format!("{me} {}\n", start_of(me)));
        let words = Place::run_words(&["--claude", program.to_str().unwrap(), "--fallback", "home"]);
        let launcher = Group::start(place.carrel(&words));
        until("it was asked", || place.log.join("asked").exists() && children_of(launcher.pid()) > 0);
        std::thread::sleep(Duration::from_millis(300));
        // It is there first, with the same conversation.
        fs::rename(place.desk(), &old).unwrap();
        fs::rename(&new, home_desk(place)).unwrap();
        let before = unsigned(&home_desk(place));
        fs::remove_file(&claim).unwrap();
        launcher.finish().ends_with(1).says("another Claude is at this desk");
        assert_eq!(unsigned(&home_desk(place)), before);
        assert!(!place.log.join("argv").exists() && !kept.exists());
    });
}

#[test]
fn a_desk_that_is_to_stay_or_at_which_somebody_works_is_not_left_for_another_one() {
    each_shell(|place| {
        place.seed();
        sleep_little(place);
        let program = claude(place, "mine", HONOURS, KNOWS);
        run_with(place, "config_dir", "home", &program).ends_with(0);
        converse(place, &place.desk());
        claude(place, "mine", IGNORES, KNOWS);
        let before = unsigned(&place.desk());
        let words = Place::run_words(&["--claude", program.to_str().unwrap(), "--cleanup", "no"]);
        let answer = Answer::of(place.carrel(&words).process_group(0).output().unwrap());
        answer.ends_with(1).says("cleanup_on_close is false");
        assert_eq!(unsigned(&place.desk()), before);
        // A second pane of a layout that was opened twice.
        let living = Group::start({
            let mut sleeping = place.shell();
            sleeping.args(["-c", "sleep 600"]);
            sleeping
        });
        let pid = living.pid().to_string();
        place.desk_with(&[("group", &pid), ("group_start", &start_of(living.pid()))]);
        let before = unsigned(&place.desk());
        run_with(place, "config_dir", "home", &program)
            .ends_with(1)
            .says("keeping its conversations failed: its processes live");
        assert_eq!(unsigned(&place.desk()), before);
        assert!(!home_desk(place).exists());
        drop(living);
        // A launcher that was stopped before it wrote its record left nothing.
        fs::remove_dir_all(place.desk()).unwrap();
        fs::create_dir_all(place.desk().join(".carrel")).unwrap();
        run_with(place, "config_dir", "home", &program).ends_with(0);
        assert!(home_desk(place).exists() && !place.desk().exists());
    });
}

#[test]
fn a_claude_that_knows_no_shared_login_is_told_of_none_and_the_user_hears_of_it() {
    each_shell(|place| {
        place.seed();
        let older = claude(place, "older", HONOURS, "false");
        let run = |more: &[&str]| {
            let program = older.display().to_string();
            let mut command = place.carrel(&Place::run_words(&[&["--claude", &program], more].concat()));
            command.env("CLAUDE_SECURESTORAGE_CONFIG_DIR", "/mine");
            Answer::of(command.process_group(0).output().unwrap()).ends_with(0);
            read(&place.desk().join(".carrel/record"))
        };
        let record = run(&[]);
        assert_eq!(place.environ().get("CLAUDE_SECURESTORAGE_CONFIG_DIR"), None);
        assert!(
            record.contains("\nlogin=own\n") && !record.contains("\nnotice="),
            "nothing there to be shared: {record}"
        );
        write(&place.shared.join(".credentials.json"), "{}");
        let mut command = place.carrel(&Place::run_words(&["--claude", &older.display().to_string()]));
        Answer::of(command.process_group(0).output().unwrap()).ends_with(0);
        let record = read(&place.desk().join(".carrel/record"));
        assert!(record.contains("\nnotice=This Claude (9.8.7) does not know of a login"), "{record}");
        assert!(run(&["--login", "separate"]).contains("\nlogin=separate\n"));
        // The login that was made there goes with the desk, as a separate one does.
        run(&[]);
        write(&place.desk().join(".credentials.json"), "its own");
        place.cleaned();
        assert_eq!(read(&place.shared.join(".credentials.json")), "{}");
    });
}

#[test]
fn what_stands_in_for_another_method_is_told() {
    each_shell(|place| {
        let words = ["run", "--pane", PANE, "--session", SESSION, "--method", "none", "--instead-of", "config_dir"];
        Answer::of(place.carrel(&words).process_group(0).output().unwrap()).ends_with(0);
        let record = read(&place.desk().join(".carrel/record"));
        assert!(
            record.contains("\nnotice=Opened with the method none instead of config_dir: this Claude ("),
            "{record}"
        );
        assert!(record.contains("\ninstead_of=config_dir\n"));
    });
}
