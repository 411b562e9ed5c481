//! What a release is made of: the workflows, the script that packs it, the licences of what goes into it.
//! Knows nothing of what the plugin does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The workflows: name, text, and what a reader of YAML makes of it.
fn workflows() -> Vec<(String, String, Yaml)> {
    let files = fs::read_dir(root().join(".github/workflows")).unwrap().flatten();
    let all: Vec<_> = files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            let text = fs::read_to_string(file.path()).unwrap();
            let yaml = YamlLoader::load_from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}")).remove(0);
            (name, text, yaml)
        })
        .collect();
    assert!(all.len() >= 2, "CI and release");
    all
}

/// The jobs of a workflow, with their names.
fn jobs(workflow: &Yaml) -> Vec<(&str, &Yaml)> {
    let jobs = workflow["jobs"].as_hash().expect("jobs");
    jobs.iter().map(|(name, job)| (name.as_str().unwrap(), job)).collect()
}

fn steps(job: &Yaml) -> &[Yaml] {
    job["steps"].as_vec().expect("steps")
}

#[test]
fn every_action_is_pinned_by_a_commit_and_says_its_version() {
    for (name, text, yaml) in workflows() {
        let used: usize =
            jobs(&yaml).iter().flat_map(|(_, job)| steps(job)).filter(|step| !step["uses"].is_badvalue()).count();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("uses:")).collect();
        assert_eq!(lines.len(), used, "{name}: a job of its own may not be called from elsewhere");
        for line in lines {
            let (action, version) = line.split_once(" # ").unwrap_or_else(|| panic!("{name}: no version: {line}"));
            let commit = action.rsplit_once('@').unwrap_or_else(|| panic!("{name}: no commit: {line}")).1;
            let is_hash = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
            assert!(is_hash, "{name}: pinned by a name that can be moved: {line}");
            let is_version =
                version.strip_prefix('v').is_some_and(|v| v.split('.').all(|part| part.parse::<u32>().is_ok()));
            assert!(is_version, "{name}: {line}");
        }
    }
}

#[test]
fn the_workflows_have_no_more_rights_than_they_need() {
    let mut writers = Vec::new();
    for (name, text, yaml) in workflows() {
        let rights = yaml["permissions"].as_hash().unwrap_or_else(|| panic!("{name} does not state its permissions"));
        assert_eq!(rights.len(), 1, "{name}");
        assert_eq!(yaml["permissions"]["contents"].as_str(), Some("read"), "{name}");
        // It runs a stranger's change with the rights of this repository.
        assert!(!text.contains("pull_request_target"), "{name}");
        for (job, steps_of) in jobs(&yaml) {
            assert!(steps_of["timeout-minutes"].as_i64().is_some(), "{name}: {job} may run for ever");
            let more = steps_of["permissions"].as_hash().into_iter().flatten();
            let writes = more.filter(|(_, right)| right.as_str() == Some("write"));
            writers.extend(writes.map(|(what, _)| format!("{name} {job} {}", what.as_str().unwrap())));
            for step in steps(steps_of) {
                let run = step["run"].as_str().unwrap_or_default();
                assert!(!run.contains("${{"), "{name}: a text from outside would be run as a program: {run}");
                let keeps = step["with"]["persist-credentials"].as_bool() == Some(false);
                let checks_out = step["uses"].as_str().is_some_and(|action| action.starts_with("actions/checkout@"));
                assert!(keeps || !checks_out, "{name}: {job} leaves its token in the work tree");
            }
        }
    }
    writers.sort();
    // Only the job that makes the draft may write, and it runs nothing that a dependency brought in.
    assert_eq!(writers, ["attestations", "contents", "id-token"].map(|what| format!("release.yml draft {what}")));
    let (_, _, release) = workflows().into_iter().find(|(name, ..)| name == "release.yml").unwrap();
    let runs: Vec<&str> = steps(&release["jobs"]["draft"]).iter().filter_map(|step| step["run"].as_str()).collect();
    assert!(runs.iter().all(|run| run.starts_with("sha256sum ") || run.starts_with("gh ")), "{runs:?}");
}

#[test]
fn continuous_integration_and_a_release_run_everything() {
    for (name, _, yaml) in workflows() {
        let runs: Vec<String> = jobs(&yaml)
            .iter()
            .flat_map(|(_, job)| steps(job))
            .filter_map(|step| step["run"].as_str().map(str::to_owned))
            .collect();
        assert!(runs.iter().any(|run| run == "make test"), "{name}: {runs:?}");
    }
}

/// Runs the release script, with a changelog of the test's own.
fn release(changelog: &Path, target: &Path, words: &[&str]) -> Output {
    let mut command = Command::new("/bin/sh");
    command.arg(root().join("scripts/release.sh")).args(words);
    command.env("CARREL_CHANGELOG", changelog).env("CARGO_TARGET_DIR", target).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn assert_refused(output: &Output, words: &str) {
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && why.contains(words), "{words:?} is not in {output:?}");
}

/// A temporary dir with a changelog in it.
fn with_changelog(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("CHANGELOG.md");
    fs::write(&file, text).unwrap();
    (dir, file)
}

#[test]
fn the_notes_of_a_release_are_its_entry_in_the_changelog() {
    let text = "# Changelog\n\n## 1.10.0 - 2026-02-01\n\nten\n\n## 1.1.0 - 2026-01-31\n\nFor all.\n\n### Added\n\n- one\n- two\n\n\n## 1.0.0 - 2026-01-01\n\n- old\n";
    let (dir, file) = with_changelog(text);
    let notes = release(&file, dir.path(), &["notes", "1.1.0"]);
    assert_eq!(out(&notes), "For all.\n\n### Added\n\n- one\n- two\n", "{notes:?}");
    assert_eq!(out(&release(&file, dir.path(), &["notes", "1.0.0"])), "- old\n");
    for missing in ["1.0", "1.1", "2.0.0", "1x1.0"] {
        assert_refused(&release(&file, dir.path(), &["notes", missing]), "no entry");
    }
    // The changelog that there is has one for the version that there is.
    let version = env!("CARGO_PKG_VERSION");
    let notes = out(&release(&root().join("CHANGELOG.md"), dir.path(), &["notes", version]));
    assert!(notes.contains("### Added") && !notes.contains("\n## "), "{notes}");
}

#[test]
fn a_tag_that_does_not_fit_is_refused() {
    let version = env!("CARGO_PKG_VERSION");
    let tag = format!("v{version}");
    let check = |text: &str, tag: &str| {
        let (dir, file) = with_changelog(text);
        release(&file, dir.path(), &["check", tag])
    };
    let good = format!("## {version} - 2026-01-31\n\n- new\n");
    let fits = check(&good, &tag);
    assert!(fits.status.success(), "{fits:?}");
    assert_refused(&check(&good, "v99.0.0"), &format!("expected {tag}"));
    assert_refused(&check(&good, version), &format!("expected {tag}"));
    assert_refused(&check(&format!("## {version} - unreleased\n\n- new\n"), &tag), "no date");
    assert_refused(&check(&format!("## {version} - 2026-01-31\n\n## 0.0.1\n"), &tag), "is empty");
    assert_refused(&check("## 0.0.1 - 2026-01-31\n\n- old\n", &tag), "no entry");
}

#[test]
fn a_release_is_the_versioned_wasm_its_checksum_and_notes_with_the_line_to_install_with() {
    let (dir, file) = with_changelog("## 1.2.3 - 2026-01-31\n\n- new\n");
    let built = dir.path().join("wasm32-wasip1/release");
    let dist = dir.path().join("dist");
    let pack = ["pack", "1.2.3", dist.to_str().unwrap(), "https://forge.example/ann/carrel"];
    assert_refused(&release(&file, dir.path(), &pack), "make wasm");
    fs::create_dir_all(&built).unwrap();
    fs::write(built.join("carrel.wasm"), "the plugin").unwrap();
    let packed = release(&file, dir.path(), &pack);
    assert!(packed.status.success(), "{packed:?}");
    assert_eq!(fs::read_to_string(dist.join("carrel-1.2.3.wasm")).unwrap(), "the plugin");
    let sum = fs::read_to_string(dist.join("carrel-1.2.3.wasm.sha256")).unwrap();
    // The checksum of "the plugin", by another program.
    let hash = "2608529ddca508ae0d4d423feeb5c7104f5a89155c9bf2cc70c8b909cb3efe42";
    assert_eq!(sum, format!("{hash}  carrel-1.2.3.wasm\n"), "whoever downloads it beside the file can check it");
    let notes = fs::read_to_string(dist.join("notes.md")).unwrap();
    assert!(notes.starts_with("- new\n"), "{notes}");
    for part in [
        "carrel location=\"https://forge.example/ann/carrel/releases/download/v1.2.3/carrel-1.2.3.wasm\"",
        hash,
        "gh attestation verify carrel-1.2.3.wasm --repo ann/carrel",
    ] {
        assert!(notes.contains(part), "{part} is not in\n{notes}");
    }
}

/// What stands in quotes in the list of a key of deny.toml.
fn allowed_licences() -> BTreeSet<String> {
    let text = read("deny.toml");
    let list = text.split("\nallow = [").nth(1).expect("a list").split(']').next().unwrap().to_owned();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether one of the choices of a licence expression asks for nothing but what is allowed. Cargo's packages write "/" for
/// OR, too. AND binds closer; a bracket counts as one word.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let mut words: Vec<String> = Vec::new();
    for word in expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        words.push(word.to_owned());
    }
    let mut at = 0;
    let verdict = any(&words, &mut at, allowed);
    assert_eq!(at, words.len(), "not understood: {expression}");
    verdict
}

fn any(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut verdict = all(words, at, allowed);
    while words.get(*at).is_some_and(|word| word == "OR") {
        *at += 1;
        verdict |= all(words, at, allowed);
    }
    verdict
}

fn all(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut verdict = one(words, at, allowed);
    while words.get(*at).is_some_and(|word| word == "AND") {
        *at += 1;
        verdict &= one(words, at, allowed);
    }
    verdict
}

fn one(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let word = &words[*at];
    *at += 1;
    if word == "(" {
        let verdict = any(words, at, allowed);
        assert_eq!(words[*at], ")");
        *at += 1;
        return verdict;
    }
    // An exception gives more rights, but it is a licence of its own name.
    let mut name = word.clone();
    if words.get(*at).is_some_and(|word| word == "WITH") {
        name = format!("{name} WITH {}", words[*at + 1]);
        *at += 2;
    }
    allowed.contains(&name)
}

#[test]
fn every_package_that_carrel_is_built_from_has_a_licence_of_the_list() {
    let allowed = allowed_licences();
    assert!(allowed.contains("MIT") && allowed.len() < 10, "{allowed:?}");
    let is = |expression: &str| is_allowed(expression, &allowed);
    assert!(is("MIT") && is("GPL-3.0 OR MIT") && is("(MIT OR GPL-3.0) AND Apache-2.0") && is("Apache-2.0/GPL-3.0"));
    assert!(!is("GPL-3.0") && !is("MIT AND GPL-3.0") && !is("(MIT OR ISC) AND GPL-3.0") && !is("MIT WITH a-condition"));
    for target in ["wasm32-wasip1", &host()] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]).current_dir(root());
        let answer = cargo.output().unwrap();
        assert!(answer.status.success(), "{answer:?}");
        let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
        let packages = answer["packages"].as_array().unwrap();
        let refused: Vec<String> = packages
            .iter()
            .filter(|package| !package["license"].as_str().is_some_and(is))
            .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
            .collect();
        assert!(packages.len() > 10 && refused.is_empty(), "{target}: {refused:#?}");
    }
}

/// The platform that these tests run on.
fn host() -> String {
    let about = Command::new("rustc").arg("-vV").output().unwrap();
    let about = out(&about);
    about.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

#[test]
fn make_install_puts_the_plugin_where_zellij_users_keep_theirs_and_changes_no_configuration() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("zel lij & co");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.kdl"), "// mine\n").unwrap();
    let wasm = home.path().join("built.wasm");
    fs::write(&wasm, "new").unwrap();
    let install = |words: &[&str]| {
        let mut command = Command::new("/bin/sh");
        command.arg(root().join("scripts/install.sh")).args(words);
        command.env("HOME", home.path()).env("ZELLIJ_CONFIG_DIR", &config);
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").output().unwrap()
    };
    let told = install(&["install", wasm.to_str().unwrap()]);
    let plugin = config.join("plugins/carrel.wasm");
    assert_eq!(fs::read_to_string(&plugin).unwrap(), "new", "{told:?}");
    assert_eq!(fs::read_to_string(config.join("config.kdl")).unwrap(), "// mine\n");
    let told = out(&told);
    let location = format!("    carrel location=\"file:{}\"\n", plugin.display());
    assert!(told.contains(&location), "{told}");
    // The same lines as in the manual, but for the place.
    let lines = told.split_once("\nplugins {").unwrap().1.split_once("\n\nThen start").unwrap().0;
    let lines = lines.replace(&format!("file:{}", plugin.display()), "PLACE");
    let bare = |text: &str| {
        let place = text.split_whitespace().map(|word| if word.starts_with("location=") { "location=" } else { word });
        place.collect::<Vec<_>>().join(" ")
    };
    assert!(bare(&read("README.md")).contains(&bare(&lines)), "{lines}");
    // This one is no plugin of ours, and stays.
    assert!(install(&["uninstall"]).status.success());
    assert!(plugin.exists());
}

/// Runs `wasm.sh twice` with a stand-in for cargo that writes what this piece of shell prints as the plugin.
fn built_twice(prints: &str) -> Output {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = |name: &str, body: &str| {
        let file = dir.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{body}")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let out = "out=$CARGO_TARGET_DIR/wasm32-wasip1/release\nmkdir -p \"$out\"";
    program("cargo", &format!("[ \"$1\" = wasm ] || exit 0\n{out}\n{{ {prints}\n}} >\"$out/carrel.wasm\"\n"));
    program("rustc", "echo /toolchain\n");
    let mut build = Command::new("/bin/sh");
    build.arg(root().join("scripts/wasm.sh")).arg("twice").env_clear();
    build.env("PATH", format!("{}:/usr/bin:/bin", dir.path().display())).env("HOME", dir.path().join("home"));
    build.env("CARGO_TARGET_DIR", dir.path().join("target")).output().unwrap()
}

#[test]
fn two_builds_that_differ_or_name_this_machine_are_no_release() {
    let same = built_twice("echo plugin");
    assert!(same.status.success(), "{same:?}");
    let sums: Vec<String> = out(&same).lines().filter_map(|line| line.split("  ").next().map(str::to_owned)).collect();
    assert!(sums.len() == 2 && sums[0] == sums[1] && sums[0].len() == 64, "{same:?}");
    // The second has a time zone, a user, a HOME, a place of its own: none of them may be in the plugin.
    for differs in ["echo \"${TZ-}\"", "echo \"${USER-}\"", "echo \"${SOURCE_DATE_EPOCH-}\"", "pwd | sed 's,.*/,,'"] {
        assert_refused(&built_twice(differs), "two builds of the same sources differ");
    }
    assert_refused(&built_twice("echo \"$CARGO_HOME/registry\""), "names directories of this machine");
    assert_refused(&built_twice("echo \"$(pwd)/src\""), "names directories of this machine");
    // The compiler is told to leave the names of directories out.
    let told = "case $CARGO_ENCODED_RUSTFLAGS in *--remap-path-prefix=*=/carrel*) echo told ;; *) pwd ;; esac";
    assert!(built_twice(told).status.success());
}
