//! The product on the real thing: a real Zellij, the real wasm, a real Claude Code. What only these can prove is here;
//! each test has a machine of its own (HOME, sockets, processes).

// Helpers of tests may do what tests may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod attention;
mod bad_input;
mod carrying;
mod clients;
mod closing;
mod desks;
mod environment;
mod faults;
mod finding;
mod health;
mod installing;
mod keeping;
mod manuals;
mod methods;
mod opening;
mod options;
mod orphans;
mod outside;
mod panel;
mod states;
mod tour;
mod updating;
