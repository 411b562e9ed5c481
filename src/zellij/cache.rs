//! What the instances of one server share, in the plugin's cache dir: the lease, the turn to ask, the board, the marks of closed panes,
//! and the files of the seed on their way. Nothing here must survive but a mark, and losing one only means that a desk
//! waits for the next look at the orphans.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::manager::asking::{SETTLED_MS, TURN_MS};
use crate::manager::electing::{Instance, Lease};
use crate::manager::ids::DeskId;

const ROOT: &str = "/cache";
const MARKS: &str = "/cache/closed";
/// What a server left behind is removed after that time.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// The shared files of one server, as one instance uses them.
pub struct Cache {
    me: Instance,
    /// The beginning of the names of all its leases.
    leases: String,
    lease: PathBuf,
    turn: PathBuf,
    answered: PathBuf,
    board: PathBuf,
}

impl Cache {
    /// Those of the server with that pid on that host, for that group of instances. Not of the session's name: it can
    /// change, and clones would not agree on it.
    pub fn new(me: Instance, server: u32, host: &str, group: &str) -> Self {
        let host: String = host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let leases = format!("actor-{server}-{host}-");
        Cache {
            me,
            lease: Path::new(ROOT).join(format!("{leases}{group}")),
            turn: Path::new(ROOT).join(format!("asking-{server}-{host}")),
            answered: Path::new(ROOT).join(format!("asking-{server}-{host}-{}", me.plugin)),
            board: Path::new(ROOT).join(format!("board-{server}-{host}-session")),
            leases,
        }
    }

    /// The lease with the highest term.
    pub fn lease(&self) -> Option<Lease> {
        highest(&self.lease)
    }

    /// The leases of this server's groups: of a layout's instance under its plugin id, of all others under none.
    pub fn leases(&self) -> Vec<(Option<u32>, Lease)> {
        let Ok(entries) = fs::read_dir(ROOT) else { return vec![] };
        let groups = entries.flatten().filter_map(|entry| {
            let name = entry.file_name();
            let group = name.to_str()?.strip_prefix(&self.leases)?;
            Some((group.strip_prefix("pane-").and_then(|id| id.parse().ok()), highest(&entry.path())?))
        });
        groups.collect()
    }

    /// Creating a term's file succeeds once, whoever is first.
    pub fn claim(&self, term: u64, granted: bool) {
        if term == 1 {
            sweep();
        }
        let _ = fs::create_dir_all(&self.lease);
        let Some(temporary) = self.write_beside(granted) else { return };
        // A link appears whole, and fails where the name is taken.
        let claimed = fs::hard_link(&temporary, self.lease.join(term.to_string())).is_ok();
        let _ = fs::remove_file(&temporary);
        if !claimed {
            return;
        }
        let Ok(entries) = fs::read_dir(&self.lease) else { return };
        for entry in entries.flatten() {
            let old = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            if old.is_some_and(|old| old < term) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// By rename: a reader never sees half of it.
    pub fn renew(&self, term: u64, granted: bool) {
        let Some(temporary) = self.write_beside(granted) else { return };
        let _ = fs::rename(&temporary, self.lease.join(term.to_string()));
    }

    pub fn give_up(&self, term: u64) {
        let _ = fs::remove_file(self.lease.join(term.to_string()));
    }

    /// Takes the turn to ask Zellij for the permissions, unless another instance of this server has it. Zellij writes its file of
    /// permissions anew for each that finds the answer there, and one that looks in that moment finds it empty, and has the
    /// user asked again.
    pub fn take_turn(&self, now_ms: u64) -> bool {
        // Zellij may still tell the clones of one plugin what it has told the one before.
        if age_ms(&self.answered, now_ms).is_some_and(|age| age < SETTLED_MS) {
            return false;
        }
        if age_ms(&self.turn, now_ms).is_some_and(|age| age > TURN_MS) {
            let _ = fs::remove_file(&self.turn);
        }
        match fs::OpenOptions::new().write(true).create_new(true).open(&self.turn) {
            Ok(mut file) => {
                if file.write_all(self.name().as_bytes()).is_err() {
                    let _ = fs::remove_file(&self.turn);
                }
                true
            }
            // Where nothing can be written, nobody can wait.
            Err(why) => why.kind() != std::io::ErrorKind::AlreadyExists,
        }
    }

    /// Ends it, where it is this instance's.
    pub fn end_turn(&self) {
        if fs::read_to_string(&self.turn).is_ok_and(|holder| holder == self.name()) {
            let _ = fs::write(&self.answered, "");
            let _ = fs::remove_file(&self.turn);
        }
    }

    fn name(&self) -> String {
        format!("{}-{}", self.me.plugin, self.me.client)
    }

    /// None on a full disk, say: what is there stays then.
    fn write_beside(&self, granted: bool) -> Option<PathBuf> {
        let Instance { plugin, client } = self.me;
        let temporary = self.lease.join(format!("new-{}", self.name()));
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let word = if granted { "granted" } else { "waiting" };
        let text = format!("{plugin} {client} {} {word}\n", since.as_millis());
        fs::write(&temporary, text).ok().map(|()| temporary)
    }

    /// What the other instances draw.
    pub fn publish(&self, text: &str) {
        let temporary = self.board.with_extension("new");
        if fs::write(&temporary, text).is_ok() {
            let _ = fs::rename(&temporary, &self.board);
        }
    }

    /// What the actor published.
    pub fn snapshot(&self) -> Option<String> {
        fs::read_to_string(&self.board).ok()
    }

    /// Synchronous, and so done before Zellij ends with its last pane.
    pub fn mark(&self, pane: DeskId) {
        let _ = fs::create_dir_all(MARKS);
        let _ = fs::write(Path::new(MARKS).join(pane.to_string()), "");
    }

    pub fn unmark(&self, pane: DeskId) {
        let _ = fs::remove_file(Path::new(MARKS).join(pane.to_string()));
    }

    pub fn marks(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(MARKS) else { return vec![] };
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    pub fn read_slice(&self, file: &str, offset: u64, length: usize) -> Result<Vec<u8>, String> {
        let read = || {
            let mut file = fs::File::open(Path::new(ROOT).join(file))?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::with_capacity(length);
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|why: std::io::Error| why.to_string())
    }

    /// The file exists: the host made it, private to the user.
    pub fn write(&self, file: &str, content: &str) -> Result<(), String> {
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).truncate(true).open(Path::new(ROOT).join(file))?;
            file.write_all(content.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|why: std::io::Error| why.to_string())
    }

    /// The same, but what is there stays.
    pub fn append(&self, file: &str, content: &[u8]) -> Result<(), String> {
        let append = || fs::OpenOptions::new().append(true).open(Path::new(ROOT).join(file))?.write_all(content);
        append().map_err(|why: std::io::Error| why.to_string())
    }

    /// A dir of copies. One that stays behind is removed by the host an hour later.
    pub fn remove_copy(&self, dir: &str) {
        if !dir.is_empty() && !dir.contains('/') {
            let _ = fs::remove_dir_all(Path::new(ROOT).join(dir));
        }
    }
}

/// Since when a file is unchanged, in milliseconds.
fn age_ms(file: &Path, now_ms: u64) -> Option<u64> {
    let modified = fs::metadata(file).and_then(|data| data.modified()).ok()?;
    let at = modified.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(u64::try_from(at).map_or(u64::MAX, |at| now_ms.abs_diff(at)))
}

fn highest(group: &Path) -> Option<Lease> {
    let terms = fs::read_dir(group).ok()?.flatten();
    let term = terms.filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok()).max()?;
    let text = fs::read_to_string(group.join(term.to_string())).unwrap_or_default();
    // One that cannot be read is held by nobody: the next term takes its place.
    let nobody = Instance { plugin: u32::MAX, client: u16::MAX };
    Some(read_lease(term, &text).unwrap_or(Lease { term, holder: nobody, renewed_ms: 0, granted: false }))
}

fn read_lease(term: u64, text: &str) -> Option<Lease> {
    let mut words = text.split_whitespace();
    Some(Lease {
        term,
        holder: Instance { plugin: words.next()?.parse().ok()?, client: words.next()?.parse().ok()? },
        renewed_ms: words.next()?.parse().ok()?,
        granted: words.next()? == "granted",
    })
}

/// Leases, turns and boards of servers that are long gone.
fn sweep() {
    let Ok(entries) = fs::read_dir(ROOT) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !["actor-", "asking-", "board-"].iter().any(|kind| name.starts_with(kind)) {
            continue;
        }
        let age = entry.metadata().ok().and_then(|data| data.modified().ok()).and_then(|at| at.elapsed().ok());
        // A board is written when something changes; the lease beside it tells whether its server lives.
        let in_use =
            name.strip_prefix("board-").is_some_and(|rest| Path::new(ROOT).join(format!("actor-{rest}")).exists());
        if age.is_some_and(|age| age > OLD) && !in_use {
            let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
        }
    }
}
