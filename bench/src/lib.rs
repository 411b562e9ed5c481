//! What `make bench` is made of, and what the tests beside it share.
//!
//! Measures; of the promises it knows the numbers to compare with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod fields;
pub mod parts;
pub mod report;
pub mod runtime;
pub mod session;
pub mod stats;
pub mod svg;
pub mod zellij;

#[allow(clippy::new_without_default)]
#[path = "../../tests/support/mod.rs"]
pub mod support;

#[path = "../../tests/stories/cache.rs"]
#[allow(dead_code)]
mod cache;
#[path = "../../tests/stories/disk.rs"]
#[allow(dead_code)]
pub mod disk;
