//! The seed: what a new desk gets of the user's `.claude.json`. The host copies the file to where the plugin can see it,
//! the plugin filters it a slice at a time (the file may be larger than its memory, and it has one thread), the host puts
//! the result in its place. Knows nothing of what is let through: that is [`super::seed`].

use super::effect::{Effect, Effects};
use super::ids::CallId;
use super::options::Sharing;
use super::seed::SeedFilter;
use super::{report, Manager, Purpose};

/// Bytes filtered between two yields: some milliseconds in Zellij's interpreter.
const SLICE: usize = 128 * 1024;

/// How far the seed is.
#[derive(Debug, Default)]
pub enum Seeding {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It was made of the file as it was when last looked at.
    Fresh,
    /// The host copies the file.
    Copying,
    /// The copy is being filtered.
    Filtering(Box<Filtering>),
    /// The result is being written.
    Writing {
        /// For which call.
        call: CallId,
        /// What the file was when it was copied.
        stamp: String,
        /// Where copy and result lie.
        dir: String,
    },
    /// The host puts the result in its place.
    Storing,
    /// The file cannot be used: why, and how to mend it.
    Failed(String),
}

/// A file on its way through the filter.
#[derive(Debug)]
pub struct Filtering {
    stamp: String,
    dir: String,
    file: String,
    bytes: u64,
    offset: u64,
    filter: SeedFilter,
    /// The slice that was asked for; none between two slices.
    reading: Option<CallId>,
}

impl Seeding {
    /// Whether a newer seed is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !matches!(self, Seeding::Unknown | Seeding::Fresh | Seeding::Failed(_))
    }

    /// The next slice is due at once, after whatever else is waiting for the thread.
    #[must_use]
    pub fn due_ms(&self, now_ms: u64) -> Option<u64> {
        matches!(self, Seeding::Filtering(filtering) if filtering.reading.is_none()).then_some(now_ms)
    }
}

impl Manager {
    /// Looks whether the user's file has changed and makes a new seed if so.
    pub(super) fn freshen_seed(&mut self, effects: &mut Effects) {
        if self.seeding.is_busy() {
            return;
        }
        let (login, shared) = self.seed_options();
        let mut words = vec!["seed-out"];
        if !shared.is_empty() {
            words.extend(["--shared", &shared]);
        }
        if login != "shared" {
            words.extend(["--login", login]);
        }
        if self.run_host(Purpose::SeedOut, &words, effects).is_some() {
            self.seeding = Seeding::Copying;
        }
    }

    pub(super) fn on_seed_out(&mut self, stdout: &str, effects: &mut Effects) {
        let lines = report::lines(stdout);
        let Some(line) = lines.iter().find(|line| line.tag == "seed") else {
            self.seeding = Seeding::Failed("the host program did not say what became of the seed".into());
            self.seeded = false;
            return;
        };
        match line.field(0) {
            "fresh" => {
                self.seeding = Seeding::Fresh;
                self.seeded = true;
            }
            "missing" => self.store_seed(line.field(1), "-", "", effects),
            "copied" => {
                // A desk with a login of its own must not be given the user's.
                let (login, _) = self.seed_options();
                let filter = SeedFilter::new();
                let filter = if login == "shared" { filter.with_login() } else { filter };
                self.seeding = Seeding::Filtering(Box::new(Filtering {
                    stamp: line.field(1).to_string(),
                    dir: line.field(2).to_string(),
                    bytes: line.field(3).parse().unwrap_or(0),
                    file: line.field(4).to_string(),
                    offset: 0,
                    filter,
                    reading: None,
                }));
                self.read_slice(effects);
            }
            _ => {
                self.seeding = Seeding::Failed(line.field(1).to_string());
                self.seeded = false;
            }
        }
    }

    fn read_slice(&mut self, effects: &mut Effects) {
        let call = self.fresh_call();
        if let Seeding::Filtering(filtering) = &mut self.seeding {
            filtering.reading = Some(call);
            let file = format!("{}/in", filtering.dir);
            effects.push(Effect::ReadSlice { call, file, offset: filtering.offset, length: SLICE });
        }
    }

    pub(super) fn on_slice(&mut self, call: CallId, bytes: Result<Vec<u8>, String>, effects: &mut Effects) {
        let Seeding::Filtering(filtering) = &mut self.seeding else { return };
        if filtering.reading != Some(call) {
            return;
        }
        filtering.reading = None;
        let outcome = match bytes {
            Err(why) => Err(format!("the copy of {} cannot be read: {why}", filtering.file)),
            Ok(bytes) => {
                filtering.offset += bytes.len() as u64;
                match filtering.filter.feed(&bytes) {
                    Err(why) => Err(damaged(&why.sentence(&filtering.file))),
                    Ok(()) if !bytes.is_empty() && filtering.offset < filtering.bytes => Ok(None),
                    Ok(()) => {
                        let filter = std::mem::take(&mut filtering.filter);
                        filter.finish().map(Some).map_err(|why| damaged(&why.sentence(&filtering.file)))
                    }
                }
            }
        };
        let (stamp, dir) = (filtering.stamp.clone(), filtering.dir.clone());
        match outcome {
            // The next slice comes with the next alarm: others may have the thread in between.
            Ok(None) => {}
            Ok(Some(seed)) => {
                let call = self.fresh_call();
                effects.push(Effect::WriteFile { call, file: format!("{dir}/out"), content: seed.json });
                self.seeding = Seeding::Writing { call, stamp, dir };
            }
            Err(why) => self.store_seed(&stamp, &dir, &why, effects),
        }
    }

    pub(super) fn on_seed_written(&mut self, call: CallId, result: Result<(), String>, effects: &mut Effects) {
        let Seeding::Writing { call: waited, stamp, dir } = &self.seeding else { return };
        if *waited != call {
            return;
        }
        let (stamp, dir) = (stamp.clone(), dir.clone());
        let why = result.err().map(|why| format!("the seed cannot be written into the plugin's cache dir: {why}"));
        self.store_seed(&stamp, &dir, &why.unwrap_or_default(), effects);
    }

    fn store_seed(&mut self, stamp: &str, dir: &str, error: &str, effects: &mut Effects) {
        let (login, shared) = self.seed_options();
        self.seeding = match self.run_host(Purpose::SeedIn, &["seed-in", stamp, dir, &shared, error, login], effects) {
            Some(_) => Seeding::Storing,
            None => Seeding::Failed("Carrel is not ready".into()),
        };
    }

    /// What a seed depends on: the options login and shared_dir.
    fn seed_options(&self) -> (&'static str, String) {
        let login = self.options().map_or(Sharing::Separate, |options| options.login);
        let word = if login == Sharing::Shared { "shared" } else { "separate" };
        (word, self.options().and_then(|options| options.shared_dir.clone()).unwrap_or_default())
    }

    pub(super) fn on_seed_in(&mut self, stdout: &str) {
        let lines = report::lines(stdout);
        self.seeding = match lines.iter().find(|line| line.tag == "seed") {
            Some(line) if line.field(0) == "fresh" => Seeding::Fresh,
            Some(line) => Seeding::Failed(line.field(1).to_string()),
            None => Seeding::Failed("the host program did not say what became of the seed".into()),
        };
        self.seeded = matches!(self.seeding, Seeding::Fresh);
    }

    pub(super) fn pass_seeding(&mut self, effects: &mut Effects) {
        if self.alarm_ms.is_none() && self.seeding.due_ms(self.now_ms).is_some() {
            self.read_slice(effects);
        }
    }
}

/// Completes what is wrong with the user's file by how to mend it.
pub(super) fn damaged(why: &str) -> String {
    format!(
        "{why} Nothing was changed. Mend it, or put back one of the copies that Claude keeps in the \
         backups folder of its dir, and try again."
    )
}
