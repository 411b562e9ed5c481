//! The host program for real, in a temporary HOME, under dash, bash and busybox sh: what it promises to the user's
//! conversations. Claude and Zellij are small stand-ins; the real ones are met in other tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[path = "host/boot.rs"]
mod boot;
#[path = "host/changes.rs"]
mod changes;
#[path = "host/clean.rs"]
mod clean;
#[path = "host/container.rs"]
mod container;
#[path = "host/hostile.rs"]
mod hostile;
#[path = "host/interrupted.rs"]
mod interrupted;
#[path = "host/matrix.rs"]
mod matrix;
#[path = "host/methods.rs"]
mod methods;
#[path = "host/owners.rs"]
mod owners;
#[path = "host/place.rs"]
mod place;
#[path = "host/probe.rs"]
mod probe;
#[path = "host/references.rs"]
mod references;
#[path = "host/run.rs"]
mod run;
#[path = "host/scan.rs"]
mod scan;
#[path = "host/seed.rs"]
mod seed;
#[path = "host/sessions.rs"]
mod sessions;
#[path = "host/text.rs"]
mod text;
#[path = "host/uninstall.rs"]
mod uninstall;
