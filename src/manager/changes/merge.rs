//! Brings what was decided inside a desk into the user's own `.claude.json`: finds the places as a stream, then copies the
//! file as a stream with the edits in it, and reads what it writes. Every other byte of the file stays as it is, and no
//! entry that the user has changed meanwhile is touched. Refuses to know where the bytes come from and go to.

use std::fmt;

use super::members::{member_text, Fate, Members};
use super::{same, Change, Field};
use crate::manager::seed::copy::Shape;
use crate::manager::seed::scan::{Found, Scanner};
use crate::manager::seed::{SeedError, What, MOST_OF_ONE};

/// How long the blanks may be that a new member is set off by.
const LONGEST_BLANKS: usize = 64;
/// A path has at most 4096 bytes, each of them at most six in JSON.
const LONGEST_KEY: usize = 32 * 1024;

/// What is to become of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is brought into the file.
    Carried,
    /// The file has it already.
    There,
    /// The file has something else in its place by now.
    Clash,
}

/// What is to be done to the file, and what becomes of each change.
#[derive(Debug)]
pub struct Plan {
    edits: Vec<Edit>,
    /// In the order of the changes.
    pub verdicts: Vec<Verdict>,
}

impl Plan {
    /// Whether the file is to be changed at all.
    #[must_use]
    pub fn edits_anything(&self) -> bool {
        !self.edits.is_empty()
    }
}

/// At this byte so many go, and these come.
struct Edit {
    at: u64,
    goes: u64,
    comes: Vec<u8>,
}

/// Finds the places for changes in a file. Feed it the file from its first byte to its last, then finish it.
pub struct Locator {
    scan: Scanner,
    changes: Vec<Change>,
    /// The fields that changes are about, with what was found of them.
    fields: Vec<(Field, Option<Value>)>,
    top: Container,
    /// The object `projects`; none where there is none.
    projects: Option<Container>,
    /// The projects that changes are about.
    wanted: Vec<(String, Option<Container>)>,
    /// The wanted project that is being read.
    project: Option<String>,
    in_projects: bool,
    pub(super) key: Vec<u8>,
    reading_key: bool,
    pub(super) capture: Option<Capture>,
    failed: Option<SeedError>,
}

/// A field's value in the file.
struct Value {
    start: u64,
    raw: Vec<u8>,
}

pub(super) struct Capture {
    /// Which of the fields.
    field: usize,
    depth: usize,
    found: Value,
}

/// An object of the file, as far as a new member has to know it.
#[derive(Default)]
struct Container {
    /// Behind its bracket.
    open: u64,
    /// Behind its last member.
    end: Option<u64>,
    /// Between its bracket and its first member.
    blanks: Vec<u8>,
    gathering: bool,
    /// It is something else than an object: nothing can be put into it.
    other: bool,
}

impl Container {
    fn opened(at: u64, byte: u8) -> Self {
        Container { open: at + 1, other: byte != b'{', gathering: byte == b'{', ..Container::default() }
    }

    /// The edit that adds members to it.
    fn with(&self, members: &[(String, String)]) -> Edit {
        let blanks = String::from_utf8_lossy(&self.blanks).into_owned();
        let mut comes = String::new();
        for (at, (key, value)) in members.iter().enumerate() {
            if at > 0 || self.end.is_some() {
                comes.push(',');
            }
            comes += &blanks;
            comes += &member_text(Some(key), value, !blanks.is_empty());
        }
        Edit { at: self.end.unwrap_or(self.open), goes: 0, comes: comes.into_bytes() }
    }
}

impl Locator {
    /// For these changes.
    #[must_use]
    pub fn new(changes: Vec<Change>) -> Self {
        // Changes of one field stand side by side, and so do fields of one project.
        let mut fields: Vec<(Field, Option<Value>)> = Vec::new();
        let mut wanted: Vec<(String, Option<Container>)> = Vec::new();
        for Change { field, .. } in &changes {
            if fields.last().is_none_or(|(last, _)| last != field) {
                fields.push((field.clone(), None));
            }
            if let Some(path) =
                field.project.as_ref().filter(|path| wanted.last().is_none_or(|(last, _)| last != *path))
            {
                wanted.push((path.clone(), None));
            }
        }
        Locator {
            scan: Scanner::new(),
            changes,
            fields,
            top: Container::default(),
            projects: None,
            wanted,
            project: None,
            in_projects: false,
            key: Vec::new(),
            reading_key: false,
            capture: None,
            failed: None,
        }
    }

    /// Takes the next bytes. After an error every call gives the same error.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SeedError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.take(bytes).inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// What is to be done, now that the file is over; and the changes, for the next step.
    pub fn finish(self) -> Result<(Plan, Vec<Change>), SeedError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.scan.finish().map_err(|fault| SeedError { at: self.scan.at(), what: What::Fault(fault) })?;
        let mut edits = Vec::new();
        let mut verdicts = Vec::new();
        let mut new_in_top: Vec<(String, String)> = Vec::new();
        let mut new_projects: Vec<(String, String)> = Vec::new();
        // Of the project that is at hand.
        let mut new_here: Vec<(String, String)> = Vec::new();
        let mut fields = self.fields.iter().peekable();
        for of_field in self.changes.chunk_by(|one, other| one.field == other.field) {
            let Some((field, found)) = fields.next() else { continue };
            let of_field: Vec<&Change> = of_field.iter().collect();
            let (text, told) = apply(found.as_ref().map(|found| found.raw.as_slice()), &of_field);
            let closed = found.is_none() && self.is_closed(field);
            let kept = |verdict| if closed && verdict == Verdict::Carried { Verdict::Clash } else { verdict };
            verdicts.extend(told.into_iter().map(kept));
            if let Some(text) = text.filter(|_| !closed) {
                match (found, &field.project) {
                    (Some(found), _) => {
                        let goes = found.raw.len() as u64;
                        edits.push(Edit { at: found.start, goes, comes: text.into_bytes() });
                    }
                    (None, None) => new_in_top.push((field.key().to_string(), text)),
                    (None, Some(_)) => new_here.push((field.key().to_string(), text)),
                }
            }
            let last = fields.peek().is_none_or(|(next, _)| next.project != field.project);
            let Some(path) = field.project.as_ref().filter(|_| last && !new_here.is_empty()) else { continue };
            let members = std::mem::take(&mut new_here);
            match self.wanted(path) {
                Some(container) => edits.push(container.with(&members)),
                None => new_projects.push((path.clone(), object(&members))),
            }
        }
        if !new_projects.is_empty() {
            match &self.projects {
                Some(container) => edits.push(container.with(&new_projects)),
                None => new_in_top.push(("projects".to_string(), object(&new_projects))),
            }
        }
        if !new_in_top.is_empty() {
            edits.push(self.top.with(&new_in_top));
        }
        edits.sort_by_key(|edit| edit.at);
        Ok((Plan { edits, verdicts }, self.changes))
    }

    /// Whether a field that is not there has no place where it could be put: something else stands where an object should.
    fn is_closed(&self, field: &Field) -> bool {
        let Some(project) = &field.project else { return false };
        self.wanted(project).or(self.projects.as_ref()).is_some_and(|container| container.other)
    }

    /// A project that changes are about, if it is there.
    fn wanted(&self, path: &str) -> Option<&Container> {
        self.wanted.iter().find(|(wanted, _)| wanted == path)?.1.as_ref()
    }

    fn take(&mut self, mut rest: &[u8]) -> Result<(), SeedError> {
        while !rest.is_empty() {
            let at = self.scan.at();
            let depth = self.scan.depth();
            let (taken, found) = match self.scan.step(rest) {
                Ok(step) => step,
                Err(fault) => return Err(SeedError { at: self.scan.at(), what: What::Fault(fault) }),
            };
            let (bytes, behind) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            rest = behind;
            match found {
                Found::More => {
                    if let Some(container) = self.container(depth).filter(|container| container.gathering) {
                        let room = LONGEST_BLANKS.saturating_sub(container.blanks.len());
                        container.blanks.extend(bytes.iter().take(room));
                    }
                }
                Found::KeyBegins => {
                    if let Some(container) = self.container(depth) {
                        container.gathering = false;
                    }
                    self.reading_key = self.capture.is_none() && self.keys_matter(depth);
                    self.key.clear();
                }
                Found::ValueBegins(byte) if self.capture.is_none() => self.value_begins(byte, depth, at)?,
                Found::KeyEnds | Found::ValueBegins(_) | Found::ValueEnds => {}
            }
            self.collect(bytes)?;
            match found {
                Found::KeyEnds => self.reading_key = false,
                Found::ValueEnds => self.value_ends(),
                _ => {}
            }
        }
        Ok(())
    }

    fn collect(&mut self, bytes: &[u8]) -> Result<(), SeedError> {
        if let Some(Capture { found: Value { raw, .. }, field, .. }) = &mut self.capture {
            raw.extend_from_slice(bytes);
            if raw.len() > MOST_OF_ONE {
                let key = self.fields.get(*field).map_or("", |(field, _)| field.key());
                let (culprit, bytes) = (format!("`{key}`"), raw.len());
                let what = What::TooLarge { culprit, bytes, most: MOST_OF_ONE };
                return Err(SeedError { at: self.scan.at(), what });
            }
        } else if self.reading_key {
            self.key.extend_from_slice(bytes);
            if self.key.len() > LONGEST_KEY {
                // Not the name of anything that is looked for.
                self.key.clear();
                self.reading_key = false;
            }
        }
        Ok(())
    }

    fn keys_matter(&self, depth: usize) -> bool {
        depth == 1 || (depth == 2 && self.in_projects) || (depth == 3 && self.project.is_some())
    }

    /// The object whose members stand at that depth.
    fn container(&mut self, depth: usize) -> Option<&mut Container> {
        match depth {
            _ if self.capture.is_some() => None,
            1 => Some(&mut self.top),
            2 if self.in_projects => self.projects.as_mut(),
            3 => {
                let path = self.project.as_ref()?;
                self.wanted.iter_mut().find(|(wanted, _)| wanted == path)?.1.as_mut()
            }
            _ => None,
        }
    }

    /// Of a key that comes twice, the last one counts, as for Claude: what was found of an earlier one is forgotten.
    fn value_begins(&mut self, byte: u8, depth: usize, at: u64) -> Result<(), SeedError> {
        if depth == 0 {
            self.top = Container::opened(at, byte);
            return if self.top.other { Err(SeedError { at, what: What::NotAnObject }) } else { Ok(()) };
        }
        if !self.keys_matter(depth) {
            return Ok(());
        }
        let Ok(key) = serde_json::from_slice::<String>(&self.key) else { return Ok(()) };
        if depth == 1 && key == "projects" {
            self.projects = Some(Container::opened(at, byte));
            self.in_projects = byte == b'{';
            self.wanted.iter_mut().for_each(|(_, container)| *container = None);
            self.forget(|field| field.project.is_some());
        } else if depth == 2 {
            if let Some((_, container)) = self.wanted.iter_mut().find(|(wanted, _)| *wanted == key) {
                *container = Some(Container::opened(at, byte));
                self.forget(|field| field.project.as_ref() == Some(&key));
                self.project = (byte == b'{').then_some(key);
            }
        } else {
            let project = self.project.clone().filter(|_| depth == 3);
            let wanted = |(field, _): &(Field, Option<Value>)| field.project == project && field.key() == key;
            if let Some(field) = self.fields.iter().position(wanted) {
                let found = Value { start: at, raw: Vec::new() };
                self.capture = Some(Capture { field, depth, found });
            }
        }
        Ok(())
    }

    fn value_ends(&mut self) {
        let (depth, at) = (self.scan.depth(), self.scan.at());
        if let Some(capture) = self.capture.take_if(|capture| capture.depth == depth) {
            if let Some((_, found)) = self.fields.get_mut(capture.field) {
                *found = Some(capture.found);
            }
        }
        if let Some(container) = self.container(depth) {
            container.end = Some(at);
            container.gathering = false;
        }
        match depth {
            1 if self.capture.is_none() => self.in_projects = false,
            2 if self.capture.is_none() => self.project = None,
            _ => {}
        }
    }

    fn forget(&mut self, which: impl Fn(&Field) -> bool) {
        self.fields.iter_mut().filter(|(field, _)| which(field)).for_each(|(_, found)| *found = None);
    }
}

/// Copies a file with the edits of a plan in it, and reads what it writes: it must be a whole document that has what was to
/// be carried. Feed it the file from its first byte to its last, then finish it.
pub struct Merger {
    /// The last one comes first.
    edits: Vec<Edit>,
    verdicts: Vec<Verdict>,
    at: u64,
    /// So many bytes that are still to come go.
    goes: u64,
    written: u64,
    check: Locator,
}

impl Merger {
    /// For a plan and the changes that it was made of.
    #[must_use]
    pub fn new(plan: Plan, changes: Vec<Change>) -> Self {
        let Plan { mut edits, verdicts } = plan;
        edits.reverse();
        Merger { edits, verdicts, at: 0, goes: 0, written: 0, check: Locator::new(changes) }
    }

    /// What is to be written for the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(bytes.len());
        while !bytes.is_empty() {
            let here = self.edits.last().map(|edit| edit.at.saturating_sub(self.at));
            let (next, stays) = match (self.goes, here) {
                (0, Some(0)) => {
                    if let Some(edit) = self.edits.pop() {
                        out.extend_from_slice(&edit.comes);
                        self.goes = edit.goes;
                    }
                    continue;
                }
                (0, Some(here)) => (here, true),
                (0, None) => (u64::MAX, true),
                (goes, _) => (goes, false),
            };
            let taken = usize::try_from(next).unwrap_or(usize::MAX).min(bytes.len());
            let (piece, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
            bytes = rest;
            self.at += piece.len() as u64;
            if stays {
                out.extend_from_slice(piece);
            } else {
                self.goes -= piece.len() as u64;
            }
        }
        self.check.feed(&out).map_err(|why| format!("what was made of it {why}"))?;
        self.written += out.len() as u64;
        Ok(out)
    }

    /// How many bytes were written, and the changes; or why they must not be used.
    pub fn finish(self) -> Result<(u64, Vec<Change>), String> {
        let (again, changes) = self.check.finish().map_err(|why| format!("what was made of it {why}"))?;
        let expected = self.verdicts.iter().map(|verdict| match verdict {
            Verdict::Carried | Verdict::There => Verdict::There,
            Verdict::Clash => Verdict::Clash,
        });
        if !self.edits.is_empty()
            || self.goes > 0
            || again.edits_anything()
            || !again.verdicts.iter().copied().eq(expected)
        {
            return Err("what was made of it does not say what it should".to_string());
        }
        Ok((self.written, changes))
    }
}

/// One field with its changes made, as far as nothing else has come in their place: its text, if it becomes another one, and
/// what becomes of each change.
pub(super) fn apply(raw: Option<&[u8]>, changes: &[&Change]) -> (Option<String>, Vec<Verdict>) {
    match changes.first().map(|change| change.field.shape()) {
        Some(Shape::Servers) => apply_to_object(raw, changes),
        Some(Shape::Texts) => apply_to_list(raw, changes),
        Some(Shape::KeyTails) => apply_to_lists(raw, changes),
        _ => apply_to_value(raw, changes),
    }
}

fn apply_to_value(raw: Option<&[u8]>, changes: &[&Change]) -> (Option<String>, Vec<Verdict>) {
    let theirs = raw.map(|raw| String::from_utf8_lossy(raw).into_owned());
    let mut text = None;
    let verdicts = changes.iter().map(|change| {
        // An answer that was never given is written as false, or not at all.
        let unanswered =
            change.field.shape() == Shape::True && change.before.is_none() && theirs.as_deref() == Some("false");
        if same(theirs.as_ref(), change.after.as_ref()) {
            Verdict::There
        } else if unanswered || same(theirs.as_ref(), change.before.as_ref()) {
            text = change.after.clone();
            Verdict::Carried
        } else {
            Verdict::Clash
        }
    });
    let verdicts = verdicts.collect();
    (text, verdicts)
}

fn apply_to_object(raw: Option<&[u8]>, changes: &[&Change]) -> (Option<String>, Vec<Verdict>) {
    let Some(members) = Members::of(raw.unwrap_or(b"{}")).filter(|_| raw.is_none_or(|raw| raw.starts_with(b"{")))
    else {
        return (None, vec![Verdict::Clash; changes.len()]);
    };
    let mut fates = vec![Fate::Stays; members.len()];
    let mut more = Vec::new();
    let verdicts: Vec<Verdict> = changes
        .iter()
        .map(|change| {
            let name = change.entry.clone().unwrap_or_default();
            let at = members.position(&name);
            let theirs = at.and_then(|at| members.value(at)).map(|raw| String::from_utf8_lossy(raw).into_owned());
            if same(theirs.as_ref(), change.after.as_ref()) {
                return Verdict::There;
            }
            if !same(theirs.as_ref(), change.before.as_ref()) {
                return Verdict::Clash;
            }
            match (at.and_then(|at| fates.get_mut(at)), &change.after) {
                (Some(fate), Some(after)) => *fate = Fate::Becomes(after.clone()),
                (None, Some(after)) => more.push((Some(name), after.clone())),
                // All of that name: else an earlier one would count again.
                (_, None) => {
                    let here = fates.iter_mut().zip(members.iter()).filter(|(_, (key, _))| *key == Some(&name));
                    here.for_each(|(fate, _)| *fate = Fate::Goes);
                }
            }
            Verdict::Carried
        })
        .collect();
    (rebuilt_if(&verdicts, &members, &fates, &more), verdicts)
}

/// The order of a list, and how often an entry stands in it, means nothing: so there is nothing that could clash.
fn apply_to_list(raw: Option<&[u8]>, changes: &[&Change]) -> (Option<String>, Vec<Verdict>) {
    let Some(members) = Members::of(raw.unwrap_or(b"[]")).filter(|_| raw.is_none_or(|raw| raw.starts_with(b"[")))
    else {
        return (None, vec![Verdict::Clash; changes.len()]);
    };
    let mut fates = vec![Fate::Stays; members.len()];
    let mut more = Vec::new();
    let verdicts: Vec<Verdict> = changes
        .iter()
        .map(|change| {
            let name = change.entry.clone().unwrap_or_default();
            let is_it = |raw: &[u8]| serde_json::from_slice::<String>(raw).is_ok_and(|text| text == name);
            let there = members.iter().any(|(_, raw)| is_it(raw));
            match (&change.after, there) {
                (Some(after), false) => more.push((None, after.clone())),
                (None, true) => {
                    let here = fates.iter_mut().zip(members.iter()).filter(|(_, (_, raw))| is_it(raw));
                    here.for_each(|(fate, _)| *fate = Fate::Goes);
                }
                _ => return Verdict::There,
            }
            Verdict::Carried
        })
        .collect();
    (rebuilt_if(&verdicts, &members, &fates, &more), verdicts)
}

/// The ends of API keys: two lists in an object.
fn apply_to_lists(raw: Option<&[u8]>, changes: &[&Change]) -> (Option<String>, Vec<Verdict>) {
    let Some(members) = Members::of(raw.unwrap_or(b"{}")).filter(|_| raw.is_none_or(|raw| raw.starts_with(b"{")))
    else {
        return (None, vec![Verdict::Clash; changes.len()]);
    };
    let mut fates = vec![Fate::Stays; members.len()];
    let mut more = Vec::new();
    let mut verdicts = vec![Verdict::Clash; changes.len()];
    for list in ["approved", "rejected"] {
        let (places, of_list): (Vec<usize>, Vec<&Change>) =
            changes.iter().copied().enumerate().filter(|(_, change)| change.list == Some(list)).unzip();
        let at = members.position(list);
        let (text, told) = apply_to_list(at.and_then(|at| members.value(at)), &of_list);
        match (text, at.and_then(|at| fates.get_mut(at))) {
            (Some(text), Some(fate)) => *fate = Fate::Becomes(text),
            (Some(text), None) => more.push((Some(list.to_string()), text)),
            (None, _) => {}
        }
        for (place, verdict) in places.into_iter().zip(told) {
            if let Some(slot) = verdicts.get_mut(place) {
                *slot = verdict;
            }
        }
    }
    (rebuilt_if(&verdicts, &members, &fates, &more), verdicts)
}

fn rebuilt_if(
    verdicts: &[Verdict],
    members: &Members,
    fates: &[Fate],
    more: &[(Option<String>, String)],
) -> Option<String> {
    let carried = verdicts.contains(&Verdict::Carried);
    carried.then(|| String::from_utf8_lossy(&members.rebuilt(fates, more)).into_owned())
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| member_text(Some(key), value, false)).collect();
    format!("{{{}}}", members.join(","))
}

impl fmt::Debug for Edit {
    /// Without what it brings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("at", &self.at).field("goes", &self.goes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Locator {
    /// Without what it has found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locator").field("at", &self.scan.at()).field("changes", &self.changes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Merger {
    /// Without what it writes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merger").field("at", &self.at).field("written", &self.written).finish_non_exhaustive()
    }
}
