//! Every isolation method on the real Claude Code: the main job, and what Claude and its children find.

use std::path::{Path, PathBuf};

use zellij_carrel::manager::board::Method;

use crate::desks::{wait_until_kept, words_in, Pane};
use crate::support::claude;
use crate::support::machine::{Machine, User, MEMORY_WORD, SKILL};
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
        let built = Method::ALL.into_iter().filter(|method| method.is_built());
        let order = |method: Method| Pane::order(zellij, "new", &format!("floating=true,method={}", method.word()));
        let panes: Vec<(Method, Pane)> = built.map(|method| (method, order(method))).collect();
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
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let client = zellij.start();
    let all = Isolated::of_every_method(&zellij);
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
        zellij.close_pane(again.terminal);
    }
    for one in &all {
        one.pane.wait_until_gone(&machine);
        let kept = words_in(&wait_until_kept(&machine, &one.session));
        assert!(kept.contains(word(one.method)) && kept.contains("back again"), "{}", one.method.word());
        let question = format!("what was my word, {}?", one.method.word());
        claude::resume(&machine, &one.session, &question).ok();
        assert!(machine.api().wait_for_prompt(&question).mentions(word(one.method)), "{}", one.method.word());
    }
}
