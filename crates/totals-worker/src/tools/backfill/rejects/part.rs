//! The file that a run writes its rejects to until it is through.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The begin of each line that a backfill writes.
const OURS: &[u8] = b"{\"line\":";

/// Opens it empty, for this run alone as long as the file is open. The rejects that a stopped run left in it are lost; this
/// run meets them again.
///
/// # Errors
/// The reason why it must not or cannot be written.
pub fn open_part(path: &Path) -> Result<File, String> {
    let failed = |error: io::Error| {
        format!(
            "{error}; give --rejects a name that can be written, or let the rejects go to standard error: \
             totals-worker backfill - --format ndjson|csv < FILE"
        )
    };
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(
                    "another backfill writes its rejects there; wait until it ends, or give --rejects \
                            another name"
                        .to_owned(),
                );
            }
            // Some file systems have no locks: then the backfill works without one.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !is_still_there(&file, path) {
            continue;
        }
        let mut begins = [0; OURS.len()];
        let read = file.read(&mut begins).map_err(failed)?;
        if read > 0 && begins != OURS {
            return Err(
                "it has content that no backfill wrote; give --rejects another name, or remove it".to_owned(),
            );
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        return Ok(file);
    }
}

/// Returns false if another backfill has renamed or removed the file between its opening and its lock.
fn is_still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(file), Ok(there)) => (file.dev(), file.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}
