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

/// Writes a part's page and plots.
pub fn write(dir: &Path, part: &Part) {
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
    let _ = write!(page, "\n---\n\n{}\n", versions());
    fs::write(dir.join(format!("{}.md", part.name)), page).expect("a page");
    let rows: Vec<Value> = part.rows.iter().map(|row| json!([row.what, row.budget, row.measured, row.holds])).collect();
    let kept = json!({"title": part.title, "rows": rows});
    let text = serde_json::to_string_pretty(&kept).expect("JSON") + "\n";
    fs::write(dir.join(format!("{}.json", part.name)), text).expect("the numbers");
}

/// Writes the table of all parts that were ever measured; gives it back as text for a terminal.
pub fn write_table(dir: &Path) -> String {
    let mut page = String::from(
        "# Benchmarks\n\nWritten by `make bench`. A row without a budget is for information. Numbers in brackets are the quarters below \
         and above the median.\n\n",
    );
    let mut rows = Vec::new();
    for name in ORDER {
        let Ok(text) = fs::read_to_string(dir.join(format!("{name}.json"))) else { continue };
        let kept: Value = serde_json::from_str(&text).expect("a part's numbers");
        for row in kept["rows"].as_array().into_iter().flatten() {
            let text = |at: usize| row[at].as_str().unwrap_or_default().to_string();
            let row = Row { what: text(0), budget: text(1), measured: text(2), holds: row[3] == true };
            let mark = verdict(&row).to_string();
            rows.push([format!("[{}]({name}.md)", row.what), row.budget, row.measured, mark]);
        }
    }
    page += &table(rows.iter().map(|row| [&*row[0], &*row[1], &*row[2], &*row[3]]));
    let _ = write!(page, "\n{}\n", versions());
    fs::write(dir.join("README.md"), &page).expect("the table");
    let mut text = String::new();
    for [what, budget, measured, mark] in rows {
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

/// What everything was, in one line.
fn versions() -> String {
    let said = |program: &str, args: &[&str]| {
        // A Claude that is asked touches nothing of the user's.
        let nowhere = std::env::temp_dir().join("carrel-bench-version");
        let output = Command::new(program).args(args).env("CLAUDE_CONFIG_DIR", nowhere).output().ok();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string());
        text.and_then(|text| text.lines().next().map(str::to_string)).unwrap_or_else(|| "unknown".to_string())
    };
    let named = |variable: &str, args: &[&str]| {
        std::env::var(variable).map_or_else(|_| "unknown".to_string(), |program| said(&program, args))
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = memory.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1)).unwrap_or("unknown");
    format!(
        "Measured with Carrel {}, {}, Claude Code {}, {}, wasmi 1.1.0, {} {}, on {cores} cores ({model}) with {} GiB.",
        carrel_version(),
        named("CARREL_ZELLIJ", &["--version"]),
        named("CARREL_CLAUDE", &["--version"]),
        said("rustc", &["--version"]).split(" (").next().unwrap_or_default(),
        said("uname", &["-s"]),
        said("uname", &["-r"]).split('-').next().unwrap_or_default(),
        kib.div_ceil(1024 * 1024),
    )
}

fn carrel_version() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    manifest.lines().find_map(|line| line.strip_prefix("version = ")).unwrap_or_default().trim_matches('"')
}
