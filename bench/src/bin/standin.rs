//! Stands in Claude's place where it is not Claude that is measured: writes down when it began, and stays until its pane goes.
//! From time to time it changes its title and prints a line, as Claude does while it works. To what Carrel asks each Claude before
//! it trusts it (`src/host/4-probe.sh`) it answers as one does that can be isolated.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    match std::env::args().nth(1).as_deref() {
        Some("--version") => return println!("2.1.330 (Claude Code)"),
        Some("auth") => {
            let dir = std::env::var_os("CLAUDE_CONFIG_DIR").unwrap_or_default();
            let _ = std::fs::write(std::path::Path::new(&dir).join(".claude.json"), "{}");
            return println!("{{\"loggedIn\": true, \"authMethod\": \"claude.ai\"}}");
        }
        _ => {}
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
