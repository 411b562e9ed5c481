//! The list of panes that Zellij sends each second. Most lists say what the last one said, and of a thousand panes the
//! comparing is cheap where the reading is not: so the lists are compared as they came.

use super::fields::Fields;
use super::Malformed;

/// What Zellij says of a pane (`PaneInfo` in event.proto), as far as it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pane {
    /// Its number among the panes of its kind.
    pub id: u32,
    /// A plugin, not a terminal.
    pub is_plugin: bool,
    /// It has the focus in its layer of its tab.
    pub is_focused: bool,
    /// Hidden, and running.
    pub is_suppressed: bool,
    /// What its frame shows.
    pub title: String,
    /// Its process has ended.
    pub exited: bool,
    /// With that code.
    pub exit_status: Option<i32>,
    /// It waits for Enter.
    pub is_held: bool,
    /// The command that it was opened with, its words joined by blanks.
    pub terminal_command: Option<String>,
}

/// The panes of the current session, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaneList<'a> {
    session: &'a [u8],
    /// The panes of each tab by the tab's position: Zellij lists the tabs in any order.
    tabs: Vec<(u32, &'a [u8])>,
}

impl<'a> PaneList<'a> {
    /// From a session of a `SessionUpdatePayload`; none where it is not the current one.
    pub(super) fn of(session: Fields<'a>) -> Result<Option<Self>, Malformed> {
        let mut list = PaneList { session: &[], tabs: Vec::new() };
        let mut current = false;
        for field in session {
            match field? {
                (1, value) => list.session = value.bytes(),
                (3, value) => {
                    let tab = value.fields().find(|field| matches!(field, Ok((1, _)))).transpose()?;
                    list.tabs.push((tab.map_or(0, |(_, value)| value.small()), value.bytes()));
                }
                (5, value) => current = value.truth(),
                _ => {}
            }
        }
        list.tabs.sort_unstable_by_key(|(tab, _)| *tab);
        Ok(current.then_some(list))
    }

    /// The session's name.
    #[must_use]
    pub fn session(&self) -> String {
        String::from_utf8_lossy(self.session).into_owned()
    }

    /// Every pane, with the position of its tab.
    ///
    /// # Errors
    ///
    /// Where one of them is malformed.
    pub fn panes(&self) -> Result<Vec<(u32, Pane)>, Malformed> {
        let mut panes = Vec::new();
        for (tab, list) in &self.tabs {
            for field in Fields::of(list) {
                if let (2, value) = field? {
                    panes.push((*tab, read_pane(value.fields())?));
                }
            }
        }
        Ok(panes)
    }
}

fn read_pane(fields: Fields) -> Result<Pane, Malformed> {
    let mut pane = Pane::default();
    for field in fields {
        match field? {
            (1, value) => pane.id = value.small(),
            (2, value) => pane.is_plugin = value.truth(),
            (3, value) => pane.is_focused = value.truth(),
            (6, value) => pane.is_suppressed = value.truth(),
            (7, value) => pane.title = value.text(),
            (8, value) => pane.exited = value.truth(),
            (9, value) => pane.exit_status = Some(value.signed()),
            (10, value) => pane.is_held = value.truth(),
            (20, value) => pane.terminal_command = Some(value.text()),
            _ => {}
        }
    }
    Ok(pane)
}

/// The last list, to compare the next one with.
#[derive(Clone, Debug, Default)]
pub struct LastPanes {
    session: Vec<u8>,
    tabs: Vec<(u32, Vec<u8>)>,
}

impl LastPanes {
    /// Whether this list says the same as the last one; it is the last one from now on.
    pub fn same(&mut self, list: &PaneList) -> bool {
        let same = self.session == list.session
            && self.tabs.len() == list.tabs.len()
            && self.tabs.iter().zip(&list.tabs).all(|(last, now)| last.0 == now.0 && last.1 == now.1);
        if !same {
            self.session = list.session.to_vec();
            self.tabs = list.tabs.iter().map(|(tab, panes)| (*tab, panes.to_vec())).collect();
        }
        same
    }
}
