//! DECIDES. Pure: no Zellij, clock, environment, files, randomness or stdout; all of these come in as arguments.

pub mod board;
pub mod ids;
pub mod options;
pub mod panel;
pub mod seed;
