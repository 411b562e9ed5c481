//! ACTS ON THE HOST. The POSIX sh program that the plugin carries inside itself, and the words of its command line.
//! Knows nothing of when it is called.

/// The whole program. `boot` installs it as `<state dir>/carrel.sh`.
pub const PROGRAM: &str = concat!(
    include_str!("1-common.sh"),
    include_str!("2-processes.sh"),
    include_str!("3-keep.sh"),
    include_str!("4-container.sh"),
    include_str!("4-methods.sh"),
    include_str!("4-probe.sh"),
    include_str!("4-run.sh"),
    include_str!("5-clean.sh"),
    include_str!("6-owners.sh"),
    include_str!("6-scan.sh"),
    include_str!("6-sessions.sh"),
    include_str!("7-boot.sh"),
    include_str!("8-seed.sh"),
    include_str!("8-uninstall.sh"),
    include_str!("9-main.sh"),
);
