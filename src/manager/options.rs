//! Reads the options of the configuration.
