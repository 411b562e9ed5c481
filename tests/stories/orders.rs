//! The same facts in every order, and seeded random runs: what must hold whatever happens and however late it is told.

use std::collections::BTreeSet;

use zellij_carrel::manager::event::{Event, Key};
use zellij_carrel::manager::ids::{CallId, DeskId, TerminalId};

use crate::disk::Place;
use crate::world::{desk_in, CallNo, Did, World};

/// A small generator, so that a seed tells the whole run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let at = usize::try_from(self.below(from.len().max(1) as u64)).unwrap();
        from.get(at).copied()
    }
}

fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![vec![]];
    }
    let each = |at: usize| {
        let mut rest = of.to_vec();
        let first = rest.remove(at);
        permutations(&rest).into_iter().map(move |mut tail| {
            tail.insert(0, first);
            tail
        })
    };
    (0..of.len()).flat_map(each).collect()
}

#[test]
fn the_facts_around_a_closing_lead_to_one_end_in_every_order() {
    for order in permutations(&[0, 1, 2, 3, 4]) {
        let mut zellij = World::new().clients(2).ready();
        let (desk, other) = (zellij.open(), zellij.open());
        let terminal = zellij.terminal_of(desk);
        let before = zellij.panes.clone();
        zellij.lists(false);
        // It closes now; in which order that is told is another matter.
        zellij.vanish(terminal);
        let after = zellij.panes.clone();
        for fact in &order {
            match fact {
                0 => zellij.say_closed(terminal),
                1 => zellij.stale_list(&before),
                2 => zellij.stale_list(&after),
                3 => zellij.ring(Some(desk), "SessionEnd"),
                _ => zellij.happens(1, Event::TimeCame),
            }
            zellij.pass(120);
        }
        zellij.lists(true);
        zellij.pass(20_000);
        assert!(!zellij.disk.desks.contains_key(&desk), "{order:?}");
        assert!(zellij.disk.desks.contains_key(&other), "{order:?}");
        assert!(!zellij.is_marked(desk) && !zellij.is_marked(other), "{order:?}");
        let board = zellij.board(1);
        assert_eq!(board.desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), [other], "{order:?}");
        assert!(board.leaving.is_empty(), "{order:?}");
        assert_eq!(zellij.board(2), board, "{order:?}");
    }
}

#[test]
fn the_facts_around_an_opening_lead_to_one_end_in_every_order() {
    for order in permutations(&[0, 1, 2, 3, 4]) {
        let mut zellij = World::new().clients(2).ready();
        let other = zellij.open();
        let before = zellij.panes.clone();
        zellij.lists(false);
        let call = zellij.send("new", &[("cwd", "/code")]);
        for fact in &order {
            match fact {
                0 => zellij.stale_list(&before),
                1 => zellij.stale_list(&zellij.panes.clone()),
                2 => zellij.happens(1, Event::TimeCame),
                3 => zellij.ring(zellij.panes.last().and_then(|pane| pane.desk), "SessionStart"),
                _ => zellij.happens(2, Event::PaneClosed(TerminalId(99))),
            }
            zellij.pass(7);
        }
        zellij.lists(true);
        zellij.pass(20_000);
        let desk = desk_in(&zellij.answer(call));
        let board = zellij.board(1);
        assert_eq!(board.desks.iter().map(|desk| desk.pane).collect::<Vec<_>>(), [other, desk], "{order:?}");
        assert_eq!(zellij.board(2), board, "{order:?}");
        assert_eq!((zellij.opened(), zellij.hosts_named("clean")), (2, 0), "{order:?}");
        assert!(zellij.panes.iter().all(|pane| pane.title == "claude"), "{order:?}");
    }
}

/// What a random run has done so far.
#[derive(Default)]
struct Run {
    wishes: usize,
    calls: Vec<CallNo>,
    /// Closed while somebody knew the pane: these must be cleaned in the end.
    closed: BTreeSet<DeskId>,
    /// The clock is set back and forward: a caller may wait in vain then.
    clocks: bool,
    /// Clones crash, sleep and are reloaded: another one may take their place without knowing whom they had answered.
    silences: bool,
}

fn random_event(zellij: &mut World, chance: &mut Chance, run: &mut Run) {
    let terminals: Vec<u32> = zellij.panes.iter().map(|pane| pane.terminal).collect();
    let terminal = chance.one_of(&terminals);
    let desk = terminal.and_then(|t| zellij.panes.iter().find(|pane| pane.terminal == t)).and_then(|pane| pane.desk);
    let there = zellij.clients_there();
    let client = chance.one_of(&there).unwrap_or(1);
    let what = chance.below(if run.clocks { 35 } else { 32 });
    zellij.note(format!("random event {what} at terminal {terminal:?}, client {client}"));
    match what {
        0..=3 if zellij.panes.len() < 6 => {
            run.wishes += 1;
            run.calls.push(zellij.send("new", &[("cwd", "/code")]));
        }
        4 if zellij.panes.len() < 6 => {
            run.wishes += 1;
            run.calls.push(zellij.send("new", &[("in_place", "true")]));
        }
        5..=7 => {
            if let Some(terminal) = terminal {
                run.closed.extend(desk);
                if what == 5 {
                    zellij.vanish(terminal);
                } else {
                    zellij.close(terminal);
                }
            }
        }
        8 | 9 => run.calls.push(zellij.send("status", &[])),
        10 => run.calls.push(zellij.send("check", &[])),
        11 => {
            if let Some(desk) = desk {
                run.calls.push(zellij.send("close", &[("pane", &desk.to_string())]));
                run.closed.insert(desk);
            }
        }
        12 | 13 => {
            if let Some(terminal) = terminal {
                zellij.exit(terminal, i32::from(what == 12));
            }
        }
        14 => {
            if let Some(terminal) = terminal.filter(|t| zellij.panes.iter().any(|p| p.terminal == *t && p.held)) {
                zellij.rerun(terminal);
            }
        }
        15 | 16 => zellij.ring(desk, "Stop"),
        17 => {
            if let Some(desk) = desk {
                zellij.claude_becomes(
                    desk,
                    ["busy", "idle", "waiting"][usize::try_from(chance.below(3)).unwrap()],
                    None,
                );
            }
        }
        18 => {
            let key = [Key::Up, Key::Down, Key::Enter, Key::Esc, Key::Home, Key::Char('j'), Key::Other];
            zellij.press_key(client, chance.one_of(&key).unwrap());
        }
        19 => zellij.show_panel(client, chance.below(2) == 0),
        20 => zellij.happens(client, Event::Scrolled(3)),
        21 => {
            let call = CallId(chance.below(50));
            zellij.happens(client, Event::SliceRead { call, bytes: Ok(vec![]) });
        }
        22 => zellij.say_closed(999),
        23 => {
            zellij.plain_pane("vim");
        }
        24 => zellij.slow("scan", [8, 400, 3_000][usize::try_from(chance.below(3)).unwrap()]),
        25 => zellij.slow("clean", [8, 900, 4_000][usize::try_from(chance.below(3)).unwrap()]),
        26 => zellij.disk.full = (chance.below(2) == 0).then(|| "the disk is full".to_string()),
        27 => {
            zellij.lag.insert(client, chance.below(400));
        }
        28 => zellij.disk.write_file(br#"{"theme":"light"}"#),
        29 => {
            if let Some(terminal) = terminal.filter(|t| zellij.panes.iter().any(|p| p.terminal == *t && p.held)) {
                run.closed.extend(desk);
                zellij.drop_to_shell(terminal);
            }
        }
        30 => zellij.rename_session(["main", "work"][usize::try_from(chance.below(2)).unwrap()]),
        // Not in the very moment in which several clones take in one message: one of them might think the other one gone.
        33 | 34 => {
            zellij.pass(1_000);
            let ms = [10, 4_000, 3_600_000][usize::try_from(chance.below(3)).unwrap()];
            if what == 33 {
                zellij.set_clock_forward(ms);
            } else {
                zellij.set_clock_back(ms);
            }
        }
        _ => zellij.says(["scan", "clean", "is-dir", "seed-out"][usize::try_from(chance.below(4)).unwrap()], ""),
    }
}

/// Whatever happens: a desk whose pane is there is there too (the world refuses its deletion), and each conversation lies in
/// the shared dir or at a desk that is there.
fn nothing_is_lost(zellij: &World) {
    for (session, (_, place)) in &zellij.disk.conversations {
        if let Place::Desk(desk) = place {
            assert!(zellij.disk.desks.contains_key(desk), "{session} went with its desk\n{}", zellij.story_of(*desk));
        }
    }
    for pane in zellij.panes.iter().filter(|pane| pane.talked) {
        let desk = pane.desk.unwrap();
        assert!(zellij.disk.desks.contains_key(&desk), "its pane is there\n{}", zellij.story_of(desk));
    }
}

fn must_hold(zellij: &World, run: &Run) {
    nothing_is_lost(zellij);
    let told = || zellij.last_lines(40);
    assert!(zellij.opened() <= run.wishes, "one open per wish: {} of {}\n{}", zellij.opened(), run.wishes, told());
    // The rest was looked at before.
    for call in zellij.all_calls().iter().rev().take(60) {
        // Who takes the place of one that is silent does not know whom that had answered, or will answer when it wakes: its
        // own line mostly comes when the caller is not there any more, but a slow clone may keep the caller there.
        let both = call.lines.iter().chain(&call.lost);
        let answers = both.filter(|line| !(run.silences && line.contains("has fallen silent"))).count();
        assert!(answers <= 1, "one answer per caller: {call:?}\n{}", told());
        assert!(call.name != "carrel_bell" || answers == 0);
    }
    for client in zellij.clients_there() {
        assert!(zellij.timers(client) <= 60, "{} timers", zellij.timers(client));
    }
}

fn no_more_faults(zellij: &mut World, run: &Run) {
    zellij.mend();
    zellij.pass(20_000);
    // What failed last is tried again a minute later.
    let until = zellij.now + 120_000;
    let waits = |zellij: &World| {
        let desks = run.closed.iter().filter(|desk| zellij.pane_of(**desk).is_none());
        !zellij.cache.marks.is_empty() || desks.into_iter().any(|desk| zellij.disk.desks.contains_key(desk))
    };
    while zellij.now < until && waits(zellij) {
        zellij.pass(5_000);
    }
    // The other panels follow at their next tick.
    zellij.pass(3_000);
}

fn all_is_well(zellij: &mut World, run: &Run) {
    for desk in &run.closed {
        if zellij.pane_of(*desk).is_none() {
            let told = zellij.story_of(*desk);
            assert!(!zellij.disk.desks.contains_key(desk), "a closed desk was forgotten: {desk}\n{told}");
        }
    }
    let left: Vec<String> = zellij.cache.marks.iter().map(|mark| zellij.story_of(mark.parse().unwrap())).collect();
    assert!(left.is_empty(), "{left:#?}");
    let there: BTreeSet<DeskId> = zellij.panes.iter().filter_map(|pane| pane.desk).collect();
    let actor = zellij.actor().unwrap();
    let known: BTreeSet<DeskId> = zellij.board(actor).desks.iter().map(|desk| desk.pane).collect();
    assert_eq!(known, there);
    assert!(zellij.board(actor).leaving.is_empty());
    for client in zellij.clients_there() {
        assert_eq!(zellij.board(client), zellij.board(actor), "client {client}");
    }
    for call in &run.calls {
        assert!(zellij.call(*call).released_ms.is_some(), "nobody waits for ever: {:?}", zellij.call(*call));
    }
    let titled = zellij.panes.iter().filter(|pane| pane.desk.is_some()).all(|pane| pane.title == "claude");
    assert!(titled, "{:?}", zellij.panes);
}

/// Prints what led there, when a run fails.
struct Teller<'a>(u64, &'a str);

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} of {}; run it alone with SEED={}", self.0, self.1, self.0);
        }
    }
}

fn seeds(number: u64) -> Vec<u64> {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..number).collect(),
    }
}

#[test]
fn whatever_happens_each_wish_opens_one_pane_and_no_closed_desk_is_forgotten() {
    for seed in seeds(100) {
        let _teller = Teller(seed, "steady clients");
        let mut chance = Chance(seed);
        let clients = 1 + u16::try_from(chance.below(3)).unwrap();
        let mut zellij = World::new().clients(clients).ready();
        let mut run = Run::default();
        for _ in 0..200 {
            random_event(&mut zellij, &mut chance, &mut run);
            let ms = [0, 1, 3, 20, 100, 300, 1_500][usize::try_from(chance.below(7)).unwrap()];
            zellij.pass(ms);
            must_hold(&zellij, &run);
        }
        no_more_faults(&mut zellij, &run);
        must_hold(&zellij, &run);
        for call in &run.calls {
            assert_eq!(zellij.call(*call).lines.len(), 1, "seed {seed}: {:?}", zellij.call(*call));
        }
        all_is_well(&mut zellij, &run);
        let opened = run.calls.iter().filter(|call| zellij.call(**call).name == "new");
        let successes = opened.filter(|call| zellij.answer(**call).get("pane").is_some()).count();
        assert_eq!(zellij.opened(), successes, "seed {seed}");
    }
}

#[test]
fn whatever_happens_while_clones_come_and_go_nothing_is_done_twice_or_forgotten() {
    for seed in seeds(100) {
        let _teller = Teller(seed, "clones that come and go");
        let mut chance = Chance(seed ^ 0xc105_ed00);
        let mut zellij = World::new().clients(2).ready();
        let mut run = Run { clocks: true, silences: true, ..Run::default() };
        let (mut next_client, mut calm_ms) = (3, 0);
        for _ in 0..200 {
            let there = zellij.clients_there();
            // One fault at a time: a clone that slept while the actor did its last work and died would do it once more.
            let calm = zellij.now > calm_ms;
            match chance.below(40) {
                0 if there.len() > 1 && calm => {
                    zellij.crash(there[0]);
                    calm_ms = zellij.now + 4_000;
                }
                1 if there.len() < 4 => {
                    zellij.attach(next_client);
                    next_client += 1;
                }
                2 if calm => zellij.reload(there[there.len() - 1]),
                3 if calm => {
                    let ms = chance.below(8_000);
                    zellij.freeze(there[0], ms);
                    calm_ms = zellij.now + ms + 4_000;
                }
                _ => random_event(&mut zellij, &mut chance, &mut run),
            }
            zellij.pass([0, 3, 100, 500, 1_500][usize::try_from(chance.below(5)).unwrap()]);
            must_hold(&zellij, &run);
        }
        no_more_faults(&mut zellij, &run);
        must_hold(&zellij, &run);
        all_is_well(&mut zellij, &run);
    }
}

#[test]
fn whatever_becomes_of_zellij_itself_nothing_is_lost_and_no_desk_is_left_that_nobody_owns() {
    for seed in seeds(40) {
        let _teller = Teller(seed, "sessions that end and come back");
        let mut chance = Chance(seed ^ 0x5e55_10f5);
        let mut zellij = World::new().ready();
        let mut run = Run { clocks: true, ..Run::default() };
        for _ in 0..150 {
            match chance.below(25) {
                // Saved a moment ago or a while ago, it is killed, quits, or loses its last pane.
                0 | 1 => {
                    if chance.below(3) > 0 {
                        zellij.save_now();
                    }
                    zellij.die();
                    zellij.pass(chance.below(20_000));
                    match chance.below(3) {
                        0 => zellij.resurrect(),
                        1 => zellij.begin_again(),
                        _ => {
                            zellij.forget_saved();
                            zellij.begin_again();
                        }
                    }
                }
                2 => {
                    zellij.close_panel();
                    zellij.pass(chance.below(5_000));
                    zellij.attach(1);
                }
                _ => random_event(&mut zellij, &mut chance, &mut run),
            }
            zellij.pass([0, 3, 100, 500, 1_500, 8_000][usize::try_from(chance.below(6)).unwrap()]);
            nothing_is_lost(&zellij);
        }
        // The session is ended for good; another one looks.
        zellij.mend();
        zellij.die();
        zellij.forget_saved();
        zellij.begin_again();
        let until = zellij.now + 300_000;
        while zellij.now < until && !(zellij.disk.desks.is_empty() && zellij.cache.marks.is_empty()) {
            zellij.pass(5_000);
            nothing_is_lost(&zellij);
        }
        let left: Vec<String> = zellij.disk.desks.keys().map(|desk| zellij.story_of(*desk)).collect();
        assert!(left.is_empty(), "desks that nobody owns: {left:#?}");
        assert!(zellij.cache.marks.is_empty(), "{:?}", zellij.cache.marks);
        assert!(zellij.disk.conversations.values().all(|(_, place)| *place == Place::Shared));
    }
}

#[test]
fn a_day_of_random_events_ends_with_as_little_in_memory_as_it_began() {
    let mut chance = Chance(7);
    let mut zellij = World::new().clients(2).ready();
    let mut run = Run::default();
    for _ in 0..1_500 {
        random_event(&mut zellij, &mut chance, &mut run);
        zellij.pass(500);
    }
    no_more_faults(&mut zellij, &run);
    let terminals: Vec<u32> = zellij.panes.iter().map(|pane| pane.terminal).collect();
    terminals.into_iter().for_each(|terminal| zellij.close(terminal));
    zellij.pass(150_000);
    for client in 1..=2 {
        let memory = zellij.memory(client);
        assert!(memory < 9_000, "client {client}: {memory} characters");
    }
    assert!(zellij.count(|did| matches!(did, Did::Logged(line) if line.contains("circle"))) == 0);
}
