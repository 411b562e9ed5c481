//! What the user decided inside a desk: the difference between what its `.claude.json` was when it was given, and what it is
//! now, by what is let through into a seed. Refuses to know whose files these are, and keeps quiet about values: there are
//! secrets among them.

mod members;
mod merge;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::gathering::gather;
use super::seed::allow;
use super::seed::copy::{quote, Shape};
use super::seed::{Place, SeedError, SeedFilter};
use members::Members;
use merge::apply;

pub use merge::{Locator, Merger, Plan, Verdict};

/// How long a name may be that is told, in characters.
const LONGEST_NAME: usize = 80;

/// What a file says of all that a user decides, by its fields in ascending order. Empty containers are in it: what was in them
/// was taken out.
// Vectors, here and beside: each kind of tree map is some kB of wasm.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Decisions(Vec<(Field, String)>);

/// A key of a `.claude.json`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    /// The path of the project, if it is a key of one.
    project: Option<String>,
    place: Place,
}

impl Field {
    fn key(&self) -> &'static str {
        self.place.allowed().map_or("", |(key, ..)| key)
    }

    fn shape(&self) -> Shape {
        self.place.allowed().map_or(Shape::Anything, |(_, shape, _)| shape)
    }
}

/// Something that the user decided inside a desk.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    field: Field,
    /// Of two lists in one field: which.
    list: Option<&'static str>,
    /// The server, or the entry of a list; none where the field itself is what was changed.
    entry: Option<String>,
    /// What the desk was given, as JSON; none where there was nothing.
    before: Option<String>,
    /// What the desk has now.
    after: Option<String>,
}

impl Decisions {
    /// Of a file that has gone through a filter of decisions.
    pub fn of(filter: SeedFilter) -> Result<Self, SeedError> {
        let fields = filter.finish_decisions()?;
        Ok(Decisions(fields.into_iter().map(|(project, place, text)| (Field { project, place }, text)).collect()))
    }

    fn place_of(&self, field: &Field) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(field))
    }

    fn get(&self, field: &Field) -> Option<&str> {
        self.place_of(field).ok().and_then(|at| self.0.get(at)).map(|(_, text)| text.as_str())
    }

    /// What was decided between these and later ones. A key that is not there any more was not decided: Claude leaves out
    /// what has its default, moves keys into settings.json, and begins anew where its file was damaged.
    #[must_use]
    pub fn changed_to(&self, later: &Decisions) -> Vec<Change> {
        let mut changes = Vec::new();
        for (field, now) in &later.0 {
            let before = self.get(field);
            if before == Some(now) {
                continue;
            }
            let lists: &[Option<&'static str>] = match field.shape() {
                Shape::KeyTails => &[Some("approved"), Some("rejected")],
                _ => &[None],
            };
            for list in lists {
                add_changes(field, *list, before, now, &mut changes);
            }
        }
        changes
    }

    /// These with the changes made.
    #[must_use]
    pub fn with(&self, changes: &[&Change]) -> Decisions {
        let mut all = self.clone();
        for of_field in changes.chunk_by(|one, other| one.field == other.field) {
            let Some(field) = of_field.first().map(|change| &change.field) else { continue };
            let (Some(text), _) = apply(all.get(field).map(str::as_bytes), of_field) else { continue };
            match all.place_of(field) {
                Ok(at) => all.0.iter_mut().skip(at).take(1).for_each(|(_, before)| before.clone_from(&text)),
                Err(at) => all.0.insert(at, (field.clone(), text)),
            }
        }
        all
    }

    /// As a `.claude.json` that says nothing else. May hold secrets: for a file with mode 0600.
    #[must_use]
    pub fn json(&self) -> String {
        let mut json = String::from("{");
        let mut projects = String::from("{");
        for of_project in self.0.chunk_by(|(one, _), (other, _)| one.project == other.project) {
            let mut fields = String::from("{");
            of_project.iter().for_each(|(field, text)| write_member(field.key(), text, &mut fields));
            match of_project.first().and_then(|(field, _)| field.project.as_ref()) {
                Some(path) => write_member(path, &(fields + "}"), &mut projects),
                None => json = fields,
            }
        }
        if projects.len() > 1 {
            write_member("projects", &(projects + "}"), &mut json);
        }
        json + "}"
    }
}

impl Change {
    /// What was changed, in a few words that name it and do not quote its value.
    #[must_use]
    pub fn told(&self) -> String {
        let entry = self.entry.as_ref().map(|entry| shortened(entry)).unwrap_or_default();
        let place = match &self.field.project {
            Some(project) => format!(" in {project}"),
            None => String::new(),
        };
        let verb = match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        match (self.field.key(), self.list) {
            ("hasTrustDialogAccepted", _) => format!("{} trusted", self.field.project.as_deref().unwrap_or_default()),
            ("hasClaudeMdExternalIncludesApproved", _) => format!("imports of CLAUDE.md allowed{place}"),
            // The end of a key is not told.
            (_, Some(list)) => format!("{list} API key {verb}"),
            (key, None) if self.entry.is_none() => format!("setting `{key}` changed"),
            (key, None) => {
                let noun = allow::noun(key, self.field.project.is_some()).unwrap_or(key);
                format!("{noun} `{entry}` {verb}{place}")
            }
        }
    }
}

fn add_changes(field: &Field, list: Option<&'static str>, before: Option<&str>, now: &str, changes: &mut Vec<Change>) {
    let mut add = |entry: Option<&String>, before: Option<String>, after: Option<String>| {
        changes.push(Change { field: field.clone(), list, entry: entry.cloned(), before, after });
    };
    let shape = field.shape();
    if !matches!(shape, Shape::Servers | Shape::Texts | Shape::KeyTails) {
        return add(None, before.map(str::to_string), Some(now.to_string()));
    }
    let (before, now) = (entries(shape, list, before.unwrap_or_default()), entries(shape, list, now));
    for (name, value) in &before {
        if !same(Some(value), now.get(name)) {
            add(Some(name), Some(value.clone()), now.get(name).cloned());
        }
    }
    for (name, value) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
        add(Some(name), None, Some(value.clone()));
    }
}

/// The entries of a field by their names, each with its value as JSON.
fn entries(shape: Shape, list: Option<&str>, text: &str) -> BTreeMap<String, String> {
    let Some(members) = Members::of(text.as_bytes()) else { return BTreeMap::new() };
    if let (Shape::KeyTails, Some(list)) = (shape, list) {
        let inside = members.position(list).and_then(|at| members.value(at)).map(String::from_utf8_lossy);
        return inside.map(|inside| entries(Shape::Texts, None, &inside)).unwrap_or_default();
    }
    let named = |(key, value): (Option<&str>, &[u8])| {
        let name = key.map_or_else(|| serde_json::from_slice(value).ok(), |key| Some(key.to_string()))?;
        Some((name, String::from_utf8_lossy(value).into_owned()))
    };
    gather(members.iter().filter_map(named))
}

/// Whether two values mean the same: the order of keys and the blanks between them do not count.
fn same(one: Option<&String>, other: Option<&String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let read = |text: &str| serde_json::from_str::<Value>(text).ok();
            one == other || read(one).is_some_and(|one| Some(one) == read(other))
        }
        (one, other) => one == other,
    }
}

fn write_member(key: &str, text: &str, out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
    quote(key, out);
    out.push(':');
    out.push_str(text);
}

fn shortened(name: &str) -> String {
    let mut short: String = name.chars().take(LONGEST_NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

impl fmt::Debug for Decisions {
    /// Without what they say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decisions").field("fields", &self.0.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Change {
    /// As it is told, without values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Change").field(&self.told()).finish()
    }
}

#[cfg(test)]
mod tests;
