//! The faults: one patch file each in `tests/sabotage`, with a header that Git ignores.
//!
//! The header's first line says what the fault is, the text below it where such faults are met, and each line
//! `Caught-by: -p PACKAGE TEST` names a test, in full, that must fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dev_services::directories;

use crate::error::Error;

/// What begins a line of the header that names a test.
const CAUGHT_BY: &str = "Caught-by:";

/// A test of a package, by its full name: `fold::tests::a_refund_…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    pub package: String,
    pub name: String,
}

/// A fault that a tired programmer could commit, and the tests that must see it.
#[derive(Debug, Clone)]
pub struct PlantedFault {
    /// The patch file's name, without `.patch`.
    pub name: String,
    /// What it is, in a sentence.
    pub what: String,
    /// The change.
    pub patch: PathBuf,
    /// The tests that must fail.
    pub caught_by: BTreeSet<Test>,
}

impl PlantedFault {
    fn read(patch: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(patch).map_err(|source| Error::Read(patch.to_owned(), source))?;
        let name = patch.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&name, &text, patch).map_err(|problem| Error::PatchHeader {
            patch: patch.to_owned(),
            problem,
        })
    }

    fn parse(name: &str, text: &str, patch: &Path) -> Result<Self, String> {
        let (header, _) = text
            .split_once("\ndiff --git ")
            .ok_or("it has no `diff --git` line")?;
        let what = header.lines().next().unwrap_or_default().trim();
        if what.is_empty() {
            return Err("its first line must say what the fault is".to_owned());
        }
        let caught_by = header.lines().filter_map(|line| line.strip_prefix(CAUGHT_BY));
        let caught_by: BTreeSet<_> = caught_by.map(Test::parse).collect::<Result<_, _>>()?;
        if caught_by.is_empty() {
            return Err(format!("it has no line `{CAUGHT_BY} -p PACKAGE TEST`"));
        }
        Ok(Self {
            name: name.to_owned(),
            what: what.to_owned(),
            patch: patch.to_owned(),
            caught_by,
        })
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["-p", package, name] => Ok(Self {
                package: package.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(format!(
                "`{CAUGHT_BY}{text}` should be `{CAUGHT_BY} -p PACKAGE TEST`"
            )),
        }
    }
}

/// All faults, in the order of their names.
pub fn all() -> Result<Vec<PlantedFault>, Error> {
    let dir = directories::workspace().join("tests/sabotage");
    let unreadable = |source| Error::Read(dir.clone(), source);
    let mut patches = Vec::new();
    for entry in fs::read_dir(&dir).map_err(unreadable)? {
        patches.push(entry.map_err(unreadable)?.path());
    }
    patches.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    patches.sort();
    patches.iter().map(|patch| PlantedFault::read(patch)).collect()
}

/// The faults of these names; all if there are none.
pub fn named(names: &[String]) -> Result<Vec<PlantedFault>, Error> {
    let mut faults = all()?;
    let is_known = |name: &&String| faults.iter().any(|fault| fault.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(Error::UnknownFault(unknown.clone()));
    }
    faults.retain(|fault| names.is_empty() || names.contains(&fault.name));
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::scratch::git_apply;

    /// Returns true if a source file below `dir` has the function of this name.
    fn has_function(dir: &Path, name: &str) -> bool {
        fs::read_dir(dir).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                return has_function(&path, name);
            }
            path.extension().is_some_and(|extension| extension == "rs")
                && fs::read_to_string(&path)
                    .unwrap()
                    .contains(&format!("fn {name}("))
        })
    }

    #[test]
    fn every_patch_applies_to_the_tree_and_names_tests_that_exist() {
        let workspace = directories::workspace();
        let faults = all().unwrap();
        assert!(faults.len() >= 12, "{} patches", faults.len());
        for fault in faults {
            git_apply(&workspace, &fault.patch, &["--check"]).unwrap_or_else(|error| {
                panic!(
                    "{error}\nPlant the fault by hand, and put what `git diff` says below the patch's header."
                )
            });
            for Test { package, name } in fault.caught_by {
                let function = name.rsplit("::").next().unwrap();
                let dirs = [workspace.join("crates").join(&package), workspace.join(&package)];
                let exists = dirs.iter().any(|dir| dir.is_dir() && has_function(dir, function));
                assert!(exists, "{}: {package} has no test {name}", fault.name);
            }
        }
    }

    #[test]
    fn a_header_says_what_the_fault_is_and_which_tests_must_see_it() {
        let parse = |text: &str| PlantedFault::parse("name", text, Path::new("name.patch"));
        let fault = parse("What.\n\nWhere.\n\nCaught-by: -p tests a::b\n\ndiff --git a b\n").unwrap();
        let test = Test {
            package: "tests".to_owned(),
            name: "a::b".to_owned(),
        };
        assert_eq!(
            (fault.what.as_str(), fault.caught_by),
            ("What.", BTreeSet::from([test]))
        );
        for (text, problem) in [
            ("What.\nCaught-by: -p tests a\n", "no `diff --git` line"),
            ("\nCaught-by: -p tests a\ndiff --git a b\n", "first line must say"),
            ("What.\n\ndiff --git a b\n", "no line `Caught-by:"),
            (
                "What.\nCaught-by: a\ndiff --git a b\n",
                "should be `Caught-by: -p",
            ),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(problem), "{said}");
        }
    }
}
