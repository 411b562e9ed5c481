//! The fault matrix: each event of a desk's life crossed with each fault; afterwards, and after a fresh start, every message
//! that Claude wrote is in one place from which it resumes, and no desk is left that nobody owns. The stand-in for Claude writes down each word only when it has written it to
//! its transcript; the stand-in for Zellij is the launcher's parent, and its session can be saved, come back and be deleted.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::place::*;

#[path = "../support/matrix.rs"]
mod cells;

use cells::{level, Event, Fault, Level, Tally, SIGNALS};

/// Where the words go of which the test knows that they were written.
const CLAUDE: &str = r#"case $1 in --session-id | --resume) ;; *) exit 0 ;; esac
log=${0%/*}/../log
printf '%s %s' "$1" "$2" >"$log/started"
printf '%s' $$ >"$log/pid"
id=$2
dir=$CLAUDE_CONFIG_DIR/projects/-p
start=$(cut -d ' ' -f 22 "/proc/$$/stat")
mkdir -p "$dir" "$CLAUDE_CONFIG_DIR/sessions"
{ printf '{"pid":%s,"sessionId":"%s","procStart":"%s"}' $$ "$id" "$start" >"$CLAUDE_CONFIG_DIR/sessions/$$.json"; } 2>/dev/null
say() {
	word="<word-$(cat /proc/sys/kernel/random/uuid)>"
	for who in user assistant; do
		{ printf '{"type":"%s","sessionId":"%s","cwd":"/p","message":"%s %s"}\n' $who "$id" $who "$word" >>"$dir/$id.jsonl"; } 2>/dev/null || return
	done
	printf '%s\n' "$word" >>"$log/words"
}
leave() { rm -f "$CLAUDE_CONFIG_DIR/sessions/$$.json"; exit "$1"; }
. "$log/act"
"#;

/// Tools of the program's that can be stood in for.
const TOOLS_OF_STEPS: [&str; 13] =
    ["mv", "ln", "rm", "cp", "mkdir", "rmdir", "touch", "tail", "sed", "find", "grep", "du", "head"];

/// One desk's life on a machine of its own.
struct Life {
    place: Place,
    server: Option<Child>,
    /// A process in a mount namespace in which the disks are small, where there is one.
    disks: Option<Child>,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.end_all();
        if let Some(mut disks) = self.disks.take() {
            let _ = disks.kill();
            let _ = disks.wait();
        }
    }
}

impl Life {
    fn new() -> Self {
        let place = Place::new(SHELLS[0]);
        place.script("claude", CLAUDE);
        place.seed();
        fs::create_dir_all(place.home.join(".cache/zellij")).unwrap();
        // The user has conversations of this directory, so that each one is kept by itself.
        fs::create_dir_all(place.shared.join("projects/-p")).unwrap();
        let life = Self { place, server: None, disks: None };
        life.save_session();
        life
    }

    /// The same with the state dir and the user's dir on small disks of their own, which `fill` fills.
    fn on_small_disks() -> Self {
        let mut life = Self::new();
        let (state, shared, log) = (&life.place.state, &life.place.shared, &life.place.log);
        let script = format!(
            "cp -a '{0}' '{2}/state' && cp -a '{1}' '{2}/shared' && mount -t tmpfs -o size=600k,mode=700 tmpfs '{0}' && mount -t tmpfs -o size=200k tmpfs '{1}' &&\n\
             cp -a '{2}/state/.' '{0}/' && cp -a '{2}/shared/.' '{1}/' && : >'{2}/mounted' && exec sleep 599",
            state.display(),
            shared.display(),
            log.display()
        );
        let mut command = Command::new("unshare");
        life.place.set_up(&mut command);
        command.args(["-r", "-m", "/bin/sh", "-c", &script]).process_group(0);
        life.disks = Some(command.spawn().expect("unshare (apt-get install util-linux)"));
        until("the disks are there", || life.place.log.join("mounted").exists());
        life
    }

    /// A path of the machine as the test can reach it.
    fn at(&self, path: &Path) -> PathBuf {
        match &self.disks {
            Some(disks) => PathBuf::from(format!("/proc/{}/root{}", disks.id(), path.display())),
            None => path.to_path_buf(),
        }
    }

    /// The command where the small disks are seen.
    fn there(&self, command: Command) -> Command {
        let Some(disks) = &self.disks else { return command };
        let mut inside = Command::new("nsenter");
        inside.args(["-t", &disks.id().to_string(), "-U", "-m", "--preserve-credentials"]);
        inside.arg(format!("--wd={}", self.place.project.display()));
        inside.arg(command.get_program()).args(command.get_args());
        inside.env_clear().stdin(Stdio::null());
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                inside.env(key, value);
            }
        }
        inside
    }

    fn fill(&self) {
        for disk in [&self.place.state, &self.place.shared] {
            let mut file = fs::File::create(self.at(disk).join(".fill")).unwrap();
            for size in [4096, 1] {
                while std::io::Write::write_all(&mut file, &vec![0; size]).is_ok() {}
            }
        }
    }

    fn empty(&self) {
        for disk in [&self.place.state, &self.place.shared] {
            fs::remove_file(self.at(disk).join(".fill")).unwrap();
        }
    }

    fn call(&self, words: &[&str]) -> Answer {
        Answer::of(self.there(self.place.carrel(words)).output().unwrap())
    }

    fn start(&self, command: Command) -> Group {
        Group::start(self.there(command))
    }

    // ---- Zellij, the launcher, Claude ---------------------------------------------------------------------------------

    /// Zellij's saved session names the desk.
    fn save_session(&self) {
        let file = self.place.home.join(".cache/zellij/v1/session_info/main/session-layout.kdl");
        write(&file, &format!("pane command=\"/bin/sh\" {{ args \"run\" \"--pane\" \"{PANE}\"; }}\n"));
    }

    fn delete_session(&self) {
        let _ = fs::remove_dir_all(self.place.home.join(".cache/zellij/v1"));
    }

    /// Zellij starts the pane's command: the launcher is its child, in a process group of its own.
    fn open(&mut self, act: &str) {
        for left in ["up", "launcher", "code"] {
            let _ = fs::remove_file(self.place.log.join(left));
        }
        self.place.claude_does(act);
        let log = self.place.log.display().to_string();
        let mut launcher: Vec<String> = self.place.shell_words().iter().map(|word| (*word).to_string()).collect();
        launcher.push(self.place.state.join("carrel.sh").display().to_string());
        launcher.extend(Place::run_words(&[]));
        let mut command = Command::new("/bin/bash");
        self.place.set_up(&mut command);
        let script = format!(
            "set -m\n\"$@\" >'{log}/out' 2>&1 &\necho $! >'{log}/launcher.new'; mv '{log}/launcher.new' '{log}/launcher'\nwait $!\necho $? >'{log}/code.new'; mv '{log}/code.new' '{log}/code'\nexec sleep 599"
        );
        command.args(["-c", &script, "x"]).args(launcher).stdout(Stdio::null()).stderr(Stdio::null());
        let server = self.there(command).process_group(0).spawn().unwrap();
        if let Some(mut last) = self.server.replace(server) {
            let _ = last.kill();
            let _ = last.wait();
        }
        until("the launcher runs", || self.place.log.join("launcher").exists());
    }

    fn launcher(&self) -> u32 {
        read(&self.place.log.join("launcher")).trim().parse().unwrap()
    }

    fn wait_for(&self, what: &str, file: &str) {
        until(what, || self.place.log.join(file).exists());
    }

    /// What becomes of a pane whose launcher has died: the kernel hangs up whoever is left in its group.
    fn hang_up(&self) {
        kill("HUP", &format!("-{}", self.launcher()));
    }

    /// The pane is closed.
    fn close(&self) {
        kill("HUP", &self.launcher().to_string());
        self.hang_up();
    }

    /// Every process of this machine ends. They are known by its path in their environment: a number may be another's by now.
    fn end_all(&mut self) {
        let mark = self.place.top().display().to_string();
        let disks = self.disks.as_ref().map(|disks| disks.id().to_string());
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let pid = entry.file_name().to_string_lossy().into_owned();
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            if Some(&pid) != disks.as_ref() && String::from_utf8_lossy(&environ).contains(&mark) {
                kill("KILL", &pid);
            }
        }
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    fn signal(&mut self, fault: Fault) {
        match fault {
            Fault::Launcher(signal) => {
                kill(signal, &self.launcher().to_string());
                self.hang_up();
            }
            Fault::Claude(signal) => {
                kill(signal, read(&self.place.log.join("pid")).trim());
            }
            Fault::Server(signal) => {
                kill(signal, &self.server.as_ref().unwrap().id().to_string());
                self.close();
            }
            _ => panic!("{fault:?} is no signal here"),
        }
    }

    // ---- what must hold ----------------------------------------------------------------------------------------------

    fn words(&self) -> Vec<String> {
        let text = fs::read_to_string(self.place.log.join("words")).unwrap_or_default();
        text.lines().map(str::to_string).collect()
    }

    /// Every transcript, where it lies: at a desk, in leaving, or in the user's dir.
    fn transcripts(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for (name, dir) in [("state", &self.place.state), ("shared", &self.place.shared)] {
            let inside = tree(&self.at(dir)).into_iter().filter(|(path, _)| path.ends_with(".jsonl"));
            all.extend(inside.map(|(path, text)| (format!("{name}/{path}"), text)));
        }
        all
    }

    /// Every word is somewhere; in two places only while it moves from one to the other.
    fn after_the_fault(&self, wrong: &mut Vec<String>) {
        let all = self.transcripts();
        for word in self.words() {
            let texts: Vec<&String> = all.values().filter(|text| text.contains(&word)).collect();
            let is_moving = texts.len() == 2
                && (texts[0].starts_with(texts[1].as_str()) || texts[1].starts_with(texts[0].as_str()));
            if texts.len() != 1 && !is_moving {
                wrong.push(format!("after the fault {word} is in {} places of {:?}", texts.len(), all.keys()));
            }
        }
    }

    /// Every word is in one place.
    fn in_one_place(&self, when: &str, wrong: &mut Vec<String>) {
        let all = self.transcripts();
        for word in self.words() {
            let places: Vec<&String> =
                all.iter().filter(|(_, text)| text.contains(&word)).map(|(path, _)| path).collect();
            let times: usize = all.values().map(|text| text.matches(&word).count()).sum();
            if places.len() != 1 || times != 2 {
                wrong.push(format!("{when} {word} is {times} times in {places:?} of {:?}", all.keys()));
            }
        }
    }

    /// A Carrel that has just started, in another Zellij, looks at the desks and does what has to be done.
    fn look(&self) -> String {
        let mut told = String::new();
        for _ in 0..3 {
            let owners = self.call(&["owners"]);
            told += &owners.stdout;
            for line in owners.lines().iter().filter(|line| line[0] == "owner") {
                let words: &[&str] = match line[2].as_str() {
                    "nobody" => &["--if-nobody", "--server", "99999998"],
                    "saved" if line[8] == "unkept" => &["--keep-only", "--server", "99999998"],
                    _ => continue,
                };
                told += &self.call(&[&["clean", "--wait", "0", "--pane", &line[1]], words].concat()).stdout;
            }
        }
        told
    }

    /// The fresh start: another Carrel looks; the session comes back, and the pane goes on where it was; then the session is
    /// deleted. What was wrong on the way.
    fn fresh_start(mut self) -> Vec<String> {
        let mut wrong = vec![];
        self.after_the_fault(&mut wrong);
        self.end_all();
        for tool in TOOLS_OF_STEPS {
            let _ = fs::remove_file(self.place.bin.join(tool));
        }
        let mut told = self.look();
        self.in_one_place("after a look", &mut wrong);
        if self.disks.is_none() && !self.place.state.join("seed/1/claude.json").exists() {
            self.place.seed();
        }
        let before = self.words();
        let had_a_desk = [self.place.desk(), self.place.leaving()].iter().any(|desk| self.at(desk).exists());
        self.open("say; leave 0\n");
        self.wait_for("the pane that came back ends", "code");
        let code = read(&self.place.log.join("code"));
        if code.trim() != "0" {
            wrong.push(format!("the pane that came back ended with {code}: {}", read(&self.place.log.join("out"))));
        } else {
            let started = read(&self.place.log.join("started"));
            let (how, session) = started.split_once(' ').unwrap();
            if (how == "--resume") == before.is_empty() {
                wrong.push(format!("{how} with {} words said before", before.len()));
            }
            let all = self.transcripts();
            let resumed: String =
                all.iter().filter(|(path, _)| path.contains(session)).map(|(_, text)| text.as_str()).collect();
            // Of several conversations the one that was open last; where the desk was deleted, the one of the command line.
            let wanted = if had_a_desk { before.last() } else { before.first() };
            wrong.extend(wanted.filter(|word| !resumed.contains(*word)).map(|word| format!("resumed without {word}")));
        }
        self.in_one_place("after it came back", &mut wrong);
        self.end_all();
        self.delete_session();
        told += &self.look();
        self.in_one_place("in the end", &mut wrong);
        let left = tree(&self.at(&self.place.state));
        let left: Vec<&String> =
            left.keys().filter(|path| path.contains("pane-") || path.starts_with("leaving/.")).collect();
        if !left.is_empty() {
            wrong.push(format!("nobody's, and still there: {left:?}; told: {told}"));
        }
        if self.transcripts().keys().any(|path| !path.starts_with("shared/")) {
            wrong.push("a conversation is not where plain Claude looks for it".into());
        }
        wrong
    }

    // ---- stopping it between two steps --------------------------------------------------------------------------------

    /// Such calls of a tool wait until the test lets them go on; `at` tells that one waits.
    fn block(&self, tool: &str, which: &str) {
        let log = self.place.log.display();
        self.place.script(
            tool,
            &format!(
                "PATH={TOOLS}\ncase \"$*\" in {which}) : >'{log}/at'; while [ ! -e '{log}/go' ]; do sleep 0.01; done ;; esac\nexec {tool} \"$@\"\n"
            ),
        );
    }

    fn go_on(&self) {
        write(&self.place.log.join("go"), "");
    }

    /// Each of the tools counts the steps of the program, and kills it after the one that is asked for.
    fn kill_at(&self, step: usize) {
        let log = self.place.log.display();
        write(&self.place.log.join("stop"), &format!("{step}\n"));
        fs::create_dir_all(self.place.log.join("steps")).unwrap();
        for tool in TOOLS_OF_STEPS {
            self.place.script(
                tool,
                &format!(
                    "read -r stop <'{log}/stop'\nn=1\nset -C\nuntil {{ printf '' >'{log}/steps/'$n; }} 2>/dev/null; do n=$((n + 1)); done\nset +C\nPATH={TOOLS}\n\
                     [ $n = $stop ] || exec {tool} \"$@\"\nread -r pid <'{log}/main'\n{tool} \"$@\"\nkill -KILL $pid\n"
                ),
            );
        }
    }

    /// Runs these words of the program; whether it was killed.
    fn run_until_killed(&self, words: &[&str]) -> bool {
        let mut command = self.place.shell();
        let shell = self.place.shell_words().join(" ");
        let main = self.place.log.join("main");
        // With a parent that ends with it, as its Zellij.
        let script = format!("{shell} -c 'echo $$ >\"{}\"; exec {shell} \"$@\"' x \"$@\"\nexit $?", main.display());
        command.args(["-c", &script, "x"]);
        command.arg(self.place.state.join("carrel.sh")).args(words).process_group(0);
        let killed = Answer::of(command.output().unwrap()).code == Some(128 + 9);
        for tool in TOOLS_OF_STEPS {
            let _ = fs::remove_file(self.place.bin.join(tool));
        }
        killed
    }
}

// ---- the states -------------------------------------------------------------------------------------------------------

const TALK: &str = "say; say; : >\"$log/up\"; exec sleep 599\n";
const START: &str = ": >\"$log/up\"; exec sleep 599\n";
/// Ends well after two messages and a second conversation, as after /clear.
const SPOKEN: &str =
    "say; /usr/bin/touch -d '1 minute ago' \"$dir/$id.jsonl\"; id=22222222-2222-4222-8222-222222222222; say; leave 0\n";

impl Life {
    /// A desk whose Claude has talked and ended; its pane is held.
    fn held(&mut self) {
        self.open(SPOKEN);
        self.wait_for("the pane is held", "code");
    }

    /// The conversations were kept, so that the launcher has something to take back.
    fn kept_early(&mut self) {
        self.held();
        self.end_all();
        self.call(&["clean", "--pane", PANE, "--wait", "0", "--keep-only"]).says("\tkept");
    }

    fn clean_command(&self) -> Command {
        self.place.carrel(&["clean", "--pane", PANE, "--wait", "5"])
    }
}

/// Blocks where the desk is kept or deleted, with a cleaner at it.
fn at_work(life: &mut Life, event: Event) -> Group {
    life.held();
    life.end_all();
    match event {
        Event::Keeping => life.block("ln", "*projects*"),
        _ => life.block("rm", "*leaving/gone-*"),
    }
    let command = life.clean_command();
    let cleaner = life.start(command);
    life.wait_for("the cleaner is at it", "at");
    cleaner
}

fn tried(tally: &Tally, event: Event, fault: Fault, cell: impl FnOnce() -> Vec<String>) {
    assert_eq!(level(event, fault), Level::Host);
    tally.note(event, fault, cell());
}

fn signals(of: fn(&'static str) -> Fault) -> impl Iterator<Item = Fault> {
    SIGNALS.into_iter().map(of)
}

#[test]
fn signals_and_reloads_in_the_short_moments_of_a_desks_life_lose_nothing() {
    let tally = Tally::new("signals and reloads on the host program");
    let mut expected = vec![];
    for fault in signals(Fault::Launcher).chain(signals(Fault::Server)) {
        expected.extend([(Event::Seeding, fault), (Event::Exited, fault)]);
        tried(&tally, Event::Seeding, fault, || {
            let mut life = Life::new();
            life.kept_early();
            // The seed is gone too, so that there is one to be put in place again.
            fs::remove_file(life.place.desk().join(".claude.json")).unwrap();
            life.block("cp", "*given");
            life.open(TALK);
            life.wait_for("the launcher is at it", "at");
            life.signal(fault);
            life.fresh_start()
        });
        tried(&tally, Event::Exited, fault, || {
            let mut life = Life::new();
            // Claude has planted something in the place of our note, so that the launcher calls a tool there.
            life.block("rm", "*carrel/exit");
            life.open("say; say; /bin/rm -f \"$CLAUDE_CONFIG_DIR/.carrel/exit\"; mkfifo \"$CLAUDE_CONFIG_DIR/.carrel/exit\"; leave 0\n");
            life.wait_for("Claude has ended", "at");
            life.signal(fault);
            life.fresh_start()
        });
    }
    for fault in signals(Fault::Server).chain([Fault::Reload]) {
        for event in [Event::Keeping, Event::Deleting] {
            expected.push((event, fault));
            tried(&tally, event, fault, || {
                let mut life = Life::new();
                let mut cleaner = at_work(&mut life, event);
                // A new instance of the plugin does the same once more, while the first cleaner is still at it.
                let second = (fault == Fault::Reload).then(|| {
                    let command = life.clean_command();
                    life.start(command)
                });
                // What a plugin started goes on without it, and nobody reads what it says.
                drop((cleaner.child.stdout.take(), cleaner.child.stderr.take()));
                life.go_on();
                cleaner.child.wait().unwrap();
                second.map(Group::finish);
                life.fresh_start()
            });
        }
    }
    for event in [Event::Seeding, Event::Exited] {
        expected.push((event, Fault::Reload));
        tried(&tally, event, Fault::Reload, || {
            let mut life = Life::new();
            if event == Event::Seeding {
                life.kept_early();
                fs::remove_file(life.place.desk().join(".claude.json")).unwrap();
                life.block("cp", "*given");
                life.open(SPOKEN);
            } else {
                life.block("rm", "*carrel/exit");
                life.open("say; /bin/rm -f \"$CLAUDE_CONFIG_DIR/.carrel/exit\"; mkfifo \"$CLAUDE_CONFIG_DIR/.carrel/exit\"; leave 0\n");
            }
            life.wait_for("it is in the middle of it", "at");
            // A plugin that has just been loaded looks at everything, and makes the seed again.
            life.place.boot(&[]).ends_with(0);
            assert_eq!(life.call(&["owners"]).fields("owner")[1], "alive");
            life.call(&["scan"]).says("group\talive");
            life.call(&["seed-out"]).says("seed\t");
            life.go_on();
            life.wait_for("the launcher goes on", "code");
            life.fresh_start()
        });
    }
    tally.finish(&expected);
}

#[test]
fn a_full_disk_at_any_time_loses_nothing() {
    let tally = Tally::new("full disks");
    let events = cells::EVENTS;
    for event in events {
        tried(&tally, event, Fault::FullDisk, || {
            let mut life = Life::on_small_disks();
            match event {
                Event::BeforeSeed => {
                    fs::remove_dir_all(life.at(&life.place.state.join("seed"))).unwrap();
                    fs::create_dir(life.at(&life.place.state.join("seed"))).unwrap();
                    life.fill();
                    life.open(TALK);
                    // The launcher cannot even write its record.
                    life.wait_for("the launcher stops", "code");
                    let out = life.call(&["seed-out"]).fields("seed");
                    assert_eq!(out[0], "copied", "{out:?}");
                    life.call(&["seed-in", &out[1], &out[2], "", ""]).says("cannot write");
                    life.empty();
                    let out = life.call(&["seed-out"]).fields("seed");
                    fs::copy(life.place.project.join(&out[2]).join("in"), life.place.project.join(&out[2]).join("out"))
                        .unwrap();
                    life.call(&["seed-in", &out[1], &out[2], "", ""]).says("fresh");
                }
                Event::Seeding | Event::Held => {
                    // Enter on a held pane; and a pane that comes back to a conversation that was kept.
                    if event == Event::Held {
                        life.held()
                    } else {
                        life.kept_early()
                    }
                    life.fill();
                    life.open(SPOKEN);
                    life.wait_for("the launcher stops", "code");
                    assert_eq!(read(&life.place.log.join("code")).trim(), "1");
                    life.empty();
                }
                Event::Started | Event::Talking => {
                    let log = life.place.log.display().to_string();
                    let first = if event == Event::Talking { "say; say;" } else { "" };
                    life.open(&format!("{first} : >'{log}/up'; while [ ! -e '{log}/full' ]; do sleep 0.01; done; say; : >'{log}/said'; exec sleep 599\n"));
                    life.wait_for("Claude is up", "up");
                    life.fill();
                    write(&life.place.log.join("full"), "");
                    life.wait_for("Claude has tried to write", "said");
                    life.close();
                    life.call(&["clean", "--pane", PANE, "--wait", "5"]);
                    life.empty();
                }
                Event::Exited => {
                    let log = life.place.log.display().to_string();
                    life.open(&format!(
                        "say; say; : >'{log}/up'; while [ ! -e '{log}/full' ]; do sleep 0.01; done; leave 0\n"
                    ));
                    life.wait_for("Claude is up", "up");
                    life.fill();
                    write(&life.place.log.join("full"), "");
                    life.wait_for("the pane is held", "code");
                    life.empty();
                }
                Event::Closing => {
                    life.open("say; say; : >\"$log/up\"; trap '' HUP; exec sleep 599\n");
                    life.wait_for("Claude is up", "up");
                    life.fill();
                    life.close();
                    let command = life.clean_command();
                    let cleaner = life.start(command);
                    kill("KILL", &format!("-{}", life.launcher()));
                    cleaner.finish();
                    life.empty();
                }
                Event::Keeping | Event::Deleting => {
                    let cleaner = at_work(&mut life, event);
                    life.fill();
                    life.go_on();
                    cleaner.finish();
                    life.empty();
                }
            }
            life.fresh_start()
        });
    }
    tally.finish(&events.map(|event| (event, Fault::FullDisk)));
}

/// Kills the program after each of its steps, one after the other, until it gets through.
fn at_each_step(least: usize, mut life: impl FnMut() -> Life, words: &[&str]) -> Vec<String> {
    let mut wrong = vec![];
    for step in 1.. {
        let life = life();
        life.kill_at(step);
        let killed = life.run_until_killed(words);
        wrong.extend(
            life.fresh_start().into_iter().map(|why| format!("killed after step {step} of {}: {why}", words[0])),
        );
        if !killed {
            if step <= least {
                wrong.push(format!("{} has only {step} steps", words[0]));
            }
            break;
        }
    }
    wrong
}

#[test]
fn killed_between_any_two_of_its_steps_the_host_program_loses_nothing() {
    let tally = Tally::new("host program killed at every step");
    let run = Place::run_words(&[]);
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let clean = ["clean", "--pane", PANE, "--wait", "0"];
    let keep = ["clean", "--pane", PANE, "--wait", "0", "--keep-only"];
    let ended = || {
        let mut life = Life::new();
        life.held();
        life.end_all();
        life
    };
    let note = |event, wrong| tally.note(event, Fault::HostKilled, wrong);
    note(
        Event::BeforeSeed,
        at_each_step(
            2,
            || {
                let life = Life::new();
                fs::remove_dir_all(life.place.state.join("seed/1")).unwrap();
                life
            },
            &["seed-out"],
        ),
    );
    note(
        Event::Seeding,
        at_each_step(
            4,
            || {
                let mut life = Life::new();
                life.kept_early();
                life.place.claude_does(SPOKEN);
                life
            },
            &run,
        ),
    );
    note(
        Event::Held,
        at_each_step(
            2,
            || {
                let mut life = Life::new();
                life.held();
                life.place.claude_does("say; leave 0\n");
                life
            },
            &run,
        ),
    );
    // Looks write nothing: killed in the middle they prove nothing.
    for (event, act, words) in
        [(Event::Started, START, ["scan", "--measure"].as_slice()), (Event::Talking, TALK, &["owners"])]
    {
        note(
            event,
            at_each_step(
                1,
                || {
                    let mut life = Life::new();
                    life.open(act);
                    life.wait_for("Claude is up", "up");
                    life
                },
                words,
            ),
        );
    }
    note(
        Event::Exited,
        at_each_step(
            1,
            || {
                let life = Life::new();
                life.place.claude_does("say; say; /bin/rm -f \"$CLAUDE_CONFIG_DIR/.carrel/exit\"; mkfifo \"$CLAUDE_CONFIG_DIR/.carrel/exit\"; leave 0\n");
                life
            },
            &run,
        ),
    );
    note(Event::Closing, {
        let mut life = Life::new();
        life.open("say; say; : >\"$log/up\"; trap '' HUP; exec sleep 599\n");
        life.wait_for("Claude is up", "up");
        life.close();
        let command = life.clean_command();
        let mut cleaner = life.start(command);
        until("the cleaner waits", || Path::new(&format!("/proc/{}", cleaner.pid())).exists());
        cleaner.kill();
        life.fresh_start()
    });
    note(Event::Keeping, at_each_step(10, ended, &keep));
    note(Event::Deleting, at_each_step(10, ended, &clean));
    tally.finish(&cells::EVENTS.map(|event| (event, Fault::HostKilled)));
}

#[test]
fn signals_and_reloads_in_the_long_states_of_a_desks_life_lose_nothing() {
    let tally = Tally::new("signals and reloads in the long states");
    let mut expected = vec![];
    let all = || cells::faults().into_iter().filter(|fault| !matches!(fault, Fault::FullDisk | Fault::HostKilled));
    for event in [Event::BeforeSeed, Event::Started, Event::Talking, Event::Held, Event::Closing] {
        for fault in all().filter(|fault| level(event, *fault) == Level::Host) {
            expected.push((event, fault));
            tried(&tally, event, fault, || {
                let mut life = Life::new();
                let mut cleaner = None;
                match event {
                    Event::BeforeSeed => {
                        fs::remove_dir_all(life.place.state.join("seed/1")).unwrap();
                        life.open(TALK);
                        until("the desk is owned", || life.place.desk().join(".carrel/record").exists());
                    }
                    Event::Started => life.open(START),
                    Event::Talking => life.open(TALK),
                    Event::Held => life.held(),
                    // It outlives its pane, as Claude does for a while.
                    _ => life.open("say; say; : >\"$log/up\"; trap '' HUP; exec sleep 599\n"),
                }
                if [Event::Started, Event::Talking, Event::Closing].contains(&event) {
                    life.wait_for("Claude is up", "up");
                }
                if event == Event::Closing {
                    life.close();
                    cleaner = Some(life.start(life.clean_command()));
                }
                if fault == Fault::Reload {
                    // A plugin that has just been loaded looks at everything, and makes the seed where there is none.
                    life.place.boot(&[]).ends_with(0);
                    assert_eq!(life.call(&["owners"]).fields("owner")[1] == "alive", event != Event::Held, "{event:?}");
                    if event == Event::BeforeSeed {
                        life.place.seed();
                        life.wait_for("Claude is up", "up");
                    }
                    if event == Event::Closing {
                        life.call(&["clean", "--pane", PANE, "--wait", "0"]).says("\talive\t");
                    }
                } else {
                    life.signal(fault);
                }
                if let Some(cleaner) = cleaner {
                    // It dies at last, of whatever.
                    kill("KILL", read(&life.place.log.join("pid")).trim());
                    cleaner.finish().says("\tcleaned");
                }
                life.fresh_start()
            });
        }
    }
    tally.finish(&expected);
}

#[test]
fn every_cell_of_the_fault_matrix_is_tried_or_has_a_reason_why_not() {
    let (tried, never) = (cells::cells(Level::Host).len(), cells::impossible());
    assert_eq!(tried + never.len(), cells::EVENTS.len() * cells::faults().len());
    assert!(never.iter().all(|line| line.len() > 20), "{never:#?}");
}
