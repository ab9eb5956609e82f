//! The copy of the working tree that is sabotaged.
//!
//! A plain copy with a target directory of its own: the working tree keeps its uncommitted changes, and a sabotaged
//! binary never lies where another command would find it. Files that have not changed are left alone, so that the
//! target directory stays warm from one run to the next.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dev_services::directories;

use crate::error::Error;

/// The copy, and where it is built.
#[derive(Debug)]
pub struct Scratch {
    /// Its top.
    pub tree: PathBuf,
    target: PathBuf,
    logs: PathBuf,
}

impl Scratch {
    /// Copies the working tree as it is: what Git tracks, and what it would track.
    pub fn copy() -> Result<Self, Error> {
        let dir = directories::target().join("sabotage");
        let scratch = Self {
            tree: dir.join("tree"),
            target: dir.join("target"),
            logs: dir.join("logs"),
        };
        fs::create_dir_all(&scratch.tree).map_err(|source| Error::Write(scratch.tree.clone(), source))?;
        fs::create_dir_all(&scratch.logs).map_err(|source| Error::Write(scratch.logs.clone(), source))?;

        let workspace = directories::workspace();
        let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = git(&workspace, &listed.map(AsRef::as_ref))?.stdout;
        let listed = String::from_utf8_lossy(&listed);
        let files: BTreeSet<&Path> = listed.split_terminator('\0').map(Path::new).collect();
        remove_others(&scratch.tree, &scratch.tree, &files)?;
        for file in files {
            let (from, to) = (workspace.join(file), scratch.tree.join(file));
            // Listed, and deleted from the working tree.
            if from.is_file() {
                copy_if_changed(&from, &to).map_err(|source| Error::Write(to, source))?;
            }
        }
        Ok(scratch)
    }

    /// Plants a fault.
    pub fn apply(&self, patch: &Path) -> Result<(), Error> {
        git_apply(&self.tree, patch, &[])
    }

    /// Takes a fault out again.
    pub fn revert(&self, patch: &Path) -> Result<(), Error> {
        git_apply(&self.tree, patch, &["--reverse"])
    }

    /// A cargo that builds the copy.
    pub fn cargo(&self) -> tokio::process::Command {
        let mut command = dev_services::cargo::nested();
        command.current_dir(&self.tree);
        self.settle(command)
    }

    /// A program of the copy's, which may itself run cargo.
    pub fn command(&self, program: &Path) -> tokio::process::Command {
        self.settle(Command::new(program))
    }

    fn settle(&self, mut command: Command) -> tokio::process::Command {
        command
            .env("CARGO_TARGET_DIR", &self.target)
            // Quicker to build, and nobody debugs it.
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            // Read by the tests' harness.
            .env("EXPECT_FAILURES", "1");
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        command
    }

    /// Where a fault's build and tests leave what they say.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(name).with_extension("log")
    }
}

/// Runs `git apply` below `dir`. It must not take `dir` for a part of the repository around it: it would pass over
/// every file of the patch, and call that a success.
pub fn git_apply(dir: &Path, patch: &Path, options: &[&str]) -> Result<(), Error> {
    let mut arguments = vec!["apply".as_ref(), "--whitespace=nowarn".as_ref()];
    arguments.extend(options.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    arguments.push(patch.as_os_str());
    git(dir, &arguments).map(|_| ())
}

fn git(dir: &Path, arguments: &[&std::ffi::OsStr]) -> Result<Output, Error> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(dir);
    // A hook, from which this may be run, names its repository in these.
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    if let Some(parent) = dir.parent() {
        command.env("GIT_CEILING_DIRECTORIES", parent);
    }
    let output = command.output().map_err(Error::StartGit)?;
    if output.status.success() {
        return Ok(output);
    }
    let words: Vec<_> = arguments
        .iter()
        .map(|argument| argument.to_string_lossy())
        .collect();
    Err(Error::Git {
        command: words.join(" "),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Removes what lies below `dir` and is not one of `files`, which are named from `top`.
fn remove_others(top: &Path, dir: &Path, files: &BTreeSet<&Path>) -> Result<(), Error> {
    let failed = |source| Error::Write(dir.to_owned(), source);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            remove_others(top, &path, files)?;
        } else if path.strip_prefix(top).is_ok_and(|file| !files.contains(file)) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

fn copy_if_changed(from: &Path, to: &Path) -> std::io::Result<()> {
    if fs::read(to).ok().as_ref() == Some(&fs::read(from)?) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "What.\n\ndiff --git a/dir/file b/dir/file\n--- a/dir/file\n+++ b/dir/file\n\
                         @@ -1 +1 @@\n-right\n+wrong\n";

    #[test]
    fn a_patch_is_applied_within_an_ignored_directory_of_a_repository_and_reverted() {
        let dir = tempfile::tempdir_in(directories::target()).unwrap();
        let (file, patch) = (dir.path().join("dir/file"), dir.path().join("patch"));
        fs::create_dir(dir.path().join("dir")).unwrap();
        fs::write(&patch, PATCH).unwrap();
        fs::write(&file, "right\n").unwrap();
        git_apply(dir.path(), &patch, &[]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "wrong\n");
        let again = git_apply(dir.path(), &patch, &[]).unwrap_err();
        assert!(again.to_string().contains("dir/file"), "{again}");
        git_apply(dir.path(), &patch, &["--reverse"]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "right\n");
    }

    #[test]
    fn what_is_not_listed_is_removed_and_what_has_not_changed_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, other) = (dir.path().join("a/kept"), dir.path().join("a/other"));
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(&kept, "1").unwrap();
        fs::write(&other, "1").unwrap();
        remove_others(dir.path(), dir.path(), &BTreeSet::from([Path::new("a/kept")])).unwrap();
        assert!(kept.exists() && !other.exists());

        let modified = || fs::metadata(&kept).unwrap().modified().unwrap();
        let before = modified();
        fs::write(&other, "1").unwrap();
        copy_if_changed(&other, &kept).unwrap();
        assert_eq!(modified(), before);
        fs::write(&other, "2").unwrap();
        copy_if_changed(&other, &kept).unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "2");
    }
}
