//! Filters the user's `.claude.json`, slice by slice, down to what a new desk gets (docs/decisions/0007).
//! Decides what is carried over, and that a damaged file gives no seed at all. Refuses to know where the bytes come
//! from, what Claude makes of the seed, and whether a trust is wise: it is carried over, never invented.
//!
//! Holds what is kept and nothing else, so that a file of 50 MB fits into a plugin's 16 MiB.

pub(super) mod allow;
pub(super) mod copy;
pub(super) mod scan;

use std::collections::BTreeMap;
use std::fmt;

use allow::Allowed;
use scan::{Fault, Found, Scanner};

/// How much may be kept in all. A seed is a few kB; with hundreds of projects some hundred kB.
pub const MOST: usize = 2 * 1024 * 1024;

/// How large one value may be. While it is rebuilt it can take many times its size.
pub const MOST_OF_ONE: usize = 512 * 1024;

/// The filter. Feed it the file from its first byte to its last, then finish it.
pub struct SeedFilter {
    scan: Scanner,
    /// Whether the user's login is carried over as well.
    login: bool,
    /// Only what the user decides is kept, and containers of which nothing is left as well.
    decisions: bool,
    /// The key that is being read, with its quotes; empty where keys do not matter.
    key: Vec<u8>,
    reading_key: bool,
    /// The value that is being kept.
    keeping: Option<Keeping>,
    /// What is kept of the document itself.
    top: BTreeMap<usize, String>,
    in_projects: bool,
    /// The project that is being read: its path and what is kept of it.
    project: Option<(String, Fields)>,
    projects: BTreeMap<String, Fields>,
    /// Size of all that is kept.
    kept: usize,
    failed: Option<SeedError>,
}

/// What a new desk gets.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed {
    /// The desk's `.claude.json`. May hold secrets (an MCP server's, an API key): for a file with mode 0600, never for
    /// an argv, an environment or a log.
    pub json: String,
    /// How many projects are in it.
    pub projects: usize,
}

/// Why there is no seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError {
    /// The byte of the file, counted from 0, at which it was found.
    pub at: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Fault(Fault),
    /// The document is something else than an object.
    NotAnObject,
    /// What is to be kept holds what serde_json cannot take in.
    Unreadable {
        key: String,
        why: String,
    },
    /// Too much is to be kept.
    TooLarge {
        culprit: String,
        bytes: usize,
        most: usize,
    },
}

type Fields = BTreeMap<usize, String>;

/// The project that a key is of, if any, the key's place, and its value.
pub(super) type Decided = (Option<String>, Place, String);

struct Keeping {
    place: Place,
    depth: usize,
    at: u64,
    json: Vec<u8>,
}

/// Where a key stands in the table of what is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Top(usize),
    Project(usize),
}

impl SeedFilter {
    /// A filter for a file that has not begun yet. What it gives is fit for a desk with a login of its own.
    #[must_use]
    pub fn new() -> Self {
        SeedFilter {
            scan: Scanner::new(),
            login: false,
            decisions: false,
            key: Vec::new(),
            reading_key: false,
            keeping: None,
            top: BTreeMap::new(),
            in_projects: false,
            project: None,
            projects: BTreeMap::new(),
            kept: 0,
            failed: None,
        }
    }

    /// Carries the user's login over as well: who is logged in, and the API key of a user of the Console, who has no
    /// other login on Linux. To be said before the first byte; only for desks that share the user's login.
    #[must_use]
    pub fn with_login(self) -> Self {
        SeedFilter { login: true, ..self }
    }

    /// A filter for what the user decides, and would miss.
    #[must_use]
    pub fn of_decisions() -> Self {
        SeedFilter { decisions: true, ..Self::new() }
    }

    /// What the user decided, now that the file is over, in ascending order.
    pub(super) fn finish_decisions(self) -> Result<Vec<Decided>, SeedError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.scan.finish().map_err(|fault| SeedError { at: self.scan.at(), what: What::Fault(fault) })?;
        let mut all: Vec<Decided> = self.top.into_iter().map(|(at, text)| (None, Place::Top(at), text)).collect();
        for (path, fields) in self.projects {
            all.extend(fields.into_iter().map(|(at, text)| (Some(path.clone()), Place::Project(at), text)));
        }
        Ok(all)
    }

    /// Takes the next bytes, as many or as few as there are. After an error every call gives the same error.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SeedError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.take(bytes).inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// The seed, now that the file is over.
    pub fn finish(self) -> Result<Seed, SeedError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.scan.finish().map_err(|fault| SeedError { at: self.scan.at(), what: What::Fault(fault) })?;
        let projects = self.projects.len();
        let mut json = String::with_capacity(self.kept + 64);
        write_fields(self.top, &mut json, |field| self::field(field).map(|(name, ..)| name));
        if projects > 0 {
            json.pop();
            json.push_str(if json.len() > 1 { ",\"projects\":" } else { "\"projects\":" });
            let mut separator = '{';
            for (path, fields) in self.projects {
                json.push(separator);
                separator = ',';
                copy::quote(&path, &mut json);
                json.push(':');
                write_fields(fields, &mut json, |field| allow::PROJECT.get(field).map(|(name, ..)| *name));
            }
            json.push_str("}}");
        }
        Ok(Seed { json, projects })
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
                Found::More => self.collect(bytes)?,
                Found::KeyBegins => {
                    self.reading_key = self.keeping.is_none() && self.keys_matter(depth);
                    self.key.clear();
                    self.collect(bytes)?;
                }
                Found::KeyEnds => {
                    self.collect(bytes)?;
                    self.reading_key = false;
                }
                Found::ValueBegins(byte) => {
                    if self.keeping.is_none() {
                        self.value_begins(byte, depth, at)?;
                    }
                    self.collect(bytes)?;
                }
                Found::ValueEnds => {
                    self.collect(bytes)?;
                    self.value_ends(self.scan.depth())?;
                }
            }
        }
        Ok(())
    }

    /// Keeps bytes of the key or the value that is being read.
    fn collect(&mut self, bytes: &[u8]) -> Result<(), SeedError> {
        if let Some(keeping) = &mut self.keeping {
            keeping.json.extend_from_slice(bytes);
            if keeping.json.len() > MOST_OF_ONE || self.kept + keeping.json.len() > MOST {
                return Err(self.too_large());
            }
        } else if self.reading_key {
            /// A path has at most 4096 bytes, each of them at most six in JSON.
            const LONGEST_KEY: usize = 32 * 1024;
            if self.key.len() + bytes.len() > LONGEST_KEY {
                // Not the name of anything that is kept.
                self.key.clear();
                self.reading_key = false;
            } else {
                self.key.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn keys_matter(&self, depth: usize) -> bool {
        depth == 1 || (depth == 2 && self.in_projects) || (depth == 3 && self.project.is_some())
    }

    /// Of a key that comes twice, the last one counts, as for Claude: what was kept of an earlier one goes, even if
    /// nothing takes its place.
    fn value_begins(&mut self, byte: u8, depth: usize, at: u64) -> Result<(), SeedError> {
        if depth == 0 {
            return match byte {
                b'{' => Ok(()),
                _ => Err(SeedError { at, what: What::NotAnObject }),
            };
        }
        if !self.keys_matter(depth) {
            return Ok(());
        }
        // A key that is no text (half of a surrogate pair) is none that is kept.
        let Ok(key) = serde_json::from_slice::<String>(&self.key) else { return Ok(()) };
        let place = if depth == 1 {
            if key == "projects" {
                let before = std::mem::take(&mut self.projects);
                self.kept -= before.iter().map(|(path, fields)| size_of_project(path, fields)).sum::<usize>();
                self.in_projects = byte == b'{';
                return Ok(());
            }
            let Some(field) = (0..FIELDS).find(|index| field(*index).is_some_and(|(name, ..)| name == key)) else {
                return Ok(());
            };
            if let Some(before) = self.top.remove(&field) {
                self.kept -= size_of(&before);
            }
            Place::Top(field)
        } else if depth == 2 {
            if let Some(before) = self.projects.remove(&key) {
                self.kept -= size_of_project(&key, &before);
            }
            if byte == b'{' {
                self.project = Some((key, Fields::new()));
            }
            return Ok(());
        } else {
            let Some(field) = allow::PROJECT.iter().position(|(name, ..)| *name == key) else { return Ok(()) };
            if let Some((_, fields)) = &mut self.project {
                if let Some(before) = fields.remove(&field) {
                    self.kept -= size_of(&before);
                }
            }
            Place::Project(field)
        };
        if place.allowed().is_some_and(|(_, shape, _)| shape.can_begin(byte)) && self.is_for(place) {
            self.keeping = Some(Keeping { place, depth, at, json: Vec::new() });
        }
        Ok(())
    }

    fn value_ends(&mut self, depth: usize) -> Result<(), SeedError> {
        if let Some(keeping) = self.keeping.take_if(|keeping| keeping.depth == depth) {
            return self.keep(keeping);
        }
        if self.keeping.is_some() {
            return Ok(());
        }
        if depth == 2 {
            if let Some((path, fields)) = self.project.take() {
                if !fields.is_empty() {
                    self.kept += size_of(&path);
                    self.projects.insert(path, fields);
                    if self.kept > MOST {
                        return Err(self.too_large());
                    }
                }
            }
        } else if depth == 1 {
            self.in_projects = false;
        }
        Ok(())
    }

    fn keep(&mut self, keeping: Keeping) -> Result<(), SeedError> {
        let Some((name, shape, _)) = keeping.place.allowed() else { return Ok(()) };
        let text = copy::copy(&keeping.json, shape).map_err(|error| SeedError {
            at: keeping.at,
            what: What::Unreadable { key: self.full_name(name, keeping.place), why: error.to_string() },
        })?;
        let empty = || self.decisions.then(|| shape.empty()).flatten().map(str::to_string);
        if let Some(text) = text.or_else(empty) {
            self.kept += size_of(&text);
            match (keeping.place, &mut self.project) {
                (Place::Top(field), _) => drop(self.top.insert(field, text)),
                (Place::Project(field), Some((_, fields))) => drop(fields.insert(field, text)),
                (Place::Project(_), None) => {}
            }
            if self.kept > MOST {
                return Err(self.too_large());
            }
        }
        Ok(())
    }

    fn is_for(&self, place: Place) -> bool {
        match place.allowed() {
            Some((key, ..)) if self.decisions => allow::is_decided(key, matches!(place, Place::Project(_))),
            Some(("primaryApiKey" | "oauthAccount", ..)) => self.login,
            _ => true,
        }
    }

    fn full_name(&self, name: &str, place: Place) -> String {
        match (place, &self.project) {
            (Place::Project(_), Some((path, _))) => format!("`{name}` of the project `{path}`"),
            _ => format!("`{name}`"),
        }
    }

    /// Names what is largest of all that is, or is being, kept.
    fn too_large(&self) -> SeedError {
        let mut largest = (String::new(), 0);
        let mut consider = |name: &dyn Fn() -> String, bytes: usize| {
            if bytes > largest.1 {
                largest = (name(), bytes);
            }
        };
        if let Some(keeping) = &self.keeping {
            let name = keeping.place.allowed().map_or("", |(name, ..)| name);
            consider(&|| self.full_name(name, keeping.place), keeping.json.len());
        }
        for (index, text) in &self.top {
            consider(&|| format!("`{}`", field(*index).map_or("", |(name, ..)| name)), text.len());
        }
        let one_is_too_large = self.keeping.as_ref().is_some_and(|keeping| keeping.json.len() > MOST_OF_ONE);
        if !one_is_too_large {
            let all = self.projects.iter().map(|(path, fields)| size_of_project(path, fields)).sum::<usize>();
            consider(&|| format!("`projects`, with {} of them", self.projects.len()), all);
        }
        let (culprit, bytes) = largest;
        let most = if one_is_too_large { MOST_OF_ONE } else { MOST };
        SeedError { at: self.scan.at(), what: What::TooLarge { culprit, bytes, most } }
    }
}

impl Default for SeedFilter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SeedFilter {
    /// Without what it holds: there are secrets in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedFilter").field("at", &self.scan.at()).field("kept", &self.kept).finish_non_exhaustive()
    }
}

impl fmt::Debug for Seed {
    /// Without what it holds: there are secrets in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed").field("bytes", &self.json.len()).field("projects", &self.projects).finish()
    }
}

impl SeedError {
    /// What is wrong, in one sentence that names the file.
    #[must_use]
    pub fn sentence(&self, file: &str) -> String {
        format!("{file} {self}.")
    }
}

impl fmt::Display for SeedError {
    /// Completes the sentence "`<file>` …". Quotes nothing of what is kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match &self.what {
            What::Fault(Fault::Empty) => write!(f, "is empty"),
            What::Fault(fault) => write!(f, "{fault} at byte {at}"),
            What::NotAnObject => write!(f, "is not a JSON object: it begins with something else at byte {at}"),
            What::Unreadable { key, why } => {
                write!(f, "holds something in {key} at byte {at} that cannot be read: {why}")
            }
            What::TooLarge { culprit, bytes, most } => write!(
                f,
                "holds more than a desk can be given ({} kB): most of it is {culprit}, with {} kB",
                most / 1024,
                bytes.div_ceil(1024)
            ),
        }
    }
}

impl std::error::Error for SeedError {}

impl Place {
    pub(super) fn allowed(self) -> Option<Allowed> {
        match self {
            Place::Top(index) => field(index),
            Place::Project(index) => allow::PROJECT.get(index).copied(),
        }
    }
}

/// How many keys of the document itself are kept: those of the table, and one secret.
const FIELDS: usize = allow::TOP.len() + 1;

fn field(index: usize) -> Option<Allowed> {
    allow::TOP.get(index).copied().or_else(|| (index + 1 == FIELDS).then_some(allow::SECRET))
}

/// What a kept text takes, with what surrounds it.
fn size_of(text: &str) -> usize {
    text.len() + 64
}

fn size_of_project(path: &str, fields: &Fields) -> usize {
    size_of(path) + fields.values().map(|text| size_of(text)).sum::<usize>()
}

fn write_fields(fields: Fields, json: &mut String, name: impl Fn(usize) -> Option<&'static str>) {
    json.push('{');
    let mut first = true;
    for (index, text) in fields {
        let Some(name) = name(index) else { continue };
        if !first {
            json.push(',');
        }
        first = false;
        copy::quote(name, json);
        json.push(':');
        json.push_str(&text);
    }
    json.push('}');
}

#[cfg(test)]
pub(super) mod tests;
