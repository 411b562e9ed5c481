//! What the tests on a real Zellij with a real Claude Code share: a machine of their own, a terminal, a stand-in server.
//!
//! Nothing here knows what Carrel promises; the tests do. Each test binary uses its own part, hence the allowed dead code.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr, clippy::string_slice)]

pub mod claude;
pub mod machine;
pub mod messages_api;
pub mod schema;
pub mod waiting;
pub mod zellij;
