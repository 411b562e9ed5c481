//! The program's text: what must not be in it, and what a linter and each shell say of it.

use std::process::{Command, Stdio};

use super::place::*;
use zellij_carrel::host::{PROGRAM, SOURCE};

/// The lines of code, without comments and what is said to people.
fn code() -> impl Iterator<Item = &'static str> {
    PROGRAM.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || "_-$./".contains(c))).any(|part| part == word)
}

/// Without what stands in double quotes.
fn unquoted(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[test]
fn nothing_dangerous_is_in_it() {
    for line in code() {
        for word in ["eval", "trap", "source", "sudo", "local", "mktemp", "killall", "pkill", "kill -9"] {
            assert!(!has_word(&unquoted(line), word), "{word}: {line}");
        }
    }
    // Only the launcher's child becomes another program, or the box around it, and a Claude that is asked something.
    let execs =
        || code().filter(|line| has_word(&unquoted(line), "exec") && *line != "exec </dev/null >/dev/null 2>&1");
    assert_eq!(
        execs().collect::<Vec<_>>(),
        [
            r#"exec "$@""#,
            r#"exec bwrap --args 9 /bin/sh -c '"$@"; exit $?' carrel "$_CLAUDE" "$@" 9<"$_DESK/.carrel/box""#,
            r#"exec env -i "PATH=${PATH-}" "HOME=$_place/home" "TMPDIR=$_place/tmp" "LANG=C.UTF-8" "TERM=dumb" \"#,
            r#"exec "$_CLAUDE" "$@""#,
        ]
        .into_iter()
        .chain(execs().filter(|line| !line.starts_with("exec ")))
        .collect::<Vec<_>>()
    );
    // Signals are only asked whether they could be sent, but for children of our own: a Claude that does not answer, a bell that
    // is not heard, and what rings for a box.
    let own =
        ["kill -s KILL \"$_heard\"", "kill -s KILL \"$_bell\"", "[ -z \"$_ringer\" ] || kill -s TERM \"$_ringer\""];
    assert!(["_heard=$!", "_bell=$!", "_ringer=$!"].iter().all(|made| code().any(|line| line == *made)));
    // And a Claude that the user had moved, which is proved to be that one (decision 0024).
    assert!(code().any(|line| line == r#"if ! look_at "$_pid" || [ "$_START" != "${2-}" ]; then"#));
    let own = [own[0], own[1], own[2], "kill -s TERM \"$_pid\" 2>/dev/null"];
    let kills = code().filter(|line| has_word(&unquoted(line), "kill"));
    assert!(kills.into_iter().all(|line| line.starts_with("kill -s 0 ") || own.contains(&line)));
    // Whole trees are only deleted where the name can be nothing but ours.
    let deletions: Vec<&str> = code().filter(|line| line.contains("rm -rf")).collect();
    assert_eq!(deletions.len(), 8, "{deletions:#?}");
    // In remove_tree, which is called for these alone.
    let trees: Vec<&str> = code().filter(|line| line.contains("remove_tree ")).collect();
    assert_eq!(
        trees,
        [
            "remove_tree \"$_dir\"",
            "mv -- \"$_LEAVING\" \"$_gone\" 2>/dev/null && remove_tree \"$_gone\"",
            r#""$_CACHE" | "$_DATA" | "$_STATE/seed" | "$_STATE/claudes" | "$_STATE"/leaving/gone-* | "$_STATE"/changes/*-*) remove_tree "$1" ;;"#,
        ]
    );
    for line in deletions {
        let guarded = line.contains("\"$_STATE\"/*/pane-\"$_PANE\") rm -rf -- \"$_from\"")
            || line.contains("rm -rf -- \"$_gone\"")
            || line.contains("rm -rf -- \"$_new\"")
            || line.contains("rm -rf -- \"$_asking\"")
            || line == r#"! exists "$1" || rm -rf -- "$1" 2>/dev/null || {"#
            || line == r#"rm -rf -- "$1" 2>/dev/null"#;
        assert!(guarded, "{line}");
    }
    for guard in [
        "_gone=$_STATE/leaving/gone-$_PANE",
        "_gone=$_STATE/leaving/gone-changes-$$",
        "_new=$_STATE/changes/new-$_PANE",
        "for _dir in \"$_STATE\"/leaving/gone-*; do",
        "_asking=$_STATE/claudes/.asking",
        "_DATA=$_dir${_CACHE#\"$_ZELLIJ/\"}",
    ] {
        assert!(code().any(|line| line == guard), "{guard}");
    }
}

#[test]
fn no_variable_of_it_can_be_one_of_the_users() {
    let allowed = |name: &str| {
        name.starts_with('_')
            || name.starts_with("CARREL_")
            || name.starts_with("CLAUDE_")
            || ["LC_ALL", "IFS", "HOME", "CDPATH"].contains(&name)
    };
    for line in code() {
        let bare: String = unquoted(line).split('\'').step_by(2).collect();
        let words: Vec<&str> = bare.split([' ', '\t', ';', '(', '{', '&', '|']).collect();
        for (n, word) in words.iter().enumerate() {
            let name = match word.split_once('=') {
                // An option of ps.
                Some((_, "")) if n > 0 && words[n - 1] == "-o" => continue,
                Some((name, _)) => name,
                None if n > 0 && words[n - 1] == "for" => word,
                None => continue,
            };
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            assert!(!is_name || name.starts_with(|c: char| c.is_ascii_digit()) || allowed(name), "{name}: {line}");
        }
        if let Some(rest) = line.split("read -r ").nth(1) {
            let names = rest.split(['<', ';', ' ']).take_while(|word| !["", "||", "2>/dev/null"].contains(word));
            assert!(names.into_iter().all(allowed), "{line}");
        }
    }
}

/// Linux takes no argument of more than 128 KiB, and the plugin hands the program to its first call as one.
#[test]
fn it_is_carried_without_its_comments_and_fits_into_one_argument() {
    let code_of = |text: &'static str| -> Vec<&str> {
        text.lines().map(|line| line.trim_start_matches('\t')).filter(|line| !line.starts_with('#')).collect()
    };
    assert_eq!(code_of(PROGRAM), code_of(SOURCE));
    let comments: Vec<&str> = PROGRAM.lines().filter(|line| line.trim_start().starts_with('#')).collect();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(PROGRAM.lines().all(|line| !line.starts_with('\t')));
    assert!(PROGRAM.len() < 120 * 1024, "{} bytes", PROGRAM.len());
}

/// As bash writes down a function that it has read, with each text in it as it is.
#[test]
fn what_is_carried_does_what_is_written() {
    let read_by_bash = |program: &str| {
        let mut command = Command::new("bash");
        let child = command.args(["-s"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("bash (apt-get install bash)");
        let words = format!("carrel() {{\n{program}\n}}\ndeclare -f carrel\n");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), words.as_bytes()).unwrap();
        let answer = Answer::of(child.wait_with_output().unwrap());
        answer.ends_with(0).says("run ()");
        answer.stdout
    };
    let (carried, written) = (read_by_bash(PROGRAM), read_by_bash(SOURCE));
    let other = carried.lines().zip(written.lines()).find(|(carried, written)| carried != written);
    assert!(other.is_none() && carried == written, "{other:?}");
}

#[test]
fn a_linter_has_nothing_to_say() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SOURCE).unwrap();
    let mut command = Command::new("shellcheck");
    command.args(["-s", "sh"]).arg(file.path());
    Answer::of(command.output().expect("shellcheck (apt-get install shellcheck)")).ends_with(0).expect("");
}

#[test]
fn each_shell_can_read_it() {
    each_shell(|place| {
        let mut command = place.shell();
        command.arg("-n").arg(place.state.join("carrel.sh"));
        Answer::of(command.output().unwrap()).ends_with(0).expect("");
        // Called by a name that does not tell where it lies, it does nothing.
        let mut command = place.shell();
        command.args(["-c", PROGRAM, "carrel", "boot"]).stdin(Stdio::null());
        Answer::of(command.output().unwrap()).ends_with(2).says("absolute path");
        assert_eq!(names(&place.project), Vec::<String>::new());
    });
}

/// bash's `read` leaves its variable as it was when reading fails, as it does from `/proc/<pid>/stat` when the process ends
/// between opening and reading (seen with bash 5.2: a scan that never came back).
#[test]
fn no_loop_reads_on_because_of_what_it_read_before() {
    let loops: Vec<&str> = code().filter(|line| line.contains("read -r _") && line.contains("|| [ -n ")).collect();
    assert!(!loops.is_empty());
    for line in loops {
        assert!(line.starts_with("while _line= && IFS= read -r _line || [ -n \"$_line\" ]; do"), "{line}");
    }
}
