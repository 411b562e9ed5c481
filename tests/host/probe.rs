//! The probe of a Claude that was never met: what it tells, what it leaves alone, how long it takes, how long it is
//! remembered. The real ones are probed in `tests/real/methods.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::place::*;

/// A program that keeps its state in this dir, and finds a login below HOME where `login` says so.
fn claude(place: &Place, name: &str, state: &str, login: &str) -> PathBuf {
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

const HONOURS: &str = "${CLAUDE_CONFIG_DIR-$HOME}";
const IGNORES: &str = "$HOME";
const KNOWS: &str = "[ \"${CLAUDE_SECURESTORAGE_CONFIG_DIR-x}\" = '' ] && [ -f \"$HOME/.claude/.credentials.json\" ]";

fn probe(place: &Place, program: &std::path::Path) -> Vec<String> {
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
    let impatient = program_text.replace("\n_PROBE_ROUNDS=600\n", "\n_PROBE_ROUNDS=60\n");
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
    until("it is killed", || !std::path::Path::new(&format!("/proc/{}", pid.trim())).exists());
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
fn a_pane_is_never_opened_at_a_desk_that_its_claude_would_not_keep_to() {
    each_shell(|place| {
        place.seed();
        let run = |method: &str, program: &PathBuf| {
            let _ = fs::remove_file(place.log.join("argv"));
            let program = program.display().to_string();
            let words = ["run", "--pane", PANE, "--session", SESSION, "--method", method, "--claude", &program];
            Answer::of(place.carrel(&words).process_group(0).output().unwrap())
        };
        let ignores = claude(place, "ignores", IGNORES, KNOWS);
        run("config_dir", &ignores).ends_with(1).says("does not honour CLAUDE_CONFIG_DIR").says("fallback");
        assert!(!place.desk().exists() && !place.log.join("argv").exists());
        run("home", &ignores).ends_with(0);
        let wrapped = claude(place, "wrapped", &place.top().join("elsewhere").display().to_string(), KNOWS);
        run("config_dir", &wrapped).ends_with(1);
        run("home", &wrapped).ends_with(1).says("neither CLAUDE_CONFIG_DIR nor HOME");
        let before = asked(place);
        run("none", &wrapped).ends_with(0);
        // What tells nothing may try: its report shows where its state lies.
        let stranger = place.script("stranger", "printf x >\"${0%/*}/../log/argv\"\n");
        run("config_dir", &stranger).ends_with(0);
        assert_eq!(asked(place), before);
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
