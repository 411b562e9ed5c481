//! A plugin that does nothing: what every plugin on zellij-tile costs before it begins. `make bench` measures it beside Carrel.

// The exports that Zellij's macro writes have no comments.
#![allow(missing_docs)]

#[cfg(target_family = "wasm")]
use zellij_tile::prelude::*;

/// Hears what Carrel hears.
#[cfg(target_family = "wasm")]
#[derive(Default)]
struct Bare;

#[cfg(target_family = "wasm")]
impl ZellijPlugin for Bare {
    fn load(&mut self, _: std::collections::BTreeMap<String, String>) {
        subscribe(&[EventType::SessionUpdate, EventType::Timer]);
    }

    fn update(&mut self, _: Event) -> bool {
        false
    }
}

#[cfg(target_family = "wasm")]
register_plugin!(Bare);

#[cfg(not(target_family = "wasm"))]
fn main() {}
