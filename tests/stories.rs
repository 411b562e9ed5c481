//! Stories: real managers in a fake Zellij. Each tells what a user, Zellij, the host or Claude does, and what comes of it.
//! Knows the plugin by its events and orders alone. `tests/stories/world.rs` is the Zellij, `disk.rs` the machine below it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

#[path = "stories/cache.rs"]
mod cache;
#[path = "stories/disk.rs"]
mod disk;
#[path = "support/schema.rs"]
mod schema;
#[path = "stories/world.rs"]
mod world;

#[path = "stories/adopting.rs"]
mod adopting;
#[path = "stories/attention.rs"]
mod attention;
#[path = "stories/carrying.rs"]
mod carrying;
#[path = "stories/clients.rs"]
mod clients;
#[path = "stories/closing.rs"]
mod closing;
#[path = "stories/fallback.rs"]
mod fallback;
#[path = "stories/getting_ready.rs"]
mod getting_ready;
#[path = "stories/listing.rs"]
mod listing;
#[path = "stories/methods.rs"]
mod methods;
#[path = "stories/opening.rs"]
mod opening;
#[path = "stories/orders.rs"]
mod orders;
#[path = "stories/orphans.rs"]
mod orphans;
#[path = "stories/outside.rs"]
mod outside;
#[path = "stories/picker.rs"]
mod picker;
#[path = "stories/resuming.rs"]
mod resuming;
#[path = "stories/seeding.rs"]
mod seeding;
#[path = "stories/status.rs"]
mod status;
#[path = "stories/watching.rs"]
mod watching;
