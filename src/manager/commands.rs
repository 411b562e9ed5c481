//! The command lines that Carrel writes: of the host program, and of the launcher, which Zellij keeps in its saved
//! sessions and gives back, words joined by blanks, with each pane. What is not known to be ours is not ours.

use super::board::Method;
use super::ids::{DeskId, SessionId};
use super::options::{Options, Sharing, OPTIONS};

use std::collections::BTreeMap;

/// What a pane's command line says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The desk.
    pub pane: DeskId,
    /// The conversation that it was opened with.
    pub session: SessionId,
    /// How it is isolated.
    pub method: Method,
    /// The method that was asked for, where this one stands in for it.
    pub instead_of: Option<Method>,
    /// The pane closes when Claude ends with 0.
    pub close_on_exit: bool,
    /// The desk goes with its pane; else only by an explicit `gc`.
    pub cleanup: bool,
}

impl Launch {
    /// Takes in what its launcher wrote down: it may have learnt of this Claude what nobody knew when the pane was opened.
    pub fn heed(&mut self, record: &BTreeMap<String, String>) {
        let method = |key: &str| record.get(key).and_then(|word| Method::from_word(word));
        if let Some(settled) = method("method") {
            (self.method, self.instead_of) = (settled, method("instead_of"));
        }
    }
}

/// The launcher's command line.
#[must_use]
pub fn launcher_argv(
    launcher: &str,
    launch: &Launch,
    resuming: bool,
    fallback: Option<&str>,
    options: &Options,
    claude_args: &[String],
) -> Vec<String> {
    let mut argv: Vec<String> = ["/bin/sh", launcher, "run"].map(str::to_string).into();
    // Fixed places for what is read back.
    for (key, value) in [
        ("--pane", launch.pane.to_string()),
        ("--session", launch.session.to_string()),
        ("--method", launch.method.word().to_string()),
    ] {
        argv.extend([key.to_string(), value]);
    }
    if let Some(method) = launch.instead_of {
        argv.extend(["--instead-of".to_string(), method.word().to_string()]);
    }
    if launch.close_on_exit {
        argv.push("--close-on-exit".into());
    }
    if resuming {
        argv.push("--resume".into());
    }
    let mut option = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            argv.extend([key.to_string(), value]);
        }
    };
    option("--cleanup", (!launch.cleanup).then(|| "no".to_string()));
    option("--fallback", fallback.map(str::to_string));
    option("--claude", (options.claude != "claude").then(|| options.claude.clone()));
    option("--shared", options.shared_dir.clone());
    let share = options.share.join(" ");
    option("--share", (share != default_of("share")).then(|| word_of(share)));
    option("--login", (options.login == Sharing::Separate).then(|| "separate".to_string()));
    option("--memory", (options.memory == Sharing::Separate).then(|| "separate".to_string()));
    let links = options.home_symlinks.join(" ");
    option("--home-links", (links != default_of("home_symlinks")).then(|| word_of(links)));
    option("--container", options.container_command.as_ref().map(|words| one_word(words)));
    if !claude_args.is_empty() {
        argv.push("--".into());
        argv.extend(claude_args.iter().cloned());
    }
    argv
}

/// Several words as one, separated by blanks, so that a program that reads no JSON finds them again.
#[must_use]
pub fn one_word(words: &[String]) -> String {
    let escaped =
        |word: &String| word.replace('\\', "\\\\").replace(' ', "\\s").replace('\t', "\\t").replace('\n', "\\n");
    words.iter().map(escaped).collect::<Vec<_>>().join(" ")
}

/// What the launcher takes when its command line does not say.
fn default_of(option: &str) -> &'static str {
    OPTIONS.iter().find(|(name, _)| *name == option).and_then(|(_, value)| *value).unwrap_or_default()
}

/// An empty word might not survive a saved layout.
fn word_of(list: String) -> String {
    if list.is_empty() {
        " ".to_string()
    } else {
        list
    }
}

/// Reads back what [`launcher_argv`] wrote, from the words joined by blanks.
#[must_use]
pub fn read_launch(launcher: &str, command: &str) -> Option<Launch> {
    let rest = command.strip_prefix("/bin/sh ")?.strip_prefix(launcher)?.strip_prefix(" run --pane ")?;
    let mut words = rest.split(' ');
    let pane = words.next()?.parse().ok()?;
    let mut after = |key: &str| if words.next() == Some(key) { words.next() } else { None };
    let session = after("--session")?.parse().ok()?;
    let method = Method::from_word(after("--method")?)?;
    let mut next = words.next();
    let mut instead_of = None;
    if next == Some("--instead-of") {
        instead_of = Some(Method::from_word(words.next()?)?);
        next = words.next();
    }
    let close_on_exit = next == Some("--close-on-exit");
    if close_on_exit {
        next = words.next();
    }
    if next == Some("--resume") {
        next = words.next();
    }
    let cleanup = next != Some("--cleanup") || words.next() != Some("no");
    Some(Launch { pane, session, method, instead_of, close_on_exit, cleanup })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::options::{parse, Environment};

    fn options(pairs: &[(&str, &str)]) -> Options {
        let config: BTreeMap<String, String> = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        parse(&config, &Environment { home: Some("/home/ada"), xdg_state_home: None }).unwrap()
    }

    fn launch(close_on_exit: bool) -> Launch {
        Launch {
            pane: "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa".parse().unwrap(),
            session: "11111111-1111-4111-8111-111111111111".parse().unwrap(),
            method: Method::ConfigDir,
            instead_of: None,
            close_on_exit,
            cleanup: true,
        }
    }

    #[test]
    fn a_pane_is_recognised_by_the_command_line_that_it_was_opened_with() {
        let odd = "/home/o'brien \"x\"/st ate/carrel.sh";
        for case in 0..8 {
            let args = ["--model".to_string(), "a b".to_string()];
            let launch = Launch { cleanup: case & 1 == 0, ..launch(case & 2 == 0) };
            let argv = launcher_argv(odd, &launch, case & 4 == 0, None, &options(&[("share", "CLAUDE.md")]), &args);
            assert_eq!(read_launch(odd, &argv.join(" ")), Some(launch.clone()));
            let other = Launch { method: Method::None, instead_of: Some(Method::ConfigDir), ..launch };
            let argv = launcher_argv(odd, &other, false, Some("none"), &options(&[]), &args);
            assert_eq!(read_launch(odd, &argv.join(" ")), Some(other));
        }
    }

    #[test]
    fn only_what_differs_from_the_defaults_stands_on_the_command_line() {
        let argv = launcher_argv("/s/carrel.sh", &launch(false), false, None, &options(&[]), &[]);
        assert_eq!(argv.len(), 9, "{argv:?}");
        let separate = options(&[("login", "separate")]);
        let argv = launcher_argv("/s/carrel.sh", &launch(false), false, None, &separate, &["hi".into()]);
        assert!(argv.ends_with(&["--login", "separate", "--", "hi"].map(str::to_string)), "{argv:?}");
    }

    #[test]
    fn the_launcher_knows_each_word_of_its_command_line() {
        let all = options(&[
            ("claude", "/c"),
            ("shared_dir", "/d"),
            ("share", "CLAUDE.md"),
            ("login", "separate"),
            ("memory", "separate"),
            ("home_symlinks", ".x"),
            ("container_command", r#"["box", "{desk}", "{cwd}", "{command}"]"#),
            ("fallback", "none"),
            ("cleanup_on_close", "false"),
            ("close_on_exit", "true"),
        ]);
        let launch = Launch { cleanup: false, instead_of: Some(Method::None), ..launch(true) };
        let argv = launcher_argv("/s/carrel.sh", &launch, true, Some("none"), &all, &[]);
        let words: Vec<&String> = argv.iter().filter(|word| word.starts_with("--")).collect();
        assert_eq!(words.len(), 15, "{words:?}");
        for word in words {
            assert!(crate::host::PROGRAM.contains(&format!("\n{word}) ")), "{word} is read by nobody");
        }
    }

    #[test]
    fn the_launcher_and_the_options_agree_on_what_is_linked() {
        assert!(crate::host::PROGRAM.contains(&format!("\n_SHARE='{}'\n", default_of("share"))));
        assert!(crate::host::PROGRAM.contains(&format!("${{_OPT_HOME_LINKS:-{}}}", default_of("home_symlinks"))));
    }

    #[test]
    fn what_a_launcher_wrote_down_counts_and_what_it_did_not_changes_nothing() {
        let heeding = |pairs: &[(&str, &str)]| {
            let mut launch = launch(false);
            launch.heed(&pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect());
            (launch.method, launch.instead_of)
        };
        assert_eq!(heeding(&[]), (Method::ConfigDir, None));
        assert_eq!(heeding(&[("method", "a newer one"), ("instead_of", "config_dir")]), (Method::ConfigDir, None));
        assert_eq!(
            heeding(&[("method", "none"), ("instead_of", "config_dir")]),
            (Method::None, Some(Method::ConfigDir))
        );
        assert_eq!(heeding(&[("method", "home"), ("instead_of", "")]), (Method::Home, None));
    }

    #[test]
    fn other_commands_are_not_ours() {
        let launcher = "/s/carrel.sh";
        let ours = launcher_argv(launcher, &launch(false), false, None, &options(&[]), &[]).join(" ");
        assert!(read_launch(launcher, &ours).is_some());
        for other in [
            "",
            "vim /s/carrel.sh run --pane aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
            "/bin/sh /other/carrel.sh run --pane aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
            "/bin/sh /s/carrel.sh run --pane ../../x --session y --method none",
            "/bin/sh /s/carrel.sh run --pane aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
        ] {
            assert_eq!(read_launch(launcher, other), None, "{other}");
        }
    }
}
