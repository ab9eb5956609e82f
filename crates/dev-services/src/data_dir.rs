//! A data directory that one process at a time works on.
//!
//! The claim is an advisory lock on a file inside. The kernel releases it when the process ends, whatever ends it. So nobody
//! has to clean up after a crash, and "in use" is never stale.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Error;

/// A claimed directory. Dropping it gives up the claim and, if ephemeral, removes the data.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    ephemeral: bool,
    /// Held for its lock.
    claim: File,
}

impl DataDir {
    /// Claims `parent/name`, which outlives us; `fresh` empties it first.
    pub fn persistent(parent: &Path, name: &str, fresh: bool) -> Result<Self, Error> {
        let path = parent.join(name);
        let claim = claim(&path)?;
        if fresh {
            clear(&path)?;
        }
        Ok(Self {
            path,
            ephemeral: false,
            claim,
        })
    }

    /// Claims a new directory `parent/name-RANDOM`, removed on drop. Those that crashed runs left are
    /// removed now.
    pub fn ephemeral(parent: &Path, name: &str) -> Result<Self, Error> {
        remove_abandoned(parent, name);
        let path = parent.join(format!("{name}-{:08x}", rand::random::<u32>()));
        let claim = claim(&path)?;
        Ok(Self {
            path,
            ephemeral: true,
            claim,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.ephemeral {
            // What cannot be removed now is swept by the next run.
            let _ = fs::remove_dir_all(&self.path);
        }
        // Closing alone would leave the lock with a child that was forked a moment ago and has not become its own
        // program yet. It cannot fail on an open file.
        let _ = self.claim.unlock();
    }
}

const CLAIM: &str = "claim";

fn claim(dir: &Path) -> Result<File, Error> {
    fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
    let path = dir.join(CLAIM);
    let open = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path);
    let mut file = open.map_err(Error::file("open", &path))?;
    if file.try_lock().is_err() {
        let owner = fs::read_to_string(&path).unwrap_or_default();
        return Err(Error::DataInUse {
            dir: dir.to_owned(),
            owner: owner.trim().to_owned(),
        });
    }
    let written = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(Error::file("write", &path))?;
    Ok(file)
}

fn clear(dir: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(dir).map_err(Error::file("read", dir))? {
        let path = entry.map_err(Error::file("read", dir))?.path();
        if path.ends_with(CLAIM) {
            continue;
        }
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(Error::file("remove", &path))?;
    }
    Ok(())
}

fn remove_abandoned(parent: &Path, name: &str) {
    let prefix = format!("{name}-");
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let ours = path
            .file_name()
            .and_then(|n| n.to_str())
            .is_some_and(|n| n.starts_with(&prefix));
        if ours && claim(&path).is_ok() {
            // Best effort: a directory that resists is only untidy.
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_claim_names_the_process_that_holds_the_first() {
        let parent = tempfile::tempdir().unwrap();
        let _first = DataDir::persistent(parent.path(), "up", false).unwrap();
        let error = DataDir::persistent(parent.path(), "up", false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("in use by process {}", std::process::id())),
            "{error}"
        );
    }

    #[test]
    fn data_stays_unless_a_fresh_start_is_asked_for() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("up/data/file");
        drop(DataDir::persistent(parent.path(), "up", false).unwrap());
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, "data").unwrap();
        drop(DataDir::persistent(parent.path(), "up", false).unwrap());
        assert!(file.exists());
        drop(DataDir::persistent(parent.path(), "up", true).unwrap());
        assert!(!file.exists());
    }

    #[test]
    fn an_ephemeral_directory_goes_and_so_does_what_a_crash_left() {
        let parent = tempfile::tempdir().unwrap();
        let abandoned = parent.path().join("test-1/data");
        fs::create_dir_all(&abandoned).unwrap();
        let used = DataDir::persistent(parent.path(), "test-2", false).unwrap();
        let dir = DataDir::ephemeral(parent.path(), "test").unwrap();
        assert!(dir.path().exists() && !abandoned.exists() && used.path().exists());
        let path = dir.path().to_owned();
        drop(dir);
        assert!(!path.exists());
    }
}
