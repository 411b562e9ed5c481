//! The isolation methods, and all that tells one from another to the plugin: its word, and where Claude's state lies.
//! Its counterpart on the host is `src/host/4-methods.sh`, which tells Claude. But for what its Claude
//! reports of itself, in `health.rs`, nobody else asks which method it is (`tests/house.rs`).

use super::ids::DeskId;
use super::options::{Fallback, Platform, Sharing};
use super::probing::{Probe, Seen};

/// How a pane is isolated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Its own `CLAUDE_CONFIG_DIR`.
    #[default]
    ConfigDir,
    /// Its own `HOME`.
    Home,
    /// No variable is set; only the session id is pinned.
    None,
    /// A container around its own `CLAUDE_CONFIG_DIR`.
    Container,
}

impl Method {
    /// All of them, in the order in which they are told.
    pub const ALL: [Method; 4] = [Method::ConfigDir, Method::Home, Method::None, Method::Container];

    /// The word of the options, the pipes and the launcher's command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Method::ConfigDir => "config_dir",
            Method::Home => "home",
            Method::None => "none",
            Method::Container => "container",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Method::ALL.into_iter().find(|method| method.word() == word)
    }

    /// Whether Claude gets a state of its own.
    #[must_use]
    pub fn isolates(self) -> bool {
        self != Method::None
    }

    /// Where Claude's state of a desk lies; none where it is the user's own.
    #[must_use]
    pub fn config_dir(self, state_dir: &str, pane: DeskId) -> Option<String> {
        let desk = pane.dir_name();
        match self {
            Method::None => None,
            Method::Home => Some(format!("{state_dir}/claude-homes/{desk}/.claude")),
            Method::ConfigDir | Method::Container => Some(format!("{state_dir}/claude-configs/{desk}")),
        }
    }

    /// Whether a probe has seen that this Claude keeps to it. `instead_of` is the method that was asked for, where this one
    /// stands in for it.
    #[must_use]
    pub fn honoured(self, probe: Probe, instead_of: Option<Method>) -> Seen {
        match self {
            Method::ConfigDir | Method::Container => probe.honours,
            Method::Home => probe.home,
            Method::None if instead_of.is_some() => Seen::No,
            Method::None => Seen::Unknown,
        }
    }

    /// The method of a pane for which this one was asked: itself, unless a probe has seen that this Claude does not keep to
    /// it. The error says why nothing is opened then. A container stands for more than its variable: nothing weaker is put
    /// in its place.
    pub fn or_instead(self, probe: Probe, fallback: Fallback) -> Result<Method, String> {
        if self.honoured(probe, None) != Seen::No {
            return Ok(self);
        }
        let not = "this Claude does not honour CLAUDE_CONFIG_DIR, as a probe of it found";
        match (self, fallback) {
            (Method::ConfigDir, Fallback::None) => Ok(Method::None),
            (Method::ConfigDir, Fallback::Home) if probe.home != Seen::No => Ok(Method::Home),
            (Method::ConfigDir, Fallback::Refuse) => Err(format!(
                "{not}, and the option fallback is `refuse`. Set it to `home` or `none`, or the option claude to another program"
            )),
            (Method::Container, _) => Err(format!(
                "{not}, and nothing weaker is put in a container's place. Ask for another method, or set the option claude to \
                 another program"
            )),
            (Method::None, _) => Ok(self),
            (Method::ConfigDir | Method::Home, _) => Err(format!(
                "{not}, nor HOME: its state cannot be kept at a desk. Only the method `none` opens a pane with it; or set the \
                 option claude to another program"
            )),
        }
    }

    /// What the launcher does where it learns of this Claude only after the pane was opened, or opened again: a word for its
    /// command line; none where that is what it does by itself. As [`Method::or_instead`] has it, and [`Method::obstacle`].
    #[must_use]
    pub fn late_fallback(self, fallback: Fallback, platform: Platform, login: Sharing) -> Option<&'static str> {
        match (self, fallback) {
            (Method::ConfigDir, Fallback::None) => Some("none"),
            (Method::ConfigDir, Fallback::Home) if Method::Home.obstacle(platform, login).is_none() => None,
            (Method::ConfigDir, _) => Some("refuse"),
            (Method::Home | Method::None | Method::Container, _) => None,
        }
    }

    /// Why it cannot be used here, and how to have it all the same.
    #[must_use]
    pub fn obstacle(self, platform: Platform, login: Sharing) -> Option<&'static str> {
        // Public reports and the names in the binary; macOS was never tried. See decision 0015.
        (self == Method::Home && platform == Platform::MacOs && login == Sharing::Shared).then_some(
            "method `home` is refused on macOS: the keychain with your login is found through HOME, so Claude would not \
             find it. Who wants it all the same sets the option login to `separate`: each desk then needs a login of its own",
        )
    }

    /// Whether it needs another program, of which the host must say whether it can work here.
    #[must_use]
    pub fn needs_runtime(self) -> bool {
        self == Method::Container
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_claude_does_not_honour_is_never_opened_as_if_it_did() {
        use {Fallback as F, Method as M};
        let probe = |honours, home| Probe { honours, login: Seen::Unknown, home };
        let good = [probe(Seen::Yes, Seen::Unknown), Probe::default()];
        let (ignores, ignores_all) = (probe(Seen::No, Seen::Yes), probe(Seen::No, Seen::No));
        for method in Method::ALL {
            for fallback in [F::Home, F::None, F::Refuse] {
                for probe in good {
                    assert_eq!(method.or_instead(probe, fallback), Ok(method));
                }
            }
        }
        let table = [
            (M::ConfigDir, ignores, F::Home, Some(M::Home)),
            (M::ConfigDir, ignores, F::None, Some(M::None)),
            (M::ConfigDir, ignores, F::Refuse, None),
            (M::ConfigDir, ignores_all, F::Home, None),
            (M::ConfigDir, ignores_all, F::None, Some(M::None)),
            (M::ConfigDir, ignores_all, F::Refuse, None),
            (M::Home, ignores, F::Refuse, Some(M::Home)),
            (M::Home, ignores_all, F::None, None),
            (M::Container, ignores, F::Home, None),
            (M::Container, ignores, F::None, None),
            (M::None, ignores_all, F::Refuse, Some(M::None)),
        ];
        for (method, probe, fallback, expected) in table {
            assert_eq!(method.or_instead(probe, fallback).ok(), expected, "{method:?} {probe:?} {fallback:?}");
        }
        assert_eq!(M::None.honoured(probe(Seen::Yes, Seen::Yes), Some(M::ConfigDir)), Seen::No);
    }

    #[test]
    fn what_the_launcher_is_told_is_what_would_have_been_opened() {
        use {Fallback as F, Platform as P, Sharing as L};
        for (fallback, platform, login, expected) in [
            (F::Home, P::Other, L::Shared, None),
            (F::None, P::MacOs, L::Shared, Some("none")),
            (F::Refuse, P::Other, L::Shared, Some("refuse")),
            (F::Home, P::MacOs, L::Shared, Some("refuse")),
            (F::Home, P::MacOs, L::Separate, None),
        ] {
            assert_eq!(Method::ConfigDir.late_fallback(fallback, platform, login), expected);
            for other in [Method::Home, Method::None, Method::Container] {
                assert_eq!(other.late_fallback(fallback, platform, login), None);
            }
        }
    }

    #[test]
    fn on_macos_a_home_of_its_own_needs_an_explicit_word() {
        let refused = |method: Method, platform, login| method.obstacle(platform, login).is_some();
        assert!(refused(Method::Home, Platform::MacOs, Sharing::Shared));
        assert!(!refused(Method::Home, Platform::MacOs, Sharing::Separate));
        for method in Method::ALL {
            assert!(!refused(method, Platform::Other, Sharing::Shared));
            assert!(method == Method::Home || !refused(method, Platform::MacOs, Sharing::Shared));
        }
    }

    #[test]
    fn every_method_is_found_by_its_word_and_known_to_the_host() {
        for method in Method::ALL {
            let word = method.word();
            assert_eq!(Method::from_word(word), Some(method));
            for part in ["check", "furnish", "tell", "expect"] {
                assert!(crate::host::PROGRAM.contains(&format!("\n{part}_{word}() {{")), "{part}_{word}");
            }
        }
    }
}
