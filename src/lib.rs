//! Carrel gives every Claude Code pane in Zellij a desk of its own.

pub mod host;
pub mod manager;
pub mod view;
#[cfg(target_family = "wasm")]
pub mod zellij;
