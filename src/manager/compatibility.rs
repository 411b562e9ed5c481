//! Decides what to say about the versions of Zellij and Claude Code that Carrel meets. The tables are what `make compat` has
//! run, with its results in docs/compatibility.md; a test compares the two. Whether a pane is isolated is never decided here.

use std::cmp::Ordering;

use super::options::Sharing;

/// The Zellij versions with which all of docs/compatibility.md was run, oldest first.
pub const ZELLIJ: [&str; 2] = ["0.45.0", "0.45.1"];

/// The Claude Code versions with which all of docs/compatibility.md was run, oldest first. What lies between two of them is
/// taken to be like them, and that is said ([`between`]): there is a new one nearly every day.
pub const CLAUDE: [&str; 6] = ["2.1.119", "2.1.143", "2.1.144", "2.1.197", "2.1.330", "2.1.332"];

/// The first Claude Code that knows `CLAUDE_SECURESTORAGE_CONFIG_DIR`, by which desks share one login (2.1.143 says that it is
/// not logged in, 2.1.144 that it is; measured).
pub const SHARES_LOGIN: &str = "2.1.144";

/// What the user should know about these versions; unknown ones are none of ours to speak of.
#[must_use]
pub fn problems(zellij: Option<&str>, claude: Option<&str>, login: Sharing) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(zellij) = zellij.filter(|zellij| !ZELLIJ.contains(zellij)) {
        problems.push(format!(
            "Zellij {zellij} is not one of those that this Carrel is for ({}). Panes may open, close or come back \
             otherwise than described.",
            ZELLIJ.join(", ")
        ));
    }
    let (Some(claude), [oldest, .., newest]) = (claude, CLAUDE) else { return problems };
    if is_older(claude, oldest) {
        problems.push(format!(
            "Claude Code {claude} is older than {oldest}, the oldest that this Carrel was tried with: isolation may hold \
             and is not proved. Update it."
        ));
    } else if is_older(newest, claude) {
        problems.push(format!(
            "Claude Code {claude} is newer than {newest}, the newest that this Carrel was tried with. What a pane's health \
             says is proved all the same; look for a newer Carrel if something else is odd."
        ));
    }
    if login == Sharing::Shared && is_older(claude, SHARES_LOGIN) {
        problems.push(format!(
            "Claude Code {claude} cannot share one login: unless you use an API key, each new pane asks for a login of its \
             own. Update it to {SHARES_LOGIN} or newer."
        ));
    }
    problems
}

/// What to say of a Claude Code that was not tried itself, between two that were. No problem; nobody has seen that it is none.
#[must_use]
pub fn between(claude: &str) -> Option<String> {
    let pair = CLAUDE.windows(2).find_map(|pair| match pair {
        [older, newer] if is_older(older, claude) && is_older(claude, newer) => Some((older, newer)),
        _ => None,
    });
    pair.map(|(older, newer)| format!("not tried itself: {older} and {newer} were"))
}

/// Whether this Claude Code lets desks share one login, as far as its version tells.
#[must_use]
pub fn shares_login(claude: &str) -> bool {
    !is_older(claude, SHARES_LOGIN)
}

/// Whether one version is older than another; a part that is no number, or is missing, counts as 0.
pub(super) fn is_older(one: &str, other: &str) -> bool {
    let parts = |version: &str| {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        [(); 3].map(|()| numbers.next().unwrap_or(0))
    };
    parts(one).cmp(&parts(other)) == Ordering::Less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zellij: Option<&str>, claude: Option<&str>, login: Sharing, expected: &[&str]) {
        let problems = problems(zellij, claude, login);
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, words) in problems.iter().zip(expected) {
            assert!(problem.contains(words), "{words:?} is not in {problem:?}");
        }
    }

    #[test]
    fn versions_that_were_tried_and_those_between_them_are_no_problem() {
        for zellij in ZELLIJ {
            for claude in CLAUDE.iter().filter(|claude| !is_older(claude, SHARES_LOGIN)) {
                check(Some(zellij), Some(claude), Sharing::Shared, &[]);
            }
        }
        check(Some("0.45.1"), Some("2.1.200"), Sharing::Shared, &[]);
        assert_eq!(between("2.1.200").as_deref(), Some("not tried itself: 2.1.197 and 2.1.330 were"));
        for tried_or_outside in CLAUDE.into_iter().chain(["2.1.118", "2.1.333", "3.0"]) {
            assert_eq!(between(tried_or_outside), None);
        }
        check(None, None, Sharing::Shared, &[]);
        assert!(CLAUDE.windows(2).all(|pair| is_older(pair[0], pair[1])));
    }

    #[test]
    fn versions_outside_of_the_table_are_named_with_what_that_means() {
        check(Some("0.44.3"), None, Sharing::Shared, &["Zellij 0.44.3 is not one of those"]);
        check(Some("0.46.0"), Some("2.1.330"), Sharing::Shared, &["(0.45.0, 0.45.1)"]);
        check(None, Some("2.1.118"), Sharing::Separate, &["2.1.118 is older than 2.1.119"]);
        check(None, Some("1.9.999"), Sharing::Separate, &["older"]);
        check(None, Some("2.1.333"), Sharing::Shared, &["2.1.333 is newer than 2.1.332"]);
        check(None, Some("10.0"), Sharing::Shared, &["newer"]);
    }

    #[test]
    fn a_claude_that_cannot_share_one_login_is_named_where_that_is_wanted() {
        check(None, Some("2.1.143"), Sharing::Shared, &["cannot share one login"]);
        check(None, Some("2.1.143"), Sharing::Separate, &[]);
        check(None, Some("2.1.144"), Sharing::Shared, &[]);
        check(None, Some("2.0.0"), Sharing::Shared, &["older", "cannot share one login"]);
    }
}
