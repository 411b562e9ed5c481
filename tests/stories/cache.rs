//! What the clones of one server share on disk, as `src/zellij/cache.rs` keeps it: leases by term, the board, the marks,
//! the files of a seed. Knows no plugin and no Zellij.

use std::collections::{BTreeMap, BTreeSet};

use zellij_carrel::manager::electing::{Instance, Lease};

/// The plugin's cache dir. It outlives servers.
#[derive(Default)]
pub struct Cache {
    leases: BTreeMap<String, BTreeMap<u64, Lease>>,
    /// By server.
    boards: BTreeMap<u32, String>,
    /// Of all sessions, as in the real one.
    pub marks: BTreeSet<String>,
    /// The seed on its way.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Cache {
    /// The lease with the highest term.
    pub fn lease(&self, group: &str) -> Option<Lease> {
        self.leases.get(group)?.values().next_back().copied()
    }

    /// Creating a term's file succeeds once.
    pub fn claim(&mut self, group: &str, term: u64, holder: Instance, now_ms: u64, granted: bool) {
        let terms = self.leases.entry(group.to_string()).or_default();
        if terms.contains_key(&term) {
            return;
        }
        terms.insert(term, Lease { term, holder, renewed_ms: now_ms, granted });
        terms.retain(|old, _| *old >= term);
    }

    /// By rename: a term that somebody has deleted meanwhile comes back, below the higher one.
    pub fn renew(&mut self, group: &str, term: u64, holder: Instance, now_ms: u64, granted: bool) {
        let terms = self.leases.entry(group.to_string()).or_default();
        terms.insert(term, Lease { term, holder, renewed_ms: now_ms, granted });
    }

    pub fn give_up(&mut self, group: &str, term: u64) {
        if let Some(terms) = self.leases.get_mut(group) {
            terms.remove(&term);
        }
    }

    pub fn publish(&mut self, server: u32, text: String) {
        self.boards.insert(server, text);
    }

    pub fn snapshot(&self, server: u32) -> Option<String> {
        self.boards.get(&server).cloned()
    }

    pub fn read(&self, file: &str, offset: u64, length: usize) -> Result<Vec<u8>, String> {
        let bytes = self.files.get(file).ok_or("No such file or directory (os error 44)")?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(length).min(bytes.len());
        Ok(bytes[from..to].to_vec())
    }

    pub fn append(&mut self, file: &str, content: &[u8]) -> Result<(), String> {
        let bytes = self.files.get_mut(file).ok_or("No such file or directory (os error 44)")?;
        bytes.extend_from_slice(content);
        Ok(())
    }

    pub fn write(&mut self, file: &str, content: &str) -> Result<(), String> {
        let bytes = self.files.get_mut(file).ok_or("No such file or directory (os error 44)")?;
        *bytes = content.as_bytes().to_vec();
        Ok(())
    }
}
