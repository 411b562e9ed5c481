//! TOUCHES ZELLIJ. Translates its events into facts, hands them to the manager, carries out the manager's orders, paints.
//! Decides nothing about desks. Exists on wasm alone.

mod cache;
mod exports;
mod observe;
mod paint;
mod perform;
mod repeated;

pub use exports::start;

use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;
use zellij_tile::prelude::*;

use crate::manager::asking::{Asking, Leases, Step};
use crate::manager::effect::Effect;
use crate::manager::electing::{Instance, Lease};
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

/// Zellij's timers ring some milliseconds off.
const TIMER_SLACK_MS: u64 = 10;

/// For so long one look at the lease serves, in milliseconds: several facts may follow from one call of Zellij's, and the look
/// takes the most of what a small one costs. The lease changes hands after three seconds.
const LEASE_MS: u64 = 100;

/// How often facts may lead to orders whose answers are facts again, before something is wrong.
const ROUNDS: usize = 100;

/// One instance of the plugin.
#[derive(Default)]
pub struct Plugin {
    inner: Option<Inner>,
}

struct Inner {
    manager: Manager,
    asking: Asking,
    cache: Cache,
    /// This instance, and none that was loaded in its place before.
    name: String,
    plugin: u32,
    size: Size,
    screen: Option<Screen>,
    /// Where the mouse pointer was last: line and column of the screen.
    pointer: Option<(usize, usize)>,
    title: String,
}

impl Plugin {
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
        let me = Instance { plugin: ids.plugin_id, client: ids.client_id };
        let cache = Cache::new(me, ids.zellij_pid, &variable("HOSTNAME").unwrap_or_default(), &group);
        let cwd = ids.initial_cwd.to_string_lossy().into_owned();
        // Needs no permission, and is answered within this thread.
        let zellij = get_zellij_version();
        let manager = Manager::new(Birth { me, server: ids.zellij_pid, session, zellij, home, cwd, options });
        self.inner = Some(Inner {
            manager,
            asking: Asking::new(role, ids.plugin_id, now_ms()),
            cache,
            name: Uuid::new_v4().to_string(),
            plugin: ids.plugin_id,
            size: Size { rows: 0, cols: 0 },
            screen: None,
            pointer: None,
            title: String::new(),
        });
        // One call with everything: for a background plugin each call replaces the last (seen in 0.45.1).
        subscribe(&[
            EventType::PermissionRequestResult,
            EventType::SessionUpdate,
            EventType::PaneClosed,
            EventType::CommandChanged,
            EventType::InputReceived,
            EventType::Timer,
            EventType::RunCommandResult,
            EventType::Key,
            EventType::Mouse,
            EventType::Visible,
        ]);
        self.go_on_asking();
        self.take_in(vec![Fact::Loaded]);
    }

    fn update(&mut self, event: Event) -> bool {
        if !self.mind_permissions(&event) {
            return false;
        }
        if let (Some(inner), Some(to)) = (&mut self.inner, observe::pointer(&event)) {
            inner.pointer = to;
            return inner.needs_paint();
        }
        if let (Some(inner), Event::Key(_) | Event::Visible(_)) = (&mut self.inner, &event) {
            // Zellij does not tell that the pointer has left, but now it is not what the user looks at.
            inner.pointer = None;
        }
        let facts = match &self.inner {
            // Every key of the user's comes here.
            Some(inner) if event == Event::InputReceived && !inner.manager.minds_input() => vec![],
            Some(inner) => observe::facts(event, inner.plugin, &inner.name, inner.screen.as_ref()),
            None => vec![],
        };
        // Nothing has changed where nothing is a fact.
        !facts.is_empty() && self.take_in(facts)
    }

    /// The list of panes came again, and says the same.
    fn update_again(&mut self) -> bool {
        self.take_in(vec![Fact::PanesStayed])
    }

    fn pipe(&mut self, message: PipeMessage) -> bool {
        self.go_on_asking();
        self.take_in(vec![Fact::MessageCame(observe::message(message)), Fact::MessageTaken])
    }

    fn render(&mut self, rows: usize, cols: usize) {
        let Some(inner) = &mut self.inner else { return };
        inner.size = Size { rows, cols };
        inner.manager.note_shown();
        let screen = draw(&inner.manager.scene(), inner.size).pointed(inner.pointer);
        paint::paint(&screen, cols);
        inner.screen = Some(screen);
    }

    /// Whether the event is this instance's.
    fn mind_permissions(&mut self, event: &Event) -> bool {
        let Some(inner) = &mut self.inner else { return false };
        let (counts, step) = match event {
            Event::PermissionRequestResult(status) => {
                inner.cache.end_turn();
                inner.asking.told(*status == PermissionStatus::Granted, now_ms())
            }
            event if observe::shows_grant(event, &inner.name) => (true, inner.asking.grant_showed(now_ms())),
            _ => (true, Step::Rest),
        };
        if let Step::WakeIn(ms) = step {
            set_timeout(seconds(ms));
        }
        self.go_on_asking();
        counts
    }

    /// Zellij asks the user, or finds the answer in its file. Called whatever comes: timers get lost while
    /// Zellij loads a clone.
    fn go_on_asking(&mut self) {
        let Some(Inner { asking, cache, .. }) = &mut self.inner else { return };
        let now = now_ms();
        let mut step = asking.step(now, || Leases { own: cache.lease(), all: cache.leases() });
        if step == Step::TakeTurn {
            let taken = cache.take_turn(now);
            step = asking.took_turn(taken, now);
            if taken {
                request_permission(&PERMISSIONS);
            }
        }
        match step {
            Step::WakeIn(ms) => set_timeout(seconds(ms)),
            Step::EndTurn => cache.end_turn(),
            Step::Rest | Step::TakeTurn => {}
        }
    }

    /// Whether the panel has to be painted again.
    fn take_in(&mut self, facts: Vec<Fact>) -> bool {
        let Some(inner) = &mut self.inner else { return false };
        let mut facts: VecDeque<(usize, Fact)> = facts.into_iter().map(|fact| (0, fact)).collect();
        let mut seen = inner.look_at_lease();
        while let Some((round, fact)) = facts.pop_front() {
            if round > ROUNDS {
                perform::log("facts and orders run in a circle; the rest is dropped");
                break;
            }
            // An order may have taken its time, to open a pane, say.
            if now_ms().abs_diff(seen.0) > LEASE_MS {
                seen = inner.look_at_lease();
            }
            let moment = Moment { now_ms: now_ms(), fresh: [Uuid::new_v4(), Uuid::new_v4()], lease: seen.1 };
            let effects = inner.manager.update(fact, &moment).0;
            let ours = |effect: &Effect| {
                matches!(effect, Effect::ClaimLease { .. } | Effect::RenewLease { .. } | Effect::GiveUpLease(_))
            };
            let changed = effects.iter().any(ours);
            let answers = effects.into_iter().flat_map(|effect| perform::perform(effect, &inner.cache, &inner.name));
            facts.extend(answers.map(|fact| (round + 1, fact)));
            if changed {
                seen = inner.look_at_lease();
            }
        }
        inner.needs_paint()
    }
}

impl Inner {
    /// The lease, and when it was looked at.
    fn look_at_lease(&self) -> (u64, Option<Lease>) {
        (now_ms(), self.cache.lease())
    }

    fn needs_paint(&mut self) -> bool {
        if !self.manager.is_shown() || self.size.rows == 0 {
            return false;
        }
        let scene = self.manager.scene();
        let name = title(&scene);
        // Denied without a word before the grant.
        if name != self.title && self.asking.is_answered() {
            rename_plugin_pane(self.plugin, &name);
            self.title = name;
        }
        self.screen.as_ref() != Some(&draw(&scene, self.size).pointed(self.pointer))
    }
}

/// Milliseconds since the epoch.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// For a timer that does not ring before its time.
fn seconds(milliseconds: u64) -> f64 {
    (milliseconds + TIMER_SLACK_MS) as f64 / 1_000.0
}
