//! The plugin in Zellij's own wasm runtime, set up as zellij-server 0.45.1 does it (`plugins/plugin_loader.rs`): wasmi,
//! WASI preview 1, 16 MiB of memory, messages as lines on stdin and stdout. What Zellij itself would do with a command is
//! for the caller. The clock is the caller's too.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{clock_gettime, ClockId};
use wasmi::{Caller, Config, Engine, Instance, Linker, Module, Store, StoreLimits, StoreLimitsBuilder};
use wasmi_wasi::wasi_common::clocks::{WasiClocks, WasiSystemClock};
use wasmi_wasi::wasi_common::pipe::{ReadPipe, WritePipe};
use wasmi_wasi::wasi_common::Table;
use wasmi_wasi::{ambient_authority, clocks_ctx, dir::Dir as WasiDir, random_ctx, sched_ctx, Dir, WasiCtx};

use crate::zellij::Command;

/// What Zellij gives a plugin, in bytes.
const MEMORY: usize = 16 * 1024 * 1024;

/// More fuel than anything that is measured here burns.
const FUEL: u64 = 1 << 50;

/// A wasm, ready to be instantiated.
pub struct Wasm {
    engine: Engine,
    module: Module,
    metered: bool,
    /// How long Zellij would need to translate it when a session starts.
    pub loading: Duration,
}

impl Wasm {
    /// `metered` counts instructions, which makes them slower.
    pub fn read(file: &Path, metered: bool) -> Self {
        let bytes = std::fs::read(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let engine = if metered { Engine::new(Config::default().consume_fuel(true)) } else { Engine::default() };
        let began = std::time::Instant::now();
        let module = Module::new(&engine, &bytes).expect("a wasm that Zellij could load");
        Wasm { engine, module, metered, loading: began.elapsed() }
    }
}

type Pipe = Arc<Mutex<VecDeque<u8>>>;

/// Answers what a command asks for: the bytes of the message that Zellij would put on stdin.
pub type Answer = Box<dyn FnMut(&Command) -> Option<Vec<u8>> + Send>;

struct Host {
    wasi: WasiCtx,
    stdin: Pipe,
    stdout: Pipe,
    limits: StoreLimits,
    answer: Answer,
    commands: Vec<Command>,
}

/// A loaded plugin.
pub struct Plugin {
    store: Store<Host>,
    instance: Instance,
    stderr: Pipe,
    clock: Arc<AtomicU64>,
    metered: bool,
    /// What the last call took.
    pub last: Cost,
}

/// What a call took: time of this thread on the processor, other programs do not count; and units of fuel where they are
/// counted, about one for each instruction of wasm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub nanos: u64,
    pub fuel: u64,
}

impl Plugin {
    /// Instantiates and loads it, as Zellij does at the start of a session, with this dir as `/cache`.
    pub fn load(
        wasm: &Wasm,
        cache: &Path,
        env: &[(&str, &str)],
        options: &BTreeMap<String, String>,
        now_ms: u64,
        answer: Answer,
    ) -> Self {
        let (stdin, stdout, stderr) = (Pipe::default(), Pipe::default(), Pipe::default());
        let clock = Arc::new(AtomicU64::new(now_ms));
        let real = clocks_ctx();
        let clocks = WasiClocks { system: Some(Box::new(Clock(clock.clone()))), monotonic: real.monotonic };
        let mut wasi = WasiCtx::new(random_ctx(), clocks, sched_ctx(), Table::new());
        for (name, value) in env {
            wasi.push_env(name, value).expect("an environment");
        }
        let dir = Dir::open_ambient_dir(cache, ambient_authority()).expect("a cache dir");
        wasi.push_preopened_dir(Box::new(WasiDir::from_cap_std(dir)), "/cache").expect("a cache dir");
        wasi.set_stdin(Box::new(ReadPipe::new(Reader(stdin.clone()))));
        wasi.set_stdout(Box::new(WritePipe::new(Writer(stdout.clone()))));
        wasi.set_stderr(Box::new(WritePipe::new(Writer(stderr.clone()))));
        let limits = StoreLimitsBuilder::new()
            .instances(1)
            .memories(4)
            .memory_size(MEMORY)
            .tables(16)
            .trap_on_grow_failure(true)
            .build();
        let host = Host { wasi, stdin, stdout, limits, answer, commands: Vec::new() };
        let mut store = Store::new(&wasm.engine, host);
        store.limiter(|host| &mut host.limits);
        if wasm.metered {
            store.set_fuel(FUEL).expect("a metered engine");
        }
        let mut linker = Linker::new(&wasm.engine);
        wasmi_wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).expect("WASI");
        linker.func_wrap("zellij", "host_run_plugin_command", run_command).expect("Zellij's function");
        let instance = linker.instantiate_and_start(&mut store, &wasm.module).expect("an instance");
        let mut plugin = Plugin { store, instance, stderr, clock, metered: wasm.metered, last: Cost::default() };
        plugin.call::<()>("_start");
        plugin.put(&crate::zellij::configuration(options));
        plugin.call::<()>("load");
        plugin
    }

    /// Milliseconds since the epoch, from now on.
    pub fn set_clock(&self, now_ms: u64) {
        self.clock.store(now_ms, Ordering::Relaxed);
    }

    /// Tells it an event. Whether it wants to be rendered.
    pub fn update(&mut self, event: &[u8]) -> bool {
        self.put(event);
        self.call::<i32>("update") == 1
    }

    /// Lets it read a line that is no message.
    pub fn read_line(&mut self, line: &[u8]) {
        self.store.data().stdin.lock().unwrap().extend(line);
        self.call::<i32>("update");
    }

    /// Sends it a message. Whether it wants to be rendered.
    pub fn pipe(&mut self, message: &[u8]) -> bool {
        self.put(message);
        self.call::<i32>("pipe") == 1
    }

    /// What it paints.
    pub fn render(&mut self, rows: usize, cols: usize) -> String {
        self.call_with::<(i32, i32), ()>("render", (rows as i32, cols as i32));
        let painted = self.store.data().stdout.lock().unwrap().drain(..).collect();
        String::from_utf8(painted).expect("a painting is text")
    }

    /// The commands since the last time.
    pub fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.store.data_mut().commands)
    }

    /// The size of its memory, in bytes.
    pub fn memory(&self) -> usize {
        self.instance.get_memory(&self.store, "memory").expect("a memory").data_size(&self.store)
    }

    /// What it wrote into Zellij's log since the last time.
    pub fn log(&mut self) -> String {
        let bytes: Vec<u8> = self.stderr.lock().unwrap().drain(..).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn put(&mut self, message: &[u8]) {
        put(&self.store.data().stdin, message);
    }

    fn call<T: wasmi::WasmResults>(&mut self, name: &str) -> T {
        self.call_with::<(), T>(name, ())
    }

    fn call_with<P: wasmi::WasmParams, T: wasmi::WasmResults>(&mut self, name: &str, params: P) -> T {
        let function =
            self.instance.get_typed_func::<P, T>(&self.store, name).unwrap_or_else(|why| panic!("{name}: {why}"));
        let (fuel, began) = (self.fuel(), on_the_processor());
        let done = function.call(&mut self.store, params);
        self.last = Cost { nanos: on_the_processor() - began, fuel: fuel - self.fuel() };
        done.unwrap_or_else(|why| panic!("{name}: {why}\n{}", self.log()))
    }

    fn fuel(&self) -> u64 {
        if self.metered {
            self.store.get_fuel().expect("a metered engine")
        } else {
            0
        }
    }
}

/// How long this thread has run, in nanoseconds.
fn on_the_processor() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock");
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

fn put(stdin: &Pipe, message: &[u8]) {
    let text = serde_json::to_string(message).expect("numbers");
    write!(stdin.lock().unwrap(), "{text}\r\n").expect("a pipe takes all");
}

fn run_command(mut caller: Caller<'_, Host>) {
    let host = caller.data_mut();
    let line: Vec<u8> = host.stdout.lock().unwrap().drain(..).collect();
    let bytes: Vec<u8> = serde_json::from_slice(&line).expect("a command is a list of bytes");
    let command = Command::read(&bytes);
    if let Some(answer) = (host.answer)(&command) {
        put(&host.stdin, &answer);
    }
    host.commands.push(command);
}

struct Clock(Arc<AtomicU64>);

impl WasiSystemClock for Clock {
    fn resolution(&self) -> cap_std::time::Duration {
        Duration::from_nanos(1)
    }

    fn now(&self, _precision: cap_std::time::Duration) -> cap_std::time::SystemTime {
        let now: SystemTime = UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::Relaxed));
        cap_std::time::SystemTime::from_std(now)
    }
}

struct Reader(Pipe);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap().read(buffer)
    }
}

struct Writer(Pipe);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
