//! Servers as private processes of this machine.
//!
//! Nothing of the system's own MongoDB or RabbitMQ is touched: every file, port and name a server uses is
//! its own, below the directory it was given, and on the loopback interface only.

pub(crate) mod mongod;
pub(crate) mod rabbitmq;

mod instance;
mod libraries;
mod package;
mod wheel;

use std::path::{Path, PathBuf};

use crate::Error;
use crate::directories::cache;

pub(crate) use instance::{NativeInstance, end_leftover};

/// What makes the package of a program unnecessary.
const ON_PATH: &str = "put the program on the PATH";

/// Finds a program of this system, such as `nginx`. If there is none, installs the Debian package of the same name, whose
/// service is not started, or says how to.
///
/// # Errors
/// [`Error::NeedsRoot`] with the exact command, and others that say what to do.
pub async fn program(name: &str) -> Result<PathBuf, Error> {
    // Daemons lie where users need not look.
    let find = || {
        on_path(name).or_else(|| Some(Path::new("/usr/sbin").join(name)).filter(|file| is_executable(file)))
    };
    if let Some(program) = find() {
        return Ok(program);
    }
    let cache = cache();
    std::fs::create_dir_all(&cache).map_err(Error::file("create", &cache))?;
    package::install(&[name], ON_PATH, &cache).await?;
    find().ok_or_else(|| Error::NoPackageTool {
        package: name.to_owned(),
        instead: ON_PATH,
    })
}

/// Finds a program in the directories of `PATH`.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
