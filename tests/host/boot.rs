//! boot: the state dir is made or refused with a sentence, the program is installed, what the user has is found.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::place::*;
use zellij_carrel::host::PROGRAM;

#[test]
fn the_state_dir_is_made_private_and_the_program_installed_there() {
    each_shell(|place| {
        fs::remove_dir_all(&place.state).unwrap();
        let boot = place.boot(&[]);
        assert_eq!(boot.fields("state"), [place.state.display().to_string()]);
        assert_eq!(boot.fields("launcher"), [place.state.join("carrel.sh").display().to_string()]);
        assert_eq!(boot.fields("cache"), [place.project.display().to_string()]);
        assert_eq!(boot.fields("host"), [host()]);
        assert_eq!(boot.fields("shared"), [place.shared.display().to_string()]);
        assert_eq!(boot.fields("shared_json"), [place.home.join(".claude.json").display().to_string()]);
        assert_eq!(boot.fields("seed"), ["missing"]);
        assert_eq!(boot.fields("claude"), [place.bin.join("claude").display().to_string()]);
        assert!(boot.stdout.ends_with("\nend\n") && boot.stderr.is_empty(), "{} {}", boot.stdout, boot.stderr);
        for dir in ["", "claude-configs", "claude-homes", "seed", "changes", "leaving"] {
            assert_eq!(mode(&place.state.join(dir)), 0o700, "{dir}");
        }
        assert_eq!(read(&place.state.join("carrel.sh")), PROGRAM);
        assert_eq!(names(&place.state), ["carrel.sh", "changes", "claude-configs", "claude-homes", "leaving", "seed"]);
        // Booted again, nothing is written.
        let inode = fs::metadata(place.state.join("carrel.sh")).unwrap().ino();
        place.boot(&[]).says("end");
        assert_eq!(fs::metadata(place.state.join("carrel.sh")).unwrap().ino(), inode);
    });
}

#[test]
fn a_state_dir_that_is_open_to_others_is_closed() {
    each_shell(|place| {
        for dir in ["", "claude-configs", "seed", "changes", "leaving"] {
            fs::set_permissions(place.state.join(dir), fs::Permissions::from_mode(0o755)).unwrap();
        }
        place.boot(&[]).says("end");
        for dir in ["", "claude-configs", "claude-homes", "seed", "changes", "leaving"] {
            assert_eq!(mode(&place.state.join(dir)), 0o700, "{dir}");
        }
    });
}

#[test]
fn a_state_dir_that_cannot_be_one_is_refused_with_a_sentence() {
    each_shell(|place| {
        let file = place.top().join("file");
        write(&file, "precious");
        for (state, sentence) in [
            (file.display().to_string(), "is a file"),
            (format!("{}/below", file.display()), "cannot make the state dir"),
            ("/proc/1/carrel".to_string(), "cannot make the state dir"),
            ("relative/dir".to_string(), "is not an absolute path"),
            ("/".to_string(), "cannot be /"),
            (format!("{}/a\tb", place.top().display()), "control character"),
        ] {
            let mut command = place.boot_command(&[]);
            let boot = Answer::of(command.env("CARREL_STATE", &state).output().unwrap());
            assert!(boot.fields("error")[0].contains(sentence), "{state}: {}", boot.stdout);
            assert_eq!(boot.lines().len(), 1, "{}", boot.stdout);
        }
        assert_eq!(read(&file), "precious");
        assert_eq!(names(&place.project), Vec::<String>::new());
    });
}

#[test]
fn a_state_dir_of_somebody_else_is_refused_with_a_sentence() {
    each_shell(|place| {
        open_to_all(&place.top());
        for dir in [&place.bin, &place.project, &place.home, &place.state] {
            open_to_all(dir);
        }
        let boot =
            Answer::of(as_nobody(&place.boot_command(&[])).output().expect("setpriv (apt-get install util-linux)"));
        assert!(boot.fields("error")[0].contains("must belong to you"), "{}", boot.stdout);
        fs::remove_dir_all(&place.state).unwrap();
        let boot = Answer::of(as_nobody(&place.boot_command(&[])).output().unwrap());
        assert!(boot.fields("error")[0].contains("cannot make the state dir"), "{}", boot.stdout);
    });
}

#[test]
fn a_planted_link_in_the_state_dir_is_refused_and_what_it_leads_to_untouched() {
    each_shell(|place| {
        for name in ["claude-configs", "seed", "changes", "leaving"] {
            let outside = place.top().join(format!("outside-{name}"));
            write(&outside.join("precious"), "yes");
            let at = place.state.join(name);
            fs::remove_dir_all(&at).unwrap();
            link(&outside, &at);
            let boot = place.boot(&[]);
            assert!(boot.fields("error")[0].contains("is a symbolic link"), "{}", boot.stdout);
            assert_eq!(names(&outside), ["precious"]);
            assert_eq!(mode(&outside), mode(&place.top().join("bin")));
            fs::remove_file(&at).unwrap();
            fs::create_dir(&at).unwrap();
        }
        place.boot(&[]).says("end");
    });
}

#[test]
fn a_planted_link_or_dir_instead_of_the_program_is_not_written_through() {
    each_shell(|place| {
        let at = place.state.join("carrel.sh");
        let precious = place.top().join("precious");
        write(&precious, "yes");
        fs::remove_file(&at).unwrap();
        link(&precious, &at);
        place.boot(&[]).says("end");
        assert!(!is_link(&at));
        assert_eq!((read(&precious), read(&at)), ("yes".to_string(), PROGRAM.to_string()));

        fs::remove_file(&at).unwrap();
        fs::create_dir(&at).unwrap();
        place.boot(&[]).says("is in the way");
        assert_eq!(names(&at), Vec::<String>::new());
        fs::remove_dir(&at).unwrap();

        let dir = place.top().join("dir");
        fs::create_dir(&dir).unwrap();
        link(&dir, &at);
        place.boot(&[]).says("end");
        assert_eq!((names(&dir), read(&at)), (vec![], PROGRAM.to_string()));
    });
}

#[test]
fn a_newer_program_is_not_replaced_by_an_older_one() {
    each_shell(|place| {
        let at = place.state.join("carrel.sh");
        let newer = PROGRAM.replace("\nCARREL_HOST_VERSION=1\n", "\nCARREL_HOST_VERSION=12\n");
        assert_ne!(newer, PROGRAM);
        write(&at, &newer);
        place.boot(&[]).says("end");
        assert_eq!(read(&at), newer);
        for older in ["", "garbage", "#!/bin/sh\nCARREL_HOST_VERSION=0\n", "CARREL_HOST_VERSION=x\n"] {
            write(&at, older);
            place.boot(&[]).says("end");
            assert_eq!(read(&at), PROGRAM);
        }
        assert_eq!(
            names(&place.state),
            ["carrel.sh", "changes", "claude-configs", "claude-homes", "claudes", "leaving", "seed"]
        );
    });
}

#[test]
fn a_running_launcher_is_not_disturbed_by_an_update() {
    each_shell(|place| {
        place.seed();
        write(&place.state.join("carrel.sh"), &format!("# an older one\n{PROGRAM}"));
        place.claude_does("until [ -f \"$log/go\" ]; do sleep 0.01; done; exit 7\n");
        let launcher = Group::start(place.carrel(&Place::run_words(&[])));
        until("Claude is up", || place.log.join("up").exists());
        let inode = || fs::metadata(place.state.join("carrel.sh")).unwrap().ino();
        let before = inode();
        place.boot(&[]).says("end");
        assert_eq!(read(&place.state.join("carrel.sh")), PROGRAM);
        assert_ne!(inode(), before);
        write(&place.log.join("go"), "");
        let answer = launcher.finish();
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(7), ""));
        assert_eq!(read(&place.desk().join(".carrel/exit")), "code=7\n");
    });
}

#[test]
fn the_users_claude_dir_is_found() {
    each_shell(|place| {
        let other = place.top().join("other claude");
        fs::create_dir(&other).unwrap();
        let other = other.display().to_string();
        let boot = |words: &[&str], config: Option<&str>| {
            let mut command = place.boot_command(words);
            if let Some(config) = config {
                command.env("CLAUDE_CONFIG_DIR", config);
            }
            Answer::of(command.output().unwrap())
        };
        let json = |dir: &str| vec![format!("{dir}/.claude.json")];
        let found = boot(&[], Some(&other));
        assert_eq!((found.fields("shared"), found.fields("shared_json")), (vec![other.clone()], json(&other)));
        let found = boot(&[], Some(&format!("{other}//")));
        assert_eq!(found.fields("shared"), [other.as_str()]);
        let found = boot(&["--shared", &other], None);
        assert_eq!((found.fields("shared"), found.fields("shared_json")), (vec![other.clone()], json(&other)));
        let home = place.shared.display().to_string();
        let found = boot(&["--shared", &home], Some(&other));
        assert_eq!((found.fields("shared"), found.fields("shared_json")), (vec![home.clone()], json(&home)));
        // An empty variable is none.
        assert_eq!(boot(&[], Some("")).fields("shared"), [home]);
        write(&place.shared.join(".config.json"), "{}");
        assert_eq!(boot(&[], None).fields("shared_json"), [place.shared.join(".config.json").display().to_string()]);
    });
}

#[test]
fn a_zellij_inside_a_desk_finds_the_users_own_dir() {
    each_shell(|place| {
        let desk = place.desk_with(&[("home", &place.home.display().to_string()), ("user_config_dir", "")]);
        let mut command = place.boot_command(&[]);
        let boot = Answer::of(command.env("CLAUDE_CONFIG_DIR", &desk).output().unwrap());
        assert_eq!(boot.fields("shared"), [place.shared.display().to_string()]);
        assert_eq!(boot.fields("shared_json"), [place.home.join(".claude.json").display().to_string()]);

        place.desk_with(&[("home", "/nowhere"), ("user_config_dir", "/o\\\\w\\\\n")]);
        let boot = Answer::of(place.boot_command(&[]).env("CLAUDE_CONFIG_DIR", &desk).output().unwrap());
        assert_eq!(boot.fields("shared"), ["/o\\w\\n"]);

        // Its HOME is the desk with the method home.
        let boot = Answer::of(place.boot_command(&[]).env("HOME", &desk).output().unwrap());
        assert_eq!(boot.fields("shared"), ["/o\\w\\n"]);

        // The desk around it was deleted meanwhile.
        fs::remove_dir_all(&desk).unwrap();
        let mut command = place.boot_command(&[]);
        command.env("CLAUDE_CONFIG_DIR", &desk).env("CARREL_DESK", &desk).env("CARREL_REAL_HOME", &place.home);
        let boot = Answer::of(command.output().unwrap());
        assert_eq!(boot.fields("shared"), [place.shared.display().to_string()]);
    });
}

#[test]
fn a_claude_dir_inside_a_state_dir_or_without_a_full_path_is_refused() {
    each_shell(|place| {
        let desk = place.desk();
        fs::create_dir_all(&desk).unwrap();
        let detour = place.top().join("detour");
        link(&place.state, &detour);
        let shortcut = place.top().join("shortcut");
        link(&desk.join("sub/dir"), &shortcut);
        fs::create_dir_all(desk.join("sub/dir")).unwrap();
        for (shared, sentence) in [
            (shortcut.display().to_string(), "lies inside Carrel's state dir"),
            (desk.display().to_string(), "lies inside Carrel's state dir"),
            (place.state.display().to_string(), "lies inside Carrel's state dir"),
            (format!("{}/not/yet", place.state.display()), "lies inside Carrel's state dir"),
            (format!("{}/claude-configs/new", detour.display()), "lies inside Carrel's state dir"),
            ("relative".to_string(), "not an absolute path"),
            ("~/.claude".to_string(), "not an absolute path"),
            ("/a\nb".to_string(), "control character"),
        ] {
            let boot = place.boot(&["--shared", &shared]);
            assert!(boot.fields("no_shared")[0].contains(sentence), "{shared}: {}", boot.stdout);
            boot.says("\nend\n");
            let boot = Answer::of(place.boot_command(&[]).env("CLAUDE_CONFIG_DIR", &shared).output().unwrap());
            assert!(boot.fields("no_shared")[0].contains(sentence), "{shared}: {}", boot.stdout);
        }
    });
}

#[test]
fn claude_is_found_where_installers_put_it_or_its_absence_is_told() {
    each_shell(|place| {
        fs::remove_file(place.bin.join("claude")).unwrap();
        let missing = place.boot(&[]);
        assert!(missing.fields("no_claude")[0].contains("there is no claude on the PATH"), "{}", missing.stdout);
        let local = place.home.join(".local/bin/claude");
        write(&local, "#!/bin/sh\n");
        assert!(place.boot(&[]).fields("no_claude")[0].contains("there is no claude"));
        fs::set_permissions(&local, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(place.boot(&[]).fields("claude"), [local.display().to_string()]);

        let at = place.top().join("my claude");
        let asked = at.display().to_string();
        assert!(place.boot(&["--claude", &asked]).fields("no_claude")[0].contains("does not exist"));
        fs::create_dir(&at).unwrap();
        assert!(place.boot(&["--claude", &asked]).fields("no_claude")[0].contains("is not executable"));
        fs::remove_dir(&at).unwrap();
        write(&at, "");
        assert!(place.boot(&["--claude", &asked]).fields("no_claude")[0].contains("is not executable"));
        fs::set_permissions(&at, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(place.boot(&["--claude", &asked]).fields("claude"), [asked]);
        // The first one on the PATH that is a program. What a relative entry names is another one in each directory.
        let on_path = |entries: &[&Path]| {
            let mut command = place.boot_command(&["--claude", "clyde"]);
            let tools = [place.bin.as_path(), Path::new("/usr/bin"), Path::new("/bin")];
            command.env("PATH", std::env::join_paths(entries.iter().chain(&tools)).unwrap());
            Answer::of(command.output().unwrap())
        };
        let entries = ["is a dir", "no program", "first", "second"].map(|name| place.top().join(name));
        fs::create_dir_all(entries[0].join("clyde")).unwrap();
        for (at, mode) in [(1, 0o644), (2, 0o755), (3, 0o755)] {
            write(&entries[at].join("clyde"), "");
            fs::set_permissions(entries[at].join("clyde"), fs::Permissions::from_mode(mode)).unwrap();
        }
        write(&place.project.join("clyde"), "");
        fs::set_permissions(place.project.join("clyde"), fs::Permissions::from_mode(0o755)).unwrap();
        let found = on_path(&[Path::new(""), Path::new("."), &entries[0], &entries[1], &entries[2], &entries[3]]);
        assert_eq!(found.fields("claude"), [entries[2].join("clyde").display().to_string()]);
        assert!(on_path(&[Path::new(""), &entries[1]]).fields("no_claude")[0].contains("there is no clyde"));
        // A word that is one of our own functions, or the shell's, is no program.
        for word in ["run", "cd", "if"] {
            assert!(place.boot(&["--claude", word]).fields("no_claude")[0].contains(&format!("there is no {word} ")));
        }
    });
}

#[test]
fn a_dir_is_told_and_an_unknown_word_is_refused() {
    each_shell(|place| {
        place.call(&["is-dir", &place.project.display().to_string()]).expect("dir\tyes\n");
        place.call(&["is-dir", "/no/such/dir"]).expect("dir\tno\n");
        assert_eq!(place.call(&["dance"]).code, Some(2));
    });
}
