//! The scenes that the panel was designed for, each with a name: the golden tests compare them, the example prints them.
//! Knows nothing of sizes.

use uuid::Uuid;
use zellij_carrel::manager::board::{
    Board, Changed, Desk, Health, Leaving, Left, Method, Outsider, Proof, State, Unisolated,
};
use zellij_carrel::manager::ids::{DeskId, SessionId, TerminalId};
use zellij_carrel::manager::panel::{Conversation, DesksScene, Lies, Listing, PickerScene, Question, Row, Scene};

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
        ("desks_unproved_selected", everyday(unproved(), Some(1))),
        ("desks_outside_selected", on_outside(outside(mixed()), None)),
        ("desks_outside_question", on_outside(outside(mixed()), Some(Question::Adopt(TerminalId(9))))),
        ("only_outside", on_outside(outside(empty()), None)),
        ("desks_changed", everyday(changed_here(mixed()), Some(2))),
        ("desks_changed_and_left", everyday(left_behind(changed_here(mixed())), Some(3))),
        (
            "desks_forget_question",
            changed(left_behind(mixed()), |scene| scene.asking = Some(Question::Forget(Some(desk_id(1))))),
        ),
        ("no_desks_but_something_left", everyday(left_behind(empty()), None)),
        ("many_desks", everyday(many(200), Some(100))),
        ("many_desks_at_the_end", everyday(many(200), Some(200))),
        ("hostile_texts", everyday(hostile(), Some(1))),
        ("picker", picker(|_| {})),
        ("picker_looking", picker(|scene| scene.listing = Listing::Looking)),
        ("picker_filter", picker(filter_by_door)),
        ("picker_no_match", picker(match_nothing)),
        ("picker_empty", picker(|scene| scene.listing = Listing::Found(vec![], 0))),
        ("picker_failed", picker(|scene| scene.listing = Listing::Failed(gone_directory()))),
        ("picker_message", picker(|scene| scene.message = Some(elsewhere()))),
        ("picker_many", picker(fill)),
        ("picker_hostile_texts", picker(title_badly)),
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
        proof: None,
        problems: Vec::new(),
        bytes: Some(1_234_567),
        opened_ms: Some(NOW_MS - 60 * SECOND),
        changed: Changed::default(),
    }
}

fn everyday(board: Board, selected: Option<u32>) -> Scene {
    changed(board, |scene| scene.selected = selected.map(|n| Row::Desk(desk_id(n))))
}

fn changed(board: Board, change: impl Fn(&mut DesksScene)) -> Scene {
    let selected = Some(Row::Desk(desk_id(1)));
    let home = Some("/home/ann".to_string());
    let mut scene = DesksScene { board, selected, asking: None, message: None, now_ms: NOW_MS, home };
    change(&mut scene);
    Scene::Desks(scene)
}

fn on_outside(board: Board, asking: Option<Question>) -> Scene {
    changed(board, |scene| (scene.selected, scene.asking) = (Some(Row::Outside(TerminalId(9))), asking))
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
            proof: Some(Proof { pid: 4242, environment: true, transcript: true }),
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

/// One that is not proved for a reason, and one that is proved.
fn unproved() -> Board {
    let why =
        "Claude (pid 4711) was started with CLAUDE_CODE_CHILD_SESSION and saves no conversation. Look for a wrapper \
               around claude that sets it; mend that, and start the pane again.";
    let proof = Some(Proof { pid: 4712, environment: true, transcript: true });
    let desks = vec![
        Desk { state: State::Unknown, health: Health::Unknown, problems: vec![why.to_string()], ..plain_desk(1) },
        Desk { proof, ..plain_desk(2) },
    ];
    Board { desks, ..empty() }
}

fn outside(board: Board) -> Board {
    let process = Outsider {
        pid: 4713,
        start: "99".to_string(),
        session: plain_desk(9).session,
        cwd: Some("/home/ann/code/shed".to_string()),
        state: State::Working,
    };
    let one = |terminal, process| Unisolated { terminal: TerminalId(terminal), command: "claude".to_string(), process };
    Board { unisolated: vec![one(9, Some(process)), one(10, None)], ..board }
}

fn leaving(board: Board) -> Board {
    let why = "`telemetry-v2` is not known to be disposable. Move it out of the desk, or report it.";
    let leaving =
        vec![Leaving { pane: desk_id(40), failed: None }, Leaving { pane: desk_id(41), failed: Some(why.to_string()) }];
    let problems = vec!["The bell cannot be rung: no client is attached.".to_string()];
    Board { leaving, problems, ..board }
}

/// The second desk has what the user's own Claude does not have; in the third another client's panel has not looked.
fn changed_here(mut board: Board) -> Board {
    let told = ["MCP server `shelf` added", "/home/ann/notes trusted", "setting `respectGitignore` changed"];
    for desk in &mut board.desks {
        if desk.pane == desk_id(2) {
            desk.changed = Changed { count: 3, told: told.map(str::to_string).to_vec(), ..Changed::default() };
        } else if desk.pane == desk_id(3) {
            desk.changed = Changed { count: 2, ..Changed::default() };
        }
    }
    board
}

fn left_behind(board: Board) -> Board {
    let left = |n: u32, told: &str, trouble: Option<&str>| Left {
        pane: desk_id(n),
        name: format!("{}.1", desk_id(n)),
        changed: Changed {
            count: 1,
            told: vec![told.to_string()],
            trouble: trouble.map(str::to_string),
            ..Changed::default()
        },
    };
    let clash = "your own .claude.json has something else there by now";
    let left = vec![left(50, "MCP server `old` removed", None), left(51, "MCP server `x` changed", Some(clash))];
    Board { left, ..board }
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

fn picker(change: impl Fn(&mut PickerScene)) -> Scene {
    let rows = vec![
        conversation(1, "mend the door of the shed", 40, 12_345),
        Conversation {
            lies: Lies::AtPane(TerminalId(3)),
            ..conversation(2, "Wallpaper for the hall", 7_200, 48_300_000)
        },
        Conversation {
            lies: Lies::AtDesk(desk_id(40)),
            ..conversation(
                3,
                "why does the kitchen door only open when somebody leans against it from outside?",
                90_000,
                987,
            )
        },
        conversation(4, "", 400_000, 4_096),
        Conversation {
            bytes: None, ..conversation(5, "日本語のとても長いタイトルの会話について", 86_400 * 400, 0)
        },
    ];
    let mut scene = PickerScene {
        cwd: Some("/home/ann/code/carrel".to_string()),
        selected: rows.get(1).map(|row| row.session.clone()),
        listing: Listing::Found(rows, 5),
        filter: String::new(),
        message: None,
        now_ms: NOW_MS,
        home: Some("/home/ann".to_string()),
    };
    change(&mut scene);
    Scene::Picker(scene)
}

/// A conversation of so many seconds ago.
pub fn conversation(n: u32, title: &str, ago_s: u64, bytes: u64) -> Conversation {
    Conversation {
        session: SessionId::new(Uuid::from_u128((u128::from(0xbead_ed00_u32 + n) << 96) + (0x4abc << 64))),
        title: title.to_string(),
        modified_ms: NOW_MS - ago_s * SECOND,
        bytes: Some(bytes),
        lies: Lies::Shared,
    }
}

fn filter_by_door(scene: &mut PickerScene) {
    scene.filter = "door".to_string();
    if let Listing::Found(rows, _) = &mut scene.listing {
        rows.retain(|row| row.title.contains("door"));
        scene.selected = rows.first().map(|row| row.session.clone());
    }
}

fn match_nothing(scene: &mut PickerScene) {
    scene.filter = "a filter that is much too long for any narrow panel".to_string();
    scene.listing = Listing::Found(vec![], 5);
}

fn fill(scene: &mut PickerScene) {
    let rows: Vec<Conversation> = (1..=50).map(|n| conversation(n, &format!("conversation {n}"), 60, 4_096)).collect();
    scene.selected = rows.get(29).map(|row| row.session.clone());
    scene.listing = Listing::Found(rows, 50);
}

fn title_badly(scene: &mut PickerScene) {
    scene.cwd = Some("/tmp/\u{1b}[2J\u{1b}[31mred\nnext\u{202e}line".to_string());
    let rows = vec![
        conversation(1, "\u{1b}[2J\u{7} a bell\nand\u{202e} lines", 0, 1),
        conversation(2, "cafe\u{301} 👩\u{200d}💻 日本語", 0, 1),
    ];
    scene.selected = rows.first().map(|row| row.session.clone());
    scene.listing = Listing::Found(rows, 2);
}

fn gone_directory() -> String {
    "cwd \"/home/ann/code/gone\" is not a directory; name an existing one with cwd".to_string()
}

fn elsewhere() -> String {
    let pane = desk_id(40);
    format!("This conversation lies at the desk of pane {pane}, which is not in this session. Go on with it there; the pipe gc says whose desk it is.")
}
