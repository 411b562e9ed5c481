//! The parts of the benchmark, each of which can be run alone.

pub mod clean;
pub mod idle;
pub mod keys;
pub mod launch;
pub mod plugin;
pub mod race;
pub mod size;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::machine::{Machine, User};

/// A machine whose `claude` is the stand-in, which writes its start into a file there.
fn machine_with_stand_in(user: &User) -> Machine {
    let machine = Machine::of(user);
    let claude = machine.path("bin/claude");
    fs::remove_file(&claude).expect("a link");
    symlink(stand_in(), &claude).expect("a link to the stand-in");
    machine.set_env("BENCH_STAMPS", stamps(&machine).display().to_string());
    machine
}

fn stamps(machine: &Machine) -> PathBuf {
    machine.path("stamps")
}

fn stand_in() -> PathBuf {
    std::env::current_exe().expect("a path").with_file_name("standin")
}
