//! docs/architecture.md names every file of the three crates of the service, so that a reader finds each from there. A
//! file that is new, gone or renamed makes the map untrue, and nothing else would notice.

use std::collections::BTreeSet;
use std::path::Path;

/// The crates whose files the map names, each below a line with its directory.
const MAPPED: [&str; 3] = [
    "crates/totals-core/src/",
    "crates/totals-worker/src/",
    "crates/totals-api/src/",
];

#[test]
fn the_map_names_every_file_once_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let map = std::fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    for directory in MAPPED {
        let mut files = BTreeSet::new();
        collect(&root.join(directory), "", &mut files);
        let listed = named(&map, directory);
        let names: BTreeSet<_> = listed.iter().cloned().collect();
        assert_eq!(names.len(), listed.len(), "{directory}: a file is named twice");
        assert_eq!(names, files, "{directory}: the map (left) and the files (right)");
    }
}

/// The files that the map names below the line of a directory: the first word of each line until the next directory.
fn named(map: &str, directory: &str) -> Vec<String> {
    let lines = map
        .lines()
        .skip_while(|line| !line.trim_start().starts_with(directory));
    let lines = lines.skip(1).take_while(|line| line.starts_with("      "));
    let words = lines.filter_map(|line| line.split_whitespace().next());
    words.filter(|word| is_source(word)).map(str::to_owned).collect()
}

/// The files below a directory by their paths within it, without those of tests alone.
fn collect(directory: &Path, within: &str, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let name = format!("{within}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if is_source(&name) && !name.ends_with("tests.rs") && !within.ends_with("tests/") {
            files.insert(name);
        }
    }
}

fn is_source(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "rs")
}
