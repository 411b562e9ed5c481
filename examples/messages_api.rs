//! Runs the stand-in of the Messages API in the foreground until it is killed: `messages_api [port] [url file]`.
//!
//! Prints its address, or writes it (by rename) into the file that is named, then one line per request.

#[path = "../tests/support/messages_api.rs"]
mod messages_api;

use std::{env, fs, process::ExitCode, thread};

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let Ok(port) = args.next().as_deref().unwrap_or("0").parse() else {
        eprintln!("usage: messages_api [port] [url file]");
        return ExitCode::from(2);
    };
    let api = messages_api::MessagesApi::start_on(port, |request| println!("{}", request.line()));
    println!("{}", api.url());
    if let Some(file) = args.next() {
        let fresh = format!("{file}.new");
        if let Err(error) = fs::write(&fresh, api.url()).and_then(|()| fs::rename(&fresh, &file)) {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    }
    loop {
        thread::park();
    }
}
