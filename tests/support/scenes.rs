//! The scenes that the panel was designed for, each with a name: the golden tests compare them, the example prints them.
//! Knows nothing of sizes.

use uuid::Uuid;
use zellij_carrel::manager::board::{Board, Desk, Health, Leaving, Method, State};
use zellij_carrel::manager::ids::{DeskId, SessionId, TerminalId};
use zellij_carrel::manager::panel::{DesksScene, Question, Scene};

/// Noon of a day that is of no importance.
const NOW_MS: u64 = 1_763_899_200_000;
const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;

/// Every designed scene under its name.
pub fn designed() -> Vec<(&'static str, Scene)> {
    vec![
        ("awaiting_permission", Scene::AwaitingPermission),
        ("permission_denied", Scene::PermissionDenied),
        ("bad_configuration", Scene::BadConfiguration(configuration_errors())),
        ("booting", Scene::Booting),
        ("boot_failed", Scene::BootFailed(boot_errors())),
        ("no_desks", everyday(empty(), None)),
        ("no_desks_but_one_leaving", everyday(leaving(empty()), None)),
        ("desks", everyday(mixed(), Some(3))),
        ("desks_leaking_selected", everyday(mixed(), Some(4))),
        ("desks_nothing_selected", everyday(mixed(), Some(99))),
        ("desks_leaving", everyday(leaving(mixed()), Some(1))),
        ("desks_message", changed(mixed(), |scene| scene.message = Some(refusal()))),
        ("desks_question", changed(mixed(), |scene| scene.asking = Some(Question::Close(desk_id(1))))),
        ("many_desks", everyday(many(200), Some(100))),
        ("many_desks_at_the_end", everyday(many(200), Some(200))),
        ("hostile_texts", everyday(hostile(), Some(1))),
    ]
}

/// The uuid of the n-th desk: told apart by its first six characters.
pub fn desk_id(n: u32) -> DeskId {
    DeskId(Uuid::from_u128((u128::from(0x550e_8400_u32 + (n << 8)) << 96) + 0x41d4_a716_4466_5544_0000))
}

/// A desk with nothing wrong, idle since a minute.
pub fn plain_desk(n: u32) -> Desk {
    let pane = desk_id(n);
    Desk {
        pane,
        terminal: Some(TerminalId(n)),
        method: Method::ConfigDir,
        config_dir: Some(format!("/home/ann/.local/state/carrel/claude-configs/{}", pane.dir_name())),
        cwd: Some("/home/ann/code/carrel".to_string()),
        session: Some(SessionId::new(Uuid::from_u128((u128::from(0xc0ff_ee00_u32 + n) << 96) + (0x4abc << 64)))),
        state: State::Idle,
        waiting_for: None,
        health: Health::Isolated,
        problems: Vec::new(),
        bytes: Some(1_234_567),
        opened_ms: Some(NOW_MS - 60 * SECOND),
    }
}

fn everyday(board: Board, selected: Option<u32>) -> Scene {
    Scene::Desks(DesksScene { board, selected: selected.map(desk_id), asking: None, message: None, now_ms: NOW_MS })
}

fn changed(board: Board, change: impl Fn(&mut DesksScene)) -> Scene {
    let mut scene = DesksScene { board, selected: Some(desk_id(1)), asking: None, message: None, now_ms: NOW_MS };
    change(&mut scene);
    Scene::Desks(scene)
}

fn empty() -> Board {
    Board {
        session: "main".to_string(),
        claude_version: Some("2.1.330".to_string()),
        method: Some(Method::ConfigDir),
        ..Board::default()
    }
}

/// Each state and each verdict at least once.
fn mixed() -> Board {
    let desks = vec![
        Desk {
            state: State::Working,
            waiting_for: Some("what was answered since".to_string()),
            bytes: Some(48_300_000),
            opened_ms: Some(NOW_MS - 12 * SECOND),
            ..plain_desk(1)
        },
        Desk { cwd: Some("/home/ann/notes".to_string()), opened_ms: Some(NOW_MS - DAY / 12), ..plain_desk(2) },
        Desk {
            state: State::Waiting,
            waiting_for: Some("permission prompt".to_string()),
            cwd: Some("/srv/projects/the-quite-long-name-of-a-customer/backend/services/billing".to_string()),
            ..plain_desk(3)
        },
        Desk {
            health: Health::Leaking,
            problems: vec![
                "Its process keeps its state in /home/ann/.claude. Close the pane and open it again with Carrel."
                    .to_string(),
            ],
            cwd: Some("/home/ann/code/zellij".to_string()),
            opened_ms: Some(NOW_MS - 4 * DAY),
            ..plain_desk(4)
        },
        Desk {
            state: State::Starting,
            health: Health::Unknown,
            session: None,
            bytes: None,
            opened_ms: Some(NOW_MS + SECOND),
            ..plain_desk(5)
        },
        Desk { state: State::Exited, health: Health::Mismatch, terminal: Some(TerminalId(12)), ..plain_desk(6) },
        Desk { state: State::Suspended, health: Health::Unknown, terminal: None, opened_ms: None, ..plain_desk(7) },
        Desk {
            state: State::Unknown,
            health: Health::Unsupported,
            method: Method::None,
            config_dir: None,
            cwd: None,
            ..plain_desk(8)
        },
    ];
    Board { desks, ..empty() }
}

fn leaving(board: Board) -> Board {
    let why = "`telemetry-v2` is not known to be disposable. Move it out of the desk, or report it.";
    let leaving =
        vec![Leaving { pane: desk_id(40), failed: None }, Leaving { pane: desk_id(41), failed: Some(why.to_string()) }];
    let problems = vec!["The bell cannot be rung: no client is attached.".to_string()];
    Board { leaving, problems, ..board }
}

fn many(count: u32) -> Board {
    let desk = |n| Desk { cwd: Some(format!("/home/ann/code/tree-{n}")), ..plain_desk(n) };
    Board { desks: (1..=count).map(desk).collect(), ..empty() }
}

fn hostile() -> Board {
    let desks = vec![
        Desk {
            cwd: Some("/tmp/\u{1b}[2J\u{1b}[31mred\nnext\u{202e}line".to_string()),
            problems: vec!["A problem\nwith two lines and a bell\u{7}.".to_string()],
            ..plain_desk(1)
        },
        Desk {
            cwd: Some("/home/ann/書類/プロジェクト/日本語のとても長い名前".to_string()), ..plain_desk(2)
        },
        Desk { cwd: Some("/home/ann/🚀🚀 launch/cafe\u{301}/👩\u{200d}💻".to_string()), ..plain_desk(3) },
    ];
    Board { desks, problems: vec!["tab\there".to_string()], ..empty() }
}

fn configuration_errors() -> Vec<String> {
    [
        "`metod` is not an option; did you mean `method`?",
        "`cleanup_on_close` is \"yes\", but must be `true` or `false`.",
        "`share` names `.credentials.json`, which is never shared: its refresh token can be used only once.",
    ]
    .map(str::to_string)
    .to_vec()
}

fn boot_errors() -> Vec<String> {
    vec![
        "The state directory /home/ann/.local/state/carrel cannot be written: read-only file system.".to_string(),
        "`claude` was found neither in PATH nor in /home/ann/.local/bin: name it with the option `claude`.".to_string(),
    ]
}

fn refusal() -> String {
    "No pane was opened: the directory /home/ann/code/gone does not exist.".to_string()
}
