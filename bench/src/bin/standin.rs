//! Stands in Claude's place where it is not Claude that is measured: writes down when it began, and stays until its pane goes.
//! From time to time it changes its title and prints a line, as Claude does while it works.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    if std::env::args().any(|word| word == "--version") {
        println!("0.0.0 (stand-in)");
        return;
    }
    if let Some(file) = std::env::var_os("BENCH_STAMPS") {
        // In one piece: several may write at once.
        let line = format!("{began} {}\n", std::process::id());
        let file = OpenOptions::new().append(true).create(true).open(file);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
    if std::env::var_os("BENCH_BRIEF").is_some() {
        return;
    }
    let busy = std::env::var_os("BENCH_BUSY").is_some();
    for turn in 0_u64.. {
        std::thread::sleep(Duration::from_secs(1));
        if busy {
            print!("\x1b]0;{} thinking\x07{turn}\r\n", ['✳', '✶', '✻', '✽'][turn as usize % 4]);
            let _ = std::io::stdout().flush();
        }
    }
}
