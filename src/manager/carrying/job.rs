//! One job: the host copies the files, the plugin reads and merges them a slice at a time and gives the thread away between
//! two slices, the host puts the result in its place. Refuses to know why it was started, and what is told of how it ends.

use super::Goal;
use crate::manager::changes::{Change, Decisions, Locator, Merger, Verdict};
use crate::manager::effect::{Effect, Effects};
use crate::manager::ids::{CallId, Origin};
use crate::manager::report::{self, Line};
use crate::manager::seed::{SeedError, SeedFilter};
use crate::manager::{seeding, Manager, Purpose};

/// Bytes read between two yields: some milliseconds in Zellij's interpreter.
const SLICE: usize = 128 * 1024;
/// How often is tried again when the user's file has become another one meanwhile.
const TRIES: u32 = 20;

/// One job on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) origin: Origin,
    pub(super) goal: Goal,
    /// The stamp of the files when it began.
    pub(super) seen: String,
    tries: u32,
    stage: Stage,
    pub(super) copied: Copied,
    given: Decisions,
    now: Decisions,
    changes: Vec<Change>,
    verdicts: Vec<Verdict>,
    /// How large the merged file is; none where the user's file stays as it is.
    merged: Option<u64>,
}

/// What the host has copied, and where.
#[derive(Clone, Debug, Default)]
pub(super) struct Copied {
    pub(super) dir: String,
    pub(super) stamp: String,
    given: u64,
    now: u64,
    sifted: bool,
    /// The size of the copy of the user's file, if there is one.
    users: Option<u64>,
    users_stamp: String,
    users_file: String,
}

#[derive(Debug)]
enum Stage {
    /// The host copies.
    Copying(CallId),
    /// A file is read; between two slices nothing was asked for.
    Reading { reader: Reader, offset: u64, asked: Option<CallId> },
    /// The merged file is written as far as it was read.
    Appending { merger: Box<Merger>, offset: u64, asked: CallId },
    /// These files are still to be written, the last one first, before the host is told what to do with them.
    Writing { files: Vec<(&'static str, String)>, what: &'static str, asked: CallId },
    /// The host puts everything in its place.
    Storing(CallId),
}

#[derive(Debug)]
enum Reader {
    Given(Box<SeedFilter>),
    Now(Box<SeedFilter>),
    Places(Box<Locator>),
    Merged(Box<Merger>),
}

/// How a job ends.
pub(super) enum End {
    /// It was seen: what is still to be carried back.
    Looked { told: Vec<String>, trouble: Option<String> },
    /// It was brought back, or forgotten; the one has clashed.
    Done { carried: Vec<String>, clashed: Vec<String> },
    /// There is nothing.
    Nothing,
    /// It could not be done.
    Failed(String),
}

impl Manager {
    pub(super) fn start_job(&mut self, origin: Origin, goal: Goal, tries: u32, effects: &mut Effects) {
        let [kind, id] = origin.words();
        let mut words = vec!["changes-out", &kind, &id];
        // What a desk left may be in the user's own file by now.
        if goal == Goal::Carry || (goal == Goal::Look && matches!(origin, Origin::Left(_))) {
            words.push("--into");
        }
        if let Some(call) = self.run_host(Purpose::ChangesOut, &words, effects) {
            let seen = self.carrying.place(&origin).map(|place| place.seen.clone()).unwrap_or_default();
            self.carrying.job = Some(Box::new(Job {
                origin,
                goal,
                seen,
                tries,
                stage: Stage::Copying(call),
                copied: Copied::default(),
                given: Decisions::default(),
                now: Decisions::default(),
                changes: Vec::new(),
                verdicts: Vec::new(),
                merged: None,
            }));
        }
    }

    pub(in crate::manager) fn on_changes_out(&mut self, call: CallId, stdout: &str, effects: &mut Effects) {
        let Some(mut job) =
            self.carrying.job.take_if(|job| matches!(job.stage, Stage::Copying(asked) if asked == call))
        else {
            return;
        };
        let lines = report::lines(stdout);
        let line = lines.iter().find(|line| line.tag == "changes");
        match line.map(|line| (line.field(0), line)) {
            Some(("copied", line)) => {
                job.copied = copied(line);
                if job.goal == Goal::Forget && matches!(job.origin, Origin::Left(_)) {
                    // Also where it cannot be read.
                    return self.store(job, "drop", effects);
                }
                self.read(job, Reader::Given(Box::new(SeedFilter::of_decisions())), effects);
            }
            Some(("none", _)) => self.end(*job, End::Nothing, effects),
            Some((_, line)) => self.end(*job, End::Failed(line.field(1).to_string()), effects),
            None => self.end(*job, End::Failed(no_answer()), effects),
        }
    }

    /// Begins with a file.
    fn read(&mut self, mut job: Box<Job>, reader: Reader, effects: &mut Effects) {
        job.stage = Stage::Reading { reader, offset: 0, asked: None };
        self.carrying.job = Some(job);
        self.read_next(effects);
    }

    fn read_next(&mut self, effects: &mut Effects) {
        let call = self.fresh_call();
        let Some(job) = &mut self.carrying.job else { return };
        let Stage::Reading { reader, offset, asked } = &mut job.stage else { return };
        *asked = Some(call);
        let file = format!("{}/{}", job.copied.dir, reader.file());
        effects.push(Effect::ReadSlice { call, file, offset: *offset, length: SLICE });
    }

    /// Whether the slice was one of the job's.
    pub(in crate::manager) fn on_changes_slice(
        &mut self,
        call: CallId,
        bytes: &Result<Vec<u8>, String>,
        effects: &mut Effects,
    ) -> bool {
        let asked = |job: &mut Box<Job>| matches!(&job.stage, Stage::Reading { asked, .. } if *asked == Some(call));
        let Some(mut job) = self.carrying.job.take_if(asked) else { return false };
        // In its place until the next stage is known.
        let Stage::Reading { mut reader, offset, .. } = std::mem::replace(&mut job.stage, Stage::Copying(call)) else {
            return true;
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(why) => {
                let why = format!("the copy in the plugin's cache dir cannot be read: {why}");
                self.end(*job, End::Failed(why), effects);
                return true;
            }
        };
        let offset = offset + bytes.len() as u64;
        let fed = match &mut reader {
            Reader::Given(filter) | Reader::Now(filter) => filter.feed(bytes).map_err(|why| job.unreadable(&why)),
            Reader::Places(locator) => locator.feed(bytes).map_err(|why| job.damaged(&why)),
            Reader::Merged(merger) => match merger.feed(bytes) {
                Err(why) => Err(job.not_merged(&why)),
                Ok(content) => {
                    if let (false, Reader::Merged(merger)) = (bytes.is_empty(), reader) {
                        let asked = self.fresh_call();
                        let file = format!("{}/out", job.copied.dir);
                        effects.push(Effect::AppendFile { call: asked, file, content });
                        job.stage = Stage::Appending { merger, offset, asked };
                        self.carrying.job = Some(job);
                        return true;
                    }
                    self.end(*job, End::Failed("the copy of your file ended too early; try again".into()), effects);
                    return true;
                }
            },
        };
        match fed {
            Err(why) => self.end(*job, End::Failed(why), effects),
            Ok(()) if !bytes.is_empty() && offset < job.bytes_of(&reader) => {
                // The next slice comes with the next alarm: others may have the thread in between.
                job.stage = Stage::Reading { reader, offset, asked: None };
                self.carrying.job = Some(job);
            }
            Ok(()) => self.on_read(job, reader, effects),
        }
        true
    }

    /// A file is over.
    fn on_read(&mut self, mut job: Box<Job>, reader: Reader, effects: &mut Effects) {
        match reader {
            Reader::Given(filter) => match Decisions::of(*filter) {
                Err(why) => self.end_unreadable(*job, &why, effects),
                Ok(given) => {
                    job.given = given;
                    self.read(job, Reader::Now(Box::new(SeedFilter::of_decisions())), effects);
                }
            },
            Reader::Now(filter) => match Decisions::of(*filter) {
                Err(why) => self.end_unreadable(*job, &why, effects),
                Ok(now) => {
                    job.changes = job.given.changed_to(&now);
                    job.now = now;
                    self.on_compared(job, effects);
                }
            },
            Reader::Places(locator) => match locator.finish() {
                Err(why) => {
                    let why = job.damaged(&why);
                    self.end(*job, End::Failed(why), effects);
                }
                Ok((plan, changes)) => {
                    job.verdicts.clone_from(&plan.verdicts);
                    if job.goal == Goal::Carry && plan.edits_anything() {
                        job.changes = changes.clone();
                        let merger = Box::new(Merger::new(plan, changes));
                        return self.read(job, Reader::Merged(merger), effects);
                    }
                    job.changes = changes;
                    self.settle_changes(job, effects);
                }
            },
            Reader::Merged(_) => {}
        }
    }

    /// What was changed is known.
    fn on_compared(&mut self, mut job: Box<Job>, effects: &mut Effects) {
        job.verdicts = vec![Verdict::Clash; job.changes.len()];
        let is_left = matches!(job.origin, Origin::Left(_));
        match job.goal {
            _ if job.changes.is_empty() && is_left => self.store(job, "drop", effects),
            _ if job.changes.is_empty() => self.end(*job, End::Nothing, effects),
            Goal::Forget => {
                job.verdicts = vec![Verdict::There; job.changes.len()];
                self.settle_changes(job, effects);
            }
            Goal::Look | Goal::Carry if job.copied.users.is_some() => {
                let locator = Box::new(Locator::new(job.changes.clone()));
                self.read(job, Reader::Places(locator), effects);
            }
            Goal::Carry => self.end(*job, End::Failed(no_answer()), effects),
            Goal::Look => self.settle_changes(job, effects),
        }
    }

    /// What becomes of each change is known. What is in the user's file, or goes there now, is no change any more.
    fn settle_changes(&mut self, mut job: Box<Job>, effects: &mut Effects) {
        let is_left = matches!(job.origin, Origin::Left(_));
        let settled: Vec<&Change> = job.with_verdict(|verdict| match job.goal {
            Goal::Look => verdict == Verdict::There,
            Goal::Carry | Goal::Forget => verdict != Verdict::Clash,
        });
        let all = settled.len() == job.changes.len();
        if job.goal == Goal::Look && (!is_left || (job.copied.sifted && settled.is_empty())) {
            let told = job.changes.iter().map(Change::told).collect();
            return self.end(*job, End::Looked { told, trouble: None }, effects);
        }
        if is_left && all {
            return self.store(job, "drop", effects);
        }
        // The last one is written first.
        let mut files = vec![("base", job.given.with(&settled).json())];
        if is_left {
            files.push(("now", job.now.json()));
        }
        self.write_next(&mut job, files, "base", effects);
        self.carrying.job = Some(job);
    }

    fn write_next(
        &mut self,
        job: &mut Job,
        mut files: Vec<(&'static str, String)>,
        what: &'static str,
        effects: &mut Effects,
    ) {
        let asked = self.fresh_call();
        if let Some((file, content)) = files.pop() {
            effects.push(Effect::WriteFile { call: asked, file: format!("{}/{file}", job.copied.dir), content });
        }
        job.stage = Stage::Writing { files, what, asked };
    }

    /// Whether the file was one of the job's.
    pub(in crate::manager) fn on_changes_written(
        &mut self,
        call: CallId,
        result: &Result<(), String>,
        effects: &mut Effects,
    ) -> bool {
        let waited = |job: &mut Box<Job>| match &job.stage {
            Stage::Appending { asked, .. } | Stage::Writing { asked, .. } => *asked == call,
            _ => false,
        };
        let Some(mut job) = self.carrying.job.take_if(waited) else { return false };
        if let Err(why) = result {
            let why = format!("the plugin's cache dir cannot be written: {why}. Nothing was changed");
            self.end(*job, End::Failed(why), effects);
            return true;
        }
        match std::mem::replace(&mut job.stage, Stage::Copying(call)) {
            Stage::Appending { merger, offset, .. } if Some(offset) < job.copied.users => {
                job.stage = Stage::Reading { reader: Reader::Merged(merger), offset, asked: None };
                self.carrying.job = Some(job);
            }
            Stage::Appending { merger, .. } => match merger.finish() {
                Err(why) => {
                    let why = job.not_merged(&why);
                    self.end(*job, End::Failed(why), effects);
                }
                Ok((bytes, changes)) => {
                    (job.merged, job.changes) = (Some(bytes), changes);
                    self.settle_changes(job, effects);
                }
            },
            Stage::Writing { files, what, .. } if !files.is_empty() => {
                self.write_next(&mut job, files, what, effects);
                self.carrying.job = Some(job);
            }
            Stage::Writing { what, .. } => self.store(job, what, effects),
            stage => {
                job.stage = stage;
                self.carrying.job = Some(job);
            }
        }
        true
    }

    fn store(&mut self, mut job: Box<Job>, what: &'static str, effects: &mut Effects) {
        let [kind, id] = job.origin.words();
        let bytes = job.merged.map(|bytes| bytes.to_string());
        let (stamp, bytes) = match &bytes {
            Some(bytes) => (job.copied.users_stamp.as_str(), bytes.as_str()),
            None => ("-", "-"),
        };
        let words = ["changes-in", &kind, &id, &job.copied.dir, what, stamp, bytes];
        match self.run_host(Purpose::ChangesIn, &words, effects) {
            Some(call) => {
                job.stage = Stage::Storing(call);
                self.carrying.job = Some(job);
            }
            None => self.end(*job, End::Failed("Carrel is not ready; try again".into()), effects),
        }
    }

    pub(in crate::manager) fn on_changes_in(&mut self, call: CallId, stdout: &str, effects: &mut Effects) {
        let Some(mut job) =
            self.carrying.job.take_if(|job| matches!(job.stage, Stage::Storing(asked) if asked == call))
        else {
            return;
        };
        let lines = report::lines(stdout);
        let line = lines.iter().find(|line| line.tag == "changes");
        // The host has removed the copy.
        job.copied.dir.clear();
        match line.map_or("", |line| line.field(0)) {
            "done" => {
                let told = |which: &dyn Fn(Verdict) -> bool| -> Vec<String> {
                    job.with_verdict(which).into_iter().map(Change::told).collect()
                };
                let clashed = told(&|verdict| verdict == Verdict::Clash);
                let end = match job.goal {
                    Goal::Look => End::Looked { told: told(&|verdict| verdict != Verdict::There), trouble: None },
                    Goal::Carry => End::Done { carried: told(&|verdict| verdict != Verdict::Clash), clashed },
                    Goal::Forget => End::Done { carried: vec![], clashed: vec![] },
                };
                self.end(*job, end, effects);
            }
            "again" if job.tries < TRIES => self.start_job(job.origin, job.goal, job.tries + 1, effects),
            "again" => {
                let why = format!("{} changes all the time; try again. Nothing was changed", job.copied.users_file);
                self.end(*job, End::Failed(why), effects);
            }
            "none" => self.end(*job, End::Nothing, effects),
            _ => {
                let why = line.map_or_else(no_answer, |line| line.field(1).to_string());
                self.end(*job, End::Failed(why), effects);
            }
        }
    }

    fn end_unreadable(&mut self, job: Job, why: &SeedError, effects: &mut Effects) {
        let why = job.unreadable(why);
        self.end(job, End::Failed(why), effects);
    }

    pub(in crate::manager) fn pass_changes_slices(&mut self, effects: &mut Effects) {
        if self.alarm_ms.is_none() && matches!(&self.carrying.job, Some(job) if job.waits_for_slice()) {
            self.read_next(effects);
        }
    }
}

impl Reader {
    fn file(&self) -> &'static str {
        match self {
            Reader::Given(_) => "given",
            Reader::Now(_) => "now",
            Reader::Places(_) | Reader::Merged(_) => "in",
        }
    }
}

impl Job {
    pub(super) fn waits_for_slice(&self) -> bool {
        matches!(self.stage, Stage::Reading { asked: None, .. })
    }

    fn bytes_of(&self, reader: &Reader) -> u64 {
        match reader {
            Reader::Given(_) => self.copied.given,
            Reader::Now(_) => self.copied.now,
            Reader::Places(_) | Reader::Merged(_) => self.copied.users.unwrap_or(0),
        }
    }

    fn with_verdict(&self, which: impl Fn(Verdict) -> bool) -> Vec<&Change> {
        let judged = self.changes.iter().zip(&self.verdicts);
        judged.filter(|(_, verdict)| which(**verdict)).map(|(change, _)| change).collect()
    }

    fn unreadable(&self, why: &SeedError) -> String {
        why.sentence("what was changed cannot be told: the desk's .claude.json")
    }

    fn damaged(&self, why: &SeedError) -> String {
        seeding::damaged(&why.sentence(&self.copied.users_file))
    }

    fn not_merged(&self, why: &str) -> String {
        format!("{} was not changed: {why}. Please report this", self.copied.users_file)
    }
}

fn copied(line: &Line) -> Copied {
    Copied {
        dir: line.field(1).to_string(),
        stamp: line.field(2).to_string(),
        given: line.field(3).parse().unwrap_or(0),
        now: line.field(4).parse().unwrap_or(0),
        sifted: line.field(5) == "sifted",
        users: line.field(6).parse().ok(),
        users_stamp: line.field(7).to_string(),
        users_file: line.field(8).to_string(),
    }
}

fn no_answer() -> String {
    "the host program did not answer; Zellij's log says more. What was changed is still there".to_string()
}
