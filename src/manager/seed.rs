//! Filters `.claude.json` down to what a new desk gets.
