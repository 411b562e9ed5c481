//! `make bench`: runs the parts that are named, or all of them, and writes docs/benchmarks. Ends with 1 where a budget does not hold
//! or a part breaks off; the others run all the same.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use carrel_bench::parts;
use carrel_bench::report::{write, write_table, Part, Ticks, ORDER};

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let dir = PathBuf::from(std::env::var_os("BENCH_OUT").unwrap_or_else(|| "docs/benchmarks".into()));
    let mut holds = true;
    let mut broken = Vec::new();
    for name in ORDER {
        if !asked.is_empty() && !asked.iter().any(|asked| asked == name) {
            continue;
        }
        eprintln!("━━ {name}");
        let (began, ticks) = (Instant::now(), Ticks::now());
        let run: fn() -> Part = match name {
            "size" => parts::size::run,
            "plugin" => parts::plugin::run,
            "launch" => parts::launch::run,
            "clean" => parts::clean::run,
            "race" => parts::race::run,
            "keys" => parts::keys::run,
            _ => parts::idle::run,
        };
        match std::panic::catch_unwind(run) {
            Ok(part) => {
                holds &= part.rows.iter().all(|row| row.holds);
                let stolen = ticks.zip(Ticks::now()).map(|(before, now)| now.stolen_since(before));
                write(&dir, &part, stolen);
            }
            Err(_) => broken.push(name),
        }
        eprintln!("   {name} took {:.0} s", began.elapsed().as_secs_f64());
    }
    if let Some(unknown) = asked.iter().find(|asked| !ORDER.contains(&asked.as_str())) {
        eprintln!("there is no part {unknown:?}; the parts are {ORDER:?}");
        return ExitCode::from(2);
    }
    print!("{}", write_table(&dir));
    if !holds {
        eprintln!("a budget does not hold");
    }
    if !broken.is_empty() {
        eprintln!("broke off, and their pages are of an earlier run: {}", broken.join(" "));
    }
    if holds && broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
