//! seed-out and seed-in: the user's .claude.json goes through private files only.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::place::*;

const SECRET: &str = "sk-ant-very-secret-0123456789";

#[test]
fn the_users_file_is_copied_into_private_files_and_its_seed_stored() {
    each_shell(|place| {
        let json = place.home.join(".claude.json");
        write(&json, &format!("{{\"key\":\"{SECRET}\"}}"));
        for (user_mode, copy) in [(0o644, "0"), (0o400, "1")] {
            fs::set_permissions(&json, fs::Permissions::from_mode(user_mode)).unwrap();
            let out = place.call(&["seed-out"]);
            let fields = out.fields("seed");
            assert_eq!((fields[0].as_str(), fields[3].as_str()), ("copied", "39"), "{}", out.stdout);
            assert_eq!(fields[4], json.display().to_string());
            let dir = place.project.join(&fields[2]);
            assert_eq!((mode(&dir), mode(&dir.join("in")), mode(&dir.join("out"))), (0o700, 0o600, 0o600));
            assert_eq!(read(&dir.join("in")), read(&json));
            assert!(!out.stdout.contains(SECRET));
            write(&dir.join("out"), &format!("{{\"seed\":{copy}}}"));
            place.call(&["seed-in", &fields[1], &fields[2], "", ""]).expect("seed\tfresh\n");
            assert!(!dir.exists());
            let seed = place.state.join("seed/1");
            assert_eq!(read(&seed.join("claude.json")), format!("{{\"seed\":{copy}}}"));
            assert_eq!((mode(&seed), mode(&seed.join("claude.json"))), (0o700, 0o600));
            assert_eq!(names(&seed), ["claude.json", "of", "stamp"]);
            place.call(&["seed-out"]).expect("seed\tfresh\n");
            assert_eq!(place.boot(&[]).fields("seed"), ["fresh"]);
            // Anything else of it than its content will do to notice a change.
            fs::remove_file(&json).unwrap();
            write(&json, &format!("{{\"key\":\"{SECRET}\"}}"));
            assert_eq!(place.boot(&[]).fields("seed"), ["stale"]);
        }
        assert_eq!(names(&place.project), Vec::<String>::new());
    });
}

#[test]
fn nothing_of_the_users_file_appears_on_a_command_line() {
    each_shell(|place| {
        write(&place.home.join(".claude.json"), &format!("{{\"key\":\"{SECRET}\"}}"));
        // Every tool that is called tells its command line and its environment.
        let told = place.log.join("told");
        for tool in
            ["cp", "mv", "rm", "mkdir", "rmdir", "cmp", "stat", "find", "ln", "head", "cat", "sed", "wc", "grep"]
        {
            place.script(
                tool,
                &format!(
                    "{{ printf '%s ' {tool} \"$@\"; env; }} >>'{}'\nPATH={TOOLS}\nexec {tool} \"$@\"\n",
                    told.display()
                ),
            );
        }
        place.seed();
        let told = read(&told);
        assert!(told.contains("cp -- ") && !told.contains(SECRET));
    });
}

#[test]
fn a_user_without_such_a_file_gets_an_empty_seed() {
    each_shell(|place| {
        fs::remove_file(place.home.join(".claude.json")).unwrap();
        place.call(&["seed-out"]).expect("seed\tmissing\tmissing\n");
        place.call(&["seed-in", "missing", "-", "", ""]).expect("seed\tfresh\n");
        assert_eq!(read(&place.state.join("seed/1/claude.json")), "{}\n");
        place.call(&["seed-out"]).expect("seed\tfresh\n");
    });
}

#[test]
fn a_file_that_cannot_be_used_is_told_until_it_changes() {
    each_shell(|place| {
        place.seed();
        let json = place.home.join(".claude.json");
        fs::remove_file(&json).unwrap();
        write(&json, "{broken");
        let out = place.call(&["seed-out"]).fields("seed");
        let why = "line 1: it's\tbroken;\nmend it";
        let told = place.call(&["seed-in", &out[1], &out[2], "", why]);
        assert_eq!(told.fields("seed"), ["failed", why]);
        assert_eq!(names(&place.project), Vec::<String>::new());
        assert_eq!(place.boot(&[]).fields("seed"), ["failed", "line 1: it's\tbroken; mend it"]);
        let run = place.run(&[]);
        run.ends_with(1).says("it's\tbroken; mend it");
        assert!(!place.log.join("argv").exists());
        // It is looked at again when asked.
        assert_eq!(place.call(&["seed-out"]).fields("seed")[0], "copied");
        fs::remove_file(&json).unwrap();
        write(&json, "{}");
        place.seed();
        assert_eq!(place.boot(&[]).fields("seed"), ["fresh"]);
        place.run(&[]).ends_with(0);
    });
}

#[test]
fn two_claude_dirs_on_one_state_dir_have_a_seed_each() {
    each_shell(|place| {
        let other = place.top().join("other \"dir\"");
        write(&other.join(".claude.json"), "{\"other\":1}");
        let other = other.display().to_string();
        place.seed();
        place.seed_with(&["--shared", &other], &other);
        assert_eq!(read(&place.state.join("seed/1/claude.json")), "{\"hasCompletedOnboarding\":true}\n");
        assert_eq!(read(&place.state.join("seed/2/claude.json")), "{\"other\":1}");
        assert_eq!(place.boot(&[]).fields("seed"), ["fresh"]);
        assert_eq!(place.boot(&["--shared", &other]).fields("seed"), ["fresh"]);
        place.run(&["--shared", &other]).ends_with(0);
        assert_eq!(read(&place.desk().join(".claude.json")), "{\"other\":1}");
    });
}

#[test]
fn desks_with_a_login_of_their_own_have_a_seed_of_their_own() {
    each_shell(|place| {
        let separate = ["--login", "separate"];
        // Made by the plugin, which leaves the user's login out of it.
        let make = |text: &str, option: &[&str], mode: &[&str]| {
            let out = place.call(&[&["seed-out"], option].concat()).fields("seed");
            assert_eq!(out[0], "copied");
            write(&place.project.join(&out[2]).join("out"), text);
            place.call(&[&["seed-in", &out[1], &out[2], "", ""], mode].concat()).expect("seed\tfresh\n");
        };
        let states = || [&[][..], &separate].map(|option: &[&str]| place.boot(option).fields("seed")[0].clone());
        assert_eq!(states(), ["missing", "missing"]);
        make("{\"of\":\"separate\"}", &separate, &["separate"]);
        assert_eq!(states(), ["missing", "fresh"]);
        place.call(&["seed-out", "--login", "separate"]).expect("seed\tfresh\n");
        make("{\"of\":\"shared\"}", &[], &["shared"]);
        assert_eq!(states(), ["fresh", "fresh"]);

        let seed_of = |more: &[&str]| {
            let _ = fs::remove_dir_all(place.desk());
            place.run(more).ends_with(0);
            read(&place.desk().join(".claude.json"))
        };
        assert_eq!(seed_of(&separate), "{\"of\":\"separate\"}");
        assert_eq!(seed_of(&[]), "{\"of\":\"shared\"}");
        assert_eq!(seed_of(&["--login", "shared"]), "{\"of\":\"shared\"}");

        // The user's file changes: each is made anew for itself.
        write(&place.home.join(".claude.json"), "{\"changed\":1}");
        assert_eq!(states(), ["stale", "stale"]);
        make("{\"of\":\"separate, new\"}", &separate, &["separate"]);
        assert_eq!(states(), ["stale", "fresh"]);
        assert_eq!(seed_of(&separate), "{\"of\":\"separate, new\"}");
        make("{\"of\":\"shared, new\"}", &["--login", "shared"], &[]);
        assert_eq!(states(), ["fresh", "fresh"]);
        assert_eq!(seed_of(&[]), "{\"of\":\"shared, new\"}");
        assert_eq!(seed_of(&separate), "{\"of\":\"separate, new\"}");
        assert_eq!(names(&place.state.join("seed")), ["1", "2"]);

        // So does what is wrong with one of them.
        write(&place.home.join(".claude.json"), "{broken");
        let out = place.call(&["seed-out", "--login", "separate"]).fields("seed");
        place.call(&["seed-in", &out[1], &out[2], "", "mend it", "separate"]).expect("seed\tfailed\tmend it\n");
        assert_eq!(states(), ["stale", "failed"]);
    });
}

#[test]
fn a_pane_never_takes_the_seed_of_the_other_kind_of_login() {
    each_shell(|place| {
        for (made, option, asked) in [("separate", "separate", "shared"), ("shared", "shared", "separate")] {
            let _ = fs::remove_dir_all(place.state.join("seed"));
            fs::create_dir(place.state.join("seed")).unwrap();
            let out = place.call(&["seed-out", "--login", option]).fields("seed");
            place.call(&["seed-in", &out[1], &out[2], "", "", made]).expect("seed\tfresh\n");
            // It waits for its own, however long.
            let mut group = Group::start(place.carrel(&Place::run_words(&["--login", asked])));
            until("it waits", || place.desk().join(".carrel/record").exists());
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert!(!place.log.join("up").exists() && !place.desk().join(".claude.json").exists(), "{asked}");
            assert!(group.child.try_wait().unwrap().is_none());
            group.kill();
            fs::remove_dir_all(place.desk()).unwrap();
        }
    });
}

#[test]
fn copies_that_were_left_behind_go_and_nothing_else_does() {
    each_shell(|place| {
        let precious = [
            "carrel-seed.1.1/more",
            "carrel-seed.x/in",
            "seed.1.0/in",
            "below/carrel-seed.1.0/in",
            "carrel-seed.2.0 3/in",
        ];
        for path in precious {
            write(&place.project.join(path), "precious");
        }
        write(&place.project.join("carrel-seed.1.0/in"), "old");
        write(&place.project.join("carrel-seed.1.0/out"), "");
        write(&place.project.join("carrel-seed.9.0/in"), "of now");
        let outside = place.top().join("outside");
        write(&outside.join("in"), "precious");
        link(&outside, &place.project.join("carrel-seed.3.0"));
        let mut touch = std::process::Command::new("touch");
        touch.args(["-h", "-d", "2020-01-01"]).current_dir(&place.project);
        touch.args(["carrel-seed.1.0", "carrel-seed.1.1", "carrel-seed.x", "seed.1.0", "below/carrel-seed.1.0"]);
        assert!(touch.args(["carrel-seed.2.0 3", "carrel-seed.3.0"]).status().unwrap().success());
        place.call(&["seed-out"]).says("copied");
        assert!(!place.project.join("carrel-seed.1.0").exists());
        assert!(place.project.join("carrel-seed.9.0/in").exists());
        assert_eq!(read(&outside.join("in")), "precious");
        for path in precious {
            assert_eq!(read(&place.project.join(path)), "precious");
        }
        // seed-in removes what seed-out made and nothing else, whatever it is told.
        for dir in
            ["below", "..", ".", "/", "carrel-seed.1.1", "below/carrel-seed.1.0", "../outside", "carrel-seed.3.0", ""]
        {
            assert_eq!(place.call(&["seed-in", "x", dir, "", ""]).fields("seed")[0], "failed", "{dir}");
        }
        assert_eq!(read(&outside.join("in")), "precious");
        for path in precious {
            assert_eq!(read(&place.project.join(path)), "precious");
        }
    });
}

#[test]
fn a_seed_that_cannot_be_written_is_told() {
    each_shell(|place| {
        let out = place.call(&["seed-out"]).fields("seed");
        fs::remove_dir_all(place.state.join("seed")).unwrap();
        write(&place.state.join("seed"), "a file");
        assert!(place.call(&["seed-in", &out[1], &out[2], "", ""]).fields("seed")[1].contains("cannot write"));
        assert_eq!(names(&place.project), Vec::<String>::new());
        place.call(&["seed-out", "--shared", "relative"]).says("not an absolute path");
        assert!(place.call(&["seed-in", "s", "-", "relative", ""]).fields("seed")[1].contains("not an absolute path"));
    });
}
