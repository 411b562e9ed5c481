//! TOUCHES ZELLIJ. Translates its events into facts, hands them to the manager, carries out the manager's orders, paints.
//! Decides nothing about desks. Exists on wasm alone.

mod cache;
mod observe;
mod paint;
mod perform;

use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;
use zellij_tile::prelude::*;

use crate::manager::electing::Instance;
use crate::manager::event::Event as Fact;
use crate::manager::options::{parse, users_home, Environment, Role};
use crate::manager::{Birth, Manager, Moment};
use crate::view::{draw, title, Screen, Size};
use cache::Cache;

/// Everything that Carrel ever asks for. Each further one needs a decision record.
const PERMISSIONS: [PermissionType; 4] = [
    PermissionType::ReadApplicationState,
    PermissionType::ChangeApplicationState,
    PermissionType::RunCommands,
    PermissionType::ReadCliPipes,
];

/// Zellij writes its permission file anew at each grant, and an instance that starts in that moment reads it empty and
/// asks the user again: 4 of 20 starts with three instances, none of 20 when each asks this much later than the one before
/// it (measured on 0.45.1). Seconds per plugin id. An instance that answers pipes asks at once: without the permission it
/// cannot hold one.
const ASK_LATER_S: f64 = 0.03;
/// By so much the instances of a layout let that one go first, in seconds.
const GO_FIRST_S: f64 = 0.1;

/// How often facts may lead to orders whose answers are facts again, before something is wrong.
const ROUNDS: usize = 100;

/// One instance of the plugin.
#[derive(Default)]
pub struct Plugin {
    inner: Option<Inner>,
    /// The permissions were asked for.
    asked: bool,
}

struct Inner {
    manager: Manager,
    cache: Cache,
    plugin: u32,
    size: Size,
    screen: Option<Screen>,
    title: String,
}

impl ZellijPlugin for Plugin {
    fn load(&mut self, configuration: BTreeMap<String, String>) {
        let ids = get_plugin_ids();
        let variable = |name: &str| std::env::var(name).ok();
        let (home, xdg_state_home) = (users_home(variable), variable("XDG_STATE_HOME"));
        let env = Environment { home: home.as_deref(), xdg_state_home: xdg_state_home.as_deref() };
        let options = parse(&configuration, &env);
        let session = variable("ZELLIJ_SESSION_NAME").unwrap_or_default();
        let role = options.as_ref().map_or(Role::Manager, |options| options.role);
        // Instances that a layout asked for stand for themselves; all others share one lease.
        let group = if role == Role::Claude { format!("pane-{}", ids.plugin_id) } else { "session".to_string() };
        // Two machines, or containers, may share a cache dir.
        let cache = Cache::new(ids.zellij_pid, &variable("HOSTNAME").unwrap_or_default(), &group);
        let me = Instance { plugin: ids.plugin_id, client: ids.client_id };
        let cwd = ids.initial_cwd.to_string_lossy().into_owned();
        let manager = Manager::new(Birth { me, server: ids.zellij_pid, session, cwd, options });
        self.inner = Some(Inner {
            manager,
            cache,
            plugin: ids.plugin_id,
            size: Size { rows: 0, cols: 0 },
            screen: None,
            title: String::new(),
        });
        // One call with everything: for a background plugin each call replaces the last (seen in 0.45.1).
        subscribe(&[
            EventType::PermissionRequestResult,
            EventType::SessionUpdate,
            EventType::PaneClosed,
            EventType::CommandChanged,
            EventType::Timer,
            EventType::RunCommandResult,
            EventType::Key,
            EventType::Mouse,
            EventType::Visible,
        ]);
        if role == Role::Manager {
            self.ask_once();
        } else {
            set_timeout(GO_FIRST_S + f64::from(ids.plugin_id) * ASK_LATER_S);
        }
        self.take_in(vec![Fact::Loaded]);
    }

    fn update(&mut self, event: Event) -> bool {
        if matches!(event, Event::Timer(_)) {
            self.ask_once();
        }
        let facts = match &self.inner {
            Some(inner) => observe::facts(event, inner.plugin, inner.screen.as_ref()),
            None => vec![],
        };
        self.take_in(facts)
    }

    fn pipe(&mut self, message: PipeMessage) -> bool {
        self.take_in(vec![Fact::MessageCame(observe::message(message))])
    }

    fn render(&mut self, rows: usize, cols: usize) {
        let Some(inner) = &mut self.inner else { return };
        inner.size = Size { rows, cols };
        inner.manager.note_shown();
        let screen = draw(&inner.manager.scene(), inner.size);
        paint::paint(&screen, cols);
        inner.screen = Some(screen);
    }
}

impl Plugin {
    /// Zellij asks the user, or finds the answer in its file.
    fn ask_once(&mut self) {
        if !std::mem::replace(&mut self.asked, true) {
            request_permission(&PERMISSIONS);
        }
    }

    /// Whether the panel has to be painted again.
    fn take_in(&mut self, facts: Vec<Fact>) -> bool {
        let Some(inner) = &mut self.inner else { return false };
        let mut facts: VecDeque<Fact> = facts.into();
        let mut rounds = 0;
        while let Some(fact) = facts.pop_front() {
            rounds += 1;
            if rounds > ROUNDS {
                perform::log("facts and orders run in a circle; the rest is dropped");
                break;
            }
            let moment = inner.moment();
            let effects = inner.manager.update(fact, &moment);
            facts.extend(effects.0.into_iter().flat_map(|effect| perform::perform(effect, &inner.cache)));
        }
        inner.needs_paint()
    }
}

impl Inner {
    fn moment(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment {
            now_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            fresh: [Uuid::new_v4(), Uuid::new_v4()],
            lease: self.cache.lease(),
        }
    }

    fn needs_paint(&mut self) -> bool {
        if !self.manager.is_shown() || self.size.rows == 0 {
            return false;
        }
        let scene = self.manager.scene();
        let name = title(&scene);
        if name != self.title {
            rename_plugin_pane(self.plugin, &name);
            self.title = name;
        }
        self.screen.as_ref() != Some(&draw(&scene, self.size))
    }
}
