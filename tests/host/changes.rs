//! changes-out, changes-in and what clean leaves: what the user changed in a desk's `.claude.json` is lost nowhere on its way
//! to the user's own file, and that file is replaced whole, under Claude's lock, or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::place::*;

const GIVEN: &str = "{\"hasCompletedOnboarding\":true}";
const NOW: &str = "{\"hasCompletedOnboarding\":true,\"mcpServers\":{\"x\":{\"command\":\"SECRET\"}}}";
const MERGED: &str = "{\"merged\":true}\n";

fn json(place: &Place) -> PathBuf {
    place.home.join(".claude.json")
}

/// A desk at which something was changed.
fn changed_desk(place: &Place) -> PathBuf {
    let desk = place.desk_with(&[("shared_json", &json(place).display().to_string())]);
    write(&desk.join(".claude.json"), NOW);
    write(&desk.join(".carrel/given"), GIVEN);
    desk
}

/// What changes-out says: the fields after `copied`.
fn out(place: &Place, words: &[&str]) -> Vec<String> {
    let answer = place.call(&[&["changes-out"], words].concat());
    let fields = answer.fields("changes");
    assert_eq!(fields[0], "copied", "{}", answer.stdout);
    fields[1..].to_vec()
}

fn desk_out(place: &Place) -> Vec<String> {
    out(place, &["--pane", PANE, "--into"])
}

/// The plugin's work, and what becomes of it. `copied` is what changes-out said.
fn carry(place: &Place, origin: &[&str], copied: &[String], what: &str) -> Answer {
    let dir = place.project.join(&copied[0]);
    write(&dir.join("out"), MERGED);
    write(&dir.join("base"), "{\"base\":1}");
    let bytes = MERGED.len().to_string();
    place.call(&[&["changes-in"], origin, &[&copied[0], what, &copied[6], &bytes]].concat())
}

fn left(place: &Place) -> Vec<String> {
    let dir = place.state.join("changes");
    if dir.exists() {
        names(&dir)
    } else {
        vec![]
    }
}

/// Nothing of ours lies beside the user's file or in the plugin's cache dir.
#[track_caller]
fn assert_tidy(place: &Place) {
    let home = names(&place.home);
    assert_eq!(home.iter().filter(|name| name.contains("carrel") || name.ends_with(".lock")).count(), 0, "{home:?}");
    let cache = names(&place.project);
    assert_eq!(cache, Vec::<String>::new(), "in the cache dir");
}

#[test]
fn a_desk_remembers_what_it_was_given() {
    each_shell(|place| {
        place.seed();
        place.run(&[]).ends_with(0);
        let given = place.desk().join(".carrel/given");
        assert_eq!(read(&given), read(&place.desk().join(".claude.json")));
        assert_eq!((mode(&given), mode(&place.desk().join(".claude.json"))), (0o600, 0o600));
        // What is changed afterwards is not what was given, also when the pane runs again and the seed is another one. As
        // Claude changes it: another file in its place.
        write(&place.desk().join(".claude.json.tmp"), NOW);
        fs::rename(place.desk().join(".claude.json.tmp"), place.desk().join(".claude.json")).unwrap();
        write(&json(place), "{\"numStartups\":1}");
        place.seed();
        place.run(&[]).ends_with(0);
        assert_eq!(read(&given), "{\"hasCompletedOnboarding\":true}\n");
        assert_eq!(read(&place.desk().join(".claude.json")), NOW);
    });
}

#[test]
fn without_hard_links_a_desk_remembers_it_too() {
    each_shell(|place| {
        place.seed();
        place.script("ln", "case \" $* \" in *given*) exit 1 ;; esac; PATH=/usr/bin:/bin; exec ln \"$@\"\n");
        place.run(&[]).ends_with(0);
        let [given, own] = [".carrel/given", ".claude.json"].map(|file| place.desk().join(file));
        assert_eq!((read(&given), mode(&given), mode(&own)), (read(&own), 0o600, 0o600));
        assert_ne!(fs::metadata(given).unwrap().ino(), fs::metadata(own).unwrap().ino());
    });
}

#[test]
fn what_the_plugin_reads_is_private_and_nothing_else_is_touched() {
    each_shell(|place| {
        changed_desk(place);
        let before = (tree(&place.home), tree(&place.state));
        let copied = desk_out(place);
        assert_eq!((tree(&place.home), tree(&place.state)), before);
        let dir = place.project.join(&copied[0]);
        assert_eq!(mode(&dir), 0o700);
        for (file, content) in [("given", GIVEN), ("now", NOW), ("in", &read(&json(place))), ("out", ""), ("base", "")]
        {
            assert_eq!((read(&dir.join(file)).as_str(), mode(&dir.join(file))), (content, 0o600), "{file}");
        }
        let sizes = [GIVEN.len(), NOW.len()].map(|size| size.to_string());
        assert_eq!(copied[2..5], [&sizes[0], &sizes[1], ""]);
        assert_eq!(
            (copied[5].parse(), copied[7].as_str()),
            (Ok(read(&json(place)).len()), json(place).to_str().unwrap())
        );
        // A scan tells the same stamps.
        let scan = place.call(&["scan"]);
        let files: Vec<Vec<String>> = scan.lines().into_iter().filter(|line| line[0] == "file").collect();
        assert_eq!(format!("{} {}", files[0][2], files[1][2]), copied[1]);
        assert!(files[0][1].ends_with(&format!("pane-{PANE}/.claude.json")), "{files:?}");
        assert!(files[1][1].ends_with(&format!("pane-{PANE}/.carrel/given")), "{files:?}");
        // Without the user's file.
        let copied = out(place, &["--pane", PANE]);
        assert_eq!((copied[5].as_str(), copied[6].as_str()), ("", ""));
    });
}

#[test]
fn where_there_is_nothing_to_compare_there_is_nothing_to_look_at() {
    each_shell(|place| {
        let none =
            |place: &Place, words: &[&str]| place.call(&[&["changes-out"], words].concat()).expect("changes\tnone\n");
        none(place, &["--pane", PANE]);
        let desk = changed_desk(place);
        for words in [
            &["--pane", OTHER][..],
            &["--pane", "../x"],
            &["--left", PANE],
            &["--left", "../x.1"],
            &["--left"],
            &[],
            &["--what", "x"],
        ] {
            none(place, words);
        }
        for planted in [".claude.json", ".carrel/given"] {
            let real = read(&desk.join(planted));
            fs::remove_file(desk.join(planted)).unwrap();
            none(place, &["--pane", PANE]);
            write(&place.log.join("elsewhere"), "{}");
            symlink(place.log.join("elsewhere"), desk.join(planted)).unwrap();
            none(place, &["--pane", PANE]);
            fs::remove_file(desk.join(planted)).unwrap();
            write(&desk.join(planted), &real);
        }
        desk_out(place);
    });
}

#[test]
fn the_users_file_is_replaced_as_claude_does_it_and_the_desk_is_asked_no_more() {
    each_shell(|place| {
        let desk = changed_desk(place);
        for kind in ["private", "open", "linked"] {
            write(&json(place), "{\"old\":1}");
            let target = place.home.join("dotfiles/claude.json");
            match kind {
                "open" => fs::set_permissions(json(place), fs::Permissions::from_mode(0o644)).unwrap(),
                "linked" => {
                    fs::create_dir_all(target.parent().unwrap()).unwrap();
                    fs::rename(json(place), &target).unwrap();
                    symlink("dotfiles/claude.json", json(place)).unwrap();
                }
                _ => fs::set_permissions(json(place), fs::Permissions::from_mode(0o600)).unwrap(),
            }
            let mode_before = fs::metadata(json(place)).unwrap().mode();
            let inode = fs::metadata(json(place)).unwrap().ino();
            carry(place, &["--pane", PANE], &desk_out(place), "base").expect("changes\tdone\n");
            assert_eq!(read(&json(place)), MERGED);
            let after = fs::metadata(json(place)).unwrap();
            assert_eq!(after.mode(), mode_before, "{kind}");
            assert_ne!(after.ino(), inode, "written in place: {kind}");
            assert_eq!(is_link(&json(place)), kind == "linked");
            assert_eq!(
                (read(&desk.join(".carrel/given")).as_str(), mode(&desk.join(".carrel/given"))),
                ("{\"base\":1}", 0o600)
            );
            assert_eq!(read(&desk.join(".claude.json")), NOW, "a running Claude's file is its own");
            assert_tidy(place);
        }
        // What is only to be forgotten leaves the user's file alone.
        let copied = out(place, &["--pane", PANE]);
        write(&place.project.join(&copied[0]).join("base"), "{\"forgotten\":1}");
        place.call(&["changes-in", "--pane", PANE, &copied[0], "base", "-", "-"]).expect("changes\tdone\n");
        assert_eq!(
            (read(&json(place)).as_str(), read(&desk.join(".carrel/given")).as_str()),
            (MERGED, "{\"forgotten\":1}")
        );
        assert_tidy(place);
    });
}

#[test]
fn a_file_that_somebody_else_has_changed_meanwhile_is_left_to_the_next_try() {
    each_shell(|place| {
        let desk = changed_desk(place);
        let copied = desk_out(place);
        // As Claude writes: another file in its place.
        write(&place.home.join("new"), "{\"theirs\":1}");
        fs::rename(place.home.join("new"), json(place)).unwrap();
        carry(place, &["--pane", PANE], &copied, "base").expect("changes\tagain\n");
        assert_eq!(read(&json(place)), "{\"theirs\":1}");
        assert_eq!(read(&desk.join(".carrel/given")), GIVEN, "it is still to be carried");
        assert_tidy(place);
        carry(place, &["--pane", PANE], &desk_out(place), "base").expect("changes\tdone\n");
        assert_eq!(read(&json(place)), MERGED);
    });
}

#[test]
fn a_missing_an_unreadable_and_an_unwritable_file_are_told_and_nothing_is_changed() {
    each_shell(|place| {
        let desk = changed_desk(place);
        let before = tree(&desk);
        fs::rename(json(place), place.home.join("away")).unwrap();
        place.call(&["changes-out", "--pane", PANE, "--into"]).says("there is no").says("backups");
        symlink(place.home.join("nowhere"), json(place)).unwrap();
        place.call(&["changes-out", "--pane", PANE, "--into"]).says("there is no");
        fs::remove_file(json(place)).unwrap();
        fs::rename(place.home.join("away"), json(place)).unwrap();
        let theirs = read(&json(place));

        // Half a result, as a full disk leaves it.
        let copied = desk_out(place);
        write(&place.project.join(&copied[0]).join("out"), "{\"mer");
        place.call(&["changes-in", "--pane", PANE, &copied[0], "base", &copied[6], "16"]).says("not whole");
        place.call(&["changes-in", "--pane", PANE, "carrel-changes.1.0", "base", &copied[6], "16"]).says("is gone");
        place.call(&["changes-in", "--pane", PANE, "../../etc", "base", &copied[6], "16"]).says("is gone");
        // Nothing can be written beside the file, or it cannot be replaced.
        for (tool, why) in [("cp", "cannot write beside"), ("mv", "cannot replace")] {
            let copied = desk_out(place);
            place.script(tool, "exit 1\n");
            carry(place, &["--pane", PANE], &copied, "base").says(why).ends_with(1);
            fs::remove_file(place.bin.join(tool)).unwrap();
            assert_eq!((read(&json(place)), tree(&desk)), (theirs.clone(), before.clone()), "{tool}");
            assert_tidy(place);
        }
        let copied = desk_out(place);
        place.script("mkdir", "exit 1\n");
        carry(place, &["--pane", PANE], &copied, "base").says("cannot make").ends_with(1);
        fs::remove_file(place.bin.join("mkdir")).unwrap();
        assert_eq!((read(&json(place)), tree(&desk)), (theirs.clone(), before.clone()));
        assert_tidy(place);
    });
}

/// The program with another patience.
fn impatient(place: &Place) {
    let program = read(&place.state.join("carrel.sh"));
    let hasty = program.replace("_LOCK_PATIENCE=240\n", "_LOCK_PATIENCE=6\n");
    assert_ne!(hasty, program);
    write(&place.state.join("carrel.sh"), &hasty);
}

#[test]
fn a_lock_that_somebody_holds_is_waited_for_and_then_told() {
    each_shell(|place| {
        let desk = changed_desk(place);
        let lock = place.home.join(".claude.json.lock");
        let theirs = read(&json(place));
        fs::create_dir(&lock).unwrap();
        let copied = desk_out(place);
        // Given back while we wait.
        let waiting = std::thread::scope(|scope| {
            let freed = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(300));
                assert_eq!(read(&json(place)), theirs, "written under somebody else's lock");
                fs::remove_dir(&lock).unwrap();
                Instant::now()
            });
            carry(place, &["--pane", PANE], &copied, "base").expect("changes\tdone\n");
            Instant::now() >= freed.join().unwrap()
        });
        assert!(waiting && read(&json(place)) == MERGED);
        assert_tidy(place);

        impatient(place);
        write(&json(place), &theirs);
        fs::create_dir(&lock).unwrap();
        let given = read(&desk.join(".carrel/given"));
        carry(place, &["--pane", PANE], &desk_out(place), "base").says("holds").says(".claude.json.lock").ends_with(1);
        assert_eq!((read(&json(place)), read(&desk.join(".carrel/given"))), (theirs.clone(), given));
        assert!(lock.exists(), "another's lock was taken away");
        // A file in its place is no lock, and is not taken away either.
        fs::remove_dir(&lock).unwrap();
        write(&lock, "");
        carry(place, &["--pane", PANE], &desk_out(place), "base").says("holds").ends_with(1);
        assert!(lock.exists());
        fs::remove_file(&lock).unwrap();
        assert_tidy(place);
    });
}

#[test]
fn an_abandoned_lock_is_taken_over_after_ten_seconds_as_claude_does() {
    each_shell(|place| {
        changed_desk(place);
        impatient(place);
        let lock = place.home.join(".claude.json.lock");
        for (age, taken) in [(11, true), (5, false), (-60, false)] {
            fs::create_dir(&lock).unwrap();
            let when = format!("{} seconds ago", age);
            assert!(Command::new("touch").args(["-d", &when]).arg(&lock).status().unwrap().success());
            let answer = carry(place, &["--pane", PANE], &desk_out(place), "base");
            assert_eq!(answer.stdout == "changes\tdone\n", taken, "{age} s old: {}", answer.stdout);
            assert_eq!(lock.exists(), !taken);
            let _ = fs::remove_dir(&lock);
        }
    });
}

/// While it is put into place the user's file is, at each of the program's steps, the old one or the new one; killed anywhere,
/// the next try goes through.
#[test]
fn killed_at_any_step_the_users_file_is_the_old_one_or_the_new_one() {
    for (shell, when) in [(SHELLS[0], "after"), (SHELLS[1], "before"), (SHELLS[2], "after")] {
        let place = Place::new(shell);
        for tool in ["cp", "cat", "mv", "rm", "mkdir", "rmdir", "sync", "cmp"] {
            place.script(
                tool,
                &format!(
                    "log=${{0%/*}}/../log\nread -r stop when <\"$log/stop\"\nread -r n <\"$log/step\"\nprintf '%s\\n' $((n + 1)) >\"$log/step\"\n\
                     PATH={TOOLS}\n[ \"$n\" = \"$stop\" ] || exec {tool} \"$@\"\nread -r pid <\"$log/main\"\n\
                     [ $when = before ] || {tool} \"$@\"\nkill -KILL $pid\n"
                ),
            );
        }
        let mut step = 1;
        loop {
            let old = "{\"old\":1}";
            write(&json(&place), old);
            changed_desk(&place);
            let plain = |words: &[&str]| Answer::of(place.carrel(words).env("PATH", TOOLS).output().unwrap());
            let copied = plain(&["changes-out", "--pane", PANE, "--into"]).fields("changes");
            let dir = place.project.join(&copied[1]);
            write(&dir.join("out"), MERGED);
            write(&dir.join("base"), "{\"base\":1}");
            let bytes = MERGED.len().to_string();
            write(&place.log.join("stop"), &format!("{step} {when}\n"));
            write(&place.log.join("step"), "1\n");
            let mut command = place.shell();
            let main = place.log.join("main");
            let text = format!("echo $$ >'{}'; exec {} \"$@\"", main.display(), shell.join(" "));
            command.args(["-c", &text, "x"]).arg(place.state.join("carrel.sh"));
            command.args(["changes-in", "--pane", PANE, &copied[1], "base", &copied[7], &bytes]);
            let stopped = command.output().unwrap().status.code().is_none();
            let (file, given) = (read(&json(&place)), read(&place.desk().join(".carrel/given")));
            assert!(file == old || file == MERGED, "stopped {when} step {step}: {file}");
            assert!(given == GIVEN || file == MERGED, "forgotten and not carried: stopped {when} step {step}");
            // The lock of a killed one counts for no longer than ten seconds.
            let lock = place.home.join(".claude.json.lock");
            if lock.exists() {
                assert!(Command::new("touch").args(["-d", "11 seconds ago"]).arg(&lock).status().unwrap().success());
            }
            let copied = plain(&["changes-out", "--pane", PANE, "--into"]).fields("changes");
            let dir = place.project.join(&copied[1]);
            write(&dir.join("out"), MERGED);
            write(&dir.join("base"), "{\"base\":1}");
            plain(&["changes-in", "--pane", PANE, &copied[1], "base", &copied[7], &bytes]).expect("changes\tdone\n");
            assert_eq!(read(&json(&place)), MERGED);
            let home = names(&place.home);
            assert!(!home.iter().any(|name| name.contains("carrel")), "stopped {when} step {step}: {home:?}");
            for dir in names(&place.project) {
                fs::remove_dir_all(place.project.join(dir)).unwrap();
            }
            if !stopped {
                assert!(step > 10, "only {step} steps");
                break;
            }
            step += 1;
        }
    }
}

#[test]
fn a_closed_desk_leaves_what_was_changed_until_it_has_been_looked_at() {
    each_shell(|place| {
        changed_desk(place);
        place.cleaned();
        let all = left(place);
        let [name] = all.as_slice() else { panic!("{all:?}") };
        assert!(name.starts_with(&format!("{PANE}.")), "{name}");
        let entry = place.state.join("changes").join(name);
        assert_eq!((mode(&place.state.join("changes")), mode(&entry)), (0o700, 0o700));
        assert_eq!((read(&entry.join("claude.json")).as_str(), read(&entry.join("given")).as_str()), (NOW, GIVEN));
        let scan = place.call(&["scan"]);
        let files: Vec<String> =
            scan.lines().into_iter().filter(|line| line[0] == "file").map(|line| line[1].clone()).collect();
        assert_eq!(files, ["claude.json", "given"].map(|file| entry.join(file).display().to_string()));

        // The plugin has looked: something is there to be missed, and all else is dropped.
        let origin = ["--left", name.as_str()];
        let copied = out(place, &origin);
        assert_eq!(copied[4], "");
        let dir = place.project.join(&copied[0]);
        write(&dir.join("base"), "{\"sifted\":1}");
        write(&dir.join("now"), "{\"sifted\":2}");
        place.call(&["changes-in", "--left", name, &copied[0], "base", "-", "-"]).expect("changes\tdone\n");
        assert_eq!(
            (read(&entry.join("claude.json")).as_str(), read(&entry.join("given")).as_str()),
            ("{\"sifted\":2}", "{\"sifted\":1}")
        );
        assert_eq!((mode(&entry.join("claude.json")), mode(&entry.join("given"))), (0o600, 0o600));
        assert_eq!(out(place, &origin)[4], "sifted");

        // And carried back.
        let copied = out(place, &["--left", name, "--into"]);
        carry(place, &origin, &copied, "drop").expect("changes\tdone\n");
        assert_eq!((left(place), read(&json(place)).as_str()), (vec![], MERGED));
        place.call(&["changes-out", "--left", name]).expect("changes\tnone\n");
        place.call(&["changes-in", "--left", name, "carrel-changes.1.0", "drop", "-", "-"]).says("is gone");
    });
}

#[test]
fn a_desk_at_which_nothing_was_changed_and_one_of_the_method_none_leave_nothing() {
    each_shell(|place| {
        let desk = changed_desk(place);
        write(&desk.join(".claude.json"), GIVEN);
        place.cleaned();
        let desk = changed_desk(place);
        fs::remove_file(desk.join(".carrel/given")).unwrap();
        place.cleaned();
        assert_eq!(left(place), Vec::<String>::new());
    });
}

#[test]
fn what_was_changed_is_left_by_every_way_on_which_a_desk_goes() {
    each_shell(|place| {
        // The session has ended and can come back: the desk stays, and its changes with it.
        changed_desk(place);
        place.call(&["clean", "--pane", PANE, "--keep-only"]).expect(&format!("clean\t{PANE}\tkept\n"));
        assert_eq!((left(place), read(&place.desk().join(".claude.json")).as_str()), (vec![], NOW));
        // Its pane comes back before it was deleted: one part of the desk lies here, one there.
        place.seed();
        fs::rename(place.desk(), place.leaving()).unwrap();
        place.run(&[]).ends_with(0);
        assert_eq!(
            (read(&place.desk().join(".claude.json")).as_str(), read(&place.desk().join(".carrel/given")).as_str()),
            (NOW, GIVEN)
        );
        fs::rename(place.desk(), place.leaving()).unwrap();
        write(&place.desk().join("projects/-p/x.jsonl"), "");
        place.run(&[]).ends_with(0);
        assert_eq!(
            (read(&place.desk().join(".claude.json")).as_str(), read(&place.desk().join(".carrel/given")).as_str()),
            (NOW, GIVEN)
        );
        // A Claude that outlived its pane wrote the file once more, after the desk was taken away.
        fs::rename(place.desk(), place.leaving()).unwrap();
        write(&place.desk().join(".claude.json"), "{\"later\":1}");
        place.cleaned();
        let texts: Vec<String> =
            left(place).iter().map(|name| read(&place.state.join("changes").join(name).join("claude.json"))).collect();
        assert_eq!(texts.len(), 2);
        assert!(texts.contains(&NOW.to_string()) && texts.contains(&"{\"later\":1}".to_string()), "{texts:?}");
    });
}

#[test]
fn a_home_of_its_own_leaves_what_was_changed_too() {
    each_shell(|place| {
        place.seed();
        place.run(&["--method", "home"]).ends_with(0);
        let desk = place.state.join(format!("claude-homes/pane-{PANE}"));
        assert_eq!(read(&desk.join(".claude.json")), read(&desk.join(".carrel/given")));
        write(&desk.join("tmp"), NOW);
        fs::rename(desk.join("tmp"), desk.join(".claude.json")).unwrap();
        assert_eq!(fs::read(place.project.join(&desk_out(place)[0]).join("now")).unwrap(), NOW.as_bytes());
        let theirs = read(&json(place));
        place.cleaned();
        assert_eq!(read(&json(place)), theirs, "written without a key");
        let texts: Vec<String> =
            left(place).iter().map(|name| read(&place.state.join("changes").join(name).join("claude.json"))).collect();
        assert_eq!(texts, [NOW]);
    });
}

#[test]
fn changes_that_cannot_be_left_keep_the_desk() {
    each_shell(|place| {
        changed_desk(place);
        let elsewhere = place.log.join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::remove_dir(place.state.join("changes")).unwrap();
        symlink(&elsewhere, place.state.join("changes")).unwrap();
        place.clean().says("symbolic link").ends_with(1);
        assert_eq!(names(&elsewhere), Vec::<String>::new());
        fs::remove_file(place.state.join("changes")).unwrap();
        write(&place.state.join("changes"), "in the way");
        place.clean().says("cannot write").ends_with(1);
        assert_eq!(read(&place.leaving().join(".claude.json")), NOW);
        fs::remove_file(place.state.join("changes")).unwrap();
        place.cleaned();
        assert_eq!(left(place).len(), 1);
    });
}

#[test]
fn nothing_of_these_files_appears_on_a_command_line() {
    let place = Place::new(SHELLS[0]);
    changed_desk(&place);
    let seen = place.log.join("seen");
    for tool in ["cp", "cat", "mv", "cmp", "stat", "cksum", "sync", "rm", "ln", "mkdir"] {
        let text = format!(
            "printf '%s ' {tool} \"$@\" >>'{}'\nenv >>'{0}'\nPATH={TOOLS}\nexec {tool} \"$@\"\n",
            seen.display()
        );
        place.script(tool, &text);
    }
    carry(&place, &["--pane", PANE], &desk_out(&place), "base").expect("changes\tdone\n");
    changed_desk(&place);
    place.cleaned();
    let seen = read(&seen);
    assert!(seen.contains("cksum") && seen.contains("given"));
    for word in ["SECRET", "mcpServers", "merged"] {
        assert!(!seen.contains(word), "{word}");
    }
}

#[test]
fn a_file_of_megabytes_with_any_bytes_is_copied_and_put_back_as_it_is() {
    each_shell(|place| {
        changed_desk(place);
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        fs::write(json(place), &bytes).unwrap();
        let copied = desk_out(place);
        let dir = place.project.join(&copied[0]);
        assert!(fs::read(dir.join("in")).unwrap() == bytes);
        let mut merged = bytes.clone();
        merged.extend_from_slice(b"\n\0 more");
        fs::write(dir.join("out"), &merged).unwrap();
        write(&dir.join("base"), "{}");
        let size = merged.len().to_string();
        place.call(&["changes-in", "--pane", PANE, &copied[0], "base", &copied[6], &size]).expect("changes\tdone\n");
        assert!(fs::read(json(place)).unwrap() == merged);
    });
}

#[test]
fn copies_that_a_stopped_plugin_left_are_removed_after_an_hour() {
    each_shell(|place| {
        changed_desk(place);
        let old = desk_out(place)[0].clone();
        let dir = place.project.join(&old);
        assert!(Command::new("touch").args(["-d", "2 hours ago"]).arg(&dir).status().unwrap().success());
        let new = desk_out(place)[0].clone();
        assert_eq!(names(&place.project), [new.as_str()]);
        let kept: BTreeMap<String, String> = tree(Path::new(&place.project));
        assert!(kept.contains_key(&format!("{new}/now")));
    });
}
