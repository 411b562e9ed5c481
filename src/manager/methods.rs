//! The isolation methods, and all that tells one from another to the plugin: its word, and where Claude's state lies.
//! Its counterpart on the host is `src/host/4-methods.sh`, which tells Claude. Nobody else asks which method it is
//! (`tests/house.rs`): a new one is a variant here and its functions there.

use super::ids::DeskId;
use super::options::{Platform, Sharing};

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

    /// Why it cannot be used here, and how to have it all the same.
    #[must_use]
    pub fn obstacle(self, platform: Platform, login: Sharing) -> Option<&'static str> {
        // Public reports and the names in the binary; macOS was never tried. See decision 0015.
        (self == Method::Home && platform == Platform::MacOs && login == Sharing::Shared).then_some(
            "method `home` is refused on macOS: the keychain with your login is found through HOME, so Claude would not \
             find it. Who wants it all the same sets the option login to `separate`: each desk then needs a login of its own",
        )
    }

    /// Whether this version knows it.
    #[must_use]
    pub fn is_built(self) -> bool {
        self != Method::Container
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let functions = ["check", "furnish", "tell"].map(|part| format!("\n{part}_{word}() {{"));
            let known = functions.iter().all(|function| crate::host::PROGRAM.contains(function));
            assert_eq!(known, method.is_built(), "{word}");
        }
    }
}
