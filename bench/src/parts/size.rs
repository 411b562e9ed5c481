//! The size of carrel.wasm, and what it is made of: the bytes of each function, counted by the crate that it comes from, in a build
//! that kept its names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::report::{markdown, Part, Row};
use crate::runtime::Wasm;
use crate::support::machine::tool;
use crate::svg::{bars, Bar};

/// What the contract allows, in bytes, and what it would like.
pub const MOST: u64 = 1_600_000;
const STRETCH: u64 = 1_200_000;

/// Measures, and writes what came of it.
pub fn run() -> Part {
    let size = |file: &Path| fs::metadata(file).unwrap_or_else(|why| panic!("{}: {why}", file.display())).len();
    let (carrel, bare) = (tool("CARREL_WASM"), tool("BENCH_BARE"));
    let (ours, least) = (size(&carrel), size(&bare));
    let loading = |file: &PathBuf| {
        let mut times: Vec<f64> = (0..5).map(|_| Wasm::read(file, false).loading.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        times[2]
    };
    let parts = weigh(&fs::read(tool("BENCH_NAMED")).expect("the build with names"));
    let total: usize = parts.iter().map(|(_, bytes)| bytes).sum();
    let share = |bytes: usize| format!("{:.0} %", 100.0 * bytes as f64 / total as f64);
    let rows: Vec<Vec<String>> =
        parts.iter().map(|(name, bytes)| vec![name.clone(), group(*bytes as u64), share(*bytes)]).collect();
    let plot: Vec<Bar> = parts
        .iter()
        .map(|(name, bytes)| Bar {
            name: name.replace('`', ""),
            value: *bytes as f64 / 1e3,
            label: share(*bytes),
            ours: name.contains("Carrel"),
        })
        .collect();
    Part {
        name: "size",
        title: "Size",
        how: "The plugin as `cargo wasm` builds it, beside `examples/bare.rs`, a plugin on zellij-tile that does nothing, built in the same \
              way. What it is made of is counted in a build that kept the names of its functions: the code of a function belongs \
              to the crate that is named first in its name, so what of a library was compiled into a function of another crate \
              counts there. The three largest costs: Zellij's protocol (its types, prost, and the libraries that \
              they need), which every plugin on zellij-tile has and decision 0025 keeps; Carrel's manager, which is what it is for; \
              and Rust's own collections, texts and sorting, in the copies that both of them need."
            .into(),
        rows: vec![
            Row::budget(
                "Size of carrel.wasm",
                "at most 1,600,000 bytes",
                format!("{} bytes ({})", group(ours), if ours <= STRETCH { "the stretch of 1,200,000 too" } else { "the stretch of 1,200,000 not" }),
                ours <= MOST,
            ),
            Row::information("the same of a plugin that does nothing", format!("{} bytes", group(least))),
            Row::information(
                "Time for which Zellij translates it when a session starts",
                format!("{:.0} ms; of one that does nothing {:.0} ms", loading(&carrel), loading(&bare)),
            ),
        ],
        tables: format!("## What it is made of\n\n{}", markdown(&["part", "bytes", "share"], &rows)),
        plots: vec![("size.svg".into(), bars("What carrel.wasm is made of", "kB", &plot))],
    }
}

/// 1234567 as 1,234,567.
pub fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The bytes of code by where they come from, and the data; the largest first.
fn weigh(wasm: &[u8]) -> Vec<(String, usize)> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    let mut names = BTreeMap::new();
    let mut sums: BTreeMap<String, usize> = BTreeMap::new();
    let program = zellij_carrel::host::PROGRAM.len();
    let mut at = 8;
    while at < wasm.len() {
        let kind = wasm[at];
        at += 1;
        let length = number(wasm, &mut at);
        let (mut here, end) = (at, at + length);
        at = end;
        match kind {
            0 => {
                let name = string(wasm, &mut here);
                while name == "name" && here < end {
                    let part = wasm[here];
                    here += 1;
                    let length = number(wasm, &mut here);
                    let next = here + length;
                    if part == 1 {
                        for _ in 0..number(wasm, &mut here) {
                            let index = number(wasm, &mut here);
                            names.insert(index, string(wasm, &mut here));
                        }
                    }
                    here = next;
                }
            }
            2 => {
                for _ in 0..number(wasm, &mut here) {
                    string(wasm, &mut here);
                    string(wasm, &mut here);
                    // Functions alone are imported.
                    here += 1;
                    number(wasm, &mut here);
                    imported += 1;
                }
            }
            10 => {
                for _ in 0..number(wasm, &mut here) {
                    let length = number(wasm, &mut here);
                    bodies.push(length);
                    here += length;
                }
            }
            11 => {
                *sums.entry("Carrel's host program, as text".into()).or_default() += program;
                *sums.entry("constants: texts and tables of everybody".into()).or_default() += length - program;
            }
            _ => *sums.entry("the rest of the file".into()).or_default() += length,
        }
    }
    for (at, length) in bodies.into_iter().enumerate() {
        let name = names.get(&(at + imported)).map(|name| format!("{:#}", rustc_demangle::demangle(name)));
        *sums.entry(origin(&name.unwrap_or_default()).to_string()).or_default() += length;
    }
    let mut sums: Vec<(String, usize)> = sums.into_iter().collect();
    sums.sort_by_key(|(name, bytes)| (std::cmp::Reverse(*bytes), name.clone()));
    sums
}

/// Whose a function is, by its name.
fn origin(name: &str) -> &'static str {
    // `<a::B as c::D>::e`, `<impl c::D for a::B>`, `a::b`: the crate that stands first decides.
    let first = |word: &str| name.find(word).unwrap_or(usize::MAX);
    let crates = [
        ("zellij_carrel::manager::seed", "Carrel: the seed"),
        ("zellij_carrel::manager::options", "Carrel: the options"),
        ("zellij_carrel::manager", "Carrel: the manager"),
        ("zellij_carrel::view", "Carrel: the panel"),
        ("zellij_carrel", "Carrel: the adapter"),
        ("zellij_utils", "zellij-utils: Zellij's types and their protobuf"),
        ("zellij_tile", "zellij-tile"),
        ("prost", "prost: protobuf"),
        ("serde_json", "serde_json"),
        ("serde", "serde_json"),
        ("anyhow", "libraries of zellij-utils"),
        ("url", "libraries of zellij-utils"),
        ("idna", "libraries of zellij-utils"),
    ];
    let found = crates.iter().map(|(word, whose)| (first(word), std::cmp::Reverse(word.len()), *whose)).min();
    match found {
        Some((at, _, whose)) if at < usize::MAX => whose,
        _ if matches!(name, "load" | "update" | "pipe" | "render" | "main") => "Carrel: the adapter",
        _ => "Rust's and the C library's own",
    }
}

fn number(wasm: &[u8], at: &mut usize) -> usize {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = wasm[*at];
        *at += 1;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn string(wasm: &[u8], at: &mut usize) -> String {
    let length = number(wasm, at);
    let text = String::from_utf8_lossy(&wasm[*at..*at + length]).into_owned();
    *at += length;
    text
}
