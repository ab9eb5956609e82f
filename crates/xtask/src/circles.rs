//! Files that use each other in a circle cannot be read one after the other, nor changed one at a time. So there are
//! none, but between a module and those within it.
//!
//! What a file uses is read from its text: the paths that begin with `crate` or `super`, without what is for tests alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module by the names that lead to it from its crate's root; the root has none.
type Module = Vec<String>;

type Uses = BTreeMap<Module, BTreeSet<Module>>;

#[test]
fn no_two_files_use_each_other() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut circles = Vec::new();
    for dir in std::fs::read_dir(crates).unwrap() {
        let source = dir.unwrap().path().join("src");
        let uses = uses(&source);
        assert!(!uses.is_empty(), "{}", source.display());
        circles.extend(circle(&uses).map(|modules| format!("{}: {modules}", source.display())));
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_wherever_it_begins() {
    let module = |name: &str| name.split("::").map(str::to_owned).collect::<Module>();
    let uses = |uses: &[(&str, &str)]| {
        let mut all = Uses::new();
        for (user, used) in uses {
            all.entry(module(user)).or_default().insert(module(used));
            all.entry(module(used)).or_default();
        }
        all
    };
    let found = circle(&uses(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]));
    assert_eq!(found.as_deref(), Some("b uses c uses d uses b"));
    assert_eq!(circle(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let text =
        "use crate::a::{b::{self, C}, d};\nuse super::e::F;\n// use crate::no;\n#[cfg(test)]\nuse crate::t;";
    let paths: Vec<_> = paths(text, &module("x::y"))
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(paths, ["a::b::self", "a::b::C", "a::d", "x::e::F"]);
}

/// What each file below a crate's `src` uses of the others.
fn uses(source: &Path) -> Uses {
    let mut files = Vec::new();
    collect(source, &mut files);
    let module = |file: &Path| -> Module {
        let path = file.strip_prefix(source).unwrap().with_extension("");
        let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
        names
            .filter(|name| !["mod", "lib", "main"].contains(&name.as_str()))
            .collect()
    };
    let modules: BTreeSet<Module> = files.iter().map(|file| module(file)).collect();
    let uses = |file: &PathBuf| {
        let from = module(file);
        let text = std::fs::read_to_string(file).unwrap();
        let used = paths(&text, &from).into_iter().filter_map(|mut path| {
            while !path.is_empty() && !modules.contains(&path) {
                path.pop();
            }
            (!path.starts_with(&from) && !from.starts_with(&path)).then_some(path)
        });
        let found = used.collect();
        (from, found)
    };
    files.iter().map(uses).collect()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// The paths that a file of this module names, from the crate's root.
fn paths(text: &str, module: &Module) -> Vec<Module> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    let parent = module.split_last().map_or(&[][..], |(_, parent)| parent);
    for (keyword, start) in [("crate::", &[][..]), ("super::", parent)] {
        for (at, _) in text.match_indices(keyword) {
            let before = text[..at].chars().next_back();
            if before.is_none_or(|before| !before.is_alphanumeric() && !"_:$".contains(before)) {
                tree(&text[at + keyword.len()..], &start.to_vec(), &mut found);
            }
        }
    }
    found
}

/// Reads one path, or those of a group in braces, and says where the text goes on.
fn tree<'a>(text: &'a str, start: &Module, found: &mut Vec<Module>) -> &'a str {
    let mut text = text.trim_start();
    if let Some(mut group) = text.strip_prefix('{') {
        while !group.trim_start().starts_with('}') && !group.is_empty() {
            group = tree(group, start, found).trim_start();
            group = group.strip_prefix(',').unwrap_or(group);
        }
        return group.trim_start().strip_prefix('}').unwrap_or(group);
    }
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let path = [&start[..], &[name.to_owned()]].concat();
    text = rest;
    if let Some(rest) = text.strip_prefix("::") {
        return tree(rest, &path, found);
    }
    found.push(path);
    // Such as the `*` of a glob, or a name that it is renamed to.
    &text[text.find([',', '}', ';']).unwrap_or(text.len())..]
}

/// One circle, if there is any.
fn circle(uses: &Uses) -> Option<String> {
    let mut done = BTreeSet::new();
    uses.keys()
        .find_map(|module| follow(module, uses, &mut Vec::new(), &mut done))
}

fn follow<'a>(
    module: &'a Module,
    uses: &'a Uses,
    way: &mut Vec<&'a Module>,
    done: &mut BTreeSet<&'a Module>,
) -> Option<String> {
    if let Some(begin) = way.iter().position(|earlier| *earlier == module) {
        let circle = way[begin..]
            .iter()
            .chain([&module])
            .map(|module| module.join("::"));
        return Some(circle.collect::<Vec<_>>().join(" uses "));
    }
    if !done.contains(module) {
        way.push(module);
        let found = uses[module].iter().find_map(|used| follow(used, uses, way, done));
        way.pop();
        if found.is_some() {
            return found;
        }
        done.insert(module);
    }
    None
}
