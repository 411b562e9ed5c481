//! The panel as it is drawn: each designed scene in several sizes against a golden, and what holds for any scene and size.
//! Knows the view by its public functions alone. Update the goldens with `UPDATE_GOLDENS=1 cargo test --test screens`.

#[path = "support/scenes.rs"]
mod scenes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scenes::{designed, desk_id, plain_desk};
use zellij_carrel::manager::board::{Board, Changed, Desk, Health, Leaving, Left, State, Unisolated};
use zellij_carrel::manager::ids::TerminalId;
use zellij_carrel::manager::order::{listed, Listed};
use zellij_carrel::manager::panel::{DesksScene, Question, Row, Scene};
use zellij_carrel::view::{draw, title, Ink, Line, Screen, Size};

/// For every scene: roomy, narrow, one row.
const SIZES: [(usize, usize); 3] = [(80, 20), (30, 12), (60, 1)];
/// Where there is something to lose: too small for anything, and very large.
const ODD_SIZES: [(&str, usize, usize); 10] = [
    ("permission_denied", 10, 3),
    ("bad_configuration", 3, 10),
    ("no_desks", 10, 3),
    ("desks", 10, 3),
    ("desks", 3, 10),
    ("desks", 120, 30),
    ("desks_message", 40, 2),
    ("desks_question", 10, 3),
    ("many_desks", 10, 3),
    ("desks_outside_question", 120, 30),
];

/// Each golden by its name, with what belongs into it.
fn goldens() -> Vec<(String, String)> {
    let mut goldens = Vec::new();
    for (name, scene) in designed() {
        let odd = ODD_SIZES.iter().filter(|(odd, ..)| *odd == name).map(|(_, cols, rows)| (*cols, *rows));
        for (cols, rows) in SIZES.into_iter().chain(odd) {
            let picture = picture(&scene, Size { rows, cols });
            goldens.push((format!("{name}_{cols}x{rows}.txt"), picture));
        }
    }
    goldens
}

/// The screen as text and below it its inks: a letter for each character.
fn picture(scene: &Scene, size: Size) -> String {
    let screen = draw(scene, size);
    let mut text = format!("{}\n{}\n", title(scene), "-".repeat(size.cols));
    screen.lines().iter().for_each(|line| text += &format!("{}\n", line.text()));
    text += &format!("{}\n", "-".repeat(size.cols));
    screen.lines().iter().for_each(|line| text += &format!("{}\n", inks(line)));
    text + "plain . strong s dim d accent a good g warn w bad b; under the cursor = and capitals\n"
}

fn inks(line: &Line) -> String {
    let letters = line.spans().iter().flat_map(|span| std::iter::repeat_n(letter(span.ink), span.end - span.start));
    let letters = letters.map(|letter| match letter {
        '.' if line.is_selected() => '=',
        letter if line.is_selected() => letter.to_ascii_uppercase(),
        letter => letter,
    });
    letters.collect()
}

fn letter(ink: Ink) -> char {
    match ink {
        Ink::Plain => '.',
        Ink::Strong => 's',
        Ink::Dim => 'd',
        Ink::Accent => 'a',
        Ink::Good => 'g',
        Ink::Warn => 'w',
        Ink::Bad => 'b',
    }
}

fn golden_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

/// What differs, line by line, for a reader.
fn diff(golden: &str, drawn: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (golden.lines().collect(), drawn.lines().collect());
    (0..old.len().max(new.len()))
        .map(|at| match (old.get(at), new.get(at)) {
            (Some(old), Some(new)) if old == new => format!("    {old}\n"),
            (old, new) => {
                let old = old.map(|line| format!("  - {line}\n")).unwrap_or_default();
                old + &new.map(|line| format!("  + {line}\n")).unwrap_or_default()
            }
        })
        .collect()
}

#[test]
fn every_designed_screen_looks_like_its_golden() {
    let update = std::env::var_os("UPDATE_GOLDENS").is_some_and(|value| value == "1");
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!(update && ci), "goldens are looked at by a human before they change: never update them under CI=true");
    let mut wrong = String::new();
    for (name, drawn) in goldens() {
        let path = golden_dir().join(&name);
        if update {
            fs::write(&path, &drawn).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden != drawn {
            let diff = diff(&golden, &drawn);
            wrong += &format!(
                "\n=== {name}, golden:\n{golden}\n=== {name}, drawn:\n{drawn}\n=== {name}, difference:\n{diff}"
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}\nIf this is meant: UPDATE_GOLDENS=1 cargo test --test screens, and look at the diff"
    );
}

#[test]
fn every_golden_file_belongs_to_a_designed_screen() {
    let known: BTreeSet<String> = goldens().into_iter().map(|(name, _)| name).collect();
    let files = fs::read_dir(golden_dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unused: Vec<String> = files.filter(|file| !known.contains(file)).collect();
    assert_eq!(unused, Vec::<String>::new(), "no test draws these: delete them");
    assert!(ODD_SIZES.iter().all(|(name, cols, rows)| known.contains(&format!("{name}_{cols}x{rows}.txt"))));
}

#[test]
fn a_claude_that_was_not_tried_itself_is_named_with_desks_and_without() {
    for (version, told) in [("2.1.200", true), ("2.1.330", false)] {
        for desks in [vec![], vec![plain_desk(1)]] {
            let board = Board { claude_version: Some(version.into()), desks, ..Board::default() };
            let praise = zellij_carrel::manager::compatibility::between(version);
            let board = Board { claude_praise: praise, ..board };
            let screen = draw(&everyday(board, None), Size { rows: 24, cols: 80 });
            let text: String = screen.lines().iter().map(|line| line.text().to_string() + "\n").collect();
            assert_eq!(text.matches("not tried itself").count(), usize::from(told), "{text}");
        }
    }
}

#[test]
fn rows_stand_in_the_order_in_which_the_cursor_moves_and_a_click_hits_the_desk_it_shows() {
    let board = boards(7).find(|board| board.desks.len() > 3).unwrap();
    let screen = draw(&everyday(board.clone(), None), Size { rows: 200, cols: 80 });
    let clicked: Vec<_> = (0..200).filter_map(|row| screen.row_at(row).cloned()).collect();
    assert_eq!(clicked, listed(&board).iter().map(Listed::row).collect::<Vec<_>>());
    for desk in &board.desks {
        let row = (0..200).find(|row| screen.row_at(*row) == Some(&Row::Desk(desk.pane))).unwrap();
        assert!(desk.state == State::Waiting || screen.lines()[row].text().contains(desk.state.word()));
    }
}

#[test]
fn the_desk_under_the_cursor_is_on_the_screen_however_many_there_are() {
    let board = Board { desks: (1..=200).map(plain_desk).collect(), ..Board::default() };
    for n in 1..=200 {
        for rows in 2..30 {
            let screen = draw(&everyday(board.clone(), Some(n)), Size { rows, cols: 40 });
            let selected: Vec<usize> = (0..rows).filter(|row| is_selected(&screen, *row)).collect();
            assert_eq!(selected.len(), 1, "desk {n}, {rows} rows");
            assert_eq!(screen.row_at(selected[0]), Some(&Row::Desk(desk_id(n))));
        }
    }
}

#[test]
fn no_scene_overflows_any_size() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let board = boards(seed).next().unwrap();
        let mut scene = desks_scene(board, Some(dice.below(12)));
        scene.message = dice.maybe(|dice| dice.text());
        scene.asking = dice.maybe(|dice| match dice.below(3) {
            0 => Question::Close(desk_id(dice.below(12))),
            _ => Question::Forget(dice.maybe(|dice| desk_id(dice.below(12)))),
        });
        if dice.below(3) == 0 {
            scene.selected = Some(Row::Outside(TerminalId(9)));
            scene.asking = dice.maybe(|_| Question::Adopt(TerminalId(9)));
        }
        scene.now_ms = u64::from(dice.below(u32::MAX));
        let errors: Vec<String> = (0..dice.below(6)).map(|_| dice.text()).collect();
        let mut scenes = vec![Scene::Desks(scene), Scene::BadConfiguration(errors.clone()), Scene::BootFailed(errors)];
        scenes.extend([Scene::AwaitingPermission, Scene::PermissionDenied, Scene::Booting]);
        for scene in &scenes {
            for _ in 0..4 {
                let size = Size { rows: dice.below(30) as usize, cols: dice.below(100) as usize };
                check(&draw(scene, size), size, &format!("seed {seed}, {size:?}, {scene:?}"));
            }
            assert!(!title(scene).contains(char::is_control));
        }
    }
}

#[test]
fn the_key_line_fits_each_width_and_is_there_as_soon_as_it_can_be() {
    let outside = Unisolated { terminal: TerminalId(9), command: "claude".into(), process: None };
    let board = Board { desks: vec![plain_desk(3)], unisolated: vec![outside], ..Board::default() };
    let scene = |selected: Row, asking| {
        let scene = desks_scene(board.clone(), None);
        Scene::Desks(DesksScene { selected: Some(selected), asking, ..scene })
    };
    let (desk, outside) = (Row::Desk(desk_id(3)), Row::Outside(TerminalId(9)));
    for (scene, least) in [
        (scene(desk.clone(), None), 5),
        (scene(desk.clone(), Some(Question::Close(desk_id(3)))), 3),
        (scene(desk.clone(), Some(Question::Forget(Some(desk_id(3))))), 3),
        (scene(desk, Some(Question::Forget(None))), 3),
        (scene(outside.clone(), None), 9),
        (scene(outside, Some(Question::Adopt(TerminalId(9)))), 3),
    ] {
        let mut before = 0;
        for cols in 1..=200 {
            let screen = draw(&scene, Size { rows: 9, cols });
            let keys = screen.lines().last().unwrap().text().chars().count();
            assert_eq!(screen.lines().len(), 9);
            assert!(keys <= cols && keys >= before.min(cols), "{cols} columns");
            assert!(keys > 0 || cols < least, "{cols} columns");
            before = keys;
        }
    }
}

fn check(screen: &Screen, size: Size, case: &str) {
    assert!(screen.lines().len() <= size.rows, "too many lines: {case}");
    for line in screen.lines() {
        let chars: Vec<char> = line.text().chars().collect();
        assert!(columns(&chars) <= size.cols, "too wide: `{}`, {case}", line.text());
        assert!(!chars.iter().any(|c| c.is_control()), "control character: {case}");
        let mut covered = 0;
        for span in line.spans() {
            assert!(span.start == covered && span.end > span.start, "hole in the spans: {case}");
            covered = span.end;
        }
        assert_eq!(covered, chars.len(), "the spans are not the text: {case}");
    }
}

// Coarser than the view's own, and written without it: only these are in the seeded texts.
fn columns(chars: &[char]) -> usize {
    let width = |c: &char| match c {
        '日' | '本' | '語' | '😀' | '한' => 2,
        '\u{301}' => 0,
        _ => 1,
    };
    chars.iter().map(width).sum()
}

fn is_selected(screen: &Screen, row: usize) -> bool {
    screen.lines().get(row).is_some_and(Line::is_selected)
}

fn everyday(board: Board, selected: Option<u32>) -> Scene {
    Scene::Desks(desks_scene(board, selected))
}

fn desks_scene(board: Board, selected: Option<u32>) -> DesksScene {
    let selected = selected.map(|n| Row::Desk(desk_id(n)));
    DesksScene { board, selected, asking: None, message: None, now_ms: 1_763_899_200_000, home: None }
}

/// An endless row of boards, the same for the same seed.
fn boards(seed: u64) -> impl Iterator<Item = Board> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    std::iter::repeat_with(move || Board {
        desks: (1..=dice.below(12)).map(|n| dice.desk(n)).collect(),
        leaving: (30..30 + dice.below(3))
            .map(|n| Leaving { pane: desk_id(n), failed: dice.maybe(Dice::text) })
            .collect(),
        left: (40..40 + dice.below(3))
            .map(|n| Left { pane: desk_id(n), name: String::new(), changed: dice.changed() })
            .collect(),
        problems: (0..dice.below(3)).map(|_| dice.text()).collect(),
        unisolated: (9..9 + dice.below(3))
            .map(|n| Unisolated { terminal: TerminalId(n), command: dice.text(), process: None })
            .collect(),
        ..Board::default()
    })
}

/// Pseudo-random numbers (splitmix64), so that a failure can be had again from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed >> 32) % u64::from(limit)) as u32
    }

    fn maybe<T>(&mut self, some: impl Fn(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| some(self))
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.get(self.below(choices.len() as u32) as usize).copied()
    }

    fn text(&mut self) -> String {
        let letters =
            ['a', 'b', '/', ' ', ' ', '日', '本', '語', '😀', '한', '\u{301}', '\u{1b}', '\n', 'é', '\u{202e}'];
        (0..self.below(90)).filter_map(|_| self.one_of(&letters)).collect()
    }

    fn changed(&mut self) -> Changed {
        let told: Vec<String> = (0..self.below(3)).map(|_| self.text()).collect();
        Changed { count: self.below(3) as usize, told, trouble: self.maybe(Dice::text), ..Changed::default() }
    }

    fn desk(&mut self, n: u32) -> Desk {
        let states = ["starting", "working", "waiting", "idle", "exited", "suspended", "unknown"];
        let healths = ["isolated", "mismatch", "leaking", "unsupported", "unknown"];
        Desk {
            terminal: self.maybe(|dice| TerminalId(dice.below(u32::MAX))),
            cwd: self.maybe(Dice::text),
            config_dir: self.maybe(Dice::text),
            state: self.one_of(&states).and_then(State::from_word).unwrap_or(State::Unknown),
            health: self.one_of(&healths).and_then(Health::from_word).unwrap_or(Health::Unknown),
            waiting_for: self.maybe(Dice::text),
            problems: (0..self.below(3)).map(|_| self.text()).collect(),
            bytes: self.maybe(|dice| u64::from(dice.below(u32::MAX))),
            opened_ms: self.maybe(|dice| u64::from(dice.below(u32::MAX)) * 1000),
            session: plain_desk(n).session.filter(|_| self.below(2) == 0),
            changed: self.changed(),
            ..plain_desk(n)
        }
    }
}
