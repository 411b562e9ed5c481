//! Getting ready: the permissions, then one host command that makes the state dir, installs the launcher and finds what
//! the plugin cannot see. Nothing is asked of Zellij before the grant.

use super::effect::{Effect, Effects};
use super::options::{Platform, Sharing};
use super::report;
use super::seeding::Seeding;
use super::{Manager, Moment, Phase, Purpose};
use crate::host::PROGRAM;

/// After how long it is tried again to make a machine ready that was ready before, in milliseconds: somebody has to mend something.
const BOOT_AGAIN_MS: u64 = 60_000;

/// What the host found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The launcher's path.
    pub launcher: String,
    /// The state dir, as the host names it.
    pub state_dir: String,
    /// The user's Claude dir, or why there is none that can be used.
    pub shared: Result<String, String>,
    /// The program, or why there is none.
    pub claude: Result<String, String>,
    /// Where this runs.
    pub platform: Platform,
    /// What was open to others and is closed now; told until the next boot.
    pub mended: Vec<String>,
}

impl Manager {
    /// The grant may come as such, or show in any event that only a granted plugin gets: Zellij's answer is missing in a
    /// session without a client (measured).
    pub(super) fn on_granted(&mut self, effects: &mut Effects) {
        if self.granted {
            return;
        }
        self.granted = true;
        if self.options().is_some() {
            self.boot(effects);
        }
    }

    /// Zellij says so, which may be another clone's grant (`asking`): what was ordered then was denied without a word, and its own
    /// grant comes later.
    pub(super) fn on_grant_told(&mut self, effects: &mut Effects) {
        if self.granted && matches!(self.phase, Phase::Booting | Phase::Failed(_)) {
            self.order_boot(effects);
        }
        self.on_granted(effects);
    }

    /// Refused, it can do nothing, and leaves the question to the next instance (`asking`).
    pub(super) fn on_denied(&mut self, moment: &Moment, effects: &mut Effects) {
        if !self.granted {
            self.phase = Phase::Denied;
            if let Some(lease) = moment.lease.filter(|lease| lease.holder == self.birth.me) {
                effects.push(Effect::GiveUpLease(lease.term));
            }
        }
    }

    /// Also called again when something that was missing may have come.
    pub(super) fn boot(&mut self, effects: &mut Effects) {
        if !self.is_booting() {
            self.order_boot(effects);
        }
    }

    fn order_boot(&mut self, effects: &mut Effects) {
        let Some(options) = self.options() else { return };
        let state_dir = options.state_dir.clone();
        let mut argv: Vec<String> = ["/bin/sh", "-c", PROGRAM, "carrel", "boot"].map(str::to_string).into();
        if let Some(shared) = &options.shared_dir {
            argv.extend(["--shared".to_string(), shared.clone()]);
        }
        argv.extend(["--claude".to_string(), options.claude.clone()]);
        if options.login == Sharing::Separate {
            argv.extend(["--login".to_string(), "separate".to_string()]);
        }
        let env = vec![("CARREL_STATE".to_string(), state_dir), ("PROGRAM".to_string(), PROGRAM.to_string())];
        self.boot_again_ms = None;
        self.call(Purpose::Boot, argv, env, effects);
        // What was found before serves until the new answer comes.
        if self.ready().is_none() {
            self.phase = Phase::Booting;
        }
    }

    /// Once in a while, where it has failed.
    pub(super) fn pass_boot(&mut self, effects: &mut Effects) {
        if self.acting && self.boot_again_ms.is_some_and(|at_ms| at_ms <= self.now_ms) {
            self.boot(effects);
        }
    }

    pub(super) fn on_booted(&mut self, stdout: &str, effects: &mut Effects) {
        let mut errors = Vec::new();
        let (mut launcher, mut state_dir, mut complete) = (String::new(), String::new(), false);
        let mut shared = Err("the host did not say where the user's Claude dir is".to_string());
        let mut claude = Err("the host did not say where claude is".to_string());
        let mut mended = Vec::new();
        let (mut seeding, mut platform) = (None, Platform::Other);
        for line in report::lines(stdout) {
            let field = line.field(0).to_string();
            match line.tag.as_str() {
                "error" => errors.push(field),
                "mended" => mended.push(field),
                "state" => state_dir = field,
                "launcher" => launcher = field,
                "shared" => shared = Ok(field),
                "no_shared" => shared = Err(field),
                "claude" => claude = Ok(field),
                "no_claude" => claude = Err(field),
                "seed" => seeding = Some(line),
                "macos" => platform = Platform::MacOs,
                "end" => complete = true,
                _ => {}
            }
        }
        if !errors.is_empty() || !complete {
            if errors.is_empty() {
                errors.push("the host program did not answer; is there a /bin/sh? Zellij's log says more".to_string());
            }
            if self.ready().is_some() {
                // What was found before is still the best that is known. It is told, and looked at again.
                self.boot_errors = errors;
                self.boot_again_ms = Some(self.now_ms + BOOT_AGAIN_MS);
            } else {
                self.phase = Phase::Failed(errors);
            }
            return;
        }
        (self.boot_errors, self.boot_again_ms) = (Vec::new(), None);
        if !self.checks.is_empty() {
            self.scan.want_with_disk_use(self.now_ms);
        }
        if self.ready().is_some_and(|ready| ready.claude != claude) {
            self.probe = None;
        }
        self.phase = Phase::Ready(Box::new(Ready { launcher, state_dir, shared, claude, platform, mended }));
        if !self.seeding.is_busy() {
            match seeding.as_ref().map(|line| line.field(0)) {
                Some("fresh") => self.seeding = Seeding::Fresh,
                Some("failed") => self.seeding = Seeding::Failed(seeding.as_ref().map_or("", |l| l.field(1)).into()),
                _ => {}
            }
            self.seeded = matches!(seeding.as_ref().map(|line| line.field(0)), Some("fresh" | "stale"));
        }
        if self.options().is_some_and(|options| options.method.isolates()) {
            self.freshen_seed(effects);
        }
        self.start_probe(!self.checks.is_empty(), effects);
    }
}
