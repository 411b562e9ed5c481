//! What `make bench` is made of, and what the tests beside it share.
//!
//! Measures; knows the promises only as numbers to compare with, in `budgets.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod runtime;
pub mod session;
