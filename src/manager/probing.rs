//! Probing: what the installed Claude was seen to do with the variables that isolate it. Asked for when Carrel gets ready, so
//! that the first pane seldom waits; what follows for a pane is said in [`super::methods`].
//! Refuses to know how it is found out: the host asks the program, and remembers.

use super::effect::Effects;
use super::options::Sharing;
use super::{compatibility, report, Manager, Purpose};

/// After how long an opening asks once more whether the program is still the same, in milliseconds.
const AGAIN_MS: u64 = 60_000;

/// Whether something was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// The probe told nothing of it.
    #[default]
    Unknown,
    /// It is so.
    Yes,
    /// It is not so.
    No,
}

impl Seen {
    /// The word of the host program, and of `check`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Seen::Yes => "yes",
            Seen::No => "no",
            Seen::Unknown => "unknown",
        }
    }
}

/// What a probe of one Claude has told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// It keeps its state where `CLAUDE_CONFIG_DIR` says.
    pub honours: Seen,
    /// It takes its login from where `CLAUDE_SECURESTORAGE_CONFIG_DIR` says.
    pub login: Seen,
    /// Where it does not honour the first: it keeps its state below `HOME`.
    pub home: Seen,
}

impl Manager {
    /// Asks what is remembered of the Claude that was found; `again` asks the program itself.
    pub(super) fn start_probe(&mut self, again: bool, effects: &mut Effects) {
        let Some(Ok(program)) = self.ready().map(|ready| ready.claude.clone()) else { return };
        if !self.is_probing() {
            self.run_host(Purpose::Probe, &[if again { "probe-again" } else { "probe" }, &program], effects);
        }
    }

    /// Claude updates itself now and then: the next pane shall know.
    pub(super) fn look_at_claude_again(&mut self, effects: &mut Effects) {
        if self.now_ms.saturating_sub(self.probed_ms) > AGAIN_MS {
            self.start_probe(false, effects);
        }
    }

    /// A wrapper may start a newer Claude by now than the one that was asked, and be the same file itself. Its Claudes say so
    /// at their desks: then the program is asked anew, once for each version. Of one that is older it cannot be told whether it
    /// was only started earlier.
    pub(super) fn ask_a_newer_claude(&mut self, effects: &mut Effects) {
        let (Some(asked), Some(seen)) = (&self.probed_version, &self.claude_version) else { return };
        if compatibility::is_older(asked, seen) && self.met_version.as_ref() != Some(seen) && !self.is_probing() {
            self.met_version = Some(seen.clone());
            self.start_probe(true, effects);
        }
    }

    pub(super) fn is_probing(&self) -> bool {
        self.calls.values().any(|(purpose, _)| *purpose == Purpose::Probe)
    }

    pub(super) fn on_probed(&mut self, stdout: &str) {
        let lines = report::lines(stdout);
        let line = lines.iter().find(|line| line.tag == "probe");
        let seen = |at| match line.map(|line| line.field(at)) {
            Some("yes") => Seen::Yes,
            Some("no") => Seen::No,
            _ => Seen::Unknown,
        };
        self.probed_ms = self.now_ms;
        self.probe = Some(Probe { honours: seen(0), login: seen(1), home: seen(2) });
        if !self.checks.is_empty() {
            self.scan.want_with_disk_use(self.now_ms);
        }
        // "2.1.330 (Claude Code)"
        let number = line.and_then(|line| line.field(3).split(' ').next()).unwrap_or_default();
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            if self.probed_version.as_deref() != Some(number) {
                // Another program than the one that was behind it then.
                self.met_version = None;
            }
            self.probed_version = Some(number.to_string());
            // A wrapper's own word weighs less than that of the Claude that it starts.
            let knows_better = |seen: &String| self.met_version.as_ref() == Some(seen);
            if !self.claude_version.as_ref().is_some_and(knows_better) {
                self.claude_version = self.probed_version.clone();
            }
        }
    }

    /// What is good of it, for people; nothing where something is not.
    pub(super) fn probe_praise(&self) -> Option<String> {
        let probe = self.probe.filter(|probe| probe.honours == Seen::Yes)?;
        let login = if probe.login == Seen::Yes { " and the shared login" } else { "" };
        Some(format!("honours CLAUDE_CONFIG_DIR{login}"))
    }

    /// What the user should know of it, and how to mend it.
    pub(super) fn probe_problems(&self) -> Vec<String> {
        let (Some(probe), Some(ready), Some(options)) = (self.probe, self.ready(), self.options()) else {
            return vec![];
        };
        let program = ready.claude.clone().unwrap_or_default();
        let mut problems = Vec::new();
        match probe.honours {
            Seen::Yes => {}
            Seen::No => {
                let asked = options.method;
                let follows = match self.settle(asked) {
                    Ok(method) if method == asked => format!("Panes of the method `{}` do without it", asked.word()),
                    Ok(method) if method.isolates() => {
                        format!("New panes get the method `{}` instead (option fallback)", method.word())
                    }
                    Ok(_) => "New panes are not isolated (option fallback), and their health is unsupported".to_string(),
                    Err(_) => format!("No pane of the method `{}` is opened with it", asked.word()),
                };
                problems.push(format!(
                    "Claude ({program}) does not honour CLAUDE_CONFIG_DIR, as a probe of it found. {follows}. Look for a \
                     wrapper around claude that sets that variable, or name another program in the option claude."
                ));
            }
            Seen::Unknown => problems.push(format!(
                "Whether Claude ({program}) honours CLAUDE_CONFIG_DIR is not known: a probe of it got no answer that Carrel \
                 understands. A pane's health shows it once Claude reports."
            )),
        }
        // Of an older one its version tells, see compatibility.
        let newer = self.claude_version.as_deref().is_none_or(compatibility::shares_login);
        if probe.login == Seen::No && options.login == Sharing::Shared && newer {
            problems.push(format!(
                "Claude ({program}) does not know of a login that desks share: each desk needs a login of its own. A newer \
                 Claude uses yours."
            ));
        }
        problems
    }
}
