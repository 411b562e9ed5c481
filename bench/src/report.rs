//! What was measured, as people read it: one table of budgets, and for each part its own tables and plots, in docs/benchmarks.
//! Each part is kept in a file of its own, so that one can be measured alone; the table is put together from all of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{json, Value};

/// One line of the table: a budget, what was measured, and whether it holds.
pub struct Row {
    pub what: String,
    /// Empty where nothing is promised and the number is for information.
    pub budget: String,
    pub measured: String,
    pub holds: bool,
}

impl Row {
    /// A budget.
    pub fn budget(what: &str, budget: &str, measured: String, holds: bool) -> Self {
        Row { what: what.into(), budget: budget.into(), measured, holds }
    }

    /// A number without a promise.
    pub fn information(what: &str, measured: String) -> Self {
        Row { what: what.into(), budget: String::new(), measured, holds: true }
    }
}

/// What a part has found.
pub struct Part {
    pub name: &'static str,
    pub title: &'static str,
    /// How it was measured, in a paragraph or two.
    pub how: String,
    pub rows: Vec<Row>,
    /// Markdown.
    pub tables: String,
    /// File name and content.
    pub plots: Vec<(String, String)>,
}

/// The order in which the parts stand in the table.
pub const ORDER: [&str; 7] = ["size", "plugin", "launch", "clean", "race", "keys", "idle"];

/// How the processor's time was spent since the system's start, in ticks of all cores: that which a hypervisor gave to other
/// machines while this one wanted it (steal), and all of it. From the first line of `/proc/stat`, see proc(5).
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    stolen: u64,
    all: u64,
}

impl Ticks {
    /// Up to now; none where the system does not tell.
    #[must_use]
    pub fn now() -> Option<Self> {
        let text = fs::read_to_string("/proc/stat").ok()?;
        let ticks: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).flat_map(str::parse).collect();
        // The guests' time, behind it, is in the user's already.
        Some(Ticks { stolen: *ticks.get(7)?, all: ticks.iter().take(8).sum() })
    }

    /// What others took since then, of all the time that the cores were busy or idle, in percent.
    #[must_use]
    pub fn stolen_since(self, before: Self) -> f64 {
        100.0 * (self.stolen - before.stolen) as f64 / (self.all - before.all).max(1) as f64
    }
}

/// Writes a part's page and plots. `stolen` is what other machines took of the processor's time meanwhile, in percent.
pub fn write(dir: &Path, part: &Part, stolen: Option<f64>) {
    fs::create_dir_all(dir).expect("docs/benchmarks");
    let mut page = format!("# {}\n\n{}\n\n", part.title, part.how.trim());
    page += &table(part.rows.iter().map(|row| [&*row.what, &*row.budget, &*row.measured, verdict(row)]));
    if !part.tables.is_empty() {
        let _ = write!(page, "\n{}\n", part.tables.trim());
    }
    for (name, plot) in &part.plots {
        fs::write(dir.join(name), plot).expect("a plot");
        let _ = write!(page, "\n![{}]({name})\n", part.title);
    }
    let (date, code) = (date(), code());
    let older = if part.name == "race" {
        format!("; the older Claude Code is {}", claude("CARREL_OLDER_CLAUDE"))
    } else {
        String::new()
    };
    let stolen = stolen
        .map(|stolen| format!(" Other machines took {stolen:.1} % of the processor's time meanwhile."))
        .unwrap_or_default();
    let _ = write!(page, "\n---\n\nMeasured on {date}, {code}: {}{older}.{stolen}\n", versions());
    fs::write(dir.join(format!("{}.md", part.name)), page).expect("a page");
    let rows: Vec<Value> = part.rows.iter().map(|row| json!([row.what, row.budget, row.measured, row.holds])).collect();
    let kept = json!({"title": part.title, "rows": rows, "date": date, "code": code});
    let text = serde_json::to_string_pretty(&kept).expect("JSON") + "\n";
    fs::write(dir.join(format!("{}.json", part.name)), text).expect("the numbers");
}

/// Writes the table of all parts that were ever measured; gives it back as text for a terminal.
pub fn write_table(dir: &Path) -> String {
    let mut page = String::from(
        "# Benchmarks\n\nWritten by `make bench`. A row without a budget is for information. Numbers in brackets are the quarters below \
         and above the median. The parts can be measured one by one: the last column says when a row was, and of which code.\n\n",
    );
    let mut rows = Vec::new();
    for name in ORDER {
        let Ok(text) = fs::read_to_string(dir.join(format!("{name}.json"))) else { continue };
        let kept: Value = serde_json::from_str(&text).expect("a part's numbers");
        let said = |key: &str| kept[key].as_str();
        let measured_on: Vec<&str> = ["date", "code"].into_iter().filter_map(said).collect();
        for row in kept["rows"].as_array().into_iter().flatten() {
            let text = |at: usize| row[at].as_str().unwrap_or_default().to_string();
            let row = Row { what: text(0), budget: text(1), measured: text(2), holds: row[3] == true };
            let mark = verdict(&row).to_string();
            rows.push([format!("[{}]({name}.md)", row.what), row.budget, row.measured, mark, measured_on.join(", ")]);
        }
    }
    page +=
        &markdown(&["what", "budget", "measured", "", "on"], &rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
    let _ = write!(page, "\nThe last run, on {}: {}. Each page says with what it was measured.\n", date(), versions());
    fs::write(dir.join("README.md"), &page).expect("the table");
    let mut text = String::new();
    for [what, budget, measured, mark, _] in rows {
        let what = what.split(']').next().unwrap_or_default().trim_start_matches('[').to_string();
        let _ = writeln!(
            text,
            "{mark:5} {what}\n      {measured}{}",
            if budget.is_empty() { String::new() } else { format!("   budget: {budget}") }
        );
    }
    text
}

fn verdict(row: &Row) -> &'static str {
    match (row.budget.is_empty(), row.holds) {
        (true, _) => "",
        (false, true) => "holds",
        (false, false) => "FAILS",
    }
}

/// Rows of four cells as Markdown.
fn table<'a>(rows: impl Iterator<Item = [&'a str; 4]>) -> String {
    let rows: Vec<Vec<String>> = rows.map(|row| row.map(str::to_string).to_vec()).collect();
    markdown(&["what", "budget", "measured", ""], &rows)
}

/// Any table as Markdown.
pub fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// The first line that a program prints.
fn said(program: &str, args: &[&str]) -> Option<String> {
    // A Claude that is asked touches nothing of the user's.
    let nowhere = std::env::temp_dir().join("carrel-bench-version");
    let output = Command::new(program).args(args).env("CLAUDE_CONFIG_DIR", nowhere).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
    text.lines().next().map(str::to_string).filter(|_| output.status.success())
}

/// What the program says that this variable names.
fn named(variable: &str) -> String {
    let program = std::env::var(variable).ok();
    program.and_then(|program| said(&program, &["--version"])).unwrap_or_else(|| "unknown".to_string())
}

fn claude(variable: &str) -> String {
    named(variable).split(' ').next().unwrap_or_default().to_string()
}

fn date() -> String {
    said("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "an unknown day".to_string())
}

/// Which code was measured, where git can tell. What is written here does not make it another one.
fn code() -> String {
    let Some(commit) = said("git", &["rev-parse", "--short=10", "HEAD"]) else { return "commit unknown".to_string() };
    let changed = said("git", &["status", "--porcelain", "--", ":/", ":(top,exclude)docs/benchmarks"]).is_some();
    format!("commit {commit}{}", if changed { " with changes" } else { "" })
}

/// What everything was, in one line.
fn versions() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = memory.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1)).unwrap_or("unknown");
    // Most shells do not tell their version; which one it is can be seen.
    let shell = fs::canonicalize("/bin/sh").ok();
    let shell = shell.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_string());
    format!(
        "Carrel {}, {}, Claude Code {}, {}, wasmi 1.1.0, {} {}, /bin/sh is {}, on {cores} cores ({model}) with {} GiB",
        carrel_version(),
        named("CARREL_ZELLIJ"),
        claude("CARREL_CLAUDE"),
        or_unknown(said("rustc", &["--version"])).split(" (").next().unwrap_or_default(),
        or_unknown(said("uname", &["-s"])),
        or_unknown(said("uname", &["-r"])).split('-').next().unwrap_or_default(),
        or_unknown(shell),
        kib.div_ceil(1024 * 1024),
    )
}

fn carrel_version() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    manifest.lines().find_map(|line| line.strip_prefix("version = ")).unwrap_or_default().trim_matches('"')
}
