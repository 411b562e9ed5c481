//! Carrel gives every Claude Code pane in Zellij a desk of its own.

pub mod manager;
pub mod view;
