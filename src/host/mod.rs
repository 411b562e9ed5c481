//! ACTS ON THE HOST. The POSIX sh program that the plugin carries inside itself, and the words of its command line.
//! Knows nothing of when it is called.

/// The program as it is carried, and installed by `boot` as `<state dir>/carrel.sh`: without its comments, which are a third
/// of it, and without what lines are indented by. Each byte is one of the wasm's, and the program is an argument of the first call: Linux takes none of more than 128 KiB.
pub const PROGRAM: &str = match std::str::from_utf8(&BYTES) {
    Ok(text) => text,
    Err(_) => "",
};

/// The whole program as it is written.
pub const SOURCE: &str = concat!(
    include_str!("1-common.sh"),
    include_str!("2-processes.sh"),
    include_str!("3-keep.sh"),
    include_str!("4-container.sh"),
    include_str!("4-methods.sh"),
    include_str!("4-probe.sh"),
    include_str!("4-ring.sh"),
    include_str!("4-run.sh"),
    include_str!("5-clean.sh"),
    include_str!("6-owners.sh"),
    include_str!("6-scan.sh"),
    include_str!("6-sessions.sh"),
    include_str!("7-boot.sh"),
    include_str!("8-changes.sh"),
    include_str!("8-seed.sh"),
    include_str!("8-uninstall.sh"),
    include_str!("9-main.sh"),
);

const LENGTH: usize = bare::<0>().1;
static BYTES: [u8; LENGTH] = bare::<LENGTH>().0;

/// The source without lines that are comments and nothing else, and without the tabs that lines begin with (none of them is in
/// the middle of a text, a test says so), as far as it has room, and how long all of it is. A comment that begins with two
/// signs stays: it is for whoever finds the installed program.
// Runs in the compiler, which refuses what is out of bounds.
#[allow(clippy::indexing_slicing, long_running_const_eval)]
const fn bare<const ROOM: usize>() -> ([u8; ROOM], usize) {
    let source = SOURCE.as_bytes();
    let (mut text, mut length) = ([0; ROOM], 0);
    let mut at = 0;
    while at < source.len() {
        let mut sign = at;
        while source[sign] == b'\t' {
            sign += 1;
        }
        let comment = source[sign] == b'#' && source[sign + 1] != b'#';
        at = sign;
        let mut ended = false;
        while !ended {
            ended = source[at] == b'\n';
            if !comment {
                if length < ROOM {
                    text[length] = source[at];
                }
                length += 1;
            }
            at += 1;
        }
    }
    (text, length)
}
