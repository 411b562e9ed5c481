//! The names of things, one type each, so that a desk's uuid is never taken for a session's.
//! Knows nothing of where they come from: fresh ones are handed in.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Names a desk, and the isolated pane that sits at it. Made by Carrel, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeskId(pub Uuid);

impl DeskId {
    /// The desk's directory name: `pane-<uuid>`.
    #[must_use]
    pub fn dir_name(self) -> String {
        format!("pane-{self}")
    }

    /// Six characters that tell desks apart on a narrow panel.
    #[must_use]
    pub fn short(self) -> String {
        self.to_string().chars().take(6).collect()
    }
}

impl fmt::Display for DeskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for DeskId {
    type Err = String;

    /// Reads the 36 characters of a hyphenated lower-case uuid, and nothing looser: the text becomes part of a path.
    fn from_str(text: &str) -> Result<Self, String> {
        strict_uuid(text).map(DeskId).ok_or_else(|| format!("`{text}` is not a pane's uuid"))
    }
}

/// A conversation of Claude Code: the value of `--session-id` and `--resume`, and the stem of its transcript's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    /// From a fresh uuid.
    #[must_use]
    pub fn new(id: Uuid) -> Self {
        SessionId(id.as_hyphenated().to_string())
    }

    /// The one of a desk in a namespace, so that others can tell whose it is. Anybody can compute it:
    /// `uuid5(uuid5(NAMESPACE_URL, "carrel:<namespace>"), "<the desk's uuid>")`.
    #[must_use]
    pub fn derived(namespace: &str, desk: DeskId) -> Self {
        let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("carrel:{namespace}").as_bytes());
        SessionId::new(Uuid::new_v5(&space, desk.to_string().as_bytes()))
    }

    /// The id as Claude writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionId {
    type Err = String;

    /// Claude accepts any hyphenated uuid and keeps its case; nothing else gets near a path.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() == 36 && Uuid::try_parse(text).is_ok() {
            Ok(SessionId(text.to_string()))
        } else {
            Err(format!("`{text}` is not a session id (a uuid)"))
        }
    }
}

/// Zellij's number of a terminal pane. Counted per server, so it means nothing after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TerminalId(pub u32);

impl fmt::Display for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one host command that was started, so that its result finds its way back. Late or unknown ones change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Zellij's id of one `zellij pipe` call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipeId(pub String);

fn strict_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.as_hyphenated().to_string() == text).then_some(uuid)
}

/// Where something was changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// At a desk of this session.
    Desk(DeskId),
    /// At a desk that is gone: the name of what it left.
    Left(String),
}

impl Origin {
    /// The words by which the host knows it.
    pub(super) fn words(&self) -> [String; 2] {
        match self {
            Origin::Desk(pane) => ["--pane".to_string(), pane.to_string()],
            Origin::Left(name) => ["--left".to_string(), name.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pane_id_is_read_only_in_the_one_form_that_carrel_writes() {
        assert!("550e8400-e29b-41d4-a716-446655440000".parse::<DeskId>().is_ok());
        for bad in [
            "",
            "x",
            "550E8400-E29B-41D4-A716-446655440000",
            "550e8400e29b41d4a716446655440000",
            "../550e8400-e29b-41d4-a716-4466554400",
        ] {
            assert!(bad.parse::<DeskId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_derived_session_id_is_what_anybody_computes() {
        let desk: DeskId = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
        // python3 -c 'from uuid import *; print(uuid5(uuid5(NAMESPACE_URL, "carrel:team"), "550e8400-e29b-41d4-a716-446655440000"))'
        assert_eq!(SessionId::derived("team", desk).as_str(), "d4b0168a-a697-57a1-bb2f-59a49f840ed8");
        assert_ne!(SessionId::derived("other", desk), SessionId::derived("team", desk));
    }

    #[test]
    fn a_session_id_keeps_the_case_that_claude_gave_it() {
        let id: SessionId = "550E8400-E29B-41D4-A716-446655440000".parse().unwrap();
        assert_eq!(id.as_str(), "550E8400-E29B-41D4-A716-446655440000");
        assert!("550e8400e29b41d4a716446655440000".parse::<SessionId>().is_err());
        assert!("..".parse::<SessionId>().is_err());
    }
}
