//! Carrel speaks Zellij's plugin protocol itself (`src/wire`). Here it is held against Zellij's own types: what Carrel
//! writes is what Zellij reads, and the other way round.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use carrel_bench::runtime::{decode, event, message};
use prost::Message as _;
use zellij_carrel::wire::command::{Command, PermissionType, Place};
use zellij_carrel::wire::event::{self as wire, BareKey, Event, EventType, Mouse, PaneId, PipeSource};
use zellij_carrel::wire::numbers;
use zellij_carrel::wire::panes::{LastPanes, Pane};
use zellij_utils::data::{self as zellij, PluginCommand};
use zellij_utils::plugin_api::generated_api::api::plugin_command as answers;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

#[test]
fn zellij_understands_every_command_as_it_is_meant() {
    let argv = words(&["/bin/sh", "/state/carrel.sh", "run", "é\n"]);
    let env = vec![("A".to_string(), "1=2".to_string()), ("B".to_string(), String::new())];
    let run = zellij::CommandToRun { path: "/bin/sh".into(), args: argv[1..].to_vec(), cwd: Some("/../tmp/x".into()) };
    let here = zellij::CommandToRun { cwd: None, ..run.clone() };
    let none = BTreeMap::new;
    let open = |place, cwd| Command::OpenCommandPane { place, argv: &argv, cwd };
    let cwd = Some("/../tmp/x");
    let cases = [
        (
            Command::RequestPermissions(&[PermissionType::ReadApplicationState, PermissionType::ReadCliPipes]),
            PluginCommand::RequestPluginPermissions(vec![
                zellij::PermissionType::ReadApplicationState,
                zellij::PermissionType::ReadCliPipes,
            ]),
        ),
        (Command::GetPluginIds, PluginCommand::GetPluginIds),
        (Command::SetTimeout(0.25), PluginCommand::SetTimeout(0.25)),
        (
            Command::RunCommand { argv: &argv, env: &env, cwd: "/cache", context: ("call", "7") },
            PluginCommand::RunCommand(
                argv.clone(),
                env.iter().cloned().collect(),
                "/cache".into(),
                BTreeMap::from([("call".to_string(), "7".to_string())]),
            ),
        ),
        (open(Place::Tiled, cwd), PluginCommand::OpenCommandPane(run.clone(), none())),
        (open(Place::Floating, None), PluginCommand::OpenCommandPaneFloating(here.clone(), None, none())),
        (open(Place::InPlace, cwd), PluginCommand::OpenCommandPaneInPlace(run, none())),
        (open(Place::InPlaceOfPlugin, None), PluginCommand::OpenCommandPaneInPlaceOfPlugin(here, true, none())),
        (Command::RenameTerminalPane(0, ""), PluginCommand::RenameTerminalPane(0, String::new())),
        (Command::RenamePluginPane(300, "Carrel"), PluginCommand::RenamePluginPane(300, "Carrel".into())),
        (Command::CloseTerminalPane(300), PluginCommand::CloseTerminalPane(300)),
        (Command::FocusTerminalPane(2), PluginCommand::FocusTerminalPane(2, false, false)),
        (Command::SaveSession, PluginCommand::SaveSession),
        (Command::ShowSelf, PluginCommand::ShowSelf(true)),
        (Command::HideSelf, PluginCommand::HideSelf),
        (Command::BlockCliPipeInput("p"), PluginCommand::BlockCliPipeInput("p".into())),
        (Command::UnblockCliPipeInput("p"), PluginCommand::UnblockCliPipeInput("p".into())),
        (Command::CliPipeOutput("p", "x\n"), PluginCommand::CliPipeOutput("p".into(), "x\n".into())),
        (Command::GetFocusedPaneInfo, PluginCommand::GetFocusedPaneInfo),
        (Command::GetPaneCwd(PaneId::Terminal(3)), PluginCommand::GetPaneCwd { pane_id: zellij::PaneId::Terminal(3) }),
        (Command::GetPaneCwd(PaneId::Plugin(4)), PluginCommand::GetPaneCwd { pane_id: zellij::PaneId::Plugin(4) }),
        (Command::GetSessionList, PluginCommand::GetSessionList),
        (Command::ReportCrash("why"), PluginCommand::ReportPanic("why".into())),
    ];
    let understood = |ours: Command| decode(numbers::write(&ours.bytes()).as_bytes()).unwrap();
    for (ours, theirs) in cases {
        assert_eq!(format!("{:?}", understood(ours)), format!("{theirs:?}"));
    }
    let events = [
        (EventType::Key, zellij::EventType::Key),
        (EventType::Mouse, zellij::EventType::Mouse),
        (EventType::Timer, zellij::EventType::Timer),
        (EventType::Visible, zellij::EventType::Visible),
        (EventType::PermissionRequestResult, zellij::EventType::PermissionRequestResult),
        (EventType::SessionUpdate, zellij::EventType::SessionUpdate),
        (EventType::RunCommandResult, zellij::EventType::RunCommandResult),
        (EventType::PaneClosed, zellij::EventType::PaneClosed),
        (EventType::CommandChanged, zellij::EventType::CommandChanged),
    ];
    let all = events.map(|(ours, _)| ours);
    let PluginCommand::Subscribe(subscribed) = understood(Command::Subscribe(&all)) else { panic!("no subscription") };
    assert_eq!(subscribed, events.map(|(_, theirs)| theirs).into_iter().collect::<HashSet<_>>());
}

#[test]
fn every_event_that_carrel_hears_is_read_as_zellij_means_it() {
    let pane = zellij::PaneId::Terminal(0);
    let context = BTreeMap::from([("call".to_string(), "7".to_string()), ("x".to_string(), String::new())]);
    let cases = [
        (
            zellij::Event::PermissionRequestResult(zellij::PermissionStatus::Granted),
            Event::PermissionRequestResult { granted: true },
        ),
        (
            zellij::Event::PermissionRequestResult(zellij::PermissionStatus::Denied),
            Event::PermissionRequestResult { granted: false },
        ),
        (zellij::Event::Timer(0.0), Event::Timer),
        (zellij::Event::Timer(1.5), Event::Timer),
        (zellij::Event::Visible(true), Event::Visible(true)),
        (zellij::Event::Visible(false), Event::Visible(false)),
        (zellij::Event::PaneClosed(pane), Event::PaneClosed(PaneId::Terminal(0))),
        (zellij::Event::PaneClosed(zellij::PaneId::Plugin(300)), Event::PaneClosed(PaneId::Plugin(300))),
        (
            zellij::Event::CommandChanged(pane, words(&["claude", "--model"]), true, vec![1, 2]),
            Event::CommandChanged { pane: PaneId::Terminal(0), argv: words(&["claude", "--model"]) },
        ),
        (
            zellij::Event::RunCommandResult(Some(1), b"out\0".to_vec(), b"err".to_vec(), context.clone()),
            Event::RunCommandResult { stdout: b"out\0", stderr: b"err", context: context.clone() },
        ),
        (
            zellij::Event::RunCommandResult(None, vec![], vec![], BTreeMap::new()),
            Event::RunCommandResult { stdout: b"", stderr: b"", context: BTreeMap::new() },
        ),
        (zellij::Event::Mouse(zellij::Mouse::ScrollUp(3)), Event::Mouse(Mouse::ScrollUp(3))),
        (zellij::Event::Mouse(zellij::Mouse::ScrollDown(1)), Event::Mouse(Mouse::ScrollDown(1))),
        (zellij::Event::Mouse(zellij::Mouse::LeftClick(7, 3)), Event::Mouse(Mouse::LeftClick(7))),
        (zellij::Event::Mouse(zellij::Mouse::LeftClick(-1, 3)), Event::Mouse(Mouse::LeftClick(-1))),
        (zellij::Event::Mouse(zellij::Mouse::Hover(7, 3)), Event::Mouse(Mouse::Other)),
        (zellij::Event::BeforeClose, Event::Other),
        (zellij::Event::CopyToClipboard(zellij::CopyDestination::System), Event::Other),
        (zellij::Event::CwdChanged(pane, "/x".into(), vec![]), Event::Other),
    ];
    for (theirs, ours) in cases {
        assert_eq!(wire::read_event(&event(&theirs)), Ok(ours), "{theirs:?}");
    }
}

#[test]
fn keys_are_read_with_their_modifiers() {
    use zellij::{BareKey as Theirs, KeyModifier, KeyWithModifier};
    let read = |key: Theirs, modifiers: &[KeyModifier]| {
        let key_modifiers: BTreeSet<KeyModifier> = modifiers.iter().copied().collect();
        let bytes = event(&zellij::Event::Key(KeyWithModifier { bare_key: key, key_modifiers }));
        match wire::read_event(&bytes) {
            Ok(Event::Key(key)) => (key.key, key.modified),
            other => panic!("{other:?}"),
        }
    };
    let plain = [
        (Theirs::Char('x'), BareKey::Char('x')),
        (Theirs::Char('é'), BareKey::Char('é')),
        (Theirs::Char('字'), BareKey::Char('字')),
        (Theirs::Enter, BareKey::Enter),
        (Theirs::Esc, BareKey::Esc),
        (Theirs::Up, BareKey::Up),
        (Theirs::Down, BareKey::Down),
        (Theirs::PageUp, BareKey::PageUp),
        (Theirs::PageDown, BareKey::PageDown),
        (Theirs::Home, BareKey::Home),
        (Theirs::End, BareKey::End),
        (Theirs::Backspace, BareKey::Backspace),
        (Theirs::Tab, BareKey::Other),
        (Theirs::F(5), BareKey::Other),
    ];
    for (theirs, ours) in plain {
        assert_eq!(read(theirs, &[]), (ours, false));
    }
    let x = Theirs::Char('x');
    assert_eq!(read(x, &[KeyModifier::Shift]), (BareKey::Char('x'), false));
    assert_eq!(read(x, &[KeyModifier::Ctrl]), (BareKey::Char('x'), true));
    assert_eq!(read(x, &[KeyModifier::Alt]), (BareKey::Char('x'), true));
    assert_eq!(read(x, &[KeyModifier::Super]), (BareKey::Char('x'), true));
    assert_eq!(read(x, &[KeyModifier::Shift, KeyModifier::Ctrl]), (BareKey::Char('x'), true));
    assert_eq!(read(x, &[KeyModifier::Ctrl, KeyModifier::Alt, KeyModifier::Shift]), (BareKey::Char('x'), true));
}

fn pane(id: u32) -> zellij::PaneInfo {
    zellij::PaneInfo { id, title: format!("pane {id}"), ..Default::default() }
}

fn update(tabs: &[(usize, Vec<zellij::PaneInfo>)], age_s: u64) -> Vec<u8> {
    let panes = zellij::PaneManifest { panes: tabs.iter().cloned().collect::<HashMap<_, _>>() };
    let other = zellij::SessionInfo { name: "other".into(), ..Default::default() };
    let current = zellij::SessionInfo {
        name: "reading room".into(),
        panes,
        is_current_session: true,
        creation_time: Duration::from_secs(age_s),
        ..Default::default()
    };
    event(&zellij::Event::SessionUpdate(vec![other, current], vec![("old".into(), Duration::from_secs(3))]))
}

fn list(bytes: &[u8]) -> zellij_carrel::wire::panes::PaneList<'_> {
    match wire::read_event(bytes) {
        Ok(Event::SessionUpdate(Some(list))) => list,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_panes_of_the_current_session_are_read_with_the_tab_they_are_in() {
    let desk = zellij::PaneInfo {
        is_focused: true,
        is_suppressed: true,
        exited: true,
        exit_status: Some(-1),
        is_held: true,
        terminal_command: Some("/bin/sh /x/carrel.sh run".into()),
        cursor_coordinates_in_pane: Some((3, 4)),
        ..pane(300)
    };
    let plugin = zellij::PaneInfo { is_plugin: true, plugin_url: Some("file:/x".into()), ..pane(0) };
    let bytes = update(&[(0, vec![pane(0), plugin]), (12, vec![desk])], 60);
    let list = list(&bytes);
    assert_eq!(list.session(), "reading room");
    let plain = |id| Pane { id, title: format!("pane {id}"), ..Pane::default() };
    let desk = Pane {
        is_focused: true,
        is_suppressed: true,
        exited: true,
        exit_status: Some(-1),
        is_held: true,
        terminal_command: Some("/bin/sh /x/carrel.sh run".into()),
        ..plain(300)
    };
    assert_eq!(list.panes(), Ok(vec![(0, plain(0)), (0, Pane { is_plugin: true, ..plain(0) }), (12, desk)]));
    let elsewhere = event(&zellij::Event::SessionUpdate(vec![zellij::SessionInfo::default()], vec![]));
    assert_eq!(wire::read_event(&elsewhere), Ok(Event::SessionUpdate(None)));
}

#[test]
fn a_list_that_says_the_same_is_known_as_such_however_old_the_session_and_in_whatever_order_the_tabs_come() {
    let tabs: Vec<_> = (0..20_usize).map(|tab| (tab, vec![pane(tab as u32), pane(100 + tab as u32)])).collect();
    let mut last = LastPanes::default();
    assert!(!last.same(&list(&update(&tabs, 1))));
    for age_s in 2..20 {
        assert!(
            last.same(&list(&update(&tabs, age_s * 100))),
            "a hash map gives its entries in another order each time"
        );
    }
    let mut changed = tabs.clone();
    changed[7].1[1].exited = true;
    assert!(!last.same(&list(&update(&changed, 1))));
    assert!(last.same(&list(&update(&changed, 1))));
    changed.pop();
    assert!(!last.same(&list(&update(&changed, 1))));
}

#[test]
fn messages_of_pipes_and_keys_are_read() {
    let args = BTreeMap::from([("cwd".to_string(), "/x y".to_string()), ("empty".to_string(), String::new())]);
    let from = |source, payload: Option<&str>| zellij::PipeMessage {
        source,
        name: "new".into(),
        payload: payload.map(str::to_string),
        args: args.clone(),
        is_private: true,
    };
    let cases = [
        (zellij::PipeSource::Cli("id".into()), Some("x"), PipeSource::Cli("id".into())),
        (zellij::PipeSource::Cli("id".into()), None, PipeSource::Cli("id".into())),
        (zellij::PipeSource::Plugin(3), Some(""), PipeSource::Plugin),
        (zellij::PipeSource::Keybind, None, PipeSource::Keybind),
    ];
    for (theirs, payload, ours) in cases {
        let read = wire::read_pipe_message(&message(&from(theirs, payload))).unwrap();
        assert_eq!((read.source, read.payload.as_deref()), (ours, payload));
        assert_eq!((read.name.as_str(), &read.args), ("new", &args));
    }
}

#[test]
fn the_configuration_is_read() {
    let options = BTreeMap::from([("method".to_string(), "none".to_string()), ("share".to_string(), String::new())]);
    let theirs = zellij_utils::input::layout::PluginUserConfiguration::new(options.clone());
    let theirs: zellij_utils::plugin_api::action::ProtobufPluginConfiguration = theirs.try_into().unwrap();
    assert_eq!(wire::read_configuration(&theirs.encode_to_vec()), Ok(options));
    assert_eq!(wire::read_configuration(&[]), Ok(BTreeMap::new()));
}

#[test]
fn answers_are_read() {
    let ids = zellij::PluginIds { plugin_id: 3, zellij_pid: 70_000, initial_cwd: PathBuf::from("/x"), client_id: 2 };
    let theirs: zellij_utils::plugin_api::plugin_ids::ProtobufPluginIds = ids.try_into().unwrap();
    let ids = wire::read_plugin_ids(&theirs.encode_to_vec()).unwrap();
    assert_eq!((ids.plugin_id, ids.zellij_pid, ids.client_id, ids.initial_cwd.as_str()), (3, 70_000, 2, "/x"));

    let id = answers::PaneId { pane_type: 0, id: 9 };
    let opened = answers::OpenCommandPaneResponse { pane_id: Some(id.clone()) };
    assert_eq!(wire::read_opened(&opened.encode_to_vec()), Ok(Some(PaneId::Terminal(9))));
    assert_eq!(wire::read_opened(&[]), Ok(None));

    use answers::{get_focused_pane_info_response as focused, get_pane_cwd_response as cwd};
    use answers::{get_session_list_response as sessions, save_session_response as saved};
    let saved = |result| answers::SaveSessionResponse { result: Some(result) }.encode_to_vec();
    assert_eq!(wire::read_saved(&saved(saved::Result::Success(true))), Ok(None));
    assert_eq!(wire::read_saved(&saved(saved::Result::Error("full".into()))), Ok(Some("full".into())));
    assert!(wire::read_saved(&[]).unwrap().is_some(), "no answer is no success");

    let info = answers::FocusedPaneInfo { focused_tab_index: 1, focused_pane_id: Some(id.clone()) };
    let focused = |result| answers::GetFocusedPaneInfoResponse { result: Some(result) }.encode_to_vec();
    let found = focused(focused::Result::FocusedPaneInfo(info));
    assert_eq!(wire::read_focused(&found), Ok(Some(PaneId::Terminal(9))));
    assert_eq!(wire::read_focused(&focused(focused::Result::Error("none".into()))), Ok(None));

    let cwd = |result| answers::GetPaneCwdResponse { result: Some(result) }.encode_to_vec();
    assert_eq!(wire::read_cwd(&cwd(cwd::Result::Cwd("/x y".into()))), Ok(Some("/x y".into())));
    assert_eq!(wire::read_cwd(&cwd(cwd::Result::Error("none".into()))), Ok(None));

    let session = |name: &str| zellij::SessionInfo { name: name.into(), ..Default::default() };
    let snapshot = answers::SessionListSnapshot {
        live_sessions: [session("a"), session("b c")].map(|info| info.try_into().unwrap()).to_vec(),
        resurrectable_sessions: vec![("old".to_string(), Duration::from_secs(5)).into()],
    };
    let answer = |result| answers::GetSessionListResponse { result: Some(result) }.encode_to_vec();
    let read = wire::read_sessions(&answer(sessions::Result::Snapshot(snapshot))).unwrap().unwrap();
    assert_eq!(read.live.into_iter().collect::<Vec<_>>(), ["a", "b c"]);
    assert_eq!(read.resurrectable.into_iter().collect::<Vec<_>>(), ["old"]);
    let refused = wire::read_sessions(&answer(sessions::Result::Error("why".into())));
    assert_eq!(refused, Ok(Err("why".into())));
}
