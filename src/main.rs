//! Registers the plugin with Zellij. Everything else is in the library.

// The exports that Zellij's macro writes have no comments.
#![allow(missing_docs)]

#[cfg(target_family = "wasm")]
use zellij_tile::prelude::*;

#[cfg(target_family = "wasm")]
register_plugin!(zellij_carrel::zellij::Plugin);

#[cfg(not(target_family = "wasm"))]
fn main() {}
