//! Every isolation method on the real Claude Code: the main job, and what Claude and its children find.

use std::fs;
use std::path::{Path, PathBuf};

use zellij_carrel::manager::board::Method;

use crate::desks::{wait_until_kept, words_in, Pane};
use crate::support::claude;
use crate::support::machine::{tool, Machine, User, MEMORY_WORD, SKILL};
use crate::support::zellij::{Setup, Zellij};

/// A pane with its method, and where its Claude's state lies.
struct Isolated {
    method: Method,
    pane: Pane,
    state: PathBuf,
    session: String,
}

impl Isolated {
    /// Opens a pane of each method, all at once.
    fn of_every_method(zellij: &Zellij) -> Vec<Self> {
        let machine = zellij.machine();
        let order = |method: Method| Pane::order(zellij, "new", &format!("floating=true,method={}", method.word()));
        let panes: Vec<(Method, Pane)> = Method::ALL.into_iter().map(|method| (method, order(method))).collect();
        panes
            .into_iter()
            .map(|(method, pane)| {
                pane.wait_for_prompt(zellij);
                pane.say(zellij, &format!("my word is {}", word(method)));
                let state = if method.isolates() { pane.desk.clone() } else { machine.at_home(".claude") };
                let session = session_with(machine, &state, word(method));
                Isolated { method, pane, state, session }
            })
            .collect()
    }

    /// What the others are not: its Claude has this method's variable of its own, and is in a box or not.
    #[track_caller]
    fn assert_told_by_its_method(&self, machine: &Machine) {
        let children = machine.claudes();
        let child = children.iter().find(|claude| claude.env.get("CARREL_PANE") == Some(&self.pane.pane));
        let child = child.unwrap_or_else(|| panic!("no Claude of {}\n{}", self.method.word(), machine.report()));
        let world = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid")).unwrap();
        let is = |name: &str, path: &Path| child.env.get(name).is_some_and(|value| Path::new(value) == path);
        let told = (
            is("CLAUDE_CONFIG_DIR", &self.state),
            child.env.contains_key("CLAUDE_CONFIG_DIR"),
            is("HOME", &machine.home()),
            self.state.parent().is_some_and(|home| is("HOME", home)),
            world(&child.pid.to_string()) != world("self"),
        );
        let expected = match self.method {
            Method::ConfigDir => (true, true, true, false, false),
            Method::Home => (false, false, false, true, false),
            Method::None => (false, false, true, true, false),
            Method::Container => (true, true, true, false, true),
        };
        assert_eq!(told, expected, "{}: {:#?}", self.method.word(), child.env);
    }
}

fn word(method: Method) -> &'static str {
    ["APRICOT", "BANANA", "CHERRY", "DAMSON"][Method::ALL.iter().position(|other| *other == method).unwrap()]
}

/// The conversation in which somebody said that and was answered.
#[track_caller]
fn session_with(machine: &Machine, state: &Path, word: &str) -> String {
    machine.wait(&format!("a transcript with {word} in {}", state.display()), || {
        let mut all = claude::transcripts(state).into_iter();
        all.find(|(_, file)| words_in(file).contains(&format!("Noted: my word is {word}"))).map(|(session, _)| session)
    })
}

#[test]
fn the_main_job_is_done_by_every_method_side_by_side() {
    let machine = Machine::of(&User { login: true, mcp_server: true, ..User::normal() });
    machine.write(".gitconfig", "[user]\n\tname = Ann Reader\n");
    let [settings, login] = [".claude/settings.json", ".claude/.credentials.json"].map(|part| machine.read(part));
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let all = Isolated::of_every_method(&zellij);
    all.iter().for_each(|one| one.assert_told_by_its_method(&machine));
    for Isolated { method, .. } in &all {
        let request = machine.api().wait_for_prompt(&format!("my word is {}", word(*method)));
        assert!(request.mentions(MEMORY_WORD) && request.mentions(SKILL), "{}", method.word());
        assert_eq!(request.body.to_string().matches(MEMORY_WORD).count(), 1, "{}", method.word());
    }
    let healthy = |status: &serde_json::Value| {
        all.iter().all(|one| {
            let entry = one.pane.entry_in(status).unwrap_or_default();
            entry["method"] == one.method.word()
                && entry["state"] == "idle"
                && entry["health"] == if one.method.isolates() { "isolated" } else { "unknown" }
        })
    };
    zellij.wait_status("each with its method and health", healthy);

    zellij.save();
    zellij.kill_server();
    drop(client);
    machine.wait("every Claude is gone", || machine.claudes().is_empty().then_some(()));
    let _client = zellij.resurrect(true);
    let status = zellij.wait_status("each is back with its own method", healthy);
    for one in &all {
        let entry = one.pane.entry(&status);
        assert_eq!(entry["session"], one.session.as_str(), "{}", one.method.word());
        let again = Pane { terminal: entry["terminal"].as_u64().unwrap(), ..one.pane.clone() };
        one.assert_told_by_its_method(&machine);
        let words = format!("back again with {}", one.method.word());
        again.say(&zellij, &words);
        let request = machine.api().wait_for_prompt(&words);
        assert!(request.mentions(word(one.method)) && request.session.as_ref() == Some(&one.session));
        for other in all.iter().filter(|other| other.method != one.method) {
            assert!(!request.mentions(word(other.method)), "{} has {}", one.method.word(), other.method.word());
        }
        let said = format!("Noted: {words}");
        machine.wait("it is written down", || {
            words_in(&claude::transcript(&one.state, &one.session)?).contains(&said).then_some(())
        });
        if one.method == Method::Home {
            // Of what home_symlinks names by default, this user has one.
            let link = fs::read_link(one.state.with_file_name(".gitconfig")).unwrap();
            assert_eq!(link, machine.at_home(".gitconfig"));
            fs::write(one.state.with_file_name("draft.txt"), "by a program").unwrap();
        }
        zellij.close_pane(again.terminal);
    }
    // Each is cleaned in its own way: what a program put into a HOME goes to the user's, what was the user's own stays.
    for one in &all {
        one.pane.wait_until_gone(&machine);
        let kept = words_in(&wait_until_kept(&machine, &one.session));
        assert!(kept.contains(word(one.method)) && kept.contains("back again"), "{}", one.method.word());
    }
    machine.wait("nothing is left in any box", || machine.claudes().is_empty().then_some(()));
    assert_eq!(machine.read("draft.txt"), "by a program");
    assert_eq!(machine.read(".claude/settings.json"), settings);
    assert_eq!(machine.read(".claude/.credentials.json"), login);
    // Each goes on with its own once more, isolated as before.
    let order = |one: &Isolated| {
        let args = format!("floating=true,session={},method={}", one.session, one.method.word());
        Pane::order(&zellij, "resume", &args)
    };
    let resumed: Vec<Pane> = all.iter().map(order).collect();
    for (one, pane) in all.iter().zip(&resumed) {
        pane.wait_for_prompt(&zellij);
        let question = format!("what was my word, {}?", one.method.word());
        pane.say(&zellij, &question);
        let request = machine.api().wait_for_prompt(&question);
        assert!(request.mentions(word(one.method)) && request.session.as_ref() == Some(&one.session));
    }
}

/// A Claude that knows no shared login.
fn older_claude() -> PathBuf {
    tool("CARREL_OLDER_CLAUDE")
}

/// Wrappers around the real Claude, as users have them: one drops the variable, one leads everything to a dir of its own.
fn wrappers(machine: &Machine) -> [PathBuf; 2] {
    let claude = machine.path("bin/claude").canonicalize().unwrap();
    let elsewhere = machine.at_home("elsewhere");
    let write = |name: &str, body: &str| {
        let text = format!("#!/bin/sh\n{body}\nexec '{}' \"$@\"\n", claude.display());
        let path = machine.write(name, text);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path
    };
    let fixed = format!("export HOME='{0}' CLAUDE_CONFIG_DIR='{0}'", elsewhere.display());
    [write("wrap/ignores", "unset CLAUDE_CONFIG_DIR"), write("wrap/fixed", &fixed)]
}

#[test]
fn a_probe_tells_the_real_claudes_apart_and_touches_nothing_of_the_users() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    let [ignores, fixed] = wrappers(&machine);
    let program = machine.write("state/carrel.sh", zellij_carrel::host::PROGRAM);
    let before = machine.shared_state();
    let probe = |claude: &Path| {
        let answer = machine.run("sh", &[program.to_str().unwrap(), "probe", claude.to_str().unwrap()]);
        answer.ok().split('\t').map(|field| field.trim().to_owned()).skip(1).collect::<Vec<_>>()
    };
    let newest = machine.path("bin/claude").canonicalize().unwrap();
    assert_eq!(probe(&newest), ["yes", "yes", "unknown", "2.1.330 (Claude Code)"]);
    assert_eq!(probe(&older_claude()), ["yes", "no", "unknown", "2.1.120 (Claude Code)"]);
    assert_eq!(probe(&ignores)[..3], ["no", "unknown", "yes"]);
    assert_eq!(probe(&fixed)[..3], ["no", "unknown", "no"]);
    before.assert_unchanged(&machine.shared_state(), &[]);
    let others =
        std::fs::read_dir(machine.home()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut others: Vec<String> = others.collect();
    others.sort();
    assert_eq!(others, [".claude", ".claude.json", "elsewhere", "project", "state", "wrap"]);
}

#[test]
fn the_fallback_decides_what_opens_with_a_claude_that_ignores_the_variable_and_an_older_one_is_told_apart() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    let [ignores, _] = wrappers(&machine);
    let older = older_claude();
    // Both are known already: how long a probe takes is not what this is about.
    let program = machine.write(".local/state/carrel/carrel.sh", zellij_carrel::host::PROGRAM);
    for claude in [&ignores, &older] {
        machine.run("sh", &[program.to_str().unwrap(), "probe", claude.to_str().unwrap()]).ok();
    }
    let cases: [(&str, &Path, &str, &str, &str, &str); 3] = [
        ("one", &ignores, "home", "home", "isolated", "instead of config_dir"),
        ("two", &ignores, "none", "none", "unsupported", "instead of config_dir"),
        ("three", &older, "refuse", "config_dir", "", "needs one of its own"),
    ];
    let mut sessions = Vec::new();
    for (name, claude, fallback, method, health, words) in cases {
        let setup = Setup::carrel().option("claude", claude.to_str().unwrap()).option("fallback", fallback);
        let zellij = Zellij::new(&machine, &setup).session(name);
        let client = zellij.start();
        let pane = Pane::order(&zellij, "new", "");
        zellij.wait_status(&format!("{method} with {fallback}"), |status| {
            let entry = pane.entry_in(status).unwrap_or_default();
            entry["method"] == method
                && entry["problems"].to_string().contains(words)
                && (health.is_empty() || entry["health"] == health)
        });
        sessions.push((zellij, client));
    }
    let setup = Setup::carrel().option("claude", ignores.to_str().unwrap()).option("fallback", "refuse");
    let zellij = Zellij::new(&machine, &setup).session("four");
    let _client = zellij.start();
    let error = zellij.ask("new", "", "")["error"].to_string();
    assert!(error.contains("does not honour CLAUDE_CONFIG_DIR") && error.contains("refuse"), "{error}");
    // What is still being asked is unknown; and one that has only begun may answer that it is not ready.
    let checked = |zellij: &Zellij| {
        machine.wait("the probe's answer", || {
            let check = zellij.ask("check", "", "");
            let honours = check["claude"]["honours_config_dir"].as_str();
            honours.is_some_and(|honours| honours != "unknown").then_some(check)
        })
    };
    let check = checked(&zellij);
    let problems = check["problems"].to_string();
    assert!(problems.contains("does not honour CLAUDE_CONFIG_DIR") && problems.contains("No pane"), "{problems}");
    let found = |program: &Path, honours: &str, shares: &str| {
        let program = program.to_str().unwrap();
        serde_json::json!({"program": program, "honours_config_dir": honours, "shares_login": shares})
    };
    assert_eq!(check["claude"], found(&ignores, "no", "unknown"));
    assert_eq!(checked(&sessions[2].0)["claude"], found(&older, "yes", "no"));
    let claude = machine.processes().into_iter().find(|process| process.program.as_deref() == Some(&*older));
    let claude = claude.unwrap_or_else(|| panic!("no older Claude runs\n{}", machine.report()));
    assert!(
        !claude.env.contains_key("CLAUDE_SECURESTORAGE_CONFIG_DIR"),
        "an older Claude is told of a login it cannot share"
    );
}

#[test]
fn a_pane_whose_claude_was_replaced_by_one_that_ignores_its_desk_goes_on_by_the_fallback() {
    let machine = Machine::of(&User { login: true, ..User::normal() });
    let claude = machine.path("bin/claude").canonicalize().unwrap();
    let install = |body: &str| {
        let mine = machine.write("mine/claude.new", format!("#!/bin/sh\n{body}\nexec '{}' \"$@\"\n", claude.display()));
        std::fs::set_permissions(&mine, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let to = mine.with_file_name("claude");
        std::fs::rename(&mine, &to).unwrap();
        to
    };
    for (name, method, health) in [("one", "home", "isolated"), ("two", "none", "unsupported")] {
        let mine = install(":");
        let setup = Setup::carrel().option("claude", mine.to_str().unwrap()).option("fallback", method);
        let zellij = Zellij::new(&machine, &setup).session(name);
        let _client = zellij.start();
        let expected =
            serde_json::json!({"program": mine.to_str().unwrap(), "honours_config_dir": "yes", "shares_login": "yes"});
        machine.wait("the probe", || (zellij.ask("check", "", "")["claude"] == expected).then_some(()));
        let pane = Pane::open(&zellij, "");
        let words = format!("my fallback is {method}");
        pane.say(&zellij, &words);
        let session = pane.session(&machine);
        zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
        zellij.type_line(pane.terminal, "/exit");
        zellij.wait_status("it has ended", |status| pane.entry(status)["state"] == "exited");
        // An update, so to speak: the next run is of another program at the same path.
        install("unset CLAUDE_CONFIG_DIR");
        zellij.type_into(pane.terminal, "\r");
        let status = zellij.wait_status(&format!("it goes on with {method}"), |status| {
            // Which is there all the time: no shell was taken to have its place.
            let entry = pane.entry(status);
            entry["method"] == method && entry["health"] == health && entry["state"] == "idle"
        });
        let entry = pane.entry(&status);
        assert_eq!(entry["session"], session.as_str(), "{method}");
        assert!(entry["problems"].to_string().contains(&format!("method {method} instead of config_dir")), "{entry:#}");
        let again = format!("back with {method}");
        pane.say(&zellij, &again);
        assert!(machine.api().wait_for_prompt(&again).mentions(&words), "{method}: the conversation is the same one");
        zellij.close_pane(pane.terminal);
        pane.wait_until_gone(&machine);
        let kept = words_in(&wait_until_kept(&machine, &session));
        assert!(kept.contains(&words) && kept.contains(&again), "{method}");
    }
}

/// What Claude wrote, from a trace of it: every path that it made, opened for writing, renamed to, linked, or bound a socket to.
fn written(trace: &str) -> Vec<String> {
    let mut paths = std::collections::BTreeSet::new();
    for line in trace.lines().filter(|line| !line.contains(" = -1 ")) {
        let Some((call, rest)) = line.split_once('(') else { continue };
        let call = call.rsplit(' ').next().unwrap_or_default();
        let names: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
        let path = match call {
            "openat" | "open" if ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| rest.contains(flag)) => {
                names.first()
            }
            "creat" | "mkdir" | "mkdirat" | "mknod" | "mknodat" => names.first(),
            "rename" | "renameat" | "renameat2" | "link" | "linkat" | "symlink" | "symlinkat" => names.get(1),
            "bind" if rest.contains("sun_path") => names.first(),
            _ => None,
        };
        paths.extend(path.filter(|path| path.starts_with('/')).map(|path| (*path).to_owned()));
    }
    paths.into_iter().collect()
}

/// What the manual says of each method: where it writes outside of its desk. The rows of docs/isolation.md, by their first
/// cell, with the methods that have a cross.
fn documented() -> Vec<(String, Vec<Method>)> {
    let manual = include_str!("../../docs/isolation.md");
    let section = manual
        .split("\n## What is written outside of the desk\n")
        .nth(1)
        .expect("the section")
        .split("\n## ")
        .next()
        .unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let place = cells[0].split('`').nth(1).unwrap().to_owned();
        let crosses = Method::ALL.into_iter().zip(&cells[2..]).filter(|(_, cell)| **cell == "×");
        (place, crosses.map(|(method, _)| method).collect())
    })
    .collect()
}

/// Whether a path lies at a place of the manual, in which `…` stands for the rest of a name; or is a folder on the way there.
fn fits(place: &str, path: &str) -> bool {
    let pairs = place.trim_end_matches('/').split('/').zip(path.split('/'));
    pairs.into_iter().all(|(told, found)| match told.strip_suffix('…') {
        Some(beginning) => found.starts_with(beginning),
        None => told == found,
    })
}

#[test]
fn what_each_method_writes_outside_of_its_desk_is_what_the_manual_says_and_a_container_writes_nothing() {
    let machine = Machine::of(&User { mcp_server: true, ..User::normal() });
    machine.unset_env("CLAUDE_CODE_TMPDIR");
    let claude = machine.path("bin/claude").canonicalize().unwrap();
    assert!(!claude.starts_with("/tmp"), "a box has a /tmp of its own: have Claude Code elsewhere (CARREL_CACHE)");
    let calls =
        "openat,open,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,bind";
    let wrapper = machine.write(
        "traced/claude",
        format!(
            "#!/bin/sh\n[ \"$1\" = --session-id ] || exec '{0}' \"$@\"\n\
             exec strace -f -qq -s 400 --seccomp-bpf -e trace={calls} -o \"$PWD/trace-$CARREL_PANE\" '{0}' \"$@\"\n",
            claude.display()
        ),
    );
    std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let zellij = Zellij::new(&machine, &Setup::carrel().option("claude", wrapper.to_str().unwrap()));
    let _client = zellij.start();
    let order = |method: Method| Pane::order(&zellij, "new", &format!("floating=true,method={}", method.word()));
    let panes: Vec<(Method, Pane)> = Method::ALL.into_iter().map(|method| (method, order(method))).collect();
    for (method, pane) in &panes {
        pane.wait_for_prompt(&zellij);
        pane.say(&zellij, &format!("hello {}", method.word()));
        zellij.type_line(pane.terminal, &format!("run: touch made-{}", method.word()));
    }
    for (method, pane) in &panes {
        machine.wait("the tool has run", || {
            // The dialog takes no key in its first moments.
            if claude::shows_permission_question(&zellij.pane_text(pane.terminal)) {
                zellij.type_into(pane.terminal, "\r");
            }
            machine.project().join(format!("made-{}", method.word())).exists().then_some(())
        });
    }
    let entries = |status: &serde_json::Value| -> Vec<serde_json::Value> {
        panes.iter().map(|(_, pane)| pane.entry_in(status).unwrap_or_default()).collect()
    };
    let idle =
        zellij.wait_status("all have answered", |status| entries(status).iter().all(|pane| pane["state"] == "idle"));
    for (_, pane) in &panes {
        zellij.type_line(pane.terminal, "/clear");
    }
    let before = entries(&idle);
    zellij.wait_status("all have a new page", |status| {
        entries(status)
            .iter()
            .zip(&before)
            .all(|(now, then)| now["session"] != then["session"] && now["state"] == "idle")
    });
    for (_, pane) in &panes {
        zellij.type_line(pane.terminal, "/exit");
    }
    zellij.wait_status("all have ended", |status| {
        panes.iter().all(|(_, pane)| pane.entry_in(status).is_some_and(|entry| entry["state"] == "exited"))
    });
    let state = crate::desks::state_dir(&machine).display().to_string();
    let home = machine.home().display().to_string();
    let table = documented();
    for (method, pane) in &panes {
        let trace = machine.project().join(format!("trace-{}", pane.pane));
        let trace = std::fs::read_to_string(&trace).unwrap_or_else(|why| panic!("{}: {why}", trace.display()));
        let own = format!("pane-{}", pane.pane);
        let project = machine.project().display().to_string();
        let outside = written(&trace).into_iter().filter(|path| {
            let at_desk = path.starts_with(&state) && path.contains(&own);
            // In its box `/tmp` is a folder of the desk.
            let caught = method.needs_runtime() && path.starts_with("/tmp/") && !path.starts_with(&home);
            !(at_desk
                || caught
                || path.starts_with(&project)
                || path.starts_with("/dev/")
                || path.starts_with("/proc/"))
        });
        let outside: Vec<String> = outside.map(|path| path.replace(&home, "~")).collect();
        // Places that a test's machine has of its own.
        let at = |part: &str| machine.path(part).display().to_string();
        let elsewhere = [(at("s"), "/tmp/zellij-0"), (at("run"), "/tmp"), (at("tmp"), "/tmp")];
        let told: Vec<&str> =
            table.iter().filter(|(_, methods)| methods.contains(method)).map(|(place, _)| place.as_str()).collect();
        let is_told = |path: &str| {
            let path = elsewhere.iter().fold(path.to_owned(), |path, (from, to)| path.replace(from, to));
            told.iter().any(|place| fits(place, &path))
        };
        let untold: Vec<&String> = outside.iter().filter(|path| !is_told(path)).collect();
        assert!(untold.is_empty(), "{} writes what the manual does not say: {untold:#?}", method.word());
        assert_eq!(outside.is_empty(), told.is_empty(), "{}: {outside:#?}", method.word());
        assert!(trace.lines().count() > 50, "the trace of {} is too short to prove anything", method.word());
    }
}
