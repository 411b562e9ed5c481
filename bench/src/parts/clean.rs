//! From closing a pane to nothing being left of its desk, and whether the plugin answers meanwhile.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::machine_with_stand_in;
use crate::report::{markdown, Part, Row};
use crate::stats::Summary;
use crate::support::machine::{Machine, User};
use crate::support::zellij::{Setup, Zellij};
use crate::svg::{dots, Dots};

const SIZES: [usize; 3] = [10, 2_000, 20_000];
const SAMPLES: usize = 5;
/// What the contract allows for 2,000 files, in seconds.
const MOST_S: f64 = 1.0;
/// After how long a pipe counts as never answered.
const HANGS: Duration = Duration::from_secs(20);

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let machine = machine_with_stand_in(&User::normal());
    let zellij = Zellij::new(&machine, &Setup::carrel());
    let _client = zellij.start();
    let mut rows = Vec::new();
    let mut plot = Vec::new();
    let mut at_2000 = (0.0, 0.0);
    let mut all = Asker::default();
    for (shape, fill) in
        [("a session's own folders", own as Fill), ("one folder that the shared dir has too", common as Fill)]
    {
        for files in SIZES {
            let mut gone = Vec::new();
            let mut asker = Asker::default();
            for sample in 0..SAMPLES {
                let (time, answers) = close(&machine, &zellij, &format!("{shape}-{files}-{sample}"), files, fill);
                gone.push(time);
                asker.add(answers);
            }
            assert!(!asker.took.is_empty(), "no pipe was answered\n{}", machine.report());
            let (gone, answered) = (Summary::of(&gone), Summary::of(&asker.took));
            rows.push(vec![
                shape.to_string(),
                files.to_string(),
                gone.show(2),
                format!("{:.0} ms", answered.median),
                format!("{:.0} ms", answered.most),
                asker.asked.to_string(),
                asker.empty.to_string(),
                asker.never.to_string(),
            ]);
            all.add(asker);
            plot.push(Dots {
                name: format!("{files} files, {}", shape.split(' ').next_back().unwrap_or_default()),
                summary: gone,
            });
            if files == 2_000 {
                at_2000 = (f64::max(at_2000.0, gone.median), f64::max(at_2000.1, answered.most));
            }
        }
    }
    Part {
        name: "clean",
        title: "From close to clean",
        how: format!(
            "A stand-in in Claude's place, which dies with its pane; the real Claude Code takes one to three seconds for that, and nothing \
             is touched before. The time counts from just before `zellij action close-pane` until the desk is neither in its place \
             nor on its way out; {SAMPLES} times each. Meanwhile `status` is asked for over and over by `zellij pipe`, of whose time \
             15 to 20 ms are the command line's own. An answer \
             may come empty (Zellij loses one now and then): then it is asked again at once, and the time counts on. One that \
             fails, or has no answer after {} seconds, counts as never answered, and fails the row. The files are 100 bytes each: in folders that only this conversation has \
             (`file-history`, tool results), which are moved whole, or in one that the shared dir has too, where each is looked at.",
            HANGS.as_secs()
        ),
        rows: vec![
            Row::budget(
                "Clean of a desk with 2,000 files",
                "at most 1 s",
                format!("{:.2} s", at_2000.0),
                at_2000.0 <= MOST_S,
            ),
            Row::budget(
                "The longest that a pipe waited for its answer meanwhile",
                "at most 1 s",
                format!(
                    "{:.0} ms; of {} pipes, with any number of files, {} answers came empty and {} never",
                    at_2000.1, all.asked, all.empty, all.never
                ),
                at_2000.1 <= 1_000.0 && all.never == 0,
            ),
        ],
        tables: markdown(&["where the files are", "files", "s until it is gone", "a pipe's answer, median", "longest", "pipes", "came empty", "never answered"], &rows),
        plots: vec![("clean.svg".into(), dots("From closing a pane to nothing being left of its desk", "s", &plot, Some((MOST_S, "budget for 2,000"))))],
    }
}

type Fill = fn(&Path, &str, usize);

fn own(desk: &Path, session: &str, files: usize) {
    let dirs = [format!("file-history/{session}"), format!("projects/-home-project/{session}/tool-results")];
    for (at, dir) in dirs.iter().enumerate() {
        write(&desk.join(dir), files / 2, at);
    }
}

fn common(desk: &Path, session: &str, files: usize) {
    write(&desk.join("plans"), files, session.len());
}

fn write(dir: &Path, files: usize, seed: usize) {
    fs::create_dir_all(dir).expect("a dir");
    let unique = format!("{}-{seed}", dir.display().to_string().len());
    let pid = Instant::now().elapsed().as_nanos();
    for number in 0..files {
        fs::write(dir.join(format!("{unique}-{pid}-{number}.txt")), [b'x'; 100]).expect("a file");
    }
}

/// What came of asking over and over.
#[derive(Default)]
struct Asker {
    /// What each answered pipe took, in milliseconds.
    took: Vec<f64>,
    asked: usize,
    /// Answers without a word.
    empty: usize,
    never: usize,
}

impl Asker {
    /// Asks until there is an answer.
    fn ask(&mut self, zellij: &Zellij) {
        self.asked += 1;
        let began = Instant::now();
        while began.elapsed() < HANGS {
            let answer = zellij.pipe_within("status", "", "", HANGS);
            match (answer.code, answer.stdout.trim().is_empty()) {
                (Some(0), false) => return self.took.push(began.elapsed().as_secs_f64() * 1e3),
                (Some(0), true) => self.empty += 1,
                _ => break,
            }
        }
        self.never += 1;
    }

    fn add(&mut self, other: Asker) {
        self.took.extend(other.took);
        self.asked += other.asked;
        self.empty += other.empty;
        self.never += other.never;
    }
}

/// Opens a pane, fills its desk, closes it: seconds until nothing is left, and what became of the pipes meanwhile.
fn close(machine: &Machine, zellij: &Zellij, request: &str, files: usize, fill: Fill) -> (f64, Asker) {
    let request = request.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let opened = zellij.ask("new", &format!("request={request}"), "");
    let desk = opened["config_dir"].as_str().map(std::path::PathBuf::from).expect("a desk");
    let pane = opened["pane"].as_str().expect("a pane").to_string();
    machine.wait("the stand-in runs", || machine.processes_like("bin/claude --session-id").pop());
    fill(&desk, &pane, files);
    // The looks that follow an opening are over.
    thread::sleep(Duration::from_secs(4));
    let asking = Arc::new(AtomicBool::new(true));
    let asker = {
        let (zellij, asking) = (zellij.clone(), asking.clone());
        thread::spawn(move || {
            let mut asker = Asker::default();
            while asking.load(Ordering::Relaxed) {
                asker.ask(&zellij);
                thread::sleep(Duration::from_millis(20));
            }
            asker
        })
    };
    let began = Instant::now();
    let terminal = opened["terminal"].as_u64().expect("a terminal");
    zellij.action(&["close-pane", "--pane-id", &format!("terminal_{terminal}")]);
    let state = machine.at_home(".local/state/carrel");
    let left = |dir: &str| {
        let names = fs::read_dir(state.join(dir)).into_iter().flatten().flatten();
        names.into_iter().any(|entry| entry.file_name().to_string_lossy().contains(&pane))
    };
    machine.wait("the desk is gone", || (!left("claude-configs") && !left("leaving")).then_some(()));
    let gone = began.elapsed().as_secs_f64();
    asking.store(false, Ordering::Relaxed);
    (gone, asker.join().expect("the asker"))
}
