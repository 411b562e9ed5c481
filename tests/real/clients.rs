//! Several clients, one act. Zellij gives each client a clone of the plugin, and each pipe and key to every clone.

use std::time::{Duration, Instant};

use crate::desks::{state_dir, wait_until_kept, Pane};
use crate::support::claude::{prompts, shows_prompt};
use crate::support::machine::Machine;
use crate::support::waiting::{stays, until_every, SLOW_POLL};
use crate::support::zellij::{key, Client, Setup, Zellij};

fn keys() -> Setup {
    Setup::carrel().message_key("Alt c", "new", "").panel_key("Alt p")
}

/// How many panes were opened and not closed: one launcher each.
fn launchers(machine: &Machine) -> usize {
    machine.launchers().len()
}

#[test]
fn one_key_press_opens_one_pane_and_one_pipe_prints_one_answer() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let mut first = zellij.start();
    let mut second = zellij.attach();
    first.press_new(&key::alt('c'), 1);
    first.wait_screen("one prompt", |screen| prompts(screen) == 1);
    second.press_new(&key::alt('c'), 2);
    second.wait_screen("two prompts", |screen| prompts(screen) == 2);
    let answer = zellij.ask("status", "", "");
    assert_eq!(answer["panes"].as_array().map(Vec::len), Some(2));
    // `ask` reads one JSON line; two would not parse.
    let pane = Pane::open(&zellij, "");
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 3));
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    pane.wait_until_gone(&machine);

    second.detach();
    first.press_new(&key::alt('c'), 3);
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 3), "the detached client's clone acted too");
    assert_eq!(zellij.ask("status", "", "")["panes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn what_comes_while_a_clone_is_loading_is_answered_once() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let mut clients = vec![zellij.start(), zellij.attach()];
    zellij.status();
    for _ in 0..4 {
        let mut answers = Vec::new();
        // Zellij hands what comes meanwhile to each clone, as often as there are clones.
        let attached = std::thread::scope(|scope| {
            let attaching = scope.spawn(|| zellij.attach());
            while !attaching.is_finished() {
                answers.push(zellij.pipe("status", "", "").stdout);
            }
            attaching.join()
        });
        clients.push(attached.expect("the client attached"));
        for answer in answers {
            assert!(answer.lines().count() <= 1, "twice: {answer}");
        }
    }
}

#[test]
fn clients_on_two_tabs_see_the_same_board_and_both_panels_work() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let mut first = zellij.start();
    let pane = Pane::open(&zellij, "");
    let mut second = zellij.attach();
    // Zellij may lose what is pressed while a client is still starting: who sees nothing presses again.
    let opened = (0..3).any(|_| {
        second.keys(&key::ctrl('t'));
        second.keys("n");
        let there = |screen: String| (prompts(&screen) == 0 && screen.contains("shell$")).then_some(());
        until_every(SLOW_POLL, Duration::from_secs(5), || there(second.screen())).is_some()
    });
    assert!(opened, "no second tab\n{}", machine.report());
    first.wait_screen("the first tab", shows_prompt);

    let row = format!("#{}", pane.terminal);
    second.press(&key::alt('p'), "the panel of the second client", |screen| {
        screen.contains(&row) && screen.contains("isolated")
    });
    second.keys("n");
    zellij.wait_status("a second pane", |status| status["panes"].as_array().is_some_and(|panes| panes.len() == 2));
    second.wait_screen("it opens where its client is", shows_prompt);
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 2));

    first.press(&key::alt('p'), "the panel of the first client", |screen| screen.matches("isolated").count() >= 2);
    first.keys("x");
    first.wait_text("Close pane");
    first.keys("y");
    zellij.wait_status("one pane is left", |status| status["panes"].as_array().is_some_and(|panes| panes.len() == 1));
    machine.wait("one desk is left", || {
        let desks = std::fs::read_dir(crate::desks::state_dir(&machine).join("claude-configs")).unwrap();
        (desks.count() == 1).then_some(())
    });
}

#[test]
fn a_reloaded_plugin_and_the_clone_of_a_client_that_left_go_on() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let first = zellij.start();
    let second = zellij.attach();
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, "before the client leaves");
    let session = pane.session(&machine);
    // Its clone stays: Zellij does not unload it.
    first.detach();
    let other = Pane::open(&zellij, "");
    zellij.action(&["start-or-reload-plugin", "carrel"]);
    let third = Pane::open(&zellij, "");
    let status = zellij.wait_status("all three are known and isolated", |status| {
        [&pane, &other, &third]
            .iter()
            .all(|pane| pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated"))
    });
    assert_eq!(status["panes"].as_array().map(Vec::len), Some(3));
    zellij.close_pane(pane.terminal);
    pane.wait_until_gone(&machine);
    crate::desks::wait_until_kept(&machine, &session);
    drop(second);
}

/// Makes the host program's next look at the desks, and that one alone, answer with so much that the instance that asked for it
/// crashes while it reads: the answer of a host command goes to no other. No real answer is like that.
fn crash_whoever_looks_next(machine: &Machine) {
    let program = state_dir(machine).join("carrel.sh");
    let marker = machine.path("crash");
    let text = std::fs::read_to_string(&program).unwrap();
    let trap = format!(
        r#"
if [ "$1" = scan ] && rm '{}' 2>/dev/null; then
	printf 'desk\taaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa\tconfigs\nregistry\t1\t1\t1\there\there\t['
	awk 'BEGIN {{ for (i = 0; i < 270000; i++) printf "0," }}'
	printf '0]\nend\n'
	exit
fi
main "$@"
"#,
        marker.display()
    );
    // As a newer version it is not replaced when somebody gets ready again.
    let (newer, main) = ("CARREL_HOST_VERSION=1000000\n", "\nmain \"$@\"\n");
    let crashing = text.replace("CARREL_HOST_VERSION=1\n", newer).replace(main, &trap);
    assert!(crashing.contains(newer) && crashing.contains(&trap));
    let beside = program.with_extension("new");
    std::fs::write(&beside, crashing).unwrap();
    std::fs::rename(beside, program).unwrap();
    std::fs::write(marker, "").unwrap();
}

/// What Zellij's log says of a plugin that wants more memory than it gets, and what it writes over the panels.
const CRASHED: &str = "growth operation limited";

#[test]
fn any_client_answers_the_question_for_all() {
    for answer in ["y", "n"] {
        let machine = Machine::new();
        let zellij = Zellij::new(&machine, &keys().not_granted());
        let mut first = zellij.start();
        first.wait_text("Allow? (y/n)");
        let mut second = zellij.attach();
        // Zellij draws the question for the clients that were there, and the pane alone for one that comes later.
        second.wait_text("- carrel");
        second.press(answer, "the pane goes", |screen| !screen.contains("- carrel"));
        first.wait_screen("the question is answered", |screen| !screen.contains("Allow?"));
        let fits = |screen: &str| match answer {
            "y" => screen.contains("No desks yet"),
            _ => screen.contains("Permission denied"),
        };
        if answer == "y" {
            zellij.wait_until_answering();
        }
        for client in [&mut first, &mut second] {
            client.press(&key::alt('p'), "the panel", fits);
        }
        let asks = || [&first, &second].iter().any(|client| client.screen().contains("Allow?"));
        assert!(stays(Duration::from_secs(3), || !asks()), "{}", machine.report());
    }
}

/// Programs that leave Zellij little of the processor while they live.
struct Busy(Vec<std::process::Child>);

impl Busy {
    fn with(machine: &Machine, loops: usize) -> Self {
        let one = |_| machine.command("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell");
        Self((0..loops).map(one).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn of_clients_that_attach_while_it_loads_none_is_asked_and_no_clone_takes_anothers_grant_for_its_own() {
    for round in 0..3 {
        let machine = Machine::new();
        let zellij = Zellij::new(&machine, &keys());
        let client = |args: &[&str]| Client::spawn(&machine, "a client".to_string(), "zellij", args);
        let busy = Busy::with(&machine, 4);
        let mut clients = vec![client(&["--session", zellij.name()])];
        // A server that has no session yet can end of a client that asks it whether it lives (0.45.1).
        machine.wait("a session", || machine.zellij_log().contains("FirstClientConnected").then_some(()));
        for _ in 0..4 {
            assert!(stays(Duration::from_millis(40 + 50 * round), || true));
            clients.push(client(&["attach", zellij.name()]));
        }
        zellij.wait_until_answering();
        let asks = || clients.iter().any(|client| client.received("Allow? (y/n)"));
        assert!(stays(Duration::from_secs(2), || !asks()), "{}", machine.report());
        drop(busy);
        Pane::open(&zellij, "");
        assert_eq!(launchers(&machine), 1);
    }
}

#[test]
fn a_crashed_actor_is_replaced_within_seconds() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let first = zellij.start();
    let mut second = zellij.attach();
    let third = zellij.attach();
    let pane = Pane::open(&zellij, "");
    pane.say(&zellij, "before the crash");
    let session = pane.session(&machine);
    let shows_row = |screen: &str| screen.contains("isolated") && !screen.contains(CRASHED);
    second.press(&key::alt('p'), "the panel", shows_row);
    for client in [&first, &third] {
        client.wait_screen("the panel", shows_row);
    }

    crash_whoever_looks_next(&machine);
    // The actor holds its caller, and dies: whoever takes its place lets the caller go. One that comes when it is dead already
    // is let go by Zellij, with nothing, as each is until another acts.
    let (answer, took, acts) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| zellij.pipe("check", "", ""));
        machine.wait("the crash", || machine.zellij_log().contains(CRASHED).then_some(()));
        let crashed = Instant::now();
        let (answer, took) = (asking.join().expect("an answer"), crashed.elapsed());
        let is_answered = || (!zellij.pipe("status", "", "").stdout.is_empty()).then(|| crashed.elapsed());
        (answer, took, until_every(SLOW_POLL, Duration::from_secs(15), is_answered))
    });
    assert!(took < Duration::from_secs(15), "{took:?}");
    // Zellij loses an answer now and then.
    let told = answer.stdout.is_empty() || answer.stdout.contains("has fallen silent");
    assert!(answer.code == Some(0) && told, "{answer:?}");
    assert!(acts.is_some(), "nobody acts after the crash\n{}", machine.report());
    let other = Pane::open(&zellij, "");
    assert!(stays(Duration::from_secs(2), || launchers(&machine) == 2));
    let status = zellij.wait_status("both are isolated", |status| {
        [&pane, &other].iter().all(|pane| pane.entry_in(status).is_some_and(|entry| entry["health"] == "isolated"))
    });
    assert_eq!(status["panes"].as_array().map(Vec::len), Some(2));
    // Those that live have painted over Zellij's error, which stays where the dead one would have to.
    second.keys(&key::alt('p'));
    machine.wait("the panels of two clients whose clones live, and of one whose clone is dead", || {
        let screens = [&first, &second, &third].map(|client| client.screen());
        let count = |fits: &dyn Fn(&str) -> bool| screens.iter().filter(|screen| fits(screen)).count();
        (count(&shows_row) == 2 && count(&|screen| screen.contains(CRASHED)) == 1).then_some(())
    });
    zellij.ask("close", &format!("pane={}", pane.pane), "");
    pane.wait_until_gone(&machine);
    wait_until_kept(&machine, &session);
    zellij.wait_status("one is left", |status| status["panes"].as_array().is_some_and(|panes| panes.len() == 1));
    assert_eq!(machine.zellij_log().matches(CRASHED).count(), 1, "the dead one goes on crashing");

    // As the README says. Zellij may ask again where another plugin is granted in that moment (decision 0016); nobody may be
    // left behind.
    zellij.action(&["start-or-reload-plugin", "carrel"]);
    let asks = |screen: &str| screen.contains("Allow? (y/n)");
    let (mut clients, mut asked) = ([first, second, third], 0);
    machine.wait("the panel after the reload", || {
        for client in clients.iter_mut().filter(|client| asks(&client.screen())) {
            client.keys("y");
            asked += 1;
            until_every(SLOW_POLL, Duration::from_secs(2), || (!asks(&client.screen())).then_some(()));
        }
        clients.iter().all(|client| shows_row(&client.screen())).then_some(())
    });
    assert!(asked <= 1, "asked {asked} times");
    assert_eq!(launchers(&machine), 1);
}

#[test]
fn a_message_of_megabytes_is_passed_over_and_kills_no_clone() {
    let machine = Machine::new();
    let zellij = Zellij::new(&machine, &keys());
    let _clients = [zellij.start(), zellij.attach()];
    zellij.status();
    let send = |text: String| {
        let answer = zellij.pipe_file("new", &machine.write("long", text + "\n"));
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer.stdout
    };
    // Asked again where Zellij lost it.
    let answer = (0..10).map(|_| send("x".repeat(300_000))).find(|answer| !answer.is_empty()).expect("an answer");
    assert!(answer.contains("is not a JSON object"), "{answer}");
    assert_eq!(send("x".repeat(4_000_000)), "");
    let told = || machine.zellij_log().matches("is too long").count();
    machine.wait("both clones have said so", || (told() == 2).then_some(()));
    assert!(!machine.zellij_log().contains("Failed to apply event to plugin"));
    Pane::open(&zellij, "");
    assert_eq!(launchers(&machine), 1);
}
